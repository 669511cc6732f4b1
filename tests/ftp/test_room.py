"""Room: places for clients, bytes on their way, folders, names, and clocks that are wrong."""

import asyncio
from collections.abc import Callable
from ftplib import FTP, all_errors
import logging
import os
from pathlib import Path
import socket
import time
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.panacam.ftp import Limits, Received, Store, Tree, pace, transfers
from custom_components.panacam.ftp.door import Door, Guest
from custom_components.panacam.ftp.names import BadNameError, is_name, resolved
from custom_components.panacam.ftp.room import DAY, SECOND, THIS_YEAR
from custom_components.panacam.ftp.session import line_of
from custom_components.panacam.ftp.transfers import Times
from custom_components.panacam.ftp.tree import INCOMING
from tests.conftest import until
from tests.ftp.conftest import GATE, SMALL, YARD, Drop, MakeDrop, store


async def test_strangers_do_not_lock_cameras_out(make_drop: MakeDrop) -> None:
    """Forty silent connections: who logs in comes in, and who is in stays."""
    drop: Drop = await make_drop(times=Times(idle=60))

    def crowd(camera: FTP) -> None:
        strangers = []
        for host in range(2, 7):
            for _ in range(8):
                source = (f"127.0.0.{host}", 0)
                one = socket.create_connection(("127.0.0.1", drop.port), source_address=source)
                strangers.append(one)
                one.settimeout(5)
                assert one.recv(100).startswith(b"220")
        with FTP(timeout=5) as other:  # noqa: S321 - it is what is tested
            other.connect("127.0.0.1", drop.port)
            other.login(YARD.username, YARD.password)
            store(other, "a.jpg", b"1")
        store(camera, "b.jpg", b"2")
        for one in strangers:
            one.close()

    await drop.do(crowd)
    assert sorted(drop.files()) == ["gate/b.jpg", "yard/a.jpg"]
    await until(lambda: not drop.server._sessions)
    assert drop.server._door._inside == {}


def test_door() -> None:
    """The address with the most strangers loses its first one; who is known never goes."""
    gone: list[str] = []
    door = Door(most=6, most_of_one=4)

    def enter(house: str, name: str) -> Guest | None:
        return door.enter(house, lambda: gone.append(name))

    assert enter("10.0.0.9", "camera")
    for number in range(4):
        assert enter("10.0.0.1", f"flood {number}")
    assert gone == ["flood 0", "flood 1"]  # three have no password at a time
    for guest in list(door._inside):
        guest.is_known = True
    for number in range(5):
        assert enter(f"10.0.1.{number}", f"late {number}")
    assert gone[2:] == ["late 0", "late 1"]
    for guest in list(door._inside):
        guest.is_known = True
    assert enter("10.0.2.1", "too many") is None
    assert len(gone) == 4
    door.leave(next(iter(door._inside)))
    again = enter("10.0.2.1", "in")
    assert again is not None
    door.leave(again)
    door.leave(again)


async def test_login_takes_no_longer_than_it_may(make_drop: MakeDrop) -> None:
    """Whatever a stranger says meanwhile."""
    drop: Drop = await make_drop(times=Times(login=0.5, idle=60))
    reader, writer = await asyncio.open_connection("127.0.0.1", drop.port)
    before = time.perf_counter()
    with pytest.raises((OSError, asyncio.IncompleteReadError)):  # noqa: PT012
        while time.perf_counter() - before < 5:
            writer.write(b"NOOP\r\n")
            await writer.drain()
            await reader.readuntil(b"\n")
            await asyncio.sleep(0.05)
    assert time.perf_counter() - before < 2
    writer.close()

    def slowly(client: FTP) -> None:
        time.sleep(0.8)
        client.voidcmd("NOOP")

    await drop.do(slowly)


