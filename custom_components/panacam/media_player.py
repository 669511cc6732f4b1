"""The loudspeaker of a camera: plays sounds, announcements and spoken text."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final, override

from homeassistant.components import media_source
from homeassistant.components.media_player import (
    BrowseMedia,
    MediaPlayerDeviceClass,
    MediaPlayerEntity,
    MediaPlayerEntityDescription,
    MediaPlayerEntityFeature,
    MediaPlayerState,
    MediaType,
    async_process_play_media_url,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.bridge.sound import decoded
from .cams.errors import CameraError
from .cams.roles import Speaker
from .const import LOGGER
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .entity import PanacamEntity

# A new sound replaces the old one at once, and stopping waits for nobody.
PARALLEL_UPDATES = 0

SPEAKER: Final = MediaPlayerEntityDescription(
    key="speaker", translation_key="speaker", device_class=MediaPlayerDeviceClass.SPEAKER
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the loudspeaker of one camera."""
    coordinator = entry.runtime_data
    if (speaker := coordinator.device.speaker) is not None:
        async_add_entities([PanacamSpeaker(coordinator, speaker)])


class PanacamSpeaker(PanacamEntity, MediaPlayerEntity):
    """The loudspeaker of a camera."""

    _attr_supported_features = (
        MediaPlayerEntityFeature.PLAY_MEDIA
        | MediaPlayerEntityFeature.MEDIA_ANNOUNCE
        | MediaPlayerEntityFeature.BROWSE_MEDIA
        | MediaPlayerEntityFeature.STOP
    )
    _attr_media_content_type = MediaType.MUSIC

    def __init__(self, coordinator: PanacamCoordinator, speaker: Speaker) -> None:
        """Speak by `speaker`."""
        super().__init__(coordinator, SPEAKER)
        self._speaker = speaker
        self._task: asyncio.Task[None] | None = None
        self._granted = False
        self._turn = asyncio.Lock()

    @property
    @override
    def state(self) -> MediaPlayerState:
        """Return PLAYING once the camera listens."""
        return MediaPlayerState.PLAYING if self._granted else MediaPlayerState.IDLE

    @override
    async def async_play_media(
        self, media_type: MediaType | str, media_id: str, **kwargs: Any
    ) -> None:
        """Play what is at a URL or in a media source, in place of what plays.

        Returns when it begins to be heard. HomeAssistantError says why not.
        """
        if media_source.is_media_source_id(media_id):
            media = await media_source.async_resolve_media(self.hass, media_id, self.entity_id)
            media_id = media.url
        try:
            url = async_process_play_media_url(self.hass, media_id)
        except ValueError, IndexError:
            url = ""  # as good as any other address that is none
        await self._act(self._play(url))

    @override
    async def async_media_stop(self) -> None:
        """Fall silent."""
        async with self._turn:
            await self._end()

    @override
    async def async_browse_media(
        self,
        media_content_type: MediaType | str | None = None,
        media_content_id: str | None = None,
    ) -> BrowseMedia:
        """Show what there is to hear."""
        return await media_source.async_browse_media(
            self.hass,
            media_content_id,
            content_filter=lambda item: item.media_content_type.startswith("audio/"),
        )

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Fall silent."""
        await self.async_media_stop()
        await super().async_will_remove_from_hass()

    async def _play(self, url: str) -> None:
        """Begin; return when the camera listens, or something else took the place. CameraError."""
        heard = self.hass.loop.create_future()
        async with self._turn:
            await self._end()
            task = self._task = self.coordinator.config_entry.async_create_background_task(
                self.hass, self._speak(url, heard), f"panacam speaker {self.entity_id}"
            )
        try:
            await heard
        except asyncio.CancelledError:
            task.cancel()
            raise

    async def _end(self) -> None:
        if (task := self._task) is not None:
            self._task = None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _speak(self, url: str, heard: asyncio.Future[None]) -> None:
        """Speak until the end; `heard` tells that it begins, or why it does not."""
        try:
            async with (
                decoded(url, self._speaker.rate) as sound,
                aclosing(self._told(sound, heard)) as told,
            ):
                await self._speaker.speak(told)
        except CameraError as err:
            if heard.done():
                LOGGER.warning("%s: the sound broke off: %s", self.entity_id, err)
            else:
                heard.set_exception(err)
        finally:
            if not heard.done():
                heard.set_result(None)
            self._show(granted=False)

    async def _told(
        self, sound: AsyncIterator[bytes], heard: asyncio.Future[None]
    ) -> AsyncGenerator[bytes]:
        """Pass sound on: who takes the first of it was allowed to speak."""
        if not heard.done():
            heard.set_result(None)
        self._show(granted=True)
        async for piece in sound:
            yield piece

    def _show(self, *, granted: bool) -> None:
        self._granted = granted
        self.async_write_ha_state()
