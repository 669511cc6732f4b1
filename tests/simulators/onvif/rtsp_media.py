"""From the encoders of a profile to its viewers."""

import asyncio
from collections.abc import Callable
import random
import struct
import time
from typing import TYPE_CHECKING, Final

from tests.simulators.povcam import RtspFault
from tests.simulators.povcam.broadcast import RtspFaults, Wire
from tests.simulators.povcam.rtp import RTP_HEADER, SENDER_REPORT, Track, Unit

from .media_parts import AudioEncoder, Kind, Profile, VideoEncoder
from .rtsp_encoder import ProfileEncoder, ProfileFormat, frame_rate
from .rtsp_metadata import MetadataWriter, every
from .rtsp_payload import pieces
from .rtsp_sdp import AUDIO, METADATA, VIDEO, Medium

if TYPE_CHECKING:
    from .camera import Camera

METADATA_EVERY: Final = 0.5
_REPORT_EVERY: Final = 5.0
_NTP_EPOCH: Final = 2_208_988_800
_NAMES: Final = {Track.VIDEO: VIDEO, Track.AUDIO: AUDIO}


class RtpSender:
    """Numbers, counts and sends the packets of one medium to one place."""

    def __init__(self, medium: Medium, wire: Wire, faults: RtspFaults) -> None:
        """Begin at a random sequence number, with a source number of its own."""
        self.medium: Final = medium
        self.wire: Final = wire
        self.sequence = random.randrange(1 << 16)
        self.source: Final = random.randrange(1 << 32)
        self._faults = faults
        self._packets = self._octets = 0
        self._report_due = 0.0

    def send(self, payloads: tuple[bytes, ...], timestamp: int, moment: float) -> None:
        """Send all of one picture, sound frame or document, and a report when one is due."""
        now = time.monotonic()
        if now >= self._report_due:
            self._report_due = now + _REPORT_EVERY
            self.wire.rtcp(self._report(timestamp, moment))
        last = len(payloads) - 1
        for at, payload in enumerate(payloads):
            # Sound has the marker after a silence only; there is none.
            marked = at == last and self.medium.kind != "audio"
            second = self.medium.payload_type | (0x80 if marked else 0)
            head = RTP_HEADER.pack(0x80, second, self.sequence, timestamp & 0xFFFFFFFF, self.source)
            self.sequence = (self.sequence + 1) & 0xFFFF
            self._packets += 1
            self._octets += len(payload)
            if not self._faults.lost():
                self.wire.rtp(head + payload)

    def _report(self, timestamp: int, moment: float) -> bytes:
        whole = int(moment)
        report = SENDER_REPORT.pack(
            0x80,
            200,
            6,
            self.source,
            (whole + _NTP_EPOCH) & 0xFFFFFFFF,
            int((moment - whole) * (1 << 32)),
            timestamp & 0xFFFFFFFF,
            self._packets & 0xFFFFFFFF,
            self._octets & 0xFFFFFFFF,
        )
        return report + struct.pack(">BBHIBB", 0x81, 202, 3, self.source, 1, 4) + b"simu" + bytes(2)


