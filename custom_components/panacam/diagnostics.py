"""What a bug report needs, without secrets, addresses and serial numbers."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from ipaddress import ip_address
import re
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_USERNAME,
    CONF_WEBHOOK_ID,
)
from homeassistant.core import HomeAssistant

from .cams.bridge import Bridge
from .cams.device import Device, State
from .cams.errors import CameraError, Reason
from .cams.settings import Row, Text
from .cams.stream import RtspStream, Stream
from .const import (
    CONF_AUTOMATIC,
    CONF_EXPECTED,
    CONF_FAMILY,
    CONF_PUBLISH_URL,
    CONF_SERVER,
)
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .drop import DropConfig, running_drop
from .drop_accounts import drop_accounts
from .network_entry import is_network

_SECRET_KEYS: Final = re.compile(
    r"^(host|username|password|fingerprint|mac|serial|publish_url|webhook_id)$|title$"
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
_LOG_SECRETS: Final = re.compile(
    r"((?:(?:\b|_)(?:user[ _-]?(?:name|id)?|account|login|pass(?:word|wd|phrase)?|pwd|token|secret"
    r"|nonce|cookie|session(?:_?id)?|key|authorization|basic|digest|bearer)\b"
    r"(?: for(?: (?:invalid )?user)?)?[\s\"':=]{1,4})+)[^\s,;\"']+",
    re.IGNORECASE,
)
"""Who did something, and with what; the words before it stay."""
_LOG_LOGIN: Final = re.compile(r"://[^/@\s]{1,300}@")
MAX_LOG: Final = 64 * 1024
"""Characters of a camera's log, from its end."""
MAX_LINES: Final = 300
MAX_LINE: Final = 300
LOG_TIME: Final = 15.0
"""Seconds for a camera to find its log."""
_IPV6: Final = re.compile(r"([0-9a-f:]*:[0-9a-f:.]*)(?:%[\w.\-]{1,20})?", re.IGNORECASE)
"""An IPv6 address, and the zone that belongs to it."""


_UNTOLD: Final = frozenset({"marks", "silent"})
"""Of an identity: the same numbers once more."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: PanacamConfigEntry
) -> dict[str, Any]:
    """Return one camera's entry, identity, roles, state and replies, redacted."""
    if is_network(entry):
        return _of_network(hass, entry)
    coordinator: PanacamCoordinator | None = getattr(entry, "runtime_data", None)
    secrets = {
        str(entry.data.get(key, ""))
        for key in (CONF_HOST, CONF_USERNAME, CONF_PASSWORD, CONF_WEBHOOK_ID)
    }
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
        secrets |= {identity.serial or "", identity.mac or "", *identity.marks}
        if identity.name != identity.model:
            secrets.add(identity.name or "")
        secrets |= set(_own_words(coordinator))
        told |= _of_camera(coordinator)
    ordered = sorted(secrets - {""}, key=len, reverse=True)
    shown = cast("dict[str, Any]", _redacted(told, ordered))
    if coordinator is not None:
        log = await _system_log(coordinator.device)
        if isinstance(log, list):
            # It is long, and a camera may have anything in it: not in the loop.
            shown["system_log"] = await hass.async_add_executor_job(_redacted_log, log, ordered)
        else:
            shown["system_log"] = log
    return shown


def _of_network(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, Any]:
    """Return what is expected on the network: what kind, never who, where, or by which login."""
    expected = entry.options.get(CONF_EXPECTED, [])
    return {
        "entry": {"title": entry.title, "state": entry.state.value, "reason": entry.reason},
        "automatic": entry.options.get(CONF_AUTOMATIC, False),
        "server": entry.options.get(CONF_SERVER),
        "drop": _of_drop(hass, entry),
        "expected": [
            {
                "family": row.get(CONF_FAMILY),
                "known_by": [key for key in ("mac", "serial") if row.get(key)],
                "has": [key for key in ("username", "area", "template") if row.get(key)],
            }
            for row in expected
        ],
    }


def _of_drop(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, Any]:
    """Return how the drop is; never where, nor who may put something into it."""
    drop, config = running_drop(hass), DropConfig.of(entry.options)
    told = {key: value for key, value in asdict(config).items() if key not in {"address", "folder"}}
    if drop is not None:
        told |= {"files": drop.store.count, "bytes": drop.store.size}
    return told | {"running": drop is not None, "accounts": len(drop_accounts(hass).all())}


