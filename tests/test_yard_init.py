"""The life of an ONVIF camera's entry: set-up, trouble, recovery, and what is left behind."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
import logging
import threading
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.panacam import notices
from custom_components.panacam.cams.onvif import definitions, device as onvif_device, media
from custom_components.panacam.const import DOMAIN
from tests import test_actions
from tests.conftest import ONVIF_MAC, add, until, yard_entry_for
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk, simulator
from tests.simulators.onvif.media_parts import Kind
from tests.test_init import eventually, ours, poll, state

MOTION = "binary_sensor.yard_motion"
REACHABLE = "binary_sensor.yard_reachable"
OTHER_MAC = "a8:13:74:00:02:02"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for a camera that does not answer, and ask it each time."""
    monkeypatch.setattr(onvif_device, "ALIVE_LIMIT", 0.3)
    monkeypatch.setattr(onvif_device, "FRESH", 0.0)


async def call(hass: HomeAssistant, domain: str, action: str, entity: str, **data: Any) -> None:
    """Perform an action on an entity that is there: Home Assistant only warns of others."""
    assert hass.states.get(entity) is not None
    await test_actions.call(hass, domain, action, entity, **data)


def shown(hass: HomeAssistant) -> dict[str, str]:
    """Return the states of all entities."""
    return {item.entity_id: item.state for item in hass.states.async_all()}


def is_lost(hass: HomeAssistant) -> bool:
    """Return whether all entities are unavailable, but for the one that says so."""
    states = shown(hass)
    return states.pop(REACHABLE) == STATE_OFF and set(states.values()) == {STATE_UNAVAILABLE}


def enable(entity_registry: er.EntityRegistry, platform: str, **entities: str) -> None:
    """Enable what is disabled by default, as its owner would have; object ids by key."""
    for key, name in entities.items():
        entity_registry.async_get_or_create(
            platform, DOMAIN, f"{ONVIF_MAC}_{key}", suggested_object_id=f"yard_{name}"
        )


def tasks() -> set[str]:
    """Return the names of our tasks."""
    return {task.get_name() for task in asyncio.all_tasks() if "panacam" in task.get_name()}


def connections(yard: OnvifSimulator) -> int:
    """Count the sockets at the camera's web server."""
    runner = yard._http._runner
    assert runner is not None
    assert runner.server is not None
    return len(runner.server.connections) + len(yard.rtsp.connections)


def asked(hass: HomeAssistant) -> Iterator[str]:
    """Yield the forms that wait for an owner."""
    return (str(flow["step_id"]) for flow in hass.config_entries.flow.async_progress())


async def test_set_up(
    hass: HomeAssistant,
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """A camera is one device, with one subscription."""
    assert yard_entry.state is ConfigEntryState.LOADED
    found = device_registry.async_get_device_by_identifier(
        (DOMAIN, ONVIF_MAC), config_entry_id=yard_entry.entry_id
    )
    assert found is not None
    assert (dr.CONNECTION_NETWORK_MAC, ONVIF_MAC) in found.connections
    assert (found.manufacturer, found.model) == ("Panacam", "Simulated PTZ")
    assert (found.serial_number, found.sw_version) == ("SIM0000003", "1.2.3")
    assert found.configuration_url == f"http://127.0.0.1:{yard.port}"
    assert len(yard.camera.events.subscriptions) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("tokens_change", [False, True])
async def test_dies_and_comes_back(
    hass: HomeAssistant,
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    tokens_change: bool,
) -> None:
    """Everything is unavailable at once, and all as before by itself, whatever the tokens."""
    caplog.set_level(logging.INFO)
    yard.camera.motion()
    await eventually(hass, MOTION, STATE_ON)
    before = shown(hass)
    caplog.clear()
    await yard.stop()
    await until(lambda: is_lost(hass))
    if tokens_change:
        yard.camera.quirks.add(Quirk.PROFILE_TOKENS_CHANGE)
    yard.camera.power_cycle()
    await yard.start()
    # Nobody does anything but to let time pass.
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=7))
    await eventually(hass, MOTION, STATE_OFF)
    assert shown(hass) == {**before, MOTION: STATE_OFF, **motionless(before)}
    down, up = ours(caplog)
    assert "does not answer" in down or "in the middle" in down
    assert "recovered" in up
    assert len(yard.camera.events.subscriptions) == 1
    await call(hass, "button", "press", "button.yard_pan_left")
    assert yard.count("ContinuousMove") == 1
    yard.camera.motion()
    await eventually(hass, MOTION, STATE_ON)


