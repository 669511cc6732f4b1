"""What a description says, and what is passed over."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.errors import ProtocolError, Reason
from custom_components.panacam.cams.net.sdp import MAX_FORMATS, MAX_MEDIA, Format, parse
from tests.cams.net.rtsp_vectors import text


def test_back_channel() -> None:
    """Directions, addresses and payload types, named or not."""
    found = parse(text("back_channel.sdp"))
    assert found.control == ""
    assert [(each.kind, each.direction, each.control) for each in found.media] == [
        ("video", "recvonly", "rtsp://192.0.2.99/video"),
        ("audio", "recvonly", "rtsp://192.0.2.99/audio"),
        ("audio", "sendonly", "rtsp://192.0.2.99:8554/audioback?x=1"),
    ]
    assert found.media[0].formats == (Format(payload=26, encoding="JPEG", clock=90_000),)
    assert found.media[1].formats == found.media[2].formats
    assert found.media[2].formats == (Format(payload=0, encoding="PCMU", clock=8000),)


def test_parameters() -> None:
    """Several formats of one medium, and what a format wants to be told."""
    found = parse(text("back_channel_codecs.sdp"))
    assert found.control == "*"
    first, second = found.media
    assert [(each.payload, each.encoding) for each in first.formats] == [
        (97, "G726-16"),
        (98, "G726-24"),
        (99, "AAL2-G726-32"),
        (100, "G726-40"),
        (8, "PCMA"),
    ]
    (aac,) = second.formats
    assert (aac.encoding, aac.clock, aac.channels) == ("MPEG4-GENERIC", 16_000, 1)
    assert aac.parameters == {
        "streamtype": "5",
        "profile-level-id": "15",
        "mode": "AAC-hbr",
        "config": "1408",
        "sizelength": "13",
        "indexlength": "3",
        "indexdeltalength": "3",
    }


def test_odd_lines() -> None:
    """What cannot be read is passed over; the rest stands."""
    found = parse(text("odd.sdp"))
    sound, other = found.media
    assert (sound.kind, sound.direction) == ("audio", "sendonly")
    assert sound.formats == (Format(payload=0, encoding="", clock=0),)
    assert (other.kind, other.direction, other.control) == ("application", "inactive", "")
    (format_,) = other.formats
    assert (format_.encoding, format_.clock) == ("VND.ONVIF.METADATA", 0)
    assert format_.parameters == {"a": "", "b": "c=d"}


def test_line_feeds_alone() -> None:
    """Some end lines without a carriage return."""
    lines = text("metadata.sdp")
    assert parse(lines.replace(b"\r", b"")) == parse(lines)


@pytest.mark.parametrize("data", [b"", b"<html>", b"\xff\xfe", b"m=audio 0 RTP/AVP 0"])
def test_no_description(data: bytes) -> None:
    """Something else is not taken for an empty one."""
    with pytest.raises(ProtocolError) as caught:
        parse(data)
    assert caught.value.reason is Reason.UNEXPECTED_REPLY


def test_bounds() -> None:
    """A long one is not read to its end."""
    payloads = " ".join(["0"] * 1000)
    data = "v=0\r\n" + f"m=audio 0 RTP/AVP {payloads}\r\n" * 1000
    found = parse(data.encode())
    assert len(found.media) == MAX_MEDIA
    assert {len(each.formats) for each in found.media} == {MAX_FORMATS}


@settings(derandomize=True, database=None, deadline=None, max_examples=200)
@given(data=st.data())
def test_rubbish(data: st.DataObject) -> None:
    """A spoilt one is read somehow, or ProtocolError."""
    names = ["back_channel.sdp", "back_channel_codecs.sdp", "odd.sdp", "metadata_gzip.sdp"]
    good = bytearray(text(data.draw(st.sampled_from(names))))
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = parse(bytes(good))
    except ProtocolError:
        return
    assert len(found.media) <= MAX_MEDIA
    assert all(0 <= each.payload < 128 for media in found.media for each in media.formats)
