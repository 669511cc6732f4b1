"""Small pictures of clips: fetched once, kept in memory, and only while nobody plays."""

import asyncio
from collections import OrderedDict
from contextlib import aclosing
from itertools import islice
from typing import Final

from ..clips import Clip, ClipFormat, Clips
from ..errors import BusyError, CameraError
from .boxes import boxes
from .decoder import picture_of
from .flow import Flow
from .turn import Turn

HEAD: Final = 2 * 1024 * 1024
"""Bytes of a clip that have its first picture in them: half a second of the best quality."""
TAIL: Final = 4 * 1024 * 1024
"""Bytes of the index of an MP4 that has it at its end: some two hours."""
MAX_BOXES: Final = 32
"""Boxes before its pictures; recorders write three."""
LIMIT: Final = 20.0
"""Seconds for one picture, whatever the camera does."""
MAX_KEPT: Final = 1000
MAX_BYTES: Final = 8 * 1024 * 1024
"""Of all pictures of one camera."""
FORGET: Final = 600.0
"""Seconds for which a clip without a picture is not asked for one again."""


class Thumbnails:
    """The small pictures of one camera's clips."""

    def __init__(self, clips: Clips, turn: Turn, decoding: asyncio.Lock) -> None:
        """Know none; those who share `decoding` decode one picture at a time."""
        self._clips = clips
        self._turn = turn
        self._kept: OrderedDict[Clip, bytes] = OrderedDict()
        self._bytes = 0
        self._failed: OrderedDict[Clip, float] = OrderedDict()
        self._decoding = decoding

    def has_none(self, clip: Clip) -> bool:
        """Return whether a clip was found a short while ago to have no picture."""
        return asyncio.get_running_loop().time() < self._failed.get(clip, 0.0)

    async def get(self, clip: Clip) -> bytes | None:
        """Return a JPEG, or None when there is none to be had. BusyError: try again later."""
        if (kept := self._kept.get(clip)) is not None:
            self._kept.move_to_end(clip)
            return kept
        if self.has_none(clip):
            return None
        async with self._turn.borrowed():
            if (kept := self._kept.get(clip)) is not None:
                return kept
            try:
                async with asyncio.timeout(LIMIT):
                    size, stretches = await self._fetch(clip)
            except BusyError:
                raise
            except CameraError, TimeoutError:
                size, stretches = 0, {}
        async with self._decoding:
            picture = await picture_of(clip.format, size, stretches)
        self._keep(clip, picture)
        return picture

    async def _fetch(self, clip: Clip) -> tuple[int, dict[int, bytes]]:
        """Return the clip's size and what is needed of it."""
        head, size = await self._stretch(clip, 0, HEAD)
        if clip.format is not ClipFormat.MP4:
            return size, {0: head}
        # Where the index is at the end, nothing can be shown without it.
        ends = [(box.kind, box.end) for box in islice(boxes(head), MAX_BOXES)]
        if not ends or b"moov" in dict(ends) or not len(head) <= ends[-1][1] < size:
            return size, {0: head}
        start = ends[-1][1]
        if size - start > TAIL:
            return size, {0: head}
        tail, _ = await self._stretch(clip, start, TAIL)
        return size, {0: head, start: tail}

    async def _stretch(self, clip: Clip, start: int, length: int) -> tuple[bytes, int]:
        """Return bytes of a clip, none if the camera cannot begin there, and the clip's size."""
        data = bytearray()
        async with Flow(self._clips, clip).opened(start) as flow:
            if flow.at == start:
                async with aclosing(flow.pieces(start + length)) as pieces:
                    async for piece in pieces:
                        data += piece
            return bytes(data), flow.size or len(data)

    def _keep(self, clip: Clip, picture: bytes | None) -> None:
        if picture is None:
            self._failed[clip] = asyncio.get_running_loop().time() + FORGET
            if len(self._failed) > MAX_KEPT:
                self._failed.popitem(last=False)
            return
        self._kept[clip] = picture
        self._bytes += len(picture)
        while len(self._kept) > MAX_KEPT or self._bytes > MAX_BYTES:
            _, old = self._kept.popitem(last=False)
            self._bytes -= len(old)
