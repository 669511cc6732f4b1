"""How far a card format (9.3) and a transfer by FTP (11.5) are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, override

from ..device import Activity, State
from ..roles import Reading
from .client import PovcamClient
from .commands_cards import GET_PROGRESS
from .wanted import WantedWatcher
from .wire import Reply, parse_reply

WORDS: Final = ("prepare", "exec", "finish", "cancel", "error")
GOING: Final = frozenset({"prepare", "exec"})
ENDS: Final = frozenset({"finish", "error"})
IDLE: Final = "idle"
"""Nothing was begun or seen since set-up; no word of the camera."""
PROGRESS_GAP: Final = 2.0
"""Seconds between two looks at something that goes on."""
LAST_LOOKS: Final = 5
"""Looks at something that get_state says is over, and get_progress says is not."""
_MOST: Final = 100

type Begun = Callable[[Activity], None]
"""Is told what the camera was just made to do."""


@dataclass(frozen=True, slots=True)
class _Work:
    """Something that takes a while."""

    activity: Activity
    type: str
    """What get_progress calls it."""
    word: str
    """Key of the reading of how far it is."""
    rate: str | None = None
    """Key of the reading in percent."""


_WORKS: Final = (
    _Work(Activity.FORMATTING, "format", "format_progress"),
    _Work(Activity.FTP_SENDING, "send_ftp", "ftp_progress", "ftp_rate"),
)


def read_progress(reply: Reply) -> tuple[str | None, float | None]:
    """Return the state, one of WORDS, and the percentage; None for what is not told."""
    word, rate = reply.get("progress", "").casefold(), reply.number("rate")
    return (
        word if word in WORDS else None,
        rate if rate is not None and rate <= _MOST else None,
    )


class ProgressWatcher(WantedWatcher):
    """Looks while something goes on, and at how it ended; both also when no poll saw it go on."""

    period = PROGRESS_GAP

    def __init__(self, client: PovcamClient) -> None:
        """Ask by `client`."""
        super().__init__(client)
        rows = [
            *(
                Reading(key=work.word, options=(IDLE, *WORDS), diagnostic=True, enabled=False)
                for work in _WORKS
            ),
            Reading(key="ftp_rate", unit="%", precision=0, diagnostic=True, enabled=False),
        ]
        self.readings = {row.key: row for row in rows}
        self._activities: Mapping[Activity, bool | None] = {}
        """Of the last state that was looked at."""
        self._left = dict.fromkeys((work.activity for work in _WORKS), 0)
        """Looks that are still to come once it is over."""
        self._values: dict[str, float | str | None] = {
            **dict.fromkeys(self.readings),
            **{work.word: IDLE for work in _WORKS},
        }

    def begun(self, activity: Activity) -> None:
        """Look at what the camera was just made to do: it may be over before the next poll."""
        # One look more: the first may still find how the one before ended.
        self._left[activity] = LAST_LOOKS + 1

    @override
    def is_due(self, state: State, now: float) -> bool:
        """Return whether something goes on, or has just ended."""
        if not self._client.has_credentials or not super().is_due(state, now):
            return False
        return any(self._goes_on(work, state.activities) for work in _WORKS)

    @override
    async def look(self, state: State) -> None:
        """Ask about what goes on by the state."""
        self._activities = state.activities
        await super().look(state)

    @override
    async def read(self) -> None:
        """Ask about what goes on or has just ended."""
        for work in _WORKS:
            if not self._goes_on(work, self._activities):
                continue
            word, rate = await self._ask(work)
            self._values[work.word] = word
            if work.rate is not None:
                self._values[work.rate] = rate
            if self._activities.get(work.activity):
                self._left[work.activity] = LAST_LOOKS
            else:
                left = self._left[work.activity]
                ended = word in ENDS and left <= LAST_LOOKS
                self._left[work.activity] = 0 if ended else left - 1

    @override
    def add(self, state: State) -> State:
        """Return the state with how far everything was when it was last looked at."""
        found = {
            key: self._values[key]
            for work in _WORKS
            if work.activity in state.activities
            for key in (work.word, work.rate)
            if key is not None
        }
        return replace(state, readings={**state.readings, **found}) if found else state

    def _goes_on(self, work: _Work, activities: Mapping[Activity, bool | None]) -> bool:
        if self._wants.keys.isdisjoint({work.word, work.rate}):
            return False
        return activities.get(work.activity) is True or self._left[work.activity] > 0

    async def _ask(self, work: _Work) -> tuple[str | None, float | None]:
        body = await self.ask(GET_PROGRESS, type=work.type)
        return (None, None) if body is None else read_progress(parse_reply(body))
