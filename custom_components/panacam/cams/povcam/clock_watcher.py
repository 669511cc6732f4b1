"""How far the camera's clock is off, and how it is set."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
import time
from typing import Final, override

from ..device import State
from ..errors import CameraError, ProtocolError, Reason, RefusedError
from ..roles import Press, Problem, Reading
from .client import PovcamClient
from .clock import Clock, read_clock
from .commands_settings import DATE_TIME, GET_DATE_TIME
from .wanted import ProbedWatcher
from .wire import parse_reply

TOLERANCE: Final = timedelta(seconds=60)
"""By which a clock may be off; recordings are hard to find beyond that."""
CLOCK_GAP: Final = 600.0
"""Seconds between two looks at a clock that somebody looks at, or that was wrong."""
QUIET_GAP: Final = 3600.0
"""Seconds between two looks at one that was right."""
TAKEN: Final = timedelta(seconds=2)
"""By which a clock may be off that has just been set."""
_HALF_SECOND: Final = timedelta(seconds=0.5)
_SPARE: Final = 0.02
"""Seconds that a request needs to leave."""


@dataclass(frozen=True, slots=True)
class Told:
    """A clock, and when it was read."""

    clock: Clock
    at: datetime
    """By ours, in the middle of the request."""
    travel: timedelta
    """Half the round trip of the request."""

    @property
    def doubt(self) -> timedelta:
        """Return how exact `drift` is: the camera counts whole seconds."""
        return self.travel + _HALF_SECOND

    @property
    def drift(self) -> timedelta | None:
        """Return how far the camera's clock is ahead of ours; None: in which zone is unknown."""
        if (ahead := self.clock.ahead()) is None:
            return None
        return (self.clock.local - ahead + _HALF_SECOND).replace(tzinfo=UTC) - self.at


class ClockWatcher(ProbedWatcher):
    """Reads the clock now and then, and sets it when told."""

    period = CLOCK_GAP

    def __init__(self, client: PovcamClient) -> None:
        """Ask by `client`."""
        super().__init__(client)
        self._told: Told | None = None
        self._setting = asyncio.Lock()

    @property
    def drift(self) -> timedelta | None:
        """Return how far the camera's clock is ahead of ours, zero within the doubt."""
        if self._told is None or (drift := self._told.drift) is None:
            return None
        return drift if abs(drift) > self._told.doubt else timedelta()

    @property
    def is_off(self) -> bool:
        """Return whether it is so wrong that its owner should know."""
        drift = self.drift
        return (
            drift is not None
            and self._told is not None
            and abs(drift) > TOLERANCE + self._told.doubt
        )

    @override
    async def probe(self) -> bool:
        """Look whether it tells the time."""
        self._told = await self._ask()
        self._read_at = time.monotonic()
        row = Reading(key="clock_drift", unit="s", precision=0, diagnostic=True, enabled=False)
        self.readings = {row.key: row}
        if self._client.has_credentials:
            self.presses = {Press(key="set_clock", config=True, enabled=False): self.set_clock}
            self.fixes = {Problem.CLOCK_OFF: self.set_clock}
        return True

    @override
    def is_due(self, state: State, now: float) -> bool:
        """Return whether to look: seldom at a clock that is right and that nobody looks at."""
        if not self.there:
            return super().is_due(state, now)
        gap = CLOCK_GAP if self.wanted or self.is_off else QUIET_GAP
        return now >= self._read_at + gap

    @override
    async def read(self) -> None:
        """Ask what time it is."""
        try:
            self._told = await self._ask()
        except CameraError as err:
            self.missed(err)
            self._told = None

    @override
    def add(self, state: State) -> State:
        """Return the state with the drift, and with the problem if it is one."""
        if not self.there:
            return state
        drift = self.drift
        seconds = None if drift is None else round(drift.total_seconds())
        return replace(
            state,
            readings={**state.readings, "clock_drift": seconds},
            problems=state.problems | {Problem.CLOCK_OFF} if self.is_off else state.problems,
        )

    async def set_clock(self) -> None:
        """Set it to our time, in the zone and the summer time that it has. CameraError.

        RefusedError(TIME_ZONE_UNKNOWN) where nobody knows what its local time should be,
        RefusedError(NOT_TAKEN) when it shows another time afterwards.
        """
        async with self._setting:
            told = await self._ask()
            ahead = told.clock.ahead_at(datetime.now(UTC).replace(tzinfo=None))
            for _ in range(2):
                if ahead is None:
                    raise RefusedError(Reason.TIME_ZONE_UNKNOWN)
                await self._write(told, ahead)
                told = self._told = await self._ask()
                self._read_at = time.monotonic()
                drift = told.drift
                if drift is not None and abs(drift) <= TAKEN + told.doubt:
                    return
                # Near the edges of summer time it may see that otherwise than we: by its own word.
                ahead = told.clock.ahead()
        raise RefusedError(Reason.NOT_TAKEN, DATE_TIME.name)

    async def _write(self, told: Told, ahead: timedelta) -> None:
        """Set it at the turn of a second: the camera has no parts of one."""
        travel = told.travel.total_seconds()
        now = time.time()
        turn = ceil(now + travel + _SPARE)
        await asyncio.sleep(turn - travel - now)
        local = datetime.fromtimestamp(turn, UTC).replace(tzinfo=None) + ahead
        # As the specification's own example has them: the time never goes without.
        present = {"display": told.clock.display, "summer_time": told.clock.summer_time}
        along = {
            name: value
            for name, value in present.items()
            if DATE_TIME.parameters[name].allows(value)
        }
        await self._client.call(
            DATE_TIME,
            date_year=local.year,
            date_month=local.month,
            date_day=local.day,
            date_hour=local.hour,
            date_min=local.minute,
            date_sec=local.second,
            **along,
        )

    async def _ask(self) -> Told:
        """Return what time it is there. CameraError."""
        begun, began_at = time.monotonic(), datetime.now(UTC)
        body = await self._client.call(GET_DATE_TIME)
        travel = timedelta(seconds=(time.monotonic() - begun) / 2)
        if (clock := read_clock(parse_reply(body))) is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, GET_DATE_TIME.name)
        return Told(clock, began_at + travel, travel)
