"""The search by broadcast."""

from ipaddress import IPv4Address

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.errors import ProtocolError
from custom_components.panacam.cams.mo.search import Found, read_search_reply, search_request
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
