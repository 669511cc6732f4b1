"""The search by broadcast."""

from ipaddress import IPv4Address

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.discovery import Candidate, Source
from custom_components.panacam.cams.errors import ProtocolError
from custom_components.panacam.cams.mo.search import (
    SEARCH,
    Found,
    read_search_reply,
    search_request,
)
from tests.simulators.mo.vectors import load

REPLY = load("search/reply")
FOUND = Found(
    camera_id="A81374000101",
    name="Front door",
    address=IPv4Address("192.0.2.17"),
    mask=IPv4Address("255.255.255.0"),
    gateway=IPv4Address("192.0.2.1"),
    dns=IPv4Address("192.0.2.2"),
    firmware=(11, 37, 2, 56),
    pages=(2, 4, 10, 5),
    port=8091,
    dhcp=True,
)


def test_request() -> None:
    """The question is what real clients ask."""
    assert search_request() == load("search/request")


def test_reply() -> None:
    """The answer is big-endian, and may go on."""
    assert read_search_reply(REPLY) == FOUND
    assert read_search_reply(REPLY + b"more") == FOUND


def test_no_reply() -> None:
    """Anything else is no camera."""
    for datagram in (
        *(REPLY[:size] for size in range(len(REPLY))),
        b"MO_O" + REPLY[4:],
        REPLY[:4] + b"\0" + REPLY[5:],
        REPLY[:15] + b"\x40" + REPLY[16:],
        search_request(),
    ):
        with pytest.raises(ProtocolError):
            read_search_reply(datagram)


@settings(derandomize=True, database=None, deadline=None)
@given(st.binary(min_size=65, max_size=90))
def test_any_text(text: bytes) -> None:
    """A text of any content is read, and its names are clean."""
    found = read_search_reply(REPLY[:23] + text)
    assert (found.name or "").isprintable()
    assert 0 <= found.port <= 65535


def test_search() -> None:
    """Everybody is asked by broadcast, whatever address we have."""
    assert (SEARCH.name, SEARCH.port, SEARCH.groups) == (Source.MO_SEARCH, 10000, ())
    assert SEARCH.questions("192.0.2.5") == (load("search/request"),)
    assert not SEARCH.unasked


def test_candidate() -> None:
    """Who answers is a candidate where its answer came from, whatever address it names."""
    assert SEARCH.read(REPLY, "192.0.2.99") == (
        Candidate(
            host="192.0.2.99",
            port=8091,
            mac="a8:13:74:00:01:01",
            camera_id="A81374000101",
            manufacturer="MO",
            model="MO camera",
            name="Front door",
            family="mo",
            source=Source.MO_SEARCH,
        ),
    )


@pytest.mark.parametrize(
    ("camera_id", "mac", "serial"),
    [
        (b"A81374000101", "a8:13:74:00:01:01", None),
        (b"GATE-7", None, "GATE-7"),
        (b"000000000000", None, None),
        (b"FFFFFFFFFFFF", None, None),
        (b"", None, None),
    ],
)
def test_same_identity(camera_id: bytes, mac: str | None, serial: str | None) -> None:
    """A candidate is known by what the camera is known by once it is set up."""
    reply = REPLY[:23] + camera_id.ljust(13, b"\0") + REPLY[36:]
    (found,) = SEARCH.read(reply, "192.0.2.99")
    assert (found.mac, found.serial) == (mac, serial)


def test_no_port() -> None:
    """A port of 0 is none."""
    (found,) = SEARCH.read(REPLY[:-3] + b"\0\0\1", "192.0.2.99")
    assert found.port is None


def test_no_candidate() -> None:
    """What is no answer is no candidate; each answer that is cut is none."""
    for datagram in (*(REPLY[:size] for size in range(len(REPLY))), search_request()):
        assert SEARCH.read(datagram, "192.0.2.99") == ()


@settings(derandomize=True, database=None, deadline=None)
@given(st.binary(max_size=120), st.booleans())
def test_any_datagram(rubbish: bytes, headed: bool) -> None:
    """Whatever comes is read or not, and never a fault."""
    for found in SEARCH.read(REPLY[:23] + rubbish if headed else rubbish, "192.0.2.99"):
        assert found.host == "192.0.2.99"
