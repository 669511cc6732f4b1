"""CGI requests as data and the parser of their replies (no I/O).

A request is a row: path, access level, parameters with what they may be, section of the
specification. The parser takes what real cameras send: line ends of any kind, blanks around `=`, a
byte-order mark, an HTML wrapping, values in any case, any of three encodings. What is missing or
odd becomes None, never an error.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
import re
from types import MappingProxyType
from typing import override

from ..errors import Reason, RefusedError
from ..net.http import MAX_TEXT, Method

MAX_LINES = 1000
"""More than any reply of the specification has; the rest is ignored."""
MAX_VALUE = 1024
"""Characters kept of one value."""


_READING = re.compile(r"get\w*|camera|mjpeg|view\.cgi")
"""The names of what only looks; `sdctrl`, `del_clip_file` and others change something by GET."""


class Access(StrEnum):
    """Who may send a request (chapter 1)."""

    LIVE = "live"
    """Anybody while User auth. is off, any user while it is on."""
    ADMIN = "admin"
    """The administrator, always."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """A parameter from a closed set."""

    values: tuple[str, ...]

    def allows(self, value: str) -> bool:
        """Return whether the specification knows this value."""
        return value in self.values


@dataclass(frozen=True, slots=True)
class Span:
    """A whole number within limits, both included."""

    low: int
    high: int

    def allows(self, value: str) -> bool:
        """Return whether the value is a number in range."""
        return re.fullmatch(r"-?\d{1,10}", value) is not None and (
            self.low <= int(value) <= self.high
        )


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text of a known shape."""

    expression: str
    words: str = "text"
    """The shape, for people."""

    def allows(self, value: str) -> bool:
        """Return whether the whole value has the shape."""
        return re.fullmatch(self.expression, value) is not None


type Parameter = OneOf | Span | Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One CGI of the camera."""

    path: str
    section: str
    """Where the specification describes it; `facts` where only real cameras do."""
    methods: tuple[Method, ...] = ("GET",)
    """In order of preference; another is tried once when the camera knows the path but not this."""
    access: Access = Access.LIVE
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))
    max_bytes: int = MAX_TEXT
    """How long an answer may be."""

    @property
    def name(self) -> str:
        """Return the CGI's own name, fit for logs and diagnostics."""
        return self.path.rpartition("/")[2]

    @property
    def reads(self) -> bool:
        """Return whether it changes nothing, so that it may be sent twice."""
        return _READING.fullmatch(self.name) is not None

    def arguments(self, values: Mapping[str, str | int]) -> dict[str, str]:
        """Return the parameters as the camera wants them. RefusedError when one is out of range."""
        arguments = {name: str(value) for name, value in values.items()}
        for name, value in arguments.items():
            if not self.parameters[name].allows(value):
                raise RefusedError(Reason.OUT_OF_RANGE, f"{self.name} {name}")
        return arguments


_KANA_LEAD = re.compile(rb"[\x80-\x9f]")


def encoding_of(body: bytes) -> str:
    """Return what a reply is encoded in: UTF-8, else Shift-JIS, else Latin-1, which all bytes are.

    Latin-1 has only control characters at 80 to 9F, where Shift-JIS has the first byte of each kana
    and of most kanji: that tells the two apart.
    """
    for encoding in ("utf-8-sig", "cp932"):
        if encoding == "cp932" and not _KANA_LEAD.search(body):
            continue
        try:
            body.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def decode_text(body: bytes) -> str:
    """Return a reply as text; never fails."""
    return body.decode(encoding_of(body))


