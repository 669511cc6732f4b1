"""Uploads: as cameras send them, broken off, stalled, too many and too much."""

import asyncio
from contextlib import suppress
from ftplib import FTP, all_errors, error_perm, error_temp
from io import BytesIO
import os
from pathlib import Path
import socket
import struct
import threading
import time
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.panacam.ftp import ForeignFolderError, Kind, Limits, Received, Tree, pace
from custom_components.panacam.ftp.names import aside, began_of, kind_of
from custom_components.panacam.ftp.tree import INCOMING
from tests.conftest import until
from tests.ftp.conftest import GATE, YARD, Drop, MakeDrop, refused, store

MTS = b"\x47" + bytes(187)
JPEG = b"\xff\xd8\xff\xd9"
FILM = b"\0\0\0\x0cftypmp42\0\0\0\x08moov"


async def test_recorder(drop: Drop) -> None:
    """Send as the recorder does (11.7): a folder with the next number, and a card's image in it."""

    def send(client: FTP) -> list[str]:
        with suppress(error_perm):
            client.mkd("clips")
        client.cwd("clips")
        assert client.nlst() == []
        for name in ("AW000001", "AW000001/AVCHD", "AW000001/AVCHD/BDMV", "AW000001/DCIM"):
            client.mkd(name)
        client.mkd("AW000001/AVCHD/BDMV/STREAM")
        store(client, "AW000001/AVCHD/BDMV/INDEX.BDM", b"INDX0100")
        store(client, "AW000001/AVCHD/BDMV/STREAM/00000.MTS", MTS * 5000)
        store(client, "AW000001/DCIM/S0M40010.MP4", FILM)
        return client.nlst()

    assert await drop.do(send) == ["AW000001"]
    assert [(clip.name, clip.kind) for clip in drop.received] == [
        ("00000.MTS", Kind.AVCHD),
        ("S0M40010.MP4", Kind.MP4),
    ]
    files = drop.files()
    assert files["gate/clips/AW000001/AVCHD/BDMV/STREAM/00000.MTS"] == MTS * 5000
    assert set(files) == {
        "gate/clips/AW000001/AVCHD/BDMV/INDEX.BDM",
        "gate/clips/AW000001/AVCHD/BDMV/STREAM/00000.MTS",
        "gate/clips/AW000001/DCIM/S0M40010.MP4",
    }
    assert [clip.name for clip in drop.store.clips("gate")] == ["S0M40010.MP4", "00000.MTS"]
    for path in drop.root.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
        assert path.is_dir() or path.stat().st_mode & 0o111 == 0


async def test_temporary_name(drop: Drop) -> None:
    """A file that is renamed once it is whole counts under its own name, and once."""

    def send(client: FTP) -> None:
        store(client, "a.mp4.tmp", b"film")
        assert drop.received == []
        client.rename("a.mp4.tmp", "2026/a.mp4")
        assert client.size("2026/a.mp4") == 4
        # What was told of it leads to it still.
        assert refused(client, "RNFR 2026/a.mp4") == "550"
        assert refused(client, "DELE 2026/a.mp4") == "550"

    await drop.do(send)
    assert [clip.parts for clip in drop.received] == [("2026", "a.mp4")]
    assert drop.files() == {"gate/2026/a.mp4": b"film"}
    assert drop.store.clips("gate") == drop.received


async def test_only_fresh_files_are_renamed(drop: Drop) -> None:
    """What another conversation sent stays what it is, and nothing is put over it."""
    await drop.put("old.jpg", JPEG)
    await drop.put("test.txt", b"x")

    def try_it(client: FTP) -> None:
        assert refused(client, "RNFR old.jpg") == "550"
        assert refused(client, "DELE old.jpg") == "550"
        assert refused(client, "DELE test.txt") == "550"
        store(client, "new.jpg", b"new")
        assert refused(client, "RNFR new.jpg") == "550"  # somebody was told of it
        store(client, "new.tmp", b"new")
        assert client.sendcmd("RNFR new.tmp")[:3] == "350"
        assert refused(client, "RNTO old.jpg") == "553"
        assert refused(client, "RNTO other.jpg") == "503"
        assert refused(client, "DELE new.jpg") == "550"  # a picture
        store(client, "mine.txt", b"y")
        client.delete("mine.txt")

    await drop.do(try_it)
    assert drop.files() == {
        "gate/old.jpg": JPEG,
        "gate/test.txt": b"x",
        "gate/new.jpg": b"new",
        "gate/new.tmp": b"new",
    }
    assert drop.store.count == 4


