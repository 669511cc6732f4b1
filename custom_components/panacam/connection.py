"""From a config entry to a device: addresses, credentials, the right session."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientSession, DummyCookieJar
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util.ssl import SSLCipherList

from .cams import registry
from .cams.bridge import Bridge, BridgeOptions
from .cams.device import Device
from .cams.memory import Memory
from .cams.registry import Address, Finding, Wishes
from .cams.stream import Credentials, Transport
from .const import (
    CONF_ALARM_OFF_AFTER,
    CONF_FAMILY,
    CONF_MOTOR,
    CONF_PRESS_SECONDS,
    CONF_RING,
    CONF_RTSP_PORT,
    CONF_RTSP_TRANSPORT,
    CONF_STREAM_MODE,
    CONF_TRUST_ADDRESSES,
    DEFAULT_PRESS_SECONDS,
    DEFAULT_RING,
    StreamMode,
)


def session_for(
    hass: HomeAssistant, data: Mapping[str, Any], *, auto_cleanup: bool = True
) -> ClientSession:
    """Return a session over Home Assistant's own connections, checking certificates or not.

    It keeps no cookies: Home Assistant's shared jar is no place for what a camera sets. It ends
    with the entry that is being set up; without `auto_cleanup`, whoever asked for it detaches it.
    Who does not check certificates has an old camera more often than not: old ciphers are let in.
    """
    verify = data.get(CONF_VERIFY_SSL, True)
    return async_create_clientsession(
        hass,
        verify_ssl=verify,
        auto_cleanup=auto_cleanup,
        ssl_cipher=SSLCipherList.PYTHON_DEFAULT if verify else SSLCipherList.INSECURE,
        cookie_jar=DummyCookieJar(),
    )


async def find(hass: HomeAssistant, data: Mapping[str, Any]) -> Finding:
    """Return who answers at the address of a form. CameraError."""
    session = session_for(hass, data, auto_cleanup=False)
    try:
        return await registry.probe(session, address_of(data))
    finally:
        session.detach()


def address_of(data: Mapping[str, Any]) -> Address:
    """Return how to reach the camera of an entry or of a form."""
    credentials = None
    if data.get(CONF_USERNAME):
        credentials = Credentials(data[CONF_USERNAME], data.get(CONF_PASSWORD, ""))
    return Address(
        host=data[CONF_HOST],
        port=data.get(CONF_PORT),
        tls=data.get(CONF_SSL, False),
        credentials=credentials,
    )


def device_for(
    entry: ConfigEntry[Any], session: ClientSession, memory: Memory, webhook: str | None = None
) -> Device:
    """Return the entry's device, not connected yet. CameraError when its address is none.

    `memory` is what earlier ones knew, `webhook` the address that the camera may send its events
    to.
    """
    return registry.create(
        entry.data[CONF_FAMILY],
        session,
        address_of(entry.data),
        Wishes(
            rtsp_port=entry.options.get(CONF_RTSP_PORT),
            transport=Transport(entry.options.get(CONF_RTSP_TRANSPORT, Transport.AUTO)),
            expected_id=entry.unique_id,
            motor=entry.options.get(CONF_MOTOR, False),
            alarm_off_after=entry.options.get(CONF_ALARM_OFF_AFTER, 0),
            trust_addresses=entry.options.get(CONF_TRUST_ADDRESSES, False),
            webhook=webhook,
            press_seconds=entry.options.get(CONF_PRESS_SECONDS, DEFAULT_PRESS_SECONDS),
            memory=memory,
        ),
    )


def bridge_for(entry: ConfigEntry[Any]) -> Bridge:
    """Return what shares the pictures of the entry's camera, not connected yet."""
    return Bridge(
        BridgeOptions(
            ring=entry.options.get(CONF_RING, DEFAULT_RING),
            shared=entry.options.get(CONF_STREAM_MODE, StreamMode.SHARED) == StreamMode.SHARED,
        )
    )


def split_host(text: str) -> dict[str, Any]:
    """Return the address that a person typed or pasted, a whole URL included, as entry data."""
    text = text.strip()
    if "://" not in text:
        if text.count(":") > 1 and not text.startswith("["):
            return {CONF_HOST: text}  # a bare IPv6 address
        text = f"//{text}"
    try:
        parts = urlsplit(text)
        found: dict[str, Any] = {CONF_HOST: parts.hostname or ""}
        if parts.port is not None:
            found[CONF_PORT] = parts.port
    except ValueError:
        return {CONF_HOST: ""}
    if parts.scheme == "https":
        found[CONF_SSL] = True
    return found
