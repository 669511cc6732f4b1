"""RTP packets (RFC 3550, 5.1), out and in (no I/O)."""

from dataclasses import dataclass
import secrets
from struct import Struct
from typing import Final

_HEAD: Final = Struct(">BBHII")
"""Version and flags, marker and payload type, sequence, time stamp, source."""
_VERSION: Final = 2
_RECEIVER_REPORT: Final = Struct(">BBHI")


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpPacket:
    """One packet, its header extension left out."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    payload: bytes


def read_rtp(data: bytes) -> RtpPacket | None:
    """Return a packet, or None for what is none."""
    if len(data) < _HEAD.size:
        return None
    flags, kind, sequence, timestamp, _ = _HEAD.unpack_from(data)
    if flags >> 6 != _VERSION:
        return None
    begin = _HEAD.size + 4 * (flags & 0x0F)
    if flags & 0x10:
        begin += 4 + 4 * int.from_bytes(data[begin + 2 : begin + 4])
    end = len(data) - (data[-1] if flags & 0x20 else 0)
    if begin > end:
        return None
    return RtpPacket(
        payload_type=kind & 0x7F,
        marker=bool(kind & 0x80),
        sequence=sequence,
        timestamp=timestamp,
        payload=data[begin:end],
    )


def receiver_report(source: int) -> bytes:
    """Return the RTCP of one who listens and reports nothing (RFC 3550, 6.4.2, 6.5).

    It is a sign of life to the camera.
    """
    name = b"panacam"
    chunk = source.to_bytes(4) + bytes([1, len(name)]) + name
    chunk += bytes(4 - len(chunk) % 4)
    report = _RECEIVER_REPORT.pack(_VERSION << 6, 201, 1, source)
    return report + bytes([_VERSION << 6 | 1, 202]) + (len(chunk) // 4).to_bytes(2) + chunk


class RtpSender:
    """Numbers the packets of one source, which begins anywhere (RFC 3550, 5.1)."""

    def __init__(self, payload_type: int) -> None:
        """Send packets of a payload type."""
        self._payload_type = payload_type
        self._sequence = secrets.randbits(16)
        self._base = secrets.randbits(32)
        self._source = secrets.randbits(32)

    def packet(self, payload: bytes, ticks: int, *, marker: bool) -> bytes:
        """Return the next packet, `ticks` after the first one."""
        head = _HEAD.pack(
            _VERSION << 6,
            marker << 7 | self._payload_type,
            self._sequence,
            (self._base + ticks) & 0xFFFF_FFFF,
            self._source,
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        return head + payload
