"""Cameras that add themselves when the DHCP server gives them an address (provisioning.txt)."""

from datetime import datetime

from homeassistant.core import HomeAssistant, callback

from ..network_entry import network_entry
from .network import Network, NetworkConfigEntry
from .store import ProvisioningStore

__all__ = [
    "NetworkConfigEntry",
    "async_remove_network",
    "async_setup_network",
    "async_told",
    "async_unload_network",
    "held_until",
    "mac_of_entry",
    "option82_of",
]


async def async_setup_network(hass: HomeAssistant, entry: NetworkConfigEntry) -> bool:
    """Begin to wait for the cameras that are expected."""
    return await Network(hass, entry).async_setup()


async def async_unload_network(hass: HomeAssistant, entry: NetworkConfigEntry) -> bool:
    """Stop waiting, and whatever is under way."""
    return await entry.runtime_data.async_unload()


async def async_remove_network(hass: HomeAssistant) -> None:
    """Forget switch ports, holds, and who got which settings."""
    await ProvisioningStore(hass).async_remove()


@callback
def held_until(
    hass: HomeAssistant,
    *,
    mac: str | None = None,
    serial: str | None = None,
    host: str | None = None,
) -> datetime | None:
    """Return until when nobody may add streams of a camera by hand; None: anybody may."""
    if (network := _network(hass)) is None:
        return None
    return network.held_until(mac=mac, serial=serial, host=host)


@callback
def option82_of(hass: HomeAssistant, mac: str) -> tuple[str | None, str | None]:
    """Return a camera's switch port: circuit id and remote id as text; None: never told."""
    if (network := _network(hass)) is None:
        return None, None
    return network.option82_of(mac)


@callback
def mac_of_entry(hass: HomeAssistant, entry_id: str) -> str | None:
    """Return the MAC address that led provisioning to an entry; None: none did."""
    if (network := _network(hass)) is None:
        return None
    return network.mac_of_entry(entry_id)


@callback
def async_told(hass: HomeAssistant, mac: str, address: str, host_name: str | None) -> None:
    """Take note of an address that Home Assistant's own listening saw a camera ask for."""
    if (network := _network(hass)) is not None:
        network.told(mac, address, host_name)


@callback
def _network(hass: HomeAssistant) -> Network | None:
    """Return the network as long as its entry is loaded."""
    network = getattr(network_entry(hass), "runtime_data", None)
    return network if isinstance(network, Network) else None
