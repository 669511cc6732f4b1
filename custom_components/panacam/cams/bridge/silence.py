"""AAC in which nothing is heard, for a camera whose sound has stopped."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av.audio.frame import AudioFrame

from .packets import FRAME_SAMPLES, LAYOUTS, TICKS, Kind, Packet, adts


class Silence:
    """The same packet again and again. Made in a thread, used anywhere."""

    def __init__(self, rate: int, channels: int) -> None:
        """Be silent at `rate` samples a second. ValueError for more channels than have a name."""
        if channels not in LAYOUTS:
            msg = "too many channels"
            raise ValueError(msg)
        codec = av.CodecContext.create("aac", "w")
        codec.sample_rate, codec.layout, codec.format = rate, LAYOUTS[channels], "fltp"
        codec.time_base = Fraction(1, rate)
        data = b""
        for number in range(4):  # the first ones are of another kind, until it has begun
            frame = AudioFrame(
                format="fltp", layout=LAYOUTS[channels], samples=FRAME_SAMPLES, align=1
            )
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.pts = rate, number * FRAME_SAMPLES
            frame.time_base = codec.time_base
            for packet in codec.encode(frame):
                data = bytes(packet)
        self._data = adts(rate, channels, len(data)) + data
        self.duration = FRAME_SAMPLES * TICKS // rate
        """Of one packet, in ticks."""

    def between(self, begin: int, end: int) -> Iterator[Packet]:
        """Yield the packets that begin at `begin` ticks or later and are over at `end`."""
        for ticks in range(begin, end - self.duration, self.duration):
            yield Packet(kind=Kind.SOUND, data=self._data, pts=ticks, dts=ticks)
