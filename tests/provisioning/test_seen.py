"""What is seen of provisioning: event, logbook, switch port; and what lasts over a restart."""

from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam import action_base, logbook
from custom_components.panacam.actions import ACTIONS
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.provisioning import (
    async_remove_network,
    held_until,
    option82_of,
    store as store_module,
)
from custom_components.panacam.provisioning.journal import EVENT_PROVISIONING
from custom_components.panacam.provisioning.store import ProvisioningStore
from tests.conftest import MAC, add, entry_for
from tests.provisioning.conftest import GATE, Log, asked, cameras, network_of, provision
from tests.simulators.povcam import PovcamSimulator

STORE = "panacam.provisioning"


def entity(hass: HomeAssistant, platform: str, unique_id: str) -> str:
    """Return an entity's id."""
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id)
    assert found is not None
    return found


async def test_event(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """The last step is the state of an entity of the network's device."""
    network = await network_of(hass, GATE)
    entity_id = entity(hass, "event", "network_provisioning")
    await provision(hass, network, asked(circuit_id="7"))
    state = hass.states.get(entity_id)
    assert state is not None
    assert state.attributes["event_type"] == "completed"
    assert state.attributes["mac"] == MAC
    assert state.attributes["address"] == "127.0.0.1"
    assert state.attributes["name"] == "Gate"
    assert state.attributes["circuit_id"] == "7"
    assert "five minutes" in state.attributes["message"]
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), network.entry_id)
    assert (device.name, device.manufacturer, device.model) == ("Network", DOMAIN, "Network")
    assert device.entry_type is dr.DeviceEntryType.SERVICE


async def test_logbook(hass: HomeAssistant, log: Log) -> None:
    """Every step is a line that a person can read."""
    described: dict[str, Any] = {}

    def take(domain: str, event_type: str, describe: Any) -> None:
        described[event_type] = describe
        assert domain == DOMAIN

    logbook.async_describe_events(hass, take)
    network = await network_of(hass)
    network.runtime_data.requested(asked(host_name="phone"))
    lines = [described[EVENT_PROVISIONING](Event(EVENT_PROVISIONING, one)) for one in log]
    assert [line["name"] for line in lines] == ["Provisioning"] * 2
    assert lines[0]["message"] == (
        f"phone, {MAC}, 127.0.0.1: IP address allocation. The DHCP server gave out this address."
    )
    assert lines[1]["message"].startswith(f"phone, {MAC}, 127.0.0.1: Not found. This is no camera")
    # The sentence stands with the entity, which shows none.
    entity_id = entity(hass, "event", "network_provisioning")
    assert [line["entity_id"] for line in lines] == [entity_id] * 2
    assert lines[0]["icon"] == "mdi:lan-pending"
    state = hass.states.get(entity_id)
    assert state is not None
    assert "entity_id" not in state.attributes
    er.async_get(hass).async_remove(entity_id)
    network.runtime_data.requested(asked(mac="a8:13:74:00:00:09"))
    assert "entity_id" not in described[EVENT_PROVISIONING](Event(EVENT_PROVISIONING, log[-1]))


async def test_logbook_of_a_camera(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """A line stands with the network's device until the camera has its own."""
    network = await network_of(hass, GATE)
    await provision(hass, network, asked())
    registry = dr.async_get(hass)
    [own] = dr.async_entries_for_config_entry(registry, network.entry_id)
    [device] = dr.async_entries_for_config_entry(registry, cameras(hass)[0].entry_id)
    assert log[0]["device_id"] == own.id
    assert log.of("completed")["device_id"] == device.id


async def test_switch_port(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """Where a camera is plugged in is a sensor of its device, from the first word on."""
    entry = await add(hass, entry_for(camera))
    network = await network_of(hass)
    unique_id = f"{MAC}_switch_port"
    assert er.async_get(hass).async_get_entity_id("sensor", DOMAIN, unique_id) is None
    await provision(hass, network, asked(circuit_id="Gi1/0/5", remote_id="switch-7"))
    entity_id = entity(hass, "sensor", unique_id)
    state = hass.states.get(entity_id)
    assert state is not None
    assert state.state == "Gi1/0/5"
    assert state.attributes["remote_id"] == "switch-7"
    await provision(hass, network, asked(circuit_id="Gi1/0/6"))
    state = hass.states.get(entity_id)
    assert state is not None
    assert (state.state, state.attributes["remote_id"]) == ("Gi1/0/6", None)
    registered = er.async_get(hass).async_get(entity_id)
    assert registered is not None
    assert registered.config_entry_id == entry.entry_id
    # The camera may be silent: its switch port is where it was.
    await camera.stop()
    await entry.runtime_data.async_refresh()
    state = hass.states.get(entity_id)
    assert state is not None
    assert state.state == "Gi1/0/6"


async def test_after_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any], camera: PovcamSimulator, log: Log
) -> None:
    """Switch port and hold are there again, whichever entry is loaded first."""
    network = await network_of(hass, GATE)
    await provision(hass, network, asked(circuit_id="7"))
    until = held_until(hass, mac=MAC)
    assert await hass.config_entries.async_unload(network.entry_id)
    kept = hass_storage[STORE]["data"]
    assert kept["ports"] == {MAC: {"circuit_id": "7"}}
    [entry] = cameras(hass)
    assert kept["entries"] == {MAC: entry.entry_id}
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert held_until(hass, mac=MAC) is None
    assert await hass.config_entries.async_setup(network.entry_id)
    await hass.async_block_till_done()
    assert held_until(hass, mac=MAC) == until is not None
    state = hass.states.get(entity(hass, "sensor", f"{MAC}_switch_port"))
    assert state is not None
    assert state.state == "7"
    await async_remove_network(hass)
    assert STORE not in hass_storage


