"""The device itself: who it is, its services, its clock, its restart and its log."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from ..device import Identity, read_mac
from ..errors import AuthError, ConnectError, ProtocolError, Reason, RefusedError
from ..roles import Press, Problem, Reading
from ..text import plain
from .clock import by_network
from .definitions import SERVICES
from .node import Node
from .part import Part
from .trying import optional, together

CLOCK_TOLERANCE: Final = 60.0
"""Seconds by which a clock may be off; events and recordings are hard to find beyond that."""
MAX_LOG: Final = 64 * 1024
"""Characters of the system log, its end."""
MAX_SERVICES: Final = 64
MAX_INTERFACES: Final = 16
MAX_SCOPES: Final = 200

OPERATIONS: Final[Mapping[str, str]] = {
    "device.GetSystemDateAndTime": "signing of requests, sensor `clock_offset`",
    "device.SetSystemDateAndTime": "repair `clock_off`, button `set_clock`",
    "device.GetServices": "what the device has",
    "device.GetCapabilities": "what a device has that knows no GetServices",
    "device.GetDeviceInformation": "device information",
    "device.GetNetworkInterfaces": "unique id (MAC address)",
    "device.GetScopes": "name",
    "device.GetEndpointReference": "unique id, without MAC address and serial number",
    "device.SystemReboot": "button `restart`",
    "device.GetSystemLog": "diagnostics",
    "device.GetSystemUris": "diagnostics, where the log is a file",
}

_BY_NAMESPACE: Final = {namespace: name for name, namespace in SERVICES.items()}
_IN_CAPABILITIES: Final = {
    ("Device",): "device",
    ("Media",): "media",
    ("PTZ",): "ptz",
    ("Imaging",): "imaging",
    ("Events",): "events",
    ("Analytics",): "analytics",
    ("Extension", "DeviceIO"): "deviceio",
}
_SERIAL: Final = "serial"
"""What the serial number of the device that was found to be the right one is remembered by."""
_NAME_SCOPE: Final = "onvif://www.onvif.org/name/"


class SystemPart(Part):
    """What the device service tells and does, inputs and outputs apart."""

    identity = Identity(manufacturer="")
    """Who answered last."""
    _macs: tuple[str, ...] = ()
    """The addresses of its interfaces, those in use first; what was told once holds."""

    async def identify(self) -> Identity:
        """Learn who it is and which services it has.

        Raises ConnectError, AuthError, BusyError, ProtocolError(NOT_A_CAMERA) for what is none.
        """
        try:
            await self.client.see_clock()
        except (ProtocolError, RefusedError) as err:
            # Some refuse even this, but by a fault: only who speaks no SOAP at all is none.
            if isinstance(err, ProtocolError) or err.reason is not Reason.REFUSED:
                raise ProtocolError(Reason.NOT_A_CAMERA) from err
        except AuthError:
            pass  # it wants a login for everything; what comes next gives it
        self.client.learn(await self._services())
        self.identity = await self._identity()
        return self.identity

    def matches(self, expected_id: str) -> bool:
        """Return whether the device that was identified is the one with this unique id.

        That is any of its MAC addresses or its serial number, since it does not tell all of them
        at any time; one that does not tell its addresses contradicts none.
        """
        serial, memory = self.identity.serial, self.board.memory
        if expected_id in {*self._macs, serial, self.identity.unique_id}:
            # Proven: its serial number will tell it again, also after a restart of ours.
            memory.put(_SERIAL, serial)
            return True
        if self._macs or read_mac(expected_id) is None:
            return False
        proven = memory.get(_SERIAL)
        return proven is None or proven == serial

    async def connect(self) -> None:
        """Show the clock."""
        self.board.press(Press(key="set_clock", config=True, enabled=False), self.set_clock)
        self._show_clock()

    async def refresh(self) -> None:
        """Look at the clock again, and whether it still is the same device."""
        await optional(self.client.see_clock())
        self._show_clock()
        now = await self._who()
        if now is not None and now.serial not in {None, self.identity.serial}:
            raise ConnectError(Reason.OTHER_CAMERA)

    async def alive(self, limit: float) -> None:
        """Return when the device answers within `limit` seconds. CameraError."""
        try:
            await self.client.call("device", "GetSystemDateAndTime", signed=False, timeout=limit)
        except RefusedError, ProtocolError, AuthError:
            # It answers, if not to this: a login is no matter of being there.
            await self.client.call("device", "GetDeviceInformation", timeout=limit)

    async def reboot(self) -> None:
        """Restart it (the role). CameraError."""
        await self.client.call("device", "SystemReboot")

    async def set_clock(self) -> None:
        """Set its clock to ours, its time zone left alone. CameraError.

        RefusedError(CONFLICT) for a device with a time server, which it would never ask again.
        """
        told = await self.client.call("device", "GetSystemDateAndTime")
        if by_network(told):
            raise RefusedError(Reason.CONFLICT, "NTP")
        zone = told.text("SystemDateAndTime", "TimeZone", "TZ")
        now = datetime.now(UTC)
        await self.client.call(
            "device",
            "SetSystemDateAndTime",
            DateTimeType="Manual",
            DaylightSavings=told.flag("SystemDateAndTime", "DaylightSavings") or False,
            TimeZone=None if zone is None else {"TZ": zone},
            UTCDateTime={
                "Time": {"Hour": now.hour, "Minute": now.minute, "Second": now.second},
                "Date": {"Year": now.year, "Month": now.month, "Day": now.day},
            },
        )
        await self.client.see_clock()
        self._show_clock()

    @property
    def fixable(self) -> frozenset[Problem]:
        """Return what `fix` can mend (the role): no clock that a time server sets wrong."""
        return frozenset() if self.client.clock_by_network else frozenset({Problem.CLOCK_OFF})

    async def read(self) -> str:
        """Return the end of the system log (the role). CameraError."""
        told = await optional(self.client.call("device", "GetSystemLog", LogType="System"))
        text = None if told is None else told.whole_text("SystemLog", "String")
        if text is None:
            text = await self._log_file()
        return text[-MAX_LOG:]

    async def _log_file(self) -> str:
        told = await self.client.call("device", "GetSystemUris")
        uri = told.text("SystemLogUris", "SystemLog", "Uri")
        if uri is None:
            raise RefusedError(Reason.UNSUPPORTED, "GetSystemUris")
        place = self.client.place(uri)
        answer = await self.client.http_at(place).request(
            "GET", place.path, max_bytes=16 * MAX_LOG, reads=True
        )
        return answer.body.decode("utf-8", "replace")

    def _show_clock(self) -> None:
        offset = self.client.clock_offset
        seconds = None if offset is None else round(offset.total_seconds())
        self.board.reading(
            Reading(key="clock_offset", unit="s", diagnostic=True, enabled=False), seconds
        )
        self.board.problems.discard(Problem.CLOCK_OFF)
        if seconds is not None and abs(seconds) > CLOCK_TOLERANCE:
            self.board.problems.add(Problem.CLOCK_OFF)

    async def _services(self) -> Mapping[str, str]:
        """Return the address of each service that the device has, by its key."""
        told = await optional(
            self.client.call("device", "GetServices", IncludeCapability=False, signed=False)
        )
        found = {} if told is None else _of_services(told)
        if not found:
            told = await self._capabilities()
            found = {} if told is None else _of_capabilities(told)
        return found

    async def _capabilities(self) -> Node | None:
        try:
            return await optional(
                self.client.call("device", "GetCapabilities", Category=["All"], signed=False)
            )
        except AuthError:  # no device should ask for a login here, but some do
            return await optional(self.client.call("device", "GetCapabilities", Category=["All"]))

    async def _identity(self) -> Identity:
        # Alone: a wrong password is to be tried once, since some lock out who tries often.
        if (who := await self._who()) is None:
            raise ProtocolError(Reason.NOT_A_CAMERA)
        interfaces, scopes = await together(
            optional(self.client.call("device", "GetNetworkInterfaces")),
            optional(self.client.call("device", "GetScopes")),
        )
        macs = () if interfaces is None else _macs(interfaces)
        if macs or who.serial is None or who.serial != self.identity.serial:
            self._macs = macs
        found = replace(who, mac=next(iter(self._macs), None), name=_name(scopes))
        if found.unique_id is None:
            found = replace(found, serial=await self._endpoint())
        if found.unique_id is None:
            # Nothing could tell it from another one.
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "GetDeviceInformation")
        marks = frozenset(filter(None, (*self._macs, found.serial)))
        return replace(found, marks=marks, silent=not self._macs)

    async def _endpoint(self) -> str | None:
        """Return the UUID by which it is discovered."""
        told = await optional(self.client.call("device", "GetEndpointReference", signed=False))
        guid = None if told is None else told.text("GUID")
        return plain((guid or "").removeprefix("urn:uuid:"))

    async def _who(self) -> Identity | None:
        """Return what GetDeviceInformation tells, or None when it tells nothing."""
        told = await optional(self.client.call("device", "GetDeviceInformation"))
        if told is None:
            return None
        return Identity(
            manufacturer=plain(told.text("Manufacturer")) or "ONVIF",
            model=plain(told.text("Model")),
            serial=plain(told.text("SerialNumber")),
            firmware=plain(told.text("FirmwareVersion")),
        )


def _of_services(told: Node) -> dict[str, str]:
    found: dict[str, str] = {}
    for service in told.children("Service")[:MAX_SERVICES]:
        name = _BY_NAMESPACE.get(service.text("Namespace") or "")
        address = service.text("XAddr")
        if name is not None and address is not None:
            found[name] = address
    return found


def _of_capabilities(told: Node) -> dict[str, str]:
    found: dict[str, str] = {}
    for path, name in _IN_CAPABILITIES.items():
        if (address := told.text("Capabilities", *path, "XAddr")) is not None:
            found[name] = address
    return found


def _macs(interfaces: Node) -> tuple[str, ...]:
    """Return the MAC addresses of the interfaces, those in use first."""
    rows = interfaces.children("NetworkInterfaces")[:MAX_INTERFACES]
    rows.sort(key=lambda row: row.flag("Enabled") is False)
    found = (read_mac(row.text("Info", "HwAddress") or "") for row in rows)
    return tuple(mac for mac in found if mac is not None)


def _name(scopes: Node | None) -> str | None:
    if scopes is None:
        return None
    for scope in scopes.children("Scopes")[:MAX_SCOPES]:
        item = scope.text("ScopeItem") or ""
        if item.startswith(_NAME_SCOPE):
            return plain(item.removeprefix(_NAME_SCOPE).replace("%20", " "))
    return None
