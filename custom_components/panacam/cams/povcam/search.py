"""Easy IP Setup, which finds cameras by UDP broadcast (specification 4.6, facts) (no I/O).

The protocol is not published; question and answer are laid out as in public captures of a sister
model. Camera and client are named by MAC and IPv4 address, and a list of tags says what is asked
for. Assumed: that these cameras speak as their sisters do, and that the client's MAC address does
not matter. The same protocol sets addresses, with other commands: they are not here.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address
import struct
from typing import Final

from ..device import read_mac
from ..discovery import Candidate, Search, Source
from ..text import plain

PORT: Final = 10670
LOCAL_PORT: Final = 10669
"""Where cameras answer to: those of another subnet by broadcast."""
MAX_DATAGRAM: Final = 8192

_HEADER: Final = struct.Struct(">HHH6s6s4s26s")
"""Version, length of the tags, command, MAC of the camera, MAC and address of the client, fixed."""
_VERSION: Final = 1
_SEARCH: Final = 0x0D
_ANYBODY: Final = bytes(6)
_CLIENT: Final = bytes([0xFF] * 6)
"""As our MAC address: whoever sends its answer there reaches us, too."""
_FIXED: Final = bytes.fromhex("0000 20111e11231f1e1913 00000201 0000000000000000000000")
_TAG: Final = struct.Struct(">HH")
"""Tag and length of a value."""
_ASK: Final = 0xFFF0
_END: Final = 0xFFFF
_WANTED: Final = (
    *(0x20, 0x21, 0x22, 0x23, 0x25, 0x28, 0x40, 0x41, 0x42, 0x44),
    *(0xA5, 0xA6, 0xA7, 0xA8, 0xAD, 0xB3, 0xB4, 0xB7, 0xB8),
)
"""What the maker's tool asks for; cameras tell more."""
_WEB_PORT: Final = 0x25
_HTTPS: Final = 443
"""A port that tells that the camera takes HTTPS only; nothing else does."""
_NAME: Final = 0xA7
_MODEL: Final = 0xA8
_SERIAL: Final = 0xD1


def questions(address: str) -> tuple[bytes, ...]:
    """Return the one datagram that asks all cameras, from an IPv4 address of ours."""
    wanted = struct.pack(f">{len(_WANTED)}H", *_WANTED)
    asked = _TAG.pack(_ASK, len(wanted)) + wanted
    datagram = _HEADER.pack(
        _VERSION,
        len(asked),
        _SEARCH,
        _ANYBODY,
        _CLIENT,
        IPv4Address(address).packed,
        _FIXED,
    )
    datagram += asked + struct.pack(">H", _END)
    return (datagram + struct.pack(">H", sum(datagram) + 1 & 0xFFFF),)


def read(datagram: bytes, source: str) -> tuple[Candidate, ...]:
    """Return the camera that answers; () for what is no answer, a question included."""
    if not _HEADER.size < len(datagram) <= MAX_DATAGRAM:
        return ()
    version, _, command, mac, *_ = _HEADER.unpack_from(datagram)
    address = read_mac(mac.hex())
    if version != _VERSION or command == _SEARCH or address is None:
        return ()
    tags = _tags(datagram)
    if not tags.keys() & {_WEB_PORT, _NAME, _MODEL}:
        return ()
    port = int.from_bytes(tags.get(_WEB_PORT, b"")[:2])
    return (
        Candidate(
            host=source,
            port=port or None,
            tls=port == _HTTPS,
            mac=address,
            serial=_text(tags.get(_SERIAL)),
            manufacturer="Panasonic",
            model=_text(tags.get(_MODEL)),
            name=_text(tags.get(_NAME)),
            family="povcam",
            source=Source.EASY_IP,
        ),
    )


def _tags(datagram: bytes) -> Mapping[int, bytes]:
    """Return the values behind the header up to the end, the first one of each tag."""
    tags: dict[int, bytes] = {}
    at = _HEADER.size
    while at + _TAG.size <= len(datagram):
        tag, length = _TAG.unpack_from(datagram, at)
        at += _TAG.size
        if tag == _END or at + length > len(datagram):
            break
        tags.setdefault(tag, datagram[at : at + length])
        at += length
    return tags


def _text(value: bytes | None) -> str | None:
    """Return a text that is padded with NUL."""
    return None if value is None else plain(value.partition(b"\0")[0].decode(errors="replace"))


SEARCH: Final = Search(
    name=Source.EASY_IP,
    port=PORT,
    local_port=LOCAL_PORT,
    questions=questions,
    read=read,
)
