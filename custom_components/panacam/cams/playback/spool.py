"""One clip in a file without a name, filled by the camera and read by those who watch, at once.

Browsers play an MP4 by asking for ranges: the end first when its index is there, as recorders write
it, then the beginning, and again wherever somebody seeks. A camera that begins at 0 only, and does
one download at a time, can serve none of that, and a viewer who pauses would occupy it for good. So
its bytes go to disk as fast as they come, and ranges are read from there while the file still
grows; where the camera can begin in the middle, it is sent to where somebody waits. Memory holds
one piece at a time. The file has no name: nobody can open it, and it is gone when it is closed,
whatever becomes of us.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
import os
from pathlib import Path
import tempfile
from typing import IO, Any, Final

from ..clips import Clip, Clips
from ..errors import CameraError, ConnectError, Reason
from .extents import Extents
from .flow import Flow
from .turn import Turn

CHUNK: Final = 256 * 1024
"""Bytes that are read at once."""
NEAR: Final = 4 * 1024 * 1024
"""Bytes before somebody who waits, from which going on is quicker than beginning again."""
MAX_EXTENTS: Final = 64
"""Stretches that a file may have; with more, the camera is not sent elsewhere any more."""
TICK: Final = 1.0
"""Seconds after which who waits is shown that nothing came, to look whether he is still there."""
MAX_TICKS: Final = 150
"""Ticks without a single new byte after which nobody waits any longer."""


class NoRoomError(Exception):
    """There is no room for the clip on our disk, or the camera does not say how large it is."""


class Spool:
    """One clip, as far as it is there."""

    def __init__(
        self,
        clips: Clips,
        clip: Clip,
        turn: Turn,
        *,
        folder: Path,
        fits: Callable[[int], bool],
    ) -> None:
        """Ask for nothing yet; `fits` tells, in a thread, whether there is room for some bytes."""
        self._clips = clips
        self._clip = clip
        self._turn = turn
        self._folder = folder
        self._fits = fits
        self._file: IO[bytes] | None = None
        self._extents = Extents()
        self._ranged: bool | None = None
        """Whether the camera can begin in the middle; None: not known yet."""
        self._task: asyncio.Task[None] | None = None
        self._jobs: set[asyncio.Future[Any]] = set()
        self._news = asyncio.Event()
        self._waiting: dict[object, int] = {}
        self._error: CameraError | NoRoomError | None = None
        self._closed = False
        self.size: int | None = None
        """Bytes of the whole clip, once known."""
        self.readers = 0
        self.idle_since = asyncio.get_running_loop().time()

    @property
    def filling(self) -> bool:
        """Return whether the camera sends."""
        return self._task is not None

    @property
    def complete(self) -> bool:
        """Return whether all of it is there."""
        return self.size is not None and self._extents.end_of(0) >= self.size

    @property
    def missing(self) -> int:
        """Return how many bytes are not here yet, as far as is known."""
        return (self.size or 0) - self._extents.total

    async def measure(self) -> int:
        """Return the clip's size. CameraError, NoRoomError."""
        self.readers += 1
        try:
            return await self._measured()
        finally:
            self._leave()

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes]:
        """Yield the bytes from `start` to before `stop`, waiting for those that are not here yet.

        Nothing (b"") is yielded once a second meanwhile. CameraError, NoRoomError.
        """
        self.readers += 1
        key = object()
        ticks = 0
        try:
            stop = min(stop, await self._measured())
            while start < stop:
                end = min(self._extents.end_of(start), stop, start + CHUNK)
                if end > start:
                    self._waiting.pop(key, None)
                    ticks = 0
                    data = await self._read(start, end)
                    start += len(data)
                    yield data
                    continue
                # The last to be asked for is where somebody looks.
                self._waiting.setdefault(key, start)
                before = self._extents.total
                if not await self._more():
                    ticks = ticks + 1 if self._extents.total == before else 0
                    if ticks > MAX_TICKS:
                        raise ConnectError(Reason.TIMEOUT)
                    yield b""
        finally:
            self._waiting.pop(key, None)
            self._leave()

    async def stop(self) -> None:
        """Have the camera send no more; what is here stays."""
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        """Stop, and forget what is here."""
        self._closed = True
        self._changed()
        await self.stop()
        if self._jobs:
            await asyncio.wait(self._jobs)
        if self._file is not None:
            file, self._file = self._file, None
            await asyncio.to_thread(file.close)

    # -- Those who read

    async def _measured(self) -> int:
        while self.size is None:
            await self._more()
        return self.size

    async def _more(self) -> bool:
        """Wait for news, a moment at most; return whether there is some."""
        if self._closed:
            raise ConnectError(Reason.CUT)
        if self._task is None:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            self._task = asyncio.create_task(self._fill(), name=f"spool of {self._clip.slot}")
            self._task.add_done_callback(self._filled)
        try:
            async with asyncio.timeout(TICK):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _leave(self) -> None:
        self.readers -= 1
        self.idle_since = asyncio.get_running_loop().time()
        if self._turn.wanted:
            self._give_up()

    async def _read(self, start: int, end: int) -> bytes:
        data = await self._io(self._pread, start, end)
        if not data:
            raise ConnectError(Reason.CUT)
        return data

    def _pread(self, start: int, end: int) -> bytes:
        return b"" if self._file is None else os.pread(self._file.fileno(), end - start, start)

    # -- The camera

    def _give_up(self) -> None:
        """Let another one have the camera's download, unless somebody watches."""
        if not self.readers and self._task is not None:
            self._task.cancel()

    def _filled(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            # OSError: the disk is full or broken.
            self._error = error if isinstance(error, CameraError) else NoRoomError()
        self._changed()

    def _changed(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _fill(self) -> None:
        async with self._turn.held(self._give_up):
            while (wanted := self._next()) is not None:
                async with Flow(self._clips, self._clip).opened(wanted) as flow:
                    await self._measure(flow.size)
                    if flow.at != wanted:
                        self._ranged = False
                        flow.skip(self._extents.end_of(0))
                    elif wanted:
                        self._ranged = True
                    await self._store(flow)

    async def _measure(self, size: int | None) -> None:
        if self.size is not None:
            if size != self.size:
                raise ConnectError(Reason.UNEXPECTED_REPLY)
            return
        if size is None or not await asyncio.to_thread(self._fits, size):
            raise NoRoomError
        self._file = await self._io(self._create)
        self.size = size
        self._changed()

    def _create(self) -> IO[bytes]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=self._folder, buffering=0)

    async def _store(self, flow: Flow) -> None:
        """Keep what comes, until it is here already or somebody waits elsewhere."""
        begun = at = flow.at
        async with aclosing(flow.pieces()) as pieces:
            async for piece in pieces:
                await self._io(self._pwrite, piece, at)
                at += len(piece)
                self._extents.add(at - len(piece), at)
                self._changed()
                # Whether a camera can begin in the middle is tried at once: little is lost by it.
                tried = self._ranged is not None or begun > 0
                if self._extents.end_of(at) > at or (
                    (not tried or at - begun > NEAR) and self._is_wanted_off(at)
                ):
                    return

    def _is_wanted_off(self, at: int) -> bool:
        """Return whether somebody waits for what will not come soon by going on."""
        if self._ranged is False or self._extents.count >= MAX_EXTENTS:
            return False
        return any(
            not at <= place <= at + NEAR and self._extents.end_of(place) <= place
            for place in self._waiting.values()
        )

    def _next(self) -> int | None:
        """Return what to ask the camera for; None: all is here."""
        if self.size is None:
            return 0
        if self.size == 0 or self.complete:
            return None
        if self._ranged is not False:
            for place in reversed(self._waiting.values()):
                if place < self.size and self._extents.end_of(place) <= place:
                    return place
        return self._extents.end_of(0)

    def _pwrite(self, piece: bytes, at: int) -> None:
        if self._file is None:
            raise OSError
        view = memoryview(piece)
        while view:
            written = os.pwrite(self._file.fileno(), view, at)
            view, at = view[written:], at + written

    async def _io[*Ts, ResultT](
        self, function: Callable[[*Ts], ResultT], *arguments: *Ts
    ) -> ResultT:
        """Do something to the file, to its end whoever is cancelled: `close` waits for it."""
        job = asyncio.get_running_loop().run_in_executor(None, function, *arguments)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return await asyncio.shield(job)
