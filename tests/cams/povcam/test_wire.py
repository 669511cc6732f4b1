"""Replies of real cameras are read whatever their line ends, wrapping and encoding."""

from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.povcam.wire import (
    MAX_LINES,
    MAX_VALUE,
    Capability,
    Command,
    Reply,
    decode_text,
    parse_capability,
    parse_reply,
)
from tests.cams.support import vector


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbfa=1", "a=1"),
        ("Kücke".encode(), "Kücke"),
        (b"K\xfcche", "Küche"),
        (b"\x8c\xba\x8a\xd6", "玄関"),
        (b"\x83J\x83\x81\x83\x89", "カメラ"),
        (b"caf\xe9 \xb1", "café ±"),
        (b"\x81", "\x81"),
        (b"\xff\xfe", "ÿþ"),
    ],
)
def test_decode_text(body: bytes, text: str) -> None:
    """UTF-8 first, then Shift-JIS by its lead bytes, then Latin-1."""
    assert decode_text(body) == text


LIMITS = settings(database=None, derandomize=True, deadline=None, max_examples=200)


@LIMITS
@given(st.binary(max_size=200))
def test_any_bytes_are_some_text(body: bytes) -> None:
    """Nothing that a camera sends fails to decode or to parse."""
    assert isinstance(decode_text(body), str)
    parse_reply(body)
    parse_capability(body)


@LIMITS
@given(st.text(max_size=100).filter(lambda text: not text.startswith("\ufeff")))
def test_utf8_is_kept(text: str) -> None:
    """A title in UTF-8 is never taken for another encoding."""
    assert decode_text(text.encode()) == text


FIELDS = {"rec": "on", "rec_counter": "00:00:01", "sd_insert": "on"}


@pytest.mark.parametrize(
    "body",
    [
        b"rec=on\r\nrec_counter=00:00:01\r\nsd_insert=on\r\n",
        b"rec=on\nrec_counter=00:00:01\nsd_insert=on",
        b"rec=on\rrec_counter=00:00:01\rsd_insert=on",
        b"rec = on\r\n\r\n  rec_counter = 00:00:01\r\nsd_insert\t=\ton \r\n",
        b"\xef\xbb\xbf\r\n<HTML>\r\nrec=on\r\nrec_counter=00:00:01\r\nsd_insert=on\r\n</HTML>\r\n",
        b"<html><body>rec=on\r\n<br/>rec_counter=00:00:01\r\n<br />sd_insert=on\r\n</body></html>",
        b"rec=off\r\nrec=on\r\nrec_counter=00:00:01\r\nsd_insert=on\r\n",
        b"rec=o\x00n\r\nrec_counter=00:00:01\r\n\x7fsd_insert=on",
    ],
)
def test_parse_reply(body: bytes) -> None:
    """Line ends, blanks, wrappings and control characters do not count; the last value does."""
    reply = parse_reply(body)
    assert dict(reply) == FIELDS
    assert reply.rubbish == ()


def test_every_prefix_parses() -> None:
    """A reply cut short gives the whole lines and never an error."""
    body = vector("get_state_umr20_idle.txt")
    whole = parse_reply(body)
    for end in range(len(body)):
        lines = body[:end].count(b"\r\n")
        assert list(parse_reply(body[:end]).items())[:lines] == list(whole.items())[:lines]


def test_rubbish_is_kept_apart() -> None:
    """Lines that are no fields are kept for diagnostics, cut to a bound."""
    reply = parse_reply(b"=nameless\r\nno equal sign\r\na b=c\r\n" + b"x" * 5000)
    assert len(reply) == 0
    assert reply.rubbish == ("=nameless", "no equal sign", "a b=c", "x" * MAX_VALUE)


@pytest.mark.parametrize("name", ["rubbish.bin", "login_page.html"])
def test_rubbish_has_no_fields(name: str) -> None:
    """A page or random bytes are not taken for fields."""
    assert not parse_reply(vector(name))


def test_bounds() -> None:
    """Neither the number of fields nor their length follows the peer."""
    reply = parse_reply(b"".join(b"k%d=%s\n" % (n, b"v" * 2000) for n in range(2 * MAX_LINES)))
    assert len(reply) == MAX_LINES
    assert {len(value) for value in reply.values()} == {MAX_VALUE}


