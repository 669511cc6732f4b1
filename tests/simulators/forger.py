"""A stranger that passes itself off as a camera: `python -m tests.simulators.forger onvif ...`.

It announces the identity that it is told from an address of its own, serves a whole simulated
camera with that identity, and keeps every byte that comes, so that a test can show that no
password was among them.
"""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
import random
import signal
import socket
import sys
from typing import Final, Self

from tests.simulators.dhcp_client import Kind, Option, message
from tests.simulators.mo import MoSimulator
from tests.simulators.mo.wire import HEADER as MO_HEADER, Op as MoOp
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.onvif.discovery import PORT as HELLO_PORT, Discovery
from tests.simulators.povcam import Auth, PovcamSimulator
from tests.simulators.povcam.ssdp import PORT as SSDP_PORT, Ssdp

_KEPT: Final = 1 << 20
"""Bytes that are kept of one connection."""
_SIGNS: Final = (b"authorization:", b"usernametoken", b"passworddigest")
"""What stands before or around a password on the wire, in lower case."""

type Sim = PovcamSimulator | OnvifSimulator | MoSimulator


def secrets_in(data: bytes, *passwords: str) -> tuple[str, ...]:
    """Name what was given away in the bytes of one connection, or of several joined."""
    lowered = data.lower()
    found = [sign.decode() for sign in _SIGNS if sign in lowered]
    found += ["the password itself" for word in passwords if word.encode() in data]
    at = data.find(b"MO_O")
    while at >= 0 and at + MO_HEADER.size <= len(data):
        if MO_HEADER.unpack_from(data, at)[1] == MoOp.VERIFY_REQ:
            found.append("MO Verify")
        at = data.find(b"MO_O", at + 1)
    return tuple(dict.fromkeys(found))


def disguise(family: str, mac: str, serial: str) -> Sim:
    """Make a camera with a stolen identity that asks for a login wherever it can."""
    match family:
        case "povcam":
            printed = mac.upper().replace(":", "-")
            return PovcamSimulator(auth=Auth.BASIC, user_auth=True, mac=printed, serial=serial)
        case "onvif":
            camera = OnvifSimulator()
            camera.become(mac=mac, serial=serial)
            return camera
        case _:
            digits = "".join(digit for digit in mac if digit not in ":-")
            return MoSimulator(camera_id=digits.upper())


