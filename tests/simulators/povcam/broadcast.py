"""From the encoder's thread to the viewers: who watches a stream, and what each is sent."""

import asyncio
from collections.abc import Callable
from fractions import Fraction
import random
from typing import Final, Protocol

from .camera import Camera
from .faults import RtspFault
from .media import Format, LiveEncoder
from .rtp import Track, Unit, rtp_packet, sender_report

_REPORT_EVERY: Final = 5.0
"""Seconds between two sender reports (14)."""


class Wire(Protocol):
    """Where the packets of one track go."""

    @property
    def congested(self) -> bool:
        """Whether the receiver does not keep up."""

    def rtp(self, packet: bytes) -> None:
        """Send a media packet."""

    def rtcp(self, packet: bytes) -> None:
        """Send a control packet."""

    def close(self) -> None:
        """Free the sockets."""


class RtspFaults:
    """The faults in force, with their amounts."""

    def __init__(self) -> None:
        """Begin without faults."""
        self._active: dict[RtspFault, float] = {}
        self._rng = random.Random(1)

    def set(self, fault: RtspFault, *, seconds: float, share: float) -> None:
        """Put `fault` in force."""
        self._active[fault] = share if fault is RtspFault.LOSS else seconds

    def clear(self) -> None:
        """Lift all faults."""
        self._active.clear()

    def active(self, fault: RtspFault) -> bool:
        """Whether `fault` is in force."""
        return fault in self._active

    def dropped(self, played: float) -> bool:
        """Whether the connection has to close after `played` seconds."""
        limit = self._active.get(RtspFault.DROP)
        return limit is not None and played >= limit

    def lost(self) -> bool:
        """Whether the next packet is not sent."""
        share = self._active.get(RtspFault.LOSS, 0.0)
        return share > 0 and self._rng.random() < share


class TrackSender:
    """Numbers, counts and sends the packets of one track to one place."""

    def __init__(self, track: Track, wire: Wire, faults: RtspFaults, *, extension: bool) -> None:
        """Begin at a random sequence number (15.1)."""
        self.wire: Final = wire
        self.sequence = random.randrange(1 << 16)
        self._track = track
        self._faults = faults
        # The extension is on pictures only, as the sound needs no further information.
        self._extension = extension and track is Track.VIDEO
        self._packets = 0
        self._octets = 0
        self._report_due = 0.0

    def send(self, unit: Unit, now: float) -> None:
        """Send all the packets of `unit`, and a sender report when one is due."""
        if now >= self._report_due:
            self._report_due = now + _REPORT_EVERY
            self.wire.rtcp(sender_report(unit.moment, unit.timestamp, self._packets, self._octets))
        last = len(unit.payloads) - 1
        for at, payload in enumerate(unit.payloads):
            packet = rtp_packet(
                self._track,
                self.sequence,
                unit.timestamp,
                payload,
                marker=at == last,
                extension=self._packets if self._extension else None,
            )
            self.sequence = (self.sequence + 1) & 0xFFFF
            self._packets += 1
            self._octets += len(payload)
            if not self._faults.lost():
                self.wire.rtp(packet)


class MediaSender:
    """One viewer: its tracks, and what to leave out when it does not keep up."""

    def __init__(self, faults: RtspFaults, on_drop: Callable[[], None]) -> None:
        """Make a viewer without tracks; `on_drop` closes its connection."""
        self.tracks: Final[dict[Track, TrackSender]] = {}
        self._faults = faults
        self._on_drop = on_drop
        self._waiting = True
        self._since: float | None = None

    def begin(self) -> None:
        """Start, or go on, with the next IDR picture."""
        self._waiting = True
        self._since = None

    def unit(self, unit: Unit, now: float) -> None:
        """Send `unit`, if it is wanted and the receiver keeps up."""
        if self._since is None:
            self._since = now
        if self._faults.dropped(now - self._since):
            self._on_drop()
            return
        sender = self.tracks.get(unit.track)
        if sender is None or self._faults.active(RtspFault.STALL):
            return
        if any(track.wire.congested for track in self.tracks.values()):
            self._waiting = True
        elif unit.key or Track.VIDEO not in self.tracks:
            self._waiting = False
        if not self._waiting:
            sender.send(unit, now)

    def close(self) -> None:
        """Free the sockets of the tracks."""
        for track in self.tracks.values():
            track.wire.close()
        self.tracks.clear()


class Broadcast:
    """Live media of one stream: the encoder runs while somebody watches."""

    def __init__(self, camera: Camera, stream: int) -> None:
        """Make a broadcast nobody watches."""
        self._camera = camera
        self._stream = stream
        self._viewers: list[MediaSender] = []
        self._encoder: LiveEncoder | None = None
        self._bases: dict[Track, int] = {}
        self._began = 0.0

    def add(self, viewer: MediaSender) -> None:
        """Let `viewer` watch from the next IDR picture on."""
        if viewer in self._viewers:
            return
        viewer.begin()
        self._viewers.append(viewer)
        if self._encoder is None:
            self._start()

    def remove(self, viewer: MediaSender) -> None:
        """Stop sending to `viewer`; the encoder ends with the last one."""
        if viewer in self._viewers:
            self._viewers.remove(viewer)
        if not self._viewers and self._encoder is not None:
            encoder, self._encoder = self._encoder, None
            encoder.stop()

    def timestamp(self, track: Track) -> int:
        """Give the RTP time of this moment, for RTP-Info."""
        elapsed = asyncio.get_running_loop().time() - self._began
        return (self._bases.get(track, 0) + int(elapsed * track.rate)) & 0xFFFFFFFF

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        video = self._camera.video[self._stream]
        width = int(video.resolution)
        height = self._camera.size[1] if width == self._camera.size[0] else width * 9 // 16 & ~1
        form = Format(
            width,
            height,
            Fraction(video.framerate),
            int(self._camera.audio_settings.bitrate) * 1000,
            self._camera.options.video_bitrate,
        )
        bases = {track: random.randrange(1 << 32) for track in Track}
        self._bases, self._began = bases, loop.time()

        def sink(units: list[Unit]) -> None:
            loop.call_soon_threadsafe(self._deliver, encoder, units)

        encoder = LiveEncoder(form, bases, sink)
        self._encoder = encoder
        encoder.start()

    def _deliver(self, encoder: LiveEncoder, units: list[Unit]) -> None:
        # Units of an encoder that was stopped may still be on their way.
        if encoder is not self._encoder or not self._camera.can_stream(self._stream):
            return
        now = asyncio.get_running_loop().time()
        for unit in units:
            if unit.track is Track.AUDIO and not self._camera.audio:
                continue
            for viewer in tuple(self._viewers):
                viewer.unit(unit, now)
