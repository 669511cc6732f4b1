"""Keeps an ONVIF device: encoder, picture and other settings, texts, masks and presets.

Not kept: which mode a video source is in, which restarts some devices; where the lens is, which
follows the focus; relays and lamps, which people use; and every address of the network.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ..backup import THINGS, Item, Report, Sections, flat
from ..errors import CameraError
from ..keeping import SETTINGS, Progress, SettingsShelf, as_sections, restore_values
from ..settings import Adjustable
from ..things import RenamedShelf, Renaming
from .board import Board
from .media import MediaPart
from .overlays import MASKS, OSDS, Overlay, overlays_of, read_overlay, restore_overlay
from .preset_keeper import PRESETS, preset_names
from .ptz import PtzPart

_OWN: Final = ("_multicast_address", "_multicast_port", "_multicast_auto_start")
"""Two cameras that send to one group disturb each other."""
_LEFT_OUT: Final = ("osd", "mask", "video_mode", "imaging_focus_position")
"""How the kinds of settings begin that are none, or that are in a section of their own."""


def _left_out(row: Adjustable) -> bool:
    return (row.kind or row.key).startswith(_LEFT_OUT)


def is_own(path: str) -> bool:
    """Return whether what has a path is for one camera of a network only."""
    return path.startswith(f"{SETTINGS}.") and path.endswith(_OWN)


class OnvifKeeper:
    """The keeper role."""

    def __init__(
        self,
        board: Board,
        look: Callable[[], Awaitable[None]],
        media: MediaPart,
        ptz: PtzPart,
    ) -> None:
        """Keep what is on `board`, read anew by `look`, and what `media` and `ptz` learned."""
        self._shelf = SettingsShelf(board, lambda: board.values, look, _left_out)
        self._media = media
        self._ptz = ptz

    async def read(self) -> Sections:
        """Return how the device is set (the role)."""
        await self._shelf.look()
        sections: dict[str, Mapping[str, Item]] = dict(as_sections(self._shelf.now()))
        for name, overlay in self._overlays().items():
            sections[name] = await read_overlay(overlay)
        if (presets := self._ptz.preset_keeper) is not None:
            sections[PRESETS] = presets.now()
        sections[THINGS] = self._media.things()
        return {name: items for name, items in sections.items() if items}

    async def restore(self, sections: Sections, *, own: bool) -> Report:
        """Set the device as `sections` say (the role)."""
        progress = Progress(dict(flat(sections)))
        if not own:
            progress.spared.update(filter(is_own, progress.wanted))
        try:
            await self._restore(progress, sections.get(THINGS, {}))
        except CameraError as err:
            progress.end(err)
        return progress.report()

    def _overlays(self) -> Mapping[str, Overlay]:
        return overlays_of(self._media.osds, self._media.masks, self._media.sources)

    async def _restore(self, progress: Progress, things: Mapping[str, Item]) -> None:
        def of(section: str) -> list[str]:
            return [
                path
                for path in progress.wanted
                if path.partition(".")[0] == section and path not in progress.spared
            ]

        shelf = RenamedShelf(self._shelf, lambda: Renaming(things, self._media.things()))
        await restore_values(shelf, progress, of(SETTINGS))
        overlays = self._overlays()
        for name in (OSDS, MASKS):
            if not (paths := of(name)):
                continue
            if (overlay := overlays.get(name)) is not None:
                await restore_overlay(overlay, progress, paths)
            else:
                progress.absent.update(paths)
        if paths := of(PRESETS):
            if (presets := self._ptz.preset_keeper) is not None:
                await presets.restore(progress, preset_names(paths))
            else:
                progress.absent.update(paths)
        known = {SETTINGS, OSDS, MASKS, PRESETS}
        progress.absent.update(
            path for path in progress.wanted if path.partition(".")[0] not in known
        )
