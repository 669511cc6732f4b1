"""Each platform against a simulated camera that pushes, through the real coordinator."""

from unittest.mock import patch

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.panacam.cams.mo import settings as mo_settings
from tests.conftest import add, gate_entry_for, until
from tests.simulators.mo import MoFault, MoSimulator
from tests.test_actions import call
from tests.test_init import eventually, state

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.MEDIA_PLAYER,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.usefixtures("all_enabled")
async def test_entities_of_a_camera_that_pushes(
    hass: HomeAssistant,
    gate: MoSimulator,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    platform: Platform,
) -> None:
    """Every entity, with its state."""
    with (
        patch("custom_components.panacam.PLATFORMS", [platform]),
        patch("random.SystemRandom.getrandbits", return_value=1),
    ):
        entry = await add(hass, gate_entry_for(gate, options={"motor": True}))
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


async def test_camera_has_the_name_of_its_device(
    hass: HomeAssistant, gate_entry: MockConfigEntry
) -> None:
    """The only stream of a camera needs no name of its own."""
    found = hass.states.get("camera.gate")
    assert found is not None
    assert found.name == "Gate"


async def test_motor_is_wished_for(hass: HomeAssistant, gate_entry: MockConfigEntry) -> None:
    """Without the option there is nothing to press."""
    assert not hass.states.async_all("button")


async def test_motor_turns(hass: HomeAssistant, gate: MoSimulator) -> None:
    """With it there are buttons that turn the camera and stop it again."""
    await add(hass, gate_entry_for(gate, options={"motor": True}))
    await call(hass, "button", "press", "button.gate_pan_left")
    await until(lambda: len(gate.decoder_commands) == 2)
    assert [command.value for command in gate.decoder_commands] == [4, 5]


async def test_number(hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry) -> None:
    """A number is set in the camera, and follows it when somebody else does."""
    await call(hass, "number", "set_value", "number.gate_brightness", value=200)
    assert gate.parameters["brightness"] == 200
    assert state(hass, "number.gate_brightness") == "200"
    gate.set_parameter(1, 7)
    await eventually(hass, "number.gate_brightness", "7")


async def test_select(hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry) -> None:
    """So is a choice; one that has no name is unknown."""
    await call(hass, "select", "select_option", "select.gate_rotation", option="both")
    assert gate.parameters["rotation"] == 3
    assert state(hass, "select.gate_rotation") == "both"
    gate.set_parameter(5, 99)
    await eventually(hass, "select.gate_rotation", "unknown")


async def test_setting_of_a_camera_that_went(
    hass: HomeAssistant,
    gate: MoSimulator,
    gate_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be set is said, and nothing is shown that is not so."""
    with (
        patch.object(
            gate_entry.runtime_data.device.settings._link,
            "ready",
            side_effect=gate_entry.runtime_data.device._link._error,
        ),
        pytest.raises(HomeAssistantError, match="does not answer"),
    ):
        await call(hass, "number", "set_value", "number.gate_contrast", value=1)
    assert state(hass, "number.gate_contrast") == "4"


async def test_camera_without_settings(
    hass: HomeAssistant, gate: MoSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the camera does not answer there is nothing to adjust."""
    monkeypatch.setattr(mo_settings, "PARAMETERS_WAIT", 0.1)
    gate.fault(MoFault.NO_PARAMETERS)
    await add(hass, gate_entry_for(gate))
    assert not hass.states.async_all("number")
    assert not hass.states.async_all("select")
    assert state(hass, "binary_sensor.gate_motion") == "off"
