"""Moves a PTZ unit (8.4, 8.6): freely, by steps, to positions, to places and home."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
import math
from typing import Final

from ..errors import AuthError, BusyError, CameraError, ProtocolError, Reason, RefusedError
from ..roles import Place, PtzFeature, Vector
from .deadman import DeadMan
from .head import MOVE_TIMEOUT, Head
from .node import Node
from .soap import Argument
from .spaces import Kind

DEAD_MAN: Final = 10.0
"""Seconds after which a move ends that nobody ended."""
LONGEST: Final = 300.0
"""Seconds that a move may last at most, whoever asks."""
STEP_SPEED: Final = 0.5
"""Of the highest, for a step that is made of a continuous move."""
TRAVEL: Final = 2.0
"""Seconds that a step of 1 takes at the highest speed; no unit tells."""
SHORTEST_STEP: Final = 0.1
"""Seconds; less does not move most motors."""

OPERATIONS: Final[Mapping[str, str]] = {
    "ptz.ContinuousMove": "buttons `pan_left` to `zoom_out`, action `panacam.ptz`",
    "ptz.RelativeMove": "action `panacam.ptz` (relative)",
    "ptz.AbsoluteMove": "action `panacam.ptz` (absolute)",
    "ptz.GeoMove": "action `panacam.ptz` (geo)",
    "ptz.Stop": "button `stop`, action `panacam.ptz` (stop), end of every continuous move",
    "ptz.GotoHomePosition": "button `home`, action `panacam.go_home`",
    "ptz.SetHomePosition": "action `panacam.set_home`",
}


class OnvifPtz:
    """The roles of free moves and of the home position."""

    def __init__(
        self,
        head: Head,
        status: Callable[[], Awaitable[Node | None]],
        moved: Callable[[], None],
    ) -> None:
        """Move `head`; `status` asks it where it is, `moved` is told that it leaves."""
        self._head = head
        self._status = status
        self._moved = moved
        self._dead_man = DeadMan(self._halt)
        self._turn = asyncio.Lock()
        self._velocity = Vector()
        """Of the continuous move under way."""
        self._timed = True
        """Whether the unit takes a Timeout."""

    @property
    def features(self) -> frozenset[PtzFeature]:
        """Return the ways to move (the role)."""
        spaces = self._head.spaces
        found = {
            PtzFeature.CONTINUOUS: spaces.has(Kind.CONTINUOUS),
            PtzFeature.RELATIVE: spaces.has(Kind.RELATIVE) or spaces.has(Kind.CONTINUOUS),
            PtzFeature.ABSOLUTE: spaces.has(Kind.ABSOLUTE),
            PtzFeature.GEO: self._head.geo,
        }
        return frozenset(feature for feature, there in found.items() if there)

    @property
    def running(self) -> bool:
        """Return whether a continuous move is under way."""
        return self._dead_man.armed

    async def start(self, velocity: Vector, limit: float | None = None) -> None:
        """Move at `velocity` (the role).

        What it leaves alone keeps on as it does; the time limit is that of the whole.
        """
        seconds = min(DEAD_MAN if limit is None else max(limit, 0.0), LONGEST)
        async with self._turn:
            before = self._velocity if self._dead_man.armed else Vector()
            wanted = _combine(before, velocity)
            if not self._head.spaces.vector(Kind.CONTINUOUS, wanted):
                raise RefusedError(Reason.UNSUPPORTED, "ContinuousMove")
            self._moved()
            # Whatever comes of it has an end, but none before it has begun.
            under_way = self._dead_man.armed
            self._dead_man.arm(seconds + 2 * MOVE_TIMEOUT)
            try:
                await self._move(wanted, seconds)
            except BaseException as err:
                if under_way or not isinstance(err, (RefusedError, BusyError, AuthError)):
                    self._dead_man.end_soon()  # it may have set off
                self._dead_man.disarm()
                raise
            self._velocity = wanted
            longest = self._head.timeouts[1]
            self._dead_man.arm(seconds, longest * 0.8 if seconds > longest else None, self._again)

    async def stop(self) -> None:
        """End every movement (the role)."""
        self._moved()
        if self._turn.locked():
            # A move has not been answered yet, and may be under way all the same.
            with suppress(CameraError):
                await self._head.move("Stop", PanTilt=True, Zoom=True)
        await self._dead_man.end()

    async def step(self, by: Vector, speed: float | None = None) -> None:
        """Move by a part of the range (the role); where the unit cannot, by time."""
        translation = self._head.spaces.vector(Kind.RELATIVE, by)
        if len(translation) < len(self._head.spaces.vector(Kind.CONTINUOUS, by)):
            await self._nudge(by, speed)
            return
        if not translation:
            raise RefusedError(Reason.UNSUPPORTED, "RelativeMove")
        try:
            await self.instead("RelativeMove", speed, Translation=translation)
        except RefusedError as err:
            if err.reason is not Reason.UNSUPPORTED:
                raise
            await self._nudge(by, speed)

    async def go(self, to: Vector, speed: float | None = None) -> None:
        """Move to a position (the role)."""
        if to.pan is None or to.tilt is None:
            to = await self._completed(to)
        position = self._head.spaces.vector(Kind.ABSOLUTE, to)
        if not position:
            raise RefusedError(Reason.UNSUPPORTED, "AbsoluteMove")
        await self.instead("AbsoluteMove", speed, Position=position)

    async def look_at(self, place: Place, speed: float | None = None) -> None:
        """Turn to a place on Earth (the role)."""
        if not self._head.geo:
            raise RefusedError(Reason.UNSUPPORTED, "GeoMove")
        target = {"lon": place.longitude, "lat": place.latitude}
        if place.elevation is not None:
            target["elevation"] = place.elevation
        await self.instead(
            "GeoMove", speed, Target=target, AreaWidth=place.width, AreaHeight=place.height
        )

    async def go_home(self, speed: float | None = None) -> None:
        """Return to the home position (the role)."""
        await self.instead("GotoHomePosition", speed)

    async def set_home(self) -> None:
        """Make the position of now the home (the role)."""
        await self._head.call("SetHomePosition")

    async def instead(self, operation: str, speed: float | None, /, **values: Argument) -> None:
        """Make a move of another kind, which takes the place of the one under way. CameraError."""
        async with self._turn:
            under_way = self._dead_man.armed
            self._dead_man.disarm()
            self._moved()
            try:
                await self._head.move(operation, **values, **self._head.speed(speed))
            except BaseException:
                if under_way:
                    self._dead_man.end_soon()  # nothing took its place
                raise

    def end_left(self) -> None:
        """End in the background what went on while the device was away."""
        self._dead_man.end_left()

    async def close(self) -> None:
        """Leave nothing moving."""
        await self._dead_man.close()

    async def _again(self) -> None:
        """Keep a move up that outlasts what the unit can be told."""
        async with self._turn:
            await self._move(self._velocity, self._head.timeouts[1])

    async def _move(self, velocity: Vector, seconds: float) -> None:
        """Set off; the unit is told a time too, since we may be gone before it is over."""
        vector = self._head.spaces.vector(Kind.CONTINUOUS, velocity)
        if self._timed:
            low, high = self._head.timeouts
            # Whole seconds: some know no other.
            timeout = timedelta(seconds=min(max(math.ceil(seconds), low, 1.0), high))
            try:
                await self._head.move("ContinuousMove", Velocity=vector, Timeout=timeout)
            except RefusedError as err:
                if err.reason not in {Reason.OUT_OF_RANGE, Reason.REFUSED, Reason.UNSUPPORTED}:
                    raise
            else:
                return
        await self._head.move("ContinuousMove", Velocity=vector)
        self._timed = False

    async def _halt(self) -> None:
        """Stop pan, tilt and zoom.

        Some ignore Stop, some stop one axis only: those who still move, or do not tell, are also
        given no velocity.
        """
        async with self._turn:
            self._velocity = Vector()
            error: CameraError | None = None
            try:
                await self._head.move("Stop", PanTilt=True, Zoom=True)
            except (RefusedError, BusyError, ProtocolError) as err:
                error = err
            status = None if error is not None else await self._status()
            if status is not None and stands(status):
                return
            if not (still := self._head.spaces.still()):
                if error is not None:
                    raise error
                return
            try:
                await self._head.move("ContinuousMove", Velocity=still)
            except RefusedError, BusyError:
                # Those who know Stop may know nothing of this.
                if error is not None:
                    raise
                for pan_tilt in (True, False):
                    with suppress(RefusedError, BusyError):
                        await self._head.move("Stop", PanTilt=pan_tilt, Zoom=not pan_tilt)

    async def _nudge(self, by: Vector, speed: float | None) -> None:
        """Make a step of a continuous move; a cancelled caller leaves nothing moving."""
        parts = [part for part in (by.pan, by.tilt, by.zoom) if part]
        if not parts:
            return
        top = speed or STEP_SPEED
        farthest = max(map(abs, parts))
        velocity = Vector(
            pan=_scaled(by.pan, top / farthest),
            tilt=_scaled(by.tilt, top / farthest),
            zoom=_scaled(by.zoom, top / farthest),
        )
        seconds = max(min(farthest * TRAVEL / top, DEAD_MAN), SHORTEST_STEP)
        await self.start(velocity, seconds + 1.0)
        try:
            await asyncio.sleep(seconds)
        finally:
            await self._dead_man.end()

    async def _completed(self, to: Vector) -> Vector:
        """Return a position with the pan or tilt of now, if it has only one of them.

        Raises RefusedError(UNSUPPORTED) when the unit does not tell.
        """
        if (to.pan, to.tilt) == (None, None):
            return to
        status = await self._status()
        now = self._head.spaces.read(None if status is None else status.child("Position"))
        pan = now.pan if to.pan is None else to.pan
        tilt = now.tilt if to.tilt is None else to.tilt
        if pan is None or tilt is None:
            raise RefusedError(Reason.UNSUPPORTED, "AbsoluteMove")
        return Vector(pan=pan, tilt=tilt, zoom=to.zoom)


def moves(status: Node) -> bool | None:
    """Return whether a PTZStatus says that something moves; None: it does not say."""
    found = status.child("MoveStatus")
    words = [] if found is None else [(part.text() or "").upper() for part in found]
    if "MOVING" in words:
        return True
    return False if "IDLE" in words else None


def stands(status: Node) -> bool:
    """Return whether a PTZStatus says that nothing moves; an axis unsaid may move."""
    found = status.child("MoveStatus")
    words = [] if found is None else [(part.text() or "").upper() for part in found]
    return bool(words) and set(words) == {"IDLE"}


def _combine(now: Vector, wanted: Vector) -> Vector:
    return Vector(
        pan=now.pan if wanted.pan is None else wanted.pan,
        tilt=now.tilt if wanted.tilt is None else wanted.tilt,
        zoom=now.zoom if wanted.zoom is None else wanted.zoom,
    )


def _scaled(part: float | None, factor: float) -> float | None:
    return None if part is None else part * factor
