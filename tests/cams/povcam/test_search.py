"""Easy IP Setup: what is asked, and what cameras answer."""

from pathlib import Path

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.discovery import Candidate, Source
from custom_components.panacam.cams.povcam.search import MAX_DATAGRAM, SEARCH

VECTORS = Path(__file__).parents[2] / "vectors" / "povcam"
HERE = "192.0.2.99"
HEADER = 48


def load(name: str) -> bytes:
    """Return the bytes of a hand-written datagram."""
    lines = (VECTORS / f"{name}.hex").read_text().splitlines()
    return bytes.fromhex(" ".join(line.partition("#")[0] for line in lines))


ANSWER = load("easyip_answer")


def tags(*pairs: tuple[int, bytes], command: int = 14, end: bytes = b"\xff\xff\0\0") -> bytes:
    """Return an answer with other tags."""
    body = b"".join(tag.to_bytes(2) + len(value).to_bytes(2) + value for tag, value in pairs)
    header = bytearray(ANSWER[:HEADER])
    header[2:6] = len(body).to_bytes(2) + command.to_bytes(2)
    return bytes(header) + body + end


def test_question() -> None:
    """The question is that of the captures, and it only asks."""
    assert SEARCH.questions("192.0.2.5") == (load("easyip_question"),)
    (other,) = SEARCH.questions("192.0.2.255")
    assert other[4:6] == b"\0\x0d"
    assert other[18:22] == bytes([192, 0, 2, 255])
    assert int.from_bytes(other[-2:]) == 0x13F3 + 250


def test_search() -> None:
    """It asks by broadcast, from the port where cameras answer to."""
    assert (SEARCH.name, SEARCH.groups) == (Source.EASY_IP, ())
    assert (SEARCH.port, SEARCH.local_port, SEARCH.unasked) == (10670, 10669, False)


def test_answer() -> None:
    """Who answers is a candidate where its answer came from, whatever address it names."""
    expected = Candidate(
        host=HERE,
        port=8080,
        mac="a8:13:74:0a:0b:0c",
        serial="SIM7UC0034",
        manufacturer="Panasonic",
        model="AG-UCK20GJ",
        name="Stage left",
        family="povcam",
        source=Source.EASY_IP,
    )
    assert SEARCH.read(ANSWER, HERE) == (expected,)
    assert SEARCH.read(ANSWER + b"more", HERE) == (expected,)


@pytest.mark.parametrize(
    ("value", "port", "tls"),
    [
        (b"\0\x50", 80, False),
        (b"\x01\xbb", 443, True),
        (b"\0\0", None, False),
        (b"\x50", 80, False),
        (b"", None, False),
        (b"\0\x50\xff\xff", 80, False),
    ],
)
def test_port(value: bytes, port: int | None, tls: bool) -> None:
    """The port of HTTPS tells that it is to be used."""
    (found,) = SEARCH.read(tags((0x25, value)), HERE)
    assert (found.port, found.tls) == (port, tls)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"Hall\0\0\0", "Hall"),
        (b"Hall", "Hall"),
        (b"Hall\0old", "Hall"),
        (b" \x07Hall\x1b ", "Hall"),
        (b"\xff\xfeA", "\ufffd\ufffdA"),
        (b"\0" * 16, None),
        (b"x" * 500, "x" * 64),
    ],
)
def test_text(value: bytes, name: str | None) -> None:
    """Texts end with NUL, and nothing of them but what can be printed is taken."""
    (found,) = SEARCH.read(tags((0xA7, value), (0xA7, b"second")), HERE)
    assert found.name == name


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        ANSWER[:HEADER],
        load("easyip_question"),
        tags((0x25, b"\0\x50"), command=13),
        tags(),
        tags((0x20, b"\xc0\0\x02\x14")),
        b"\0\x02" + ANSWER[2:],
        ANSWER[:6] + bytes(6) + ANSWER[12:],
        ANSWER[:6] + b"\xff" * 6 + ANSWER[12:],
        ANSWER + bytes(MAX_DATAGRAM),
        bytes(200),
    ],
)
def test_no_answer(datagram: bytes) -> None:
    """Anything else is no camera, the question included."""
    assert SEARCH.read(datagram, HERE) == ()


def test_cut() -> None:
    """An answer that is cut tells what came whole before."""
    for size in range(len(ANSWER)):
        found = SEARCH.read(ANSWER[:size], HERE)
        if size >= 101:  # the tags from the port on are whole
            assert found[0].port == 8080
        elif size < 87:
            assert found == ()


def test_lengths_that_lie() -> None:
    """A value that is longer than the datagram ends it."""
    lie = tags((0x25, b"\0\x50"), end=b"\0\xa7\xff\xffname")
    (found,) = SEARCH.read(lie, HERE)
    assert (found.port, found.name) == (80, None)


@settings(derandomize=True, database=None, deadline=None)
@given(st.binary(max_size=200), st.integers(min_value=0, max_value=len(ANSWER)))
def test_hostile(rubbish: bytes, at: int) -> None:
    """Whatever comes is read or not, and never a fault."""
    for found in SEARCH.read(ANSWER[:at] + rubbish, HERE):
        assert found.host == HERE
