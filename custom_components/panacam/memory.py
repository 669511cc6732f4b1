"""What lasts over restarts, of one entry: a file of its own in Home Assistant's storage."""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN

VERSION: Final = 1
SAVE_DELAY: Final = 10.0
"""Seconds; cameras change several things one after the other."""


class EntryMemory:
    """Keeps values by key (the camera's memory)."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Have a place for what `entry` must not forget; nothing is read yet."""
        self._store: Store[dict[str, object]] = Store(
            hass, VERSION, f"{DOMAIN}.{entry.entry_id}", private=True
        )
        self._values: dict[str, object] = {}
        self._changed = False

    async def async_load(self) -> None:
        """Read what was kept."""
        self._values = await self._store.async_load() or {}

    @callback
    def get(self, key: str) -> object:
        """Return what was put, or None."""
        return self._values.get(key)

    @callback
    def put(self, key: str, value: object) -> None:
        """Keep a value that JSON can have; it is written soon."""
        if self._values.get(key) == value:
            return
        self._values[key] = value
        self._changed = True
        self._store.async_delay_save(self._data, SAVE_DELAY)

    @callback
    def _data(self) -> dict[str, object]:
        return dict(self._values)

    async def async_save(self) -> None:
        """Write what is not written yet, now: there may be nobody to write it later."""
        if self._changed:
            self._changed = False
            await self._store.async_save(self._data())

    async def async_remove(self) -> None:
        """Forget it all."""
        await self._store.async_remove()
