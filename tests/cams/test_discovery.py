"""Announcements become candidates when they come from cameras, whatever else they claim."""

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.discovery import (
    PANASONIC_SERVICE,
    Candidate,
    panasonic_candidate,
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
    found = panasonic_candidate(described("ssdp_uck20.xml"), "http://192.0.2.12:60000/d.xml")
    assert found is not None
    assert found.udn is not None
    assert found.udn.lower().endswith("8cc1210a0b0c")
    assert replace(found, udn=None) == Candidate(
        host="192.0.2.12", port=80, mac="8c:c1:21:0a:0b:0c", model="AG-UCK20", name="UCK20"
    )


def test_sister() -> None:
    """A network camera of another line is a candidate, too."""
    found = panasonic_candidate(described("ssdp_wv_sc385.xml"), "http://192.0.2.11/d.xml")
    assert found is not None
    assert replace(found, udn=None) == Candidate(
        host="192.0.2.11", port=80, mac="00:80:f0:44:55:66", model="WV-SC385", name="WV-SC385 hall"
    )


def test_television() -> None:
    """A television of the same maker is none."""
    assert panasonic_candidate(described("ssdp_television.xml"), AT) is None


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
    found = panasonic_candidate(CAMERA | changes, AT)
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
    assert panasonic_candidate(CAMERA | changes, AT) is None


@pytest.mark.parametrize(
    "location", ["", "/description.xml", "http://", "http://[::1/", "http://192.0.2.9:99999/", "x:"]
)
def test_no_location(location: str) -> None:
    """Without a host there is nobody to ask."""
    assert panasonic_candidate(CAMERA, location) is None


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
    found = panasonic_candidate(CAMERA | {"presentationURL": url}, AT)
    assert found is not None
    assert (found.host, found.port, found.tls) == ("192.0.2.9", port, tls)


def test_ipv6() -> None:
    """An address of IPv6 comes bare."""
    found = panasonic_candidate(
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
    found = panasonic_candidate(CAMERA | {"UDN": udn}, AT)
    assert found is not None
    assert found.mac == mac


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("AG-UMR20"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
KEYS = ("deviceType", "modelNumber", "presentationURL", "UDN", "friendlyName", "serviceList")


@settings(database=None, derandomize=True, deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from(KEYS), ANY), st.text(max_size=30) | st.just(AT))
def test_hostile(changes: dict[str, Any], location: str) -> None:
    """Whatever a description holds, the answer is a candidate or None."""
    found = panasonic_candidate(CAMERA | changes, location)
    assert found is None or found.host
