"""Ends what moves in time, though whoever set it off be gone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from ..errors import CameraError, RefusedError

ATTEMPTS: Final = 3
"""To stop what moves."""
PAUSE: Final = 0.2
"""Seconds before the second attempt; more before the third."""
CLOSING: Final = 4.0
"""Seconds to stop what moves when everything ends."""


class DeadMan:
    """The time that a movement has left; when it is over, or on demand, it is ended."""

    def __init__(self, halt: Callable[[], Awaitable[None]]) -> None:
        """End movements by `halt`, which raises CameraError."""
        self._halt = halt
        self._running: asyncio.Task[None] | None = None
        self._endings: set[asyncio.Task[CameraError | None]] = set()
        self._unended = False
        """Whether something moves on that could not be ended: nobody was there to be told."""

    @property
    def armed(self) -> bool:
        """Return whether something moves that has to be ended."""
        return self._running is not None or self._unended

    def arm(
        self,
        seconds: float,
        every: float | None = None,
        again: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """End it in `seconds`, whatever was left before; until then repeat `again` in between."""
        self.disarm()
        self._running = asyncio.create_task(self._run(seconds, every or seconds, again))

    def disarm(self) -> None:
        """Nothing moves any more, or somebody else ends it."""
        self._unended = False
        if self._running is not None:
            self._running.cancel()
            self._running = None

    def end_soon(self) -> asyncio.Task[CameraError | None]:
        """End it in the background; return what went wrong."""
        self.disarm()
        ending = asyncio.create_task(self._end())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        return ending

    def end_left(self) -> None:
        """End in the background what could not be ended before."""
        if self._unended:
            self.end_soon()

    async def end(self) -> None:
        """End it now. CameraError. It is ended even when the caller is cancelled."""
        if (error := await asyncio.shield(self.end_soon())) is not None:
            raise error

    async def close(self) -> None:
        """End what still moves, if the device answers in time."""
        if self.armed:
            self.end_soon()
        if self._endings:
            _, late = await asyncio.wait(self._endings, timeout=CLOSING)
            for ending in late:
                ending.cancel()

    async def _run(
        self, seconds: float, every: float, again: Callable[[], Awaitable[None]] | None
    ) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            await asyncio.sleep(min(left, every))
            if again is not None and loop.time() < until:
                with suppress(CameraError):
                    await again()
        self._running = None
        self.end_soon()

    async def _end(self) -> CameraError | None:
        """Return an error instead of raising it: nobody may be left to catch it."""
        error: CameraError | None = None
        for attempt in range(ATTEMPTS):
            try:
                await self._halt()
            except CameraError as err:
                error = err
                await asyncio.sleep(PAUSE * (attempt + 1))
            else:
                return None
        # Who says no will say it again; who was not there may be, later.
        self._unended = not isinstance(error, RefusedError) and self._running is None
        return error
