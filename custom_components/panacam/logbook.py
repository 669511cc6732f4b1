"""The steps of provisioning as lines of the logbook."""

from collections.abc import Callable

from homeassistant.components.logbook import LOGBOOK_ENTRY_MESSAGE, LOGBOOK_ENTRY_NAME
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN
from .provisioning.journal import EVENT_PROVISIONING


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
        return {
            LOGBOOK_ENTRY_NAME: "Provisioning",
            LOGBOOK_ENTRY_MESSAGE: f"{who}: {data.get('title')}. {data.get('message')}",
        }

    async_describe_event(DOMAIN, EVENT_PROVISIONING, describe)
