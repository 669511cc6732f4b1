"""The entries: the one of the network, which is no camera, and those of cameras."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import CONF_KIND, DOMAIN, KIND_NETWORK


def is_network(entry: ConfigEntry[Any]) -> bool:
    """Return whether an entry is the network's, not a camera's."""
    return entry.data.get(CONF_KIND) == KIND_NETWORK


@callback
def network_entry(hass: HomeAssistant) -> ConfigEntry[Any] | None:
    """Return the network's entry, if its owner has made one."""
    return next(filter(is_network, hass.config_entries.async_entries(DOMAIN)), None)


@callback
def camera_entries(hass: HomeAssistant) -> list[ConfigEntry[Any]]:
    """Return the entries of cameras, those included that are ignored or turned off."""
    return [entry for entry in hass.config_entries.async_entries(DOMAIN) if not is_network(entry)]


@callback
def camera_name(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str:
    """Return what a camera's owner calls it; until there is a device, what its entry is called."""
    identifiers = {(DOMAIN, str(entry.unique_id))}
    device = dr.async_get(hass).async_get_device(identifiers=identifiers)
    return (device and (device.name_by_user or device.name)) or entry.title
