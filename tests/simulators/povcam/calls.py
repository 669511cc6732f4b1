"""Streams that are asked for by CGI: RTP without RTSP (2.7, 2.8)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from .broadcast import MediaSender, TrackSender
from .camera import Camera, Delivery
from .cgi import MissingError, Params, RefusedError, choice, needed, needed_choice
from .rtp import Track
from .rtsp import RtspServer
from .wires import open_udp

type CallHandler = Callable[[web.Request, Params], Awaitable[web.StreamResponse]]

_CODECS: Final = {"1": "h264", "2": "h264_2"}
_DONE: Final = HTTPStatus.NO_CONTENT


@dataclass(frozen=True, slots=True)
class _Call:
    """One medium that is sent to one place."""

    stream: int
    sender: MediaSender
    group: bool


class Calls:
    """Who has asked for what."""

    def __init__(self, camera: Camera, server: RtspServer) -> None:
        """Send what the broadcasts of `server` make, whether or not it listens."""
        self._camera = camera
        self._server = server
        self._calls: dict[tuple[int, Track], _Call] = {}
        self._ends: dict[int, asyncio.TimerHandle] = {}
        self.handlers: Final[dict[str, CallHandler]] = {
            "h264": self._h264,
            "audio": self._audio,
            "keep_alive": self._keep_alive,
        }

    @property
    def open(self) -> tuple[tuple[int, Track], ...]:
        """Those that are being sent, by user id and medium."""
        return tuple(self._calls)

    def close(self) -> None:
        """Send nothing more."""
        for handle in self._ends.values():
            handle.cancel()
        self._ends.clear()
        for key in tuple(self._calls):
            self._end(*key)

    async def _h264(self, request: web.Request, params: Params) -> web.StreamResponse:
        stream = needed_choice(params, "stream", *_CODECS) if "stream" in params else "1"
        uid = self._user(params, _CODECS[stream])
        return await self._switch(request, params, uid, int(stream), Track.VIDEO)

    async def _audio(self, request: web.Request, params: Params) -> web.StreamResponse:
        needed_choice(params, "mode", "in")
        uid = self._user(params, *_CODECS.values())
        codec = dict(self._camera.uids)[uid]
        if not self._camera.audio:
            raise RefusedError
        stream = 2 if codec == _CODECS["2"] else 1
        return await self._switch(request, params, uid, stream, Track.AUDIO)

    async def _switch(
        self, request: web.Request, params: Params, uid: int, stream: int, track: Track
    ) -> web.StreamResponse:
        connect = needed_choice(params, "connect", "start", "stop")
        choice(params, "protocol", "rtp", "rtp")
        self._end(uid, track)
        if connect == "start":
            if not self._camera.can_stream(stream):
                raise RefusedError
            await self._start(request, params, (uid, track), stream)
            self._touch(uid)
        return web.Response(status=_DONE)

    async def _start(
        self, request: web.Request, params: Params, key: tuple[int, Track], stream: int
    ) -> None:
        video, track = self._camera.video[stream], key[1]
        if video.delivery is Delivery.MULTICAST:
            sender = await self._server.join_group(stream)
            self._calls[key] = _Call(stream, sender, group=True)
            self._server.broadcasts[stream].add(sender)
            return
        port = self._port(params)
        if video.delivery is Delivery.UNICAST_MANUAL:
            manual = {Track.VIDEO: video.unicast_port, Track.AUDIO: video.unicast_audio_port}
            port = manual[track]
        host = request.remote or ""
        wire = await open_udp(self._server.host, host, port, lambda _data: None)
        sender = MediaSender(self._server.faults, on_drop=lambda: self._end(*key))
        sender.tracks[track] = TrackSender(
            track, wire, self._server.faults, extension=self._camera.options.rtp_extension
        )
        self._calls[key] = _Call(stream, sender, group=False)
        self._server.broadcasts[stream].add(sender)

    async def _keep_alive(self, _request: web.Request, params: Params) -> web.StreamResponse:
        """Keep a transmission going (2.7)."""
        needed_choice(params, "mode", "h.264", "h.264_2", "jpeg", "audio")
        choice(params, "protocol", "rtp", "rtp", "http")
        uid = self._user(params, "jpeg", *_CODECS.values())
        if uid in self._ends:
            self._touch(uid)
        return web.Response(status=_DONE)

    def _user(self, params: Params, *codecs: str) -> int:
        text = needed(params, "UID")
        if not text.isdecimal():
            raise MissingError(text)
        if dict(self._camera.uids).get(int(text)) not in codecs:
            raise RefusedError(text)
        return int(text)

    @staticmethod
    def _port(params: Params) -> int:
        text = needed(params, "my_port")
        if not text.isdecimal() or not 0 < int(text) < 65535:
            raise RefusedError(text)
        return int(text)

    def _touch(self, uid: int) -> None:
        if (old := self._ends.pop(uid, None)) is not None:
            old.cancel()
        loop = asyncio.get_running_loop()
        self._ends[uid] = loop.call_later(self._camera.options.call_timeout, self._expire, uid)

    def _expire(self, uid: int) -> None:
        self._ends.pop(uid, None)
        for track in Track:
            self._end(uid, track)

    def _end(self, uid: int, track: Track) -> None:
        if (call := self._calls.pop((uid, track), None)) is None:
            return
        if call.group:
            self._server.leave_group(call.stream)
        else:
            self._server.broadcasts[call.stream].remove(call.sender)
            call.sender.close()
