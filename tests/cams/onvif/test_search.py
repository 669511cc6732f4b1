"""WS-Discovery: what is asked, and which answers are a camera's."""

from dataclasses import replace
from pathlib import Path
import time
from xml.etree import ElementTree as ET

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.discovery import Candidate, Source
from custom_components.panacam.cams.onvif.search import (
    MAX_DATAGRAM,
    MAX_MATCHES,
    SEARCH,
    questions,
    read,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "onvif" / "discovery"
HERE = "192.0.2.30"
S = "{http://www.w3.org/2003/05/soap-envelope}"
A = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
D = "{http://schemas.xmlsoap.org/ws/2005/04/discovery}"


def vector(name: str) -> bytes:
    """Return what a device sent."""
    return (VECTORS / f"{name}.xml").read_bytes()


def match(inside: str) -> bytes:
    """Return an answer with one match."""
    return (
        f"<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope' xmlns:d='{D[1:-1]}'"
        f" xmlns:a='{A[1:-1]}'><e:Body><d:ProbeMatches><d:ProbeMatch>{inside}"
        "</d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"
    ).encode()


def camera(inside: str) -> Candidate:
    """Return the camera that an answer with these elements is of."""
    types = "<d:Types>dn:NetworkVideoTransmitter</d:Types>"
    (found,) = read(match(types + inside), HERE)
    return found


def test_questions() -> None:
    """Three Probes: for a transmitter, for a device, for anything; each with its own id."""
    asked = []
    ids = set()
    for question in (*questions("192.0.2.5"), *questions("192.0.2.5")):
        envelope = ET.fromstring(question)
        header, body = envelope
        assert (envelope.tag, header.tag, body.tag) == (f"{S}Envelope", f"{S}Header", f"{S}Body")
        assert header.findtext(f"{A}Action") == f"{D[1:-1]}/Probe"
        assert header.findtext(f"{A}To") == "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
        ids.add(header.findtext(f"{A}MessageID"))
        (probe,) = body
        assert probe.tag == f"{D}Probe"
        asked.append(probe.findtext(f"{D}Types"))
    assert asked == ["dn:NetworkVideoTransmitter", "tds:Device", None] * 2
    assert len(ids) == 6
    assert b'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"' in questions("")[0]
    assert b'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"' in questions("")[1]


def test_search() -> None:
    """It asks the groups of both versions, and hears what is said unasked."""
    assert (SEARCH.port, SEARCH.local_port, SEARCH.unasked) == (3702, 0, True)
    assert SEARCH.groups == ("239.255.255.250", "ff02::c")


def test_match() -> None:
    """Scopes tell names and numbers; the address on the answering host tells the port."""
    assert read(vector("match"), HERE) == (
        Candidate(
            host=HERE,
            port=8899,
            udn="5f5a69c2-e0ae-504f-829b-00125601a2b3",
            mac="00:12:56:01:a2:b3",
            serial="SIMYC000017",
            manufacturer="Simulated",
            model="YC-200 PTZ",
            name="Back yard à gauche",
            family="onvif",
            source=Source.WS_DISCOVERY,
        ),
    )


def test_match_by_ipv6() -> None:
    """An answer by IPv6 keeps its scope, and takes the address of that version."""
    (found,) = read(vector("match"), "fe80::212:56ff:fe01:a2b3%eth1")
    assert (found.host, found.port) == ("fe80::212:56ff:fe01:a2b3%eth1", 8000)


def test_bare_match() -> None:
    """Undeclared prefixes, and nothing that could be left out."""
    (found,) = read(vector("match_bare"), "192.0.2.31")
    assert (found.port, found.tls, found.mac) == (443, True, "00:12:56:01:a2:b4")
    assert (found.name, found.model) == (None, None)


def test_several_in_one() -> None:
    """Each device of an answer is judged for itself."""
    found = read(vector("match_two"), "192.0.2.32")
    assert [(one.port, one.name, one.mac) for one in found] == [
        (81, "Channel1", None),
        (82, None, None),
    ]


def test_version_1_1() -> None:
    """Names count without their namespaces."""
    (found,) = read(vector("match_2009"), "192.0.2.33")
    assert (found.host, found.port) == ("192.0.2.33", 80)


def test_hello() -> None:
    """A Hello is a candidate like an answer, a Bye is none."""
    (found,) = read(vector("hello"), "192.0.2.36")
    assert (found.name, found.mac, found.port) == ("Gate", "00:12:56:00:00:07", 2020)
    assert read(vector("bye"), "192.0.2.36") == ()


@pytest.mark.parametrize("name", ["match_windows", "match_printer"])
def test_other_devices(name: str) -> None:
    """Computers and printers answer as well."""
    assert read(vector(name), "192.0.2.34") == ()


@pytest.mark.parametrize(
    ("inside", "is_camera"),
    [
        ("<d:Types>dn:NetworkVideoTransmitter</d:Types>", True),
        ("<d:Types>NetworkVideoTransmitter</d:Types>", True),
        ("<d:Types>tds:Device</d:Types>", True),
        ("<d:Types xmlns:x='http://www.onvif.org/ver10/device/wsdl'>x:Device</d:Types>", True),
        ("<Types xmlns='http://www.onvif.org/ver10/device/wsdl'>Device</Types>", True),
        ("<d:Types xmlns:tds='http://example.com/'>tds:Device</d:Types>", False),
        ("<d:Types>wsdp:Device</d:Types>", False),
        ("<d:Types>Device</d:Types>", False),
        ("<d:Types>dn:NetworkVideoDisplay tds:Device</d:Types>", False),
        ("<d:Types>dn:NetworkVideoStorage dn:NetworkVideoTransmitter</d:Types>", True),
        ("<d:Scopes>onvif://www.onvif.org/type/ptz</d:Scopes>", True),
        ("<d:Scopes>ONVIF://WWW.ONVIF.ORG/NAME/X</d:Scopes>", True),
        ("<d:Scopes>onvif://www.onvif.org/</d:Scopes>", False),
        ("<d:Scopes>onvif://example.com/name/x</d:Scopes>", False),
        ("<d:XAddrs>http://192.0.2.30/onvif/device_service</d:XAddrs>", True),
        ("<d:XAddrs>http://192.0.2.30/onvifs</d:XAddrs>", False),
        ("<d:XAddrs>/onvif/device_service</d:XAddrs>", False),
        ("", False),
    ],
)
def test_cameras(inside: str, is_camera: bool) -> None:
    """Types, scopes or addresses have to say ONVIF."""
    assert bool(read(match(inside), HERE)) is is_camera


@pytest.mark.parametrize(
    ("addresses", "port", "tls"),
    [
        ("", None, False),
        ("http://192.0.2.99:81/onvif http://192.0.2.30:82/onvif", 82, False),
        ("http://127.0.0.1:81/onvif http://203.0.113.9:82/onvif", 81, False),
        ("https://evil.example:8443/onvif", 8443, True),
        ("ftp://192.0.2.30/ http://192.0.2.30:99999/ x http://[::1/ http://192.0.2.30", 80, False),
        ("nonsense", None, False),
    ],
)
def test_addresses(addresses: str, port: int | None, tls: bool) -> None:
    """Whatever an address says, the host is where the answer came from."""
    found = camera(f"<d:XAddrs>{addresses}</d:XAddrs>")
    assert (found.host, found.port, found.tls) == (HERE, port, tls)


@pytest.mark.parametrize(
    ("endpoint", "mac"),
    [
        ("urn:uuid:cea94000-fb96-11b3-8260-001256aabbcc", "00:12:56:aa:bb:cc"),
        ("UUID:CEA94000-FB96-A1B3-8260-001256AABBCC", "00:12:56:aa:bb:cc"),
        ("cea94000-fb96-11b3-8260-001256aabbcc", "00:12:56:aa:bb:cc"),
        ("urn:uuid:cea94000-fb96-41b3-8260-001256aabbcc", None),
        ("urn:uuid:cea94000-fb96-51b3-8260-001256aabbcc", None),
        ("urn:uuid:cea94000-fb96-11b3-8260-011256aabbcc", None),
        ("urn:uuid:cea94000-fb96-11b3-8260-021256aabbcc", None),
        ("urn:uuid:cea94000-fb96-11b3-8260-000000000000", None),
        ("urn:uuid:001256aabbcc", None),
        ("http://192.0.2.30/", None),
        ("", None),
    ],
)
def test_endpoint(endpoint: str, mac: str | None) -> None:
    """The end of a UUID is a MAC address, unless it is random or a hash."""
    inside = f"<a:EndpointReference><a:Address>{endpoint}</a:Address></a:EndpointReference>"
    found = camera(inside)
    assert (found.mac, found.udn) == (mac, endpoint.removeprefix("urn:uuid:") or None)


def test_scopes() -> None:
    """The first of a category counts, without its blanks, and a wrong MAC address is none."""
    root = "onvif://www.onvif.org"
    found = camera(
        f"<d:Scopes>{root}/name/%20%0AA%E2%80%AEB/C/ {root}/Name/other {root}/mac/zz"
        f" {root}/hardware/%ff%41 {root}/serial/</d:Scopes>"
    )
    assert replace(found, source=Source.SSDP) == Candidate(
        host=HERE, name="AB/C", model="\ufffdA", family="onvif"
    )


def test_bounds() -> None:
    """What is too long is dropped, what is too many or too much text is cut."""
    name = "x" * 3000
    assert camera(f"<d:Scopes>onvif://www.onvif.org/name/{name}</d:Scopes>").name == "x" * 64
    huge = f"<d:Scopes>onvif://www.onvif.org/name/{'x' * MAX_DATAGRAM}</d:Scopes>"
    assert read(match(huge), HERE) == ()
    many = "</d:ProbeMatch><d:ProbeMatch>".join(
        f"<d:XAddrs>http://x:{port}/onvif</d:XAddrs>" for port in range(1, 40)
    )
    assert len(read(match(many), HERE)) == MAX_MATCHES
    words = "http://x/ " * 100 + "http://x/onvif/"
    assert read(match(f"<d:XAddrs>{words}</d:XAddrs>"), HERE) == ()


@pytest.mark.parametrize("name", ["match", "match_bare", "match_two", "hello"])
def test_cut(name: str) -> None:
    """A message that is cut anywhere, or followed by more, is read or not, and never a fault."""
    whole = vector(name)
    for size in range(len(whole)):
        for found in read(whole[:size], HERE):
            assert found.host == HERE
    assert read(whole + b"\0\xff<", HERE) == read(whole, HERE)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0" * 100,
        b"<a/>",
        b"<!DOCTYPE x [<!ENTITY y 'z'>]><x>&y;</x>",
        "<!DOCTYPE x><x/>".encode("utf-16"),
        b"HTTP/1.1 200 OK\r\n\r\n",
        match("<d:Types>dn:NetworkVideoTransmitter</d:Types>").replace(b"Body", b"Head"),
    ],
)
def test_rubbish(datagram: bytes) -> None:
    """What is no message tells of no camera."""
    assert read(datagram, HERE) == ()


@settings(database=None, derandomize=True, deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.integers(min_value=0, max_value=1500))
def test_hostile(rubbish: bytes, at: int) -> None:
    """Whatever comes, the answer is candidates of the host that it came from."""
    whole = vector("match")
    for found in read(whole[:at] + rubbish + whole[at:], HERE):
        assert found.host == HERE


def test_cost() -> None:
    """No single message holds the event loop up: not one that is as dense as it can be."""
    dense = b"<Envelope><Body><ProbeMatches>"
    dense += b"<ProbeMatch/>" * ((MAX_DATAGRAM - len(dense)) // 13)
    nested = b"<Envelope><Body>" + b"<x>" * 200 + b"<a b='c'/>" * 700
    for datagram in (vector("match"), dense, nested[:MAX_DATAGRAM]):
        started = time.perf_counter()
        for _ in range(20):
            read(datagram, HERE)
        assert (time.perf_counter() - started) / 20 < 0.02