class Viewer:
    """One session's media, and what to leave out when it does not keep up."""

    def __init__(self, faults: RtspFaults, on_drop: Callable[[], None]) -> None:
        """Make a viewer without media; `on_drop` closes its connection."""
        self.senders: Final[dict[str, RtpSender]] = {}
        self._faults = faults
        self._on_drop = on_drop
        self._waiting = True
        self._since: float | None = None

    def begin(self) -> None:
        """Start, or go on, with the next key picture."""
        self._waiting = True
        self._since = None

    def take(
        self, name: str, payloads: tuple[bytes, ...], timestamp: int, moment: float, *, key: bool
    ) -> None:
        """Send one piece of media, if it is wanted and the receiver keeps up."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if self._faults.dropped(now - self._since):
            self._on_drop()
            return
        sender = self.senders.get(name)
        if sender is None or self._faults.active(RtspFault.STALL):
            return
        if any(one.wire.congested for one in self.senders.values()):
            self._waiting = True
        elif key or VIDEO not in self.senders:
            self._waiting = False
        if not self._waiting or name == METADATA:
            sender.send(payloads, timestamp, moment)

    def close(self) -> None:
        """Free the sockets."""
        for sender in self.senders.values():
            sender.wire.close()
        self.senders.clear()


class Relay:
    """Live media of one profile: its encoders run while somebody watches."""

    def __init__(self, camera: Camera, profile: Profile) -> None:
        """Make a relay that nobody watches."""
        self._camera = camera
        self._profile = profile
        self._viewers: list[Viewer] = []
        self._encoder: ProfileEncoder | None = None
        self._rates: dict[str, int] = {}
        self._bases: dict[str, int] = {}
        self._began = 0.0
        self._writer = MetadataWriter(camera, profile)
        self._hurry = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None

    def add(self, viewer: Viewer) -> None:
        """Let `viewer` watch from the next key picture on."""
        if viewer in self._viewers:
            return
        viewer.begin()
        self._viewers.append(viewer)
        if self._encoder is None:
            self._start()
        else:
            self.synchronize()
        self._camera.media.watched(self._profile.number, len(self._viewers))

    def remove(self, viewer: Viewer) -> None:
        """Stop sending to `viewer`; the encoders end with the last one."""
        if viewer not in self._viewers:
            return
        self._viewers.remove(viewer)
        if not self._viewers:
            self._stop()
        self._camera.media.watched(self._profile.number, len(self._viewers))

    def synchronize(self) -> None:
        """Begin anew with a key picture and every state."""
        if self._encoder is not None:
            self._encoder.key_picture()
        self._writer.anew()
        self._hurry.set()

    def timestamp(self, name: str) -> int:
        """Give the RTP time of this moment, for RTP-Info."""
        elapsed = asyncio.get_running_loop().time() - self._began
        return (self._bases.get(name, 0) + int(elapsed * self._rates.get(name, 1))) & 0xFFFFFFFF

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        media = self._camera.media
        video = media.encoder(self._profile)
        sound = media.part(self._profile, Kind.AUDIO_ENCODER, AudioEncoder)
        bases = {track: random.randrange(1 << 32) for track in Track}
        self._bases = {_NAMES[track]: base for track, base in bases.items()}
        self._bases[METADATA] = random.randrange(1 << 32)
        audio_rate = 8000 if sound is not None and sound.encoding == "PCMU" else 48_000
        self._rates = {VIDEO: 90_000, METADATA: 90_000, AUDIO: audio_rate}
        self._began = loop.time()

        def sink(units: list[Unit]) -> None:
            loop.call_soon_threadsafe(self._deliver, encoder, units)

        encoder = ProfileEncoder(_form(video, sound), bases, sink)
        self._encoder = encoder
        encoder.start()
        self._telling = asyncio.create_task(self._tell())

    def _stop(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        if self._encoder is not None:
            encoder, self._encoder = self._encoder, None
            encoder.stop()

    def _deliver(self, encoder: ProfileEncoder, units: list[Unit]) -> None:
        # Units of an encoder that was stopped may still be on their way.
        if encoder is not self._encoder:
            return
        for unit in units:
            name = _NAMES[unit.track]
            for viewer in tuple(self._viewers):
                viewer.take(name, unit.payloads, unit.timestamp, unit.moment, key=unit.key)

    async def _tell(self) -> None:
        """Send metadata in a steady rhythm, and at once after a synchronization point."""
        self._writer.anew()
        while True:
            document = self._writer.document()
            if document is not None:
                stamp, cut = self.timestamp(METADATA), pieces(document)
                for viewer in tuple(self._viewers):
                    viewer.take(METADATA, cut, stamp, time.time(), key=False)
            await every(METADATA_EVERY, self._hurry)


def _form(video: VideoEncoder | None, sound: AudioEncoder | None) -> ProfileFormat:
    """Give what to encode; a profile of sound alone has a small picture that nobody is sent."""
    wanted = video or VideoEncoder(token="", name="", encoding="H264", size=(320, 240), rate=5)
    return ProfileFormat(
        *wanted.size,
        frame_rate(wanted.rate),
        sound_bitrate=64_000 if sound is None else sound.bit_rate * 1000,
        video_bitrate=wanted.bit_rate * 1000 if wanted.constant else 0,
        encoding=wanted.encoding,
        gov=wanted.gov,
        sound=None if sound is None else sound.encoding,
    )
