"""One UDP port on which a simulated device hears groups and answers, on one interface."""

import asyncio
from collections.abc import Callable
import errno
import ipaddress
from pathlib import Path
import socket
import struct
from typing import Any, Final, override

_IP_MULTICAST_ALL: Final = 49


class Answer:
    """Sends datagrams to where one came from."""

    def __init__(self, transport: asyncio.DatagramTransport, asker: tuple[str, int]) -> None:
        """Answer `asker`."""
        self._transport: Final = transport
        self.asker: Final = asker

    def __call__(self, data: bytes) -> None:
        """Send, unless the camera is gone by now."""
        if not self._transport.is_closing():
            self._transport.sendto(data, self.asker)


type Received = Callable[[bytes, Answer], None]


def interface_of(address: str) -> int:
    """Give the number of the interface that has an IPv6 address; OSError when none has."""
    bare, _, zone = address.partition("%")
    if zone:
        return socket.if_nametoindex(zone)
    packed = ipaddress.IPv6Address(bare).packed.hex()
    for line in Path("/proc/net/if_inet6").read_text(encoding="ascii").splitlines():
        digits, index, *_ = line.split()
        if digits == packed:
            return int(index, 16)
    raise OSError(errno.EADDRNOTAVAIL, f"no interface has {address}")


class Groups:
    """A UDP port, member of a group on one interface; by IPv4 or IPv6, as the address is."""

    def __init__(
        self,
        host: str,
        port: int,
        group: str | None,
        group6: str | None,
        received: Received,
    ) -> None:
        """Hear what is sent to the group on the interface of `host`; nothing is opened yet.

        Without a group it hears broadcasts, which IPv6 has not: there it hears nothing.
        """
        self.host: Final = host
        self.port = port
        self._group = group
        self._group6 = group6
        self._received = received
        self._transport: asyncio.DatagramTransport | None = None
        self._target: tuple[Any, ...] = ()

    async def start(self) -> int:
        """Open, and give the port: one of 0 is chosen by the system."""
        if ":" not in self.host:
            made = self._socket4()
            self._target = (self._group or "255.255.255.255", self.port)
        elif self._group6 is None:
            return self.port
        else:
            index = interface_of(self.host)
            made = self._socket6(index)
            self._target = (self._group6, self.port, 0, index)
        made.setblocking(False)
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(self._received), sock=made
        )
        return self.port

    def tell(self, data: bytes) -> None:
        """Send to everybody in the group, or on the segment."""
        if self._transport is not None:
            self._transport.sendto(data, self._target)

    def close(self) -> None:
        """Leave the group."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _socket4(self) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(("", self.port))
            self.port = made.getsockname()[1]
            here = socket.inet_aton(self.host)
            if self._group is None:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            else:
                member = socket.inet_aton(self._group) + here
                made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
                made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
                # Otherwise it hears what others of this machine have joined.
                made.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        except OSError:
            made.close()
            raise
        return made

    def _socket6(self, index: int) -> socket.socket:
        assert self._group6 is not None
        made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind(("::", self.port))
            self.port = made.getsockname()[1]
            member = socket.inet_pton(socket.AF_INET6, self._group6) + struct.pack("@I", index)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        except OSError:
            made.close()
            raise
        return made


class _Ear(asyncio.DatagramProtocol):
    """Hands datagrams on."""

    def __init__(self, received: Received) -> None:
        self._received = received
        self._transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if self._transport is not None:
            self._received(data, Answer(self._transport, addr))
