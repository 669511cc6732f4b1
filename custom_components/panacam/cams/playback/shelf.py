"""The clips that are being watched, in files without names, and how many there may be."""

import asyncio
from collections.abc import Hashable
from pathlib import Path
import shutil
from typing import Final

from ..clips import Clip, Clips
from .spool import NoRoomError, Spool
from .turn import Turn

MAX_SPOOLS: Final = 4
"""Clips that are kept at one time, of all cameras."""
MAX_BYTES: Final = 16 * 1024**3
"""Bytes of all of them; two of the largest clips that fit on FAT are half of it."""
LEAVE_FREE: Final = 1024**3
"""Bytes of the disk that are for others."""
IDLE: Final = 20.0
"""Seconds without a viewer after which the camera is not asked for more."""
KEEP: Final = 300.0
"""Seconds without a viewer after which a clip is forgotten."""
SWEEP: Final = 5.0


class Shelf:
    """Keeps what is being watched, and what was until a moment ago."""

    def __init__(self, folder: Path) -> None:
        """Keep files in `folder`, made when the first one is."""
        self._folder = folder
        self._spools: dict[tuple[Hashable, Clip], Spool] = {}
        self._sweeper: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def spool(self, camera: Hashable, clips: Clips, clip: Clip, turn: Turn) -> Spool:
        """Return the clip's file, a new one if need be. NoRoomError while all are watched."""
        key = (camera, clip)
        if (found := self._spools.get(key)) is not None:
            return found
        if len(self._spools) >= MAX_SPOOLS and not self._forget_oldest():
            raise NoRoomError
        spool = Spool(clips, clip, turn, folder=self._folder, fits=self._fits)
        self._spools[key] = spool
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweep(), name="shelf of clips")
        return spool

    def find(self, camera: Hashable, clip: Clip) -> Spool | None:
        """Return the clip's file if there is one."""
        return self._spools.get((camera, clip))

    async def close(self, camera: Hashable = None) -> None:
        """Forget the clips of a camera, or of all."""
        for key in [key for key in self._spools if camera is None or key[0] == camera]:
            self._forget(key)
        if not self._spools and self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        if self._closing:
            await asyncio.wait(self._closing)

    def _fits(self, size: int) -> bool:
        """Return whether there is room for some more bytes. In a thread."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = sum(spool.size or 0 for spool in tuple(self._spools.values()))
        # What is promised to others and not written yet is free only by looks.
        missing = sum(spool.missing for spool in tuple(self._spools.values()))
        free = shutil.disk_usage(self._folder).free
        return held + size <= MAX_BYTES and free - missing - size >= LEAVE_FREE

    def _forget_oldest(self) -> bool:
        idle = [(spool.idle_since, key) for key, spool in self._spools.items() if not spool.readers]
        if not idle:
            return False
        self._forget(min(idle, key=lambda item: item[0])[1])
        return True

    def _forget(self, key: tuple[Hashable, Clip]) -> None:
        task = asyncio.create_task(self._spools.pop(key).close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _sweep(self) -> None:
        while self._spools:
            await asyncio.sleep(SWEEP)
            now = asyncio.get_running_loop().time()
            for key, spool in tuple(self._spools.items()):
                if spool.readers:
                    continue
                if now - spool.idle_since > KEEP:
                    self._forget(key)
                elif now - spool.idle_since > IDLE and spool.filling:
                    await spool.stop()
        self._sweeper = None