class Forger:
    """A stranger at `host`; `async with` starts and stops it."""

    def __init__(
        self,
        camera: Sim,
        host: str,
        port: int = 0,
        *,
        record: Path | None = None,
        hello_port: int = HELLO_PORT,
        ssdp_port: int = SSDP_PORT,
    ) -> None:
        """Pass itself off as `camera`, which is not running yet; `record` gets what comes."""
        self.camera: Final = camera
        self.host: Final = host
        self.port = port
        self.received: Final[list[bytearray]] = []
        """What came, connection by connection."""
        self._record = record
        self._ports = (hello_port, ssdp_port)
        self._server: asyncio.Server | None = None
        self._tellers: Final[list[Discovery | Ssdp]] = []

    async def __aenter__(self) -> Self:
        """Listen; nothing is announced yet."""
        await self.camera.start()
        try:
            self._server = await asyncio.start_server(self._accept, self.host, self.port)
        except OSError:
            await self.camera.stop()
            raise
        self.port = self._server.sockets[0].getsockname()[1]
        if self._record is not None:
            # Nothing came is known from nobody listened by the file that is there.
            self._record.touch()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Close everything, without a word: a stranger says no Bye."""
        for teller in self._tellers:
            teller.abandon()
        self._tellers.clear()
        if self._server is not None:
            self._server.close()
            self._server.close_clients()
            await self._server.wait_closed()
        await self.camera.stop()

    @property
    def bytes_received(self) -> bytes:
        """All that came, connection after connection."""
        return b"\n".join(self.received)

    def given_away(self, *passwords: str) -> tuple[str, ...]:
        """Name the secrets that came."""
        return secrets_in(self.bytes_received, *passwords)

    async def hello(self, xaddrs: str | None = None) -> None:
        """Announce itself by WS-Discovery, and answer every Probe; only as an ONVIF camera."""
        assert isinstance(self.camera, OnvifSimulator)
        told = xaddrs or f"http://{self.host}:{self.port}/onvif/device_service"
        await self._tell(
            Discovery(
                self.camera.camera, self.host, port=self._ports[0], max_delay=0.0, xaddrs=told
            )
        )

    async def notify(self, location: str | None = None) -> None:
        """Announce itself by SSDP; only as a Panasonic camera."""
        assert isinstance(self.camera, PovcamSimulator)
        self.camera.camera.http_port = self.port
        await self._tell(
            Ssdp(self.camera.camera, self.host, self._ports[1], max_delay=0.0, location=location)
        )

    def dhcp(self, interface: str, mac: str, host_name: str, address: str | None = None) -> None:
        """Broadcast a DHCP request for its own address, or another, in the name of `mac`."""
        wanted: dict[int, bytes] = {
            Option.ADDRESS: socket.inet_aton(address or self.host),
            Option.HOST_NAME: host_name.encode(),
        }
        digits = bytes.fromhex(mac.replace(":", "").replace("-", ""))
        asked = message(Kind.REQUEST, random.getrandbits(32), digits, wanted)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            out.bind(("", 68))
            out.sendto(asked, ("255.255.255.255", 67))

    async def _tell(self, teller: Discovery | Ssdp) -> None:
        await teller.start()
        self._tellers.append(teller)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep what comes, and let the camera behind answer it."""
        kept = bytearray()
        self.received.append(kept)

        def keep(data: bytes) -> None:
            kept.extend(data[: _KEPT - len(kept)])
            if self._record is not None:
                with self._record.open("ab") as file:
                    file.write(data)

        with suppress(OSError):
            behind = await asyncio.open_connection("127.0.0.1", self.camera.port)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pass_on(reader, behind[1], keep))
                    group.create_task(_pass_on(behind[0], writer, None))
            finally:
                behind[1].close()
        writer.close()


async def _pass_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    keep: Callable[[bytes], None] | None,
) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            if keep is not None:
                keep(data)
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def _announce(forger: Forger, arguments: argparse.Namespace) -> None:
    match arguments.family:
        case "onvif":
            await forger.hello(arguments.claim)
        case "povcam":
            await forger.notify(arguments.claim)
    while True:
        if arguments.interface is not None:
            forger.dhcp(arguments.interface, arguments.mac, arguments.host_name, arguments.address)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.sleep(arguments.every)


async def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal comes."""
    parser = argparse.ArgumentParser(prog="forger", description=__doc__)
    parser.add_argument("family", choices=("povcam", "mo", "onvif"))
    parser.add_argument("--host", required=True, help="its own address")
    parser.add_argument("--port", type=int, default=80)
    parser.add_argument("--mac", required=True, help="of the camera that it passes itself off as")
    parser.add_argument("--serial", required=True, help="likewise")
    parser.add_argument("--claim", help="XAddrs or LOCATION instead of its own")
    parser.add_argument("--interface", help="also broadcast DHCP requests there")
    parser.add_argument("--host-name", default="camera", help="in the DHCP request")
    parser.add_argument("--address", help="in the DHCP request, instead of its own")
    parser.add_argument("--every", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--record", type=Path, help="file for every byte that comes")
    arguments = parser.parse_args(argv)
    camera = disguise(arguments.family, arguments.mac, arguments.serial)
    async with Forger(camera, arguments.host, arguments.port, record=arguments.record) as forger:
        living = asyncio.create_task(_announce(forger, arguments))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, living.cancel)
        with suppress(asyncio.CancelledError):
            await living
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
