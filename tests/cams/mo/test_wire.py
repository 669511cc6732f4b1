"""Frames, however their bytes come."""

from collections.abc import Iterator
import struct

import pytest

from custom_components.panacam.cams.errors import ProtocolError, Reason
from custom_components.panacam.cams.mo.wire import (
    HEADER,
    MAX_DATA_TEXT,
    MAX_OPERATION_TEXT,
    Channel,
    FrameDecoder,
    encode_frame,
    wrapped,
)

SMALL = encode_frame(Channel.DATA, 2, b"sound" * 36)
LARGE = encode_frame(Channel.DATA, 1, bytes(range(256)) * 160)
MIDDLE = encode_frame(Channel.DATA, 3, b"m" * (4096 - HEADER.size))
JUST_LARGE = encode_frame(Channel.DATA, 4, b"j" * (4096 - HEADER.size + 1))
EMPTY = encode_frame(Channel.DATA, 255)
MIX = (SMALL, LARGE, EMPTY, LARGE, SMALL, SMALL, MIDDLE, JUST_LARGE, MIDDLE, LARGE)


def decoder(max_text: int = MAX_DATA_TEXT) -> FrameDecoder:
    """Return a decoder of the data connection."""
    return FrameDecoder(Channel.DATA, max_text=max_text)


def frames(decoder: FrameDecoder) -> Iterator[bytes]:
    """Yield what the decoder has, as it came."""
    while (frame := decoder.next_frame()) is not None:
        yield encode_frame(Channel.DATA, frame.code, bytes(frame.text))


def receive(decoder: FrameDecoder, data: bytes, most: int) -> None:
    """Put bytes where the decoder wants them, as a socket does."""
    while data:
        space = decoder.get_buffer(-1)
        count = min(len(space), len(data), most)
        assert count
        space[:count] = data[:count]
        decoder.buffer_updated(count)
        data = data[count:]


def test_header() -> None:
    """The header is the specification's table, everything reserved 0."""
    assert HEADER.size == 23
    assert encode_frame(Channel.OPERATION, 0x0102, b"abc") == (
        b"MO_O" + b"\x02\x01" + b"\0" + bytes(8) + b"\x03\0\0\0" + bytes(4) + b"abc"
    )


@pytest.mark.parametrize("size", [1, 22, 23, 24, 100, 997, 4096, 4097, 41000, 10**6])
def test_pieces(size: int) -> None:
    """Frames come out as they went in, in pieces of any size, fed or received."""
    data = b"".join(MIX) * (1 if size < 100 else 5)
    times = 1 if size < 100 else 5
    fed = decoder()
    received = decoder()
    out: list[bytes] = []
    for at in range(0, len(data), size):
        fed.feed(data[at : at + size])
        out += frames(fed)
    receive(received, data, size)
    assert out == list(MIX) * times
    assert list(frames(received)) == out


@pytest.mark.parametrize("data", [SMALL + EMPTY, JUST_LARGE + SMALL])
def test_every_split(data: bytes) -> None:
    """Two feeds make the same frames, wherever the cut is."""
    whole = decoder()
    whole.feed(data)
    wanted = list(frames(whole))
    assert b"".join(wanted) == data
    for cut in range(len(data)):
        halves = decoder()
        halves.feed(data[:cut])
        out = list(frames(halves))
        halves.feed(data[cut:])
        assert out + list(frames(halves)) == wanted


def test_no_copy() -> None:
    """A picture is received into its own memory, which nothing writes to any more."""
    one = decoder()
    one.feed(LARGE[:100])
    space = one.get_buffer(-1)
    assert len(space) > len(LARGE) - 100
    count = len(LARGE) - 100
    space[:count] = LARGE[100:]
    one.buffer_updated(count)
    frame = one.next_frame()
    assert frame is not None
    assert frame.text.obj is space.obj
    assert frame.text.readonly
    one.feed(LARGE * 3)
    assert bytes(frame.text) == LARGE[HEADER.size :]


def test_one_call_a_picture() -> None:
    """The end of a picture, the sound after it and the next header come in one go."""
    one = decoder()
    one.feed(LARGE[:30])
    rest = LARGE[30:] + SMALL + SMALL + LARGE[: HEADER.size]
    space = one.get_buffer(-1)
    assert len(space) >= len(rest)
    space[: len(rest)] = rest
    one.buffer_updated(len(rest))
    assert list(frames(one)) == [LARGE, SMALL, SMALL]
    assert len(one.get_buffer(-1)) > len(LARGE) - HEADER.size


def test_reserved() -> None:
    """What is reserved may be anything, and the code is a full INT16."""
    one = decoder()
    one.feed(struct.pack("<4sHB8sII", b"MO_V", 0x0101, 0xAA, b"reserved", 2, 0xFFFFFFFF) + b"ab")
    frame = one.next_frame()
    assert frame is not None
    assert (frame.code, bytes(frame.text)) == (0x0101, b"ab")


@pytest.mark.parametrize("start", [b"H", b"HTTP/1.1 200 OK\r\n", b"MO_O", b"SSH-2.0-x\r\n", b"MX"])
def test_not_a_camera(start: bytes) -> None:
    """Something else is noticed with its first bytes, and for good."""
    one = decoder()
    one.feed(SMALL + start)
    assert list(_good(one)) == [SMALL]
    one.feed(SMALL * 100)
    with pytest.raises(ProtocolError) as caught:
        one.next_frame()
    assert caught.value.reason is Reason.NOT_A_CAMERA


def _good(decoder: FrameDecoder) -> Iterator[bytes]:
    """Yield the frames before what is wrong."""
    with pytest.raises(ProtocolError):
        yield from frames(decoder)


@pytest.mark.parametrize("length", [0xFFFFFFF0, 0xFFFFFFFF, MAX_OPERATION_TEXT + 1])
def test_too_large(length: int) -> None:
    """No memory is set aside for a text that nobody sends."""
    one = decoder(MAX_OPERATION_TEXT)
    one.feed(HEADER.pack(b"MO_V", 1, 0, b"", length, 0))
    assert len(one.get_buffer(-1)) <= 4096
    with pytest.raises(ProtocolError) as caught:
        one.next_frame()
    assert caught.value.reason is Reason.TOO_LARGE


def test_largest() -> None:
    """The largest allowed text passes."""
    one = decoder(MAX_OPERATION_TEXT)
    one.feed(encode_frame(Channel.DATA, 1, bytes(MAX_OPERATION_TEXT)))
    assert len(list(frames(one))) == 1


def test_wrapped() -> None:
    """Counts start again at 0."""
    assert [wrapped(5), wrapped(0xFFFFFFFF), wrapped(0x100000000)] == [5, 0xFFFFFFFF, 0]


def test_discreet() -> None:
    """A frame may hold a password: its text is in no repr."""
    one = decoder()
    one.feed(SMALL)
    assert "sound" not in repr(one.next_frame())
    assert "text" not in repr(one)