async def test_same_name_again(drop: Drop) -> None:
    """A camera with one name for all its pictures loses none; the newest has the name."""
    await drop.put("image.jpg", b"1")
    await drop.put("image.jpg", b"22")
    first, second = drop.received
    files = drop.files()
    assert files.pop("gate/image.jpg") == b"22"
    [(name, data)] = files.items()
    assert data == b"1"
    old = drop.store.find("gate", first.id)
    assert old is not None
    assert f"gate/{old.name}" == name
    assert old.name.startswith("image~")
    assert old.kind is Kind.JPEG
    assert drop.store.find("gate", second.id) == second
    assert drop.store.size == 3


async def test_append_and_restart(drop: Drop) -> None:
    """Nothing is added to a file, and none begins in its middle."""

    def try_it(client: FTP) -> None:
        client.storbinary("APPE a.jpg", BytesIO(b"1"))
        with pytest.raises(error_perm, match="550"):
            client.storbinary("APPE a.jpg", BytesIO(b"2"))
        with pytest.raises(error_perm, match="501"):
            client.storbinary("STOR b.jpg", BytesIO(b"2"), rest=5)
        assert client.sendcmd("REST 0")[:3] == "350"

    await drop.do(try_it)
    assert drop.files() == {"gate/a.jpg": b"1"}


def half(client: FTP, how: str) -> None:
    """Send half a file and break off."""
    data = client.transfercmd("STOR half.mp4")
    data.sendall(bytes(300_000))
    assert client.sock is not None
    match how:
        case "reset":
            data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            data.close()
            with pytest.raises(all_errors, match="426"):
                client.voidresp()
        case "died":  # the kernel of a dead process hangs up both
            client.sock.close()
            data.close()
        case "stalled":
            with pytest.raises(all_errors, match="426"):
                client.voidresp()
            data.close()
        case "aborted":
            with suppress(error_temp):
                client.abort()
            data.close()


@pytest.mark.parametrize("how", ["reset", "died", "stalled", "aborted"])
async def test_half_uploads(drop: Drop, how: str) -> None:
    """None is shown, kept or told of."""
    with suppress(*all_errors):
        await drop.do(lambda client: half(client, how))
    await until(lambda: drop.store._intake.slots.taken == {})
    await drop.store.close()
    assert drop.received == []
    assert drop.files() == {}
    assert drop.store.count == 0
    await drop.put("whole.mp4", b"film")  # and the next one is taken


async def test_nobody_comes(drop: Drop) -> None:
    """A client that opens no data connection is told so; the port is free again."""

    def try_it(client: FTP) -> None:
        host, port = client.makepasv()
        assert client.sendcmd("STOR a.jpg")[:3] == "150"
        with pytest.raises(all_errors, match="426"):
            client.voidresp()
        with pytest.raises(OSError, match=r"refused"):
            socket.create_connection((host, port), timeout=1)

    await drop.do(try_it)
    assert drop.files() == {}


async def test_limits(make_drop: MakeDrop) -> None:
    """Too long a file, too many and too much are refused, and leave nothing."""
    drop: Drop = await make_drop(
        Limits(free_bytes=0, file_bytes=1_000_000, account_files=3, account_bytes=2_500_000)
    )
    with pytest.raises(all_errors, match=r"552|broken|reset"):
        await drop.put("long.mp4", bytes(8_000_000))
    await drop.put("1.mp4", bytes(900_000))
    await drop.put("2.mp4", bytes(900_000))
    with pytest.raises(all_errors, match="552"):
        await drop.put("3.mp4", bytes(900_000))
    await drop.put("3.jpg", b"3")
    with pytest.raises(all_errors, match="552"):
        await drop.put("4.jpg", b"4")
    assert sorted(drop.files()) == ["gate/1.mp4", "gate/2.mp4", "gate/3.jpg"]
    await drop.put("1.jpg", b"1", YARD)  # the other one has its own room


