"""What an ONVIF camera tells unasked, as entities show it, and what becomes of it in a flood."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_OFF,
    STATE_ON,
    STATE_UNKNOWN,
)
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.onvif import channel
from tests.conftest import add, until, yard_entry_for
from tests.simulators.onvif import Fault, OnvifSimulator, Topic
from tests.test_init import eventually, state
from tests.test_yard_init import call

MOTION = "binary_sensor.yard_motion"
ALARM = "event.yard_alarm"
INPUT = "binary_sensor.yard_input_1"


class Watch:
    """What was written for one entity, or for all of them."""

    def __init__(self, hass: HomeAssistant, entity_id: str | None = None) -> None:
        """Begin to watch."""
        self.states: list[str] = []
        self.stop: Callable[[], None] = hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)
        self._entity_id = entity_id

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and self._entity_id in {None, new.entity_id}:
            self.states.append(new.state)


def attributes(hass: HomeAssistant, entity_id: str) -> dict[str, Any]:
    """Return an entity's attributes."""
    found = hass.states.get(entity_id)
    assert found is not None
    return dict(found.attributes)


async def happened(hass: HomeAssistant, entity_id: str, before: str = STATE_UNKNOWN) -> str:
    """Wait for another event than the one of `before`; return its time."""
    await until(lambda: (found := hass.states.get(entity_id)) is not None and found.state != before)
    return state(hass, entity_id)


@pytest.fixture
async def everything(
    hass: HomeAssistant, all_enabled: None, yard: OnvifSimulator
) -> MockConfigEntry:
    """Set the camera up with all that it has."""
    return await add(hass, yard_entry_for(yard))


