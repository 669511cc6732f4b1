"""A socket of a test that asks a group on loopback and hears what is told to it."""

import asyncio
import socket
from typing import Final, Self

_HERE: Final = "127.0.0.1"
_IP_MULTICAST_ALL: Final = 49


class UdpClient:
    """Asks and listens by UDP on loopback; `async with` opens and closes it."""

    def __init__(self, group: str | None = None) -> None:
        """Be a member of `group` on a port of its own, if given."""
        self._group: Final = group
        self.socket: Final = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    async def __aenter__(self) -> Self:
        """Open; `port` is known from here."""
        made = self.socket
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        here = socket.inet_aton(_HERE)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
        made.bind(("", 0) if self._group is not None else (_HERE, 0))
        if self._group is not None:
            member = socket.inet_aton(self._group) + here
            made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            made.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Close."""
        self.socket.close()

    @property
    def port(self) -> int:
        """Where it hears."""
        port: int = self.socket.getsockname()[1]
        return port

    def send(self, data: bytes, host: str, port: int) -> None:
        """Send one datagram."""
        self.socket.sendto(data, (host, port))

    async def hear(self, seconds: float = 5.0) -> bytes:
        """Wait for one datagram; TimeoutError when there is none."""
        async with asyncio.timeout(seconds):
            return await asyncio.get_running_loop().sock_recv(self.socket, 65535)

    async def silent(self, seconds: float = 0.2) -> bool:
        """Tell whether nothing comes for so long."""
        try:
            await self.hear(seconds)
        except TimeoutError:
            return True
        return False
