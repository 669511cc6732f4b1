"""What is which, over reloads and restarts: cameras, texts and masks do not trade places."""

from dataclasses import replace
from datetime import timedelta
import json
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.panacam import notices
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.memory import SAVE_DELAY
from tests.conftest import ONVIF_MAC, add, until, yard_entry_for
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk
from tests.simulators.onvif.media_parts import Osd
from tests.test_actions_moving import call
from tests.test_init import poll, state

MAIN = "camera.yard_main"
SQUARE = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]
TRIANGLE = [[-0.5, -0.5], [0.5, -0.5], [0.0, 0.5]]


@pytest.fixture(autouse=True)
def _alone(all_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all entities, and set up again only when a test does."""
    monkeypatch.setattr(notices, "RELOAD_DELAY", 3600.0)


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set the camera up again."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def switch(hass: HomeAssistant, entity: str, value: str) -> None:
    """Switch something."""
    await hass.services.async_call("switch", f"turn_{value}", {"entity_id": entity}, blocking=True)


def entity(hass: HomeAssistant, domain: str, key: str) -> str:
    """Return the id of the entity with a key."""
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{ONVIF_MAC}_{key}")
    assert found is not None
    return found


def keys(hass: HomeAssistant, entry: MockConfigEntry, *beginnings: str) -> set[str]:
    """Return the keys of all entities that begin like this."""
    items = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    found = {item.unique_id.removeprefix(f"{ONVIF_MAC}_") for item in items}
    return {key for key in found if key.startswith(beginnings)}


def streams(entry: MockConfigEntry) -> dict[str, tuple[str, str]]:
    """Return names and paths of the streams by key."""
    found = entry.runtime_data.device.streams
    return {stream.key: (stream.label, stream.path) for stream in found}


async def refresh(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Have the device read again what others may have changed."""
    entry.runtime_data.device._refresh_at = 0.0
    await poll(hass, entry)


async def make(hass: HomeAssistant, name: str) -> str:
    """Make a profile with a stream; return its token."""
    parts = {"video_source": "video_source_config_1", "video_encoder": "video_2"}
    answer = await call(hass, "create_profile", MAIN, name=name, configurations=parts)
    return str(answer[MAIN]["token"])


async def test_profiles(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """When one profile is deleted, the camera of another one stays what it is."""
    garden, pool = await make(hass, "Garden"), await make(hass, "Pool")
    await reload(hass, yard_entry)
    before = streams(yard_entry)
    assert er.async_get(hass).async_get("camera.yard_garden") is not None
    assert entity(hass, "camera", "0_profile_6") == "camera.yard_pool"
    settings = keys(hass, yard_entry, "profile_5")
    await call(hass, "delete_profile", MAIN, profile=garden)
    await reload(hass, yard_entry)
    assert entity(hass, "camera", "0_profile_6") == "camera.yard_pool"
    assert before.pop("0_profile_5")[0] == "Garden"
    assert streams(yard_entry) == before
    assert before["0_profile_6"] == ("Pool", f"/onvif/profile/{pool.removeprefix('profile_')}")
    # The other's entities are not left behind.
    assert hass.states.get("camera.yard_garden") is None
    assert not keys(hass, yard_entry, "0_profile_5", "profile_4")
    assert keys(hass, yard_entry, "profile_5") == settings
    # One of the same name is the same one again, under the name that its owner gave it.
    await make(hass, "Garden")
    await reload(hass, yard_entry)
    assert entity(hass, "camera", "0_profile_5") == "camera.yard_garden"
    assert state(hass, "camera.yard_garden") != STATE_UNAVAILABLE


async def test_text_that_is_off(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A text that is off stays what it is and can be switched on, after a restart, too."""
    osds = yard.camera.media.osds
    first = entity(hass, "switch", "osd_0")
    await switch(hass, first, "off")
    assert list(osds) == ["osd_2"]
    # Somebody else's text, with the token of ours.
    osds["osd_1"] = Osd(token="osd_1", source=osds["osd_2"].source, text="Theirs")
    for _ in range(2):
        await reload(hass, yard_entry)
        assert state(hass, first) == STATE_OFF
        assert state(hass, entity(hass, "text", "osd_0_text")) == "Front door"
        assert state(hass, entity(hass, "switch", "osd_1")) == STATE_ON
        assert state(hass, entity(hass, "text", "osd_2_text")) == "Theirs"
    # What an automation switches off every evening is still the same one.
    await switch(hass, first, "off")
    assert list(osds) == ["osd_2", "osd_1"]
    await switch(hass, first, "on")
    assert [osd.text for osd in osds.values()] == [None, "Theirs", "Front door"]
    await reload(hass, yard_entry)
    assert state(hass, first) == STATE_ON
    assert state(hass, entity(hass, "text", "osd_0_text")) == "Front door"


async def test_text_that_is_gone(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A text that was deleted leaves no entities, and its place to nobody."""
    assert keys(hass, yard_entry, "osd_0") >= {"osd_0", "osd_0_text"}
    second = entity(hass, "switch", "osd_1")
    await call(hass, "delete_osd", MAIN, osd="osd_1")
    await hass.async_block_till_done()
    assert not keys(hass, yard_entry, "osd_0")
    assert hass.states.get("switch.yard_text_overlay_1") is None
    await call(hass, "create_osd", MAIN, text="New")
    await reload(hass, yard_entry)
    assert not keys(hass, yard_entry, "osd_0")
    assert entity(hass, "switch", "osd_1") == second
    assert state(hass, entity(hass, "text", "osd_2_text")) == "New"


async def test_text_that_comes_back(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A text that was away has its entities again, without a reload."""
    text = entity(hass, "text", "osd_0_text")
    er.async_get(hass).async_update_entity(text, name="Sign")
    osd = yard.camera.media.osds.pop("osd_1")
    await refresh(hass, yard_entry)
    assert hass.states.get(text) is None
    yard.camera.media.osds["osd_7"] = replace(osd, token="osd_7")
    await refresh(hass, yard_entry)
    assert state(hass, text) == "Front door"
    found = hass.states.get(text)
    assert found is not None
    assert found.name == "Sign"


async def test_nothing_is_gone_that_was_not_told(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A camera that does not tell its texts and masks at the moment has them still."""
    before = keys(hass, yard_entry, "osd_", "mask_", "audio_", "video_")
    for operation in ("GetOSDs", "GetMasks", "GetAudioOutputConfigurations"):
        yard.fault(operation, Fault.NOT_XML)
    await reload(hass, yard_entry)
    assert state(hass, "switch.yard_text_overlay_1") == STATE_UNAVAILABLE
    assert keys(hass, yard_entry, "osd_", "mask_", "audio_", "video_") == before
    yard.clear_faults()
    await reload(hass, yard_entry)
    assert state(hass, "switch.yard_text_overlay_1") == STATE_ON


@pytest.mark.parametrize(
    ("fault", "times"),
    [(Fault.EMPTY_RESPONSE, None), (Fault.FAULT_500, None), (Fault.FAULT_500, 1)],
)
async def test_profiles_that_were_not_told(
    hass: HomeAssistant,
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
    fault: Fault,
    times: int | None,
) -> None:
    """A camera that tells no profiles, or only its first service's, loses none of them."""
    before = keys(hass, yard_entry, "")
    yard.fault("GetProfiles", fault, times=times)
    await reload(hass, yard_entry)
    assert state(hass, "camera.yard_h_265") == STATE_UNAVAILABLE
    assert keys(hass, yard_entry, "") >= before
    yard.clear_faults()
    await reload(hass, yard_entry)
    assert state(hass, "camera.yard_h_265") != STATE_UNAVAILABLE
    assert keys(hass, yard_entry, "") >= before


async def test_masks(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """When one mask is deleted, the switches of the others stay what they are."""
    masks = yard.camera.media.masks
    first = (await call(hass, "create_mask", MAIN, points=SQUARE))[MAIN]["token"]
    second = (await call(hass, "create_mask", MAIN, points=TRIANGLE))[MAIN]["token"]
    await reload(hass, yard_entry)
    window = entity(hass, "switch", "mask_2")
    await call(hass, "delete_mask", MAIN, mask=first)
    await reload(hass, yard_entry)
    assert not keys(hass, yard_entry, "mask_1")
    assert entity(hass, "switch", "mask_2") == window
    assert state(hass, window) == STATE_ON
    await switch(hass, window, "off")
    assert not masks[second].enabled
    assert masks["mask_1"].enabled


async def test_other_tokens(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """Other tokens after a restart of the camera change nothing, if we restart meanwhile."""
    garden = await make(hass, "Garden")
    await make(hass, "Pool")
    await call(hass, "delete_profile", MAIN, profile=garden)
    await reload(hass, yard_entry)
    before, entities = streams(yard_entry), keys(hass, yard_entry, "")
    assert set(before) == {f"0_profile_{number}" for number in (1, 2, 3, 4, 6)}
    yard.camera.quirks.add(Quirk.PROFILE_TOKENS_CHANGE)
    assert await hass.config_entries.async_unload(yard_entry.entry_id)
    tokens = {profile.token for profile in yard.camera.media.profiles}
    yard.camera.power_cycle()
    assert not tokens & {profile.token for profile in yard.camera.media.profiles}
    assert await hass.config_entries.async_setup(yard_entry.entry_id)
    await hass.async_block_till_done()
    assert streams(yard_entry) == before
    assert keys(hass, yard_entry, "") == entities


async def test_stored(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
) -> None:
    """All is written in time, is not long, and goes with the entry."""
    name = f"{DOMAIN}.{yard_entry.entry_id}"
    assert name not in hass_storage
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=SAVE_DELAY + 1))
    await until(lambda: name in hass_storage)
    assert "osd_kept" not in hass_storage[name]["data"]
    await switch(hass, entity(hass, "switch", "osd_0"), "off")
    assert await hass.config_entries.async_unload(yard_entry.entry_id)
    assert "Front door" in hass_storage[name]["data"]["osd_kept"]["0"]
    assert len(json.dumps(hass_storage[name])) < 8192
    assert await hass.config_entries.async_remove(yard_entry.entry_id)
    assert name not in hass_storage


async def test_stop(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    yard: OnvifSimulator,
    yard_entry: MockConfigEntry,
) -> None:
    """A stop of Home Assistant, which unloads nothing, writes it."""
    await switch(hass, entity(hass, "switch", "osd_0"), "off")
    await hass.async_stop(force=True)
    data = hass_storage[f"{DOMAIN}.{yard_entry.entry_id}"]["data"]
    assert "Front door" in data["osd_kept"]["0"]


async def test_damaged(
    hass: HomeAssistant, hass_storage: dict[str, Any], yard: OnvifSimulator
) -> None:
    """A memory that makes no sense is none."""
    entry = yard_entry_for(yard)
    hass_storage[f"{DOMAIN}.{entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{entry.entry_id}",
        "data": {"profile": [None, {}], "osd": 5, "osd_kept": {"x": 1}, "mask": "mask"},
    }
    await add(hass, entry)
    assert set(streams(entry)) == {f"0_profile_{number}" for number in range(1, 5)}
    assert state(hass, "switch.yard_text_overlay_1") == STATE_ON
