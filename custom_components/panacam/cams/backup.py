"""A camera's settings as a document: written, read, compared, and reported on (no I/O)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
import json
import math
from typing import Final

from .errors import Reason

FORMAT: Final = "panacam settings"
VERSION: Final = 1
MAX_BYTES: Final = 512 * 1024
"""Of a document; a camera with 400 settings makes 20 KB."""
MAX_FRAME: Final = 48 * 1024
"""Bytes of a document without its sections, at most."""
MAX_SECTIONS: Final = 32
MAX_ITEMS: Final = 2000
"""Of all sections together."""
MAX_KEY: Final = 128
MAX_TEXT: Final = 1024
MAX_PARTS: Final = 128
"""Values of one list or object within an item."""
MAX_DEPTH: Final = 4
"""Lists and objects within each other, of one item: a mask is an object of a list of points."""

THINGS: Final = "things"
"""The section that tells what the numbers in keys stand for; nothing that can be set."""

type Item = bool | int | float | str | Sequence[Item] | Mapping[str, Item]
"""What one thing is set to; nothing is kept of what is not known."""
type Sections = Mapping[str, Mapping[str, Item]]
"""Items by key, by section."""


class Fault(StrEnum):
    """What is wrong with a document; fit for a translation key."""

    TOO_LARGE = "document_too_large"
    NOT_JSON = "document_not_json"
    NOT_OURS = "document_not_ours"
    NEWER = "document_newer"
    MALFORMED = "document_malformed"


class DocumentError(ValueError):
    """A document that cannot be read; its text never holds anything of the document."""

    def __init__(self, fault: Fault) -> None:
        """Keep what is wrong."""
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """How a camera was set at one time; no password is ever in it."""

    family: str
    camera: str | None = None
    """Unique id of the camera that it was read from; None: nobody's own, such as a template."""
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    name: str | None = None
    saved: datetime
    """With a time zone."""
    sections: Sections

    @property
    def count(self) -> int:
        """Return how many items there are."""
        return sum(len(items) for name, items in self.sections.items() if name != THINGS)

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "family": self.family,
            **{
                key: value[:MAX_TEXT]
                for key in _TEXTS
                if isinstance(value := getattr(self, key), str)
            },
            "saved": self.saved.astimezone(UTC).isoformat(timespec="seconds"),
            "sections": {name: dict(items) for name, items in self.sections.items()},
        }

    def text(self) -> str:
        """Return it as a file has it."""
        return _json(self.as_dict()) + "\n"


_TEXTS: Final = ("camera", "manufacturer", "model", "serial", "firmware", "name")


def parse_document(data: bytes | str) -> Document:
    """Return the document in a file. DocumentError."""
    if len(data) > MAX_BYTES:
        raise DocumentError(Fault.TOO_LARGE)
    try:
        found = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError) as err:  # what is no UTF-8 is a ValueError, too
        raise DocumentError(Fault.NOT_JSON) from err
    return read_document(found)


def read_document(found: object) -> Document:
    """Return the document that JSON made. DocumentError."""
    if not isinstance(found, Mapping) or found.get("format") != FORMAT:
        raise DocumentError(Fault.NOT_OURS)
    version = found.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise DocumentError(Fault.MALFORMED)
    if version > VERSION:
        raise DocumentError(Fault.NEWER)
    family = _text(found.get("family"))
    saved = _text(found.get("saved"))
    texts = {key: _text(found[key]) for key in _TEXTS if found.get(key) is not None}
    try:
        when = datetime.fromisoformat(saved)
    except ValueError as err:
        raise DocumentError(Fault.MALFORMED) from err
    if when.tzinfo is None:
        raise DocumentError(Fault.MALFORMED)
    return Document(
        family=family, saved=when, sections=read_sections(found.get("sections")), **texts
    )


def read_sections(found: object) -> Sections:
    """Return sections that JSON made. DocumentError."""
    if not isinstance(found, Mapping):
        raise DocumentError(Fault.MALFORMED)
    if len(found) > MAX_SECTIONS:
        raise DocumentError(Fault.TOO_LARGE)
    sections: dict[str, Mapping[str, Item]] = {}
    count = 0
    for name, items in found.items():
        if not isinstance(items, Mapping):
            raise DocumentError(Fault.MALFORMED)
        count += len(items)
        if count > MAX_ITEMS:
            raise DocumentError(Fault.TOO_LARGE)
        sections[_key(name)] = {_key(key): _item(value, MAX_DEPTH) for key, value in items.items()}
    return sections


