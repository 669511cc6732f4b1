"""The simulated ONVIF camera's WS-Discovery, asked by datagrams written by hand."""

from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import pytest

from tests.simulators.onvif import OnvifSimulator, Quirk
from tests.simulators.onvif.discovery import GROUP, Discovery
from tests.simulators.udp_client import UdpClient

ID = "urn:uuid:2b9a30d2-5c44-4d7e-9d3c-000000000001"
PROBE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:q="http://www.onvif.org/ver10/network/wsdl"'
    ' xmlns:z="http://www.onvif.org/ver10/device/wsdl">'
    f"<e:Header><w:MessageID>{ID}</w:MessageID>"
    "<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
    "<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action>"
    "</e:Header><e:Body><d:Probe>%s</d:Probe></e:Body></e:Envelope>"
)
SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
ADDRESSING = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
DISCOVERY = "{http://schemas.xmlsoap.org/ws/2005/04/discovery}"


def camera(*quirks: Quirk, port: int = 0, xaddrs: str | None = None) -> OnvifSimulator:
    """Make a camera that answers at once, on a discovery port of its own."""
    made = OnvifSimulator(
        discoverable=True,
        discovery_port=port,
        discovery_delay=0.0,
        quirks=set(quirks),
        xaddrs=xaddrs,
    )
    made.become(mac="a8:13:74:00:02:01", serial="SIM0000003")
    return made


def told_by(sim: OnvifSimulator) -> Discovery:
    """Give the camera's discovery."""
    assert sim.discovery is not None
    return sim.discovery


async def ask(sim: OnvifSimulator, client: UdpClient, inside: str = "") -> ET.Element:
    """Send a Probe and give what is answered."""
    client.send((PROBE % inside).encode(), GROUP, told_by(sim).port)
    return ET.fromstring(await client.hear())


def text(message: ET.Element, tag: str) -> str:
    """Give the text of an element, wherever it stands."""
    found = message.find(f".//{tag}")
    assert found is not None
    assert found.text
    return found.text


@pytest.fixture
async def client(socket_enabled: None) -> AsyncIterator[UdpClient]:
    """Give a socket that asks."""
    async with UdpClient() as made:
        yield made


async def test_off_by_default(socket_enabled: None) -> None:
    """Nothing is told unless asked for."""
    assert OnvifSimulator().discovery is None


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<d:Types>q:NetworkVideoTransmitter</d:Types>",
        "<d:Types>z:Device</d:Types>",
        "<d:Types>q:NetworkVideoTransmitter z:Device</d:Types>",
        "<d:Types/><d:Scopes>onvif://www.onvif.org/type</d:Scopes>",
        "<d:Scopes>onvif://www.onvif.org/location/garden onvif://www.onvif.org/</d:Scopes>",
    ],
)
async def test_probe(client: UdpClient, inside: str) -> None:
    """A Probe for what it is, or for anything, is answered to the asker alone."""
    async with camera() as sim:
        found = await ask(sim, client, inside)
        assert text(found, f"{ADDRESSING}RelatesTo") == ID
        assert text(found, f"{ADDRESSING}Action").endswith("/discovery/ProbeMatches")
        matched = found.find(f"{SOAP}Body/{DISCOVERY}ProbeMatches/{DISCOVERY}ProbeMatch")
        assert matched is not None
        reference = f"{ADDRESSING}EndpointReference/{ADDRESSING}Address"
        assert text(matched, reference) == "urn:uuid:1419d68a-1dd2-11b2-a105-a81374000201"
        assert text(matched, f"{DISCOVERY}XAddrs") == sim.url
        assert text(matched, f"{DISCOVERY}MetadataVersion") == "10"
        assert text(matched, f"{DISCOVERY}Types") == "dn:NetworkVideoTransmitter tds:Device"
        assert text(matched, f"{DISCOVERY}Scopes").split() == [
            f"onvif://www.onvif.org/{item}"
            for item in (
                "type/video_encoder",
                "type/ptz",
                "Profile/Streaming",
                "hardware/Simulated%20PTZ",
                "name/Front%20door",
                "location/garden",
            )
        ]
        assert told_by(sim).probes == 1


@pytest.mark.parametrize(
    "data",
    [
        PROBE % "<d:Types>q:NetworkVideoDisplay</d:Types>",
        PROBE % "<d:Types>z:NetworkVideoTransmitter</d:Types>",
        PROBE % "<d:Types>NetworkVideoTransmitter</d:Types>",
        PROBE % "<d:Scopes>onvif://www.onvif.org/location/gar</d:Scopes>",
        (PROBE % "").replace("Probe", "Resolve"),
        (PROBE % "").replace("MessageID", "Nothing"),
        (PROBE % "")[:-1],
        "",
        "M-SEARCH * HTTP/1.1\r\n\r\n",
    ],
)
async def test_not_for_it(client: UdpClient, data: str) -> None:
    """What looks for something else, or is no Probe, is not answered; it goes on hearing."""
    async with camera() as sim:
        client.send(data.encode(), GROUP, told_by(sim).port)
        assert await client.silent()
        await ask(sim, client)


async def test_hello_and_bye(socket_enabled: None) -> None:
    """Hello is told twice at the start, Bye at the end, and both again around a restart."""
    async with UdpClient(GROUP) as group, camera(port=group.port) as sim:
        hellos = [ET.fromstring(await group.hear()) for _ in range(2)]
        ids = {text(hello, f"{ADDRESSING}MessageID") for hello in hellos}
        assert len(ids) == 1
        assert text(hellos[0], f"{ADDRESSING}Action").endswith("/discovery/Hello")
        assert text(hellos[0], f"{DISCOVERY}XAddrs") == sim.url
        await sim.reboot(0.01)
        bye = ET.fromstring(await group.hear())
        assert bye.find(f"{SOAP}Body/{DISCOVERY}Bye") is not None
        assert bye.find(f".//{DISCOVERY}XAddrs") is None
        assert text(ET.fromstring(await group.hear()), f"{DISCOVERY}XAddrs") == sim.url
        await group.hear()
        await sim.stop()
        assert b"/discovery/Bye" in await group.hear()


async def test_quirks(client: UdpClient) -> None:
    """Devices differ from the standard in these ways."""
    async with camera(Quirk.NO_METADATA_VERSION) as sim:
        found = await ask(sim, client)
        assert found.find(f".//{DISCOVERY}MetadataVersion") is None
    async with camera(Quirk.XADDR_ELSEWHERE) as sim:
        told = text(await ask(sim, client), f"{DISCOVERY}XAddrs")
        assert told == f"http://192.0.2.99:{sim.port}/onvif/device_service"
    async with camera(xaddrs="http://127.0.0.1/a http://[::1]/b") as sim:
        told = text(await ask(sim, client), f"{DISCOVERY}XAddrs")
        assert told == "http://127.0.0.1/a http://[::1]/b"
    async with camera(Quirk.WRONG_RELATES_TO) as sim:
        assert text(await ask(sim, client), f"{ADDRESSING}RelatesTo") != ID
    async with camera(Quirk.ANSWERS_TWICE) as sim:
        first = await ask(sim, client)
        assert ET.tostring(first) == ET.tostring(ET.fromstring(await client.hear()))
