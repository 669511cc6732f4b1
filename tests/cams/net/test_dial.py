"""Connecting by whichever address answers, on real sockets."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
import socket
import threading
import time
from typing import Any

import pytest

from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason
from custom_components.panacam.cams.net import dial, tcp
from custom_components.panacam.cams.net.dial import MAX_ADDRESSES, Dialer
from custom_components.panacam.cams.net.tcp import Pump
from tests.conftest import until

pytestmark = pytest.mark.usefixtures("ipv6_enabled")

NAME = "camera.example"

type Found = list[tuple[Any, ...]]


def infos(*addresses: str, port: int) -> Found:
    """Return what a look-up gives for a name that has these addresses."""
    return [
        (
            socket.AF_INET6 if ":" in address else socket.AF_INET,
            socket.SOCK_STREAM,
            socket.IPPROTO_TCP,
            "",
            (address, port, 0, 0) if ":" in address else (address, port),
        )
        for address in addresses
    ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Give names addresses of our choosing; each look-up asks anew."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, **options: Any) -> Found:
        if host in known:
            return infos(*known[host], port=port)
        if host == NAME:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return real(host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@asynccontextmanager
async def listening(*hosts: str) -> AsyncGenerator[tuple[int, list[str]]]:
    """Listen at these addresses on one port; give it, and where somebody came."""
    came: list[str] = []

    async def welcome(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer.get_extra_info("sockname")[0])
        writer.close()

    first, *others = hosts
    servers = [await asyncio.start_server(welcome, first, 0)]
    port = servers[0].sockets[0].getsockname()[1]
    servers += [await asyncio.start_server(welcome, host, port) for host in others]
    try:
        yield port, came
    finally:
        for server in servers:
            server.close()
            await server.wait_closed()


async def reached(dialer: Dialer, host: str, port: int) -> str:
    """Connect, hang up, and return the address that answered."""
    transport, _ = await dialer.connect(asyncio.Protocol, host, port)
    address: str = transport.get_extra_info("peername")[0]
    transport.close()
    await asyncio.sleep(0)
    return address


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0:0::1"])
async def test_literals(host: str) -> None:
    """Addresses are connected to without asking anybody, and nothing is remembered of them."""
    async with listening("127.0.0.1", "::1") as (port, _):
        dialer = Dialer()
        assert await reached(dialer, host, port) in {"127.0.0.1", "::1"}
        assert not dialer._worked


@pytest.mark.parametrize("alive", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("order", [("127.0.0.1", "::1"), ("::1", "127.0.0.1")])
async def test_other_protocol(
    names: dict[str, list[str]], alive: str, order: tuple[str, ...]
) -> None:
    """A camera that answers by one protocol only is reached, whichever comes first."""
    names[NAME] = list(order)
    async with listening(alive) as (port, _):
        assert await reached(Dialer(), NAME, port) == alive


async def test_address_that_swallows_everything(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that never answers costs a moment once, and the next time nothing."""
    names[NAME] = ["::1", "127.0.0.1"]
    loop = asyncio.get_running_loop()
    real = loop.sock_connect
    tried: list[str] = []

    async def connect(sock: socket.socket, address: tuple[Any, ...]) -> None:
        tried.append(address[0])
        if address[0] == "::1":
            await asyncio.sleep(60)
        await real(sock, address)

    monkeypatch.setattr(loop, "sock_connect", connect)
    dialer = Dialer()
    async with listening("127.0.0.1") as (port, _):
        began = loop.time()
        assert await reached(dialer, NAME, port) == "127.0.0.1"
        assert dial.ATTEMPT_DELAY * 0.9 <= loop.time() - began < 2
        began, tried[:] = loop.time(), []
        assert await reached(dialer, NAME, port) == "127.0.0.1"
        assert loop.time() - began < dial.ATTEMPT_DELAY
        assert tried == ["127.0.0.1"]


