"""An entry's life: set-up, trouble, recovery, and what Home Assistant and its log are told."""

import asyncio
from datetime import timedelta
import logging

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.panacam.cams.net import http
from custom_components.panacam.cams.povcam import device
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC, add, entry_for, until
from tests.simulators.povcam import Fault, PovcamSimulator

RECORDING = "binary_sensor.stage_left_recording"
CARD = "binary_sensor.stage_left_sd1_card"
ROOM = "sensor.stage_left_sd1_remaining"


async def poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let one poll of an entry happen, whatever comes of it."""
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's state."""
    found = hass.states.get(entity_id)
    assert found is not None
    return found.state


async def eventually(hass: HomeAssistant, entity_id: str, wanted: str) -> None:
    """Wait until an entity has a state."""

    def reached() -> bool:
        found = hass.states.get(entity_id)
        return found is not None and found.state == wanted

    await until(reached)


def ours(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines that an owner sees in the log from this integration."""
    return [
        record.getMessage()
        for record in caplog.records
        if "panacam" in record.name and record.levelno >= logging.INFO
    ]


async def test_load_and_unload(
    hass: HomeAssistant, entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    """A camera is one device; unloading leaves nothing behind."""
    assert entry.state is ConfigEntryState.LOADED
    found = device_registry.async_get_device_by_identifier(
        (DOMAIN, MAC), config_entry_id=entry.entry_id
    )
    assert found is not None
    assert (dr.CONNECTION_NETWORK_MAC, MAC) in found.connections
    assert (found.manufacturer, found.model) == ("Panasonic", "AG-UMR20")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert state(hass, RECORDING) == STATE_UNAVAILABLE


async def test_polls_by_itself(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
) -> None:
    """The state follows the camera without anybody asking."""
    umr20.camera.recording = True
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=7))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, RECORDING) == STATE_ON


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault.HANG, "took too long"),
        (Fault.DRIP, "far too long"),
        (Fault.CUT, "in the middle of an answer"),
        (Fault.LIE_LONG, "in the middle of an answer"),
        (Fault.RUBBISH, "made no sense"),
        (Fault.HUGE, "far too long"),
        (Fault.RESET, "does not answer"),
        (Fault.REDIRECT, "sends everybody to another address"),
        (Fault.HTML_PAGE, "made no sense"),
        (Fault.CLOSE, "in the middle of an answer"),
    ],
)
async def test_poll_goes_wrong(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    sentence: str,
) -> None:
    """One line when a camera is lost, one when it is back, and nothing else to do."""
    entry.runtime_data.device._http._timeout = 0.5
    caplog.set_level(logging.INFO)
    caplog.clear()
    umr20.fault("get_state", fault)
    for _ in range(3):
        await poll(hass, entry)
        assert state(hass, RECORDING) == STATE_UNAVAILABLE
    umr20.clear_faults()
    for _ in range(2):
        await poll(hass, entry)
        assert state(hass, RECORDING) == STATE_OFF
    down, up = ours(caplog)
    assert sentence in down
    assert "recovered" in up
    assert "Traceback" not in caplog.text
    assert "12345" not in caplog.text


async def test_playback_is_unknown(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """In playback the camera does not tell its state: unknown, not unavailable."""
    umr20.camera.playback = True
    await poll(hass, entry)
    assert state(hass, RECORDING) == STATE_UNKNOWN
    assert state(hass, CARD) == STATE_UNKNOWN
    assert state(hass, ROOM) == STATE_UNKNOWN
    umr20.camera.playback = False
    await poll(hass, entry)
    assert state(hass, RECORDING) == STATE_OFF


@pytest.mark.parametrize("fault", [Fault.EMPTY, Fault.NO_CONTENT, Fault.ERROR_500])
async def test_nothing_told_is_unknown(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, fault: Fault
) -> None:
    """However a camera says that it does not tell, its state is unknown."""
    umr20.fault("get_state", fault)
    await poll(hass, entry)
    assert state(hass, RECORDING) == STATE_UNKNOWN


async def test_set_up_in_standby(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """What a camera in standby does not show appears when it wakes up, without a reload."""
    umr20.camera.standby = True
    entry = await add(hass, entry_for(umr20))
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get(CARD) is None
    umr20.camera.standby = False
    await poll(hass, entry)
    assert state(hass, CARD) == STATE_ON


async def test_reboot(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A camera that restarts is away, then back by itself."""
    caplog.clear()
    rebooting = asyncio.create_task(umr20.reboot(seconds=0.3))
    await asyncio.sleep(0.1)
    await poll(hass, entry)
    assert state(hass, RECORDING) == STATE_UNAVAILABLE
    await rebooting
    await asyncio.sleep(0.3)
    await poll(hass, entry)
    assert state(hass, RECORDING) == STATE_OFF
    assert len(ours(caplog)) == 2


async def test_new_nonce(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A nonce that went stale costs nothing."""
    umr20.rotate_nonce()
    await poll(hass, entry)
    assert state(hass, RECORDING) == STATE_OFF


async def test_one_denial_is_forgiven(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that is starting up may refuse everybody for a moment."""
    umr20.fault("*", Fault.UNAUTHORIZED)
    await poll(hass, entry)
    assert state(hass, RECORDING) == STATE_UNAVAILABLE
    assert not hass.config_entries.flow.async_progress()
    umr20.clear_faults()
    await poll(hass, entry)
    assert state(hass, RECORDING) == STATE_OFF


async def test_new_password(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A camera that wants other credentials asks once, and is tried again rarely."""
    caplog.clear()
    umr20.set_password("admin", "new")
    for _ in range(3):
        await poll(hass, entry)
    flows = hass.config_entries.flow.async_progress()
    assert [flow["step_id"] for flow in flows] == ["reauth_confirm"]
    assert len(ours(caplog)) == 1
    before = len(umr20.requests)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=60))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(umr20.requests) == before
    # The owner sets the old password again, in the camera: nothing is left to ask.
    umr20.set_password("admin", "12345")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=400))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, RECORDING) == STATE_OFF
    assert not hass.config_entries.flow.async_progress()


async def test_unload_while_locked_out(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The rare look at a camera that refused us ends with its entry."""
    umr20.set_password("admin", "new")
    for _ in range(2):
        await poll(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_another_camera_takes_the_address(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Another camera's state is never shown as this one's."""
    caplog.clear()
    umr20.become(mac="A8-13-74-00-00-99", serial="other")
    entry.runtime_data.device._recheck_at = 0.0
    await poll(hass, entry)
    assert state(hass, RECORDING) == STATE_UNAVAILABLE
    assert "Another camera answers" in ours(caplog)[0]
    umr20.become(mac=MAC.upper().replace(":", "-"), serial="SIM0000001")
    await poll(hass, entry)
    assert state(hass, RECORDING) == STATE_OFF


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.CLOSE, ConfigEntryState.SETUP_RETRY),
        (Fault.RUBBISH, ConfigEntryState.SETUP_RETRY),
        (Fault.UNAUTHORIZED, ConfigEntryState.SETUP_RETRY),
    ],
)
async def test_set_up_goes_wrong(
    hass: HomeAssistant, umr20: PovcamSimulator, fault: Fault, expected: ConfigEntryState
) -> None:
    """All of it may get better by itself; refused credentials are asked for meanwhile."""
    umr20.fault("*", fault)
    entry = await add(hass, entry_for(umr20))
    assert entry.state is expected
    asked = [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()]
    assert asked == (["reauth"] if fault is Fault.UNAUTHORIZED else [])
    assert "12345" not in (entry.reason or "")


async def test_refused_while_starting_up(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """After a power cut both start: a camera that refuses everybody at first needs no human."""
    umr20.fault("*", Fault.UNAUTHORIZED)
    entry = await add(hass, entry_for(umr20))
    assert hass.config_entries.flow.async_progress()
    umr20.clear_faults()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=60))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert not hass.config_entries.flow.async_progress()


async def test_impossible_address(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """An entry whose address became none is tried again, not crashed."""
    entry = await add(hass, entry_for(umr20, host="not a host"))
    assert entry.state is ConfigEntryState.SETUP_RETRY


async def test_set_up_at_another_camera(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """An entry does not load with somebody else's camera."""
    entry = await add(hass, entry_for(umr20, unique_id="a8:13:74:00:00:42"))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "Another camera" in (entry.reason or "")


async def test_hostile_set_up_ends(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A camera that hangs on everything but its name still loads, without what it did not tell."""
    monkeypatch.setattr(http, "REQUEST_TIMEOUT", 0.3)
    for name in ("get_capability", "get_video_over_ip", "get_audio", "setdata", "aw_ptz"):
        umr20.fault(name, Fault.HANG)
    entry = await add(hass, entry_for(umr20))
    assert entry.state is ConfigEntryState.LOADED


async def test_polls_keep_their_distance(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever asks for a refresh, the camera is polled once a second at most (9.1)."""
    monkeypatch.undo()
    assert device.POLL_GAP >= 1.0
    entry = await add(hass, entry_for(umr20))
    umr20.requests.clear()
    await asyncio.gather(*(entry.runtime_data.device.poll() for _ in range(2)))
    times = [request.time for request in umr20.requests if "get_state" in request.path]
    assert len(times) == 2
    assert times[1] - times[0] > 0.95
