"""The kernel's table of neighbours: what is read of it, and how long it is waited for."""

import asyncio
from contextlib import ExitStack
from ipaddress import ip_address
import shutil
import socket
import struct
import subprocess
import sys

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.net import neighbours as module
from custom_components.panacam.cams.net.neighbours import Neighbour, mac_of, read_table

REACHABLE, STALE, DELAY, FAILED, NOARP, PERMANENT = 0x02, 0x04, 0x08, 0x20, 0x40, 0x80
MAC = bytes.fromhex("a81374010203")
HERE = socket.inet_aton("192.0.2.9")

# One row as a kernel sends it, by hand (little endian): 76 bytes, RTM_NEWNEIGH, part of many;
# IPv4, adapter 2, reachable; the address, the MAC address with two bytes to fill up, probes;
# 150 ticks since it was confirmed, and three words that nobody needs here.
ROW = bytes.fromhex(
    "4c000000 1c00 0200 01000000 00000000"
    "02 00 0000 02000000 0200 00 01"
    "0800 0100 c0000209"
    "0a00 0200 a81374010203 0000"
    "0800 0400 00000000"
    "1400 0300 96000000 00000000 00000000 00000000"
)
DONE = bytes.fromhex("14000000 0300 0200 01000000 00000000 00000000")


def attribute(kind: int, value: bytes) -> bytes:
    """Return an attribute, filled up to four bytes."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def row(
    address: bytes = HERE,
    mac: bytes | None = MAC,
    state: int = REACHABLE,
    index: int = 2,
    ticks: int | None = None,
) -> bytes:
    """Return a row of the table."""
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    body = struct.pack("=BBHiHBB", family, 0, 0, index, state, 0, 1) + attribute(1, address)
    if mac is not None:
        body += attribute(2, mac)
    if ticks is not None:
        body += attribute(3, struct.pack("=4I", ticks, 0, 0, 0))
    return struct.pack("=IHHII", 16 + len(body), 28, 2, 1, 0) + body


@pytest.mark.skipif(sys.byteorder == "big", reason="the row is a little endian machine's")
def test_kernel_row() -> None:
    """A row as kernels send it."""
    expected = Neighbour(ip_address("192.0.2.9"), 2, "a8:13:74:01:02:03", REACHABLE, 1.5)
    assert list(read_table(ROW + ROW + DONE + ROW)) == [expected, expected]
    assert expected.fresh


@pytest.mark.parametrize("size", range(len(ROW)))
def test_cut(size: int) -> None:
    """A row that is cut is none."""
    assert len(list(read_table(row() + ROW[:size]))) == 1


@pytest.mark.parametrize(
    ("message", "known", "fresh"),
    [
        (row(state=REACHABLE), True, True),
        (row(state=PERMANENT), True, True),
        (row(state=STALE), True, False),
        (row(state=DELAY), True, False),
        (row(state=DELAY, ticks=100), True, True),
        (row(state=DELAY, ticks=6000), True, False),
        (row(state=DELAY) + row(state=FAILED, ticks=0), True, False),
        (row(state=FAILED), False, False),
        (row(state=NOARP), False, False),
        (row(mac=None), False, False),
        (row(mac=bytes(6)), False, False),
        (row(mac=b"\x01"), False, False),
        (row(address=b""), False, False),
        (row(address=b"123"), False, False),
        (row(address=ip_address("fe80::9").packed), True, True),
        (row()[:4] + struct.pack("=H", 29) + row()[6:], False, False),
        (row()[:4] + struct.pack("=H", 2) + row()[6:], False, False),
        (struct.pack("=IHHII", 16, 28, 2, 1, 0), False, False),
        (struct.pack("=IHHII", 3, 28, 2, 1, 0), False, False),
        (struct.pack("=IHHII", 0, 28, 2, 1, 0), False, False),
        (b"", False, False),
    ],
)
def test_rows(message: bytes, known: bool, fresh: bool) -> None:
    """Only rows with a MAC address count, and of those only some are sure."""
    rows = list(read_table(message))
    assert bool(rows) is known
    assert any(one.fresh for one in rows) is fresh


@settings(database=None, derandomize=True, deadline=None)
@given(st.binary(max_size=120), st.integers(min_value=0, max_value=60))
def test_any_bytes(rubbish: bytes, at: int) -> None:
    """Whatever the bytes, reading them ends."""
    list(read_table(row()[:at] + rubbish))


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep what was looked for."""
    seen: list[str] = []
    monkeypatch.setattr(module, "_nudge", lambda address, _: seen.append(str(address)))
    return seen


def tables(monkeypatch: pytest.MonkeyPatch, *parts: bytes) -> None:
    """Let the kernel have these tables in turn, the last one for ever."""
    left = list(parts)
    monkeypatch.setattr(module, "_table", lambda _: left.pop(0) if len(left) > 1 else left[0])


async def test_known(monkeypatch: pytest.MonkeyPatch, nudged: list[str]) -> None:
    """What the kernel knows for sure is told at once."""
    tables(monkeypatch, row(socket.inet_aton("192.0.2.8"), bytes(5) + b"\1") + row())
    assert await mac_of("192.0.2.9") == "a8:13:74:01:02:03"
    assert nudged == []


