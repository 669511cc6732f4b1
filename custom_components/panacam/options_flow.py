"""The options of one camera: how often to ask, how its pictures travel, what it cannot tell."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_SCAN_INTERVAL, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .cams.bridge.publish import address_of
from .cams.registry import FAMILIES, Family
from .cams.stream import Transport
from .const import (
    CONF_ALARM_OFF_AFTER,
    CONF_FAMILY,
    CONF_MOTOR,
    CONF_PRESS_SECONDS,
    CONF_PUBLISH_URL,
    CONF_RING,
    CONF_RTSP_PORT,
    CONF_RTSP_TRANSPORT,
    CONF_STREAM_MODE,
    CONF_TRUST_ADDRESSES,
    CONF_WEBHOOK,
    DEFAULT_PRESS_SECONDS,
    DEFAULT_RING,
    DEFAULT_SCAN_INTERVAL,
    MAX_ALARM_OFF_AFTER,
    MAX_PRESS_SECONDS,
    MAX_RING,
    MAX_SCAN_INTERVAL,
    MIN_PRESS_SECONDS,
    MIN_SCAN_INTERVAL,
    StreamMode,
)

SECTION_ADVANCED: Final = "advanced"
INVALID_URL: Final = "invalid_publish_url"
_HIDDEN: Final = "•••"

type _Row = tuple[vol.Marker, Any]


def _duration(minimum: float, maximum: float, step: float = 1) -> NumberSelector:
    """Return the field for seconds."""
    return NumberSelector(
        NumberSelectorConfig(
            min=minimum,
            max=maximum,
            step=step,
            mode=NumberSelectorMode.BOX,
            unit_of_measurement=UnitOfTime.SECONDS,
        )
    )


def _seconds(minimum: int, maximum: int) -> Any:
    """Return the field for a whole number of seconds."""
    return vol.All(_duration(minimum, maximum), vol.Coerce(int))


def _select(options: list[str], translation_key: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=options, translation_key=translation_key, mode=SelectSelectorMode.DROPDOWN
        )
    )


def _rows(family: Family) -> Iterator[_Row]:
    """Yield what most people may want to change."""
    yield (
        vol.Required(CONF_SCAN_INTERVAL, default=DEFAULT_SCAN_INTERVAL),
        _seconds(MIN_SCAN_INTERVAL, MAX_SCAN_INTERVAL),
    )
    yield vol.Required(CONF_RING, default=DEFAULT_RING), _seconds(0, MAX_RING)
    if "alarm_off_after" in family.wishes:
        yield vol.Required(CONF_ALARM_OFF_AFTER, default=0), _seconds(0, MAX_ALARM_OFF_AFTER)
    if "motor" in family.wishes:
        yield vol.Required(CONF_MOTOR, default=False), bool


def _advanced_rows(family: Family) -> Iterator[_Row]:
    """Yield what few people need."""
    if family.rtsp:
        yield (
            vol.Required(CONF_STREAM_MODE, default=StreamMode.SHARED.value),
            _select([mode.value for mode in StreamMode], CONF_STREAM_MODE),
        )
        yield vol.Optional(CONF_RTSP_PORT), cv.port
        yield (
            vol.Required(CONF_RTSP_TRANSPORT, default=Transport.AUTO.value),
            _select([transport.value for transport in Transport], CONF_RTSP_TRANSPORT),
        )
    if "press_seconds" in family.wishes:
        yield (
            vol.Required(CONF_PRESS_SECONDS, default=DEFAULT_PRESS_SECONDS),
            _duration(MIN_PRESS_SECONDS, MAX_PRESS_SECONDS, 0.1),
        )
    if "webhook" in family.wishes:
        yield vol.Required(CONF_WEBHOOK, default=False), bool
    if "trust_addresses" in family.wishes:
        yield vol.Required(CONF_TRUST_ADDRESSES, default=False), bool
    yield (
        vol.Optional(CONF_PUBLISH_URL),
        TextSelector(TextSelectorConfig(type=TextSelectorType.TEXT, autocomplete="off")),
    )


def _schema(family: Family) -> vol.Schema:
    """Return the form for a camera of a family, without what means nothing to it."""
    advanced = section(vol.Schema(dict(_advanced_rows(family))), {"collapsed": True})
    return vol.Schema({**dict(_rows(family)), vol.Required(SECTION_ADVANCED): advanced})


class PanacamOptionsFlow(OptionsFlowWithReload):
    """Change the options; the camera is then loaded anew."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the options, then keep what was chosen."""
        shown = dict(self.config_entry.options)
        published = shown.pop(CONF_PUBLISH_URL, None)
        errors: dict[str, str] = {}
        if user_input is not None:
            shown = _flat(user_input)
            url = shown.pop(CONF_PUBLISH_URL, "").strip()
            if published is not None and url == _masked(published):
                url = published  # as it was: its password never went to the browser
            if url:
                shown[CONF_PUBLISH_URL] = url
            if not url or _publishable(url):
                return self.async_create_entry(data=shown)
            errors["base"] = INVALID_URL
        elif published is not None:
            shown[CONF_PUBLISH_URL] = _masked(published)
        schema = _schema(FAMILIES[self.config_entry.data[CONF_FAMILY]])
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                schema, {**shown, SECTION_ADVANCED: shown}
            ),
            errors=errors,
        )


def _flat(user_input: dict[str, Any]) -> dict[str, Any]:
    """Return what a form with a section says, as options."""
    options = {**user_input, **user_input[SECTION_ADVANCED]}
    del options[SECTION_ADVANCED]
    return options


def _publishable(url: str) -> bool:
    """Return whether an RTSP server could be at a URL."""
    try:
        address_of(url)
    except ValueError:
        return False
    blank = any(character.isspace() for character in url)
    return not blank and urlsplit(url).password != _HIDDEN


def _masked(url: str) -> str:
    """Return a URL as it goes to the browser: without its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    _, _, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{parts.username}:{_HIDDEN}@{place}").geturl()
