"""What time it is in the device, which signatures and absolute times go by."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import time
from typing import Final

from ..errors import AuthError, CameraError, ConnectError, ProtocolError, RefusedError
from .node import Node

CLOCK_AGE: Final = 3600.0
"""Seconds after which the clock is looked at again."""
CLOCK_DOUBT: Final = 2.0
"""Seconds after which a refused login may be the clock's fault."""
JITTER: Final = timedelta(seconds=2)
"""By which two looks at a clock differ that nobody set: it tells whole seconds, and late."""
MOST: Final = timedelta(days=36_525)
"""A clock that is off by more is none that can be reckoned with."""
MOURNED: Final = 5.0
"""Seconds during which a look that found nobody holds good for the others, too."""

type Ask = Callable[[], Awaitable[Node]]


class DeviceClock:
    """The device's clock as it was told last."""

    def __init__(self, ask: Ask) -> None:
        """Have GetSystemDateAndTime asked by `ask`."""
        self._ask = ask
        self._lock = asyncio.Lock()
        self._looked_at = float("-inf")
        self._lost: tuple[float, ConnectError] | None = None
        """When nobody was found, and why."""
        self.offset: timedelta | None = None
        """How far it is ahead of ours; None: the device does not say."""
        self.by_network = False
        """Whether the device says that it takes its time from a time server."""

    def now(self) -> datetime:
        """Return the device's time; ours when it tells none."""
        return datetime.now(UTC) + (self.offset or timedelta())

    def moved(self, before: timedelta | None) -> bool:
        """Return whether it is another time than with the offset of `before`."""
        return abs((self.offset or timedelta()) - (before or timedelta())) > JITTER

    async def look(self, age: float) -> None:
        """Read the time, which needs no login, unless that was done within `age` seconds.

        Raises ConnectError; with an age of 0 also what else goes wrong.
        """
        called_at = time.monotonic()
        async with self._lock:
            if self._lost is not None:
                lost_at, error = self._lost
                # Who waited for that look meanwhile is not to wait for another one.
                if lost_at > called_at or (age and lost_at + MOURNED > called_at):
                    raise ConnectError(error.reason) from error
            if age and time.monotonic() - self._looked_at < age:
                return
            # Whatever comes of it: who does not tell is not asked at each request.
            self._looked_at = time.monotonic()
            try:
                self._take(await self._ask())
            except ConnectError as err:
                self._looked_at = float("-inf")
                self._lost = time.monotonic(), err
                raise
            except AuthError, RefusedError, ProtocolError:
                if not age:
                    raise
            except CameraError:
                self._looked_at = float("-inf")
                raise
            self._lost = None

    def _take(self, answer: Node) -> None:
        self.by_network = by_network(answer)
        if (told := _utc(answer)) is None:
            return
        offset = told - datetime.now(UTC)
        if abs(offset) < MOST:
            self.offset = offset


def by_network(answer: Node) -> bool:
    """Return whether GetSystemDateAndTime says that the time is that of a time server."""
    return answer.text("SystemDateAndTime", "DateTimeType") == "NTP"


def _utc(answer: Node) -> datetime | None:
    """Return the time that GetSystemDateAndTime tells, or None: some tell none."""
    if (told := answer.child("SystemDateAndTime", "UTCDateTime")) is None:
        return None
    parts = [
        told.number("Date", "Year"),
        told.number("Date", "Month"),
        told.number("Date", "Day"),
        told.number("Time", "Hour"),
        told.number("Time", "Minute"),
        told.number("Time", "Second"),
    ]
    whole = [int(part) for part in parts if part is not None]
    if len(whole) != len(parts):
        return None
    *rest, second = whole
    try:
        return datetime(rest[0], rest[1], rest[2], rest[3], rest[4], min(second, 59), tzinfo=UTC)
    except ValueError, OverflowError:
        return None