async def test_learnt(monkeypatch: pytest.MonkeyPatch, nudged: list[str]) -> None:
    """What it does not know it is made to ask for, once."""
    tables(monkeypatch, b"", row(state=FAILED, mac=None), row())
    assert await mac_of("192.0.2.9") == "a8:13:74:01:02:03"
    assert nudged == ["192.0.2.9"]


async def test_old(monkeypatch: pytest.MonkeyPatch, nudged: list[str]) -> None:
    """An old row may be of another device by now: it counts when it is confirmed."""
    other = bytes.fromhex("a81374090909")
    tables(monkeypatch, row(state=STALE), row(state=DELAY), row(mac=other))
    assert await mac_of("192.0.2.9") == "a8:13:74:09:09:09"
    assert nudged == ["192.0.2.9"]
    tables(monkeypatch, row(state=STALE))
    assert await mac_of("192.0.2.9", stale=True) == "a8:13:74:01:02:03"


async def test_gone(monkeypatch: pytest.MonkeyPatch, nudged: list[str]) -> None:
    """An old row that nobody confirms goes: then everybody is asked who has the address now."""
    other = bytes.fromhex("a81374090909")
    gone = row(state=FAILED, mac=None)
    tables(monkeypatch, row(state=STALE), row(state=DELAY), gone, gone, row(mac=other))
    assert await mac_of("192.0.2.9") == "a8:13:74:09:09:09"
    assert nudged == ["192.0.2.9"] * 2


@pytest.mark.parametrize(("state", "limit"), [(FAILED, "WAIT"), (STALE, "FRESH_WAIT")])
async def test_unknown(
    monkeypatch: pytest.MonkeyPatch, nudged: list[str], state: int, limit: str
) -> None:
    """Nobody answers, or what is known is never confirmed: that is waited for, not for ever."""
    monkeypatch.setattr(module, limit, 0.2)
    tables(monkeypatch, row(state=state))
    async with asyncio.timeout(5):
        assert await mac_of("192.0.2.9") is None
    assert nudged == ["192.0.2.9"]


async def test_scope(monkeypatch: pytest.MonkeyPatch, nudged: list[str]) -> None:
    """A link-local address is looked for on its own adapter."""
    monkeypatch.setattr(module, "WAIT", 0.1)
    local = ip_address("fe80::9").packed
    tables(monkeypatch, row(local, bytes(5) + b"\1", index=1) + row(local, MAC, index=2))
    assert await mac_of("fe80::9%2") == "a8:13:74:01:02:03"
    assert await mac_of("fe80::9%3") is None
    assert await mac_of("fe80::9%no-such-adapter") is None


@pytest.mark.parametrize("host", ["camera.local", "", "192.0.2", "192.0.2.9:80"])
async def test_no_address(host: str, nudged: list[str]) -> None:
    """Names are not looked up."""
    assert await mac_of(host) is None
    assert nudged == []


@pytest.mark.skipif(not hasattr(socket, "AF_NETLINK"), reason="not Linux")
async def test_real_kernel(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's own kernel answers to the end, and has no neighbour on loopback."""
    monkeypatch.setattr(module, "WAIT", 0.1)
    for family in (socket.AF_INET, socket.AF_INET6):
        assert module._ends(module._table(family))
    assert await mac_of("127.0.0.1") is None
    assert await mac_of("::1") is None
    assert await mac_of("fe80::1%lo") is None


async def test_nudge(socket_enabled: None) -> None:
    """A neighbour is made to show itself by connections over which nothing is sent."""
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.MonkeyPatch.context() as patch, ExitStack() as knocks:
        patch.setattr(module, "_PORTS", (1, port))
        module._nudge(ip_address("127.0.0.1"), knocks)
        await asyncio.sleep(0.1)
        assert heard == []
    await asyncio.sleep(0.1)
    assert heard == [b""]
    server.close()
    assert module._sockaddr(ip_address("fe80::1%7"), 9) == ("fe80::1", 9, 0, 7)
    assert module._sockaddr(ip_address("fd00::1"), 9) == ("fd00::1", 9, 0, 0)


def test_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems, and a kernel that does not answer, have none."""

    def refused(*_kind: int) -> None:
        raise PermissionError

    monkeypatch.setattr(module.socket, "socket", refused)
    assert module._table(socket.AF_INET) == b""
    with ExitStack() as knocks:
        module._nudge(ip_address("192.0.2.9"), knocks)
    monkeypatch.delattr(module.socket, "AF_NETLINK", raising=False)
    assert module._table(socket.AF_INET) == b""


@pytest.mark.skipif(shutil.which("ip") is None, reason="no `ip` command")
def test_real_table(socket_enabled: None) -> None:
    """What `ip neighbour` shows is what is read here."""
    shown = subprocess.run(
        ["ip", "-4", "neighbour", "show", "nud", "all"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    known = {
        (words[0], words[words.index("lladdr") + 1])
        for words in map(str.split, shown.splitlines())
        if "lladdr" in words and words[-1] in {"REACHABLE", "PERMANENT"}
    }
    read = {(str(one.address), one.mac) for one in read_table(module._table(socket.AF_INET))}
    assert {(host, mac) for host, mac in known if mac != "00:00:00:00:00:00"} <= read
