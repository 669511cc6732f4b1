"""Announcements become candidates when they come from cameras, whatever else they claim."""

from dataclasses import replace
from itertools import permutations
import json
from pathlib import Path
import time
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.discovery import (
    CAMERA_TYPES,
    HOST_NAMES,
    MAC_PREFIXES,
    MAKERS,
    PANASONIC_SERVICE,
    Candidate,
    Source,
    dhcp_candidate,
    followable,
    merged,
    upnp_candidate,
)
from tests.cams.support import vector

DEVICE = "{urn:schemas-upnp-org:device-1-0}"


def described(name: str) -> dict[str, Any]:
    """Return a description as Home Assistant's UPnP library hands it over."""

    def value(element: ET.Element) -> Any:
        if len(element) == 0:
            return element.text
        return {child.tag.removeprefix(DEVICE): value(child) for child in element}

    root = ET.fromstring(vector(name))
    device = root.find(f"{DEVICE}device")
    assert device is not None
    found: dict[str, Any] = value(device)
    return found


CAMERA = {
    "manufacturer": "Panasonic",
    "modelNumber": "AG-UMR20",
    "UDN": "uuid:4d454930-0100-1000-8000-a81374010203",
}
AT = "http://192.0.2.9:49152/description.xml"


def test_uck20() -> None:
    """A POVCAM camera's description gives address, MAC address, model and name."""
    found = upnp_candidate(described("ssdp_uck20.xml"), "http://192.0.2.12:60000/d.xml")
    assert found is not None
    assert found.udn is not None
    assert found.udn.lower().endswith("8cc1210a0b0c")
    assert replace(found, udn=None) == Candidate(
        host="192.0.2.12",
        port=80,
        mac="8c:c1:21:0a:0b:0c",
        serial="SIM7UC0034",
        manufacturer="Panasonic",
        model="AG-UCK20",
        name="UCK20",
    )


def test_sister() -> None:
    """A network camera of another line is a candidate, too."""
    found = upnp_candidate(described("ssdp_wv_sc385.xml"), "http://192.0.2.11/d.xml")
    assert found is not None
    assert replace(found, udn=None) == Candidate(
        host="192.0.2.11",
        port=80,
        mac="00:80:f0:44:55:66",
        serial="SIM0000385",
        manufacturer="Panasonic",
        model="WV-SC385",
        name="WV-SC385 hall",
    )


def test_television() -> None:
    """A television of the same maker is none."""
    assert upnp_candidate(described("ssdp_television.xml"), AT) is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"manufacturer": "Panasonic Corporation"},
        {"manufacturer": "i-PRO Co., Ltd.", "modelNumber": "WV-X1551"},
        {"modelNumber": "", "modelName": "AW-HE40"},
        {"modelNumber": None, "modelDescription": "Panasonic NETWORK CAMERA"},
        {"modelNumber": None, "serviceList": {"service": {"serviceType": PANASONIC_SERVICE}}},
        {"modelNumber": None, "serviceList": {"service": [{"serviceType": PANASONIC_SERVICE}]}},
    ],
)
def test_cameras(changes: dict[str, Any]) -> None:
    """Model number, description or service show a camera."""
    found = upnp_candidate(CAMERA | changes, AT)
    assert found is not None
    assert (found.host, found.port, found.tls, found.mac) == (
        "192.0.2.9",
        None,
        False,
        "a8:13:74:01:02:03",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"manufacturer": "Canon"},
        {"manufacturer": "NotPanasonicAtAll"},
        {"manufacturer": None},
        {"manufacturer": ["Panasonic"]},
        {"modelNumber": "DMC-GH5", "modelDescription": "LUMIX"},
        {"modelNumber": "XAW-HE40"},
        {"modelNumber": None},
        {"modelNumber": {"AG-UMR20": 1}},
        {"deviceType": "urn:schemas-upnp-org:device:MediaServer:1"},
        {"deviceType": "urn:schemas-upnp-org:device:MediaRenderer:1"},
        {"deviceType": "urn:dial-multiscreen-org:device:dial:1"},
    ],
)
def test_others(changes: dict[str, Any]) -> None:
    """Other makers and other things of this maker are no candidates."""
    assert upnp_candidate(CAMERA | changes, AT) is None


