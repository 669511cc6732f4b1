"""Ways a track's packets go out: in the RTSP connection, or by UDP."""

import asyncio
from collections.abc import Callable
import errno
import os
import socket
import struct
from typing import Final, override

_INTERLEAVED: Final = struct.Struct(">cBH")
_MAX_BUFFERED: Final = 512 * 1024
"""Bytes waiting for a slow receiver before pictures are left out."""
_PAIR_TRIES: Final = 100


class InterleavedWire:
    """RTP and RTCP as `$` frames of the RTSP connection (13.3)."""

    def __init__(self, transport: asyncio.WriteTransport, channel: int) -> None:
        """Send RTP on `channel` and RTCP on the next one."""
        self._transport = transport
        self._channel = channel

    @property
    def congested(self) -> bool:
        """Whether the receiver does not keep up."""
        return self._transport.get_write_buffer_size() > _MAX_BUFFERED

    def rtp(self, packet: bytes) -> None:
        """Send a media packet."""
        self._frame(self._channel, packet)

    def rtcp(self, packet: bytes) -> None:
        """Send a control packet."""
        self._frame(self._channel + 1, packet)

    def close(self) -> None:
        """Leave the connection, which is not ours."""

    def _frame(self, channel: int, packet: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(_INTERLEAVED.pack(b"$", channel, len(packet)) + packet)


class _Receiver(asyncio.DatagramProtocol):
    """Takes what the client sends to a media port."""

    def __init__(self, heard: Callable[[bytes], None]) -> None:
        self._heard = heard

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._heard(data)


class UdpWire:
    """RTP and RTCP from a pair of ports to a pair of ports (13.1, 13.2)."""

    def __init__(
        self,
        rtp: asyncio.DatagramTransport,
        rtcp: asyncio.DatagramTransport,
        host: str,
        port: int,
    ) -> None:
        """Send to `port` and the next one of `host`."""
        self._rtp, self._rtcp = rtp, rtcp
        self._to = (host, port)
        self._control_to = (host, port + 1)

    @property
    def congested(self) -> bool:
        """Datagrams are lost rather than late."""
        return False

    @property
    def server_port(self) -> int:
        """Port that RTP comes from."""
        port: int = self._rtp.get_extra_info("sockname")[1]
        return port

    def rtp(self, packet: bytes) -> None:
        """Send a media packet."""
        self._rtp.sendto(packet, self._to)

    def rtcp(self, packet: bytes) -> None:
        """Send a control packet."""
        self._rtcp.sendto(packet, self._control_to)

    def close(self) -> None:
        """Free both ports."""
        self._rtp.abort()
        self._rtcp.abort()


async def open_udp(
    local: str,
    host: str,
    port: int,
    heard: Callable[[bytes], None],
    ttl: int | None = None,
    *,
    media: Callable[[bytes], None] | None = None,
) -> UdpWire:
    """Open a pair of ports that sends to `host`; with `ttl` it is a multicast group.

    `heard` takes what comes to the control port, `media` what comes to the other.
    """
    loop = asyncio.get_running_loop()
    rtp, rtcp = _port_pair(local)
    try:
        if ttl is not None:
            for sender in (rtp, rtcp):
                sender.setsockopt(
                    socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(local)
                )
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        first, _ = await loop.create_datagram_endpoint(
            lambda: _Receiver(media or _ignore), sock=rtp
        )
        second, _ = await loop.create_datagram_endpoint(lambda: _Receiver(heard), sock=rtcp)
    except BaseException:
        rtp.close()
        rtcp.close()
        raise
    return UdpWire(first, second, host, port)


def _ignore(_data: bytes) -> None:
    """Take what nobody expects."""


def _port_pair(local: str) -> tuple[socket.socket, socket.socket]:
    """Two bound sockets, an even port and the odd one after it."""
    for _ in range(_PAIR_TRIES):
        first = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            first.bind((local, 0))
            port = first.getsockname()[1]
            if port % 2 == 0:
                second.bind((local, port + 1))
                first.setblocking(False)
                second.setblocking(False)
                return first, second
        except OSError:
            # The odd port was taken, so try another pair.
            pass
        first.close()
        second.close()
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
