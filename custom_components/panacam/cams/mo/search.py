"""Finding cameras by UDP broadcast (MO_I), which the specification lacks (facts) (no I/O).

Only asking is here. Cameras can also be set up this way, with the password in the clear: never.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address
import struct
from typing import Final

from ..discovery import Candidate, Search, Source
from ..errors import ProtocolError, Reason
from .fields import read_name
from .session import identity_of
from .wire import HEADER, Channel

SEARCH_PORT: Final = 10000

_REQUEST: Final = 0
_REPLY: Final = 1
_WHO: Final = struct.Struct(">I")
_FOUND: Final = struct.Struct(">13s21s4s4s4s4s4s4s4sHB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a camera tells whoever asks."""

    camera_id: str | None
    """Cleaned; 12 hexadecimal digits."""
    name: str | None
    address: IPv4Address
    mask: IPv4Address
    gateway: IPv4Address
    dns: IPv4Address
    firmware: tuple[int, ...]
    """Four numbers, as at login."""
    pages: tuple[int, ...]
    """Four numbers: the version of its web pages."""
    port: int
    dhcp: bool


def search_request() -> bytes:
    """Return the datagram to broadcast to SEARCH_PORT, as real clients send it."""
    text = _WHO.pack(1)
    return HEADER.pack(Channel.SEARCH.value, _REQUEST, 0, b"", len(text), len(text)) + text


def read_search_reply(datagram: bytes) -> Found:
    """Read the answer. ProtocolError when it is none."""
    if len(datagram) < HEADER.size + _FOUND.size:
        raise ProtocolError(Reason.NOT_A_CAMERA)
    magic, code, _, _, length, _ = HEADER.unpack_from(datagram)
    if magic != Channel.SEARCH.value or code != _REPLY or length < _FOUND.size:
        raise ProtocolError(Reason.NOT_A_CAMERA)
    (camera_id, name, address, mask, gateway, dns, _, firmware, pages, port, dhcp) = (
        _FOUND.unpack_from(datagram, HEADER.size)
    )
    return Found(
        camera_id=read_name(camera_id),
        name=read_name(name),
        address=IPv4Address(address),
        mask=IPv4Address(mask),
        gateway=IPv4Address(gateway),
        dns=IPv4Address(dns),
        firmware=tuple(firmware),
        pages=tuple(pages),
        port=port,
        dhcp=bool(dhcp),
    )


def questions(_address: str) -> tuple[bytes, ...]:
    """Return the one datagram that asks all cameras."""
    return (search_request(),)


def read(datagram: bytes, source: str) -> tuple[Candidate, ...]:
    """Return the camera that answers, at the address that its answer came from; () for no answer.

    Its own word on its address is not taken: it may have none of this network.
    """
    try:
        found = read_search_reply(datagram)
    except ProtocolError:
        return ()
    who = identity_of(found.camera_id, found.firmware)
    return (
        Candidate(
            host=source,
            port=found.port or None,
            mac=who.mac,
            serial=who.serial,
            camera_id=found.camera_id,
            manufacturer=who.manufacturer,
            model=who.model,
            name=found.name,
            family="mo",
            source=Source.MO_SEARCH,
        ),
    )


SEARCH: Final = Search(
    name=Source.MO_SEARCH,
    port=SEARCH_PORT,
    questions=questions,
    read=read,
)
