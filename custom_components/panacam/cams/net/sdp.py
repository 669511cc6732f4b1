"""Reads what a camera says that it streams: SDP (RFC 4566), as much of it as RTSP needs (no I/O).

Lines that mean nothing here, or nothing at all, are passed over: cameras write many.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ..errors import ProtocolError, Reason

MAX_MEDIA: Final = 16
"""Media that are looked at; a camera with several lenses has three for each."""
MAX_FORMATS: Final = 16
"""Formats of one medium."""
SENDONLY: Final = "sendonly"
"""What goes from us to the camera: it is named as seen by the client (IEC 62676-2-31, 10.4.3)."""

_DIRECTIONS: Final = frozenset({"sendrecv", SENDONLY, "recvonly", "inactive"})
_FORMATTING: Final = ("a=rtpmap:", "a=fmtp:", "a=framerate:", "a=framesize:")
_STATIC: Final = {
    0: ("PCMU", 8000),
    8: ("PCMA", 8000),
    14: ("MPA", 90_000),
    26: ("JPEG", 90_000),
    32: ("MPV", 90_000),
    33: ("MP2T", 90_000),
}
"""Payload types that need no rtpmap (RFC 3551, 6)."""

type _Place = tuple[str, int | None]
"""An address and a TTL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way in which a medium may be encoded."""

    payload: int
    """Payload type of its packets."""
    encoding: str = ""
    """Upper case; empty when the camera does not say."""
    clock: int = 0
    """Ticks a second of its time stamps."""
    channels: int = 1
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of the `fmtp` line; names in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One medium of a description."""

    kind: str
    """`video`, `audio`, `application`."""
    formats: tuple[Format, ...]
    direction: str
    control: str
    """What its URI ends in, or the whole of it; empty when it has none."""
    port: int = 0
    """Where it is sent to, if the camera says so before it is asked to send."""
    address: str = ""
    """Where it is sent to: of the `c=` line, which may be anything."""
    ttl: int | None = None
    """How many networks it crosses; only IPv4 says so here."""
    formatting: tuple[str, ...] = field(default=(), repr=False)
    """The lines that say how it is encoded, for who reads a description himself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a camera streams."""

    control: str
    """Of the whole; empty or `*`: the address that was asked."""
    media: tuple[Media, ...]


def parse(text: bytes) -> Description:
    """Return what a description says. ProtocolError for what is none."""
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines()]
    if not any(line.startswith("v=") for line in lines):
        raise ProtocolError(Reason.UNEXPECTED_REPLY, "SDP")
    session, *sections = _sections(lines)
    direction = _direction(session, "sendrecv")
    place = _connection(session, ("", None))
    media = (_media(section, direction, place) for section in sections)
    return Description(
        control=next(_attributes(session, "control"), ""),
        media=tuple(found for found in media if found is not None),
    )


def _sections(lines: list[str]) -> list[list[str]]:
    """Return the lines of the session, then those of each medium."""
    found: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            if len(found) > MAX_MEDIA:
                break
            found.append([])
        found[-1].append(line)
    return found


def _media(lines: list[str], direction: str, place: _Place) -> Media | None:
    """Return a medium, or None when its first line is not one."""
    words = lines[0].removeprefix("m=").split()
    if len(words) < 4:
        return None
    maps = dict(_numbered(lines, "rtpmap"))
    parameters = dict(_numbered(lines, "fmtp"))
    payloads = [int(word) for word in words[3 : 3 + MAX_FORMATS] if _is_payload(word)]
    address, ttl = _connection(lines, place)
    port = words[1].partition("/")[0]
    return Media(
        kind=words[0].lower(),
        formats=tuple(_format(each, maps.get(each), parameters.get(each)) for each in payloads),
        direction=_direction(lines, direction),
        control=next(_attributes(lines, "control"), ""),
        port=int(port) if _is_number(port) else 0,
        address=address,
        ttl=ttl,
        formatting=tuple(line for line in lines if line.startswith(_FORMATTING)),
    )


def _connection(lines: list[str], default: _Place) -> _Place:
    """Return the address and the TTL of the first `c=` line (RFC 4566, 5.7)."""
    for line in lines:
        words = line.removeprefix("c=").split()
        if line.startswith("c=") and len(words) == 3:
            address, _, rest = words[2].partition("/")
            ttl = rest.partition("/")[0]
            known = words[1].upper() == "IP4" and _is_number(ttl)
            return address, int(ttl) if known else None
    return default


def _format(payload: int, named: str | None, parameters: str | None) -> Format:
    if named is None:
        encoding, clock = _STATIC.get(payload, ("", 0))
        return Format(payload=payload, encoding=encoding, clock=clock)
    encoding, *rest = named.split("/")
    numbers = [int(each) if _is_number(each) else 0 for each in rest]
    pairs = (pair.partition("=") for pair in (parameters or "").split(";"))
    return Format(
        payload=payload,
        encoding=encoding.strip().upper(),
        clock=numbers[0] if numbers else 0,
        channels=numbers[1] if len(numbers) > 1 else 1,
        parameters={name.strip().lower(): value.strip() for name, _, value in pairs if name},
    )


def _direction(lines: list[str], default: str) -> str:
    flags = (line.removeprefix("a=") for line in lines if line.startswith("a="))
    return next((flag for flag in flags if flag in _DIRECTIONS), default)


def _attributes(lines: list[str], name: str) -> Iterator[str]:
    start = f"a={name}:"
    return (line.removeprefix(start).strip() for line in lines if line.startswith(start))


def _numbered(lines: list[str], name: str) -> Iterator[tuple[int, str]]:
    """Yield the attributes that belong to a payload type."""
    for value in _attributes(lines, name):
        number, _, rest = value.partition(" ")
        if _is_payload(number):
            yield int(number), rest.strip()


def _is_payload(word: str) -> bool:
    return _is_number(word) and int(word) < 128


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) < 7
