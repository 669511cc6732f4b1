"""A camera on its way while something else happens to its entry."""

import asyncio

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam import moving
from tests.conftest import until
from tests.simulators.povcam import PovcamSimulator
from tests.simulators.povcam.site import Place, Trouble
from tests.travels import do, free_port, soon, umr20

__all__ = ["soon", "umr20"]

pytestmark = pytest.mark.usefixtures("near", "soon")


async def test_entry_that_changes_meanwhile(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Only the place is taken; all else stays as it is by then, and is used."""
    umr20.camera.site.delay = 0.5
    port = free_port()
    task = hass.async_create_task(do(hass, "set_network", port=port))
    await until(lambda: entry.state is ConfigEntryState.NOT_LOADED)
    _, role = umr20.users[entry.data["username"]]
    umr20.users[entry.data["username"]] = ("new", role)
    data = {**entry.data, "password": "new", "later": 1}
    hass.config_entries.async_update_entry(entry, data=data)
    await task
    assert dict(entry.data) == {**data, "port": port}
    assert entry.state is ConfigEntryState.LOADED


async def test_set_up_meanwhile(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Who sets it up where it still is does not keep it there."""
    site, port = umr20.camera.site, free_port()
    move, places = site.move, list[Place]()
    site.move = places.append
    task = hass.async_create_task(do(hass, "set_network", port=port))
    await until(lambda: bool(places) and entry.state is ConfigEntryState.NOT_LOADED)
    await hass.config_entries.async_reload(entry.entry_id)
    early = entry.runtime_data
    move(places[0])
    await task
    assert entry.data["port"] == port
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not early


async def test_something_breaks(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is raised on the way, the entry is set up again with what it had."""
    umr20.camera.site.trouble = Trouble.STAYS
    before = dict(entry.data)

    async def broken(*_args: object, **_words: object) -> None:
        assert entry.state is ConfigEntryState.NOT_LOADED
        raise ZeroDivisionError

    monkeypatch.setattr(moving, "find", broken)
    with pytest.raises(ZeroDivisionError):
        await do(hass, "set_network", port=free_port())
    assert dict(entry.data) == before
    await until(lambda: entry.state is not ConfigEntryState.NOT_LOADED)


async def test_home_assistant_stops(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Then nothing is set up again, and the entry keeps the old place for the next start."""
    umr20.camera.site.trouble = Trouble.LOST
    before = dict(entry.data)
    task = hass.async_create_task(do(hass, "set_network", port=free_port()))
    await until(lambda: entry.state is ConfigEntryState.NOT_LOADED)
    await hass.async_stop(force=True)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert dict(entry.data) == before
    assert entry.state is ConfigEntryState.NOT_LOADED
