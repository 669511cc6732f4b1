"""What becomes of events that no other part takes: signals, readings, alarms and events."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from ..device import Alarm, AlarmRaised
from ..roles import TopicEvent
from .board import Board
from .meanings import Meaning, meaning_of
from .messages import Message
from .node import as_flag, as_number
from .notifications import TopicDescription
from .rows import RULE_ITEMS, Rows, is_boolean, stem, stem_of

MAX_FLAGS: Final = 4
"""Signals of one message."""
MAX_KEYS: Final = 64
"""Objects that a signal is told about one by one."""
MAX_REMEMBERED: Final = 512
FADE: Final = 30.0
"""Seconds after which a signal is off of which no end is told: its messages are no property."""

_OTHERS: Final = (
    "Device/Trigger/",
    "Media/",
    "PTZController/",
    "Monitoring/Profile/",
    "Configuration/",
    "RecordingConfig/",
)
"""Topics that other parts take, or that say nothing in advance: rows only once an event comes."""
_WORDS: Final = frozenset({"true", "false"})
_CONTACTS: Final = frozenset({"digital_input", "relay_state"})
"""Kinds whose yes and no are other words."""
_STATES: Final = frozenset(
    {"State", "LogicalState", "Failed", "Critical", "Status", "Value", "active", "Motion"}
)
"""Items that are most likely yes or no where the topic is."""


class Topics:
    """Reads events into the board; what it makes of a topic is always the same."""

    def __init__(self, board: Board) -> None:
        """Write to `board`."""
        self._board = board
        self._rows = Rows(board)
        self._described: dict[str, TopicDescription] = {}
        self._signals: dict[str, Alarm | None] = {}
        """What it has the value of, and the alarm that each is a part of."""
        self._numbers: set[str] = set()
        self._by_object: dict[str, dict[tuple[str, ...], bool]] = {}
        """Values by the keys of messages, of signals that are told about one object at a time."""
        self._made: dict[tuple[str, str], set[str]] = {}
        """Keys of signals, by topic and source."""
        self._flags: set[tuple[str, str]] = set()
        """Items that were yes or no, in words."""
        self._doubted: set[str] = set()
        self._fading: dict[str, asyncio.TimerHandle] = {}
        board.on_withdrawn(self._withdrawn)

    @property
    def left_out(self) -> int:
        """Return how many rows there was no room for."""
        return self._rows.left_out

    def describe(self, descriptions: Iterable[TopicDescription]) -> None:
        """Learn the topics, and offer what is known of them before the first event."""
        self._described = {description.topic: description for description in descriptions}
        for description in self._described.values():
            meaning = meaning_of(description.topic)
            if meaning.alarm is not None:
                self._board.alarms.setdefault(meaning.alarm, None)
            if description.topic.startswith(_OTHERS) or any(
                item in description.source for item in RULE_ITEMS
            ):
                continue
            for source in self._rows.known_sources(description.source):
                self._rows.offer(description, source)

    def describes(self, topic: str) -> bool:
        """Return whether a topic is known to be a property, which has a value at any time."""
        description = self._described.get(topic)
        return description is not None and description.is_property

    def heard(self, message: Message) -> None:
        """Take one event."""
        if message.operation == "Deleted":
            self._deleted(message)
            return
        meaning = meaning_of(message.topic)
        taken = False
        if self._is_state(message, meaning):
            for item in self._items(message, meaning):
                taken = True
                self._signal(message, item, as_flag(message.data[item]))
            if not taken and message.keys and meaning.lasts:
                # That there is such an object is all that it says.
                taken = True
                self._signal(message, "", True)
        if not taken and meaning.number in message.data:
            taken = self._number(message, meaning)
        if not taken:
            self._event(message)

    def _is_state(self, message: Message, meaning: Meaning) -> bool:
        """Return whether a message tells a value that lasts."""
        if message.operation:
            return True
        description = self._described.get(message.topic)
        if description is not None:
            return description.is_property or meaning.alarm is not None
        return meaning.lasts

    def _items(self, message: Message, meaning: Meaning) -> list[str]:
        """Return the items that say yes or no."""
        description = self._described.get(message.topic)
        types: Mapping[str, str] = {} if description is None else description.data
        found: list[str] = []
        for item, value in message.data.items():
            if item in types:
                fits = is_boolean(types[item]) or (
                    meaning.kind in _CONTACTS and as_flag(value) is not None
                )
            else:
                fits = self._says_so(message.topic, item, value, meaning)
            if fits:
                found.append(item)
        return found[:MAX_FLAGS]

    def _says_so(self, topic: str, item: str, value: str, meaning: Meaning) -> bool:
        """Return whether an item that nobody described is yes or no; `1` may be a number."""
        if (topic, item) in self._flags:
            return True
        likely = meaning.lasts or meaning.kind in _CONTACTS
        fits = value.casefold() in _WORDS or (
            as_flag(value) is not None
            and (item[:2].casefold() == "is" or (likely and item in _STATES))
        )
        if fits and len(self._flags) < MAX_REMEMBERED:
            self._flags.add((topic, item))
        return fits

    def _signal(self, message: Message, item: str, value: bool | None) -> None:
        """Set a signal, if there is room for it."""
        if (key := self._rows.signal(message.topic, item, message.source)) is None:
            return
        if message.keys and value is not None:
            value = self._of_objects(key, tuple(message.keys.values()), value)
        self._doubted.discard(key)
        self._signals[key] = meaning_of(message.topic, item).alarm
        self._made.setdefault(_place(message), set()).add(key)
        if len(self._made) > MAX_REMEMBERED:
            del self._made[next(iter(self._made))]
        lasts = message.operation or self.describes(message.topic)
        self._fade(key, fades=value is True and not lasts)
        self._set(key, value, raised=message.operation != "Initialized")

    def _set(self, key: str, value: bool | None, *, raised: bool = False) -> None:
        self._board.signalled[key] = value
        self._sum(self._signals[key], raised=raised)

    def _fade(self, key: str, *, fades: bool) -> None:
        """Have a signal go off by itself, of those who may never say that it is over."""
        if (timer := self._fading.pop(key, None)) is not None:
            timer.cancel()
        if fades:
            self._fading[key] = asyncio.get_running_loop().call_later(FADE, self._faded, key)

    def _faded(self, key: str) -> None:
        self._fading.pop(key, None)
        self._set(key, False)
        self._board.show()

    def _of_objects(self, key: str, keys: tuple[str, ...], value: bool) -> bool:
        """Return whether a signal is on for any object, now that it is `value` for one."""
        objects = self._by_object.setdefault(key, {})
        objects.pop(keys, None)
        if value:
            while len(objects) >= MAX_KEYS:
                del objects[next(iter(objects))]
            objects[keys] = True
        return bool(objects)

    def _number(self, message: Message, meaning: Meaning) -> bool:
        if (value := as_number(message.data[meaning.number])) is None:
            return False
        if (key := self._rows.reading(message.topic, message.source)) is not None:
            self._numbers.add(key)
            self._doubted.discard(key)
            self._board.read[key] = value
        return True

    def _event(self, message: Message) -> None:
        before = len(self._board.topics)
        key = self._rows.topic(message.topic, message.source)
        if key is None or message.operation == "Initialized":
            return
        if len(self._board.topics) != before:
            self._board.show()  # who is told of an event has to know its topic
        self._board.tell(TopicEvent(key, {**message.source, **message.keys, **message.data}))

    def _deleted(self, message: Message) -> None:
        """Forget a value: what it was about is no more."""
        for key in self._made.get(_place(message), ()):
            if key not in self._signals:
                continue  # withdrawn
            objects = self._by_object.get(key)
            if message.keys and objects is not None:
                objects.pop(tuple(message.keys.values()), None)
                self._set(key, bool(objects))
            else:
                self._set(key, None)
        if meaning_of(message.topic).number and not message.keys:
            reading = self._rows.known_reading(message.topic, message.source)
            if reading is not None:
                self._board.read[reading] = None

    def _sum(self, alarm: Alarm | None, *, raised: bool = False) -> None:
        """Make an alarm of its signals; tell that it is raised when it was not on before."""
        if alarm is None:
            return
        values = {self._board.signalled[key] for key, own in self._signals.items() if own is alarm}
        before = self._board.alarms.get(alarm)
        now = True if True in values else False if False in values else None
        self._board.alarms[alarm] = now
        if raised and now and not before:
            self._board.tell(AlarmRaised(alarm))

    def _withdrawn(self, key: str) -> None:
        """Forget a signal or reading that the board has no longer."""
        self._numbers.discard(key)
        self._doubted.discard(key)
        self._by_object.pop(key, None)
        self._fade(key, fades=False)
        self._sum(self._signals.pop(key, None))

    def deaf(self) -> None:
        """Forget all values: nobody tells when they change."""
        self._by_object.clear()
        self.doubt()
        self._forget_doubted()

    def doubt(self) -> None:
        """Begin to wait for all values to be told again, after events may have been missed."""
        self._doubted = {*self._signals, *self._numbers}

    def settle(self) -> None:
        """Forget the values that were not told again since `doubt`.

        What is told of objects one by one is not told of when there are none: that is off.
        """
        told: dict[str, Alarm | None] = {}
        for description in self._described.values():
            meaning = meaning_of(description.topic)
            if description.keys and description.is_property and meaning.lasts:
                for item in ("", *description.data):
                    told[stem(description.topic, item)] = meaning.alarm
        alarms: set[Alarm | None] = set()
        for key in self._board.signals:
            if (name := stem_of(key)) in told and not self._objects_of(key):
                self._doubted.discard(key)
                alarms.add(told[name])
                self._signals[key] = told[name]
                self._board.signalled[key] = False
        for alarm in alarms:
            self._sum(alarm)
        self._forget_doubted()

    def _objects_of(self, key: str) -> bool:
        """Return whether a signal was told to be on for any object, lately."""
        if key in self._doubted:
            self._by_object.pop(key, None)
        return bool(self._by_object.get(key))

    def _forget_doubted(self) -> None:
        alarms: set[Alarm | None] = set()
        for key in self._doubted:
            if key in self._signals:
                self._fade(key, fades=False)
                self._by_object.pop(key, None)
                self._board.signalled[key] = None
                alarms.add(self._signals[key])
            else:
                self._board.read[key] = None
        self._doubted = set()
        for alarm in alarms:
            self._sum(alarm)


def _place(message: Message) -> tuple[str, str]:
    """Return what is the same for all messages of one property, objects apart."""
    return message.topic, "\0".join(
        f"{name}={message.source[name]}" for name in sorted(message.source)
    )
