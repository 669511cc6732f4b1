"""Announcements on the network -> candidates, by pure functions that look nothing up."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .device import read_mac
from .text import plain

PANASONIC_SERVICE: Final = "urn:panasonic-com:service:p01NetCamService:1"
CAMERA_TYPES: Final = (
    PANASONIC_SERVICE,
    "urn:schemas-upnp-org:device:DigitalSecurityCamera:1",
    "urn:schemas-upnp-org:service:DigitalSecurityCameraSettings:1",
    "urn:schemas-upnp-org:service:DigitalSecurityCameraStillImage:1",
    "urn:schemas-upnp-org:service:DigitalSecurityCameraMotionImage:1",
)
"""Device and service types that only network cameras have; higher versions contain the first."""
MAKERS: Final = (
    "Panasonic",
    "Panasonic Corporation",
    "Panasonic i-PRO Sensing Solutions Co., Ltd.",
    "i-PRO",
    "i-PRO Co., Ltd.",
)
"""How the maker of these cameras calls itself in descriptions."""
MAC_PREFIXES: Final = ("0080F0", "00C08F", "04209A", "080023", "8CC121", "A81374", "D42DC5")
"""Of real cameras; the maker's other appliances share some of them (facts)."""
HOST_NAMES: Final = (
    *("ag-mdc*", "ag-mdr*", "ag-uck*", "ag-umr*"),
    *("aw-he*", "aw-hn*", "aw-hr*", "aw-ue*", "aw-un*", "wv-*"),
)
"""What cameras call themselves to a DHCP server: their model."""

_MAKER: Final = re.compile(r"\b(panasonic|i-pro)\b", re.IGNORECASE)
_CAMERA_MODEL: Final = re.compile(
    r"\b(AG-(UCK|UMR|MDC|MDR)|AW-(HE|HN|HR|UE|UN)|WV-|BB-)", re.IGNORECASE
)
_VERSION: Final = re.compile(r":\d+$")
_CAMERA_TYPES: Final = frozenset(_VERSION.sub("", kind).casefold() for kind in CAMERA_TYPES)
_MOST_TYPES: Final = 64
"""Device and service types that are looked at in one description."""
_WEB: Final = {"http": 80, "https": 443}
_NOT_CAMERAS: Final = re.compile(r"Media(Server|Renderer)|:dial:|dial-multiscreen", re.IGNORECASE)
_UNIQUE_LOCAL: Final = IPv6Network("fc00::/7")


class Source(StrEnum):
    """How a candidate was found; first those whose word about the place counts most."""

    EASY_IP = "easy_ip"
    MO_SEARCH = "mo_search"
    SSDP = "ssdp"
    WS_DISCOVERY = "ws_discovery"
    DHCP = "dhcp"
    SWEEP = "sweep"


