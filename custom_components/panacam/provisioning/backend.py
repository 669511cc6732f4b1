"""The DHCP server that reserves addresses, from the options of the network's entry."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, assert_never

from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..const import CONF_SERVER
from ..dhcp.dnsmasq import DnsmasqServer
from ..dhcp.kea import KeaServer
from ..dhcp.reservations import DhcpServer

CONF_HOSTS_FILE: Final = "hosts_file"
CONF_PID_FILE: Final = "pid_file"


class ServerKind(StrEnum):
    """Which DHCP server there is."""

    NONE = "none"
    """None that takes orders: addresses are not reserved."""
    KEA = "kea"
    DNSMASQ = "dnsmasq"


FIELDS: Final[Mapping[ServerKind, tuple[str, ...]]] = {
    ServerKind.NONE: (),
    ServerKind.KEA: (CONF_URL, CONF_USERNAME, CONF_PASSWORD),
    ServerKind.DNSMASQ: (CONF_HOSTS_FILE, CONF_PID_FILE),
}
"""The options of each."""


@callback
def kind_of(options: Mapping[str, Any]) -> ServerKind:
    """Return which DHCP server the options name."""
    try:
        return ServerKind(options.get(CONF_SERVER) or ServerKind.NONE)
    except ValueError:
        return ServerKind.NONE


@callback
def server_for(hass: HomeAssistant, options: Mapping[str, Any]) -> DhcpServer | None:
    """Return that DHCP server, nobody asked yet; None when there is none."""
    match kind_of(options):
        case ServerKind.NONE:
            return None
        case ServerKind.KEA:
            return KeaServer(
                async_get_clientsession(hass),
                options.get(CONF_URL, ""),
                options.get(CONF_USERNAME) or None,
                options.get(CONF_PASSWORD) or None,
            )
        case ServerKind.DNSMASQ:
            pid_file = options.get(CONF_PID_FILE)
            return DnsmasqServer(
                Path(options.get(CONF_HOSTS_FILE, "")), Path(pid_file) if pid_file else None
            )
        case _ as kind:
            assert_never(kind)


class Backend:
    """Keeps one server as long as the options are the same: it lets one change in at a time."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with none."""
        self._hass = hass
        self._key: tuple[object, ...] | None = None
        self._server: DhcpServer | None = None

    @callback
    def of(self, options: Mapping[str, Any]) -> DhcpServer | None:
        """Return the server of the options as they are now."""
        kind = kind_of(options)
        key = (kind, *(options.get(name) for name in FIELDS[kind]))
        if key != self._key:
            self._server, self._key = server_for(self._hass, options), key
        return self._server
