"""Presets with their positions as items of a document: read, and taught to a unit again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
import math
from typing import Final

from ..backup import Item
from ..errors import CameraError, Reason, RefusedError
from ..keeping import Progress, lost
from ..roles import PtzFeature, Vector
from .head import Head
from .node import Node
from .presets import OnvifPresets
from .ptz_moves import OnvifPtz, stands

PRESETS: Final = "presets"
ARRIVAL: Final = 30.0
"""Seconds that a unit may take to a position; then it is not there."""
ARRIVAL_PAUSE: Final = 0.3
NEAR: Final = 0.02
"""How far from a position counts as there: of -1 to 1, or 0 to 1 for the zoom."""

_AXES: Final = {"pan": -1.0, "tilt": -1.0, "zoom": 0.0}
"""The lowest of each; the highest is 1."""


class PresetKeeper:
    """Keeps the presets of one unit.

    Positions are parts of the unit's own range: another model looks where its range puts them.
    The home position is not kept: no unit tells it without going there.
    """

    def __init__(
        self,
        head: Head,
        presets: OnvifPresets,
        moves: OnvifPtz,
        status: Callable[[], Awaitable[Node | None]],
    ) -> None:
        """Teach `presets`, move by `moves`; `status` asks where the unit is."""
        self._head = head
        self._presets = presets
        self._moves = moves
        self._status = status

    def now(self) -> dict[str, Item]:
        """Return the positions that are known by name; of an unknown one nothing is kept."""
        return {
            name: _item(self._presets.positions.get(token))
            for name, token in self._tokens().items()
        }

    async def read(self) -> dict[str, Item]:
        """Return what the unit has now. ConnectError, AuthError."""
        await self._presets.read()
        return self.now()

    async def restore(self, progress: Progress, paths: Mapping[str, str]) -> None:
        """Teach the unit what it does not have, by names of `paths`; it moves there for that.

        Then it returns to where it was. CameraError when the camera is lost.
        """
        there = await self.read()
        wanted: dict[str, Vector] = {}
        for name, path in paths.items():
            item = progress.wanted[path]
            if (place := _vector(item)) is None:
                progress.refuse(path, Reason.OUT_OF_RANGE)
            elif place == Vector():
                progress.refuse(path, Reason.POSITION_UNKNOWN)
            elif name in there and _near(_vector(there[name]), place):
                progress.unchanged.add(path)
            elif PtzFeature.ABSOLUTE not in self._moves.features:
                progress.refuse(path, Reason.UNSUPPORTED)
            else:
                wanted[name] = place
        if not wanted:
            return
        before = await self._place()
        try:
            for name, place in wanted.items():
                await self._teach(progress, name, paths[name], place)
        finally:
            if before is not None:
                with suppress(CameraError):
                    await self._moves.go(before)

    async def _teach(self, progress: Progress, name: str, path: str, place: Vector) -> None:
        try:
            if not await self._reach(place):
                raise RefusedError(Reason.NOT_TAKEN, "AbsoluteMove")
            token = await self._presets.save(name, self._tokens().get(name))
        except CameraError as err:
            progress.refuse(path, err.reason)
            if lost(err):
                raise
            return
        found = self._presets.positions.get(token)
        if found is None or _near(found, place):  # it stood there, whether it says so or not
            progress.take(path)
        else:
            progress.refuse(path, Reason.NOT_TAKEN)

    async def _reach(self, place: Vector) -> bool:
        """Go there, and return whether the unit arrived. CameraError."""
        await self._moves.go(place)
        loop = asyncio.get_running_loop()
        until = loop.time() + ARRIVAL
        while loop.time() < until:
            await asyncio.sleep(ARRIVAL_PAUSE)
            status = await self._status()
            if status is None:
                return False
            if _near(self._head.spaces.read(status.child("Position")), place):
                return True
            if stands(status):
                return False
        return False

    async def _place(self) -> Vector | None:
        """Return where the unit is; None when it does not tell all of it."""
        status = await self._status()
        if status is None:
            return None
        place = self._head.spaces.read(status.child("Position"))
        return None if place.pan is None and place.zoom is None else place

    def _tokens(self) -> dict[str, str]:
        """Return tokens by name; the second one of a name gets a number."""
        found: dict[str, str] = {}
        for token, name in self._presets.names.items():
            unique, count = name, 1
            while unique in found:
                count += 1
                unique = f"{name} ({count})"
            found[unique] = token
        return found


def preset_names(paths: Sequence[str]) -> dict[str, str]:
    """Return paths by the names in them."""
    return {path.partition(".")[2]: path for path in paths}


def _item(place: Vector | None) -> Mapping[str, Item]:
    if place is None:
        return {}
    parts = {axis: getattr(place, axis) for axis in _AXES}
    return {axis: round(part, 4) for axis, part in parts.items() if part is not None}


def _vector(item: Item) -> Vector | None:
    """Return a position of a document, None for what is none."""
    if not isinstance(item, Mapping) or not item.keys() <= _AXES.keys():
        return None
    parts: dict[str, float] = {}
    for axis, value in item.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not math.isfinite(value) or not _AXES[axis] <= value <= 1.0:
            return None
        parts[axis] = float(value)
    return Vector(**parts)


def _near(one: Vector | None, other: Vector) -> bool:
    """Return whether two positions are one, in what the second one has."""
    if one is None:
        return False
    for axis in _AXES:
        wanted, found = getattr(other, axis), getattr(one, axis)
        if wanted is not None and (found is None or abs(found - wanted) > NEAR):
            return False
    return True
