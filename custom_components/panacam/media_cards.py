"""The clips on cameras' own cards: cameras > card > format > day > clip.

Identifiers: camera, slot, format, name of a clip; camera, slot, format, DAY, day. A camera is named
by its entry, a clip by what the camera calls it, and only what the camera lists is ever asked for.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from datetime import date
from typing import Final, override

from homeassistant.components.media_player import MediaClass, SearchMediaQuery
from homeassistant.components.media_source import BrowseMediaSource, PlayMedia
from homeassistant.core import HomeAssistant

from .cams.clips import Clip, ClipFormat, Listing
from .cams.device import Slot
from .cams.errors import CameraError, Reason, RefusedError
from .const import LOGGER
from .media_branch import (
    Branch,
    Missing,
    browse_error,
    folder,
    text,
    unresolvable,
    video,
)
from .media_clips import (
    FIRST_LOOK,
    LOOK,
    MissingError,
    Place,
    entries_with_clips,
    place_of,
)
from .media_titles import (
    card_title,
    clip_title,
    counted,
    day_title,
    format_title,
    found_title,
    heading,
    matches,
    words_of,
)
from .media_view import clip_url, thumbnail_url
from .network_entry import camera_name

DAY: Final = "day"
OLDER: Final = "older"
NO_DAY: Final = "unknown"
MAX_SHOWN: Final = 1000
"""Clips of one day that are shown; the rest is counted."""
MAX_FOUND: Final = 100
MAX_WORDS: Final = 8
EXPECTED: Final = 3.0
"""Seconds between the question where to play a clip and the player's first request."""
SEARCH_TIME: Final = 8.0
"""Seconds for all cameras."""


