"""Events: each time that the camera raises an alarm, on already or not, and of its topics."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, override

from homeassistant.components.event import (
    ATTR_EVENT_TYPE,
    ATTR_EVENT_TYPES,
    EventEntity,
    EventEntityDescription,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    ATTR_ASSUMED_STATE,
    ATTR_ATTRIBUTION,
    ATTR_DEVICE_CLASS,
    ATTR_ENTITY_ID,
    ATTR_ENTITY_PICTURE,
    ATTR_FRIENDLY_NAME,
    ATTR_ICON,
    ATTR_LATITUDE,
    ATTR_LONGITUDE,
    ATTR_RESTORED,
    ATTR_SUPPORTED_FEATURES,
    ATTR_UNIT_OF_MEASUREMENT,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.device import Alarm, State
from .cams.roles import Topic, TopicEvent
from .coordinator import PanacamCoordinator
from .drop_event import add_clip_received
from .entity import PanacamEntity, add_described
from .network_entry import is_network
from .provisioning.entities import add_network_events
from .recordings import Failure, Outcome
from .rows import ToldEntity, described

PARALLEL_UPDATES = 0

# One entity for all kinds of alarm: none of the device classes fits more than one of them, and
# the binary sensors have them already.
ALARM: Final = EventEntityDescription(
    key="alarm", translation_key="alarm", event_types=[alarm.value for alarm in Alarm]
)

RECORDER: Final = EventEntityDescription(
    key="recorder", translation_key="recorder", event_types=[outcome.value for outcome in Outcome]
)

# A topic is one kind of thing that happens, and its data differ from camera to camera.
HAPPENED: Final = "happened"

TAKEN: Final = frozenset(
    {
        ATTR_ASSUMED_STATE,
        ATTR_ATTRIBUTION,
        ATTR_DEVICE_CLASS,
        ATTR_ENTITY_ID,
        ATTR_ENTITY_PICTURE,
        ATTR_EVENT_TYPE,
        ATTR_EVENT_TYPES,
        ATTR_FRIENDLY_NAME,
        ATTR_ICON,
        ATTR_LATITUDE,
        ATTR_LONGITUDE,
        ATTR_RESTORED,
        ATTR_SUPPORTED_FEATURES,
        ATTR_UNIT_OF_MEASUREMENT,
    }
)
"""Attributes that mean something to Home Assistant, which no camera may set."""


def describe(state: State) -> Iterator[EventEntityDescription]:
    """Yield the event of a camera that raises alarms."""
    if state.alarms:
        yield ALARM


async def async_setup_entry(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the events of one camera, or of the network."""
    if is_network(entry):
        add_network_events(entry, async_add_entities)
        return
    device = entry.runtime_data.device

    def topics(state: State) -> Iterator[Topic]:
        return (device.topics[key] for key in sorted(state.topics) if key in device.topics)

    add_described(entry, async_add_entities, describe, PanacamEvent)
    add_described(entry, async_add_entities, topics, PanacamTopic)
    add_clip_received(hass, entry, async_add_entities)
    if device.recorder is not None:
        async_add_entities([PanacamRecordings(entry.runtime_data, RECORDER)])


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


class PanacamRecordings(PanacamEntity, EventEntity):
    """What becomes of recordings, with the reason of one that failed."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what the camera shows."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.recordings.listen(self._told))

    @callback
    def _told(self, outcome: Outcome, failure: Failure | None) -> None:
        self._trigger_event(outcome.value, {"reason": failure.value} if failure else None)
        self.async_write_ha_state()


def attributes_of(data: Mapping[str, str]) -> dict[str, str]:
    """Return the data of an event as attributes; a name that is taken gets a line at its end."""
    return {f"{name}_" if name in TAKEN else name: value for name, value in data.items()}


class PanacamTopic(ToldEntity[Topic], EventEntity):
    """Something that happens, as the camera tells it, with its data as attributes."""

    def __init__(self, coordinator: PanacamCoordinator, row: Topic) -> None:
        """Show `row`."""
        description = EventEntityDescription(**described(row), event_types=[HAPPENED])
        super().__init__(coordinator, description, row)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for its events, and hear the one that it was made for."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.topics.listen(self.row.key, self._told))

    @callback
    def _told(self, event: TopicEvent) -> None:
        self._trigger_event(HAPPENED, attributes_of(event.data))
        self.async_write_ha_state()
