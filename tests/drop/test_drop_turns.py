"""The drop on and off at awkward moments, what it may not break, and where cameras send to."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import threading
from typing import Any

from homeassistant.components import network
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.panacam import drop as drop_module
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.drop import (
    DropConfig,
    async_address_for,
    async_fault_of,
    running_drop,
)
from custom_components.panacam.drop_accounts import (
    DropAccounts,
    async_load_accounts,
    drop_accounts,
)
from custom_components.panacam.ftp import Tree
from tests.conftest import until
from tests.drop.conftest import Made, free_port, network_of, options


async def is_open(port: int) -> bool:
    """Return whether somebody listens."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Have the folder of the drop take its time until this is set."""
    event, real = threading.Event(), Tree.open
    event.set()

    def slow(self: Tree) -> None:
        assert event.wait(10)
        real(self)

    monkeypatch.setattr(Tree, "open", slow)
    return event


async def _turn_off(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    off = {**entry.options["drop"], "on": False}
    hass.config_entries.async_update_entry(entry, options={"drop": off})


async def _unload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_unload(entry.entry_id)


async def _stop(hass: HomeAssistant, _entry: MockConfigEntry) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)


@pytest.mark.parametrize("end", [_turn_off, _unload, _stop])
async def test_ended_while_it_starts(
    hass: HomeAssistant,
    tmp_path: Path,
    socket_enabled: None,
    hold: threading.Event,
    end: Callable[[HomeAssistant, MockConfigEntry], Any],
) -> None:
    """Nothing listens that nobody wants any more, however long the disk took."""
    entry, port = await network_of(hass), free_port()
    hold.clear()
    hass.config_entries.async_update_entry(entry, options={"drop": options(port, tmp_path / "d")})
    await asyncio.sleep(0.05)
    ending = hass.async_create_task(end(hass, entry))
    await asyncio.sleep(0.05)
    hold.set()
    await ending
    await hass.async_block_till_done()
    assert running_drop(hass) is None
    assert not await is_open(port)


async def test_changed_again_and_again(
    hass: HomeAssistant, tmp_path: Path, socket_enabled: None, hold: threading.Event
) -> None:
    """The last wish is what it is like in the end, and only that one listens."""
    entry = await network_of(hass)
    ports = [free_port() for _ in range(4)]
    hold.clear()
    for port in ports:
        wanted = options(port, tmp_path / "d", days=port)
        hass.config_entries.async_update_entry(entry, options={"drop": wanted})
        await asyncio.sleep(0.01)
    hold.set()
    await hass.async_block_till_done()
    assert [await is_open(port) for port in ports] == [False, False, False, True]
    drop = running_drop(hass)
    assert drop is not None
    assert drop.config.port == ports[-1]


async def test_cancelled_while_it_starts(
    hass: HomeAssistant,
    tmp_path: Path,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is left open of a start that somebody cancelled."""
    opened: list[drop_module.Drop] = []
    real = drop_module.Drop.async_open

    async def cancelled(self: drop_module.Drop) -> None:
        await real(self)
        opened.append(self)
        raise asyncio.CancelledError

    await async_load_accounts(hass)
    monkeypatch.setattr(drop_module.Drop, "async_open", cancelled)
    port = free_port()
    config = DropConfig(**options(port, tmp_path / "d"))
    with pytest.raises(asyncio.CancelledError):
        await drop_module._async_start(hass, config)
    assert len(opened) == 1
    assert running_drop(hass) is None
    assert not await is_open(port)


async def test_disk_breaks(
    hass: HomeAssistant,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Old files that cannot be removed are said, and the drop goes on."""

    def broken(*_: Any) -> None:
        raise OSError

    drop_accounts(hass).make("camera")
    monkeypatch.setattr(made.drop.store, "tidy", broken)
    async_fire_time_changed(hass, dt_util.utcnow() + drop_module.TIDY)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "Old received files could not be removed" in caplog.text
    assert await is_open(made.port)


async def test_same_port(hass: HomeAssistant, made: Made) -> None:
    """The port of the drop itself is no other program's; nothing is wrong with one that is off."""
    config = made.drop.config
    assert await async_fault_of(hass, config) is None
    assert await async_fault_of(hass, DropConfig(folder="relative")) is None


@pytest.mark.parametrize(
    ("host", "asked"), [("192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", None), ("gate.local", None)]
)
async def test_address(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, host: str, asked: str | None
) -> None:
    """Cameras are told the address on their own network, if it is one that they can use."""
    targets: list[str] = []
    told = ["192.0.2.1", "2001:db8::1"]

    async def source(_hass: HomeAssistant, target: str) -> str:
        targets.append(target)
        return told.pop(0)

    monkeypatch.setattr(network, "async_get_source_ip", source)
    entry = MockConfigEntry(domain=DOMAIN, data={CONF_HOST: host})
    assert await async_address_for(hass, entry) == "192.0.2.1"
    assert targets == [asked or network.PUBLIC_TARGET_IP]
    with pytest.raises(HomeAssistantError) as caught:
        await async_address_for(hass, entry)
    assert caught.value.translation_key == "drop_no_address"


@pytest.mark.parametrize("kept", [{}, {"accounts": ["x"]}, {"accounts": None}])
async def test_spoilt_accounts(
    hass: HomeAssistant, hass_storage: dict[str, Any], kept: dict[str, Any]
) -> None:
    """What somebody spoilt is none."""
    hass_storage["panacam.drop"] = {"version": 1, "key": "panacam.drop", "data": kept}
    await async_load_accounts(hass)
    assert drop_accounts(hass).all() == []


async def test_accounts_are_kept(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    """They are read as they were written; rows that are none are left out."""
    accounts = DropAccounts(hass)
    account = accounts.make("gate")
    assert accounts.make("gate") is account
    accounts.forget("nobody")
    await hass.async_block_till_done()
    async_fire_time_changed(hass, dt_util.utcnow() + drop_module.TIDY)
    await until(lambda: "panacam.drop" in hass_storage)
    rows = hass_storage["panacam.drop"]["data"]["accounts"]
    rows |= {
        "a": {"username": "a"},
        "b": 7,
        "c": {"username": "c", "password": ""},
        "d": {"username": "d", "password": 7},
    }
    again = DropAccounts(hass)
    await again.async_load()
    assert again.all() == [account]


async def test_usual_folder_is_small(hass: HomeAssistant) -> None:
    """What is in every backup stays little, unless its owner wants more."""
    config = DropConfig()
    assert config.root(hass) == Path(hass.config.path("panacam_received"))
    assert config.limits.all_bytes == 10 * 1024**3
    assert config.limits.account_bytes == 5 * 1024**3


async def test_loaded_without_it(hass: HomeAssistant) -> None:
    """The network's entry needs no drop."""
    entry = await network_of(hass)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)
    assert running_drop(hass) is None
