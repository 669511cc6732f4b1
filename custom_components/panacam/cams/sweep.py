"""Looks at addresses one after another: who answers there, at a rate that a network bears."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice
import re
import socket
from typing import Final

from .discovery import followable
from .errors import CameraError

MAX_HOSTS: Final = 1024
MAX_TEXT: Final = 500
"""Characters of what somebody may write."""
PORTS: Final = (80, 443, 8000, 8080, 8899, 2020)
"""Where cameras have their web server or ONVIF."""
RATE: Final = 200.0
"""Connections a second."""
PARALLEL: Final = 32
"""Hosts that are looked at at the same time."""
CONNECT_SECONDS: Final = 1.0
"""Time limit for a connection; on one's own network it takes a hundredth of that."""
PROBE_SECONDS: Final = 20.0
"""Time limit for asking who is there, on one port."""

_RANGE: Final = re.compile(r"(\d+\.\d+\.\d+\.)(\d+)\s*-\s*(?:(\d+\.\d+\.\d+\.))?(\d+)")


class TargetsReason(StrEnum):
    """What is wrong with a text that should say where to look; fit for a translation key."""

    NO_ADDRESS = "no_address"
    NOT_PRIVATE = "not_private"
    TOO_MANY = "too_many_addresses"


class TargetsError(ValueError):
    """Says why a text is no range of addresses; holds nothing of the text."""

    def __init__(self, reason: TargetsReason) -> None:
        """Keep the reason."""
        super().__init__(reason.value.replace("_", " "))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Targets:
    """Addresses to look at, in order, each once."""

    hosts: tuple[str, ...]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.hosts)


def addresses_of(text: str) -> Targets:
    """Return the addresses that a text names, at most MAX_HOSTS on private networks. TargetsError.

    An address, a network (`192.168.1.0/24`), or a range (`192.168.1.10-40`, or with the whole
    address at the end); several are separated by commas or blanks.
    """
    found: dict[str, None] = {}
    words = re.sub(r"\s*-\s*", "-", text[:MAX_TEXT]).replace(",", " ").split()
    if not words or len(text) > MAX_TEXT:
        raise TargetsError(TargetsReason.NO_ADDRESS)
    for word in words:
        for host in islice(_hosts(word), MAX_HOSTS + 1):
            found[host] = None
        if len(found) > MAX_HOSTS:
            raise TargetsError(TargetsReason.TOO_MANY)
    return Targets(tuple(found))


def _hosts(word: str) -> Iterator[str]:
    """Return the addresses that one word names. TargetsError."""
    try:
        if (found := _RANGE.fullmatch(word)) is not None:
            first = IPv4Address(found[1] + found[2])
            last = IPv4Address((found[3] or found[1]) + found[4])
            return _between(first, last)
        if "/" in word:
            return _within(ip_network(word, strict=False))
        address = ip_address(word)
    except ValueError as err:
        if isinstance(err, TargetsError):
            raise
        raise TargetsError(TargetsReason.NO_ADDRESS) from err
    return _between(address, address)


def _between(first: IPv4Address | IPv6Address, last: IPv4Address | IPv6Address) -> Iterator[str]:
    """Return the addresses from one to another, all of them private. TargetsError."""
    count = int(last) - int(first) + 1
    if count < 1:
        raise TargetsError(TargetsReason.NO_ADDRESS)
    if count > MAX_HOSTS:
        raise TargetsError(TargetsReason.TOO_MANY)
    hosts = [str(first)] if count == 1 else [str(first + step) for step in range(count)]
    if not all(followable(host, ()) for host in hosts):
        raise TargetsError(TargetsReason.NOT_PRIVATE)
    return iter(hosts)


def _within(network: IPv4Network | IPv6Network) -> Iterator[str]:
    """Return the addresses of hosts of a network. TargetsError."""
    if network.num_addresses <= 2:
        return _between(network.network_address, network.broadcast_address)
    if network.num_addresses > MAX_HOSTS + 2:
        raise TargetsError(TargetsReason.TOO_MANY)
    # The first address of a network of IPv6 is that of its routers, its last one is a host's.
    last = network.broadcast_address - 1 if network.version == 4 else network.broadcast_address
    return _between(network.network_address + 1, last)


async def sweep[T](
    targets: Targets,
    probe: Callable[[str, int], Awaitable[T | None]],
    *,
    rate: float = RATE,
    parallel: int = PARALLEL,
    ports: tuple[int, ...] = PORTS,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    found: Callable[[T], None] = lambda _found: None,
) -> tuple[T, ...]:
    """Return what answers to `probe`, in the order of the targets, and tell it while it goes on.

    Connects to the usual ports first, which sends nothing, and asks (`probe(host, port)`) only
    where somebody listens, port by port until there is an answer. A CameraError of a probe means
    that it is none. `progress` hears how many of all are done. Cancelled, it stops at once.
    """
    pace = _Pace(rate)
    results: dict[str, T] = {}
    left = iter(targets.hosts)
    done = 0

    async def work() -> None:
        nonlocal done
        for host in left:
            if (result := await _look(host, ports, pace, probe)) is not None:
                results[host] = result
                found(result)
            done += 1
            progress(done, len(targets))

    async with asyncio.TaskGroup() as tasks:
        for number in range(min(parallel, len(targets))):
            tasks.create_task(work(), name=f"panacam sweep {number}")
    return tuple(results[host] for host in targets.hosts if host in results)


class _Pace:
    """Lets so many through in a second, evenly."""

    def __init__(self, rate: float) -> None:
        self._pause = 1 / rate
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for one's turn."""
        now = asyncio.get_running_loop().time()
        at = max(self._next, now)
        self._next = at + self._pause
        await asyncio.sleep(at - now)


async def _look[T](
    host: str,
    ports: tuple[int, ...],
    pace: _Pace,
    probe: Callable[[str, int], Awaitable[T | None]],
) -> T | None:
    """Return what answers at one address."""
    open_ports = await asyncio.gather(*(_listens(host, port, pace) for port in ports))
    for port, listens in zip(ports, open_ports, strict=True):
        if not listens:
            continue
        with suppress(CameraError, TimeoutError):
            async with asyncio.timeout(PROBE_SECONDS):
                if (result := await probe(host, port)) is not None:
                    return result
    return None


async def _listens(host: str, port: int, pace: _Pace) -> bool:
    await pace.turn()
    return await _takes(host, port)


async def answers_at(host: str, port: int | None = None) -> bool:
    """Return whether somebody takes connections at an address; nothing is sent. None: any port."""
    ports = PORTS if port is None else (port,)
    return any(await asyncio.gather(*(_takes(host, port) for port in ports)))


async def _takes(host: str, port: int) -> bool:
    try:
        address = ip_address(host)
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setblocking(False)
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(sock, _sockaddr(address, port))
    except OSError, ValueError:  # TimeoutError is one of them
        return False
    return True


def _sockaddr(address: IPv4Address | IPv6Address, port: int) -> tuple[str | int, ...]:
    """Return what sockets want as an address. OSError when its adapter does not exist."""
    if isinstance(address, IPv4Address):
        return str(address), port
    scope = address.scope_id or "0"
    index = int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)
    return str(IPv6Address(int(address))), port, 0, index