async def test_disk_full(make_drop: MakeDrop, caplog: pytest.LogCaptureFixture) -> None:
    """A disk with no room refuses at once, or in the middle; said once."""
    drop: Drop = await make_drop(Limits(free_bytes=10**9))
    with patch.object(Tree, "free", return_value=10**8):
        for _ in range(3):
            with pytest.raises(error_perm, match="552"):
                await drop.put("a.mp4", b"x")
    room = iter([10**10, 10**8])
    with (
        patch.object(Tree, "free", lambda _tree: next(room)),
        pytest.raises(all_errors, match=r"552|broken|reset"),
    ):
        await drop.put("a.mp4", bytes(40_000_000))
    real = os.write

    def write(handle: int, data: Any) -> int:
        if isinstance(data, memoryview):  # ours alone
            raise OSError(28, "No space left on device")
        return real(handle, data)

    with patch.object(os, "write", write), pytest.raises(error_temp, match="451"):
        await drop.put("a.mp4", bytes(1000))
    await drop.store.close()
    assert drop.files() == {}
    assert caplog.text.count("there is no room") == 1
    await drop.put("a.mp4", b"x")


async def test_too_many_at_a_time(make_drop: MakeDrop) -> None:
    """Each account has its own few uploads."""
    drop: Drop = await make_drop(Limits(free_bytes=0, uploads=2))

    def try_it(client: FTP) -> None:
        with FTP(timeout=5) as second, FTP(timeout=5) as third:  # noqa: S321
            for one in (second, third):
                one.connect("127.0.0.1", drop.port)
                one.login(GATE.username, GATE.password)
            first_data = client.transfercmd("STOR 1.jpg")
            second_data = second.transfercmd("STOR 2.jpg")
            with pytest.raises(error_temp, match="450"):
                third.storbinary("STOR 3.jpg", BytesIO(b"3"))
            # Nor a second one in one conversation.
            assert refused(client, "PASV") == "425"
            for data, one in ((first_data, client), (second_data, second)):
                data.sendall(b"x")
                data.close()
                one.voidresp()
            store(third, "3.jpg", b"3")

    await drop.do(try_it)
    assert sorted(drop.files()) == ["gate/1.jpg", "gate/2.jpg", "gate/3.jpg"]


async def test_restart(make_drop: MakeDrop, drop: Drop) -> None:
    """What was received is known again, under the same ids; what was on its way is gone."""
    await drop.put("a/b/c.mts", MTS)
    await drop.put("d.jpg", JPEG)
    (drop.root / INCOMING / "1234").write_bytes(b"half")
    (drop.root / "gate" / "link.jpg").symlink_to("/etc/passwd")
    again: Drop = await make_drop()
    assert again.store.clips("gate") == drop.store.clips("gate")
    assert {clip.id for clip in again.store.clips("gate")} == {clip.id for clip in drop.received}
    assert again.store.size == drop.store.size
    assert list((drop.root / INCOMING).iterdir()) == []


async def test_burst(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a burst is received; a flood is as slow as it has to be."""
    monkeypatch.setattr(pace.Pace.__init__, "__kwdefaults__", {"burst": 10, "rate": 20.0})

    def burst(client: FTP) -> None:
        for number in range(30):
            store(client, f"{number:02}.jpg", JPEG)

    loop = asyncio.get_running_loop()
    before = loop.time()
    await drop.do(burst, YARD)
    assert loop.time() - before > 0.9
    assert len({clip.id for clip in drop.received}) == 30


async def test_loop_is_free(drop: Drop) -> None:
    """A long file takes the event loop for no long step; the disk takes its own time."""
    longest = 0.0
    real = Tree.place

    def slow(*args: Any) -> Any:
        time.sleep(0.2)
        return real(*args)

    async def watch() -> None:
        nonlocal longest
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.002)
            longest = max(longest, loop.time() - before)

    task = asyncio.create_task(watch())
    with patch.object(Tree, "place", slow):
        await drop.put("a.mp4", bytes(20_000_000))
    task.cancel()
    assert longest < 0.1
    assert drop.received[0].size == 20_000_000


@pytest.mark.parametrize("says_so", [True, False])
async def test_gone_before_it_was_placed(drop: Drop, says_so: bool) -> None:
    """A client leaves while the disk is at its file: it died, unless it says that it leaves."""
    real = Tree.place
    reached, go_on = threading.Event(), threading.Event()

    def slow(*args: Any) -> Any:
        reached.set()
        go_on.wait(5)
        return real(*args)

    def leave(client: FTP) -> None:
        data = client.transfercmd("STOR a.mp4")
        data.sendall(b"film")
        data.close()
        reached.wait(5)
        assert client.sock is not None
        assert client.file is not None
        if says_so:
            client.sock.sendall(b"QUIT\r\n")
            client.file.readline()
        client.file.close()
        client.sock.close()

    with patch.object(Tree, "place", slow):
        with suppress(*all_errors):
            await drop.do(leave)
        go_on.set()
        await until(lambda: not drop.server._sessions)
    await drop.store.close()
    assert drop.files() == ({"gate/a.mp4": b"film"} if says_so else {})
    assert [clip.name for clip in drop.received] == ["a.mp4"] * says_so
    assert drop.store.count == says_so


def test_received() -> None:
    """A file's name says what it is and when it began."""
    file = Received(account="gate", parts=("2026-11-21_08.30.05.MP4",), size=1, time=1_234_567_000)
    assert (file.kind, str(file.began), file.id) == (Kind.MP4, "2026-11-21 08:30:05", "1234567")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.MTS", Kind.AVCHD), ("a.m2ts", Kind.AVCHD), ("a.txt", None), ("jpg", None), (".jpg", None)],
)
def test_kinds(name: str, kind: Kind | None) -> None:
    """A suffix says it, in any case of letters."""
    assert kind_of(name) is kind


