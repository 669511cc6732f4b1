"""The settings of a recorder through the real coordinator: an entity of each kind."""

from collections.abc import Callable
from typing import Any

from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.panacam.cams.povcam import adjusting
from custom_components.panacam.cams.povcam.panel import KNOBS
from custom_components.panacam.cams.settings import Choice, Range, Text, Toggle
from custom_components.panacam.changing import alone
from custom_components.panacam.rows import described
from tests.conftest import add, entry_for, until
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.camera import Camera
from tests.test_actions import call
from tests.test_init import poll, state
from tests.test_package import ENGLISH, ICONS

PLATFORMS = {Choice: "select", Range: "number", Text: "text", Toggle: "switch"}
SECOND = "select.stage_left_h_264_2_bit_rate"
MODE = "select.stage_left_priority_mode"
CARD = "select.stage_left_recording_card"


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras here show at once what they were told."""
    monkeypatch.setattr(adjusting, "SETTLE", 0.01)


async def test_what_is_on_by_default(
    hass: HomeAssistant, umr20: PovcamSimulator, entity_registry: er.EntityRegistry
) -> None:
    """Two settings; all of them are configuration."""
    entry = await add(hass, entry_for(umr20))
    found = {
        item.unique_id.partition("_")[2]: item
        for item in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    }
    assert entry.runtime_data.device.settings is not None
    keys = {row.key for row in entry.runtime_data.device.settings.table}
    assert {key for key in keys if found[key].disabled_by is None} == {
        "recording_mode",
        "recording_card",
    }
    assert {found[key].entity_category for key in keys} == {EntityCategory.CONFIG}
    assert state(hass, "select.stage_left_recording_mode") == "avchd_ps_1080_60p_28m"
    assert state(hass, "select.stage_left_recording_card") == "sd1"


@pytest.mark.parametrize(
    ("action", "entity", "data", "look", "there", "shown"),
    [
        (
            "select.select_option",
            "select.stage_left_h_264_1_bit_rate",
            {"option": "4096 kbit/s"},
            lambda one: one.video[1].bandwidth,
            4096,
            "4096 kbit/s",
        ),
        (
            "number.set_value",
            "number.stage_left_ntp_interval",
            {"value": 12},
            lambda one: one.menus.time_server.interval,
            12,
            "12",
        ),
        (
            "text.set_value",
            "text.stage_left_camera_title",
            {"value": "Gate \u7384"},
            lambda one: one.title,
            "Gate \u7384",
            "Gate \u7384",
        ),
        (
            "switch.turn_off",
            "switch.stage_left_h_264_2_transmission",
            {},
            lambda one: one.h264_transmit[2],
            False,
            STATE_OFF,
        ),
    ],
)
@pytest.mark.usefixtures("all_enabled")
async def test_change(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    action: str,
    entity: str,
    data: dict[str, Any],
    look: Callable[[Camera], object],
    there: object,
    shown: str,
) -> None:
    """The camera has it, and the entity shows it."""
    entry = await add(hass, entry_for(umr20))
    before = state(hass, entity)
    domain, _, name = action.partition(".")
    await call(hass, domain, name, entity, **data)
    await poll(hass, entry)
    assert look(umr20.camera) == there
    assert state(hass, entity) == shown != before


@pytest.mark.usefixtures("all_enabled")
async def test_refused(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Why not is said in a sentence, and what the camera has is shown."""
    await add(hass, entry_for(umr20))
    umr20.camera.recording = True
    mode = "select.stage_left_recording_mode"
    with pytest.raises(HomeAssistantError):
        await call(hass, "select", "select_option", mode, option="avchd_ph_1080_24p_21m")
    assert state(hass, mode) == "avchd_ps_1080_60p_28m"
    umr20.fault("set_basic", Fault.NO_CONTENT)
    with pytest.raises(HomeAssistantError) as caught:
        await call(hass, "text", "set_value", "text.stage_left_camera_title", value="Gate")
    assert caught.value.translation_key == "not_taken"


