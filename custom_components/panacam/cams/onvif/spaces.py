"""PTZ spaces (8.8): what a unit's numbers mean, and ours in them.

Ours are those of the generic spaces: from -1 to 1, and from 0 to 1 for a zoom position and a speed.
Units give their own ranges even for the generic spaces.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ..roles import Vector
from .node import Node, as_number
from .soap import Argument

MAX_SPACES: Final = 16
"""Spaces of one kind; the specification knows five."""
_DIGITS: Final = 4


class Kind(StrEnum):
    """What the numbers of a space are."""

    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    CONTINUOUS = "continuous"
    SPEED = "speed"


_PAN_TILT: Final = {
    Kind.ABSOLUTE: "AbsolutePanTiltPositionSpace",
    Kind.RELATIVE: "RelativePanTiltTranslationSpace",
    Kind.CONTINUOUS: "ContinuousPanTiltVelocitySpace",
    Kind.SPEED: "PanTiltSpeedSpace",
}
_ZOOM: Final = {
    Kind.ABSOLUTE: "AbsoluteZoomPositionSpace",
    Kind.RELATIVE: "RelativeZoomTranslationSpace",
    Kind.CONTINUOUS: "ContinuousZoomVelocitySpace",
    Kind.SPEED: "ZoomSpeedSpace",
}
_MISSPELT: Final = {"DefaultAbsolutePanTiltPositionSpace": "DefaultAbsolutePantTiltPositionSpace"}
"""The schema's own spelling."""


