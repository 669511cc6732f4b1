"""The cameras' live streams, stills and motion JPEG."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from aiohttp import web
from homeassistant.components.camera import (
    Camera,
    CameraEntityDescription,
    CameraEntityFeature,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.typing import UNDEFINED

from .cams.bridge import Hub, PictureHub, Status
from .cams.device import State
from .cams.errors import CameraError, ProtocolError, RefusedError
from .cams.stream import Picture, RtspStream, Stream, Transport
from .const import CONF_RTSP_TRANSPORT, LOGGER
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .entity import PanacamEntity, add_described, of_channel

PARALLEL_UPDATES = 1

BOUNDARY: Final = "panacam-picture"
NEXT_PART: Final = f"\r\n--{BOUNDARY}\r\n".encode()
VIEWER_TIMEOUT: Final = 30.0
"""Seconds that a viewer of motion JPEG may take for one picture before it is hung up on."""
BRIDGED: Final = 30.0
"""Seconds for which a stream that was interrupted may still come back as if nothing was."""


@dataclass(frozen=True, kw_only=True)
class PanacamCameraDescription(CameraEntityDescription):
    """One stream of a camera."""

    stream: Stream


def _described(stream: Stream) -> PanacamCameraDescription:
    """Return the description of a stream; the only one of a camera has the camera's name."""
    return PanacamCameraDescription(
        key=of_channel(stream.key),
        name=UNDEFINED if stream.label else None,
        translation_key="stream" if stream.label else None,
        translation_placeholders={"stream": stream.label},
        entity_registry_enabled_default=stream.preferred,
        stream=stream,
    )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add one camera entity for each stream; only the preferred one is enabled by default."""
    device = entry.runtime_data.device

    def describe(state: State) -> Iterator[PanacamCameraDescription]:
        return (_described(stream) for stream in device.streams if stream.key in state.transmitting)

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
        self._stream = stream = description.stream
        self._hub = coordinator.hub_of(stream)
        self._outage = _Outage()
        self._release: Callable[[], None] | None = None
        self._attr_brand = coordinator.device.identity.manufacturer
        self._attr_model = coordinator.device.identity.model
        if (
            self._hub is None
            and isinstance(stream, RtspStream)
            and stream.transport is not Transport.AUTO
        ):
            self.stream_options[CONF_RTSP_TRANSPORT] = stream.transport.value

    @property
    def stream_key(self) -> str:
        """Return the key of the stream that is shown."""
        return self._stream.key

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the hub, and have it keep the past."""
        await super().async_added_to_hass()
        if (hub := self._hub) is not None:
            self.async_on_remove(hub.subscribe(self._hub_changed))
            self.async_on_remove(self._outage.end)
            self.async_on_remove(self._let_go)
            self._keep(hub)
        else:
            self.async_on_remove(self.coordinator.bridge.watch(self._suspended))

    @callback
    def _suspended(self) -> None:
        """End the player, which has the password: somebody else is at the camera's address."""
        self.coordinator.config_entry.async_create_task(self.hass, self._end_player())

    async def _end_player(self) -> None:
        if (stream := self.stream) is not None:
            self.stream = None
            await stream.stop()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """End the player: it would ask for good where nobody answers any more."""
        await self._end_player()
        await super().async_will_remove_from_hass()

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        if self._hub is not None:
            self._keep(self._hub)
        super()._handle_coordinator_update()

    def _keep(self, hub: Hub) -> None:
        """Have the past kept while the camera is set to send this stream, else ask in vain."""
        if not self.supported_features:
            self._let_go()
        elif self._release is None:
            self._release = hub.keep()

    def _let_go(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None

    @callback
    def _hub_changed(self) -> None:
        if self._hub is not None and self._hub.status is Status.INTERRUPTED:
            self._outage.begin(self.hass, self.async_write_ha_state)
        else:
            self._outage.end()
        self.async_write_ha_state()

    @property
    @override
    def available(self) -> bool:
        """Return whether the camera answers, or its pictures come or soon do again.

        A stream that fails leaves the stills usable.
        """
        if self.coordinator.last_update_success:
            return True
        # The connection that tells of a loss may be the first to notice it: pictures that come
        # are proof enough of a camera, unless it is another one.
        return (
            self._hub is not None
            and self._hub.status in {Status.LIVE, Status.INTERRUPTED}
            and not self._outage.over
            and not self.coordinator.strange
        )

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
        device = self.coordinator.device
        return device.imager is None and device.pictures is None and self._hub is None

    @override
    async def stream_source(self) -> str | None:
        """Return the URL for the player; it has a token or credentials in it."""
        try:
            return await self.coordinator.bridge.stream_url(self._stream)
        except CameraError:  # it is being unloaded
            return None

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return a still as the camera made it, or None when it makes none."""
        try:
            return await self._still()
        except CameraError as err:
            LOGGER.debug("%s: no still: %s", self.entity_id, err)
            return None

    async def _still(self) -> bytes | None:
        """Return the picture that is there already, else one made for this. CameraError."""
        pictures = self._pictures
        if pictures is not None and pictures.status is Status.LIVE:
            return await pictures.still()
        hub = pictures or self._hub
        if (imager := self.coordinator.device.imager) is not None:
            try:
                return await imager.snapshot()
            except RefusedError, ProtocolError:
                # It is there, but its stills are not for us: the stream has pictures, too.
                if hub is None:
                    raise
        return None if hub is None else await hub.still()

    @property
    def _pictures(self) -> PictureHub | None:
        """Return what has the camera's JPEG pictures for everybody, those of this stream first."""
        if isinstance(self._hub, PictureHub):
            return self._hub
        if (stream := self.coordinator.device.pictures) is None:
            return None
        return self.coordinator.bridge.picture_hub(stream)

    @override
    async def handle_async_mjpeg_stream(self, request: web.Request) -> web.StreamResponse | None:
        """Pass the camera's JPEG pictures to a browser, none of its other bytes."""
        if (hub := self._pictures) is None:
            return await super().handle_async_mjpeg_stream(request)
        response: web.StreamResponse | None = None
        try:
            async with hub.pictures() as pictures:
                response = web.StreamResponse(
                    headers={"Content-Type": f"multipart/x-mixed-replace;boundary={BOUNDARY}"}
                )
                await response.prepare(request)
                await _write_pictures(response, pictures)
        except CameraError as err:
            LOGGER.debug("%s: motion JPEG ended: %s", self.entity_id, err)
        except TimeoutError:
            LOGGER.debug("%s: a viewer of motion JPEG reads no more", self.entity_id)
            # Who does not read does not see an end either.
            if request.transport is not None:
                request.transport.abort()
        except ConnectionResetError:
            LOGGER.debug("%s: a viewer of motion JPEG has gone", self.entity_id)
        return response


class _Outage:
    """How long a stream has been interrupted: at first it counts as there."""

    def __init__(self) -> None:
        """Begin with none."""
        self.over = False
        """Whether the stream has been away for too long to be there."""
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def begin(self, hass: HomeAssistant, changed: Callable[[], None]) -> None:
        """Begin, unless it has; `changed` is called once it has lasted BRIDGED."""
        if self._cancel is not None or self.over:
            return

        @callback
        def give_up(_now: datetime) -> None:
            self._cancel = None
            self.over = True
            changed()

        self._cancel = async_call_later(hass, BRIDGED, give_up)

    @callback
    def end(self) -> None:
        """Forget it."""
        self.over = False
        if self._cancel is not None:
            self._cancel()
            self._cancel = None


async def _write_pictures(response: web.StreamResponse, pictures: AsyncIterator[Picture]) -> None:
    """Write multipart pictures, the next boundary at once: browsers show a part when it ends."""
    async with asyncio.timeout(VIEWER_TIMEOUT):
        await response.write(f"--{BOUNDARY}\r\n".encode())
    async for picture in pictures:
        data = memoryview(picture.data)
        head = f"Content-Type: image/jpeg\r\nContent-Length: {data.nbytes}\r\n\r\n"
        async with asyncio.timeout(VIEWER_TIMEOUT):
            # One after the other, since joined they would be a copy of the picture.
            await response.write(head.encode())
            await response.write(data)
            await response.write(NEXT_PART)
