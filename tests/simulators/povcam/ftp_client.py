"""The camera as an FTP client: it sends clips as an image of their card (11)."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
import ftplib
import posixpath
import re
import socket
from threading import Event, Thread
import time
from typing import Final

from .cards import Progress, Recorder, Slot
from .clips import Clip
from .films import ClipFormat, Content
from .models import Options

LAST_FOLDER: Final = 999_999
_FOLDER: Final = re.compile(r"AW([0-9]{6})")
_BLOCK: Final = 64 * 1024
_CLIP_INFORMATION: Final = b"HDMV0200" + bytes(120)
_LISTING_REFUSED: Final = ("500", "502", "504")


@dataclass(frozen=True, slots=True, kw_only=True)
class FtpServer:
    """Where clips are sent to (11.2)."""

    address: str = "0.0.0.0"
    port: int = 21
    username: str = ""
    password: str = ""
    passive: bool = True
    dirname: str = ""


class _EndedError(Exception):
    """The transfer is cancelled, or its card is gone."""


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    """Below the AW folder."""
    content: Content


class FtpSender:
    """Sends clips in a thread of its own, one transfer at a time."""

    def __init__(self, recorder: Recorder, options: Options) -> None:
        """Begin without a server."""
        self._recorder = recorder
        self._options = options
        self.server = FtpServer()
        self._transfer: _Transfer | None = None

    @property
    def sending(self) -> bool:
        """Whether a transfer is under way."""
        return self._transfer is not None and self._transfer.alive

    @property
    def progress(self) -> Progress:
        """How the last transfer is, or ended; `finish` when there was none (11.5)."""
        return Progress.FINISH if self._transfer is None else self._transfer.progress

    @property
    def rate(self) -> int:
        """Percentage of its bytes that is sent."""
        return 100 if self._transfer is None else self._transfer.rate

    def set(self, server: FtpServer) -> None:
        """Change the server; a transfer goes on to the one before."""
        self.server = server

    def start(self, slot: str, clips: Sequence[Clip]) -> None:
        """Begin to send clips of the card in `slot`."""
        self._transfer = _Transfer(self.server, self._recorder.slots[slot], self._options, clips)
        self._transfer.start()

    def cancel(self) -> bool:
        """Begin to end the transfer; False when there is none."""
        if self._transfer is None or not self._transfer.alive:
            return False
        self._transfer.cancel()
        return True

    def abort(self) -> None:
        """Break off, as the camera's own end does."""
        if self._transfer is not None:
            self._transfer.abort()

    @property
    def used(self) -> bool:
        """Whether there is a transfer, under way or over, that `close` has to wait for."""
        return self._transfer is not None

    def close(self) -> None:
        """End the transfer and wait for it; blocking, for a moment."""
        if self._transfer is not None:
            self._transfer.abort()
            self._transfer.join()
            self._transfer = None


