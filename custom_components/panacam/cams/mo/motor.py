"""Moves the camera (operation code 14, facts): set off, wait, stop."""

import asyncio
from contextlib import suppress
from typing import Final

from ..errors import CameraError, ConnectError, Reason, RefusedError
from ..roles import MOVE_SIZES, Move
from .link import MoLink
from .operation import DecoderControl

NUDGE: Final = 0.4
"""Seconds that the smallest step lasts; these cameras know one speed."""

_COMMANDS: Final = {
    Move.TILT_UP: 0,
    Move.TILT_DOWN: 2,
    Move.PAN_LEFT: 4,
    Move.PAN_RIGHT: 6,
    Move.ZOOM_IN: 16,
    Move.ZOOM_OUT: 18,
}
"""The number after each is its stop."""


class MoMover:
    """The mover role."""

    def __init__(self, link: MoLink) -> None:
        """Move by `link`."""
        self._link = link
        self._moving = asyncio.Lock()
        self._owed: DecoderControl | None = None

    @property
    def moves(self) -> frozenset[Move]:
        """Return what a camera with a motor can do; whether it has one, it does not say."""
        return frozenset(_COMMANDS)

    async def move(self, move: Move, size: int = 1) -> None:
        """Make one step. CameraError; RefusedError when there is no such move or size."""
        if move not in _COMMANDS or size not in MOVE_SIZES:
            raise RefusedError(Reason.UNSUPPORTED, move)
        async with self._moving:
            connection = await self._link.ready()
            connection.send(DecoderControl(_COMMANDS[move]))
            self._owed = DecoderControl(_COMMANDS[move] + 1)
            try:
                await asyncio.sleep(NUDGE * size)
            finally:
                # Sending takes no time, so a cancelled caller leaves no camera turning.
                self.stop()
        if self._owed is not None:
            raise ConnectError(Reason.CUT)

    def stop(self) -> None:
        """Send the stop that is due, now or as soon as the camera is back."""
        if self._owed is not None:
            with suppress(CameraError):
                self._link.now().send(self._owed)
                self._owed = None
