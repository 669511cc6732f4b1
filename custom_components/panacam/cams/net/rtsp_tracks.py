"""How the packets of one medium travel: on the RTSP connection itself, or by UDP beside it."""

import asyncio
from collections.abc import Callable
from functools import partial
import socket
from typing import Final, Protocol, Self, override

from ..errors import ConnectError, Reason
from .tcp import Pump

type Take = Callable[[bytes], None]
"""What gets the packets that come, in the loop."""

_TRIES: Final = 16
"""Pairs of ports that are tried."""


class Track(Protocol):
    """One medium that was set up."""

    def send(self, packet: bytes) -> None:
        """Send a packet of RTP; what cannot go out is lost."""

    def report(self, packet: bytes) -> None:
        """Send a packet of RTCP."""

    def close(self) -> None:
        """End it; nothing comes after this."""


class Interleaved:
    """On the connection, between the replies (RFC 2326, 10.12)."""

    def __init__(self, pump: Pump, channels: tuple[int, int]) -> None:
        """Send RTP on the first channel, RTCP on the second one."""
        self._pump = pump
        self._channels = channels

    def send(self, packet: bytes) -> None:
        """Send a packet of RTP."""
        self._write(self._channels[0], packet)

    def report(self, packet: bytes) -> None:
        """Send a packet of RTCP."""
        self._write(self._channels[1], packet)

    def close(self) -> None:
        """Do nothing: the connection ends with its owner."""

    def _write(self, channel: int, packet: bytes) -> None:
        self._pump.write(b"$" + bytes([channel]) + len(packet).to_bytes(2) + packet)


class Receiver(asyncio.DatagramProtocol):
    """Passes on what comes; a port that is closed over there is no reason to stop."""

    def __init__(self, take: Take | None) -> None:
        """Give packets to `take`."""
        self._take = take

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        if self._take is not None:
            self._take(data)


def _pair(address: str, port: int | None = None) -> tuple[socket.socket, socket.socket]:
    """Bind a pair of ports to reach `address` from: an even one, else `port`, and the next one.

    ConnectError when none is free.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(_TRIES if port is None else 1):
        first = socket.socket(family, socket.SOCK_DGRAM)
        second = socket.socket(family, socket.SOCK_DGRAM)
        try:
            first.bind(("", port or 0))
            bound = first.getsockname()[1]
            if port is not None or bound % 2 == 0:
                second.bind(("", bound + 1))
                return first, second
        except OSError, OverflowError:
            pass
        first.close()
        second.close()
    raise ConnectError(Reason.UNREACHABLE, "UDP")


class Datagrams:
    """By UDP: an even port for RTP and the next one for RTCP (RFC 3550, 11)."""

    def __init__(self, sockets: tuple[socket.socket, socket.socket]) -> None:
        """Own two sockets that are bound and not connected."""
        self._sockets = sockets
        self._transports: list[asyncio.DatagramTransport] = []

    @classmethod
    def bound(cls, address: str) -> Self:
        """Bind a pair of ports to reach `address` from. ConnectError when none is free."""
        return cls(_pair(address))

    @property
    def ports(self) -> tuple[int, int]:
        """Return our ports."""
        first, second = self._sockets
        return first.getsockname()[1], second.getsockname()[1]

    async def connect(self, address: str, ports: tuple[int, int], take: Take | None) -> None:
        """Exchange packets with these ports and nobody else. ConnectError."""
        loop = asyncio.get_running_loop()
        try:
            for ours, port, taker in zip(self._sockets, ports, (take, None), strict=True):
                ours.setblocking(False)
                ours.connect((address, port))
                transport, _ = await loop.create_datagram_endpoint(
                    partial(Receiver, taker), sock=ours
                )
                self._transports.append(transport)
        except (OSError, OverflowError) as err:
            raise ConnectError(Reason.UNREACHABLE, "UDP") from err

    def send(self, packet: bytes) -> None:
        """Send a packet of RTP."""
        self._transports[0].sendto(packet)

    def report(self, packet: bytes) -> None:
        """Send a packet of RTCP."""
        self._transports[1].sendto(packet)

    def close(self) -> None:
        """End it."""
        for transport in self._transports:
            transport.abort()
        for ours in self._sockets[len(self._transports) :]:
            ours.close()


class FromHost(Receiver):
    """Passes on what comes from one address."""

    def __init__(self, source: str, take: Take | None) -> None:
        """Give the packets of `source` to `take`."""
        super().__init__(take)
        self._source = source

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        if isinstance(addr, tuple) and addr[0] == self._source:
            super().datagram_received(data, addr)


class Awaited:
    """By UDP from ports that the camera does not tell: a pair of ours, for its address alone."""

    def __init__(self, address: str, port: int | None = None) -> None:
        """Bind `port` and the next one, None: any pair. ConnectError when they are not free."""
        self._address = address
        self._sockets = _pair(address, port)
        self._transports: list[asyncio.DatagramTransport] = []

    @property
    def port(self) -> int:
        """Return our port of RTP."""
        port: int = self._sockets[0].getsockname()[1]
        return port

    async def listen(self, *takers: Take) -> None:
        """Give RTP to the first of `takers`, RTCP to the second one. ConnectError."""
        loop = asyncio.get_running_loop()
        try:
            for ours, take in zip(self._sockets, takers, strict=True):
                ours.setblocking(False)
                transport, _ = await loop.create_datagram_endpoint(
                    partial(FromHost, self._address, take), sock=ours
                )
                self._transports.append(transport)
        except OSError as err:
            raise ConnectError(Reason.UNREACHABLE, "UDP") from err

    def close(self) -> None:
        """End it."""
        for transport in self._transports:
            transport.abort()
        for ours in self._sockets[len(self._transports) :]:
            ours.close()
