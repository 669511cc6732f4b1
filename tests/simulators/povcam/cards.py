"""SD cards and recording: the part of the camera behind get_state (8.7, 9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .models import Options


@dataclass(slots=True)
class Slot:
    """One card slot; sizes in gigabytes."""

    inserted: bool = True
    remaining: float = 29.7
    capacity: float = 29.8
    error: bool = False
    repairing: bool = False

    @property
    def writable(self) -> bool:
        """Whether a recording can go to this card."""
        return self.inserted and not self.error and not self.repairing and self.remaining > 0


class Progress(StrEnum):
    """States of a card format (9.3)."""

    PREPARE = "prepare"
    EXEC = "exec"
    FINISH = "finish"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class _Format:
    slot: Slot
    began: float


class Recorder:
    """Recording, card filling and formatting, all as functions of the clock.

    Nothing runs on its own: each reading first brings the state up to the present,
    so that a camera nobody asks costs nothing.
    """

    def __init__(self, slots: int, options: Options) -> None:
        """Make a recorder with `slots` inserted cards."""
        self._options = options
        self._slots: Final = {f"sd{number}": Slot() for number in range(1, slots + 1)}
        self._began: float | None = None
        self._stopped_length = 0.0
        self._written_to = 0.0
        self._change: tuple[float, bool] | None = None
        self._format: _Format | None = None

    @property
    def slots(self) -> Mapping[str, Slot]:
        """The slots `sd1`, `sd2`; their fields may be set by a test."""
        self._settle()
        return self._slots

    @property
    def recording(self) -> bool:
        """Whether the recording shows, as in get_state."""
        self._settle()
        return self._began is not None

    @recording.setter
    def recording(self, on: bool) -> None:
        """Start or stop at once, as by the button on the body."""
        self._settle()
        self._change = None
        self._switch(self._options.clock(), on=on)

    @property
    def counter(self) -> int:
        """Seconds of the present recording, or of the last one."""
        self._settle()
        if self._began is None:
            return int(self._stopped_length)
        return int(self._options.clock() - self._began)

    @property
    def active_slot(self) -> Slot | None:
        """The card that is, or would be, written to."""
        self._settle()
        return self._target()

    @property
    def formatting(self) -> bool:
        """Whether a card format is under way."""
        return self.format_progress in (Progress.PREPARE, Progress.EXEC)

    @property
    def format_progress(self) -> Progress:
        """How far the last format is; `finish` when there was none (9.3)."""
        self._settle()
        if self._format is None:
            return Progress.FINISH
        if not self._format.slot.inserted:
            return Progress.ERROR
        elapsed = self._options.clock() - self._format.began
        if elapsed < self._options.format_time / 3:
            return Progress.PREPARE
        return Progress.EXEC

    def command(self, *, start: bool) -> bool:
        """Take a sdctrl command; False when it is refused (8.7)."""
        self._settle()
        wanted = self._change[1] if self._change else self._began is not None
        if start == wanted:
            return False
        if start and (self._target() is None or self._format is not None):
            return False
        self._change = (self._options.clock() + self._options.record_delay, start)
        return True

    def start_format(self, name: str) -> bool:
        """Begin to format the card in slot `name`; False when that is impossible (9.2)."""
        self._settle()
        slot = self._slots.get(name)
        busy = self._began is not None or self._change is not None or self._format is not None
        if slot is None or not slot.inserted or busy:
            return False
        self._format = _Format(slot, self._options.clock())
        return True

    def power_cut(self) -> None:
        """Forget what a restart forgets."""
        self.recording = False
        self._format = None
        self._stopped_length = 0.0

    def _target(self) -> Slot | None:
        return next((slot for slot in self._slots.values() if slot.writable), None)

    def _switch(self, when: float, *, on: bool) -> None:
        if on and self._began is None and self._target() is not None:
            self._began = self._written_to = when
        elif not on and self._began is not None:
            self._write(when)
            if self._began is not None:
                self._stopped_length = when - self._began
                self._began = None

    def _settle(self) -> None:
        now = self._options.clock()
        if self._change and now >= self._change[0]:
            when, on = self._change
            self._change = None
            self._switch(when, on=on)
        if self._began is not None:
            self._write(now)
        if self._format and now - self._format.began >= self._options.format_time:
            slot = self._format.slot
            if slot.inserted:
                slot.remaining, slot.error = slot.capacity, False
            self._format = None

    def _write(self, now: float) -> None:
        """Fill the cards up to `now`, going on to the next card when one is full."""
        rate = self._options.record_rate
        due = (now - self._written_to) * rate
        self._written_to = now
        while (slot := self._target()) is not None:
            if slot.remaining > due:
                slot.remaining -= due
                return
            due -= slot.remaining
            slot.remaining = 0.0
        if self._began is not None:
            self._stopped_length = now - (due / rate if rate else 0.0) - self._began
            self._began = None