async def test_stop_writes(
    hass: HomeAssistant, hass_storage: dict[str, Any], camera: PovcamSimulator, log: Log
) -> None:
    """What is not written yet is, before Home Assistant ends."""
    network = await network_of(hass, GATE)
    await provision(hass, network, asked(circuit_id="7"))
    hass.bus.async_fire("homeassistant_stop")
    await hass.async_block_till_done()
    assert hass_storage[STORE]["data"]["holds"][MAC]["serial"] == "SIM0000001"


@pytest.mark.parametrize(
    "data",
    [
        {"ports": 7, "holds": [], "given": None, "entries": "x"},
        {"holds": {MAC: {"until": "yesterday"}}},
        {"holds": {MAC: {"until": "2026-01-01T00:00:00"}}},
        {"holds": {MAC: 7}},
        {"holds": {MAC: {"until": "2999-01-01T00:00:00+00:00"}}},
        {"ports": {MAC: {"circuit_id": 7}}},
    ],
)
async def test_spoilt_store(
    hass: HomeAssistant, hass_storage: dict[str, Any], data: dict[str, Any]
) -> None:
    """What somebody spoilt is not there; a hold never lasts longer than five minutes."""
    hass_storage[STORE] = {"version": 1, "minor_version": 1, "key": STORE, "data": data}
    await network_of(hass)
    assert held_until(hass, mac=MAC) is None
    assert option82_of(hass, MAC) == (None, None)


async def test_holds_end(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """After five minutes anybody may again; of many cameras the oldest is forgotten."""
    store = ProvisioningStore(hass)
    await store.async_load()
    store.hold(MAC, serial=None, host="192.0.2.1")
    assert store.held_until(None, "", None) is None
    freezer.tick(timedelta(minutes=4, seconds=59))
    assert store.held_until(MAC, None, None) is not None
    store.hold("other", serial="S", host="192.0.2.2")
    freezer.tick(timedelta(seconds=2))
    assert store.held_until(MAC, None, "192.0.2.1") is None
    assert store.held_until(None, "S", None) is not None
    store.hold("third", serial=None, host="192.0.2.3")
    assert set(store._data()["holds"]) == {"other", "third"}
    for number in range(store_module.MAX_KEPT + 5):
        store.put_port(str(number), {"circuit_id": "1"})
    assert len(store._data()["ports"]) == store_module.MAX_KEPT
    assert store.port_of("4") == {}
    assert store.mac_of("nobody") is None
    await store.async_save()


async def test_streams_by_hand(
    hass: HomeAssistant, camera: PovcamSimulator, freezer: FrozenDateTimeFactory, log: Log
) -> None:
    """For five minutes nobody adds streams, and the sentence says until when."""
    action: Any = next(one for one in ACTIONS if one.name == "create_profile")
    assert action.adds_streams
    assert not next(one for one in ACTIONS if one.name == "get_profiles").adds_streams
    network = await network_of(hass, GATE)
    await provision(hass, network, asked())
    [entry] = cameras(hass)
    coordinator = entry.runtime_data
    with pytest.raises(HomeAssistantError) as caught:
        action_base._refuse_while_held(coordinator)
    until = held_until(hass, mac=MAC)
    assert until is not None
    assert caught.value.translation_key == "held"
    assert caught.value.translation_placeholders is not None
    assert len(caught.value.translation_placeholders["until"]) == 8
    call = AsyncMock(data={"name": "x", "configurations": {}})
    adds: Any = next(one for one in ACTIONS if one.name == "add_configuration")
    for refused in (action, adds):
        with pytest.raises(HomeAssistantError) as caught:
            await refused._perform(coordinator, call, ())
        assert caught.value.translation_key == "held"
    assert not next(one for one in ACTIONS if one.name == "remove_configuration").adds_streams
    freezer.tick(timedelta(minutes=5, seconds=1))
    action_base._refuse_while_held(coordinator)


async def test_no_network(hass: HomeAssistant, open_camera: PovcamSimulator) -> None:
    """Who has no network's entry has no holds and no switch ports."""
    await add(hass, entry_for(open_camera))
    assert held_until(hass, mac=MAC) is None
    assert option82_of(hass, MAC) == (None, None)
    entry = MockConfigEntry(domain=DOMAIN, data={"kind": "network"})
    entry.add_to_hass(hass)
    assert held_until(hass, mac=MAC) is None
