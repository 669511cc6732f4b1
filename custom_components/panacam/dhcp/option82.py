"""What a switch says about its port (DHCP option 82, RFC 3046), made fit for people.

Switches send what they like: text, text behind a type and a length, or numbers. DHCP servers pass
it on as it is, or as hexadecimal digits in some form.
"""

import re
from typing import Final

MAX_READABLE: Final = 128
"""Characters; a sub-option has at most 255 bytes, a port's name far fewer."""
_MAX_BYTES: Final = 255

_HEX: Final = (
    re.compile(r"0x((?:[0-9a-f]{2})+)", re.IGNORECASE),
    re.compile(r"([0-9a-f]{2}(?:[:-][0-9a-f]{2})+)", re.IGNORECASE),
)


def readable(value: object, limit: int = MAX_READABLE) -> str:
    """Return printable text of at most `limit` characters: the text that was meant, else hex.

    Takes bytes, or text as Kea ("0x4769"), dnsmasq and others ("47:69", "Gi1/0/5") write it.
    Anything else, and nothing, is an empty text. Never raises.
    """
    match value:
        case bytes() | bytearray():
            text = _of_bytes(bytes(value[: _MAX_BYTES + 1]))
        case str():
            text = _of_text(value[: 4 * _MAX_BYTES].strip())
        case _:
            text = ""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"[:limit]


def _of_text(text: str) -> str:
    """Return hexadecimal digits as what they stand for, any other text without its rubbish."""
    for form in _HEX:
        if found := form.fullmatch(text):
            return _of_bytes(bytes.fromhex(re.sub("[:-]", "", found[1])))
    if text and text.isprintable():
        return text
    return _of_bytes(text.encode(errors="surrogateescape" if _escaped(text) else "replace"))


def _escaped(text: str) -> bool:
    """Return whether all that is no character in this text is an escaped byte."""
    return all(not "\ud800" <= char <= "\udfff" or "\udc80" <= char <= "\udcff" for char in text)


def _of_bytes(data: bytes) -> str:
    """Return bytes as the text in them, bare or behind its type and length, else as hex."""
    for part in (data, data[2:] if len(data) > 2 and data[1] == len(data) - 2 else b""):
        # Some end their text with a zero, as in C.
        if text := _text(part.rstrip(b"\0")):
            return text
    return data.hex(":")


def _text(data: bytes) -> str | None:
    """Return bytes as text when every one of them belongs to something printable."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text.strip() if text.isprintable() else None
