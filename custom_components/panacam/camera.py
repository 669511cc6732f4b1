"""The cameras' live streams, stills and motion JPEG, and the action that moves them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final, override

from aiohttp import web
from homeassistant.components.camera import (
    Camera,
    CameraEntityDescription,
    CameraEntityFeature,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.device import Move, State
from .cams.errors import CameraError, Reason
from .cams.stream import Stream, Transport, stream_url
from .const import CONF_RTSP_TRANSPORT, DOMAIN, LOGGER
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .entity import PanacamEntity, add_described

PARALLEL_UPDATES = 1

BOUNDARY: Final = "panacam-picture"
VIEWER_TIMEOUT: Final = 30.0
"""Seconds that a viewer of motion JPEG may take for one picture before it is hung up on."""


@dataclass(frozen=True, kw_only=True)
class PanacamCameraDescription(CameraEntityDescription):
    """One stream of a camera."""

    stream: Stream


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add one camera entity for each stream; only the preferred one is enabled by default."""
    streams = entry.runtime_data.device.streams

    def describe(state: State) -> Iterator[PanacamCameraDescription]:
        for stream in streams:
            if stream.key in state.transmitting:
                yield PanacamCameraDescription(
                    key=stream.key,
                    translation_key="stream",
                    translation_placeholders={"stream": stream.label},
                    entity_registry_enabled_default=stream.preferred,
                    stream=stream,
                )

    add_described(entry, async_add_entities, describe, PanacamCamera)


class PanacamCamera(PanacamEntity, Camera):
    """One stream of a camera."""

    entity_description: PanacamCameraDescription

    def __init__(
        self, coordinator: PanacamCoordinator, description: PanacamCameraDescription
    ) -> None:
        """Show the description's stream."""
        Camera.__init__(self)
        super().__init__(coordinator, description)
        self._stream = description.stream
        self._attr_brand = coordinator.device.identity.manufacturer
        self._attr_model = coordinator.device.identity.model
        if self._stream.transport is not Transport.AUTO:
            self.stream_options[CONF_RTSP_TRANSPORT] = self._stream.transport.value

    @property
    @override
    def available(self) -> bool:
        """Return whether the camera answers; a stream that fails leaves its stills usable."""
        return self.coordinator.last_update_success

    @property
    @override
    def is_recording(self) -> bool:
        """Return whether the camera records to its own cards."""
        return self.coordinator.data.recording is True

    @property
    @override
    def supported_features(self) -> CameraEntityFeature:
        """Return STREAM unless the camera is set not to send this stream, or cannot now."""
        if self.coordinator.data.transmitting.get(self._stream.key, False) is False:
            return CameraEntityFeature(0)
        return CameraEntityFeature.STREAM

    @property
    @override
    def use_stream_for_stills(self) -> bool:
        """Return whether there is no cheaper way to a still."""
        return self.coordinator.device.imager is None

    @override
    async def stream_source(self) -> str:
        """Return the URL for the player, credentials included."""
        return stream_url(self._stream)

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return a still as the camera made it, or None when it makes none."""
        if (imager := self.coordinator.device.imager) is None:
            return None
        try:
            return await imager.snapshot()
        except CameraError as err:
            LOGGER.debug("%s: no still: %s", self.entity_id, err)
            return None

    @override
    async def handle_async_mjpeg_stream(self, request: web.Request) -> web.StreamResponse | None:
        """Pass the camera's JPEG pictures to a browser, none of its other bytes."""
        if (imager := self.coordinator.device.imager) is None:
            return await super().handle_async_mjpeg_stream(request)
        response: web.StreamResponse | None = None
        try:
            async with imager.pictures() as pictures:
                response = web.StreamResponse(
                    headers={"Content-Type": f"multipart/x-mixed-replace;boundary={BOUNDARY}"}
                )
                await response.prepare(request)
                await _write_pictures(response, pictures)
        except CameraError as err:
            LOGGER.debug("%s: motion JPEG ended: %s", self.entity_id, err)
        except ConnectionResetError, TimeoutError:
            LOGGER.debug("%s: a viewer of motion JPEG has gone", self.entity_id)
        return response

    async def async_move(self, move: str, size: int) -> None:
        """Make one step of lens or head: the action `panacam.move`.

        Raises ServiceValidationError for a camera that cannot, HomeAssistantError when it will not.
        """
        mover = self.coordinator.device.mover
        if mover is None or Move(move) not in mover.moves:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key=Reason.UNSUPPORTED.value
            )
        await self._act(mover.move(Move(move), size))


async def _write_pictures(response: web.StreamResponse, pictures: AsyncIterator[bytes]) -> None:
    """Write multipart pictures, the next boundary at once: browsers show a part when it ends."""
    await response.write(f"--{BOUNDARY}\r\n".encode())
    async for picture in pictures:
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
        async with asyncio.timeout(VIEWER_TIMEOUT):
            await response.write(
                b"".join((head.encode(), picture, f"\r\n--{BOUNDARY}\r\n".encode()))
            )
