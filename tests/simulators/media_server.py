"""A media server that takes streams: RTSP ANNOUNCE, SETUP, RECORD over TCP (RFC 2326)."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
import re
import time
from types import TracebackType
from typing import Final, Self

from tests.simulators.povcam import Auth
from tests.simulators.povcam.auth import Authenticator

USER: Final = "publisher"
PASSWORD: Final = "Ohr/Ring"
_SMALL: Final = 4096
_START: Final = b"\x00\x00\x00\x01"
_REASONS: Final = {
    200: "OK",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
}


class Fault(StrEnum):
    """What can go wrong with a server."""

    FORBID = "forbid"
    """403 for ANNOUNCE."""
    REFUSE = "refuse"
    """404 for ANNOUNCE."""
    SILENT = "silent"
    """ANNOUNCE is never answered."""
    HANG_UP = "hang_up"
    """The connection ends after the first unit of video."""
    STALL = "stall"
    """After RECORD nothing is read any more."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One access unit, put together from its packets."""

    timestamp: int
    data: bytes


@dataclass(slots=True)
class Media:
    """One of a session's streams."""

    codec: str
    """As the SDP has it: H264, H265, MPEG4-GENERIC."""
    clock: int
    parameters: dict[str, str]
    """Of the `fmtp` line."""
    units: list[Unit] = field(default_factory=list)
    _open: bytearray = field(default_factory=bytearray)

    def take(self, packet: bytes) -> None:
        """Take one packet of RTP (RFC 3550, 5.1)."""
        assert packet[0] >> 6 == 2
        payload = packet[12 + 4 * (packet[0] & 0x0F) :]
        marker, timestamp = packet[1] >> 7, int.from_bytes(packet[4:8])
        if self.codec == "H264":
            self._open += unpacked(payload)
            if marker:
                self.units.append(Unit(timestamp, bytes(self._open)))
                self._open.clear()
        elif self.codec == "MPEG4-GENERIC":
            self.units += [Unit(timestamp, data) for data in split(payload)]


@dataclass(slots=True)
class Session:
    """One stream that somebody published."""

    path: str
    sdp: str
    media: dict[str, Media]
    """By the name of their control attribute."""
    channels: dict[int, Media] = field(default_factory=dict)
    recording: bool = False
    torn_down: bool = False
    """Whether the client took leave."""
    ended: bool = False

    def units(self, codec: str) -> list[Unit]:
        """Return what came of a codec."""
        return [
            unit for media in self.media.values() if media.codec == codec for unit in media.units
        ]


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    uri: str
    headers: dict[str, str]
    body: str


class MediaServer:
    """Listens on 127.0.0.1, and keeps all it is sent."""

    def __init__(self, auth: Auth = Auth.NONE, *, port: int = 0) -> None:
        """Want a login by `auth`; PORT 0: any."""
        self.port = port
        self.fault: Fault | None = None
        self.sessions: list[Session] = []
        self.requests: list[str] = []
        """The methods that were asked for."""
        self.logins: list[str] = []
        """The Authorization headers that came."""
        self._auth = auth
        self._authenticator = Authenticator(auth, {USER: (PASSWORD, "")}, time.monotonic, 300)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def session(self) -> Session:
        """The newest session."""
        return self.sessions[-1]

    def url(self, login: str = "") -> str:
        """Return where to publish; `login` is user:password@, percent-encoded."""
        return f"rtsp://{login}127.0.0.1:{self.port}/live/door"

    async def __aenter__(self) -> Self:
        """Listen."""
        # What a server that stalls has not read is in the client's buffers, not in ours.
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, limit=_SMALL
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up on everybody."""
        assert self._server is not None
        self._server.close()
        await self.hang_up()

    async def hang_up(self) -> None:
        """End all connections; go on listening."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        connection = _Connection(self, reader, writer)
        try:
            await connection.serve()
        except asyncio.IncompleteReadError, asyncio.CancelledError, OSError:
            pass  # the client has gone, or the test is over
        finally:
            if connection.session is not None:
                connection.session.ended = True
            writer.transport.abort()
            self._tasks.discard(task)

    def challenge(self, request: _Request) -> str | None:
        """Return what a client must be asked for, or None where it may go on."""
        login = request.headers.get("authorization")
        if login is not None:
            self.logins.append(login)
        if self._auth is Auth.NONE or request.method == "OPTIONS":
            return None
        verdict = self._authenticator.check(login, request.method, request.uri)
        return None if verdict.user else self._authenticator.challenge(stale=verdict.stale)


