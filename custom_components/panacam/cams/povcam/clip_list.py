"""The list of clips as get_clip_list tells it (10.1), without I/O.

A page is lines of `no,filename,mm/dd/yyyy hh:mm:ss,duration`, then how many they are, how many
there are in all, and the number of the list. What is odd is left out, never an error.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
import re
from typing import Final

from .commands_cards import MAX_MATCHES
from .wire import MAX_LINES

MAX_INDEX: Final = 65_535
"""The highest place in a list (10.1)."""
MAX_LIST_ID: Final = 2_147_483_647
MAX_NAME: Final = 128
"""Characters; those of the specification have 16."""
MAX_LINE: Final = 4096
"""Bytes; a line that is longer is no clip."""

_ROW: Final = re.compile(rb"\s*(\d{1,6})\s*,(.*),([^,]*),([^,]*)", re.DOTALL)
_FIELD: Final = re.compile(rb"\s*(ClipfileALLNum|list_id)\s*=\s*(\d{1,10})\s*", re.IGNORECASE)
_DATE: Final = re.compile(rb"\s*(\d\d)/(\d\d)/(\d{4})\s+(\d\d):(\d\d):(\d\d)\s*")
_LENGTH: Final = re.compile(rb"\s*(\d{1,3}):([0-5]\d):([0-5]\d)\s*")
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Row:
    """One clip of a page."""

    number: int
    """Its place in the list; means something together with the list's number only."""
    name: str
    """Printable, and in UTF-8 the very bytes that the camera sent."""
    began: datetime | None
    length: timedelta | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a list."""

    rows: tuple[Row, ...]
    """As many as were asked for at most; no number and no name twice."""
    total: int | None
    """How many clips the list has; None: the camera does not say."""
    list_id: int | None
    """Which list it is; None: the camera does not say."""


def parse_clip_list(body: bytes, limit: int = MAX_MATCHES) -> Page:
    """Return a page of at most `limit` clips; whatever the body is, it never fails."""
    rows: list[Row] = []
    numbers: set[int] = set()
    names: set[str] = set()
    told: dict[bytes, int] = {}
    for line in body.removeprefix(_MARK).splitlines()[:MAX_LINES]:
        if len(line) > MAX_LINE:
            continue
        if (field := _FIELD.fullmatch(line)) is not None:
            told[field[1].lower()] = int(field[2])
            continue
        row = _row(line) if len(rows) < limit else None
        if row is not None and row.number not in numbers and row.name not in names:
            numbers.add(row.number)
            names.add(row.name)
            rows.append(row)
    total, list_id = told.get(b"clipfileallnum"), told.get(b"list_id")
    return Page(
        rows=tuple(rows),
        total=None if total is None else min(total, MAX_INDEX),
        list_id=list_id if list_id is not None and list_id <= MAX_LIST_ID else None,
    )


def _row(line: bytes) -> Row | None:
    if (found := _ROW.fullmatch(line)) is None:
        return None
    number, name = int(found[1]), _name(found[2])
    if name is None or not 1 <= number <= MAX_INDEX:
        return None
    return Row(number, name, _date(found[3]), _length(found[4]))


def _name(raw: bytes) -> str | None:
    """Return a name that can be sent back; it may look like a path, which it never becomes."""
    try:
        name = raw.strip(b" \t").decode()
    except UnicodeDecodeError:
        return None
    return name if name.isprintable() and 1 <= len(name) <= MAX_NAME else None


def _date(raw: bytes) -> datetime | None:
    if (found := _DATE.fullmatch(raw)) is None:
        return None
    month, day, year, hour, minute, second = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - its own clock
    except ValueError:
        return None


def _length(raw: bytes) -> timedelta | None:
    if (found := _LENGTH.fullmatch(raw)) is None:
        return None
    hours, minutes, seconds = map(int, found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
