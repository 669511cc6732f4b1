"""Takes away the entities of what a camera had and has no longer: profiles, texts, masks."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .cams.device import is_gone
from .coordinator import PanacamConfigEntry


@callback
def async_clear_leftovers(hass: HomeAssistant, entry: PanacamConfigEntry) -> None:
    """Remove them now, and whenever there are others.

    Home Assistant remembers what their owner called them, for the case that they come back.
    """
    coordinator = entry.runtime_data
    seen: frozenset[str] = frozenset()

    @callback
    def look() -> None:
        nonlocal seen
        if (gone := coordinator.device.gone) == seen:
            return
        seen = gone
        registry = er.async_get(hass)
        for item in er.async_entries_for_config_entry(registry, entry.entry_id):
            if is_gone(item.unique_id.partition("_")[2], gone):
                registry.async_remove(item.entity_id)

    entry.async_on_unload(coordinator.async_add_listener(look))
    look()
