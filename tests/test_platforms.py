"""Each platform against a simulated recorder, through the real coordinator and real sockets."""

from unittest.mock import patch

import aiohttp
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from tests.conftest import add, entry_for
from tests.simulators.povcam import AW_HE40, Auth, PovcamSimulator
from tests.simulators.povcam.camera import Camera
from tests.test_init import poll, state

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CAMERA,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TEXT,
]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.usefixtures("all_enabled")
async def test_entities_of_a_recorder(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    platform: Platform,
) -> None:
    """Every entity of the family's main model, with its state."""
    with (
        patch("custom_components.panacam.PLATFORMS", [platform]),
        patch("random.SystemRandom.getrandbits", return_value=1),
    ):
        entry = await add(hass, entry_for(umr20))
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


@pytest.mark.parametrize(
    ("field", "entity"),
    [
        ("recording", "recording"),
        ("pre_rec", "pre_recording"),
        ("ftp_send", "ftp_transfer"),
        ("download", "downloading_clips"),
        ("del_file", "deleting_clips"),
        ("sd1.error", "sd1_error"),
        ("sd2.error", "sd2_error"),
        ("sd1.repairing", "sd1_repair"),
        ("sd2.repairing", "sd2_repair"),
        ("sd1.inserted", "sd1_card"),
        ("sd2.inserted", "sd2_card"),
    ],
)
@pytest.mark.usefixtures("all_enabled")
async def test_binary_sensors_follow_the_camera(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
    field: str,
    entity: str,
) -> None:
    """Each tells one field of get_state, and no other."""
    owner, _, name = field.rpartition(".")

    async def told(*, on: bool) -> dict[str, str]:
        if owner or name in {"recording", "pre_rec", "download"}:
            setattr(umr20.camera.slots[owner] if owner else umr20.camera, name, on)
        else:  # what the camera does by itself
            monkeypatch.setattr(Camera, name, on)
        await poll(hass, entry)
        return {item.entity_id: item.state for item in hass.states.async_all("binary_sensor")}

    entry = await add(hass, entry_for(umr20))
    off = await told(on=False)
    on = await told(on=True)
    changed = {name: (off[name], on[name]) for name in on if on[name] != off[name]}
    assert changed == {f"binary_sensor.stage_left_{entity}": ("off", "on")}


@pytest.mark.usefixtures("all_enabled")
async def test_formatting(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """A card that somebody formats in the camera's own pages shows."""
    entry = await add(hass, entry_for(umr20))
    login = aiohttp.DigestAuthMiddleware("admin", "12345")
    async with (
        aiohttp.ClientSession(middlewares=(login,)) as session,
        session.post(f"{umr20.url}/cgi-bin/sdcard", data={"cmd": "format"}) as response,
    ):
        assert response.ok
    await poll(hass, entry)
    assert state(hass, "binary_sensor.stage_left_formatting_card") == "on"


@pytest.mark.usefixtures("all_enabled")
async def test_sensors_follow_the_camera(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Room and time as the camera tells them; unknown without a card."""
    entry = await add(hass, entry_for(umr20))
    umr20.camera.slots["sd1"].remaining = 3.2
    umr20.camera.slots["sd1"].capacity = 16.0
    umr20.camera.slots["sd2"].inserted = False
    await poll(hass, entry)
    states = {item.entity_id: item.state for item in hass.states.async_all("sensor")}
    assert (
        states.items()
        >= {
            "sensor.stage_left_connection": "idle",
            "sensor.stage_left_firmware": umr20.model.version,
            "sensor.stage_left_frame_rate": "0",
            "sensor.stage_left_viewers": "0",
            "sensor.stage_left_recording_time": "0.0",
            "sensor.stage_left_sd1_capacity": "16.0",
            "sensor.stage_left_sd1_remaining": "3.2",
            "sensor.stage_left_sd2_capacity": "unknown",
            "sensor.stage_left_sd2_remaining": "unknown",
            "sensor.stage_left_storage_remaining": "20.0",
        }.items()
    )


@pytest.mark.usefixtures("all_enabled")
async def test_a_sister_has_less(hass: HomeAssistant, socket_enabled: None, quick: None) -> None:
    """A model that names fewer fields gets fewer entities, none of them wrong."""
    async with PovcamSimulator(model=AW_HE40, auth=Auth.NONE, ptz_interval=0.0) as camera:
        await add(hass, entry_for(camera))
        assert hass.states.get("binary_sensor.stage_left_sd1_card") is not None
        assert hass.states.get("binary_sensor.stage_left_sd2_card") is None
        assert hass.states.get("binary_sensor.stage_left_pre_recording") is None
