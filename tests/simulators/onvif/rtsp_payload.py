"""RTP payloads of the codecs that the Panasonic simulator does not have."""

import struct
from typing import Final

from tests.simulators.povcam.rtp import MAX_PAYLOAD

_START: Final = b"\x00\x00\x01"
_FRAGMENT: Final = 49
_NOT_SENT: Final = (35, 39, 40)
"""Delimiters and supplemental information of H.265."""
_BIAS: Final = 0x84
_DQT: Final = 0xDB
_SOF0: Final = 0xC0
_SOS: Final = 0xDA
_TABLE: Final = 64
_IN_BAND: Final = 255


def nal_units(data: bytes) -> list[bytes]:
    """Split an Annex B picture."""
    return [part.rstrip(b"\x00") for part in data.split(_START) if part.strip(b"\x00")]


def h265_payloads(data: bytes) -> tuple[bytes, ...]:
    """Cut an H.265 picture into single NAL units and fragments (RFC 7798, 4.4)."""
    found: list[bytes] = []
    for unit in nal_units(data):
        kind = unit[0] >> 1 & 0x3F
        if kind in _NOT_SENT:
            continue
        if len(unit) <= MAX_PAYLOAD:
            found.append(unit)
            continue
        header = bytes((unit[0] & 0x81 | _FRAGMENT << 1, unit[1]))
        size = MAX_PAYLOAD - 3
        pieces = [unit[at : at + size] for at in range(2, len(unit), size)]
        last = len(pieces) - 1
        for at, piece in enumerate(pieces):
            flags = kind | (0x80 if at == 0 else 0) | (0x40 if at == last else 0)
            found.append(header + bytes((flags,)) + piece)
    return tuple(found)


def jpeg_payloads(data: bytes) -> tuple[bytes, ...]:
    """Cut a baseline 4:2:0 JPEG into RFC 2435 payloads, its tables in the first."""
    tables, size, scan = _parse(data)
    quantizers = struct.pack(">BBH", 0, 0, len(tables)) + tables
    found: list[bytes] = []
    at = 0
    while at < len(scan):
        head = struct.pack(
            ">II", at & 0xFFFFFF, 1 << 24 | _IN_BAND << 16 | size[0] // 8 << 8 | size[1] // 8
        )
        if at == 0:
            head += quantizers
        piece = scan[at : at + MAX_PAYLOAD - len(head)]
        found.append(head + piece)
        at += len(piece)
    return tuple(found)


def _parse(data: bytes) -> tuple[bytes, tuple[int, int], bytes]:
    """Give the two quantization tables, the size and the scan of a JPEG."""
    tables: dict[int, bytes] = {}
    size = (0, 0)
    at = 2
    while True:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        body = data[at + 4 : at + 2 + length]
        if marker == _DQT:
            for place in range(0, len(body), _TABLE + 1):
                tables[body[place] & 0x0F] = body[place + 1 : place + 1 + _TABLE]
        elif marker == _SOF0:
            size = int.from_bytes(body[3:5]), int.from_bytes(body[1:3])
        elif marker == _SOS:
            scan = data[at + 2 + length :].removesuffix(b"\xff\xd9")
            return tables[0] + tables.get(1, tables[0]), size, scan
        at += 2 + length


def pieces(document: bytes) -> tuple[bytes, ...]:
    """Cut a metadata document into payloads (10.2.2)."""
    return tuple(document[at : at + MAX_PAYLOAD] for at in range(0, len(document), MAX_PAYLOAD))


def from_ulaw(data: bytes) -> list[int]:
    """Decode G.711 mu-law to 16 bit samples."""
    return [_ULAW[value] for value in data]


def from_alaw(data: bytes) -> list[int]:
    """Decode G.711 A-law to 16 bit samples."""
    return [_ALAW[value] for value in data]


def to_ulaw(samples: list[int]) -> bytes:
    """Encode 16 bit samples as G.711 mu-law."""
    return bytes(_ulaw(sample) for sample in samples)


def _ulaw(sample: int) -> int:
    size = min(abs(sample), 32635) + _BIAS
    exponent = size.bit_length() - 8
    mantissa = size >> exponent + 3 & 0x0F
    return ~((0x80 if sample < 0 else 0) | exponent << 4 | mantissa) & 0xFF


def _from_ulaw(value: int) -> int:
    value = ~value & 0xFF
    size = (((value & 0x0F) << 3) + _BIAS << (value >> 4 & 7)) - _BIAS
    return -size if value & 0x80 else size


def _from_alaw(value: int) -> int:
    value ^= 0x55
    exponent, size = value >> 4 & 7, ((value & 0x0F) << 4) + 8
    if exponent:
        size = size + 0x100 << exponent - 1
    return size if value & 0x80 else -size


_ULAW: Final = tuple(_from_ulaw(value) for value in range(256))
_ALAW: Final = tuple(_from_alaw(value) for value in range(256))
