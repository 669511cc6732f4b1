"""What came: complete files only, within what each account and the disk may take."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from functools import partial
import logging
import time
from typing import Any, BinaryIO, Final

from .intake import Intake
from .names import Parts
from .room import SECOND, THIS_YEAR, FullError, Limits, Moment, too_much, too_old
from .shelf import BEFORE, Received, Shelf, Shelves
from .tree import FolderRoom, Node, Staged, Tree
from .upload import Upload

_LOGGER: Final = logging.getLogger(__name__)
_SETTLED: Final = 3600 * SECOND
"""After which an empty folder is not about to be filled."""

type Told = Callable[[Received], None]
"""Is told of a file."""


class Store(Shelves):
    """The files of all accounts. Everything but the disk happens in the event loop."""

    def __init__(
        self,
        tree: Tree,
        limits: Limits,
        on_received: Told,
        *,
        clock: Callable[[], int] = time.time_ns,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep files in `tree`; tell of each picture and film once it is whole and has its name.

        `clock` tells nanoseconds since 1970, if it is set right; nobody sets `steady`.
        """
        super().__init__()
        self.limits = limits
        self._tree = tree
        self._on_received = on_received
        self._clock = clock
        self._steady = steady
        self._tidied: Moment | None = None
        self._folders: dict[str, FolderRoom] = {}
        self._intake = Intake(limits)
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Learn what is on the disk, then remove what is too old. OSError."""

        def look() -> dict[str, Shelf]:
            self._tree.open()
            found: dict[str, Shelf] = {}
            for account in self._tree.accounts():
                found[account] = shelf = Shelf(account)
                for node in self._tree.scan(account):
                    shelf.put(_received(account, node, now))
            return found

        now = self._now()
        self._shelves = await _executed(look)
        await self.tidy()

    async def close(self) -> None:
        """Wait for what is being written."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def opened(self, file: Received) -> BinaryIO:
        """Open a file for reading. OSError when it is gone."""
        return await _executed(lambda: self._tree.opened(file.account, file.parts))

    async def node(self, account: str, parts: Parts) -> Node:
        """Return what a path is. OSError where there is nothing."""
        return await _executed(lambda: self._tree.node(account, parts))

    async def listing(self, account: str, parts: Parts) -> list[Node]:
        """Return what is in a folder. OSError where there is none."""
        return await _executed(lambda: self._tree.listing(account, parts))

    async def make(self, account: str, parts: Parts) -> None:
        """Make a folder. FullError, OSError; FileExistsError where it is."""
        await self._own(self._make(account, parts))

    async def _make(self, account: str, parts: Parts) -> None:
        async with self._turn:
            room = self._room(account)
            await _executed(lambda: self._tree.make(account, parts, room))

    def _room(self, account: str) -> FolderRoom:
        """Return how many folders more an account may have, since they were last counted."""
        self._shelf(account)
        return self._folders.setdefault(account, FolderRoom(self.limits.account_folders))

    async def begin(self, account: str) -> Upload:
        """Begin a file, as fast as an account may send them. BusyError, FullError, OSError."""
        self._intake.slots.take(account)
        try:
            await self._intake.pace(account)
            # Said before anything is sent, if it would not fit anyway.
            now = self._now()
            too_much(self._shelves, self._shelf(account).account, 1, self.limits, now)
            self._intake.begin(account, self._shelves.values(), now)
            staged = await self._staged()
        except BaseException as err:
            self._intake.slots.give_back(account)
            if isinstance(err, FullError):
                self._intake.say_full(account)
            raise
        return Upload(self._tree, account, staged, self.limits, self._intake)

    async def _staged(self) -> Staged:
        """Begin a file on the disk; if nobody wants it any more by then, end it."""
        work = asyncio.ensure_future(_executed(self._stage))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            with suppress(FullError, OSError):
                staged = await work
                await _executed(lambda: self._tree.discard(staged))
            raise

    def _stage(self) -> Staged:
        """Begin a file on the disk, if there is room."""
        if self._tree.free() < self.limits.free_bytes:
            raise FullError
        return self._tree.stage()

    async def finish(self, upload: Upload, parts: Parts, placed: Told) -> None:
        """Give a file its place on the disk, that of one with its name too. FullError, OSError.

        Nobody sees it before it is settled; `placed` is told of it even if the caller is gone.
        """
        await self._own(self._finish(upload, parts, placed))

    async def _finish(self, upload: Upload, parts: Parts, placed: Told) -> None:
        account = upload.account
        async with self._turn:
            await self._make_room(account, max(1, upload.size))
            shelf, room, now = self._shelf(account), self._room(account), self._now()
            changed = shelf.free_time(now.time)

            def place() -> tuple[Parts | None, Node]:
                moved = self._tree.put_aside(account, parts)
                return moved, self._tree.place(account, upload.staged, parts, changed, room)

            moved, node = await _executed(place)
            upload.is_placed = True
            if moved is not None and (old := shelf.take(parts)) is not None:
                shelf.put(replace(old, parts=moved))
            file = replace(_received(account, node, now), came=now.steady, is_whole=False)
            shelf.put(file)
        placed(file)

    def settle(self, file: Received, *, is_whole: bool) -> None:
        """Let everybody see a file that was finished and is whole; remove one that is not."""
        shelf = self._shelf(file.account)
        if (found := shelf.find(file.id)) is None or found.is_whole:
            return
        if is_whole:
            file = shelf.put(replace(found, is_whole=True))
            self._changed()
            self._tell(file)
        else:
            self._begin(self._withdraw(found))

    async def _withdraw(self, file: Received) -> None:
        async with self._turn:
            if (found := self._shelf(file.account).find(file.id)) is not None:
                with suppress(OSError):
                    await self._remove([found])

    async def end(self, upload: Upload) -> None:
        """Remove what came of a file, unless it was finished; have room for another upload."""
        await self._own(self._end(upload))

    async def _end(self, upload: Upload) -> None:
        try:
            await upload.settled()
            # Whoever wanted it finished may be gone, and that goes on.
            async with self._turn:
                if not upload.is_placed:
                    await _executed(lambda: self._tree.discard(upload.staged))
        finally:
            self._intake.end(upload.account, upload.size, is_placed=upload.is_placed)

    async def rename(self, account: str, parts: Parts, wanted: Parts) -> None:
        """Give a file that nobody was told of another name. PermissionError, FullError, OSError."""
        await self._intake.pace(account)
        await self._own(self._rename(account, parts, wanted))

    async def _rename(self, account: str, parts: Parts, wanted: Parts) -> None:
        async with self._turn:
            file, room = self.untold(account, parts), self._room(account)
            await _executed(lambda: self._tree.move(account, parts, wanted, room))
            shelf = self._shelf(account)
            shelf.take(parts)
            file = shelf.put(replace(file, parts=wanted))
        self._tell(file)

    async def remove(self, account: str, parts: Parts) -> None:
        """Remove a file that nobody was told of. PermissionError, OSError."""
        await self._own(self._remove([self.untold(account, parts)]))

    async def tidy(self) -> None:
        """Remove what is too old or too much, and folders that nothing is in any more."""
        await self._own(self._tidy())

    async def _tidy(self) -> None:
        async with self._turn:
            now, count = self._now(), 0
            # A clock that was just set says nothing of how old something is.
            is_sure = self._tidied is None or now.agrees(self._tidied)
            self._tidied = now
            for account, shelf in list(self._shelves.items()):
                await self._redate(shelf, now)
                old = too_old(shelf, self.limits, now) if is_sure else []
                count += len(old)
                await self._remove(old)
                await self._make_room(account, 0)
                prune = partial(self._tree.prune, account, now.time - _SETTLED)
                folders = await _executed(prune)
                self._folders[account] = FolderRoom(self.limits.account_folders - folders)
        if count:
            _LOGGER.info("%d received files were older than %g days", count, self.limits.days)

    async def _redate(self, shelf: Shelf, now: Moment) -> None:
        """Give those that came while the clock was wrong the time at which they did."""
        for file in list(shelf):
            if file.is_whole and (due := now.time_of(file)) != file.time:
                time = shelf.free_time(due)
                await _executed(partial(self._tree.redate, file.account, file.parts, time))
                shelf.put(replace(file, time=time))

    async def _make_room(self, account: str, size: int) -> None:
        """Remove the oldest until there is room for `size` bytes more. FullError."""
        shelf = self._shelf(account)
        gone = too_much(self._shelves, shelf.account, size, self.limits, self._now())
        await self._remove(gone)

    async def _remove(self, files: list[Received]) -> None:
        if not files:
            return

        def remove() -> None:
            for file in files:
                self._tree.remove(file.account, file.parts)

        await _executed(remove)
        for file in files:
            self._shelf(file.account).take(file.parts)
        self._changed()

    def _now(self) -> Moment:
        return Moment(self._clock(), self._steady())

    def _tell(self, file: Received) -> None:
        if file.kind is not None:
            self._on_received(file)

    async def _own[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Finish what was begun on the disk, even if the one who wanted it is gone by then."""
        return await asyncio.shield(self._begin(work))

    def _begin[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _received(account: str, node: Node, now: Moment) -> Received:
    """Return what is known of a file of the disk; its time may be of a clock that was not set."""
    came = now.steady if node.changed < THIS_YEAR else BEFORE
    return Received(account=account, parts=node.parts, size=node.size, time=node.changed, came=came)


async def _executed[T](work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)
