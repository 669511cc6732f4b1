"""The search over real sockets: what is asked, how much is read, what is told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
import gc
import socket
import struct
from typing import Any, override

import pytest

from custom_components.panacam.cams import search as module
from custom_components.panacam.cams.discovery import Candidate, Search, Source
from custom_components.panacam.cams.registry import FAMILIES
from custom_components.panacam.cams.search import (
    MAX_ANSWERS,
    MAX_DATAGRAM,
    MAX_PER_HOST,
    MAX_UNASKED,
    Adapter,
    Listener,
    search,
)
from tests.simulators.mo.vectors import load

LOOPBACK = Adapter(address="127.0.0.1", broadcast="127.0.0.1", index=1, name="lo")
GROUP = "239.255.77.77"

pytestmark = pytest.mark.usefixtures("socket_enabled")


@dataclass
class Responder(asyncio.DatagramProtocol):
    """Something on the network that answers as a test says."""

    answers: Callable[[bytes], tuple[bytes, ...]]
    heard: list[bytes] = field(default_factory=list)
    askers: list[tuple[str, int]] = field(default_factory=list)
    port: int = 0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)
        self.askers.append(addr)
        for answer in self.answers(data):
            self.transport.sendto(answer, addr)


@asynccontextmanager
async def responder(
    *answers: bytes, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Responder]:
    """Give something that answers every question in this way."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Responder(lambda _: answers), local_addr=(host, port)
    )
    try:
        yield protocol
    finally:
        transport.close()


def read(datagram: bytes, host: str) -> tuple[Candidate, ...]:
    """Read a camera's name; what says nothing is no camera."""
    return (Candidate(host=host, name=datagram[:64].decode()),) if datagram else ()


def kind(port: int, **changes: Any) -> Search:
    """Return a search for what answers at a port."""
    chosen: dict[str, Any] = {
        "name": Source.WS_DISCOVERY,
        "port": port,
        "groups": ("127.0.0.1",),
        "questions": lambda address: (f"who? {address}".encode(),),
        "read": read,
    }
    return Search(**(chosen | changes))


async def found_by(
    *searches: Search, adapters: tuple[Adapter, ...] = (LOOPBACK,)
) -> list[Candidate]:
    """Return what a short search tells."""
    found: list[Candidate] = []
    await search(searches, adapters, seconds=0.8, repeats=3, found=found.append)
    return found


async def test_repeated() -> None:
    """The question is asked several times, the answer is told once, at the host that sent it."""
    async with responder(b"one", b"two", b"") as peer:
        found = await found_by(kind(peer.port))
        assert found == [
            Candidate(host="127.0.0.1", name="one"),
            Candidate(host="127.0.0.1", name="two"),
        ]
        assert peer.heard == [b"who? 127.0.0.1"] * 3
        assert len(set(peer.askers)) == 1


async def test_told_while_it_goes_on() -> None:
    """A candidate is told at once, and the search lasts as long as it was told to."""
    loop = asyncio.get_running_loop()
    told: list[float] = []
    started = loop.time()
    async with responder(b"one") as peer:
        await search(
            [kind(peer.port)], [LOOPBACK], seconds=0.5, found=lambda _: told.append(loop.time())
        )
    assert told[0] - started < 0.4
    assert 0.45 < loop.time() - started < 3


async def test_broadcast_and_local_port() -> None:
    """Without groups the broadcast address is asked, from the port that cameras answer to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        local = free.getsockname()[1]
    adapter = replace(LOOPBACK, broadcast="127.255.255.255")
    async with responder(b"one", host="127.255.255.255") as peer:
        # What is bound to a broadcast address hears broadcasts, and cannot answer from it.
        await found_by(kind(peer.port, groups=(), local_port=local), adapters=(adapter,))
        assert peer.askers == [("127.0.0.1", local)] * 3


async def test_answer_by_broadcast() -> None:
    """Who has no address of this network answers by broadcast."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        local = free.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as camera:
        camera.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        camera.bind(("127.0.0.9", 0))
        task = asyncio.create_task(found_by(kind(9, groups=(), local_port=local)))
        await asyncio.sleep(0.1)
        camera.sendto(b"stranger", ("127.255.255.255", local))
        assert await task == [Candidate(host="127.0.0.9", name="stranger")]


