"""A camera that came in the place of another is given what that one had."""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam import backups
from custom_components.panacam.backup_store import async_backups
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.replacements import async_take_over, is_there
from tests.conftest import MAC, add, entry_for
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.test_backups import (  # noqa: F401 - fixtures
    CAMERA,
    OTHER_MAC,
    _own_folder,
    act,
    later,
    spare,
    spare_for,
)
from tests.test_init import poll


@pytest.fixture
async def old(hass: HomeAssistant, umr20: PovcamSimulator) -> MockConfigEntry:
    """Set a camera up, have it copied, and lose it."""
    assert await async_setup_component(hass, "repairs", {})
    entry = await add(hass, entry_for(umr20))
    umr20.camera.title, umr20.camera.jpeg_quality = "Mine", 8
    umr20.camera.video[1].multicast_address = "239.1.2.3"
    await act(hass, "save_settings")
    await seen_at(hass, entry, "192.0.2.7")
    umr20.fault("*", Fault.CLOSE)
    await poll(hass, entry)
    return entry


async def seen_at(hass: HomeAssistant, entry: MockConfigEntry, host: str) -> None:
    """Have a camera known at an address: all simulated ones are at 127.0.0.1."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, "host": host})


async def long_away(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Have a camera be away for a day."""
    kept = await async_backups(hass)
    known = replace(kept.known[entry.entry_id], away=dt_util.utcnow() - timedelta(days=1))
    kept.known = {**kept.known, entry.entry_id: known}


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the one issue about a replacement."""
    found = [
        one
        for one in ir.async_get(hass).issues.values()
        if one.domain == DOMAIN and one.translation_key == "replacement" and one.active
    ]
    assert len(found) < 2
    return found[0] if found else None


class Repair:
    """The repair flow, as the frontend goes through it."""

    def __init__(self, hass: HomeAssistant, clients: ClientSessionGenerator) -> None:
        """Ask by the web."""
        self._hass = hass
        self._clients = clients
        self._flow = ""

    async def begin(self) -> dict[str, Any]:
        """Open it."""
        found = issue(self._hass)
        assert found is not None
        self._client = await self._clients()
        response = await self._client.post(
            "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": found.issue_id}
        )
        assert response.status == HTTPStatus.OK
        told: dict[str, Any] = await response.json()
        self._flow = told.get("flow_id", "")
        return told

    async def answer(self, **data: Any) -> dict[str, Any]:
        """Fill a form in."""
        response = await self._client.post(f"/api/repairs/issues/fix/{self._flow}", json=data)
        assert response.status == HTTPStatus.OK
        told: dict[str, Any] = await response.json()
        return told


async def test_taken_over(
    hass: HomeAssistant,
    old: MockConfigEntry,
    spare: PovcamSimulator,  # noqa: F811
    hass_client: ClientSessionGenerator,
) -> None:
    """Settings, name, area and entity ids go to the new camera, and the old entry is removed."""
    area = ar.async_get(hass).async_create("Stage")
    devices = dr.async_get(hass)
    device = dr.async_entries_for_config_entry(devices, old.entry_id)[0]
    devices.async_update_device(device.id, area_id=area.id, name_by_user="My camera")
    er.async_get(hass).async_update_entity(CAMERA, new_entity_id="camera.mine", name="Left")
    new = await add(hass, spare_for(spare, "stage left"))
    await later(hass, seconds=70)
    assert issue(hass) is None  # it may be back in an hour
    assert await backups.async_replacement_for(hass, new) is None
    await long_away(hass, old)
    await later(hass, minutes=16)
    found = issue(hass)
    assert found is not None
    assert found.is_fixable
    assert found.translation_placeholders == {
        "title": "stage left",
        "name": "stage left",
        "replaced": "Stage left",
    }
    assert await backups.async_replacement_for(hass, new) == old.entry_id
    repair = Repair(hass, hass_client)
    form = await repair.begin()
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"]["replaced_model"] == "AG-UMR20"
    assert [(field["name"], field["default"]) for field in form["data_schema"]] == [
        ("take_over", False)
    ]
    form = await repair.answer(take_over=True)
    assert form["step_id"] == "report"
    placeholders = form["description_placeholders"]
    assert placeholders["taken"] == "3"
    assert placeholders["refused"] == placeholders["absent"] == placeholders["untried"] == "-"
    assert spare.camera.title == "Mine"
    assert spare.camera.jpeg_quality == 8
    assert spare.camera.video[1].multicast_address == "239.1.2.3"
    assert (await repair.answer())["type"] == "create_entry"
    await hass.async_block_till_done()
    assert hass.config_entries.async_get_entry(old.entry_id) is None
    assert new.title == "Stage left"
    device = dr.async_entries_for_config_entry(devices, new.entry_id)[0]
    assert (device.area_id, device.name_by_user) == (area.id, "My camera")
    item = er.async_get(hass).async_get("camera.mine")
    assert item is not None
    assert item.config_entry_id == new.entry_id
    assert item.unique_id == f"{OTHER_MAC}_0_h264_1"
    assert item.name == "Left"
    assert issue(hass) is None
    await later(hass, minutes=20)
    assert issue(hass) is None


async def test_beside_the_old_entry(
    hass: HomeAssistant,
    old: MockConfigEntry,
    spare: PovcamSimulator,  # noqa: F811
    hass_client: ClientSessionGenerator,
) -> None:
    """Whoever does not want to take over gets the settings only; by address as well as by name."""
    await seen_at(hass, old, "127.0.0.1")
    await add(hass, spare_for(spare, "Another"))
    await later(hass, seconds=70)
    repair = Repair(hass, hass_client)
    form = await repair.begin()
    assert form["data_schema"][0]["default"] is True
    spare.fault("set_jpeg", Fault.ERROR_500)
    form = await repair.answer(take_over=False)
    placeholders = form["description_placeholders"]
    assert placeholders["refused"].startswith("\n\n- The camera refused the request")
    assert placeholders["refused"].endswith(": jpeg.jpeg\\_quality")
    assert placeholders["spared"] == "-"
    assert spare.camera.title == "Mine"
    assert (await repair.answer())["type"] == "create_entry"
    assert hass.config_entries.async_get_entry(old.entry_id) is old
    await later(hass, minutes=20)
    assert issue(hass) is None


async def test_removed_before(
    hass: HomeAssistant,
    old: MockConfigEntry,
    spare: PovcamSimulator,  # noqa: F811
    hass_client: ClientSessionGenerator,
) -> None:
    """A replacement often begins with the removal of the old camera."""
    await hass.config_entries.async_remove(old.entry_id)
    await add(hass, spare_for(spare, "Stage left"))
    await later(hass, seconds=70)
    repair = Repair(hass, hass_client)
    form = await repair.begin()
    assert form["data_schema"] == []
    assert (await repair.answer())["step_id"] == "report"
    assert spare.camera.jpeg_quality == 8


async def test_not_copied(
    hass: HomeAssistant,
    old: MockConfigEntry,
    spare: PovcamSimulator,  # noqa: F811
    hass_client: ClientSessionGenerator,
) -> None:
    """A camera that is lost before anything was done is told, and can be tried again."""
    await long_away(hass, old)
    new = await add(hass, spare_for(spare, "Stage left"))
    await later(hass, seconds=70)
    repair = Repair(hass, hass_client)
    await repair.begin()
    spare.fault("*", Fault.CLOSE)
    form = await repair.answer(take_over=True)
    assert form["errors"] == {"base": "not_copied"}
    assert "ended the connection" in form["description_placeholders"]["error"]
    assert hass.config_entries.async_get_entry(old.entry_id) is old
    spare.clear_faults()
    await hass.config_entries.async_unload(new.entry_id)
    form = await repair.answer(take_over=True)
    assert form["reason"] == "not_loaded"


async def test_no_replacement(
    hass: HomeAssistant,
    old: MockConfigEntry,
    umr20: PovcamSimulator,
    spare: PovcamSimulator,  # noqa: F811
) -> None:
    """Another name and address; or the old one is there; or comes back while it is offered."""
    await long_away(hass, old)
    new = await add(hass, spare_for(spare, "Another"))
    await later(hass, seconds=70)
    assert issue(hass) is None
    hass.config_entries.async_update_entry(new, title="Stage left")
    await later(hass, minutes=16)
    assert issue(hass) is not None
    umr20.clear_faults()
    await poll(hass, old)
    await later(hass, minutes=16)
    assert issue(hass) is None
    assert await backups.async_replacement_for(hass, new) is None


async def test_older_camera(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    spare: PovcamSimulator,  # noqa: F811
) -> None:
    """Two that were there side by side do not replace each other when one fails."""
    new = await add(hass, spare_for(spare, "Stage left"))
    entry = await add(hass, entry_for(umr20, unique_id=MAC))
    await act(hass, "save_settings", next(iter(entities(hass, entry))))
    umr20.fault("*", Fault.CLOSE)
    await poll(hass, entry)
    await later(hass, seconds=70)
    assert issue(hass) is None
    assert await backups.async_replacement_for(hass, new) is None


def entities(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return the cameras of an entry."""
    return [
        item.entity_id
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if item.domain == "camera"
    ]


