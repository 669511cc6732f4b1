"""What is kept of settings on the disk: bounded, and read again after a restart."""

import json
from typing import Any

from homeassistant.core import Context, HomeAssistant, ServiceResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.panacam import backup_store
from custom_components.panacam.backup_store import Backups
from custom_components.panacam.cams.backup import Document
from custom_components.panacam.const import DOMAIN
from tests.test_backups import _own_folder, act  # noqa: F401 - a fixture


async def test_what_is_kept_outlasts_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """The storage has one file for each camera; what cannot be ours in it is left out."""
    await act(hass, "save_settings", name="Studio", template=True)
    fresh = Backups(hass)
    await fresh.async_load()
    assert fresh.templates == ["Studio"]
    assert [one.title for one in fresh.known.values()] == ["Stage left"]
    assert len(await fresh.async_copies(entry.entry_id)) == 1
    assert "12345" not in json.dumps(hass_storage[f"{DOMAIN}.backups.{entry.entry_id}"])
    stored = hass_storage[f"{DOMAIN}.backups.{entry.entry_id}"]["data"]["copies"]
    stored.append({"format": "rubbish"})
    hass_storage[f"{DOMAIN}.backups"]["data"]["cameras"]["odd"] = {"saved": "never"}
    odd = Backups(hass)
    await odd.async_load()
    assert list(odd.known) == [entry.entry_id]
    assert len(await odd.async_copies(entry.entry_id)) == 1


async def test_templates_are_listed_and_deleted(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """Saving tells all of them; deleting tells what is left, and what was not there."""
    await act(hass, "save_settings", name="Studio", template=True)
    assert (await act(hass, "save_settings", name="Yard", template=True))["templates"] == [
        "Studio",
        "Yard",
    ]
    assert await forget(hass, "Studio") == {"templates": ["Yard"]}
    assert list(hass_storage[f"{DOMAIN}.backups"]["data"]["templates"]) == ["Yard"]
    assert (await act(hass, "save_settings"))["templates"] == ["Yard"]
    for action in (forget(hass, "Studio"), act(hass, "restore_settings", template="Studio")):
        with pytest.raises(ServiceValidationError) as caught:
            await action
        assert caught.value.translation_key == "no_such_template"


async def test_templates_are_full(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose fault it is, and what helps."""
    monkeypatch.setattr(backup_store, "MAX_TEMPLATES", 1)
    await act(hass, "save_settings", name="Studio", template=True)
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "save_settings", name="Yard", template=True)
    assert caught.value.translation_key == "too_many_templates"
    await forget(hass, "Studio")
    await act(hass, "save_settings", name="Yard", template=True)


async def test_only_administrators_delete_templates(
    hass: HomeAssistant, entry: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    """It changes what everybody's cameras may be given."""
    await act(hass, "save_settings", name="Studio", template=True)
    with pytest.raises(Unauthorized):
        await forget(hass, "Studio", Context(user_id=hass_read_only_user.id))
    assert (await act(hass, "save_settings"))["templates"] == ["Studio"]


async def forget(hass: HomeAssistant, name: str, context: Context | None = None) -> ServiceResponse:
    """Delete a template, and return the answer."""
    return await hass.services.async_call(
        DOMAIN,
        "delete_template",
        {"template": name},
        blocking=True,
        context=context,
        return_response=True,
    )


async def test_many_removed_cameras(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the many, the last ones are kept."""
    monkeypatch.setattr(backup_store, "MAX_REMOVED", 2)
    kept = Backups(hass)
    await kept.async_load()
    document = Document(family="mo", saved=dt_util.utcnow(), sections={"settings": {"a": 1}})
    gone = [MockConfigEntry(domain=DOMAIN, unique_id=str(n), data={}) for n in range(4)]
    for one in gone:
        await kept.async_keep(one, document)
    for one in gone:
        await kept.async_removed(one.entry_id)
    assert list(kept.known) == [one.entry_id for one in gone[2:]]
    assert await kept.async_copies(gone[0].entry_id) == []
    assert len(await kept.async_copies(gone[3].entry_id)) == 1
    await kept.async_removed("nobody")
