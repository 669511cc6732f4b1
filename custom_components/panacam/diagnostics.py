"""What a bug report needs, without secrets, addresses and serial numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
import re
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant

from .coordinator import PanacamConfigEntry

_SECRET_KEYS: Final = {CONF_HOST, CONF_PASSWORD, CONF_USERNAME, "title", "mac", "serial"}
_ADDRESSES: Final = re.compile(
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"  # IPv4
    r"|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}"  # MAC
    r"|(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}",  # IPv6
    re.IGNORECASE,
)
_OCTETS: Final = re.compile(
    r"multi_?add(r(ess_r)?)?_?\d?$|mladd\d|^(ip|netmask|gateway|pri|sec)_?", re.IGNORECASE
)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: PanacamConfigEntry
) -> dict[str, Any]:
    """Return one camera's entry, identity, roles, state and replies, redacted."""
    coordinator = entry.runtime_data
    device = coordinator.device
    identity = device.identity
    secrets = [
        str(secret)
        for secret in (
            *(entry.data.get(key) for key in (CONF_HOST, CONF_USERNAME, CONF_PASSWORD)),
            identity.serial,
            identity.mac,
            entry.unique_id,
            identity.name if identity.name != identity.model else None,
        )
        if secret
    ]
    return {
        "entry": _redacted(
            {"title": entry.title, "data": dict(entry.data), "options": dict(entry.options)},
            secrets,
        ),
        "identity": _redacted(asdict(identity), secrets),
        "roles": {
            "moves": sorted(device.mover.moves) if device.mover is not None else None,
            "recorder": device.recorder is not None,
            "rebooter": device.rebooter is not None,
            "imager": device.imager is not None,
            "streams": [
                {"key": stream.key, "port": stream.port, "transport": stream.transport.value}
                for stream in device.streams
            ],
        },
        "state": _redacted(asdict(coordinator.data), secrets),
        "last_update_success": coordinator.last_update_success,
        "last_error": _redacted(str(coordinator.last_exception or ""), secrets),
        "replies": _redacted(device.diagnostics(), secrets),
    }


def _redacted(value: object, secrets: Iterable[str]) -> Any:
    """Return a value fit for JSON without secret keys, known secrets and anything like an address.

    By value as well as by key, since a camera names its fields as it likes.
    """
    secrets = tuple(secrets)
    match value:
        case Mapping():
            plain = {
                str(key): REDACTED if _OCTETS.search(str(key)) else _redacted(item, secrets)
                for key, item in value.items()
            }
            return async_redact_data(plain, _SECRET_KEYS)
        case str():
            for secret in secrets:
                value = re.sub(re.escape(secret), REDACTED, value, flags=re.IGNORECASE)
            return _ADDRESSES.sub(REDACTED, value)
        case None | bool() | int() | float():
            return value
        case set() | frozenset() | list() | tuple():
            items = [_redacted(item, secrets) for item in value]
            return sorted(items) if isinstance(value, set | frozenset) else items
        case _:
            return _redacted(str(value), secrets)
