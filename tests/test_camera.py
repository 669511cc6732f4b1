"""Pictures: stills, motion JPEG, and live video through Home Assistant's own stream component."""

import asyncio
from http import HTTPStatus
import re
from typing import Any

from homeassistant.components.camera import (
    CameraEntityFeature,
    async_get_image,
    async_get_stream_source,
)
from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.components.stream import HLS_PROVIDER
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam.cams.bridge import Status, pictures
from custom_components.panacam.cams.povcam.traffic import StreamsWatcher
from tests.conftest import add, entry_for, until
from tests.simulators.povcam import AG_UMR20, Auth, Fault, PovcamSimulator
from tests.test_init import poll

CAMERA = "camera.stage_left_h_264_1"
SECOND = "camera.stage_left_h_264_2"


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Allow the idle timer that the stream component keeps."""
    return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for a picture that does not come."""
    monkeypatch.setattr(pictures, "FIRST_PICTURE", 0.5)


def look_again(entry: MockConfigEntry) -> None:
    """Have the next poll look which streams the camera sends, which it does once a minute."""
    (watcher,) = (
        found for found in entry.runtime_data.device._looks.all if isinstance(found, StreamsWatcher)
    )
    watcher._next = float("-inf")


async def test_still(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A still is the camera's own JPEG."""
    image = await async_get_image(hass, CAMERA)
    assert image.content_type == "image/jpeg"
    assert image.content.startswith(b"\xff\xd8\xff")
    assert image.content.endswith(b"\xff\xd9")


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.RUBBISH, Fault.HTML_PAGE, Fault.EMPTY])
async def test_still_by_the_other_way(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, fault: Fault
) -> None:
    """Where one CGI makes no picture, the other is used."""
    umr20.fault("camera", fault)
    image = await async_get_image(hass, CAMERA)
    assert image.content.startswith(b"\xff\xd8\xff")


