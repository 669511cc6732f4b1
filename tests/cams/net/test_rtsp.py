"""Messages come out of bytes the same way however the bytes are cut."""

from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.net.rtsp import (
    MAX_BODY,
    MAX_HEAD,
    MAX_HEADERS,
    Asked,
    Decoder,
    Frame,
    Item,
    NoWayError,
    Reply,
    Request,
    Session,
    read_session,
    read_transport,
    status_error,
)
from tests.cams.net.rtsp_vectors import text

FRAME = b"$\x02\x00\x05a\r\n\r\n"
EMPTY = b"$\x00\x00\x00"
DOLLARS = b"$\x07\x00\x04$$$$"
BARE = b"RTSP/1.0 454 Session Not Found\r\n\r\n"
OPTIONS = b"OPTIONS rtsp://192.0.2.7/ RTSP/1.0\r\nCSeq: 9\r\n\r\n"
DESCRIBE = text("describe.rtsp")
WHOLE = DESCRIBE + FRAME + b"\r\n" + BARE + EMPTY + DOLLARS + OPTIONS + text("unauthorized.rtsp")
ITEMS: list[Item] = [
    Reply(
        200,
        (
            ("cseq", "2"),
            ("content-type", "application/sdp"),
            ("content-base", "rtsp://192.0.2.99/onvif/profile/1/"),
            ("content-length", "15"),
        ),
        b"v=0\r\ns=x\r\na=y\r\n",
    ),
    Frame(2, b"a\r\n\r\n"),
    Reply(454, ()),
    Frame(0, b""),
    Frame(7, b"$$$$"),
    Asked("OPTIONS", (("cseq", "9"),)),
]


def items(*pieces: bytes) -> list[Item]:
    """Return what comes out of pieces, fed one after the other."""
    decoder = Decoder()
    found: list[Item] = []
    for piece in pieces:
        decoder.feed(piece)
        while (item := decoder.next()) is not None:
            found.append(item)
    return found


def test_whole() -> None:
    """All in one piece."""
    *found, last = items(WHOLE)
    assert found == ITEMS
    assert isinstance(last, Reply)
    assert (last.status, last.cseq) == (401, 1)
    assert [each[:5] for each in last.values("www-authenticate")] == ["Basic", "Diges"]


def test_every_split() -> None:
    """In two pieces, cut anywhere."""
    whole = items(WHOLE)
    for at in range(len(WHOLE) + 1):
        assert items(WHOLE[:at], WHOLE[at:]) == whole


def test_byte_by_byte() -> None:
    """In as many pieces as there are bytes."""
    assert items(*(bytes([each]) for each in WHOLE)) == items(WHOLE)


def test_line_feeds_alone() -> None:
    """Some end lines without a carriage return."""
    data = BARE.replace(b"\r", b"")
    assert items(data + FRAME, data) == [Reply(454, ()), Frame(2, b"a\r\n\r\n"), Reply(454, ())]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Reason.UNEXPECTED_REPLY),
        (b"SSH-2.0-dropbear\r\n\r\n", Reason.UNEXPECTED_REPLY),
        (b"\x16\x03\x01\x00\r\n\r\n", Reason.UNEXPECTED_REPLY),
        (b"RTSP/1.0 999 ?\r\n\r\n", Reason.UNEXPECTED_REPLY),
        (b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", Reason.UNEXPECTED_REPLY),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 1e3\r\n\r\n", Reason.UNEXPECTED_REPLY),
        (b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), Reason.TOO_LARGE),
        (b"RTSP/1.0 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", Reason.TOO_LARGE),
        (b"a" * (MAX_HEAD + 1), Reason.TOO_LARGE),
        (b"RTSP/1.0 200 OK\r\nX: " + b"a" * MAX_HEAD + b"\r\n\r\n", Reason.TOO_LARGE),
    ],
)
def test_rubbish_is_refused(data: bytes, reason: Reason) -> None:
    """At once, or as soon as it is too long; whole or not."""
    for pieces in ([data], [bytes([each]) for each in data]):
        with pytest.raises(ProtocolError) as caught:
            items(*pieces)
        assert caught.value.reason is reason