class CardsBranch(Branch):
    """What is on the cards."""

    @property
    @override
    def key(self) -> str:
        return "cards"

    @override
    def roots(self, hass: HomeAssistant) -> list[BrowseMediaSource]:
        return [
            folder((self.key, entry.entry_id), camera_name(hass, entry))
            for entry in entries_with_clips(hass)
        ]

    @override
    async def browse(self, hass: HomeAssistant, parts: tuple[str, ...]) -> BrowseMediaSource:
        with _as_browse_error():
            match parts:
                case (entry_id,):
                    return self._camera(hass, place_of(hass, entry_id))
                case (entry_id, slot):
                    return await self._card(hass, place_of(hass, entry_id), slot)
                case (entry_id, slot, kind):
                    place = place_of(hass, entry_id)
                    return await self._format(hass, place, slot, _format_of(kind))
                case (entry_id, slot, kind, "day", day):
                    place = place_of(hass, entry_id)
                    return await self._day(hass, place, slot, _format_of(kind), day)
                case (entry_id, slot, kind, "older", _):
                    place = place_of(hass, entry_id)
                    return await self._format(hass, place, slot, _format_of(kind), again=True)
                case (entry_id, slot, kind, name):
                    place = place_of(hass, entry_id)
                    return self._clip(place, await place.find(slot, _format_of(kind), name))
                case _:
                    raise MissingError(Missing.NO_MEDIA)

    @override
    async def resolve(self, hass: HomeAssistant, parts: tuple[str, ...]) -> PlayMedia:
        try:
            match parts:
                case (entry_id, slot, kind, name):
                    place = place_of(hass, entry_id)
                    clip = await place.find(slot, _format_of(kind), name)
                    # It is about to be asked for: small pictures would only be in its way.
                    place.turn.hush(EXPECTED)
                    return PlayMedia(clip_url(place.entry.entry_id, clip), "video/mp4")
                case _:
                    raise unresolvable(Missing.NO_MEDIA)
        except MissingError as err:
            raise unresolvable(err.missing) from err
        except CameraError as err:
            raise unresolvable(_sentence(err)) from err

    @override
    async def search(
        self, hass: HomeAssistant, parts: tuple[str, ...], query: SearchMediaQuery
    ) -> list[BrowseMediaSource]:
        wanted = query.search_query.lower().replace(",", " ").split()[:MAX_WORDS]
        if not wanted:
            return []
        found: list[tuple[Place, Clip]] = []
        error: CameraError | MissingError | None = None
        try:
            async with asyncio.timeout(SEARCH_TIME):
                async for place, listing in self._listings(hass, parts):
                    if isinstance(listing, CameraError):
                        error = listing
                        continue
                    camera = place.name
                    found += [
                        (place, clip)
                        for clip in listing.clips
                        if matches(wanted, words_of(clip, camera))
                    ]
                    await asyncio.sleep(0)
        except TimeoutError:
            LOGGER.debug("A search for clips was cut short")
        except MissingError as err:
            error = err
        if not found and error is not None:
            key = error.missing if isinstance(error, MissingError) else _sentence(error)
            raise browse_error(key)
        found.sort(key=lambda item: str(item[1].began), reverse=True)
        return [
            self._clip(place, clip, found_title(hass, clip, "" if parts else place.name))
            for place, clip in found[:MAX_FOUND]
        ]

    async def _listings(
        self, hass: HomeAssistant, parts: tuple[str, ...]
    ) -> AsyncGenerator[tuple[Place, Listing | CameraError]]:
        """Yield what is below `parts`, card by card. MissingError."""
        entry_ids = parts[:1] or [entry.entry_id for entry in entries_with_clips(hass)]
        for place in [place_of(hass, entry_id) for entry_id in entry_ids]:
            for slot in parts[1:2] or _cards_of(place):
                for kind in place.clips.formats:
                    if parts[2:3] and kind.value != parts[2]:
                        continue
                    try:
                        yield place, await place.listing(slot, kind, LOOK)
                    except CameraError as err:
                        yield place, err

    # -- The levels

    def _camera(self, hass: HomeAssistant, place: Place) -> BrowseMediaSource:
        parts = (self.key, place.entry.entry_id)
        slots = _cards_of(place)
        if not slots:
            raise RefusedError(Reason.NO_CARD)
        children = [folder((*parts, key), card_title(hass, key, slots[key])) for key in slots]
        return folder(parts, place.name, children=children)

    async def _card(self, hass: HomeAssistant, place: Place, slot: str) -> BrowseMediaSource:
        """Show the formats that there are clips in."""
        parts = (self.key, place.entry.entry_id, slot)
        kinds = place.clips.formats
        answers = await asyncio.gather(
            *(place.listing(slot, kind, FIRST_LOOK) for kind in kinds), return_exceptions=True
        )
        children: list[BrowseMediaSource] = []
        errors: list[BaseException] = []
        for kind, answer in zip(kinds, answers, strict=True):
            if isinstance(answer, BaseException):
                errors.append(answer)
            elif answer.total or not answer.complete:
                count = max(answer.total, len(answer.clips))
                title = counted(format_title(hass, kind), count)
                children.append(folder((*parts, kind.value), title))
        if errors and not children:
            raise errors[0]
        title = card_title(hass, slot, place.entry.runtime_data.data.slots.get(slot, Slot()))
        return folder(parts, heading(hass, title, children), children=children)

    async def _format(
        self,
        hass: HomeAssistant,
        place: Place,
        slot: str,
        kind: ClipFormat,
        *,
        again: bool = False,
    ) -> BrowseMediaSource:
        """Show the days; the list is read anew, unless somebody goes on reading it."""
        within = LOOK if again else FIRST_LOOK
        listing = await place.listing(slot, kind, within, renew=not again)
        parts = (self.key, place.entry.entry_id, slot, kind.value)
        days = Counter(_day_of(clip) for clip in listing.clips)
        children = [
            folder(
                (*parts, DAY, NO_DAY if day is None else day.isoformat()),
                counted(day_title(hass, day), count),
                children_media_class=MediaClass.VIDEO,
            )
            # Newest first, those without a date last.
            for day, count in sorted(
                days.items(), key=lambda item: str(item[0] or ""), reverse=True
            )
        ]
        if not listing.complete:
            read, total = str(len(listing.clips)), str(listing.total)
            title = text(hass, "older_clips", read=read, total=total)
            children.append(folder((*parts, OLDER, read), title))
        return folder(parts, heading(hass, format_title(hass, kind), children), children=children)

    async def _day(
        self, hass: HomeAssistant, place: Place, slot: str, kind: ClipFormat, day: str
    ) -> BrowseMediaSource:
        wanted = _read_day(day)
        listing = await place.listing(slot, kind, LOOK)
        clips = [clip for clip in listing.clips if _day_of(clip) == wanted]
        if not clips:
            raise MissingError(Missing.NO_MEDIA)
        node = folder(
            (self.key, place.entry.entry_id, slot, kind.value, DAY, day),
            day_title(hass, wanted),
            children=[self._clip(place, clip) for clip in clips[:MAX_SHOWN]],
            children_media_class=MediaClass.VIDEO,
        )
        node.not_shown = len(clips) - len(clips[:MAX_SHOWN])
        return node

    def _clip(self, place: Place, clip: Clip, title: str = "") -> BrowseMediaSource:
        entry_id = place.entry.entry_id
        return video(
            (self.key, entry_id, clip.slot, clip.format.value, clip.name),
            title or clip_title(clip),
            thumbnail=None if place.thumbnails.has_none(clip) else thumbnail_url(entry_id, clip),
        )


def _cards_of(place: Place) -> dict[str, Slot]:
    """Return the slots that have a card, or may have one."""
    slots = place.entry.runtime_data.data.slots
    return {key: slot for key, slot in slots.items() if slot.inserted is not False}


def _day_of(clip: Clip) -> date | None:
    return None if clip.began is None else clip.began.date()


def _read_day(text_: str) -> date | None:
    """Return a day, None for the unknown one. MissingError."""
    if text_ == NO_DAY:
        return None
    try:
        return date.fromisoformat(text_)
    except ValueError:
        raise MissingError(Missing.NO_MEDIA) from None


def _format_of(text_: str) -> ClipFormat:
    try:
        return ClipFormat(text_)
    except ValueError:
        raise MissingError(Missing.NO_MEDIA) from None


def _sentence(error: CameraError) -> str:
    return error.reason.value


@contextmanager
def _as_browse_error() -> Generator[None]:
    """Say in a sentence why something is not shown."""
    try:
        yield
    except MissingError as err:
        raise browse_error(err.missing) from err
    except CameraError as err:
        raise browse_error(_sentence(err)) from err
