"""Numbers of things that a device lists under tokens: a thing keeps its own while it is there.

Keys are made of them, so they must last over restarts of either side and over what becomes of the
other things in the list. Some devices give all tokens anew at each restart, some close the gap
that a deleted thing leaves: what a thing looks like says more than its token then.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import Final

from ..backup import Item
from ..memory import Memory
from ..things import Thing as Told

_DIGEST: Final = 8
"""Bytes; what is kept of a word must not be as long as the device likes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One of a list, as it is told apart from the others."""

    token: str
    name: str = ""
    """What people call it; empty for what has no name."""
    looks: tuple[object, ...] = ()
    """What else is likely to be the same after a restart."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is kept of a thing."""

    token: str
    name: str
    looks: str
    """With the name."""
    gone: bool = False

    @classmethod
    def of(cls, thing: Thing) -> _Known:
        return cls(
            _digest(thing.token),
            _digest(thing.name) if thing.name else "",
            _digest((thing.name, *thing.looks)),
        )


type _Same = Callable[[_Known, _Known], bool]


class Numbering:
    """The numbers of one list."""

    def __init__(self, memory: Memory, key: str, limit: int) -> None:
        """Have numbers below `limit`, kept in `memory` under `key`."""
        self._memory = memory
        self._key = key
        self._limit = limit
        self._known = _read(memory.get(key), limit)
        """By number; what has been gone the longest comes first."""
        self._told = False
        self._listed: tuple[tuple[int | None, Thing], ...] = ()

    def things(self, prefix: str) -> dict[str, Item]:
        """Return what a document says of each thing of the list, by `prefix` and number."""
        return {
            f"{prefix}_{number}": Told(
                token=_digest(thing.token),
                name=thing.name,
                looks=" ".join(map(str, thing.looks)),
                size=_size(thing.looks),
                place=place,
            ).as_item()
            for place, (number, thing) in enumerate(self._listed)
            if number is not None
        }

    @property
    def gone(self) -> frozenset[int]:
        """Return the numbers of what is there no longer; none before the device told its list."""
        if not self._told:
            return frozenset()
        return frozenset(number for number, known in self._known.items() if known.gone)

    def take(self, things: Sequence[Thing], held: Collection[int] = ()) -> list[int | None]:
        """Return the number of each thing of the device's whole list; None when there is no room.

        Numbers that are `held` belong to what is not in the list and is not gone either.
        """
        found = [_Known.of(thing) for thing in things]
        listed = {one.token for one in found}
        free = {
            number: known for number, known in sorted(self._known.items()) if number not in held
        }
        numbers: dict[int, int] = {}
        rules: tuple[_Same, ...] = (
            lambda old, new: old.token == new.token and old.looks == new.looks,
            lambda old, new: old.token not in listed and old.looks == new.looks,
            lambda old, new: old.token == new.token and not old.gone,
            lambda old, new: old.token not in listed and old.name == new.name != "",
        )
        for same in rules:
            for place, new in enumerate(found):
                if place in numbers:
                    continue
                number = next((number for number, old in free.items() if same(old, new)), None)
                if number is not None:
                    numbers[place] = number
                    del free[number]
        unused = [
            number
            for number in range(self._limit)
            if number not in self._known and number not in held
        ]
        # Then those of what has been gone the longest.
        unused += [number for number, known in self._known.items() if number in free and known.gone]
        unused += [number for number in free if not self._known[number].gone]
        for place in range(len(found)):
            if place not in numbers and unused:
                numbers[place] = unused.pop(0)
        self._keep({number: found[place] for place, number in numbers.items()}, held)
        taken = [numbers.get(place) for place in range(len(found))]
        self._listed = tuple(zip(taken, things, strict=True))
        return taken

    def give(self, number: int, thing: Thing) -> None:
        """Have a thing that was held under a number be listed as `thing` from now on."""
        self._known[number] = _Known.of(thing)
        self._write()

    def _keep(self, present: dict[int, _Known], held: Collection[int]) -> None:
        absent = {number: old for number, old in self._known.items() if number not in present}
        before = {number: old for number, old in absent.items() if old.gone and number not in held}
        lately = {
            number: replace(old, gone=True)
            for number, old in absent.items()
            if not old.gone and number not in held
        }
        # Its token may be another thing's by now.
        waiting = {number: _Known("", "", "") for number in sorted(held)}
        self._known = {**before, **lately, **waiting, **dict(sorted(present.items()))}
        self._told = True
        self._write()

    def _write(self) -> None:
        self._memory.put(
            self._key,
            [
                [number, known.token, known.name, known.looks, known.gone]
                for number, known in self._known.items()
            ],
        )


def _digest(value: object) -> str:
    return blake2s(repr(value).encode(), digest_size=_DIGEST).hexdigest()


def _size(looks: tuple[object, ...]) -> int:
    """Return how many pixels the numbers of `looks` make; 0 without any."""
    sides = [int(side) for side in looks if isinstance(side, int | float) and side == side // 1]
    return sides[0] * sides[1] if len(sides) > 1 else 0


def _read(kept: object, limit: int) -> dict[int, _Known]:
    """Return what is known; what cannot be ours is left out."""
    found: dict[int, _Known] = {}
    for row in kept if isinstance(kept, list) else ():
        match row:
            case [int() as number, str() as token, str() as name, str() as looks, bool() as gone]:
                if 0 <= number < limit and not isinstance(number, bool):
                    found[number] = _Known(token, name, looks, gone)
    return found
