"""Actions that cut the connection: address, ports, HTTPS and priority mode; the camera is followed.

Each has to be confirmed, is checked before anything is sent, and ends when the camera answers at
its new place, or with a sentence that says where it was looked for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from .action_base import Action, Asked, Mistake, Told, needs
from .cams.errors import Reason, RefusedError
from .cams.placing import CertificateKind, PlaceMistake, Placer, Placing, Reach, mistake_in
from .changing import alone, refuse_at_work
from .const import DOMAIN
from .coordinator import PanacamCoordinator
from .following import async_followable, async_mac_of, leads_to
from .known import macs_of
from .moving import Journey, async_follow
from .network_entry import camera_entries

CONFIRM_NETWORK: Final = "confirm_network"
CONFIRM_HTTPS: Final = {True: "confirm_https_on", False: "confirm_https_off"}
CONFIRM_MODE: Final = "confirm_mode"
WARNINGS: Final = (CONFIRM_NETWORK, *CONFIRM_HTTPS.values(), CONFIRM_MODE)
"""Keys of what is said to who has not confirmed."""
PORT: Final = vol.All(vol.Coerce(int), vol.Range(min=1, max=65535))
CONFIRM: Final = vol.Optional("confirm", default=False)
MAX_SERVERS: Final = 2
PRIORITY_MODES: Final = ["ip", "rec_pb", "ip_4k", "rec_pb_4k"]
PACKET_SIZES: Final = ["1280", "1500"]
SEGMENT_SIZES: Final = ["1024", "1280", "1460"]
EASY_IP_TIMES: Final = ["20", "unlimited"]
BANDWIDTHS: Final = ["0", "1024", "2048", "4096", "8192", "16384", "32768"]

_NO_ADDRESS: Final = "expected an IPv4 address such as 192.168.0.10"
_TARGETS: HassKey[set[IPv4Address]] = HassKey("panacam_targets")
"""Addresses that cameras are being sent to now: no two get one."""


def refuse_unconfirmed(asked: Asked, warning: str) -> None:
    """Raise ServiceValidationError, which says what will happen, unless it is confirmed."""
    if not asked.data["confirm"]:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=warning)


def refuse_mistake(mistake: PlaceMistake | None) -> None:
    """Raise ServiceValidationError when there is one."""
    if mistake is not None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=mistake.value)


async def _set_network(placer: Placer, asked: Asked) -> Told:
    """Send a camera to another address or port, or change how it uses its network."""
    refuse_unconfirmed(asked, CONFIRM_NETWORK)
    coordinator = asked.coordinator
    async with alone(coordinator):
        now = await placer.read()
        changes = _network_changes(asked, now)
        refuse_mistake(mistake_in(now, changes))
        with _target(coordinator.hass, changes.address if changes.address != now.address else None):
            if changes.address is not None and changes.address != now.address:
                await _refuse_taken(coordinator, changes.address)
            await refuse_at_work(coordinator)
            reach = await placer.move(changes)
            await _follow(coordinator, reach, changes)
    return None


def _network_changes(asked: Asked, now: Placing) -> Placing:
    """Return what is to change; an address that is given means one that stays."""
    given = asked.given(
        *("dhcp", "address", "netmask", "gateway", "port", "rtsp_port", "easy_ip_setup")
    )
    given |= {
        key: int(value)
        for key, value in asked.given("packet_size", "segment_size", "bandwidth").items()
    }
    if "dns" in asked.data:
        given["dns"] = tuple(asked.data["dns"])
    changes = Placing(**given)
    moves = any(key in given for key in ("address", "netmask", "gateway"))
    if changes.dhcp is False or (moves and changes.dhcp is None):
        # The camera is told all of it: what it had by DHCP would be gone with that.
        return changes.over(
            Placing(dhcp=False, address=now.address, netmask=now.netmask, gateway=now.gateway)
        )
    return changes


async def _refuse_taken(coordinator: PanacamCoordinator, address: IPv4Address) -> None:
    """Raise ServiceValidationError for an address that leads nowhere or to somebody else."""
    hass, entry, host = coordinator.hass, coordinator.config_entry, str(address)
    if not await async_followable(hass, host):
        refuse_mistake(PlaceMistake.ADDRESS_UNUSABLE)
    others = (one for one in camera_entries(hass) if one.entry_id != entry.entry_id)
    if any(leads_to(other, host) for other in others):
        refuse_mistake(PlaceMistake.ADDRESS_TAKEN)
    there = await async_mac_of(hass, host, stale=False)
    if there is not None and there not in macs_of(hass, entry):
        refuse_mistake(PlaceMistake.ADDRESS_TAKEN)


@contextmanager
def _target(hass: HomeAssistant, address: IPv4Address | None) -> Iterator[None]:
    """Keep an address for one camera; ServiceValidationError when another is sent there now."""
    if address is None:
        yield
        return
    targets = hass.data.setdefault(_TARGETS, set())
    if address in targets:
        refuse_mistake(PlaceMistake.ADDRESS_TAKEN)
    targets.add(address)
    try:
        yield
    finally:
        targets.discard(address)


async def _set_https(placer: Placer, asked: Asked) -> Told:
    """Have a camera spoken to by HTTPS only, or by HTTP only."""
    coordinator, on = asked.coordinator, asked.data["enabled"]
    changes = Placing(https=on, https_port=asked.data.get("port"))
    async with alone(coordinator):
        now = await placer.read()
        store = coordinator.device.certificates
        if store is None or now.https is None:
            raise RefusedError(Reason.UNSUPPORTED)
        refuse_mistake(mistake_in(now, changes))
        if on and (await store.read()).kind is CertificateKind.NONE:
            raise RefusedError(Reason.NO_CERTIFICATE)
        refuse_unconfirmed(asked, CONFIRM_HTTPS[on])
        await refuse_at_work(coordinator)
        reach = await placer.use_https(on, changes.https_port)
        await _follow(coordinator, reach, changes)
    return None


async def _set_priority_mode(placer: Placer, asked: Asked) -> Told:
    """Give priority to something else, which changes the streams that a camera has."""
    refuse_unconfirmed(asked, CONFIRM_MODE)
    coordinator, mode = asked.coordinator, asked.data["mode"]
    async with alone(coordinator):
        if (await placer.read()).mode is None or mode not in placer.modes:
            raise RefusedError(Reason.UNSUPPORTED)
        await refuse_at_work(coordinator)
        reach = await placer.set_mode(mode)
        await _follow(coordinator, reach, Placing(mode=mode))
    return None


async def _follow(coordinator: PanacamCoordinator, reach: Reach, changes: Placing) -> None:
    await async_follow(
        coordinator.hass, coordinator.config_entry, Journey(reach=reach, changes=changes)
    )


def _address(value: Any) -> IPv4Address:
    """Return what a field has as an address. vol.Invalid."""
    try:
        return IPv4Address(cv.string(value).strip())
    except ValueError as err:
        raise vol.Invalid(_NO_ADDRESS) from err


PLACING: Final[tuple[Action[Any], ...]] = (
    Action[Placer](
        name="set_network",
        fields={
            vol.Optional("dhcp"): cv.boolean,
            vol.Optional("address"): _address,
            vol.Optional("netmask"): _address,
            vol.Optional("gateway"): _address,
            vol.Optional("dns"): vol.All(cv.ensure_list, [_address], vol.Length(max=MAX_SERVERS)),
            vol.Optional("port"): PORT,
            vol.Optional("rtsp_port"): PORT,
            vol.Optional("packet_size"): vol.In(PACKET_SIZES),
            vol.Optional("segment_size"): vol.In(SEGMENT_SIZES),
            vol.Optional("easy_ip_setup"): vol.In(EASY_IP_TIMES),
            vol.Optional("bandwidth"): vol.In(BANDWIDTHS),
            CONFIRM: cv.boolean,
        },
        check=needs(
            Mistake.NO_CHANGE,
            *("dhcp", "address", "netmask", "gateway", "dns", "port", "rtsp_port"),
            *("packet_size", "segment_size", "easy_ip_setup", "bandwidth"),
        ),
        role_fn=lambda device: device.placer,
        call_fn=_set_network,
    ),
    Action[Placer](
        name="set_https",
        fields={
            vol.Required("enabled"): cv.boolean,
            vol.Optional("port"): PORT,
            CONFIRM: cv.boolean,
        },
        role_fn=lambda device: device.placer,
        call_fn=_set_https,
    ),
    Action[Placer](
        name="set_priority_mode",
        fields={vol.Required("mode"): vol.In(PRIORITY_MODES), CONFIRM: cv.boolean},
        role_fn=lambda device: device.placer,
        call_fn=_set_priority_mode,
    ),
)
