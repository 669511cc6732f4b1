"""WS-Discovery (IEC 62676-2-31 clause 7): questions, and answers of ONVIF devices (no I/O).

Names are compared without namespaces, so that version 1.1 and undeclared prefixes are read, too.
What an answer relates to is not looked at: many devices get it wrong.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from itertools import islice
import re
from typing import Final
from urllib.parse import unquote
import uuid

from ..device import read_mac
from ..discovery import Candidate, Search, Source
from ..errors import ProtocolError
from ..text import plain
from .addresses import Place, split
from .node import Node, parse

PORT: Final = 3702
GROUPS: Final = ("239.255.255.250", "ff02::c")
MAX_DATAGRAM: Final = 8192
"""Bytes; answers of real devices have two thousand at most."""
MAX_MATCHES: Final = 8
"""Devices in one answer."""
MAX_WORDS: Final = 64
"""Types, scopes or addresses of one device that are looked at."""

_PROBE: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">'
    "<s:Header>"
    '<a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe'
    "</a:Action>"
    "<a:MessageID>urn:uuid:{id}</a:MessageID>"
    "<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
    "</a:Address></a:ReplyTo>"
    '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>'
    "</s:Header>"
    "<s:Body><d:Probe>{types}</d:Probe></s:Body>"
    "</s:Envelope>"
)
_NETWORK: Final = 'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"'
_DEVICE: Final = 'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
_TYPES: Final = (
    f"<d:Types {_NETWORK}>dn:NetworkVideoTransmitter</d:Types>",
    f"<d:Types {_DEVICE}>tds:Device</d:Types>",
    "",
)
"""What is asked for; some devices answer only the question without types."""

_ONVIF: Final = "http://www.onvif.org/"
_TRANSMITTER: Final = "NetworkVideoTransmitter"
_OTHERS: Final = frozenset({"NetworkVideoDisplay", "NetworkVideoStorage", "NetworkVideoAnalytics"})
_PREFIXES: Final = frozenset({"tds", "dn", "tdn"})
"""What stands for ONVIF's namespaces where a device declares none."""
_SCOPE: Final = re.compile(r"onvif://www\.onvif\.org/([a-z_]+)/(.+)", re.IGNORECASE)
_UUID: Final = re.compile(
    r"(?:urn:)?(?:uuid:)?([0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-([0-9a-f]{12}))",
    re.IGNORECASE,
)
_NO_MAC: Final = frozenset("34567")
"""Versions of UUIDs that are random or a hash, so that their end is no address."""


def questions(_address: str) -> tuple[bytes, ...]:
    """Return three Probes, each with an id of its own."""
    return tuple(_PROBE.format(id=uuid.uuid4(), types=types).encode() for types in _TYPES)


def read(datagram: bytes, source: str) -> tuple[Candidate, ...]:
    """Return the cameras that a ProbeMatches or a Hello tells of; () for anything else."""
    if len(datagram) > MAX_DATAGRAM:
        return ()
    try:
        body = parse(datagram).child("Body")
    except ProtocolError:
        return ()
    if body is None:
        return ()
    matches = [*body.children("ProbeMatches", "ProbeMatch"), *body.children("Hello")]
    found = (_candidate(match, source) for match in matches[:MAX_MATCHES])
    return tuple(candidate for candidate in found if candidate is not None)


def _candidate(match: Node, source: str) -> Candidate | None:
    """Return the device of a match if it is a camera's: printers and computers answer as well."""
    scopes = _words(match, "Scopes")
    places = [place for place in map(split, _words(match, "XAddrs")) if place is not None]
    if not _is_camera(match, scopes, places):
        return None
    told = _told(scopes)
    place = _place(places, source)
    endpoint = match.text("EndpointReference", "Address") or ""
    return Candidate(
        host=source,
        port=None if place is None else place.port,
        tls=place is not None and place.tls,
        # As GetEndpointReference has it, which a camera without a number is known by.
        udn=plain(endpoint.removeprefix("urn:uuid:")),
        mac=read_mac(told.get("mac") or told.get("macaddr") or "") or _mac(endpoint),
        serial=plain(told.get("serial")),
        manufacturer=plain(told.get("manufacturer")),
        model=plain(told.get("hardware")),
        name=plain(told.get("name")),
        family="onvif",
        source=Source.WS_DISCOVERY,
    )


def _is_camera(match: Node, scopes: list[str], places: list[Place]) -> bool:
    """Return whether types, scopes or addresses say ONVIF, and no type that it is another thing."""
    types = _words(match, "Types")
    names = {name.rpartition(":")[2] for name in types}
    if _TRANSMITTER in names:
        return True
    if names & _OTHERS:
        return False
    node = match.child("Types")
    known = {} if node is None else node.element.nsmap
    return (
        any(_is_onvif(name, known) for name in types)
        or any(_SCOPE.fullmatch(scope) for scope in scopes)
        or any("/onvif/" in f"{place.path}/" for place in places)
    )


def _is_onvif(name: str, known: Mapping[str | None, str]) -> bool:
    """Return whether the type of a device is one of ONVIF's; Windows has a `Device`, too."""
    prefix, _, local = name.rpartition(":")
    if (namespace := known.get(prefix or None)) is not None:
        return str(namespace).startswith(_ONVIF)
    return local == "Device" and prefix in _PREFIXES


def _place(places: list[Place], source: str) -> Place | None:
    """Return the address on the host that the answer came from, else the first one.

    Of it only port and TLS count: a device behind a translation of addresses knows no better, and
    a forged answer leads nowhere.
    """
    bare = source.partition("%")[0]
    return next((place for place in places if _same(place.host, bare)), next(iter(places), None))


def _same(host: str, other: str) -> bool:
    try:
        return ip_address(host.partition("%")[0]) == ip_address(other)
    except ValueError:
        return False


def _told(scopes: list[str]) -> Mapping[str, str]:
    """Return what ONVIF's scopes say, by category in lower case; the first one counts."""
    told: dict[str, str] = {}
    for scope in scopes:
        if (found := _SCOPE.fullmatch(scope)) is not None:
            told.setdefault(found[1].lower(), unquote(found[2].strip("/")))
    return told


def _mac(endpoint: str) -> str | None:
    """Return the MAC address that an endpoint's UUID ends with, where it can be one."""
    found = _UUID.fullmatch(endpoint.strip())
    if found is None or found[2] in _NO_MAC or int(found[3][:2], 16) & 3:
        return None
    return read_mac(found[3])


def _words(match: Node, name: str) -> list[str]:
    """Return the words of a list, at most MAX_WORDS."""
    text = match.whole_text(name) or ""
    return [word[0] for word in islice(re.finditer(r"\S+", text), MAX_WORDS)]


SEARCH: Final = Search(
    name=Source.WS_DISCOVERY,
    port=PORT,
    groups=GROUPS,
    questions=questions,
    read=read,
    unasked=True,
)