def _of_camera(coordinator: PanacamCoordinator) -> dict[str, Any]:
    """Return what a camera that was once reached has told, not redacted."""
    device = coordinator.device
    return {
        "identity": {
            key: value for key, value in asdict(device.identity).items() if key not in _UNTOLD
        },
        "roles": _roles(device),
        "bridge": {
            **asdict(coordinator.bridge.options),
            "hubs": [_of_hub(coordinator, stream) for stream in device.streams],
            "publishing": _of_publisher(coordinator.bridge),
        },
        "state": _of_state(coordinator.data),
        "settings": _of_settings(coordinator),
        "signals": _of_rows(device.signals, coordinator.data.signals),
        "readings": _of_rows(device.readings, coordinator.data.readings),
        "topics": list(device.topics.values()),
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
        "ptz": device.ptz.features if device.ptz is not None else None,
        "home": device.home is not None,
        "presets": device.presets is not None,
        "tours": device.tours is not None,
        "presses": device.presses.table if device.presses is not None else None,
        "profiles": device.profiles is not None,
        "osds": device.osds is not None,
        "masks": device.masks is not None,
        "analytics": device.analytics is not None,
        "fixable": device.fixer.fixable if device.fixer is not None else None,
        "receiver": device.receiver is not None,
        "streams": [
            {"key": stream.key, "port": stream.port, "transport": stream.transport.value}
            if isinstance(stream, RtspStream)
            else {"key": stream.key, "sound_rate": stream.source.sound_rate}
            for stream in device.streams
        ],
    }


def _of_state(state: State) -> dict[str, Any]:
    """Return what the camera last told, without names of places that people gave.

    The values of settings, signals and readings stand beside what they are of.
    """
    told = {
        item.name: getattr(state, item.name)
        for item in fields(state)
        if item.name not in {"settings", "signals", "readings", "topics"}
    }
    return told | {
        "presets": len(state.presets),
        "tours": [
            {
                "status": tour.status.value,
                "steps": len(tour.steps),
                "auto_start": tour.auto_start,
            }
            for tour in state.tours.values()
        ],
    }


def _of_settings(coordinator: PanacamCoordinator) -> list[dict[str, Any]] | None:
    """Return what can be adjusted, and how it is; what people wrote stays theirs."""
    if (settings := coordinator.device.settings) is None:
        return None
    values = coordinator.data.settings
    return [
        {
            **asdict(setting),
            "value": REDACTED if isinstance(setting, Text) else values.get(setting.key),
        }
        for setting in settings.table
    ]


def _of_rows(rows: Mapping[str, Row], values: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return what the camera tells of, and what it told."""
    return [{**asdict(row), "value": values.get(key)} for key, row in rows.items()]


def _own_words(coordinator: PanacamCoordinator) -> Iterator[str]:
    """Yield what people wrote over the picture: it may name them wherever it turns up."""
    device = coordinator.device
    # Many a title is still the factory's.
    common = {device.identity.manufacturer, device.identity.model}
    for setting in device.settings.table if device.settings is not None else ():
        if isinstance(setting, Text):
            word = coordinator.data.settings.get(setting.key)
            # A word of a letter or two would take half of the rest with it.
            if isinstance(word, str) and len(word) > 2 and word not in common:
                yield word


async def _system_log(device: Device) -> list[str] | str | None:
    """Return the last lines of the camera's own log, or why there are none."""
    if (log := device.system_log) is None:
        return None
    try:
        async with asyncio.timeout(LOG_TIME):
            text = await log.read()
    except CameraError as err:
        return str(err)
    except TimeoutError:
        return Reason.TIMEOUT.value
    # Cut before anything is looked for in it: a line can be as long as the log.
    return [line[:MAX_LINE] for line in text[-MAX_LOG:].splitlines()[-MAX_LINES:]]


def _redacted_log(lines: Sequence[str], secrets: Sequence[str]) -> object:
    """Return a log without what is secret, and without who did what."""
    shown = [_LOG_LOGIN.sub(f"://{REDACTED}@", line) for line in lines]
    return _redacted([_LOG_SECRETS.sub(rf"\1{REDACTED}", line) for line in shown], secrets)


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
        ip_address(found[1])
    except ValueError:
        return found[0]
    return REDACTED