@pytest.mark.parametrize(
    "location", ["", "/description.xml", "http://", "http://[::1/", "http://192.0.2.9:99999/", "x:"]
)
def test_no_location(location: str) -> None:
    """Without a host there is nobody to ask."""
    assert upnp_candidate(CAMERA, location) is None


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("http://192.0.2.9:8080/", 8080, False),
        ("https://192.0.2.9/", 443, True),
        ("http://192.0.2.9/", 80, False),
        ("ftp://192.0.2.9:21/", None, False),
        ("https://192.0.2.9:8443/live", 8443, True),
        ("http://192.0.2.66:8080/", None, False),
        ("https://evil.example/", None, False),
        ("https://192.0.2.9@evil.example/", None, False),
        ("http://192.0.2.9:0x50/", None, False),
        ("http://192.0.2.9:99999/", None, False),
        ("http://[192.0.2.9/", None, False),
        ("/live", None, False),
        ("", None, False),
        (None, None, False),
        (80, None, False),
    ],
)
def test_presentation(url: object, port: int | None, tls: bool) -> None:
    """The pages' address counts only on the host that made the announcement."""
    found = upnp_candidate(CAMERA | {"presentationURL": url}, AT)
    assert found is not None
    assert (found.host, found.port, found.tls) == ("192.0.2.9", port, tls)


def test_ipv6() -> None:
    """An address of IPv6 comes bare."""
    found = upnp_candidate(
        CAMERA | {"presentationURL": "http://[2001:DB8::9]:81/"}, "http://[2001:db8::9]:4/d.xml"
    )
    assert found is not None
    assert (found.host, found.port) == ("2001:db8::9", 81)


