"""Whether bytes are a clip, and all of one: MP4 boxes, packets of AVCHD (no I/O)."""

import struct
from typing import Final, Protocol, override

from ..clips import ClipFormat
from ..errors import ConnectError, ProtocolError, Reason

HEAD: Final = 197
"""Bytes by which a clip is known."""
MAX_BOXES: Final = 100_000
"""Of an MP4 at the top level; recorders write about four."""

_FIRST: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid"})
"""What an MP4 may begin with."""
_INDEX: Final = b"moov"
_BOX: Final = struct.Struct(">I4s")
_LARGE_BOX: Final = struct.Struct(">I4sQ")
_SYNC: Final = 0x47
_PACKETS: Final = {188: 0, 192: 4}
"""Length of a packet, and where in it the sync byte is; AVCHD has a time code before each."""


class Content:
    """A clip from its first byte on."""

    def __init__(self, kind: ClipFormat, name: str) -> None:
        """Take nothing but this kind; errors have the name of the request."""
        self._kind = kind
        self._name = name
        self._head = bytearray()
        self._end: _End | None = None

    def feed(self, data: bytes) -> bytes:
        """Return what may go on: nothing until it is known to be a clip. ProtocolError for none."""
        if self._end is None:
            self._head += data
            if len(self._head) < HEAD:
                return b""
            data = self._begin()
        elif data:
            self._end.feed(data)
        return data

    def rest(self) -> bytes:
        """Return what was kept back, at the end. ProtocolError for what is no clip."""
        return self._begin() if self._head else b""

    def check_whole(self) -> None:
        """Raise ConnectError(CUT) when that was not its end, as far as its shape tells."""
        if self._end is None or not self._end.is_reached:
            raise ConnectError(Reason.CUT, self._name)

    def _begin(self) -> bytes:
        head = bytes(self._head)
        self._head.clear()
        self._end = _end_of(head, self._kind)
        if self._end is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, self._name)
        self._end.feed(head)
        return head


def _end_of(head: bytes, kind: ClipFormat) -> _End | None:
    """Return how the end of what begins like this is told, or None when it is no clip."""
    if kind is ClipFormat.MP4:
        return _Boxes() if head[4:8] in _FIRST else None
    for length, sync in _PACKETS.items():
        if len(head) > length + sync and head[sync] == head[length + sync] == _SYNC:
            return _Packets(length)
    return None


class _End(Protocol):
    """Tells whether what came so far may be all."""

    @property
    def is_reached(self) -> bool: ...

    def feed(self, data: bytes) -> None: ...


class _Packets(_End):
    """A whole number of packets."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._seen = 0

    @property
    @override
    def is_reached(self) -> bool:
        return self._seen % self._length == 0

    @override
    def feed(self, data: bytes) -> None:
        self._seen += len(data)


class _Boxes(_End):
    """Whole boxes (ISO/IEC 14496-12), the index among them: recorders write it at the end."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._wanted = _BOX.size
        self._left: int | None = 0
        """Bytes of the box that are still to come; None: it is the last one, however long."""
        self._count = 0
        self._has_index = False
        self._is_lost = False

    @property
    @override
    def is_reached(self) -> bool:
        return self._has_index and not self._is_lost and not self._left and not self._head

    @override
    def feed(self, data: bytes) -> None:
        at = 0
        while at < len(data) and self._left is not None:
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
            else:
                step = min(self._wanted - len(self._head), len(data) - at)
                self._head += data[at : at + step]
                if len(self._head) == self._wanted:
                    self._begin()
            at += step

    def _begin(self) -> None:
        """Take the head of a box."""
        size, kind = _BOX.unpack_from(self._head)
        if size == 1:
            if self._wanted == _BOX.size:
                self._wanted = _LARGE_BOX.size
                return
            *_, size = _LARGE_BOX.unpack_from(self._head)
        self._count += 1
        self._has_index |= kind == _INDEX
        self._is_lost = self._count > MAX_BOXES or 0 < size < self._wanted
        # A size of 0 is said of a last one that goes on to the end of the file.
        self._left = None if self._is_lost or not size else size - self._wanted
        self._head.clear()
        self._wanted = _BOX.size