def motionless(states: dict[str, str]) -> dict[str, str]:
    """Return what of `states` said that something moves, calmed down."""
    return {
        key: STATE_OFF for key, value in states.items() if "motion" in key and value == STATE_ON
    }


@pytest.mark.usefixtures("impatient", "all_enabled")
async def test_every_entity_comes_back(hass: HomeAssistant, yard: OnvifSimulator) -> None:
    """None of nearly two hundred is forgotten by the way, though all tokens are others."""
    await add(hass, yard_entry_for(yard))
    await eventually(hass, "sensor.yard_objects", "2")
    await eventually(hass, "sensor.yard_main_active_connections", "1.0")
    before = shown(hass)
    before.pop("sensor.yard_clock_offset")
    assert len(before) > 180
    await yard.stop()
    await eventually(hass, MOTION, STATE_UNAVAILABLE)
    there = {key for key, value in shown(hass).items() if value != STATE_UNAVAILABLE}
    # What tells how the pictures come is most wanted while they do not.
    pictures = {f"sensor.yard_{key}" for key in ("connection", "frame_rate", "viewers")}
    assert there == {*pictures, REACHABLE}
    yard.camera.quirks.add(Quirk.PROFILE_TOKENS_CHANGE)
    yard.camera.power_cycle()
    await yard.start()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=7))
    await until(lambda: before.items() <= shown(hass).items())
    assert shown(hass).keys() - before.keys() == {"sensor.yard_clock_offset"}