_RANKS: Final = {source: rank for rank, source in enumerate(Source)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that announced itself like a camera; nothing of it is proven."""

    host: str
    """Where its word came from, with the scope of a link-local address; never what it claims."""
    port: int | None = None
    """Of its web server; None: it does not say."""
    tls: bool = False
    udn: str | None = None
    """What it calls itself, the same at each announcement."""
    mac: str | None = None
    serial: str | None = None
    camera_id: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    name: str | None = None
    family: str | None = None
    """The family whose language it spoke; None: not known."""
    source: Source = Source.SSDP

    @property
    def key(self) -> str:
        """Return what tells one camera from another, however it was found."""
        return self.mac or self.serial or self.camera_id or self.udn or self.host


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How the cameras of one family are asked who and where they are."""

    name: Source
    port: int
    groups: tuple[str, ...] = ()
    """Multicast addresses of both versions; empty: broadcast."""
    local_port: int = 0
    """Where they answer to; 0: to wherever the question came from."""
    questions: Callable[[str], tuple[bytes, ...]]
    """Gives datagrams that ask, and never set, from the address of an adapter."""
    read: Callable[[bytes, str], tuple[Candidate, ...]]
    """Reads a datagram and the address that it came from; () for what tells of no camera."""
    unasked: bool = False
    """Whether cameras also speak in the groups without being asked."""


def upnp_candidate(description: Mapping[str, object], location: str) -> Candidate | None:
    """Return a candidate for a UPnP description of a camera, else None.

    Televisions and photo cameras of Panasonic announce the same maker, so a camera's device or
    service type, description or model number is wanted as well (facts).
    """
    text = {key: value for key, value in description.items() if isinstance(value, str)}
    if _NOT_CAMERAS.search(text.get("deviceType", "")):
        return None
    models = [text.get("modelNumber", ""), text.get("modelName", "")]
    model = next((model for model in models if _CAMERA_MODEL.search(model)), None)
    if not any(kind in _CAMERA_TYPES for kind in _types(description)) and not (
        _MAKER.search(text.get("manufacturer", ""))
        and (model is not None or "network camera" in text.get("modelDescription", "").casefold())
    ):
        return None
    if (place := split_url(location)) is None or not place.hostname:
        return None
    # The description's own location may be a port of UPnP alone; the pages' address is better, but
    # only on the host that the announcement came from.
    pages = split_url(text.get("presentationURL", ""))
    web = None
    if pages is not None and pages.scheme in _WEB and pages.hostname == place.hostname:
        web = pages
    return Candidate(
        host=place.hostname,
        port=None if web is None else web.port or _WEB[web.scheme],
        tls=web is not None and web.scheme == "https",
        udn=plain(text.get("UDN")),
        mac=read_mac(text.get("UDN", "").strip()[-12:]),
        serial=plain(text.get("serialNumber")),
        manufacturer=plain(text.get("manufacturer")),
        model=plain(model or next(filter(None, models), None)),
        name=plain(text.get("friendlyName")),
    )


def dhcp_candidate(ip: str, hostname: str, mac: str) -> Candidate | None:
    """Return a candidate for what got an address from a DHCP server if it may be a camera.

    By MAC_PREFIXES and HOST_NAMES, as Home Assistant chooses; None for anything else, and for what
    is no address. MAC addresses may come without colons.
    """
    known = read_mac(mac)
    if known is None or _address(ip) is None:
        return None
    called = any(fnmatchcase(hostname.lower(), name) for name in HOST_NAMES)
    if not called and not known.replace(":", "").upper().startswith(MAC_PREFIXES):
        return None
    return Candidate(
        host=ip,
        mac=known,
        model=plain(hostname.upper()) if called else None,
        name=plain(hostname),
        source=Source.DHCP,
    )


def merged(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return each camera once, with what all its candidates tell of it together.

    Candidates are one camera when their MAC addresses say so, else the serial number, else what
    it calls itself, else the host; never when they name two MAC addresses, nor by what several
    hosts call themselves. Host, port and TLS are those of one candidate, since one service's port
    is not another's.
    """
    candidates = list(candidates)
    shared = _shared(candidates)
    by_mark: dict[tuple[str, str], _Group] = {}
    groups: list[_Group] = []
    # Who tells more comes first, so that who tells less has something to join.
    for candidate in sorted(candidates, key=lambda one: one.mac is None):
        group = _Group(candidate)
        groups.append(group)
        for mark in _marks(candidate):
            if mark in shared:
                continue
            other = by_mark.setdefault(mark, group)
            if other is not group and (other.mac == group.mac or None in {other.mac, group.mac}):
                group = other.absorb(group, by_mark)
    return tuple(_richest(group.members) for group in groups if group.members)


def followable(host: str, own: Collection[str]) -> bool:
    """Return whether a host that a stranger named is one to connect to: on a network of ours.

    `own`: addresses of this machine. Anything but a private, unique local or link-local address
    with a scope is none, host names included: they lead wherever their owner likes.
    """
    if (address := _address(host)) is None:
        return False
    mine = {_address(one.partition("%")[0]) for one in own}
    if _address(host.partition("%")[0]) in mine:
        return False
    if isinstance(address, IPv4Address):
        return is_private(address)
    if address.ipv4_mapped is not None:
        return followable(str(address.ipv4_mapped), own)
    if address.is_link_local:
        return address.scope_id is not None
    return address.scope_id is None and address in _UNIQUE_LOCAL


def is_private(address: IPv4Address) -> bool:
    """Return whether an IPv4 address is one of a host on a private network."""
    return (address.is_private or address.is_link_local) and not (
        address.is_loopback
        or address.is_unspecified
        or address.is_multicast
        or address.is_reserved
        or int(address) >> 24 == 0
    )


def split_url(url: str) -> SplitResult | None:
    """Return a URL's parts, or None when it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _types(description: Mapping[str, object]) -> Iterator[str]:
    """Yield the device and service types in a description, without versions, at most some."""
    left: list[object] = [description]
    for _ in range(_MOST_TYPES):
        if not left:
            return
        match left.pop():
            case Mapping() as element:
                for name in ("deviceType", "serviceType"):
                    if isinstance(kind := element.get(name), str):
                        yield _VERSION.sub("", kind.strip()).casefold()
                left += [
                    element[name]
                    for name in ("deviceList", "device", "serviceList", "service")
                    if name in element
                ]
            case list() as elements:
                left += elements[:_MOST_TYPES]


def _shared(candidates: Iterable[Candidate]) -> frozenset[tuple[str, str]]:
    """Return by which UDNs nobody is told: those of several MAC addresses, or of several hosts.

    There are makers whose cameras all have the same one. A camera with both versions of IP has one
    host of each.
    """
    told: dict[str, tuple[set[str], set[str], set[str]]] = {}
    for one in candidates:
        if one.udn is None:
            continue
        macs, *hosts = told.setdefault(one.udn, (set(), set(), set()))
        hosts[":" in one.host].add(one.host)
        if one.mac is not None:
            macs.add(one.mac)
    return frozenset(
        ("udn", udn) for udn, several in told.items() if any(len(each) > 1 for each in several)
    )


def _marks(candidate: Candidate) -> Iterator[tuple[str, str]]:
    """Yield what a candidate can be known by, the strongest first."""
    for name, value in (
        ("mac", candidate.mac),
        ("serial", candidate.serial),
        ("id", candidate.camera_id),
        ("udn", candidate.udn),
        ("host", candidate.host),
    ):
        if value is not None:
            yield name, value


class _Group:
    """Candidates that are one camera; it has one MAC address at most."""

    __slots__ = ("mac", "members")

    def __init__(self, first: Candidate) -> None:
        self.mac = first.mac
        self.members = [first]

    def absorb(self, other: _Group, by_mark: dict[tuple[str, str], _Group]) -> _Group:
        """Make one of two that agree, the longer one; the other is left empty."""
        if len(self.members) < len(other.members):
            return other.absorb(self, by_mark)
        for member in other.members:
            for mark in _marks(member):
                if by_mark.get(mark) is other:
                    by_mark[mark] = self
        self.mac = self.mac or other.mac
        self.members += other.members
        other.members = []
        return self


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _richest(group: list[Candidate]) -> Candidate:
    """Return what the candidates of one camera tell together."""
    ranked = sorted(group, key=lambda one: (":" in one.host, one.port is None, _RANKS[one.source]))

    def first(value: Callable[[Candidate], str | None]) -> str | None:
        return next(filter(None, map(value, ranked)), None)

    return replace(
        ranked[0],
        udn=first(lambda one: one.udn),
        mac=first(lambda one: one.mac),
        serial=first(lambda one: one.serial),
        camera_id=first(lambda one: one.camera_id),
        manufacturer=first(lambda one: one.manufacturer),
        model=first(lambda one: one.model),
        name=first(lambda one: one.name),
        family=first(lambda one: one.family),
    )