def test_headers_are_bounded() -> None:
    """Thousands of headers are not kept."""
    lines = "".join(f"x{at}: 1\r\n" for at in range(1000)).encode()
    (reply,) = items(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nno header\r\n" + lines + b"\r\n")
    assert isinstance(reply, Reply)
    assert len(reply.headers) < MAX_HEADERS
    assert reply.cseq == 1


def test_nothing_piles_up() -> None:
    """What was read is forgotten."""
    decoder = Decoder()
    for _ in range(1000):
        decoder.feed(FRAME * 10)
        while decoder.next() is not None:
            pass
    decoder.feed(b"")
    assert len(decoder._buffer) == 0


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(data=st.data())
def test_spoilt(data: st.DataObject) -> None:
    """Spoilt messages raise ProtocolError and nothing else, cut anywhere."""
    good = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(0, 5))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(good)), max_size=4)))
    pieces = [bytes(good[start:end]) for start, end in pairwise([0, *cuts, len(good)])]
    try:
        found = items(*pieces)
    except ProtocolError:
        return
    assert found == items(bytes(good))


def test_request() -> None:
    """A request is its lines; none can be smuggled into another."""
    request = Request("OPTIONS", "rtsp://192.0.2.7/a", {"CSeq": "1", "Session": "x"})
    assert request.encode() == (
        b"OPTIONS rtsp://192.0.2.7/a RTSP/1.0\r\nCSeq: 1\r\nSession: x\r\n\r\n"
    )
    for bad in (
        Request("OPTIONS", "rtsp://a\r\nX: 1"),
        Request("OPTIONS", "rtsp://a", {"Session": "a\rb"}),
    ):
        with pytest.raises(ValueError, match="line"):
            bad.encode()


def test_what_the_camera_asks() -> None:
    """OPTIONS is a sign of life; the rest is refused; the number is a number."""
    assert Asked("OPTIONS", (("cseq", "9"),)).answer() == b"RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n"
    refusal = Asked("ANNOUNCE", (("cseq", "1\rX: y"),)).answer()
    assert refusal == b"RTSP/1.0 501 Not Implemented\r\nCSeq: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("12345678", Session("12345678", 60)),
        (" ab-c ;timeout=30", Session("ab-c", 30)),
        ("x; Timeout = 5 ;y", Session("x", 5)),
        ("x;timeout=0", Session("x", 60)),
        ("x;timeout=-1", Session("x", 60)),
        ("", None),
        (";timeout=5", None),
        ("y" * 300, None),
    ],
)
def test_sessions(value: str, wanted: Session | None) -> None:
    """A name, and how long it lasts in silence."""
    assert read_session(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3", {"interleaved": (2, 3)}),
        ("RTP/AVP/TCP;interleaved=4", {"interleaved": (4, 5)}),
        (
            "RTP/AVP;unicast;client_port=5000-5001; Server_Port = 6256-6257",
            {"client_port": (5000, 5001), "server_port": (6256, 6257)},
        ),
        ("RTP/AVP;port=a-b;ssrc=1234ABCD;interleaved=1-", {}),
        ("RTP/AVP/TCP;interleaved=0-1,RTP/AVP;client_port=1-2", {"interleaved": (0, 1)}),
        ("", {}),
    ],
)
def test_transports(value: str, wanted: dict[str, tuple[int, int]]) -> None:
    """Channels and ports come in pairs."""
    assert read_transport(value) == wanted


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (301, ConnectError, Reason.REDIRECTED),
        (302, ConnectError, Reason.REDIRECTED),
        (400, RefusedError, Reason.REFUSED),
        (401, AuthError, Reason.WRONG_CREDENTIALS),
        (403, RefusedError, Reason.NO_PRIVILEGE),
        (404, RefusedError, Reason.NOT_FOUND),
        (405, RefusedError, Reason.UNSUPPORTED),
        (408, ConnectError, Reason.TIMEOUT),
        (453, BusyError, Reason.TOO_MANY_CONNECTIONS),
        (454, ConnectError, Reason.CUT),
        (455, RefusedError, Reason.REFUSED),
        (461, NoWayError, Reason.UNSUPPORTED),
        (462, ConnectError, Reason.UNREACHABLE),
        (500, BusyError, Reason.BUSY),
        (503, BusyError, Reason.BUSY),
        (551, RefusedError, Reason.UNSUPPORTED),
        (599, RefusedError, Reason.REFUSED),
    ],
)
def test_statuses(status: int, error: type[CameraError], reason: Reason) -> None:
    """Each status says what to do next, and its text is ours (10.5)."""
    found = status_error(status, "SETUP")
    assert (type(found), found.reason) == (error, reason)
    assert str(found).endswith(f"(SETUP: {status})")
