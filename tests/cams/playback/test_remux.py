"""AVCHD as MP4: the same pictures, sound that browsers play, and whatever may be wrong with it."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from fractions import Fraction
import io
import os
import signal
import struct
import time
from typing import Any

import av
import numpy as np
import pytest

from custom_components.panacam.cams.clips import ClipFormat
from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.cams.playback import remux as remux_module, remuxer
from custom_components.panacam.cams.playback.boxes import LengthSetter, boxes
from custom_components.panacam.cams.playback.remux import UnplayableError, remux
from custom_components.panacam.cams.playback.remuxer import Remuxer
from tests.fake_clips import decoders, film

SECONDS = 4


@pytest.fixture(scope="module")
def avchd() -> bytes:
    """Return a clip as a recorder writes it."""
    return film(ClipFormat.AVCHD)


class Sink:
    """Keeps what is written."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        """Keep it."""
        self.data += data
        return len(data)


def remuxed(data: bytes, length: float | None = SECONDS) -> bytes:
    """Return what becomes of it."""
    sink = Sink()
    remux(io.BytesIO(data), sink, None if length is None else timedelta(seconds=length))
    return bytes(sink.data)


def units(data: bytes, *, prefixed: bool) -> list[bytes]:
    """Return the NAL units of a picture, after start codes or after their lengths."""
    found: list[bytes] = []
    if not prefixed:
        parts = data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
        return [part.rstrip(b"\0") for part in parts if part]
    while data:
        (size,) = struct.unpack_from(">I", data)
        found.append(data[4 : 4 + size].rstrip(b"\0"))
        data = data[4 + size :]
    return found


def pictures(data: bytes, kind: str) -> list[list[bytes]]:
    """Return the pictures of a film as their NAL units."""
    with av.open(io.BytesIO(data), format=kind) as given:
        return [
            units(bytes(packet), prefixed=kind == "mp4")
            for packet in given.demux(video=0)
            if packet.size
        ]


def test_pictures_are_copied(avchd: bytes) -> None:
    """Not a bit of them is another one, and all are there."""
    made = remuxed(avchd)
    assert len(pictures(made, "mp4")) > SECONDS * 29
    assert pictures(made, "mp4") == pictures(avchd, "mpegts")


def test_sound_becomes_aac(avchd: bytes) -> None:
    """It has its length and its tone, and begins with the pictures."""
    with av.open(io.BytesIO(avchd), "r") as given:
        assert given.streams.audio[0].codec_context.name == "ac3"
        tone = _tone(given)
    with av.open(io.BytesIO(remuxed(avchd)), "r") as made:
        sound, picture = made.streams.audio[0], made.streams.video[0]
        assert sound.codec_context.name == "aac"
        assert sound.codec_context.layout.name == "stereo"
        assert sound.start_time is not None
        assert picture.start_time is not None
        assert abs(sound.start_time * sound.time_base - picture.start_time * picture.time_base) < (
            Fraction(1, 10)
        )
        assert _tone(made) == pytest.approx(tone, abs=2)


def _tone(container: av.container.InputContainer) -> float:
    frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    samples = np.concatenate(frames)
    assert len(samples) / 48_000 == pytest.approx(SECONDS, abs=0.2)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * 48_000 / len(samples))


def test_length_is_told_before_it_is_known(avchd: bytes) -> None:
    """The index, which comes first, has the length of the list: players show it at once."""
    made = remuxed(avchd, 3725.0)
    first = next(box for box in boxes(made) if box.kind == b"moov")
    assert first.end < 3000
    with av.open(io.BytesIO(made[: first.end + 200_000]), "r") as begun:
        assert begun.duration == pytest.approx(3725 * av.time_base, abs=50_000)
    parts = {box.kind: box for box in boxes(made, first.body, first.end)}
    extends = parts[b"mvex"]
    assert b"mehd" in {box.kind for box in boxes(made, extends.body, extends.end)}
    # Without one, it is a film all the same.
    with av.open(io.BytesIO(remuxed(avchd, None)), "r") as whole:
        assert whole.duration == pytest.approx(SECONDS * av.time_base, rel=0.05)


@pytest.mark.parametrize("step", [1, 17, 1000])
def test_length_setter_at_every_split(avchd: bytes, step: int) -> None:
    """However the bytes come, the same goes on."""
    made = remuxed(avchd, None)[:4000]
    wanted = LengthSetter(9.0).feed(made)
    setter = LengthSetter(9.0)
    pieces = [setter.feed(made[at : at + step]) for at in range(0, len(made), step)]
    assert b"".join(pieces) + setter.rest() == wanted != made


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 8, b"\0\0\0\1moov" + bytes(8), struct.pack(">I4s", 8, b"moov") + b"rest", b"x"],
)
def test_length_setter_of_rubbish(data: bytes) -> None:
    """What has no index goes on as it is."""
    setter = LengthSetter(1.0)
    assert setter.feed(data) + setter.rest() == data
    assert setter.feed(b"more") == b"more"


def test_length_setter_is_bounded() -> None:
    """An index that never ends is not waited for."""
    setter = LengthSetter(1.0)
    head = struct.pack(">I4s", 0x7FFFFFFF, b"moov") + bytes(2_000_000)
    assert setter.feed(head) == head


def broken(data: bytes) -> Iterator[bytes]:
    """Yield what may come of a clip on its way."""
    for number in range(12):
        cut = len(data) * number // 12
        yield data[:cut]
        yield data[cut:]
        yield b"\x47" * 7 + data[:cut]
        yield data[:cut] + os.urandom(2000) + data[cut:]
        yield data[:cut] + data[cut + 50_000 :]
    yield os.urandom(300_000)
    yield b"\x47" * 300_000
    yield data * 2


def test_whatever_comes(avchd: bytes) -> None:
    """It becomes a film that can be read, or nothing; nothing else is raised, and nothing hangs."""
    films = 0
    for data in broken(avchd):
        try:
            made = remuxed(data)
        except UnplayableError:
            continue
        films += 1
        with av.open(io.BytesIO(made), "r") as given:
            times = [packet.dts for packet in given.demux(video=0) if packet.dts is not None]
        assert times
        assert sorted(set(times)) == times
    assert films > 30


def test_no_picture() -> None:
    """Only sound, or pictures of another kind, are nothing that this plays."""
    for kind, codec in (("mpegts", "mpeg2video"), ("mp4", "libx264")):
        file = io.BytesIO()
        with av.open(file, "w", format=kind) as made:
            stream = made.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            for at in range(10):
                frame = av.VideoFrame(64, 64, "yuv420p")
                frame.pts = at
                made.mux(stream.encode(frame))
            made.mux(stream.encode(None))
        with pytest.raises(UnplayableError):
            remuxed(file.getvalue())


def test_a_clock_that_was_set(avchd: bytes) -> None:
    """Hours between two pictures are none to the player."""
    made = remuxed(_later(avchd) + avchd, None)
    with av.open(io.BytesIO(made), "r") as given:
        assert given.duration == pytest.approx(2 * SECONDS * av.time_base, rel=0.1)


def _later(data: bytes) -> bytes:
    """Return a clip whose times are two hours on, as transport stream of other packets."""
    file = io.BytesIO()
    options = {"mpegts_m2ts_mode": "1", "mpegts_flags": "resend_headers"}
    with av.open(io.BytesIO(data), "r") as given, av.open(file, "w", "mpegts", options) as made:
        streams = {
            stream.index: made.add_stream_from_template(stream)
            for stream in (given.streams.video[0], given.streams.audio[0])
        }
        for packet in given.demux(*(given.streams[index] for index in streams)):
            if packet.dts is None or packet.pts is None:
                continue
            packet.dts, packet.pts = packet.dts + 648_000_000, packet.pts + 648_000_000
            packet.stream = streams[packet.stream.index]
            made.mux(packet)
    return file.getvalue()


# -- The process


async def source(
    data: bytes, *, error: Exception | None = None, hold: asyncio.Event | None = None
) -> AsyncGenerator[bytes]:
    """Yield a clip in pieces, then stop as the test says."""
    for at in range(0, len(data), 65_536):
        yield data[at : at + 65_536]
    if hold is not None:
        await hold.wait()
    if error is not None:
        raise error


async def test_process(avchd: bytes) -> None:
    """The same comes out of the process, which ends."""
    pieces = [piece async for piece in Remuxer(timedelta(seconds=SECONDS)).pieces(source(avchd))]
    assert len(pictures(b"".join(pieces), "mp4")) == len(pictures(avchd, "mpegts"))
    assert not decoders()


async def test_starts_before_the_end(avchd: bytes) -> None:
    """The first bytes come while the camera still sends, and nothing is yielded meanwhile."""
    data = film(ClipFormat.AVCHD, seconds=30)
    hold = asyncio.Event()
    pieces = Remuxer().pieces(source(data[: len(data) // 2], hold=hold))
    begun = time.monotonic()
    first = await anext(pieces)
    assert first[4:8] == b"ftyp"
    assert time.monotonic() - begun < 1.0
    while await anext(pieces):
        pass
    await pieces.aclose()
    assert not decoders()


async def test_who_watches_goes(avchd: bytes) -> None:
    """The process ends and the source is closed, wherever both are."""
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes]:
        try:
            while True:
                yield avchd
                await asyncio.sleep(0)
        finally:
            closed.set()

    pieces = Remuxer().pieces(endless())
    assert await anext(pieces)
    # Nobody reads: both queues fill up.
    await asyncio.sleep(0.3)
    await pieces.aclose()
    assert closed.is_set()
    assert not decoders()


async def test_source_breaks_off(avchd: bytes) -> None:
    """What came is a film; then why there is no more."""
    got = bytearray()
    broke = source(avchd[:200_000], error=ConnectError(Reason.CUT))

    async def take() -> None:
        async for piece in Remuxer().pieces(broke):
            got.extend(piece)

    with pytest.raises(ConnectError):
        await take()
    assert pictures(bytes(got), "mp4")
    with pytest.raises(UnplayableError):
        [piece async for piece in Remuxer().pieces(source(os.urandom(100_000)))]
    assert not decoders()


async def test_nothing_comes_for_a_while(avchd: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits is shown so, and may look whether he is still there."""
    monkeypatch.setattr(remuxer, "TICK", 0.02)
    hold = asyncio.Event()
    pieces = Remuxer().pieces(source(avchd[:300_000], hold=hold))
    got = [await anext(pieces) for _ in range(30)]
    assert b"" in got
    hold.set()
    got += [piece async for piece in pieces]
    assert pictures(b"".join(got), "mp4")


