import copy
from typing import Any

import pytest

from custom_components.panacam.dhcp.kea_config import mentions, released, reserved, subnet_of
from custom_components.panacam.dhcp.reservations import (
    Reservation,
    ReservationError,
    ServerReason,
    host_name_of,
)

CAM = "a8:13:74:00:00:01"
WANTED = Reservation(mac=CAM, address="192.0.2.30")


def subnet(network: str = "192.0.2.0/24", *entries: object, **more: Any) -> dict[str, Any]:
    """Return a subnet with reservations."""
    return {"subnet": network, "reservations": list(entries), **more}


@pytest.mark.parametrize(
    "identifier",
    [
        {"hw-address": "A8:13:74:00:00:01"},
        {"hw-address": "a8-13-74-00-00-01"},
        {"hw-address": "0xa81374000001"},
        {"client-id": "01:a8:13:74:00:00:01"},
        {"client-id": "01A81374000001"},
    ],
)
def test_forms_of_the_same_device(identifier: dict[str, str]) -> None:
    """However Kea's owner wrote it, it is this device."""
    config = {"subnet4": [subnet("192.0.2.0/24", {**identifier, "ip-address": "192.0.2.9"})]}
    assert mentions(config, CAM)
    after = reserved(config, WANTED)
    assert after["subnet4"][0]["reservations"] == [{**identifier, "ip-address": "192.0.2.30"}]
    assert released(config, CAM)["subnet4"][0]["reservations"] == []


def test_narrowest_subnet() -> None:
    """Where one subnet lies in another, the narrower one gives out the address."""
    narrow = subnet("192.0.2.16/28")
    config = {"subnet4": [subnet(), narrow, subnet("192.0.0.0/16")]}
    assert subnet_of(config, "192.0.2.17") is narrow


@pytest.mark.parametrize("network", ["192.0.2.30/31", "192.0.2.30/32"])
def test_networks_without_broadcast(network: str) -> None:
    """Each of their addresses is a device's."""
    assert mentions(reserved({"subnet4": [subnet(network)]}, WANTED), CAM)


def test_global_reservations() -> None:
    """Those for all subnets count: addresses are moved, what else they say stays."""
    classes = {"hw-address": CAM, "client-classes": ["cameras"]}
    config = {
        "reservations": [classes, {"hw-address": CAM, "ip-address": "192.0.2.8"}],
        "subnet4": [subnet()],
    }
    after = reserved(config, WANTED)
    assert after["reservations"] == [classes]
    assert after["subnet4"][0]["reservations"] == [{"hw-address": CAM, "ip-address": "192.0.2.30"}]
    assert released(after, CAM)["reservations"] == [classes]
    taken = {"reservations": [{"duid": "01:02", "ip-address": "192.0.2.30"}], "subnet4": [subnet()]}
    with pytest.raises(ReservationError, match="address taken"):
        reserved(taken, WANTED)


def test_twice_in_one_subnet() -> None:
    """One of them is left."""
    entries = [{"hw-address": CAM, "ip-address": f"192.0.2.{last}"} for last in (8, 9)]
    after = reserved({"subnet4": [subnet("192.0.2.0/24", *entries)]}, WANTED)
    assert [entry["ip-address"] for entry in after["subnet4"][0]["reservations"]] == ["192.0.2.30"]


@pytest.mark.parametrize(
    ("place", "server", "obeyed"),
    [
        ({}, {}, True),
        ({}, {"reservations-in-subnet": False}, False),
        ({"reservations-in-subnet": False}, {"reservations-in-subnet": True}, False),
        ({"reservations-in-subnet": True}, {"reservations-in-subnet": False}, True),
        ({"pools": [{"pool": "192.0.2.20-192.0.2.40"}]}, {"reservations-out-of-pool": True}, False),
        ({"pools": [{"pool": "192.0.2.16/28"}]}, {"reservations-out-of-pool": True}, False),
        (
            {"pools": [{"pool": "192.0.2.31 - 192.0.2.40"}]},
            {"reservations-out-of-pool": True},
            True,
        ),
        ({"pools": [{"pool": "192.0.2.20-192.0.2.40"}]}, {}, True),
        ({"pools": [{"pool": "x-y"}, {"pool": 5}, 7]}, {"reservations-out-of-pool": True}, True),
        ({}, {"host-reservation-identifiers": ["client-id"]}, False),
        ({}, {"host-reservation-identifiers": ["duid", "hw-address"]}, True),
    ],
)
def test_reservations_that_kea_would_ignore(
    place: dict[str, Any], server: dict[str, Any], *, obeyed: bool
) -> None:
    """They are not made: nobody would get the address by them."""
    network = {"name": "cams", "subnet4": [subnet(**place)]}
    for config in (
        {"subnet4": [subnet(**place)], **server},
        {"shared-networks": [{**network, **server}]},
        {"shared-networks": [network], **server},
    ):
        if "host-reservation-identifiers" in server and "subnet4" not in config:
            continue  # only said for the whole server
        if obeyed:
            assert mentions(reserved(config, WANTED), CAM)
            continue
        with pytest.raises(ReservationError) as caught:
            reserved(config, WANTED)
        assert caught.value.reason is ServerReason.RESERVATIONS_OFF


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"subnet4": None},
        {"subnet4": {"subnet": "192.0.2.0/24"}},
        {"subnet4": [1, None, {"subnet": 7}, {"subnet": "2001:db8::/64"}, {"subnet": "192"}]},
        {"shared-networks": [1, {"subnet4": 5}]},
    ],
)
def test_odd_configurations(config: dict[str, Any]) -> None:
    """What is not understood gives no address, and stays as it is."""
    before = copy.deepcopy(config)
    with pytest.raises(ReservationError, match="no subnet"):
        reserved(config, WANTED)
    assert released(config, CAM) == config == before


def test_odd_reservations() -> None:
    """Entries that are none stay where they are."""
    odd = [5, None, {"hw-address": 7, "ip-address": 8}, {"ip-address": ""}]
    after = reserved({"subnet4": [subnet("192.0.2.0/24", *odd)]}, WANTED)
    assert after["subnet4"][0]["reservations"][:4] == odd
    assert released(after, CAM)["subnet4"][0]["reservations"] == odd


@pytest.mark.parametrize(
    "changes",
    [
        {"mac": "A8:13:74:00:00:01"},
        {"mac": "a8:13:74:00:00"},
        {"mac": CAM + "\n"},
        {"address": "192.0.2.300"},
        {"address": "2001:db8::1"},
        {"address": "192.0.2.1,x"},
        {"host_name": ""},
        {"host_name": "a b"},
        {"host_name": "cam\nignore"},
        {"host_name": "-cam"},
        {"host_name": "x" * 64},
    ],
)
def test_what_is_no_reservation(changes: dict[str, str]) -> None:
    """It could be read as something else where it is written down."""
    given: dict[str, Any] = {"mac": CAM, "address": "192.0.2.1", **changes}
    with pytest.raises(ValueError, match=r"."):
        Reservation(**given)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Gate, north", "gate-north"),
        ("  Über-Cam! ", "ber-cam"),
        ("камера", None),
        ("", None),
        ("x" * 80, "x" * 63),
        ("a" * 62 + " b", "a" * 62),
    ],
)
def test_host_names(text: str, name: str | None) -> None:
    """Any text gives one, or none."""
    assert host_name_of(text) == name
    assert name is None or Reservation(mac=CAM, address="192.0.2.1", host_name=name)