@pytest.mark.parametrize(
    "name", ["IMG_0001.jpg", "20261321_083005.mp4", "1234567890123456789012.mp4", "2026-11-21.jpg"]
)
def test_no_time(name: str) -> None:
    """A number is not always a time."""
    assert began_of(name) is None


def test_put_aside() -> None:
    """A file that makes room keeps what it is."""
    assert aside("a.b.jpg", "1") == "a.b~1.jpg"
    assert aside("README", "1") == "README~1"
    assert aside("a.long-suffix", "1") == "a.long-suffix~1"


async def test_room_for_all(make_drop: MakeDrop) -> None:
    """When all are too much, the one who has the most pays; what is old goes first."""
    drop: Drop = await make_drop(Limits(free_bytes=0, all_bytes=1000, young=0, days=1))
    for number in range(4):
        await drop.put(f"{number}.jpg", bytes(200))
    await drop.put("y.jpg", bytes(150), YARD)
    await drop.put("z.jpg", bytes(150), YARD)
    assert sorted(drop.files()) == [
        *("gate/1.jpg", "gate/2.jpg", "gate/3.jpg"),
        *("yard/y.jpg", "yard/z.jpg"),
    ]
    assert drop.store.size == 900
    changes: list[int] = []
    drop.store.changes.append(lambda: changes.append(drop.store.count))
    drop.store._clock = lambda: time.time_ns() + 2 * 86_400 * 10**9
    drop.store._steady = lambda: time.monotonic() + 2 * 86_400
    await drop.store.tidy()
    assert drop.files() == {}
    assert changes[-1] == 0


async def test_cancelled_at_the_beginning(drop: Drop) -> None:
    """Nobody waits for a file any more that was only just begun: it is ended."""
    reached, go_on = threading.Event(), threading.Event()
    real = Tree.stage

    def slow(tree: Tree) -> Any:
        reached.set()
        go_on.wait(5)
        return real(tree)

    with patch.object(Tree, "stage", slow):
        task = asyncio.create_task(drop.store.begin("gate"))
        await asyncio.to_thread(reached.wait, 5)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert drop.store._intake.slots.taken == {}
    assert drop.files() == {}


async def test_foreign_folder(make_drop: MakeDrop, tmp_path: Path) -> None:
    """A folder with other things in it is left alone; what is no file of ours is not shown."""
    (tmp_path / "holiday.jpg").write_bytes(JPEG)
    with pytest.raises(ForeignFolderError):
        await make_drop(root=tmp_path)
    assert os.listdir(tmp_path) == ["holiday.jpg"]  # noqa: PTH208
    drop: Drop = await make_drop(root=tmp_path / "own")
    await drop.put("a/b.jpg", JPEG)
    folder = drop.root / "gate"
    os.mkfifo(folder / "pipe.jpg")
    (folder / "a" / "line\nfeed.jpg").write_bytes(JPEG)
    (folder / "up").symlink_to("..")
    again: Drop = await make_drop(root=tmp_path / "own")
    assert [clip.parts for clip in again.store.clips("gate")] == [("a", "b.jpg")]
    assert again.store.count == 2  # it takes room all the same
    with pytest.raises(FileNotFoundError):
        await again.store.opened(Received(account="gate", parts=("a",), size=0, time=0))
    with pytest.raises(OSError, match=r"."):
        await again.store.opened(Received(account="gate", parts=("up", "x"), size=0, time=0))