async def test_process_dies(avchd: bytes) -> None:
    """That is an end that does not look like one, and the source is not asked for more."""
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes]:
        try:
            while True:
                yield avchd
                await asyncio.sleep(0)
        finally:
            closed.set()

    pieces = Remuxer().pieces(endless())
    assert await anext(pieces)
    (process,) = decoders()
    os.kill(int(process), signal.SIGKILL)
    with pytest.raises(UnplayableError):
        [piece async for piece in pieces]
    assert closed.is_set()
    assert not decoders()


# -- Odd ends


class Given:
    """A clip whose packets a test chooses."""

    def __init__(self, given: av.container.InputContainer, stop: int, *, key: bool = True) -> None:
        """Break after so many packets; `key`: pictures that stand alone are told as such."""
        self._given = given
        self._stop = stop
        self._key = key

    def demux(self, *streams: av.stream.Stream) -> Iterator[av.Packet]:
        """Yield them."""
        for number, packet in enumerate(self._given.demux(*streams)):
            if number == self._stop:
                raise av.error.InvalidDataError(1, "broken")
            packet.is_keyframe = packet.is_keyframe and self._key
            yield packet


@pytest.mark.parametrize(
    ("stop", "key", "plays"),
    [(0, True, False), (60, True, True), (60, False, False), (9999, False, False)],
)
def test_demuxer_fails(avchd: bytes, stop: int, key: bool, plays: bool) -> None:
    """As much as there was is a film; nothing is none."""
    file = io.BytesIO()
    with av.open(io.BytesIO(avchd), "r") as given, av.open(file, "w", format="mp4") as made:
        video = given.streams.video[0]
        chosen: Any = Given(given, stop, key=key)
        if not plays:
            with pytest.raises(UnplayableError):
                remux_module._copy(chosen, made, video, None)
            return
        remux_module._copy(chosen, made, video, None)
    assert 50 < len(pictures(file.getvalue(), "mp4")) <= 60


