"""Reservations in a configuration of Kea's DHCPv4 server: pure functions on its JSON.

Kea User's Guide, "Host Reservations in DHCPv4". What is not understood is left as it is.
"""

from collections.abc import Iterator
import copy
from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from typing import Any

from .reservations import Reservation, ReservationError, ServerReason

type Map = dict[str, Any]


def reserved(config: Map, reservation: Reservation) -> Map:
    """Return the configuration ("Dhcp4") with the address kept for the device, and no other.

    An equal one when it was so before. Raises ReservationError(NO_SUBNET | ADDRESS_TAKEN |
    RESERVATIONS_OFF).
    """
    config = copy.deepcopy(config)
    home = subnet_of(config, reservation.address)
    for place in _places(config):
        kept: list[object] = []
        found = False
        for entry in _list(place, "reservations"):
            if not isinstance(entry, dict) or not is_of(entry, reservation.mac):
                if address_of(entry) == reservation.address:
                    raise ReservationError(ServerReason.ADDRESS_TAKEN)
                kept.append(entry)
            elif place is home and not found:
                kept.append(changed(entry, reservation))
                found = True
            elif not address_of(entry):
                # What is said of the device without an address, its classes say, still holds.
                kept.append(entry)
        if place is home and not found:
            kept.append(changed({"hw-address": reservation.mac}, reservation))
        if kept or "reservations" in place:
            place["reservations"] = kept
    return config


def released(config: Map, mac: str) -> Map:
    """Return the configuration with no address kept for the device."""
    config = copy.deepcopy(config)
    for place in _places(config):
        if "reservations" in place:
            place["reservations"] = [
                entry
                for entry in _list(place, "reservations")
                if not (isinstance(entry, dict) and is_of(entry, mac) and address_of(entry))
            ]
    return config


def mentions(config: Map, mac: str) -> bool:
    """Return whether the configuration itself keeps an address for the device."""
    return released(config, mac) != config


def subnet_of(config: Map, address: str) -> Map:
    """Return the subnet that gives out an address, the very object of the configuration.

    Raises ReservationError(NO_SUBNET | RESERVATIONS_OFF).
    """
    wanted = IPv4Address(address)
    found = [
        (network.prefixlen, chain)
        for chain in _chains(config)
        if (network := _network(chain[0])) and wanted in network and _usable(network, wanted)
    ]
    if not found:
        raise ReservationError(ServerReason.NO_SUBNET)
    chain = max(found, key=lambda each: each[0])[1]
    if not _obeyed(chain, wanted):
        raise ReservationError(ServerReason.RESERVATIONS_OFF)
    return chain[0]


def subnet_ids(config: Map) -> list[int]:
    """Return the ids of all subnets."""
    ids = (chain[0].get("id") for chain in _chains(config))
    return [subnet_id for subnet_id in ids if isinstance(subnet_id, int)]


def has_database(config: Map) -> bool:
    """Return whether hosts are kept in a database as well, which reservation-add writes to."""
    return bool(config.get("hosts-database") or config.get("hosts-databases"))


def is_of(entry: Map, mac: str) -> bool:
    """Return whether a reservation is this device's, by its MAC or the client id made of it."""
    digits = mac.replace(":", "")
    return (
        _digits(entry.get("hw-address")) == digits
        or _digits(entry.get("client-id")) == f"01{digits}"
    )


def address_of(entry: object) -> str | None:
    """Return the address that a reservation keeps, or None."""
    address = entry.get("ip-address") if isinstance(entry, dict) else None
    return address if isinstance(address, str) and address else None


def changed(entry: Map, reservation: Reservation) -> Map:
    """Return a device's reservation with its address and name, and all else that it says."""
    name = {"hostname": reservation.host_name} if reservation.host_name else {}
    return {**entry, "ip-address": reservation.address, **name}


def _digits(identifier: object) -> str:
    """Return the hexadecimal digits of an identifier in any of Kea's forms."""
    if not isinstance(identifier, str):
        return ""
    return identifier.lower().removeprefix("0x").translate({ord(char): None for char in ":-. "})


def _list(place: Map, key: str) -> list[object]:
    """Return a list of the configuration, empty when it is none."""
    value = place.get(key)
    return value if isinstance(value, list) else []


def _maps(place: Map, key: str) -> Iterator[Map]:
    """Yield the maps of a list of the configuration."""
    yield from (entry for entry in _list(place, key) if isinstance(entry, dict))


def _chains(config: Map) -> Iterator[tuple[Map, ...]]:
    """Yield every subnet followed by what it inherits from."""
    yield from ((subnet, config) for subnet in _maps(config, "subnet4"))
    for network in _maps(config, "shared-networks"):
        yield from ((subnet, network, config) for subnet in _maps(network, "subnet4"))


def _places(config: Map) -> Iterator[Map]:
    """Yield everything that can hold reservations."""
    yield config
    yield from (chain[0] for chain in _chains(config))


def _network(subnet: Map) -> IPv4Network | None:
    """Return the addresses of a subnet, None when it says nothing usable."""
    text = subnet.get("subnet")
    try:
        return IPv4Network(text, strict=False) if isinstance(text, str) else None
    except ValueError:
        return None


def _usable(network: IPv4Network, address: IPv4Address) -> bool:
    """Return whether a device can have this address of a network."""
    return network.prefixlen > 30 or address not in {
        network.network_address,
        network.broadcast_address,
    }


def _obeyed(chain: tuple[Map, ...], address: IPv4Address) -> bool:
    """Return whether Kea looks at a reservation by MAC for this address of a subnet."""

    def flag(key: str, *, default: bool) -> bool:
        return next((place[key] for place in chain if isinstance(place.get(key), bool)), default)

    by = _list(chain[-1], "host-reservation-identifiers")
    return (
        (not by or "hw-address" in by)
        and flag("reservations-in-subnet", default=True)
        # A promise that nothing inside the pools is reserved: Kea does not look there.
        and not (
            flag("reservations-out-of-pool", default=False)
            and any(_in_pool(pool.get("pool"), address) for pool in _maps(chain[0], "pools"))
        )
    )


def _in_pool(pool: object, address: IPv4Address) -> bool:
    """Return whether "first - last", or "network/bits", has an address."""
    if not isinstance(pool, str):
        return False
    first, dash, last = (part.strip() for part in pool.partition("-"))
    try:
        if not dash:
            return address in IPv4Network(first, strict=False)
        ends = IPv4Address(first), IPv4Address(last)
        return any(address in network for network in summarize_address_range(*ends))
    except ValueError:
        return False
