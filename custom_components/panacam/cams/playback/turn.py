"""The one download that a camera does at a time: players come first, small pictures last."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from ..errors import BusyError, Reason

PATIENCE: Final = 10.0
"""Seconds that a player waits for another one."""


class Turn:
    """Who may download from one camera now."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._held = asyncio.Lock()
        self._small = asyncio.Lock()
        self._asks: dict[object, Callable[[], None]] = {}
        self._borrowers: list[Callable[[], None]] = []
        self._quiet_until = 0.0
        self.wanted = 0
        """How many players wait."""

    def hush(self, seconds: float) -> None:
        """Expect a player: nobody borrows meanwhile."""
        self._quiet_until = asyncio.get_running_loop().time() + seconds
        for stop in tuple(self._borrowers):
            stop()

    @asynccontextmanager
    async def held(
        self, give_up: Callable[[], None], *, within: float = PATIENCE
    ) -> AsyncGenerator[None]:
        """Download for a player. BusyError after `within` seconds.

        `give_up` is called, by then, when another player wants it: it may end this one.
        """
        self.wanted += 1
        try:
            for ask in (*self._asks.values(), *self._borrowers):
                ask()
            async with asyncio.timeout(within):
                await self._held.acquire()
        except TimeoutError:
            raise BusyError(Reason.BUSY) from None
        finally:
            self.wanted -= 1
        key = object()
        self._asks[key] = give_up
        try:
            yield
        finally:
            del self._asks[key]
            self._held.release()

    @asynccontextmanager
    async def borrowed(self) -> AsyncGenerator[None]:
        """Download for nobody in particular, one after the other.

        BusyError while a player has it, and in the middle when one comes.
        """
        loop = asyncio.get_running_loop()
        async with self._small:
            if self._held.locked() or self.wanted or loop.time() < self._quiet_until:
                raise BusyError(Reason.BUSY)
            await self._held.acquire()
            try:
                async with asyncio.timeout(None) as limit:
                    self._borrowers.append(lambda: limit.reschedule(loop.time()))
                    yield
            except TimeoutError:
                raise BusyError(Reason.BUSY) from None
            finally:
                self._borrowers.clear()
                self._held.release()
