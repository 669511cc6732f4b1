"""WebRTC in Home Assistant: who is asked, what a browser is told, and that sessions end."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
import sys
from types import ModuleType
from typing import Any, override

from homeassistant.components.camera import (
    DOMAIN as CAMERA_DOMAIN,
    Camera,
    CameraEntityFeature,
    CameraWebRTCProvider,
    WebRTCMessage,
    async_register_webrtc_provider,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import setup_test_component_platform
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from webrtc_models import RTCIceCandidateInit, RTCIceServer

from custom_components.panacam import webrtc_provider
from custom_components.panacam.cams.bridge import Hub
from custom_components.panacam.cams.errors import ConnectError, Reason, RefusedError
from custom_components.panacam.webrtc_provider import (
    ERROR,
    MAX_SESSIONS,
    MODULE,
    PanacamWebRTCProvider,
    async_offer_webrtc,
)
from tests.cams.bridge.support import until
from tests.cams.bridge.test_publish import ScriptedHub

OURS = "http://127.0.0.1:4711/main.ts?auth=0123"
THEIRS = "http://127.0.0.1:8080/other.ts"
CANDIDATE = RTCIceCandidateInit("candidate:1 1 udp 1 192.0.2.1 9 typ host", sdp_mid="0")
type End = Callable[[], Awaitable[None]]


class FakePeer:
    """A browser's connection in the test's hand."""

    made: list[FakePeer]

    def __init__(self, hub: Hub, servers: list[Any]) -> None:
        """Remember each."""
        self.hub, self.servers = hub, servers
        self.candidates: list[tuple[str, str | None, int | None]] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False
        self.made.append(self)

    async def answer(self, offer: str) -> str:
        """Answer all but rubbish."""
        if offer == "rubbish":
            raise RefusedError(Reason.UNSUPPORTED)
        if offer == "bug":
            raise RuntimeError
        return f"answer to {offer}"

    async def add_candidate(self, text: str, mid: str | None, line: int | None) -> None:
        """Note it."""
        self.candidates.append((text, mid, line))

    async def run(self) -> None:
        """Go on until the test ends it."""
        await self.over

    async def close(self) -> None:
        """Note it."""
        self.closed = True


class FakeGo2rtc(CameraWebRTCProvider):
    """A provider that takes some schemes, as go2rtc does."""

    def __init__(self, scheme: str) -> None:
        """Take URLs of one scheme."""
        self._scheme = scheme

    @property
    @override
    def domain(self) -> str:
        return "go2rtc"

    @override
    def async_is_supported(self, stream_source: str) -> bool:
        return stream_source.startswith(self._scheme)

    @override
    async def async_handle_async_webrtc_offer(self, *_: Any) -> None:
        raise NotImplementedError

    @override
    async def async_on_webrtc_candidate(self, *_: Any) -> None:
        raise NotImplementedError


class FakeCamera(Camera):
    """A camera with a stream."""

    _attr_name = "Door"
    _attr_supported_features = CameraEntityFeature.STREAM
    source: str | None = OURS

    @override
    async def stream_source(self) -> str | None:
        if self.source == "broken":
            msg = "no source"
            raise HomeAssistantError(msg)
        return self.source


@pytest.fixture
async def hub() -> AsyncIterator[ScriptedHub]:
    """Give the hub behind OURS."""
    hub = ScriptedHub()
    yield hub
    await hub.close()


@pytest.fixture
async def camera(hass: HomeAssistant) -> FakeCamera:
    """Set up a camera of somebody's platform that has OURS for a source."""
    assert await async_setup_component(hass, "homeassistant", {})
    camera = FakeCamera()
    setup_test_component_platform(hass, CAMERA_DOMAIN, [camera])
    assert await async_setup_component(hass, CAMERA_DOMAIN, {CAMERA_DOMAIN: {"platform": "test"}})
    await hass.async_block_till_done()
    return camera


@pytest.fixture
async def end(
    hass: HomeAssistant, camera: FakeCamera, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[End]:
    """Offer WebRTC for OURS with fake peers; give what ends it."""
    FakePeer.made = []
    module = ModuleType(MODULE)
    vars(module)["Peer"] = FakePeer
    monkeypatch.setitem(sys.modules, MODULE, module)
    end = await async_offer_webrtc(hass, {OURS: hub}.get)
    assert end is not None
    await hass.async_block_till_done()
    ended = False

    async def once() -> None:
        nonlocal ended
        ended = True
        await end()

    yield once
    if not ended:
        await end()
    assert all(peer.closed for peer in FakePeer.made)


def provider_of(camera: FakeCamera) -> PanacamWebRTCProvider:
    """Return the camera's provider, which is ours."""
    provider = camera.webrtc_provider
    assert isinstance(provider, PanacamWebRTCProvider)
    return provider


async def offered(camera: FakeCamera, session: str, offer: str = "offer") -> list[WebRTCMessage]:
    """Make an offer; return the list that its messages come into."""
    messages: list[WebRTCMessage] = []
    await camera.async_handle_async_webrtc_offer(offer, session, messages.append)
    return messages


def told(messages: list[WebRTCMessage]) -> list[dict[str, Any]]:
    """Return messages as a browser sees them."""
    return [message.as_dict() for message in messages]


async def test_a_session(
    hass: HomeAssistant, camera: FakeCamera, hub: Hub, end: End, hass_ws_client: WebSocketGenerator
) -> None:
    """From a browser's offer, through Home Assistant's WebSocket, to its going away."""
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {"type": "camera/webrtc/offer", "entity_id": camera.entity_id, "offer": "offer"}
    )
    response = await client.receive_json()
    subscription = response["id"]
    session = (await client.receive_json())["event"]["session_id"]
    assert (await client.receive_json())["event"] == {"type": "answer", "answer": "answer to offer"}
    (peer,) = FakePeer.made
    assert peer.hub is hub
    await client.send_json_auto_id(
        {
            "type": "camera/webrtc/candidate",
            "entity_id": camera.entity_id,
            "session_id": session,
            "candidate": CANDIDATE.to_dict(),
        }
    )
    assert (await client.receive_json())["success"]
    assert peer.candidates == [(CANDIDATE.candidate, "0", None)]
    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": subscription})
    assert (await client.receive_json())["success"]
    await until(lambda: peer.closed)


