"""Each platform against a simulated recorder, through the real coordinator and real sockets."""

from unittest.mock import patch

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from tests.conftest import add, entry_for
from tests.simulators.povcam import PovcamSimulator

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CAMERA,
    Platform.SENSOR,
    Platform.SWITCH,
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
