"""Whether a film in MP4 (ISO/IEC 14496-12) is all there."""

import os
import struct
from typing import Final

_HEAD: Final = struct.Struct(">I4s")
_LARGE: Final = struct.Struct(">Q")
_FIRST: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"})
MAX_BOXES: Final = 100_000
"""That are looked at: a film of hours in pieces of a second has some ten thousand."""


def is_cut(handle: int, size: int) -> bool:
    """Return whether an open film ends in the middle of a box, or has no index. OSError.

    What does not begin as a film does is none, whatever it is called: then nobody can say.
    """
    at, has_index = 0, False
    for _ in range(MAX_BOXES):
        if at >= size:
            return at > size or not has_index
        head = os.pread(handle, _HEAD.size + _LARGE.size, at)
        if len(head) < _HEAD.size:
            return at > 0
        length, kind = _HEAD.unpack_from(head)
        if not at and kind not in _FIRST:
            return False
        has_index = has_index or kind == b"moov"
        if length == 1:
            if len(head) < _HEAD.size + _LARGE.size:
                return True
            (length,) = _LARGE.unpack_from(head, _HEAD.size)
        elif length == 0:
            length = size - at
        if length < _HEAD.size:
            return not has_index  # rubbish behind a film, which players do not mind
        at += length
    return False