class _Connection:
    """One client."""

    def __init__(
        self, server: MediaServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self.session: Session | None = None

    async def serve(self) -> None:
        """Read until the client has gone or a fault ends it."""
        while True:
            message = await self._message()
            if isinstance(message, _Request):
                await self._answer(message)
                continue
            self._take(*message)
            if self._server.fault is Fault.HANG_UP and self._has_video():
                return

    async def _message(self) -> _Request | tuple[int, bytes]:
        """Read a request, or a channel and its data (10.12)."""
        first = await self._reader.readexactly(1)
        if first == b"$":
            head = await self._reader.readexactly(3)
            return head[0], await self._reader.readexactly(int.from_bytes(head[1:]))
        lines = [first.decode() + (await self._reader.readline()).decode().strip()]
        while line := (await self._reader.readline()).decode().strip():
            lines.append(line)
        method, uri, version = lines[0].split(" ")
        assert version == "RTSP/1.0"
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:])
        }
        body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return _Request(method, uri, headers, body.decode())

    def _take(self, channel: int, data: bytes) -> None:
        """Take interleaved data; odd channels have RTCP."""
        assert self.session is not None
        assert self.session.recording
        if (media := self.session.channels.get(channel)) is not None:
            media.take(data)

    def _has_video(self) -> bool:
        return self.session is not None and bool(self.session.units("H264"))

    async def _answer(self, request: _Request) -> None:
        server = self._server
        server.requests.append(request.method)
        if (challenge := server.challenge(request)) is not None:
            await self._reply(request, 401, {"WWW-Authenticate": challenge})
            return
        if request.method == "ANNOUNCE" and server.fault is Fault.SILENT:
            await asyncio.Event().wait()
        status, headers = self._done(request)
        await self._reply(request, status, headers)
        if request.method == "RECORD" and server.fault is Fault.STALL:
            await asyncio.Event().wait()

    def _done(self, request: _Request) -> tuple[int, dict[str, str]]:
        """Do what is asked; return status and headers."""
        match request.method, self.session:
            case "OPTIONS", _:
                return 200, {"Public": "OPTIONS, ANNOUNCE, SETUP, RECORD, TEARDOWN"}
            case "ANNOUNCE", None:
                return self._announce(request), {}
            case "SETUP", Session() as session:
                return self._set_up(request, session)
            case "RECORD", Session() as session:
                session.recording = bool(session.channels)
                return 200 if session.recording else 455, {}
            case "TEARDOWN", Session() as session:
                session.torn_down = True
                return 200, {}
            case _:
                return 455, {}

    def _announce(self, request: _Request) -> int:
        refused = {Fault.FORBID: 403, Fault.REFUSE: 404}
        if (fault := self._server.fault) in refused:
            return refused[fault]
        assert request.headers["content-type"] == "application/sdp"
        self.session = Session(request.uri, request.body, described(request.body))
        self._server.sessions.append(self.session)
        return 200

    def _set_up(self, request: _Request, session: Session) -> tuple[int, dict[str, str]]:
        transport = request.headers["transport"]
        found = re.search(r"interleaved=(\d+)-(\d+)", transport)
        media = session.media.get(request.uri.removeprefix(session.path).lstrip("/"))
        if found is None or media is None or "mode=record" not in transport:
            return 461, {}
        session.channels[int(found[1])] = media
        return 200, {"Transport": transport}

    async def _reply(self, request: _Request, status: int, headers: dict[str, str]) -> None:
        lines = [f"RTSP/1.0 {status} {_REASONS[status]}", f"CSeq: {request.headers['cseq']}"]
        if self.session is not None:
            lines.append("Session: 12345678")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self._writer.drain()


def described(sdp: str) -> dict[str, Media]:
    """Return the streams of a description (RFC 4566), by their control attribute."""
    found: dict[str, Media] = {}
    for section in re.split(r"^m=", sdp, flags=re.MULTILINE)[1:]:
        attributes = dict(re.findall(r"^a=(\w+):(.*?)\r?$", section, flags=re.MULTILINE))
        codec, clock, *_ = attributes["rtpmap"].split(" ")[1].split("/")
        _, _, fmtp = attributes.get("fmtp", "").partition(" ")
        pairs = (pair.strip().partition("=") for pair in fmtp.split(";"))
        parameters = {name.lower(): value for name, _, value in pairs}
        found[attributes["control"]] = Media(codec.upper(), int(clock), parameters)
    return found


def unpacked(payload: bytes) -> bytes:
    """Return what a payload adds to an access unit of H.264 in Annex B (RFC 6184, 5.4)."""
    match payload[0] & 0x1F:
        case 28:  # FU-A: a piece of a unit
            indicator, header = payload[0], payload[1]
            begin = _START + bytes([indicator & 0xE0 | header & 0x1F]) if header & 0x80 else b""
            return begin + payload[2:]
        case 24:  # STAP-A: several units
            found, at = b"", 1
            while at < len(payload):
                size = int.from_bytes(payload[at : at + 2])
                found += _START + payload[at + 2 : at + 2 + size]
                at += 2 + size
            return found
        case _:
            return _START + payload


def split(payload: bytes) -> list[bytes]:
    """Return the frames of AAC in a payload (RFC 3640, 3.2, with 13 bits of size, 3 of index)."""
    count = int.from_bytes(payload[:2]) // 16
    sizes = [int.from_bytes(payload[2 + 2 * at : 4 + 2 * at]) >> 3 for at in range(count)]
    frames, at = [], 2 + 2 * count
    for size in sizes:
        frames.append(payload[at : at + size])
        at += size
    return frames
