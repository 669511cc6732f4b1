"""The clips that cameras sent: cameras > day > clip.

Identifiers: camera; camera, day; camera, id of a clip. A camera is named by its entry.
"""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final, override

from homeassistant.components.media_player import MediaClass, MediaType, SearchMediaQuery
from homeassistant.components.media_source import BrowseMediaSource, PlayMedia
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .drop import running_drop
from .drop_event import RECEIVED
from .drop_view import clip_url, type_of
from .ftp import Kind, Received
from .media_branch import Branch, Missing, browse_error, folder, identifier_of, text, unresolvable
from .network_entry import camera_entries, camera_name

MAX_SHOWN: Final = 1000
"""Clips of one day that are shown."""
MAX_FOUND: Final = 100
MAX_SHORT: Final = 11
"""Characters of a name; a tile shows some 17."""
MAX_WORDS: Final = 8
SLICE: Final = 500
"""Clips that are looked at without a break."""
MAX_THUMBNAIL: Final = 2 * 1024 * 1024
"""Bytes of a picture that is its own small picture."""


class ReceivedBranch(Branch):
    """What the drop has."""

    @property
    @override
    def key(self) -> str:
        return RECEIVED

    @override
    def roots(self, hass: HomeAssistant) -> list[BrowseMediaSource]:
        return [folder((self.key,), text(hass, "received"))] if _cameras(hass) else []

    @override
    async def browse(self, hass: HomeAssistant, parts: tuple[str, ...]) -> BrowseMediaSource:
        cameras = _cameras(hass)
        if not parts:
            return folder(
                (self.key,),
                text(hass, "received"),
                children=[
                    folder((self.key, entry_id), title) for entry_id, title in cameras.items()
                ],
            )
        entry_id, *rest = parts
        if entry_id not in cameras:
            raise browse_error(Missing.NO_MEDIA)
        match rest:
            case []:
                return await self._camera(hass, entry_id, cameras[entry_id])
            case [day] if "-" in day:
                return await self._day(hass, entry_id, day)
            case [key] if (file := _find(hass, entry_id, key)) is not None:
                return self._clip(file)
            case _:
                raise browse_error(Missing.NO_MEDIA)

    @override
    async def resolve(self, hass: HomeAssistant, parts: tuple[str, ...]) -> PlayMedia:
        match parts:
            case (entry_id, key) if (file := _find(hass, entry_id, key)) is not None:
                return PlayMedia(clip_url(file), type_of(file))
            case _:
                raise unresolvable(Missing.NO_MEDIA)

    @override
    async def search(
        self, hass: HomeAssistant, parts: tuple[str, ...], query: SearchMediaQuery
    ) -> list[BrowseMediaSource]:
        wanted = query.search_query.casefold().replace(",", " ").split()[:MAX_WORDS]
        if not wanted:
            return []
        found: list[Received] = []
        cameras = _cameras(hass)
        for entry_id, title in cameras.items():
            if parts and parts[0] != entry_id:
                continue
            async for file in _clips(hass, entry_id):
                words = f"{title} {' '.join(file.parts)} {_time_of(file):%Y-%m-%d %H:%M}".casefold()
                if all(word in words for word in wanted):
                    found.append(file)
        found.sort(key=lambda file: file.time, reverse=True)
        return [
            self._clip(file, _found_title(file, "" if parts else cameras[file.account]))
            for file in found[:MAX_FOUND]
        ]

    async def _camera(self, hass: HomeAssistant, entry_id: str, title: str) -> BrowseMediaSource:
        """Return a camera's days, the last one first."""
        days = {f"{_time_of(file):%Y-%m-%d}": None async for file in _clips(hass, entry_id)}
        children = [folder((self.key, entry_id, day), day) for day in days]
        return folder((self.key, entry_id), title, children=children)

    async def _day(self, hass: HomeAssistant, entry_id: str, day: str) -> BrowseMediaSource:
        """Return the clips of a day, the last one first."""
        files = [
            file async for file in _clips(hass, entry_id) if f"{_time_of(file):%Y-%m-%d}" == day
        ]
        if not files:
            raise browse_error(Missing.NO_MEDIA)
        return folder(
            (self.key, entry_id, day),
            day,
            children=[self._clip(file) for file in files[:MAX_SHOWN]],
            children_media_class=MediaClass.VIDEO,
        )

    def _clip(self, file: Received, title: str = "") -> BrowseMediaSource:
        is_picture = file.kind is Kind.JPEG
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=identifier_of(self.key, file.account, file.id),
            media_class=MediaClass.IMAGE if is_picture else MediaClass.VIDEO,
            media_content_type=MediaType.IMAGE if is_picture else MediaType.VIDEO,
            title=title or f"{_short(file)} {_time_of(file):%H:%M:%S}",
            can_play=True,
            can_expand=False,
            thumbnail=clip_url(file) if is_picture and file.size <= MAX_THUMBNAIL else None,
        )


def _cameras(hass: HomeAssistant) -> dict[str, str]:
    """Return the names of the cameras that have sent clips, by entry."""
    if (drop := running_drop(hass)) is None:
        return {}
    return {
        entry.entry_id: camera_name(hass, entry)
        for entry in camera_entries(hass)
        if drop.store.has_clips(entry.entry_id)
    }


async def _clips(hass: HomeAssistant, entry_id: str) -> AsyncGenerator[Received]:
    """Yield a camera's clips, the last one first; others have the event loop in between."""
    drop = running_drop(hass)
    for number, file in enumerate(() if drop is None else drop.store.clips(entry_id), 1):
        yield file
        if not number % SLICE:
            await asyncio.sleep(0)


def _find(hass: HomeAssistant, entry_id: str, key: str) -> Received | None:
    drop = running_drop(hass)
    return None if drop is None else drop.store.find(entry_id, key)


def _short(file: Received) -> str:
    """Return a clip's name as far as a tile shows it, with room for a time behind it.

    Cameras count, or tell the time, at a name's end.
    """
    stem = PurePosixPath(file.name).stem
    return stem if len(stem) <= MAX_SHORT else f"…{stem[1 - MAX_SHORT :]}"


def _found_title(file: Received, camera: str) -> str:
    """Return what a found clip is called; `camera` is empty where everybody knows it."""
    return f"{_short(file)} {_time_of(file):%m-%d %H:%M:%S} {camera}".rstrip()


def _time_of(file: Received) -> datetime:
    """Return when a clip came, in Home Assistant's time zone."""
    return dt_util.as_local(dt_util.utc_from_timestamp(file.time / 1e9))
