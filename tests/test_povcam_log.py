"""A recorder's clock and log in Home Assistant: set, shown, told once, restarts included."""

from datetime import datetime
from typing import Any

from homeassistant.const import STATE_OFF, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.panacam.cams.povcam import clock_watcher, wanted
from custom_components.panacam.cams.povcam.syslog_watcher import LogWatcher
from custom_components.panacam.cams.roles import Problem
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.diagnostics import async_get_config_entry_diagnostics
from custom_components.panacam.repairs import async_create_fix_flow, issue_id
from tests.conftest import add, entry_for
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.test_init import poll, state

LOG = "event.stage_left_system_log"
DRIFT = "sensor.stage_left_clock_drift"
BUTTON = "button.stage_left_set_clock"
NOON = datetime(2020, 5, 17, 12, 0)  # noqa: DTZ001 - the camera's own


@pytest.fixture(autouse=True)
def _at_each_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at each poll, whoever asks for it."""
    monkeypatch.setattr(LogWatcher, "period", 0.0)
    monkeypatch.setattr(clock_watcher, "CLOCK_GAP", 0.0)
    monkeypatch.setattr(clock_watcher, "QUIET_GAP", 0.0)


def lines(heard: list[Event[EventStateChangedData]]) -> list[str]:
    """Return the descriptions that the event entity has told, and forget them."""
    states = [event.data["new_state"] for event in heard if event.data["entity_id"] == LOG]
    found = [str(new.attributes["text"]) for new in states if new and "text" in new.attributes]
    heard.clear()
    return found


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set the camera up again."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.mark.usefixtures("all_enabled")
async def test_log(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Only new lines are events, each one once, also what came while the camera was unloaded."""
    log = umr20.camera.log
    log.add(NOON, "P01", "power on")
    entry = await add(hass, entry_for(umr20))
    heard: list[Event[Any]] = async_capture_events(hass, "state_changed")
    await poll(hass, entry)
    assert state(hass, LOG) == STATE_UNKNOWN
    log.add(NOON, "E10", "card error")
    log.add(NOON, "E10", "card error")
    await poll(hass, entry)
    assert lines(heard) == ["card error"] * 2
    shown = hass.states.get(LOG)
    assert shown is not None
    assert shown.attributes["event_type"] == "happened"
    assert (shown.attributes["code"], shown.attributes["number"]) == ("E10", "3")
    assert shown.attributes["time"] == "2020-05-17T12:00"
    assert state(hass, "sensor.stage_left_system_log_entries") == "3"
    for _ in range(2):
        await poll(hass, entry)
    assert lines(heard) == []
    assert await hass.config_entries.async_unload(entry.entry_id)
    log.add(NOON, "R20", "recording start")
    heard.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await poll(hass, entry)
    assert set(lines(heard)) >= {"recording start"}
    await reload(hass, entry)
    heard.clear()
    await poll(hass, entry)
    assert lines(heard) == []
    log.clear()
    log.add(NOON, "P01", "log cleared")
    await poll(hass, entry)
    assert lines(heard) == ["log cleared"]


