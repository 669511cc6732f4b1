"""The log of provisioning: events of Home Assistant, with a sentence for each step."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.translation import async_get_translations

from ..cams.net.tls import grouped
from ..const import CONF_FINGERPRINT, DOMAIN
from .steps import Request, Step, Told

EVENT_PROVISIONING: Final = f"{DOMAIN}_provisioning"
QUIET: Final = 3600.0
"""Seconds in which the same is told once."""
QUIET_STRANGERS: Final = 24 * 3600.0
"""Seconds in which it is told once of those who are none of ours; houses are full of them."""
MAX_STRANGERS: Final = 2000
"""Who is remembered for that; telephones change their addresses as they like."""
_ATTRIBUTES: Final = f"component.{DOMAIN}.entity.event.provisioning.state_attributes."
_MESSAGES: Final = f"{_ATTRIBUTES}message.state."
_TITLES: Final = f"{_ATTRIBUTES}event_type.state."
_OF_SERVER: Final = f"component.{DOMAIN}.options.error.server_"
_OF_CAMERA: Final = f"component.{DOMAIN}.exceptions."

type Line = dict[str, Any]
"""What is told of one step; holds no secrets."""


class Journal:
    """Tells each step to the event entity and to Home Assistant's bus, for the logbook."""

    def __init__(
        self, hass: HomeAssistant, belongs: Callable[[Request], Mapping[str, str]]
    ) -> None:
        """Begin with nothing told.

        `belongs` gives the `entity_id` and the `device_id` with which a line is to stand.
        """
        self._hass = hass
        self._belongs = belongs
        self._texts: dict[str, str] = {}
        self._listeners: list[Callable[[str, Line], None]] = []
        self._told: dict[str, float] = {}

    async def async_load(self) -> None:
        """Read the sentences in Home Assistant's language."""
        for category in ("entity", "exceptions", "options"):
            self._texts |= await async_get_translations(
                self._hass, self._hass.config.language, category, {DOMAIN}
            )

    @callback
    def listen(self, listener: Callable[[str, Line], None]) -> CALLBACK_TYPE:
        """Tell `listener` the name of each step and what there is to say of it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def first(self, *about: str, quiet: float | None = None) -> bool:
        """Return whether something was not told within QUIET seconds, and remember that it is.

        `quiet`: other seconds than those.
        """
        key, now = " ".join(about), self._hass.loop.time()
        last = self._told.pop(key, None)
        if last is not None and now < last + (QUIET if quiet is None else quiet):
            self._told[key] = last
            return False
        self._told[key] = now
        while len(self._told) > MAX_STRANGERS:
            del self._told[next(iter(self._told))]
        return True

    @callback
    def forget(self, *about: str) -> None:
        """Have something count as not told."""
        self._told.pop(" ".join(about), None)

    @callback
    def tell(self, told: Told) -> None:
        """Tell one step."""
        request = told.request
        line: Line = {
            "mac": request.mac,
            "address": request.address,
            "name": told.name or request.host_name,
            **request.port,
            "reason": told.reason,
            **(told.details or {}),
            "message": self._message(told),
        }
        line = {key: value for key, value in line.items() if value is not None}
        for listener in tuple(self._listeners):
            listener(told.step.value, line)
        step = told.step.value
        title = self._texts.get(f"{_TITLES}{step}", step)
        self._hass.bus.async_fire(
            EVENT_PROVISIONING, {"step": step, "title": title, **line, **self._belongs(request)}
        )

    def _message(self, told: Told) -> str:
        """Return what happened, why, and what to do."""
        words = [self._texts.get(f"{_MESSAGES}{told.step.value}", "")]
        if told.reason is not None:
            own = self._texts.get(f"{_MESSAGES}{told.step.value}_{told.reason}")
            if told.step is Step.FAILED_TO_CREATE_DHCP_RESERVATION:
                why = self._texts.get(f"{_OF_SERVER}{told.reason}")
            else:
                why = self._texts.get(f"{_OF_CAMERA}{told.reason}.message")
            words.append(own or why or "")
        if fingerprint := (told.details or {}).get(CONF_FINGERPRINT):
            words.append(self._texts.get(f"{_MESSAGES}{told.step.value}_certificate", ""))
            words.append(grouped(str(fingerprint)))
        return " ".join(filter(None, words))
