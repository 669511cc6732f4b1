"""What can be set to a number in the camera."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import override

from homeassistant.components.number import NumberEntity, NumberEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.settings import Range, Settings
from .coordinator import PanacamConfigEntry
from .entity import PanacamEntity, add_settings

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class PanacamNumberDescription(NumberEntityDescription):
    """A setting with a number."""

    settings: Settings


def describe(settings: Settings) -> Iterator[PanacamNumberDescription]:
    """Yield a number for each setting that is one."""
    for setting in settings.table:
        if isinstance(setting, Range):
            yield PanacamNumberDescription(
                key=setting.key,
                translation_key=setting.key,
                entity_category=EntityCategory.CONFIG,
                native_min_value=setting.minimum,
                native_max_value=setting.maximum,
                native_step=setting.step,
                settings=settings,
            )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of one camera."""
    add_settings(entry, async_add_entities, describe, PanacamNumber)


class PanacamNumber(PanacamEntity, NumberEntity):
    """A setting with a number."""

    entity_description: PanacamNumberDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return what the camera has."""
        value = self.coordinator.data.settings.get(self.entity_description.key)
        return value if isinstance(value, float | int) else None

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set it. HomeAssistantError says why not."""
        description = self.entity_description
        await self._act(description.settings.change(description.key, value))
