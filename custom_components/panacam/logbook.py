"""The steps of provisioning as lines of the logbook."""

from collections.abc import Callable
from typing import Final

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN
from .provisioning.journal import EVENT_PROVISIONING

ICON: Final = "mdi:lan-pending"
"""That of the event entity, which shows no sentences."""


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Say how a step is shown."""

    @callback
    def describe(event: Event) -> dict[str, str]:
        data = event.data
        who = ", ".join(str(data[key]) for key in ("name", "mac", "address") if key in data)
        line = {
            LOGBOOK_ENTRY_NAME: "Provisioning",
            LOGBOOK_ENTRY_MESSAGE: f"{who}: {data.get('title')}. {data.get('message')}",
            LOGBOOK_ENTRY_ICON: ICON,
        }
        if (entity_id := data.get(ATTR_ENTITY_ID)) is not None:
            line[LOGBOOK_ENTRY_ENTITY_ID] = entity_id
        return line

    async_describe_event(DOMAIN, EVENT_PROVISIONING, describe)
