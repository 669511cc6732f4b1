"""The network: who is expected on it, who is there, and who says what about its addresses."""

from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
    EVENT_HOMEASSISTANT_STOP,
    Platform,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_send

from ..cams.device import read_mac
from ..cams.text import plain
from ..const import CONF_EXPECTED, DOMAIN, KIND_NETWORK
from ..drop import async_keep_drop
from ..following import answers, leads_to
from ..network_entry import camera_entries
from .backend import Backend
from .expected import Expected, read_stored
from .journal import Journal, Line
from .overheard import async_overhear
from .provisioner import Provisioner
from .run import Known, Tools
from .steps import Request, Source, Step
from .store import ProvisioningStore
from .webhook import async_open_webhook

type NetworkConfigEntry = ConfigEntry[Network]

PLATFORMS = (Platform.EVENT,)
EVENT_ID = f"{KIND_NETWORK}_provisioning"
"""Unique id of the entity that tells the steps."""
SIGNAL_PORT = f"{DOMAIN}_switch_port"
"""Sent with nothing when switch ports were learnt or are no longer known."""


class Network:
    """What the network's entry holds while it is loaded."""

    def __init__(self, hass: HomeAssistant, entry: NetworkConfigEntry) -> None:
        """Have everything ready; nothing is read or listened to yet."""
        self.hass = hass
        self.entry = entry
        self.journal = Journal(hass, self._belongs)
        self._store = ProvisioningStore(hass)
        self._backend = Backend(hass)
        self._provisioner = Provisioner(hass, entry, self._search, self._unseen, self._tools)
        self._expected: tuple[object, tuple[Expected, ...]] = (None, ())

    async def async_setup(self) -> bool:
        """Read what is kept, then listen."""
        await self._store.async_load()
        await self.journal.async_load()
        entry, hass = self.entry, self.hass
        entry.runtime_data = self

        async def stop(_event: Event) -> None:
            await self._store.async_save()

        entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop))
        entry.async_on_unload(self.journal.listen(self._port_told))
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
        entry.async_on_unload(async_open_webhook(hass, entry, self.requested))
        entry.async_on_unload(async_overhear(hass, self.told))
        await async_keep_drop(hass, entry)
        async_dispatcher_send(hass, SIGNAL_PORT)
        return True

    async def async_unload(self) -> bool:
        """Take the entities away; the rest is on the entry's own list."""
        if not await self.hass.config_entries.async_unload_platforms(self.entry, PLATFORMS):
            return False
        await self._store.async_save()
        return True

    @property
    def expected(self) -> tuple[Expected, ...]:
        """Return the cameras that the options name."""
        rows = self.entry.options.get(CONF_EXPECTED)
        if self._expected[0] is not rows:
            self._expected = (rows, read_stored(rows))
        return self._expected[1]

    @callback
    def held_until(
        self, *, mac: str | None, serial: str | None, host: str | None
    ) -> datetime | None:
        """Return until when nobody may add streams of a camera by hand; None: anybody may."""
        return self._store.held_until(mac, serial, host)

    @callback
    def option82_of(self, mac: str) -> tuple[str | None, str | None]:
        """Return a camera's circuit id and remote id, as text."""
        port = self._store.port_of(mac)
        return port.get("circuit_id"), port.get("remote_id")

    @callback
    def mac_of_entry(self, entry_id: str) -> str | None:
        """Return the MAC address that led to an entry, or None."""
        return self._store.mac_of(entry_id)

    @callback
    def port_of_entry(
        self, entry: ConfigEntry[Any], mac: str | None
    ) -> tuple[str | None, str | None]:
        """Return the same for an entry's camera, which may not tell its own MAC address."""
        known = mac or read_mac(entry.unique_id or "") or self._store.mac_of(entry.entry_id)
        return (None, None) if known is None else self.option82_of(known)

    @callback
    def told(self, mac: str, address: str, host_name: str | None) -> None:
        """Take what was overheard, about those who are expected and not there yet."""
        if (known := read_mac(mac)) is None:
            return
        request = Request(
            mac=known, address=address, host_name=plain(host_name), source=Source.OVERHEARD
        )
        listed = any(one.mac == known for one in self.expected)
        # Somebody else may be who is expected by its serial number alone.
        if listed or (self._unseen() and self._search(request) is None):
            self.requested(request)

    @callback
    def requested(self, request: Request) -> None:
        """Follow up that somebody got an address."""
        self._provisioner.request(request)

    def _tools(self) -> Tools:
        server = self._backend.of(self.entry.options)
        return Tools(hass=self.hass, journal=self.journal, store=self._store, server=server)

    def _unseen(self) -> tuple[Expected, ...]:
        """Return who is expected by a serial number alone, and not there yet."""
        alone = [one for one in self.expected if one.mac is None and one.serial is not None]
        if not alone:
            return ()
        there: set[str] = set()
        registry = dr.async_get(self.hass)
        for entry in camera_entries(self.hass):
            there.add((entry.unique_id or "").casefold())
            for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
                there.add((device.serial_number or "").casefold())
        return tuple(one for one in alone if (one.serial or "").casefold() not in there)

    def _search(self, request: Request) -> Known | None:
        """Look for somebody by MAC address and address (provisioning.txt)."""
        expected = next((one for one in self.expected if one.mac == request.mac), None)
        entry = self._entry_of(request, expected)
        if entry is not None:
            return Known(expected=expected, entry=entry)
        if (entry := self._entry_at(request.address)) is not None:
            return Known(expected=expected, entry=entry, by_address=True)
        return None if expected is None else Known(expected=expected)

    def _entry_of(self, request: Request, expected: Expected | None) -> ConfigEntry[Any] | None:
        entries = {entry.entry_id: entry for entry in camera_entries(self.hass)}
        for entry in entries.values():
            if entry.unique_id == request.mac:
                return entry
        registry, mark = dr.async_get(self.hass), (dr.CONNECTION_NETWORK_MAC, request.mac)
        for entry_id, entry in entries.items():
            if registry.async_get_device_by_connection(mark, entry_id) is not None:
                return entry
        if (led := self._store.entry_of(request.mac)) in entries:
            return entries[led]
        if expected is None or expected.serial is None:
            return None
        serial = expected.serial.casefold()
        marked = (one for one in entries.values() if (one.unique_id or "").casefold() == serial)
        return next(marked, None)

    def _entry_at(self, address: str) -> ConfigEntry[Any] | None:
        """Return whose camera does not tell its MAC address, and answers at an address."""
        for entry in camera_entries(self.hass):
            if (
                leads_to(entry, address)
                and read_mac(entry.unique_id or "") is None
                and answers(entry)
                and entry.runtime_data.device.identity.mac is None
            ):
                return entry
        return None

    @callback
    def _belongs(self, request: Request) -> dict[str, str]:
        """Return with which entity and device a line stands: the camera's own as soon as it has."""
        found: dict[str, str] = {}
        entity_id = er.async_get(self.hass).async_get_entity_id(Platform.EVENT, DOMAIN, EVENT_ID)
        if entity_id is not None:
            found[ATTR_ENTITY_ID] = entity_id
        registry = dr.async_get(self.hass)
        known = self._search(request)
        camera = None if known is None or known.by_address else known.entry
        for entry in filter(None, (camera, self.entry)):
            if devices := dr.async_entries_for_config_entry(registry, entry.entry_id):
                found[ATTR_DEVICE_ID] = devices[0].id
                break
        return found

    @callback
    def _port_told(self, step: str, _line: Line) -> None:
        if step == Step.OPTION_82_ADDED:
            async_dispatcher_send(self.hass, SIGNAL_PORT)
