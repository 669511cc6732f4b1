"""Which camera another one replaces, and what it takes over: never more than is sure."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam import backups, replacements
from custom_components.panacam.backup_store import Backups, Known, async_backups
from custom_components.panacam.backups import async_copy, async_restore
from custom_components.panacam.cams.backup import Report
from custom_components.panacam.cams.errors import Reason
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.replacements import (
    AWAY,
    async_replaced_camera,
    async_take_over,
)
from tests.conftest import MAC, add, entry_for, until
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.test_backups import (  # noqa: F401 - fixtures
    CAMERA,
    _own_folder,
    copies,
    later,
    spare,
    spare_for,
)
from tests.test_init import poll
from tests.test_repairs_replacement import Repair, issue, long_away, old, seen_at  # noqa: F401

ELSEWHERE = "192.0.2.7"


async def knows(hass: HomeAssistant, *cameras: Known) -> Backups:
    """Have nobody be known but those."""
    kept = await async_backups(hass)
    kept.known = {known.entry_id: known for known in cameras}
    return kept


def known(name: str, **changes: Any) -> Known:
    """Return a camera that was removed, and had the title and address of the new one."""
    return replace(
        Known(
            entry_id=name,
            unique_id=name,
            title="Stage left",
            host="127.0.0.1",
            family="povcam",
            model="AW-HE40",
            called="HE40",
            saved=dt_util.utc_from_timestamp(0),
            removed=dt_util.utcnow(),
        ),
        **changes,
    )


NAME = {"host": ELSEWHERE}
HOST = {"title": "Gate"}


@pytest.mark.parametrize(
    ("cameras", "found"),
    [
        ([HOST], "0"),
        ([NAME], "0"),
        ([HOST, NAME], "1"),
        ([NAME, HOST], "0"),
        ([HOST, NAME, {}], "2"),
        ([NAME, NAME], None),
        ([HOST, HOST], None),
        ([{}, {}, NAME], None),
        ([{"family": "onvif"}], None),
        ([{"family": "onvif"}, HOST], "1"),
        ([{**NAME, "model": "STAGE LEFT"}], None),
        ([{**NAME, "called": "Stage left"}], None),
        ([{"called": "Stage left"}], "0"),  # by its address
        ([{"replaced_by": "b"}], None),
    ],
)
async def test_who_is_meant(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    cameras: list[dict[str, Any]],
    found: str | None,
) -> None:
    """A name is better than an address; of two that are as good as each other it is neither."""
    await knows(hass, *(known(str(n), **changes) for n, changes in enumerate(cameras)))
    assert await backups.async_replacement_for(hass, entry) == found


async def test_two_that_nobody_named(
    hass: HomeAssistant,
    umr20: PovcamSimulator,
    spare: PovcamSimulator,  # noqa: F811
) -> None:
    """The name of a model says nothing, however long the other one is away."""
    made = entry_for(umr20)
    first = MockConfigEntry(
        domain=DOMAIN, title="AG-UMR20", unique_id=MAC, data=dict(made.data), options={"ring": 0}
    )
    await add(hass, first)
    await async_copy(first.runtime_data)
    await seen_at(hass, first, ELSEWHERE)
    umr20.fault("*", Fault.CLOSE)
    await poll(hass, first)
    await long_away(hass, first)
    second = await add(hass, spare_for(spare, "AG-UMR20"))
    assert await backups.async_replacement_for(hass, second) is None
    await seen_at(hass, first, "127.0.0.1")
    assert await backups.async_replacement_for(hass, second) == first.entry_id


async def test_what_its_entry_says_now(
    hass: HomeAssistant,
    old: MockConfigEntry,  # noqa: F811
    spare: PovcamSimulator,  # noqa: F811
) -> None:
    """It was called otherwise, and was elsewhere, when it was copied last."""
    new = await add(hass, spare_for(spare, "stage left"))
    await long_away(hass, old)
    hass.config_entries.async_update_entry(old, title="Attic")
    assert await backups.async_replacement_for(hass, new) is None
    hass.config_entries.async_update_entry(new, title="Attic")
    assert await backups.async_replacement_for(hass, new) == old.entry_id


async def test_a_name_on_the_list(
    hass: HomeAssistant,
    old: MockConfigEntry,  # noqa: F811
    spare: PovcamSimulator,  # noqa: F811
) -> None:
    """Its owner has said which camera it is: nobody waits for a day."""
    new = await add(hass, spare_for(spare, "Stage left"))
    assert await async_replaced_camera(hass, new) is None
    found = await async_replaced_camera(hass, new, listed=True)
    assert found is not None
    assert found.entry_id == old.entry_id


async def test_since_when_it_is_away(
    hass: HomeAssistant,
    old: MockConfigEntry,  # noqa: F811
    umr20: PovcamSimulator,
    spare: PovcamSimulator,  # noqa: F811
) -> None:
    """It outlasts a restart, and ends once the camera answers."""
    new = await add(hass, spare_for(spare, "Stage left"))
    await later(hass, seconds=70)
    kept = await async_backups(hass)
    since = kept.known[old.entry_id].away
    assert since is not None
    await later(hass, minutes=16)
    assert kept.known[old.entry_id].away == since
    fresh = Backups(hass)
    await fresh.async_load()
    assert fresh.known[old.entry_id] == kept.known[old.entry_id]
    kept.known = {old.entry_id: replace(kept.known[old.entry_id], away=since - AWAY)}
    assert await backups.async_replacement_for(hass, new) == old.entry_id
    umr20.clear_faults()
    await poll(hass, old)
    assert await backups.async_replacement_for(hass, new) is None
    assert kept.known[old.entry_id].away is None


async def test_all_that_its_owner_decided(
    hass: HomeAssistant,
    old: MockConfigEntry,  # noqa: F811
    spare: PovcamSimulator,  # noqa: F811
) -> None:
    """An entity is exposed, hidden, disabled and sorted as the one before it."""
    registry = er.async_get(hass)
    user = er.RegistryEntryDisabler.USER
    items = er.async_entries_for_config_entry(registry, old.entry_id)
    enabled = next(one for one in items if one.disabled_by is not None)
    disabled = next(one for one in items if one.disabled_by is None and one.domain != "camera")
    registry.async_update_entity(enabled.entity_id, disabled_by=None)
    registry.async_update_entity(disabled.entity_id, disabled_by=user)
    registry.async_update_entity(
        CAMERA,
        aliases=["Podium"],
        categories={"scope": "category"},
        hidden_by=er.RegistryEntryHider.USER,
        device_class="stage",
    )
    registry.async_update_entity_options(CAMERA, "conversation", {"should_expose": False})
    registry.async_update_entity_options(CAMERA, "camera.private", {"own": 1})
    new = await add(hass, spare_for(spare, "Stage left"))
    await async_take_over(hass, old.entry_id, new)
    item = registry.async_get(CAMERA)
    assert item is not None
    assert item.config_entry_id == new.entry_id
    assert item.aliases == ["Podium"]
    assert item.categories == {"scope": "category"}
    assert item.hidden_by is er.RegistryEntryHider.USER
    assert item.device_class == "stage"
    assert item.options["conversation"] == {"should_expose": False}
    assert "camera.private" not in item.options
    for was, by in ((enabled, None), (disabled, user)):
        taken = registry.async_get(was.entity_id)
        assert taken is not None
        assert taken.config_entry_id == new.entry_id
        assert taken.disabled_by is by


async def test_a_disabled_device(
    hass: HomeAssistant,
    old: MockConfigEntry,  # noqa: F811
    spare: PovcamSimulator,  # noqa: F811
) -> None:
    """Whoever did not want to see the old one does not see the new one."""
    devices = dr.async_get(hass)
    user = dr.DeviceEntryDisabler.USER
    device = dr.async_entries_for_config_entry(devices, old.entry_id)[0]
    devices.async_update_device(device.id, disabled_by=user)
    new = await add(hass, spare_for(spare, "Stage left"))
    await async_take_over(hass, old.entry_id, new)
    [device] = dr.async_entries_for_config_entry(devices, new.entry_id)
    assert device.disabled_by is user


@pytest.mark.parametrize("absent", [False, True])
async def test_ended_early(
    hass: HomeAssistant,
    old: MockConfigEntry,  # noqa: F811
    spare: PovcamSimulator,  # noqa: F811
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
    *,
    absent: bool,
) -> None:
    """Nothing is taken over from a camera whose settings are not there yet; it is tried again."""
    await seen_at(hass, old, "127.0.0.1")
    new = await add(hass, spare_for(spare, "Another"))
    await later(hass, seconds=70)
    repair = Repair(hass, hass_client)
    await repair.begin()
    if absent:
        keeper = new.runtime_data.device.keeper

        async def nothing(_sections: object, *, own: bool) -> Report:
            assert own
            return Report(absent=("a.b",))

        monkeypatch.setattr(keeper, "restore", nothing)
    else:
        spare.fault("set_jpeg", Fault.CLOSE)
    form = await repair.answer(take_over=True)
    assert form["step_id"] == "failed"
    kept = await async_backups(hass)
    assert kept.known[old.entry_id].replaced_by is None
    assert hass.config_entries.async_get_entry(old.entry_id) is old
    monkeypatch.undo()
    spare.clear_faults()
    assert (await repair.answer())["step_id"] == "confirm"
    assert (await repair.answer(take_over=True))["step_id"] == "report"
    assert spare.camera.jpeg_quality == 8
    assert hass.config_entries.async_get_entry(old.entry_id) is None


async def test_one_restore_after_the_other(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once would make a camera that is neither; nor is what is half done copied."""
    import asyncio  # noqa: PLC0415

    coordinator = entry.runtime_data
    document = await async_copy(coordinator)
    at_once, most = 0, 0
    gate = asyncio.Event()

    async def slow(_sections: object, *, own: bool) -> Report:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await gate.wait()
        at_once -= 1
        return Report(ended=Reason.CUT if own else None)

    monkeypatch.setattr(coordinator.device.keeper, "restore", slow)
    restores = [
        asyncio.create_task(async_restore(coordinator, document, own=own)) for own in (True, False)
    ]
    await until(lambda: at_once == 1)
    copy = asyncio.create_task(async_copy(coordinator))
    await asyncio.sleep(0.2)
    assert not copy.done()
    gate.set()
    reports = await asyncio.gather(*restores)
    await copy
    assert most == 1
    assert [report.ended for report in reports] == [Reason.CUT, None]


@pytest.mark.parametrize(
    ("module", "name", "wait"),
    [(backups, "async_copy", {"minutes": 11}), (replacements, "camera_entries", {"seconds": 70})],
)
async def test_unforeseen(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    module: Any,
    name: str,
    wait: dict[str, float],
) -> None:
    """It is told once, and does not end what is to go on for years."""
    calls = 0
    right: Callable[..., Any] = getattr(module, name)

    def wrong(*_args: object) -> Any:
        nonlocal calls
        calls += 1
        message = "unforeseen"
        raise ValueError(message)

    monkeypatch.setattr(module, name, wrong)
    await later(hass, **wait)
    await later(hass, hours=3)
    assert calls >= 2
    assert caplog.text.count("ValueError: unforeseen") == 1
    monkeypatch.setattr(module, name, right)
    await later(hass, hours=6)
    if module is backups:
        assert len(await copies(hass, entry)) == 1
    else:
        assert (await async_backups(hass)).known is not None
