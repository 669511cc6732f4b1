"""RTSP 1.0 messages (RFC 2326): requests to bytes, bytes to replies and data (no I/O)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import re
from typing import Final, cast

from ..errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)

MAX_HEAD: Final = 16 * 1024
"""Bytes of a reply's head."""
MAX_HEADERS: Final = 64
MAX_BODY: Final = 64 * 1024
"""Bytes; a description of three media is below 4 KiB."""
DEFAULT_TIMEOUT: Final = 60
"""Seconds without a sign of life after which a session ends (12.37)."""

_DOLLAR: Final = 0x24
_INTERLEAVED: Final = 4
"""Bytes before interleaved data (10.12)."""
_END: Final = re.compile(rb"\r?\n\r?\n")
_STATUS: Final = re.compile(r"RTSP/\d\.\d ([1-5]\d\d)\b")
_REQUEST: Final = re.compile(r"([A-Z_]{1,32}) \S+ RTSP/\d\.\d")
_RANGE: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Request:
    """What we ask."""

    method: str
    uri: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The login is one of them."""

    def encode(self) -> bytes:
        """Return it as bytes. ValueError for what would be two."""
        lines = [f"{self.method} {self.uri} RTSP/1.0"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            msg = "a line in a line"
            raise ValueError(msg)
        return "\r\n".join((*lines, "", "")).encode()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the camera answers."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes = field(default=b"", repr=False)

    @property
    def cseq(self) -> int | None:
        """Return which request it answers; None: it does not say."""
        value = self.header("cseq")
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else None

    def header(self, name: str) -> str:
        """Return the first value of a header, empty when there is none."""
        return next(self.values(name), "")

    def values(self, name: str) -> Iterator[str]:
        """Yield every value of a header."""
        return (value for key, value in self.headers if key == name)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the camera; to be answered, though there is nothing that we do for it."""

    method: str
    headers: tuple[tuple[str, str], ...]

    def answer(self) -> bytes:
        """Return the answer."""
        said = next((value for name, value in self.headers if name == "cseq"), "")
        cseq = said if said.isascii() and said.isdecimal() else "0"
        status = "200 OK" if self.method == "OPTIONS" else "501 Not Implemented"
        return f"RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class Frame:
    """Interleaved data."""

    channel: int
    data: bytes = field(repr=False)


type Item = Reply | Asked | Frame

type _Head = tuple[str, tuple[tuple[str, str], ...], int, int]
"""First line, headers, and where the body begins and ends."""


class Decoder:
    """Bytes in, replies and data out; holds at most one unfinished piece."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._buffer = bytearray()
        self._at = 0
        """Where the next piece begins."""
        self._searched = 0
        """How far the end of its head was looked for."""
        self._head: _Head | None = None
        """Of a message whose body is still to come."""

    def feed(self, data: bytes | memoryview) -> None:
        """Store bytes; `next` looks at them."""
        if self._head is not None:
            first, headers, begin, end = self._head
            self._head = (first, headers, begin - self._at, end - self._at)
        del self._buffer[: self._at]
        self._searched = max(0, self._searched - self._at)
        self._at = 0
        self._buffer += data

    def next(self) -> Item | None:
        """Return the next piece, or None until more bytes come. ProtocolError."""
        buffer = self._buffer
        if self._head is None and self._searched <= self._at:
            # Some bodies are followed by an empty line that their length leaves out.
            while self._at < len(buffer) and buffer[self._at] in b"\r\n":
                self._at += 1
            self._searched = self._at
        if self._at == len(buffer):
            return None
        if self._head is None and buffer[self._at] == _DOLLAR:
            return self._frame()
        return self._message()

    def _frame(self) -> Frame | None:
        head = self._buffer[self._at : self._at + _INTERLEAVED]
        if len(head) < _INTERLEAVED:
            return None
        begin = self._at + _INTERLEAVED
        end = begin + int.from_bytes(head[2:])
        if end > len(self._buffer):
            return None
        frame = Frame(head[1], bytes(memoryview(self._buffer)[begin:end]))
        self._at = self._searched = end
        return frame

    def _message(self) -> Reply | Asked | None:
        if self._head is None and not self._find_head():
            return None
        first, headers, begin, end = cast("_Head", self._head)
        if end > len(self._buffer):
            return None
        self._head = None
        body = bytes(memoryview(self._buffer)[begin:end])
        self._at = self._searched = end
        if (status := _STATUS.match(first)) is not None:
            return Reply(int(status[1]), headers, body)
        if (asked := _REQUEST.match(first)) is not None:
            return Asked(asked[1], headers)
        raise ProtocolError(Reason.UNEXPECTED_REPLY, "RTSP")

    def _find_head(self) -> bool:
        """Read a head once, when all of it is there; return whether it is."""
        found = _END.search(self._buffer, max(self._at, self._searched - 3))
        if (found.start() if found else len(self._buffer)) - self._at > MAX_HEAD:
            raise ProtocolError(Reason.TOO_LARGE, "RTSP head")
        if found is None:
            self._searched = len(self._buffer)
            return False
        text = self._buffer[self._at : found.start()].decode("utf-8", "replace")
        first, *lines = text.split("\n", MAX_HEADERS + 1)
        headers = tuple(_pairs(lines[:MAX_HEADERS]))
        self._head = (first, headers, found.end(), found.end() + _length(headers))
        return True


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the headers; what is none is passed over."""
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()


