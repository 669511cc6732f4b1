"""Frames of the MO protocol (no I/O): a header of 23 bytes, then a text of the length it names.

Bytes may be fed, or received without a copy: `get_buffer` and `buffer_updated` are what
asyncio.BufferedProtocol wants. A text too large for the small reused buffer is received straight
into a buffer of its own, which then is the picture's memory. That buffer is a little longer than
the text, so that one system call brings the rest of a picture, the sound after it and the header
of the next picture.
"""

from collections import deque
from collections.abc import Buffer
from dataclasses import dataclass, field
from enum import Enum
import struct
from typing import Final

from ..errors import ProtocolError, Reason

HEADER: Final = struct.Struct("<4sHB8sII")
"""Magic, operation code, reserved, reserved, text length, reserved (Command Format)."""
MAX_OPERATION_TEXT: Final = 4 * 1024
"""Bytes; the longest known text of an operation command has 62."""
MAX_DATA_TEXT: Final = 4 * 1024 * 1024
"""Bytes; pictures have 20 to 45 kB (facts)."""

_SMALL: Final = 4 * 1024
"""Bytes of the reused buffer: what of a large text comes along with its header is copied."""
_SLACK: Final = 512
"""Bytes behind a large text: two packets of sound and a header."""
_COUNT_32: Final = 0xFFFFFFFF


class Channel(Enum):
    """Which protocol a frame belongs to, by its magic (Command Format; MO_I: facts)."""

    OPERATION = b"MO_O"
    DATA = b"MO_V"
    SEARCH = b"MO_I"


@dataclass(frozen=True, slots=True)
class Frame:
    """One command: its code, an INT16 in full, and its text."""

    code: int
    text: memoryview = field(repr=False)
    """Read-only, and the frame's own: nothing will write to its memory any more."""


def encode_frame(channel: Channel, code: int, text: bytes = b"") -> bytes:
    """Return a frame, everything reserved 0."""
    return HEADER.pack(channel.value, code, 0, b"", len(text), 0) + text


def wrapped(count: int) -> int:
    """Return a count as an INT32 holds it: it starts again at 0."""
    return count & _COUNT_32


class FrameDecoder:
    """Bytes in, frames out; everything that is reserved is ignored (facts)."""

    def __init__(self, channel: Channel, *, max_text: int) -> None:
        """Expect frames of `channel` with texts of at most `max_text` bytes."""
        self._magic = channel.value
        self._max_text = max_text
        self._frames: deque[Frame] = deque()
        self._error: ProtocolError | None = None
        self._small = memoryview(bytearray(_SMALL))
        self._small_end = 0
        self._code = 0
        self._large = memoryview(b"")
        """The text being received, and the slack behind it; empty while there is none."""
        self._large_end = 0
        self._large_length = 0

    def feed(self, data: Buffer) -> None:
        """Take bytes from anywhere; `next_frame` gives what they make."""
        rest = memoryview(data).cast("B")
        while rest:
            space = self.get_buffer(-1)
            count = min(len(space), len(rest))
            space[:count] = rest[:count]
            self.buffer_updated(count)
            rest = rest[count:]

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to put the next bytes, at least one; good until `buffer_updated`."""
        if self._large:
            return self._large[self._large_end :]
        return self._small[self._small_end :]

    def buffer_updated(self, count: int) -> None:
        """Take the `count` bytes that were put into the buffer."""
        if self._error is not None:
            return
        if not self._large:
            self._small_end += count
        else:
            self._large_end += count
            if (over := self._large_end - self._large_length) < 0:
                return
            large, length = self._large.toreadonly(), self._large_length
            self._frames.append(Frame(self._code, large[:length]))
            self._small[:over] = large[length : self._large_end]
            self._small_end = over
            self._large = memoryview(b"")
        try:
            self._cut()
        except ProtocolError as err:
            self._error = err

    def next_frame(self) -> Frame | None:
        """Return the next whole frame, None until more bytes come. ProtocolError: hang up."""
        if self._frames:
            return self._frames.popleft()
        if self._error is not None:
            raise self._error
        return None

    def _cut(self) -> None:
        """Cut frames from the small buffer, and see to what is left in it."""
        small, end, at = self._small, self._small_end, 0
        while end - at >= HEADER.size:
            magic, code, _, _, length, _ = HEADER.unpack_from(small, at)
            self._check_magic(magic)
            if length > self._max_text:
                raise ProtocolError(Reason.TOO_LARGE)
            begin = at + HEADER.size
            if end - begin >= length:
                at = begin + length
                self._frames.append(Frame(code, memoryview(bytes(small[begin:at]))))
            elif HEADER.size + length <= _SMALL:
                break
            else:
                self._code = code
                self._large = memoryview(bytearray(length + _SLACK))
                self._large_length, self._large_end = length, end - begin
                self._large[: self._large_end] = small[begin:end]
                self._small_end = 0
                return
        if at:
            small[: end - at] = small[at:end]
            self._small_end = end - at
        # Whoever speaks something else may say less than a header and then wait for ever.
        self._check_magic(bytes(small[: min(self._small_end, len(self._magic))]))

    def _check_magic(self, start: bytes) -> None:
        if not self._magic.startswith(start):
            raise ProtocolError(Reason.NOT_A_CAMERA)