@pytest.mark.parametrize(
    ("udn", "mac"),
    [
        ("uuid:4D454930-0100-1000-8000-A81374010203", "a8:13:74:01:02:03"),
        ("uuid:4d454930-0100-1000-8000-a81374010203 ", "a8:13:74:01:02:03"),
        ("uuid:x", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_mac(udn: object, mac: str | None) -> None:
    """The MAC address is the end of the UDN, where that is one."""
    found = upnp_candidate(CAMERA | {"UDN": udn}, AT)
    assert found is not None
    assert found.mac == mac


SECURITY = "urn:schemas-upnp-org:device:DigitalSecurityCamera:1"
STILL = "urn:schemas-upnp-org:service:DigitalSecurityCameraStillImage:1"
OTHER = {"manufacturer": "Somebody", "modelName": "Cam 1", "UDN": "uuid:1"}


@pytest.mark.parametrize(
    "kinds",
    [
        {"deviceType": SECURITY},
        {"deviceType": SECURITY.replace(":1", ":2").upper()},
        {"serviceList": {"service": {"serviceType": STILL}}},
        {"serviceList": {"service": [{"serviceType": "x"}, {"serviceType": f" {STILL}\n"}]}},
        {"deviceList": {"device": {"deviceType": SECURITY}}},
        {"deviceList": {"device": [{}, {"serviceList": {"service": {"serviceType": STILL}}}]}},
    ],
)
def test_camera_types(kinds: dict[str, Any]) -> None:
    """Whoever made it, what has a camera's device or service is a camera."""
    found = upnp_candidate(OTHER | kinds, AT)
    assert found is not None
    assert (found.host, found.manufacturer, found.model) == ("192.0.2.9", "Somebody", "Cam 1")


@pytest.mark.parametrize(
    "kinds",
    [
        {"deviceType": "urn:schemas-upnp-org:device:Basic:1"},
        {"deviceType": f"{SECURITY}x"},
        {"deviceType": [SECURITY]},
        {"friendlyName": SECURITY, "modelName": STILL},
        {"serviceList": {"service": {"serviceId": STILL}}},
        {"serviceList": STILL},
        {"deviceList": {"device": [{}] * 100 + [{"deviceType": SECURITY}]}},
    ],
)
def test_other_types(kinds: dict[str, Any]) -> None:
    """Only types count, and only some of them are looked at."""
    assert upnp_candidate(OTHER | kinds, AT) is None


def test_deep_description() -> None:
    """A description that nests without end is left at some point."""
    deep: dict[str, Any] = {"deviceType": SECURITY}
    for _ in range(200):
        deep = {"deviceList": {"device": deep}}
    assert upnp_candidate(OTHER | deep, AT) is None


def test_manifest() -> None:
    """Home Assistant looks for what the tables here say, and for what is set up."""
    root = Path(__file__).parents[2] / "custom_components" / "panacam"
    manifest = json.loads((root / "manifest.json").read_text())
    assert manifest["dhcp"] == [
        {"registered_devices": True},
        *({"macaddress": f"{prefix}*"} for prefix in MAC_PREFIXES),
        *({"hostname": name} for name in HOST_NAMES),
    ]
    basic = "urn:schemas-upnp-org:device:Basic:1"
    ssdp = manifest["ssdp"]
    assert ssdp[: len(MAKERS)] == [{"deviceType": basic, "manufacturer": name} for name in MAKERS]
    told = {(key, kind) for matcher in ssdp[len(MAKERS) :] for key, kind in matcher.items()}
    assert told == {(key, kind) for key in ("st", "nt") for kind in CAMERA_TYPES} | {
        ("deviceType", kind) for kind in CAMERA_TYPES if ":device:" in kind
    }
    assert all(len(matcher) == 1 for matcher in ssdp[len(MAKERS) :])
    assert all(prefix.isupper() or prefix.isdecimal() for prefix in MAC_PREFIXES)
    assert all(name == name.lower() for name in HOST_NAMES)


@pytest.mark.parametrize(
    ("hostname", "mac", "model"),
    [
        ("ag-umr20", "020000000001", "AG-UMR20"),
        ("AG-UCK20GJ", "02:00:00:00:00:01", "AG-UCK20GJ"),
        ("wv-x1551l", "020000000001", "WV-X1551L"),
        ("stage-left", "a81374010203", None),
        ("", "D4-2D-C5-01-02-03", None),
    ],
)
def test_dhcp(hostname: str, mac: str, model: str | None) -> None:
    """A model as a name, or one of the maker's addresses, may be a camera."""
    found = dhcp_candidate("192.0.2.40", hostname, mac)
    assert found is not None
    assert (found.host, found.port, found.source) == ("192.0.2.40", None, Source.DHCP)
    assert (found.model, found.name) == (model, hostname or None)
    assert found.mac is not None
    assert found.mac.replace(":", "") == mac.replace(":", "").replace("-", "").lower()


@pytest.mark.parametrize(
    ("ip", "hostname", "mac"),
    [
        ("192.0.2.40", "laptop", "020000000001"),
        ("192.0.2.40", "my-ag-umr20", "020000000001"),
        ("192.0.2.40", "ag-umr20", ""),
        ("192.0.2.40", "ag-umr20", "000000000000"),
        ("", "ag-umr20", "a81374010203"),
        ("camera.example", "ag-umr20", "a81374010203"),
    ],
)
def test_no_dhcp(ip: str, hostname: str, mac: str) -> None:
    """Other devices, and what is no address, are none."""
    assert dhcp_candidate(ip, hostname, mac) is None


MAC = "a8:13:74:01:02:03"
FIVE_WAYS = (
    Candidate(host="192.0.2.50", source=Source.DHCP, mac=MAC, name="ag-umr20"),
    Candidate(
        host="192.0.2.50", port=80, source=Source.SSDP, mac=MAC, udn="uuid:1", model="AG-UMR20"
    ),
    Candidate(
        host="192.0.2.50",
        port=8000,
        source=Source.WS_DISCOVERY,
        family="onvif",
        udn="urn:uuid:2",
        manufacturer="Panasonic",
    ),
    Candidate(
        host="fe80::1%eth0", port=8000, source=Source.WS_DISCOVERY, family="onvif", udn="urn:uuid:2"
    ),
    Candidate(
        host="192.0.2.50",
        port=8080,
        source=Source.EASY_IP,
        family="povcam",
        mac=MAC,
        serial="S1",
        name="Stage",
    ),
)
ONE = Candidate(
    host="192.0.2.50",
    port=8080,
    source=Source.EASY_IP,
    family="povcam",
    mac=MAC,
    serial="S1",
    udn="uuid:1",
    manufacturer="Panasonic",
    model="AG-UMR20",
    name="Stage",
)


def test_five_ways() -> None:
    """One camera found five ways is one, in whatever order it was found."""
    for order in permutations(FIVE_WAYS):
        assert merged(order) == (ONE,)
    assert ONE.key == MAC


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ({"mac": MAC}, {"mac": MAC, "host": "192.0.2.2"}, 1),
        ({"serial": "S"}, {"serial": "S", "host": "192.0.2.2"}, 1),
        ({"camera_id": "C"}, {"camera_id": "C", "host": "192.0.2.2"}, 1),
        ({"udn": "U"}, {"udn": "U", "host": "192.0.2.2"}, 2),
        ({"udn": "U"}, {"udn": "U", "host": "fe80::1%2"}, 1),
        ({"udn": "U", "mac": MAC}, {"udn": "U", "host": "fe80::1%2"}, 1),
        ({}, {}, 1),
        ({"mac": MAC, "serial": "S"}, {"serial": "S", "host": "192.0.2.2"}, 1),
        ({"mac": MAC, "serial": "S"}, {"mac": "a8:13:74:01:02:04", "serial": "S"}, 2),
        ({"mac": MAC}, {"mac": "a8:13:74:01:02:04"}, 2),
        ({}, {"host": "192.0.2.2"}, 2),
        ({"serial": "S"}, {"camera_id": "S", "host": "192.0.2.2"}, 2),
    ],
)
def test_pairs(one: dict[str, Any], other: dict[str, Any], count: int) -> None:
    """Two are one by what they share, and never with two MAC addresses."""
    pair = [Candidate(**{"host": "192.0.2.1"} | told) for told in (one, other)]
    assert len(merged(pair)) == count
    assert len(merged(reversed(pair))) == count


def test_merged_by_a_third() -> None:
    """Two that share nothing are one when a third has something of both."""
    first = Candidate(host="192.0.2.1", serial="S")
    second = Candidate(host="fe80::2%2", udn="U")
    third = Candidate(host="192.0.2.3", serial="S", udn="U")
    for order in permutations((first, second, third)):
        assert len(merged(order)) == 1


def test_forged_addresses() -> None:
    """Somebody who claims two cameras' numbers does not make them one."""
    real = [
        Candidate(host="192.0.2.1", mac="a8:13:74:00:00:01", udn="A"),
        Candidate(host="192.0.2.2", mac="a8:13:74:00:00:02", udn="B"),
    ]
    forged = [Candidate(host="192.0.2.1", udn="B"), Candidate(host="192.0.2.2", udn="A")]
    assert {one.mac for one in merged([*forged, *real])} == {one.mac for one in real}


def test_merging_many() -> None:
    """A flood is sorted in a moment, also one that hangs together in one long chain."""
    chain = [
        Candidate(host=f"h{n}", serial=f"s{n // 2}", camera_id=f"c{(n + 1) // 2}")
        for n in range(8000)
    ]
    apart = [Candidate(host=f"x{n}") for n in range(2000)]
    started = time.perf_counter()
    assert len(merged(chain + apart)) == 2001
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"mac": "m", "serial": "s", "camera_id": "c", "udn": "u"}, "m"),
        ({"serial": "s", "camera_id": "c", "udn": "u"}, "s"),
        ({"camera_id": "c", "udn": "u"}, "c"),
        ({"udn": "u"}, "u"),
        ({}, "h"),
    ],
)
def test_key(told: dict[str, Any], key: str) -> None:
    """The strongest mark is the key."""
    assert Candidate(host="h", **told).key == key


