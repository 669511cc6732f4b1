"""Restoring values that are written one by one, and finding out what became of each."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, Protocol

from .backup import Item, Report, Sections, flat, same
from .errors import BusyError, CameraError, Reason, RefusedError
from .settings import Adjustable, Settings, Toggle, Value

SETTINGS: Final = "settings"
"""The section of what the settings role has."""
PASSES: Final = 3
"""How often a value is tried: what it may be can depend on others."""
SETTLE: Final = 1.0
"""Seconds for a camera to show what it was told."""


class Progress:
    """Makes a report, while the work goes on."""

    def __init__(self, wanted: Mapping[str, Item]) -> None:
        """Begin with nothing done of what is `wanted`, by path."""
        self.wanted: Final = wanted
        self.taken: set[str] = set()
        self.unchanged: set[str] = set()
        self.refused: dict[str, Reason] = {}
        self.absent: set[str] = set()
        self.spared: set[str] = set()
        self.ended: Reason | None = None

    def take(self, path: str) -> None:
        """Note that the camera is so now."""
        self.refused.pop(path, None)
        self.taken.add(path)

    def refuse(self, path: str, reason: Reason) -> None:
        """Note that it is not."""
        self.taken.discard(path)
        self.refused[path] = reason

    def end(self, error: CameraError) -> None:
        """Note that there is nobody to go on with."""
        self.ended = error.reason

    def report(self) -> Report:
        """Return what is known now; what nobody spoke of was not tried."""

        def of(paths: Collection[str]) -> tuple[str, ...]:
            return tuple(path for path in self.wanted if path in paths)

        done = {*self.taken, *self.unchanged, *self.refused, *self.absent, *self.spared}
        return Report(
            taken=of(self.taken),
            unchanged=of(self.unchanged - self.taken),
            refused={path: self.refused[path] for path in of(self.refused)},
            absent=of(self.absent),
            spared=of(self.spared),
            untried=tuple(path for path in self.wanted if path not in done),
            ended=self.ended,
        )


def lost(error: CameraError) -> bool:
    """Return whether nothing more can be expected of a camera after an error."""
    return not isinstance(error, RefusedError | BusyError)


class Shelf(Protocol):
    """Values of a camera that are written one by one."""

    def now(self) -> Mapping[str, Item]:
        """Return what is known of them by path, in the order in which they are best written."""

    async def look(self) -> None:
        """Read them all. CameraError."""

    async def write(self, path: str, item: Item) -> None:
        """Set one and read it back. CameraError."""


async def restore_values(shelf: Shelf, progress: Progress, paths: Collection[str]) -> None:
    """Make those of `paths` so that there are on the shelf; `progress` is told what became of each.

    A value is taken when the camera, asked for it, tells it. Raises CameraError when the camera is
    lost; what was begun then is refused for that reason, the rest is not tried.
    """
    wanted = {path: progress.wanted[path] for path in paths}
    await shelf.look()
    for path, item in shelf.now().items():
        if path in wanted and same(item, wanted[path]):
            progress.unchanged.add(path)
    for _ in range(PASSES):
        left = {
            path: wanted[path]
            for path, item in shelf.now().items()
            if path in wanted and not same(item, wanted[path])
        }
        if not left or not await _write(shelf, progress, left):
            break
    known = shelf.now()
    for path, item in wanted.items():
        if path in known and same(known[path], item):
            # Also what was refused, and came with another one.
            if path not in progress.unchanged:
                progress.take(path)
        elif path in known or path in progress.taken or path in progress.unchanged:
            progress.unchanged.discard(path)
            progress.taken.discard(path)
            progress.refused.setdefault(path, Reason.NOT_TAKEN)
        elif path not in progress.refused:
            progress.absent.add(path)


async def _write(shelf: Shelf, progress: Progress, left: Mapping[str, Item]) -> bool:
    """Write once; return whether anything was taken. CameraError when the camera is lost."""
    before = len(progress.taken)
    agreed: list[str] = []
    for path, item in left.items():
        try:
            await shelf.write(path, item)
        except CameraError as err:
            progress.refuse(path, err.reason)
            if lost(err):
                raise
            continue
        agreed.append(path)
        if _is(shelf, path, item):
            progress.take(path)
        else:
            progress.refuse(path, Reason.NOT_TAKEN)
    if any(path in progress.refused for path in agreed):
        await asyncio.sleep(SETTLE)
    await shelf.look()
    for path in agreed:
        if _is(shelf, path, left[path]):
            progress.take(path)
        else:  # another one of them has changed it
            progress.refuse(path, Reason.NOT_TAKEN)
    return len(progress.taken) > before


def _is(shelf: Shelf, path: str, item: Item) -> bool:
    known = shelf.now().get(path)
    return known is not None and same(known, item)


class SettingsShelf:
    """The settings role as a shelf: what is configuration, and can be read."""

    def __init__(
        self,
        settings: Settings,
        values: Callable[[], Mapping[str, Value | None]],
        look: Callable[[], Awaitable[None]],
        left_out: Callable[[Adjustable], bool] = lambda _row: False,
    ) -> None:
        """Keep `settings`; `values` tells what they are as far as it is known, `look` asks.

        Rows for which `left_out` says yes are none of ours.
        """
        self._settings = settings
        self._values = values
        self._look = look
        self._left_out = left_out

    def now(self) -> Mapping[str, Item]:
        """Return the values that are known."""
        values = self._values()
        return {
            f"{SETTINGS}.{row.key}": value
            for row in self._settings.table
            if row.config
            and not (isinstance(row, Toggle) and row.assumed)
            and not self._left_out(row)
            and (value := values.get(row.key)) is not None
        }

    async def look(self) -> None:
        """Have them read. CameraError."""
        await self._look()

    async def write(self, path: str, item: Item) -> None:
        """Set one. CameraError."""
        if not isinstance(item, bool | int | float | str):
            raise RefusedError(Reason.OUT_OF_RANGE)
        await self._settings.change(path.partition(".")[2], item)


def as_sections(values: Mapping[str, Item]) -> Sections:
    """Return values by path as sections."""
    sections: dict[str, dict[str, Item]] = {}
    for path, item in values.items():
        name, _, key = path.partition(".")
        sections.setdefault(name, {})[key] = item
    return sections


class ShelfKeeper:
    """The keeper of a camera that has but one shelf (the role)."""

    def __init__(self, shelf: Shelf, own: Callable[[str], bool] = lambda _path: False) -> None:
        """Keep `shelf`; `own`: whether what has a path is for one camera of a network only."""
        self._shelf = shelf
        self._own = own

    async def read(self) -> Sections:
        """Return how the camera is set (the role)."""
        await self._shelf.look()
        return as_sections(self._shelf.now())

    async def restore(self, sections: Sections, *, own: bool) -> Report:
        """Set the camera as `sections` say (the role)."""
        progress = Progress(dict(flat(sections)))
        if not own:
            progress.spared.update(filter(self._own, progress.wanted))
        paths = [path for path in progress.wanted if path not in progress.spared]
        try:
            await restore_values(self._shelf, progress, paths)
        except CameraError as err:
            progress.end(err)
        return progress.report()
