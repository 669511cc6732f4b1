"""Every entity of a simulated ONVIF camera, through the real coordinator and real sockets."""

from collections.abc import Iterator
import logging
import re

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import async_get_platforms
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.panacam import PLATFORMS
from custom_components.panacam.const import DOMAIN
from tests.conftest import ONVIF_MAC, add, yard_entry_for
from tests.simulators.onvif import OnvifSimulator
from tests.test_init import eventually

DRIFTING = {"clock_offset"}
"""Keys of what differs from run to run by a second."""


def entities(hass: HomeAssistant) -> Iterator[Entity]:
    """Yield what is there."""
    for platform in async_get_platforms(hass, DOMAIN):
        yield from platform.entities.values()


def line(entity: Entity) -> str:
    """Return one entity: ids, state, class, category, and whether it is enabled by default."""
    key = str(entity.unique_id).removeprefix(f"{ONVIF_MAC}_")
    found = entity.hass.states.get(entity.entity_id)
    assert found is not None
    words = [
        entity.entity_id.partition(".")[2].removeprefix("yard_"),
        key,
        "..." if key in DRIFTING else found.state,
        str(found.attributes.get("unit_of_measurement", "-")),
        str(entity.device_class or "-"),
        str(entity.entity_category or "-"),
        "on" if entity.entity_description.entity_registry_enabled_default else "off",
    ]
    return " | ".join(words)


@pytest.fixture
async def everything(
    hass: HomeAssistant, all_enabled: None, yard: OnvifSimulator
) -> MockConfigEntry:
    """Set the camera up with all that it has."""
    return await add(hass, yard_entry_for(yard))


async def test_entities(
    hass: HomeAssistant, everything: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """All of them, with their states."""
    await eventually(hass, "sensor.yard_objects", "2")
    await eventually(hass, "sensor.yard_main_active_connections", "1.0")
    found = list(entities(hass))
    for platform in PLATFORMS:
        lines = sorted(line(entity) for entity in found if entity.platform.domain == platform)
        assert lines == snapshot(name=platform.value)


async def test_names(hass: HomeAssistant, everything: MockConfigEntry) -> None:
    """Each has a text for its kind, and no name shows what it is made of."""
    texts = await async_get_translations(hass, "en", "entity", [DOMAIN])
    names: list[str] = []
    for entity in entities(hass):
        key = entity.translation_key
        path = f"component.{DOMAIN}.entity.{entity.platform.domain}.{key}.name"
        assert key is None or path in texts, entity.entity_id
        assert key is not None or entity.device_class is not None, entity.entity_id
        assert isinstance(entity.name, str)
        names.append(f"{entity.platform.domain} {entity.name}")
        assert re.fullmatch(r"[^\s{}_]+( [^\s{}_]+)*", entity.name), entity.name
        assert "None" not in entity.name
        assert entity.name[0].isupper() or entity.name[0].isdigit()
    assert len(names) > 150
    assert len(set(names)) == len(names)


async def test_words(hass: HomeAssistant, everything: MockConfigEntry) -> None:
    """What can be chosen has a text, or is a word that people or the camera gave."""
    texts = await async_get_translations(hass, "en", "entity", [DOMAIN])
    for entity in entities(hass):
        for word in (entity.capability_attributes or {}).get("options", ()):
            path = f"{entity.platform.domain}.{entity.translation_key}.state"
            told = any(text.startswith(f"component.{DOMAIN}.entity.{path}.") for text in texts)
            assert not told or f"component.{DOMAIN}.entity.{path}.{word}" in texts, (path, word)


async def test_nothing_to_complain_of(
    hass: HomeAssistant,
    all_enabled: None,
    yard: OnvifSimulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Units, classes, options and limits are such as Home Assistant wants them."""
    await add(hass, yard_entry_for(yard))
    for platform in PLATFORMS:
        assert hass.states.async_all(platform)
    found = [
        record.getMessage()
        for record in caplog.records
        # Of what takes long, the event loop speaks here, in debug mode.
        if record.levelno >= logging.WARNING
        and record.name not in {"asyncio", "homeassistant.loader"}
    ]
    assert [text for text in found if DOMAIN in text] == []


async def test_enabled_by_default(
    hass: HomeAssistant, yard_entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """What most people want is there, and the hundreds of others wait until somebody asks."""
    found = er.async_entries_for_config_entry(entity_registry, yard_entry.entry_id)
    enabled = {item.entity_id for item in found if item.disabled_by is None}
    assert len(enabled) < len(found) / 2
    assert enabled == {state.entity_id for state in hass.states.async_all()}
    assert {
        "binary_sensor.yard_motion",
        "binary_sensor.yard_input_1",
        "button.yard_pan_left",
        "camera.yard_main",
        "event.yard_alarm",
        "media_player.yard_speaker",
        "number.yard_brightness",
        "select.yard_preset",
        "switch.yard_relay_1",
    } <= enabled


async def test_cards_find_what_moves_the_camera(
    hass: HomeAssistant, yard_entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """As dashboards look for it: the ids of camera, buttons and presets have one beginning."""
    ids = {
        item.unique_id.removeprefix(f"{ONVIF_MAC}_"): item.entity_id
        for item in er.async_entries_for_config_entry(entity_registry, yard_entry.entry_id)
    }
    found = {key: ids[key] for key in ids if key.startswith("0_")}
    assert {key: value for key, value in found.items() if not value.startswith("camera.")} == {
        "0_pan_left": "button.yard_pan_left",
        "0_pan_right": "button.yard_pan_right",
        "0_tilt_up": "button.yard_tilt_up",
        "0_tilt_down": "button.yard_tilt_down",
        "0_zoom_in": "button.yard_zoom_in",
        "0_zoom_out": "button.yard_zoom_out",
        "0_stop": "button.yard_stop_movement",
        "0_ptz_preset": "select.yard_preset",
    }
    assert "camera.yard_main" in found.values()
