"""Cameras that are expected by their serial number alone, among all others that get addresses."""

import asyncio
from collections.abc import Callable
from unittest.mock import AsyncMock

from homeassistant.core import HomeAssistant
import pytest
import pytest_socket

from custom_components.panacam.provisioning import strangers
from custom_components.panacam.provisioning.steps import Source
from tests.provisioning.conftest import HERE, Log, asked, cameras, network_of, provision
from tests.simulators.povcam import PovcamSimulator

ROW = {"serial": "sim0000001", "name": "Gate"}
PHONE = "02:00:00:00:00:07"


async def test_that_starts(
    hass: HomeAssistant, open_camera: PovcamSimulator, at_port: Callable[..., None], log: Log
) -> None:
    """A camera gets its address long before it can tell who it is; letters of any case will do."""
    at_port(open_camera.port)
    await open_camera.stop()
    network = await network_of(hass, ROW)
    network.runtime_data.requested(asked())
    await asyncio.sleep(0.2)
    assert log.steps == ["ip_address_allocation"]
    await open_camera.start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[-1] == "completed"
    assert log.steps.count("ip_address_allocation") == 1
    assert [entry.title for entry in cameras(hass)] == ["Gate"]
    assert network.runtime_data._unseen() == ()


async def test_that_starts_too_slowly(
    hass: HomeAssistant, open_camera: PovcamSimulator, at_port: Callable[..., None], log: Log
) -> None:
    """Who never answered is asked again when it next gets an address, and told of once."""
    at_port(open_camera.port)
    await open_camera.stop()
    network = await network_of(hass, ROW)
    await provision(hass, network, asked())
    assert log.steps == ["ip_address_allocation", "not_found"]
    await provision(hass, network, asked())
    assert log.steps == ["ip_address_allocation", "not_found"]
    await open_camera.start()
    await provision(hass, network, asked())
    assert log.steps[-1] == "completed"


async def test_overheard(
    hass: HomeAssistant, open_camera: PovcamSimulator, at_port: Callable[..., None], log: Log
) -> None:
    """What Home Assistant saw itself is enough; of all others it saw nothing is told."""
    at_port(open_camera.port)
    network = await network_of(hass, ROW)
    network.runtime_data.told(PHONE, "203.0.113.5", "phone")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log == []
    network.runtime_data.told("A81374000001", HERE, None)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[0] == "ip_address_allocation"
    assert log.steps[-1] == "completed"
    told = len(log)
    network.runtime_data.told(PHONE, HERE, "phone")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(log) == told


async def test_off(hass: HomeAssistant, socket_enabled: None, log: Log) -> None:
    """Nobody is asked, and what was only overheard of strangers is no line."""
    network = await network_of(hass, ROW, automatic=False)
    network.runtime_data.told(PHONE, HERE, "phone")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log == []
    await provision(hass, network, asked(PHONE))
    assert log.steps == ["disabled"]


async def test_turned_off_while_it_starts(
    hass: HomeAssistant, open_camera: PovcamSimulator, at_port: Callable[..., None], log: Log
) -> None:
    """It is found, and not added any more."""
    at_port(open_camera.port)
    await open_camera.stop()
    network = await network_of(hass, ROW)
    network.runtime_data.requested(asked())
    hass.config_entries.async_update_entry(network, options={**network.options, "automatic": False})
    await open_camera.start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[-1] == "disabled"
    assert cameras(hass) == []


async def test_other_device(
    hass: HomeAssistant,
    open_camera: PovcamSimulator,
    at_port: Callable[..., None],
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who told its number is asked again after an hour, or when somebody else is expected."""
    at_port(open_camera.port)
    network = await network_of(hass, {"serial": "S9"})
    knock = AsyncMock(wraps=strangers.knock)
    monkeypatch.setattr(strangers, "knock", knock)
    for _ in range(3):
        await provision(hass, network, asked())
    assert knock.await_count == 1
    assert log.steps == ["ip_address_allocation", "not_found"]
    monkeypatch.setattr(strangers, "QUIET", 0.0)
    await provision(hass, network, asked())
    assert knock.await_count == 2
    monkeypatch.setattr(strangers, "QUIET", 3600.0)
    hass.config_entries.async_update_entry(network, options={**network.options, "expected": [ROW]})
    await provision(hass, network, asked())
    assert log.steps[-1] == "completed"


async def test_newest_address(
    hass: HomeAssistant, open_camera: PovcamSimulator, at_port: Callable[..., None], log: Log
) -> None:
    """It is looked for where it was last said to be; the server knows best."""
    pytest_socket.socket_allow_hosts([HERE, "127.0.0.9"], allow_unix_socket=True)
    at_port(open_camera.port)
    network = await network_of(hass, ROW)
    tell = network.runtime_data.requested
    tell(asked(address="127.0.0.9", source=Source.OVERHEARD))
    tell(asked())
    tell(asked(address="127.0.0.9", source=Source.OVERHEARD))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (log.steps[-1], log[-1]["address"]) == ("completed", HERE)


async def test_many(
    hass: HomeAssistant, socket_enabled: None, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered of those who answered has an end."""
    monkeypatch.setattr(strangers, "MAX_ANSWERED", 3)
    monkeypatch.setattr(strangers, "knock", AsyncMock(return_value=(9,)))
    network = await network_of(hass, ROW)
    for number in range(5):
        network.runtime_data.requested(asked(f"02:00:00:00:00:{number:02x}"))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(network.runtime_data._provisioner._strangers._answered) == 3
    assert log.steps.count("not_found") == 5
