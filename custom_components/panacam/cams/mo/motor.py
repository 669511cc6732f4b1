"""Moves the camera (operation code 14, facts): each direction is set off, and stopped again."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from ..errors import CameraError, ConnectError, Reason, RefusedError
from ..roles import MOVE_SIZES, Move, Place, PtzFeature, Vector
from .link import MoLink
from .operation import DecoderControl

NUDGE: Final = 0.4
"""Seconds that the smallest step lasts; these cameras know one speed."""
SWEEP: Final = 10.0
"""Seconds that the whole range of an axis is taken to last: these cameras tell no positions."""
DEAD_MAN: Final = 10.0
"""Seconds after which a movement ends that nobody stops."""
_SHORTEST: Final = 0.05
"""Seconds; less than that, and the stop may come before the motor has started."""

_COMMANDS: Final = {
    Move.TILT_UP: 0,
    Move.TILT_DOWN: 2,
    Move.PAN_LEFT: 4,
    Move.PAN_RIGHT: 6,
    Move.ZOOM_IN: 16,
    Move.ZOOM_OUT: 18,
}
"""The number after each is its stop."""
_STOPS: Final = (1, 5, 17)
"""Of tilt, pan and zoom, whichever way they go."""


class MoMotor:
    """What turns at the moment, until when, and the stops that are owed for it."""

    def __init__(self, link: MoLink) -> None:
        """Move by `link`."""
        self._link = link
        self._turn = asyncio.Lock()
        self._owed: dict[int, None] = {}
        """The stops to send, in the order of what they stop."""
        self._halted = asyncio.Event()
        self._ended = 0
        """How often everything was to end: what waited for its turn by then is not begun."""
        self._dead_man: asyncio.TimerHandle | None = None

    async def run(self, starts: Mapping[int, float]) -> None:
        """Move for a while, one after the other: seconds by the number that sets off.

        Returns early when it is halted in between. CameraError.
        """
        ended = self._ended
        async with self._turn:
            if ended != self._ended:
                return
            self._halted.clear()
            for start, seconds in starts.items():
                await self._set_off([start])
                try:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(seconds):
                            await self._halted.wait()
                finally:
                    # Sending takes no time, so a cancelled caller leaves no camera turning.
                    self.settle()
                if self._owed:
                    raise ConnectError(Reason.CUT)
                if self._halted.is_set():
                    return

    async def go_on(self, starts: Iterable[int], limit: float) -> None:
        """Move until halted, for `limit` seconds at most, in place of whatever moves. CameraError.

        Each direction has a stop of its own, so several may go at once.
        """
        ended = self._ended
        self.halt()
        async with self._turn:
            if ended != self._ended:
                return
            self._halted.clear()
            await self._set_off(starts)
            self._dead_man = asyncio.get_running_loop().call_later(limit, self.halt)

    async def stop(self) -> None:
        """End every movement, also one that somebody else began. CameraError."""
        owed = tuple(self._owed)
        self._ended += 1
        self.halt()
        connection = await self._link.ready()
        self.settle()
        for code in _STOPS:
            if code not in owed:
                connection.send(DecoderControl(code))

    def halt(self) -> None:
        """End what was begun here, now or as soon as the camera is back."""
        self._halted.set()
        self.settle()

    def settle(self) -> None:
        """Send the stops that are owed, unless the camera is away: then they stay owed."""
        if self._dead_man is not None:
            self._dead_man.cancel()
            self._dead_man = None
        with suppress(CameraError):
            for code in tuple(self._owed):
                self._link.now().send(DecoderControl(code))
                del self._owed[code]

    async def _set_off(self, starts: Iterable[int]) -> None:
        """Begin to move, unless halted while the camera was waited for."""
        connection = await self._link.ready()
        self.settle()
        if self._halted.is_set():
            return
        for start in starts:
            connection.send(DecoderControl(start))
            self._owed[start + 1] = None


class MoMover:
    """The mover role."""

    def __init__(self, motor: MoMotor) -> None:
        """Move by `motor`."""
        self._motor = motor

    @property
    def moves(self) -> frozenset[Move]:
        """Return what a camera with a motor can do; whether it has one, it does not say."""
        return frozenset(_COMMANDS)

    async def move(self, move: Move, size: int = 1) -> None:
        """Make one step. CameraError; RefusedError when there is no such move or size."""
        if move not in _COMMANDS or size not in MOVE_SIZES:
            raise RefusedError(Reason.UNSUPPORTED, move)
        await self._motor.run({_COMMANDS[move]: NUDGE * size})


class MoPtz:
    """The ptz role: one speed, and steps by time."""

    features: Final = frozenset({PtzFeature.CONTINUOUS, PtzFeature.RELATIVE})

    def __init__(self, motor: MoMotor) -> None:
        """Move by `motor`."""
        self._motor = motor

    async def start(self, velocity: Vector, limit: float | None = None) -> None:
        """Move that way at the one speed there is. CameraError; RefusedError(OUT_OF_RANGE)."""
        if starts := _directions(velocity):
            await self._motor.go_on(starts, DEAD_MAN if limit is None else limit)
        else:
            await self._motor.stop()

    async def stop(self) -> None:
        """End every movement of pan, tilt and zoom. CameraError."""
        await self._motor.stop()

    async def step(self, by: Vector, speed: float | None = None) -> None:
        """Move for the time that such a part of the range takes. CameraError, as `start`."""
        await self._motor.run(
            {code: max(SWEEP * part, _SHORTEST) for code, part in _directions(by).items()}
        )

    async def go(self, to: Vector, speed: float | None = None) -> None:
        """Refuse: these cameras know no positions."""
        raise RefusedError(Reason.UNSUPPORTED)

    async def look_at(self, place: Place, speed: float | None = None) -> None:
        """Refuse: these cameras do not know where they are."""
        raise RefusedError(Reason.UNSUPPORTED)


def _directions(vector: Vector) -> dict[int, float]:
    """Return how far to go by the number that sets off. RefusedError(OUT_OF_RANGE)."""
    found: dict[int, float] = {}
    for part, (back, ahead) in (
        (vector.pan, (Move.PAN_LEFT, Move.PAN_RIGHT)),
        (vector.tilt, (Move.TILT_DOWN, Move.TILT_UP)),
        (vector.zoom, (Move.ZOOM_OUT, Move.ZOOM_IN)),
    ):
        if part is not None and not -1 <= part <= 1:
            raise RefusedError(Reason.OUT_OF_RANGE)
        if part:
            found[_COMMANDS[ahead if part > 0 else back]] = abs(part)
    return found
