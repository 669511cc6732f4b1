"""Looking at addresses one after another: which ones, how fast, and what is found."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
import socket

from hypothesis import given, settings, strategies as st
import pytest
from pytest_socket import socket_allow_hosts

from custom_components.panacam.cams import sweep as module
from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.cams.sweep import (
    MAX_HOSTS,
    MAX_TEXT,
    PORTS,
    Targets,
    TargetsError,
    TargetsReason,
    addresses_of,
    answers_at,
    sweep,
)


@pytest.mark.parametrize(
    ("text", "first", "last", "count"),
    [
        ("192.168.1.20", "192.168.1.20", "192.168.1.20", 1),
        (" 192.168.1.20 ", "192.168.1.20", "192.168.1.20", 1),
        ("192.168.1.0/24", "192.168.1.1", "192.168.1.254", 254),
        ("192.168.1.77/24", "192.168.1.1", "192.168.1.254", 254),
        ("192.168.1.4/30", "192.168.1.5", "192.168.1.6", 2),
        ("192.168.1.4/31", "192.168.1.4", "192.168.1.5", 2),
        ("192.168.1.4/32", "192.168.1.4", "192.168.1.4", 1),
        ("10.0.0.0/22", "10.0.0.1", "10.0.3.254", 1022),
        ("192.168.1.10-40", "192.168.1.10", "192.168.1.40", 31),
        ("192.168.1.10 - 40", "192.168.1.10", "192.168.1.40", 31),
        ("192.168.1.250-192.168.2.3", "192.168.1.250", "192.168.2.3", 10),
        ("192.168.1.9-9", "192.168.1.9", "192.168.1.9", 1),
        ("10.0.0.0-10.0.3.255", "10.0.0.0", "10.0.3.255", 1024),
        ("192.168.1.9, 192.168.1.3 192.168.1.9", "192.168.1.9", "192.168.1.3", 2),
        ("fd00::5", "fd00::5", "fd00::5", 1),
        ("fe80::5%eth0", "fe80::5%eth0", "fe80::5%eth0", 1),
        ("fd00::/120", "fd00::1", "fd00::ff", 255),
    ],
)
def test_addresses(text: str, first: str, last: str, count: int) -> None:
    """An address, a network, a range, or several; each address once, in order."""
    targets = addresses_of(text)
    assert (targets.hosts[0], targets.hosts[-1], len(targets)) == (first, last, count)
    assert len(set(targets.hosts)) == count


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", TargetsReason.NO_ADDRESS),
        (" , ", TargetsReason.NO_ADDRESS),
        ("camera.local", TargetsReason.NO_ADDRESS),
        ("192.168.1", TargetsReason.NO_ADDRESS),
        ("192.168.1.300", TargetsReason.NO_ADDRESS),
        ("192.168.1.40-10", TargetsReason.NO_ADDRESS),
        ("192.168.1.10-300", TargetsReason.NO_ADDRESS),
        ("192.168.1.10-", TargetsReason.NO_ADDRESS),
        ("192.168.1.0/33", TargetsReason.NO_ADDRESS),
        ("192.168.1.0/24/24", TargetsReason.NO_ADDRESS),
        ("192.168.1.20:80", TargetsReason.NO_ADDRESS),
        ("192.168.1.1, nonsense", TargetsReason.NO_ADDRESS),
        ("192.168.1.1 " * 50, TargetsReason.NO_ADDRESS),
        ("8.8.8.8", TargetsReason.NOT_PRIVATE),
        ("8.8.8.0/24", TargetsReason.NOT_PRIVATE),
        ("192.168.255.250-192.169.0.5", TargetsReason.NOT_PRIVATE),
        ("127.0.0.1", TargetsReason.NOT_PRIVATE),
        ("0.0.0.0/24", TargetsReason.NOT_PRIVATE),
        ("239.255.255.250", TargetsReason.NOT_PRIVATE),
        ("255.255.255.255", TargetsReason.NOT_PRIVATE),
        ("2606:4700::1", TargetsReason.NOT_PRIVATE),
        ("fe80::1", TargetsReason.NOT_PRIVATE),
        ("10.0.0.0/8", TargetsReason.TOO_MANY),
        ("10.0.0.0/21", TargetsReason.TOO_MANY),
        ("0.0.0.0/0", TargetsReason.TOO_MANY),
        ("::/0", TargetsReason.TOO_MANY),
        ("fd00::/64", TargetsReason.TOO_MANY),
        ("10.0.0.0-10.0.4.0", TargetsReason.TOO_MANY),
        ("10.0.0.0/22 10.1.0.0/22", TargetsReason.TOO_MANY),
    ],
)
def test_no_addresses(text: str, reason: TargetsReason) -> None:
    """What is wrong is said by name, and not repeated."""
    with pytest.raises(TargetsError) as error:
        addresses_of(text)
    assert error.value.reason is reason
    assert str(error.value) == reason.value.replace("_", " ")


@settings(database=None, derandomize=True, deadline=None, max_examples=300)
@given(st.text(alphabet="0123456789.:/-,% fd", max_size=MAX_TEXT + 1))
def test_any_text(text: str) -> None:
    """Whatever somebody writes, there are few addresses or a reason why there are none."""
    try:
        targets = addresses_of(text)
    except TargetsError:
        return
    assert 1 <= len(targets) <= MAX_HOSTS


@asynccontextmanager
async def listening(*hosts: str, port: int = 0) -> AsyncIterator[int]:
    """Take connections at one port of these hosts, and give the port."""
    servers = []
    for host in hosts:
        server = await asyncio.start_server(lambda _, writer: writer.close(), host, port)
        port = server.sockets[0].getsockname()[1]
        servers.append(server)
    try:
        yield port
    finally:
        for server in servers:
            server.close()


def loopback(hosts: Sequence[int]) -> Targets:
    """Return addresses of this machine."""
    return Targets(tuple(f"127.0.0.{number}" for number in hosts))


@pytest.fixture(autouse=True)
def _loopback(socket_enabled: None) -> None:
    """Allow the addresses below; the tests are held to 127.0.0.1 otherwise."""
    socket_allow_hosts([f"127.0.0.{number}" for number in range(1, 30)])


async def test_sweep() -> None:
    """Only who takes connections is asked; results come in order, progress to the end."""
    asked: list[tuple[str, int]] = []
    told: list[str] = []
    steps: list[tuple[int, int]] = []

    async def probe(host: str, port: int) -> str | None:
        asked.append((host, port))
        # The first one takes longest.
        await asyncio.sleep(0.05 if host == "127.0.0.2" else 0)
        return None if host == "127.0.0.4" else f"camera at {host}"

    async with listening("127.0.0.2", "127.0.0.4", "127.0.0.6") as port:
        found = await sweep(
            loopback(range(2, 12)),
            probe,
            ports=(port,),
            progress=lambda done, total: steps.append((done, total)),
            found=told.append,
        )
    assert found == ("camera at 127.0.0.2", "camera at 127.0.0.6")
    assert told == list(reversed(found))
    assert sorted(asked) == [(f"127.0.0.{number}", port) for number in (2, 4, 6)]
    assert steps == [(done, 10) for done in range(1, 11)]


async def test_ports() -> None:
    """The ports are asked one after the other until there is an answer."""
    asked: list[int] = []

    async def probe(host: str, port: int) -> str | None:
        asked.append(port)
        if port == first:
            raise ConnectError(Reason.CUT)
        return host if port == third else None

    async with (
        listening("127.0.0.2") as first,
        listening("127.0.0.2") as second,
        listening("127.0.0.2") as third,
        listening("127.0.0.2") as fourth,
    ):
        found = await sweep(loopback([2]), probe, ports=(first, second, third, fourth))
    assert found == ("127.0.0.2",)
    assert asked == [first, second, third]


async def test_nobody() -> None:
    """Nothing listens, nothing is asked."""

    async def probe(_host: str, _port: int) -> str:
        raise AssertionError

    assert await sweep(loopback([7]), probe, ports=(1,)) == ()
    assert await sweep(Targets(()), probe) == ()


async def test_probe_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe that does not end is left after a while."""
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.05)

    async def probe(_host: str, _port: int) -> str:
        await asyncio.sleep(60)
        return "late"

    async with listening("127.0.0.2") as port:
        assert await sweep(loopback([2]), probe, ports=(port,)) == ()