async def test_unwanted_log(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """A log that nobody has switched on is not read, nor is anything else that is off."""
    entry = await add(hass, entry_for(umr20))
    registry = er.async_get(hass)
    for entity in (LOG, DRIFT, BUTTON, "sensor.stage_left_network_bandwidth"):
        found = registry.async_get(entity)
        assert found is not None
        assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    umr20.requests.clear()
    await poll(hass, entry)
    asked = {one.path.rpartition("/")[2] for one in umr20.requests}
    assert asked.isdisjoint({"get_systemlog", "get_status", "get_progress", "get_network"})


@pytest.mark.usefixtures("all_enabled")
async def test_busy_at_set_up(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log, clock and button of a camera that was busy come without a reload."""
    monkeypatch.setattr(wanted, "PROBE_GAP", 0.0)
    for name in ("get_systemlog", "get_date_time"):
        umr20.fault(name, Fault.BUSY)
    entry = await add(hass, entry_for(umr20))
    assert not any(hass.states.get(entity) for entity in (LOG, DRIFT, BUTTON))
    umr20.clear_faults()
    await poll(hass, entry)
    assert state(hass, LOG) == state(hass, BUTTON) == STATE_UNKNOWN
    assert state(hass, DRIFT) == "0"
    umr20.camera.menus.clock.drift = 3600
    await hass.services.async_call("button", "press", {"entity_id": BUTTON}, blocking=True)
    assert abs(umr20.camera.menus.clock.drift) < 0.5


async def test_log_in_diagnostics(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """A bug report has the log, without who did what from where."""
    umr20.camera.log.add(NOON, "L01", "login of user: somebody from 192.0.2.9")
    entry = await add(hass, entry_for(umr20))
    shown = await async_get_config_entry_diagnostics(hass, entry)
    (line,) = shown["system_log"]
    assert line.startswith("1 2020-05-17 12:00 L01 login ")
    assert "somebody" not in line
    assert "192.0.2.9" not in line


@pytest.mark.usefixtures("all_enabled")
async def test_clock(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """The sensor shows the drift, and the button sets the clock in the camera's own zone."""
    clock = umr20.camera.menus.clock
    clock.timezone, clock.summer_time, clock.drift = 28, "1", 45
    entry = await add(hass, entry_for(umr20))
    await poll(hass, entry)
    assert state(hass, DRIFT) in {"44", "45", "46"}
    await hass.services.async_call("button", "press", {"entity_id": BUTTON}, blocking=True)
    assert abs(clock.drift) < 0.5
    assert (clock.timezone, clock.summer_time) == (28, "1")
    await poll(hass, entry)
    assert state(hass, DRIFT) == "0"
    clock.timezone = 74
    with pytest.raises(HomeAssistantError, match="time zone"):
        await hass.services.async_call("button", "press", {"entity_id": BUTTON}, blocking=True)
    await poll(hass, entry)
    assert state(hass, DRIFT) == STATE_UNKNOWN


async def test_wrong_clock(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """A clock that is wrong is a problem that Home Assistant offers to mend."""
    umr20.camera.menus.clock.drift = -7200
    entry = await add(hass, entry_for(umr20))
    key = issue_id(entry, Problem.CLOCK_OFF)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, key)
    assert issue is not None
    assert issue.is_fixable
    flow = await async_create_fix_flow(hass, key, {str(k): v for k, v in issue.data.items()})
    flow.hass = hass
    await flow.async_step_init()
    done = await flow.async_step_confirm({})
    assert done["type"] == "create_entry"
    assert abs(umr20.camera.menus.clock.drift) < 0.5
    await poll(hass, entry)
    assert ir.async_get(hass).async_get_issue(DOMAIN, key) is None


@pytest.mark.usefixtures("all_enabled")
async def test_other_sensors(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """What else the camera tells when asked."""
    umr20.camera.menus.upnp = "1"
    entry = await add(hass, entry_for(umr20))
    await poll(hass, entry)
    bandwidth = sum(video.bandwidth for video in umr20.camera.video.values())
    assert float(state(hass, "sensor.stage_left_network_bandwidth")) == bandwidth
    assert state(hass, "sensor.stage_left_external_address_upnp") == "203.0.113.7"
    assert state(hass, "binary_sensor.stage_left_http_port_mapped_by_upnp") == "on"
    assert state(hass, "binary_sensor.stage_left_https_port_mapped_by_upnp") == STATE_OFF
    assert state(hass, "sensor.stage_left_formatting_status") == "idle"
    assert umr20.camera.recorder.start_format("sd1")
    await poll(hass, entry)
    assert state(hass, "sensor.stage_left_formatting_status") in {"prepare", "exec"}
    shown = await async_get_config_entry_diagnostics(hass, entry)
    assert "203.0.113.7" not in str(shown)
