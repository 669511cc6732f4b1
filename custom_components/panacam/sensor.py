"""How much room the cards have, and how long a recording has lasted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfInformation, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.device import Slot, State
from .coordinator import PanacamConfigEntry
from .entity import PanacamEntity, add_described

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PanacamSensorDescription(SensorEntityDescription):
    """A number that the camera tells."""

    value_fn: Callable[[State], float | None]


def remaining_percent(state: State) -> float | None:
    """Return the room left on all cards together, in percent of their capacity."""
    cards = [
        (slot.remaining, slot.capacity)
        for slot in state.slots.values()
        if slot.remaining is not None and slot.capacity
    ]
    if not cards:
        return None
    share = sum(room for room, _ in cards) / sum(size for _, size in cards)
    # One decimal: finer steps would fill the history and tell nobody anything.
    return min(100.0, round(100 * share, 1))


RECORDING_TIME = PanacamSensorDescription(
    key="recording_time",
    translation_key="recording_time",
    device_class=SensorDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.SECONDS,
    # Changes with every poll while recording.
    entity_registry_enabled_default=False,
    value_fn=lambda state: (
        None if state.recording_time is None else state.recording_time.total_seconds()
    ),
)
REMAINING_PERCENT = PanacamSensorDescription(
    key="remaining_percent",
    translation_key="remaining_percent",
    native_unit_of_measurement=PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    suggested_display_precision=0,
    value_fn=remaining_percent,
)


def _of_slot(slot: str) -> Iterator[PanacamSensorDescription]:
    """Yield the sizes of one card."""

    def of(read: Callable[[Slot], float | None]) -> Callable[[State], float | None]:
        return lambda state: read(state.slots.get(slot, Slot()))

    named = {"slot": slot.upper()}
    yield PanacamSensorDescription(
        key=f"{slot}_remaining",
        translation_key="card_remaining",
        translation_placeholders=named,
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.GIGABYTES,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value_fn=of(lambda card: card.remaining),
    )
    yield PanacamSensorDescription(
        key=f"{slot}_capacity",
        translation_key="card_capacity",
        translation_placeholders=named,
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.GIGABYTES,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=1,
        value_fn=of(lambda card: card.capacity),
    )


def describe(state: State) -> Iterator[PanacamSensorDescription]:
    """Yield the numbers that this camera tells."""
    if "recording_time" in state.reported:
        yield RECORDING_TIME
    if state.slots:
        yield REMAINING_PERCENT
    for slot in state.slots:
        yield from _of_slot(slot)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of one camera."""
    add_described(entry, async_add_entities, describe, PanacamSensor)


class PanacamSensor(PanacamEntity, SensorEntity):
    """A number that the camera tells."""

    entity_description: PanacamSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return what the camera said, or None while it does not."""
        return self.entity_description.value_fn(self.coordinator.data)
