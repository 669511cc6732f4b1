"""RTP and RTCP bytes as the camera makes them (14, 15)."""

from dataclasses import dataclass
from enum import IntEnum
import re
import struct
from typing import Final

RTP_HEADER: Final = struct.Struct(">BBHII")
RTP_EXTENSION: Final = struct.Struct(">HHI")
SENDER_REPORT: Final = struct.Struct(">BBHIIIIII")

VIDEO_RATE: Final = 90_000
AUDIO_RATE: Final = 48_000
MAX_PAYLOAD: Final = 1400
"""Bytes after the header, so that a packet stays below the 1500 of the network (4.6)."""

_VERSION: Final = 0x80
_EXTENDED: Final = 0x10
_MARKER: Final = 0x80
_REPORT_TYPE: Final = 200
_NTP_EPOCH: Final = 2_208_988_800
_SDES: Final = bytes.fromhex("81ca0004 00000000 0106") + b"camera" + bytes(4)
_START_CODE: Final = re.compile(rb"\x00{2,}\x01")
_FU_A: Final = 28
_DROPPED_NALS: Final = (6, 9)
"""Supplemental information and delimiters, which the camera does not send."""


class Track(IntEnum):
    """Tracks of a presentation, numbered as in `trackID=`."""

    VIDEO = 1
    AUDIO = 2

    @property
    def payload_type(self) -> int:
        """PT, fixed (15.1)."""
        return 98 if self is Track.VIDEO else 99

    @property
    def rate(self) -> int:
        """Timestamp units in a second (13.4)."""
        return VIDEO_RATE if self is Track.VIDEO else AUDIO_RATE


@dataclass(frozen=True, slots=True)
class Unit:
    """One picture or one sound frame, cut into RTP payloads."""

    track: Track
    timestamp: int
    moment: float
    """Wall clock of the capture, seconds since 1970."""
    payloads: tuple[bytes, ...]
    key: bool


def rtp_packet(
    track: Track,
    sequence: int,
    timestamp: int,
    payload: bytes,
    *,
    marker: bool,
    extension: int | None = None,
) -> bytes:
    """One packet; `extension` is one word of additional information (15.1)."""
    first = _VERSION | (_EXTENDED if extension is not None else 0)
    second = track.payload_type | (_MARKER if marker else 0)
    # SSRC is 0 on every packet of these cameras.
    head = RTP_HEADER.pack(first, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 0)
    if extension is not None:
        head += RTP_EXTENSION.pack(0, 1, extension & 0xFFFFFFFF)
    return head + payload


def sender_report(moment: float, timestamp: int, packets: int, octets: int) -> bytes:
    """RTCP/SR with the source description that has to follow it (14)."""
    whole = int(moment)
    fraction = int((moment - whole) * (1 << 32))
    report = SENDER_REPORT.pack(
        _VERSION,
        _REPORT_TYPE,
        6,
        0,
        (whole + _NTP_EPOCH) & 0xFFFFFFFF,
        fraction,
        timestamp & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    return report + _SDES


def video_payloads(access_unit: bytes) -> tuple[bytes, ...]:
    """Cut an Annex B picture into single NAL units and FU-A fragments (15.2)."""
    payloads: list[bytes] = []
    for nal in _START_CODE.split(access_unit):
        if nal and nal[0] & 0x1F not in _DROPPED_NALS:
            payloads += [nal] if len(nal) <= MAX_PAYLOAD else _fragments(nal)
    return tuple(payloads)


def _fragments(nal: bytes) -> list[bytes]:
    indicator, kind = nal[0] & 0xE0 | _FU_A, nal[0] & 0x1F
    size = MAX_PAYLOAD - 2
    pieces = [nal[at : at + size] for at in range(1, len(nal), size)]
    last = len(pieces) - 1
    return [
        bytes((indicator, kind | (0x80 if at == 0 else 0) | (0x40 if at == last else 0))) + piece
        for at, piece in enumerate(pieces)
    ]


def audio_payload(frame: bytes) -> bytes:
    """Give an AAC frame with its AU-headers-length and AU header (15.4, sizeLength 13)."""
    return struct.pack(">HH", 16, len(frame) << 3) + frame
