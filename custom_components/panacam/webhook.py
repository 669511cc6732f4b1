"""The address that a camera may send its events to, for those who want that: its door is small."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from aiohttp.hdrs import METH_POST
from homeassistant.components import webhook
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.network import NoURLAvailableError

from .cams.roles import EventReceiver
from .const import CONF_WEBHOOK, DOMAIN, LOGGER
from .coordinator import PanacamConfigEntry

MAX_BODY: Final = 256 * 1024
"""Bytes of one message."""
BODY_TIME: Final = 10.0
"""Seconds that a camera may take for one message."""


@callback
def async_webhook_url(hass: HomeAssistant, entry: PanacamConfigEntry) -> str | None:
    """Return where the entry's camera is to send its events, or None to have them fetched.

    Nobody can guess the address: it is the only thing that keeps strangers of the house out.
    """
    if not entry.options.get(CONF_WEBHOOK, False):
        return None
    if (webhook_id := entry.data.get(CONF_WEBHOOK_ID)) is None:
        webhook_id = webhook.async_generate_id()
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_WEBHOOK_ID: webhook_id}
        )
    try:
        return webhook.async_generate_url(
            hass, webhook_id, allow_internal=True, allow_external=False, allow_ip=True
        )
    except NoURLAvailableError:
        LOGGER.warning(
            "%s: events are fetched, since Home Assistant has no internal URL to send them to",
            entry.title,
        )
        return None


@callback
def async_open_webhook(
    hass: HomeAssistant, entry: PanacamConfigEntry, receiver: Callable[[], EventReceiver | None]
) -> CALLBACK_TYPE:
    """Pass what comes to the entry's address to the camera's receiver, until it is closed again."""

    def take(body: bytes) -> None:
        if (taker := receiver()) is not None:
            taker.receive(body)

    return async_serve_webhook(hass, entry, take, max_body=MAX_BODY, body_time=BODY_TIME)


@callback
def async_serve_webhook(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    take: Callable[[bytes], None],
    *,
    max_body: int,
    body_time: float,
) -> CALLBACK_TYPE:
    """Hand each message that is posted to the entry's address to `take`, until that is closed.

    It is told whole, with at most `max_body` bytes that came within `body_time` seconds; what
    `take` calls a ValueError is a bad request.
    """
    webhook_id: str = entry.data[CONF_WEBHOOK_ID]

    async def receive(_hass: HomeAssistant, _id: str, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(body_time):
                body = await _body(request, max_body)
        except TimeoutError:
            return web.Response(status=HTTPStatus.REQUEST_TIMEOUT)
        if body is None:
            return web.Response(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            take(body)
        except ValueError:
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        return web.Response(status=HTTPStatus.OK)

    webhook.async_register(
        hass,
        DOMAIN,
        entry.title,
        webhook_id,
        receive,
        local_only=True,
        allowed_methods=[METH_POST],
    )
    return lambda: webhook.async_unregister(hass, webhook_id)


async def _body(request: web.Request, limit: int) -> bytes | None:
    """Return what was sent, or None when it is too much."""
    if (request.content_length or 0) > limit:
        return None
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > limit:
            return None
    return bytes(body)