async def test_name_that_moved(names: dict[str, list[str]]) -> None:
    """A name is looked up at every connection, and what was remembered does not hold it back."""
    dialer = Dialer()
    async with listening("127.0.0.1", "::1") as (port, came):
        for address in ("127.0.0.1", "::1", "127.0.0.1"):
            names[NAME] = [address]
            assert await reached(dialer, NAME, port) == address
        await asyncio.sleep(0.01)
        assert came == ["127.0.0.1", "::1", "127.0.0.1"]
    assert dialer._worked == {NAME: "127.0.0.1"}


def test_order() -> None:
    """The one that worked is first, the rest in turn by protocol, and not too many."""
    dialer = Dialer()
    found = ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert list(dialer.ordered(NAME, found, str)) == [
        "2001:db8::1",
        "192.0.2.1",
        "2001:db8::2",
        "192.0.2.2",
        "192.0.2.3",
    ]
    dialer.reached(NAME, "192.0.2.2")
    assert list(dialer.ordered(NAME, found, str))[:3] == ["192.0.2.2", "2001:db8::1", "192.0.2.1"]
    dialer.reached(NAME, "2001:DB8:0::2")
    assert dialer.ordered(NAME, found, str)[0] == "2001:db8::2"
    dialer.reached(NAME, "198.51.100.1")  # which is no longer there
    assert dialer.ordered(NAME, found, str)[0] == "2001:db8::1"
    many = [f"2001:db8::{number:x}" for number in range(1000)] + ["192.0.2.1"]
    assert len(dialer.ordered("other", many, str)) == MAX_ADDRESSES
    assert "192.0.2.1" in dialer.ordered("other", many, str)
    assert list(dialer.ordered(NAME, [], str)) == []


def test_memory_is_bounded() -> None:
    """Those that were reached last are remembered."""
    dialer = Dialer(max_hosts=3)
    for number in range(100):
        dialer.reached(f"host{number}", "192.0.2.1")
        dialer.reached("often", "192.0.2.1")
    assert set(dialer._worked) == {"host98", "host99", "often"}


async def test_slow_look_up_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop goes on meanwhile, and who gives up and comes again adds no second look-up."""
    asked, answer = [], threading.Event()

    def look_up(host: str, port: int, **_options: Any) -> Found:
        asked.append(host)
        answer.wait(10)
        return infos("127.0.0.1", port=port)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    dialer = Dialer()
    async with listening("127.0.0.1") as (port, _):
        longest, before = 0.0, time.monotonic()
        tries = [asyncio.create_task(reached(dialer, NAME, port)) for _ in range(5)]
        for _ in range(20):
            await asyncio.sleep(0.005)
            now = time.monotonic()
            longest, before = max(longest, now - before), now
        for task in tries[1:]:
            task.cancel()
        await asyncio.gather(*tries[1:], return_exceptions=True)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reached(dialer, NAME, port), 0.02)
        assert asked == [NAME]
        answer.set()
        assert await tries[0] == "127.0.0.1"
        assert longest < 0.1
        assert not dialer._under_way
        # The next connection asks anew.
        assert await reached(dialer, NAME, port) == "127.0.0.1"
        assert asked == [NAME, NAME]


async def test_failed_look_up_that_nobody_waits_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its error is nobody's any more."""
    answer = threading.Event()

    def look_up(*_arguments: Any, **_options: Any) -> Found:
        answer.wait(10)
        raise socket.gaierror(socket.EAI_NONAME, "no such host")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    dialer = Dialer()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reached(dialer, NAME, 1), 0.02)
    answer.set()
    await until(lambda: not dialer._under_way)
    assert not caplog.records


@pytest.mark.parametrize("host", ["", "nul\0", "new\nline"])
async def test_no_host(host: str) -> None:
    """What is no host is not looked up; the empty name would be ourselves."""
    with pytest.raises(ValueError, match=r"^$"):
        await Dialer().connect(asyncio.Protocol, host, 1)


async def test_no_address(names: dict[str, list[str]]) -> None:
    """A name that has no address is as good as none."""
    names[NAME] = []
    with pytest.raises(socket.gaierror):
        await Dialer().connect(asyncio.Protocol, NAME, 1)


