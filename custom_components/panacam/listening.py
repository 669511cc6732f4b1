"""The addresses that searches go out from, and the one listener on them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import ip_address, ip_interface
from itertools import chain

from homeassistant.components import network

from .cams.search import Adapter, Listener


def adapters_of(adapters: Iterable[network.Adapter]) -> tuple[Adapter, ...]:
    """Return the addresses that questions are sent from: IPv4, and link-local IPv6."""
    return tuple(chain.from_iterable(_addresses_of(one) for one in adapters if one["enabled"]))


def _addresses_of(adapter: network.Adapter) -> Iterator[Adapter]:
    for ipv4 in adapter["ipv4"]:
        here = ip_interface(f"{ipv4['address']}/{ipv4['network_prefix']}")
        if not here.is_loopback:
            yield Adapter(
                address=ipv4["address"],
                broadcast=str(here.network.broadcast_address),
                index=adapter["index"] or 0,
                name=adapter["name"],
            )
    for ipv6 in adapter["ipv6"]:
        if ip_address(ipv6["address"]).is_link_local:
            yield Adapter(
                address=f"{ipv6['address']}%{ipv6['scope_id']}",
                index=ipv6["scope_id"],
                name=adapter["name"],
            )


class Listening:
    """Owns the listener, which is another one when the adapters are."""

    def __init__(self, make: Callable[[Sequence[Adapter]], Listener]) -> None:
        """Listen to nothing yet."""
        self._make = make
        self._turn = asyncio.Lock()
        self._listener: Listener | None = None
        self._adapters: tuple[Adapter, ...] = ()
        self._ended = False

    async def on(self, adapters: tuple[Adapter, ...]) -> None:
        """Listen on these adapters, and on no other."""
        async with self._turn:
            if self._ended or (self._listener is not None and adapters == self._adapters):
                return
            await self._close()
            # It has an owner before it has its first socket.
            self._listener, self._adapters = self._make(adapters), adapters
            await self._listener.start()

    async def end(self) -> None:
        """Listen no more, whoever may still ask for it."""
        self._ended = True
        async with self._turn:
            await self._close()

    async def _close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            await listener.close()
