"""Asks the cameras of all networks who and where they are, and hears those that say so unasked.

Whoever answers is a stranger: what is read of one host, and of all together, is bounded, and so is
how long it takes.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
import random
import socket
import struct
import sys
from typing import Final, override

from .discovery import Candidate, Search

MAX_DATAGRAM: Final = 8192
"""Bytes; longer ones are dropped unread."""
MAX_ANSWERS: Final = 1000
"""Datagrams that are read for one search."""
MAX_PER_HOST: Final = 8
"""Of those, from one address."""
WINDOW: Final = 10.0
"""Seconds for which a listener's bounds hold."""
MAX_UNASKED: Final = 100
"""Datagrams that a listener reads in that time; MAX_PER_HOST of them from one address."""

_LIMITED_BROADCAST: Final = "255.255.255.255"
_IP_UNICAST_IF: Final = 50
_IP_MULTICAST_ALL: Final = 49
"""Of Linux; Python does not name them."""
_PACE: Final = (0.02, 0.06)
"""Seconds between two questions: devices that answer all at once lose answers."""
_JITTER: Final = (0.9, 1.1)
"""What a pause is multiplied with, so that not all who search ask at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """One address of one network adapter of ours."""

    address: str
    """IPv4, or link-local IPv6 with its scope."""
    broadcast: str | None = None
    """Of an IPv4 network; None: it has none."""
    index: int = 0
    """The kernel's number of it; 0: not known."""
    name: str = ""

    @property
    def bare(self) -> IPv4Address | IPv6Address:
        """Return the address without its scope."""
        return ip_address(self.address.partition("%")[0])


class _Budget:
    """What is still read of one search."""

    def __init__(self, total: int) -> None:
        self._half = total // 2
        self._left = total
        self.over = asyncio.Event()
        """Set when nothing is read any more."""
        self._hosts: Counter[str] = Counter()
        self._told: set[Candidate] = set()

    def take(self, host: str) -> bool:
        """Return whether a datagram of a host may be read, and count it.

        The second half is for hosts that were not heard yet: in a large house, each answers
        several times.
        """
        heard = self._hosts[host]
        if self.over.is_set() or heard >= (MAX_PER_HOST if self._left > self._half else 1):
            return False
        self._hosts[host] += 1
        self._left -= 1
        if not self._left:
            self.over.set()
        return True

    def news(self, candidates: tuple[Candidate, ...]) -> Iterator[Candidate]:
        """Yield those that were not told yet."""
        for candidate in candidates:
            if candidate not in self._told:
                self._told.add(candidate)
                yield candidate


class _Ear(asyncio.DatagramProtocol):
    """Reads what comes in on one socket."""

    def __init__(
        self, search: Search, adapter: Adapter, budget: Callable[[], _Budget], found: _Found
    ) -> None:
        self._search = search
        self._adapter = adapter
        self._budget = budget
        self._found = found

    @override
    def datagram_received(self, data: bytes, addr: tuple[object, ...]) -> None:
        host = _host(addr, self._adapter)
        budget = self._budget()
        if len(data) > MAX_DATAGRAM or not budget.take(host):
            return
        for candidate in budget.news(self._search.read(data, host)):
            self._found(candidate)

    @override
    def error_received(self, exc: Exception) -> None:
        """Go on: that one address cannot be reached says nothing about the others."""


type _Found = Callable[[Candidate], None]


async def search(
    searches: Sequence[Search],
    adapters: Sequence[Adapter],
    *,
    seconds: float = 4.0,
    repeats: int = 3,
    found: _Found,
) -> None:
    """Ask on all adapters, several times, and tell each candidate once while it goes on.

    Ends after `seconds`. An adapter that does not work, or a port that somebody else has, is left
    out. Never raises for what the network does.
    """
    async with asyncio.TaskGroup() as tasks:
        for one in searches:
            budget = _Budget(MAX_ANSWERS)
            for adapter in adapters:
                if not (targets := _targets(one, adapter)):
                    continue
                asker = _ask(one, adapter, targets, budget, seconds, repeats, found)
                tasks.create_task(asker, name=f"panacam search {one.name} {adapter.name}")


