"""What is asked of a DHCP server, and what can go wrong, named by what a person does next."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
import re
from typing import Any, Protocol

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
MAX_HOST_NAME = 63
"""Characters of one label of a host name (RFC 1123)."""


class ServerReason(StrEnum):
    """Why a server did not do it: stable, free of the server's own words, a translation key."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED_LOGIN = "refused_login"
    NO_SUBNET = "no_subnet"
    """The address lies in no subnet of the server."""
    ADDRESS_TAKEN = "address_taken"
    """The address is reserved for another device."""
    RESERVATIONS_OFF = "reservations_off"
    """The server is told to ignore reservations in that subnet, or this very device."""
    BUSY = "busy"
    """Somebody else keeps changing the configuration at the same time."""
    REFUSED = "refused"
    UNEXPECTED_REPLY = "unexpected_reply"
    FILE = "file"
    """The file could not be read or written, ours or the one that the server writes."""
    SIGNAL = "signal"
    """The server's process was not found or could not be told."""
    NOT_RESTORED = "not_restored"
    """It failed, and so did the way back: somebody has to look at the server's configuration."""


class ReservationError(Exception):
    """A server did not do what it was asked; never holds a secret or the server's own text."""

    def __init__(self, reason: ServerReason, detail: str = "") -> None:
        """Keep the reason; `detail` is ours (a command's name, a status), never the server's."""
        super().__init__(f"{reason.value.replace('_', ' ')}{f' ({detail})' if detail else ''}")
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """An address that belongs to one device; ValueError for what no server could take."""

    mac: str
    """Lower case with colons."""
    address: str
    """IPv4, dotted."""
    host_name: str | None = None
    """One label (RFC 1123), see `host_name_of`."""

    def __post_init__(self) -> None:
        """Refuse what would be read as something else where it is written down."""
        check_mac(self.mac)
        IPv4Address(self.address)
        if self.host_name is not None and not _HOST_NAME.fullmatch(self.host_name):
            message = "no host name"
            raise ValueError(message)


def check_mac(mac: str) -> None:
    """Raise ValueError unless this is a MAC address in lower case with colons."""
    if not _MAC.fullmatch(mac):
        message = "no MAC address"
        raise ValueError(message)


def host_name_of(text: str) -> str | None:
    """Return what remains of any text as a host name ("Gate, north" -> "gate-north"), or None."""
    name = _NOT_IN_NAMES.sub("-", text.lower()).strip("-")[:MAX_HOST_NAME].rstrip("-")
    return name or None


class DhcpServer(Protocol):
    """A server that keeps addresses for devices; every method raises ReservationError."""

    async def check(self) -> str:
        """Return the server's name and version, having seen that it can do the rest."""
        ...

    async def reserve(self, reservation: Reservation) -> None:
        """Keep the address for the device, instead of any other that was kept for it.

        Idempotent. When it fails, the server is as it was before (but for NOT_RESTORED).
        """
        ...

    async def release(self, mac: str) -> None:
        """Keep no address for the device any more; idempotent, ValueError for no MAC address."""
        ...


async def to_its_end[T](work: Coroutine[Any, Any, T]) -> T:
    """Run what must not stop half-way to its end, even if whoever waits for it is cancelled."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.cancelled():
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # nobody else will look
        raise
