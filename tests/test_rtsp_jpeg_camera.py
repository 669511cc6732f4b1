"""A camera entity whose RTSP stream is JPEG: stills, motion JPEG and HLS, by one connection."""

import asyncio
from collections.abc import AsyncGenerator
from http import HTTPStatus

from homeassistant.components.camera import async_get_image, async_get_stream_source
from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam.cams.bridge import hub
from custom_components.panacam.cams.stream import Credentials, RtspStream, Transport
from tests.conftest import until
from tests.fake_roles import set_up
from tests.fakes import FakeDevice
from tests.simulators.onvif import OnvifSimulator

CAMERA = "camera.bare_only"
MARK = b"--panacam-picture\r\n"


@pytest.fixture
async def sim(
    hass: HomeAssistant,
    socket_enabled: None,
    quick: None,
    all_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[OnvifSimulator]:
    """Run a camera that is set up to hand its streams out directly."""
    monkeypatch.setattr(hub, "LINGER", 0.05)
    async with OnvifSimulator() as simulator:
        stream = RtspStream(
            key="only",
            label="Only",
            host=simulator.host,
            port=simulator.rtsp_port,
            path="/onvif/profile/3",
            transport=Transport.TCP,
            credentials=Credentials(simulator.username, simulator.password),
            codec="jpeg",
            preferred=True,
        )
        entry = await set_up(hass, FakeDevice(streams=(stream,)), ring=0)
        yield simulator
        await hass.config_entries.async_unload(entry.entry_id)


async def test_stills(hass: HomeAssistant, sim: OnvifSimulator) -> None:
    """A still is a picture as the camera made it; then the camera is let go of."""
    image = await async_get_image(hass, CAMERA)
    assert image.content.startswith(b"\xff\xd8")
    await until(lambda: not sim.rtsp.sessions)


async def test_motion_jpeg(
    hass: HomeAssistant, sim: OnvifSimulator, hass_client: ClientSessionGenerator
) -> None:
    """A browser gets the pictures themselves."""
    client = await hass_client()
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    assert response.status == HTTPStatus.OK
    body = b""
    while body.count(MARK) < 4:
        body += await response.content.readany()
    for part in body.split(MARK)[1:-1]:
        _, _, picture = part.partition(b"\r\n\r\n")
        assert picture.startswith(b"\xff\xd8")
        assert picture.endswith(b"\xff\xd9\r\n")
    assert len(sim.rtsp.sessions) == 1
    response.close()


async def test_players_get_the_hub(hass: HomeAssistant, sim: OnvifSimulator) -> None:
    """Players could not show JPEG: they get H.264 of ours, whatever was chosen for others."""
    source = await async_get_stream_source(hass, CAMERA)
    assert source is not None
    assert source.startswith("http://127.0.0.1:")
    camera = get_camera_from_entity_id(hass, CAMERA)
    assert "rtsp_transport" not in camera.stream_options
    reader, writer = await asyncio.open_connection("127.0.0.1", int(source.split("/")[2][10:]))
    writer.write(f"GET /{source.split('/', 3)[3]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"200" in head.split(b"\r\n")[0]
    assert b"video/mp2t" in head.lower()
    writer.close()
