"""A camera that gets its address by DHCP (RFC 2131): `python -m tests.simulators.dhcp_client eth0`.

It sets the address with `ip`, renews its lease until it is ended, and needs root. Where no server
answers in time it takes the factory address, if it has one, and goes on asking.
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
import fcntl
import random
import signal
import socket
import struct
import sys
import time
from typing import Final, Self

_SERVER, _CLIENT = 67, 68
_SIOCGIFHWADDR: Final = 0x8927
_MAGIC: Final = bytes([99, 130, 83, 99])
# Operation, hardware, its length, hops, transaction, seconds, flags, four addresses, MAC.
_HEAD: Final = struct.Struct(">BBBBIHH4s4s4s4s6s10x")
_BODY_AT: Final = 236
_BROADCAST: Final = 0x8000
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 16.0
_NOWHERE: Final = bytes(4)


class Kind(IntEnum):
    """What a message is for (option 53)."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    ACK = 5
    NAK = 6


class Option(IntEnum):
    """The options that are read or written here."""

    MASK = 1
    ROUTER = 3
    HOST_NAME = 12
    ADDRESS = 50
    LEASE = 51
    KIND = 53
    SERVER = 54
    WANTED = 55
    RENEW = 58
    REBIND = 59
    VENDOR = 60
    END = 255


@dataclass(frozen=True, slots=True)
class Lease:
    """What the server gave."""

    address: str
    prefix: int
    router: str | None
    server: str
    renew: float
    """Seconds until it asks the server again."""
    end: float
    """Seconds until the address is another's."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A message of a server."""

    kind: int
    address: str
    options: Mapping[int, bytes]

    def lease(self) -> Lease:
        """Read what is given; ValueError when it has no end or no server."""
        options = self.options
        if Option.LEASE not in options or Option.SERVER not in options:
            msg = "no lease"
            raise ValueError(msg)
        end = float(int.from_bytes(options[Option.LEASE]))
        renew = options.get(Option.RENEW)
        router = options.get(Option.ROUTER)
        return Lease(
            self.address,
            int.from_bytes(options.get(Option.MASK, b"\xff\xff\xff\0")).bit_count(),
            socket.inet_ntoa(router[:4]) if router else None,
            socket.inet_ntoa(options[Option.SERVER]),
            float(int.from_bytes(renew)) if renew else end / 2,
            end,
        )


def message(
    kind: Kind, transaction: int, mac: bytes, options: Mapping[int, bytes], own: bytes = _NOWHERE
) -> bytes:
    """Write a message of a client; `own` is the address that it renews."""
    flags = 0 if own != _NOWHERE else _BROADCAST
    head = _HEAD.pack(1, 1, 6, 0, transaction, 0, flags, own, *(_NOWHERE,) * 3, mac)
    listed = {Option.KIND: bytes([kind]), **options}
    body = b"".join(bytes([code, len(value)]) + value for code, value in listed.items())
    whole = head.ljust(_BODY_AT, b"\0") + _MAGIC + body + bytes([Option.END])
    # BOOTP's least length, below which old relays drop it.
    return whole.ljust(300, b"\0")


def read(data: bytes, transaction: int) -> Reply | None:
    """Read a server's answer to that transaction; None for everything else."""
    start = _BODY_AT + len(_MAGIC)
    if len(data) < start or data[0] != 2 or data[_BODY_AT:start] != _MAGIC:
        return None
    _, _, _, _, number, _, _, _, yours, *_ = _HEAD.unpack_from(data)
    options: dict[int, bytes] = {}
    while start < len(data) and data[start] != Option.END:
        if data[start] == 0:
            start += 1
            continue
        length = data[start + 1] if start + 1 < len(data) else 0
        options[data[start]] = data[start + 2 : start + 2 + length]
        start += 2 + length
    kind = options.get(Option.KIND, b"")
    if number != transaction or len(kind) != 1:
        return None
    return Reply(kind[0], socket.inet_ntoa(yours), options)


