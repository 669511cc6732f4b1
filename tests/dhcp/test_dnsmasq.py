import asyncio
import os
from pathlib import Path
import random
import signal
import subprocess
import sys
from typing import Final

import pytest

from custom_components.panacam.dhcp import dnsmasq
from custom_components.panacam.dhcp.dnsmasq import MAX_FILE, DnsmasqServer
from custom_components.panacam.dhcp.dnsmasq_lines import released, reserved
from custom_components.panacam.dhcp.reservations import Reservation, ReservationError, ServerReason

CAM: Final = "a8:13:74:00:00:01"
WANTED: Final = Reservation(mac=CAM, address="192.0.2.30", host_name="gate")
THEIRS: Final = (
    b"# printers \xff\xfe\r\n"
    b"00:11:22:33:44:55,192.0.2.5,printer,infinite\r\n"
    b"\n"
    b"  id:01:02:03,192.0.2.6 # old\n"
    b"laptop,192.0.2.7,12h\n"
    b"00:11:22:*:*:*,set:known\n"
)
LINE: Final = b"a8:13:74:00:00:01,192.0.2.30,gate\n"

_PROCESS: Final = """
import ctypes, signal, sys
ctypes.CDLL(None).prctl(15, sys.argv[1].encode())
def heard(*_):
    print("HUP", flush=True)
signal.signal(signal.SIGHUP, heard)
print("ready", flush=True)
while True:
    signal.pause()
"""


class Daemon:
    """A process with a name of its own that says what it hears."""

    def __init__(self, name: str) -> None:
        """Start it."""
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-c", _PROCESS, name], stdout=subprocess.PIPE, text=True
        )
        assert self.line() == "ready"

    def line(self) -> str:
        """Wait for what it says next."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


async def reason_of(server: DnsmasqServer, reservation: Reservation = WANTED) -> ServerReason:
    """Return why a reservation fails."""
    with pytest.raises(ReservationError) as caught:
        await server.reserve(reservation)
    return caught.value.reason


def left_behind(folder: Path, *known: str) -> set[str]:
    """Return what lies in a folder beside what is known."""
    return {path.name for path in folder.iterdir()} - set(known)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", LINE),
        (THEIRS, THEIRS + LINE),
        (b"laptop,192.0.2.7", b"laptop,192.0.2.7\n" + LINE),
        (LINE, LINE),
        (b"A8:13:74:0:0:1,192.0.2.30,gate", b"A8:13:74:0:0:1,192.0.2.30,gate"),
        (b"a8:13:74:00:00:01,192.0.2.9,gate\r\n", b"a8:13:74:00:00:01,192.0.2.30,gate\r\n"),
        (b"a8:13:74:00:00:01,192.0.2.9\n", LINE),
        (b"a8:13:74:00:00:01,old,192.0.2.9\n", b"a8:13:74:00:00:01,gate,192.0.2.30\n"),
        (b"a8:13:74:00:00:01,set:cams,12h\n", b"a8:13:74:00:00:01,192.0.2.30,set:cams,12h,gate\n"),
        (
            b" 01-a8:13:74:00:00:01 , 192.0.2.9 , infinite # gate\n",
            b" 01-a8:13:74:00:00:01 ,192.0.2.30, infinite,gate # gate\n",
        ),
        (b"id:01:a8:13:74:00:00:01,192.0.2.9,gate\n", b"id:01:a8:13:74:00:00:01,192.0.2.30,gate\n"),
        (
            b"a8:13:74:00:00:01,[2001:db8::1]\n" + b"a8:13:74:00:00:01,192.0.2.9\n" + THEIRS,
            b"a8:13:74:00:00:01,[2001:db8::1]\n" + LINE + THEIRS,
        ),
        (b"a8:13:74:00:00:01,192.0.2.8,a\na8:13:74:00:00:01,192.0.2.9,b\n", LINE),
        (
            b"00:11:22:33:44:55,a8:13:74:00:00:01,192.0.2.30\n",
            b"00:11:22:33:44:55,a8:13:74:00:00:01,192.0.2.30\n",
        ),
        (
            b"00:11:22:33:44:55,a8:13:74:00:00:01,set:cams\n",
            b"00:11:22:33:44:55,a8:13:74:00:00:01,set:cams\n" + LINE,
        ),
        (b"#a8:13:74:00:00:01,192.0.2.30,x\n", b"#a8:13:74:00:00:01,192.0.2.30,x\n" + LINE),
    ],
)
def test_lines(before: bytes, after: bytes) -> None:
    """The device has one address; all bytes of others are where they were; twice is once."""
    assert reserved(before, WANTED) == after
    assert reserved(after, WANTED) == after


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (b"printer,192.0.2.30\n", ServerReason.ADDRESS_TAKEN),
        (b"00:11:22:33:44:55, 192.0.2.30 # x\n", ServerReason.ADDRESS_TAKEN),
        (b"a8:13:74:*:*:*,192.0.2.30\n", ServerReason.ADDRESS_TAKEN),
        (b"a8:13:74:00:00:01,ignore\n", ServerReason.RESERVATIONS_OFF),
        (b"00:11:22:33:44:55,a8:13:74:00:00:01,192.0.2.31\n", ServerReason.REFUSED),
    ],
)
def test_lines_that_speak_against_it(before: bytes, reason: ServerReason) -> None:
    """Somebody else's word is not taken back by us."""
    with pytest.raises(ReservationError) as caught:
        reserved(before, WANTED)
    assert caught.value.reason is reason


