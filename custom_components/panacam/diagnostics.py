"""What a bug report needs, without secrets, addresses and serial numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from ipaddress import ip_address
import re
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from homeassistant.components.diagnostics import REDACTED
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant

from .cams.bridge import Bridge
from .cams.device import Device
from .cams.stream import RtspStream, Stream
from .const import CONF_PUBLISH_URL
from .coordinator import PanacamConfigEntry, PanacamCoordinator

_SECRET_KEYS: Final = re.compile(
    r"^(host|username|password|mac|serial|publish_url)$|title$"
    # Addresses that are told octet by octet.
    r"|multi_?add(r(ess_r)?)?_?\d?$|mladd\d|^(ip_?addr|netmask|gateway|(pri|sec)_server)\d",
    re.IGNORECASE,
)
_ADDRESSES: Final = re.compile(
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"  # IPv4
    r"|\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b|\b[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}\b"  # MAC
    r"|\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12}\b",  # MAC without separators
    re.IGNORECASE,
)
_IPV6: Final = re.compile(r"[0-9a-f:]*:[0-9a-f:.]*", re.IGNORECASE)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: PanacamConfigEntry
) -> dict[str, Any]:
    """Return one camera's entry, identity, roles, state and replies, redacted."""
    coordinator: PanacamCoordinator | None = getattr(entry, "runtime_data", None)
    secrets = {str(entry.data.get(key, "")) for key in (CONF_HOST, CONF_USERNAME, CONF_PASSWORD)}
    secrets.add(entry.unique_id or "")
    secrets |= _of_url(entry.options.get(CONF_PUBLISH_URL, ""))
    told: dict[str, Any] = {
        "entry": {
            "title": entry.title,
            "state": entry.state.value,
            "reason": entry.reason,
            "data": dict(entry.data),
            "options": dict(entry.options),
        },
    }
    if coordinator is not None:
        identity = coordinator.device.identity
        secrets |= {identity.serial or "", identity.mac or ""}
        if identity.name != identity.model:
            secrets.add(identity.name or "")
        told |= _of_camera(coordinator)
    return cast("dict[str, Any]", _redacted(told, sorted(secrets - {""}, key=len, reverse=True)))


def _of_camera(coordinator: PanacamCoordinator) -> dict[str, Any]:
    """Return what a camera that was once reached has told, not redacted."""
    device = coordinator.device
    return {
        "identity": asdict(device.identity),
        "roles": _roles(device),
        "bridge": {
            **asdict(coordinator.bridge.options),
            "hubs": [_of_hub(coordinator, stream) for stream in device.streams],
            "publishing": _of_publisher(coordinator.bridge),
        },
        "state": coordinator.data,
        "last_update_success": coordinator.last_update_success,
        "last_error": str(coordinator.last_exception or ""),
        "replies": device.diagnostics(),
    }


def _roles(device: Device) -> dict[str, Any]:
    """Return what a camera can do."""
    return {
        "moves": sorted(device.mover.moves) if device.mover is not None else None,
        "recorder": device.recorder is not None,
        "rebooter": device.rebooter is not None,
        "imager": device.imager is not None,
        "pictures": device.pictures is not None,
        "speaker": device.speaker.rate if device.speaker is not None else None,
        "settings": device.settings.table if device.settings is not None else None,
        "streams": [
            {"key": stream.key, "port": stream.port, "transport": stream.transport.value}
            if isinstance(stream, RtspStream)
            else {"key": stream.key, "sound_rate": stream.source.sound_rate}
            for stream in device.streams
        ],
    }


def _of_hub(coordinator: PanacamCoordinator, stream: Stream) -> dict[str, Any] | None:
    """Return how a stream comes, or None where it comes without us; never its URL."""
    if (hub := coordinator.hub_of(stream)) is None:
        return None
    return {
        "key": hub.key,
        "status": hub.status.value,
        "frame_rate": round(hub.frame_rate),
        "viewers": hub.viewers,
        "error": str(hub.error or ""),
    }


def _of_publisher(bridge: Bridge) -> dict[str, Any] | None:
    """Return how publishing goes; never where to."""
    if (publisher := bridge.publisher) is None:
        return None
    return {"connected": publisher.connected, "error": str(publisher.error or "")}


def _of_url(url: str) -> set[str]:
    """Return what is secret in a URL wherever it turns up: all of it, and who may use it where."""
    parts = urlsplit(url)
    found = {url, parts.hostname or "", parts.username or "", parts.password or ""}
    # A part of a letter or two would take half of the text with it.
    return {text for text in found | {unquote(text) for text in found} if len(text) > 2}


def _redacted(value: object, secrets: Sequence[str]) -> object:
    """Return a value fit for JSON without secret keys, known secrets and anything like an address.

    By value as well as by key, since a camera names its fields as it likes. `secrets`: the longest
    first, so that none hides a part of another.
    """
    if is_dataclass(value):
        # Not by `asdict`, which copies what cannot be copied.
        value = {item.name: getattr(value, item.name) for item in fields(value)}
    match value:
        case Mapping():
            return {
                str(key): REDACTED
                if item and _SECRET_KEYS.search(str(key))
                else _redacted(item, secrets)
                for key, item in value.items()
            }
        case str():
            value = _ADDRESSES.sub(REDACTED, value)
            value = _IPV6.sub(_redacted_ipv6, value)
            for secret in secrets:
                value = re.sub(re.escape(secret), REDACTED, value, flags=re.IGNORECASE)
            return value
        case None | bool() | int() | float():
            return value
        case list() | tuple():
            return [_redacted(item, secrets) for item in value]
        case set() | frozenset():
            return sorted(str(_redacted(item, secrets)) for item in value)
        case _:
            return _redacted(str(value), secrets)


def _redacted_ipv6(found: re.Match[str]) -> str:
    """Return nothing of an IPv6 address, and all of a time of day."""
    try:
        ip_address(found[0])
    except ValueError:
        return found[0]
    return REDACTED
