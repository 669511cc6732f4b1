"""The camera's system log (5.11), and which of its lines are new (no I/O)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from hashlib import blake2b
from itertools import pairwise
import re
from typing import Final

from ..text import plain
from .wire import decode_text

MAX_LINES: Final = 300
"""Lines that a camera keeps, as far as it can be asked for them (5.11)."""
MAX_TEXT: Final = 200
"""Characters of one description."""
MAX_CODE: Final = 32
_MAX_RECORD: Final = 2048
"""Bytes of one line that are looked at."""
_MAX_READ: Final = 2 * MAX_LINES
"""Lines of an answer that are looked at."""
_YEN: Final = rb"(?:\xc2\xa5|\xef\xbf\xa5|\xa5|\\)"
"""The sign between two parameters: in UTF-8, narrow and wide, in Latin-1, and in Shift-JIS."""
# A line is cut as bytes: in Shift-JIS, `\` is also the second half of some letters, `$` of none.
_LINE: Final = re.compile(
    rb"(?<!\d)(?P<number>\d{1,9})"
    + _YEN
    + rb"(?P<date>\d{1,2}/\d{1,2}/\d{4} +\d{1,2}:\d{1,2}(?::\d{1,2})?)"
    + _YEN
    + rb"(?P<code>[\x20-\x5b\x5d-\x7e]{0,64}?)"
    + _YEN
    + rb"(?P<text>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the log."""

    number: int
    """As the camera counts: for ever, or from either end."""
    time: datetime | None
    """By the camera's own clock, to the minute; None: no time that can be."""
    code: str
    text: str
    mark: str
    """The same for the same line, whatever its number."""

    def __str__(self) -> str:
        """Return it for people."""
        when = "-" if self.time is None else self.time.isoformat(" ", "minutes")
        return f"{self.number} {when} {self.code} {self.text}"


def parse_log(body: bytes) -> tuple[Line, ...]:
    """Return the lines of an answer in its own order; what is none is left out."""
    records = body.split(b"$", _MAX_READ)[:_MAX_READ]
    found = (_LINE.search(record[:_MAX_RECORD]) for record in records)
    return tuple(_line(match) for match in found if match is not None)


def _line(match: re.Match[bytes]) -> Line:
    mark = blake2b(digest_size=8)
    for part in ("date", "code", "text"):
        mark.update(match[part] + b"\0")
    return Line(
        number=int(match["number"]),
        time=_time(match["date"].decode()),
        code=plain(match["code"].decode(), MAX_CODE) or "",
        text=plain(decode_text(match["text"]), MAX_TEXT) or "",
        mark=mark.hexdigest(),
    )


def _time(text: str) -> datetime | None:
    month, day, year, hour, minute, *_ = map(int, re.split(r"[/ :]+", text))
    try:
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the camera's own
    except ValueError:
        return None


def rises(lines: Iterable[Line]) -> int:
    """Return how many steps from line to line go on in time, less those that go back.

    A log that begins with its oldest line has more of the former, even if its clock was set.
    """
    times = [line.time for line in lines if line.time is not None]
    return sum((after > before) - (after < before) for before, after in pairwise(times))


def grows_at_front(seen: Sequence[str], marks: Sequence[str]) -> bool | None:
    """Return whether new lines came before those that were seen; None: that cannot be told."""
    behind, before = marks[: len(seen)] == seen, marks[len(marks) - len(seen) :] == seen
    return None if behind is before else before


def first_new(seen: Sequence[str], marks: Sequence[str]) -> int:
    """Return from where on the lines of a log are new, given those seen before; oldest first.

    A log grows at its end and loses its beginning when it is full. One that was cleared has nothing
    in common with what was seen, and is new. Numbers tell nothing: they may count from either end,
    and begin again. Times tell little: they are whole minutes, and clocks are set.
    """
    for length in range(min(len(seen), len(marks)), 0, -1):
        if seen[-length:] == marks[:length]:
            return length
    # It begins before what is remembered, or one of its lines has changed.
    matcher = SequenceMatcher(None, seen, marks, autojunk=False)
    match = matcher.find_longest_match()
    return match.b + match.size
