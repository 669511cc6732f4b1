"""What FFmpeg is not left alone with: groups, and passwords that are to stay secret.

By itself FFmpeg would join on whatever interface the routes name, take anybody's packets, and
listen at and send to any address that the camera names as its group; and it gives the readable
password to whoever asks for it. What it gets here is plain RTSP by TCP from us on loopback, without
a login; the camera's session is ours (`net/rtsp_client.py`).
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
import re
import secrets
from typing import Final

from ..errors import BusyError, CameraError, ConnectError, ProtocolError, Reason, RefusedError
from ..net.dial import DIALER
from ..net.rtsp import NoWayError
from ..net.rtsp_client import RtspClient
from ..net.rtsp_multicast import is_group
from ..net.sdp import SENDONLY, Description, Media
from ..stream import RtspStream, Transport

HOST: Final = "127.0.0.1"
MAX_UNSENT: Final = 2 * 1024 * 1024
"""Bytes that wait for FFmpeg; beyond, packets are dropped as a network would."""
MAX_CONNECTIONS: Final = 4
"""FFmpeg has one; any program of this machine may knock."""
FIRST_REQUEST: Final = 5.0
"""Seconds until who has knocked has to show that it is FFmpeg."""
MAX_HEAD: Final = 8 * 1024
_UNLIKE: Final = 2
"""How often in a row a camera has to hang up before its group is thought of: it may restart."""
_MDNS: Final = ".local"
_PUBLIC: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
_REQUEST: Final = re.compile(r"([A-Z_]{1,32}) rtsp://[^/ ]*(\S*) RTSP/1\.0")
_CSEQ: Final = re.compile(r"^cseq:\s*(\d{1,9})\s*$", re.IGNORECASE | re.MULTILINE)
_TRACK: Final = re.compile(r"/track(\d)/?$")


_BY_UDP: Final = frozenset({Transport.AUTO, Transport.UDP})
"""What a stream that is had without RTSP does not contradict."""
_BROKEN: Final = frozenset({Reason.CUT, Reason.TIMEOUT})


class UnlikeError(ConnectError):
    """It hung up instead of an answer, or answered with a way to travel that was not asked for."""


class Ways:
    """Which way one stream travels, where that is left to us; kept from connection to connection.

    There are cameras that are set to multicast and refuse everything else.
    """

    def __init__(self) -> None:
        """Know nothing of the camera."""
        self._unlike = 0
        """How often in a row it hung up."""

    async def by_any[T](
        self, stream: RtspStream, attempt: Callable[[RtspStream], Awaitable[T]]
    ) -> T:
        """Return what `attempt` makes of a stream: by RTSP, else as it is had without.

        Raises CameraError.
        """
        try:
            return await self._by_rtsp(stream, attempt)
        except CameraError as err:
            if stream.calls is None or stream.transport not in _BY_UDP or not self._is_off(err):
                raise
            first = err
        try:
            return await attempt(replace(stream, called=True))
        except CameraError as err:
            if err.reason in _BROKEN:
                raise  # it was there
            raise first from None

    def _is_off(self, error: CameraError) -> bool:
        """Return whether a camera has no RTSP for a stream, for now or at all."""
        if isinstance(error, RefusedError | BusyError) or error.reason is Reason.UNREACHABLE:
            return True
        return self._unlike >= _UNLIKE

    async def _by_rtsp[T](
        self, stream: RtspStream, attempt: Callable[[RtspStream], Awaitable[T]]
    ) -> T:
        """Return what `attempt` makes of a stream, of its group where only that is left."""
        try:
            return await attempt(stream)
        except NoWayError as err:
            self._unlike = 0
            first: CameraError = err
        except UnlikeError as err:
            self._unlike += 1
            first = ConnectError(err.reason)
        except CameraError:
            self._unlike = 0
            raise
        if stream.transport is not Transport.AUTO or not await self._may_be_group(stream):
            raise first
        try:
            return await attempt(replace(stream, transport=Transport.MULTICAST))
        except RefusedError:
            raise first from None

    async def _may_be_group(self, stream: RtspStream) -> bool:
        """Return whether to try the group: the camera refuses the rest, or names one itself.

        Some name it only in the answer to SETUP, which FFmpeg takes for rubbish.
        """
        if self._unlike == 0:
            return True
        if self._unlike < _UNLIKE:
            return False
        try:
            async with client_of(stream) as client:
                video, _ = _wanted(await client.describe())
                if is_group(video.address):
                    return True
                await client.set_up(video)
        except NoWayError:
            return True
        except CameraError:
            pass  # it is not there yet, or ails from something else
        return False


def client_of(
    stream: RtspStream, on_lost: Callable[[CameraError], None] | None = None
) -> RtspClient:
    """Return a connection of our own to a stream's camera."""
    return RtspClient(
        stream.host,
        stream.port,
        stream.path,
        stream.credentials,
        record=stream.logins,
        on_lost=on_lost,
    )