async def test_only_our_streams(hass: HomeAssistant, camera: FakeCamera, end: End) -> None:
    """What no hub is behind is not ours."""
    provider = provider_of(camera)
    assert provider.domain == "panacam"
    assert provider.async_is_supported(OURS)
    assert not provider.async_is_supported(THEIRS)


async def test_go2rtc_goes_first(hass: HomeAssistant, camera: FakeCamera, end: End) -> None:
    """Where it takes such URLs, as soon as it is there and until it goes."""
    go2rtc = FakeGo2rtc("http")
    remove = async_register_webrtc_provider(hass, go2rtc)
    await hass.async_block_till_done()
    assert camera.webrtc_provider is go2rtc
    remove()
    await hass.async_block_till_done()
    assert provider_of(camera)


async def test_go2rtc_that_takes_no_http(hass: HomeAssistant, camera: FakeCamera, end: End) -> None:
    """Its being there is no reason to show nothing."""
    async_register_webrtc_provider(hass, FakeGo2rtc("rtsp"))
    await hass.async_block_till_done()
    assert provider_of(camera)


@pytest.mark.parametrize(
    ("offer", "reason"), [("rubbish", "unsupported"), ("bug", "internal error")]
)
async def test_an_offer_that_cannot_be_met(
    camera: FakeCamera, end: End, offer: str, reason: str
) -> None:
    """The browser is told, and the session is over."""
    messages = await offered(camera, "1", offer)
    await until(lambda: messages)
    assert told(messages) == [{"type": "error", "code": ERROR, "message": reason}]
    await until(lambda: FakePeer.made[0].closed)


async def test_the_camera_stops(camera: FakeCamera, end: End) -> None:
    """The browser is told that nothing more comes."""
    messages = await offered(camera, "1")
    await until(lambda: messages)
    FakePeer.made[0].over.set_exception(ConnectError(Reason.NO_PICTURE))
    await until(lambda: len(messages) > 1)
    assert told(messages)[1] == {"type": "error", "code": ERROR, "message": "no picture"}


@pytest.mark.parametrize(
    ("source", "reason"),
    [(None, "unsupported"), (THEIRS, "unsupported"), ("broken", "no source")],
)
async def test_no_source(camera: FakeCamera, end: End, source: str | None, reason: str) -> None:
    """A camera whose stream has gone since it was asked has no session."""
    camera.source = source
    assert told(await offered(camera, "1")) == [{"type": "error", "code": ERROR, "message": reason}]
    assert not FakePeer.made


async def test_limit(camera: FakeCamera, end: End) -> None:
    """There are so many sessions and no more; one that ends makes room."""
    for number in range(MAX_SESSIONS):
        await offered(camera, str(number))
    refused = await offered(camera, "one more")
    assert told(refused)[0]["message"] == "too many connections"
    camera.close_webrtc_session("0")
    camera.close_webrtc_session("never was")
    messages = await offered(camera, "again")
    await until(lambda: messages)
    assert told(messages)[0]["type"] == "answer"


async def test_end(hass: HomeAssistant, camera: FakeCamera, end: End) -> None:
    """All sessions end with the provider, and late candidates are nobody's."""
    await offered(camera, "1")
    provider = provider_of(camera)
    await end()
    await hass.async_block_till_done()
    assert camera.webrtc_provider is None
    assert all(peer.closed for peer in FakePeer.made)
    await provider.async_on_webrtc_candidate("1", CANDIDATE)
    assert not FakePeer.made[0].candidates


async def test_servers(hass: HomeAssistant, camera: FakeCamera, end: End) -> None:
    """Those that somebody configured are asked, Home Assistant's own is not."""
    await offered(camera, "1")
    assert FakePeer.made[0].servers == []
    hass.config.webrtc.ice_servers = [
        RTCIceServer("stun:stun.example:3478"),
        RTCIceServer(["turn:turn.example"], "user", "secret"),
    ]
    await offered(camera, "2")
    assert FakePeer.made[1].servers == [
        (["stun:stun.example:3478"], None, None),
        (["turn:turn.example"], "user", "secret"),
    ]


async def test_without_aiortc(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where it is not installed nothing is offered, and nobody is troubled."""
    monkeypatch.setitem(sys.modules, "aiortc", None)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    assert await async_offer_webrtc(hass, lambda _: None) is None
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


async def test_with_an_aiortc_that_does_not_work(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it does when it is imported, the camera is set up all the same."""

    async def fail(*_: Any) -> None:
        raise AttributeError

    monkeypatch.setattr(webrtc_provider, "async_import_module", fail)
    assert await async_offer_webrtc(hass, lambda _: None) is None
    assert "aiortc is installed and does not work" in caplog.text
