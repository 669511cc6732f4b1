"""Boxes of MP4 (ISO/IEC 14496-12): where they are, and the length of a film in its index."""

from collections.abc import Iterator
from dataclasses import dataclass
import struct
from typing import Final

_HEAD: Final = struct.Struct(">I4s")
_LARGE: Final = struct.Struct(">Q")
_NUMBER: Final = struct.Struct(">I")
_SCALE: Final = 12
_LENGTH: Final = 16
"""Where `mvhd` and `mdhd` of version 0 have them."""
_TRACK_LENGTH: Final = 20
"""Where `tkhd` of version 0 has it."""
MAX_INDEX: Final = 1024 * 1024
"""Bytes of a film's index that has no samples in it; a fragmented one has not."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box by its place."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes | bytearray, start: int = 0, stop: int | None = None) -> Iterator[Box]:
    """Yield the boxes one after the other, the last one even if it goes on behind `stop`."""
    stop = len(data) if stop is None else stop
    while start + _HEAD.size <= stop:
        size, kind = _HEAD.unpack_from(data, start)
        body = start + _HEAD.size
        if size == 1:
            if body + _LARGE.size > stop:
                return
            (size,) = _LARGE.unpack_from(data, body)
            body += _LARGE.size
        if size < body - start:
            return
        yield Box(kind, start, body, start + size)
        start += size


class LengthSetter:
    """Writes how long the film is into its index, which was begun before anybody knew."""

    def __init__(self, seconds: float) -> None:
        """Say so many seconds."""
        self._seconds = seconds
        self._head: bytearray | None = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Return what may go on: nothing until the index is whole."""
        if self._head is None:
            return data
        self._head += data
        found = [box for box in boxes(self._head) if box.kind == b"moov"]
        if found and found[0].end <= len(self._head):
            whole = bytes(_with_length(self._head, found[0], self._seconds))
        elif len(self._head) > MAX_INDEX:
            whole = bytes(self._head)
        else:
            return b""
        self._head = None
        return whole

    def rest(self) -> bytes:
        """Return what was kept back, at the end."""
        whole = bytes(self._head or b"")
        self._head = None
        return whole


def _with_length(data: bytearray, moov: Box, seconds: float) -> bytearray:
    """Return the film with its length wherever players look for it.

    That is in the heads of film, tracks and media, and, for a film in fragments, in `mehd`.
    """
    parts = {box.kind: box for box in boxes(data, moov.body, moov.end)}
    head, extends = parts.get(b"mvhd"), parts.get(b"mvex")
    if head is None or extends is None or data[head.body]:
        return data
    (scale,) = _NUMBER.unpack_from(data, head.body + _SCALE)
    length = _set_length(data, head.body + _LENGTH, seconds, scale)
    for track in boxes(data, moov.body, moov.end):
        for box in boxes(data, track.body, track.end) if track.kind == b"trak" else ():
            if box.kind == b"tkhd" and not data[box.body]:
                _set_length(data, box.body + _TRACK_LENGTH, seconds, scale)
            for inner in boxes(data, box.body, box.end) if box.kind == b"mdia" else ():
                if inner.kind == b"mdhd" and not data[inner.body]:
                    (own,) = _NUMBER.unpack_from(data, inner.body + _SCALE)
                    _set_length(data, inner.body + _LENGTH, seconds, own)
    inside = {box.kind for box in boxes(data, extends.body, extends.end)}
    if b"mehd" not in inside:
        extra = struct.pack(">I4sII", 16, b"mehd", 0, length)
        data[extends.body : extends.body] = extra
        for box in (moov, extends):
            _NUMBER.pack_into(data, box.start, box.end - box.start + len(extra))
    return data


def _set_length(data: bytearray, at: int, seconds: float, scale: int) -> int:
    length = min(round(seconds * scale), 0xFFFFFFFF)
    _NUMBER.pack_into(data, at, length)
    return length
