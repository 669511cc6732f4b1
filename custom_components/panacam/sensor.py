"""Room on the cards, length of a recording, how pictures come, and what else a camera tells."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    MAX_LENGTH_STATE_STATE,
    PERCENTAGE,
    EntityCategory,
    UnitOfInformation,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.bridge import Hub, Status
from .cams.device import Slot, State
from .cams.roles import Reading
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .entity import PanacamEntity, add_described
from .provisioning.entities import add_switch_port
from .rows import ToldEntity, described, unit_of

PARALLEL_UPDATES = 0
# Of the frame rate alone, which nobody announces.
SCAN_INTERVAL = timedelta(seconds=10)


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
    suggested_display_precision=0,
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


FIRMWARE = SensorEntityDescription(
    key="firmware",
    translation_key="firmware",
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)


@dataclass(frozen=True, kw_only=True)
class PanacamHubSensorDescription(SensorEntityDescription):
    """Something about how a camera's pictures come."""

    value_fn: Callable[[Hub], str | int]
    polled: bool = False
    """Whether it changes without the hub's saying so."""


OF_HUB = (
    PanacamHubSensorDescription(
        key="connection",
        translation_key="connection",
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in Status],
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda hub: hub.status.value,
    ),
    PanacamHubSensorDescription(
        key="frame_rate",
        translation_key="frame_rate",
        native_unit_of_measurement="fps",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        # Whole numbers: finer steps would fill the history and tell nobody anything.
        value_fn=lambda hub: round(hub.frame_rate),
        polled=True,
    ),
    PanacamHubSensorDescription(
        key="viewers",
        translation_key="viewers",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda hub: hub.viewers,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of one camera."""
    coordinator = entry.runtime_data
    device = coordinator.device

    def readings(state: State) -> Iterator[Reading]:
        return (device.readings[key] for key in state.readings if key in device.readings)

    add_described(entry, async_add_entities, describe, PanacamSensor)
    add_described(entry, async_add_entities, readings, PanacamReading)
    if device.identity.firmware is not None:
        async_add_entities([PanacamFirmware(coordinator, FIRMWARE)])
    add_switch_port(hass, entry, async_add_entities)
    for stream in device.streams:
        if stream.preferred and (hub := coordinator.hub_of(stream)) is not None:
            async_add_entities(PanacamHubSensor(coordinator, item, hub) for item in OF_HUB)


class PanacamSensor(PanacamEntity, SensorEntity):
    """A number that the camera tells."""

    entity_description: PanacamSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return what the camera said, or None while it does not."""
        return self.entity_description.value_fn(self.coordinator.data)


class PanacamFirmware(PanacamEntity, SensorEntity):
    """What runs in the camera."""

    @property
    @override
    def native_value(self) -> str | None:
        """Return what the camera calls it."""
        return self.coordinator.device.identity.firmware


class PanacamHubSensor(PanacamEntity, SensorEntity):
    """Something about how the pictures of the preferred stream come."""

    entity_description: PanacamHubSensorDescription

    def __init__(
        self, coordinator: PanacamCoordinator, description: PanacamHubSensorDescription, hub: Hub
    ) -> None:
        """Tell of `hub`."""
        super().__init__(coordinator, description)
        self._hub = hub

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the hub."""
        await super().async_added_to_hass()
        self.async_on_remove(self._hub.subscribe(self.async_write_ha_state))

    @property
    @override
    def available(self) -> bool:
        """Return True: this is what to look at while the camera does not answer."""
        return True

    @property
    @override
    def should_poll(self) -> bool:
        """Return whether to look now and then."""
        return self.entity_description.polled

    @override
    async def async_update(self) -> None:
        """Do nothing: what the hub has is there, and the camera is not to be asked for it."""

    @property
    @override
    def native_value(self) -> str | int:
        """Return what the hub tells."""
        return self.entity_description.value_fn(self._hub)


DEVICE_CLASSES: Final[dict[str | None, SensorDeviceClass]] = {
    UnitOfTemperature.CELSIUS: SensorDeviceClass.TEMPERATURE,
    UnitOfTime.SECONDS: SensorDeviceClass.DURATION,
}
"""By unit."""
PERCENTAGES: Final = {
    "battery": SensorDeviceClass.BATTERY,
    "humidity": SensorDeviceClass.HUMIDITY,
}
"""By kind, for those in percent."""


def _is_number(row: Reading) -> bool:
    return row.unit is not None or row.precision is not None or row.total


def _described(row: Reading) -> SensorEntityDescription:
    """Return what a reading is: one of its words, a number, or a text.

    Who gives a number a unit or a precision, or counts, promises numbers only.
    """
    category = EntityCategory.DIAGNOSTIC if row.diagnostic else None
    if row.options:
        return SensorEntityDescription(
            **described(row),
            device_class=SensorDeviceClass.ENUM,
            entity_category=category,
            options=list(row.options),
        )
    if not _is_number(row):
        return SensorEntityDescription(**described(row), entity_category=category)
    unit = unit_of(row.unit)
    return SensorEntityDescription(
        **described(row),
        device_class=PERCENTAGES.get(row.kind) if unit == PERCENTAGE else DEVICE_CLASSES.get(unit),
        entity_category=category,
        native_unit_of_measurement=unit,
        state_class=SensorStateClass.TOTAL_INCREASING
        if row.total
        else SensorStateClass.MEASUREMENT,
        suggested_display_precision=row.precision,
    )


class PanacamReading(ToldEntity[Reading], SensorEntity):
    """A number or word that the camera has listed."""

    def __init__(self, coordinator: PanacamCoordinator, row: Reading) -> None:
        """Show `row`."""
        super().__init__(coordinator, _described(row), row)

    @property
    @override
    def told(self) -> float | str | None:
        """Return what the camera said, or None while it does not."""
        return self.coordinator.data.readings.get(self.row.key)

    @property
    @override
    def native_value(self) -> float | str | None:
        """Return what the camera said, or None for what is not of its kind."""
        match self.told:
            case str(word) if self.row.options:
                return word if word in self.row.options else None
            case str(text) if not _is_number(self.row):
                return text[:MAX_LENGTH_STATE_STATE]
            case float() | int() as number if not self.row.options and isfinite(number):
                return number
            case _:
                return None
