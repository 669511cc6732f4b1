"""The simulated Panasonic camera's SSDP and Easy IP Setup, asked by datagrams written by hand."""

from collections.abc import AsyncIterator
import struct
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from tests.simulators.povcam import AG_UMR20, Auth, Discovery, PovcamSimulator
from tests.simulators.povcam.easyip import EasyIp
from tests.simulators.povcam.ssdp import GROUP, Ssdp
from tests.simulators.udp_client import UdpClient

UDN = "uuid:4d454930-0100-1000-8001-a81374000001"
SERVICE = "urn:panasonic-com:service:p01NetCamService:1"
DEVICE = "urn:schemas-upnp-org:device:Basic:1"
# The search of the maker's tool: its tags are those that it wants to be told.
SEARCH = bytes.fromhex(
    "0001 002a 000d 000000000000 a029193eab91 c0a80179 0000 20111e11231f1e19130000 020200"
    "00000000000000000000 fff0 0026 0020 0021 0022 0023 0025 0028 0040 0041 0042 0044"
    "00a5 00a6 00a7 00a8 00ad 00b3 00b4 00b7 00b8 ffff"
)
M_SEARCH = (
    "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
    'MAN: "ssdp:discover"\r\nMX: 1\r\nST: %s\r\n\r\n'
)


def camera(ssdp_port: int = 0, location: str | None = None) -> PovcamSimulator:
    """Make a recorder that is found on ports of its own."""
    discovery = Discovery(ssdp_port=ssdp_port, easy_ip_port=0, location=location)
    return PovcamSimulator(AG_UMR20, auth=Auth.NONE, media=False, discovery=discovery)


def ssdp(sim: PovcamSimulator) -> Ssdp:
    """Give the camera's SSDP."""
    assert sim.ssdp is not None
    return sim.ssdp


def easy_ip(sim: PovcamSimulator) -> EasyIp:
    """Give the camera's Easy IP Setup."""
    assert sim.easy_ip is not None
    return sim.easy_ip


@pytest.fixture
async def asker(socket_enabled: None) -> AsyncIterator[UdpClient]:
    """Give a socket that asks."""
    async with UdpClient() as made:
        yield made


def headers(data: bytes) -> dict[str, str]:
    """Read what stands after the first line."""
    lines = data.decode("ascii").split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines if ": " in line)


async def test_off_by_default(socket_enabled: None) -> None:
    """Nothing is told unless asked for."""
    sim = PovcamSimulator()
    assert sim.ssdp is None
    assert sim.easy_ip is None


async def test_alive_and_byebye(socket_enabled: None) -> None:
    """It tells of device and service when it starts, and takes it back when it stops."""
    targets = ["upnp:rootdevice", UDN, DEVICE, SERVICE]
    async with UdpClient(GROUP) as group:
        async with camera(group.port):
            told = [headers(await group.hear()) for _ in range(8)]
        gone = [headers(await group.hear()) for _ in range(4)]
    assert [one["NT"] for one in told] == targets * 2
    assert {one["NTS"] for one in told} == {"ssdp:alive"}
    assert told[3]["USN"] == f"{UDN}::{SERVICE}"
    assert told[1]["USN"] == UDN
    assert [one["NT"] for one in gone] == targets
    assert {one["NTS"] for one in gone} == {"ssdp:byebye"}


@pytest.mark.parametrize(
    ("target", "count"), [("ssdp:all", 4), ("upnp:rootdevice", 1), (UDN, 1), (SERVICE, 1)]
)
async def test_m_search(asker: UdpClient, target: str, count: int) -> None:
    """A search for it is answered, and leads to a description like the WV-SC385's."""
    async with camera() as sim:
        asker.send((M_SEARCH % target).encode(), GROUP, ssdp(sim).port)
        answers = [headers(await asker.hear()) for _ in range(count)]
        assert await asker.silent()
        assert target == "ssdp:all" or answers[0]["ST"] == target
        async with aiohttp.ClientSession() as session:
            reply = await session.get(answers[0]["LOCATION"])
            assert reply.content_type == "text/xml"
            found = ET.fromstring(await reply.text())
        device = {one.tag.rpartition("}")[2]: one.text for one in found.iter()}
        assert device["deviceType"] == DEVICE
        assert device["manufacturer"] == "Panasonic"
        assert device["modelDescription"] == "Panasonic Network Camera"
        assert device["modelName"] == "Network Camera"
        assert device["modelNumber"] == "AG-UMR20"
        assert device["serialNumber"] == "SIM0000001"
        assert device["UDN"] == UDN
        assert device["serviceType"] == SERVICE
        assert device["presentationURL"] == f"{sim.url}/"


@pytest.mark.parametrize(
    "data",
    [
        M_SEARCH % "urn:schemas-upnp-org:device:MediaServer:1",
        M_SEARCH.replace('"ssdp:discover"', "ssdp:discover") % "ssdp:all",
        (M_SEARCH % "ssdp:all").replace("M-SEARCH", "NOTIFY"),
        "",
    ],
)
async def test_search_for_others(asker: UdpClient, data: str) -> None:
    """What looks for something else is not answered."""
    async with camera() as sim:
        asker.send(data.encode(), GROUP, ssdp(sim).port)
        assert await asker.silent(0.7)


async def test_false_location(asker: UdpClient) -> None:
    """It can tell of a description elsewhere."""
    async with camera(location="http://127.0.0.1:8123/description.xml") as sim:
        asker.send((M_SEARCH % UDN).encode(), GROUP, ssdp(sim).port)
        told = headers(await asker.hear())
        assert told["LOCATION"] == "http://127.0.0.1:8123/description.xml"


async def test_easy_ip(asker: UdpClient) -> None:
    """A search is answered with MAC, address, port and names, and with the captured checksum."""
    async with camera() as sim:
        asker.send(SEARCH + b"\x11\x70", "127.0.0.1", easy_ip(sim).port)
        told = await asker.hear()
        assert told.startswith(b"\0\1")
        length, operation = struct.unpack_from(">HH", told, 2)
        assert (length, operation) == (len(told) - 52, 0x0E)
        assert told[6:12].hex() == "a81374000001"
        assert told[12:22] == SEARCH[12:22]
        assert told[-4:-2] == b"\xff\xff"
        assert int.from_bytes(told[-2:]) == (sum(told[:-2]) + 1) & 0xFFFF
        entries: dict[int, bytes] = {}
        at = 48
        while at < len(told) - 4:
            tag, size = struct.unpack_from(">HH", told, at)
            entries[tag] = told[at + 4 : at + 4 + size]
            at += 4 + size
        assert entries[0x20] == bytes([127, 0, 0, 1])
        assert int.from_bytes(entries[0x25]) == sim.port
        assert entries[0xA8] == b"AG-UMR20".ljust(16, b"\0")
        assert entries[0xA9] == b"1.10".ljust(16, b"\0")
        assert entries[0xD1] == b"SIM0000001".ljust(16, b"\0")


async def test_easy_ip_sets_nothing(asker: UdpClient) -> None:
    """Settings, cut and lengthened searches and rubbish are not answered."""
    whole = SEARCH + b"\x11\x70"
    wrong = [whole[:size] for size in range(len(whole))]
    wrong += [whole + b"\0", b"\0\2" + whole[2:], whole[:4] + b"\0\2" + whole[6:]]
    async with camera() as sim:
        for data in wrong:
            asker.send(data, "127.0.0.1", easy_ip(sim).port)
        assert await asker.silent(0.3)
        asker.send(whole, "127.0.0.1", easy_ip(sim).port)
        assert (await asker.hear())[4:6] == b"\0\x0e"