async def test_motion(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """Motion is shown at once, raises the alarm once, and ends."""
    assert state(hass, MOTION) == STATE_OFF
    assert state(hass, ALARM) == STATE_UNKNOWN
    before = hass.loop.time()
    yard.camera.motion()
    await eventually(hass, MOTION, STATE_ON)
    assert hass.loop.time() - before < 0.3
    first = await happened(hass, ALARM)
    assert attributes(hass, ALARM)["event_type"] == "motion"
    yard.camera.analytics.trigger("MyMotion")
    yard.camera.motion(False)
    await eventually(hass, MOTION, STATE_OFF)
    assert state(hass, ALARM) == first
    yard.camera.motion()
    await happened(hass, ALARM, first)


async def test_pulses(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """Of ten short movements none is lost."""
    watch, alarms = Watch(hass, MOTION), Watch(hass, ALARM)
    for _ in range(10):
        yard.camera.motion()
        await asyncio.sleep(0.05)
        yard.camera.motion(False)
        await asyncio.sleep(0.05)
    await until(lambda: len(watch.states) == 20)
    assert watch.states == [STATE_ON, STATE_OFF] * 10
    assert len(alarms.states) == 10


async def test_pulse_within_one_answer(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A movement that begins and ends between two answers is seen all the same."""
    watch = Watch(hass, MOTION)
    yard.camera.motion()
    yard.camera.motion(False)
    await until(lambda: len(watch.states) == 2)
    assert watch.states == [STATE_ON, STATE_OFF]


async def test_digital_input(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A contact is shown by itself, and as the external alarm with all others."""
    yard.camera.io.set_input("input1", True)
    await eventually(hass, INPUT, STATE_ON)
    await eventually(hass, "binary_sensor.yard_external_alarm", STATE_ON)
    assert state(hass, "binary_sensor.yard_input_2") == STATE_OFF
    await happened(hass, ALARM)
    assert attributes(hass, ALARM)["event_type"] == "external"
    yard.camera.io.set_input("input1", False)
    await eventually(hass, INPUT, STATE_OFF)
    await eventually(hass, "binary_sensor.yard_external_alarm", STATE_OFF)


async def test_relay(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A relay that stays where it is put is switched from here and there."""

    def active() -> bool:
        return yard.camera.io.relays["relay1"].active

    await call(hass, "switch", "turn_on", "switch.yard_relay_1")
    assert active()
    await eventually(hass, "switch.yard_relay_1", STATE_ON)
    yard.camera.io.set_relay("relay1", False)
    await eventually(hass, "switch.yard_relay_1", STATE_OFF)
    yard.camera.io.set_relay("relay1", True)
    await eventually(hass, "switch.yard_relay_1", STATE_ON)
    await call(hass, "switch", "turn_off", "switch.yard_relay_1")
    assert not active()
    assert state(hass, "switch.yard_relay_2") == STATE_OFF


async def test_relay_that_falls_back(hass: HomeAssistant, yard: OnvifSimulator) -> None:
    """One that only gives a pulse is shown on, and off when the pulse is over."""
    yard.camera.io.relays["relay2"].delay = 0.3
    await add(hass, yard_entry_for(yard))
    watch = Watch(hass, "switch.yard_relay_2")
    await call(hass, "switch", "turn_on", "switch.yard_relay_2")
    await until(lambda: len(watch.states) == 2)
    assert watch.states == [STATE_ON, STATE_OFF]
    assert not yard.camera.io.relays["relay2"].active


async def test_unknown_yes_or_no(
    hass: HomeAssistant, yard: OnvifSimulator, everything: MockConfigEntry
) -> None:
    """What nobody but the maker knows becomes a binary sensor when it is yes or no."""
    topic = Topic("tnsx:Gate/Open", {"Gate": "xs:string"}, {"Open": "xs:boolean"})
    yard.camera.events.declare(topic)
    yard.camera.events.emit(topic.path, {"Gate": "west"}, {"Open": True})
    gate = "binary_sensor.yard_open_west"
    await eventually(hass, gate, STATE_ON)
    yard.camera.events.emit(topic.path, {"Gate": "west"}, {"Open": False})
    await eventually(hass, gate, STATE_OFF)


async def test_unknown_event(
    hass: HomeAssistant, yard: OnvifSimulator, everything: MockConfigEntry
) -> None:
    """Anything else becomes an event with its data, the very first one included."""
    before = {item.entity_id for item in hass.states.async_all("event")}
    data = {"Plate": "AB 123", "friendly_name": "spoofed", "state": "x"}
    yard.camera.events.emit("tnsx:Barrier/Plate", {"Lane": "in"}, data, None)

    def new() -> list[str]:
        return [
            item.entity_id
            for item in hass.states.async_all("event")
            if item.entity_id not in before and item.state != STATE_UNKNOWN
        ]

    await until(lambda: len(new()) == 1)
    (entity_id,) = new()
    first = state(hass, entity_id)
    told = attributes(hass, entity_id)
    assert told["event_type"] == "happened"
    assert (told["Lane"], told["Plate"]) == ("in", "AB 123")
    assert told["friendly_name"].startswith("Yard ")
    await asyncio.sleep(0.01)
    yard.camera.events.emit("tnsx:Barrier/Plate", {"Lane": "in"}, data | {"Plate": "CD 4"}, None)
    await happened(hass, entity_id, first)
    assert attributes(hass, entity_id)["Plate"] == "CD 4"


async def test_line_crossed(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """Of what has no end each time is told."""
    line = "event.yard_line_crossed_door_step"
    yard.camera.analytics.trigger("Door step", object_id=7)
    first = await happened(hass, line)
    assert attributes(hass, line)["ObjectId"] == "7"
    await asyncio.sleep(0.01)
    yard.camera.analytics.trigger("Door step", object_id=7)
    await happened(hass, line, first)


async def test_objects_come_and_go(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A field is occupied as long as anybody is in it; visitors are counted."""
    field, rules = "binary_sensor.yard_object_in_field_lawn", yard.camera.analytics
    rules.trigger("Lawn", object_id=1)
    rules.trigger("Lawn", object_id=2)
    await eventually(hass, field, STATE_ON)
    rules.trigger("Lawn", False, object_id=1)
    await asyncio.sleep(0.1)
    assert state(hass, field) == STATE_ON
    rules.trigger("Lawn", False, object_id=2)
    await eventually(hass, field, STATE_OFF)
    rules.trigger("Visitors")
    await eventually(hass, "sensor.yard_count_visitors", "1.0")


async def test_channel_lost(
    hass: HomeAssistant,
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing stays on that nobody tells the end of, though the camera answers."""
    monkeypatch.setattr(channel, "FIRST_WAIT", 0.05)
    yard.camera.motion()
    yard.camera.io.set_input("input1", True)
    await eventually(hass, MOTION, STATE_ON)
    await eventually(hass, INPUT, STATE_ON)
    for operation in ("CreatePullPointSubscription", "PullMessages"):
        yard.fault(operation, Fault.ERROR_500)
    yard.camera.events.power_cycle()
    await eventually(hass, MOTION, STATE_UNKNOWN)
    assert state(hass, INPUT) == STATE_UNKNOWN
    assert state(hass, "sensor.yard_event_channel") == "none"
    assert state(hass, "camera.yard_main") == "idle"
    # What has ended meanwhile is not shown as on when they are told again.
    yard.camera.motion(False)
    yard.clear_faults()
    await eventually(hass, MOTION, STATE_OFF)
    assert state(hass, INPUT) == STATE_ON
    assert state(hass, "sensor.yard_event_channel") == "pull_point"


class Stalls:
    """How long the event loop was kept from others."""

    def __init__(self) -> None:
        """Begin to look."""
        self.longest = 0.0
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.005)
            self.longest = max(self.longest, loop.time() - before - 0.005)

    async def end(self) -> float:
        """Return the longest time, in seconds."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self.longest


async def test_flood(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A thousand events a second are few states, no stall, and right in the end."""
    emitted, watch, stalls = yard.camera.events.emitted, Watch(hass), Stalls()
    yard.camera.events.flood(1000, 2.0)
    await asyncio.sleep(2.2)
    assert yard.camera.events.emitted - emitted > 1000
    # The camera itself lives in this loop, too.
    assert await stalls.end() < 0.3
    assert len(watch.states) < 500
    assert len(hass.states.async_all("binary_sensor")) < 24
    yard.camera.motion()
    await eventually(hass, "binary_sensor.yard_motion_detector_mymotion", STATE_ON)
    await call(hass, "switch", "turn_on", "switch.yard_relay_1")
    assert yard.camera.io.relays["relay1"].active
    assert yard_entry.runtime_data.last_update_success
