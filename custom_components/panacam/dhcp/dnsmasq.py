"""dnsmasq: addresses kept in a hosts file of its own format, and a signal to read it again.

Files are replaced whole or not at all. A pid file says whom to signal only if that process really
is a dnsmasq.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
import os
from pathlib import Path
import signal
import stat
import tempfile
from typing import Final

from . import dnsmasq_lines
from .reservations import Reservation, ReservationError, ServerReason, check_mac, to_its_end

MAX_FILE: Final = 1024 * 1024
"""Bytes of a hosts file; ten thousand reservations take half of it."""
_MAX_PID_FILE: Final = 32
_CHANGE_TRIES: Final = 2
_COMM: Final = b"dnsmasq\n"
_NEW_MODE: Final = 0o644

type _Seen = tuple[int, int, int, int]


class DnsmasqServer:
    """A dnsmasq on this machine, or on one whose file is mounted here."""

    def __init__(self, hosts_file: Path, pid_file: Path | None = None) -> None:
        """Take the file of dhcp-hostsfile, or one of ours in the folder of dhcp-hostsdir.

        Without `pid_file` nobody is signalled: dnsmasq watches the folder of dhcp-hostsdir itself.
        """
        self._hosts_file = hosts_file
        self._pid_file = pid_file
        self._lock = asyncio.Lock()

    async def check(self) -> str:
        """Return the server's name, having seen that its file and its process are there.

        dnsmasq tells nobody its version without being asked in its own process' name.
        """
        await self._aside(self._looked_at)
        return "dnsmasq"

    async def reserve(self, reservation: Reservation) -> None:
        """Keep the address for the device, instead of any other; raises ReservationError."""
        await self._change(lambda data: dnsmasq_lines.reserved(data, reservation))

    async def release(self, mac: str) -> None:
        """Keep no address for the device any more; raises ReservationError."""
        check_mac(mac)
        await self._change(lambda data: dnsmasq_lines.released(data, mac))

    async def _change(self, edit: Callable[[bytes], bytes]) -> None:
        """Edit the file and tell the server."""
        async with self._lock:
            await to_its_end(self._aside(partial(self._changed, edit)))

    @staticmethod
    async def _aside[T](work: Callable[[], T]) -> T:
        """Work on files in a thread."""
        return await asyncio.get_running_loop().run_in_executor(None, work)

    def _looked_at(self) -> None:
        """Raise ReservationError unless a change could be made."""
        path = Path(os.path.realpath(self._hosts_file))
        _read(path)
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise ReservationError(ServerReason.FILE, "the folder cannot be written to")
        if self._pid_file is not None:
            os.close(_process(self._pid_file))

    def _changed(self, edit: Callable[[bytes], bytes]) -> None:
        """Write the edited file and signal the server, or leave the file as it was.

        A file that is right already is no proof that the server has read it.
        """
        # A link is followed, not replaced.
        path = Path(os.path.realpath(self._hosts_file))
        for _ in range(_CHANGE_TRIES):
            before, seen = _read(path)
            after = edit(before or b"")
            # Found before anything is written: most failures leave no trace at all.
            process = None if self._pid_file is None else _process(self._pid_file)
            try:
                is_right = after == (before or b"")
                if not is_right:
                    if not _is_still(path, seen):
                        continue
                    _write(path, after)
                if process is not None:
                    self._tell(process, path, before, is_right=is_right)
                return
            finally:
                if process is not None:
                    os.close(process)
        raise ReservationError(ServerReason.BUSY)

    @staticmethod
    def _tell(process: int, path: Path, before: bytes | None, *, is_right: bool) -> None:
        """Make the server read its file again, or put the file back unless it was right before."""
        try:
            signal.pidfd_send_signal(process, signal.SIGHUP)
        except OSError as err:
            try:
                if before is None:
                    path.unlink(missing_ok=True)
                elif not is_right:
                    _write(path, before)
            except (OSError, ReservationError) as worse:
                raise ReservationError(ServerReason.NOT_RESTORED, "hosts file") from worse
            raise ReservationError(ServerReason.SIGNAL) from err


def _read(path: Path, limit: int = MAX_FILE) -> tuple[bytes | None, _Seen | None]:
    """Return a file's content and what tells it from another, None where there is no file."""
    try:
        # What is no file could make us wait when it is opened: a pipe does.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None, None
    except OSError as err:
        raise ReservationError(ServerReason.FILE) from err
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise ReservationError(ServerReason.FILE, "no file")
        with os.fdopen(file, "rb", closefd=False) as source:
            data = source.read(limit + 1)
    except OSError as err:
        raise ReservationError(ServerReason.FILE) from err
    finally:
        os.close(file)
    if len(data) > limit:
        raise ReservationError(ServerReason.FILE, "too large")
    return data, _seen(status)


def _write(path: Path, data: bytes) -> None:
    """Replace a file whole, keeping its mode and its owner where that is allowed."""
    # Begins with a dot: dnsmasq does not read it, should it be in a folder that dnsmasq watches.
    temporary: str | None = None
    try:
        old = path.stat() if path.exists() else None
        file, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(file, "wb") as target:
            os.fchmod(file, stat.S_IMODE(old.st_mode) if old else _NEW_MODE)
            if old:
                with suppress(PermissionError):
                    os.fchown(file, old.st_uid, old.st_gid)
            target.write(data)
            target.flush()
            os.fsync(file)
        Path(temporary).replace(path)
        temporary = None
        _sync(path.parent)
    except OSError as err:
        raise ReservationError(ServerReason.FILE) from err
    finally:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()


def _sync(folder: Path) -> None:
    """Have a folder's new entries on the disk; not every file system can be asked."""
    with suppress(OSError):
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _seen(status: os.stat_result) -> _Seen:
    """Return what changes when somebody writes to a file, or replaces it."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _is_still(path: Path, seen: _Seen | None) -> bool:
    """Return whether nobody has written a file since."""
    try:
        return _seen(path.stat()) == seen
    except FileNotFoundError:
        return seen is None
    except OSError as err:
        raise ReservationError(ServerReason.FILE) from err


def _process(pid_file: Path) -> int:
    """Return a descriptor of the dnsmasq that a pid file names, which the caller closes.

    A descriptor, since a number could belong to another process by the time that it is signalled.
    """
    text = (_read(pid_file, _MAX_PID_FILE)[0] or b"").strip()
    if not text.isdigit() or (pid := int(text)) <= 1:
        raise ReservationError(ServerReason.SIGNAL, "no pid")
    try:
        process = os.pidfd_open(pid)
    except (OSError, OverflowError) as err:
        raise ReservationError(ServerReason.SIGNAL, "no process") from err
    try:
        if Path(f"/proc/{pid}/comm").read_bytes() == _COMM:
            return process
    except OSError as err:
        os.close(process)
        raise ReservationError(ServerReason.SIGNAL, "no process") from err
    os.close(process)
    raise ReservationError(ServerReason.SIGNAL, "another process")
