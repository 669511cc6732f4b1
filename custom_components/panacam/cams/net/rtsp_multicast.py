"""A medium that a camera sends to a group: which one it is, and being a member of it (RFC 1112).

What the camera names is believed as far as it is a group, and no farther: nothing is sent to, nor
heard at, any other address. Packets of others than the camera are dropped, as the camera's own
address is on record from the RTSP connection.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
import socket
from struct import Struct
from typing import Final, Protocol, Self

from ..errors import ConnectError, ProtocolError, Reason
from .rtsp import read_transport, transport_words
from .rtsp_tracks import FromHost, Take
from .sdp import Media

DEFAULT_TTL: Final = 1
"""Of our reports where the camera says none: they stay on the own network."""
MAX_TTL: Final = 255
RECEIVE_BUFFER: Final = 1024 * 1024
"""Bytes of the system's own, for keyframes that come in one go; it may give less."""
_LOWEST_PORT: Final = 1024
"""Below are other services' ports, which reports have no business at."""
_LOCAL_CONTROL: Final = b"\xe0\x00\x00"
"""224.0.0.0/24 is for routing and the like (RFC 5771, 4)."""
_LINK_SCOPE: Final = 2
"""Smallest scope of IPv6 that leaves a machine (RFC 4291, 2.7)."""
_ADD_SOURCE_MEMBERSHIP: Final = 39
"""IP_ADD_SOURCE_MEMBERSHIP of Linux (RFC 3678, 4.1.2); not every `socket` knows it."""
_MEMBERSHIP_4: Final = Struct("4s4s4s")
"""Group, interface, source."""
_MEMBERSHIP_6: Final = Struct("@16sI")
"""Group and interface."""
_ADDRESSES_6: Final = Path("/proc/net/if_inet6")

type Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Where a medium is sent to."""

    address: Address
    ports: tuple[int, int]
    """Of RTP and of RTCP."""
    ttl: int = DEFAULT_TTL


def agreed(transport: str, media: Media) -> Group:
    """Return the group of a Transport header (RFC 2326, 12.39), else of the description.

    Raises ProtocolError for what is no group.
    """
    words, pairs = transport_words(transport), read_transport(transport)
    if "unicast" in words:
        raise ProtocolError(Reason.UNEXPECTED_REPLY, "Transport")
    address = _group(words.get("destination") or media.address)
    # Some cameras use the other name.
    ports = pairs.get("port") or pairs.get("client_port") or (media.port, media.port + 1)
    if ports[0] == ports[1] or not all(_LOWEST_PORT <= port < 65536 for port in ports):
        raise ProtocolError(Reason.UNEXPECTED_REPLY, "Transport port")
    ttl = pairs["ttl"][0] if "ttl" in pairs else media.ttl
    return Group(
        address=address, ports=ports, ttl=min(DEFAULT_TTL if ttl is None else ttl, MAX_TTL)
    )


def is_group(text: str) -> bool:
    """Return whether an address, of a camera's description, is one to be a member of."""
    try:
        _group(text)
    except ProtocolError:
        return False
    return True


def _group(text: str) -> Address:
    """Return the address of a group. ProtocolError for another."""
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        raise ProtocolError(Reason.UNEXPECTED_REPLY, "Transport destination") from None
    packed = address.packed
    if isinstance(address, IPv6Address):
        fine = packed[0] == 0xFF and packed[1] & 0x0F >= _LINK_SCOPE and address.scope_id is None
    else:
        fine = address.is_multicast and not packed.startswith(_LOCAL_CONTROL)
    if not fine:
        raise ProtocolError(Reason.UNEXPECTED_REPLY, "Transport destination")
    return address


class Ends(Protocol):
    """The two ends of a way to the camera."""

    @property
    def address(self) -> str:
        """Return the camera's address."""

    @property
    def local_address(self) -> str:
        """Return ours."""


class Member:
    """Membership of one group, with the two ports of one medium, until it is closed; a Track."""

    def __init__(self, group: Group) -> None:
        """Be no member yet."""
        self.group: Final = group
        self._sockets: list[socket.socket] = []
        self._transports: list[asyncio.DatagramTransport] = []
        self._interface = 0

    @classmethod
    async def joined(
        cls, ends: Ends, group: Group, take: Take | None, reports: Take | None = None
    ) -> Self:
        """Join on the interface that reaches the camera; `take` gets RTP, `reports` RTCP.

        Raises ProtocolError for a group of another version of IP, ConnectError.
        """
        source, local = ends.address, ends.local_address
        if (":" in source) != isinstance(group.address, IPv6Address):
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "Transport destination")
        member = cls(group)
        loop = asyncio.get_running_loop()
        try:
            if ":" in source:
                member._interface = await loop.run_in_executor(None, interface_of, local)
            for port, taker in zip(group.ports, (take, reports), strict=True):
                ours = member._socket(port, source, local)
                transport, _ = await loop.create_datagram_endpoint(
                    partial(FromHost, source, taker), sock=ours
                )
                member._transports.append(transport)
        except OSError as err:
            member.close()
            raise ConnectError(Reason.UNREACHABLE, "multicast") from err
        except BaseException:
            member.close()
            raise
        return member

    def send(self, packet: bytes) -> None:
        """Do nothing: a group is not spoken to."""

    def report(self, packet: bytes) -> None:
        """Send a packet of RTCP to the group (RFC 3550, 6), as far as its TTL goes."""
        address, port = str(self.group.address), self.group.ports[1]
        if isinstance(self.group.address, IPv6Address):
            self._transports[1].sendto(packet, (address, port, 0, self._interface))
        else:
            self._transports[1].sendto(packet, (address, port))

    def close(self) -> None:
        """Leave the group: the sockets' memberships end with them."""
        for transport in self._transports:
            transport.abort()
        for ours in self._sockets[len(self._transports) :]:
            ours.close()

    def _socket(self, port: int, source: str, local: str) -> socket.socket:
        """Return a socket that is a member. OSError."""
        address, ttl = self.group.address, self.group.ttl
        version_6 = isinstance(address, IPv6Address)
        ours = socket.socket(socket.AF_INET6 if version_6 else socket.AF_INET, socket.SOCK_DGRAM)
        self._sockets.append(ours)
        ours.setblocking(False)
        # Many cameras of one make are set to the same group: each has its member.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if version_6:
            ours.bind((str(address), port, 0, self._interface))
            membership = _MEMBERSHIP_6.pack(address.packed, self._interface)
            ours.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
            ours.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, self._interface)
            ours.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ttl)
            return ours
        # Bound to the group: what is sent to ourselves at this port is not for us.
        ours.bind((str(address), port))
        own = socket.inet_aton(local)
        membership = _MEMBERSHIP_4.pack(address.packed, own, socket.inet_aton(source))
        ours.setsockopt(socket.IPPROTO_IP, _ADD_SOURCE_MEMBERSHIP, membership)
        ours.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
        ours.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        return ours


def interface_of(local: str) -> int:
    """Return the number of the interface that has an IPv6 address; 0: the system's choice.

    Reads a file: not for the event loop. OSError for an interface that is not there.
    """
    address, _, zone = local.partition("%")
    if zone:
        return int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
    wanted = IPv6Address(address).packed.hex()
    try:
        lines = _ADDRESSES_6.read_text().splitlines()
    except OSError:
        return 0
    found = (line.split() for line in lines)
    return next((int(words[1], 16) for words in found if words[:1] == [wanted]), 0)
