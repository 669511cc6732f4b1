"""Easy IP Setup as the camera speaks it: the answer to a search, and nothing that sets anything.

Layout of captures of a sister model: a header of 48 bytes, entries of tag, length and value, an end
mark and a checksum, all big-endian. The answer is a broadcast, as the asker may have no address
in this network.
"""

import socket
import struct
from typing import Final

from tests.simulators.groups import Answer, Groups

from .camera import Camera

PORT: Final = 10670
"""Where cameras hear."""
ASKER_PORT: Final = 10669
"""Where answers go to, and come from."""
# Version, length of the entries, operation, MAC of the camera and of the asker, asker's address.
_HEADER: Final = struct.Struct(">HHH6s6s4s2s")
_HEADER_SIZE: Final = 48
# Date, time and protocol versions, as captured.
_STAMP: Final = bytes.fromhex("20 11 1e 11 23 1f 1e 19 13 00 00 02 02 02")
_VERSION: Final = 1
_SEARCH, _FOUND = 0x0D, 0x0E
_END: Final = b"\xff\xff"
_MASK: Final = bytes([255, 255, 255, 0])


class EasyIp:
    """Says who and where the camera is."""

    def __init__(self, camera: Camera, host: str, port: int = PORT) -> None:
        """Answer for the camera at `host`."""
        self._camera: Final = camera
        self._host: Final = host
        self._groups: Final = Groups(host, port, None, None, self._received)
        self._out: socket.socket | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._groups.port

    async def start(self) -> None:
        """Listen."""
        await self._groups.start()
        if self._host.startswith("127.") or ":" in self._host:
            # There are no broadcasts on loopback: whoever asks there is answered.
            return
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._out.setblocking(False)
        self._out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._out.bind((self._host, ASKER_PORT))

    def close(self) -> None:
        """Listen no more."""
        self._groups.close()
        if self._out is not None:
            self._out.close()
            self._out = None

    def _received(self, data: bytes, answer: Answer) -> None:
        if len(data) < _HEADER_SIZE + len(_END) + 2:
            return
        version, length, operation, _, asker, address, _ = _HEADER.unpack_from(data)
        end = _HEADER_SIZE + length
        whole = len(data) == end + len(_END) + 2 and data[end : end + 2] == _END
        if version != _VERSION or operation != _SEARCH or not whole:
            return
        told = self._answer(asker, address)
        if self._out is None:
            answer(told)
        else:
            self._out.sendto(told, ("255.255.255.255", ASKER_PORT))

    def _answer(self, asker: bytes, address: bytes) -> bytes:
        camera = self._camera
        here = socket.inet_aton(self._host)
        entries = b"".join(
            struct.pack(">HH", tag, len(value)) + value
            for tag, value in (
                (0x00, b"\x02"),
                (0x01, b"\x00"),
                (0x20, here),
                (0x21, _MASK),
                (0x22, here[:3] + b"\xfe"),
                (0x23, bytes(8)),
                (0x25, struct.pack(">H", camera.http_port)),
                (0xA6, b"\x94"),
                (0xA7, _text(camera.title)),
                (0xA8, _text(camera.model.name)),
                (0xA9, _text(camera.model.version)),
                (0xD1, _text(camera.identity.serial)),
            )
        )
        mac = bytes.fromhex(camera.identity.mac.replace("-", "").replace(":", ""))
        header = _HEADER.pack(_VERSION, len(entries), _FOUND, mac, asker, address, bytes(2))
        told = (header + _STAMP).ljust(_HEADER_SIZE, b"\0") + entries + _END
        # The sum that captures end with is greater by one than that of their bytes.
        return told + struct.pack(">H", (sum(told) + 1) & 0xFFFF)


def _text(value: str) -> bytes:
    return value.encode("ascii", "replace")[:16].ljust(16, b"\0")
