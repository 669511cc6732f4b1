"""What the tests of cams share: vectors, a peer that says what a test wants, secrets."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientSession, TCPConnector

from custom_components.panacam.cams.errors import CameraError
from custom_components.panacam.cams.net.http import HttpClient
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.stream import Credentials
from tests.simulators.povcam import AG_UMR20, Auth, Model, PovcamSimulator

VECTORS = Path(__file__).parent.parent / "vectors" / "povcam"
USER = "Operator7"
PASSWORD = "Gei8-heim"
USERS = {USER: (PASSWORD, "admin"), "viewer": ("viewer", "live")}
LOGIN = Credentials(USER, PASSWORD)


def vector(name: str) -> bytes:
    """Return what a camera sent, byte by byte."""
    return (VECTORS / name).read_bytes()


def http_of(
    session: ClientSession,
    peer: PovcamSimulator | Peer,
    credentials: Credentials | None = LOGIN,
    *,
    timeout: float = 5,
    tls: bool = False,
) -> HttpClient:
    """Return a client of a simulated camera or of a peer."""
    return HttpClient(
        session,
        "127.0.0.1",
        port=peer.port,
        tls=tls,
        credentials=credentials,
        timeout=timeout,
    )


def assert_discreet(error: CameraError, peer: PovcamSimulator | Peer) -> None:
    """Fail when an error's text gives credentials or addresses away."""
    for text in (str(error), repr(error)):
        for secret in (USER, PASSWORD, "127.0.0.1", str(peer.port), "://", "cgi-bin"):
            assert secret not in text


def camera(model: Model = AG_UMR20, **options: Any) -> PovcamSimulator:
    """Return a simulated camera that asks nobody for a login to look, and never waits."""
    chosen: dict[str, Any] = {
        "auth": Auth.BASIC,
        "users": USERS,
        "media": False,
        "record_delay": 0.0,
        "ptz_interval": 0.0,
    }
    return PovcamSimulator(model, **(chosen | options))


def device_of(
    session: ClientSession,
    sim: PovcamSimulator,
    credentials: Credentials | None = LOGIN,
    *,
    timeout: float = 2,
    **options: Any,
) -> PovcamDevice:
    """Return the device of that camera."""
    http = http_of(session, sim, credentials, timeout=timeout)
    return PovcamDevice(http, host="127.0.0.1", credentials=credentials, **options)


def idle(session: ClientSession) -> bool:
    """Return whether no request of the session still holds a connection."""
    connector = session.connector
    assert isinstance(connector, TCPConnector)
    return not connector._acquired


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came in."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: str

    def header(self, name: str) -> str | None:
        """Return a header's value."""
        return next((value for key, value in self.headers if key == name.lower()), None)


type Answer = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]


def response(status: int = 200, body: bytes | str = b"", *headers: str) -> bytes:
    """Return an HTTP response with a length; `headers` are whole lines."""
    data = body.encode() if isinstance(body, str) else body
    lines = (f"HTTP/1.1 {status} Status", *headers, f"Content-Length: {len(data)}", "", "")
    return "\r\n".join(lines).encode() + data


@dataclass
class Peer:
    """A web server on the loopback address that answers as a test says."""

    answer: Answer
    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    @classmethod
    def saying(cls, *answers: bytes) -> Self:
        """Return a peer that gives these answers in turn, the last one for ever."""
        left = list(answers)

        async def answer(_heard: Heard, writer: asyncio.StreamWriter) -> None:
            writer.write(left.pop(0) if len(left) > 1 else left[0])

        return cls(answer)

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Hang up on everybody."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                heard = await _hear(reader)
                self.heard.append(heard)
                await self.answer(heard, writer)
                await writer.drain()
                if writer.is_closing():
                    return
        except OSError, asyncio.IncompleteReadError, asyncio.CancelledError:
            pass  # the client has gone, or the test is over
        finally:
            writer.transport.abort()
            self._tasks.discard(task)


async def _hear(reader: asyncio.StreamReader) -> Heard:
    """Read one request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    pairs = tuple(
        (key.lower(), value.strip()) for key, _, value in (line.partition(":") for line in lines)
    )
    length = int(dict(pairs).get("content-length", "0"))
    return Heard(method, target, pairs, (await reader.readexactly(length)).decode())
