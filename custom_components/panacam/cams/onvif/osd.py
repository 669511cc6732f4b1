"""Texts over the picture (6.10)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ..errors import Reason, RefusedError
from ..settings import Choice, Text, Toggle, Value
from ..text import plain
from .board import Board, Write
from .configuration import Withdrawn, insert, slug, words
from .media_service import MediaService
from .node import Node
from .slots import Slot, Slots
from .trying import optional

MAX_TEXT: Final = 255
_FORMATS: Final = (("date_format", "DateFormat"), ("time_format", "TimeFormat"))
_AFTER: Final[Mapping[str, tuple[str, ...]]] = {
    "PlainText": ("Extension",),
    "TimeFormat": ("FontSize", "FontColor", "BackgroundColor", "PlainText", "Extension"),
    "DateFormat": ("TimeFormat", "FontSize", "FontColor", "BackgroundColor", "PlainText"),
}

OPERATIONS: Final[Mapping[str, str]] = {
    f"{service}.{operation}": use + ("" if service == "media2" else ", without Media2")
    for service in ("media2", "media")
    for operation, use in {
        "GetOSDs": "switch `osd`, text `osd_text`, action `panacam.get_osds`",
        "GetOSDOptions": "options of select `osd_position`, `osd_date_format`, `osd_time_format`",
        "SetOSD": "text `osd_text`, select `osd_position`, `osd_date_format`, `osd_time_format`",
        "CreateOSD": "switch `osd`, action `panacam.create_osd`",
        "DeleteOSD": "switch `osd`, action `panacam.delete_osd`",
    }.items()
}


class OsdRows:
    """A switch, and a text or formats, for each OSD.

    The standard knows no OSD that is off: switched off, it is deleted and its XML kept here;
    switched on, it is made again of that, after a restart of ours, too.
    """

    def __init__(self, service: MediaService, board: Board) -> None:
        """Offer them on `board`."""
        self._service = service
        self._board = board
        self._rows = Withdrawn(board)
        self._slots = Slots(board.memory, "osd", _looks)
        self._sources: tuple[str, ...] = ()
        self._options: dict[str, Node] = {}
        """By the token of a video source configuration."""
        self.there = False
        """Whether the device has OSDs."""

    @property
    def gone(self) -> frozenset[str]:
        """Return the keys, or their beginnings, of OSDs that are neither there nor off."""
        return frozenset(f"osd_{index}" for index in self._slots.gone)

    async def learn(self, sources: Iterable[str]) -> None:
        """Find out what there can be, by video source configuration. ConnectError, AuthError."""
        self._sources = tuple(sources)
        self._options = {}
        found = None if self._service.lacks("OSD") else await self._list()
        # One that had some, and does not answer now, has them still.
        self.there = found is not None or bool(self._slots.by_index)
        if found is not None:
            self._slots.take(found)
        for source in self._sources if self.there else ():
            answer = await optional(
                self._service.either("GetOSDOptions", ConfigurationToken=source)
            )
            if answer is not None and (options := answer.child("OSDOptions")) is not None:
                self._options[source] = options
        self._show()

    async def read(self) -> None:
        """Read what there is. ConnectError, AuthError."""
        if self.there and (found := await self._list()) is not None:
            self._slots.take(found)
            self._show()

    async def _list(self) -> list[Node] | None:
        answer = await optional(self._service.either("GetOSDs"))
        if answer is not None:
            return answer.children("OSDs")
        found: list[Node] | None = None
        for source in self._sources:  # some want to hear which
            answer = await optional(self._service.either("GetOSDs", ConfigurationToken=source))
            if answer is not None:
                found = (found or []) + answer.children("OSDs")
        return found

    async def nodes(self) -> list[Node]:
        """Return what there is now. CameraError."""
        return (await self._service.either("GetOSDs")).children("OSDs")

    def source(self, wanted: str | None) -> str:
        """Return a video source configuration. RefusedError when it is another one's."""
        if wanted is None and self._sources:
            return self._sources[0]
        if wanted is None or wanted not in self._sources:
            raise RefusedError(Reason.NOT_FOUND, "source")
        return wanted

    def _show(self) -> None:
        keys: list[str] = []
        for index, slot in self._slots.by_index.items():
            label = self._slots.label(index)
            key = f"osd_{index}"
            keys.append(key)
            row = Toggle(key=key, kind="osd", label=label)
            self._board.setting(row, self._switch(index), slot.token is not None)
            keys += self._show_text(index, slot, label)
            keys += self._show_choices(index, slot, label)
        self._rows.replace(keys)

    def _show_text(self, index: int, slot: Slot, label: str) -> list[str]:
        if slot.node.text("TextString", "Type") != "Plain":
            return []
        row = Text(key=f"osd_{index}_text", kind="osd_text", label=label, max_length=MAX_TEXT)
        now = plain(slot.node.text("TextString", "PlainText"), MAX_TEXT) or ""
        self._board.setting(row, self._writer(index, _put_text("PlainText")), now)
        return [row.key]

    def _show_choices(self, index: int, slot: Slot, label: str) -> list[str]:
        source = slot.node.text("VideoSourceConfigurationToken")
        if (options := self._options.get(source or "")) is None:
            return []
        kept: list[str] = []
        kind = slot.node.text("TextString", "Type") or ""
        for name, element in _FORMATS:
            # Formats have their own spelling: hh and HH are not the same.
            found = [node.text() or "" for node in options.children("TextOption", element)]
            now = slot.node.text("TextString", element)
            known = {plain(word) or "": word for word in [*found, now or ""] if plain(word)}
            if len(known) > 1 and element.removesuffix("Format") in kind:
                row = Choice(
                    key=f"osd_{index}_{name}",
                    kind=f"osd_{name}",
                    label=label,
                    enabled=False,
                    options=tuple(known),
                )
                put = _chosen(known, _put_text(element))
                self._board.setting(row, self._writer(index, put), plain(now))
                kept.append(row.key)
        places = words(node.text() for node in options.children("PositionOption"))
        place = slot.node.text("Position", "Type")
        if place is not None and place != "Custom":
            places.pop("custom", None)
        if place is not None and len(places) > 1:
            places.setdefault(slug(place), place)
            row = Choice(
                key=f"osd_{index}_position",
                kind="osd_position",
                label=label,
                enabled=False,
                options=tuple(places),
            )
            write = self._writer(index, _chosen(places, _put_place))
            self._board.setting(row, write, slug(place))
            kept.append(row.key)
        return kept

    def _switch(self, index: int) -> Write:
        async def write(value: Value) -> None:
            async with self._service.lock:
                slot = self._slot(index)
                if value and slot.token is None:
                    answer = await self._service.either("CreateOSD", OSD=slot.node)
                    token = answer.text("OSDToken") or slot.node.attribute("token") or ""
                    self._slots.put_back(index, token)
                elif not value and slot.token is not None:
                    self._slots.check(slot.node)
                    await self._service.either("DeleteOSD", OSDToken=slot.token)
                    self._slots.keep(index, slot.node)
                await self.read()

        return write

    def _writer(self, index: int, put: Callable[[Node, Value], None]) -> Write:
        async def write(value: Value) -> None:
            async with self._service.lock:
                slot = self._slot(index)
                wanted = slot.node.copy()
                put(wanted, value)
                if slot.token is None:  # it will be made of this
                    self._slots.check(wanted)
                    self._slots.keep(index, wanted)
                else:
                    await self._service.either("SetOSD", OSD=wanted)
                await self.read()

        return write

    def _slot(self, index: int) -> Slot:
        if (slot := self._slots.by_index.get(index)) is None:
            raise RefusedError(Reason.NOT_FOUND)
        return slot


def _looks(node: Node) -> tuple[object, ...]:
    text, place = node.child("TextString"), node.child("Position", "Pos")
    return (
        node.text("VideoSourceConfigurationToken"),
        node.text("Type"),
        node.text("Position", "Type"),
        None if place is None else (place.attribute("x"), place.attribute("y")),
        None if text is None else [(part.name, part.text()) for part in text],
        node.text("Image", "ImgPath"),
    )


def _chosen(
    known: Mapping[str, str], put: Callable[[Node, Value], None]
) -> Callable[[Node, Value], None]:
    return lambda node, value: put(node, known[str(value)])


def _put_text(element: str) -> Callable[[Node, Value], None]:
    def put(node: Node, value: Value) -> None:
        if (text := node.child("TextString")) is not None:
            insert(text, element, _AFTER[element]).put(text=str(value))

    return put


def _put_place(node: Node, value: Value) -> None:
    node.put("Position", "Type", text=str(value))
    if value != "Custom":
        node.drop("Position", "Pos")
