"""The one range of bytes that a player asks for (RFC 9110, 14)."""

from dataclasses import dataclass
import re
from typing import Final

_RANGE: Final = re.compile(r"(?i)\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Bytes from `start` to before `stop`; None: to the end. A negative start counts from there."""

    start: int
    stop: int | None = None

    def of(self, size: int) -> tuple[int, int] | None:
        """Return the range within `size` bytes, or None when there is nothing in it."""
        start = max(0, size + self.start) if self.start < 0 else self.start
        stop = size if self.stop is None else min(self.stop, size)
        return (start, stop) if start < stop else None


def wanted_range(header: str | None) -> Wanted | None:
    """Return the range of a header; None for no header, and for one that is to be ignored."""
    if header is None or (match := _RANGE.fullmatch(header)) is None:
        return None
    first, last = match[1], match[2]
    if first:
        if last and int(last) < int(first):
            return None
        return Wanted(int(first), int(last) + 1 if last else None)
    # The last so many bytes; of none of them there is nothing.
    return Wanted(-int(last), None) if last and int(last) else None
