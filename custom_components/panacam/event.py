"""Alarms as events: each time that the camera raises one, also while it is on already."""

from collections.abc import Iterator
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.device import Alarm, State
from .coordinator import PanacamConfigEntry
from .entity import PanacamEntity, add_described

PARALLEL_UPDATES = 0

# One entity for all kinds of alarm: none of the device classes fits more than one of them, and
# the binary sensors have them already.
ALARM: Final = EventEntityDescription(
    key="alarm", translation_key="alarm", event_types=[alarm.value for alarm in Alarm]
)


def describe(state: State) -> Iterator[EventEntityDescription]:
    """Yield the event of a camera that raises alarms."""
    if state.alarms:
        yield ALARM


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event of one camera."""
    add_described(entry, async_add_entities, describe, PanacamEvent)


class PanacamEvent(PanacamEntity, EventEntity):
    """Something that the camera raises the alarm about."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for alarms."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_alarm_listener(self._raised))

    @callback
    def _raised(self, alarm: Alarm) -> None:
        self._trigger_event(alarm.value)
        self.async_write_ha_state()