def test_keys_in_any_case() -> None:
    """Models differ in the case of keys; the spelling is kept for diagnostics."""
    reply = Reply({"Maxfps": "60"})
    assert reply["maxFPS"] == "60"
    assert "MAXFPS" in reply
    assert list(reply) == ["Maxfps"]
    with pytest.raises(KeyError):
        _ = reply["fps"]


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        *((value, True) for value in ("on", "ON", "1", "yes", "Enable", "true")),
        *((value, False) for value in ("off", "Off", "0", "no", "DISABLE", "False")),
        *((value, None) for value in ("", "2", "---", "open")),
    ],
)
def test_flag(value: str, flag: bool | None) -> None:
    """On and off in every word that cameras use; everything else is unknown."""
    assert Reply({"a": value}).flag("A") is flag


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("27.4", 27.4),
        ("00030", 30.0),
        ("0", 0.0),
        *((value, None) for value in ("", "-----", "*****", "-1", "1e9", "nan", "1.", "9" * 10)),
    ],
)
def test_number(value: str, number: float | None) -> None:
    """Only plain decimals of a sane length are numbers."""
    assert Reply({"a": value}).number("a") == number


@pytest.mark.parametrize(
    ("value", "duration"),
    [
        ("00:00:00", timedelta()),
        ("01:02:03", timedelta(hours=1, minutes=2, seconds=3)),
        ("123:00:59", timedelta(hours=123, seconds=59)),
        *((value, None) for value in ("", "1:2:3", "--:--:--", "00:00", "00:00:00.5")),
    ],
)
def test_duration(value: str, duration: timedelta | None) -> None:
    """A counter is HH:MM:SS or unknown."""
    assert Reply({"a": value}).duration("a") == duration


def test_text() -> None:
    """Empty is the same as missing."""
    assert Reply({"a": "x = y"}).text("a") == "x = y"
    assert Reply({"a": ""}).text("a") is None
    assert Reply({}).text("a") is None
    assert Reply({}).flag("a") is None
    assert Reply({}).number("a") is None
    assert Reply({}).duration("a") is None


WORDS = frozenset({"camctrl", "direct_16", "direct_256d", "direct_256r"})


def assert_capable(capability: Capability) -> None:
    """Compare with the one content of the capability vectors (their README)."""
    assert capability.rubbish == ()
    assert capability.value("common", "capability_version") == "1.00"
    assert capability.value("video_server.basic", "type") == "fixed_dome"
    assert capability.value("video_server.cam_ctrl.ptz", "el_zoom") == "30"
    assert capability.words("video_server.cam_ctrl.ptz", "command") == WORDS
    assert capability.supports("video_server.cam_ctrl.ptz") is True
    assert capability.supports("video_server.cam_ctrl.preset") is False
    assert capability.supports("video_server.basic") is None
    assert "3840x2160" in capability.words("video_server.image.h264", "resolution")
    assert capability.words("video_server.image.h264-2", "resolution") == {"1280x720", "640x360"}
    assert capability.words("video_server.sdcard", "media_type") == {"sd", "sdhc", "sdxc"}


GROUPINGS = ["brackets", "dotted", "headers", "blank_separated"]


@pytest.mark.parametrize("grouping", GROUPINGS)
@pytest.mark.parametrize("change", [bytes, bytes.upper, lambda body: body.replace(b"\r", b"")])
def test_parse_capability(grouping: str, change: type[bytes]) -> None:
    """The content is the same in every grouping, case and line end."""
    assert_capable(parse_capability(change(vector(f"get_capability_{grouping}.txt"))))


def test_capability_with_tabulators() -> None:
    """Columns may be set by tabulators, and a header may end in a colon."""
    body = vector("get_capability_blank_separated.txt").replace(b" ", b"\t", 2)
    assert_capable(parse_capability(body))
    below = parse_capability(b"video_server.sdcard:\nsupported yes\n")
    assert below.supports("video_server.sdcard") is True


def test_capability_of_groups_and_equals_signs() -> None:
    """Group and name may stand apart before the equals sign."""
    told = parse_capability(
        b"video_server.sdcard supported = yes\nvideo_server.vmd  supported=no\n"
    )
    assert told.supports("video_server.sdcard") is True
    assert told.supports("video_server.vmd") is False


def test_capability_rubbish() -> None:
    """Lines without a group, a value or a name are kept for diagnostics."""
    capability = parse_capability(b"supported=yes\nvideo_server.vmd.supported=\n?.a?=1\n")
    assert dict(capability.groups) == {}
    assert len(capability.rubbish) == 3


def test_command_names_itself() -> None:
    """The name that logs and diagnostics show is the CGI's own."""
    assert Command(path="/cgi-bin/get_state", section="9.1").name == "get_state"
