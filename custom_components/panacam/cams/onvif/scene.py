"""What the metadata stream says of the scene (9.2): how many objects there are."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, override

from ..errors import AuthError, CameraError, ProtocolError
from ..roles import Reading
from .board import Board
from .client import OnvifClient
from .node import Node, parse
from .part import Part

OBJECT_COUNT: Final = "object_count"
MAX_DOCUMENT: Final = 512 * 1024
LARGE_DOCUMENT: Final = 16 * 1024
"""Bytes from which a document is read outside the event loop."""
MAX_FRAMES: Final = 64
"""Of one document."""
MAX_OBJECTS: Final = 1000
SHOW_TIME: Final = 0.25
"""Seconds between two values that are shown."""
FIRST_WAIT: Final = 1.0
LAST_WAIT: Final = 60.0
"""Seconds between two attempts to open the stream."""
LOGIN_WAIT: Final = 300.0
"""Seconds until a refused login is tried again: many devices lock who fails too often."""

type OpenMetadata = Callable[[], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens a stream of metadata documents. CameraError, then and while it is read."""


class SceneReader:
    """Counts objects, document by document (no I/O)."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._at: str | None = None
        self._objects: set[str] = set()

    def feed(self, document: bytes) -> int | None:
        """Return how many objects there are after a document; None: it says nothing of that.

        Frames of the same time are one picture, told in pieces. ProtocolError for what is no XML.
        """
        root = parse(document)
        count: int | None = None
        frames = 0
        for stream in root:
            if stream.name != "VideoAnalytics":
                continue
            for frame in stream:
                if frame.name == "Frame" and frames < MAX_FRAMES:
                    frames += 1
                    count = self._frame(frame)
        return count

    def _frame(self, frame: Node) -> int:
        at = frame.attribute("UtcTime")
        if at is None or at != self._at:
            self._objects = set()
        self._at = at
        for number, found in enumerate(frame.children("Object")):
            name = found.attribute("ObjectId") or found.attribute("UUID") or f"#{number}"
            if found.child("Behaviour", "Removed") is not None:
                self._objects.discard(name)
            elif len(self._objects) < MAX_OBJECTS:
                self._objects.add(name)
        for gone in frame.children("ObjectTree", "Delete"):
            self._objects.discard(gone.attribute("ObjectId") or "")
        return len(self._objects)


class ScenePart(Part):
    """Keeps the number of objects up while somebody looks at it: it costs a stream."""

    def __init__(
        self, client: OnvifClient, board: Board, open_metadata: OpenMetadata | None = None
    ) -> None:
        """Read the stream that `open_metadata` opens."""
        super().__init__(client, board)
        self._open = open_metadata
        self._task: asyncio.Task[None] | None = None
        self._count: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    @override
    async def connect(self) -> None:
        """Offer the reading, if there are analytics whose metadata can be had."""
        await self.close()
        if (
            self._open is None
            or not self.client.has("analytics")
            or not any("metadata" in profile.configurations for profile in self.board.profiles)
        ):
            return
        self.board.reading(Reading(key=OBJECT_COUNT, precision=0, enabled=False))
        self.board.on_want(OBJECT_COUNT, self._want)

    def _want(self, wanted: bool) -> None:
        """Begin or end to read the stream."""
        before = self._task
        if before is not None:
            before.cancel()
        if wanted and self._open is not None:
            run = self._run(self._open, before)
            self._task = asyncio.create_task(run, name="panacam scene")

    async def _run(self, open_metadata: OpenMetadata, before: asyncio.Task[None] | None) -> None:
        """Read the stream for ever, once who read it before has ended."""
        if before is not None:
            await asyncio.gather(before, return_exceptions=True)
        wait = FIRST_WAIT
        try:
            while True:
                refused = False
                try:
                    if await self._read(open_metadata):
                        wait = FIRST_WAIT
                except AuthError:
                    refused = True
                except CameraError:
                    pass
                self._forget()
                await asyncio.sleep(LOGIN_WAIT if refused else wait)
                wait = min(wait * 2, LAST_WAIT)
        finally:
            self._forget()

    async def _read(self, open_metadata: OpenMetadata) -> bool:
        """Read one stream to its end; return whether it said anything. CameraError."""
        reader, said = SceneReader(), False
        async with open_metadata() as documents:
            async for document in documents:
                if len(document) > MAX_DOCUMENT:
                    continue
                try:
                    count = await _fed(reader, document)
                except ProtocolError:
                    continue
                if count is not None:
                    said = True
                    self._count = count
                    self._show_soon()
        return said

    def _show_soon(self) -> None:
        """Show the count, at once if none was shown lately."""
        if self._timer is None:
            self._show()
            self._timer = asyncio.get_running_loop().call_later(SHOW_TIME, self._show_later)

    def _show_later(self) -> None:
        self._timer = None
        if self.board.read.get(OBJECT_COUNT) != self._count:
            self._show_soon()

    def _show(self) -> None:
        if self.board.read.get(OBJECT_COUNT) != self._count:
            self.board.read[OBJECT_COUNT] = self._count
            self.board.show()

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._count = None
        self._show()

    @override
    async def close(self) -> None:
        """End the stream."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None


async def _fed(reader: SceneReader, document: bytes) -> int | None:
    if len(document) > LARGE_DOCUMENT:
        return await asyncio.to_thread(reader.feed, document)
    return reader.feed(document)
