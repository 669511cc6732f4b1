"""Whether a camera that seems to be at another address may be looked for there."""

import asyncio
from enum import Enum, auto
from typing import Any, Final

from homeassistant.components import network
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL, CONF_USERNAME, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.util.hass_dict import HassKey

from .cams.device import read_mac
from .cams.discovery import Candidate, followable
from .cams.net.neighbours import mac_of
from .cams.registry import FAMILIES
from .const import CONF_FAMILY, CONF_FINGERPRINT
from .network_entry import camera_entries

_PARALLEL: Final = 16
_TURNS: HassKey[asyncio.Semaphore] = HassKey("panacam_neighbours")


class Verdict(Enum):
    """What to do about a known camera that announces itself from another address."""

    FOLLOW = auto()
    ASK = auto()
    """A human has to agree before a password goes there."""
    REFUSE = auto()


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


async def async_judge(hass: HomeAssistant, entry: ConfigEntry[Any], host: str) -> Verdict:
    """Return whether an entry's camera may be asked at `host` with the password that it has.

    Best proof first: its certificate; then the kernel's word that the address belongs to the
    camera's MAC address, since whoever can forge that owns the camera's old address, too.
    """
    if not await async_followable(hass, host):
        return Verdict.REFUSE
    data = entry.data
    if data.get(CONF_SSL) and (CONF_FINGERPRINT in data or data.get(CONF_VERIFY_SSL, True)):
        return Verdict.FOLLOW
    wanted = read_mac(entry.unique_id or "")
    if wanted is not None and (there := await async_mac_of(hass, host, stale=False)) is not None:
        return Verdict.FOLLOW if there == wanted else Verdict.REFUSE
    return Verdict.ASK if data.get(CONF_USERNAME) else Verdict.FOLLOW


@callback
def known_entry(hass: HomeAssistant, candidate: Candidate) -> ConfigEntry[Any] | None:
    """Return the entry of the camera that a candidate says it is, ignored ones included."""
    marks = {candidate.mac, candidate.serial, candidate.camera_id, candidate.udn}
    if candidate.camera_id is not None:
        marks.add(read_mac(candidate.camera_id))
    marks.discard(None)
    entries = camera_entries(hass)
    for entry in entries:
        if entry.unique_id in marks:
            return entry
    if candidate.serial is None or candidate.mac is not None:
        return None  # makers give numbers twice; a MAC address says more
    registry = dr.async_get(hass)
    for entry in entries:
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
            if device.serial_number == candidate.serial:
                return entry
    return None


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
