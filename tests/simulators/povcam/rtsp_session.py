"""One RTSP connection and the session it may hold (12.2, 13)."""

import asyncio
import secrets
from typing import TYPE_CHECKING, Final

from .broadcast import MediaSender, TrackSender
from .camera import Delivery
from .models import Auth
from .rtp import Track
from .rtsp_messages import (
    Frame,
    ProtocolError,
    RtspRequest,
    TransportOffer,
    read_message,
    reply_text,
)
from .sdp import session_description
from .wires import InterleavedWire, UdpWire, open_udp

if TYPE_CHECKING:
    from .rtsp import RtspServer

_PUBLIC: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, TEARDOWN"
_CHANNELS: Final = {Track.VIDEO: 20, Track.AUDIO: 22}
"""Interleave numbers the camera gives out, whatever the client asked for (13.3)."""
_MULTICAST_AUDIO: Final = 1000


class RefusalError(Exception):
    """A request that is answered with an error status."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        """Answer with `status` and `headers`."""
        super().__init__(status)
        self.status: Final = status
        self.headers: Final = headers or {}


class Session:
    """What SETUP made and TEARDOWN ends."""

    def __init__(self, server: RtspServer, stream: int, connection: Connection) -> None:
        """Make a session of `stream` without tracks."""
        self.id: Final = f"{secrets.randbelow(10**8):08}"
        self.stream: Final = stream
        self.reports = 0
        """Receiver reports heard from the client."""
        self._server = server
        self._connection = connection
        self.sender = MediaSender(server.faults, connection.abort)
        self.multicast = False

    async def set_up(self, track: Track, offer: TransportOffer) -> str:
        """Make the wire of `track`; gives the Transport header of the reply."""
        video = self._server.camera.video[self.stream]
        if video.delivery is not Delivery.UNICAST and offer.tcp:
            # Within the connection is for Unicast (AUTO) only (13.3).
            raise RefusalError(461)
        if video.delivery is Delivery.MULTICAST:
            return await self._join(track)
        if offer.multicast:
            raise RefusalError(461)
        if offer.tcp:
            channel = _CHANNELS[track]
            self._add(track, InterleavedWire(self._connection.transport, channel))
            return f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1};ssrc=00000000"
        port = offer.client_port
        if video.delivery is Delivery.UNICAST_MANUAL:
            # The menu's ports, whatever the client says (13.1).
            ports = {Track.VIDEO: video.unicast_port, Track.AUDIO: video.unicast_audio_port}
            port = ports[track]
        if port is None:
            raise RefusalError(461)
        wire = await open_udp(self._server.host, self._connection.peer, port, self.heard)
        self._add(track, wire)
        return (
            f"RTP/AVP/UDP;unicast;client_port={port}-{port + 1};"
            f"server_port={wire.server_port}-{wire.server_port + 1};ssrc=00000000"
        )

    def play(self) -> str:
        """Start to send; gives the RTP-Info header of the reply."""
        if not self.sender.tracks:
            raise RefusalError(455)
        broadcast = self._server.broadcasts[self.stream]
        broadcast.add(self.sender)
        return ",".join(
            f"url=trackID={track.value};seq={sender.sequence};rtptime={broadcast.timestamp(track)}"
            for track, sender in self.sender.tracks.items()
        )

    def pause(self) -> None:
        """Stop to send; a multicast goes on (12.2)."""
        if not self.multicast:
            self._server.broadcasts[self.stream].remove(self.sender)

    def heard(self, _data: bytes) -> None:
        """Take a control packet of the client."""
        self.reports += 1
        if self._server.camera.options.rtcp_keeps_alive:
            self._connection.touch()

    def close(self) -> None:
        """Stop, and free the ports."""
        if self.multicast:
            self.multicast = False
            self._server.leave_group(self.stream)
            return
        self._server.broadcasts[self.stream].remove(self.sender)
        self.sender.close()

    async def _join(self, track: Track) -> str:
        video = self._server.camera.video[self.stream]
        if not self.multicast:
            self.sender = await self._server.join_group(self.stream)
            self.multicast = True
        port = video.multicast_port + (_MULTICAST_AUDIO if track is Track.AUDIO else 0)
        return (
            f"RTP/AVP/UDP;multicast;destination={video.multicast_address};"
            f"ttl={video.multicast_ttl};port={port}-{port + 1}"
        )

    def _add(self, track: Track, wire: InterleavedWire | UdpWire) -> None:
        old = self.sender.tracks.get(track)
        if old is not None:
            old.wire.close()
        self.sender.tracks[track] = TrackSender(
            track,
            wire,
            self._server.faults,
            extension=self._server.camera.options.rtp_extension,
        )


class Connection:
    """Reads the requests of one client and answers them."""

    def __init__(
        self, server: RtspServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take over an accepted connection."""
        self.transport: Final = writer.transport
        self.peer: Final[str] = writer.get_extra_info("peername")[0]
        self.session: Session | None = None
        self._server = server
        self._reader = reader
        self._writer = writer
        self._camera = server.camera
        self._last = self._camera.options.clock()

    def touch(self) -> None:
        """Note that the client is alive."""
        self._last = self._camera.options.clock()

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abort()

    def close(self) -> None:
        """End the session and the connection."""
        self._end_session()
        self.transport.abort()

    async def run(self) -> None:
        """Serve until the client goes away, or is silent for longer than the timeout (13)."""
        try:
            while True:
                async with asyncio.timeout(self._time_left()):
                    message = await read_message(self._reader)
                if isinstance(message, Frame):
                    if self.session is not None:
                        self.session.heard(message.data)
                    continue
                self.touch()
                self._writer.write(await self._answer(message))
                async with asyncio.timeout(self._time_left()):
                    await self._writer.drain()
        except TimeoutError, ProtocolError, asyncio.IncompleteReadError, ConnectionError:
            return

    def _time_left(self) -> float:
        options = self._camera.options
        return max(0.0, self._last + options.session_timeout - options.clock())

    async def _answer(self, request: RtspRequest) -> bytes:
        try:
            return await self._perform(request)
        except RefusalError as error:
            return reply_text(error.status, request, error.headers)

    async def _perform(self, request: RtspRequest) -> bytes:
        if request.method not in _PUBLIC.split(", "):
            raise RefusalError(501)
        if request.method == "OPTIONS":
            return reply_text(200, request, {"Public": _PUBLIC})
        if challenge := self._challenge(request):
            raise RefusalError(401, {"WWW-Authenticate": challenge})
        target = request.target
        if target is None:
            raise RefusalError(404)
        match request.method:
            case "DESCRIBE":
                return self._describe(request, target[0])
            case "SETUP":
                return await self._set_up(request, *target)
        return self._control(request)

    def _challenge(self, request: RtspRequest) -> str | None:
        authenticator = self._server.authenticator
        if not self._server.user_auth or authenticator.scheme is Auth.NONE:
            return None
        header = request.headers.get("authorization")
        verdict = authenticator.check(header, request.method, request.uri)
        return authenticator.challenge(stale=verdict.stale) if verdict.user is None else None

    def _describe(self, request: RtspRequest, stream: int) -> bytes:
        address = self._writer.get_extra_info("sockname")[0]
        headers = {
            "Content-Base": f"{request.uri.rstrip('/')}/",
            "Content-Type": "application/sdp",
        }
        return reply_text(200, request, headers, session_description(self._camera, stream, address))

    async def _set_up(self, request: RtspRequest, stream: int, track: Track | None) -> bytes:
        if not self._camera.can_stream(stream):
            raise RefusalError(503)
        if track is None:
            raise RefusalError(459)
        if track is Track.AUDIO and not self._camera.audio:
            raise RefusalError(404)
        offer = TransportOffer.parse(request.headers.get("transport", ""))
        if offer is None:
            raise RefusalError(461)
        if request.session and (self.session is None or request.session != self.session.id):
            raise RefusalError(454)
        if self.session is None or not request.session or self.session.stream != stream:
            self._end_session()
            self.session = Session(self._server, stream, self)
        transport = await self.session.set_up(track, offer)
        timeout = max(1, round(self._camera.options.session_timeout))
        headers = {"Session": f"{self.session.id};timeout={timeout}", "Transport": transport}
        return reply_text(200, request, headers)

    def _control(self, request: RtspRequest) -> bytes:
        """PLAY, PAUSE, GET_PARAMETER and TEARDOWN."""
        session = self.session
        if session is None or request.session != session.id:
            raise RefusalError(454)
        headers = {"Session": session.id}
        match request.method:
            case "PLAY":
                headers["RTP-Info"] = session.play()
            case "PAUSE":
                session.pause()
            case "TEARDOWN":
                self._end_session()
        return reply_text(200, request, headers)

    def _end_session(self) -> None:
        if self.session is not None:
            session, self.session = self.session, None
            session.close()
