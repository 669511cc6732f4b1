"""A clip on its way into a folder: it gets its name only when it is whole; for the executor."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
import errno
import os
from pathlib import Path
import re
import secrets
import stat
from threading import Lock
import time
from typing import Final

from homeassistant.util import slugify

RESERVE: Final = 500_000_000
"""Bytes that stay free on the disk."""
MAX_STEM: Final = 60
MAX_SAME: Final = 1000
"""Clips of one camera and second."""
STALE: Final = 24 * 3600.0
"""Seconds after which nobody writes a file any more."""

_PART: Final = re.compile(r"\.panacam-[0-9a-f]{16}\.part")
_FOLDER: Final = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WAY: Final = getattr(os, "O_PATH", os.O_RDONLY) | _FOLDER
"""Goes through folders that may not be read; only Linux knows that."""
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_NONE: Final = -1


class ClipFile:
    """One file that is being written, by any thread. Every method blocks, and raises OSError."""

    def __init__(self, folder: Path) -> None:
        """Begin a hidden file in a folder that is there, on a path without links.

        What was begun there long ago, and never became whole, is removed.
        """
        self._folder = folder
        self._name = f".panacam-{secrets.token_hex(8)}.part"
        self._lock = Lock()
        self._where = _opened(folder)
        try:
            _sweep(self._where)
            self._file = os.open(self._name, _NEW, 0o644, dir_fd=self._where)
        except BaseException:
            os.close(self._where)
            raise

    def need(self, size: int | None) -> None:
        """Raise OSError when there is no room for so many bytes more."""
        with self._held():
            self._need(size or 0)

    def write(self, data: bytes) -> None:
        """Write on."""
        with self._held():
            self._need(len(data))
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]

    def restart(self) -> None:
        """Forget what was written."""
        with self._held():
            os.lseek(self._file, 0, os.SEEK_SET)
            os.ftruncate(self._file, 0)

    def finish(self, stem: str, suffix: str) -> Path:
        """Give the file a name that no other file has; return its path."""
        with self._held():
            os.fsync(self._file)
            name = self._named(stem, suffix)
            self._close()
            return self._folder / name

    def discard(self) -> None:
        """Leave nothing behind but what has its name; never raises."""
        with suppress(OSError), self._held():
            try:
                os.unlink(self._name, dir_fd=self._where)
            finally:
                self._close()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Let one thread work at a time; OSError when it is over."""
        with self._lock:
            if self._where == _NONE:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            yield

    def _need(self, size: int) -> None:
        disk = os.fstatvfs(self._where)
        if disk.f_bavail * disk.f_frsize < RESERVE + size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _named(self, stem: str, suffix: str) -> str:
        for name in _names(stem, suffix):
            with suppress(FileExistsError):
                self._take(name)
                return name
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))

    def _take(self, name: str) -> None:
        """Give the file a name that must be free: FileExistsError."""
        where = self._where
        try:
            os.link(self._name, name, src_dir_fd=where, dst_dir_fd=where, follow_symlinks=False)
        except OSError as err:
            if err.errno not in _NO_LINKS:
                raise
            self._replace(name)
            return
        with suppress(OSError):
            os.unlink(self._name, dir_fd=where)

    def _replace(self, name: str) -> None:
        """Do the same on a disk without links: nobody else may have the name meanwhile."""
        where = self._where
        os.close(os.open(name, _NEW, 0o644, dir_fd=where))
        try:
            os.rename(self._name, name, src_dir_fd=where, dst_dir_fd=where)
        except OSError:
            os.unlink(name, dir_fd=where)
            raise

    def _close(self) -> None:
        file, where, self._file, self._where = self._file, self._where, _NONE, _NONE
        try:
            os.close(file)
        finally:
            os.close(where)


def stem_of(camera: str, began: datetime | None, name: str) -> str:
    """Return what a clip's file is called: camera and date (10.4), or the clip's own name."""
    when = slugify(name)[:MAX_STEM] if began is None else f"{began:%Y-%m-%d-%H%M%S}"
    return f"{slugify(camera)[:MAX_STEM].strip('_') or 'camera'}-{when or 'clip'}"


def _names(stem: str, suffix: str) -> Iterator[str]:
    yield f"{stem}{suffix}"
    for count in range(2, MAX_SAME):
        yield f"{stem}-{count}{suffix}"


def _opened(folder: Path) -> int:
    """Open a folder step by step: what was allowed may have been replaced by a link since."""
    handle = os.open(folder.anchor, _WAY)
    try:
        for name in folder.parts[1:]:
            below = os.open(name, _WAY, dir_fd=handle)
            os.close(handle)
            handle = below
        return os.open(".", os.O_RDONLY | _FOLDER, dir_fd=handle)
    finally:
        os.close(handle)


def _sweep(where: int) -> None:
    """Remove what a Home Assistant that ended suddenly has left in an open folder."""
    for name in filter(_PART.fullmatch, os.listdir(where)):
        with suppress(OSError):
            told = os.stat(name, dir_fd=where, follow_symlinks=False)
            if stat.S_ISREG(told.st_mode) and told.st_mtime < time.time() - STALE:
                os.unlink(name, dir_fd=where)
