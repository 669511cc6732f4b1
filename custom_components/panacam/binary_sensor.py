"""What the camera raises the alarm about, what else it sees, and the state of its cards."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, assert_never, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.device import Activity, Alarm, Slot, State
from .cams.roles import Signal, SignalClass
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .entity import PanacamEntity, add_described
from .recordings import is_full
from .rows import ToldEntity, described

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PanacamBinarySensorDescription(BinarySensorEntityDescription):
    """A yes or no that the camera tells."""

    value_fn: Callable[[State], bool | None]


RECORDER = (
    PanacamBinarySensorDescription(
        key="recording",
        translation_key="recording",
        translation_placeholders={"label": ""},
        device_class=BinarySensorDeviceClass.RUNNING,
        value_fn=lambda state: state.recording,
    ),
    PanacamBinarySensorDescription(
        key="pre_recording",
        translation_key="pre_recording",
        device_class=BinarySensorDeviceClass.RUNNING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda state: state.pre_recording,
    ),
)

REACHABLE: Final = BinarySensorEntityDescription(
    key="reachable",
    translation_key="reachable",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


def _of_alarm(alarm: Alarm) -> PanacamBinarySensorDescription:
    """Return what tells of one alarm."""

    def value(state: State) -> bool | None:
        return state.alarms.get(alarm)

    match alarm:
        case Alarm.MOTION:
            return PanacamBinarySensorDescription(
                key=alarm.value, device_class=BinarySensorDeviceClass.MOTION, value_fn=value
            )
        case Alarm.SOUND:
            return PanacamBinarySensorDescription(
                key=alarm.value,
                device_class=BinarySensorDeviceClass.SOUND,
                # Few cameras listen, and those that do hear every door.
                entity_registry_enabled_default=False,
                value_fn=value,
            )
        case Alarm.EXTERNAL:
            # A contact at the camera's terminal: nobody but its owner knows whether that is a
            # door, a bell or a smoke alarm, so any device class would name it wrongly.
            return PanacamBinarySensorDescription(
                key=alarm.value, translation_key="external_alarm", value_fn=value
            )
        case _:
            assert_never(alarm)


def _of_slot(slot: str) -> Iterator[PanacamBinarySensorDescription]:
    """Yield what one card slot tells."""

    def of(read: Callable[[Slot], bool | None]) -> Callable[[State], bool | None]:
        return lambda state: read(state.slots.get(slot, Slot()))

    named = {"slot": slot.upper()}
    yield PanacamBinarySensorDescription(
        key=f"{slot}_inserted",
        translation_key="card_inserted",
        translation_placeholders=named,
        value_fn=of(lambda card: card.inserted),
    )
    yield PanacamBinarySensorDescription(
        key=f"{slot}_error",
        translation_key="card_error",
        translation_placeholders=named,
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=of(lambda card: card.error),
    )
    yield PanacamBinarySensorDescription(
        key=f"{slot}_full",
        translation_key="card_full",
        translation_placeholders=named,
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=of(is_full),
    )
    yield PanacamBinarySensorDescription(
        key=f"{slot}_repairing",
        translation_key="card_repairing",
        translation_placeholders=named,
        device_class=BinarySensorDeviceClass.RUNNING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=of(lambda card: card.repairing),
    )


def _of_activity(activity: Activity) -> Callable[[State], bool | None]:
    return lambda state: state.activities.get(activity)


def describe(state: State) -> Iterator[PanacamBinarySensorDescription]:
    """Yield what this camera tells of recorder, cards and activities."""
    yield from (_of_alarm(alarm) for alarm in state.alarms)
    yield from (item for item in RECORDER if item.key in state.reported)
    for slot in state.slots:
        yield from _of_slot(slot)
    for activity in state.activities:
        yield PanacamBinarySensorDescription(
            key=activity.value,
            translation_key=activity.value,
            device_class=BinarySensorDeviceClass.RUNNING,
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
            value_fn=_of_activity(activity),
        )


DEVICE_CLASSES: Final = {
    SignalClass.MOTION: BinarySensorDeviceClass.MOTION,
    SignalClass.SOUND: BinarySensorDeviceClass.SOUND,
    SignalClass.TAMPER: BinarySensorDeviceClass.TAMPER,
    SignalClass.MOVING: BinarySensorDeviceClass.MOVING,
    SignalClass.OCCUPANCY: BinarySensorDeviceClass.OCCUPANCY,
    SignalClass.PROBLEM: BinarySensorDeviceClass.PROBLEM,
    SignalClass.RUNNING: BinarySensorDeviceClass.RUNNING,
}


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of one camera."""
    coordinator = entry.runtime_data
    device = coordinator.device

    def signals(state: State) -> Iterator[Signal]:
        return (device.signals[key] for key in state.signals if key in device.signals)

    add_described(entry, async_add_entities, describe, PanacamBinarySensor)
    add_described(entry, async_add_entities, signals, PanacamSignal)
    async_add_entities([PanacamReachable(coordinator, REACHABLE)])


class PanacamBinarySensor(PanacamEntity, BinarySensorEntity):
    """A yes or no that the camera tells."""

    entity_description: PanacamBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what the camera said, or None while it does not."""
        return self.entity_description.value_fn(self.coordinator.data)


class PanacamReachable(PanacamEntity, BinarySensorEntity):
    """Whether the camera answers."""

    _seen: bool | None = None
    """What the state was written of: a camera may speak many times a second."""

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        if self._seen is not (seen := self.is_on):
            self._seen = seen
            super()._handle_coordinator_update()

    @property
    @override
    def available(self) -> bool:
        """Return True: no answer is what this is about."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the camera said something when it was last asked, or by itself since."""
        return self.coordinator.last_update_success


class PanacamSignal(ToldEntity[Signal], BinarySensorEntity):
    """A yes or no that the camera has listed."""

    def __init__(self, coordinator: PanacamCoordinator, row: Signal) -> None:
        """Show `row`."""
        description = BinarySensorEntityDescription(
            **described(row),
            device_class=None if row.signal_class is None else DEVICE_CLASSES[row.signal_class],
            entity_category=EntityCategory.DIAGNOSTIC if row.diagnostic else None,
        )
        super().__init__(coordinator, description, row)

    @property
    @override
    def told(self) -> bool | None:
        """Return what the camera said, or None while it does not."""
        return self.coordinator.data.signals.get(self.row.key)

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what the camera said, or None while it does not."""
        return self.told
