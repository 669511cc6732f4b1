"""One file on its way in: hidden until it is complete, and gone if it never is."""

import asyncio
from collections.abc import Callable
import os
from typing import Final

from .films import is_cut
from .intake import Intake
from .room import FullError, Limits
from .tree import Staged, Tree

_LOOK: Final = 16 * 1024 * 1024
"""Bytes between looks at how much room the disk has left."""


class Upload:
    """Takes pieces. Whoever has begun one ends it, finished or not."""

    def __init__(
        self, tree: Tree, account: str, staged: Staged, limits: Limits, intake: Intake
    ) -> None:
        """Take what the limits allow, counted among all that is on its way in."""
        self.account = account
        self.staged = staged
        self.size = 0
        self.is_placed = False
        """Whether it is where everybody sees it."""
        self._tree = tree
        self._limits = limits
        self._intake = intake
        self._looked = 0
        self._work: asyncio.Future[None] | None = None

    async def write(self, pieces: list[bytes]) -> None:
        """Begin to write in an executor, once the last pieces are written. FullError, OSError."""
        await self.written()
        size = sum(map(len, pieces))
        self.size += size
        self._intake.take(self.account, size)
        if self.size > self._limits.file_bytes:
            raise FullError
        look = self.size - self._looked >= _LOOK
        if look:
            self._looked = self.size
        self._begin(self._write, pieces, look)

    async def sync(self) -> None:
        """Begin to bring it to the disk, once all is written. FullError, OSError."""
        await self.written()
        self._begin(os.fsync, self.staged.handle)

    async def is_cut(self) -> bool:
        """Return whether it is a film in MP4 whose end is missing. OSError."""
        found = False

        def look() -> None:
            nonlocal found
            found = is_cut(self.staged.handle, self.size)

        await self.written()
        self._begin(look)
        await self.written()
        return found

    async def written(self) -> None:
        """Wait for what was begun. FullError, OSError."""
        if self._work is not None:
            await asyncio.shield(self._work)
            self._work = None

    async def settled(self) -> None:
        """Wait for what was begun, however it ends: the file must not be closed under it."""
        if self._work is not None:
            await asyncio.wait([self._work])
            self._work.exception()

    def _begin[*Ts](self, work: Callable[[*Ts], None], *args: *Ts) -> None:
        self._work = asyncio.get_running_loop().run_in_executor(None, work, *args)

    def _write(self, pieces: list[bytes], look: bool) -> None:
        if look and self._tree.free() < self._limits.free_bytes:
            raise FullError
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(self.staged.handle, rest) :]
