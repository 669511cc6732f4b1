"""Cameras that are set up already: where they were, at another address, or not wanted."""

import asyncio
from collections.abc import Callable
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, IntegrationError
import pytest
import pytest_socket

from custom_components.panacam.const import DOMAIN
from custom_components.panacam.provisioning import held_until, option82_of
from custom_components.panacam.provisioning.steps import Source
from tests.conftest import MAC, add, entry_for, until
from tests.provisioning.conftest import (
    GATE,
    HERE,
    Log,
    Neighbours,
    asked,
    cameras,
    network_of,
    provision,
)
from tests.provisioning.test_run import KEA, OTHER, by_kea
from tests.simulators.kea import KeaSimulator
from tests.simulators.povcam import PovcamSimulator


async def test_already_known(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """A camera that is where it was needs nothing; a renewal is told once an hour."""
    entry = await add(hass, entry_for(camera))
    network = await network_of(hass)
    for _ in range(3):
        await provision(hass, network, asked(circuit_id="7"))
    assert log.steps == [
        "ip_address_allocation",
        "already_known",
        "option_82_added",
        "streams_set_up",
        "ip_address_allocation",
        "already_known",
        "streams_set_up",
    ]
    assert cameras(hass) == [entry]
    assert held_until(hass, mac=MAC) is None
    await provision(hass, network, asked(circuit_id="8"))
    assert log.steps[7:9] == ["ip_address_allocation", "already_known"]
    assert option82_of(hass, MAC) == ("8", None)


async def test_known_and_away(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """A camera that was switched off is loaded as soon as it answers, without longer waits."""
    await camera.stop()
    entry = await add(hass, entry_for(camera))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    network = await network_of(hass)
    network.runtime_data.requested(asked())
    await asyncio.sleep(0.1)
    await camera.start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    assert log.steps == ["ip_address_allocation", "already_known", "streams_set_up"]


async def test_known_and_gone(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """It is not waited for for ever."""
    await camera.stop()
    await add(hass, entry_for(camera))
    network = await network_of(hass)
    await provision(hass, network, asked())
    assert log.steps[-1] == "unreachable"


async def test_moved(
    hass: HomeAssistant, camera: PovcamSimulator, neighbours: Neighbours, log: Log
) -> None:
    """A camera with a new address is followed there once it is proven, and reserved."""
    entry = await add(hass, entry_for(camera, host="127.0.0.9"))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    async with KeaSimulator(KEA) as kea:
        network = await network_of(hass, **by_kea(kea))
        await provision(hass, network, asked())
        assert [one["ip-address"] for one in kea.reservations("127.0.0.0/24")] == [HERE]
    assert entry.data["host"] == HERE
    assert entry.state is ConfigEntryState.LOADED
    assert log.steps == [
        "ip_address_allocation",
        "reservation_created",
        "network_device_moved",
        "streams_set_up",
        "completed",
    ]


async def test_moved_and_asked(
    hass: HomeAssistant, camera: PovcamSimulator, neighbours: Neighbours, log: Log
) -> None:
    """Behind a router a human agrees first, as in discovery; nothing is rewritten before."""
    neighbours.clear()
    entry = await add(hass, entry_for(camera, host="127.0.0.9"))
    network = await network_of(hass)
    await provision(hass, network, asked())
    assert entry.data["host"] == "127.0.0.9"
    assert log.steps[-1] == "unproven"
    assert "agree" in log[-1]["message"]
    await provision(hass, network, asked())
    assert log.steps[-1] == "unproven"
    [flow] = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "moved"


async def test_moved_while_it_answers(
    hass: HomeAssistant, camera: PovcamSimulator, neighbours: Neighbours, log: Log
) -> None:
    """Two that claim one MAC address: the one that is there stays."""
    pytest_socket.socket_allow_hosts([HERE, "127.0.0.2"], allow_unix_socket=True)
    entry = await add(hass, entry_for(camera))
    neighbours["127.0.0.2"] = MAC
    network = await network_of(hass)
    async with await asyncio.start_server(lambda *_: None, "127.0.0.2", camera.port):
        await provision(hass, network, asked(address="127.0.0.2"))
    assert entry.data["host"] == HERE
    assert log.steps[-1] == "not_added"
    assert log[-1]["reason"] == "answers_elsewhere"


@pytest.mark.parametrize("how", ["ignored", "disabled"])
async def test_not_wanted(hass: HomeAssistant, camera: PovcamSimulator, log: Log, how: str) -> None:
    """What was ignored or disabled stays so."""
    entry = entry_for(camera)
    entry.add_to_hass(hass)
    if how == "ignored":
        object.__setattr__(entry, "source", SOURCE_IGNORE)
    else:
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    network = await network_of(hass, GATE)
    await provision(hass, network, asked(address="127.0.0.2"))
    assert log.steps == ["ip_address_allocation", "not_added"]
    assert "ignored or disabled" in log[-1]["message"]
    assert list(camera.requests) == []


async def test_added_by_hand_meanwhile(
    hass: HomeAssistant, camera: PovcamSimulator, neighbours: Neighbours, log: Log
) -> None:
    """Somebody else was faster: there is one entry."""
    await add(hass, entry_for(camera, unique_id="SIM0000001"))
    network = await network_of(hass, GATE | {"mac": OTHER})
    neighbours[HERE] = OTHER
    await provision(hass, network, asked(OTHER))
    assert len(cameras(hass)) == 1
    assert log.steps[-1] in {"other_camera", "not_added"}


async def test_removed_on_the_way(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """An entry that its owner removes while its camera starts is not followed."""
    await camera.stop()
    entry = await add(hass, entry_for(camera, host="127.0.0.9"))
    network = await network_of(hass)
    network.runtime_data.requested(asked())
    await until(lambda: "reservation_skipped" in log.steps)
    await hass.config_entries.async_remove(entry.entry_id)
    await camera.start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[-1] == "not_found"
    assert cameras(hass) == []


async def test_moved_without_a_password(
    hass: HomeAssistant,
    open_camera: PovcamSimulator,
    at_port: Callable[..., None],
    neighbours: Neighbours,
    log: Log,
) -> None:
    """Where there is nothing to give away, nobody has to agree."""
    neighbours.clear()
    at_port(open_camera.port)
    entry = entry_for(open_camera, host="127.0.0.9")
    data = {key: entry.data[key] for key in entry.data if key not in {"username", "password"}}
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=data)
    network = await network_of(hass, {"mac": MAC})
    await provision(hass, network, asked(source=Source.OVERHEARD))
    assert log.steps[-1] == "completed"
    assert entry.data["host"] == HERE
    await hass.config_entries.async_unload(entry.entry_id)


async def test_moved_elsewhere(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """What discovery refuses is told."""
    await add(hass, entry_for(camera, host="127.0.0.9"))
    network = await network_of(hass)
    refused = {"type": FlowResultType.ABORT, "reason": "foreign_address"}
    with patch.object(hass.config_entries.flow, "async_init", AsyncMock(return_value=refused)):
        await provision(hass, network, asked())
    assert log.steps[-1] == "not_added"
    assert log[-1]["reason"] == "foreign_address"


@pytest.mark.parametrize(
    ("error", "reason", "last"),
    [
        (ConfigEntryError, "unsupported_camera", "not_added"),
        (ConfigEntryAuthFailed, "wrong_password", "refused"),
    ],
)
async def test_set_up_is_refused(
    hass: HomeAssistant,
    camera: PovcamSimulator,
    log: Log,
    error: type[IntegrationError],
    reason: str,
    last: str,
) -> None:
    """An entry that will not load by itself is not waited for; its login is blamed for its own."""
    entry = entry_for(camera)
    entry.add_to_hass(hass)
    why = error(translation_domain=DOMAIN, translation_key=reason)
    with patch("custom_components.panacam._async_setup_camera", side_effect=why):
        await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    network = await network_of(hass)
    await provision(hass, network, asked())
    assert (log.steps[-1], log[-1]["reason"]) == (last, reason)
