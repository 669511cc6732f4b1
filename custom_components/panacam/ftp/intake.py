"""What is on its way in: how many files, how fast, and how much of what the quotas leave."""

from collections.abc import Iterable
import logging
import time
from typing import Final

from .pace import Pace, Slots
from .room import FullError, Limits, Moment, young
from .shelf import Shelf

_LOGGER: Final = logging.getLogger(__name__)
_LOG_GAP: Final = 3600.0
"""Seconds between two lines about one account."""


class Intake:
    """Counts files that are not there yet."""

    def __init__(self, limits: Limits) -> None:
        """Have none."""
        self.slots = Slots(limits.uploads, limits.all_uploads)
        self._limits = limits
        self._paces: dict[str, Pace] = {}
        self._coming: dict[str, int] = {}
        self._left: dict[str, int] = {}
        self._all_left = 0
        self._said: dict[str, float] = {}

    async def pace(self, account: str) -> None:
        """Let an account begin or rename files no faster than it may."""
        await self._paces.setdefault(account, Pace()).wait()

    def begin(self, account: str, shelves: Iterable[Shelf], now: Moment) -> None:
        """See what the quotas leave: all but what is on its way in or too young to go. FullError.

        What comes whole after this counts as on its way until it is seen again.
        """
        kept = {shelf.account: young(shelf, self._limits, now) for shelf in shelves}
        coming = self._coming.setdefault(account, 0)
        self._left[account] = self._limits.account_bytes - kept.get(account, 0) - coming
        self._all_left = self._limits.all_bytes - sum(kept.values()) - sum(self._coming.values())
        if min(self._left[account], self._all_left) <= 0:
            raise FullError

    def take(self, account: str, size: int) -> None:
        """Have `size` bytes more on their way. FullError."""
        self._add(account, size)
        if min(self._left[account], self._all_left) < 0:
            raise FullError

    def end(self, account: str, size: int, *, is_placed: bool) -> None:
        """Have one file less on its way, of `size` bytes."""
        self.slots.give_back(account)
        self._add(account, -size)
        if is_placed:
            self._left[account] -= size
            self._all_left -= size

    def _add(self, account: str, size: int) -> None:
        self._coming[account] += size
        self._left[account] -= size
        self._all_left -= size

    def say_full(self, account: str) -> None:
        """Say that files are refused, not too often."""
        now = time.monotonic()
        if now - self._said.get(account, -_LOG_GAP) >= _LOG_GAP:
            self._said[account] = now
            _LOGGER.warning("Received files of a camera are refused: there is no room for them")
