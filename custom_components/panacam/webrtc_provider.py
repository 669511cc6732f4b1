"""WebRTC for Home Assistant's frontend without go2rtc, where aiortc happens to be installed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, override

from homeassistant.components.camera import (
    Camera,
    CameraWebRTCProvider,
    WebRTCAnswer,
    WebRTCError,
    WebRTCSendMessage,
    async_register_webrtc_provider,
)
from homeassistant.components.camera.webrtc import DATA_WEBRTC_PROVIDERS
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.importlib import async_import_module
from webrtc_models import RTCIceCandidateInit, RTCIceServer

from .cams.bridge import Hub
from .cams.errors import BusyError, CameraError, Reason, RefusedError
from .const import DOMAIN, LOGGER

if TYPE_CHECKING:  # aiortc is optional
    from .cams.bridge.webrtc import IceServer, Peer

MODULE: Final = f"{__package__}.cams.bridge.webrtc"
MAX_SESSIONS: Final = 16
"""Of one provider; each costs a port for every address of this machine, and encryption."""
GO2RTC: Final = "go2rtc"
ERROR: Final = "panacam_webrtc_failed"
OWN_SERVER: Final = "stun:stun.home-assistant.io:"
"""What Home Assistant names when nobody has configured anything."""

type MakePeer = Callable[[Hub, Sequence[IceServer]], Peer]


async def async_offer_webrtc(
    hass: HomeAssistant, find: Callable[[str], Hub | None]
) -> Callable[[], Awaitable[None]] | None:
    """Offer WebRTC for the stream sources in which `find` finds a hub, if aiortc is there.

    Returns what ends it, sessions included, or None where there is nothing to end. The camera
    component has to be set up.
    """
    try:
        # In Home Assistant's thread for imports: it takes a quarter of a second.
        module = await async_import_module(hass, MODULE)
    except ImportError as err:
        LOGGER.debug("No WebRTC of our own: %s", err)
        return None
    except Exception:  # noqa: BLE001 - it must not keep a camera from being set up
        LOGGER.exception("aiortc is installed and does not work")
        return None
    provider = PanacamWebRTCProvider(hass, find, module.Peer)
    unregister = async_register_webrtc_provider(hass, provider)

    async def end() -> None:
        unregister()
        await provider.close()

    return end


class PanacamWebRTCProvider(CameraWebRTCProvider):
    """Shows browsers what hubs have. It owns its sessions."""

    def __init__(
        self, hass: HomeAssistant, find: Callable[[str], Hub | None], make: MakePeer
    ) -> None:
        """Find hubs by stream source, and connect browsers to them by what `make` returns."""
        self._hass = hass
        self._find = find
        self._make = make
        self._sessions: dict[str, tuple[Peer, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        """Those of the sessions, and of those that are about to end."""

    @property
    @override
    def domain(self) -> str:
        return DOMAIN

    @callback
    @override
    def async_is_supported(self, stream_source: str) -> bool:
        """Return whether it is a stream of ours that go2rtc does not take.

        Home Assistant asks the providers in no order, and asks again whenever one comes or goes. So
        the only question is which are there now: that go2rtc is loaded does not say that it has a
        server to work with.
        """
        if self._find(stream_source) is None:
            return False
        return not any(
            provider.domain == GO2RTC and provider.async_is_supported(stream_source)
            for provider in self._hass.data.get(DATA_WEBRTC_PROVIDERS, ())
        )

    @override
    async def async_handle_async_webrtc_offer(
        self, camera: Camera, offer_sdp: str, session_id: str, send_message: WebRTCSendMessage
    ) -> None:
        """Begin a session; what becomes of it is told by messages."""
        try:
            source = await camera.stream_source()
            hub = self._find(source) if source else None
            if hub is None:
                raise RefusedError(Reason.UNSUPPORTED)
            if len(self._sessions) >= MAX_SESSIONS:
                raise BusyError(Reason.TOO_MANY_CONNECTIONS)
        except (CameraError, HomeAssistantError) as err:
            send_message(WebRTCError(ERROR, str(err)))
            return
        servers = camera.async_get_webrtc_client_configuration().configuration.ice_servers
        peer = self._make(hub, list(_configured(servers)))
        # Started at once: a task that is cancelled before it began would not close its peer.
        task = self._hass.async_create_background_task(
            self._serve(session_id, peer, offer_sdp, send_message),
            name=f"{DOMAIN} WebRTC {hub.key}",
        )
        if not task.done():
            self._sessions[session_id] = (peer, task)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @override
    async def async_on_webrtc_candidate(
        self, session_id: str, candidate: RTCIceCandidateInit
    ) -> None:
        """Tell a session where its browser may be reached."""
        if (session := self._sessions.get(session_id)) is not None:
            peer, _ = session
            await peer.add_candidate(
                candidate.candidate, candidate.sdp_mid, candidate.sdp_m_line_index
            )

    @callback
    @override
    def async_close_session(self, session_id: str) -> None:
        """End a session that the browser does not want any more."""
        if (session := self._sessions.pop(session_id, None)) is not None:
            _, task = session
            task.cancel()

    async def close(self) -> None:
        """End all sessions."""
        for session_id in tuple(self._sessions):
            self.async_close_session(session_id)
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _serve(
        self, session_id: str, peer: Peer, offer: str, send_message: WebRTCSendMessage
    ) -> None:
        """Be one session, from offer to end."""
        try:
            send_message(WebRTCAnswer(await peer.answer(offer)))
            await peer.run()
        except CameraError as err:
            LOGGER.debug("WebRTC ended: %s", err)
            send_message(WebRTCError(ERROR, str(err)))
        except Exception:  # noqa: BLE001 - the frontend has other ways to show the camera
            LOGGER.exception("WebRTC failed")
            send_message(WebRTCError(ERROR, "internal error"))
        finally:
            self._sessions.pop(session_id, None)
            await peer.close()


def _configured(servers: Sequence[RTCIceServer]) -> Iterator[IceServer]:
    """Yield the STUN and TURN servers that somebody has configured.

    Home Assistant names its own otherwise. Who is at home needs none, and an answer would take
    five seconds more where there is no internet.
    """
    for server in servers:
        urls = [server.urls] if isinstance(server.urls, str) else list(server.urls)
        if not all(url.startswith(OWN_SERVER) for url in urls):
            yield urls, server.username, server.credential
