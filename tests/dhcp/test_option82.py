import os
from typing import Any

import pytest

from custom_components.panacam.dhcp.option82 import MAX_READABLE, readable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"Gi1/0/5", "Gi1/0/5"),
        ("Gi1/0/5", "Gi1/0/5"),
        (" Gi1/0/5\n", "Gi1/0/5"),
        (bytearray(b"Gi1/0/5"), "Gi1/0/5"),
        # As Kea's run_script hook writes it.
        ("0x4769312F302F35", "Gi1/0/5"),
        ("0X4769312f302f35", "Gi1/0/5"),
        ("47:69:31:2f:30:2f:35", "Gi1/0/5"),
        ("47-69-31-2F-30-2F-35", "Gi1/0/5"),
        # Behind its type and its length, as Cisco's switches send text.
        (b"\x01\x07Gi1/0/5", "Gi1/0/5"),
        (b"\x00\x06\xa8\x13\x74\x00\x00\x01", "00:06:a8:13:74:00:00:01"),
        # VLAN 10, module 0, port 5: not text.
        (b"\x00\x04\x00\x0a\x00\x05", "00:04:00:0a:00:05"),
        ("0x0004000A0005", "00:04:00:0a:00:05"),
        ("01:02", "01:02"),
        (b"port 5\x00", "port 5"),
        ("Büro 3".encode(), "Büro 3"),
        ("Büro 3", "Büro 3"),
        (b"\xff", "ff"),
        ("a\udcffb", "61:ff:62"),
        ("a\ud800b", "a?b"),
        ("a\x07b", "61:07:62"),
        ("\u202eevil", "e2:80:ae:65:76:69:6c"),
        ("0x", "0x"),
        ("0x123", "0x123"),
        ("47:6", "47:6"),
        ("eth0:1", "eth0:1"),
        (b"", ""),
        (b"\x00\x00", "00:00"),
        (b" ", "20"),
        ("", ""),
        (None, ""),
        (5, ""),
        (["Gi1"], ""),
    ],
)
def test_readable(value: Any, text: str) -> None:
    """The text that was meant, else hexadecimal digits."""
    assert readable(value) == text


def test_any_bytes() -> None:
    """Every value of every length is printable and bounded, whatever form it comes in."""
    values = [bytes([byte]) * length for byte in range(256) for length in (1, 2, 3, 300)]
    values += [os.urandom(length) for length in range(300)]
    values += [b"\x01\x05ab\xffcd"[:length] for length in range(8)]
    for value in values:
        for form in (value, value.decode("latin-1"), "0x" + value.hex(), value.hex(":")):
            text = readable(form)
            assert text.isprintable()
            assert len(text) <= MAX_READABLE
            assert text or not form.strip()


@pytest.mark.parametrize("limit", [-1, 0, 1, 2, 3, 10])
def test_limit(limit: int) -> None:
    """What is cut says so."""
    assert len(readable("Gi1/0/5" * 9, limit)) == max(limit, 0)
    assert readable("x" * 50_000_000, 4) == "xxx…"
