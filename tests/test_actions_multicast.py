"""Starting and stopping multicast, by actions and by the switch that shows the same."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.const import DOMAIN
from tests.simulators.onvif import OnvifSimulator
from tests.test_actions_moving import call


@pytest.fixture(autouse=True)
def _set_up(all_enabled: None, yard_entry: MockConfigEntry) -> None:
    """Set the camera up with all of its entities."""


def entity(hass: HomeAssistant, platform: str, key: str) -> str:
    """Return an entity by what its unique id ends in."""
    (found,) = (
        each.entity_id
        for each in er.async_get(hass).entities.values()
        if each.platform == DOMAIN and each.domain == platform and each.unique_id.endswith(key)
    )
    return found


async def test_stream_of_the_entity(hass: HomeAssistant, yard: OnvifSimulator) -> None:
    """Without a name it is the stream of each entity that is meant; the switch shows it."""
    sent = yard.camera.media.streaming.multicast
    first, second = (entity(hass, "camera", f"profile_{number}") for number in (1, 2))
    switch = entity(hass, "switch", "profile_1_multicast")
    assert hass.states.get(switch).state == "unknown"  # type: ignore[union-attr]
    await call(hass, "start_multicast", second)
    await hass.async_block_till_done()
    assert sent == {2}
    assert hass.states.get(switch).state == "on"  # type: ignore[union-attr]
    await call(hass, "start_multicast", [first, second])
    assert sent == {1, 2}
    await call(hass, "stop_multicast", second)
    await hass.async_block_till_done()
    assert sent == {1}
    assert hass.states.get(switch).state == "off"  # type: ignore[union-attr]
    await hass.services.async_call("switch", "turn_on", {"entity_id": switch}, blocking=True)
    assert sent == {1, 2}
    await call(hass, "stop_multicast", [first, second])
    assert sent == set()


async def test_stream_by_name(hass: HomeAssistant, yard: OnvifSimulator) -> None:
    """A stream can be named, as people see it; one that is not there is a mistake."""
    sent = yard.camera.media.streaming.multicast
    first = entity(hass, "camera", "profile_1")
    await call(hass, "start_multicast", first, stream=label(hass, 2).upper())
    assert sent == {2}
    await call(hass, "stop_multicast", first, stream="0_profile_2")
    assert sent == set()
    with pytest.raises(ServiceValidationError, match="nothing of this name"):
        await call(hass, "start_multicast", first, stream="Attic")
    assert sent == set()


def label(hass: HomeAssistant, number: int) -> str:
    """Return what a stream is called."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    streams = entry.runtime_data.device.streams
    name: str = streams[number - 1].label
    return name
