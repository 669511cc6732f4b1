"""Brings a clip from a camera's card into a folder, on again where it broke off."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .cams.clips import Clip, ClipFormat, Clips
from .cams.device import Slot
from .cams.errors import BusyError, CameraError, ConnectError, ProtocolError, Reason
from .clip_files import ClipFile, stem_of
from .const import DOMAIN

NOT_ALLOWED: Final = "folder_not_allowed"
NOT_WRITTEN: Final = "clip_not_written"
DOWNLOAD_FAULTS: Final = (NOT_ALLOWED, NOT_WRITTEN)
"""Keys of what is said about folders and disks."""
ATTEMPTS: Final = 5
"""How often a download goes on without coming farther than before, by WORTH at least."""
WORTH: Final = 64 * 1024
MAX_BREAKS: Final = 100
PAUSE: Final = 3.0
"""Seconds before it goes on."""
BLOCK: Final = 1024 * 1024
"""Bytes that are written at once."""
GIGABYTE: Final = 1024**3
"""Bytes, as the larger of those who count otherwise have it."""
MAX_CARD: Final = 2_000 * GIGABYTE
"""Bytes; there are no larger ones of the kind that cameras take."""
MAX_RATE: Final = 60_000_000 // 8
"""Bytes of a clip in a second; recorders stay below that."""
SLACK: Final = 64 * 1024**2
"""Bytes that a clip may have beyond what can be reckoned."""

_SUFFIXES: Final = {ClipFormat.MP4: ".mp4", ClipFormat.AVCHD: ".mts"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A clip that is here."""

    path: Path
    size: int
    breaks: int
    """How often it went on after it had broken off."""


async def async_fetch(
    hass: HomeAssistant, clips: Clips, clip: Clip, folder: str, camera: str, card: Slot | None
) -> Fetched:
    """Download a clip into a folder that the configuration allows, named after camera and date.

    Of no more bytes than can be on its `card`. Raises CameraError; ServiceValidationError,
    HomeAssistantError for the folder and its disk. Nothing half is left behind.
    """
    where = await hass.async_add_executor_job(_allowed, hass, folder)
    if where is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=NOT_ALLOWED)
    try:
        file = await _begun(hass, where)
        try:
            fetching = _Fetching(hass, clips, clip, file, card)
            await fetching.run()
            stem = stem_of(camera, clip.began, clip.name)
            path = await hass.async_add_executor_job(file.finish, stem, _SUFFIXES[clip.format])
        except BaseException:
            await asyncio.shield(hass.async_add_executor_job(file.discard))
            raise
    except OSError as err:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=NOT_WRITTEN) from err
    return Fetched(path, fetching.done, fetching.breaks)


async def _begun(hass: HomeAssistant, folder: Path) -> ClipFile:
    """Begin a file; who is cancelled meanwhile leaves none. OSError."""
    making = hass.async_add_executor_job(ClipFile, folder)

    def discard(made: asyncio.Future[ClipFile]) -> None:
        if not made.cancelled() and made.exception() is None:
            hass.async_add_executor_job(made.result().discard)

    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        making.add_done_callback(discard)
        raise


def _most(clip: Clip, card: Slot | None, *, is_told: bool) -> int:
    """Return how many bytes a clip can have, whether or not its size `is_told`."""
    capacity = card.capacity if card is not None else None
    most = min(MAX_CARD, round(capacity * GIGABYTE) + SLACK) if capacity else MAX_CARD
    if is_told or clip.length is None:
        return most
    return min(most, round(clip.length.total_seconds() * MAX_RATE) + SLACK)


class _Fetching:
    """One clip on its way into a file."""

    def __init__(
        self, hass: HomeAssistant, clips: Clips, clip: Clip, file: ClipFile, card: Slot | None
    ) -> None:
        self._hass = hass
        self._card = card
        self._clips = clips
        self._clip = clip
        self._file = file
        self._size: int | None = None
        self.done = 0
        """Bytes in the file."""
        self.breaks = 0

    async def run(self) -> None:
        """Fetch all of it. CameraError, OSError."""
        vain = farthest = 0
        while True:
            try:
                await self._once()
            except CameraError as err:
                if not self._may_go_on(err):
                    raise
                vain = vain + 1 if self.done < farthest + WORTH else 0
                farthest = max(farthest, self.done)
                if vain >= ATTEMPTS or self.breaks >= MAX_BREAKS:
                    raise
                if err.reason is Reason.OUT_OF_RANGE:
                    await self._again()
            else:
                return
            self.breaks += 1
            await asyncio.sleep(PAUSE)

    def _may_go_on(self, error: CameraError) -> bool:
        """Return whether another attempt may bring more."""
        match error:
            case ConnectError():
                return True
            case BusyError():
                # A camera may take a moment to notice that the last download broke off.
                return self.breaks > 0
            case _:
                # The size that it told before was a lie.
                return error.reason is Reason.OUT_OF_RANGE and self.done > 0

    async def _once(self) -> None:
        """Fetch what is missing, or all where the camera cannot begin in the middle."""
        start = 0 if self._size is None else self.done
        async with self._clips.download(self._clip, start=start) as download:
            if download.start != self.done or (self.done and download.size != self._size):
                await self._again()
                if download.start:
                    raise ConnectError(Reason.CUT)
            self._size = download.size
            most = _most(self._clip, self._card, is_told=self._size is not None)
            if (self._size or 0) > most:
                raise ProtocolError(Reason.TOO_LARGE)
            await self._do(self._file.need, None if self._size is None else self._size - self.done)
            block = bytearray()
            try:
                async for piece in download.pieces:
                    block += piece
                    if self.done + len(block) > most:
                        raise ProtocolError(Reason.TOO_LARGE)
                    if len(block) >= BLOCK:
                        await self._write(block)
                        block = bytearray()
            finally:
                # What came before a break need not come again.
                await self._write(block)

    async def _again(self) -> None:
        await self._do(self._file.restart)
        self.done, self._size = 0, None

    async def _write(self, block: bytearray) -> None:
        if block:
            await self._do(self._file.write, bytes(block))
            self.done += len(block)

    async def _do[*Ts](self, job: Callable[[*Ts], None], *arguments: *Ts) -> None:
        await self._hass.async_add_executor_job(job, *arguments)


def _allowed(hass: HomeAssistant, folder: str) -> Path | None:
    """Return a folder as it really is, or None when nothing may be written there."""
    try:
        path = Path(folder).resolve(strict=True)
    except OSError, RuntimeError, ValueError:
        return None
    return path if path.is_dir() and hass.config.is_allowed_path(str(path)) else None