async def test_mistakes_are_not_hidden() -> None:
    """What is no answer of a camera is a fault of ours."""

    async def probe(_host: str, _port: int) -> str:
        raise KeyError

    async with listening("127.0.0.2") as port:
        with pytest.raises(ExceptionGroup) as error:
            await sweep(loopback([2]), probe, ports=(port,))
    assert error.group_contains(KeyError)


async def test_rate_and_parallel() -> None:
    """No more hosts at a time, and no more connections in a second, than was said."""
    at_once = most = 0

    async def probe(host: str, _port: int) -> str:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        return host

    loop = asyncio.get_running_loop()
    started = loop.time()
    async with listening(*(f"127.0.0.{number}" for number in range(2, 22))) as port:
        found = await sweep(loopback(range(2, 22)), probe, rate=100, parallel=3, ports=(port,))
    assert len(found) == 20
    assert most <= 3
    assert loop.time() - started >= 0.19


async def test_stopped() -> None:
    """Called off, it stops at once; what was found until then was told."""
    told: list[str] = []
    closed = asyncio.Event()

    async def probe(host: str, _port: int) -> str:
        if host == "127.0.0.2":
            return host
        try:
            await asyncio.sleep(60)
        finally:
            closed.set()
        return host

    async with listening("127.0.0.2", "127.0.0.3") as port:
        task = asyncio.create_task(sweep(loopback([2, 3]), probe, ports=(port,), found=told.append))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert told == ["127.0.0.2"]
    assert closed.is_set()


async def test_answers_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether somebody is there, at a port or at any usual one."""
    async with listening("127.0.0.2") as port:
        assert await answers_at("127.0.0.2", port)
        assert not await answers_at("127.0.0.3", port)
        monkeypatch.setattr(module, "PORTS", (1, port))
        assert await answers_at("127.0.0.2")
        assert not await answers_at("127.0.0.3")
    assert not await answers_at("127.0.0.2", port)
    assert not await answers_at("no address", port)
    assert not await answers_at("fe80::1%nowhere", port)


def test_socket_addresses() -> None:
    """A scope becomes the number of its adapter."""
    assert module._sockaddr(ip_address("192.0.2.1"), 80) == ("192.0.2.1", 80)
    assert module._sockaddr(ip_address("fd00::1"), 80) == ("fd00::1", 80, 0, 0)
    assert module._sockaddr(ip_address("fe80::1%7"), 80) == ("fe80::1", 80, 0, 7)
    assert module._sockaddr(ip_address("fe80::1%lo"), 80)[3] == socket.if_nametoindex("lo")


def test_usual_ports() -> None:
    """Those of web servers first."""
    assert PORTS[:2] == (80, 443)
    assert {2020, 8000, 8080, 8899} <= set(PORTS)