def test_release_of_lines() -> None:
    """Only what keeps an address for this device alone goes."""
    shared = b"00:11:22:33:44:55,a8:13:74:00:00:01,192.0.2.31\n"
    tags = b"a8:13:74:00:00:01,set:cams\n"
    assert released(THEIRS + LINE + shared + tags, CAM) == THEIRS + shared + tags
    assert released(THEIRS, CAM) == THEIRS


@pytest.mark.parametrize(
    "data",
    [random.Random(seed).randbytes(400) for seed in range(20)]  # noqa: S311 - the same each time
    + [THEIRS[:n] for n in range(120)],
    ids=[*(f"random {seed}" for seed in range(20)), *(f"cut {n}" for n in range(120))],
)
def test_any_bytes(data: bytes) -> None:
    """Rubbish, and every piece of a good file, is kept."""
    assert reserved(data, WANTED).startswith(data)
    assert released(reserved(data, WANTED), CAM).startswith(data)


async def test_new_file(tmp_path: Path) -> None:
    """In the folder of dhcp-hostsdir there is nothing at first, and nobody is signalled."""
    path = tmp_path / "panacam"
    server = DnsmasqServer(path)
    assert await server.check() == "dnsmasq"
    assert not path.exists()
    await server.reserve(WANTED)
    assert path.read_bytes() == LINE
    assert path.stat().st_mode & 0o777 == 0o644
    seen = path.stat()
    await server.reserve(WANTED)
    assert path.stat().st_mtime_ns == seen.st_mtime_ns
    assert path.stat().st_ino == seen.st_ino
    await server.release(CAM)
    assert path.read_bytes() == b""
    assert not left_behind(tmp_path, "panacam")
    with pytest.raises(ValueError, match="no MAC"):
        await server.release("gate")


async def test_signal(tmp_path: Path) -> None:
    """The dnsmasq of the pid file is told of each change, and of what is so already."""
    path, pid_file = tmp_path / "hosts", tmp_path / "pid"
    path.write_bytes(THEIRS)
    path.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(path)
    daemon = Daemon("dnsmasq")
    try:
        pid_file.write_text(f"{daemon.process.pid}\n", encoding="ascii")
        server = DnsmasqServer(link, pid_file)
        assert await server.check() == "dnsmasq"
        await server.reserve(WANTED)
        assert daemon.line() == "HUP"
        # It may not have read the file: nobody knows what came between.
        seen = path.stat()
        await server.reserve(WANTED)
        assert daemon.line() == "HUP"
        assert path.stat().st_ino == seen.st_ino
        await server.release(CAM)
        assert daemon.line() == "HUP"
        assert path.read_bytes() == THEIRS
        assert path.stat().st_mode & 0o777 == 0o640
        assert link.is_symlink()
    finally:
        daemon.end()


