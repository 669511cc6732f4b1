"""What is written in the camera: texts over its picture, and the like."""

from typing import Final, override

from homeassistant.components.text import TextEntity, TextEntityDescription
from homeassistant.const import MAX_LENGTH_STATE_STATE
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.settings import Text
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .rows import SettingEntity, add_settings, category_of, described

PARALLEL_UPDATES = 1

LONGEST: Final = MAX_LENGTH_STATE_STATE


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the texts of one camera."""
    add_settings(entry, async_add_entities, Text, PanacamText)


class PanacamText(SettingEntity[Text], TextEntity):
    """A setting that people write."""

    def __init__(self, coordinator: PanacamCoordinator, row: Text) -> None:
        """Show `row`."""
        description = TextEntityDescription(**described(row), entity_category=category_of(row))
        super().__init__(coordinator, description, row)

    @property
    @override
    def native_max(self) -> int:
        """Return how long it may be; a camera may have a longer one than it takes."""
        return max(self.row.max_length, len(self.native_value or ""))

    @property
    @override
    def native_value(self) -> str | None:
        """Return what the camera has, as much of it as a state can hold."""
        value = self.told
        return value[:LONGEST] if isinstance(value, str) else None

    @override
    async def async_set_value(self, value: str) -> None:
        """Write it. HomeAssistantError says why not."""
        await self._change(value)
