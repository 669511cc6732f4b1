"""Who else gets a camera's pictures: a media server, and a browser by WebRTC."""

import asyncio
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from tests.conftest import add, gate_entry_for, until
from tests.simulators.media_server import PASSWORD, USER, MediaServer
from tests.simulators.mo import MoSimulator, read_counter
from tests.simulators.povcam import Auth

CAMERA = "camera.gate"
LOGIN = f"{USER}:{PASSWORD.replace('/', '%2F')}@"


async def test_published(
    hass: HomeAssistant,
    gate: MoSimulator,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The option makes the camera's video go to the media server, until the entry is unloaded."""
    caplog.set_level("DEBUG")
    assert await async_setup_component(hass, "diagnostics", {})
    async with MediaServer(Auth.DIGEST) as server:
        options = {"publish_url": server.url(LOGIN)}
        entry = await add(hass, gate_entry_for(gate, options=options))
        await until(lambda: bool(server.sessions) and len(server.session.units("H264")) > 5)
        await until(lambda: len(server.session.units("MPEG4-GENERIC")) > 5)
        told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
        assert told["bridge"]["publishing"] == {"connected": True, "error": ""}
        assert await hass.config_entries.async_unload(entry.entry_id)
        await until(lambda: server.session.ended)
    assert entry.state is ConfigEntryState.NOT_LOADED
    for text in (repr(told), caplog.text):
        assert PASSWORD not in text
        assert LOGIN not in text


async def _message(client: Any, kind: str) -> Any:
    """Return the next message of a kind from a WebRTC offer."""
    while True:
        event = (await client.receive_json())["event"]
        assert event["type"] != "error", event
        if event["type"] == kind:
            return event


async def test_watched_by_webrtc(
    hass: HomeAssistant,
    gate: MoSimulator,
    hass_ws_client: WebSocketGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A browser gets the camera's pictures from us where there is no go2rtc."""
    aiortc = pytest.importorskip("aiortc")
    # The test plugin takes the machine's addresses away, and loopback does not count as one.
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda *_, **__: ["127.0.0.1"])
    entry = await add(hass, gate_entry_for(gate))
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "camera/capabilities", "entity_id": CAMERA})
    answer = await client.receive_json()
    assert set(answer["result"]["frontend_stream_types"]) == {"hls", "web_rtc"}
    peer = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    try:
        receiver = peer.addTransceiver("video", direction="recvonly").receiver
        await peer.setLocalDescription(await peer.createOffer())
        await client.send_json_auto_id(
            {
                "type": "camera/webrtc/offer",
                "entity_id": CAMERA,
                "offer": peer.localDescription.sdp,
            }
        )
        assert (await client.receive_json())["success"]
        sdp = (await _message(client, "answer"))["answer"]
        await peer.setRemoteDescription(aiortc.RTCSessionDescription(sdp, "answer"))
        counters: list[int] = []
        while len(counters) < 3:
            async with asyncio.timeout(20):
                frame = await receiver.track.recv()
            luma = frame.reformat(format="gray").to_ndarray()
            if (counter := read_counter(luma, frame.width, frame.height)) is not None:
                counters.append(counter)
        assert counters == sorted(counters)
        assert len(gate.data_connections) == 1
        assert await hass.config_entries.async_unload(entry.entry_id)
    finally:
        await peer.close()
    assert not gate.streaming_video
