"""What the automation editor shows of triggers and conditions: forms, texts and icons."""

import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.core import HomeAssistant
from homeassistant.helpers import condition, trigger
from homeassistant.helpers.selector import validate_selector
from homeassistant.setup import async_setup_component
import pytest

from custom_components.panacam.condition import CONDITIONS
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.trigger import TRIGGERS
from tests.test_package import ENGLISH, ICONS, REPOSITORY

ROOT = REPOSITORY / "custom_components" / "panacam"
STATE_FIELDS = {"behavior", "for"}


def fields_of(name: str) -> set[str]:
    """Return the fields that a trigger or condition takes."""
    if name.removeprefix("is_") == "storage_below":
        return STATE_FIELDS | {"percent"}
    event = name.startswith("recording_") or name == "clip_received"
    return set() if event else STATE_FIELDS


async def described(hass: HomeAssistant, kind: str) -> dict[str, Any]:
    """Return what Home Assistant tells the automation editor of ours, by name."""
    assert await async_setup_component(hass, AUTOMATION, {})
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    module = trigger if kind == "triggers" else condition
    everything = await module.async_get_all_descriptions(hass)
    return {
        name.removeprefix(f"{DOMAIN}."): value
        for name, value in everything.items()
        if name.startswith(f"{DOMAIN}.")
    }


@pytest.mark.parametrize(("kind", "known"), [("triggers", TRIGGERS), ("conditions", CONDITIONS)])
async def test_editor(hass: HomeAssistant, kind: str, known: dict[str, object]) -> None:
    """Each has a form with the fields that the code takes, names for them all, and an icon."""
    shown = await described(hass, kind)
    assert set(shown) == set(known) == set(ENGLISH[kind]) == set(ICONS[kind])
    for name, form in shown.items():
        texts = ENGLISH[kind][name]
        assert set(form["fields"]) == fields_of(name) == set(texts.get("fields", {}))
        assert {"name", "description"} <= set(texts)
        for key, field in form["fields"].items():
            validate_selector(field["selector"])
            assert field["required"] is True
            assert "default" in field
            assert set(texts["fields"][key]) == {"name", "description"}
        assert set(ICONS[kind][name]) == {kind[:-1]}


@pytest.mark.parametrize("kind", ["triggers", "conditions"])
async def test_targets_are_ours(hass: HomeAssistant, kind: str) -> None:
    """The editor offers panacam's entities only, those for diagnostics included."""
    for form in (await described(hass, kind)).values():
        assert form["target"]["primary_entities_only"] is False
        assert form["target"]["entity"]
        assert {item["integration"] for item in form["target"]["entity"]} == {DOMAIN}


@pytest.mark.parametrize("kind", ["triggers", "conditions"])
async def test_targets_can_answer(hass: HomeAssistant, kind: str) -> None:
    """Filters leave out cameras without such an entity; where none fits, the words say so."""
    for name, form in (await described(hass, kind)).items():
        classes = {"device_class", "unit_of_measurement"}
        filtered = all(classes & set(item) for item in form["target"]["entity"])
        assert filtered or re.search(
            r"with memory cards|Needs an FTP account", ENGLISH[kind][name]["description"]
        )


@pytest.mark.parametrize("kind", ["triggers", "conditions"])
async def test_percentage_comes_first(hass: HomeAssistant, kind: str) -> None:
    """What such a trigger or condition is about stands above what all of them have."""
    forms = await described(hass, kind)
    (form,) = (form for name, form in forms.items() if name.endswith("storage_below"))
    assert list(form["fields"]) == ["percent", "behavior", "for"]


def test_defaults_are_taken() -> None:
    """What the form begins with is what the code assumes."""
    # Read as text: the two files share their first lines but for the way of several targets.
    for name, behavior in (("triggers", "each"), ("conditions", "any")):
        text = (ROOT / f"{name}.yaml").read_text()
        assert re.findall(r"default: (\S+)", text) == ["00:00:00", behavior, "10"]


def test_readme() -> None:
    """Every trigger and condition is listed there."""
    text = (REPOSITORY / "README.md").read_text()
    table = text.partition("### Triggers and conditions")[2].partition("\n## ")[0]
    named = set(re.findall(r"`panacam\.(\w+)`", table))
    assert named == set(TRIGGERS) | set(CONDITIONS)


def test_icons_exist_once() -> None:
    """The file is JSON without a key twice."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in items}) == len(items)
        return dict(items)

    for path in (ROOT / "icons.json", ROOT / "translations" / "en.json"):
        assert json.loads(Path(path).read_text(), object_pairs_hook=pairs)
