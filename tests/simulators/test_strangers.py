"""The forger, the flood and the DHCP client: what the tests of bad input stand on."""

import asyncio
from functools import partial
from pathlib import Path
import struct
import time

import aiohttp
import pytest

from tests.simulators.dhcp_client import Kind, message, read
from tests.simulators.flood import Flood
from tests.simulators.forger import Forger, disguise, secrets_in
from tests.simulators.mo.wire import HEADER as MO_HEADER
from tests.simulators.onvif.discovery import GROUP
from tests.simulators.test_onvif_discovery import ID, PROBE
from tests.simulators.udp_client import UdpClient

MAC, SERIAL = "a8:13:74:00:00:01", "SIM0000001"


def test_secrets() -> None:
    """What gives a password away is known, and what does not is left alone."""
    assert secrets_in(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "12345") == ()
    assert secrets_in(b"GET / HTTP/1.1\r\nauthorization: Basic YTpi\r\n") == ("authorization:",)
    assert secrets_in(b"<wsse:UsernameToken/>") == ("usernametoken",)
    assert secrets_in(b"user=admin&pass=12345", "12345") == ("the password itself",)
    login = MO_HEADER.pack(b"MO_O", 0, 0, bytes(8), 0, 0)
    verify = MO_HEADER.pack(b"MO_O", 2, 0, bytes(8), 26, 0) + b"admin".ljust(26, b"\0")
    assert secrets_in(login) == ()
    assert secrets_in(login + verify) == ("MO Verify",)


async def test_forger_serves_and_records(socket_enabled: None, tmp_path: Path) -> None:
    """Whoever comes meets a whole camera that asks for a password, and every byte is kept."""
    record = tmp_path / "record"
    camera = disguise("povcam", MAC, SERIAL)
    async with (
        Forger(camera, "127.0.0.1", record=record) as forger,
        aiohttp.ClientSession() as session,
    ):
        assert record.read_bytes() == b""
        url = f"http://127.0.0.1:{forger.port}/cgi-bin/getinfo?FILE=1"
        async with session.get(url) as reply:
            assert reply.status == 401
            assert reply.headers["WWW-Authenticate"].startswith("Basic")
        assert forger.given_away("12345") == ()
        login = {"Authorization": aiohttp.encode_basic_auth("admin", "12345")}
        async with session.get(url, headers=login) as reply:
            assert reply.status == 200
            assert "MAC=A8-13-74-00-00-01" in await reply.text()
        assert forger.given_away("12345") == ("authorization:",)
        assert record.read_bytes().count(b"GET /cgi-bin/getinfo") == 2
        assert secrets_in(record.read_bytes()) == ("authorization:",)


@pytest.mark.parametrize("family", ["onvif", "mo"])
async def test_forger_as(socket_enabled: None, family: str) -> None:
    """It passes itself off as a camera of any family, on its own port."""
    async with Forger(disguise(family, MAC, SERIAL), "127.0.0.1") as forger:
        reader, writer = await asyncio.open_connection("127.0.0.1", forger.port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        await asyncio.wait_for(reader.read(1 << 16), 5)
        writer.close()
        assert forger.bytes_received == b"GET / HTTP/1.0\r\n\r\n"


async def test_forger_announces(socket_enabled: None) -> None:
    """It tells by WS-Discovery and SSDP of itself, or of whatever else it is told to claim."""
    async with UdpClient(GROUP) as group:
        forge = partial(Forger, host="127.0.0.1", hello_port=group.port, ssdp_port=group.port)
        async with forge(disguise("onvif", MAC, SERIAL)) as forger:
            await forger.hello()
            told = await group.hear()
            assert f"http://127.0.0.1:{forger.port}/onvif/device_service".encode() in told
            assert b"a81374000001" in told
            await group.hear()
        async with forge(disguise("povcam", MAC, SERIAL)) as forger:
            await forger.notify("http://192.0.2.9/description.xml")
            assert b"LOCATION: http://192.0.2.9/description.xml" in await group.hear()


async def test_flood(socket_enabled: None) -> None:
    """A Probe is answered thousands of times a second, by ever other devices."""
    async with (
        Flood("127.0.0.1", rate=5000, seconds=0.4, port=0) as flood,
        UdpClient() as asker,
    ):
        begun = time.monotonic()
        asker.send((PROBE % "").encode(), GROUP, flood.port)
        answers = [await asker.hear() for _ in range(500)]
        assert time.monotonic() - begun < 2
        assert len({answer[answer.find(b"Reference") :] for answer in answers}) == 500
        assert all(ID.encode() in answer for answer in answers)


async def test_flood_unasked(socket_enabled: None) -> None:
    """Hellos come without a question."""
    async with UdpClient(GROUP) as group, Flood("127.0.0.1", seconds=0.1, port=group.port) as flood:
        await flood.hellos()
        assert flood.sent > 100
        assert b"/discovery/Hello" in await group.hear()


def test_dhcp_messages() -> None:
    """A client's message has its fields where RFC 2131 has them."""
    asked = message(Kind.DISCOVER, 0x01020304, bytes.fromhex("a81374000001"), {12: b"camera"})
    assert asked[:12] == bytes([1, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0x80, 0])
    assert asked[28:34].hex() == "a81374000001"
    assert asked[236:240] == bytes([99, 130, 83, 99])
    assert asked[240:252] == bytes([53, 1, 1, 12, 6]) + b"camera" + b"\xff"
    assert len(asked) == 300
    renewed = message(Kind.REQUEST, 1, bytes(6), {}, bytes([10, 77, 0, 5]))
    assert renewed[10:16] == bytes([0, 0, 10, 77, 0, 5])


OFFER = (
    bytes([2, 1, 6, 0])
    + struct.pack(">I", 7)
    + bytes(8)
    + bytes([10, 77, 0, 100])
    + bytes(216)
    + bytes([99, 130, 83, 99])
    + bytes([53, 1, 5, 0, 54, 4, 10, 77, 0, 1, 51, 4, 0, 0, 0, 120])
    + bytes([1, 4, 255, 255, 0, 0, 3, 4, 10, 77, 0, 254, 255])
)


def test_dhcp_answers() -> None:
    """A server's answer is read, whole or not, and that to another is not."""
    found = read(OFFER, 7)
    assert found is not None
    lease = found.lease()
    assert (lease.address, lease.prefix, lease.router) == ("10.77.0.100", 16, "10.77.0.254")
    assert (lease.server, lease.renew, lease.end) == ("10.77.0.1", 60.0, 120.0)
    assert read(OFFER, 8) is None
    assert read(b"\1" + OFFER[1:], 7) is None
    for size in range(len(OFFER)):
        cut = read(OFFER[:size], 7)
        assert cut is None or cut.kind == 5
    short = read(OFFER[:243] + b"\xff", 7)
    assert short is not None
    with pytest.raises(ValueError, match="no lease"):
        short.lease()
