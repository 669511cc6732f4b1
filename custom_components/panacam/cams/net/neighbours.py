"""Who has an address on our own segment, by the kernel's table of neighbours (rtnetlink).

What the table says is proof of little: whoever can forge it could have had the camera's old
address as well. But an announcement proves nothing at all.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
import math
import os
import socket
import struct
from typing import Final

from ..device import read_mac

WAIT: Final = 1.0
"""Seconds for the answer of an address that nobody asked for yet."""
FRESH_WAIT: Final = 10.0
"""Seconds for the kernel to ask an old neighbour again: it hesitates for five, and asks thrice."""
_FRESH: Final = 2.0
"""Seconds; the kernel takes five before it calls what was confirmed reachable."""
_STEP: Final = 0.05
_LONGEST_STEP: Final = 0.5
_DISCARD: Final = 9
_PORTS: Final = (80, 443, 554)
"""Where cameras take connections."""

_MESSAGE: Final = struct.Struct("=IHHII")
"""Length, type, flags, sequence, port (struct nlmsghdr)."""
_NEIGHBOUR: Final = struct.Struct("=BBHiHBB")
"""Family, padding, padding, index, state, flags, type (struct ndmsg)."""
_ATTRIBUTE: Final = struct.Struct("=HH")
"""Length and type (struct rtattr)."""
_DONE: Final = 3
_ERROR: Final = 2
_NEW: Final = 28
_GET: Final = 30
_REQUEST_DUMP: Final = 0x301
_DESTINATION: Final = 1
_LINK_ADDRESS: Final = 2
_TIMES: Final = 3
_AGE: Final = struct.Struct("=I")
"""Ticks since the row was confirmed (first of struct nda_cacheinfo)."""
_REACHABLE: Final = 0x02 | 0x80
"""Confirmed within the last half a minute, or set by hand."""
_KNOWN: Final = _REACHABLE | 0x04 | 0x08 | 0x10
"""Those, and what is old, or being asked again."""
_MAX_TABLE: Final = 1 << 20
"""Bytes of a table that are read; the kernel keeps a thousand neighbours."""
_SECONDS: Final = 1.0
"""Time limit for the kernel's own answer."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One row of the table."""

    address: IPv4Address | IPv6Address
    index: int
    """Of the adapter that it is behind."""
    mac: str
    state: int
    age: float
    """Seconds since it was confirmed."""

    @property
    def fresh(self) -> bool:
        """Return whether it is there now, and not only was once."""
        return bool(self.state & _REACHABLE) or self.age <= _FRESH


async def mac_of(host: str, *, stale: bool = False) -> str | None:
    """Return the MAC address behind an address on our own segment, or None.

    None: it is on no segment of ours, it does not answer, or this system has no such table. Only
    an address that the kernel has confirmed counts, which it is made to do; `stale`: what it knew
    before is enough.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return None
    loop = asyncio.get_running_loop()
    started, step = loop.time(), _STEP
    end = started + WAIT
    was_known = False
    with ExitStack() as knocks:
        while True:
            rows = await asyncio.to_thread(_rows, address)
            if (row := next((row for row in rows if stale or row.fresh), None)) is not None:
                return row.mac
            now = loop.time()
            if step == _STEP or (was_known and not rows):
                # Of the second kind is what nobody confirmed: now everybody is asked.
                _nudge(address, knocks)
                end = now + WAIT
            if rows:
                end = started + FRESH_WAIT
            was_known = bool(rows)
            if now >= end:
                return None
            await asyncio.sleep(step)
            step = min(2 * step, _LONGEST_STEP)


def read_table(data: bytes) -> Iterator[Neighbour]:
    """Yield the neighbours with a MAC address in the kernel's messages, those that are whole."""
    at = 0
    while at + _MESSAGE.size <= len(data):
        length, kind, *_ = _MESSAGE.unpack_from(data, at)
        if length < _MESSAGE.size or at + length > len(data) or kind in {_DONE, _ERROR}:
            return
        if kind == _NEW and (row := _row(data[at + _MESSAGE.size : at + length])) is not None:
            yield row
        at += _aligned(length)


def _row(data: bytes) -> Neighbour | None:
    """Read one row; None when it is not resolved or not of Ethernet."""
    if len(data) < _NEIGHBOUR.size:
        return None
    _, _, _, index, state, _, _ = _NEIGHBOUR.unpack_from(data)
    values: dict[int, bytes] = {}
    at = _NEIGHBOUR.size
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > len(data):
            break
        values[kind] = data[at + _ATTRIBUTE.size : at + length]
        at += _aligned(length)
    mac = read_mac(values.get(_LINK_ADDRESS, b"").hex())
    if mac is None or not state & _KNOWN:
        return None
    age = math.inf
    if len(times := values.get(_TIMES, b"")) >= _AGE.size:
        age = _AGE.unpack_from(times)[0] / os.sysconf("SC_CLK_TCK")
    try:
        return Neighbour(ip_address(values.get(_DESTINATION, b"")), index, mac, state, age)
    except ValueError:
        return None


def _aligned(length: int) -> int:
    return length + 3 & ~3


def _rows(address: IPv4Address | IPv6Address) -> list[Neighbour]:
    """Return the rows of an address; blocks for a moment."""
    index = 0
    bare = address
    if isinstance(address, IPv6Address):
        bare = IPv6Address(int(address))
        if address.scope_id is not None:
            try:
                index = _index(address.scope_id)
            except OSError:
                return []
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return [
        row for row in read_table(_table(family)) if row.address == bare and index in {0, row.index}
    ]


def _index(scope: str) -> int:
    return int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)


def _table(family: int) -> bytes:
    """Return the kernel's table of one version of IP; nothing where there is none to be had."""
    if not hasattr(socket, "AF_NETLINK"):
        return b""
    body = _NEIGHBOUR.pack(family, 0, 0, 0, 0, 0, 0)
    question = _MESSAGE.pack(_MESSAGE.size + len(body), _GET, _REQUEST_DUMP, 1, 0) + body
    data = bytearray()
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.settimeout(_SECONDS)
            kernel.send(question)
            while len(data) < _MAX_TABLE:
                part = kernel.recv(1 << 16)
                data += part
                if not part or _ends(part):
                    break
    except OSError:
        return bytes(data)
    return bytes(data)


def _ends(part: bytes) -> bool:
    """Return whether the last message of a part says that there is no more."""
    at = 0
    while at + _MESSAGE.size <= len(part):
        length, kind, *_ = _MESSAGE.unpack_from(part, at)
        if kind in {_DONE, _ERROR} or length < _MESSAGE.size:
            return True
        at += _aligned(length)
    return False


def _nudge(address: IPv4Address | IPv6Address, knocks: ExitStack) -> None:
    """Make the kernel look for a neighbour, and believe what it finds.

    One byte that nobody listens to makes it ask; a connection that stands, over which nothing is
    sent, confirms an old row at once. `knocks` closes them.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with suppress(OSError):
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(b"\0", _sockaddr(address, _DISCARD))
        for port in _PORTS:
            sock = knocks.enter_context(socket.socket(family, socket.SOCK_STREAM))
            sock.setblocking(False)
            sock.connect_ex(_sockaddr(address, port))


def _sockaddr(address: IPv4Address | IPv6Address, port: int) -> tuple[str | int, ...]:
    """Return what sockets want as an address. OSError when its adapter does not exist."""
    if isinstance(address, IPv4Address):
        return str(address), port
    index = 0 if address.scope_id is None else _index(address.scope_id)
    return str(IPv6Address(int(address))), port, 0, index
