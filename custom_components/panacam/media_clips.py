"""Where clips are played from: for each camera its turn, its small pictures, its clips on disk."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .cams.clips import SLOTS, Clip, ClipFormat, Clips, Listing
from .cams.errors import BusyError, Reason, RefusedError
from .cams.playback.shelf import Shelf
from .cams.playback.thumbnails import Thumbnails
from .cams.playback.turn import Turn
from .const import DOMAIN
from .coordinator import PanacamConfigEntry
from .media_branch import Missing
from .network_entry import camera_name, is_network

FIRST_LOOK: Final = 0.2
"""Seconds in which a page must be there; what takes longer is on the next one."""
LOOK: Final = 3.0
"""Seconds for what nobody can go on without."""
SEEK: Final = 20.0
"""Seconds for one clip that somebody names."""
MAX_VIEWERS: Final = 6
"""Of one camera's clips at one time; a browser asks for up to three ranges of one."""
MAX_LOOKERS: Final = 32
MAX_REMUXERS: Final = 4
"""Of all cameras' clips, those that were received included."""

_PLACES: Final[HassKey[dict[str, Place]]] = HassKey(f"{DOMAIN}.clips")
_SHELF: Final[HassKey[Shelf]] = HassKey(f"{DOMAIN}.clip_shelf")
_DECODING: Final[HassKey[asyncio.Lock]] = HassKey(f"{DOMAIN}.clip_decoding")
_REMUXERS: Final[HassKey[set[asyncio.Task[Any]]]] = HassKey(f"{DOMAIN}.clip_remuxers")


class MissingError(Exception):
    """There is nothing to ask a camera for."""

    def __init__(self, missing: Missing) -> None:
        """Say why."""
        super().__init__(missing.value)
        self.missing = missing


@dataclass(slots=True)
class Place:
    """One camera, as far as its clips are concerned."""

    hass: HomeAssistant
    entry: PanacamConfigEntry
    clips: Clips
    turn: Turn
    thumbnails: Thumbnails
    shelf: Shelf
    viewers: set[asyncio.Task[Any]] = field(default_factory=set)
    """The requests for clips that are being answered."""
    lookers: set[asyncio.Task[Any]] = field(default_factory=set)
    """The requests for small pictures that are being answered."""

    @property
    def name(self) -> str:
        """Return what the camera's owner calls it."""
        return camera_name(self.hass, self.entry)

    async def listing(
        self, slot: str, kind: ClipFormat, within: float | None, *, renew: bool = False
    ) -> Listing:
        """Return a list as it was when somebody looked last, or (`renew`) read anew.

        CameraError; MissingError for a slot that no camera has.
        """
        if slot not in SLOTS:
            raise MissingError(Missing.NO_MEDIA)
        return await self.clips.listing(slot, kind, within=within, renew=renew)

    async def find(self, slot: str, kind: ClipFormat, name: str) -> Clip:
        """Return the clip of that name, only if the camera lists it. As `listing` raises."""
        try:
            async with asyncio.timeout(SEEK):
                for within in (LOOK, None):
                    listing = await self.listing(slot, kind, within)
                    for clip in listing.clips:
                        if clip.name == name:
                            return clip
                    if listing.complete:
                        break
        except TimeoutError:
            raise RefusedError(Reason.NOT_FOUND) from None
        raise RefusedError(Reason.CLIP_GONE)

    async def close(self) -> None:
        """Send the viewers away, and forget the clips that are on our disk."""
        if tasks := {*self.viewers, *self.lookers}:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        await self.shelf.close(self.entry.entry_id)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Answer a request for a clip. BusyError when there are too many."""
        with _counted(self.viewers, MAX_VIEWERS):
            yield

    @contextmanager
    def looked_at(self) -> Iterator[None]:
        """Answer a request for a small picture. BusyError when there are too many."""
        with _counted(self.lookers, MAX_LOOKERS):
            yield


@contextmanager
def remuxing(hass: HomeAssistant) -> Iterator[None]:
    """Remux a clip for one viewer. BusyError when there are too many."""
    with _counted(hass.data.setdefault(_REMUXERS, set()), MAX_REMUXERS):
        yield


@contextmanager
def _counted(tasks: set[asyncio.Task[Any]], most: int) -> Iterator[None]:
    if len(tasks) >= most or (task := asyncio.current_task()) is None:
        raise BusyError(Reason.BUSY)
    tasks.add(task)
    try:
        yield
    finally:
        tasks.discard(task)


@callback
def entries_with_clips(hass: HomeAssistant) -> list[PanacamConfigEntry]:
    """Return the entries of the cameras that have clips and are set up."""
    return [
        entry
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if not is_network(entry) and entry.runtime_data.device.clips is not None
    ]


@callback
def place_of(hass: HomeAssistant, entry_id: str) -> Place:
    """Return a camera's place. MissingError where there is none, or none at the moment."""
    entry: PanacamConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
    if entry is None or entry.domain != DOMAIN or is_network(entry):
        raise MissingError(Missing.NO_MEDIA)
    if entry.state is not ConfigEntryState.LOADED:
        raise MissingError(Missing.CAMERA_AWAY)
    if (clips := entry.runtime_data.device.clips) is None:
        raise MissingError(Missing.NO_MEDIA)
    places = hass.data.setdefault(_PLACES, {})
    if (place := places.get(entry_id)) is None:
        turn = Turn()
        shelf = _shelf(hass)
        decoding = hass.data.setdefault(_DECODING, asyncio.Lock())
        place = Place(hass, entry, clips, turn, Thumbnails(clips, turn, decoding), shelf)
        places[entry_id] = place
        _close_with(hass, entry, place)
    return place


def _shelf(hass: HomeAssistant) -> Shelf:
    if (shelf := hass.data.get(_SHELF)) is None:
        # Not the temporary folder, which may be memory; what is here is in no backup.
        shelf = hass.data[_SHELF] = Shelf(Path(hass.config.cache_path(DOMAIN)))
    return shelf


def _close_with(hass: HomeAssistant, entry: PanacamConfigEntry, place: Place) -> None:
    """Close a place when its entry is unloaded, and when Home Assistant stops."""

    async def close(_event: Event[Any] | None = None) -> None:
        hass.data[_PLACES].pop(entry.entry_id, None)
        await place.close()

    entry.async_on_unload(close)
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, close))