async def test_multicast() -> None:
    """A group is asked on the adapter that is meant."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    loop = asyncio.get_running_loop()
    transport, peer = await loop.create_datagram_endpoint(
        lambda: Responder(lambda _: (b"member",)), local_addr=(GROUP, port)
    )
    sock = transport.get_extra_info("socket")
    member = socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1")
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    try:
        await found_by(kind(port, groups=(GROUP, "ff02::c")))
        assert [asker[0] for asker in peer.askers] == ["127.0.0.1"] * 3
    finally:
        transport.close()


async def test_bounds_per_host() -> None:
    """One host is read so often; who else answers is still heard."""
    async with (
        responder(*(f"flood {n}".encode() for n in range(100))) as flood,
        responder(b"quiet", host="127.0.0.2") as quiet,
    ):
        flooding = kind(flood.port)
        both = replace(flooding, port=quiet.port, groups=("127.0.0.2",), name=Source.MO_SEARCH)
        found = await found_by(flooding, both)
    assert Counter(one.host for one in found) == {"127.0.0.1": MAX_PER_HOST, "127.0.0.2": 1}


async def test_bounds_of_all() -> None:
    """Ten thousand answers from as many hosts: so many are read, and the search ends."""
    reads = 0

    def count(datagram: bytes, host: str) -> tuple[Candidate, ...]:
        nonlocal reads
        reads += 1
        return (Candidate(host=host),)

    found: list[Candidate] = []
    budget = module._Budget(MAX_ANSWERS)
    ear = module._Ear(kind(1, read=count), LOOPBACK, lambda: budget, found.append)
    for number in range(10_000):
        ear.datagram_received(b"x", (f"10.0.{number >> 8}.{number & 255}", 3702))
    assert reads == len(found) == MAX_ANSWERS
    assert budget.over.is_set()


async def test_who_was_not_heard_comes_first() -> None:
    """Once half is used up, who answered already waits for those who did not."""
    budget = module._Budget(10)
    assert [budget.take("loud") for _ in range(7)] == [True] * 5 + [False] * 2
    assert [budget.take("quiet") for _ in range(2)] == [True, False]
    assert [budget.take(f"new {number}") for number in range(5)] == [True] * 4 + [False]
    assert budget.over.is_set()


async def test_flood_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after the last answer that is read stays in the socket, which is closed."""
    monkeypatch.setattr(module, "MAX_ANSWERS", 1)
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with responder(*(f"{n}".encode() for n in range(20))) as peer:
        found: list[Candidate] = []
        await search([kind(peer.port)], [LOOPBACK], seconds=5, repeats=1, found=found.append)
    assert len(found) == 1
    assert loop.time() - started < 4


async def test_long_datagrams() -> None:
    """What is longer than anything needs is dropped unread."""
    async with responder(b"x" * MAX_DATAGRAM, b"y" * (MAX_DATAGRAM + 1)) as peer:
        assert [one.name for one in await found_by(kind(peer.port))] == ["x" * 64]


async def test_adapters_that_do_not_work() -> None:
    """An adapter that is gone, has no broadcast or another version is left out."""
    gone = Adapter(address="192.0.2.77", broadcast="192.0.2.255", name="gone")
    six = Adapter(address="fe80::77%1", index=1, name="six")
    bare = Adapter(address="127.0.0.1", name="bare")
    async with responder(b"one") as peer:
        asked = kind(peer.port)
        everywhere = kind(peer.port, groups=(GROUP, "ff02::c"))
        shouted = kind(peer.port, groups=())
        found = await found_by(asked, everywhere, shouted, adapters=(gone, six, bare, LOOPBACK))
    assert Candidate(host="127.0.0.1", name="one") in found


async def test_port_taken() -> None:
    """A port that another program keeps for itself ends only what needs it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 0))
        taken = other.getsockname()[1]
        async with responder(b"one") as peer:
            found = await found_by(kind(peer.port, groups=(), local_port=taken), kind(peer.port))
            assert [one.name for one in found] == ["one"]
            assert len(peer.heard) == 3


async def test_nobody_to_ask() -> None:
    """Without adapters or searches there is nothing to wait for."""
    found: list[Candidate] = []
    async with asyncio.timeout(0.3):
        await search([], [LOOPBACK], seconds=5, found=found.append)
        await search([kind(1)], [], seconds=5, found=found.append)
    assert not found


async def test_cancelled() -> None:
    """A search that is called off closes its sockets."""
    found: list[Candidate] = []
    async with responder(b"one") as peer:
        task = asyncio.create_task(
            search([kind(peer.port)], [LOOPBACK], seconds=30, found=found.append)
        )
        await asyncio.sleep(0.1)
        assert (len(found), len(peer.heard)) == (1, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        gc.collect()  # a socket left open warns, which fails the test
        peer.transport.sendto(b"late", peer.askers[0])
        await asyncio.sleep(0.05)
        assert len(found) == 1


async def test_families() -> None:
    """Every family is searched for, each in its own way."""
    searches = [family.search for family in FAMILIES.values()]
    assert {one.name for one in searches if one is not None} == {
        Source.EASY_IP,
        Source.MO_SEARCH,
        Source.WS_DISCOVERY,
    }
    async with responder(load("search/reply")) as peer:
        mo = FAMILIES["mo"].search
        assert mo is not None
        (found,) = await found_by(replace(mo, port=peer.port))
    assert (found.host, found.port, found.family) == ("127.0.0.1", 8091, "mo")


@pytest.mark.parametrize(
    ("addr", "host"),
    [
        (("192.0.2.1", 3702), "192.0.2.1"),
        (("fe80::1", 3702, 0, 7), "fe80::1%eth7"),
        (("fe80::1%eth9", 3702, 0, 7), "fe80::1%eth7"),
        (("fd00::1", 3702, 0, 0), "fd00::1"),
    ],
)
def test_host(addr: tuple[object, ...], host: str) -> None:
    """A link-local address means something only with the adapter that it was heard on."""
    assert module._host(addr, Adapter(address="fe80::2%7", index=7, name="eth7")) == host
    if "%" in host:
        bare = module._host(addr, Adapter(address="fe80::2%7", index=7))
        assert bare == "fe80::1%7"


async def say(datagram: bytes, port: int, *, host: str = "127.0.0.1", times: int = 1) -> None:
    """Say something in the group."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        for _ in range(times):
            sock.sendto(datagram, (GROUP, port))
    await asyncio.sleep(0.1)


