"""How fast something may happen, and how often at a time."""

import asyncio
from typing import Final

BURST: Final = 50
RATE: Final = 10.0
"""A second."""


class BusyError(Exception):
    """It happens too often at a time."""


class Pace:
    """A burst, then so many a second: lets callers through one after the other."""

    def __init__(self, *, burst: int = BURST, rate: float = RATE) -> None:
        """Have a whole burst at first."""
        self._burst = burst / rate
        self._rate = rate
        self._next = 0.0

    async def wait(self) -> None:
        """Return when it is the caller's turn."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now - self._burst) + 1 / self._rate
        if self._next > now:
            await asyncio.sleep(self._next - now)


class Slots:
    """So many at a time of each, and so many of all."""

    def __init__(self, of_one: int, of_all: int) -> None:
        """Have all of them free."""
        self._of_one = of_one
        self._of_all = of_all
        self.taken: dict[str, int] = {}

    def take(self, account: str) -> None:
        """Take one. BusyError."""
        taken = self.taken.get(account, 0)
        if taken >= self._of_one or sum(self.taken.values()) >= self._of_all:
            raise BusyError
        self.taken[account] = taken + 1

    def give_back(self, account: str) -> None:
        """Let others have it."""
        self.taken[account] -= 1
        if not self.taken[account]:
            del self.taken[account]
