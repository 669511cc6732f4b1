"""One provisioning, from the address that a camera got to its streams (provisioning.txt)."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntry
from homeassistant.const import CONF_USERNAME
from homeassistant.core import HomeAssistant

from .. import following
from ..backup_errors import BackupError
from ..cams.backup import Report
from ..cams.errors import CameraError, Reason
from ..connection import find
from ..const import CONF_FINGERPRINT
from ..dhcp.reservations import (
    DhcpServer,
    Reservation,
    ReservationError,
    host_name_of,
)
from . import clock as limits, ports as places
from .adding import LATER, LOGIN, async_try
from .areas import async_place
from .expected import Expected
from .journal import Journal
from .loading import async_load
from .moving import async_move
from .ports import knock
from .steps import EndedError, Request, Source, Step, Told
from .store import ProvisioningStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of somebody who got an address; one of the two at least."""

    expected: Expected | None = None
    entry: ConfigEntry[Any] | None = None
    by_address: bool = False
    """Whether the entry is known by its address alone, which may have been another camera's."""

    @property
    def name(self) -> str | None:
        """Return what the camera is called."""
        if self.entry is not None:
            return self.entry.title
        return None if self.expected is None else self.expected.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What provisionings share."""

    hass: HomeAssistant
    journal: Journal
    store: ProvisioningStore
    server: DhcpServer | None
    """None: addresses are not reserved."""


class SupersededError(Exception):
    """The camera has another address by now."""


class Run:
    """The steps for one camera, in the order of provisioning.txt."""

    def __init__(self, tools: Tools, request: Request, known: Known, turns: limits.Turns) -> None:
        """Begin after the search for `request`'s MAC and address, which found `known`."""
        self.request = request
        """It may learn more on the way."""
        self.newer: Request | None = None
        """Another address of the same camera, told on the way."""
        self._tools = tools
        self._hass = tools.hass
        self._expected = known.expected
        self._entry = known.entry
        self._by_address = known.by_address
        self._name = known.name
        self._lacking: str | None = None
        self._turns = turns
        self._clock: limits.Clock

    async def perform(self) -> None:
        """Go as far as it goes; each step is told, the last one says why there was no more."""
        self._clock = limits.Clock(self._turns)
        try:
            async with self._clock.limit:
                await self._steps()
        except EndedError as end:
            self._tell(end.step, end.reason)
        except TimeoutError:
            self._tell(Step.UNREACHABLE, Reason.TIMEOUT.value)
        except SupersededError:
            self._tell(Step.SUPERSEDED)

    async def _steps(self) -> None:
        if not await following.async_followable(self._hass, self.request.address):
            raise EndedError(Step.UNPROVEN, "address")
        entry, news = self._entry, False
        if entry is not None and (entry.source == SOURCE_IGNORE or entry.disabled_by):
            raise EndedError(Step.NOT_ADDED, "ignored")
        is_proven = True
        if entry is not None and self._by_address:
            entry, is_proven = await self._look_closer(entry)
            if entry is None and self._expected is not None:
                self._entry, self._name = None, self._expected.name
        if entry is not None and await following.async_is_at(entry, self.request.address):
            self._tell(Step.ALREADY_KNOWN)
        else:
            entry, news = await self._connect(entry), True
        self._entry, self._name = entry, entry.title
        store, mac = self._tools.store, self.request.mac
        if is_proven:
            store.put_entry(mac, entry.entry_id)
            self._keep_port()
        await self._set_streams_up(entry)
        if news and self._expected is not None:
            async_place(self._hass, entry, self._expected.area)
        configured = await self._configure(entry)
        if self._lacking is not None:
            # The next renewal is news, then: what was not given is still to be given.
            self._tools.journal.forget(mac, self.request.address)
        if configured or news:
            serial = entry.runtime_data.device.identity.serial
            store.hold(mac, serial=serial, host=self.request.address)
            self._tell(Step.COMPLETED, self._lacking)

    async def _look_closer(self, entry: ConfigEntry[Any]) -> tuple[ConfigEntry[Any] | None, bool]:
        """Return an entry if its camera is still at its address, and whether it has the MAC.

        A new camera may have got the address of one that is gone. EndedError when it is neither
        that one nor expected.
        """
        async with self._clock.turn():
            try:
                found = await find(self._hass, entry.data, alone=True)
                is_there = found.identity.unique_id == entry.unique_id
            except CameraError:
                is_there = False
        async with self._clock.look():
            owner = await following.mac_of(self.request.address) if is_there else None
        if is_there and owner == self.request.mac:
            return entry, True
        if self._expected is not None:
            return None, True  # who is expected still has to prove itself
        if not is_there:
            raise EndedError(Step.NOT_FOUND)
        return entry, False

    async def _connect(self, entry: ConfigEntry[Any] | None) -> ConfigEntry[Any]:
        """Reserve the address, then add the camera or follow it there; return its entry."""
        if self.request.source is Source.OVERHEARD:
            await self._prove()  # anybody can ask for any address, so not even that is reserved
        async with self._clock.turn():
            await self._reserve()
        ports = await self._prove()
        if entry is not None and self._hass.config_entries.async_get_entry(entry.entry_id) is None:
            entry = None  # its owner removed it in the meantime
        if entry is not None:
            await async_move(self._hass, entry, self.request, self._clock)
            self._tell(Step.NETWORK_DEVICE_MOVED)
        elif self._expected is not None:
            entry = await self._add(self._expected, ports)
            pinned = entry.data.get(CONF_FINGERPRINT)
            self._tell(Step.NETWORK_DEVICE_ADDED, details=pinned and {CONF_FINGERPRINT: pinned})
        else:
            raise EndedError(Step.NOT_FOUND)
        return entry

    def _tell(
        self,
        step: Step,
        reason: str | None = None,
        details: Mapping[str, int | str] | None = None,
    ) -> None:
        self._tools.journal.tell(
            Told(step=step, request=self.request, name=self._name, reason=reason, details=details)
        )

    def _check_newest(self) -> None:
        """Stop where the camera has got another address in the meantime."""
        if self.newer is not None:
            raise SupersededError

    async def _reserve(self) -> None:
        """Have the DHCP server keep the address for the camera."""
        if (server := self._tools.server) is None:
            self._tell(Step.RESERVATION_SKIPPED)
            return
        try:
            await server.reserve(
                Reservation(
                    mac=self.request.mac,
                    address=self.request.address,
                    host_name=host_name_of(self._name or ""),
                )
            )
        except ReservationError as err:
            raise EndedError(Step.FAILED_TO_CREATE_DHCP_RESERVATION, err.reason.value) from err
        except ValueError as err:  # IPv6 has other reservations
            raise EndedError(Step.FAILED_TO_CREATE_DHCP_RESERVATION, "not_ipv4") from err
        self._tell(Step.RESERVATION_CREATED)

    async def _prove(self) -> tuple[int, ...]:
        """Wait until the camera answers and is proven to be it; return its open ports.

        Nothing is sent before. The kernel's word for who has the address counts most; it knows
        once a connection stood, so who is on another network then has no row there. Of those the
        DHCP server says who they are; nobody does when its word was only overheard.
        """
        address, mac = self.request.address, self.request.mac
        while True:
            self._check_newest()
            is_last, owner, neighbour = self._clock.is_up(), None, None
            async with self._clock.look():
                if (ports := await knock(address, places.PORTS)) or is_last:
                    owner = await following.mac_of(address)
                    # What the kernel does not vouch for any more shows a neighbour all the same.
                    neighbour = owner or await following.mac_of(address, stale=True)
            if ports and owner == mac:
                return ports
            if ports and neighbour is None:
                self._trust_server()
                return ports
            if is_last:
                stranger = neighbour not in {None, mac}
                raise EndedError(Step.OTHER_CAMERA if stranger else Step.UNREACHABLE)
            await asyncio.sleep(limits.GAP)

    def _trust_server(self) -> None:
        """Take the DHCP server's own word for a camera on another network. EndedError."""
        if self.request.source is not Source.SERVER and not self._has_no_password():
            raise EndedError(Step.UNPROVEN)

    def _has_no_password(self) -> bool:
        """Return whether there is nothing that a stranger could get."""
        if self._entry is not None:
            return not self._entry.data.get(CONF_USERNAME)
        return self._expected is None or self._expected.username is None

    async def _add(self, wanted: Expected, ports: Sequence[int]) -> ConfigEntry[Any]:
        """Add the camera, as soon as it is up; return its entry."""
        denied = False
        while True:
            async with self._clock.turn():
                found = await async_try(self._hass, wanted, self.request, ports)
            if isinstance(found, ConfigEntry):
                return found
            if found in LOGIN:
                if denied:
                    raise EndedError(Step.REFUSED, found)
                denied = True
                await asyncio.sleep(limits.LOGIN_PAUSE)
            elif found == Reason.OTHER_CAMERA.value:
                raise EndedError(Step.OTHER_CAMERA)
            elif found not in LATER:
                raise EndedError(Step.NOT_ADDED, found)
            elif self._clock.is_up():
                raise EndedError(Step.UNREACHABLE, found)
            else:
                await asyncio.sleep(limits.GAP)
            ports = await self._prove()

    def _keep_port(self) -> None:
        """Keep what option 82 says of the switch port."""
        port = self.request.port
        if port and self._tools.store.put_port(self.request.mac, port):
            self._tell(Step.OPTION_82_ADDED)

    async def _set_streams_up(self, entry: ConfigEntry[Any]) -> None:
        """Wait until the camera's streams are there."""
        await async_load(self._hass, entry, self.request.address, self._clock, self._check_newest)
        streams = len(entry.runtime_data.device.streams)
        self._tell(Step.STREAMS_SET_UP, details={"streams": streams})

    async def _configure(self, entry: ConfigEntry[Any]) -> bool:
        """Give the camera the settings that it is to have, once; return whether it got any."""
        # Copies of settings know forms, which know us.
        from .configuring import async_apply_template, async_replace  # noqa: PLC0415 - see above

        expected, store, mac = self._expected, self._tools.store, self.request.mac
        if expected is None:
            return False
        replaced = False
        if expected.name is not None:
            replaced = await self._apply(async_replace(self._hass, entry))
        template = expected.template
        if template is None or store.given_to(mac) == template:
            return replaced
        if given := await self._apply(async_apply_template(self._hass, entry, template)):
            store.put_given(mac, template)
        return replaced or given

    async def _apply(self, applying: Awaitable[Report | None]) -> bool:
        """Wait until settings are applied, and tell; return whether they are."""
        from .configuring import counts, worked  # noqa: PLC0415 - see above

        try:
            async with self._clock.turn():
                report = await applying
        except (CameraError, BackupError) as err:
            self._tell(Step.CONFIGURATION_FAILED, err.reason.value)
            self._lacking = "without_settings"
            return False
        if report is None:
            return False
        if not worked(report):
            reason = report.ended or Reason.NOT_TAKEN
            self._tell(Step.CONFIGURATION_FAILED, reason.value, counts(report))
            self._lacking = "without_settings"
            return False
        self._tell(Step.CONFIGURATION_APPLIED, details=counts(report))
        return True
