"""Moves the focus of a video source (7.4)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ..errors import Reason, RefusedError
from ..settings import Range, Value
from .board import Board
from .client import OnvifClient
from .deadman import DeadMan
from .head import MOVE_TIMEOUT
from .node import Node
from .soap import Argument
from .spaces import Span
from .trying import optional

STEP: Final = 0.05
"""Part of the range of the smallest step, for a lens without continuous moves."""
ARRIVAL: Final = 5.0
"""Seconds to wait for a lens to arrive."""
ARRIVAL_PAUSE: Final = 0.25

OPERATIONS: Final[Mapping[str, str]] = {
    "imaging.GetMoveOptions": "which focus buttons and numbers there are",
    "imaging.Move": "buttons `focus_near`, `focus_far`, number `imaging_0_focus_position`",
    "imaging.Stop": "button `focus_stop`, end of every press",
    "imaging.GetStatus": "number `imaging_0_focus_position`",
}


class OnvifFocus:
    """The lens of one video source; the same object for as long as the device is used."""

    def __init__(
        self, client: OnvifClient, board: Board, moved: Callable[[], Awaitable[None]]
    ) -> None:
        """Ask by `client`, write to `board`; `moved` is awaited after a move: it ends autofocus."""
        self._client = client
        self._board = board
        self._moved = moved
        self._dead_man = DeadMan(self._halt)
        self._turn = asyncio.Lock()
        self._source: str | None = None
        self._key = ""
        self._absolute: Span | None = None
        self._relative: Span | None = None
        self._continuous: Span | None = None

    @property
    def moves(self) -> bool:
        """Return whether the lens can be moved nearer and farther."""
        return self._continuous is not None or self._relative is not None

    async def learn(self, source: str | None, index: int, label: str) -> None:
        """Read what the lens of a video source can do; None: there is none."""
        self._source = source
        self._absolute = self._relative = self._continuous = None
        if source is None:
            self._board.withdraw(self._key)
            return
        answer = await optional(
            self._client.call("imaging", "GetMoveOptions", VideoSourceToken=source)
        )
        options = None if answer is None else answer.child("MoveOptions")
        if options is not None:
            self._absolute = _span(options.child("Absolute", "Position"))
            self._relative = _span(options.child("Relative", "Distance"))
            self._continuous = _span(options.child("Continuous", "Speed"))
        self._key = f"imaging_{index}_focus_position"
        if (found := self._absolute) is None:
            self._board.withdraw(self._key)
            return
        row = Range(
            key=self._key,
            kind="imaging_focus_position",
            label=label,
            enabled=False,
            minimum=found.low,
            maximum=found.high,
            step=max((found.high - found.low) / 100, 0.001),
        )
        self._board.setting(row, self._go)
        await self.read()

    async def read(self) -> None:
        """Read where the lens is. ConnectError, AuthError."""
        if self._absolute is not None:
            await self._position()

    async def press(self, speed: float, seconds: float) -> None:
        """Move at `speed` (-1 nearer to 1 farther) for `seconds`, or until the next press.

        CameraError.
        """
        if self._continuous is None:
            await self._step(speed)
            return
        async with self._turn:
            self._dead_man.arm(seconds + 2 * MOVE_TIMEOUT)
            try:
                await self._move({"Continuous": {"Speed": self._continuous.signed(speed)}})
            except BaseException:
                # It may have set off.
                self._dead_man.end_soon()
                raise
            self._dead_man.arm(seconds)

    async def stop(self) -> None:
        """Stop it. CameraError."""
        await self._dead_man.end()

    async def close(self) -> None:
        """Leave nothing moving."""
        await self._dead_man.close()

    async def _step(self, part: float) -> None:
        if self._relative is None:
            raise RefusedError(Reason.UNSUPPORTED, "Move")
        await self._move({"Relative": {"Distance": self._relative.signed(part * STEP * 4)}})
        await self._arrive()

    async def _go(self, value: Value) -> None:
        """Move to a position, and see where it went."""
        await self._move({"Absolute": {"Position": float(value)}})
        await self._arrive()

    async def _arrive(self) -> None:
        """Wait for the lens to stand, as long as that is likely."""
        loop = asyncio.get_running_loop()
        until = loop.time() + ARRIVAL
        while loop.time() < until:
            status = await self._position()
            if status is None or (status.text("MoveStatus") or "").upper() != "MOVING":
                break
            await asyncio.sleep(ARRIVAL_PAUSE)
        await self._moved()

    async def _move(self, focus: Mapping[str, Argument]) -> None:
        if self._source is None:
            raise RefusedError(Reason.UNSUPPORTED, "Move")
        await self._client.call(
            "imaging", "Move", timeout=MOVE_TIMEOUT, VideoSourceToken=self._source, Focus=focus
        )

    async def _halt(self) -> None:
        if self._source is None:
            raise RefusedError(Reason.UNSUPPORTED, "Stop")
        async with self._turn:
            await self._client.call(
                "imaging", "Stop", timeout=MOVE_TIMEOUT, VideoSourceToken=self._source
            )
        await self.read()
        await self._moved()
        self._board.show()

    async def _position(self) -> Node | None:
        """Read where the lens is; return its status, None when it does not tell."""
        answer = await optional(
            self._client.call("imaging", "GetStatus", VideoSourceToken=self._source)
        )
        status = None if answer is None else answer.child("Status", "FocusStatus20")
        if self._key in self._board.settings:
            self._board.values[self._key] = None if status is None else status.number("Position")
        return status


def _span(node: Node | None) -> Span | None:
    """Return a range with something in it, or None."""
    if node is None:
        return None
    low, high = node.number("Min"), node.number("Max")
    return Span(low, high) if low is not None and high is not None and low < high else None
