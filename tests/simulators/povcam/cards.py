"""SD cards and recording: the part of the camera behind get_state (8.7, 9, 10.2)."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from .clips import Clip, Clips
from .films import ClipFormat
from .menus import Menus
from .models import Options

type Calendar = Callable[[float], datetime]
"""The camera's own date and time at a moment of `Options.clock`."""


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
    """States of a card format (9.3) or a transfer (11.5)."""

    PREPARE = "prepare"
    EXEC = "exec"
    FINISH = "finish"
    CANCEL = "cancel"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    began: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is being recorded to one card."""

    name: str
    kind: ClipFormat
    began: float
    written: float = 0.0


@dataclass(frozen=True, slots=True)
class _Deletion:
    name: str
    clips: deque[Clip]
    due: float
    """When the first of them is gone."""


class Recorder:
    """Recording, card filling and formatting, all as functions of the clock.

    Nothing runs on its own: each reading first brings the state up to the present,
    so that a camera nobody asks costs nothing.
    """

    def __init__(self, slots: int, menus: Menus, options: Options, calendar: Calendar) -> None:
        """Make a recorder with `slots` inserted cards."""
        self._menus = menus
        self._options = options
        self._calendar = calendar
        self._slots: Final = {f"sd{number}": Slot() for number in range(1, slots + 1)}
        self._clips: Final = Clips(self._slots, menus, options)
        self._inserted = dict.fromkeys(self._slots, True)
        self._began: float | None = None
        self._stopped_length = 0.0
        self._written_to = 0.0
        self._piece: _Piece | None = None
        self._change: tuple[float, bool] | None = None
        self._format: _Format | None = None
        self._formatted = Progress.FINISH
        self._deletion: _Deletion | None = None

    @property
    def slots(self) -> Mapping[str, Slot]:
        """The slots `sd1`, `sd2`; their fields may be set by a test."""
        self._settle()
        return self._slots

    @property
    def clips(self) -> Clips:
        """The clips on the cards."""
        self._settle()
        return self._clips

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
        name = self._target()
        return None if name is None else self._slots[name]

    @property
    def formatting(self) -> bool:
        """Whether a card format is under way."""
        return self.format_progress in (Progress.PREPARE, Progress.EXEC)

    @property
    def format_progress(self) -> Progress:
        """How far the last format is; `finish` when there was none (9.3)."""
        self._settle()
        if self._format is None:
            return self._formatted
        elapsed = self._options.clock() - self._format.began
        if elapsed < self._options.format_time / 3:
            return Progress.PREPARE
        return Progress.EXEC

    @property
    def deleting(self) -> bool:
        """Whether clips are being deleted."""
        self._settle()
        return self._deletion is not None

    @property
    def _busy(self) -> bool:
        recording = self._began is not None or self._change is not None
        return recording or self._format is not None or self._deletion is not None

    def command(self, *, start: bool) -> bool:
        """Take a sdctrl command; False when it is refused (8.7)."""
        self._settle()
        wanted = self._change[1] if self._change else self._began is not None
        if start == wanted:
            return False
        if start and (self._target() is None or self._format or self._deletion):
            return False
        self._change = (self._options.clock() + self._options.record_delay, start)
        return True

    def start_format(self, name: str) -> bool:
        """Begin to format the card in slot `name`; False when that is impossible (9.2)."""
        self._settle()
        slot = self._slots.get(name)
        if slot is None or not slot.inserted or self._busy:
            return False
        self._format = _Format(name, self._options.clock())
        return True

    def delete(self, name: str, clips: Sequence[Clip]) -> bool:
        """Begin to delete clips of the card in slot `name`; False when it is in use (10.2)."""
        self._settle()
        if not self._slots[name].inserted or self._busy:
            return False
        due = self._options.clock() + self._options.delete_time
        self._deletion = _Deletion(name, deque(clips), due)
        return True

    def pull(self, name: str) -> None:
        """Take the card out of a slot, whatever is going on; the clips stay on it."""
        self._settle()
        slot = self._slots[name]
        if self._format is not None and self._format.name == name:
            slot.error = True
        slot.inserted = False
        self._settle()

    def insert(self, name: str, *, blank: bool = False) -> None:
        """Put the card back, or an empty one of the same size."""
        self._settle()
        slot = self._slots[name]
        if blank:
            self._clips.clear(name)
            slot.remaining, slot.error, slot.repairing = slot.capacity, False, False
        slot.inserted = True
        self._settle()

    def power_cut(self) -> None:
        """Forget what a restart forgets."""
        self.recording = False
        self._format = self._deletion = None
        self._formatted = Progress.FINISH
        self._stopped_length = 0.0

    def _target(self) -> str | None:
        """Name the slot that is recorded to: where it is, where it shall be, or any other."""
        wanted = (self._piece.name,) if self._piece else ()
        order = (*wanted, self._menus.record_target, *self._slots)
        return next(
            (name for name in order if name in self._slots and self._slots[name].writable), None
        )

    def _switch(self, when: float, *, on: bool) -> None:
        if on and self._began is None and self._target() is not None:
            self._began = self._written_to = when
            self._write(when)
        elif not on and self._began is not None:
            self._write(when)
            if self._began is not None:
                self._end_piece(when)
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
        self._notice_cards()
        if self._format and now - self._format.began >= self._options.format_time:
            slot = self._slots[self._format.name]
            slot.remaining, slot.error = slot.capacity, False
            self._clips.clear(self._format.name)
            self._format, self._formatted = None, Progress.FINISH
        if self._deletion is not None:
            self._deletion = self._delete_until(self._deletion, now)

    def _notice_cards(self) -> None:
        """Let everything that needs a card end that is no longer there, and its lists."""
        for name, slot in self._slots.items():
            if slot.inserted != self._inserted[name]:
                self._inserted[name] = slot.inserted
                self._clips.touch(name)
            if slot.inserted:
                continue
            if self._format and self._format.name == name:
                self._format, self._formatted = None, Progress.ERROR
            if self._deletion and self._deletion.name == name:
                self._deletion = None

    def _delete_until(self, deletion: _Deletion, now: float) -> _Deletion | None:
        """Delete what is due; give what is left."""
        while deletion.clips and now >= deletion.due:
            clip = deletion.clips.popleft()
            if clip in self._clips.of(deletion.name, clip.format):
                self._clips.remove(deletion.name, clip)
                slot = self._slots[deletion.name]
                slot.remaining = min(slot.capacity, slot.remaining + clip.room)
            deletion = replace(deletion, due=deletion.due + self._options.delete_time)
        return deletion if deletion.clips else None

    def _write(self, now: float) -> None:
        """Fill the cards up to `now`, going on to the next card when one is full."""
        rate = self._options.record_rate
        at, self._written_to = self._written_to, now
        while (name := self._target()) is not None:
            slot = self._slots[name]
            if self._piece is None or self._piece.name != name:
                self._end_piece(at)
                self._piece = _Piece(name, self._kind, at)
            due = (now - at) * rate
            step = min(due, slot.remaining)
            self._piece = replace(self._piece, written=self._piece.written + step)
            if slot.remaining > due:
                slot.remaining -= due
                return
            at += slot.remaining / rate
            slot.remaining = 0.0
        self._end_piece(at)
        if self._began is not None:
            self._stopped_length = at - self._began
            self._began = None

    @property
    def _kind(self) -> ClipFormat:
        mp4 = self._menus.record_mode.startswith("mp4")
        return ClipFormat.MP4 if mp4 else ClipFormat.AVCHD

    def _end_piece(self, when: float) -> None:
        """Make a clip of what was recorded to one card."""
        piece, self._piece = self._piece, None
        if piece is not None and when > piece.began:
            began, length = self._calendar(piece.began), when - piece.began
            room = piece.written
            self._clips.add(piece.name, piece.kind, began=began, length=length, room=room)
