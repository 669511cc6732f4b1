"""Moves the lens and, where there is one, the pan-tilt head (3.1, facts)."""

import asyncio
from typing import Final

from ..errors import BusyError, CameraError, ConnectError, Reason, RefusedError
from ..roles import MOVE_SIZES, Move
from .client import PovcamClient
from .commands import CAMCTRL, DIRECTCTRL

NUDGE: Final = 0.4
"""Seconds that one step of a pan or tilt lasts; the head knows speeds only."""
_AW_ONCE: Final = {Move.HOME: "#APC80008000", Move.FOCUS_AUTO: "#D11"}

HEAD_MOVES: Final = frozenset(
    {Move.PAN_LEFT, Move.PAN_RIGHT, Move.TILT_UP, Move.TILT_DOWN, Move.HOME}
)
AW_ZOOM: Final = frozenset({Move.ZOOM_IN, Move.ZOOM_OUT})
AW_FOCUS: Final = frozenset({Move.FOCUS_NEAR, Move.FOCUS_FAR, Move.FOCUS_AUTO})
_CAMCTRL: Final[dict[Move, tuple[str, str]]] = {
    Move.ZOOM_IN: ("zoom", "up"),
    Move.ZOOM_OUT: ("zoom", "down"),
    Move.ZOOM_RESET: ("zoom", "1"),
    Move.FOCUS_NEAR: ("focus", "-3"),
    Move.FOCUS_FAR: ("focus", "3"),
    Move.FOCUS_AUTO: ("focus", "on"),
    Move.BRIGHTNESS_UP: ("bright", "up"),
    Move.BRIGHTNESS_DOWN: ("bright", "down"),
    Move.BRIGHTNESS_RESET: ("bright", "0"),
    Move.IRIS_UP: ("iris", "up"),
    Move.IRIS_DOWN: ("iris", "down"),
    Move.IRIS_RESET: ("iris", "0"),
}
_TWO_STEPS: Final[dict[Move, tuple[str, str]]] = {
    Move.BRIGHTNESS_UP: ("bright", "2"),
    Move.BRIGHTNESS_DOWN: ("bright", "-2"),
    Move.IRIS_UP: ("iris", "2"),
    Move.IRIS_DOWN: ("iris", "-2"),
}
_DIRECT: Final[dict[Move, tuple[str, int]]] = {
    Move.ZOOM_IN: ("zoom", 1),
    Move.ZOOM_OUT: ("zoom", -1),
    Move.FOCUS_FAR: ("focus", 1),
    Move.FOCUS_NEAR: ("focus", -1),
}
_AW_SPEED: Final[dict[Move, tuple[str, int]]] = {
    Move.PAN_LEFT: ("#PTS{speed:02d}50", -1),
    Move.PAN_RIGHT: ("#PTS{speed:02d}50", 1),
    Move.TILT_UP: ("#PTS50{speed:02d}", 1),
    Move.TILT_DOWN: ("#PTS50{speed:02d}", -1),
    Move.ZOOM_IN: ("#Z{speed:02d}", 1),
    Move.ZOOM_OUT: ("#Z{speed:02d}", -1),
    Move.FOCUS_FAR: ("#F{speed:02d}", 1),
    Move.FOCUS_NEAR: ("#F{speed:02d}", -1),
}
"""Command and direction; a speed of 50 is the stop, 01 and 99 are the ends (facts)."""


class PovcamMover:
    """The mover role: documented commands for the lens, aw_ptz for the head."""

    def __init__(
        self,
        client: PovcamClient,
        moves: frozenset[Move],
        *,
        direct: bool,
        aw: frozenset[Move] = HEAD_MOVES,
    ) -> None:
        """Offer `moves`, those in `aw` by aw_ptz; `direct` where directctrl is there."""
        self._client = client
        self._moves = moves
        self._direct = direct
        self._aw = aw
        self._head = asyncio.Lock()
        self._stops: set[asyncio.Task[CameraError | None]] = set()

    @property
    def moves(self) -> frozenset[Move]:
        """Return what this camera can do."""
        return self._moves

    async def move(self, move: Move, size: int = 1) -> None:
        """Make one step. RefusedError when this camera has no such move or size."""
        if move not in self._moves or size not in MOVE_SIZES:
            raise RefusedError(Reason.UNSUPPORTED, move)
        if move in self._aw:
            await self._aw_move(move, size)
        elif size > 1 and self._direct and move in _DIRECT:
            name, sign = _DIRECT[move]
            await self._client.call(DIRECTCTRL, **{name: sign * size})
        else:
            await self._step_lens(move, size)

    async def close(self) -> None:
        """Wait for a stop that is still on its way; it has time limits of its own."""
        await asyncio.gather(*self._stops, return_exceptions=True)

    async def _step_lens(self, move: Move, size: int) -> None:
        """Send camctrl as often as it takes, in double steps where there are some."""
        if move not in _RELATIVE:
            size = 1
        while size > 0:
            double = size > 1 and move in _TWO_STEPS
            name, value = (_TWO_STEPS if double else _CAMCTRL)[move]
            await self._client.call(CAMCTRL, **{name: value})
            size -= 2 if double else 1

    async def _aw_move(self, move: Move, size: int) -> None:
        """Set off for a moment, then stop; the stop is sent whatever happens in between."""
        if (command := _AW_ONCE.get(move)) is not None:
            await self._client.aw(command)
            return
        template, direction = _AW_SPEED[move]
        async with self._head:
            try:
                await self._client.aw(template.format(speed=50 + direction * 12 * size))
                await asyncio.sleep(NUDGE)
            finally:
                # A cancelled caller must not leave the head turning.
                stop = asyncio.create_task(self._stop(template.format(speed=50)))
                self._stops.add(stop)
                stop.add_done_callback(self._stops.discard)
                error = await asyncio.shield(stop)
            if error is not None:
                raise error

    async def _stop(self, command: str) -> CameraError | None:
        """Send a stop until the camera takes it, three times at most; return what went wrong.

        Nobody may be left to catch an error: it is returned, not raised.
        """
        error: CameraError | None = None
        for attempt in range(3):
            try:
                await self._client.aw(command)
            except CameraError as err:
                error = err
                await asyncio.sleep(0.2 * (attempt + 1))
            else:
                return None
        return error


_RELATIVE: Final = frozenset(_CAMCTRL) - {
    Move.ZOOM_RESET,
    Move.FOCUS_AUTO,
    Move.BRIGHTNESS_RESET,
    Move.IRIS_RESET,
}


async def aw_moves(client: PovcamClient, *, sister: bool) -> frozenset[Move]:
    """Return what aw_ptz can do here: what has a position that it tells can be moved (facts).

    Sister models, which have no other way to the lens, are asked for zoom and focus, too. They
    are heads, so that "busy" means that they are in standby; a recorder's means nothing.
    """
    moves: frozenset[Move] = frozenset()
    asked = [("#APC", "apc", HEAD_MOVES)]
    if sister:
        asked += [("#GZ", "gz", AW_ZOOM), ("#GF", "gf", AW_FOCUS)]
    for command, answer, found in asked:
        try:
            if (await client.aw(command)).casefold().startswith(answer):
                moves |= found
        except ConnectError:
            break
        except BusyError:
            moves |= found if sister else frozenset()
        except CameraError:
            continue
    return moves
