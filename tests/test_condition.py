"""Conditions of our own, checked by Home Assistant, with a real camera."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import async_from_config, async_validate_condition_config
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.condition import CONDITIONS, async_get_conditions
from custom_components.panacam.const import DOMAIN
from tests.simulators.povcam import PovcamSimulator
from tests.test_init import poll
from tests.test_trigger import damage, device_id, fill, find, lose, nearly_fill, pull, start, stop


async def check(hass: HomeAssistant, name: str, target: dict[str, Any], **options: object) -> bool:
    """Return what an automation would find."""
    config = {"condition": f"panacam.{name}", "target": target, "options": options}
    valid = await async_validate_condition_config(hass, cv.CONDITION_SCHEMA(config))
    checker = await async_from_config(hass, valid)
    try:
        return bool(checker.async_check())
    finally:
        checker.async_unload()


CASES = [
    # condition, what makes it true, what makes it false again
    ("is_recording", start, stop),
    ("is_not_recording", stop, start),
    ("is_card_full", fill, nearly_fill),
    ("is_card_absent", pull, None),
    ("is_card_error", damage, None),
    ("is_storage_below", nearly_fill, None),
    ("is_lost", lose, find),
    ("is_reachable", find, lose),
]
BEFORE = {"is_not_recording": start, "is_reachable": lose}


@pytest.mark.parametrize(("name", "true", "false"), CASES, ids=[case[0] for case in CASES])
async def test_conditions(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    name: str,
    true: Any,
    false: Any,
) -> None:
    """By the camera's device, as the camera is just now."""
    target = {"device_id": device_id(hass)}
    if prepare := BEFORE.get(name):
        prepare(umr20)
    await poll(hass, entry)
    assert not await check(hass, name, target)
    true(umr20)
    await poll(hass, entry)
    assert await check(hass, name, target)
    if false:
        false(umr20)
        await poll(hass, entry)
        assert not await check(hass, name, target)


async def test_any_or_all(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Of two cards, one is enough, or not."""
    target = {"device_id": device_id(hass)}
    damage(umr20)
    await poll(hass, entry)
    assert await check(hass, "is_card_error", target, behavior="any")
    assert not await check(hass, "is_card_error", target, behavior="all")
    umr20.camera.slots["sd1"].error = True
    await poll(hass, entry)
    assert await check(hass, "is_card_error", target, behavior="all")


@pytest.mark.parametrize(("percent", "expected"), [(4.9, False), (5.1, True), (100, True)])
async def test_percent(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    percent: float,
    expected: bool,
) -> None:
    """Below, not at it."""
    nearly_fill(umr20)
    await poll(hass, entry)
    target = {"entity_id": "sensor.stage_left_storage_remaining"}
    assert await check(hass, "is_storage_below", target, percent=percent) is expected


async def test_switch_is_meant_too(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Whoever names the switch means the same; another switch says nothing."""
    start(umr20)
    await poll(hass, entry)
    for entity_id in ("switch.stage_left_recording", "binary_sensor.stage_left_recording"):
        assert await check(hass, "is_recording", {"entity_id": entity_id})
    hass.states.async_set("switch.other", "on")
    assert not await check(hass, "is_recording", {"entity_id": "switch.other"})


async def test_lost_camera_does_not_record(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Nobody knows, so neither is true."""
    start(umr20)
    lose(umr20)
    await poll(hass, entry)
    target = {"device_id": device_id(hass)}
    assert not await check(hass, "is_recording", target)
    assert not await check(hass, "is_not_recording", target)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("is_storage_below", {"percent": 101}),
        ("is_storage_below", {"percent": "much"}),
        ("is_card_full", {"behavior": "each"}),
        ("is_lost", {"since": "yesterday"}),
    ],
)
async def test_wrong_options(hass: HomeAssistant, name: str, options: dict[str, Any]) -> None:
    """Options that there are not, or out of range, are refused when the automation is read."""
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(probatio.Invalid):
        await check(hass, name, {"entity_id": "switch.any"}, **options)


async def test_all_of_them(hass: HomeAssistant) -> None:
    """What the platform gives Home Assistant is what is tested here."""
    assert set(await async_get_conditions(hass)) == set(CONDITIONS) == {case[0] for case in CASES}
