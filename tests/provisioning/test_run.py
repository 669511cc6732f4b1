"""One camera from its address to its streams, step by step as provisioning.txt has it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr
import pytest

from custom_components.panacam.backup_errors import BackupError, Lack
from custom_components.panacam.cams.backup import Report
from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.provisioning import (
    adding,
    configuring,
    held_until,
    option82_of,
    ports,
    run,
)
from custom_components.panacam.provisioning.steps import Source
from tests.conftest import MAC, until
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
from tests.simulators.kea import Fault, KeaSimulator
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator

OTHER = "a8:13:74:00:00:77"
KEA: dict[str, Any] = {
    "subnet4": [{"id": 1, "subnet": "127.0.0.0/24", "pools": [{"pool": "127.0.0.1-127.0.0.99"}]}]
}


def by_kea(kea: KeaSimulator) -> dict[str, str]:
    """Return the options for a simulated DHCP server."""
    return {"server": "kea", "url": kea.url, "username": "panacam", "password": "12345"}


async def test_whole_way(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """Nobody lays a hand on it: an address, a reservation, an entry, its streams, its area."""
    async with KeaSimulator(KEA) as kea:
        network = await network_of(hass, GATE | {"area": "Yard"}, **by_kea(kea))
        await provision(hass, network, asked(circuit_id="Gi1/0/5", remote_id="switch-7"))
        [kept] = kea.reservations("127.0.0.0/24")
    assert (kept["hw-address"], kept["ip-address"], kept["hostname"]) == (MAC, HERE, "gate")
    assert log.steps == [
        "ip_address_allocation",
        "reservation_created",
        "network_device_added",
        "option_82_added",
        "streams_set_up",
        "completed",
    ]
    [entry] = cameras(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.title, entry.unique_id, entry.data["host"]) == ("Gate", MAC, HERE)
    assert log.of("streams_set_up")["streams"] == len(entry.runtime_data.device.streams) > 0
    [area] = ar.async_get(hass).async_list_areas()
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert [device.area_id for device in devices] == [area.id]
    assert area.name == "Yard"
    assert option82_of(hass, MAC) == ("Gi1/0/5", "switch-7")
    assert held_until(hass, mac=MAC) is not None
    assert held_until(hass, serial="SIM0000001") == held_until(hass, host=HERE) is not None
    assert held_until(hass, mac=OTHER, serial="x", host="127.0.0.9") is None
    assert all("12345" not in str(line) for line in log)
    assert all(line["message"] for line in log)


async def test_off(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """With automatic adding off nothing is done, and that is said once."""
    network = await network_of(hass, GATE, automatic=False)
    for _ in range(3):
        await provision(hass, network, asked())
    assert log.steps == ["disabled"]
    assert (cameras(hass), list(camera.requests)) == ([], [])


async def test_nobody_knows_it(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """A telephone is told once an hour, and is not asked for anything."""
    network = await network_of(hass, GATE)
    for _ in range(3):
        await provision(hass, network, asked(OTHER, host_name="phone"))
    assert log.steps == ["ip_address_allocation", "not_found"]
    assert log[0]["name"] == "phone"
    assert (cameras(hass), list(camera.requests)) == ([], [])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault.UNAUTHORIZED, "refused_login"), (Fault.REFUSED, "refused"), (None, "no_subnet")],
)
async def test_no_reservation(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, fault: Fault | None, reason: str
) -> None:
    """When the server does not reserve the address that is the end, and nothing is half done."""
    config = KEA if fault else {"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}]}
    async with KeaSimulator(config) as kea:
        if fault:
            kea.fail("config-get", *[fault] * 5)
        network = await network_of(hass, GATE, **by_kea(kea))
        await provision(hass, network, asked(circuit_id="Gi1/0/5"))
    assert log.steps == ["ip_address_allocation", "failed_to_create_dhcp_reservation"]
    assert log[-1]["reason"] == reason
    assert log[-1]["message"].startswith("The DHCP server did not reserve the address")
    assert len(log[-1]["message"].split(". ")) > 2
    assert (cameras(hass), list(camera.requests)) == ([], [])
    assert option82_of(hass, MAC) == (None, None)
    assert held_until(hass, mac=MAC) is None


async def test_address_of_another_kind(
    hass: HomeAssistant, socket_enabled: None, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IPv6 addresses cannot be reserved."""
    monkeypatch.setattr(run.following, "followable", lambda *_: True)
    async with KeaSimulator(KEA) as kea:
        network = await network_of(hass, GATE, **by_kea(kea))
        await provision(hass, network, asked(address="fd00::5"))
    assert log[-1]["step"] == "failed_to_create_dhcp_reservation"
    assert "IPv4" in log[-1]["message"]