async def test_pid_of_another_process(tmp_path: Path) -> None:
    """A stale or hostile pid file signals nobody, and leaves the file as it was."""
    path, pid_file = tmp_path / "hosts", tmp_path / "pid"
    path.write_bytes(THEIRS)
    daemon = Daemon("sshd")
    gone = Daemon("dnsmasq")
    gone.end()
    server = DnsmasqServer(path, pid_file)
    try:
        for text in (
            f"{daemon.process.pid}", f"{gone.process.pid}", f"{os.getpid()}", "1", "0", "-1",
            f"-{daemon.process.pid}", "", "x", "9" * 30, "9" * 400, "\u0661\u0662",
        ):  # fmt: skip
            pid_file.write_text(text, encoding="utf-8")
            assert await reason_of(server) in {ServerReason.SIGNAL, ServerReason.FILE}, text
            with pytest.raises(ReservationError):
                await server.check()
            assert path.read_bytes() == THEIRS
            assert not left_behind(tmp_path, "hosts", "pid")
        pid_file.unlink()
        assert await reason_of(server) is ServerReason.SIGNAL
        os.mkfifo(pid_file)
        assert await reason_of(server) is ServerReason.FILE
        assert daemon.process.poll() is None
        daemon.process.send_signal(signal.SIGHUP)
        # It had heard none before.
        assert daemon.line() == "HUP"
    finally:
        daemon.end()


@pytest.mark.parametrize("before", [None, THEIRS])
async def test_signal_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes | None
) -> None:
    """The server died, or is not ours to signal: the file is as before."""
    path, pid_file = tmp_path / "hosts", tmp_path / "pid"
    if before is not None:
        path.write_bytes(before)
    daemon = Daemon("dnsmasq")
    written: list[bytes] = []

    def dies(process: int, number: int) -> None:
        written.append(path.read_bytes())
        raise ProcessLookupError

    try:
        pid_file.write_text(str(daemon.process.pid), encoding="ascii")
        monkeypatch.setattr(signal, "pidfd_send_signal", dies)
        assert await reason_of(DnsmasqServer(path, pid_file)) is ServerReason.SIGNAL
        assert written == [(before or b"") + LINE]
        assert (path.read_bytes() if path.exists() else None) == before
        monkeypatch.setattr(dnsmasq, "_write", _once(dnsmasq._write))
        path.write_bytes(THEIRS)
        assert await reason_of(DnsmasqServer(path, pid_file)) is ServerReason.NOT_RESTORED
    finally:
        daemon.end()


def _once(write: object) -> object:
    """Return a write that works once and finds a full disk afterwards."""
    left = [write]

    def replaced(path: Path, data: bytes) -> None:
        if not left:
            raise ReservationError(ServerReason.FILE)
        left.pop()(path, data)  # type: ignore[operator]

    return replaced


async def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """Whatever stands where the file should be, it stays."""
    large = tmp_path / "large"
    large.write_bytes(b"#" * (MAX_FILE + 1))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (large, pipe, tmp_path, tmp_path / "none" / "hosts", large / "hosts"):
        assert await reason_of(DnsmasqServer(path)) is ServerReason.FILE, path
    with pytest.raises(ReservationError):
        await DnsmasqServer(tmp_path / "none" / "hosts").check()
    assert not left_behind(tmp_path, "large", "pipe")