OWN = ("192.168.1.2", "fe80::2%eth0", "fd00::2", "not an address")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.168.1.3", True),
        ("10.0.0.1", True),
        ("172.16.0.1", True),
        ("169.254.7.7", True),
        ("fd00::3", True),
        ("fe80::3%eth0", True),
        ("fe80::3%2", True),
        ("::ffff:192.168.1.3", True),
        ("192.168.1.2", False),
        ("::ffff:192.168.1.2", False),
        ("fe80::2%eth0", False),
        ("fe80::2%eth1", False),
        ("fd00::2", False),
        ("fe80::3", False),
        ("fd00::3%eth0", False),
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("0.0.0.0", False),
        ("0.1.2.3", False),
        ("::", False),
        ("224.0.0.1", False),
        ("239.255.255.250", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("ff02::c", False),
        ("8.8.8.8", False),
        ("100.64.0.1", False),
        ("2606:4700::1111", False),
        ("::ffff:8.8.8.8", False),
        ("camera.local", False),
        ("localhost", False),
        ("192.168.1", False),
        ("3232235779", False),
        ("0xc0a80103", False),
        ("192.168.1.3:80", False),
        ("", False),
    ],
)
def test_followable(host: str, expected: bool) -> None:
    """Only addresses of our own networks are followed, and none of this machine."""
    assert followable(host, OWN) is expected


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("AG-UMR20"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
KEYS = (
    *("deviceType", "modelNumber", "presentationURL", "UDN", "friendlyName"),
    *("serviceList", "deviceList", "serialNumber", "manufacturer"),
)


@settings(database=None, derandomize=True, deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from(KEYS), ANY), st.text(max_size=30) | st.just(AT))
def test_hostile(changes: dict[str, Any], location: str) -> None:
    """Whatever a description holds, the answer is a candidate or None."""
    found = upnp_candidate(CAMERA | changes, location)
    assert found is None or found.host
