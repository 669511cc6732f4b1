"""What is looked at beside get_state: settings, clock, log, progress; each by a watcher of its own.

Those that are due ask the camera one after the other: it is never asked two things at once by them,
and one that nobody looks at costs nothing. A poll waits for them a short while only; what takes
longer goes on beside the next polls, of which one takes what came of it.
"""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, override

from ..device import Notice, State
from ..errors import Reason, RefusedError
from ..roles import Press, Problem, Reading, Signal, Topic, Unsubscribe
from ..settings import Setting

BUDGET: Final = 3.0
"""Seconds that set-up, and a poll, wait for all watchers together."""

type Tell = Callable[[Notice], None]


class Watcher(ABC):
    """Something of a camera that is looked at now and then, and what is made of it."""

    readings: Mapping[str, Reading] = MappingProxyType({})
    signals: Mapping[str, Signal] = MappingProxyType({})
    topics: Mapping[str, Topic] = MappingProxyType({})
    presses: Mapping[Press, Callable[[], Awaitable[None]]] = MappingProxyType({})
    fixes: Mapping[Problem, Callable[[], Awaitable[None]]] = MappingProxyType({})

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Return the settings that it looks after."""
        return ()

    @abstractmethod
    async def begin(self) -> None:
        """Learn at set-up what the camera has; raises nothing.

        Called by each `connect`, also of a device that was connected before. Rows may grow later:
        what could not be learnt then is learnt by a look.
        """

    @abstractmethod
    def is_due(self, state: State, now: float) -> bool:
        """Return whether to look, by what get_state has just told and by the monotonic clock."""

    @abstractmethod
    async def look(self, state: State) -> None:
        """Ask the camera a few things at most; raises nothing: whether it is away get_state tells.

        What it refuses, or answers with rubbish, makes that value unknown; and a watcher spaces its
        own looks, failures included.
        """

    @abstractmethod
    def add(self, state: State) -> State:
        """Return the state with what is known here."""

    def want(self, key: str) -> Unsubscribe | None:
        """Keep one of its rows up until called off; None when it is not its own."""
        return None


class Onlooker(Watcher):
    """A watcher that asks the camera nothing: what it adds is here already."""

    @override
    async def begin(self) -> None:
        """Learn nothing."""

    @override
    def is_due(self, state: State, now: float) -> bool:
        return False

    @override
    async def look(self, state: State) -> None:
        """Look at nothing."""


class Watchers:
    """All watchers of one camera."""

    def __init__(self, *watchers: Watcher) -> None:
        """Keep them, in the order in which they look."""
        self.all = watchers
        self._task: asyncio.Task[None] | None = None
        """What is under way."""

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Return all settings."""
        return tuple(row for watcher in self.all for row in watcher.settings)

    @property
    def presses(self) -> tuple[Press, ...]:
        """Return all that can be pressed."""
        return tuple(press for watcher in self.all for press in watcher.presses)

    @property
    def fixable(self) -> frozenset[Problem]:
        """Return all that can be mended."""
        return frozenset(problem for watcher in self.all for problem in watcher.fixes)

    @property
    def readings(self) -> Mapping[str, Reading]:
        """Return all readings by key."""
        return {key: row for watcher in self.all for key, row in watcher.readings.items()}

    @property
    def signals(self) -> Mapping[str, Signal]:
        """Return all signals by key."""
        return {key: row for watcher in self.all for key, row in watcher.signals.items()}

    @property
    def topics(self) -> Mapping[str, Topic]:
        """Return all topics by key."""
        return {key: row for watcher in self.all for key, row in watcher.topics.items()}

    async def begin(self) -> None:
        """Have each learn what there is, and wait for that at most for BUDGET."""
        await self.stop()
        await self._run(_begin(self.all))

    async def look(self, state: State, now: float) -> None:
        """Have those look that are due, once each, and wait for that at most for BUDGET.

        While those of before are still at it nobody begins, and nobody waits.
        """
        self._take()
        if self._task is not None:
            return
        if due := [watcher for watcher in self.all if watcher.is_due(state, now)]:
            await self._run(_look(due, state))

    async def stop(self) -> None:
        """End what is under way."""
        if (task := self._task) is not None:
            self._task = None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self, work: Coroutine[None, None, None]) -> None:
        self._task = asyncio.create_task(work, name="panacam looks")
        await asyncio.wait({self._task}, timeout=BUDGET)
        self._take()

    def _take(self) -> None:
        """See what came of what was under way, if that is over."""
        if (task := self._task) is not None and task.done():
            self._task = None
            task.result()

    def add(self, state: State) -> State:
        """Return the state with what all know."""
        for watcher in self.all:
            state = watcher.add(state)
        topics = frozenset(self.topics)
        return replace(state, topics=state.topics | topics) if topics else state

    def want(self, key: str) -> Unsubscribe:
        """Keep a row up until called off."""
        for watcher in self.all:
            if (end := watcher.want(key)) is not None:
                return end
        return lambda: None


async def _begin(watchers: Iterable[Watcher]) -> None:
    for watcher in watchers:
        await watcher.begin()


async def _look(watchers: Iterable[Watcher], state: State) -> None:
    for watcher in watchers:
        await watcher.look(state)


class WatcherPresses:
    """The presses role."""

    def __init__(self, watchers: Watchers) -> None:
        """Press what watchers have."""
        self._watchers = watchers

    @property
    def table(self) -> tuple[Press, ...]:
        """Return what there is."""
        return self._watchers.presses

    async def press(self, key: str) -> None:
        """Do it. CameraError."""
        for watcher in self._watchers.all:
            for press, call in watcher.presses.items():
                if press.key == key:
                    await call()
                    return
        raise RefusedError(Reason.UNSUPPORTED)


class WatcherFixer:
    """The fixer role."""

    def __init__(self, watchers: Watchers) -> None:
        """Mend what watchers can."""
        self._watchers = watchers

    @property
    def fixable(self) -> frozenset[Problem]:
        """Return what can be mended."""
        return self._watchers.fixable

    async def fix(self, problem: Problem) -> None:
        """Mend it. CameraError."""
        for watcher in self._watchers.all:
            if (call := watcher.fixes.get(problem)) is not None:
                await call()
                return
        raise RefusedError(Reason.UNSUPPORTED)
