"""Somebody else is at a camera's address: nothing is connected there until it is back."""

import asyncio
from collections.abc import Callable

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.bridge import Bridge, BridgeOptions
from custom_components.panacam.cams.bridge.hub import Status
from custom_components.panacam.cams.bridge.viewers import Ended, PacketViewer
from custom_components.panacam.cams.errors import ConnectError, Reason
from custom_components.panacam.cams.stream import Credentials, RtspStream
from tests.cams.bridge.support import FakeSource, alone, playing, stream_of, until
from tests.cams.net.rtsp_peer import RtspPeer, reply

BASIC = reply(401, WWW_Authenticate='Basic realm="x"')
STRANGER = Reason.OTHER_CAMERA


def rtsp_of(peer: RtspPeer) -> RtspStream:
    """Return a stream of whoever is there."""
    login = Credentials("admin", "Kamera/7")
    return RtspStream(
        key="1", label="", host="127.0.0.1", port=peer.port, path="/s", credentials=login
    )


async def taken(viewer: PacketViewer) -> None:
    """Take all that comes, until Ended."""
    while True:
        await viewer.take()


async def test_viewers_are_sent_away(session: ClientSession) -> None:
    """Viewers and keepers lose the connection at once, and have it again afterwards."""
    source = FakeSource()
    bridge = Bridge(BridgeOptions(ring=5))
    hub = bridge.hub(stream_of(source))
    release = hub.keep()
    async with playing(source):
        async with hub.packets() as viewer:
            bridge.suspend(STRANGER)
            async with asyncio.timeout(5):
                with pytest.raises(Ended):
                    await taken(viewer)
        await until(lambda: not source.connected)
        assert (hub.status, hub.live) == (Status.IDLE, False)
        opened = source.opened
        for look in (hub.still, lambda: bridge.hub(stream_of(source)).still()):
            with pytest.raises(ConnectError) as caught:
                await look()
            assert caught.value.reason is STRANGER
        await asyncio.sleep(0.7)  # longer than the first wait for a new try
        assert source.opened == opened
        bridge.resume()
        await until(lambda: source.connected)
        assert await hub.still()
        assert hub.status is Status.LIVE
        bridge.resume()
        assert source.opened == opened + 1
    release()
    await bridge.close()
    await alone()


async def test_one_who_waits_is_told() -> None:
    """Who waits for the first picture waits no longer, and learns why."""
    source = FakeSource()
    bridge = Bridge(BridgeOptions(ring=0))
    waiting = asyncio.ensure_future(bridge.hub(stream_of(source)).still())
    await until(lambda: source.connected)
    bridge.suspend(Reason.OTHER_CERTIFICATE)
    with pytest.raises(ConnectError) as caught:
        async with asyncio.timeout(1):
            await waiting
    assert caught.value.reason is Reason.OTHER_CERTIFICATE
    await until(lambda: not source.connected)
    await bridge.close()
    bridge.suspend(STRANGER)
    await alone()


@pytest.mark.parametrize("early", [False, True], ids=["hub first", "hub later"])
async def test_no_password_for_a_stranger(socket_enabled: None, *, early: bool) -> None:
    """Who asks for a readable password gets none, nor a connection; the camera gets it again."""
    async with RtspPeer(
        answers={"DESCRIBE": reply(401, WWW_Authenticate='Basic realm="x"')}
    ) as peer:
        bridge = Bridge(BridgeOptions(ring=5))
        if early:
            bridge.suspend(STRANGER)
        release = bridge.hub(rtsp_of(peer)).keep()
        bridge.suspend(STRANGER)
        url = await bridge.stream_url(rtsp_of(peer))
        assert url.startswith("http://127.0.0.1:")
        await asyncio.sleep(0.7)
        assert not peer.heard
        bridge.resume()
        # The test could see it: this peer does ask for it.
        await until(lambda: any("authorization" in each.headers for each in peer.heard))
        release()
        await bridge.close()
    await alone()


async def test_players_of_others(session: ClientSession) -> None:
    """Nobody gets the camera's own URL meanwhile, and who has it is told, as long as he wants."""
    told: list[str] = []
    tell: Callable[[], None] = lambda: told.append("suspended")  # noqa: E731
    stream = RtspStream(key="1", label="", host="192.0.2.7", port=554, path="/s")
    bridge = Bridge(BridgeOptions(shared=False))
    forget = bridge.watch(tell)
    bridge.suspend(STRANGER)
    bridge.suspend(STRANGER)
    assert told == ["suspended"]
    with pytest.raises(ConnectError):
        await bridge.stream_url(stream)
    bridge.resume()
    assert await bridge.stream_url(stream) == "rtsp://192.0.2.7:554/s"
    forget()
    bridge.suspend(STRANGER)
    assert told == ["suspended"]
    await bridge.close()
