"""Listing, making and deleting OSDs (the role; 6.10)."""

from collections.abc import Callable, Mapping
import math
from typing import Final

from ..editors import Listed
from ..errors import ProtocolError, Reason, RefusedError
from ..text import plain
from .configuration import slug
from .media_service import MediaService
from .node import Node, as_number
from .osd import MAX_TEXT, OsdRows
from .slots import MAX_SLOTS
from .soap import Argument

_TYPES: Final = {
    "plain": "Plain",
    "date": "Date",
    "time": "Time",
    "date_and_time": "DateAndTime",
}
_POSITIONS: Final = {
    "upper_left": "UpperLeft",
    "upper_right": "UpperRight",
    "lower_left": "LowerLeft",
    "lower_right": "LowerRight",
}
_MAX_FONT: Final = 1000


class OnvifOsds:
    """The OSD editor."""

    def __init__(self, service: MediaService, rows: OsdRows, show: Callable[[], None]) -> None:
        """Keep `rows` up with what is made and deleted, and `show` it."""
        self._service = service
        self._rows = rows
        self._show = show

    async def osds(self) -> Listed:
        """Return what there is (the role)."""
        return [_listed(node) for node in (await self._rows.nodes())[:MAX_SLOTS]]

    async def create_osd(self, osd: Mapping[str, object]) -> str:
        """Make one; return its token (the role)."""
        wanted: Argument = {
            "VideoSourceConfigurationToken": {"_value_1": self._rows.source(_text(osd, "source"))},
            "Type": "Text",
            "Position": _position(osd),
            "TextString": _string(osd),
            "token": "",
        }
        async with self._service.lock:
            answer = await self._service.either("CreateOSD", OSD=wanted)
            await self._rows.read()
        self._show()
        if (token := answer.text("OSDToken")) is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "CreateOSD")
        return token

    async def delete_osd(self, token: str) -> None:
        """Delete one (the role)."""
        async with self._service.lock:
            await self._service.either("DeleteOSD", OSDToken=token)
            await self._rows.read()
        self._show()


def _listed(node: Node) -> Mapping[str, object]:
    position = node.child("Position", "Pos")
    found: dict[str, object | None] = {
        "token": node.attribute("token"),
        "source": node.text("VideoSourceConfigurationToken"),
        "type": slug(node.text("TextString", "Type") or node.text("Type") or "unknown"),
        "text": plain(node.text("TextString", "PlainText"), MAX_TEXT),
        "date_format": plain(node.text("TextString", "DateFormat")),
        "time_format": plain(node.text("TextString", "TimeFormat")),
        "font_size": node.number("TextString", "FontSize"),
        "position": slug(node.text("Position", "Type") or "unknown"),
        "x": None if position is None else as_number(position.attribute("x")),
        "y": None if position is None else as_number(position.attribute("y")),
    }
    return {name: value for name, value in found.items() if value is not None}


def _text(values: Mapping[str, object], name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise RefusedError(Reason.OUT_OF_RANGE, name)
    return value


def number_of(value: object, name: str, low: float, high: float) -> float:
    """Return a number within bounds. RefusedError(OUT_OF_RANGE) for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedError(Reason.OUT_OF_RANGE, name)
    if not math.isfinite(value) or not low <= value <= high:
        raise RefusedError(Reason.OUT_OF_RANGE, name)
    return float(value)


def _position(osd: Mapping[str, object]) -> Argument:
    if "x" in osd or "y" in osd:
        x, y = (number_of(osd.get(axis), axis, -1, 1) for axis in ("x", "y"))
        return {"Type": "Custom", "Pos": {"x": x, "y": y}}
    name = _text(osd, "position") or "upper_left"
    if name not in _POSITIONS:
        raise RefusedError(Reason.OUT_OF_RANGE, "position")
    return {"Type": _POSITIONS[name]}


def _string(osd: Mapping[str, object]) -> Argument:
    text = _text(osd, "text")
    kind = _text(osd, "type") or "plain"
    if kind not in _TYPES or (kind == "plain") is not (text is not None):
        raise RefusedError(Reason.OUT_OF_RANGE, "type")
    found: dict[str, Argument] = {"Type": _TYPES[kind]}
    if text is not None:
        found["PlainText"] = plain(text, MAX_TEXT) or ""
    for name, element in (("date_format", "DateFormat"), ("time_format", "TimeFormat")):
        if (value := _text(osd, name)) is not None:
            found[element] = value
    if (size := osd.get("font_size")) is not None:
        found["FontSize"] = round(number_of(size, "font_size", 1, _MAX_FONT))
    return found