async def test_outage(names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody says where a name is, or says nothing at all, it is tried where it was last."""
    monkeypatch.setattr(dial, "LOOK_UP_TIMEOUT", 0.05)
    names[NAME] = ["127.0.0.1"]
    dialer = Dialer()
    async with listening("127.0.0.1", "::1") as (port, _):
        assert await reached(dialer, NAME, port) == "127.0.0.1"
        for known in (["0.0.0.0x"], []):
            names[NAME] = known
            del names[NAME]
            assert await reached(dialer, NAME, port) == "127.0.0.1"
        asked: list[str] = []
        answer = asyncio.Event()

        async def silent(host: str) -> list[str]:
            asked.append(host)
            await answer.wait()
            return ["::1"]

        dialer.look_up_by(silent)
        came = [reached(dialer, NAME, port) for _ in range(5)]
        assert await asyncio.gather(*came) == ["127.0.0.1"] * 5
        assert asked == [NAME]  # one for all
        waiting = asyncio.create_task(reached(dialer, NAME, port))
        answer.set()
        assert await waiting == "::1"  # it has moved
        assert asked == [NAME]
        assert not dialer._under_way


async def test_look_ups_end_with_who_makes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is left behind, and who waits is told; afterwards it is the system's again."""

    async def silent(host: str) -> list[str]:
        await asyncio.sleep(60)
        return []

    dialer = Dialer()
    dialer.look_up_by(silent)
    waiting = asyncio.create_task(dialer.addresses(NAME))
    await until(lambda: dialer._under_way)
    (task,) = dialer._under_way.values()
    dialer.look_up_by(None)
    with pytest.raises(socket.gaierror):
        await waiting
    assert task.cancelled()
    monkeypatch.setattr(dial, "LONGEST_LOOK_UP", 0.05)
    dialer.look_up_by(silent)
    with pytest.raises(socket.gaierror):
        await dialer.addresses(NAME)
    dialer.look_up_by(None)
    await until(lambda: not dialer._under_way)
    assert await dialer.addresses("localhost")


async def test_failed_handshake_leaves_no_socket(names: dict[str, list[str]]) -> None:
    """What comes after the connection may fail."""

    def fail() -> asyncio.Protocol:
        raise LookupError

    dialer = Dialer()
    async with listening("127.0.0.1") as (port, _):
        with pytest.raises(LookupError):
            await dialer.connect(fail, "127.0.0.1", port)
    assert not dialer._worked


class _Deaf:
    """Who hears nothing."""

    def get_buffer(self, sizehint: int) -> memoryview:
        return memoryview(bytearray(1))

    def received(self, count: int) -> None:
        pass

    def lost(self, error: CameraError) -> None:
        pass


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Dialer]:
    """Give the pump a dialer that remembers nothing."""
    dialer = Dialer()
    monkeypatch.setattr(tcp, "DIALER", dialer)
    return lambda: dialer


async def test_pump(names: dict[str, list[str]], fresh: Callable[[], Dialer]) -> None:
    """MO and RTSP connect the same way."""
    names[NAME] = ["::1", "127.0.0.1"]
    async with listening("127.0.0.1") as (port, _):
        pump = await Pump.open(NAME, port, _Deaf(), timeout=5)
        assert pump.address == "127.0.0.1"
        await pump.close()
    assert fresh()._worked == {NAME: "127.0.0.1"}
    with pytest.raises(ConnectError) as caught:
        await Pump.open(NAME, port, _Deaf(), timeout=5)
    assert caught.value.reason is Reason.UNREACHABLE
    del names[NAME]
    with pytest.raises(ConnectError) as caught:
        await Pump.open(NAME, port, _Deaf(), timeout=5)
    assert caught.value.reason is Reason.UNREACHABLE  # where it was last
    fresh()._worked.clear()
    with pytest.raises(ConnectError) as caught:
        await Pump.open(NAME, port, _Deaf(), timeout=5)
    assert caught.value.reason is Reason.UNKNOWN_HOST
