"""Pictures of a camera that sends JPEG: stills, motion JPEG, one connection for everybody."""

import asyncio
from datetime import timedelta
from http import HTTPStatus

from homeassistant.components.camera import async_get_image, async_get_stream_source
from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.components.stream import HLS_PROVIDER
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam.cams.bridge import hub, pictures
from tests.conftest import add, gate_entry_for, until
from tests.simulators.mo import MoFault, MoSimulator
from tests.test_init import eventually, state

CAMERA = "camera.gate"
CONNECTION = "sensor.gate_connection"
VIEWERS = "sensor.gate_viewers"
RATE = "sensor.gate_frame_rate"
MARK = b"--panacam-picture\r\n"


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let go of the camera soon after the last look."""
    monkeypatch.setattr(hub, "LINGER", 0.05)
    monkeypatch.setattr(pictures, "FIRST_PICTURE", 1.0)


@pytest.mark.usefixtures("brief")
async def test_still_without_a_past(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """The camera is connected for it, and let go of."""
    assert not gate.streaming_video
    image = await async_get_image(hass, CAMERA)
    assert image.content.startswith(b"\xff\xd8")
    assert image.content.endswith(b"\xff\xd9")
    await until(lambda: not gate.streaming_video)


@pytest.mark.usefixtures("brief")
async def test_no_still(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """A camera that refuses its pictures has no still, and that is an error soon."""
    gate.fault(MoFault.VIDEO_REFUSED)
    with pytest.raises(HomeAssistantError):
        await async_get_image(hass, CAMERA)


async def test_past_is_kept(hass: HomeAssistant, gate: MoSimulator) -> None:
    """Then the camera is connected all the time, and a still is there at once."""
    entry = await add(hass, gate_entry_for(gate, options={"ring": 7}))
    coordinator = entry.runtime_data
    kept = coordinator.bridge.hub(coordinator.device.streams[0])
    await until(lambda: kept.status is hub.Status.LIVE)
    assert gate.streaming_video == 1
    await asyncio.gather(*(async_get_image(hass, CAMERA) for _ in range(4)))
    assert gate.streaming_video == 1
    assert not get_camera_from_entity_id(hass, CAMERA).use_stream_for_stills
    assert await hass.config_entries.async_unload(entry.entry_id)
    await until(lambda: not gate.connections)


async def test_disabled_camera_keeps_nothing(hass: HomeAssistant, gate: MoSimulator) -> None:
    """Nobody can see it, so nobody connects it."""
    entry = gate_entry_for(gate, options={"ring": 7})
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, pref_disable_new_entities=True)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(CAMERA) is None
    assert not gate.streaming_video


async def test_player_ends_with_its_camera(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """Else it would ask for good where nobody answers any more."""
    camera = get_camera_from_entity_id(hass, CAMERA)
    stream = await camera.async_create_stream()
    assert stream is not None
    stream.add_provider(HLS_PROVIDER)
    await stream.start()
    await until(lambda: gate.streaming_video == 1)
    assert await hass.config_entries.async_unload(gate_entry.entry_id)
    assert camera.stream is None
    assert stream._thread is None
    assert not gate.streaming_video


async def test_stream_source(hass: HomeAssistant, gate_entry: MockConfigEntry) -> None:
    """Players get the bridge's address."""
    source = await async_get_stream_source(hass, CAMERA)
    assert source is not None
    assert source.startswith("http://127.0.0.1:")


async def test_motion_jpeg(
    hass: HomeAssistant,
    gate: MoSimulator,
    gate_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """Every viewer gets whole pictures, the camera has one."""
    client = await hass_client()
    responses = [await client.get(f"/api/camera_proxy_stream/{CAMERA}") for _ in range(3)]
    for response in responses:
        assert response.status == HTTPStatus.OK
        body = b""
        while body.count(MARK) < 4:
            body += await response.content.readany()
        for part in body.split(MARK)[1:-1]:
            head, _, picture = part.partition(b"\r\n\r\n")
            assert f"Content-Length: {len(picture) - 2}".encode() in head
            assert picture.startswith(b"\xff\xd8")
            assert picture.endswith(b"\xff\xd9\r\n")
    assert gate.streaming_video == 1
    for response in responses:
        response.close()


@pytest.mark.usefixtures("all_enabled", "brief")
async def test_sensors_of_the_connection(
    hass: HomeAssistant, gate: MoSimulator, hass_client: ClientSessionGenerator
) -> None:
    """They tell whether pictures come, how many, and for how many viewers."""
    await add(hass, gate_entry_for(gate))
    assert state(hass, CONNECTION) == "idle"
    client = await hass_client()
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    await eventually(hass, CONNECTION, "live")
    await eventually(hass, VIEWERS, "1")
    for _ in range(20):
        await response.content.readany()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=11))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert 5 <= float(state(hass, RATE)) <= 25
    response.close()
    await eventually(hass, CONNECTION, "idle")
    await eventually(hass, VIEWERS, "0")


@pytest.mark.usefixtures("all_enabled")
async def test_interruption_is_bridged(
    hass: HomeAssistant, gate: MoSimulator, hass_client: ClientSessionGenerator
) -> None:
    """The camera stays there for who watches, for a while; its sensors do not."""
    await add(hass, gate_entry_for(gate))
    client = await hass_client()
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    await eventually(hass, CONNECTION, "live")
    gate.fault(MoFault.REBOOT, seconds=3600)
    await eventually(hass, "binary_sensor.gate_motion", "unavailable")
    assert state(hass, CAMERA) == "idle"
    await eventually(hass, CONNECTION, "interrupted")
    assert state(hass, CAMERA) == "idle"
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=31))
    await hass.async_block_till_done()
    assert state(hass, CAMERA) == "unavailable"
    response.close()


async def test_stall_leaves_the_alarms(
    hass: HomeAssistant,
    gate: MoSimulator,
    gate_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    """Pictures that stop are not the camera's end."""
    client = await hass_client()
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    await response.content.readany()
    gate.drop_data()
    await gate.motion()
    await eventually(hass, "binary_sensor.gate_motion", "on")
    assert state(hass, CAMERA) == "idle"
    response.close()
