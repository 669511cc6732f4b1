"""Connecting to a host that may have several addresses, of both protocols.

The address that worked last is tried first, the others a moment later and of IPv6 and IPv4 in
turn (RFC 8305). A name is looked up at every connection, as it may have moved.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, zip_longest
import socket
from typing import Any, Final

from aiohappyeyeballs import start_connection

from .address import literal

MAX_HOSTS: Final = 256
"""Names whose last address is remembered."""
MAX_ADDRESSES: Final = 8
"""Addresses of one name that are tried."""
ATTEMPT_DELAY: Final = 0.25
"""Seconds until the next address is tried beside the one before."""

type _Info = tuple[int, int, int, str, tuple[Any, ...]]


class Dialer:
    """Connects, and remembers by which address a name was reached."""

    def __init__(self, max_hosts: int = MAX_HOSTS) -> None:
        """Remember that many names."""
        self._max_hosts = max_hosts
        self._worked: dict[str, str] = {}
        """The address by name, the name that was reached last at the end."""
        self._under_way: dict[tuple[str, int], asyncio.Future[list[_Info]]] = {}
        """Look-ups that no caller can end, shared by all who ask the same."""

    def reached(self, host: str, address: str) -> None:
        """Learn that `host` answered at `address`."""
        if host == address or literal(host) is not None:
            return
        self._worked.pop(host, None)
        while len(self._worked) >= self._max_hosts:
            del self._worked[next(iter(self._worked))]
        self._worked[host] = address

    def ordered[T](
        self, host: str, found: Iterable[T], address_of: Callable[[T], str]
    ) -> Sequence[T]:
        """Return what a look-up found as it is to be tried, at most MAX_ADDRESSES."""
        places = list(found)
        if (last := literal(self._worked.get(host, ""))) is not None:
            places.sort(key=lambda place: literal(address_of(place)) != last)
        first = ":" in address_of(places[0]) if places else False
        alike = [place for place in places if (":" in address_of(place)) is first]
        others = [place for place in places if (":" in address_of(place)) is not first]
        turns = chain.from_iterable(zip_longest(alike, others))
        return [place for place in turns if place is not None][:MAX_ADDRESSES]

    async def connect[P: asyncio.BaseProtocol](
        self, factory: Callable[[], P], host: str, port: int, **options: Any
    ) -> tuple[asyncio.Transport, P]:
        """Connect to whichever address answers first; `options` as `loop.create_connection` has.

        It has no time limit of its own. Raises socket.gaierror or ValueError for a host that is
        none, OSError.
        """
        loop = asyncio.get_running_loop()
        found = self.ordered(host, await self._look_up(host, port), _address)
        connected = await start_connection(
            found, happy_eyeballs_delay=ATTEMPT_DELAY, interleave=1, loop=loop
        )
        try:
            transport, protocol = await loop.create_connection(factory, sock=connected, **options)
        except BaseException:
            connected.close()
            raise
        if (peername := transport.get_extra_info("peername")) is not None:
            self.reached(host, str(peername[0]))
        return transport, protocol

    async def _look_up(self, host: str, port: int) -> list[_Info]:
        """Return the addresses of a host now, without stopping the loop."""
        if literal(host) is not None:
            # Nobody is asked; a zone becomes the number of its interface.
            return _infos(host, port, socket.AI_NUMERICHOST)
        if not host or not host.isprintable():
            raise ValueError  # the empty name would be ourselves
        loop = asyncio.get_running_loop()
        key = host, port
        future = self._under_way.get(key)
        if future is None or future.get_loop() is not loop:
            future = loop.run_in_executor(None, _infos, host, port)
            self._under_way[key] = future
            future.add_done_callback(lambda done: self._looked_up(key, done))
        # A look-up cannot be called off: who waits no longer leaves it to the next one.
        await asyncio.wait((future,))
        return future.result()

    def _looked_up(self, key: tuple[str, int], done: asyncio.Future[list[_Info]]) -> None:
        if self._under_way.get(key) is done:
            del self._under_way[key]
        if not done.cancelled():
            done.exception()  # somebody who waits no longer would have taken it


def _infos(host: str, port: int, flags: int = 0) -> list[_Info]:
    return [
        (family, kind, protocol, name, address)
        for family, kind, protocol, name, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=flags
        )
        if family in {socket.AF_INET, socket.AF_INET6}
    ]


def _address(info: _Info) -> str:
    return str(info[4][0])


DIALER: Final = Dialer()
"""What all connections of this process share: a camera has several to one host."""
