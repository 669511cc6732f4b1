"""RTSP sessions: what SETUP made, and what ends without a sign of life (10.3)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
import secrets
from typing import TYPE_CHECKING, Final

from tests.simulators.povcam.rtsp_messages import TransportOffer
from tests.simulators.povcam.rtsp_session import RefusalError
from tests.simulators.povcam.wires import InterleavedWire, UdpWire, open_udp

from .media_parts import Multicast
from .rtsp_back import BackChannel
from .rtsp_media import RtpSender, Viewer
from .rtsp_sdp import Medium

if TYPE_CHECKING:
    from .media_parts import Profile
    from .rtsp import RtspServer
    from .rtsp_connection import Connection


class Session:
    """Media of one profile on their way to, or from, one client."""

    def __init__(self, server: RtspServer, profile: Profile, connection: Connection) -> None:
        """Make a session without media."""
        self.id: Final = secrets.token_hex(6)
        self.profile: Final = profile
        self.playing = False
        self.multicast = False
        self.reports = 0
        """Receiver reports heard from the client."""
        self.connection: Connection | None = None
        """The connection that media are interleaved with, if they are."""
        self._server = server
        self._opened = connection
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._watch = self._loop.call_later(self.timeout, self._check)
        self._viewer = Viewer(server.faults, self._drop)
        self._back: dict[str, BackChannel] = {}
        self._back_wires: dict[str, UdpWire] = {}
        self._channels: dict[int, BackChannel] = {}

    @property
    def timeout(self) -> float:
        """Seconds of silence after which the session ends."""
        return self._server.camera.media.streaming.session_timeout

    @property
    def media(self) -> tuple[str, ...]:
        """Names of the media that were set up."""
        return (*self._viewer.senders, *self._back)

    def touch(self) -> None:
        """Note that the client is alive."""
        self._last = self._loop.time()

    async def set_up(self, medium: Medium, offer: TransportOffer, peer: Connection) -> str:
        """Make the wire of `medium`; gives the Transport header of the reply."""
        if offer.tcp:
            return self._set_up_tcp(medium, offer, peer)
        if offer.multicast:
            if medium.multicast is None:
                raise RefusalError(461)
            return await self._join(medium, medium.multicast)
        if offer.client_port is None:
            raise RefusalError(461)
        back = BackChannel(medium, self._server.heard) if medium.back else None
        wire = await open_udp(
            self._server.host,
            peer.peer,
            offer.client_port,
            self.report,
            media=None if back is None else self._listener(back),
        )
        if back is None:
            self._add(medium, wire)
        else:
            self._close_back(medium.name)
            self._back[medium.name], self._back_wires[medium.name] = back, wire
        port = offer.client_port
        return (
            f"RTP/AVP;unicast;client_port={port}-{port + 1};"
            f"server_port={wire.server_port}-{wire.server_port + 1}"
        )

    def play(self, base: str) -> dict[str, str]:
        """Start to send; gives Range and RTP-Info."""
        if not self.media:
            raise RefusalError(455)
        relay = self._server.relay(self.profile)
        if self._viewer.senders and not self.multicast:
            relay.add(self._viewer)
        self.playing = True
        now = datetime.now(UTC)
        found = {"Range": f"clock={now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z-"}
        if self._viewer.senders:
            found["RTP-Info"] = ",".join(
                f"url={base}/{name};seq={sender.sequence};rtptime={relay.timestamp(name)}"
                for name, sender in self._viewer.senders.items()
            )
        return found

    def pause(self) -> None:
        """Stop to send; a multicast goes on."""
        self.playing = False
        if not self.multicast:
            self._server.relay(self.profile).remove(self._viewer)

    def frame(self, channel: int, data: bytes) -> None:
        """Take an interleaved frame of the client: a report, or sound of the back channel."""
        if channel in self._channels:
            self._sound(self._channels[channel], data)
        else:
            self.report(data)

    def report(self, _data: bytes) -> None:
        """Take a control packet of the client, which is a sign of life."""
        self.reports += 1
        self.touch()

    def close(self) -> None:
        """Stop, and free the ports."""
        self._watch.cancel()
        for name in tuple(self._back):
            self._close_back(name)
        self._channels.clear()
        if self.multicast:
            self._server.groups.leave(self.profile)
        else:
            self._server.relay(self.profile).remove(self._viewer)
            self._viewer.close()

    def _set_up_tcp(self, medium: Medium, offer: TransportOffer, peer: Connection) -> str:
        channel = offer.channel
        if channel is None:
            channel = 2 * len(self.media)
        self.connection = peer
        if medium.back:
            self._close_back(medium.name)
            self._back[medium.name] = BackChannel(medium, self._server.heard)
            self._channels[channel] = self._back[medium.name]
        else:
            self._add(medium, InterleavedWire(peer.transport, channel))
        return f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"

    async def _join(self, medium: Medium, group: Multicast) -> str:
        if not self.multicast:
            self._viewer = await self._server.groups.join(self.profile)
            self.multicast = True
        return (
            f"RTP/AVP;multicast;destination={group.address};"
            f"port={group.port}-{group.port + 1};ttl={group.ttl}"
        )

    def _add(self, medium: Medium, wire: InterleavedWire | UdpWire) -> None:
        old = self._viewer.senders.get(medium.name)
        if old is not None:
            old.wire.close()
        self._viewer.senders[medium.name] = RtpSender(medium, wire, self._server.faults)

    def _listener(self, back: BackChannel) -> Callable[[bytes], None]:
        return lambda data: self._sound(back, data)

    def _sound(self, back: BackChannel, data: bytes) -> None:
        # Sound before PLAY was answered is not for us (10.4.3).
        if self.playing:
            back.take(data, self._loop.time())

    def _close_back(self, name: str) -> None:
        self._back.pop(name, None)
        wire = self._back_wires.pop(name, None)
        if wire is not None:
            wire.close()

    def _drop(self) -> None:
        self._opened.abort()

    def _check(self) -> None:
        left = self._last + self.timeout - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._check)
        else:
            self._server.end(self)