class _Transfer:
    """One transfer, from login to logout."""

    def __init__(
        self,
        server: FtpServer,
        card: Slot,
        options: Options,
        clips: Sequence[Clip],
    ) -> None:
        self._server = server
        self._card = card
        self._options = options
        self._clips = clips
        self._cancelled = Event()
        self._ftp = ftplib.FTP(encoding="utf-8")  # noqa: S321 - all that the camera speaks
        self._data: socket.socket | None = None
        self._mute = False
        self._total = self._sent = 0
        self._state = Progress.PREPARE
        self.rate = 0
        self._thread = Thread(target=self._run, name="povcam-ftp", daemon=True)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def progress(self) -> Progress:
        if self._cancelled.is_set() and self.alive:
            return Progress.CANCEL
        return self._state

    def start(self) -> None:
        self._thread.start()

    def cancel(self) -> None:
        """End before the next block."""
        self._cancelled.set()

    def abort(self) -> None:
        """End now, whatever it waits for, and without a word."""
        self._mute = True
        self._cancelled.set()
        for wire in (self._data, self._ftp.sock):
            if wire is not None:
                with suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._ftp:
                self._send()
        except _EndedError, ftplib.Error, OSError, EOFError:
            self._state = Progress.FINISH if self._cancelled.is_set() else Progress.ERROR
        else:
            self._state, self.rate = Progress.FINISH, 100

    def _send(self) -> None:
        server, ftp = self._server, self._ftp
        ftp.connect(server.address, server.port, timeout=self._options.ftp_timeout)
        ftp.login(server.username, server.password)
        ftp.set_pasv(server.passive)
        ftp.voidcmd("TYPE I")
        _enter(ftp, server.dirname)
        folder = _next_folder(_names(ftp))
        ftp.mkd(folder)
        ftp.cwd(folder)
        files = [file for clip in self._clips for file in self._files(clip)]
        self._total = sum(file.content.size for file in files)
        if self._ended:
            raise _EndedError
        self._state = Progress.EXEC
        made: set[str] = set()
        for file in files:
            _make_folders(ftp, posixpath.dirname(file.path), made)
            self._store(file)

    def _files(self, clip: Clip) -> Iterable[_File]:
        """Give the clip, and what a card has beside it."""
        path = clip.path
        if clip.format is ClipFormat.AVCHD and self._options.ftp_private:
            path = f"PRIVATE/{path}"
        yield _File(path, clip.film.content())
        if clip.format is ClipFormat.AVCHD:
            information = path.replace("/STREAM/", "/CLIPINF/").replace(".MTS", ".CPI")
            yield _File(information, Content(_CLIP_INFORMATION))

    def _store(self, file: _File) -> None:
        began = time.monotonic()
        sent = 0
        with self._ftp.transfercmd(f"STOR {file.path}") as data:
            self._data = data
            while block := file.content.read(sent, _BLOCK):
                if self._ended:
                    if not self._mute:
                        # Without this the server takes what it has for the whole file.
                        self._ftp.putcmd("ABOR")
                    raise _EndedError
                data.sendall(block)
                sent += len(block)
                self._sent += len(block)
                self.rate = self._sent * 100 // self._total
                self._pause(began, sent)
        self._data = None
        self._ftp.voidresp()

    def _pause(self, began: float, sent: int) -> None:
        if self._options.ftp_throughput:
            due = began + sent / self._options.ftp_throughput
            self._cancelled.wait(max(0.0, due - time.monotonic()))

    @property
    def _ended(self) -> bool:
        return self._cancelled.is_set() or not self._card.inserted


def _enter(ftp: ftplib.FTP, dirname: str) -> None:
    """Go to the folder, making what is missing of it."""
    for part in dirname.strip("/").split("/") if dirname.strip("/") else ():
        try:
            ftp.cwd(part)
        except ftplib.error_perm:
            ftp.mkd(part)
            ftp.cwd(part)


def _names(ftp: ftplib.FTP) -> list[str]:
    """Give the names in the folder: by NLST, or by LIST where that is unknown."""
    try:
        return [posixpath.basename(line) for line in ftp.nlst()]
    except ftplib.error_perm as error:
        if str(error)[:3] not in _LISTING_REFUSED:
            # This is how servers say that there is nothing.
            return []
    lines: list[str] = []
    ftp.retrlines("LIST", lines.append)
    return [line.split()[-1] for line in lines if line.split()]


def _next_folder(names: Iterable[str]) -> str:
    """Give the name after the highest one; raise when there is none (11.7)."""
    numbers = [int(found[1]) for name in names if (found := _FOLDER.fullmatch(name))]
    highest = max(numbers, default=0)
    if highest >= LAST_FOLDER:
        raise _EndedError
    return f"AW{highest + 1:06}"


def _make_folders(ftp: ftplib.FTP, path: str, made: set[str]) -> None:
    """Make a folder and those above it."""
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        folder = "/".join(parts[:depth])
        if folder not in made:
            ftp.mkd(folder)
            made.add(folder)
