"""One provisioning, from the address that a camera got to its streams (provisioning.txt)."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_IMPORT,
    ConfigEntry,
    ConfigEntryState,
)
from homeassistant.const import (
    CONF_HOST,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .. import following
from ..cams.backup import Report
from ..cams.errors import CameraError, Reason
from ..const import CONF_EXPECTED_MAC, CONF_EXPECTED_SERIAL, CONF_FAMILY, DOMAIN
from ..dhcp.reservations import (
    DhcpServer,
    Reservation,
    ReservationError,
    host_name_of,
)
from .areas import async_place
from .expected import Expected
from .journal import Journal
from .moving import async_move
from .steps import EndedError, Request, Source, Step, Told
from .store import ProvisioningStore

BOOT_LIMIT: Final = 120.0
"""Seconds that a camera may take from its address to its first answer."""
RUN_LIMIT: Final = 600.0
"""Seconds for all of it, settings included."""
LOAD_LIMIT: Final = 60.0
"""Seconds that an entry may take until it is loaded."""
GAP: Final = 1.0
"""Seconds between two looks whether a camera answers."""
KNOCK_TIME: Final = 2.0
"""Seconds for a connection on the camera's own network."""
LOGIN_PAUSE: Final = 10.0
"""Seconds before a login is tried a second time, and last: who starts up refuses everybody."""
HTTP: Final = 80
HTTPS: Final = 443
PORTS: Final = (HTTP, HTTPS, 8000, 8080, 8899, 2020)
"""Where cameras answer."""
_LATER: Final = frozenset(
    reason.value
    for reason in (
        Reason.UNREACHABLE,
        Reason.TIMEOUT,
        Reason.CUT,
        Reason.BUSY,
        Reason.TOO_MANY_CONNECTIONS,
        Reason.NOT_HTTP,
        Reason.NOT_A_CAMERA,
        Reason.UNEXPECTED_REPLY,
        Reason.REFUSED,
    )
) | {"already_in_progress"}
"""What a camera that starts up may seem to be."""
_ELSEWHERE: Final = frozenset({Reason.REDIRECTED.value, Reason.TLS.value})
"""What sends to another of its ports."""
_LOGIN: Final = frozenset(
    reason.value
    for reason in (
        Reason.NO_CREDENTIALS,
        Reason.WRONG_CREDENTIALS,
        Reason.WRONG_USERNAME,
        Reason.WRONG_PASSWORD,
        Reason.NO_PRIVILEGE,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of somebody who got an address; one of the two at least."""

    expected: Expected | None = None
    entry: ConfigEntry[Any] | None = None

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

    def __init__(self, tools: Tools, request: Request, known: Known) -> None:
        """Begin after the search for `request`'s MAC and address, which found `known`."""
        self.request = request
        """It may learn more on the way."""
        self.newer: Request | None = None
        """Another address of the same camera, told on the way."""
        self._tools = tools
        self._hass = tools.hass
        self._expected = known.expected
        self._entry = known.entry
        self._name = known.name
        self._end = self._hass.loop.time() + BOOT_LIMIT

    async def perform(self) -> None:
        """Go as far as it goes; each step is told, the last one says why there was no more."""
        try:
            async with asyncio.timeout(RUN_LIMIT):
                await self._steps()
        except EndedError as end:
            self._tell(end.step, end.reason)
        except TimeoutError:
            self._tell(Step.UNREACHABLE, Reason.TIMEOUT.value)
        except SupersededError:
            return

    async def _steps(self) -> None:
        if not await following.async_followable(self._hass, self.request.address):
            raise EndedError(Step.UNPROVEN, "address")
        entry, news = self._entry, False
        if entry is not None and (entry.source == SOURCE_IGNORE or entry.disabled_by):
            raise EndedError(Step.NOT_ADDED, "ignored")
        if entry is not None and entry.data[CONF_HOST] == self.request.address:
            self._tell(Step.ALREADY_KNOWN)
        else:
            entry, news = await self._connect(entry), True
        self._entry, self._name = entry, entry.title
        store, mac = self._tools.store, self.request.mac
        store.put_entry(mac, entry.entry_id)
        self._keep_port()
        await self._set_streams_up(entry)
        if news and self._expected is not None:
            async_place(self._hass, entry, self._expected.area)
        if await self._configure(entry) or news:
            serial = entry.runtime_data.device.identity.serial
            store.hold(mac, serial=serial, host=self.request.address)
            self._tell(Step.COMPLETED)

    async def _connect(self, entry: ConfigEntry[Any] | None) -> ConfigEntry[Any]:
        """Reserve the address, then add the camera or follow it there; return its entry."""
        if self.request.source is Source.OVERHEARD:
            await self._prove()  # anybody can ask for any address, so not even that is reserved
        await self._reserve()
        ports = await self._prove()
        if entry is not None and self._hass.config_entries.async_get_entry(entry.entry_id) is None:
            entry = None  # its owner removed it in the meantime
        if entry is not None:
            await async_move(self._hass, entry, self.request, self._end, GAP)
            self._tell(Step.NETWORK_DEVICE_MOVED)
        elif self._expected is not None:
            entry = await self._add(self._expected, ports)
            self._tell(Step.NETWORK_DEVICE_ADDED)
        else:
            raise EndedError(Step.NOT_FOUND)
        return entry

    def _tell(
        self, step: Step, reason: str | None = None, details: Mapping[str, int] | None = None
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
            ports = await knock(address, PORTS)
            owner = await following.mac_of(address)
            if ports and owner == mac:
                return ports
            if owner is None:
                # What it does not vouch for any more shows a neighbour all the same.
                owner = await following.mac_of(address, stale=True)
                if ports and owner is None:
                    self._trust_server()
                    return ports
            if self._hass.loop.time() + GAP > self._end:
                stranger = owner not in {None, mac}
                raise EndedError(Step.OTHER_CAMERA if stranger else Step.UNREACHABLE)
            await asyncio.sleep(GAP)

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
            found = await self._try(wanted, ports)
            if isinstance(found, ConfigEntry):
                return found
            if found in _LOGIN:
                if denied:
                    raise EndedError(Step.REFUSED, found)
                denied = True
                await asyncio.sleep(LOGIN_PAUSE)
            elif found == Reason.OTHER_CAMERA.value:
                raise EndedError(Step.OTHER_CAMERA)
            elif found not in _LATER:
                raise EndedError(Step.NOT_ADDED, found)
            elif self._hass.loop.time() + GAP > self._end:
                raise EndedError(Step.UNREACHABLE, found)
            else:
                await asyncio.sleep(GAP)
            ports = await self._prove()

    async def _try(self, wanted: Expected, ports: Sequence[int]) -> ConfigEntry[Any] | str:
        """Try to add the camera at its ports; return its entry, or what says most of why not."""
        reasons = []
        for port in ports:
            found = await self._import(wanted, port)
            if isinstance(found, ConfigEntry):
                return found
            if found in _LOGIN or found not in _LATER | _ELSEWHERE:
                return found
            reasons.append(found)
        return next((one for one in reasons if one in _LATER), reasons[0])

    async def _import(self, wanted: Expected, port: int) -> ConfigEntry[Any] | str:
        """Try to add the camera at one of its ports; return its entry, or why not."""
        result = await asyncio.shield(
            # It sets the camera up, which nobody may interrupt.
            self._hass.async_create_task(
                self._hass.config_entries.flow.async_init(
                    DOMAIN,
                    context={"source": SOURCE_IMPORT},
                    data=_import_data(wanted, self.request, port),
                ),
                "panacam import",
            )
        )
        if result["type"] is FlowResultType.CREATE_ENTRY:
            return result["result"]
        return str(result.get("reason"))

    def _keep_port(self) -> None:
        """Keep what option 82 says of the switch port."""
        port = self.request.port
        if port and self._tools.store.put_port(self.request.mac, port):
            self._tell(Step.OPTION_82_ADDED)

    async def _set_streams_up(self, entry: ConfigEntry[Any]) -> None:
        """Wait until the camera's streams are there."""
        end = max(self._end, self._hass.loop.time() + LOAD_LIMIT)
        port = entry.data.get(CONF_PORT) or (HTTPS if entry.data.get(CONF_SSL) else HTTP)
        while not following.answers(entry):
            if entry.state is ConfigEntryState.SETUP_ERROR:
                raise EndedError(Step.REFUSED, entry.error_reason_translation_key)
            if self._hass.loop.time() > end:
                raise EndedError(Step.UNREACHABLE, entry.error_reason_translation_key)
            self._check_newest()
            if entry.state is ConfigEntryState.SETUP_RETRY and await knock(
                self.request.address, (port,)
            ):
                # Home Assistant would wait longer and longer.
                await self._hass.config_entries.async_reload(entry.entry_id)
            await asyncio.sleep(GAP / 4)
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
        from .configuring import counts  # noqa: PLC0415 - see above

        try:
            report = await applying
        except CameraError as err:
            self._tell(Step.CONFIGURATION_FAILED, err.reason.value)
            return False
        if report is None:
            return False
        if report.ended is not None:
            self._tell(Step.CONFIGURATION_FAILED, report.ended.value, counts(report))
            return False
        self._tell(Step.CONFIGURATION_APPLIED, details=counts(report))
        return True


def _import_data(wanted: Expected, request: Request, port: int) -> dict[str, Any]:
    """Return what the form is told of a camera that may be at a port, without what is not known."""
    data = {
        CONF_HOST: request.address,
        CONF_PORT: None if port == HTTP else port,
        CONF_SSL: port == HTTPS,
        CONF_FAMILY: wanted.family,
        CONF_USERNAME: wanted.username,
        CONF_PASSWORD: None if wanted.username is None else wanted.password or "",
        CONF_NAME: wanted.name,
        CONF_EXPECTED_MAC: request.mac,
        CONF_EXPECTED_SERIAL: wanted.serial,
    }
    return {key: value for key, value in data.items() if value is not None}


async def knock(address: str, wanted: Sequence[int]) -> tuple[int, ...]:
    """Return at which ports somebody answers, without a byte sent."""

    async def one(port: int) -> bool:
        try:
            async with asyncio.timeout(KNOCK_TIME):
                _, writer = await asyncio.open_connection(address, port)
        except OSError, TimeoutError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    opened = await asyncio.gather(*map(one, wanted))
    return tuple(port for port, is_open in zip(wanted, opened, strict=True) if is_open)
