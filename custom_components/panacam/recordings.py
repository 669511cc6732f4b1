"""What became of a recording: begun, ended, or failed, by what the camera itself shows."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback

from .cams.device import Slot, State
from .cams.errors import CameraError, ConnectError, Reason
from .const import EFFECT_LIMIT


class Outcome(StrEnum):
    """What can become of a recording."""

    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"


class Failure(StrEnum):
    """Why a recording failed."""

    NOT_STARTED = "not_started"
    """The camera took the command and did not record."""
    REFUSED = "refused"
    CARD_ABSENT = "card_absent"
    CARD_ERROR = "card_error"
    CARD_FULL = "card_full"


type Listener = Callable[[Outcome, Failure | None], None]

_NOT_FAILED: Final = frozenset({Reason.ALREADY_RECORDING})


def is_full(slot: Slot) -> bool | None:
    """Return whether a card has no room left, as exactly as the camera tells it."""
    if slot.inserted is False:
        return False
    return None if slot.remaining is None else slot.remaining <= 0


def trouble(before: Mapping[str, Slot], now: Mapping[str, Slot]) -> Failure | None:
    """Return which trouble with the cards has come up during a recording."""
    pairs = [(before.get(name, Slot()), slot) for name, slot in now.items()]
    if any(slot.error is True and was.error is not True for was, slot in pairs):
        return Failure.CARD_ERROR
    if any(slot.inserted is False and was.inserted is True for was, slot in pairs):
        return Failure.CARD_ABSENT
    cards = [slot for slot in now.values() if slot.inserted is not False]
    if cards and all(is_full(card) for card in cards):
        return Failure.CARD_FULL
    return None


class Recordings:
    """Compares what a camera shows with what it has shown, and with what it was told."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Measure by `clock`, in seconds."""
        self._clock = clock
        self._listeners: list[Listener] = []
        self._on: bool | None = None
        """None: not seen yet."""
        self._cards: Mapping[str, Slot] = {}
        """As they were when the recording was first seen."""
        self._wanted: float | None = None
        """When the camera was told to begin, until it does."""
        self._ending = False
        """Whether it was told to end."""

    @callback
    def listen(self, listener: Listener) -> CALLBACK_TYPE:
        """Tell `listener` what becomes of each recording; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def told(self, *, on: bool) -> None:
        """Know that the camera is about to be told to begin or to end."""
        self._wanted = self._clock() if on else None
        self._ending = not on

    @callback
    def refused(self, error: CameraError) -> None:
        """Know that the camera did not take what it was told last."""
        wanted = self._wanted is not None
        self._ending = False
        if isinstance(error, ConnectError) and wanted:
            return  # it may have heard all the same: what it shows will tell
        self._wanted = None
        if wanted and error.reason not in _NOT_FAILED:
            absent = error.reason is Reason.NO_CARD
            self._tell(Outcome.FAILED, Failure.CARD_ABSENT if absent else Failure.REFUSED)

    @callback
    def seen(self, state: State) -> None:
        """Take what the camera shows itself, whatever it was told."""
        if (on := state.recording) is None:
            return
        was, self._on = self._on, on
        if on:
            if not was:
                self._cards = state.slots
                self._wanted = None
            if was is False:
                self._tell(Outcome.STARTED)
        elif was:
            found = None if self._ending else trouble(self._cards, state.slots)
            self._ending = False
            self._tell(Outcome.FAILED if found else Outcome.STOPPED, found)
        elif self._wanted is not None and self._clock() >= self._wanted + EFFECT_LIMIT:
            self._wanted = None
            self._tell(Outcome.FAILED, Failure.NOT_STARTED)

    def _tell(self, outcome: Outcome, failure: Failure | None = None) -> None:
        for listener in tuple(self._listeners):
            listener(outcome, failure)
