"""A lost camera is searched for: at once, then less and less often, until it is back."""

from collections.abc import Generator
from datetime import timedelta
from unittest.mock import MagicMock, patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.panacam import losses
from tests.conftest import add, entry_for
from tests.simulators.povcam import Fault, PovcamSimulator


@pytest.fixture
def searched() -> Generator[MagicMock]:
    """Count the searches instead of making them."""
    with patch.object(losses, "async_look_for") as look_for:
        yield look_for


async def later(hass: HomeAssistant, seconds: float) -> None:
    """Let time pass for those who wait."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await hass.async_block_till_done()


async def test_lost_and_back(
    hass: HomeAssistant, searched: MagicMock, umr20: PovcamSimulator
) -> None:
    """It is searched for while it is away, however often it is polled, and no longer."""
    entry = await add(hass, entry_for(umr20))
    coordinator = entry.runtime_data
    assert not searched.called
    umr20.fault("*", Fault.CLOSE)
    await coordinator.async_refresh()
    assert searched.call_count == 1
    searched.assert_called_with(hass, entry)
    await coordinator.async_refresh()
    assert searched.call_count == 1
    await later(hass, losses.FIRST_WAITS[0] + 1)
    assert searched.call_count == 2
    umr20.clear_faults()
    await coordinator.async_refresh()
    assert coordinator.last_update_success
    await later(hass, 1000)
    assert searched.call_count == 2


async def test_refused_is_not_lost(
    hass: HomeAssistant, searched: MagicMock, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that only wants another password is where it was."""
    umr20.set_password("admin", "another")
    for _ in range(3):
        await entry.runtime_data.async_refresh()
    assert not entry.runtime_data.last_update_success
    assert not searched.called


async def test_another_camera_there(
    hass: HomeAssistant, searched: MagicMock, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Where another camera answers, the one that was there has moved."""
    umr20.become(mac="A8-13-74-00-00-99", serial="SIM0000099")
    entry.runtime_data.device._recheck_at = 0.0
    await entry.runtime_data.async_refresh()
    assert entry.runtime_data.strange
    assert searched.call_count == 1


async def test_unloaded_while_lost(
    hass: HomeAssistant, searched: MagicMock, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Nobody searches for the camera of an entry that is gone."""
    umr20.fault("*", Fault.CLOSE)
    await entry.runtime_data.async_refresh()
    assert searched.call_count == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
    await later(hass, 1000)
    assert searched.call_count == 1
