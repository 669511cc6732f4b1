"""What the numbers in keys stand for, and which thing of one camera is which of another's (no I/O).

Keys such as `encoder_1_resolution` have numbers that a camera's things got one after the other. A
thing may have another number in a camera that was added later, or that is another one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .backup import THINGS, Item, Sections
from .keeping import SETTINGS, Shelf

_NUMBERS: Final = "0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One of a list of a camera, as a document tells it apart from the others."""

    token: str = ""
    name: str = ""
    """What people call it; empty for what has no name."""
    looks: str = ""
    """What else is likely to be the same after a restart."""
    size: int = 0
    """Pixels of its pictures: the large one is the main one, whatever it is called."""
    place: int = 0
    """In the camera's list."""

    def as_item(self) -> Item:
        """Return it as a document has it."""
        return {
            "token": self.token,
            "name": self.name,
            "looks": self.looks,
            "size": self.size,
            "place": self.place,
        }

    @classmethod
    def read(cls, item: Item) -> Thing:
        """Return what a document has; what is odd counts as not told."""
        told = item if isinstance(item, Mapping) else {}

        def text(key: str) -> str:
            return value if isinstance(value := told.get(key), str) else ""

        def number(key: str) -> int:
            value = told.get(key)
            return value if isinstance(value, int) and not isinstance(value, bool) else 0

        return cls(
            token=text("token"),
            name=text("name"),
            looks=text("looks"),
            size=number("size"),
            place=number("place"),
        )


type _Trait = Callable[[Thing], tuple[str, ...] | None]

_TRAITS: Final[Sequence[_Trait]] = (
    lambda one: (one.token, one.name, one.looks),
    lambda one: (one.name,) if one.name else None,
    lambda one: (one.token, one.name) if one.name else None,
)
"""By what a thing is known again, the surest first; None: not by that.

Not by its looks alone: the sub stream of one camera may look like the main stream of another.
"""


def pairs(theirs: Mapping[str, Item], ours: Mapping[str, Item]) -> dict[str, str]:
    """Return which thing of a camera (value) is which of a document (key).

    Both are sections with things by `prefix_number`. What is known by nothing goes by size, then by
    its place in the list; never by its number.
    """
    found: dict[str, str] = {}
    for prefix in dict.fromkeys(map(_prefix, theirs)):
        old = {key: Thing.read(item) for key, item in theirs.items() if _prefix(key) == prefix}
        new = {key: Thing.read(item) for key, item in ours.items() if _prefix(key) == prefix}
        for trait in _TRAITS:
            before, after = _unique(old, trait), _unique(new, trait)
            for what in before.keys() & after.keys():
                found[before[what]] = after[what]
                del old[before[what]], new[after[what]]
        found.update(zip(_ranked(old), _ranked(new), strict=False))
    return found


def _prefix(key: str) -> str:
    return key.rstrip(_NUMBERS)


def _unique(things: Mapping[str, Thing], trait: _Trait) -> dict[tuple[str, ...], str]:
    """Return keys by what no two things have in common."""
    keys: dict[tuple[str, ...], list[str]] = {}
    for key, thing in things.items():
        if (what := trait(thing)) is not None:
            keys.setdefault(what, []).append(key)
    return {what: alike[0] for what, alike in keys.items() if len(alike) == 1}


def _ranked(things: Mapping[str, Thing]) -> list[str]:
    return sorted(things, key=lambda key: (-things[key].size, things[key].place))


class Renaming:
    """Says what a document calls the settings of a camera."""

    def __init__(self, theirs: Mapping[str, Item], ours: Mapping[str, Item]) -> None:
        """Have a document's section of things, and the camera's own."""
        self._prefixes = frozenset(map(_prefix, (*theirs, *ours)))
        self._theirs = {new: old for old, new in pairs(theirs, ours).items()}

    def key(self, key: str) -> str | None:
        """Return the document's key for one of the camera; None: the document has no such thing."""
        words = key.split("_")
        for count in range(1, len(words)):
            if words[count].isdecimal() and f"{'_'.join(words[:count])}_" in self._prefixes:
                thing = self._theirs.get("_".join(words[: count + 1]))
                return None if thing is None else "_".join((thing, *words[count + 1 :]))
        return key

    def path(self, path: str) -> str | None:
        """Return the same for a path."""
        section, _, key = path.partition(".")
        if section != SETTINGS:
            return path
        return None if (found := self.key(key)) is None else f"{SETTINGS}.{found}"


class RenamedShelf:
    """A shelf whose paths are those of a document."""

    def __init__(self, shelf: Shelf, renaming: Callable[[], Renaming]) -> None:
        """Have what is on `shelf`; `renaming` is asked once it was read."""
        self._shelf = shelf
        self._make = renaming
        self._renaming: Renaming | None = None

    def now(self) -> Mapping[str, Item]:
        """Return what is known that the document can have."""
        return {path: item for path, (_, item) in self._found().items()}

    async def look(self) -> None:
        """Read them all. CameraError."""
        await self._shelf.look()
        if self._renaming is None:  # once: what is written changes what things look like
            self._renaming = self._make()

    async def write(self, path: str, item: Item) -> None:
        """Set one and read it back. CameraError."""
        found = self._found().get(path)
        await self._shelf.write(path if found is None else found[0], item)

    def _found(self) -> dict[str, tuple[str, Item]]:
        if (renaming := self._renaming) is None:
            return {}
        return {
            named: (path, item)
            for path, item in self._shelf.now().items()
            if (named := renaming.path(path)) is not None
        }


def renamed(sections: Sections, theirs: Sections) -> Sections:
    """Return the settings of a camera with the keys that another document has for them."""
    renaming = Renaming(theirs.get(THINGS, {}), sections.get(THINGS, {}))
    return {
        name: {
            named: item
            for key, item in items.items()
            if (named := renaming.key(key) if name == SETTINGS else key) is not None
        }
        for name, items in sections.items()
    }