async def test_ignored(
    hass: HomeAssistant,
    old: MockConfigEntry,
    spare: PovcamSimulator,  # noqa: F811
) -> None:
    """Whoever ignores it is not asked again, until the new camera is removed."""
    await long_away(hass, old)
    new = await add(hass, spare_for(spare, "Stage left"))
    await later(hass, seconds=70)
    found = issue(hass)
    assert found is not None
    ir.async_ignore_issue(hass, DOMAIN, found.issue_id, ignore=True)
    await hass.config_entries.async_reload(new.entry_id)
    await later(hass, minutes=2)
    found = issue(hass)
    assert found is not None
    assert found.dismissed_version is not None
    await hass.config_entries.async_remove(new.entry_id)
    assert issue(hass) is None


def strangers(hass: HomeAssistant) -> list[ir.IssueEntry]:
    """Return the issues about addresses that another camera has now."""
    return [
        one for one in ir.async_get(hass).issues.values() if one.translation_key == "other_camera"
    ]


async def test_stranger_at_its_address(hass: HomeAssistant, umr20: PovcamSimulator) -> None:
    """Before anybody has added it there is nothing to copy to: what to do is told."""
    entry = await add(hass, entry_for(umr20))
    await act(hass, "save_settings")
    await later(hass, seconds=70)
    assert strangers(hass) == []
    umr20.become(mac="A8-13-74-00-00-09", serial="SIM0000009")
    umr20.fault("get_state", Fault.CLOSE, 2)  # a restart is when cameras are exchanged
    await poll(hass, entry)
    await poll(hass, entry)
    await poll(hass, entry)
    assert entry.runtime_data.strange
    await later(hass, minutes=16)
    assert [one.translation_placeholders for one in strangers(hass)] == [
        {"title": "Stage left", "name": "Stage left"}
    ]
    new = entry_for(umr20, unique_id="a8:13:74:00:00:09")
    await add(hass, new)
    assert await backups.async_replacement_for(hass, new) == entry.entry_id
    await later(hass, minutes=16)
    assert strangers(hass) == []
    assert issue(hass) is not None


