"""Multicast for FFmpeg: we are the member of the group, FFmpeg reads from us on loopback.

By itself FFmpeg would join on whatever interface the routes name, take anybody's packets, and
listen at and send to any address that the camera names as its group. What it gets here is plain
RTSP by TCP, without a login; the camera's session is ours (`net/rtsp_client.py`).
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
import re
import secrets
from typing import Final

from ..errors import CameraError, ConnectError, ProtocolError, Reason, RefusedError
from ..net.rtsp_client import RtspClient
from ..net.sdp import SENDONLY, Description, Media
from ..stream import RtspStream, Transport

HOST: Final = "127.0.0.1"
MAX_UNSENT: Final = 2 * 1024 * 1024
"""Bytes that wait for FFmpeg; beyond, packets are dropped as a network would."""
MAX_CONNECTIONS: Final = 4
"""FFmpeg has one; any program of this machine may knock."""
MAX_HEAD: Final = 8 * 1024
_PUBLIC: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_REQUEST: Final = re.compile(r"([A-Z_]{1,32}) rtsp://[^/ ]*(\S*) RTSP/1\.0")
_CSEQ: Final = re.compile(r"^cseq:\s*(\d{1,9})\s*$", re.IGNORECASE | re.MULTILINE)
_TRACK: Final = re.compile(r"/track(\d)/?$")


class NoWayError(RefusedError):
    """The camera refuses all ways to travel that were tried (461)."""


class UnlikeError(ConnectError):
    """It hung up instead of an answer, or answered with a way to travel that was not asked for."""


async def by_any_way[T](stream: RtspStream, attempt: Callable[[RtspStream], Awaitable[T]]) -> T:
    """Return what `attempt` makes of a stream, of its group where only that is left. CameraError.

    There are cameras that are set to multicast and refuse everything else.
    """
    try:
        return await attempt(stream)
    except (NoWayError, UnlikeError) as err:
        if stream.transport is not Transport.AUTO:
            raise
        first = err
    try:
        return await attempt(replace(stream, transport=Transport.MULTICAST))
    except RefusedError:
        raise first from None


@asynccontextmanager
async def playable(stream: RtspStream) -> AsyncGenerator[RtspStream]:
    """Yield what FFmpeg can open while the context is open: a relay of it for multicast.

    Raises CameraError; instead of a ConnectError of whoever reads, the camera's own error.
    """
    if stream.transport is not Transport.MULTICAST:
        yield stream
        return
    relay = _Relay(stream)
    try:
        async with relay.client:
            await relay.begin()
            server = await asyncio.start_server(relay.serve, HOST, 0, limit=MAX_HEAD)
            try:
                port = server.sockets[0].getsockname()[1]
                yield replace(
                    stream,
                    host=HOST,
                    port=port,
                    path=relay.path,
                    transport=Transport.TCP,
                    credentials=None,
                )
            finally:
                server.close()
                await relay.close()
    except ConnectError:
        if relay.error is not None:
            raise relay.error from None
        raise


class _Relay:
    """One stream: the camera's session, and the answers to FFmpeg."""

    def __init__(self, stream: RtspStream) -> None:
        """Aim at a stream."""
        self.client: Final = RtspClient(
            stream.host, stream.port, stream.path, stream.credentials, on_lost=self._lost
        )
        self.path: Final = f"/{secrets.token_urlsafe(16)}"
        """Known to nobody but FFmpeg."""
        self.error: CameraError | None = None
        """Why the camera's session ended."""
        self._media: list[Media] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._playing = False
        self._player: asyncio.StreamWriter | None = None

    async def begin(self) -> None:
        """Join the groups of the pictures and the sound. CameraError."""
        video, sound = _wanted(await self.client.describe())
        await self._join(video)
        if sound is not None:
            try:
                await self._join(sound)
            except RefusedError:
                return  # there are cameras that send the pictures alone to a group

    async def close(self) -> None:
        """Hang up on FFmpeg."""
        self._player = None
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._tasks.add(task)
        try:
            while (request := await _request(reader)) is not None:
                if not await self._answer(*request, writer):
                    break
        except OSError, ValueError, EOFError, asyncio.LimitOverrunError:
            pass  # it has gone, or is not FFmpeg
        except CameraError as err:
            self._lost(err)
        finally:
            self._tasks.discard(task)
            if self._player is writer:
                self._player = None
            writer.transport.abort()

    async def _join(self, media: Media) -> None:
        channel = 2 * len(self._media)
        await self.client.join(
            media, partial(self._pass, channel), partial(self._pass, channel + 1)
        )
        self._media.append(media)

    def _pass(self, channel: int, data: bytes) -> None:
        """Hand a packet on."""
        if (player := self._player) is None:
            return
        if player.transport.get_write_buffer_size() < MAX_UNSENT:
            player.write(b"$" + bytes([channel]) + len(data).to_bytes(2) + data)

    def _lost(self, error: CameraError) -> None:
        self.error = self.error or error
        if self._player is not None:
            self._player.transport.abort()

    async def _answer(
        self, method: str, path: str, cseq: str, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer a request; return whether more may come. CameraError of PLAY."""
        if not path.startswith(self.path):
            return False
        headers, body = {"CSeq": cseq, "Session": "1"}, b""
        match method:
            case "OPTIONS":
                headers["Public"] = _PUBLIC
            case "DESCRIBE":
                body = "".join(f"{line}\r\n" for line in _description(self._media)).encode()
                headers |= {"Content-Type": "application/sdp", "Content-Length": str(len(body))}
            case "SETUP":
                if (found := _TRACK.search(path)) is None:
                    return False
                channel = 2 * int(found[1])
                headers["Transport"] = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
            case "PLAY" if not self._playing:
                self._playing = True
                await self.client.play()
        lines = ["RTSP/1.0 200 OK", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join((*lines, "", "")).encode() + body)
        if method == "PLAY":
            self._player = writer
        return method != "TEARDOWN"


def _wanted(description: Description) -> tuple[Media, Media | None]:
    """Return the pictures and the sound. ProtocolError when no player could show it."""
    coming = [each for each in description.media if each.formats and each.direction != SENDONLY]
    video = next((each for each in coming if each.kind == "video"), None)
    if video is None:
        raise ProtocolError(Reason.UNPLAYABLE)
    return video, next((each for each in coming if each.kind == "audio"), None)


def _description(media: list[Media]) -> Iterator[str]:
    """Yield the lines of our description, the camera's own where they say what is inside."""
    yield from ("v=0", f"o=- 1 1 IN IP4 {HOST}", "s=panacam", f"c=IN IP4 {HOST}", "t=0 0")
    for number, each in enumerate(media):
        payloads = " ".join(str(format_.payload) for format_ in each.formats)
        yield f"m={each.kind} 0 RTP/AVP {payloads}"
        yield from each.formatting
        yield f"a=control:track{number}"


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, str] | None:
    """Return method, path and number of the next request; None for what is none.

    Raises OSError, EOFError, LimitOverrunError.
    """
    while (first := await reader.readexactly(1)) == b"$":
        head = await reader.readexactly(3)
        await reader.readexactly(int.from_bytes(head[1:]))
    text = (first + await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
    text = text.replace("\r\n", "\n")
    found, cseq = _REQUEST.match(text), _CSEQ.search(text)
    return (found[1], found[2], cseq[1]) if found is not None and cseq is not None else None
