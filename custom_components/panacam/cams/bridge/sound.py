"""Sound at a URL, decoded for a loudspeaker: one thread reads, whoever listens sets the pace."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from itertools import chain
from threading import Semaphore, Thread
from typing import Final
from urllib.parse import urlsplit

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer

from ..errors import CameraError, Reason

SCHEMES: Final = frozenset({"http", "https"})
PROTOCOLS: Final = "http,https,tcp,tls"
"""What FFmpeg may open, redirects and the parts of a playlist included: no files of ours."""
OPEN_TIMEOUT: Final = 10.0
READ_TIMEOUT: Final = 10.0
"""Seconds of silence of the server after which a sound is given up."""
LONGEST: Final = 600.0
"""Seconds; whatever is longer ends there: nobody leaves a radio on at a camera's gate."""
PIECE: Final = 0.1
"""Seconds of sound that are handed over at a time."""
AHEAD: Final = 20
"""Pieces that are decoded before somebody takes them."""
MAX_BAD: Final = 100
"""Packets that may be broken before a sound is no sound."""
_JOIN: Final = 1.0
"""Seconds to wait for the thread; one that a silent server holds ends after READ_TIMEOUT."""
_WIDTH: Final = 2
"""Bytes of one sample."""


@asynccontextmanager
async def decoded(url: str, rate: int) -> AsyncGenerator[AsyncIterator[bytes]]:
    """Open what a URL has and give it as signed 16-bit samples of one channel, `rate` a second.

    Raises CameraError(UNPLAYABLE), without the URL, which may have a token in it: at once for what
    is no sound or not to be had by HTTP, while iterating when it breaks off.
    """
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme.lower() not in SCHEMES:
        raise CameraError(Reason.UNPLAYABLE, "not http")
    decoding = _Decoding(url, rate)
    try:
        async with aclosing(decoding.pieces(await decoding.first())) as pieces:
            yield pieces
    finally:
        await decoding.close()


type _Item = bytes | CameraError | None
"""A piece of sound, what went wrong, or the end."""


class _Decoding:
    """The thread that reads and decodes; everything but `_run` and what it calls is for the loop.

    There is room for AHEAD pieces: who takes one makes room for the next.
    """

    def __init__(self, url: str, rate: int) -> None:
        """Start at once."""
        self._url = url
        self._rate = rate
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[_Item] = asyncio.Queue()
        self._room = Semaphore(AHEAD)
        self._ended = False
        self._thread = Thread(target=self._run, name="panacam sound", daemon=True)
        self._thread.start()

    async def first(self) -> bytes:
        """Wait for the first piece: only then is it known that there is any sound."""
        if (piece := await self._next()) is None:
            raise CameraError(Reason.UNPLAYABLE, "empty")
        return piece

    async def pieces(self, piece: bytes | None) -> AsyncGenerator[bytes]:
        """Yield the first piece, then the others as they are taken."""
        while piece is not None:
            yield piece
            piece = await self._next()

    async def close(self) -> None:
        """End the thread, or leave it to its time limit where a server says nothing."""
        self._ended = True
        self._room.release()
        await self._loop.run_in_executor(None, self._thread.join, _JOIN)

    async def _next(self) -> bytes | None:
        item = await self._items.get()
        if isinstance(item, CameraError):
            raise item
        self._room.release()
        return item

    # -- In the thread

    def _run(self) -> None:
        try:
            with av.open(
                self._url,
                container_options={
                    "protocol_whitelist": PROTOCOLS,
                    # A text that is being spoken comes no faster than it is heard, and would be
                    # waited for.
                    "analyzeduration": "500000",
                    "probesize": "32768",
                },
                timeout=(OPEN_TIMEOUT, READ_TIMEOUT),
            ) as container:
                for piece in _pieces(container, self._rate):
                    self._room.acquire()
                    if self._ended:
                        return
                    self._give(piece)
        except CameraError as err:
            self._give(err)
        except Exception as err:  # noqa: BLE001 - a strange file may trip PyAV up anywhere
            # The text of the error has the URL in it.
            self._give(CameraError(Reason.UNPLAYABLE, type(err).__name__))
        else:
            self._give(None)

    def _give(self, item: _Item) -> None:
        try:
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)
        except RuntimeError:  # the loop has ended
            self._ended = True


def _pieces(container: InputContainer, rate: int) -> Iterator[bytes]:
    """Yield pieces of equal size, the last one shorter, LONGEST seconds at most."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    size = int(PIECE * rate) * _WIDTH
    left = int(LONGEST * rate) * _WIDTH
    waiting = bytearray()
    for frame in chain(_frames(container), [None]):
        for out in resampler.resample(frame):
            waiting += memoryview(out.planes[0])[: out.samples * _WIDTH]
        while len(waiting) >= size and left > 0:
            yield bytes(waiting[: min(size, left)])
            del waiting[:size]
            left -= size
        if left <= 0:
            return
    if waiting:
        yield bytes(waiting)


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    """Yield the frames of the first sound there is, past what is broken."""
    if not container.streams.audio:
        raise CameraError(Reason.UNPLAYABLE, "no sound")
    bad = 0
    for packet in container.demux(container.streams.audio[0]):
        try:
            yield from packet.decode()
        except av.InvalidDataError:
            bad += 1
            if bad > MAX_BAD:
                raise