class DhcpClient:
    """The client of one interface; `async with` opens and closes its port."""

    def __init__(self, interface: str, *, host_name: str = "", vendor: str = "") -> None:
        """Ask on `interface` in the name of its MAC address."""
        self._interface = interface
        self._told: Final[dict[int, bytes]] = {
            code: text.encode()
            for code, text in ((Option.HOST_NAME, host_name), (Option.VENDOR, vendor))
            if text
        }
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.mac: bytes = b""

    async def __aenter__(self) -> Self:
        """Open the port."""
        made = self._socket
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        # Without an address yet, only the interface says where to.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._interface.encode())
        made.bind(("", _CLIENT))
        asked = struct.pack("256s", self._interface.encode())
        self.mac = fcntl.ioctl(made, _SIOCGIFHWADDR, asked)[18:24]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Close it; the lease is kept, as by a camera whose plug is pulled."""
        self._socket.close()

    async def acquire(self) -> Lease:
        """Ask until a server gives an address."""
        wait = _FIRST_WAIT
        while True:
            lease = await self._attempt(wait)
            if lease is not None:
                return lease
            wait = min(2 * wait, _LONGEST_WAIT)

    async def renew(self, lease: Lease, seconds: float) -> Lease | None:
        """Ask for the same address again, for so long; None when it is not given."""
        own = socket.inet_aton(lease.address)
        deadline = time.monotonic() + seconds
        transaction = random.getrandbits(32)
        asked = message(Kind.REQUEST, transaction, self.mac, self._told, own)
        # Half of the time its server alone is asked, then anybody.
        for target in (lease.server, "255.255.255.255"):
            self._send(asked, target)
            wait = max((deadline - time.monotonic()) / 2, 0.5)
            answer = await self._answer(transaction, (Kind.ACK, Kind.NAK), wait)
            if answer is not None:
                return answer.lease() if answer.kind == Kind.ACK else None
        return None

    async def _attempt(self, wait: float) -> Lease | None:
        transaction = random.getrandbits(32)
        wanted: dict[int, bytes] = {Option.WANTED: bytes([1, 3, 6, 12, 15, 42, 51, 58, 59])}
        self._send(message(Kind.DISCOVER, transaction, self.mac, {**self._told, **wanted}))
        offer = await self._answer(transaction, (Kind.OFFER,), wait)
        if offer is None or Option.SERVER not in offer.options:
            return None
        chosen: dict[int, bytes] = {
            Option.ADDRESS: socket.inet_aton(offer.address),
            Option.SERVER: offer.options[Option.SERVER],
        }
        asked = message(Kind.REQUEST, transaction, self.mac, {**chosen, **self._told, **wanted})
        self._send(asked)
        answer = await self._answer(transaction, (Kind.ACK, Kind.NAK), wait)
        try:
            return answer.lease() if answer is not None and answer.kind == Kind.ACK else None
        except ValueError:
            return None

    def _send(self, data: bytes, target: str = "255.255.255.255") -> None:
        try:
            self._socket.sendto(data, (target, _SERVER))
        except OSError:
            # The cable is out: it asks again.
            return

    async def _answer(
        self, transaction: int, kinds: Sequence[Kind], seconds: float
    ) -> Reply | None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                while True:
                    found = read(await loop.sock_recv(self._socket, 2048), transaction)
                    if found is not None and found.kind in kinds:
                        return found
        except TimeoutError:
            return None


async def _ip(*arguments: str) -> None:
    process = await asyncio.create_subprocess_exec("ip", *arguments)
    if await process.wait():
        msg = f"ip {' '.join(arguments)} failed"
        raise OSError(msg)


async def configure(interface: str, address: str, router: str | None) -> None:
    """Take an address, such as `10.77.0.30/24`, instead of what was there."""
    await _ip("-4", "address", "flush", "dev", interface)
    await _ip("address", "add", address, "broadcast", "+", "dev", interface)
    for target in ("224.0.0.0/4", "255.255.255.255/32"):
        await _ip("route", "replace", target, "dev", interface, "scope", "link")
    if router is not None:
        await _ip("route", "replace", "default", "via", router, "dev", interface, "onlink")


async def live(client: DhcpClient, arguments: argparse.Namespace) -> None:
    """Have an address for ever: asked for, renewed, and asked for again."""
    interface = arguments.interface
    while True:
        asking = asyncio.create_task(client.acquire())
        try:
            async with asyncio.timeout(arguments.fallback_after if arguments.fallback else None):
                lease = await asyncio.shield(asking)
        except TimeoutError:
            await configure(interface, arguments.fallback, None)
            _say(f"{arguments.fallback} of the factory")
            lease = await asking
        finally:
            if not asking.done():
                asking.cancel()
        await configure(interface, f"{lease.address}/{lease.prefix}", lease.router)
        _say(f"{lease.address}/{lease.prefix} for {lease.end:.0f} s from {lease.server}")
        current: Lease | None = lease
        while current is not None:
            await asyncio.sleep(current.renew)
            current = await client.renew(current, current.end - current.renew)
        await _ip("-4", "address", "flush", "dev", interface)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\nready\n")
    sys.stdout.flush()


async def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal comes."""
    parser = argparse.ArgumentParser(prog="dhcp_client", description=__doc__)
    parser.add_argument("interface")
    parser.add_argument("--host-name", default="", help="option 12")
    parser.add_argument("--vendor", default="", help="option 60")
    parser.add_argument("--fallback", help="factory address, such as 192.168.1.168/24")
    parser.add_argument("--fallback-after", type=float, default=120.0, metavar="SECONDS")
    arguments = parser.parse_args(argv)
    told = {"host_name": arguments.host_name, "vendor": arguments.vendor}
    async with DhcpClient(arguments.interface, **told) as client:
        living = asyncio.create_task(live(client, arguments))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, living.cancel)
        try:
            await living
        except asyncio.CancelledError:
            return 0
        except OSError as error:
            sys.stderr.write(f"{error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
