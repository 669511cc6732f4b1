"""The area that a provisioned camera is put into."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr


@callback
def async_place(hass: HomeAssistant, entry: ConfigEntry[Any], area: str | None) -> None:
    """Put an entry's camera into an area, which is made when there is none of that name."""
    if area is None:
        return
    area_id = ar.async_get(hass).async_get_or_create(area).id
    registry = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_device(device.id, area_id=area_id)
