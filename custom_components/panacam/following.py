"""Where cameras are, who is there by the kernel's word, and which places are the same."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components import network
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .cams.discovery import Candidate, followable
from .cams.net.address import literal, same_host
from .cams.net.dial import DIALER
from .cams.net.neighbours import mac_of
from .cams.registry import FAMILIES
from .const import CONF_FAMILY

_PARALLEL: Final = 16
_TURNS: HassKey[asyncio.Semaphore] = HassKey("panacam_neighbours")


async def async_own_addresses(hass: HomeAssistant) -> frozenset[str]:
    """Return the addresses of this machine, those of adapters that are turned off included."""
    return frozenset(
        address["address"]
        for adapter in await network.async_get_adapters(hass)
        for address in (*adapter["ipv4"], *adapter["ipv6"])
    )


async def async_followable(hass: HomeAssistant, host: str) -> bool:
    """Return whether an address that a stranger named is one to connect to."""
    return followable(host, await async_own_addresses(hass))


async def async_mac_of(hass: HomeAssistant, host: str, *, stale: bool = True) -> str | None:
    """Return the MAC address that the kernel knows for an address of our segment, or None.

    `stale`: what it knew some time ago is enough. A few are asked for at one time, since each
    takes a thread for seconds.
    """
    async with hass.data.setdefault(_TURNS, asyncio.Semaphore(_PARALLEL)):
        return await mac_of(host, stale=stale)


@callback
def answers(entry: ConfigEntry[Any]) -> bool:
    """Return whether an entry's camera is where it should be."""
    return entry.state is ConfigEntryState.LOADED and bool(entry.runtime_data.last_update_success)


@callback
def place_of(entry: ConfigEntry[Any], candidate: Candidate) -> dict[str, Any]:
    """Return where a candidate says that an entry's camera is, as entry data.

    Its port is taken only when it is one for what the entry speaks, and HTTPS never becomes HTTP.
    """
    place: dict[str, Any] = {CONF_HOST: candidate.host}
    family = entry.data[CONF_FAMILY]
    speaks = candidate.family == family or (
        candidate.family is None and not FAMILIES[family].general
    )
    if candidate.port is not None and speaks and candidate.tls == entry.data.get(CONF_SSL, False):
        place[CONF_PORT] = candidate.port
    return place


def is_same_place(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two entries' data lead to one place, however it is spelt."""
    return same_host(one[CONF_HOST], other[CONF_HOST]) and port_of(one) == port_of(other)


def port_of(data: Mapping[str, Any]) -> int:
    """Return the port of a camera's pages, which may go without saying."""
    return int(data.get(CONF_PORT) or (443 if data.get(CONF_SSL) else 80))


def has_name(entry: ConfigEntry[Any]) -> bool:
    """Return whether an entry's host is a name, which may follow its camera by itself."""
    return literal(entry.data[CONF_HOST]) is None


def leads_to(entry: ConfigEntry[Any], address: str) -> bool:
    """Return whether an address is an entry's, or the one by which its name was reached last."""
    if (host := entry.data.get(CONF_HOST)) is None:
        return False
    return same_host(host, address) or same_host(DIALER.last(host) or "", address)


async def async_is_at(entry: ConfigEntry[Any], address: str) -> bool:
    """Return whether an address is where an entry's host leads now."""
    host = entry.data[CONF_HOST]
    if not has_name(entry):
        return same_host(host, address)
    try:
        found = await DIALER.addresses(host)
    except OSError, ValueError:
        return False
    return any(same_host(one, address) for one in found)


async def async_place_of(entry: ConfigEntry[Any], candidate: Candidate) -> dict[str, Any]:
    """Return the same as `place_of`, but a name that leads there stays."""
    place = place_of(entry, candidate)
    if has_name(entry) and await async_is_at(entry, candidate.host):
        place[CONF_HOST] = entry.data[CONF_HOST]
    return place


def data_of(candidate: Candidate) -> dict[str, Any]:
    """Return a candidate's address as entry data."""
    data: dict[str, Any] = {
        CONF_HOST: candidate.host,
        CONF_SSL: candidate.tls,
        # Cameras make their certificates themselves; then a human is asked about it.
        CONF_VERIFY_SSL: True,
    }
    if candidate.port is not None:
        data[CONF_PORT] = candidate.port
    return data