def _length(headers: tuple[tuple[str, str], ...]) -> int:
    """Return the bytes of the body. ProtocolError."""
    value = next((value for name, value in headers if name == "content-length"), "0")
    if not value.isascii() or not value.isdecimal():
        raise ProtocolError(Reason.UNEXPECTED_REPLY, "Content-Length")
    if len(value) > 9 or int(value) > MAX_BODY:
        raise ProtocolError(Reason.TOO_LARGE, "RTSP body")
    return int(value)


@dataclass(frozen=True, slots=True)
class Session:
    """What the camera calls the session, and how long it lasts without a sign of life."""

    id: str
    timeout: int = DEFAULT_TIMEOUT
    """Seconds."""


def read_session(value: str) -> Session | None:
    """Return what a Session header says, or None for nothing (12.37)."""
    name, _, rest = value.partition(";")
    if not (name := name.strip()) or len(name) > 256:
        return None
    found = re.search(r"timeout\s*=\s*(\d{1,6})", rest, re.IGNORECASE)
    return Session(name, int(found[1]) if found and int(found[1]) else DEFAULT_TIMEOUT)


def read_transport(value: str) -> Mapping[str, tuple[int, int]]:
    """Return the pairs of channels and ports in a Transport header (12.39), by their names."""
    found: dict[str, tuple[int, int]] = {}
    for name, numbers in transport_words(value).items():
        if (pair := _RANGE.fullmatch(numbers)) is not None:
            first = int(pair[1])
            found[name] = (first, int(pair[2]) if pair[2] else first + 1)
    return found


def transport_words(value: str) -> Mapping[str, str]:
    """Return what a Transport header says (12.39), by names in lower case; flags are empty."""
    # Of several, which a reply should not have, the first one.
    parts = (part.partition("=") for part in value.partition(",")[0].split(";"))
    return {name.strip().lower(): said.strip() for name, _, said in parts}


class NoWayError(RefusedError):
    """The camera does not send in the way that was asked for (461)."""


type _Meaning = tuple[type[CameraError], Reason]

_MEANINGS: Final[Mapping[int, _Meaning]] = {
    401: (AuthError, Reason.WRONG_CREDENTIALS),
    403: (RefusedError, Reason.NO_PRIVILEGE),
    404: (RefusedError, Reason.NOT_FOUND),
    405: (RefusedError, Reason.UNSUPPORTED),
    406: (RefusedError, Reason.UNSUPPORTED),
    407: (AuthError, Reason.WRONG_CREDENTIALS),
    408: (ConnectError, Reason.TIMEOUT),
    410: (RefusedError, Reason.NOT_FOUND),
    415: (RefusedError, Reason.UNSUPPORTED),
    452: (RefusedError, Reason.NOT_FOUND),
    453: (BusyError, Reason.TOO_MANY_CONNECTIONS),
    454: (ConnectError, Reason.CUT),
    457: (RefusedError, Reason.OUT_OF_RANGE),
    461: (NoWayError, Reason.UNSUPPORTED),
    462: (ConnectError, Reason.UNREACHABLE),
    500: (BusyError, Reason.BUSY),
    501: (RefusedError, Reason.UNSUPPORTED),
    502: (ConnectError, Reason.UNREACHABLE),
    503: (BusyError, Reason.BUSY),
    504: (ConnectError, Reason.TIMEOUT),
    505: (RefusedError, Reason.UNSUPPORTED),
    551: (RefusedError, Reason.UNSUPPORTED),
}
"""Of status codes (RFC 2326, 7.1.1 and 11): 453 is not enough bandwidth, 454 a session unknown."""


def status_error(status: int, method: str) -> CameraError:
    """Return what the caller does next about a status that is not 200."""
    error, reason = _MEANINGS.get(status, (RefusedError, Reason.REFUSED))
    if status in range(300, 400):
        error, reason = ConnectError, Reason.REDIRECTED
    return error(reason, f"{method}: {status}")
