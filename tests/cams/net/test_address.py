"""Hosts in all spellings."""

import pytest

from custom_components.panacam.cams.net.address import (
    MAX_HOST,
    is_zoned,
    literal,
    same_host,
    unescaped,
    zoneless,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("[FE80::1%25Eth0.5]", "fe80::1%Eth0.5"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("camera.local", None),
        ("192.0.2", None),
        ("[2001:db8::1", None),
        ("fe80::1%", None),
        ("", None),
        ("1" * (MAX_HOST + 1), None),
    ],
)
def test_literal(text: str, address: str | None) -> None:
    """What is an address is one in every spelling; nothing else is."""
    found = literal(text)
    assert (None if found is None else str(found)) == address


def test_zones() -> None:
    """A zone is ours: taken off before anybody sees it, and kept from a URL's escape."""
    assert zoneless("fe80::1%eth0") == "fe80::1"
    assert zoneless("odd%name") == "odd%name"
    assert unescaped("fe80::1%25eth0") == "fe80::1%eth0"
    assert unescaped("fe80::1%25") == "fe80::1%25"  # the zone's name is 25
    assert is_zoned("fe80::1%eth0")
    assert not is_zoned("fe80::1")
    assert not is_zoned("odd%name")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:0DB8:0:0::0001", True),
        ("[2001:db8::1]", "2001:db8::1", True),
        ("fe80::1%eth0", "fe80::1", True),
        ("fe80::1%eth0", "[fe80::1%25eth0]", True),
        ("fe80::1%eth0", "fe80::1%eth1", False),
        ("2001:db8::1", "2001:db8::2", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("Camera.local", "camera.local.", True),
        ("camera.local", "192.0.2.7", False),
    ],
)
def test_same_host(one: str, other: str, same: bool) -> None:
    """Two spellings of one host are one, in both orders."""
    assert same_host(one, other) is same
    assert same_host(other, one) is same