@dataclass(frozen=True, slots=True)
class Span:
    """The range of one axis."""

    low: float
    high: float

    def place(self, part: float) -> float:
        """Return the position at a part (0 to 1) of the range."""
        return round(self.low + (self.high - self.low) * _within(part, 0), _DIGITS)

    def part(self, place: float) -> float:
        """Return which part (0 to 1) of the range a position is."""
        width = self.high - self.low
        return _within((place - self.low) / width, 0) if width else 0.0

    def signed(self, part: float) -> float:
        """Return a velocity or translation, -1 to 1 of the highest; nought is nought."""
        part = _within(part, -1)
        end = -self.low if part < 0 and self.low < 0 else self.high
        return round(part * end, _DIGITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """One coordinate system."""

    uri: str
    x: Span
    y: Span
    """For pan and tilt; else as `x`."""
    named: bool = False
    """Whether a request has to name it, as the configuration's default is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spaces:
    """The coordinate systems of one unit that are used: one of each kind, where there is one."""

    pan_tilt: Mapping[Kind, Space] = field(default_factory=dict)
    zoom: Mapping[Kind, Space] = field(default_factory=dict)
    positions: Mapping[str, Space] = field(default_factory=dict)
    """All absolute ones by their URIs; a unit reports its position in any of them."""

    def has(self, kind: Kind) -> bool:
        """Return whether anything moves that way."""
        return kind in self.pan_tilt or kind in self.zoom

    def vector(self, kind: Kind, vector: Vector) -> Mapping[str, Argument]:
        """Return a position, translation or velocity for a request.

        Pan and tilt go together: what is None of them is nought. What the unit has not is left
        out.
        """
        found: dict[str, Argument] = {}
        if (vector.pan, vector.tilt) != (None, None) and (space := self.pan_tilt.get(kind)):
            pan, tilt = vector.pan or 0.0, vector.tilt or 0.0
            if kind is Kind.ABSOLUTE:
                pan, tilt = space.x.place((pan + 1) / 2), space.y.place((tilt + 1) / 2)
            else:
                pan, tilt = space.x.signed(pan), space.y.signed(tilt)
            found["PanTilt"] = {"x": pan, "y": tilt, **_name(space)}
        if vector.zoom is not None and (space := self.zoom.get(kind)):
            zoom = space.x.place if kind is Kind.ABSOLUTE else space.x.signed
            found["Zoom"] = {"x": zoom(vector.zoom), **_name(space)}
        return found

    def speed(self, part: float | None) -> Mapping[str, Argument] | None:
        """Return a speed (0 to 1 of the highest) for a request, or None.

        Whole or not at all: some units refuse one for only a part of what moves.
        """
        turning, zooming = self.pan_tilt.get(Kind.SPEED), self.zoom.get(Kind.SPEED)
        if (
            part is None
            or not (turning or zooming)
            or (turning is None and self.pan_tilt)
            or (zooming is None and self.zoom)
        ):
            return None
        found: dict[str, Argument] = {}
        if turning is not None:
            fast = turning.x.place(part)
            found["PanTilt"] = {"x": fast, "y": fast, **_name(turning)}
        if zooming is not None:
            found["Zoom"] = {"x": zooming.x.place(part), **_name(zooming)}
        return found

    def still(self) -> Mapping[str, Argument]:
        """Return the velocity of standing still."""
        return self.vector(Kind.CONTINUOUS, Vector(pan=0.0, tilt=0.0, zoom=0.0))

    def read(self, position: Node | None) -> Vector:
        """Return where a unit says that it is; None for what it does not say."""
        pan = tilt = zoom = None
        if position is not None and (found := position.child("PanTilt")) is not None:
            space = self._of(found, self.pan_tilt)
            x, y = _number(found, "x"), _number(found, "y")
            pan = None if x is None else 2 * space.x.part(x) - 1
            tilt = None if y is None else 2 * space.y.part(y) - 1
        if position is not None and (found := position.child("Zoom")) is not None:
            x = _number(found, "x")
            zoom = None if x is None else self._of(found, self.zoom, 0.0).x.part(x)
        return Vector(pan=pan, tilt=tilt, zoom=zoom)

    def _of(self, found: Node, ours: Mapping[Kind, Space], low: float = -1.0) -> Space:
        """Return the space of a position; the generic one when it is not among the unit's."""
        space = self.positions.get(found.attribute("space") or "") or ours.get(Kind.ABSOLUTE)
        return space or Space(uri="", x=Span(low, 1.0), y=Span(low, 1.0))


def read_spaces(supported: Node | None, configuration: Node | None) -> Spaces:
    """Return the spaces of a node (`SupportedPTZSpaces`) or of options (`Spaces`).

    A unit that lists none is taken at the specification's word: every one moves continuously.
    """
    turning = {kind: list(_list(supported, name, kind)) for kind, name in _PAN_TILT.items()}
    zooming = {kind: list(_list(supported, name, kind, zoom=True)) for kind, name in _ZOOM.items()}
    pan_tilt = _choose(turning, _PAN_TILT, configuration, "PanTilt")
    zoom = _choose(zooming, _ZOOM, configuration, "Zoom")
    if not pan_tilt and not zoom:
        any_one = Space(uri="", x=Span(-1.0, 1.0), y=Span(-1.0, 1.0))
        pan_tilt, zoom = {Kind.CONTINUOUS: any_one}, {Kind.CONTINUOUS: any_one}
    positions = (*turning[Kind.ABSOLUTE], *zooming[Kind.ABSOLUTE])
    return Spaces(pan_tilt=pan_tilt, zoom=zoom, positions={space.uri: space for space in positions})


def _list(supported: Node | None, name: str, kind: Kind, *, zoom: bool = False) -> Iterator[Space]:
    if supported is None:
        return
    low = 0.0 if kind is Kind.SPEED or (zoom and kind is Kind.ABSOLUTE) else -1.0
    for node in supported.children(name)[:MAX_SPACES]:
        x = _span(node.child("XRange"), low)
        y_range = node.child("YRange")
        y = x if y_range is None else _span(y_range, low)
        yield Space(uri=node.text("URI") or "", x=x, y=y)


def _span(node: Node | None, low: float) -> Span:
    """Return a range; the generic one for what is none, such as an infinite one."""
    found = (None, None) if node is None else (node.number("Min"), node.number("Max"))
    if found[0] is None or found[1] is None or found[0] >= found[1]:
        return Span(low, 1.0)
    return Span(found[0], found[1])


def _choose(
    spaces: Mapping[Kind, list[Space]],
    names: Mapping[Kind, str],
    configuration: Node | None,
    axes: str,
) -> dict[Kind, Space]:
    """Return the generic space of each kind, else the default one, else the first."""
    chosen: dict[Kind, Space] = {}
    for kind, found in spaces.items():
        if not found:
            continue
        default = _default(names[kind], kind, configuration, axes)
        space = next(
            (space for space in found if "Generic" in space.uri),
            next((space for space in found if space.uri == default), found[0]),
        )
        named = bool(space.uri) and default is not None and space.uri != default
        chosen[kind] = Space(uri=space.uri, x=space.x, y=space.y, named=named)
    return chosen


def _default(name: str, kind: Kind, configuration: Node | None, axes: str) -> str | None:
    if configuration is None:
        return None
    if kind is Kind.SPEED:
        speed = configuration.child("DefaultPTZSpeed", axes)
        return None if speed is None else speed.attribute("space")
    default = f"Default{name}"
    return configuration.text(default) or configuration.text(_MISSPELT.get(default, default))


def _name(space: Space) -> Mapping[str, Argument]:
    return {"space": space.uri} if space.named else {}


def _number(node: Node, name: str) -> float | None:
    return as_number(node.attribute(name))


def _within(part: float, low: float) -> float:
    return min(1.0, max(low, part))
