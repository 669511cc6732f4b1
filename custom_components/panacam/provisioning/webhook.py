"""The address that a DHCP server calls when it gave somebody an address."""

from collections.abc import Callable
from ipaddress import ip_address
import json
from typing import Any, Final

from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.network import NoURLAvailableError

from ..cams.device import read_mac
from ..cams.text import plain
from ..dhcp.option82 import readable
from ..webhook import async_serve_webhook
from .steps import Request, Source

MAX_BODY: Final = 8 * 1024
"""Bytes of one message; two sub-options of 255 bytes in hexadecimal digits are far fewer."""
BODY_TIME: Final = 10.0
"""Seconds that a server may take for one message."""
GIVEN_BACK: Final = frozenset({"del", "release", "expire", "decline"})
"""Events after which the address is nobody's."""


class NonsenseError(ValueError):
    """A message that is none."""


@callback
def async_webhook_url(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str:
    """Return where a DHCP server is to tell; for its owner's eyes only.

    Without an internal URL in Home Assistant's settings, it begins with the path.
    """
    webhook_id: str = entry.data[CONF_WEBHOOK_ID]
    try:
        return webhook.async_generate_url(
            hass, webhook_id, allow_internal=True, allow_external=False, allow_ip=True
        )
    except NoURLAvailableError:
        return webhook.async_generate_path(webhook_id)


@callback
def async_open_webhook(
    hass: HomeAssistant, entry: ConfigEntry[Any], requested: Callable[[Request], None]
) -> CALLBACK_TYPE:
    """Pass what a DHCP server tells to `requested`, until it is closed again."""
    if (webhook_id := entry.data.get(CONF_WEBHOOK_ID)) is None:
        webhook_id = webhook.async_generate_id()
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_WEBHOOK_ID: webhook_id}
        )

    def take(body: bytes) -> None:
        if (told := read_request(body)) is not None:
            requested(told)

    return async_serve_webhook(hass, entry, take, max_body=MAX_BODY, body_time=BODY_TIME)


def read_request(body: bytes) -> Request | None:
    """Return what a message says, None for an address given back. ValueError for anything else.

    Option 82 may be any bytes, be they characters or not.
    """
    try:
        told = json.loads(body.decode(errors="surrogateescape"), strict=False)
    except RecursionError as err:
        raise NonsenseError from err
    if not isinstance(told, dict) or (mac := read_mac(_text(told, "mac") or "")) is None:
        raise NonsenseError
    address = ip_address(_text(told, "address") or "")
    if _text(told, "event") in GIVEN_BACK:
        return None
    return Request(
        mac=mac,
        address=str(address),
        circuit_id=readable(told.get("circuit_id")) or None,
        remote_id=readable(told.get("remote_id")) or None,
        host_name=plain(_text(told, "host_name")),
        source=Source.SERVER,
    )


def _text(told: dict[str, object], key: str) -> str | None:
    """Return a text; anything else is none."""
    value = told.get(key)
    return value.strip() if isinstance(value, str) else None
