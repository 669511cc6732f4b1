"""The folder of the drop on disk. Everything here blocks: it belongs into an executor.

Every step into a folder is taken from the one above, and no link is followed: whatever a client
says, and whatever somebody puts there meanwhile, nothing outside is read or written.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
import os
from pathlib import Path
import secrets
import shutil
import stat
from typing import BinaryIO, Final

from .names import MAX_DEPTH, Parts, aside, is_name

INCOMING: Final = ".panacam_incoming"
"""Where files are until they are complete, and the sign that a folder is a drop's."""
MAX_FILES: Final = 20_000
"""Of one account that are known; more than its quota allows are not there."""
MAX_LISTED: Final = 5000
"""Names in one folder that are shown."""
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
"""That does not wait for the other end of a named pipe."""
_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A file or a folder."""

    parts: Parts
    """Below the folder of its account."""
    is_folder: bool
    size: int
    changed: int
    """Nanoseconds since 1970."""


@dataclass(slots=True)
class Staged:
    """A file that is on its way in."""

    name: str
    handle: int


class ForeignFolderError(Exception):
    """A folder that is not the drop's own."""


class FullError(Exception):
    """There is no room: the account's, one file's, or the disk's."""


@dataclass(slots=True)
class FolderRoom:
    """How many folders more an account may have."""

    left: int

    def take(self) -> None:
        """Have room for one less. FullError."""
        if self.left <= 0:
            raise FullError
        self.left -= 1


_NO_ROOM: Final = FolderRoom(0)
"""For accounts' own folders, which are not counted, and nothing below."""


