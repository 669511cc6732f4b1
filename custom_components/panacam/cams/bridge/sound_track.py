"""The sound of a picture stream as AAC that never stops. For threads."""

from fractions import Fraction
from typing import Final

import av
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from ..stream import Sound
from .packets import FRAME_SAMPLES, SOUND_RATE, TICKS, Kind, Packet, adts

BIT_RATE: Final = 48_000
EARLY: Final = 0.25
"""Seconds that sound may be ahead of the track before silence is put between."""
LATE: Final = 0.5
"""Seconds that sound may be behind the track before it is dropped."""
SLACK: Final = 0.2
"""Seconds that the track may stay behind the pictures: sound that comes a little later fits in."""
_CHUNK: Final = 1000
"""Samples of silence at a time."""


class SoundTrack:
    """Puts sound where it belongs in time, and silence everywhere else."""

    def __init__(self, rate: int, start: float, ticks: int) -> None:
        """Begin at `start`, a clock's seconds, which is `ticks` in the packets.

        `rate` is that of the samples that come, in samples a second.
        """
        self._rate = rate
        self._start = start
        self._ticks = ticks
        self._heard = 0
        """Samples taken so far, silence included."""
        self._resampler = AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE)
        self._fifo = AudioFifo()
        self._encoded = 0
        """Samples of the encoder's rate given to the encoder."""
        codec = av.CodecContext.create("aac", "w")
        codec.sample_rate = SOUND_RATE
        codec.layout = "mono"
        codec.format = "fltp"
        codec.bit_rate = BIT_RATE
        codec.time_base = Fraction(1, SOUND_RATE)
        # Of 8 kHz the default one makes noise (purity of a tone 0.992, against 0.99999998), at
        # twice the time.
        codec.options = {"aac_coder": "fast"}
        self._codec = codec

    @property
    def until(self) -> float:
        """Return the clock's seconds at which the track ends so far."""
        return self._start + self._heard / self._rate

    def add(self, sound: Sound) -> list[Packet]:
        """Return the packets that came to their end with this sound; it may be too late for any."""
        begin = sound.at - len(sound.samples) / 2 / self._rate
        if begin < self.until - LATE:
            return []
        packets: list[Packet] = []
        if begin > self.until + EARLY:
            packets = self._silence(begin)
        return packets + self._take(sound.samples)

    def fill(self, at: float) -> list[Packet]:
        """Return packets of silence when the track has fallen behind the pictures, at `at`."""
        return self._silence(at - SLACK / 2) if self.until < at - SLACK else []

    def _silence(self, until: float) -> list[Packet]:
        """Go on in silence."""
        packets: list[Packet] = []
        missing = int((until - self.until) * self._rate)
        while missing > 0:
            packets += self._take(bytes(2 * min(missing, _CHUNK)))
            missing -= _CHUNK
        return packets

    def _take(self, samples: bytes) -> list[Packet]:
        """Encode samples, as many as make whole frames."""
        count = len(samples) // 2
        if not count:
            return []
        frame = AudioFrame(format="s16", layout="mono", samples=count, align=1)
        frame.sample_rate = self._rate
        frame.planes[0].update(samples[: 2 * count])
        self._heard += count
        for resampled in self._resampler.resample(frame):
            resampled.pts = None
            self._fifo.write(resampled)
        packets: list[Packet] = []
        while (whole := self._fifo.read(FRAME_SAMPLES)) is not None:
            whole.pts, whole.time_base = self._encoded, Fraction(1, SOUND_RATE)
            self._encoded += FRAME_SAMPLES
            packets += [self._packet(packet) for packet in self._codec.encode(whole)]
        return packets

    def _packet(self, packet: av.Packet[AudioStream]) -> Packet:
        data = bytes(packet)
        pts = self._ticks + (packet.pts or 0) * TICKS // SOUND_RATE
        return Packet(
            kind=Kind.SOUND, data=adts(SOUND_RATE, 1, len(data)) + data, pts=pts, dts=pts, key=False
        )
