"""How much may be kept, and what has to go for something new: decisions only, on no disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .shelf import BEFORE, Received, Shelf
from .tree import FullError

_MIB: Final = 1024 * 1024
SECOND: Final = 10**9
"""Nanoseconds."""
DAY: Final = 86_400 * SECOND
THIS_YEAR: Final = 1_767_225_600 * SECOND
"""2026 began: a clock that is before it has not been set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be kept. What is too much goes, the oldest first."""

    account_bytes: int = 10 * 1024 * _MIB
    account_files: int = 5000
    account_folders: int = 2000
    all_bytes: int = 50 * 1024 * _MIB
    file_bytes: int = 4 * 1024 * _MIB
    free_bytes: int = 1024 * _MIB
    """What the disk must have left."""
    days: float = 30
    young: float = 600
    """Seconds for which a file stays whatever else comes: a flood cannot wash it away."""
    uploads: int = 4
    """Of one account at a time."""
    all_uploads: int = 16


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, by two clocks."""

    time: int
    """Nanoseconds since 1970, as far as somebody has set the clock."""
    steady: float
    """Seconds of a clock that nobody sets."""

    def agrees(self, before: Moment) -> bool:
        """Return whether nobody set the clock by a day or more since."""
        return abs(self.time - before.time - (self.steady - before.steady) * SECOND) < DAY

    def time_of(self, file: Received) -> int:
        """Return when a file came: as it says, unless it knows better than the clock then."""
        if file.came == BEFORE or self.time < THIS_YEAR:
            return file.time
        due = self.time - int((self.steady - file.came) * SECOND)
        return due if abs(due - file.time) > DAY else file.time


def too_old(shelf: Shelf, limits: Limits, now: Moment) -> list[Received]:
    """Return the files whose time is over, by both clocks."""
    if now.time < THIS_YEAR:
        return []
    last, came = now.time - int(limits.days * DAY), now.steady - limits.days * 86_400
    return [file for file in shelf if file.time < last and file.came < came]


def young(shelf: Shelf, limits: Limits, now: Moment) -> int:
    """Return the bytes of what stays whatever else comes."""
    return sum(file.size for file in shelf if file.came > now.steady - limits.young)


def too_much(
    shelves: Mapping[str, Shelf], account: str, size: int, limits: Limits, now: Moment
) -> list[Received]:
    """Return what has to go for a new file of an account; `size` 0: for none.

    Raises FullError where all of that is young, so that none goes.
    """
    shelf = shelves[account]
    fit = _Fit(limits, now)
    fit.free(
        shelf,
        size=shelf.size + size - limits.account_bytes,
        count=len(shelf) + (size > 0) - limits.account_files,
    )
    freed = sum(file.size for file in fit.gone)
    # The one who has the most pays, so that none can wash the others' away.
    most = max(shelves.values(), key=lambda one: one.size)
    fit.free(
        most,
        size=sum(one.size for one in shelves.values()) + size - freed - limits.all_bytes,
        count=0,
    )
    if size and fit.short:
        raise FullError
    return fit.gone


class _Fit:
    """Collects what goes."""

    def __init__(self, limits: Limits, now: Moment) -> None:
        self.gone: list[Received] = []
        self.short = False
        self._now = now
        self._young = now.steady - limits.young

    def free(self, shelf: Shelf, *, size: int, count: int) -> None:
        """Take the oldest of a shelf until there are `size` bytes and `count` files less."""
        if size <= 0 and count <= 0:
            return
        taken = {(file.account, file.parts) for file in self.gone}
        for file in shelf.oldest(self._now.time):
            if size <= 0 and count <= 0:
                break
            if file.came <= self._young and (file.account, file.parts) not in taken:
                self.gone.append(file)
                size, count = size - file.size, count - 1
        self.short = self.short or size > 0 or count > 0
