"""The bridge of one camera: its hubs, and the server that players on this machine ask."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from ..errors import ConnectError, Reason
from ..stream import PictureStream, RtspStream, Stream, rtsp_url
from .hub import Hub
from .listeners import Listeners
from .pictures import PictureHub
from .publish import Publisher
from .rtsp import RtspHub
from .rtsp_jpeg import CODEC as JPEG, pictures_of
from .server import Server

DEFAULT_RING = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeOptions:
    """What its owner decided about one camera's pictures."""

    ring: float = DEFAULT_RING
    """Seconds of the past that are kept; 0: the camera is connected only while somebody looks."""
    shared: bool = True
    """Whether players get RTSP through the hub, which has one connection to the camera for all."""


class Bridge:
    """All hubs of one camera."""

    def __init__(self, options: BridgeOptions) -> None:
        """Make nothing yet: hubs come with whoever asks for them."""
        self.options = options
        self._hubs: dict[str, Hub] = {}
        self._pictures: dict[str, PictureHub] = {}
        self._server = Server(self._hubs.get)
        self.publisher: Publisher | None = None
        """What sends the stream to a media server, if anything."""
        self._suspended: Reason | None = None
        self._watchers = Listeners("suspended")
        self._closed = False

    def shares(self, stream: Stream) -> bool:
        """Return whether players get the stream from its hub.

        JPEG they could not show, and a password that is to stay secret they would not keep.
        """
        if self.options.shared or not isinstance(stream, RtspStream):
            return True
        return stream.codec == JPEG or stream.sealed

    def hub(self, stream: Stream) -> Hub:
        """Return the hub of a stream. ConnectError once closed."""
        self._check_open()
        match stream:
            case PictureStream():
                return self.picture_hub(stream)
            case RtspStream() if stream.codec == JPEG:
                return self.picture_hub(pictures_of(stream))
            case RtspStream():
                if (hub := self._hubs.get(stream.key)) is None:
                    hub = RtspHub(stream, ring=self.options.ring)
                    self._begin(hub)
                return hub
            case _:
                assert_never(stream)

    def picture_hub(self, stream: PictureStream) -> PictureHub:
        """Return the hub of a stream of pictures. ConnectError once closed."""
        self._check_open()
        if (hub := self._pictures.get(stream.key)) is None:
            hub = PictureHub(stream, ring=self.options.ring)
            self._pictures[stream.key] = hub
            self._begin(hub)
        return hub

    def suspend(self, reason: Reason) -> None:
        """Have no connection to the camera's address until `resume`: somebody else is there.

        Viewers are sent away and new ones refused with ConnectError(`reason`).
        """
        if self._closed or self._suspended is reason:
            return
        self._suspended = reason
        self._watchers.tell()
        for hub in self._hubs.values():
            hub.suspend(reason)

    def watch(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when it is suspended, until the returned function is called.

        For those who have players of their own, at the camera's own URL.
        """
        return self._watchers.add(listener)

    def resume(self) -> None:
        """Connect again, for whoever looks: the camera has shown that it is back."""
        if self._suspended is not None:
            self._suspended = None
            for hub in self._hubs.values():
                hub.resume()

    async def stream_url(self, stream: Stream) -> str:
        """Return the URL that a player opens: the camera's own, or the hub's. Never log it.

        ConnectError for the camera's own while somebody else is at its address.
        """
        if isinstance(stream, RtspStream) and not self.shares(stream):
            if self._suspended is not None:
                raise ConnectError(self._suspended)
            return rtsp_url(stream)
        self.hub(stream)
        return await self._server.url(stream.key)

    def publish(self, stream: Stream, url: str) -> None:
        """Send a stream to a media server from now on. ValueError, without the URL, for no URL."""
        self.publisher = Publisher(self.hub(stream), url)
        self.publisher.start()

    def find(self, url: str) -> Hub | None:
        """Return the hub that a URL of `stream_url` shows, or None for any other URL."""
        key = self._server.key_of(url)
        return None if key is None else self._hubs.get(key)

    async def close(self) -> None:
        """Send every viewer away, hang up, and end the server."""
        self._closed = True
        ending = [hub.close() for hub in self._hubs.values()]
        if self.publisher is not None:
            ending.append(self.publisher.close())
        # At once: each may have to wait for a camera or server that says nothing.
        await asyncio.gather(*ending)
        await self._server.close()

    def _begin(self, hub: Hub) -> None:
        self._hubs[hub.key] = hub
        if self._suspended is not None:
            hub.suspend(self._suspended)

    def _check_open(self) -> None:
        """Make no hub that nobody would end."""
        if self._closed:
            raise ConnectError(Reason.NO_PICTURE)
