"""Texts and masks over the picture as items of a document: read, made again, replaced."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from ..backup import Item, same
from ..editors import Listed, MaskEditor, OsdEditor
from ..errors import CameraError, Reason, RefusedError
from ..keeping import Progress, lost

OSDS: Final = "osds"
MASKS: Final = "masks"

_OSD_KEYS: Final = ("type", "text", "date_format", "time_format", "font_size", "x", "y")
_OSD_TYPES: Final = frozenset({"plain", "date", "time", "date_and_time"})
"""What can be made; a picture cannot, as nobody tells it."""
_MASK_KEYS: Final = ("type", "points", "color", "enabled")

type Sources = Callable[[], Sequence[str]]
"""Tokens of the video source configurations, which are others in another camera."""


class Overlay(Protocol):
    """One kind of thing over the picture."""

    async def listed(self) -> list[tuple[str, Item]]:
        """Return token and item of each. CameraError."""

    async def make(self, item: Mapping[str, Item], rival: str | None) -> None:
        """Make one, in the place of the one with token `rival` if there is any. CameraError."""

    def rivals(self, one: Mapping[str, Item], other: Mapping[str, Item]) -> bool:
        """Return whether two of them would be in each other's way."""


async def read_overlay(overlay: Overlay) -> dict[str, Item]:
    """Return what there is by number, from 1. CameraError."""
    return {str(at): item for at, (_, item) in enumerate(await overlay.listed(), 1)}


async def restore_overlay(overlay: Overlay, progress: Progress, paths: Sequence[str]) -> None:
    """Make what is not there; what nobody asked for stays, unless it is in the way.

    CameraError when the camera is lost.
    """
    there = await overlay.listed()
    missing: list[str] = []
    for path in paths:
        found = next((one for one in there if _like(one[1], progress.wanted[path])), None)
        if found is None:
            missing.append(path)
        else:
            there.remove(found)
            progress.unchanged.add(path)
    for path in missing:
        item = progress.wanted[path]
        if not isinstance(item, Mapping):
            progress.refuse(path, Reason.OUT_OF_RANGE)
            continue
        rival = next(
            (one for one in there if isinstance(one[1], Mapping) and overlay.rivals(one[1], item)),
            None,
        )
        try:
            await overlay.make(item, None if rival is None else rival[0])
            made = any(_like(one[1], item) for one in await overlay.listed())
        except CameraError as err:
            progress.refuse(path, err.reason)
            if lost(err):
                raise
            continue
        if rival is not None:
            there.remove(rival)
        if made:
            progress.take(path)
        else:
            progress.refuse(path, Reason.NOT_TAKEN)


def _like(there: Item, wanted: Item) -> bool:
    """Return whether one is as wanted; what nobody asked of it may be anything."""
    if not isinstance(there, Mapping) or not isinstance(wanted, Mapping):
        return False
    return all(key in there and same(there[key], value) for key, value in wanted.items())


def _item(
    listed: Mapping[str, object], keys: Sequence[str], sources: Sequence[str]
) -> dict[str, Item]:
    """Return what is to be kept of one, its source as a number."""
    found: dict[str, Item] = {}
    for key in keys:
        match listed.get(key):
            case bool() | int() | float() | str() as value:
                found[key] = value
            case list() as values if None not in values:
                found[key] = values
            case _:
                pass
    if (source := listed.get("source")) in sources:
        found["source"] = sources.index(str(source)) + 1
    return found


def _request(
    item: Mapping[str, Item], keys: Sequence[str], sources: Sequence[str]
) -> dict[str, object]:
    """Return an item as an editor takes it. RefusedError."""
    wanted: dict[str, object] = {key: item[key] for key in keys if key in item}
    number = item.get("source", 1)
    if isinstance(number, bool) or not isinstance(number, int):
        raise RefusedError(Reason.OUT_OF_RANGE, "source")
    if not 1 <= number <= len(sources):
        raise RefusedError(Reason.NOT_FOUND, "source")
    return {**wanted, "source": sources[number - 1]}


def _tokens(listed: Listed) -> list[tuple[str, Mapping[str, object]]]:
    return [(token, one) for one in listed if isinstance(token := one.get("token"), str)]


class Osds:
    """Texts."""

    def __init__(self, editor: OsdEditor, sources: Sources) -> None:
        """Make and delete by `editor`."""
        self._editor = editor
        self._sources = sources

    async def listed(self) -> list[tuple[str, Item]]:
        """Return those that could be made again."""
        return [
            (token, _item(one, (*_OSD_KEYS, "position"), self._sources()))
            for token, one in _tokens(await self._editor.osds())
            if one.get("type") in _OSD_TYPES
        ]

    async def make(self, item: Mapping[str, Item], rival: str | None) -> None:
        """Make one first, so that a camera that refuses keeps what it has."""
        wanted = _request(item, (*_OSD_KEYS, "position"), self._sources())
        if "x" in wanted:
            wanted.pop("position", None)
        try:
            await self._editor.create_osd(wanted)
        except RefusedError:
            if rival is None:
                raise
            await self._replace(wanted, rival)
        else:
            if rival is not None:
                await self._editor.delete_osd(rival)

    async def _replace(self, wanted: Mapping[str, object], rival: str) -> None:
        """Make room first: there may be no more of them, or not two in one place."""
        before = dict(await self.listed()).get(rival)
        await self._editor.delete_osd(rival)
        try:
            await self._editor.create_osd(wanted)
        except RefusedError:
            if isinstance(before, Mapping):
                with suppress(RefusedError):
                    await self.make(before, None)
            raise

    def rivals(self, one: Mapping[str, Item], other: Mapping[str, Item]) -> bool:
        """Return whether they are in one place, or say the same."""
        if one.get("source", 1) != other.get("source", 1):
            return False
        place, wanted = (
            [found.get(key) for key in ("position", "x", "y")] for found in (one, other)
        )
        text = one.get("text")
        return place == wanted or (text is not None and text == other.get("text"))


class Masks:
    """Privacy masks."""

    def __init__(self, editor: MaskEditor, sources: Sources) -> None:
        """Make and change by `editor`."""
        self._editor = editor
        self._sources = sources

    async def listed(self) -> list[tuple[str, Item]]:
        """Return them all."""
        return [
            (token, _item(one, _MASK_KEYS, self._sources()))
            for token, one in _tokens(await self._editor.masks())
        ]

    async def make(self, item: Mapping[str, Item], rival: str | None) -> None:
        """Make one, or change the one that hides the same: it must not stop hiding meanwhile."""
        wanted = _request(item, _MASK_KEYS, self._sources())
        if rival is None:
            await self._editor.create_mask(wanted)
        else:
            del wanted["source"]
            await self._editor.modify_mask(rival, wanted)

    def rivals(self, one: Mapping[str, Item], other: Mapping[str, Item]) -> bool:
        """Return whether they hide the same part of the picture."""
        return one.get("source", 1) == other.get("source", 1) and same(
            one.get("points", ()), other.get("points", ())
        )


def overlays_of(
    osds: OsdEditor | None, masks: MaskEditor | None, sources: Sources
) -> dict[str, Overlay]:
    """Return what there can be over a device's picture, by section."""
    found: dict[str, Overlay] = {}
    if osds is not None:
        found[OSDS] = Osds(osds, sources)
    if masks is not None:
        found[MASKS] = Masks(masks, sources)
    return found