async def test_quotas_hold_while_files_come(make_drop: MakeDrop) -> None:
    """What is on its way counts, of all uploads together."""
    drop: Drop = await make_drop(Limits(free_bytes=0, account_bytes=3_000_000))

    def over(client: FTP) -> None:
        with FTP(timeout=5) as second:  # noqa: S321
            second.connect("127.0.0.1", drop.port)
            second.login(GATE.username, GATE.password)
            pairs = [(one, one.transfercmd("STOR a.jpg")) for one in (client, second)]
            for _, data in pairs:
                with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012
                    for _ in range(200):
                        data.sendall(bytes(100_000))
                        assert staged(drop) <= 3_000_000
            for one, data in pairs:
                with pytest.raises(all_errors, match="552"):
                    one.voidresp()
                data.close()
        store(client, "b.jpg", bytes(2_900_000))

    await drop.do(over)
    with pytest.raises(all_errors, match=r"552|reset|pipe"):
        await drop.put("c.jpg", bytes(2_900_000))
    assert list(drop.files()) == ["gate/b.jpg"]


def staged(drop: Drop) -> int:
    """Return the bytes on their way."""
    return sum(path.stat().st_size for path in (drop.root / INCOMING).iterdir())


async def test_full_is_said_once_an_hour(
    make_drop: MakeDrop, caplog: pytest.LogCaptureFixture
) -> None:
    """However many files of others are taken in between."""
    drop: Drop = await make_drop(Limits(free_bytes=0, account_files=1))
    await drop.put("a.jpg", b"1")
    for number in range(5):
        with pytest.raises(all_errors, match="552"):
            await drop.put("b.jpg", b"1")
        if not number:
            await drop.put("c.jpg", b"1", YARD)
    assert caplog.text.count("there is no room") == 1
    with patch("custom_components.panacam.ftp.intake.time.monotonic", lambda: 1e9):
        drop.store._intake.say_full("gate")
        drop.store._intake.say_full("gate")
    assert caplog.text.count("there is no room") == 2