def test_sound_without_a_time(avchd: bytes) -> None:
    """What has no place in the film, or is broken, is left out; the rest is kept."""

    class Broken:
        def resample(self, frame: object) -> list[av.AudioFrame]:
            raise ValueError

    with av.open(io.BytesIO(avchd), "r") as given, av.open(io.BytesIO(), "w", format="mp4") as made:
        audio = given.streams.audio[0]
        sound = remux_module._Sound(audio, made)
        packets = [packet for packet in given.demux(audio) if packet.dts is not None]
        begin = packets[1].dts
        assert begin is not None
        for packet in packets[:3]:
            sound.add(packet, begin)
        assert sound._clock._last == packets[2].dts
        packets[3].dts = None
        sound.add(packets[3], begin)
        last = sound._last
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        frame.sample_rate = remux_module.SOUND_RATE
        for frame.pts in (None, last):
            sound._encode(frame)
        assert sound._last == last
        sound._resampler = Broken()  # type: ignore[assignment]
        sound.add(packets[4], begin)
        sound.end()


def test_index_that_never_comes() -> None:
    """What was kept back for it goes on in the end."""
    kept = Sink()
    sink = remux_module._Sink(kept, timedelta(seconds=1))
    sink.write(b"\0\0\0\x20ftyp")
    assert kept.data == b""
    sink.finish()
    assert kept.data == b"\0\0\0\x20ftyp"
