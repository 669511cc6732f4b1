"""Pictures come out of bytes the same way however the bytes are cut and wrapped."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
import time

import av
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.panacam.cams.errors import ProtocolError, Reason
from custom_components.panacam.cams.net import jpeg as net_jpeg
from custom_components.panacam.cams.net.jpeg import PictureDecoder, only_picture

SOI, EOI = b"\xff\xd8", b"\xff\xd9"


def encoded(shade: int) -> bytes:
    """Return a real picture, by FFmpeg's encoder."""
    codec = av.CodecContext.create("mjpeg", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width = codec.height = 16
    codec.pix_fmt = "yuvj420p"
    codec.time_base = Fraction(1, 25)
    pixels = np.random.default_rng(shade).integers(0, 255, (24, 16), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(pixels, format="yuvj420p")
    return b"".join(bytes(packet) for packet in (*codec.encode(frame), *codec.encode(None)))


def segment(marker: int, payload: bytes) -> bytes:
    """Return a marker segment with its length (T.81, B.1.1.4)."""
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


SCAN_HEAD = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")


def made(scan: bytes = b"\x12\x34", before: bytes = b"") -> bytes:
    """Return the markers of a picture around `scan`."""
    return SOI + before + SCAN_HEAD + scan + EOI


REAL, OTHER = encoded(1), encoded(2)
PLAIN = made()
THUMBNAIL = made(before=segment(0xE1, b"Exif\0\0" + made(b"thumb") + b"\xff\xda"))
RESTARTS = made(b"\x01\xff\xd0\x02\xff\xd7\x03\xff\xd3")
STUFFED = made(b"\xff\x00\xd9\xff\x00\xd8\xff\x00")
FILLED = SOI + b"\xff\xff\xff" + segment(0xDB, bytes(65)) + b"\xff" + SCAN_HEAD + b"\x07\xff" + EOI
ALONE = made(before=b"\xff\x01" + segment(0xFE, b"\xff\xd9 is no end here"))
TWO_SCANS = made(b"\x01" + segment(0xC4, b"\x00\x01") + SCAN_HEAD + b"\x02")
CUT = REAL[: len(REAL) - 5]


def part(picture: bytes, length: object, boundary: str = "myboundary") -> bytes:
    """Return one part of a multipart answer."""
    head = f"--{boundary}\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n"
    return head.encode() + picture + b"\r\n"


CASES = {
    "real": (REAL, [REAL]),
    "back to back": (REAL + OTHER, [REAL, OTHER]),
    "multipart": (part(REAL, len(REAL)) + part(OTHER, len(OTHER)), [REAL, OTHER]),
    "lying lengths": (part(REAL, 5) + part(OTHER, 10**9) + part(PLAIN, "x"), [REAL, OTHER, PLAIN]),
    "lying boundary": (part(REAL, 1, "--a") + part(OTHER, 1, "b") + b"--c--", [REAL, OTHER]),
    "thumbnail": (THUMBNAIL + PLAIN, [THUMBNAIL, PLAIN]),
    "restart markers": (RESTARTS, [RESTARTS]),
    "stuffed bytes": (STUFFED, [STUFFED]),
    "fill bytes": (FILLED, [FILLED]),
    "markers without length": (ALONE, [ALONE]),
    "two scans": (TWO_SCANS, [TWO_SCANS]),
    "cut in the scan": (CUT + OTHER, [OTHER]),
    "cut within a marker": (made()[:-1] + OTHER, [OTHER]),
    "cut again and again": (CUT * 3 + OTHER + CUT, [OTHER]),
    "no marker after the start": (b"\xff\xd8\xff\x00" + PLAIN, [PLAIN]),
    "two starts": (SOI + PLAIN, [PLAIN]),
    "length below two": (SOI + b"\xff\xe0\x00\x01" + PLAIN, [PLAIN]),
    "end before a scan": (SOI + EOI + b"\0\0" + PLAIN, [PLAIN]),
    "start without an end": (b"\xff\xd8\xfe\xff" + PLAIN, [PLAIN]),
}


def fed(pieces: Iterable[bytes], **bounds: int) -> tuple[list[bytes], Reason | None]:
    """Return the pictures in the pieces and what ended them."""
    decoder = PictureDecoder(**bounds)
    pictures: list[bytes] = []
    try:
        for piece in pieces:
            decoder.feed(piece)
            while (picture := decoder.next_picture()) is not None:
                pictures.append(picture)
    except ProtocolError as err:
        return pictures, err.reason
    return pictures, None


def split(data: bytes, *cuts: int) -> list[bytes]:
    """Return the data cut at these places."""
    places = [0, *sorted(cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def bytewise(data: bytes) -> list[bytes]:
    """Return the data byte by byte."""
    return [bytes((byte,)) for byte in data]


@pytest.mark.parametrize("name", CASES)
def test_whole(name: str) -> None:
    """All pictures are found in one piece."""
    data, pictures = CASES[name]
    assert fed([data]) == (pictures, None)


@pytest.mark.parametrize("name", CASES)
def test_every_split(name: str) -> None:
    """Where the network cuts does not matter."""
    data, pictures = CASES[name]
    assert all(fed(split(data, cut)) == (pictures, None) for cut in range(len(data) + 1))


@pytest.mark.parametrize("name", CASES)
def test_byte_by_byte(name: str) -> None:
    """Nor does a dripping network."""
    data, pictures = CASES[name]
    assert fed(bytewise(data)) == (pictures, None)


@pytest.mark.parametrize("trailing", [b"\r\n--x--\r\n", b"\xff", SOI, CUT, b"\0" * 60_000])
def test_trailing_bytes(trailing: bytes) -> None:
    """What follows the last picture makes no picture and takes none away."""
    assert fed([REAL + trailing]) == ([REAL], None)
    assert fed([REAL, trailing, b"", OTHER])[0][0] == REAL


def test_cut_in_a_segment() -> None:
    """A length that reaches over the next picture costs that one, not those after it."""
    stream = OTHER[:30] + REAL + PLAIN + REAL
    for cut in range(len(stream)):
        pictures, reason = fed(split(stream, cut))
        assert (pictures[-1], reason) == (REAL, None)


def test_end_right_after_a_start() -> None:
    """The bytes FFD8FFD9 inside a scan mean the same in one piece and in drips."""
    stream = SOI + SCAN_HEAD + b"\x01" + SOI + EOI + PLAIN
    whole = fed([stream])
    assert all(fed(split(stream, cut)) == whole for cut in range(len(stream)))
    assert fed(bytewise(stream)) == whole


LARGE = made(b"\x55" * 200)


@pytest.mark.parametrize("pieces", [[LARGE], split(LARGE, 100), bytewise(LARGE)])
def test_too_large(pieces: list[bytes]) -> None:
    """A picture above the bound is refused however it comes, one of exactly the bound is not."""
    assert fed(pieces, max_picture=len(LARGE)) == ([LARGE], None)
    assert fed(pieces, max_picture=len(LARGE) - 1) == ([], Reason.TOO_LARGE)


def test_endless_segment() -> None:
    """Segments without a scan are bounded, too."""
    assert fed([SOI, segment(0xE0, bytes(60_000))], max_picture=1000)[1] is Reason.TOO_LARGE


@pytest.mark.parametrize("rubbish", [b"\0", b"\xff", SOI, SOI + b"\xff\x00", b"<p>no camera</p>"])
def test_gap(rubbish: bytes) -> None:
    """A peer that sends no picture is found out soon, in pieces of any size."""
    rubbish *= 2000 // len(rubbish)
    assert fed([rubbish], max_gap=1000) == ([], Reason.UNEXPECTED_REPLY)
    assert fed(bytewise(rubbish), max_gap=1000) == ([], Reason.UNEXPECTED_REPLY)


def test_gap_begins_anew() -> None:
    """The gap is counted from the last picture."""
    assert fed([(b"\0" * 900 + PLAIN) * 5], max_gap=1000) == ([PLAIN] * 5, None)


BITS = st.sampled_from(
    [*bytewise(b"\xff\xd8\xd9\xda\x00\x02\xe1\x04a"), SOI, EOI, SCAN_HEAD, PLAIN, THUMBNAIL]
)


@settings(database=None, derandomize=True, deadline=None, max_examples=300)
@given(st.lists(BITS, max_size=60).map(b"".join), st.lists(st.integers(0, 600), max_size=8))
def test_splits_never_matter(data: bytes, cuts: list[int]) -> None:
    """Any bytes in any pieces give the same pictures and the same end."""
    cuts = [cut for cut in cuts if cut <= len(data)]
    assert fed(split(data, *cuts), max_gap=40) == fed([data], max_gap=40)


@settings(database=None, derandomize=True, deadline=None, max_examples=200)
@given(st.lists(st.binary(max_size=80) | BITS, max_size=40))
def test_bounded_memory(pieces: list[bytes]) -> None:
    """Rubbish raises nothing but ProtocolError and is never hoarded."""
    decoder = PictureDecoder(max_picture=300, max_gap=100)
    try:
        for piece in pieces:
            decoder.feed(piece)
            while (picture := decoder.next_picture()) is not None:
                assert picture.startswith(SOI)
                assert picture.endswith(EOI)
            assert len(decoder._buffer) <= 300
    except ProtocolError:
        pass


def test_only_picture() -> None:
    """A body with something around its picture will do; one without will not."""
    assert only_picture(b"\r\n" + REAL + b"\r\n") == REAL
    for body in (b"", CUT, b"<html>"):
        with pytest.raises(ProtocolError) as caught:
            only_picture(body)
        assert caught.value.reason is Reason.UNEXPECTED_REPLY


@pytest.mark.parametrize(
    "hostile",
    [
        b"\xff",
        b"\xff\xe0\x00\x02",
        b"\xff\xd0",
        b"\xff\xd8\xff\x00",
        b"\xff\xd8\xff\xda\x00\x02",
        b"\xff\xda\x00\x02\xff\x00",
        b"\xd8\xff",
    ],
    ids=bytes.hex,
)
@pytest.mark.parametrize("size", [4096, net_jpeg.MAX_PICTURE])
def test_endless_beginnings(hostile: bytes, size: int) -> None:
    """Megabytes that only look like the beginning of something are refused, not worked through."""
    decoder = PictureDecoder()
    sent = b"\xff\xd8" + hostile * (2 * net_jpeg.MAX_PICTURE // len(hostile))

    def work_through() -> None:
        for at in range(0, len(sent), size):
            decoder.feed(sent[at : at + size])
            while decoder.next_picture() is not None:
                pass

    began = time.process_time()
    with pytest.raises(ProtocolError):
        work_through()
    # Seconds where a byte is looked at more than once; far below one otherwise.
    assert time.process_time() - began < 2


def test_broken_pictures_are_forgiven() -> None:
    """Some pictures that break off cost nothing but themselves; a good one makes up for them."""
    broken = SOI + SCAN_HEAD + b"\x55" * 20
    assert fed([(broken * 20 + PLAIN) * 3])[0] == [PLAIN] * 3
