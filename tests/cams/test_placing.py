"""Where a camera may be sent: what is refused before anything leaves Home Assistant."""

from ipaddress import IPv4Address

import pytest

from custom_components.panacam.cams.placing import PlaceMistake, Placing, mistake_in

NOW = Placing(
    dhcp=False,
    address=IPv4Address("192.168.0.10"),
    netmask=IPv4Address("255.255.255.0"),
    gateway=IPv4Address("192.168.0.1"),
    port=80,
    https_port=443,
    rtsp_port=554,
)


def at(**fields: str | int | bool) -> Placing:
    """Return a change, addresses as text."""
    return Placing(
        **{
            key: IPv4Address(value) if isinstance(value, str) else value
            for key, value in fields.items()
        }
    )


@pytest.mark.parametrize(
    "changes",
    [
        at(port=8080),
        at(address="192.168.0.254"),
        at(address="10.0.0.5", gateway="10.0.0.1"),
        at(address="10.1.0.0", netmask="255.0.0.0", gateway="10.0.0.1"),
        at(gateway="0.0.0.0"),
        at(netmask="255.255.255.252", address="192.168.0.2", gateway="192.168.0.1"),
        at(dhcp=True),
        at(dhcp=False),
        at(port=81, https_port=80),
        at(rtsp_port=554),
        Placing(),
    ],
)
def test_right(changes: Placing) -> None:
    """What a camera can have."""
    assert mistake_in(NOW, changes) is None


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        (at(dhcp=True, address="192.168.0.11"), PlaceMistake.DHCP_WITH_ADDRESS),
        (at(dhcp=True, gateway="192.168.0.2"), PlaceMistake.DHCP_WITH_ADDRESS),
        (at(address="192.168.0.0"), PlaceMistake.ADDRESS_UNUSABLE),
        (at(address="192.168.0.255"), PlaceMistake.ADDRESS_UNUSABLE),
        (at(address="224.0.0.1", gateway="0.0.0.0"), PlaceMistake.ADDRESS_UNUSABLE),
        (at(address="240.0.0.1", gateway="0.0.0.0"), PlaceMistake.ADDRESS_UNUSABLE),
        (at(address="0.0.0.7", gateway="0.0.0.0"), PlaceMistake.ADDRESS_UNUSABLE),
        (at(netmask="0.0.0.255"), PlaceMistake.NETMASK_UNUSABLE),
        (at(netmask="255.0.255.0"), PlaceMistake.NETMASK_UNUSABLE),
        (at(netmask="255.255.255.254"), PlaceMistake.NETMASK_UNUSABLE),
        (at(netmask="0.0.0.0"), PlaceMistake.NETMASK_UNUSABLE),
        (at(netmask="254.0.0.0"), PlaceMistake.NETMASK_UNUSABLE),
        (at(address="10.0.0.5"), PlaceMistake.GATEWAY_ELSEWHERE),
        (at(gateway="192.168.0.10"), PlaceMistake.GATEWAY_ELSEWHERE),
        (at(gateway="192.168.0.255"), PlaceMistake.GATEWAY_ELSEWHERE),
        (at(port=554), PlaceMistake.PORTS_CLASH),
        (at(https_port=80), PlaceMistake.PORTS_CLASH),
        (at(port=9000, rtsp_port=9000), PlaceMistake.PORTS_CLASH),
    ],
)
def test_mistakes(changes: Placing, mistake: PlaceMistake) -> None:
    """Each of them, by its own name."""
    assert mistake_in(NOW, changes) is mistake


def test_a_camera_that_tells_nothing() -> None:
    """It needs address and netmask to be given both."""
    nothing = Placing()
    assert mistake_in(nothing, at(dhcp=False)) is PlaceMistake.NO_ADDRESS
    assert mistake_in(nothing, at(address="192.168.0.9")) is PlaceMistake.NO_ADDRESS
    whole = at(address="192.168.0.9", netmask="255.255.255.0")
    assert mistake_in(nothing, whole) is None
    assert mistake_in(nothing, at(port=80)) is None


def test_a_clash_that_was_there_before() -> None:
    """Only what is changed is judged: a camera's own strange port is its own."""
    odd = Placing(port=80, rtsp_port=80)
    assert mistake_in(odd, at(https_port=443)) is None


def test_comparing() -> None:
    """What a camera does not tell is no contradiction."""
    assert at(port=81).is_in(Placing(port=81, rtsp_port=5))
    assert at(port=81, rtsp_port=9).is_in(Placing(port=81))
    assert not at(port=81).is_in(Placing(port=80))
    assert Placing(dns=()).is_in(Placing(dns=()))
    assert not Placing(dns=()).is_in(Placing(dns=(IPv4Address("10.0.0.1"),)))
    assert Placing().is_empty
    assert at(port=81).over(NOW).port == 81
    assert at(port=81).over(NOW).address == NOW.address