def fit_sections(found: Sections) -> Sections:
    """Return what a document may have of what a camera told: an odd item costs no other one.

    What makes a document longer than it may be when it is read again is an odd item, too.
    """
    sections: dict[str, dict[str, Item]] = {}
    left, room = MAX_ITEMS, MAX_BYTES - MAX_FRAME
    for name, items in list(found.items())[:MAX_SECTIONS]:
        kept: dict[str, Item] = {}
        for key, value in items.items():
            if len(kept) == left:
                break
            try:
                item = _item(value, MAX_DEPTH)
                size = len(_json({"sections": {name: {_key(key): item}}}).encode())
            except DocumentError:
                continue
            if size <= room:
                room -= size
                kept[key] = item
        left -= len(kept)
        sections[name] = kept
    return sections


def _json(found: object) -> str:
    """Return it as a file has it."""
    return json.dumps(found, indent=2, ensure_ascii=False)


def _no_number(_word: str) -> object:
    """Refuse NaN and infinities, which JSON has not."""
    raise ValueError


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise DocumentError(Fault.MALFORMED)
    if len(value) > MAX_TEXT:
        raise DocumentError(Fault.TOO_LARGE)
    try:
        value.encode()
    except UnicodeEncodeError as err:  # half a pair, which no file can have
        raise DocumentError(Fault.MALFORMED) from err
    return value


def _key(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise DocumentError(Fault.MALFORMED)
    if len(value) > MAX_KEY:
        raise DocumentError(Fault.TOO_LARGE)
    return value


def _item(value: object, depth: int) -> Item:
    match value:
        case bool() | str():
            return value if isinstance(value, bool) else _text(value)
        case int() if abs(value) < 1 << 53:
            return value
        case float() if math.isfinite(value):
            return value
        case Mapping() | list():
            if len(value) > MAX_PARTS or depth < 1:
                raise DocumentError(Fault.TOO_LARGE)
            if isinstance(value, Mapping):
                return {_key(key): _item(part, depth - 1) for key, part in value.items()}
            return [_item(part, depth - 1) for part in value]
        case _:
            raise DocumentError(Fault.MALFORMED)


def flat(sections: Sections) -> Iterator[tuple[str, Item]]:
    """Yield all items that can be set by their paths: `section.key`."""
    for name, items in sections.items():
        for key, item in items.items() if name != THINGS else ():
            yield f"{name}.{key}", item


def same(one: Item, other: Item) -> bool:
    """Return whether two items are alike: 30 and 30.0 are, and so are 1 and 0.9999999."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-6)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    if isinstance(one, Sequence) and isinstance(other, Sequence):
        return len(one) == len(other) and all(map(same, one, other, strict=True))
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One item that is not the same in two documents; None: it is not there."""

    section: str
    key: str
    before: Item | None
    after: Item | None


def compare(before: Sections, after: Sections) -> tuple[Difference, ...]:
    """Return what is not the same, in the order of `before`, then what is new."""
    found: list[Difference] = []
    for section in dict.fromkeys((*before, *after)):
        if section == THINGS:
            continue
        old, new = before.get(section, {}), after.get(section, {})
        for key in dict.fromkeys((*old, *new)):
            was, now = old.get(key), new.get(key)
            if was is None or now is None or not same(was, now):
                found.append(Difference(section=section, key=key, before=was, after=now))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of settings that were to be restored; each is in one place, by its path."""

    taken: tuple[str, ...] = ()
    """Written, and found so when it was read back."""
    unchanged: tuple[str, ...] = ()
    """It was so before."""
    refused: Mapping[str, Reason] = field(default_factory=dict)
    """Not so now, and why."""
    absent: tuple[str, ...] = ()
    """The camera has no such thing."""
    spared: tuple[str, ...] = ()
    """Left alone, since only one camera on a network should have it."""
    untried: tuple[str, ...] = ()
    """Not reached before `ended`."""
    ended: Reason | None = None
    """Why it ended early; None: it did not."""

    @property
    def complete(self) -> bool:
        """Return whether the camera is now as the document has it, but for what was spared."""
        return not (self.refused or self.absent or self.untried or self.ended)

    def as_dict(self) -> dict[str, object]:
        """Return it for an answer."""
        return {
            "complete": self.complete,
            "ended": None if self.ended is None else self.ended.value,
            "taken": list(self.taken),
            "unchanged": list(self.unchanged),
            "refused": {path: reason.value for path, reason in self.refused.items()},
            "absent": list(self.absent),
            "spared": list(self.spared),
            "untried": list(self.untried),
        }
