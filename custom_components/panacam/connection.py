"""From a config entry to a device: addresses, credentials, the right session."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant

from .cams import registry
from .cams.bridge import Bridge, BridgeOptions
from .cams.device import Device
from .cams.errors import AuthError, CameraError
from .cams.memory import Memory
from .cams.net.address import literal, unescaped
from .cams.registry import FAMILIES, Address, Finding, Wishes
from .cams.stream import Credentials, Transport
from .cams.survey import offers, survey
from .connector import session_for
from .const import (
    CONF_ALARM_OFF_AFTER,
    CONF_FAMILY,
    CONF_FINGERPRINT,
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


async def find(hass: HomeAssistant, data: Mapping[str, Any], *, alone: bool = False) -> Finding:
    """Return who answers at the address of a form. CameraError.

    A family that is chosen already has the last word, since users of one may be none of another;
    `alone`: it is the only one that is asked.
    """
    family, address = data.get(CONF_FAMILY), address_of(data)
    async with session_for(hass, data) as session:
        if family is not None and alone:
            return Finding(family, await FAMILIES[family].identify(session, address))
        finding = await registry.probe(session, address)
        if family is None or finding.family == family:
            return finding
        try:
            return Finding(family, await FAMILIES[family].identify(session, address))
        except AuthError:
            raise
        except CameraError:
            return finding


async def find_all(hass: HomeAssistant, data: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return what each family finds at the address of a form; at least one. CameraError."""
    async with session_for(hass, data) as session:
        return await survey(session, address_of(data))


async def find_offers(
    hass: HomeAssistant, data: Mapping[str, Any], families: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Return what a camera offers in each of its families; nothing where it fails to show it."""

    async def ask(session: ClientSession, family: str) -> frozenset[str]:
        try:
            return await offers(session, address_of(data), family)
        except CameraError, TimeoutError:
            return frozenset()

    names = tuple(families)
    async with session_for(hass, data) as session:
        found = await asyncio.gather(*(ask(session, family) for family in names))
    return dict(zip(names, found, strict=True))


def address_of(data: Mapping[str, Any]) -> Address:
    """Return how to reach the camera of an entry or of a form."""
    credentials = None
    if data.get(CONF_USERNAME):
        credentials = Credentials(data[CONF_USERNAME], data.get(CONF_PASSWORD, ""))
    return Address(
        host=data[CONF_HOST],
        port=data.get(CONF_PORT),
        tls=data.get(CONF_SSL, False),
        fingerprint=data.get(CONF_FINGERPRINT),
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
    """Return the address that a person typed or pasted, a whole URL included, as entry data.

    An IPv6 address may have brackets or none, and the zone that a link-local one needs.
    """
    text = text.strip()
    if (address := literal(text)) is not None:
        return {CONF_HOST: str(address)}
    if "://" not in text:
        if text.count(":") > 1 and not text.startswith("["):
            return {CONF_HOST: text}  # what was meant as an IPv6 address
        text = f"//{text}"
    try:
        parts = urlsplit(text)
        host = unescaped(parts.hostname or "")
        found: dict[str, Any] = {CONF_HOST: str(literal(host) or host)}
        if parts.port is not None:
            found[CONF_PORT] = parts.port
    except ValueError:
        return {CONF_HOST: ""}
    if parts.scheme == "https":
        found[CONF_SSL] = True
    return found
