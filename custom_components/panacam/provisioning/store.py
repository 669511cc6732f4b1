"""What of provisioning lasts over restarts: switch ports, holds, and which settings were given."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN

HOLD: Final = timedelta(minutes=5)
"""For which nobody adds streams by hand (provisioning.txt)."""
MAX_KEPT: Final = 2000
"""Cameras; the oldest go."""
_VERSION: Final = 1
_DELAY: Final = 1.0
"""Seconds before something new is written."""


class ProvisioningStore:
    """Keeps it by MAC address, or by the serial number of a camera whose MAC nobody knows."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Have a place; nothing is read yet."""
        self._store: Store[dict[str, Any]] = Store(
            hass, _VERSION, f"{DOMAIN}.provisioning", private=True
        )
        self._ports: dict[str, dict[str, str]] = {}
        self._holds: dict[str, dict[str, str]] = {}
        self._given: dict[str, str] = {}
        self._entries: dict[str, str] = {}

    async def async_load(self) -> None:
        """Read what was kept; what somebody spoilt is left out."""
        kept = await self._store.async_load() or {}
        self._ports = _texts_of(kept.get("ports"))
        self._holds = _texts_of(kept.get("holds"))
        self._given = _texts(kept.get("given"))
        self._entries = _texts(kept.get("entries"))

    @callback
    def port_of(self, mac: str) -> Mapping[str, str]:
        """Return `circuit_id` and `remote_id` of a camera, as far as they were told."""
        return self._ports.get(mac, {})

    @callback
    def put_port(self, mac: str, port: Mapping[str, str]) -> bool:
        """Keep a camera's switch port; return whether it is another one."""
        if self._ports.get(mac) == port:
            return False
        _put(self._ports, mac, dict(port))
        self._changed()
        return True

    @callback
    def given_to(self, mac: str) -> str | None:
        """Return which settings a camera was given, if any."""
        return self._given.get(mac)

    @callback
    def put_given(self, mac: str, template: str) -> None:
        """Keep which settings a camera was given."""
        _put(self._given, mac, template)
        self._changed()

    @callback
    def entry_of(self, mac: str) -> str | None:
        """Return the id of the entry that a MAC address led to; it may be gone."""
        return self._entries.get(mac)

    @callback
    def mac_of(self, entry_id: str) -> str | None:
        """Return the MAC address that led to an entry, if one did."""
        return next((mac for mac, led in self._entries.items() if led == entry_id), None)

    @callback
    def put_entry(self, mac: str, entry_id: str) -> None:
        """Keep which entry a MAC address led to: not every camera tells its own."""
        if self._entries.get(mac) != entry_id:
            _put(self._entries, mac, entry_id)
            self._changed()

    @callback
    def hold(self, mac: str, *, serial: str | None, host: str) -> None:
        """Let nobody add streams of a camera by hand for a while."""
        now = dt_util.utcnow()
        for key in [key for key, one in self._holds.items() if _until(one) <= now]:
            del self._holds[key]
        _put(
            self._holds,
            mac,
            {"host": host, "until": (now + HOLD).isoformat()}
            | ({"serial": serial} if serial else {}),
        )
        self._changed()

    @callback
    def held_until(self, mac: str | None, serial: str | None, host: str | None) -> datetime | None:
        """Return until when nobody may; None: anybody may."""
        now = dt_util.utcnow()
        ends = [
            end
            for key, one in self._holds.items()
            if now < (end := _until(one)) <= now + HOLD
            and (
                (mac is not None and mac == key)
                or (serial is not None and serial == one.get("serial"))
                or (host is not None and host == one.get("host"))
            )
        ]
        return max(ends, default=None)

    @callback
    def _changed(self) -> None:
        self._store.async_delay_save(self._data, _DELAY)

    @callback
    def _data(self) -> dict[str, Any]:
        return {
            "ports": self._ports,
            "holds": self._holds,
            "given": self._given,
            "entries": self._entries,
        }

    async def async_save(self) -> None:
        """Write it now: there may be nobody to write it later."""
        await self._store.async_save(self._data())

    async def async_remove(self) -> None:
        """Forget it all."""
        await self._store.async_remove()


def _put[ValueT](kept: dict[str, ValueT], key: str, value: ValueT) -> None:
    """Keep one more, as the youngest."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > MAX_KEPT:
        del kept[next(iter(kept))]


def _until(hold: Mapping[str, str]) -> datetime:
    """Return when a hold ends; one that nobody can read has ended."""
    end = dt_util.parse_datetime(hold.get("until", ""))
    return dt_util.utc_from_timestamp(0) if end is None or end.tzinfo is None else end


def _texts(kept: object) -> dict[str, str]:
    if not isinstance(kept, dict):
        return {}
    return {str(key): value for key, value in kept.items() if isinstance(value, str)}


def _texts_of(kept: object) -> dict[str, dict[str, str]]:
    if not isinstance(kept, dict):
        return {}
    return {str(key): _texts(value) for key, value in kept.items()}
