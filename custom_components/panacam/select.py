"""What can be chosen in the camera."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.settings import Choice, Settings
from .coordinator import PanacamConfigEntry
from .entity import PanacamEntity, add_settings

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class PanacamSelectDescription(SelectEntityDescription):
    """A setting with a few values."""

    settings: Settings


def describe(settings: Settings) -> Iterator[PanacamSelectDescription]:
    """Yield a select for each setting that is a choice."""
    for setting in settings.table:
        if isinstance(setting, Choice):
            yield PanacamSelectDescription(
                key=setting.key,
                translation_key=setting.key,
                entity_category=EntityCategory.CONFIG,
                options=list(setting.options),
                settings=settings,
            )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the selects of one camera."""
    add_settings(entry, async_add_entities, describe, PanacamSelect)


class PanacamSelect(PanacamEntity, SelectEntity):
    """A setting with a few values."""

    entity_description: PanacamSelectDescription

    @property
    @override
    def current_option(self) -> str | None:
        """Return what the camera has, or None for what has no name."""
        value = self.coordinator.data.settings.get(self.entity_description.key)
        return value if isinstance(value, str) and value in self.options else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose it. HomeAssistantError says why not."""
        description = self.entity_description
        await self._act(description.settings.change(description.key, option))