@pytest.fixture
def group_port() -> int:
    """Give a port that is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", 0))
        port: int = sock.getsockname()[1]
    return port


async def test_listener(group_port: int) -> None:
    """What is said in the groups is told, each thing once, until it is closed."""
    found: list[Candidate] = []
    unasked = kind(group_port, groups=(GROUP, "ff02::c"), unasked=True)
    silent = kind(group_port, groups=(GROUP,))
    gone = Adapter(address="192.0.2.77", name="gone")
    listener = Listener([unasked, silent], [gone, LOOPBACK], found=found.append)
    await listener.start()
    await say(b"hello", group_port, times=4)
    await say(b"", group_port)
    assert found == [Candidate(host="127.0.0.1", name="hello")]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"not for the group", ("127.0.0.1", group_port))
    await asyncio.sleep(0.05)
    await listener.close()
    await listener.close()
    await say(b"too late", group_port)
    assert len(found) == 1


async def test_listener_shares_its_port(group_port: int) -> None:
    """Two listeners, or another program's, hear the same."""
    found: list[Candidate] = []
    unasked = kind(group_port, groups=(GROUP,), unasked=True)
    listeners = [Listener([unasked], [LOOPBACK], found=found.append) for _ in range(2)]
    for listener in listeners:
        await listener.start()
    await say(b"hello", group_port)
    for listener in listeners:
        await listener.close()
    assert len(found) == 2


async def test_listener_is_bounded(monkeypatch: pytest.MonkeyPatch, group_port: int) -> None:
    """A flood of announcements is dropped until the window is over."""
    now = 1000.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    found: list[Candidate] = []
    listener = Listener([], [], found=found.append)
    ear = module._Ear(kind(1), LOOPBACK, listener._now, found.append)

    def flood() -> None:
        for host in range(200):
            for number in range(20):
                ear.datagram_received(f"{number}".encode(), (f"10.0.0.{host}", 3702))

    flood()
    assert len(found) == MAX_UNASKED
    assert max(Counter(one.host for one in found).values()) == MAX_PER_HOST
    now += module.WINDOW - 0.1
    flood()
    assert len(found) == MAX_UNASKED
    now += 0.2
    flood()
    assert len(found) == 2 * MAX_UNASKED


async def test_ipv6_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter's IPv6 address asks and listens on its own scope."""
    calls: list[tuple[Any, ...]] = []

    class Fake:
        def __init__(self, *kind: int) -> None:
            calls.append(("socket", *kind))

        def setblocking(self, flag: bool) -> None:
            assert not flag

        def setsockopt(self, *option: Any) -> None:
            calls.append(option)

        def bind(self, address: tuple[Any, ...]) -> None:
            calls.append(("bind", address))

        def close(self) -> None:
            """Do nothing."""

    six = Adapter(address="fe80::2%7", index=7, name="eth7")
    monkeypatch.setattr(module.socket, "socket", Fake)
    module._asking_socket(kind(3702, groups=("ff02::c",)), six)
    module._listening_socket(kind(3702), "ff02::c", six)
    assert ("socket", socket.AF_INET6, socket.SOCK_DGRAM) in calls
    assert (socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, 7) in calls
    assert ("bind", ("fe80::2", 0, 0, 7)) in calls
    assert ("bind", ("ff02::c", 3702, 0, 7)) in calls
    member = socket.inet_pton(socket.AF_INET6, "ff02::c") + struct.pack("@I", 7)
    assert (socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member) in calls
    assert module._targets(kind(1, groups=(GROUP, "ff02::c")), six) == ("ff02::c",)
    assert module._targets(kind(1, groups=()), six) == ()
    assert module._sockaddr("ff02::c", 3702, six) == ("ff02::c", 3702, 0, 7)


def test_broadcast_targets() -> None:
    """A camera with an address of another network hears only the broadcast to all."""
    adapter = Adapter(address="192.0.2.5", broadcast="192.0.2.255", index=2, name="eth0")
    assert module._targets(kind(1, groups=()), adapter) == ("192.0.2.255", "255.255.255.255")
