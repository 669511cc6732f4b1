"""What the tests of the bridge share: pictures that can be read, a camera in the test's hand."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
import io
import threading
import time
from types import CoroutineType
from typing import Any

import av
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
import numpy as np
import numpy.typing as npt

from custom_components.panacam.cams.bridge.mpegts import TsMuxer
from custom_components.panacam.cams.bridge.packets import TICKS, Format, Kind, Packet
from custom_components.panacam.cams.bridge.pictures import PictureHub
from custom_components.panacam.cams.errors import CameraError
from custom_components.panacam.cams.stream import Picture, PictureStream, Piece, Sound

WIDTH, HEIGHT = 64, 48
RATE = 8000
TONE = 440.0
_COLUMNS, _ROWS = 8, 2
LONG = 10.0
"""Seconds that something may take on the slowest machine; nothing here needs one."""


# -- Pictures with a number in them


def encoded(pixels: npt.NDArray[np.uint8], layout: str = "yuvj420p", *, quality: int = 3) -> bytes:
    """Return a JPEG of the light in `pixels`, without colour."""
    height, width = pixels.shape
    codec = av.CodecContext.create("mjpeg", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = width, height, layout
    codec.time_base, codec.thread_count = Fraction(1, 25), 1
    codec.options = {"qmin": str(quality), "qmax": str(quality)}
    frame = VideoFrame(width, height, layout)
    for number, plane in enumerate(frame.planes):
        whole = np.full((plane.height, plane.line_size), 128, np.uint8)
        if number == 0:
            whole[:, :width] = pixels
        plane.update(whole.tobytes()[: plane.buffer_size])
    frame.pts = 0
    return b"".join(bytes(packet) for packet in (*codec.encode(frame), *codec.encode(None)))


@cache
def jpeg(number: int, width: int = WIDTH, height: int = HEIGHT, layout: str = "yuvj420p") -> bytes:
    """Return a picture of sixteen fields: white, and the bits of `number`, white for 1."""
    bits = [1, *((number >> at) & 1 for at in range(_COLUMNS * _ROWS - 1))]
    fields = np.array(bits, np.uint8).reshape(_ROWS, _COLUMNS) * 215 + 20
    rows = np.arange(height) * _ROWS // height
    columns = np.arange(width) * _COLUMNS // width
    return encoded(fields[rows][:, columns], layout)


def plain(shade: int, width: int, height: int, layout: str = "yuvj420p") -> bytes:
    """Return a picture of one shade."""
    return encoded(np.full((height, width), shade, np.uint8), layout)


def huge(width: int = 65_000, height: int = 65_000) -> bytes:
    """Return a picture whose header claims a size (T.81, B.2.2)."""
    data = bytearray(jpeg(1))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(data)


def light(frame: VideoFrame) -> npt.NDArray[np.uint8]:
    """Return the first plane of a frame, without padding."""
    return _inside(frame.planes[0])


def colour(frame: VideoFrame) -> int:
    """Return how far the colour of a frame is from none."""
    return max(int(np.abs(_inside(frame.planes[at]).astype(int) - 128).max()) for at in (1, 2))


def _inside(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    whole = np.frombuffer(bytes(plane), np.uint8)
    return whole[: plane.height * plane.line_size].reshape(plane.height, -1)[:, : plane.width]


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame as a player shows it."""

    at: float
    """Seconds in the stream."""
    number: int
    marked: bool
    """Whether it is dark: not live."""
    key: bool


