"""Every wait ends, every body is bounded, and no error gives anything away."""

import asyncio
from collections.abc import AsyncIterator
import gzip
import socket
import time

from aiohttp import ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    UnreachedError,
)
from custom_components.panacam.cams.net import http as net_http
from custom_components.panacam.cams.net.http import HttpClient, Method
from tests.cams.support import USERS, Heard, Peer, assert_discreet, http_of, idle, response
from tests.simulators.povcam import Fault, PovcamSimulator

STATE = "/cgi-bin/get_state"
MJPEG = "/cgi-bin/mjpeg"
LIMIT = 0.4


async def read(http: HttpClient, query: dict[str, str] | None = None) -> None:
    """Read a stream to its end, whatever that is."""
    async with http.stream(MJPEG, query=query) as chunks:
        async for _ in chunks.pieces:
            pass


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncIterator[PovcamSimulator]:
    """Run a camera that wants a login for everything."""
    async with PovcamSimulator(user_auth=True, users=USERS, media=False) as simulator:
        yield simulator


FAULTS = [
    (Fault.HANG, ConnectError, Reason.TIMEOUT),
    (Fault.DRIP, ProtocolError, Reason.TOO_LARGE),
    (Fault.LIE_SHORT, ProtocolError, Reason.NOT_HTTP),
    (Fault.CUT, ConnectError, Reason.CUT),
    (Fault.LIE_LONG, ConnectError, Reason.CUT),
    (Fault.CLOSE, ConnectError, Reason.CUT),
    (Fault.RESET, ConnectError, Reason.UNREACHABLE),
    (Fault.REDIRECT, ConnectError, Reason.REDIRECTED),
    (Fault.UNAUTHORIZED, AuthError, Reason.WRONG_CREDENTIALS),
    (Fault.HUGE, ProtocolError, Reason.TOO_LARGE),
]


@pytest.mark.parametrize(("fault", "kind", "reason"), FAULTS)
async def test_faults(
    session: ClientSession,
    sim: PovcamSimulator,
    fault: Fault,
    kind: type[CameraError],
    reason: Reason,
) -> None:
    """Each fault has its error, within the time limit, and leaves no connection in use."""
    sim.fault("get_state", fault)
    http = http_of(session, sim, timeout=LIMIT)
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        await http.request("GET", STATE)
    assert time.monotonic() - began < LIMIT + 0.5
    assert caught.value.reason is reason
    assert type(caught.value) is kind
    assert_discreet(caught.value, sim)
    assert idle(session)
    sim.clear_faults()
    assert (await http.request("GET", STATE)).status == 200


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "length"),
    [
        (Fault.ERROR_500, 500, "text/plain", 23),
        (Fault.EMPTY, 200, "text/plain", 0),
        (Fault.HTML_PAGE, 200, "text/html", None),
        (Fault.NO_CONTENT, 204, "text/plain", 0),
        (Fault.RUBBISH, 200, "text/plain", 700),
    ],
)
async def test_whole_answers(
    session: ClientSession,
    sim: PovcamSimulator,
    fault: Fault,
    status: int,
    content_type: str,
    length: int | None,
) -> None:
    """Whole answers are the caller's to judge."""
    sim.fault("get_state", fault)
    answer = await http_of(session, sim).request("GET", STATE)
    assert (answer.status, answer.content_type) == (status, content_type)
    assert length in (None, len(answer.body))
    assert idle(session)


@pytest.mark.parametrize("head", ["Content-Length: 100000000", "Transfer-Encoding: chunked"])
async def test_huge_is_not_read(session: ClientSession, head: str) -> None:
    """100 MB are refused by their length, or as soon as they are too many."""
    sent = 0

    async def answer(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
        piece = b"8000\r\n" + bytes(0x8000) + b"\r\n"
        while sent < 100_000_000:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)

    async with Peer(answer) as peer:
        with pytest.raises(ProtocolError) as caught:
            await http_of(session, peer).request("GET", STATE)
        assert caught.value.reason is Reason.TOO_LARGE
        assert idle(session)
        await asyncio.sleep(0.05)
        # What the system's own buffers take is not ours to bound.
        assert sent < 20_000_000


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
async def test_drip(session: ClientSession, first: bytes) -> None:
    """A head or a body that comes drop by drop has no more time than any other."""

    async def answer(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        for byte in b"HTTP/1.1 200 OK" * 10:
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.05)

    async with Peer(answer) as peer:
        began = time.monotonic()
        with pytest.raises(ConnectError) as caught:
            await http_of(session, peer, timeout=LIMIT).request("GET", STATE)
        assert time.monotonic() - began < LIMIT + 0.5
        assert caught.value.reason is Reason.TIMEOUT
        assert idle(session)