async def _ask(
    search: Search,
    adapter: Adapter,
    targets: tuple[str, ...],
    budget: _Budget,
    seconds: float,
    repeats: int,
    found: _Found,
) -> None:
    """Ask on one adapter."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    ear = _Ear(search, adapter, lambda: budget, found)
    try:
        sock = _asking_socket(search, adapter)
        transport, _ = await loop.create_datagram_endpoint(lambda: ear, sock=sock)
    except OSError:
        return
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(start + seconds):
                for turn in range(repeats):
                    # After the last one there is as much time left as between two.
                    due = start + turn * seconds / (repeats + 1) * random.uniform(*_JITTER)  # noqa: S311
                    await asyncio.sleep(max(0.0, due - loop.time()))
                    for datagram in search.questions(str(adapter.bare)):
                        for target in targets:
                            transport.sendto(datagram, _sockaddr(target, search.port, adapter))
                        await asyncio.sleep(random.uniform(*_PACE))  # noqa: S311
                await budget.over.wait()
    finally:
        transport.abort()


def _targets(search: Search, adapter: Adapter) -> tuple[str, ...]:
    """Return where to send questions on an adapter; () when it has nothing for this search."""
    version = adapter.bare.version
    if search.groups:
        return tuple(group for group in search.groups if ip_address(group).version == version)
    if version != 4 or adapter.broadcast is None:
        return ()
    if adapter.bare.is_loopback:
        return (adapter.broadcast,)
    # A camera with an address of another network hears only the second one.
    return (adapter.broadcast, _LIMITED_BROADCAST)


def _sockaddr(
    target: str, port: int, adapter: Adapter
) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return what sockets want as the address of a target."""
    return (target, port) if adapter.bare.version == 4 else (target, port, 0, adapter.index)


def _asking_socket(search: Search, adapter: Adapter) -> socket.socket:
    """Return a socket for questions on one adapter. OSError when it cannot be had."""
    sock = _socket(adapter)
    try:
        if search.local_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if adapter.bare.version == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, adapter.index)
            sock.bind((str(adapter.bare), search.local_port, 0, adapter.index))
            return sock
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, adapter.bare.packed)
        if not search.groups:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if adapter.index and not adapter.bare.is_loopback and sys.platform == "linux":
                sock.setsockopt(socket.IPPROTO_IP, _IP_UNICAST_IF, struct.pack("!I", adapter.index))
        # Answers by broadcast, from cameras of another subnet, reach no socket with an address.
        sock.bind((adapter.address if search.groups else "", search.local_port))
    except OSError:
        sock.close()
        raise
    return sock


def _listening_socket(search: Search, group: str, adapter: Adapter) -> socket.socket:
    """Return a socket that hears one group on one adapter. OSError when it cannot be had.

    It is bound to the group, so that it takes nothing away from another program on this port.
    """
    sock = _socket(adapter)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if adapter.bare.version == 6:
            sock.bind((group, search.port, 0, adapter.index))
            member = ip_address(group).packed + struct.pack("@I", adapter.index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
        else:
            if sys.platform == "linux":
                sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
            sock.bind((group, search.port))
            member = ip_address(group).packed + adapter.bare.packed
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    except OSError:
        sock.close()
        raise
    return sock


def _socket(adapter: Adapter) -> socket.socket:
    family = socket.AF_INET if adapter.bare.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    return sock


def _host(addr: tuple[object, ...], adapter: Adapter) -> str:
    """Return the host that a datagram came from, link-local ones with the adapter's name."""
    host = str(addr[0]).partition("%")[0]
    if ":" in host and ip_address(host).is_link_local:
        return f"{host}%{adapter.name or adapter.index}"
    return host


class Listener:
    """Hears cameras that say unasked that they are there."""

    def __init__(
        self, searches: Sequence[Search], adapters: Sequence[Adapter], *, found: _Found
    ) -> None:
        """Tell `found` what announces itself on `adapters`, each once in WINDOW seconds."""
        self._searches = [one for one in searches if one.unasked]
        self._adapters = tuple(adapters)
        self._found = found
        self._transports: list[asyncio.DatagramTransport] = []
        self._since = 0.0
        self._budget = _Budget(MAX_UNASKED)

    async def start(self) -> None:
        """Join the groups; what does not work on an adapter is left out."""
        for one in self._searches:
            for adapter in self._adapters:
                for group in _targets(one, adapter):
                    await self._listen(one, group, adapter)

    async def close(self) -> None:
        """Leave the groups."""
        for transport in self._transports:
            transport.abort()
        self._transports.clear()

    async def _listen(self, search: Search, group: str, adapter: Adapter) -> None:
        try:
            sock = _listening_socket(search, group, adapter)
        except OSError:
            return
        ear = _Ear(search, adapter, self._now, self._found)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: ear, sock=sock)
        self._transports.append(transport)

    def _now(self) -> _Budget:
        """Return what may be read in this window."""
        time = asyncio.get_running_loop().time()
        if time - self._since >= WINDOW:
            self._since = time
            self._budget = _Budget(MAX_UNASKED)
        return self._budget