async def test_restart(
    hass: HomeAssistant,
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The button restarts the camera, which is found again."""
    monkeypatch.setattr(simulator, "_ANSWER_TIME", 0.01)
    monkeypatch.setattr(simulator.OnvifSimulator.reboot, "__defaults__", (0.3,))
    await call(hass, "button", "press", "button.yard_restart")
    await eventually(hass, MOTION, STATE_UNAVAILABLE)
    await until(lambda: yard.camera.life.boots == 2)
    await until(lambda: yard._rebooting is not None and yard._rebooting.done())
    await poll(hass, yard_entry)
    assert state(hass, MOTION) == STATE_OFF


@pytest.mark.usefixtures("impatient")
async def test_hangs(
    hass: HomeAssistant,
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A camera that takes connections and says nothing is gone with the next poll."""
    caplog.set_level(logging.INFO)
    caplog.clear()
    yard.fault("*", Fault.HANG)
    for _ in range(3):
        await poll(hass, yard_entry)
        assert is_lost(hass)
    yard.clear_faults()
    for _ in range(2):
        await poll(hass, yard_entry)
        assert state(hass, MOTION) == STATE_OFF
    down, up = ours(caplog)
    assert "took too long" in down
    assert "recovered" in up
    assert "Traceback" not in caplog.text
    assert yard.password not in caplog.text
    assert len(yard.camera.events.subscriptions) == 1


async def test_two_polls_are_short(hass: HomeAssistant, yard_entry: MockConfigEntry) -> None:
    """With the real limit a camera that hangs is gone within two polls of five seconds."""
    assert onvif_device.ALIVE_LIMIT <= 5
    assert onvif_device.FRESH <= 5
    assert yard_entry.runtime_data.update_interval == timedelta(seconds=5)


async def test_wrong_password(
    hass: HomeAssistant,
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who is refused asks once, and stops asking once the camera agrees."""
    caplog.clear()
    yard.set_password("admin", "new")
    for _ in range(3):
        yard_entry.runtime_data.device._refresh_at = 0.0
        await poll(hass, yard_entry)
    assert list(asked(hass)) == ["reauth_confirm"]
    assert state(hass, MOTION) == STATE_UNAVAILABLE
    assert len(ours(caplog)) == 1
    yard.set_password("admin", "Kamera/7")
    await poll(hass, yard_entry)
    assert not list(asked(hass))
    await eventually(hass, MOTION, STATE_OFF)


async def test_wrong_password_at_set_up(hass: HomeAssistant, yard: OnvifSimulator) -> None:
    """A camera that refuses is asked about at once."""
    entry = await add(hass, yard_entry_for(yard, password="old"))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert list(asked(hass)) == ["reauth_confirm"]
    assert "old" not in (entry.reason or "").split()
    assert not tasks()


async def test_another_device(
    hass: HomeAssistant,
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What another device tells is never shown as this one's."""
    caplog.clear()
    yard.become(mac=OTHER_MAC, serial="another")
    yard_entry.runtime_data.device._refresh_at = 0.0
    for _ in range(2):
        await poll(hass, yard_entry)
        assert is_lost(hass)
    yard.camera.motion()
    await asyncio.sleep(0.1)
    assert state(hass, MOTION) == STATE_UNAVAILABLE
    (line,) = ours(caplog)
    assert "Another camera answers" in line
    yard.become(mac=ONVIF_MAC, serial="SIM0000003")
    await poll(hass, yard_entry)
    await eventually(hass, MOTION, STATE_ON)


async def test_set_up_at_another_device(hass: HomeAssistant, yard: OnvifSimulator) -> None:
    """An entry does not load with somebody else's camera."""
    entry = await add(hass, yard_entry_for(yard, unique_id=OTHER_MAC))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "Another camera" in (entry.reason or "")
    assert not yard.camera.events.subscriptions


async def test_reloads_leave_nothing(
    hass: HomeAssistant, yard: OnvifSimulator, entity_registry: er.EntityRegistry
) -> None:
    """However often an entry is loaded, there is one of everything."""
    enable(entity_registry, "sensor", object_count="objects")
    entry = await add(hass, yard_entry_for(yard))
    await eventually(hass, "sensor.yard_objects", "2")
    before = (tasks(), connections(yard), threading.active_count())
    for _ in range(5):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert len(yard.camera.events.subscriptions) == 1
    await eventually(hass, "sensor.yard_objects", "2")
    assert tasks() == before[0]
    assert connections(yard) <= before[1] + 1
    # The executor's own grow to its size, whoever uses it.
    assert threading.active_count() <= before[2] + 4
    assert len(yard.rtsp.sessions) == 1


async def test_unload(
    hass: HomeAssistant, yard: OnvifSimulator, entity_registry: er.EntityRegistry
) -> None:
    """The camera is told goodbye, and nothing of ours goes on."""
    enable(entity_registry, "sensor", object_count="objects")
    entry = await add(hass, yard_entry_for(yard))
    await call(hass, "button", "press", "button.yard_pan_left")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert yard.count("Unsubscribe") == 1
    assert not yard.camera.events.subscriptions
    assert not yard.camera.ptz.moving
    assert not tasks()
    assert state(hass, MOTION) == STATE_UNAVAILABLE
    yard.requests.clear()
    await asyncio.sleep(0.2)
    assert not yard.requests
    await until(lambda: not yard.rtsp.sessions)


async def test_unload_while_it_hangs(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A goodbye that nobody answers is short."""
    yard.fault("*", Fault.HANG)
    before = hass.loop.time()
    assert await hass.config_entries.async_unload(yard_entry.entry_id)
    assert hass.loop.time() - before < 5
    assert not tasks()


async def test_stop(hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry) -> None:
    """A stop of Home Assistant is a goodbye, too."""
    await hass.async_stop(force=True)
    assert yard.count("Unsubscribe") == 1
    assert not tasks()


async def test_cameras_share_what_they_speak(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """The second camera costs no second reading of the definitions."""
    before = definitions._load.cache_info()
    async with OnvifSimulator() as second:
        second.become(mac=OTHER_MAC, serial="another")
        entry = await add(hass, yard_entry_for(second, unique_id=OTHER_MAC))
        assert entry.state is ConfigEntryState.LOADED
        second.camera.motion()
        await eventually(hass, f"{MOTION}_2", STATE_ON)
        assert state(hass, MOTION) == STATE_OFF
        after = definitions._load.cache_info()
        assert after.hits > before.hits
        assert after.misses == before.misses == 1
        assert await hass.config_entries.async_unload(entry.entry_id)
        yard.camera.motion()
        await eventually(hass, MOTION, STATE_ON)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at once what was changed in the camera."""
    monkeypatch.setattr(media, "SETTLE_TIME", 0.05)
    monkeypatch.setattr(notices, "RELOAD_DELAY", 0.05)
    monkeypatch.setattr(notices, "RELOAD_GAP", 0.0)


@pytest.mark.usefixtures("hasty")
async def test_reconfigured(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A profile that somebody makes in the camera has its picture here, after one reload."""
    first = yard_entry.runtime_data
    made = yard.camera.media.create("Extra")
    parts = {Kind.VIDEO_SOURCE: "video_source_config_1", Kind.VIDEO_ENCODER: "video_2"}
    yard.camera.media.add(made, parts)
    await until(lambda: getattr(yard_entry, "runtime_data", first) is not first)
    await until(lambda: yard_entry.state is ConfigEntryState.LOADED)
    await hass.async_block_till_done()
    labels = [stream.label for stream in yard_entry.runtime_data.device.streams]
    assert labels == ["Main", "Sub", "JPEG", "H.265", "Extra"]
    assert len(yard.camera.events.subscriptions) == 1
    second = yard_entry.runtime_data
    await asyncio.sleep(0.3)
    assert yard_entry.runtime_data is second