@pytest.mark.parametrize("chunked", [False, True])
async def test_exact_bound(session: ClientSession, chunked: bool) -> None:
    """A body of just the allowed length passes, one byte more does not."""
    whole = response(200, b"x" * 10)
    pieces = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"
    async with Peer.saying(pieces if chunked else whole) as peer:
        http = http_of(session, peer)
        assert len((await http.request("GET", STATE, max_bytes=10)).body) == 10
        with pytest.raises(ProtocolError, match="too large"):
            await http.request("GET", STATE, max_bytes=9)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", ProtocolError),
        (b"HTTP/1.1 abc\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ProtocolError),
    ],
)
async def test_not_http(session: ClientSession, reply: bytes, kind: type[CameraError]) -> None:
    """What is not HTTP is told as such, without its words."""
    async with Peer.saying(reply) as peer:
        with pytest.raises(kind) as caught:
            await http_of(session, peer, timeout=LIMIT).request("GET", STATE)
        assert_discreet(caught.value, peer)
        assert "SSH" not in str(caught.value)
        assert idle(session)


@pytest.mark.parametrize(
    "body", [gzip.compress(bytes(30_000_000)), b"no gzip at all"], ids=["bomb", "rubbish"]
)
async def test_unasked_compression(session: ClientSession, body: bytes) -> None:
    """A body that is compressed though nobody asked is bounded, and no accident if broken."""
    async with Peer.saying(response(200, body, "Content-Encoding: gzip")) as peer:
        with pytest.raises(CameraError):
            await http_of(session, peer).request("GET", STATE)
        assert idle(session)


@pytest.mark.parametrize("port", [-1, 70_000])
async def test_bad_ports(session: ClientSession, port: int) -> None:
    """A port that cannot be is an error like any other."""
    with pytest.raises(CameraError):
        await HttpClient(session, "127.0.0.1", port=port).request("GET", STATE)


async def test_nobody_there(session: ClientSession) -> None:
    """A closed port is unreachable."""
    async with Peer.saying(b"") as peer:
        pass
    with pytest.raises(UnreachedError) as caught:
        await http_of(session, peer).request("GET", STATE)
    assert caught.value.reason is Reason.UNREACHABLE
    assert_discreet(caught.value, peer)


async def test_connection_never_stands(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that drops packets is given up after CONNECT_TIMEOUT."""
    monkeypatch.setattr(net_http, "CONNECT_TIMEOUT", 0.2)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    try:
        with pytest.raises(UnreachedError) as caught:
            await HttpClient(session, "127.0.0.1", port=listener.getsockname()[1]).request(
                "GET", STATE
            )
    finally:
        for opened in (listener, *fillers):
            opened.close()
    assert caught.value.reason is Reason.TIMEOUT


class _NoName(AbstractResolver):
    """A resolver that knows no name."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Fail as the system does."""
        raise OSError(None, "Name or service not known")

    async def close(self) -> None:
        """Nothing to close."""


async def test_unknown_name(socket_enabled: None) -> None:
    """A name that nobody knows is told from a host that is away."""
    async with ClientSession(connector=TCPConnector(resolver=_NoName())) as session:
        with pytest.raises(ConnectError) as caught:
            await HttpClient(session, "camera.invalid").request("GET", STATE)
    assert caught.value.reason is Reason.UNKNOWN_HOST
    assert "camera" not in str(caught.value)


BAD_HOSTS = ["", " ", "a b", "ü" * 300, "a/b", "user@host", "host:80", "[::1", "a?b", "a#b", "\n"]


@pytest.mark.parametrize("host", BAD_HOSTS)
async def test_bad_hosts(session: ClientSession, host: str) -> None:
    """What is no host name is an unknown host, at the latest when it is asked."""
    with pytest.raises(ConnectError) as caught:
        await HttpClient(session, host).request("GET", STATE)
    assert caught.value.reason is Reason.UNKNOWN_HOST
    assert not host.strip() or host not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "port", "tls", "url"),
    [
        ("192.0.2.1", None, False, "http://192.0.2.1"),
        ("192.0.2.1", 8080, False, "http://192.0.2.1:8080"),
        ("camera.local", 443, True, "https://camera.local"),
        ("2001:db8::1", 81, False, "http://[2001:db8::1]:81"),
        ("fe80::1%eth0", None, False, "http://[fe80::1%eth0]"),
        ("kücke.local", None, False, "http://xn--kcke-0ra.local"),
    ],
)
async def test_base(
    session: ClientSession, host: str, port: int | None, tls: bool, url: str
) -> None:
    """The address of the web server is built from any kind of host."""
    assert str(HttpClient(session, host, port=port, tls=tls).base) == url


