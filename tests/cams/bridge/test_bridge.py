"""One bridge for each camera: its hubs, their URLs, and one end for all."""

import asyncio
from dataclasses import replace

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.bridge import Bridge, BridgeOptions, Hub, PictureHub
from custom_components.panacam.cams.bridge.rtsp import RtspHub
from custom_components.panacam.cams.stream import Credentials, RtspStream
from tests.cams.bridge.support import FakeSource, alone, playing, stream_of, threads, until

RTSP = RtspStream(
    key="h264_1",
    label="H.264(1)",
    host="192.0.2.7",
    port=554,
    path="/stream",
    credentials=Credentials("admin", "12345"),
)


async def test_one_hub_for_each_stream() -> None:
    """Whoever asks for a stream gets the same hub, of its kind."""
    bridge = Bridge(BridgeOptions())
    pictures = stream_of(FakeSource())
    hub: Hub = bridge.hub(pictures)
    assert isinstance(hub, PictureHub)
    assert bridge.hub(pictures) is hub
    assert bridge.picture_hub(pictures) is hub
    shared = bridge.hub(RTSP)
    assert isinstance(shared, RtspHub)
    assert bridge.hub(RTSP) is shared
    assert bridge.hub(replace(RTSP, key="h264_2")) is not shared
    await bridge.close()
    await alone()


async def test_urls(session: ClientSession) -> None:
    """Pictures are always ours; RTSP is ours when it is shared, else the camera's own."""
    source = FakeSource()
    bridge = Bridge(BridgeOptions(ring=0, shared=False))
    assert await bridge.stream_url(RTSP) == "rtsp://admin:12345@192.0.2.7:554/stream"
    url = await bridge.stream_url(stream_of(source))
    assert url.startswith("http://127.0.0.1:")
    async with playing(source), session.get(url) as answer:
        assert await answer.content.readexactly(188)
        assert source.opened == 1
        await bridge.close()
        await answer.content.read()
    assert threads() == []


async def test_shared(session: ClientSession) -> None:
    """The URL of a shared stream gives no password of the camera away."""
    bridge = Bridge(BridgeOptions())
    url = await bridge.stream_url(RTSP)
    assert url.startswith("http://127.0.0.1:")
    assert "/h264_1.ts?auth=" in url
    assert "12345@" not in url
    await bridge.close()


async def test_hubs_end_together() -> None:
    """Each may have to wait for its camera; all wait at the same time."""
    sources = [FakeSource() for _ in range(10)]
    bridge = Bridge(BridgeOptions())
    for at, source in enumerate(sources):
        source.slow_end = 0.2
        bridge.hub(replace(stream_of(source), key=f"{at}", source=source)).keep()
    await until(lambda: all(source.connected for source in sources))
    async with asyncio.timeout(1.5):
        await bridge.close()
    assert not any(source.open_now for source in sources)
    await alone()


async def test_whose_url_it_is(socket_enabled: None) -> None:
    """The hub behind a URL is found by it, and behind no other."""
    bridge = Bridge(BridgeOptions())
    stream = stream_of(FakeSource())
    url = await bridge.stream_url(stream)
    assert bridge.find(url) is bridge.hub(stream)
    assert bridge.find(url.replace("main", "other")) is None
    assert bridge.find("rtsp://192.0.2.7/stream") is None
    await bridge.close()


async def test_publish(socket_enabled: None) -> None:
    """What is published ends with the bridge; an address that is none is not tried."""
    source = FakeSource()
    bridge = Bridge(BridgeOptions(ring=0))
    with pytest.raises(ValueError, match=r"^((?!Gei8).)*$"):
        bridge.publish(stream_of(source), "gopher://u:Gei8@192.0.2.1/x")
    bridge.publish(stream_of(source), "rtsp://127.0.0.1:9/x")
    assert bridge.publisher is not None
    await asyncio.sleep(0.05)
    await bridge.close()
    assert source.open_now == 0
    await alone()
