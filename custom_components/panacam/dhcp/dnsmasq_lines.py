"""A hosts file of dnsmasq: one reservation a line, as dnsmasq(8) says of dhcp-host; pure.

Lines that are not the device's own stay byte by byte, and so do the parts of its own line that
were not asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
import re
from typing import Final

from .reservations import Reservation, ReservationError, ServerReason

_LINE: Final = re.compile(rb"(\s*)(.*?)(\s*(?:(?:^|\s)#.*)?[\r\n]*)", re.DOTALL)
_MAC: Final = re.compile(
    r"(?:[0-9a-f]{1,2}-)?([0-9a-f*]{1,2}(?::[0-9a-f*]{1,2}){5})", re.IGNORECASE
)
_CLIENT_ID: Final = re.compile(r"id:(01(?::[0-9a-f]{2}){6})", re.IGNORECASE)
_NAME: Final = re.compile(r"(?!infinite$|ignore$|\d+[smhdw]?$)[a-z0-9][a-z0-9.-]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line, taken to pieces that make it up again."""

    indent: bytes
    fields: tuple[str, ...]
    """What stands between the commas, decoded byte by byte."""
    rest: bytes
    """A comment and the end of the line."""

    @property
    def macs(self) -> tuple[str, ...]:
        """The devices that the line is about, lower case with colons, with wildcards."""
        macs = (found[1] for field in self.fields if (found := _MAC.fullmatch(field.strip())))
        ids = (
            found[1][3:] for field in self.fields if (found := _CLIENT_ID.fullmatch(field.strip()))
        )
        both = dict.fromkeys(mac.lower() for mac in (*macs, *ids))
        return tuple(":".join(part.zfill(2) for part in mac.split(":")) for mac in both)

    @property
    def place(self) -> int | None:
        """Which of the fields is the address."""
        return next((i for i, field in enumerate(self.fields) if _is_address(field.strip())), None)

    @property
    def address(self) -> str | None:
        """The address that the line keeps."""
        return None if self.place is None else self.fields[self.place].strip()

    def __bytes__(self) -> bytes:
        """Put the line together."""
        return self.indent + ",".join(self.fields).encode("latin-1") + self.rest


def reserved(data: bytes, reservation: Reservation) -> bytes:
    """Return the file with the address kept for the device, and no other; the same if it was so.

    Raises ReservationError(ADDRESS_TAKEN | RESERVATIONS_OFF), and REFUSED where a line that the
    device shares with others says something else.
    """
    lines = _lines(data)
    for line in lines:
        alone = line.macs == (reservation.mac,)
        if reservation.mac not in line.macs:
            if line.address == reservation.address:
                raise ReservationError(ServerReason.ADDRESS_TAKEN)
        elif not alone and line.address == reservation.address:
            return data
        elif not alone and line.address:
            raise ReservationError(ServerReason.REFUSED, "a line shared with other devices")
        elif alone and any(field.strip() == "ignore" for field in line.fields):
            raise ReservationError(ServerReason.RESERVATIONS_OFF)
    own = [line for line in lines if line.macs == (reservation.mac,)]
    if not own:
        end = b"" if not data or data.endswith(b"\n") else b"\n"
        return data + end + bytes(_changed(_Line(b"", (reservation.mac,), b"\n"), reservation))
    first = next((line for line in own if line.address), own[0])
    return _joined(
        lines,
        lambda line: (
            _changed(line, reservation) if line is first else None if line.address else line
        ),
        reservation.mac,
    )


def released(data: bytes, mac: str) -> bytes:
    """Return the file without the lines that keep an address for this device alone."""
    return _joined(_lines(data), lambda line: None if line.address else line, mac)


def _joined(lines: list[_Line], edit: Callable[[_Line], _Line | None], mac: str) -> bytes:
    """Return the file with every line of this device alone edited, None: dropped."""
    kept = (edit(line) if line.macs == (mac,) else line for line in lines)
    return b"".join(bytes(line) for line in kept if line is not None)


def _changed(line: _Line, reservation: Reservation) -> _Line:
    """Return a device's own line with its address and its name."""
    fields = list(line.fields)
    if line.place is None:
        fields.insert(1, reservation.address)
    elif line.address != reservation.address:
        fields[line.place] = reservation.address
    if reservation.host_name:
        named = next((i for i, field in enumerate(fields) if _is_name(field.strip())), None)
        if named is None:
            fields.append(reservation.host_name)
        elif fields[named].strip() != reservation.host_name:
            fields[named] = reservation.host_name
    return _Line(line.indent, tuple(fields), line.rest)


def _lines(data: bytes) -> list[_Line]:
    """Take a file to pieces; only a line feed ends a line."""
    return [_line(raw) for raw in re.findall(rb"[^\n]*\n|[^\n]+", data)]


def _line(raw: bytes) -> _Line:
    """Take one line to pieces."""
    found = _LINE.fullmatch(raw)
    if found is None:  # the form takes anything
        return _Line(b"", (), raw)
    return _Line(found[1], tuple(found[2].decode("latin-1").split(",")), found[3])


def _is_address(field: str) -> bool:
    """Return whether a field is an IPv4 address."""
    try:
        IPv4Address(field)
    except ValueError:
        return False
    return True


def _is_name(field: str) -> bool:
    """Return whether a field is a host name, and not a time, a tag, a device or an address."""
    return bool(_NAME.fullmatch(field)) and not _is_address(field) and not _MAC.fullmatch(field)
