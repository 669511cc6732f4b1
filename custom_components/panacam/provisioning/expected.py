"""Cameras that are expected on the network: who they are, how to log in, what they become."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Self

from ..cams.device import read_mac
from ..cams.registry import FAMILIES

MAX_EXPECTED: Final = 1000
MAX_TEXT: Final = 64
"""Characters of everything but a MAC address."""
COLUMNS: Final = ("mac", "serial", "family", "username", "password", "name", "area", "template")
"""The fields of a camera, in the order of forms and tables; all of them texts."""


class Fault(StrEnum):
    """What is wrong with a row; keys of their sentences."""

    NO_IDENTITY = "expected_no_identity"
    BAD_MAC = "expected_bad_mac"
    UNKNOWN_FAMILY = "expected_unknown_family"
    NO_USERNAME = "expected_no_username"
    SERIAL_PASSWORD = "expected_serial_password"  # noqa: S105 - the name of a mistake
    TOO_LONG = "expected_too_long"
    UNPRINTABLE = "expected_unprintable"
    SAME_MAC = "expected_same_mac"
    SAME_SERIAL = "expected_same_serial"
    TOO_MANY = "expected_too_many"
    ROW_LENGTH = "expected_row_length"
    QUOTES = "expected_quotes"
    EMPTY = "expected_empty"
    UNKNOWN_COLUMN = "expected_unknown_column"
    SAME_COLUMN = "expected_same_column"
    NO_COLUMN = "expected_no_column"
    TOO_LARGE = "expected_too_large"
    NOT_TEXT = "expected_not_text"


class FaultError(Exception):
    """A row that is wrong; holds nothing of what stands in it."""

    def __init__(self, fault: Fault, column: str | None = None) -> None:
        """Keep what is wrong, and with which of the columns."""
        super().__init__(fault.value)
        self.fault = fault
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One camera that is to add itself. None: not given."""

    mac: str | None = None
    """Lower case, colon separated."""
    serial: str | None = None
    family: str | None = None
    """None: whichever answers."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    name: str | None = None
    area: str | None = None
    template: str | None = None
    """The name of the settings that it gets."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Return the camera of a row, whose cells are text as people write it. FaultError."""
        one = cls.of_stored(row)
        if one.mac is None and one.username is not None:
            # Anybody can claim a serial number, so whoever does is never sent a password.
            raise FaultError(Fault.SERIAL_PASSWORD, "mac")
        return one

    @classmethod
    def of_stored(cls, row: Mapping[str, Any]) -> Self:
        """Return the camera of a row that was kept, even if it can never log in. FaultError."""
        cells = {column: _cell(column, row.get(column)) for column in COLUMNS}
        if (mac := cells["mac"]) is not None:
            cells["mac"] = read_mac(mac)
            if cells["mac"] is None:
                raise FaultError(Fault.BAD_MAC, "mac")
        elif cells["serial"] is None:
            raise FaultError(Fault.NO_IDENTITY, "mac")
        if (family := cells["family"]) is not None:
            cells["family"] = family.lower()
            if cells["family"] not in FAMILIES:
                raise FaultError(Fault.UNKNOWN_FAMILY, "family")
        if cells["password"] is not None and cells["username"] is None:
            raise FaultError(Fault.NO_USERNAME, "username")
        return cls(**cells)

    @property
    def id(self) -> str:
        """Return what tells it from the others, as short as it is stable."""
        return sha256(f"{self.mac}\n{self.serial}".encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """Return what to call it in a list."""
        identity = self.mac or self.serial or ""
        return f"{self.name} ({identity})" if self.name else identity

    def stored(self) -> dict[str, str]:
        """Return it as a row, without what is not given."""
        return {column: value for column in COLUMNS if (value := getattr(self, column)) is not None}


def _cell(column: str, value: object) -> str | None:
    """Return what stands in a cell, None for nothing. FaultError."""
    text = "" if value is None else str(value)
    if column != "password":
        text = text.strip()
    if len(text) > MAX_TEXT:
        raise FaultError(Fault.TOO_LONG, column)
    if not text.isprintable():
        raise FaultError(Fault.UNPRINTABLE, column)
    return text or None


class Roll:
    """Who is on the list so far."""

    def __init__(self, cameras: Collection[Expected]) -> None:
        """Begin with those that are there."""
        self._macs = {one.mac for one in cameras}
        self._serials = {one.serial.casefold() for one in cameras if one.serial}
        self._room = MAX_EXPECTED - len(cameras)

    def enter(self, one: Expected) -> Expected:
        """Return a camera that was not there yet. FaultError."""
        if self._room <= 0:
            raise FaultError(Fault.TOO_MANY)
        if one.mac is not None and one.mac in self._macs:
            raise FaultError(Fault.SAME_MAC, "mac")
        if one.serial is not None:
            if one.serial.casefold() in self._serials:
                raise FaultError(Fault.SAME_SERIAL, "serial")
            self._serials.add(one.serial.casefold())
        self._macs.add(one.mac)
        self._room -= 1
        return one


def read_stored(rows: object) -> tuple[Expected, ...]:
    """Return the list that was kept; what no longer makes sense is left out."""
    found: list[Expected] = []
    for row in rows if isinstance(rows, list | tuple) else ():
        try:
            found.append(Expected.of_stored(row))
        except AttributeError, FaultError:
            continue
    return tuple(found[:MAX_EXPECTED])


def with_passwords(
    cameras: Iterable[Expected], before: Collection[Expected]
) -> tuple[Expected, ...]:
    """Return cameras that come without a password with the one that they had before.

    They are the same by their MAC address or serial number, and log in as the same user.
    """
    macs = {one.mac: one for one in before if one.mac is not None}
    serials = {one.serial.casefold(): one for one in before if one.serial is not None}

    def kept(one: Expected) -> Expected:
        old = macs.get(one.mac or "") or serials.get((one.serial or "").casefold())
        if old is None or one.password is not None or one.username != old.username:
            return one
        return replace(one, password=old.password)

    return tuple(map(kept, cameras))
