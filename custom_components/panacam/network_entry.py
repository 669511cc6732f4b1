"""The one entry that is no camera: what is expected on the network."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

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