class Reply(Mapping[str, str]):
    """A `key=value` answer; keys in any case, values with typed readers that never fail."""

    def __init__(self, fields: Mapping[str, str], rubbish: tuple[str, ...] = ()) -> None:
        """Keep the fields as sent; `rubbish` are the lines that were none."""
        self._fields = dict(fields)
        self._folded = {key.casefold(): value for key, value in fields.items()}
        self.rubbish = rubbish

    @override
    def __getitem__(self, key: str) -> str:
        return self._folded[key.casefold()]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    @override
    def __len__(self) -> int:
        return len(self._fields)

    def text(self, key: str) -> str | None:
        """Return a value that is not empty."""
        return self.get(key) or None

    def flag(self, key: str) -> bool | None:
        """Return an on/off, yes/no, enable/disable or 1/0 value."""
        match self.get(key, "").casefold():
            case "on" | "1" | "yes" | "enable" | "true":
                return True
            case "off" | "0" | "no" | "disable" | "false":
                return False
            case _:
                return None

    def number(self, key: str) -> float | None:
        """Return a value in plain decimals, such as a size in gigabytes."""
        value = self.get(key, "")
        return float(value) if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value) else None

    def duration(self, key: str) -> timedelta | None:
        """Return an `HH:MM:SS` counter."""
        if (found := re.fullmatch(r"(\d{1,4}):(\d\d):(\d\d)", self.get(key, ""))) is None:
            return None
        hours, minutes, seconds = map(int, found.groups())
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)


_KEY = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _lines(body: bytes) -> Iterator[str]:
    """Yield the lines that carry something, without HTML tags and control characters."""
    for line in decode_text(body).splitlines()[:MAX_LINES]:
        untagged = re.sub(r"^(\s*</?\w[^>]{0,80}>)+", "", line.replace("\t", " "))
        text = _CONTROLS.sub("", untagged).strip()
        if text:
            yield text


def parse_reply(body: bytes) -> Reply:
    """Return the `key=value` lines of a text answer (all chapters)."""
    fields: dict[str, str] = {}
    rubbish: list[str] = []
    for line in _lines(body):
        key, equals, value = line.partition("=")
        if equals and _KEY.fullmatch(key := key.strip()):
            fields[key] = value.strip()[:MAX_VALUE]
        else:
            rubbish.append(line[:MAX_VALUE])
    return Reply(fields, tuple(rubbish))


@dataclass(frozen=True, slots=True)
class Capability:
    """What a camera says it can do (2.3): group -> parameter -> value, all lower case."""

    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rubbish: tuple[str, ...] = ()

    def value(self, group: str, name: str) -> str | None:
        """Return one parameter, or None when the camera does not name it."""
        return self.groups.get(group, {}).get(name)

    def supports(self, group: str) -> bool | None:
        """Return a group's `supported`, or None when the camera does not say yes or no."""
        match self.value(group, "supported"):
            case "yes":
                return True
            case "no":
                return False
            case _:
                return None

    def words(self, group: str, name: str) -> frozenset[str]:
        """Return a parameter that lists words, separated by commas or blanks."""
        return frozenset(re.split(r"[,\s]+", self.value(group, name) or "")) - {""}


_GROUP = re.compile(r"\[?([a-z_][a-z0-9_\-]*(?:\.[a-z0-9_\-]+)*)\]?:?")
_KNOWN_ROOTS = ("common", "video_server")


def parse_capability(body: bytes) -> Capability:
    """Return the answer of get_capability (2.3), whose grouping no document shows.

    Accepted: a line that names a group and lines for it below; `group.name=value`; and both on one
    line, with blanks, a tabulator or `=` between. Lines that fit nowhere are kept for diagnostics.
    """
    groups: dict[str, dict[str, str]] = {}
    rubbish: list[str] = []
    current = ""
    for line in _lines(body):
        lowered = line.casefold()
        if (header := _GROUP.fullmatch(lowered)) and header[1].startswith(_KNOWN_ROOTS):
            current = header[1]
            continue
        key, _, value = lowered.partition("=") if "=" in lowered else lowered.partition(" ")
        key, value = key.strip(), value.strip()
        if key.startswith(_KNOWN_ROOTS) and "=" not in lowered and " " in value:
            group = key  # `group name value`
            name, _, value = value.partition(" ")
        elif key.startswith(_KNOWN_ROOTS) and " " in key:
            group, _, name = key.partition(" ")  # `group name = value`
            name = name.strip()
        elif "." in key:
            group, _, name = key.rpartition(".")
        else:
            group, name = current, key
        if group and value and _KEY.fullmatch(name):
            groups.setdefault(group, {})[name] = value.strip()[:MAX_VALUE]
        else:
            rubbish.append(line[:MAX_VALUE])
    return Capability(groups, tuple(rubbish))
