"""Privacy masks: what hides parts of the picture (6.11; Media2 only)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ..editors import Listed
from ..errors import ProtocolError, Reason, RefusedError
from ..settings import Toggle, Value
from .board import Board, Write
from .configuration import Withdrawn, slug, words
from .media_service import MediaService
from .node import Node, as_number
from .osd_editor import number_of
from .slots import MAX_SLOTS, Slots
from .soap import Argument
from .trying import optional

MAX_POINTS: Final = 64
LEAST_POINTS: Final = 3
MAX_TOKEN: Final = 256
YCBCR: Final = "http://www.onvif.org/ver10/colorspace/YCbCr"
_TYPES: Final = {"color": "Color", "pixelated": "Pixelated", "blurred": "Blurred"}
_BLACK: Final = (0.0, 128.0, 128.0)

OPERATIONS: Final[Mapping[str, str]] = {
    "media2.GetMasks": "switch `mask`, action `panacam.get_masks`",
    "media2.GetMaskOptions": "action `panacam.create_mask`: which types there are",
    "media2.SetMask": "switch `mask`, action `panacam.modify_mask`",
    "media2.CreateMask": "action `panacam.create_mask`",
    "media2.DeleteMask": "action `panacam.delete_mask`",
}


class OnvifMasks:
    """A switch for each mask, and the mask editor."""

    def __init__(self, service: MediaService, board: Board) -> None:
        """Offer switches on `board`."""
        self._service = service
        self._board = board
        self._rows = Withdrawn(board)
        self._slots = Slots(board.memory, "mask", _looks)
        self._sources: tuple[str, ...] = ()
        self.there = False
        """Whether the device has masks."""

    @property
    def gone(self) -> frozenset[str]:
        """Return the keys of masks that are there no longer."""
        return frozenset(f"mask_{index}" for index in self._slots.gone)

    async def learn(self, sources: Iterable[str]) -> None:
        """Find out whether there are masks, on video source configurations.

        Raises ConnectError, AuthError.
        """
        self._sources = tuple(sources)
        answer = None
        if self._service.client.has("media2") and not self._service.lacks("Mask"):
            answer = await optional(self._call("GetMasks"))
        # One that had some, and does not answer now, has them still.
        self.there = answer is not None or bool(self._slots.by_index)
        self._take(answer)

    async def read(self) -> None:
        """Read what there is. ConnectError, AuthError."""
        if self.there:
            self._take(await optional(self._call("GetMasks")))

    def _take(self, answer: Node | None) -> None:
        """Offer what the device lists; None: what it listed before."""
        if answer is not None:
            self._slots.take(answer.children("Masks"))
        for index, slot in self._slots.by_index.items():
            row = Toggle(key=f"mask_{index}", kind="mask", label=self._slots.label(index))
            self._board.setting(row, self._writer(index), slot.node.flag("Enabled"))
        self._rows.replace(f"mask_{index}" for index in self._slots.by_index)

    async def _call(self, operation: str, /, **values: Argument) -> Node:
        return await self._service.ask("media2", operation, **values)

    def _writer(self, index: int) -> Write:
        async def write(value: Value) -> None:
            async with self._service.lock:
                if (slot := self._slots.by_index.get(index)) is None:
                    raise RefusedError(Reason.NOT_FOUND)
                wanted = slot.node.copy()
                wanted.put("Enabled", text="true" if value else "false")
                await self._call("SetMask", Mask=wanted)
                await self.read()

        return write

    async def masks(self) -> Listed:
        """Return what there is (the role)."""
        answer = await self._call("GetMasks")
        return [_listed(node) for node in answer.children("Masks")[:MAX_SLOTS]]

    async def create_mask(self, mask: Mapping[str, object]) -> str:
        """Make one; return its token (the role)."""
        source = mask.get("source")
        if source is None and self._sources:
            source = self._sources[0]
        if not isinstance(source, str) or source not in self._sources:
            raise RefusedError(Reason.NOT_FOUND, "source")
        known = await self._types(source)
        wanted: dict[str, Argument] = {
            "ConfigurationToken": source,
            "Type": next(iter(known.values()), _TYPES["color"]),
            "Enabled": True,
            "token": "",
            **_wanted(mask, known),
        }
        if "Polygon" not in wanted:
            raise RefusedError(Reason.OUT_OF_RANGE, "points")
        if wanted["Type"] == _TYPES["color"]:
            wanted.setdefault("Color", _color(_BLACK))
        async with self._service.lock:
            answer = await self._call("CreateMask", Mask=wanted)
            await self.read()
        self._board.show()
        if (token := answer.text("Token")) is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "CreateMask")
        return token

    async def modify_mask(self, token: str, mask: Mapping[str, object]) -> None:
        """Change what `mask` names of one (the role)."""
        async with self._service.lock:
            answer = await self._call("GetMasks", Token=token)
            node = next(
                (found for found in answer.children("Masks") if found.attribute("token") == token),
                None,
            )
            if node is None:
                raise RefusedError(Reason.NOT_FOUND)
            source = node.text("ConfigurationToken") or ""
            wanted = _now(node) | _wanted(mask, await self._types(source))
            if wanted["Type"] == _TYPES["color"]:
                wanted.setdefault("Color", _color(_BLACK))
            await self._call("SetMask", Mask=wanted)
            await self.read()
        self._board.show()

    async def delete_mask(self, token: str) -> None:
        """Delete one (the role)."""
        async with self._service.lock:
            await self._call("DeleteMask", Token=token)
            await self.read()
        self._board.show()

    async def _types(self, source: str) -> dict[str, str]:
        """Return the types that there can be; all where the device does not tell."""
        answer = await optional(self._call("GetMaskOptions", ConfigurationToken=source))
        options = [] if answer is None else answer.children("Options", "Types")
        return words(node.text() for node in options) or dict(_TYPES)


def _looks(node: Node) -> tuple[object, ...]:
    return (node.text("ConfigurationToken"), node.text("Type"), *_points(node))


def _listed(node: Node) -> Mapping[str, object]:
    color = node.child("Color")
    found: dict[str, object | None] = {
        "token": node.attribute("token"),
        "source": node.text("ConfigurationToken"),
        "type": slug(node.text("Type") or "unknown"),
        "points": [list(point) for point in _points(node)],
        "color": None if color is None else [as_number(color.attribute(axis)) for axis in "XYZ"],
        "enabled": node.flag("Enabled"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _points(node: Node) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for point in node.children("Polygon", "Point")[:MAX_POINTS]:
        x, y = as_number(point.attribute("x")), as_number(point.attribute("y"))
        if x is not None and y is not None:
            found.append((x, y))
    return found


def _now(node: Node) -> dict[str, Argument]:
    """Return a mask as a request has it."""
    found: dict[str, Argument] = {
        "token": node.attribute("token"),
        "ConfigurationToken": node.text("ConfigurationToken"),
        "Polygon": {"Point": [{"x": x, "y": y} for x, y in _points(node)]},
        "Type": node.text("Type"),
        "Enabled": node.flag("Enabled") is not False,
    }
    if (color := node.child("Color")) is not None:
        found["Color"] = {
            name: value
            for name in ("X", "Y", "Z", "Colorspace")
            if (value := color.attribute(name)) is not None
        }
    return found


def _wanted(mask: Mapping[str, object], known: Mapping[str, str]) -> dict[str, Argument]:
    """Return what was asked for. RefusedError(OUT_OF_RANGE) for what cannot be."""
    found: dict[str, Argument] = {}
    if (points := mask.get("points")) is not None:
        pairs = [_numbers(point, "points", 2, (-1, 1)) for point in _list(points, "points")]
        if not LEAST_POINTS <= len(pairs) <= MAX_POINTS:
            raise RefusedError(Reason.OUT_OF_RANGE, "points")
        found["Polygon"] = {"Point": [{"x": x, "y": y} for x, y in pairs]}
    if (kind := mask.get("type")) is not None:
        if not isinstance(kind, str) or kind not in known:
            raise RefusedError(Reason.OUT_OF_RANGE, "type")
        found["Type"] = known[kind]
    if (color := mask.get("color")) is not None:
        found["Color"] = _color(_numbers(color, "color", 3, (-1000, 1000)))
    if (enabled := mask.get("enabled")) is not None:
        if not isinstance(enabled, bool):
            raise RefusedError(Reason.OUT_OF_RANGE, "enabled")
        found["Enabled"] = enabled
    return found


def _color(values: Sequence[float]) -> Argument:
    return {**dict(zip("XYZ", values, strict=True)), "Colorspace": YCBCR}


def _list(value: object, name: str) -> Sequence[object]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise RefusedError(Reason.OUT_OF_RANGE, name)
    return value


def _numbers(value: object, name: str, count: int, bounds: tuple[float, float]) -> Sequence[float]:
    found = [number_of(one, name, *bounds) for one in _list(value, name)]
    if len(found) != count:
        raise RefusedError(Reason.OUT_OF_RANGE, name)
    return found
