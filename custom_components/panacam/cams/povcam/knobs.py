"""What of a Panasonic camera's menus a person may want to turn: how each value is shown and sent.

Left to the copies of settings, as nobody turns them from a dashboard: the edges of summer time
(4.2) and the sixteen cameras of the multi-screen page (4.5). Left to actions: the clock, the
network's own settings (4.6), HTTPS (7) and the FTP server (11), which cut the connection or have a
password. The volume (4.4) is there only where get_audio tells it: no request is said to.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from types import MappingProxyType
from typing import Final, override

from ..errors import Reason, RefusedError
from ..settings import Choice, Range, Setting, Text, Toggle, Value
from .menus import FIELDS, Field
from .shelf import UTF_8
from .wire import Span

_FOUR_K: Final = "_4k"
_REC_PB: Final = "rec_pb"
_READABLE: Final = re.compile(r"[\w.,:+()/ -]{1,64}")
"""What an odd value may be, to be shown."""
_WHOLE: Final = re.compile(r"-?\d{1,10}")
_RATES: Final = MappingProxyType(
    {**dict.fromkeys(("12.5", "25", "50"), 50), **dict.fromkeys(("15", "30", "60"), 60)}
)
_SCAN: Final = re.compile(r"_(?:(25p|50[ip])|(24p|30p|60[ip]))_")
_TELLING: Final = ("jpeg.jpeg_interval1", "h264_1.framerate", "h264_2.framerate")
_OTHERS: Final = ("cp932", "latin-1")
"""Encodings in which titles are seen (facts)."""


def _fits(word: str, encoding: str) -> bool:
    """Return whether a word is another one in an encoding than in UTF-8."""
    try:
        return not word.isascii() and bool(word.encode(encoding))
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What decides what a camera can be set to; None: it does not say."""

    mode: str | None = None
    """The priority mode (4.1)."""
    frequency: int | None = None
    """The system frequency in hertz: 50, or 60 for 59.94."""

    @property
    def four_k(self) -> bool:
        """Return whether 2160 lines may be there."""
        return self.mode is None or self.mode.endswith(_FOUR_K)

    @property
    def two_streams(self) -> bool:
        """Return whether H.264(2) may be there."""
        return self.mode is None or not self.mode.startswith(_REC_PB)

    def records(self, mode: str) -> bool:
        """Return whether a recording mode may be there, whatever its frequency (8.1)."""
        if mode.startswith("mp4_2160"):
            return self.mode in {None, "rec_pb_4k"}
        # Only for a recorder without a head, and 2160 lines need one.
        return not (mode.endswith("_from_720") and self.mode is not None and self.four_k)

    def has(self, frequency: int | None) -> bool:
        """Return whether something of one system frequency may be there."""
        return None in {frequency, self.frequency} or frequency == self.frequency


def situation_of(values: Mapping[str, str]) -> Situation:
    """Return what values say, by path; the frequency only where they agree."""
    told = {_RATES.get(values.get(path, "")) for path in _TELLING}
    told.add(_frequency_of(values.get("recording.mode", "")))
    told.discard(None)
    return Situation(
        mode=values.get("priority.mode"), frequency=told.pop() if len(told) == 1 else None
    )