async def test_stranger_is_forgotten_with_the_camera(
    hass: HomeAssistant, umr20: PovcamSimulator
) -> None:
    """It is about a camera that is there no longer."""
    entry = await add(hass, entry_for(umr20))
    umr20.become(mac="A8-13-74-00-00-09", serial="SIM0000009")
    umr20.fault("get_state", Fault.CLOSE, 2)
    for _ in range(3):
        await poll(hass, entry)
    await later(hass, seconds=70)
    assert len(strangers(hass)) == 1
    await hass.config_entries.async_remove(entry.entry_id)
    assert strangers(hass) == []


@pytest.mark.parametrize(
    ("state", "there"),
    [
        (ConfigEntryState.SETUP_IN_PROGRESS, True),
        (ConfigEntryState.UNLOAD_IN_PROGRESS, True),
        (ConfigEntryState.SETUP_RETRY, False),
        (ConfigEntryState.SETUP_ERROR, False),
        (ConfigEntryState.NOT_LOADED, False),
    ],
)
def test_who_is_there(hass: HomeAssistant, state: ConfigEntryState, *, there: bool) -> None:
    """Who is just being set up may be there: nobody has come in its place yet."""
    entry = MockConfigEntry(domain=DOMAIN)
    entry.mock_state(hass, state)
    assert is_there(entry) is there


async def test_nobody_to_take_over_from(
    hass: HomeAssistant,
    spare: PovcamSimulator,  # noqa: F811
) -> None:
    """The old entry was removed meanwhile: nothing is left to take, and nothing is changed."""
    entry = await add(hass, spare_for(spare, "Stage left"))
    await async_take_over(hass, "nobody", entry)
    assert entry.title == "Stage left"