async def test_no_still(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Without any picture there is an error, and nothing of the camera's answer gets through."""
    for name in ("camera", "view.cgi", "mjpeg"):
        umr20.fault(name, Fault.HTML_PAGE)
    with pytest.raises(HomeAssistantError):
        await async_get_image(hass, CAMERA)


async def test_refused_still(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Where the camera makes no single picture, one of its stream is taken."""
    for name in ("camera", "view.cgi"):
        umr20.fault(name, Fault.HTML_PAGE)
    image = await async_get_image(hass, CAMERA)
    assert image.content.startswith(b"\xff\xd8")


async def test_still_of_a_camera_that_makes_none(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It is taken from the shared stream, without a player for it."""
    device = entry.runtime_data.device
    device.imager = device.pictures = None
    camera = get_camera_from_entity_id(hass, CAMERA)
    assert not camera.use_stream_for_stills
    image = await async_get_image(hass, CAMERA)
    assert image.content.startswith(b"\xff\xd8\xff")


async def test_still_that_is_there_already(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """While anybody has the camera's pictures, it is not asked for another one."""
    coordinator = entry.runtime_data
    assert coordinator.device.pictures is not None
    async with coordinator.bridge.picture_hub(coordinator.device.pictures).pictures():
        umr20.requests.clear()
        await async_get_image(hass, CAMERA)
    assert not [request for request in umr20.requests if "camera" in request.path]


async def test_past_of_a_stream_that_is_off(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Only what the camera is set to send is kept, from when it is."""
    umr20.camera.h264_transmit[1] = False
    entry = await add(hass, entry_for(umr20, options={"ring": 7}))
    coordinator = entry.runtime_data
    kept = coordinator.hub_of(coordinator.device.streams[0])
    assert kept is not None
    assert kept.status is Status.IDLE
    umr20.camera.h264_transmit[1] = True
    look_again(entry)
    await poll(hass, entry)
    await until(lambda: kept.status is Status.LIVE)
    umr20.camera.h264_transmit[1] = False
    look_again(entry)
    await poll(hass, entry)
    assert not kept._keepers
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_second_stream_is_disabled(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """One stream is enough for most people."""
    assert hass.states.get(CAMERA) is not None
    assert hass.states.get(SECOND) is None


async def test_motion_jpeg(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """Browsers get the camera's pictures in a multipart of ours."""
    client = await hass_client()
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    assert response.status == HTTPStatus.OK
    found = re.fullmatch(
        r"multipart/x-mixed-replace;boundary=(.+)", response.headers["Content-Type"]
    )
    assert found is not None
    body = b""
    while body.count(b"--" + found[1].encode()) < 4:
        body += await response.content.readany()
    parts = body.split(b"--" + found[1].encode() + b"\r\n")
    head, _, picture = parts[1].partition(b"\r\n\r\n")
    assert b"image/jpeg" in head
    assert picture.startswith(b"\xff\xd8\xff")
    assert picture.endswith(b"\xff\xd9\r\n")
    response.close()


async def test_motion_jpeg_ends_with_its_entry(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """No viewer keeps a connection to a camera that was unloaded."""
    client = await hass_client()
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    await response.content.readany()
    assert await hass.config_entries.async_unload(entry.entry_id)
    async with asyncio.timeout(5):
        while await response.content.readany():
            pass


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.CLOSE, Fault.UNAUTHORIZED])
async def test_no_motion_jpeg(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    hass_client: ClientSessionGenerator,
    fault: Fault,
) -> None:
    """A camera that sends none is a bad gateway, not a broken page."""
    umr20.fault("mjpeg", fault)
    client = await hass_client()
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    assert response.status == HTTPStatus.BAD_GATEWAY


@pytest.mark.usefixtures("impatient")
async def test_motion_jpeg_of_rubbish(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    hass_client: ClientSessionGenerator,
) -> None:
    """Rubbish never reaches the browser."""
    umr20.fault("mjpeg", Fault.RUBBISH)
    client = await hass_client()
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    assert response.status == HTTPStatus.BAD_GATEWAY


async def test_motion_jpeg_while_the_camera_restarts(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    hass_client: ClientSessionGenerator,
) -> None:
    """When the camera is away for a moment, the same answer goes on with whole pictures."""
    client = await hass_client()
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    body = await response.content.readany()
    await umr20.reboot(seconds=0.1)
    before = body.count(b"--panacam-picture")
    async with asyncio.timeout(15):
        while body.count(b"--panacam-picture") < before + 5:
            body += await response.content.readany()
    for part in body.split(b"--panacam-picture\r\n")[1:-1]:
        assert part.endswith(b"\xff\xd9\r\n")
    response.close()


async def test_stream_turned_off_in_the_camera(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A stream that the camera is set not to send is not offered, and is once it is on again."""

    def features() -> CameraEntityFeature:
        found = hass.states.get(CAMERA)
        assert found is not None
        return CameraEntityFeature(found.attributes["supported_features"])

    assert features() == CameraEntityFeature.STREAM
    umr20.camera.h264_transmit[1] = False
    look_again(entry)
    await poll(hass, entry)
    assert features() == CameraEntityFeature(0)
    umr20.camera.h264_transmit[1] = True
    look_again(entry)
    await poll(hass, entry)
    assert features() == CameraEntityFeature.STREAM


async def test_direct_stream_source(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Credentials are percent-encoded; the options decide port and transport."""
    umr20.set_password("admin", "p@ss:w/ö%")
    await add(
        hass,
        entry_for(
            umr20,
            password="p@ss:w/ö%",
            options={"stream_mode": "direct", "rtsp_port": 8554, "rtsp_transport": "tcp"},
        ),
    )
    assert (
        await async_get_stream_source(hass, CAMERA)
        == "rtsp://admin:p%40ss%3Aw%2F%C3%B6%25@127.0.0.1:8554/mediainput/h264/stream_1"
    )
    assert get_camera_from_entity_id(hass, CAMERA).stream_options == {"rtsp_transport": "tcp"}


async def test_shared_stream_source(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Players get the bridge's address, with a secret that Home Assistant masks in its log."""
    source = await async_get_stream_source(hass, CAMERA)
    assert source is not None
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/h264_1\.ts\?auth=[0-9a-f]{64}", source)
    assert get_camera_from_entity_id(hass, CAMERA).stream_options == {}


@pytest.mark.parametrize(
    ("password", "options", "auth"),
    [
        ("p@ss:w/ö%", {"stream_mode": "shared", "ring": 7}, Auth.DIGEST),
        ("p@ss:w/ö%", {"stream_mode": "direct"}, Auth.DIGEST),
        ("p@ss:w/%", {"stream_mode": "direct", "rtsp_transport": "udp"}, Auth.BASIC),
    ],
)
async def test_live_video(
    hass: HomeAssistant,
    socket_enabled: None,
    quick: None,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
    password: str,
    options: dict[str, Any],
    auth: Auth,
) -> None:
    """Home Assistant's own stream component plays the camera's RTSP as HLS."""
    assert await async_setup_component(hass, "stream", {"stream": {"ll_hls": True}})
    async with PovcamSimulator(model=AG_UMR20, auth=auth, user_auth=True) as simulator:
        simulator.set_password("admin", password)
        entry = await add(
            hass,
            entry_for(
                simulator,
                password=password,
                # The camera itself says at which port its RTSP is.
                options=options,
            ),
        )
        camera = get_camera_from_entity_id(hass, CAMERA)
        stream = await camera.async_create_stream()
        assert stream is not None
        stream.add_provider(HLS_PROVIDER)
        try:
            await stream.start()
            client = await hass_client()
            path = stream.endpoint_url(HLS_PROVIDER)
            async with asyncio.timeout(30):
                response = await client.get(path.replace("master_playlist", "playlist"))
                while response.status != HTTPStatus.OK or "#EXT-X-PART:" not in (
                    playlist := await response.text()
                ):
                    await asyncio.sleep(0.2)
                    response = await client.get(path.replace("master_playlist", "playlist"))
                init = await client.get(path.replace("master_playlist.m3u8", "init.mp4"))
                content = await init.read()
            part = re.search(r'EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"', playlist)
            assert part is not None
            assert float(part[1]) > 0.5
            assert b"avc1" in content
            assert b"mp4a" in content
        finally:
            await stream.stop()
        assert await hass.config_entries.async_unload(entry.entry_id)
    assert password not in caplog.text
    assert password.replace("@", "%40").replace(":", "%3A").replace("/", "%2F") not in caplog.text
