"""Half files: of clients that die, hang up, or send films that end in the middle."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from ftplib import FTP, all_errors
import os
from pathlib import Path
import socket
import struct
import time
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.panacam.ftp import Account, Tree
from custom_components.panacam.ftp.films import MAX_BOXES, is_cut
from custom_components.panacam.ftp.grace import GRACE
from tests.conftest import until
from tests.ftp.conftest import GATE, YARD, Drop, MakeDrop, store


def dies(client: FTP) -> None:
    """Have the kernel hang up the conversation, its answer not read."""
    assert client.file is not None
    assert client.sock is not None
    client.file.close()
    client.sock.close()


def reads_and_leaves(client: FTP) -> None:
    """Read the answer, and hang up without a word."""
    client.voidresp()
    dies(client)


async def sent(drop: Drop, end: Callable[[FTP], None], delay: float) -> None:
    """Send a picture, and end in some way after a while."""

    def run() -> None:
        with FTP(timeout=15) as client:  # noqa: S321 - it is what is tested
            client.connect("127.0.0.1", drop.port)
            client.login(GATE.username, GATE.password)
            data = client.transfercmd("STOR a.jpg")
            data.sendall(b"x" * 1000)
            data.close()
            time.sleep(delay)
            end(client)

    with suppress(*all_errors):
        await asyncio.to_thread(run)
    await until(lambda: not drop.server._sessions)
    await drop.store.close()


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.1, 0.6])
async def test_died_after_the_file(drop: Drop, delay: float) -> None:
    """The file ends first, and the conversation a little later: half, and not told of."""
    await sent(drop, dies, delay)
    assert drop.received == []
    assert drop.files() == {}
    assert (drop.store.count, drop.store.size) == (0, 0)


async def test_hangs_up_without_a_word(drop: Drop) -> None:
    """A camera that read the answer knows that its file is whole, even if it is not polite."""
    await sent(drop, reads_and_leaves, 0)
    assert [clip.name for clip in drop.received] == ["a.jpg"]
    assert list(drop.files()) == ["gate/a.jpg"]


async def test_nothing_waits_for_the_grace(drop: Drop) -> None:
    """The answer comes at once; the event with the next command, or after the grace."""

    def talk(client: FTP) -> None:
        before = time.perf_counter()
        store(client, "a.jpg", b"1")
        assert time.perf_counter() - before < GRACE / 2
        assert drop.received == []
        assert drop.store.clips("gate") == []
        assert drop.store.count == 1
        client.voidcmd("NOOP")
        assert [clip.name for clip in drop.received] == ["a.jpg"]
        store(client, "b.jpg", b"2")
        assert len(drop.received) == 1
        time.sleep(GRACE + 0.3)
        assert [clip.name for clip in drop.received] == ["a.jpg", "b.jpg"]
        assert time.perf_counter() - before < GRACE + 1.5

    await drop.do(talk)


async def test_closed_in_the_grace(drop: Drop) -> None:
    """A file whose client is still there when the drop is closed is whole."""

    def talk(client: FTP) -> None:
        store(client, "a.jpg", b"1")
        asyncio.run_coroutine_threadsafe(drop.server.close(), loop).result(5)
        assert [clip.name for clip in drop.received] == ["a.jpg"]

    loop = asyncio.get_running_loop()
    with suppress(*all_errors):
        await drop.do(talk)
    assert [clip.name for clip in drop.received] == ["a.jpg"]


async def test_closed_while_it_is_placed(drop: Drop) -> None:
    """Nor is one lost whose place is being made just then."""
    real = Tree.place
    loop = asyncio.get_running_loop()
    closing: list[asyncio.Future[None]] = []

    def slow(*args: Any) -> Any:
        loop.call_soon_threadsafe(lambda: closing.append(asyncio.create_task(drop.server.close())))
        time.sleep(0.3)
        return real(*args)

    with patch.object(Tree, "place", slow), suppress(*all_errors):
        await drop.put("a.jpg", b"1")
    await closing[0]
    await drop.store.close()
    assert [clip.name for clip in drop.received] == ["a.jpg"]
    assert list(drop.files()) == ["gate/a.jpg"]


def box(kind: bytes, size: int) -> bytes:
    """Return a box of so many bytes."""
    return struct.pack(">I4s", size, kind) + bytes(size - 8)


FTYP, MOOV, MDAT = box(b"ftyp", 24), box(b"moov", 200), box(b"mdat", 5000)
LARGE = struct.pack(">I4sQ", 1, b"mdat", 516) + bytes(500)
OPEN = struct.pack(">I4s", 0, b"mdat") + bytes(700)


def cut(path: Path, data: bytes) -> bool:
    """Ask about a file on the disk."""
    path.write_bytes(data)
    handle = os.open(path, os.O_RDONLY)
    try:
        return is_cut(handle, len(data))
    finally:
        os.close(handle)


@pytest.mark.parametrize(
    "film",
    [
        FTYP + MOOV + MDAT,
        FTYP + MDAT + MOOV,
        FTYP + MOOV + LARGE,
        FTYP + MOOV + OPEN,
        FTYP + MDAT + MOOV + bytes(100),  # padded
        FTYP + MOOV + MDAT + struct.pack(">I4s", 5, b"what") + b"rubbish",
        b"\x47" + bytes(187),  # a transport stream with a wrong name
        b"film",
    ],
)
def test_whole_films(tmp_path: Path, film: bytes) -> None:
    """Whatever plays is whole, and what is no film is not judged."""
    assert not cut(tmp_path / "a.mp4", film)


@pytest.mark.parametrize("film", [FTYP + MOOV + MDAT, FTYP + MDAT + MOOV, FTYP + LARGE + MOOV])
def test_cut_films(tmp_path: Path, film: bytes) -> None:
    """Cut anywhere in a box, or where the index is missing."""
    borders = {len(FTYP + MOOV)} if film.startswith(FTYP + MOOV) else set()
    for length in {*range(8, 300), *range(300, len(film), 97), len(film) - 1} - borders:
        assert cut(tmp_path / "a.mp4", film[:length])


def test_endless_boxes(tmp_path: Path) -> None:
    """Nobody looks at millions of boxes."""
    with patch("custom_components.panacam.ftp.films.MAX_BOXES", 50):
        assert not cut(tmp_path / "a.mp4", box(b"free", 8) * 100 + b"\0")
    assert MAX_BOXES >= 2 * 4 * 3600  # two a second, for hours


async def test_cut_film_is_refused(drop: Drop) -> None:
    """A client is told so; neither is it kept."""
    with pytest.raises(all_errors, match="426"):
        await drop.put("a.mp4", FTYP + MOOV + MDAT[:-1])
    assert drop.files() == {}
    await drop.put("a.mp4", FTYP + MOOV + MDAT)
    assert [clip.size for clip in drop.received] == [len(FTYP + MOOV + MDAT)]


async def test_drip(drop: Drop) -> None:
    """A file of a byte now and then does not hold a place for hours."""

    def drip(client: FTP) -> None:
        data = client.transfercmd("STOR a.jpg")
        before = time.perf_counter()
        with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012 - it may be any of them
            while time.perf_counter() - before < 5:
                data.sendall(b"x")
                time.sleep(0.05)
        with pytest.raises(all_errors, match="426"):
            client.voidresp()

    await drop.do(drip)
    assert drop.files() == {}


async def test_new_password_ends_old_conversations(drop: Drop) -> None:
    """Who came in with the old password is sent away; the others are not."""

    def renew(client: FTP) -> None:
        with FTP(timeout=5) as yard:  # noqa: S321
            yard.connect("127.0.0.1", drop.port)
            yard.login(YARD.username, YARD.password)
            new = Account(key="gate", username="gate", password="another")
            loop.call_soon_threadsafe(drop.server.put_accounts, [new, YARD])
            with pytest.raises(all_errors):
                store(client, "a.jpg", b"1")
            store(yard, "b.jpg", b"2")

    loop = asyncio.get_running_loop()
    with suppress(*all_errors):
        await drop.do(renew)
    assert list(drop.files()) == ["yard/b.jpg"]


async def test_no_other_account_in_one_conversation(drop: Drop) -> None:
    """A transfer goes on in the account that it began in."""

    def switch(client: FTP) -> None:
        data = client.transfercmd("STOR a.txt")
        with pytest.raises(all_errors, match="503"):
            client.sendcmd("USER yard")
        data.sendall(b"x")
        data.close()
        client.voidresp()

    await drop.do(switch)
    assert list(drop.files()) == ["gate/a.txt"]


@pytest.mark.parametrize("steps", range(9))
async def test_close_with_clients_that_just_come(make_drop: MakeDrop, steps: int) -> None:
    """Clients that come in the same moment do not keep the drop open."""
    drop: Drop = await make_drop()
    clients = []
    for _ in range(8):
        client = socket.socket()
        client.setblocking(False)
        with suppress(BlockingIOError):
            client.connect(("127.0.0.1", drop.port))
        clients.append(client)
    for _ in range(steps):
        await asyncio.sleep(0)
    async with asyncio.timeout(3):
        await drop.server.close()
    assert not drop.server._sessions
    for client in clients:
        client.close()
