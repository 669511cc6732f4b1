"""How long provisionings may take, and how much of them goes on at one time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

BOOT_LIMIT: Final = 120.0
"""Seconds that a camera may take from its address to its first answer."""
RUN_LIMIT: Final = 600.0
"""Seconds for all of it, settings included."""
LOAD_LIMIT: Final = 60.0
"""Seconds that an entry may take until it is loaded."""
GAP: Final = 1.0
"""Seconds between two looks whether a camera answers."""
LOGIN_PAUSE: Final = 10.0
"""Seconds before a login is tried a second time, and last: who starts up refuses everybody."""
MAX_TURNS: Final = 16
"""Cameras that are worked on at one time."""
MAX_LOOKS: Final = 64
"""Cameras that are looked for at one time: after a power cut all of them start."""


class Turns:
    """What provisionings share. Work is dear and looks are cheap, so they have turns of their own.

    Nobody keeps one while it waits for a camera to start.
    """

    def __init__(self) -> None:
        """Begin with all of them free."""
        self.work: Final = asyncio.Semaphore(MAX_TURNS)
        self.looks: Final = asyncio.Semaphore(MAX_LOOKS)


class Clock:
    """The time that one provisioning has from now on; waiting for a turn costs none of it."""

    def __init__(self, turns: Turns) -> None:
        """Begin now."""
        self._turns = turns
        self._loop = asyncio.get_running_loop()
        self._boot_end = self._loop.time() + BOOT_LIMIT
        self._limit = asyncio.timeout(RUN_LIMIT)

    @property
    def limit(self) -> AbstractAsyncContextManager[object]:
        """Return the limit for all of it, entered once. TimeoutError."""
        return self._limit

    def is_up(self, more: float = 0.0) -> bool:
        """Return whether a camera had long enough to start, and `more` seconds."""
        return self._loop.time() + GAP > self._boot_end + more

    def look(self) -> asyncio.Semaphore:
        """Return what is held during one look at a camera."""
        return self._turns.looks

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Work while others wait; not inside another turn."""
        began, end = self._loop.time(), self._limit.when()
        self._limit.reschedule(None)
        async with self._turns.work:
            waited = self._loop.time() - began
            self._boot_end += waited
            self._limit.reschedule(None if end is None else end + waited)
            yield
