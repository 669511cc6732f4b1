"""Moves a pan-tilt head and its lens freely, by the speeds of aw_ptz (3.1, facts)."""

import asyncio
from contextlib import suppress
from typing import Final

from ..errors import CameraError, Reason, RefusedError
from ..roles import MOVE_SIZES, Move, Place, PtzFeature, Vector
from .client import PovcamClient
from .lens import PovcamMover

DEAD_MAN: Final = 10.0
"""Seconds after which a movement ends that nobody stops."""
SWEEP: Final = 4.0
"""Seconds that the whole range of an axis is taken to last at full speed (facts)."""
SHORTEST: Final = 0.4
"""Seconds of the shortest step: the commands' own way is a good part of less."""
_REST: Final = 50
_SPAN: Final = 49
"""Steps of speed either side of rest: 01 and 99 are the ends (facts)."""
_SLOWEST: Final = 1
_TRIES: Final = 3

type _Speeds = tuple[int, int, int]
"""Of pan, tilt and zoom, around 50."""
_AT_REST: Final[_Speeds] = (_REST, _REST, _REST)


class PovcamPtz:
    """The ptz role: speeds where aw_ptz is, steps by time; a lens without it by single steps."""

    def __init__(
        self, client: PovcamClient, mover: PovcamMover, *, pan_tilt: bool, zoom: bool
    ) -> None:
        """Turn the head by aw_ptz if `pan_tilt`, the lens if `zoom`, else that by `mover`."""
        self._client = client
        self._mover = mover
        self._pan_tilt = pan_tilt
        self._zoom = zoom
        self._turn = asyncio.Lock()
        self._speeds = _AT_REST
        self._halted = asyncio.Event()
        self._ended = 0
        """How often everything was to end: what waited for its turn by then is not begun."""
        self._dead_man: asyncio.TimerHandle | None = None
        self._stops: set[asyncio.Task[CameraError | None]] = set()

    @property
    def features(self) -> frozenset[PtzFeature]:
        """Return the ways to move; a step is emulated by a time or by the lens's own steps."""
        if self._pan_tilt or self._zoom:
            return frozenset({PtzFeature.CONTINUOUS, PtzFeature.RELATIVE})
        if Move.ZOOM_IN in self._mover.moves:
            return frozenset({PtzFeature.RELATIVE})
        return frozenset()

    async def start(self, velocity: Vector, limit: float | None = None) -> None:
        """Move at `velocity`, for `limit` seconds at most. CameraError; an axis of None goes on."""
        wanted = self._checked(velocity)
        if wanted.zoom and not self._zoom:
            raise RefusedError(Reason.UNSUPPORTED)
        ended = self._interrupt()
        async with self._turn:
            await self._settled()
            if ended != self._ended:
                return
            try:
                await self._set_off(wanted)
            except BaseException:
                await asyncio.shield(self._stop_later())  # it may move all the same
                raise
            if self._speeds != _AT_REST:
                self._dead_man = asyncio.get_running_loop().call_later(
                    DEAD_MAN if limit is None else limit, self._stop_later
                )

    async def stop(self) -> None:
        """End every movement of pan, tilt and zoom. CameraError when the head takes no stop."""
        self._ended += 1
        self._interrupt()
        async with self._turn:
            self._forget_dead_man()
            if (error := await asyncio.shield(self._stop_later())) is not None:
                raise error

    async def step(self, by: Vector, speed: float | None = None) -> None:
        """Move for the time that such a part of the range takes. CameraError."""
        wanted = self._checked(by)
        longest = max(abs(part or 0) for part in (wanted.pan, wanted.tilt, self._timed(wanted)))
        if longest:
            fastest = 1.0 if speed is None else min(max(speed, 1 / _SPAN), 1.0)
            # A short way is gone slowly rather than for a moment.
            pace = min(fastest, longest * SWEEP / SHORTEST)
            await self._run(_scaled(wanted, pace / longest), longest * SWEEP / pace)
        if wanted.zoom and not self._zoom:
            size = round(abs(wanted.zoom) * MOVE_SIZES[-1])
            move = Move.ZOOM_IN if wanted.zoom > 0 else Move.ZOOM_OUT
            await self._mover.move(move, max(size, MOVE_SIZES[0]))

    async def go(self, to: Vector, speed: float | None = None) -> None:
        """Refuse: what the positions of these heads mean differs from model to model."""
        raise RefusedError(Reason.UNSUPPORTED)

    async def look_at(self, place: Place, speed: float | None = None) -> None:
        """Refuse: these heads do not know where they are."""
        raise RefusedError(Reason.UNSUPPORTED)

    async def close(self) -> None:
        """End what moves, and wait for the stop; it has time limits of its own."""
        self._ended += 1
        self._interrupt()
        self._forget_dead_man()
        if self._speeds != _AT_REST:
            self._stop_later()
        if self._stops:
            await asyncio.wait(self._stops)

    def _checked(self, vector: Vector) -> Vector:
        """Return what is asked for. RefusedError(UNSUPPORTED | OUT_OF_RANGE)."""
        for part in (vector.pan, vector.tilt, vector.zoom):
            if part is not None and not -1 <= part <= 1:
                raise RefusedError(Reason.OUT_OF_RANGE)
        lens = self._zoom or Move.ZOOM_IN in self._mover.moves
        if ((vector.pan or vector.tilt) and not self._pan_tilt) or (vector.zoom and not lens):
            raise RefusedError(Reason.UNSUPPORTED)
        return vector

    def _timed(self, vector: Vector) -> float | None:
        """Return how far the zoom is to go by aw_ptz."""
        return vector.zoom if self._zoom else None

    def _interrupt(self) -> int:
        """End a step that is under way: it stops what it moves. Return `_ended` as it is now."""
        self._halted.set()
        return self._ended

    async def _settled(self) -> None:
        """Wait for a stop that is on its way, and begin anew."""
        self._forget_dead_man()
        if self._stops:
            await asyncio.wait(self._stops)
        self._halted.clear()

    def _forget_dead_man(self) -> None:
        if self._dead_man is not None:
            self._dead_man.cancel()
            self._dead_man = None

    async def _run(self, velocity: Vector, seconds: float) -> None:
        """Move for a while, then stop; the stop is sent whatever happens in between."""
        ended = self._interrupt()
        async with self._turn:
            await self._settled()
            if ended != self._ended:
                return
            try:
                await self._set_off(velocity)
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._halted.wait()
            finally:
                # A cancelled caller must not leave the head turning.
                error = await asyncio.shield(self._stop_later())
            if error is not None:
                raise error

    async def _set_off(self, velocity: Vector) -> None:
        """Give each axis its speed, what was given before included."""
        pan, tilt, zoom = self._speeds
        pan, tilt = _speed(velocity.pan, pan), _speed(velocity.tilt, tilt)
        wanted = (pan, tilt, _speed(self._timed(velocity), zoom))
        before, self._speeds = self._speeds, wanted  # also when it fails: it may be moving
        if self._pan_tilt and wanted[:2] != before[:2]:
            await self._client.aw(f"#PTS{pan:02d}{tilt:02d}")
        if self._zoom and wanted[2] != before[2]:
            await self._client.aw(f"#Z{wanted[2]:02d}")

    def _stop_later(self) -> asyncio.Task[CameraError | None]:
        """Stop everything in a task of its own, which nobody who goes away takes along."""
        self._forget_dead_man()
        stop = asyncio.create_task(self._stop())
        self._stops.add(stop)
        stop.add_done_callback(self._stops.discard)
        return stop

    async def _stop(self) -> CameraError | None:
        """Send the stops until the camera takes them, three times at most; return what went wrong.

        Nobody may be left to catch an error: it is returned, not raised.
        """
        self._speeds = _AT_REST
        commands = ["#PTS5050"] if self._pan_tilt else []
        commands += ["#Z50"] if self._zoom else []
        error: CameraError | None = None
        for command in commands:
            error = await self._insist(command) or error
        return error

    async def _insist(self, command: str) -> CameraError | None:
        error: CameraError | None = None
        for attempt in range(_TRIES):
            try:
                await self._client.aw(command)
            except CameraError as err:
                error = err
                await asyncio.sleep(0.2 * (attempt + 1))
            else:
                return None
        return error


class PovcamHome:
    """The home role: the middle of pan and tilt, which is where it is."""

    def __init__(self, mover: PovcamMover) -> None:
        """Turn by `mover`."""
        self._mover = mover

    async def go_home(self, speed: float | None = None) -> None:
        """Return to it, at the head's own speed. CameraError."""
        await self._mover.move(Move.HOME)

    async def set_home(self) -> None:
        """Refuse: the middle is the middle."""
        raise RefusedError(Reason.FIXED)


def _speed(part: float | None, before: int) -> int:
    """Return a part of the highest speed as aw_ptz has it; what is slow still moves."""
    if part is None:
        return before
    steps = round(part * _SPAN)
    if part and not steps:
        steps = _SLOWEST if part > 0 else -_SLOWEST
    return _REST + steps


def _scaled(vector: Vector, factor: float) -> Vector:
    """Return a vector that is so many times as long, and rests where it says nothing."""
    return Vector(
        pan=(vector.pan or 0) * factor,
        tilt=(vector.tilt or 0) * factor,
        zoom=(vector.zoom or 0) * factor,
    )
