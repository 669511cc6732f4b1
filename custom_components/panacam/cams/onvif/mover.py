"""Moves head and lens by presses: each sets off, and ends by itself."""

from collections.abc import Callable
from typing import Final

from ..errors import Reason, RefusedError
from ..roles import MOVE_SIZES, Home, Move, PtzFeature, Vector
from .focus import OnvifFocus
from .head import Head
from .ptz_moves import OnvifPtz
from .spaces import Kind

_DIRECTIONS: Final = {
    Move.PAN_LEFT: Vector(pan=-1.0),
    Move.PAN_RIGHT: Vector(pan=1.0),
    Move.TILT_UP: Vector(tilt=1.0),
    Move.TILT_DOWN: Vector(tilt=-1.0),
    Move.ZOOM_IN: Vector(zoom=1.0),
    Move.ZOOM_OUT: Vector(zoom=-1.0),
}
_ZOOMS: Final = frozenset({Move.ZOOM_IN, Move.ZOOM_OUT})
_TURNS: Final = frozenset(_DIRECTIONS) - _ZOOMS
STEP: Final = 0.05
"""Part of the range of the smallest step, for a unit without continuous moves."""


class OnvifMover:
    """The mover role, over whatever of head and lens is there."""

    def __init__(
        self,
        head: Head,
        ptz: OnvifPtz,
        home: Callable[[], Home | None],
        focus: OnvifFocus | None,
        press_seconds: float,
    ) -> None:
        """Move `head` by `ptz`, and `focus`; a press lasts `press_seconds`."""
        self._head = head
        self._ptz = ptz
        self._home = home
        self._focus = focus
        self._press = press_seconds

    @property
    def moves(self) -> frozenset[Move]:
        """Return what this camera can do (the role)."""
        found: set[Move] = set()
        if self._head.profile is not None:
            spaces = self._head.spaces
            steps = {Kind.CONTINUOUS, Kind.RELATIVE}
            if steps & spaces.pan_tilt.keys():
                found |= _TURNS
            if steps & spaces.zoom.keys():
                found |= _ZOOMS
            found.add(Move.STOP)
        if self._home() is not None:
            found.add(Move.HOME)
        if self._focus is not None and self._focus.moves:
            found |= {Move.FOCUS_NEAR, Move.FOCUS_FAR, Move.FOCUS_STOP}
        return frozenset(found)

    async def move(self, move: Move, size: int = 1) -> None:
        """Make one step, or go on with one (the role): a press again within its time extends it."""
        if move not in self.moves or size not in MOVE_SIZES:
            raise RefusedError(Reason.UNSUPPORTED, move)
        part = size / max(MOVE_SIZES)
        if move is Move.STOP:
            await self._ptz.stop()
        elif move is Move.HOME:
            await self._ptz.go_home()
        elif move in _DIRECTIONS:
            await self._turn(_DIRECTIONS[move], move, part)
        elif self._focus is not None:
            match move:
                case Move.FOCUS_STOP:
                    await self._focus.stop()
                case _:
                    far = part if move is Move.FOCUS_FAR else -part
                    await self._focus.press(far, self._press)

    async def _turn(self, direction: Vector, move: Move, part: float) -> None:
        spaces = self._head.spaces
        continuous = spaces.zoom if move in _ZOOMS else spaces.pan_tilt
        if PtzFeature.CONTINUOUS in self._ptz.features and Kind.CONTINUOUS in continuous:
            await self._ptz.start(_times(direction, part), self._press)
        else:
            await self._ptz.step(_times(direction, STEP * part * max(MOVE_SIZES)))


def _times(vector: Vector, part: float) -> Vector:
    return Vector(
        pan=None if vector.pan is None else vector.pan * part,
        tilt=None if vector.tilt is None else vector.tilt * part,
        zoom=None if vector.zoom is None else vector.zoom * part,
    )
