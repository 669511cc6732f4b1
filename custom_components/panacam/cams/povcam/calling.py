"""H.264 and AAC by RTP without RTSP: what is asked for by CGI (2.1, 2.7, 2.8).

A user id is fetched, which also tells how the stream travels: to ports of ours, to ports that the
camera's menu fixes, or to a group. Then the stream and its sound are started to those ports, and
kept alive until they are stopped.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
import socket
from typing import Final, Self

from ..errors import CameraError, ConnectError, ProtocolError, Reason, RefusedError
from ..net.dial import DIALER
from ..net.rtsp_multicast import Member, agreed
from ..net.rtsp_tracks import Awaited, Take, Track
from ..net.sdp import Description, Media, parse
from ..stream import Calls
from .client import PovcamClient
from .commands import AUDIO, GETUID, H264, KEEP_ALIVE
from .wire import Reply, parse_reply

LIFE_SIGN: Final = 10.0
"""Seconds between two signs of life; the section names no limit."""
FAREWELL: Final = 2.0
"""Seconds that stopping may take."""
SOUND_OFFSET: Final = 1000
"""The sound of a group goes to the port of its pictures and this (facts)."""

_CODECS: Final = {1: "h264", 2: "h264_2"}
_MODES: Final = {1: "h.264", 2: "h.264_2"}
# 13.4 and 15.1: the same for every bit rate. The configuration says 48 kHz, two channels.
_VIDEO: Final = (
    "m=video {port} RTP/AVP 98",
    "a=rtpmap:98 H264/90000",
    "a=fmtp:98 packetization-mode=1",
)
_SOUND: Final = (
    "m=audio {port} RTP/AVP 99",
    "a=rtpmap:99 mpeg4-generic/48000/2",
    "a=fmtp:99 mode=AAC-hbr; config=1190; sizeLength=13; indexLength=3; indexDeltaLength=3",
)


@dataclass(frozen=True, slots=True)
class _Ends:
    address: str
    local_address: str


def calls_of(client: PovcamClient, host: str, stream: int) -> Calls:
    """Return what makes calls for H.264(1) or (2) of the camera at `host`."""
    return lambda on_lost: PovcamCall(client, host, stream, on_lost)


class PovcamCall:
    """One stream that is asked for by CGI; an RtpCall."""

    def __init__(
        self,
        client: PovcamClient,
        host: str,
        stream: int,
        on_lost: Callable[[CameraError], None],
    ) -> None:
        """Ask by `client`; packets count only when they come from `host`."""
        self._client = client
        self._host = host
        self._stream = stream
        self._on_lost = on_lost
        self._uid = -1
        self._told = Reply({})
        self._ends = _Ends("", "")
        self._tracks: dict[str, Track | Awaited] = {}
        self._started: list[str] = []
        self._pulse: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Fetch a user id. CameraError; RefusedError(REFUSED) while it is not transmitted (2.1)."""
        body = await self._client.call(GETUID, FILE=2, vcodec=_CODECS[self._stream])
        if not body:
            raise RefusedError(Reason.REFUSED, GETUID.name)
        self._told = parse_reply(body)
        uid = self._told.number("UID")
        if uid is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, GETUID.name)
        self._uid = int(uid)
        self._ends = await _ends(self._host)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Stop what was started, and listen no more."""
        try:
            if (pulse := self._pulse) is not None:
                pulse.cancel()
                await asyncio.wait((pulse,))
            with suppress(CameraError, TimeoutError):
                async with asyncio.timeout(FAREWELL):
                    for kind in self._started:
                        await self._order(kind, "stop")
        finally:
            for track in self._tracks.values():
                track.close()

    async def describe(self) -> Description:
        """Return the two media, or one while the sound is off."""
        port = self._port("iMultiPort") or 0
        lines = ["v=0", *(line.format(port=port) for line in _VIDEO)]
        if self._told.get("aEnable", "").casefold() == "in":
            lines += (line.format(port=port + SOUND_OFFSET) for line in _SOUND)
        return parse("\n".join(lines).encode())

    async def set_up(self, media: Media, take: Take, reports: Take) -> None:
        """Be ready for one medium where the camera will send it. CameraError.

        The sound is started at once: RefusedError when there is none. Players would wait for it.
        """
        await self._listen(media, take, reports)
        if media.kind == "audio":
            await self._order("audio", "start")

    async def _listen(self, media: Media, take: Take, reports: Take) -> None:
        match self._told.get("sDelivery", "").casefold():
            case "multi":
                address = self._told.get("iMultiAdd", "")
                transport = f"RTP/AVP;multicast;destination={address}"
                self._tracks[media.kind] = await Member.joined(
                    self._ends, agreed(transport, media), take, reports
                )
                return
            case "uni_manual":
                name = "iUniPort" if media.kind == "video" else "aInPort"
                if (port := self._port(name)) is None:
                    raise ProtocolError(Reason.UNEXPECTED_REPLY, name)
                track = Awaited(self._ends.address, port)
            case _:
                track = Awaited(self._ends.address)
        self._tracks[media.kind] = track
        await track.listen(take, reports)

    async def play(self) -> None:
        """Start the pictures. CameraError."""
        await self._order("video", "start")
        self._pulse = asyncio.get_running_loop().create_task(
            self._keep_alive(), name="panacam RTP signs of life"
        )

    async def _order(self, kind: str, connect: str) -> None:
        track = self._tracks[kind]
        words: dict[str, str | int] = {"connect": connect, "protocol": "rtp", "UID": self._uid}
        if isinstance(track, Awaited):
            words["my_port"] = track.port
        if connect == "start":
            self._started.append(kind)
        if kind == "video":
            await self._client.call(H264, **words, stream=self._stream)
        else:
            await self._client.call(AUDIO, **words, mode="in")

    async def _keep_alive(self) -> None:
        """Send signs of life until the end."""
        try:
            while True:
                await asyncio.sleep(LIFE_SIGN)
                for kind in tuple(self._started):
                    mode = _MODES[self._stream] if kind == "video" else "audio"
                    await self._client.call(
                        KEEP_ALIVE, mode=mode, protocol="rtp", UID=self._uid, stream=self._stream
                    )
        except CameraError as err:
            self._on_lost(err)

    def _port(self, name: str) -> int | None:
        """Return a port that the camera names, if anybody may listen at it (2.1)."""
        port = self._told.number(name)
        return int(port) if port is not None and 1024 <= port < 65000 else None


async def _ends(host: str) -> _Ends:
    """Return the camera's address, and ours as the routes have it. ConnectError."""
    try:
        address = (await DIALER.addresses(host))[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((address, 9))  # nothing is sent
            return _Ends(address, asked.getsockname()[0])
    except (OSError, ValueError, IndexError) as err:
        raise ConnectError(Reason.UNKNOWN_HOST) from err