async def test_stream(session: ClientSession, sim: PovcamSimulator) -> None:
    """A stream gives pieces until it is left; leaving hangs up."""
    async with http_of(session, sim).stream(MJPEG, query={"framerate": "30"}) as chunks:
        assert (chunks.status, chunks.content_type) == (200, "multipart/x-mixed-replace")
        assert b"myboundary" in await anext(chunks.pieces)
        assert not idle(session)
    assert idle(session)


async def test_close_ends_streams(session: ClientSession, sim: PovcamSimulator) -> None:
    """close() ends a stream that somebody reads, and no request follows."""
    http = http_of(session, sim)
    reading = asyncio.create_task(read(http))
    while not http._open:  # noqa: ASYNC110 - there is nobody to tell
        await asyncio.sleep(0.01)
    http.close()
    with pytest.raises(ConnectError) as caught:
        await reading
    assert_discreet(caught.value, sim)
    for again in (http.request("GET", STATE), http.stream(MJPEG).__aenter__()):
        with pytest.raises(ConnectError):
            await again
    assert idle(session)


async def test_close_before_the_head(session: ClientSession) -> None:
    """close() also ends a stream whose answer has not begun."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def answer(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await go.wait()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nx")

    async with Peer(answer) as peer:
        http = http_of(session, peer)
        reading = asyncio.create_task(read(http))
        await asked.wait()
        http.close()
        go.set()
        done, _ = await asyncio.wait([reading], timeout=LIMIT)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert done
    assert isinstance(reading.exception(), ConnectError)


async def test_stream_stalls(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that stops is given up after CHUNK_TIMEOUT, however long it ran."""
    monkeypatch.setattr(net_http, "CHUNK_TIMEOUT", 0.2)
    heads = (b"HTTP/1.1 200 OK\r\n\r\nx", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")
    async with Peer.saying(*heads) as peer:
        for _ in heads:
            with pytest.raises(ConnectError) as caught:
                await read(http_of(session, peer))
            assert caught.value.reason is Reason.TIMEOUT
            assert idle(session)


async def test_stream_may_last(session: ClientSession, sim: PovcamSimulator) -> None:
    """The time limit of a request is none of a stream's, once that has begun."""
    http = http_of(session, sim, timeout=0.3)
    until = time.monotonic() + 0.5
    async with http.stream(MJPEG, query={"framerate": "30"}) as chunks:
        async for _ in chunks.pieces:
            if time.monotonic() > until:
                break


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.HANG, Reason.TIMEOUT),
        (Fault.CLOSE, Reason.CUT),
        (Fault.REDIRECT, Reason.REDIRECTED),
        (Fault.CUT, Reason.CUT),
    ],
)
async def test_stream_faults(
    session: ClientSession, sim: PovcamSimulator, fault: Fault, reason: Reason
) -> None:
    """A stream fails as a request does."""
    sim.fault("mjpeg", fault)
    # The fault CUT is made from a whole answer.
    query = {"action": "snapshot"} if fault is Fault.CUT else {}
    with pytest.raises(ConnectError) as caught:
        await read(http_of(session, sim, timeout=LIMIT), query)
    assert caught.value.reason is reason
    assert idle(session)


@pytest.mark.parametrize("login", [True, False])
@pytest.mark.parametrize(("method", "reads"), [("GET", False), ("GET", True), ("POST", False)])
async def test_sent_once(
    session: ClientSession, method: Method, *, reads: bool, login: bool
) -> None:
    """What is not said to read only is never sent again, whatever became of it."""

    async def hang_up(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if heard.target == "/first":
            writer.write(response(204))
        else:
            writer.close()

    async with Peer(hang_up) as peer:
        http = http_of(session, peer) if login else http_of(session, peer, None)
        await http.request("GET", "/first")
        with pytest.raises(ConnectError) as caught:
            await http.request(method, "/then", reads=reads)
    assert caught.value.reason is Reason.CUT
    assert [heard.target for heard in peer.heard] == ["/first", *["/then"] * (1 + reads)]
    assert idle(session)