async def test_renames_are_paced(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of them than of files."""
    monkeypatch.setattr(pace.Pace.__init__, "__kwdefaults__", {"burst": 5, "rate": 20.0})

    def rename(client: FTP) -> None:
        store(client, "0.tmp", b"1")
        for number in range(20):
            client.rename(f"{number}.tmp", f"{number + 1}.tmp")

    before = time.perf_counter()
    await drop.do(rename)
    assert time.perf_counter() - before > 0.7
    assert drop.received == []
    assert list(drop.files()) == ["gate/20.tmp"]


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u3000", "\u2003"])
async def test_spaces(make_drop: MakeDrop, drop: Drop, space: str) -> None:
    """Japanese names are kept, counted, listed and known after a restart."""
    path = f"西{space}口/録{space}画.jpg"
    await drop.do(lambda client: _utf8(client, path))
    [clip] = drop.store.clips("gate")
    assert clip.name == f"録{space}画.jpg"
    again: Drop = await make_drop()
    assert again.store.clips("gate") == [clip]
    names = await again.do(lambda client: _names(client, "/"))
    assert names == [f"西{space}口"]


def _utf8(client: FTP, path: str) -> None:
    client.encoding = "utf-8"
    store(client, path, b"1")


def _names(client: FTP, path: str) -> list[str]:
    client.encoding = "utf-8"
    return client.nlst(path)


@pytest.mark.parametrize(
    "name", ["a\u202eb", "a\u200bb", "a\u2028b", "a\x7f", "\u3000", " . ", "\ud800", "a\nb", ""]
)
def test_no_names(name: str) -> None:
    """What hides or turns text around is in no name."""
    assert not is_name(name)
    if name:
        with pytest.raises(BadNameError):
            resolved((), f"a/{name}")


async def test_nobody_sees_it_but_it_goes(tmp_path: Path) -> None:
    """Files with names that nobody may use take room, and go with the time."""
    root = tmp_path / "drop"
    for name in ("a\nb.jpg", "c\u202ed.jpg", "bad\x01folder/x.jpg"):
        path = root / "gate" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"123")
        os.utime(path, (time.time() - 40 * 86_400,) * 2)
    (root / INCOMING).mkdir()
    kept = Store(Tree(root), Limits(free_bytes=0, days=1000), lambda _file: None)
    await kept.open()
    assert (kept.count, kept.size) == (3, 9)
    assert kept.clips("gate") == []
    assert await kept.listing("gate", ()) == []
    gone = Store(Tree(root), SMALL, lambda _file: None)
    await gone.open()
    assert gone.count == 0
    assert [path for path in root.rglob("*") if path.is_file()] == []


class Clocks:
    """A clock that somebody sets, and one that nobody does."""

    def __init__(self, drop: Drop) -> None:
        """Take the drop's."""
        self.time, self.steady = time.time_ns(), 1000.0
        drop.store._clock = lambda: self.time
        drop.store._steady = lambda: self.steady

    def passes(self, days: float) -> None:
        """Let time go by."""
        self.time += int(days * DAY)
        self.steady += days * 86_400


async def test_clock_that_was_not_set(make_drop: MakeDrop, drop: Drop) -> None:
    """A clip of 1970 is not thirty years old once the clock is right; it gets its own time."""
    clocks = Clocks(drop)
    right, clocks.time = clocks.time, DAY
    await drop.put("alarm.jpg", b"1")
    await drop.store.tidy()
    assert drop.store.count == 1
    again: Drop = await make_drop()  # nor is it after a restart
    assert again.store.count == 1
    clocks.time = right + 60 * SECOND
    clocks.steady += 60
    await drop.store.tidy()
    [clip] = drop.store.clips("gate")
    assert abs(clip.time - right) < 2 * SECOND
    assert (drop.root / "gate" / "alarm.jpg").stat().st_mtime_ns == clip.time
    assert drop.store.find("gate", clip.id) == clip
    for days in (20, 9):
        clocks.passes(days)
        await drop.store.tidy()
        assert drop.store.count == 1
    clocks.passes(2)
    await drop.store.tidy()
    assert drop.store.count == 0


async def test_clock_that_jumps(make_drop: MakeDrop, drop: Drop) -> None:
    """What was there before survives a clock that goes wrong for an hour."""
    await drop.put("a.jpg", b"1")
    again: Drop = await make_drop()
    clocks = Clocks(again)
    await again.store.tidy()
    await again.store.tidy()
    clocks.time += 400 * DAY
    await again.store.tidy()
    assert again.store.count == 1
    clocks.time -= 400 * DAY
    await again.store.tidy()
    clocks.passes(0.04)
    await again.store.tidy()
    assert again.store.count == 1
    clocks.time = THIS_YEAR - DAY
    await again.store.tidy()
    await again.store.tidy()
    assert again.store.count == 1


async def test_clips_of_the_future(make_drop: MakeDrop) -> None:
    """They are young by the steady clock alone, and go first where room is needed."""
    drop: Drop = await make_drop(Limits(free_bytes=0, account_files=2))
    clocks = Clocks(drop)
    await drop.put("now.jpg", b"1")
    clocks.time += 400 * DAY
    await drop.put("future.jpg", b"1")
    clocks.time -= 400 * DAY
    with pytest.raises(all_errors, match="552"):
        await drop.put("c.jpg", b"1")  # all is young
    clocks.passes(0.01)
    await drop.put("c.jpg", b"1")
    assert sorted(drop.files()) == ["gate/c.jpg", "gate/now.jpg"]


async def test_long_lists_leave_the_loop_free(drop: Drop, caplog: pytest.LogCaptureFixture) -> None:
    """Five thousand lines are written beside it."""
    await drop.put("a.jpg", b"1")
    folder = drop.root / "gate"
    await asyncio.to_thread(
        lambda: [(folder / f"{number:05}.jpg").write_bytes(b"") for number in range(4999)]
    )
    threads: set[str] = set()
    lines: list[str] = []

    def look(line: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any) -> Any:
            threads.add("loop" if _in_loop() else "executor")
            return line(*args)

        return noted

    with patch.object(transfers, "line_of", look(line_of)):
        await drop.do(lambda client: client.retrlines("LIST", lines.append))
    assert len(lines) == 5000
    assert threads == {"executor"}
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def test_received_is_the_same_after_a_restart() -> None:
    """How long ago it came by this run's clock is no part of it."""
    file = Received(account="gate", parts=("a.jpg",), size=1, time=1000, came=5.0)
    assert file == Received(account="gate", parts=("a.jpg",), size=1, time=1000)