def read(frame: VideoFrame, at: float = 0.0) -> Shown:
    """Read the number in a frame, marked or not."""
    pixels = light(frame)
    height, width = pixels.shape
    rows = [(2 * row + 1) * height // (2 * _ROWS) for row in range(_ROWS)]
    columns = [(2 * column + 1) * width // (2 * _COLUMNS) for column in range(_COLUMNS)]
    samples = pixels[np.ix_(rows, columns)].astype(int).ravel()
    marked = samples.max() < 120
    bits = samples > (50 if marked else 128)
    number = sum(int(bit) << place for place, bit in enumerate(bits[1:]))
    return Shown(at, number, bool(marked), bool(frame.key_frame))


# -- Sound


def tone(start: float, seconds: float, *, rate: int = RATE, frequency: float = TONE) -> bytes:
    """Return samples of a tone that goes on where the piece before ended."""
    first, count = round(start * rate), round(seconds * rate)
    phase = 2 * np.pi * frequency * np.arange(first, first + count) / rate
    samples: bytes = (12_000 * np.sin(phase)).astype("<i2").tobytes()
    return samples


def frequency_of(samples: npt.NDArray[np.floating[Any]], rate: int) -> float:
    """Return the strongest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


def loudness(samples: npt.NDArray[np.floating[Any]]) -> float:
    """Return the effective value, 1.0 for the loudest there is."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def heard(packets: Iterable[Packet]) -> npt.NDArray[np.float32]:
    """Decode packets of AAC."""
    decoder = av.CodecContext.create("aac", "r")
    assert isinstance(decoder, AudioCodecContext)
    frames: list[npt.NDArray[np.float32]] = []
    for packet in packets:
        if packet.kind is not Kind.SOUND:
            continue
        for frame in decoder.decode(av.Packet(packet.data)):
            assert frame.sample_rate == 48_000
            frames.append(frame.to_ndarray()[0].astype(np.float32))
    return np.concatenate(frames) if frames else np.zeros(0, np.float32)


# -- Packets


def packet(
    seconds: float, *, key: bool = False, size: int = 100, kind: Kind = Kind.VIDEO
) -> Packet:
    """Return a packet of nothing."""
    ticks = round(seconds * TICKS)
    return Packet(kind=kind, data=bytes(size), pts=ticks, dts=ticks, key=key)


H264 = Format(video="h264", width=WIDTH, height=HEIGHT)


def frames_of(packets: Iterable[Packet], codec: str = "h264") -> list[VideoFrame]:
    """Decode packets of video strictly: a stream with a fault in it fails."""
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1
    decoder.options = {"err_detect": "explode"}
    found: list[VideoFrame] = []
    for data in (*(each.data for each in packets if each.kind is Kind.VIDEO), None):
        found += decoder.decode(av.Packet(data) if data is not None else None)
    return found


def muxed(format_: Format, packets: Sequence[Packet]) -> bytes:
    """Return packets as one viewer gets them, when another one has come after them."""
    muxer = TsMuxer(format_)
    try:
        data = muxer.mux(packets)
        last = {each.kind: each for each in packets}
        if Kind.SOUND in last and format_.sound_rate is not None:
            later = max(each.dts for each in last.values()) + TICKS
            data += muxer.mux([replace(last[Kind.SOUND], pts=later, dts=later)])
        return data
    finally:
        muxer.close()


def shown(data: bytes) -> list[Shown]:
    """Return what a player shows of a transport stream, from its first byte."""
    found: list[Shown] = []
    with av.open(io.BytesIO(data), format="mpegts") as container:
        assert isinstance(container, InputContainer)
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            found.append(read(frame, float(frame.pts * frame.time_base)))
    return found


def times(data: bytes, kind: str) -> list[float]:
    """Return the decoding times of the packets of `video` or `audio` in a transport stream."""
    with av.open(io.BytesIO(data), format="mpegts") as container:
        assert isinstance(container, InputContainer)
        return [
            float(each.dts * each.time_base)
            for each in container.demux()
            if each.stream.type == kind and each.dts is not None
        ]


# -- A camera in the test's hand


class FakeSource:
    """Sends the pieces that a test gives it; a PictureSource."""

    def __init__(self, sound_rate: int | None = None) -> None:
        """Begin with nobody connected."""
        self.sound_rate = sound_rate
        self.opened = 0
        """How often it was opened."""
        self.open_now = 0
        self.refusing: Exception | None = None
        """What opening it raises."""
        self.number = 0
        """Of the next picture that `show` sends."""
        self.taken = 0
        """How many pieces were taken."""
        self.slow_end = 0.0
        """Seconds that hanging up takes."""
        self._queue: asyncio.Queue[Piece | Exception | None] | None = None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[Piece]]:
        """Connect."""
        self.opened += 1
        if self.refusing is not None:
            raise self.refusing
        assert self.open_now == 0, "opened twice"
        self.open_now += 1
        self._queue = asyncio.Queue()
        try:
            yield self._pieces(self._queue)
        finally:
            self._queue = None
            await asyncio.sleep(self.slow_end)
            self.open_now -= 1

    async def _pieces(self, queue: asyncio.Queue[Piece | Exception | None]) -> AsyncIterator[Piece]:
        while (item := await queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            self.taken += 1
            yield item

    @property
    def connected(self) -> bool:
        """Return whether somebody takes pieces."""
        return self._queue is not None

    def send(self, piece: Piece | Exception | None) -> None:
        """Send a piece, an error, or None for an end without a reason."""
        assert self._queue is not None
        self._queue.put_nowait(piece)

    def show(self, *, at: float | None = None, data: bytes | None = None) -> Picture:
        """Send the next picture."""
        content = jpeg(self.number) if data is None else data
        picture = Picture(content, time.monotonic() if at is None else at)
        self.number += 1
        self.send(picture)
        return picture

    def past(self, seconds: float, *, rate: float = 15.0, sound: bool = False) -> None:
        """Send pictures as if they had come in the last `seconds`, the last one now."""
        now, count = time.monotonic(), round(seconds * rate)
        for left in range(count, -1, -1):
            at = now - left / rate
            if sound:
                self.send(Sound(tone(at, 1 / rate), at))
            self.show(at=at)

    async def play(self, rate: float = 25.0, *, sound: bool = False) -> None:
        """Send pictures until cancelled, whoever is connected."""
        while True:
            await asyncio.sleep(1 / rate)
            if self.connected:
                now = time.monotonic()
                if sound:
                    self.send(Sound(tone(now, 1 / rate), now))
                self.show(at=now)

    def fail(self, error: CameraError | Exception) -> None:
        """Break the connection, and refuse others with the same error."""
        self.refusing = error
        if self.connected:
            self.send(error)


def stream_of(source: FakeSource) -> PictureStream:
    """Return the stream of a source."""
    return PictureStream(key="main", label="Main", source=source)


@asynccontextmanager
async def playing(
    source: FakeSource, rate: float = 25.0, *, sound: bool = False
) -> AsyncGenerator[None]:
    """Let a source play while the context is open."""
    task = asyncio.get_running_loop().create_task(source.play(rate, sound=sound))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def running(
    source: FakeSource | None = None, *, ring: float = 7.0, sound_rate: int | None = None
) -> AsyncGenerator[tuple[PictureHub, FakeSource]]:
    """Run the hub of a source, and close it."""
    source = source or FakeSource(sound_rate)
    hub = PictureHub(stream_of(source), ring=ring)
    try:
        yield hub, source
    finally:
        async with asyncio.timeout(LONG):
            await hub.close()
        assert source.open_now == 0


@asynccontextmanager
async def kept(hub: PictureHub, source: FakeSource) -> AsyncGenerator[None]:
    """Keep a hub connected while the context is open."""
    release = hub.keep()
    await until(lambda: source.connected)
    try:
        yield
    finally:
        release()


async def until(condition: Callable[[], object], *, seconds: float = LONG) -> None:
    """Wait until a condition holds; fail when it does not in good time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)


def threads(prefix: str = "panacam") -> list[str]:
    """Return the names of the threads of the bridge that run."""
    return [each.name for each in threading.enumerate() if each.name.startswith(prefix)]


async def alone() -> None:
    """Fail when a task or thread of the bridge is left, now and not in a while."""
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    files = [each.cr_code.co_filename for each in coroutines if isinstance(each, CoroutineType)]
    assert [file for file in files if "panacam/cams" in file] == []
    assert threads() == []
