"""The answer to a search by UDP (MO_I), which the specification lacks."""

import asyncio
import socket
import struct
from typing import Any, Final, override

from .camera import Camera
from .wire import HEADER, padded

SEARCH_PORT: Final = 10000
_MAGIC: Final = b"MO_I"
_REQUEST: Final = bytes([0, 0, 0, 1])
# Id, name, address, mask, gateway, DNS, reserved, versions of system and application, port, DHCP.
_REPLY: Final = struct.Struct(">13s21s4s4s4s4s4s4s4sHB")
_APPLICATION: Final = (2, 4, 10, 5)


class SearchResponder(asyncio.DatagramProtocol):
    """Says who and where the camera is."""

    def __init__(self, camera: Camera, host: str, port: int) -> None:
        """Answer for the camera at `host` and `port`."""
        self._camera = camera
        self._where = (host, port)
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self, search_port: int) -> int:
        """Listen, and give the port.

        Everywhere but on loopback: an address of one's own hears no broadcasts.
        """
        host = self._where[0]
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self,
            local_addr=(host if host.startswith("127.") else "0.0.0.0", search_port),
        )
        bound: int = transport.get_extra_info("sockname")[1]
        return bound

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if len(data) != HEADER.size + len(_REQUEST) or self._transport is None:
            return
        magic, code, *_ = HEADER.unpack_from(data)
        if magic == _MAGIC and code == 0 and data.endswith(_REQUEST):
            self._transport.sendto(self._reply(), addr)

    def _reply(self) -> bytes:
        model = self._camera.model
        host, port = self._where
        text = _REPLY.pack(
            padded(model.camera_id, 13),
            padded(model.name, 21),
            *(socket.inet_aton(address) for address in (host, "255.0.0.0", host, host)),
            bytes(4),
            bytes(model.firmware),
            bytes(_APPLICATION),
            port,
            1,
        )
        return HEADER.pack(_MAGIC, 1, 0, bytes(8), len(text), len(text)) + text
