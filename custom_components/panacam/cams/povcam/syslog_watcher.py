"""Tells of new lines in the camera's system log, also of those of a time when nobody looked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, override

from ..device import State
from ..errors import CameraError, ProtocolError, Reason, RefusedError
from ..memory import Memory
from ..roles import Reading, Topic, TopicEvent
from .client import PovcamClient
from .commands_network import GET_SYSTEMLOG
from .syslog import MAX_LINES, Line, first_new, grows_at_front, parse_log, rises
from .wanted import ProbedWatcher
from .watching import Tell

LOG_GAP: Final = 60.0
"""Seconds between two looks."""
MAX_TOLD: Final = 20
"""New lines told at one look, the newest."""
SURE: Final = 3
"""Steps in time that tell more of a log's order than what was seen before."""
KEY: Final = "system_log"
_COUNT: Final = "event_log_count"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen before, as it outlives restarts."""

    marks: Sequence[str] = ()
    """Oldest first, as far as that is known."""
    newest_first: bool | None = None
    """Whether the camera has them the other way; None: not known yet."""


class LogWatcher(ProbedWatcher):
    """Reads the whole log while somebody wants it: which end is new no document says."""

    period = LOG_GAP

    def __init__(self, client: PovcamClient, tell: Tell, memory: Memory) -> None:
        """Ask by `client`, tell of new lines by `tell`; `memory` has those seen before."""
        super().__init__(client)
        self._tell = tell
        self._memory = memory
        self._count: int | None = None
        self._plain = False
        """Whether the camera wants to be asked as in the specification's example only."""

    @override
    async def probe(self) -> bool:
        """Look whether there is a log; what stands in it is no news."""
        if not self._client.has_credentials:
            return False
        await self._lines(1)
        self.topics = {KEY: Topic(key=KEY, enabled=False)}
        # Neither a unit nor a sum: a log that is full stays at its limit.
        row = Reading(key=_COUNT, precision=0, diagnostic=True, enabled=False)
        self.readings = {row.key: row}
        return True

    @override
    async def read(self) -> None:
        """Read the log, and tell what is new in it."""
        try:
            lines = await self._lines(MAX_LINES)
        except CameraError as err:
            self.missed(err)
            self._count = None
            return
        self._count = len(lines)
        if KEY in self._wants.keys:
            await self._take(lines)

    @override
    def add(self, state: State) -> State:
        """Return the state with the number of lines."""
        if not self.there:
            return state
        return replace(state, readings={**state.readings, _COUNT: self._count})

    async def text(self) -> str:
        """Return the log for people, oldest line first. CameraError."""
        lines = await self._lines(MAX_LINES)
        return "\n".join(map(str, lines[::-1] if _order(lines, self._seen() or _Seen()) else lines))

    async def _lines(self, number: int) -> tuple[Line, ...]:
        """Return the camera's lines in its own order. CameraError."""
        if self._plain:
            body = await self._client.call(GET_SYSTEMLOG, type="eventlog")
        else:
            try:
                body = await self._client.call(GET_SYSTEMLOG, type="eventlog", num=number, index=1)
            except RefusedError as err:
                if err.reason is not Reason.REFUSED:
                    raise
                body = await self._client.call(GET_SYSTEMLOG, type="eventlog")
                self._plain = True
        # Milliseconds for a log as it should be, and more for one that should not.
        lines = await asyncio.to_thread(parse_log, body)
        if body.strip() and not lines:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, GET_SYSTEMLOG.name)
        return lines

    async def _take(self, lines: Sequence[Line]) -> None:
        """Tell what is new, and remember it."""
        seen = self._seen()
        newest_first = _order(lines, seen or _Seen())
        ordered = (lines[::-1] if newest_first else lines)[-MAX_LINES:]
        marks = [line.mark for line in ordered]
        if seen is None:
            self._remember(marks, newest_first)
            return
        # What was remembered under another order, or none, stands the other way round.
        turned = bool(newest_first) is not bool(seen.newest_first)
        known = list(reversed(seen.marks) if turned else seen.marks)
        first = await asyncio.to_thread(first_new, known, marks)
        # What the camera no longer has, or did not send this time, is not forgotten.
        self._remember([*known, *marks[first:]][-MAX_LINES:], newest_first)
        self._tell_of(ordered[first:])

    def _tell_of(self, new: Sequence[Line]) -> None:
        """Tell of new lines, oldest first."""
        left_out = len(new) - MAX_TOLD
        for line in new[-MAX_TOLD:]:
            data = {
                "code": line.code,
                "text": line.text,
                "time": "" if line.time is None else line.time.isoformat(timespec="minutes"),
                "number": str(line.number),
            }
            if left_out > 0 and line is new[-1]:
                data["left_out"] = str(left_out)
            self._tell(TopicEvent(KEY, data))

    def _remember(self, marks: Sequence[str], newest_first: bool | None) -> None:
        self._memory.put(KEY, {"marks": list(marks), "newest_first": newest_first})

    def _seen(self) -> _Seen | None:
        """Return what was seen before; None: nothing ever."""
        match self._memory.get(KEY):
            case {"marks": list(marks), "newest_first": (bool() | None) as newest_first}:
                known = [mark for mark in marks if isinstance(mark, str)]
                return _Seen(known[-MAX_LINES:], newest_first)
            case _:
                return None


def _order(lines: Sequence[Line], seen: _Seen) -> bool | None:
    """Return whether the newest line comes first; None: nothing tells."""
    steps = rises(lines)
    if steps and (seen.newest_first is None or abs(steps) >= SURE):
        return steps < 0
    if seen.newest_first is not None:
        return seen.newest_first
    return grows_at_front(seen.marks, [line.mark for line in lines])


class PovcamLog:
    """The system log role."""

    def __init__(self, watcher: LogWatcher) -> None:
        """Read it as `watcher` does."""
        self._watcher = watcher

    async def read(self) -> str:
        """Return the log as text, its newest line last. CameraError."""
        return await self._watcher.text()
