"""What the parts of a device know of it, in one place: states are made of it, commands go by it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..device import Alarm, Notice, State
from ..errors import Reason, RefusedError
from ..memory import Memory, ShortMemory
from ..roles import Press, Presses, Problem, Reading, Signal, Topic, Tour, Unsubscribe
from ..settings import Choice, Range, Setting, Text, Toggle, Value

type Write = Callable[[Value], Awaitable[None]]
"""Sets a value in the device and reads back what became of it."""

MAX_ROWS: Final = 400
"""Rows of one kind; a device that has more is not shown the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A media profile; tokens may change with a restart."""

    index: int
    """Its own for good, from 0."""
    token: str
    name: str
    fixed: bool = False
    media2: bool = False
    """Whether the token belongs to Media2."""
    codec: str = ""
    """`h264`, `h265`, `jpeg`, `mpeg4`, or empty without video."""
    width: int | None = None
    height: int | None = None
    video_source: str | None = None
    """Token of the source itself, for imaging and OSDs."""
    configurations: Mapping[str, str]
    """Token by kind: video_source, video_encoder, audio_source, audio_encoder, audio_output,
    audio_decoder, metadata, analytics, ptz."""
    ptz_node: str | None = None


class Board:
    """Kept by the device, written by its parts, in the event loop only."""

    def __init__(
        self,
        changed: Callable[[], None],
        tell: Callable[[Notice], None],
        memory: Memory | None = None,
    ) -> None:
        """Call `changed` when a state may be another one, `tell` for other notices.

        `memory` is what outlasts this object; without it, nothing does.
        """
        self.memory: Final[Memory] = memory or ShortMemory()
        self.show: Final = changed
        """To be called after writing."""
        self.tell: Final = tell
        self.profiles: tuple[Profile, ...] = ()
        """What media found; the other parts connect after it."""
        self.settings: dict[str, Setting] = {}
        self.presses: dict[str, Press] = {}
        self.signals: dict[str, Signal] = {}
        self.readings: dict[str, Reading] = {}
        self.topics: dict[str, Topic] = {}
        self.values: dict[str, Value | None] = {}
        """Of settings."""
        self.signalled: dict[str, bool | None] = {}
        self.read: dict[str, float | str | None] = {}
        self.alarms: dict[Alarm, bool | None] = {}
        self.transmitting: dict[str, bool | None] = {}
        self.presets: dict[str, str] = {}
        self.preset: str | None = None
        self.tours: dict[str, Tour] = {}
        self.problems: set[Problem] = set()
        self._writes: dict[str, Write] = {}
        self._actions: dict[str, Callable[[], Awaitable[None]]] = {}
        self._wanted: dict[str, int] = {}
        self._wanting: dict[str, Callable[[bool], None]] = {}
        self._withdrawn: Callable[[str], None] | None = None

    def setting(self, setting: Setting, write: Write, value: Value | None = None) -> None:
        """Offer a setting, or change one that is offered."""
        if setting.key in self.settings or len(self.settings) < MAX_ROWS:
            self.settings[setting.key] = setting
            self.values[setting.key] = value
            self._writes[setting.key] = write

    def press(self, press: Press, action: Callable[[], Awaitable[None]]) -> None:
        """Offer something to press."""
        if press.key in self.presses or len(self.presses) < MAX_ROWS:
            self.presses[press.key] = press
            self._actions[press.key] = action

    def signal(self, signal: Signal, value: bool | None = None) -> bool:
        """Offer a signal, or set one that is offered; return whether there was room."""
        if signal.key not in self.signals and len(self.signals) >= MAX_ROWS:
            return False
        self.signals.setdefault(signal.key, signal)
        self.signalled[signal.key] = value
        return True

    def reading(self, reading: Reading, value: float | str | None = None) -> bool:
        """Offer a reading, or set one that is offered; return whether there was room."""
        if reading.key not in self.readings and len(self.readings) >= MAX_ROWS:
            return False
        self.readings.setdefault(reading.key, reading)
        self.read[reading.key] = value
        return True

    def topic(self, topic: Topic) -> bool:
        """Offer a topic; return whether there was room."""
        if topic.key not in self.topics and len(self.topics) >= MAX_ROWS:
            return False
        self.topics.setdefault(topic.key, topic)
        return True

    def withdraw(self, key: str) -> None:
        """Take a setting away that the device has no longer."""
        self.settings.pop(key, None)
        self.values.pop(key, None)
        self._writes.pop(key, None)

    def withdraw_press(self, key: str) -> None:
        """Take something to press away."""
        self.presses.pop(key, None)
        self._actions.pop(key, None)

    def withdraw_signal(self, key: str) -> None:
        """Take a signal away."""
        if self.signals.pop(key, None) is not None:
            self.signalled.pop(key, None)
            self._tell_withdrawn(key)

    def withdraw_reading(self, key: str) -> None:
        """Take a reading away."""
        if self.readings.pop(key, None) is not None:
            self.read.pop(key, None)
            self._tell_withdrawn(key)

    def withdraw_topic(self, key: str) -> None:
        """Take a topic away."""
        self.topics.pop(key, None)

    def on_withdrawn(self, gone: Callable[[str], None]) -> None:
        """Call `gone` with the key of each signal and reading that is taken away."""
        self._withdrawn = gone

    def _tell_withdrawn(self, key: str) -> None:
        if self._withdrawn is not None:
            self._withdrawn(key)

    @property
    def table(self) -> tuple[Setting, ...]:
        """Return the settings (the role)."""
        return tuple(self.settings.values())

    async def change(self, key: str, value: Value) -> None:
        """Set one (the role). CameraError."""
        setting = self.settings.get(key)
        if setting is None:
            raise RefusedError(Reason.UNSUPPORTED)
        if not allowed(setting, value):
            raise RefusedError(Reason.OUT_OF_RANGE)
        await self._writes[key](value)
        self.show()

    @property
    def press_role(self) -> Presses | None:
        """Return what can be pressed, if anything."""
        return _Presses(self) if self.presses else None

    async def do(self, key: str) -> None:
        """Press something. CameraError."""
        if key not in self._actions:
            raise RefusedError(Reason.UNSUPPORTED)
        await self._actions[key]()
        self.show()

    def on_want(self, key: str, wanted: Callable[[bool], None]) -> None:
        """Call `wanted` when somebody begins to look at something, and when nobody does."""
        self._wanting[key] = wanted
        if self._wanted.get(key):
            wanted(True)

    def wants(self, key: str) -> bool:
        """Return whether somebody looks at something."""
        return key in self._wanted

    def want(self, key: str) -> Unsubscribe:
        """Look at something, until called off."""
        self._wanted[key] = self._wanted.get(key, 0) + 1
        if self._wanted[key] == 1 and key in self._wanting:
            self._wanting[key](True)
        done = False

        def call_off() -> None:
            nonlocal done
            if done:
                return
            done = True
            self._wanted[key] -= 1
            if not self._wanted[key]:
                del self._wanted[key]
                if key in self._wanting:
                    self._wanting[key](False)

        return call_off

    def state(self) -> State:
        """Return the state that all this makes."""
        return State(
            transmitting=dict(self.transmitting),
            alarms=dict(self.alarms),
            settings=dict(self.values),
            signals=dict(self.signalled),
            readings=dict(self.read),
            topics=frozenset(self.topics),
            presets=dict(self.presets),
            preset=self.preset,
            tours=dict(self.tours),
            problems=frozenset(self.problems),
        )


class _Presses:
    """The role, over a board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    @property
    def table(self) -> tuple[Press, ...]:
        """Return what this device has."""
        return tuple(self._board.presses.values())

    async def press(self, key: str) -> None:
        """Do it. CameraError."""
        await self._board.do(key)


def allowed(setting: Setting, value: Value) -> bool:
    """Return whether a setting can have a value."""
    match setting, value:
        case Choice(options=options), str():
            return value in options
        case Toggle(), bool():
            return True
        case Range(minimum=minimum, maximum=maximum), int() | float():
            return not isinstance(value, bool) and minimum <= value <= maximum
        case Text(max_length=longest), str():
            return len(value) <= longest
        case _:
            return False
