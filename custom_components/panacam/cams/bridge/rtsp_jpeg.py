"""JPEG over RTP (RFC 2435): the pictures and the sound of an RTSP stream as they come."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from functools import partial
from threading import Event, Thread
import time
from typing import Any, Final, cast

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.video.stream import VideoStream

from ..errors import CameraError, ConnectError, ProtocolError, Reason
from ..stream import Picture, PictureStream, Piece, RtspStream, Sound, rtsp_url
from .reader import OPEN_TIMEOUT, READ_TIMEOUT, options, translated
from .refusals import named
from .relay import UnlikeError, Ways, playable

CODEC: Final = "jpeg"
"""What a camera calls it."""
MAX_PICTURE: Final = 4 * 1024 * 1024
"""Bytes."""
MAX_PICTURES: Final = 8
"""Pictures that wait for a slow reader."""
MAX_SOUNDS: Final = 100
"""Pieces of sound that do; a camera sends fifty a second at most."""
PICTURE_WAIT: Final = 10.0
"""Seconds without a picture after which the stream has ended."""
_FFMPEG_CODEC: Final = "mjpeg"
_START: Final = b"\xff\xd8"


def pictures_of(stream: RtspStream) -> PictureStream:
    """Return an RTSP stream of JPEG as a stream of pictures."""
    return PictureStream(
        key=stream.key,
        label=stream.label,
        source=RtspPictures(stream),
        preferred=stream.preferred,
    )


class RtspPictures:
    """The stream as a source."""

    def __init__(self, stream: RtspStream) -> None:
        """Read `stream` while it is open."""
        self._stream = stream
        self._ways = Ways()
        self.sound_rate: int | None = None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[Piece]]:
        """Connect; leaving the context hangs up. CameraError.

        ProtocolError(UNPLAYABLE) when the camera sends something else.
        """
        async with AsyncExitStack() as stack:
            try:
                reading = await self._ways.by_any(self._stream, partial(self._reading, stack))
            except CameraError as err:
                raise await named(err, self._stream) from None
            yield await stack.enter_async_context(aclosing(reading.pieces()))

    async def _reading(self, stack: AsyncExitStack, way: RtspStream) -> _Reading:
        """Return what reads, once the camera sends; `stack` ends it. CameraError."""
        async with AsyncExitStack() as inner:
            reading = _Reading(await inner.enter_async_context(playable(way)))
            inner.push_async_callback(reading.close)
            self.sound_rate = await reading.opened
            stack.push_async_exit(inner.pop_all())
        return reading


class _Reading:
    """The thread that reads; everything but `_run` and what it calls is for the loop."""

    def __init__(self, stream: RtspStream) -> None:
        """Start at once."""
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._pictures: deque[Picture] = deque(maxlen=MAX_PICTURES)
        self._sounds: deque[Sound] = deque(maxlen=MAX_SOUNDS)
        self._error: CameraError | None = None
        self._wake = asyncio.Event()
        self._due = 0.0
        """The loop's time by which the next picture should have come."""
        self._ended = Event()
        self.opened: asyncio.Future[int | None] = self._loop.create_future()
        """The rate of the sound, once the camera sends; CameraError when it does not."""
        self._thread = Thread(target=self._run, name="panacam RTSP JPEG", daemon=True)
        self._thread.start()

    async def pieces(self) -> AsyncGenerator[Piece]:
        """Yield pieces in the order of their coming, until CameraError."""
        self._due = self._loop.time() + PICTURE_WAIT
        while True:
            while (piece := self._next()) is not None:
                yield piece
            if self._error is not None:
                raise self._error
            self._wake.clear()
            try:
                async with asyncio.timeout_at(self._due):
                    await self._wake.wait()
            except TimeoutError:
                raise ConnectError(Reason.TIMEOUT) from None

    async def close(self) -> None:
        """End the thread, which looks after each packet and waits READ_TIMEOUT at most for one."""
        self._ended.set()
        if self.opened.done() and not self.opened.cancelled():
            self.opened.exception()
        await self._loop.run_in_executor(None, self._thread.join)

    def _next(self) -> Piece | None:
        pictures, sounds = self._pictures, self._sounds
        if sounds and not (pictures and pictures[0].at < sounds[0].at):
            return sounds.popleft()
        return pictures.popleft() if pictures else None

    def _begin(self, rate: int | None) -> None:
        if not self.opened.done():
            self.opened.set_result(rate)

    def _take(self, piece: Piece) -> None:
        if isinstance(piece, Picture):
            self._due = self._loop.time() + PICTURE_WAIT
            self._pictures.append(piece)
        else:
            self._sounds.append(piece)
        self._wake.set()

    def _finish(self, error: CameraError) -> None:
        self._error = error
        if not self.opened.done():
            self.opened.set_exception(error)
        self._wake.set()

    # -- In the thread

    def _run(self) -> None:
        begun = time.monotonic()
        try:
            self._read()
            error: CameraError = ConnectError(Reason.CUT)
        except CameraError as err:
            error = err
        except InvalidDataError:
            silent = not self.opened.done() and time.monotonic() - begun >= OPEN_TIMEOUT
            error = ConnectError(Reason.TIMEOUT) if silent else UnlikeError(Reason.CUT)
        except Exception as err:  # noqa: BLE001 - FFmpeg's errors have many classes
            # Not chained: its text may have the URL in it, and that has the password.
            error = translated(err)
        self._call(self._finish, error)

    def _read(self) -> None:
        with av.open(
            rtsp_url(self._stream),
            options=options(self._stream.transport),
            timeout=(OPEN_TIMEOUT, READ_TIMEOUT),
        ) as container:
            video, sound = _streams(container)
            self._call(self._begin, sound.codec_context.sample_rate if sound else None)
            resampler = _resampler(sound) if sound is not None else None
            for packet in container.demux([video, sound] if sound is not None else [video]):
                if self._ended.is_set():
                    return
                if packet.stream_index == video.index:
                    self._show(bytes(packet))
                elif resampler is not None:
                    for samples in _samples(packet, resampler):
                        self._call(self._take, Sound(samples, time.monotonic()))

    def _show(self, data: bytes) -> None:
        if data.startswith(_START) and len(data) <= MAX_PICTURE:
            self._call(self._take, Picture(data, time.monotonic()))

    def _call[*Ts](self, function: Callable[[*Ts], None], *arguments: *Ts) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the loop is closed: nobody is left to tell
            self._ended.set()


def _streams(container: InputContainer) -> tuple[VideoStream, AudioStream | None]:
    """Return the pictures and the sound beside them. ProtocolError for other pictures."""
    video = next(iter(container.streams.video), None)
    if video is None or video.codec_context.name != _FFMPEG_CODEC:
        raise ProtocolError(Reason.UNPLAYABLE)
    known = (each for each in container.streams.audio if each.codec_context.sample_rate)
    return video, next(known, None)


def _resampler(sound: AudioStream) -> AudioResampler:
    return AudioResampler(format="s16", layout="mono", rate=sound.codec_context.sample_rate)


def _samples(packet: av.Packet[Any], resampler: AudioResampler) -> Iterator[bytes]:
    """Yield what a packet sounds like; nothing for one that is broken."""
    with suppress(FFmpegError):
        for frame in cast("list[AudioFrame]", packet.decode()):
            for out in resampler.resample(frame):
                yield bytes(memoryview(out.planes[0])[: 2 * out.samples])
