"""Pictures and sound of a MO camera, for one who looks."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
import time
from typing import Final

from ..errors import BusyError, CameraError, ConnectError, Reason, RefusedError
from ..stream import Picture, Piece, Sound
from .adpcm import SAMPLE_RATE
from .client import MoConnection
from .link import MoLink
from .session import DataEvent, Feature, VideoFrame

PICTURE_WAIT: Final = 10.0
"""Seconds without a picture after which the stream has ended."""
TURN_WAIT: Final = 10.0
"""Seconds to wait for another viewer to leave."""
SOUND_WAIT: Final = 3.0
"""Seconds for the camera to answer whether it has sound; the pictures wait as long."""
MAX_PICTURES: Final = 8
"""Pictures that wait for a slow viewer."""
MAX_SOUNDS: Final = 50
"""Packets of sound, 2 s, that wait for a slow viewer."""


class _Shelf:
    """What has come and is not fetched yet: the newest, in order."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pictures: deque[Picture] = deque(maxlen=MAX_PICTURES)
        self._sounds: deque[Sound] = deque(maxlen=MAX_SOUNDS)
        self._error: CameraError | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._due = self._loop.time() + PICTURE_WAIT

    def take(self, event: DataEvent) -> None:
        """Put a piece there; when there are too many, the oldest of its kind goes."""
        if isinstance(event, VideoFrame):
            self._due = self._loop.time() + PICTURE_WAIT
            self._pictures.append(Picture(event.picture, time.monotonic()))
        else:
            self._sounds.append(Sound(event.samples, time.monotonic()))
        self._wake()

    def lost(self, error: CameraError) -> None:
        """Let the viewer know, at once."""
        self._error = error
        self._wake()

    async def pieces(self) -> AsyncGenerator[Piece]:
        """Yield pieces in the order of their coming, until CameraError."""
        while True:
            while (piece := self._next()) is not None:
                yield piece
            if self._error is not None:
                raise self._error
            self._waiting = self._loop.create_future()
            try:
                async with asyncio.timeout_at(self._due):
                    await self._waiting
            except TimeoutError as err:
                raise ConnectError(Reason.TIMEOUT) from err

    def _next(self) -> Piece | None:
        pictures, sounds = self._pictures, self._sounds
        if self._error is not None:
            return None
        if sounds and not (pictures and pictures[0].at < sounds[0].at):
            return sounds.popleft()
        return pictures.popleft() if pictures else None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class MoPictures:
    """The stream as a source: video, and sound where the camera has it."""

    def __init__(self, link: MoLink) -> None:
        """Look by `link`."""
        self._link = link
        self._turn = asyncio.Lock()
        self._mute = False
        """Whether the camera has said that it has no sound."""
        self.sound_rate: int | None = None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[Piece]]:
        """Start video and sound; leaving the context ends both. CameraError.

        The camera is waited for while it is coming back. A second viewer waits for the first to
        leave, for there is one stream; then BusyError(BUSY).
        """
        try:
            async with asyncio.timeout(TURN_WAIT):
                await self._turn.acquire()
        except TimeoutError as err:
            raise BusyError(Reason.BUSY, "video") from err
        try:
            connection = await self._link.ready()
            shelf = _Shelf()
            try:
                await connection.start(Feature.VIDEO, shelf)
                self.sound_rate = await self._start_sound(connection, shelf)
                async with aclosing(shelf.pieces()) as pieces:
                    yield pieces
            finally:
                connection.stop(Feature.AUDIO)
                connection.stop(Feature.VIDEO)
        finally:
            self._turn.release()

    async def _start_sound(self, connection: MoConnection, shelf: _Shelf) -> int | None:
        """Return the rate when the camera sends sound; pictures alone will do."""
        if self._mute:
            return None
        try:
            async with asyncio.timeout(SOUND_WAIT):
                await connection.start(Feature.AUDIO, shelf)
        except RefusedError as err:
            self._mute = err.reason is Reason.UNSUPPORTED
            return None
        except BusyError, ConnectError, TimeoutError:
            return None  # if the video went, too, the shelf knows
        return SAMPLE_RATE
