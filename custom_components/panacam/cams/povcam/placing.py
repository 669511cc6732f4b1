"""Where a Panasonic camera is on its network (4.1, 4.6, 5.1, 5.8, 7.1, 7.2)."""

from ipaddress import IPv4Address
from typing import Final

from ..errors import CameraError, ConnectError, Reason, RefusedError, UnreachedError
from ..placing import Placing, Reach
from .client import PovcamClient
from .commands import GET_NETWORK, SETTINGS
from .commands_network import GET_HTTPS, NETWORK, SET_HTTPS
from .commands_settings import GET_PRIORITY_MODE, SET_PRIORITY_MODE
from .wire import Command, OneOf, Reply, parse_reply

HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443

_HIGHEST_PORT: Final = 65535
_ADDRESSES: Final = {"address": "IP_addr", "netmask": "netmask", "gateway": "gateway"}
"""Field -> what its four octets are called."""
_NUMBERS: Final = {
    "port": "port",
    "rtsp_port": "rtsp_port",
    "packet_size": "rtp_packet_max",
    "segment_size": "mss",
    "easy_ip_setup": "time",
    "bandwidth": "bandwidth",
}
_UNLIMITED: Final = 10000
"""Another word for no limit of the bandwidth."""


class PovcamPlacer:
    """The placer role."""

    def __init__(self, client: PovcamClient) -> None:
        """Speak by `client`, whose own address is where the camera is."""
        self._client = client

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the priority modes (4.1); a camera may have some of them only, and never says."""
        allowed = SET_PRIORITY_MODE.parameters["mode"]
        return allowed.values if isinstance(allowed, OneOf) else ()

    async def read(self) -> Placing:
        """Return where the camera is. What it does not tell, or calls nonsense, is None."""
        network = parse_reply(await self._client.call(GET_NETWORK))
        settings, https, mode = (
            await self._optional(SETTINGS),
            await self._optional(GET_HTTPS),
            await self._optional(GET_PRIORITY_MODE),
        )
        return Placing(
            dhcp=network.flag("ip4_dhcp"),
            address=_address(network, "ip4_addr"),
            netmask=_address(network, "ip4_netmask"),
            gateway=_address(network, "ip4_gateway"),
            dns=_servers(network),
            port=_port(network, "port"),
            # get_network has it as 0, always (5.8).
            rtsp_port=_port(settings, "RTSPPORT"),
            packet_size=_whole(network, "rtp_packet_max"),
            segment_size=_whole(network, "mss"),
            easy_ip_setup=(network.text("time") or "").casefold() or None,
            bandwidth=_bandwidth(network),
            https=read_https(https),
            https_port=_port(https, "https_port"),
            mode=(mode.text("priority_mode") or "").casefold() or None,
        )

    async def move(self, changes: Placing) -> Reach:
        """Send what changes; an address goes with all that makes it one (4.6)."""
        values: dict[str, str | int] = {}
        if changes.dhcp is not None:
            values["dhcp"] = int(changes.dhcp)
        if changes.dhcp is not True:
            for key, name in _ADDRESSES.items():
                if (address := getattr(changes, key)) is not None:
                    values |= _octets(name, address)
        if changes.dns is not None:
            values["dns"] = "manual" if changes.dns else "auto"
            for name, server in zip(("pri_server", "sec_server"), _two(changes.dns), strict=True):
                values |= _octets(name, server) if changes.dns else {}
        for key, name in _NUMBERS.items():
            if (number := getattr(changes, key)) is not None:
                values[name] = number
        await self._send(NETWORK, values)
        base = self._client.base
        host: str | None = base.host or ""
        if changes.dhcp is True:
            host = None
        elif changes.address is not None:
            host = str(changes.address)
        tls = base.scheme == "https"
        port = None if tls else changes.port
        return Reach(host=host, port=port or base.port or HTTP_PORT, tls=tls)

    async def use_https(self, on: bool, port: int | None = None) -> Reach:
        """Change how the camera is spoken to (7.1); the port stays when none is named."""
        now = await self.read()
        if now.https is None:
            raise RefusedError(Reason.UNSUPPORTED, SET_HTTPS.name)
        values: dict[str, str | int] = {"live": "https" if on else "http"}
        if port is not None:
            values["https_port"] = port
        await self._send(SET_HTTPS, values)
        there = (port or now.https_port or HTTPS_PORT) if on else (now.port or HTTP_PORT)
        return Reach(host=self._client.base.host or "", port=there, tls=on)

    async def set_mode(self, mode: str) -> Reach:
        """Change the priority mode (4.1)."""
        await self._send(SET_PRIORITY_MODE, {"mode": mode})
        base = self._client.base
        return Reach(host=base.host or "", port=base.port or HTTP_PORT, tls=base.scheme == "https")

    async def _send(self, command: Command, values: dict[str, str | int]) -> None:
        """Send what may cut the connection before it is answered. CameraError."""
        try:
            await self._client.call(command, **values)
        except ConnectError as err:
            if err.reason not in {Reason.CUT, Reason.TIMEOUT} or isinstance(err, UnreachedError):
                raise

    async def _optional(self, command: Command) -> Reply:
        """Return what is not answered by all models; nothing then."""
        try:
            return parse_reply(await self._client.call(command))
        except ConnectError:
            raise
        except CameraError:
            return Reply({})


def read_https(reply: Reply) -> bool | None:
    """Return whether HTTPS is in use from get_https, whose answer no document shows (7.2).

    Taken are the words of set_https, and on or off under a name that says HTTPS.
    """
    match reply.get("live", reply.get("https", "")).casefold():
        case "https":
            return True
        case "http":
            return False
    told = (reply.flag(name) for name in ("live", "https", "https_status"))
    return next((flag for flag in told if flag is not None), None)


def _address(reply: Reply, name: str) -> IPv4Address | None:
    try:
        # The print has a blank after the first dot (5.8).
        return IPv4Address(reply.get(name, "").replace(" ", ""))
    except ValueError:
        return None


def _servers(reply: Reply) -> tuple[IPv4Address, ...] | None:
    match reply.get("dns", "").casefold():
        case "auto":
            return ()
        case "manual":
            told = (_address(reply, "ip4_pri_server"), _address(reply, "ip4_sec_server"))
            return tuple(one for one in told if one is not None and int(one))
        case _:
            return None


def _whole(reply: Reply, name: str) -> int | None:
    number = reply.number(name)
    return int(number) if number is not None and number.is_integer() else None


def _port(reply: Reply, name: str) -> int | None:
    port = _whole(reply, name)
    return port if port is not None and 1 <= port <= _HIGHEST_PORT else None


def _bandwidth(reply: Reply) -> int | None:
    told = _whole(reply, "bandwidth")
    return 0 if told == _UNLIMITED else told


def _octets(name: str, address: IPv4Address) -> dict[str, str | int]:
    return {f"{name}{place}": octet for place, octet in enumerate(address.packed, start=1)}


def _two(servers: tuple[IPv4Address, ...]) -> tuple[IPv4Address, IPv4Address]:
    first, second = (*servers, IPv4Address(0), IPv4Address(0))[:2]
    return first, second