def _frequency_of(mode: str) -> int | None:
    """Return the system frequency that a recording mode is for (8.1)."""
    if (found := _SCAN.search(mode)) is None:
        return None
    return 50 if found[1] else 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob(ABC):
    """One value."""

    path: str
    """Of its field."""
    key: str
    kind: str = ""
    label: str = ""
    enabled: bool = False

    @property
    def field(self) -> Field:
        """Return where it is read and written."""
        return FIELDS[self.path]

    def fits(self, situation: Situation) -> bool:
        """Return whether there is such a thing."""
        return situation.two_streams or self.field.menu != "h264_2"

    @abstractmethod
    def row(self, told: str, situation: Situation) -> Setting:
        """Return it as a setting."""

    @abstractmethod
    def value(self, told: str) -> Value | None:
        """Return what the camera told, or None for what means nothing."""

    @abstractmethod
    def words(self, value: Value, row: Setting) -> tuple[str, ...]:
        """Return what may be sent for a value, one to be tried after the other.

        RefusedError(OUT_OF_RANGE) for what it cannot have.
        """

    def encodings(self, word: str, told: str) -> tuple[str, ...]:
        """Return in what a word may be sent, one to be tried after the other.

        `told` is what the camera's own words are in.
        """
        return (UTF_8,)

    def shows(self, told: str, value: Value) -> bool:
        """Return whether the camera has a value."""
        return self.value(told) == value

    def refuse(self) -> RefusedError:
        """Return why it cannot be so."""
        return RefusedError(Reason.OUT_OF_RANGE, self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector(Knob):
    """One of a few values."""

    options: Mapping[str, str]
    """By the camera's word; of two words for one option the first one is sent first."""
    odd: str = "{}"
    """How a word is shown that is not there; empty: not at all."""
    exclusive: bool = False
    """As of the setting."""

    def offers(self, word: str, situation: Situation) -> bool:
        """Return whether a word can be chosen."""
        match self.field.key, word:
            case "framerate" | "jpeg_interval1", _:
                return situation.has(_RATES.get(word))
            case "resolution", "3840":
                return situation.four_k
            case "stream", "h264_2":
                return situation.two_streams
            case "mode", _:
                return situation.records(word) and situation.has(_frequency_of(word))
            case _:
                return True

    @override
    def row(self, told: str, situation: Situation) -> Choice:
        names = [name for word, name in self.options.items() if self.offers(word, situation)]
        if (present := self.value(told)) is not None:
            names.append(present)
        return Choice(
            key=self.key,
            kind=self.kind,
            label=self.label,
            enabled=self.enabled,
            exclusive=self.exclusive,
            options=tuple(dict.fromkeys(names)),
        )

    @override
    def value(self, told: str) -> str | None:
        if told in self.options:
            return self.options[told]
        return self.odd.format(told) if self.odd and _READABLE.fullmatch(told) else None

    @override
    def words(self, value: Value, row: Setting) -> tuple[str, ...]:
        words = tuple(word for word, name in self.options.items() if name == value)
        if not words or not isinstance(row, Choice) or value not in row.options:
            raise self.refuse()
        return words


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag(Knob):
    """On or off."""

    off: str = "0"
    on: str = "1"

    @override
    def row(self, told: str, situation: Situation) -> Toggle:
        return Toggle(key=self.key, kind=self.kind, label=self.label, enabled=self.enabled)

    @override
    def value(self, told: str) -> bool | None:
        return {self.off: False, self.on: True}.get(told)

    @override
    def words(self, value: Value, row: Setting) -> tuple[str, ...]:
        if not isinstance(value, bool):
            raise self.refuse()
        return (self.on if value else self.off,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Knob):
    """A whole number."""

    unit: str | None = None
    coarse: Mapping[str, range] = field(default_factory=lambda: MappingProxyType({}))
    """What stands for several numbers in some cameras' answers, by what they say."""

    @property
    def span(self) -> Span:
        """Return what it can be."""
        if not isinstance(parameter := self.field.parameter, Span):
            raise TypeError(self.path)
        return parameter

    @override
    def row(self, told: str, situation: Situation) -> Range:
        return Range(
            key=self.key,
            kind=self.kind,
            label=self.label,
            enabled=self.enabled,
            minimum=self.span.low,
            maximum=self.span.high,
            unit=self.unit,
        )

    @override
    def value(self, told: str) -> int | None:
        return int(told) if _WHOLE.fullmatch(told) else None

    @override
    def words(self, value: Value, row: Setting) -> tuple[str, ...]:
        if isinstance(value, bool | str) or not self.span.low <= value <= self.span.high:
            raise self.refuse()
        if value != int(value):
            raise self.refuse()
        return (str(int(value)),)

    @override
    def shows(self, told: str, value: Value) -> bool:
        return self.value(told) == value or value in self.coarse.get(told, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Knob):
    """A text."""

    longest: int

    @override
    def row(self, told: str, situation: Situation) -> Text:
        return Text(
            key=self.key,
            kind=self.kind,
            label=self.label,
            enabled=self.enabled,
            max_length=self.longest,
        )

    @override
    def value(self, told: str) -> str | None:
        return told if self.field.may_keep(told) else None

    @override
    def words(self, value: Value, row: Setting) -> tuple[str, ...]:
        # What a reply cannot tell is not sent: blanks around it, and what would end its line.
        if (
            not isinstance(value, str)
            or not self.field.parameter.allows(value.strip())
            or len(value.splitlines()) > 1
        ):
            raise self.refuse()
        return (value.strip(),)

    @override
    def encodings(self, word: str, told: str) -> tuple[str, ...]:
        # The camera's own comes first: what is sent in another one may be read back as it was
        # sent, and yet be something else over the picture.
        found = [one for one in (told, UTF_8, *_OTHERS) if one == UTF_8 or _fits(word, one)]
        return tuple(dict.fromkeys(found))

    @override
    def shows(self, told: str, value: Value) -> bool:
        return isinstance(value, str) and told == value.strip()
