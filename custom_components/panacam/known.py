"""Which entry a camera that announces itself belongs to, and whether it may be asked there."""

from enum import Enum, auto
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_SSL, CONF_USERNAME, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .cams.device import Identity, read_mac
from .cams.discovery import Candidate
from .cams.errors import Reason
from .const import CONF_FINGERPRINT
from .following import answers, async_followable, async_mac_of, leads_to, place_of, port_of
from .network_entry import camera_entries
from .provisioning import mac_of_entry


class Verdict(Enum):
    """What to do about a known camera that announces itself from another address."""

    FOLLOW = auto()
    ASK = auto()
    """A human has to agree before a password goes there."""
    REFUSE = auto()


@callback
def macs_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> frozenset[str]:
    """Return the MAC addresses that an entry's camera is known by.

    They are what it told once it had proved who it is, or what led provisioning to it.
    """
    found = {read_mac(entry.unique_id or ""), mac_of_entry(hass, entry.entry_id)}
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
        found |= {
            read_mac(value)
            for kind, value in device.connections
            if kind == dr.CONNECTION_NETWORK_MAC
        }
    return frozenset(mac for mac in found if mac is not None)


@callback
def serial_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str | None:
    """Return the serial number that an entry's camera told, or None."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next((one.serial_number for one in devices if one.serial_number), None)


@callback
def is_of(hass: HomeAssistant, entry: ConfigEntry[Any], identity: Identity) -> bool:
    """Return whether a camera that has shown who it is is an entry's."""
    return identity.is_same(entry.unique_id, serial_of(hass, entry))


async def async_judge(hass: HomeAssistant, entry: ConfigEntry[Any], host: str) -> Verdict:
    """Return whether an entry's camera may be asked at `host` with the password that it has.

    Best proof first: its certificate; then the kernel's word that the address belongs to one of
    the camera's MAC addresses, since whoever can forge that owns the camera's old address, too.
    """
    if not await async_followable(hass, host):
        return Verdict.REFUSE
    data = entry.data
    if data.get(CONF_SSL) and (CONF_FINGERPRINT in data or data.get(CONF_VERIFY_SSL, True)):
        return Verdict.FOLLOW
    wanted = macs_of(hass, entry)
    if wanted and (there := await async_mac_of(hass, host, stale=False)) is not None:
        return Verdict.FOLLOW if there in wanted else Verdict.REFUSE
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
    for entry in entries:
        if candidate.mac is not None:
            if candidate.mac in macs_of(hass, entry):
                return entry
        elif candidate.serial is not None and serial_of(hass, entry) == candidate.serial:
            return entry  # makers give numbers twice; a MAC address says more
    return next((entry for entry in entries if _may_be(hass, entry, candidate)), None)


@callback
def _may_be(hass: HomeAssistant, entry: ConfigEntry[Any], candidate: Candidate) -> bool:
    """Return whether a candidate is where a lost camera was, and tells nothing against it."""
    if (
        not leads_to(entry, candidate.host)
        or entry.disabled_by is not None
        or answers(entry)
        or _stranger_answers(entry)
    ):
        return False
    if port_of(entry.data) != port_of({**entry.data, **place_of(entry, candidate)}):
        return False
    macs = macs_of(hass, entry)
    if candidate.mac is not None and macs:
        return candidate.mac in macs
    serial = serial_of(hass, entry) or (None if macs else entry.unique_id)
    return None in {candidate.serial, serial} or candidate.serial == serial


@callback
def _stranger_answers(entry: ConfigEntry[Any]) -> bool:
    """Return whether another camera has shown itself at an entry's address."""
    if entry.state is ConfigEntryState.LOADED:
        return bool(entry.runtime_data.strange)
    return entry.error_reason_translation_key == Reason.OTHER_CAMERA.value
