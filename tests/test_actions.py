"""Commands: what reaches the camera, what is shown meanwhile, and what a refusal says."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
import voluptuous as vol

from custom_components.panacam import coordinator
from custom_components.panacam.const import DOMAIN
from tests.conftest import add, entry_for
from tests.simulators.povcam import AW_HE40, Auth, Fault, PovcamSimulator
from tests.test_init import poll, state

SWITCH = "switch.stage_left_recording"
RECORDING = "binary_sensor.stage_left_recording"
CAMERA = "camera.stage_left_h_264_1"


async def call(hass: HomeAssistant, domain: str, action: str, entity: str, **data: Any) -> None:
    """Perform an action on one entity and wait for it."""
    await hass.services.async_call(domain, action, {"entity_id": entity, **data}, blocking=True)


async def next_poll(hass: HomeAssistant) -> None:
    """Let a second pass, as Home Assistant's timers see it."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=2.1))
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_record_and_stop(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The switch starts and stops; switch, sensor and camera agree."""
    await call(hass, "switch", "turn_on", SWITCH)
    assert umr20.camera.recording
    assert state(hass, SWITCH) == state(hass, RECORDING) == STATE_ON
    assert state(hass, CAMERA) == "recording"
    await call(hass, "switch", "turn_off", SWITCH)
    assert not umr20.camera.recording
    assert state(hass, SWITCH) == state(hass, RECORDING) == STATE_OFF
    assert state(hass, CAMERA) == "idle"


async def test_no_flicker(
    hass: HomeAssistant, socket_enabled: None, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The camera shows a recording seconds later; until then it is looked at often, shown as on."""
    monkeypatch.setattr(coordinator, "EFFECT_SETTLE", 0.5)
    async with PovcamSimulator(auth=Auth.NONE, record_delay=1.0) as umr20:
        await _record_slowly(hass, umr20)


async def _record_slowly(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    entry = await add(hass, entry_for(umr20, options={"scan_interval": 300}))
    seen: list[str] = []
    entry.async_on_unload(
        entry.runtime_data.async_add_listener(lambda: seen.append(state(hass, SWITCH)))
    )
    await call(hass, "switch", "turn_on", SWITCH)
    await next_poll(hass)
    assert entry.runtime_data.update_interval == timedelta(seconds=1)
    assert state(hass, SWITCH) == STATE_ON
    await asyncio.sleep(1.0)
    await next_poll(hass)
    assert entry.runtime_data.update_interval == timedelta(seconds=300)
    assert state(hass, SWITCH) == STATE_ON
    assert STATE_OFF not in seen[1:]


async def test_command_without_effect(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A camera that agrees and does nothing is believed again after a while."""
    monkeypatch.setattr(coordinator, "EFFECT_LIMIT", 0.05)
    umr20.fault("sdctrl", Fault.NO_CONTENT)
    await call(hass, "switch", "turn_on", SWITCH)
    assert state(hass, SWITCH) == STATE_ON
    await asyncio.sleep(0.1)
    await poll(hass, entry)
    assert state(hass, SWITCH) == STATE_OFF


async def test_effect_does_not_hide_a_loss(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that disappears after a command is unavailable, not recording."""
    umr20.fault("sdctrl", Fault.NO_CONTENT)
    await call(hass, "switch", "turn_on", SWITCH)
    umr20.fault("*", Fault.CLOSE)
    await poll(hass, entry)
    assert state(hass, SWITCH) == STATE_UNAVAILABLE


async def test_no_card(hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator) -> None:
    """Without a card the error says so."""
    for slot in umr20.camera.slots.values():
        slot.inserted = False
    with pytest.raises(HomeAssistantError, match="no memory card") as caught:
        await call(hass, "switch", "turn_on", SWITCH)
    assert caught.value.translation_key == "no_card"
    assert state(hass, SWITCH) == STATE_OFF


async def test_already_recording(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Somebody pressed the button on the camera before: the error says so, the switch follows."""
    umr20.camera.recording = True
    with pytest.raises(HomeAssistantError, match="recording already"):
        await call(hass, "switch", "turn_on", SWITCH)
    await next_poll(hass)
    assert state(hass, SWITCH) == STATE_ON


async def test_not_recording(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Ending what has not begun says so."""
    with pytest.raises(HomeAssistantError, match="not recording"):
        await call(hass, "switch", "turn_off", SWITCH)


@pytest.mark.parametrize(
    ("button", "request_"),
    [
        ("zoom_in", ("camctrl", {"zoom": "up"})),
        ("zoom_out", ("camctrl", {"zoom": "down"})),
        ("zoom_reset", ("camctrl", {"zoom": "1"})),
        ("focus_nearer", ("camctrl", {"focus": "-3"})),
        ("focus_farther", ("camctrl", {"focus": "3"})),
        ("focus_automatically", ("camctrl", {"focus": "on"})),
        ("brighter", ("camctrl", {"bright": "up"})),
        ("darker", ("camctrl", {"bright": "down"})),
        ("brightness_reset", ("camctrl", {"bright": "0"})),
    ],
)
async def test_lens_buttons(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    button: str,
    request_: tuple[str, dict[str, str]],
) -> None:
    """Each button sends the command of chapter 3.1."""
    umr20.requests.clear()
    await call(hass, "button", "press", f"button.stage_left_{button}")
    first = umr20.requests[0]
    assert (first.path.rpartition("/")[2], first.params) == request_


async def test_restart(hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator) -> None:
    """The restart button restarts; the camera comes back by itself."""
    umr20.requests.clear()
    await call(hass, "button", "press", "button.stage_left_restart")
    sent = umr20.requests[0]
    assert (sent.method, sent.path) == ("POST", "/cgi-bin/initial")
    assert sent.params["cmd"] == "reset"
    assert len(sent.params["Randomnum"]) == 16


async def test_restart_by_a_viewer(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Who may not restart the camera is told so, and is not asked for another password."""
    await add(hass, entry_for(umr20, username="viewer", password="viewer"))
    with pytest.raises(HomeAssistantError, match="administrator"):
        await call(hass, "button", "press", "button.stage_left_restart")
    assert not hass.config_entries.flow.async_progress()


async def test_no_restart_without_a_password(hass: HomeAssistant, socket_enabled: None) -> None:
    """A camera that nobody logged in to has no restart button."""
    async with PovcamSimulator(auth=Auth.DIGEST, user_auth=False) as camera:
        await add(hass, entry_for(camera, username="", password=""))
        assert hass.states.get("button.stage_left_restart") is None
        assert hass.states.get("button.stage_left_zoom_in") is not None


async def test_pan_and_tilt(hass: HomeAssistant, socket_enabled: None, quick: None) -> None:
    """Where aw_ptz answers there are buttons that turn the head and stop it again."""
    async with PovcamSimulator(model=AW_HE40, auth=Auth.NONE, ptz_interval=0.0) as camera:
        await add(hass, entry_for(camera))
        before = camera.camera.pan
        await call(hass, "button", "press", "button.stage_left_pan_right")
        assert camera.camera.pan != before
        commands = [request.params["cmd"] for request in camera.requests if "aw_" in request.path]
        assert commands[-2:] == ["#PTS6250", "#PTS5050"]
        await call(hass, "button", "press", "button.stage_left_home_position")
        await call(hass, "button", "press", "button.stage_left_zoom_in")
        assert [request.params["cmd"] for request in camera.requests if "aw_" in request.path][
            -2:
        ] == ["#Z62", "#Z50"]
        assert hass.states.get("button.stage_left_zoom_reset") is None


async def test_move_action(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The action makes larger steps than the buttons."""
    umr20.requests.clear()
    await call(hass, DOMAIN, "move", CAMERA, move="zoom_in", size=3)
    assert umr20.requests[0].params == {"zoom": "3"}


@pytest.mark.parametrize(("move", "size"), [("fly", 1), ("zoom_in", 0), ("zoom_in", 9)])
async def test_move_action_with_nonsense(
    hass: HomeAssistant, entry: MockConfigEntry, move: str, size: int
) -> None:
    """Nonsense is refused before anything is sent."""
    with pytest.raises(vol.Invalid):
        await call(hass, DOMAIN, "move", CAMERA, move=move, size=size)


async def test_move_action_that_the_camera_lacks(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A camera without a head says so."""
    with pytest.raises(ServiceValidationError, match="cannot do that"):
        await call(hass, DOMAIN, "move", CAMERA, move="pan_left")


async def test_start_then_stop_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """What the camera shows right after a command proves nothing."""
    await call(hass, "switch", "turn_on", SWITCH)
    await call(hass, "switch", "turn_off", SWITCH)
    await poll(hass, entry)
    umr20.camera.recording = True  # the start that was still under way
    await poll(hass, entry)
    assert state(hass, SWITCH) == STATE_OFF
    assert entry.runtime_data.update_interval == timedelta(seconds=1)


async def test_lost_after_a_command(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that went after a command is asked as seldom as any other lost one."""
    await call(hass, "switch", "turn_on", SWITCH)
    umr20.fault("*", Fault.CLOSE)
    await poll(hass, entry)
    assert entry.runtime_data.update_interval == timedelta(seconds=5)


async def test_restart_that_hangs_up(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that goes down before it has answered did what it was told."""
    umr20.fault("initial", Fault.CLOSE)
    await call(hass, "button", "press", "button.stage_left_restart")


async def test_head_in_standby(hass: HomeAssistant, socket_enabled: None, quick: None) -> None:
    """A head that answers "busy" says so in a sentence."""
    async with PovcamSimulator(model=AW_HE40, auth=Auth.NONE, ptz_interval=30.0) as camera:
        await add(hass, entry_for(camera))
        with pytest.raises(HomeAssistantError, match="busy"):
            await call(hass, "button", "press", "button.stage_left_home_position")


async def test_lens_that_is_not_there(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A refusal is said in a sentence."""
    umr20.fault("camctrl", Fault.ERROR_500)
    with pytest.raises(HomeAssistantError, match="refused"):
        await call(hass, "button", "press", "button.stage_left_zoom_in")
