"""Cuts JPEG pictures out of bytes, whatever is wrapped around them (no I/O).

Cameras lie about multipart boundaries and about lengths, so neither is read: a picture is followed
by its own markers (ITU-T T.81, annex B), from SOI over the segments to SOS, then to EOI. Bytes
between pictures are skipped, a picture that breaks off is dropped when the next one starts.
"""

from typing import Literal

from ..errors import ProtocolError, Reason

MAX_PICTURE = 8 * 1024 * 1024
"""Bytes; the largest still of the families' specifications stays below 2 MiB."""
MAX_GAP = 64 * 1024
"""Bytes without the start of a picture before the peer is taken for something else."""

_SOI = b"\xff\xd8\xff"
_EOI = b"\xff\xd9"
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
        while True:
            if not self._in_picture and not self._find_start():
                return None
            if not self._in_scan and not self._walk_segments():
                if self._in_picture:
                    break
                continue  # what looked like a picture was none
            if (picture := self._find_end()) is not None:
                return picture
            if self._in_picture:
                break
        if len(self._buffer) > self._max_picture:
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
        self._in_picture, self._in_scan, self._at = True, False, 2
        return True

    def _walk_segments(self) -> bool:
        """Step over the segments up to SOS; False: more bytes wanted, or no picture after all."""
        buffer = self._buffer
        while self._at + 4 <= len(buffer):
            if buffer[self._at] != _MARKER:
                return self._no_picture()
            marker = buffer[self._at + 1]
            if marker == _MARKER:  # fill byte
                self._at += 1
            elif marker in _STANDALONE:
                self._at += 2
            else:
                length = int.from_bytes(buffer[self._at + 2 : self._at + 4])
                if length < 2 or marker in _IMPOSSIBLE:
                    return self._no_picture()
                self._at += 2 + length
                if marker == _SOS:
                    self._in_scan = True
                    return True
        return False

    def _no_picture(self) -> Literal[False]:
        """Count what looked like a picture among the bytes between pictures."""
        self._skipped += self._at
        self._drop(self._at)
        return False

    def _find_end(self) -> bytes | None:
        """Return the picture once its EOI is there; drop it when another starts before."""
        end = self._buffer.find(_EOI, self._at)
        # Up to and with the first byte of the EOI, which may be the last of a start.
        limit = len(self._buffer) if end < 0 else end + 1
        if (start := self._buffer.find(_SOI, self._at, limit)) >= 0:
            self._drop(start)
            return None
        if end < 0:
            # The last two bytes may be the beginning of a marker.
            self._at = max(self._at, len(self._buffer) - 2)
            return None
        if end + 2 > self._max_picture:
            raise ProtocolError(Reason.TOO_LARGE)
        picture = bytes(memoryview(self._buffer)[: end + 2])
        self._drop(end + 2)
        self._skipped = 0
        return picture

    def _drop(self, count: int) -> None:
        """Forget the first `count` bytes and look for a new start."""
        del self._buffer[:count]
        self._in_picture = self._in_scan = False


def only_picture(body: bytes) -> bytes:
    """Return the picture in `body`. ProtocolError when there is no whole one."""
    decoder = PictureDecoder()
    decoder.feed(body)
    if (picture := decoder.next_picture()) is None:
        raise ProtocolError(Reason.UNEXPECTED_REPLY, "no picture")
    return picture
