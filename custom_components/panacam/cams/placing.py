"""Where a camera is on its network, how it shows who it is there, and how that is changed.

Whoever changes it cuts the branch that they sit on: the roles here only send, and tell where the
camera should be afterwards. To look for it there is the caller's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Final, Protocol

SHORTEST_PREFIX: Final = 8
LONGEST_PREFIX: Final = 30
"""Bits of a network that has room for a camera and somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Where a camera is, or is to be. None: it does not tell, or that is to stay."""

    dhcp: bool | None = None
    address: IPv4Address | None = None
    netmask: IPv4Address | None = None
    gateway: IPv4Address | None = None
    """0.0.0.0: none."""
    dns: tuple[IPv4Address, ...] | None = None
    """Its name servers, two at most; empty: those that the DHCP server names."""
    port: int | None = None
    """Of its pages by HTTP."""
    rtsp_port: int | None = None
    packet_size: int | None = None
    """Bytes of the largest RTP packet."""
    segment_size: int | None = None
    """Bytes of the largest TCP segment."""
    easy_ip_setup: str | None = None
    """Minutes after it starts during which it can be given an address by that protocol."""
    bandwidth: int | None = None
    """Kilobits a second of all that it sends; 0: no limit."""
    https: bool | None = None
    """Whether it is to be spoken to by HTTPS only."""
    https_port: int | None = None
    mode: str | None = None
    """What it gives priority to: one of `Placer.modes`."""

    @property
    def is_empty(self) -> bool:
        """Return whether it says nothing."""
        return self == Placing()

    def over(self, other: Placing) -> Placing:
        """Return what it is once this is changed of `other`."""
        given = {
            one.name: value
            for one in fields(self)
            if (value := getattr(self, one.name)) is not None
        }
        return replace(other, **given)

    def is_in(self, other: Placing) -> bool:
        """Return whether `other` has all of this, as far as it tells."""
        return all(
            None in (wanted := getattr(self, one.name), told := getattr(other, one.name))
            or wanted == told
            for one in fields(self)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where a camera should answer after a change."""

    host: str | None
    """None: wherever its DHCP server puts it, perhaps where it was."""
    port: int
    tls: bool


class PlaceMistake(StrEnum):
    """What is wrong with a place before anything is sent; keys of sentences."""

    ADDRESS_UNUSABLE = "address_unusable"
    ADDRESS_TAKEN = "address_taken"
    DHCP_WITH_ADDRESS = "dhcp_with_address"
    NETMASK_UNUSABLE = "netmask_unusable"
    NO_ADDRESS = "no_address"
    GATEWAY_ELSEWHERE = "gateway_elsewhere"
    PORTS_CLASH = "ports_clash"


def mistake_in(now: Placing, changes: Placing) -> PlaceMistake | None:
    """Return why a camera that is at `now` must not be sent to where `changes` says."""
    then = changes.over(now)
    if changes.dhcp is True and (changes.address or changes.netmask or changes.gateway):
        return PlaceMistake.DHCP_WITH_ADDRESS
    moves = changes.dhcp is False or changes.address or changes.netmask or changes.gateway
    if moves and (mistake := _of_address(then)) is not None:
        return mistake
    ports = [then.port, then.https_port, then.rtsp_port]
    changed = {changes.port, changes.https_port, changes.rtsp_port} - {None}
    if any(ports.count(port) > 1 for port in changed):
        return PlaceMistake.PORTS_CLASH
    return None


def _of_address(then: Placing) -> PlaceMistake | None:
    if then.address is None or then.netmask is None:
        return PlaceMistake.NO_ADDRESS
    try:
        network = IPv4Network((int(then.address), str(then.netmask)), strict=False)
    except ValueError:
        return PlaceMistake.NETMASK_UNUSABLE
    # The module also takes 0.0.0.255, which means the opposite.
    if (
        network.netmask != then.netmask
        or not SHORTEST_PREFIX <= network.prefixlen <= LONGEST_PREFIX
    ):
        return PlaceMistake.NETMASK_UNUSABLE
    edges = {network.network_address, network.broadcast_address}
    if not is_of_host(then.address) or then.address in edges:
        return PlaceMistake.ADDRESS_UNUSABLE
    none = then.gateway is None or then.gateway.is_unspecified
    if not none and (then.gateway not in network or then.gateway in {then.address, *edges}):
        return PlaceMistake.GATEWAY_ELSEWHERE
    return None


def is_of_host(address: IPv4Address) -> bool:
    """Return whether one host can have an address."""
    return not (
        address.is_multicast
        or address.is_unspecified
        or address.is_reserved
        or int(address) >> 24 == 0
    )


class Placer(Protocol):
    """Tells and changes where a camera is. Every method raises CameraError.

    Those that change wait for no more than the answer, which may be lost with the connection.
    """

    @property
    def modes(self) -> tuple[str, ...]:
        """Return what it can give priority to; empty: it has no such choice."""

    async def read(self) -> Placing:
        """Return where it is."""

    async def move(self, changes: Placing) -> Reach:
        """Change address, ports and what else its network menu has."""

    async def use_https(self, on: bool, port: int | None = None) -> Reach:
        """Have it answer by HTTPS only, on `port`; or by HTTP only."""

    async def set_mode(self, mode: str) -> Reach:
        """Give priority to something else, with other streams than before."""


class CertificateKind(StrEnum):
    """Whose certificate a camera has."""

    NONE = "none"
    SELF_SIGNED = "self_signed"
    CA_SIGNED = "ca_signed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateStatus:
    """What a camera tells of its certificate and its key; no secret is among it."""

    kind: CertificateKind
    https: bool | None = None
    port: int | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    """Of the certificate, in the camera's own words, bounded."""
    key: Mapping[str, str] = field(default_factory=dict)
    """Of its key, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate names; what is empty is left out."""

    common_name: str
    country: str = ""
    state: str = ""
    locality: str = ""
    organization: str = ""
    organization_unit: str = ""


class CertificateStore(Protocol):
    """Keeps a camera's certificate and key. Every method raises CameraError.

    Those that make something wait until it is made, which takes tens of seconds. A certificate
    that takes effect at once is made, too, once the camera has agreed to that.
    """

    async def read(self) -> CertificateStatus:
        """Return what there is."""

    async def create_self_signed(self, subject: Subject) -> None:
        """Have the camera sign a certificate itself; it takes the place of its last one."""

    async def create_request(self, subject: Subject) -> str:
        """Return a request for a certificate authority, in PEM."""

    async def install(self, certificate: str) -> None:
        """Give it what the authority answered, in PEM. RefusedError when the key is another."""

    async def delete(self) -> None:
        """Forget the certificate in use. RefusedError(NOT_FOUND) when there is none."""

    async def create_key(self, *, previous: bool = False) -> None:
        """Make a new key, or take the one before; certificates of another key end with that."""