class Tree:
    """Accounts' folders, and one for what is on its way in."""

    def __init__(self, root: Path) -> None:
        """Take a folder for the drop; it need not be there yet."""
        self.root = root

    def check(self) -> None:
        """Raise ForeignFolderError for a folder that has something else in it. OSError."""
        with suppress(FileNotFoundError):
            there = os.listdir(self.root)  # noqa: PTH208 - names are enough
            if there and INCOMING not in there:
                raise ForeignFolderError

    def open(self) -> None:
        """Make the folder, and remove what was on its way in when it was last used.

        ForeignFolderError for one with something else in it, which would go with the time; OSError.
        """
        self.check()
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._folder((INCOMING,), room=_NO_ROOM) as handle:
            for name in os.listdir(handle):  # noqa: PTH208 - a path would be followed
                with suppress(OSError):
                    os.unlink(name, dir_fd=handle)

    def accounts(self) -> list[str]:
        """Return the names of the accounts that have something here."""
        with self._folder(()) as handle, os.scandir(handle) as found:
            return [one.name for one in found if one.name != INCOMING and _is_folder(one)]

    def free(self) -> int:
        """Return how many bytes more the disk takes."""
        return shutil.disk_usage(self.root).free

    def scan(self, account: str) -> list[Node]:
        """Return all files of an account, those that nobody may see too: they take room."""
        found: list[Node] = []
        with suppress(FileNotFoundError), self._folder((account,)) as handle:
            self._scan(handle, (), found)
        return found

    def _scan(self, handle: int, parts: Parts, found: list[Node]) -> None:
        for node in _nodes(handle, parts):
            if len(found) >= MAX_FILES:
                return
            if not node.is_folder:
                found.append(node)
            elif len(node.parts) <= MAX_DEPTH:
                with suppress(OSError):
                    below = os.open(node.parts[-1], _FOLDER, dir_fd=handle)
                    try:
                        self._scan(below, node.parts, found)
                    finally:
                        os.close(below)

    def listing(self, account: str, parts: Parts) -> list[Node]:
        """Return what is in a folder, or a file alone. OSError where there is nothing."""
        node = self.node(account, parts)
        if not node.is_folder:
            return [node]
        with self._folder((account, *parts)) as handle:
            found = (node for node in _nodes(handle, parts) if is_name(node.parts[-1]))
            return sorted(islice(found, MAX_LISTED), key=lambda node: node.parts)

    def node(self, account: str, parts: Parts) -> Node:
        """Return what a path is. OSError where there is nothing."""
        if not parts:
            with self._folder((account,), room=_NO_ROOM) as handle:
                return Node(parts=(), is_folder=True, size=0, changed=os.fstat(handle).st_mtime_ns)
        with self._folder((account, *parts[:-1])) as handle:
            told = os.stat(parts[-1], dir_fd=handle, follow_symlinks=False)
        if (node := _node(parts, told)) is None:
            raise FileNotFoundError
        return node

    def make(self, account: str, parts: Parts, room: FolderRoom) -> None:
        """Make a folder, and those above it. FullError; FileExistsError where it is."""
        with self._folder((account, *parts[:-1]), room=room) as handle:
            _free(parts[-1], handle)
            room.take()
            os.mkdir(parts[-1], 0o700, dir_fd=handle)

    def stage(self) -> Staged:
        """Begin a file."""
        name = secrets.token_hex(16)
        with self._folder((INCOMING,), room=_NO_ROOM) as handle:
            return Staged(name, os.open(name, _NEW, 0o600, dir_fd=handle))

    def discard(self, staged: Staged) -> None:
        """Remove a file that did not become complete."""
        with suppress(OSError):
            os.close(staged.handle)
        with suppress(FileNotFoundError), self._folder((INCOMING,)) as handle:
            os.unlink(staged.name, dir_fd=handle)

    def place(
        self, account: str, staged: Staged, parts: Parts, changed: int, room: FolderRoom
    ) -> Node:
        """Let a complete file appear; nothing must be there. FullError, FileExistsError."""
        os.utime(staged.handle, ns=(changed, changed))
        with (
            self._folder((INCOMING,)) as source,
            self._folder((account, *parts[:-1]), room=room) as target,
        ):
            _free(parts[-1], target)
            os.rename(staged.name, parts[-1], src_dir_fd=source, dst_dir_fd=target)
            os.close(staged.handle)
            staged.handle = -1
            told = os.stat(parts[-1], dir_fd=target, follow_symlinks=False)
        return Node(parts=parts, is_folder=False, size=told.st_size, changed=told.st_mtime_ns)

    def put_aside(self, account: str, parts: Parts) -> Parts | None:
        """Give a file's place to another one; return where it is now, None: nothing was there."""
        try:
            node = self.node(account, parts)
        except FileNotFoundError:
            return None
        if node.is_folder:
            raise IsADirectoryError
        moved = (*parts[:-1], aside(parts[-1], f"{node.changed // 1000}"))
        self.move(account, parts, moved, _NO_ROOM)
        return moved

    def move(self, account: str, parts: Parts, wanted: Parts, room: FolderRoom) -> None:
        """Rename a file; nothing may be there. FullError, FileExistsError."""
        with (
            self._folder((account, *parts[:-1])) as source,
            self._folder((account, *wanted[:-1]), room=room) as target,
        ):
            _free(wanted[-1], target)
            os.rename(parts[-1], wanted[-1], src_dir_fd=source, dst_dir_fd=target)

    def redate(self, account: str, parts: Parts, changed: int) -> None:
        """Give a file another time; it may be gone."""
        with suppress(FileNotFoundError), self._folder((account, *parts[:-1])) as handle:
            os.utime(parts[-1], ns=(changed, changed), dir_fd=handle, follow_symlinks=False)

    def remove(self, account: str, parts: Parts) -> None:
        """Remove a file; it may be gone."""
        with suppress(FileNotFoundError), self._folder((account, *parts[:-1])) as handle:
            os.unlink(parts[-1], dir_fd=handle)

    def prune(self, account: str, before: int) -> int:
        """Remove empty folders that nothing happened in since; return how many folders are left."""
        with suppress(FileNotFoundError), self._folder((account,)) as handle:
            return self._prune(handle, before, MAX_DEPTH)
        return 0

    def _prune(self, handle: int, before: int, deeper: int) -> int:
        left = 0
        for node in list(_nodes(handle, ())):
            if not node.is_folder or not deeper:
                continue
            name = node.parts[-1]
            with suppress(OSError):
                below = os.open(name, _FOLDER, dir_fd=handle)
                try:
                    left += self._prune(below, before, deeper - 1)
                finally:
                    os.close(below)
            try:
                if node.changed >= before:
                    raise FileExistsError
                os.rmdir(name, dir_fd=handle)
            except OSError:
                left += 1
        return left

    def opened(self, account: str, parts: Parts) -> BinaryIO:
        """Open a file for reading; neither it nor a folder on the way is a link. OSError."""
        with self._folder((account, *parts[:-1])) as handle:
            file = os.open(parts[-1], _FILE, dir_fd=handle)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise FileNotFoundError
        return os.fdopen(file, "rb", buffering=0)

    @contextmanager
    def _folder(self, parts: Parts, *, room: FolderRoom | None = None) -> Iterator[int]:
        """Open a folder, step by step from the root; with `room`, make those that are missing."""
        handle = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for depth, name in enumerate(parts):
                try:
                    below = os.open(name, _FOLDER, dir_fd=handle)
                except FileNotFoundError:
                    if room is None:
                        raise
                    if depth:
                        room.take()
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=handle)
                    below = os.open(name, _FOLDER, dir_fd=handle)
                os.close(handle)
                handle = below
            yield handle
        finally:
            os.close(handle)


def _free(name: str, handle: int) -> None:
    """Raise FileExistsError unless a name is free."""
    try:
        os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return
    raise FileExistsError


def _is_folder(found: os.DirEntry[str]) -> bool:
    return found.is_dir(follow_symlinks=False)


def _nodes(handle: int, parts: Parts) -> Iterator[Node]:
    """Yield the files and folders of an open folder; links and devices are none."""
    with os.scandir(handle) as found:
        for one in found:
            with suppress(OSError):
                node = _node((*parts, one.name), one.stat(follow_symlinks=False))
                if node is not None:
                    yield node


def _node(parts: Parts, told: os.stat_result) -> Node | None:
    if not (stat.S_ISDIR(told.st_mode) or stat.S_ISREG(told.st_mode)):
        return None
    is_folder = stat.S_ISDIR(told.st_mode)
    return Node(
        parts=parts,
        is_folder=is_folder,
        size=0 if is_folder else told.st_size,
        changed=told.st_mtime_ns,
    )
