"""Alarms: pushed to sensors, events and automations; gone with the camera."""

import logging
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)

from tests.conftest import add, gate_entry_for, until
from tests.simulators.mo import AlarmKind, MoFault, MoSimulator
from tests.test_init import eventually, ours, state

MOTION = "binary_sensor.gate_motion"
EXTERNAL = "binary_sensor.gate_external_alarm"
SOUND = "binary_sensor.gate_sound"
ALARM = "event.gate_alarm"
CAMERA = "camera.gate"


def kinds(events: list[Event[Any]]) -> list[str]:
    """Return the types of the alarms among captured changes of state."""
    return [
        event.data["new_state"].attributes["event_type"]
        for event in events
        if event.data["entity_id"] == ALARM and event.data["new_state"].state != STATE_UNAVAILABLE
    ]


@pytest.mark.usefixtures("all_enabled")
@pytest.mark.parametrize(
    ("kind", "sensor", "name"),
    [
        (AlarmKind.MOTION, MOTION, "motion"),
        (AlarmKind.EXTERNAL, EXTERNAL, "external"),
        (AlarmKind.SOUND, SOUND, "sound"),
    ],
)
async def test_alarm(
    hass: HomeAssistant, gate: MoSimulator, kind: AlarmKind, sensor: str, name: str
) -> None:
    """Each alarm turns its sensor on, fires the event, and ends."""
    await add(hass, gate_entry_for(gate))
    events = async_capture_events(hass, "state_changed")
    assert state(hass, sensor) == STATE_OFF
    assert state(hass, ALARM) == STATE_UNKNOWN
    await gate.alarm(kind)
    await eventually(hass, sensor, STATE_ON)
    assert kinds(events) == [name]
    others = {MOTION, EXTERNAL, SOUND} - {sensor}
    assert {state(hass, other) for other in others} == {STATE_OFF}
    await gate.alarm(AlarmKind.STOP)
    await eventually(hass, sensor, STATE_OFF)
    assert kinds(events) == [name]


async def test_sound_is_disabled(hass: HomeAssistant, gate_entry: MockConfigEntry) -> None:
    """Few cameras listen."""
    assert hass.states.get(SOUND) is None


async def test_alarm_raised_again(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """A repeated alarm is an event each time, and one change of the sensor."""
    events = async_capture_events(hass, "state_changed")
    for _ in range(3):
        await gate.motion()
    await until(lambda: len(kinds(events)) == 3)
    await gate.motion(on=False)
    await eventually(hass, MOTION, STATE_OFF)
    assert kinds(events) == ["motion"] * 3
    assert sum(event.data["entity_id"] == MOTION for event in events) == 2


async def test_alarm_changes_the_state_at_once(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """Between the push and the state nothing waits: no task, no timer."""
    seen: list[str] = []

    @callback
    def heard(_notice: object) -> None:
        seen.append(state(hass, MOTION))

    # After the coordinator, in the same call.
    gate_entry.async_on_unload(gate_entry.runtime_data.device.subscribe(heard))
    await gate.motion()
    await eventually(hass, MOTION, STATE_ON)
    assert seen == [STATE_OFF, STATE_ON]


async def test_automations(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """They follow sensor and event."""
    calls = async_mock_service(hass, "test", "told")
    triggers = {
        "sensor": {"platform": "state", "entity_id": MOTION, "to": "on"},
        "event": {"platform": "state", "entity_id": ALARM, "not_to": ["unavailable"]},
    }
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": [
                {
                    "alias": name,
                    "triggers": trigger,
                    "actions": {"action": "test.told", "data": {"by": name}},
                }
                for name, trigger in triggers.items()
            ]
        },
    )
    await hass.async_block_till_done()
    await gate.motion()
    await eventually(hass, MOTION, STATE_ON)
    await hass.async_block_till_done()
    assert sorted(item.data["by"] for item in calls) == ["event", "sensor"]


async def test_alarm_ends_by_itself(hass: HomeAssistant, gate: MoSimulator) -> None:
    """For a camera that never says that it is over."""
    await add(hass, gate_entry_for(gate, options={"alarm_off_after": 0.2}))
    await gate.motion()
    await eventually(hass, MOTION, STATE_ON)
    await eventually(hass, MOTION, STATE_OFF)


@pytest.mark.parametrize("quiet", [True, False])
async def test_camera_lost_and_back(
    hass: HomeAssistant,
    gate: MoSimulator,
    gate_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    quiet: bool,
) -> None:
    """Unavailable at once, back without a poll, alarms off; one line down, one line up."""
    caplog.set_level(logging.INFO)
    caplog.clear()
    gate_entry.runtime_data.update_interval = None
    if not quiet:
        await gate.motion()
        await eventually(hass, MOTION, STATE_ON)
    gate.fault(MoFault.REBOOT, seconds=0.2)
    await eventually(hass, MOTION, STATE_UNAVAILABLE)
    assert state(hass, ALARM) == state(hass, CAMERA) == STATE_UNAVAILABLE
    await eventually(hass, MOTION, STATE_OFF)
    assert state(hass, CAMERA) == "idle"
    down, up = ours(caplog)
    assert "ended the connection" in down
    assert "recovered" in up
    assert "12345" not in caplog.text


async def test_polls_add_no_lines(
    hass: HomeAssistant,
    gate: MoSimulator,
    gate_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever notices first, the log says it once."""
    caplog.set_level(logging.INFO)
    caplog.clear()
    gate.fault(MoFault.REBOOT, seconds=0.2)
    await eventually(hass, MOTION, STATE_UNAVAILABLE)
    for _ in range(2):
        await gate_entry.runtime_data.async_refresh()
    await eventually(hass, MOTION, STATE_OFF)
    await gate_entry.runtime_data.async_refresh()
    assert len(ours(caplog)) == 2


async def test_nothing_after_unloading(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """The camera is let go of, and what it says then reaches nobody."""
    assert gate.verified == 1
    assert await hass.config_entries.async_unload(gate_entry.entry_id)
    await until(lambda: not gate.connections)
    assert state(hass, MOTION) == STATE_UNAVAILABLE
