"""Many cameras that start at one time, and one that lets nobody in: how much is done, and when."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
import pytest_socket

from custom_components.panacam.provisioning import adding, clock, loading
from custom_components.panacam.provisioning.steps import Request
from tests.conftest import add, entry_for, until
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
from tests.simulators.povcam import Fault, PovcamSimulator

MANY = 50


def mac(number: int) -> str:
    """Return one of many MAC addresses."""
    return f"02:00:00:00:00:{number:02x}"


async def test_who_waits_keeps_no_place(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cameras that never start do not stand in the way of one that did."""
    monkeypatch.setattr(clock, "MAX_TURNS", 1)
    monkeypatch.setattr(clock, "BOOT_LIMIT", 60.0)
    addresses = [f"127.0.1.{number}" for number in range(1, 20)]
    pytest_socket.socket_allow_hosts([HERE, *addresses], allow_unix_socket=True)
    network = await network_of(hass, GATE, *({"mac": mac(number)} for number in range(1, 20)))
    for number, address in enumerate(addresses, 1):
        network.runtime_data.requested(asked(mac(number), address))
    await asyncio.sleep(0.1)
    network.runtime_data.requested(asked())
    await until(lambda: "completed" in log.steps)
    assert "unreachable" not in log.steps
    assert len(network.runtime_data._provisioner._runs) >= len(addresses)
    assert await hass.config_entries.async_unload(network.entry_id)


async def test_whole_switch(
    hass: HomeAssistant,
    socket_enabled: None,
    neighbours: Neighbours,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of them are worked on, a few at one time."""
    monkeypatch.setattr(clock, "MAX_TURNS", 4)
    monkeypatch.setattr(clock, "BOOT_LIMIT", 60.0)
    neighbours.update({f"127.0.1.{number}": mac(number) for number in range(MANY)})
    pytest_socket.socket_allow_hosts(list(neighbours), allow_unix_socket=True)
    network = await network_of(hass, *({"mac": mac(number)} for number in range(MANY)))
    going, most, tries = 0, 0, Counter[str]()

    async def slow(_hass: object, _wanted: object, request: Request, _port: int) -> str:
        nonlocal going, most
        going += 1
        most = max(most, going)
        await asyncio.sleep(0.02)
        going -= 1
        tries[request.mac] += 1
        return "busy" if tries[request.mac] == 1 else "already_configured"

    monkeypatch.setattr(adding, "_import", slow)
    async with AsyncExitStack() as servers:
        port = 0
        for address in list(neighbours):
            if address != HERE:
                server = await asyncio.start_server(lambda _, writer: writer.close(), address, port)
                await servers.enter_async_context(server)
                port = server.sockets[0].getsockname()[1]
        monkeypatch.setattr("custom_components.panacam.provisioning.ports.PORTS", (port,))
        for number in range(MANY):
            network.runtime_data.requested(asked(mac(number), f"127.0.1.{number}"))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps.count("not_added") == MANY
    assert set(tries.values()) == {2}
    assert most == clock.MAX_TURNS


async def test_waiting_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a turn longer than its limits are has as much time as before."""
    monkeypatch.setattr(clock, "MAX_TURNS", 1)
    monkeypatch.setattr(clock, "BOOT_LIMIT", 0.5)
    monkeypatch.setattr(clock, "RUN_LIMIT", 0.6)
    turns = clock.Turns()
    own = clock.Clock(turns)
    async with own.limit:
        await turns.work.acquire()
        asyncio.get_running_loop().call_later(0.8, turns.work.release)
        async with own.turn():
            assert not own.is_up()
        await asyncio.sleep(0)
    idle = clock.Clock(turns)
    with pytest.raises(TimeoutError):
        async with idle.limit:
            await asyncio.sleep(0.7)
    assert idle.is_up()


async def test_changed_password(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that lets nobody in is tried once more: it locks out who insists."""
    monkeypatch.setattr(clock, "LOAD_LIMIT", 30.0)
    camera.users["admin"] = ("changed", "admin")
    entry = await add(hass, entry_for(camera))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    network = await network_of(hass)
    before = len(camera.requests)
    await provision(hass, network, asked())
    once = len(camera.requests) - before
    assert log.steps == ["ip_address_allocation", "already_known", "refused"]
    assert "user name and password" in log[-1]["message"]
    assert cameras(hass) == [entry]
    before = len(camera.requests)
    await hass.config_entries.async_reload(entry.entry_id)
    assert once <= len(camera.requests) - before


async def test_slower_and_slower(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that answers and cannot be set up is tried less and less often."""
    monkeypatch.setattr(clock, "LOAD_LIMIT", 1.5)
    monkeypatch.setattr(loading, "RELOAD_PAUSE", 0.2)
    camera.fault("*", Fault.HTML_PAGE)
    entry = await add(hass, entry_for(camera))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    network = await network_of(hass)
    tries = 0
    set_up = hass.config_entries.async_reload

    async def counted(entry_id: str) -> bool:
        nonlocal tries
        tries += 1
        return await set_up(entry_id)

    monkeypatch.setattr(hass.config_entries, "async_reload", counted)
    await provision(hass, network, asked())
    assert log.steps[-1] == "unreachable"
    # After 0, 0.2, 0.6 and 1.4 seconds.
    assert 2 <= tries <= 4
