"""What costs the camera a request is looked at as long as somebody wants it."""

from abc import abstractmethod
from collections import Counter
import time
from typing import Final, override

from ..device import State
from ..errors import CameraError, Reason
from ..roles import Unsubscribe
from .client import PovcamClient
from .watching import Watcher
from .wire import Command

SLOW_PAUSE: Final = 600.0
"""Seconds until a camera is asked again for what it did not answer in time."""
PROBE_GAP: Final = 60.0
"""Seconds until a camera is asked again whether it has something; twice as many each time."""
PROBE_GAP_MAX: Final = 3600.0


class Wants:
    """Who wants which rows."""

    def __init__(self) -> None:
        """Nobody wants anything yet."""
        self._counts: Counter[str] = Counter()

    @property
    def keys(self) -> frozenset[str]:
        """Return the keys of the rows that somebody wants."""
        return frozenset(+self._counts)

    def add(self, key: str) -> Unsubscribe:
        """Note one who wants a row, until called off, which does no harm when done twice."""
        self._counts[key] += 1
        over = False

        def end() -> None:
            nonlocal over
            if not over:
                over = True
                self._counts[key] -= 1

        return end


class WantedWatcher(Watcher):
    """Something that is read now and then, as long as one of its rows is wanted."""

    period: float
    """Seconds between two looks."""

    def __init__(self, client: PovcamClient) -> None:
        """Ask by `client`."""
        self._client = client
        self._wants = Wants()
        self._read_at = float("-inf")

    @override
    async def begin(self) -> None:
        """Do nothing: what there is does not depend on an answer."""

    @abstractmethod
    async def read(self) -> None:
        """Ask the camera; whatever goes wrong makes what is not told unknown."""

    @override
    def want(self, key: str) -> Unsubscribe | None:
        """Keep one of its rows up until called off; None when it is not its own."""
        if key not in {*self.readings, *self.signals, *self.topics}:
            return None
        if key not in self._wants.keys:
            self._read_at = float("-inf")
        return self._wants.add(key)

    @property
    def wanted(self) -> bool:
        """Return whether somebody wants one of its rows."""
        return bool(self._wants.keys)

    @override
    def is_due(self, state: State, now: float) -> bool:
        """Return whether the last look is old enough."""
        return self.wanted and now >= self._read_at + self.period

    @override
    async def look(self, state: State) -> None:
        """Ask the camera."""
        self._read_at = time.monotonic()
        await self.read()

    async def ask(self, command: Command, **values: str | int) -> bytes | None:
        """Return an answer, or None whatever went wrong.

        get_state has just been answered, or will tell soon that the camera is away: a request
        that only a row of ours needs is no reason to take it for lost.
        """
        try:
            return await self._client.call(command, **values)
        except CameraError as err:
            self.missed(err)
            return None

    def missed(self, error: CameraError) -> None:
        """Leave a camera alone for a while that keeps us waiting."""
        if error.reason is Reason.TIMEOUT:
            self._read_at = time.monotonic() + SLOW_PAUSE


class ProbedWatcher(WantedWatcher):
    """Something that not every camera has: it is asked until it has said whether it has."""

    def __init__(self, client: PovcamClient) -> None:
        """Ask by `client`."""
        super().__init__(client)
        self.there: bool | None = None
        """Whether the camera has it; None: it has not said."""
        self._probe_at = float("-inf")
        self._probe_gap = PROBE_GAP

    @abstractmethod
    async def probe(self) -> bool | None:
        """Return whether the camera has it, with its rows made; None: it does not say.

        Raises CameraError, which leaves it open unless that is UNSUPPORTED.
        """

    @override
    async def begin(self) -> None:
        """Look whether the camera has it."""
        if self.there is None:
            await self._find_out()

    @override
    def is_due(self, state: State, now: float) -> bool:
        """Return whether the last look, or the last try to find it, is old enough."""
        if self.there is None:
            return now >= self._probe_at
        return self.there and super().is_due(state, now)

    @override
    async def look(self, state: State) -> None:
        """Ask the camera, first of all whether it has it."""
        if self.there is None:
            await self._find_out()
        else:
            await super().look(state)

    async def _find_out(self) -> None:
        try:
            self.there = await self.probe()
        except CameraError as err:
            if err.reason is Reason.UNSUPPORTED:
                self.there = False
        self._probe_at = time.monotonic() + self._probe_gap
        self._probe_gap = min(2 * self._probe_gap, PROBE_GAP_MAX)
