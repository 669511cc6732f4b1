"""What a camera says unasked meets polls, commands, denials and the end of its entry."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.panacam.cams.device import Alarm, AlarmRaised, State
from custom_components.panacam.cams.errors import AuthError, CameraError, ConnectError, Reason
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC, add
from tests.fakes import FakeDevice
from tests.test_init import ours, poll, state

MOTION = "binary_sensor.bare_motion"
SWITCH = "switch.bare_recording"
CALM = State(transmitting={"only": True}, recording=False, alarms={Alarm.MOTION: False})
ALARMED = replace(CALM, alarms={Alarm.MOTION: True})
GONE = ConnectError(Reason.CUT)


class Recording:
    """A recorder that agrees to everything."""

    async def record(self, on: bool) -> None:
        """Agree."""


@pytest.fixture
def fake() -> FakeDevice:
    """Return a camera that says what a test wants."""
    return FakeDevice(state=CALM, recorder=Recording())


@pytest.fixture
async def entry(
    hass: HomeAssistant, socket_enabled: None, fake: FakeDevice
) -> AsyncIterator[MockConfigEntry]:
    """Set it up; Home Assistant asks every camera for its URL, which is our server's."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Bare",
        unique_id=MAC,
        data={"family": "povcam", "host": "192.0.2.1"},
        options={"ring": 0, "scan_interval": 300},
    )
    with patch("custom_components.panacam.device_for", return_value=fake):
        yield await add(hass, entry)


async def record(hass: HomeAssistant) -> None:
    """Start the recorder."""
    await hass.services.async_call("switch", "turn_on", {"entity_id": SWITCH}, blocking=True)


async def test_push_keeps_the_clock(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """However often a camera speaks, it is polled as if it did not."""
    coordinator = entry.runtime_data
    due = coordinator._unsub_refresh
    for told in (ALARMED, CALM, ALARMED):
        fake.say(told)
    assert coordinator._unsub_refresh is due
    assert state(hass, MOTION) == STATE_ON


async def test_push_that_changes_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """Nobody is woken."""
    woken: list[None] = []
    entry.async_on_unload(entry.runtime_data.async_add_listener(lambda: woken.append(None)))
    fake.say(replace(CALM))
    assert not woken
    fake.say(ALARMED)
    assert len(woken) == 1


async def test_command_under_way(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """A push that is older than a command does not undo it, and its alarm counts all the same."""
    await record(hass)
    fake.say(ALARMED)
    assert state(hass, SWITCH) == state(hass, MOTION) == STATE_ON


async def test_camera_lost_after_a_command(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """Nobody knows what became of it: the camera's word counts when it is back."""
    await record(hass)
    fake.say(GONE)
    assert state(hass, SWITCH) == STATE_UNAVAILABLE
    fake.say(CALM)
    assert state(hass, SWITCH) == STATE_OFF
    assert entry.runtime_data.update_interval == timedelta(seconds=300)


async def test_loss_and_return_during_a_poll(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """The end of the poll leaves no entity with what was before."""
    going = asyncio.Event()
    go_on = asyncio.Event()

    async def slow() -> State:
        going.set()
        await go_on.wait()
        return CALM

    with patch.object(fake, "poll", slow):
        polling = asyncio.create_task(entry.runtime_data.async_refresh())
        await going.wait()
        fake.say(GONE)
        assert state(hass, MOTION) == STATE_UNAVAILABLE
        go_on.set()
        await polling
    assert state(hass, MOTION) == STATE_OFF


async def test_denied_by_push(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    fake: FakeDevice,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One denial is forgiven, the second asks; nothing is left to ask once the camera agrees."""
    caplog.clear()
    denied = AuthError(Reason.WRONG_PASSWORD)
    fake.say(denied)
    with patch.object(fake, "poll", side_effect=denied):
        # The same refusal, told again by a camera that keeps its connection.
        for _ in range(2):
            await poll(hass, entry)
    assert not hass.config_entries.flow.async_progress()
    fake.say(AuthError(Reason.WRONG_PASSWORD))
    await hass.async_block_till_done()
    flows = hass.config_entries.flow.async_progress()
    assert [flow["step_id"] for flow in flows] == ["reauth_confirm"]
    assert len(ours(caplog)) == 1
    fake.say(CALM)
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()
    assert state(hass, MOTION) == STATE_OFF


async def test_polled_again_after_a_denial(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """Home Assistant stops polling who refuses it; the camera's word starts it again."""
    denials = [AuthError(Reason.WRONG_PASSWORD) for _ in range(2)]
    with patch.object(fake, "poll", side_effect=denials):
        for _ in range(2):
            await poll(hass, entry)
    assert entry.runtime_data._unsub_refresh is None
    fake.say(CALM)
    fake.state = ALARMED
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=302))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, MOTION) == STATE_ON


@pytest.mark.parametrize("error", [GONE, ConnectError(Reason.OTHER_CAMERA)])
async def test_said_before_the_first_poll(
    hass: HomeAssistant, socket_enabled: None, fake: FakeDevice, error: CameraError
) -> None:
    """There is nothing to compare with yet; the poll tells."""
    entry = MockConfigEntry(
        domain=DOMAIN, title="Bare", unique_id=MAC, data={"family": "povcam", "host": "x"}
    )

    async def talkative() -> State:
        for notice in (error, AlarmRaised(Alarm.MOTION), ALARMED):
            fake.say(notice)
        return CALM

    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={"ring": 0})
    with (
        patch("custom_components.panacam.device_for", return_value=fake),
        patch.object(fake, "poll", talkative),
    ):
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    assert state(hass, MOTION) == STATE_OFF


async def test_nobody_listens_after_unloading(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """What was subscribed is unsubscribed before the camera is hung up on."""
    assert len(fake.listeners) == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not fake.listeners
    assert fake.closed


async def test_hung_up_on_when_home_assistant_stops(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """A stop unloads nothing, so it has to be listened for."""
    await hass.async_stop(force=True)
    assert fake.closed
    assert not fake.listeners


async def test_external_alarm_and_sound(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """What a camera can raise the alarm about may turn out later."""
    assert hass.states.get("binary_sensor.bare_external_alarm") is None
    fake.say(replace(CALM, alarms={Alarm.MOTION: False, Alarm.EXTERNAL: True}))
    await hass.async_block_till_done()
    assert state(hass, "binary_sensor.bare_external_alarm") == STATE_ON
