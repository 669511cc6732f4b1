"""Cuts JPEG pictures out of bytes, whatever is wrapped around them (no I/O).

Cameras lie about multipart boundaries and about lengths, so neither is read: a picture is followed
by its own markers (ITU-T T.81, annex B), from SOI over the segments to SOS, then to EOI. Bytes
between pictures are skipped, a picture that breaks off is dropped when the next one starts.

Every byte is looked at once, and the number of steps between two pictures is bounded: a peer that
sends nothing but beginnings costs no more than one that sends nothing.
"""

import re

from ..errors import ProtocolError, Reason

MAX_PICTURE = 4 * 1024 * 1024
"""Bytes; the largest still of the families' specifications stays below 2 MiB."""
MAX_GAP = 64 * 1024
"""Bytes without the start of a picture before the peer is taken for something else."""
MAX_BROKEN = 32
"""Pictures in a row that begin and come to nothing, with the same conclusion."""
MAX_SEGMENTS = 1000
"""Segments before the scan; a colour profile in pieces has 255 of them."""

_SOI = b"\xff\xd8\xff"
_EOI = b"\xff\xd9"
_END_OR_START = re.compile(rb"\xff(?:\xd9|\xd8\xff)")
_FILL = re.compile(rb"\xff*")
_SOS = 0xDA
_MARKER = 0xFF
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_IMPOSSIBLE = frozenset({0x00, 0xD8, 0xD9})


class PictureDecoder:
    """Bytes in, JPEG pictures out; holds at most one unfinished picture."""

    def __init__(self, *, max_picture: int = MAX_PICTURE, max_gap: int = MAX_GAP) -> None:
        """Bound a picture and the bytes between two of them."""
        self._buffer = bytearray()
        self._max_picture = max_picture
        self._max_gap = max_gap
        self._skipped = 0
        self._broken = 0
        self._segments = 0
        self._at = 0
        """Where the walk goes on: a marker, or inside the scan once `_in_scan`."""
        self._in_picture = False
        self._in_scan = False

    def feed(self, data: bytes) -> None:
        """Store bytes; `next_picture` looks at them."""
        self._buffer += data

    def next_picture(self) -> bytes | None:
        """Return the next whole picture, or None until more bytes come.

        Raises ProtocolError when a picture grows too large or no picture comes at all.
        """
        while self._in_picture or self._find_start():
            walked = self._in_scan or self._walk_segments()
            if walked and (picture := self._find_end()) is not None:
                return picture
            if self._in_picture:
                break  # more bytes wanted
        if self._in_picture and len(self._buffer) > self._max_picture:
            raise ProtocolError(Reason.TOO_LARGE)
        return None

    def _find_start(self) -> bool:
        """Skip to the next SOI."""
        start = self._buffer.find(_SOI)
        skip = start if start >= 0 else max(0, len(self._buffer) - len(_SOI) + 1)
        self._skipped += skip
        del self._buffer[:skip]
        if self._skipped > self._max_gap:
            raise ProtocolError(Reason.UNEXPECTED_REPLY)
        if start < 0:
            return False
        self._in_picture, self._in_scan, self._at, self._segments = True, False, 2, 0
        return True

    def _walk_segments(self) -> bool:
        """Step over the segments up to SOS; False: more bytes wanted, or no picture after all."""
        buffer = self._buffer
        while self._at + 4 <= len(buffer):
            if buffer[self._at] != _MARKER or self._segments > MAX_SEGMENTS:
                self._break_off(self._at)
                return False
            marker = buffer[self._at + 1]
            if marker == _MARKER:
                self._at = self._after_fill()
                continue
            self._segments += 1
            if marker in _STANDALONE:
                self._at += 2
                continue
            length = int.from_bytes(buffer[self._at + 2 : self._at + 4])
            if length < 2 or marker in _IMPOSSIBLE:
                self._break_off(self._at)
                return False
            self._at += 2 + length
            if marker == _SOS:
                self._in_scan = True
                return True
        return False

    def _after_fill(self) -> int:
        """Return where the last of several FF stands: the others are fill bytes."""
        found = _FILL.match(self._buffer, self._at)
        return self._at if found is None else found.end() - 1

    def _find_end(self) -> bytes | None:
        """Return the picture once its EOI is there; drop it when another starts before."""
        found = _END_OR_START.search(self._buffer, self._at)
        if found is None:
            # The last two bytes may be the beginning of a marker.
            self._at = max(self._at, len(self._buffer) - 2)
            return None
        at, what = found.start(), found[0]
        del found  # or the buffer could not shrink
        if what == _SOI:
            self._break_off(at)
            return None
        end = at + len(_EOI)
        if end > self._max_picture:
            raise ProtocolError(Reason.TOO_LARGE)
        picture = bytes(memoryview(self._buffer)[:end])
        self._drop(end)
        self._skipped = self._broken = 0
        return picture

    def _break_off(self, count: int) -> None:
        """Drop what began like a picture and is none, or none any more."""
        self._broken += 1
        if self._broken > MAX_BROKEN:
            raise ProtocolError(Reason.UNEXPECTED_REPLY)
        self._drop(count)

    def _drop(self, count: int) -> None:
        """Forget the first `count` bytes and look for a new start."""
        del self._buffer[:count]
        self._in_picture = self._in_scan = False


def only_picture(body: bytes, *, max_picture: int = MAX_PICTURE) -> bytes:
    """Return the picture in `body`. ProtocolError when there is no whole one."""
    decoder = PictureDecoder(max_picture=max_picture)
    decoder.feed(body)
    if (picture := decoder.next_picture()) is None:
        raise ProtocolError(Reason.UNEXPECTED_REPLY, "no picture")
    return picture