async def test_no_server(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """Without a DHCP server to ask, the camera is added all the same, and the log says so."""
    network = await network_of(hass, GATE)
    await provision(hass, network, asked())
    assert log.steps[1:] == [
        "reservation_skipped",
        "network_device_added",
        "streams_set_up",
        "completed",
    ]


async def test_slow_start(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """A camera that is switched on gets its address long before it answers."""
    network = await network_of(hass, GATE)
    await camera.stop()
    network.runtime_data.requested(asked())
    await asyncio.sleep(0.2)
    assert log.steps == ["ip_address_allocation", "reservation_skipped"]
    await camera.start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[-1] == "completed"


async def test_never_starts(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """Nobody is waited for for ever."""
    network = await network_of(hass, GATE)
    await camera.stop()
    await provision(hass, network, asked())
    assert log.steps[-1] == "unreachable"
    assert cameras(hass) == []


async def test_web_server_first(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, at_port: Callable[..., None]
) -> None:
    """What answers like no camera at first is asked again, at each of its ports."""

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(nonsense, HERE, 0) as server:
        at_port(server.sockets[0].getsockname()[1], camera.port)
        network = await network_of(hass, GATE)
        await provision(hass, network, asked())
    assert log.steps[-1] == "completed"
    assert cameras(hass)[0].data["port"] == camera.port


async def test_wrong_password(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """It is tried twice, not more: cameras lock out who tries often."""
    network = await network_of(hass, GATE | {"password": "wrong"})
    with patch.object(hass.config_entries.flow, "async_init", wraps=_flows(hass)) as flows:
        await provision(hass, network, asked())
    assert flows.call_count == 2
    assert log.steps[-1] == "refused"
    assert "user name and password" in log[-1]["message"]
    assert cameras(hass) == []


def _flows(hass: HomeAssistant) -> Any:
    return hass.config_entries.flow.async_init


async def test_other_serial_number(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """With both marks on the list, both have to be right."""
    network = await network_of(hass, GATE | {"serial": "SIM0000009"})
    await provision(hass, network, asked())
    assert log.steps[-1] == "other_camera"
    assert cameras(hass) == []


async def test_forged(
    hass: HomeAssistant, camera: PovcamSimulator, neighbours: Neighbours, log: Log
) -> None:
    """Who has the address is not who the request says: not a byte goes there."""
    neighbours[HERE] = OTHER
    network = await network_of(hass, GATE)
    await provision(hass, network, asked())
    assert log.steps[-1] == "other_camera"
    assert (cameras(hass), list(camera.requests)) == ([], [])


async def test_late_table(
    hass: HomeAssistant, camera: PovcamSimulator, neighbours: Neighbours, log: Log
) -> None:
    """The kernel may remember who had the address before; it learns."""
    neighbours[HERE] = OTHER
    network = await network_of(hass, GATE)
    network.runtime_data.requested(asked())
    await asyncio.sleep(0.1)
    assert list(camera.requests) == []
    neighbours[HERE] = MAC
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[-1] == "completed"


async def test_not_vouched_for(
    hass: HomeAssistant, camera: PovcamSimulator, neighbours: Neighbours, log: Log
) -> None:
    """A neighbour that the kernel is not sure of is none on another network."""
    neighbours[HERE] = OTHER
    neighbours.vouches = False
    network = await network_of(hass, GATE)
    await provision(hass, network, asked())
    assert log.steps[-1] == "other_camera"
    assert list(camera.requests) == []


@pytest.mark.parametrize(
    ("source", "login", "last"),
    [
        (Source.SERVER, True, "completed"),
        (Source.OVERHEARD, True, "unproven"),
        (Source.OVERHEARD, False, "completed"),
    ],
)
async def test_other_segment(
    hass: HomeAssistant,
    socket_enabled: None,
    quick: None,
    at_port: Callable[..., None],
    neighbours: Neighbours,
    log: Log,
    source: Source,
    login: bool,
    last: str,
) -> None:
    """Behind a router only the DHCP server knows who has an address; a packet proves nothing."""
    neighbours.clear()
    row = GATE if login else {"mac": MAC}
    async with PovcamSimulator(model=AG_UMR20, auth=Auth.DIGEST, user_auth=login) as camera:
        at_port(camera.port)
        async with KeaSimulator(KEA) as kea:
            network = await network_of(hass, row, **by_kea(kea))
            await provision(hass, network, asked(source=source))
            reserved = len(kea.reservations("127.0.0.0/24"))
        assert log.steps[-1] == last
        assert reserved == (last == "completed")
        assert bool(camera.requests) is (last == "completed")
        for entry in cameras(hass):
            await hass.config_entries.async_unload(entry.entry_id)


async def test_foreign_address(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """Nothing is reserved or asked outside of private networks."""
    async with KeaSimulator(KEA) as kea:
        network = await network_of(hass, GATE, **by_kea(kea))
        await provision(hass, network, asked(address="203.0.113.5"))
        assert kea.asked == []
    assert log.steps == ["ip_address_allocation", "unproven"]
    assert "private network" in log[-1]["message"]


def report(**changes: Any) -> Report:
    """Return what a restoring tells."""
    return Report(taken=("a", "b"), refused={"c": Reason.REFUSED}, absent=("d",), **changes)


async def test_template(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """The camera gets the settings that it was promised, once."""
    network = await network_of(hass, GATE | {"template": "Day"})
    apply = AsyncMock(return_value=report())
    with patch.object(configuring, "async_apply_template", apply):
        await provision(hass, network, asked())
        await provision(hass, network, asked())
    [entry] = cameras(hass)
    apply.assert_awaited_once_with(hass, entry, "Day")
    assert log.steps[3:6] == ["streams_set_up", "configuration_applied", "completed"]
    line = log.of("configuration_applied")
    assert (line["taken"], line["refused"], line["absent"]) == (2, 1, 1)
    assert "reason" not in log.of("completed")


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        ({"side_effect": BackupError(Lack.NO_SUCH_TEMPLATE)}, "no_such_template"),
        ({"side_effect": ConnectError(Reason.CUT)}, "cut"),
        ({"return_value": report(ended=Reason.CUT, untried=("e",))}, "cut"),
    ],
)
async def test_template_fails(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, effect: dict[str, Any], reason: str
) -> None:
    """The camera is there all the same; the settings are tried again at the next request."""
    network = await network_of(hass, GATE | {"template": "Day"})
    apply = AsyncMock(**effect)
    with patch.object(configuring, "async_apply_template", apply):
        await provision(hass, network, asked())
        assert log.of("configuration_failed")["reason"] == reason
        assert log.steps[-1] == "completed"
        assert log[-1]["reason"] == "without_settings"
        assert "other settings than those that were meant" in log[-1]["message"]
        await provision(hass, network, asked())
    assert apply.await_count == 2
    assert log.steps[-1] == "configuration_failed"


async def test_stranger_of_the_same_name(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log
) -> None:
    """A camera of an earlier one's name gets that one's settings; else nobody's."""
    network = await network_of(hass, GATE)
    known = AsyncMock()
    known.title, known.entry_id = "gate", "earlier"
    apply = AsyncMock(return_value=report())
    with (
        patch.object(configuring, "async_replaced_camera", AsyncMock(return_value=known)),
        patch.object(configuring, "async_apply_replacement", apply),
    ):
        await provision(hass, network, asked())
        [entry] = cameras(hass)
        apply.assert_awaited_once_with(hass, entry, "earlier")
        assert "configuration_applied" in log.steps
        known.title = "Door"
        assert await configuring.async_replace(hass, entry) is None


async def test_unload_in_the_middle(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """Who waits for a camera waits no longer once the network's entry is unloaded."""
    await camera.stop()
    network = await network_of(hass, GATE)
    network.runtime_data.requested(asked())
    await until(lambda: "reservation_skipped" in log.steps)
    assert await hass.config_entries.async_unload(network.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[-1] == "reservation_skipped"
    assert held_until(hass, mac=MAC) is None
    assert option82_of(hass, MAC) == (None, None)


async def test_https(
    hass: HomeAssistant,
    socket_enabled: None,
    quick: None,
    at_port: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    log: Log,
) -> None:
    """A camera that answers over HTTPS alone is added with the certificate that it shows."""
    redirect = (
        b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://%s/\r\nContent-Length: 0\r\n\r\n"
    )

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # somebody only knocks
            await reader.readuntil(b"\r\n\r\n")
            writer.write(redirect % HERE.encode())
        writer.close()

    async with (
        await asyncio.start_server(elsewhere, HERE, 0) as server,
        PovcamSimulator(model=AG_UMR20, auth=Auth.DIGEST, user_auth=True, https=True) as simulator,
    ):
        monkeypatch.setattr(ports, "HTTPS", simulator.port)
        at_port(server.sockets[0].getsockname()[1], simulator.port)
        network = await network_of(hass, GATE)
        await provision(hass, network, asked())
        assert log.steps[-1] == "completed"
        [entry] = cameras(hass)
        assert entry.data["ssl"] is True
        assert len(entry.data["fingerprint"]) == 64
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("reason", "last"),
    [("unreachable", "unreachable"), ("unsupported_camera", "not_added"), ("tls", "not_added")],
)
async def test_import_says_no(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, reason: str, last: str
) -> None:
    """What passes is tried until the end of the wait, what does not is the end."""
    network = await network_of(hass, GATE)
    with patch.object(adding, "_import", AsyncMock(return_value=reason)) as tried:
        await provision(hass, network, asked())
    assert log.steps[-1] == last
    assert log[-1]["reason"] == reason
    assert (tried.await_count > 3) is (last == "unreachable")


async def test_entities_stay(hass: HomeAssistant, socket_enabled: None, log: Log) -> None:
    """When the entities cannot go, the network goes on."""
    network = await network_of(hass)
    with patch.object(hass.config_entries, "async_unload_platforms", AsyncMock(return_value=False)):
        assert not await hass.config_entries.async_unload(network.entry_id)