async def test_check_of_what_cannot_be_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere: the folder only says that it may not."""
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    with pytest.raises(ReservationError) as caught:
        await DnsmasqServer(tmp_path / "hosts").check()
    assert caught.value.reason is ServerReason.FILE


async def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old file stays whole, and nothing lies beside it."""
    path = tmp_path / "hosts"
    path.write_bytes(THEIRS)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert await reason_of(DnsmasqServer(path)) is ServerReason.FILE
    assert path.read_bytes() == THEIRS
    assert not left_behind(tmp_path, "hosts")


async def test_folder_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is replaced is replaced, whether or not its folder can be put on the disk."""
    path, pid_file = tmp_path / "hosts", tmp_path / "pid"
    path.write_bytes(THEIRS)
    really = os.open

    def refused(file: str | Path, flags: int, *more: int) -> int:
        if flags & os.O_DIRECTORY:
            raise PermissionError(13, "Permission denied")
        return really(file, flags, *more)

    monkeypatch.setattr(os, "open", refused)
    daemon = Daemon("dnsmasq")
    try:
        pid_file.write_text(str(daemon.process.pid), encoding="ascii")
        await DnsmasqServer(path, pid_file).reserve(WANTED)
        assert daemon.line() == "HUP"
        assert path.read_bytes() == THEIRS + LINE
    finally:
        daemon.end()


async def test_signal_for_what_is_right_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it cannot be told, that is said, and the file stays."""
    path, pid_file = tmp_path / "hosts", tmp_path / "pid"
    path.write_bytes(LINE)
    seen = path.stat()

    def dies(process: int, number: int) -> None:
        raise ProcessLookupError

    daemon = Daemon("dnsmasq")
    try:
        pid_file.write_text(str(daemon.process.pid), encoding="ascii")
        monkeypatch.setattr(signal, "pidfd_send_signal", dies)
        assert await reason_of(DnsmasqServer(path, pid_file)) is ServerReason.SIGNAL
        assert (path.read_bytes(), path.stat().st_ino) == (LINE, seen.st_ino)
    finally:
        daemon.end()


async def test_written_by_others_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their lines are not lost: once, it is done over; always, it is given up."""
    path = tmp_path / "hosts"
    path.write_bytes(THEIRS)
    others = [b"00:11:22:33:44:66,192.0.2.66\n"]

    def meanwhile(data: bytes, reservation: Reservation) -> bytes:
        if others:
            path.write_bytes(path.read_bytes() + others.pop())
        return reserved(data, reservation)

    monkeypatch.setattr(dnsmasq.dnsmasq_lines, "reserved", meanwhile)
    await DnsmasqServer(path).reserve(WANTED)
    assert path.read_bytes() == THEIRS + b"00:11:22:33:44:66,192.0.2.66\n" + LINE
    path.write_bytes(THEIRS)
    others += [b"a,192.0.2.67\n", b"b,192.0.2.68\n"]
    assert await reason_of(DnsmasqServer(path)) is ServerReason.BUSY
    assert path.read_bytes() == THEIRS + b"b,192.0.2.68\n" + b"a,192.0.2.67\n"


async def test_together(tmp_path: Path) -> None:
    """Cameras that come at the same time do not lose each other's line."""
    server = DnsmasqServer(tmp_path / "hosts")
    cams = [
        Reservation(mac=f"a8:13:74:00:01:{number:02x}", address=f"192.0.2.{50 + number}")
        for number in range(20)
    ]
    await asyncio.gather(*(server.reserve(cam) for cam in cams))
    lines = (tmp_path / "hosts").read_text(encoding="ascii").splitlines()
    assert lines == [f"{cam.mac},{cam.address}" for cam in cams]


async def test_cancelled(tmp_path: Path) -> None:
    """What was begun is finished."""
    server = DnsmasqServer(tmp_path / "hosts")
    task = asyncio.create_task(server.reserve(WANTED))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not left_behind(tmp_path, "hosts")
    await server.reserve(WANTED)
    assert (tmp_path / "hosts").read_bytes() == LINE
