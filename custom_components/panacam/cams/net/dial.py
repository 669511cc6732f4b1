"""Connecting to a host that may have several addresses, of both protocols.

The address that worked last is tried first, the others a moment later and of IPv6 and IPv4 in
turn (RFC 8305). A name is looked up at every connection, as it may have moved; while nobody can say
where it is, it is tried where it was last.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import chain, zip_longest
import socket
from typing import Any, Final

from aiohappyeyeballs import start_connection

from .address import literal, same_host

MAX_HOSTS: Final = 256
"""Names whose last address is remembered."""
MAX_ADDRESSES: Final = 8
"""Addresses of one name that are tried."""
ATTEMPT_DELAY: Final = 0.25
"""Seconds until the next address is tried beside the one before."""
LOOK_UP_TIMEOUT: Final = 2.0
"""Seconds until the address that worked last is tried, where there is one."""
LONGEST_LOOK_UP: Final = 5.0
"""Seconds for a look-up where there is none."""

type LookUp = Callable[[str], Awaitable[Sequence[str]]]
"""Returns the numeric addresses of a name; raises OSError."""
type _Info = tuple[int, int, int, str, tuple[Any, ...]]


class Dialer:
    """Connects, and remembers by which address a name was reached."""

    def __init__(self, max_hosts: int = MAX_HOSTS) -> None:
        """Remember that many names."""
        self._max_hosts = max_hosts
        self._worked: dict[str, str] = {}
        """The address by name, the name that was reached last at the end."""
        self._look_up: LookUp = _system
        self._under_way: dict[str, asyncio.Future[Sequence[str]]] = {}
        """Look-ups that no caller can end, shared by all who ask the same."""

    def look_up_by(self, look_up: LookUp | None) -> None:
        """Have names looked up in this way from now on; None: by the system.

        Look-ups under way are ended.
        """
        for future in tuple(self._under_way.values()):
            future.cancel()
        self._look_up = _system if look_up is None else look_up

    def last(self, host: str) -> str | None:
        """Return by which address a name was reached last, if it is remembered."""
        return self._worked.get(host)

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
            places.sort(key=lambda place: not same_host(address_of(place), str(last)))
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
        found = [_info(address, port) for address in await self.addresses(host)]
        connected = await start_connection(
            found, happy_eyeballs_delay=ATTEMPT_DELAY, interleave=1, loop=loop
        )
        try:
            transport, protocol = await loop.create_connection(factory, sock=connected, **options)
        except BaseException:
            connected.close()
            raise
        if (peername := transport.get_extra_info("peername")) is not None:
            self.reached(host, address_at(peername))
        return transport, protocol

    async def addresses(self, host: str) -> Sequence[str]:
        """Return the addresses of a host as they are to be tried, without stopping the loop.

        Raises socket.gaierror when there are none, ValueError for what is no host.
        """
        if (numeric := literal(host)) is not None:
            return (str(numeric),)
        if not host or not host.isprintable():
            raise ValueError  # the empty name would be ourselves
        last = self._worked.get(host)
        future = self._asked(host)
        limit = LONGEST_LOOK_UP if last is None else LOOK_UP_TIMEOUT
        # A look-up cannot be called off: who waits no longer leaves it to the next one.
        await asyncio.wait((future,), timeout=limit)
        try:
            if future.done() and not future.cancelled() and (found := future.result()):
                return self.ordered(host, found, str)
        except OSError:
            pass
        if last is not None:
            return (last,)
        raise socket.gaierror(socket.EAI_NONAME, "no address")

    def _asked(self, host: str) -> asyncio.Future[Sequence[str]]:
        """Return the look-up of a name that is under way, else a new one."""
        future = self._under_way.get(host)
        if future is None or future.get_loop() is not asyncio.get_running_loop():
            future = asyncio.ensure_future(self._look_up(host))
            self._under_way[host] = future
            future.add_done_callback(lambda done: self._looked_up(host, done))
        return future

    def _looked_up(self, host: str, done: asyncio.Future[Sequence[str]]) -> None:
        if self._under_way.get(host) is done:
            del self._under_way[host]
        if not done.cancelled():
            done.exception()  # somebody who waits no longer would have taken it


async def _system(host: str) -> Sequence[str]:
    """Return the addresses of a name by the system's look-up, in a thread."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, _system_now, host)


def _system_now(host: str) -> Sequence[str]:
    found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    known = (each for each in found if each[0] in {socket.AF_INET, socket.AF_INET6})
    return [address_at(each[4]) for each in known]


def address_at(place: tuple[Any, ...]) -> str:
    """Return the address of what sockets call a place, its zone included."""
    address = str(place[0])
    zoned = len(place) > 3 and place[3] and "%" not in address
    return f"{address}%{place[3]}" if zoned else address


def _info(address: str, port: int) -> _Info:
    """Return a numeric address as sockets want it; nobody is asked."""
    if "%" not in address:
        place = (address, port, 0, 0) if ":" in address else (address, port)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place
    # A zone becomes the number of its interface.
    (found, *_) = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )
    return found


DIALER: Final = Dialer()
"""What all connections of this process share: a camera has several to one host."""