@asynccontextmanager
async def playable(stream: RtspStream) -> AsyncGenerator[RtspStream]:
    """Yield what FFmpeg can open while the context is open: a relay where it needs one.

    Raises CameraError; instead of a ConnectError of whoever reads, the camera's own error.
    """
    if stream.sealed and stream.transport is Transport.HTTP:
        # No tunnel of ours: the camera is asked without a password, and may say no.
        stream = replace(stream, credentials=None)
    if stream.transport is not Transport.MULTICAST and not stream.sealed and not stream.called:
        yield await _found(stream)
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


async def _found(stream: RtspStream) -> RtspStream:
    """Return a stream as FFmpeg finds it, which does not know the names of mDNS."""
    if not stream.host.rstrip(".").lower().endswith(_MDNS):
        return stream
    try:
        addresses = await DIALER.addresses(stream.host)
    except OSError, ValueError:
        return stream  # FFmpeg will say so
    return replace(stream, host=addresses[0]) if addresses else stream


class _Relay:
    """One stream: the camera's session, and the answers to FFmpeg."""

    def __init__(self, stream: RtspStream) -> None:
        """Aim at a stream."""
        self._rtsp: Final = client_of(stream, self._lost)
        called = stream.calls if stream.called else None
        self.client: Final = self._rtsp if called is None else called(self._lost)
        self._group = stream.transport is Transport.MULTICAST
        self.path: Final = f"/{secrets.token_urlsafe(16)}"
        """Known to nobody but FFmpeg."""
        self.error: CameraError | None = None
        """Why the camera's session ended."""
        self._media: list[Media] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._strangers: dict[asyncio.Task[None], None] = {}
        """Those of them that have not named the path, the first one first."""
        self._playing = False
        self._player: asyncio.StreamWriter | None = None

    async def begin(self) -> None:
        """Have the pictures and the sound sent, or join their groups. CameraError."""
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
        if task is None or not self._make_room():
            writer.transport.abort()
            return
        self._tasks.add(task)
        self._strangers[task] = None
        try:
            async with asyncio.timeout(FIRST_REQUEST) as limit:
                while (request := await _request(reader)) is not None:
                    if not request[1].startswith(self.path):
                        break
                    self._strangers.pop(task, None)
                    limit.reschedule(None)
                    if not await self._answer(*request, writer):
                        break
        except OSError, ValueError, EOFError, asyncio.LimitOverrunError:
            pass  # it has gone, or is not FFmpeg
        except CameraError as err:
            self._lost(err)
        finally:
            self._tasks.discard(task)
            self._strangers.pop(task, None)
            if self._player is writer:
                self._player = None
            writer.transport.abort()

    def _make_room(self) -> bool:
        """Return whether one more may come; the first stranger has to go for it."""
        if sum(not task.cancelling() for task in self._tasks) < MAX_CONNECTIONS:
            return True
        if (oldest := next(iter(self._strangers), None)) is None:
            return False
        del self._strangers[oldest]
        oldest.cancel()
        return True

    async def _join(self, media: Media) -> None:
        channel = 2 * len(self._media)
        ask = self._rtsp.join if self._group else self.client.set_up
        await ask(media, partial(self._pass, channel), partial(self._pass, channel + 1))
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
        """Answer a request of FFmpeg; return whether more may come. CameraError of PLAY."""
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
