"""What can be set to a number in the camera."""

from typing import Final, override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import UnitOfDataRate, UnitOfLength, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.settings import Range
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .rows import SettingEntity, add_settings, category_of, described, unit_of

PARALLEL_UPDATES = 1

DEVICE_CLASSES: Final[dict[str | None, NumberDeviceClass]] = {
    UnitOfDataRate.KILOBITS_PER_SECOND: NumberDeviceClass.DATA_RATE,
    UnitOfLength.METERS: NumberDeviceClass.DISTANCE,
    UnitOfTime.MICROSECONDS: NumberDeviceClass.DURATION,
    UnitOfTime.MILLISECONDS: NumberDeviceClass.DURATION,
    UnitOfTime.SECONDS: NumberDeviceClass.DURATION,
}
"""By unit."""
TYPED: Final = ("_port", "_ttl")
"""How kinds end whose numbers people know and type in: no slider hits them."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of one camera."""
    add_settings(entry, async_add_entities, Range, PanacamNumber)


class PanacamNumber(SettingEntity[Range], NumberEntity):
    """A setting with a number."""

    def __init__(self, coordinator: PanacamCoordinator, row: Range) -> None:
        """Show `row`; its limits may change, its unit does not."""
        unit = unit_of(row.unit)
        description = NumberEntityDescription(
            **described(row),
            device_class=DEVICE_CLASSES.get(unit),
            entity_category=category_of(row),
            mode=NumberMode.BOX if (row.kind or row.key).endswith(TYPED) else None,
            native_unit_of_measurement=unit,
        )
        super().__init__(coordinator, description, row)

    @property
    @override
    def native_min_value(self) -> float:
        """Return the least that the camera takes now."""
        return self.row.minimum

    @property
    @override
    def native_max_value(self) -> float:
        """Return the most that the camera takes now."""
        return self.row.maximum

    @property
    @override
    def native_step(self) -> float:
        """Return the smallest difference."""
        return self.row.step

    @property
    @override
    def native_value(self) -> float | None:
        """Return what the camera has."""
        value = self.told
        return value if isinstance(value, float | int) else None

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set it. HomeAssistantError says why not."""
        await self._change(value)