@pytest.mark.usefixtures("all_enabled")
async def test_a_stream_that_goes(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its settings go with it and come back, and the camera is set up again."""
    monkeypatch.setattr("custom_components.panacam.notices.RELOAD_DELAY", 0)
    monkeypatch.setattr("custom_components.panacam.notices.RELOAD_GAP", 0)
    entry = await add(hass, entry_for(umr20))
    assert state(hass, SECOND) == "3072 kbit/s"
    first = entry.runtime_data
    await call(hass, "select", "select_option", MODE, option="rec_pb")
    await poll(hass, entry)
    assert state(hass, SECOND) == STATE_UNAVAILABLE
    await hass.async_block_till_done(wait_background_tasks=True)
    assert umr20.camera.mode == "rec_pb"
    umr20.camera.mode = "ip"
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.runtime_data is not first
    assert state(hass, SECOND) == "3072 kbit/s"


@pytest.mark.usefixtures("all_enabled")
async def test_mode_while_the_camera_is_at_work(
    hass: HomeAssistant, umr20: PovcamSimulator
) -> None:
    """Another mode would cut off a clip; what else changes the camera is waited for."""
    entry = await add(hass, entry_for(umr20))
    umr20.camera.recording = True
    await refused(hass, "card_in_use", MODE, "rec_pb")
    umr20.camera.recording = False
    async with alone(entry.runtime_data):
        await refused(hass, "busy", MODE, "rec_pb")
        await refused(hass, "busy", CARD, "sd2")
    assert not [one for one in umr20.requests if one.path.endswith("/set_priority_mode")]
    async with entry.runtime_data.restoring:  # who copies settings keeps nobody from them
        await call(hass, "select", "select_option", CARD, option="sd2")
    assert umr20.camera.menus.record_target == "sd2"


@pytest.mark.usefixtures("all_enabled")
async def test_nothing_else_while_the_mode_changes(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The camera is left alone until it has the mode."""
    entry = await add(hass, entry_for(umr20))
    monkeypatch.setattr(adjusting, "SETTLE", 0.3)
    umr20.fault("get_priority_mode", Fault.ERROR_500, 2)
    task = hass.async_create_task(call(hass, "select", "select_option", MODE, option="ip_4k"))
    await until(entry.runtime_data.restoring.locked)
    await refused(hass, "busy", CARD, "sd2")
    await task
    assert umr20.camera.mode == "ip_4k"
    await call(hass, "select", "select_option", CARD, option="sd2")


async def refused(hass: HomeAssistant, key: str, entity: str, option: str) -> None:
    """Choose what must be refused with that sentence."""
    with pytest.raises(HomeAssistantError) as caught:
        await call(hass, "select", "select_option", entity, option=option)
    assert caught.value.translation_key == key


async def test_only_what_somebody_looks_at(
    hass: HomeAssistant, umr20: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The menus of settings that are off are read at set-up only."""
    monkeypatch.setattr(adjusting, "EVERY", 0.0)
    entry = await add(hass, entry_for(umr20))
    umr20.requests.clear()
    umr20.camera.menus.record_target = "sd2"
    for _ in range(6):
        await poll(hass, entry)
    asked = {request.path.rpartition("/")[2] for request in umr20.requests}
    assert asked >= {"get_sdrec_mode", "get_sdrec_target", "get_priority_mode"}
    assert not asked & {"get_time", "get_recorder_num", "get_basic", "get_audio"}
    assert state(hass, "select.stage_left_recording_card") == "sd2"


async def test_names(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Each setting has a name of its own and an icon, and each word that is ours a text."""
    umr20.camera.video[1].priority = umr20.camera.video[2].priority = "2"
    entry = await add(hass, entry_for(umr20))
    assert entry.runtime_data.device.settings is not None
    rows = entry.runtime_data.device.settings.table
    # The volume is told by few cameras.
    assert {row.key for row in rows} == KNOBS.keys() - {"audio_volume"}
    assert "audio_volume" in ENGLISH["entity"]["number"]
    shown: list[tuple[str, str]] = []
    for row in rows:
        named, platform = described(row), PLATFORMS[type(row)]
        texts = ENGLISH["entity"][platform][named["translation_key"]]
        assert named["translation_key"] in ICONS["entity"][platform]
        shown.append((platform, texts["name"].format(**named["translation_placeholders"])))
    assert len(set(shown)) == len(shown)
    for knob in KNOBS.values():
        words = set(getattr(knob, "options", {}).values())
        plain = {word for word in words if word.islower() and " " not in word and "x" not in word}
        texts = ENGLISH["entity"].get("select", {}).get(knob.kind or knob.key, {})
        named_words = set(texts.get("state", {}))
        assert plain <= named_words <= words


def test_words_that_are_shown_as_they_are() -> None:
    """They are the same in every language."""
    unnamed = {
        word
        for knob in KNOBS.values()
        for word in getattr(knob, "options", {}).values()
        if word not in ENGLISH["entity"]["select"][knob.kind or knob.key].get("state", {})
    }
    assert all(word.startswith("GMT") or word[0].isdigit() for word in unnamed)
    assert "640x360" in unnamed
