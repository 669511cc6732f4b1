"""A camera that has nothing but a stream gets a camera entity and nothing else."""

from dataclasses import replace
from http import HTTPStatus
from unittest.mock import patch

from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam.cams.device import Slot, State
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC, add
from tests.fakes import FakeDevice
from tests.test_init import poll, state

CAMERA = "camera.bare_only"


@pytest.fixture
def bare() -> FakeDevice:
    """Return a camera without any role."""
    return FakeDevice()


@pytest.fixture
async def entry(hass: HomeAssistant, bare: FakeDevice) -> MockConfigEntry:
    """Set it up, its stream handed out as it is."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Bare",
        unique_id=MAC,
        data={"family": "povcam", "host": "192.0.2.1"},
        options={"stream_mode": "direct"},
    )
    with patch("custom_components.panacam.device_for", return_value=bare):
        return await add(hass, entry)


async def test_one_entity(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """No role, no entity but for the pictures, and for whether it answers."""
    found = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert {item.entity_id for item in found} == {CAMERA, "binary_sensor.bare_reachable"}


async def test_stills_come_from_the_stream(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """Without a cheaper way to a picture Home Assistant takes the stream's."""
    camera = get_camera_from_entity_id(hass, CAMERA)
    assert camera.use_stream_for_stills
    assert camera.stream_options == {}
    assert await camera.async_camera_image() is None
    assert await camera.stream_source() == "rtsp://192.0.2.1:554/"
    client = await hass_client()
    with patch.object(camera, "async_camera_image", return_value=None):
        response = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
        assert response.status == HTTPStatus.OK
        assert await response.content.read() == b""


async def test_nothing_moves(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The action says so."""
    with pytest.raises(ServiceValidationError, match="cannot do that"):
        await hass.services.async_call(
            DOMAIN, "move", {"entity_id": CAMERA, "move": "home"}, blocking=True
        )


async def test_cards_that_appear_and_go(
    hass: HomeAssistant, entry: MockConfigEntry, bare: FakeDevice
) -> None:
    """A slot gets its entities once; when the camera is silent about it, they are unknown."""
    told = bare.state
    bare.state = replace(told, slots={"sd1": Slot(inserted=True, remaining=1.0, capacity=4.0)})
    await poll(hass, entry)
    assert state(hass, "binary_sensor.bare_sd1_card") == "on"
    assert state(hass, "sensor.bare_storage_remaining") == "25.0"
    bare.state = told
    await poll(hass, entry)
    assert state(hass, "binary_sensor.bare_sd1_card") == "unknown"
    assert state(hass, "sensor.bare_storage_remaining") == "unknown"
    bare.state = replace(told, slots={"sd1": Slot(inserted=False, capacity=0.0)})
    await poll(hass, entry)
    assert state(hass, "binary_sensor.bare_sd1_card") == "off"
    assert state(hass, "sensor.bare_storage_remaining") == "unknown"


async def test_closed_after_use(
    hass: HomeAssistant, entry: MockConfigEntry, bare: FakeDevice
) -> None:
    """Unloading hangs up."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert bare.closed


async def test_closed_after_a_failed_set_up(hass: HomeAssistant, bare: FakeDevice) -> None:
    """So does a set-up that came to nothing."""
    entry = MockConfigEntry(domain=DOMAIN, title="Bare", unique_id=MAC, data={"family": "povcam"})
    with (
        patch("custom_components.panacam.device_for", return_value=bare),
        patch.object(bare, "poll", side_effect=TimeoutError),
    ):
        await add(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert bare.closed


def test_states_are_compared_by_value() -> None:
    """A poll that changes nothing wakes nobody."""
    assert State(slots={"sd1": Slot()}) == State(slots={"sd1": Slot()})
