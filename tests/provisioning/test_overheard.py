"""Home Assistant's own DHCP discovery as a source: expected cameras only, and never in the way."""

from typing import Any
from unittest.mock import patch

from homeassistant.components.dhcp import helpers
from homeassistant.components.dhcp.models import DATA_DHCP, DHCPData, DhcpMatchers
from homeassistant.core import HomeAssistant
import pytest

from custom_components.panacam.provisioning import async_told
from tests.conftest import MAC
from tests.provisioning.conftest import GATE, Log, Neighbours, cameras, network_of
from tests.simulators.povcam import PovcamSimulator

SEEN: dict[str, Any] = {"a81374000001": {"ip": "127.0.0.1", "hostname": "ag-umr20"}}


@pytest.fixture
def dhcp(hass: HomeAssistant) -> DHCPData:
    """Set up what Home Assistant's DHCP discovery keeps."""
    data = hass.data[DATA_DHCP] = DHCPData(
        integration_matchers=DhcpMatchers(
            registered_devices_domains=set(), no_oui_matchers={}, oui_matchers={}
        )
    )
    return data


def see(dhcp: DHCPData, seen: Any) -> None:
    """Tell everybody who listens."""
    for listener in tuple(dhcp.callbacks):
        listener(seen)


async def test_seen(hass: HomeAssistant, dhcp: DHCPData, camera: PovcamSimulator, log: Log) -> None:
    """An expected camera that Home Assistant sees adds itself once the kernel knows it, too."""
    network = await network_of(hass, GATE)
    see(dhcp, {"02aabbccddee": {"ip": "127.0.0.1", "hostname": "phone"}})
    assert log == []
    see(dhcp, SEEN)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[-1] == "completed"
    assert log[0]["name"] == "Gate"
    assert len(cameras(hass)) == 1
    assert await hass.config_entries.async_unload(network.entry_id)
    assert dhcp.callbacks == set()


async def test_seen_before(
    hass: HomeAssistant, dhcp: DHCPData, camera: PovcamSimulator, log: Log
) -> None:
    """Who asked before the network was loaded is not missed."""
    dhcp.address_data.update(SEEN)
    await network_of(hass, GATE)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[-1] == "completed"


async def test_forged(
    hass: HomeAssistant,
    dhcp: DHCPData,
    camera: PovcamSimulator,
    neighbours: Neighbours,
    log: Log,
) -> None:
    """A packet with an expected MAC address, from somebody else: nothing is sent there."""
    neighbours["127.0.0.1"] = "02:aa:bb:cc:dd:ee"
    await network_of(hass, GATE)
    see(dhcp, SEEN)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps == ["ip_address_allocation", "other_camera"]
    assert (cameras(hass), list(camera.requests)) == ([], [])


@pytest.mark.parametrize("seen", [None, 7, {MAC: None}, {MAC: {}}, {7: {"ip": "127.0.0.1"}}])
async def test_other_form(hass: HomeAssistant, dhcp: DHCPData, log: Log, seen: Any) -> None:
    """Another Home Assistant may tell something else; nobody stumbles."""
    await network_of(hass, GATE)
    see(dhcp, seen)
    assert log == []


async def test_not_there(
    hass: HomeAssistant, dhcp: DHCPData, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    """Only this source is lost, with one line."""
    with patch.object(helpers, "async_register_dhcp_callback_internal", side_effect=TypeError):
        network = await network_of(hass, GATE)
    assert caplog.text.count("DHCP discovery is not to be had") == 1
    async_told(hass, "nonsense", "127.0.0.1", None)
    async_told(hass, "02:aa:bb:cc:dd:ee", "127.0.0.1", None)
    assert log == []
    assert await hass.config_entries.async_unload(network.entry_id)
    async_told(hass, MAC, "127.0.0.1", None)
    assert log == []
