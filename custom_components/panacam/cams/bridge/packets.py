"""Encoded video and sound on their way to viewers."""

from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from typing import Final

TICKS: Final = 90_000
"""Of a time stamp in one second (ISO/IEC 13818-1, 2.4.3.7)."""
STALE: Final = 5.0
"""Seconds after which the last picture is no longer shown as if it were live."""
REPEAT_AFTER: Final = 1.0
"""Seconds without a picture after which the last one is shown again, and again."""
TIME_BASE: Final = Fraction(1, TICKS)
SOUND_RATE: Final = 48_000
"""Samples a second of the sound that we encode: what 8 kHz gives holds every HLS part up."""
FRAME_SAMPLES: Final = 1024
"""Samples in one frame of AAC (ISO/IEC 14496-3)."""

LAYOUTS: Final = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}
"""FFmpeg's names of what AAC's channel configurations mean."""

_ADTS_RATES: Final = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
)  # fmt: skip


class Kind(Enum):
    """What a packet holds."""

    VIDEO = auto()
    SOUND = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What the packets of one stream are; another format is another stream."""

    video: str
    """FFmpeg's name of the codec: `h264`, `hevc`. Each keyframe brings its parameter sets."""
    width: int
    height: int
    sound_rate: int | None = None
    """Samples a second of the AAC (with ADTS headers), or None for video alone."""
    channels: int = 1
    parameters: bytes = b""
    """The parameter sets that a camera announced: with others, players have to begin anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One access unit, shared by all viewers."""

    kind: Kind
    data: bytes
    pts: int
    """In TICKS, on the clock of the hub."""
    dts: int
    """In TICKS; grows from packet to packet of a kind."""
    key: bool = False
    """Whether a decoder can start here."""


def adts(rate: int, channels: int, size: int) -> bytes:
    """Return the header of `size` bytes of AAC-LC (ISO/IEC 14496-3, 1.A.3.2.1).

    Raises ValueError for a rate that has no number.
    """
    length = size + 7
    bits = (
        (0xFFF << 44)  # syncword
        | (1 << 40)  # no CRC follows
        | (1 << 38)  # AAC-LC
        | (_ADTS_RATES.index(rate) << 34)
        | (channels << 30)
        | (length << 13)
        | (0x7FF << 2)  # variable rate
    )
    return bits.to_bytes(7)
