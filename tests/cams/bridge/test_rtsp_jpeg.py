"""Cameras that send JPEG by RTSP, and every way that RTSP travels."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
import socket
from typing import cast

import numpy as np
import pytest

from custom_components.panacam.cams.bridge import (
    Bridge,
    BridgeOptions,
    Kind,
    PictureHub,
    reader,
    rtsp_jpeg as module,
)
from custom_components.panacam.cams.bridge.frames import JpegReader
from custom_components.panacam.cams.bridge.rtsp import RtspHub
from custom_components.panacam.cams.bridge.rtsp_jpeg import RtspPictures
from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.stream import Credentials, Picture, RtspStream, Sound, Transport
from tests.cams.bridge.support import alone, heard, loudness, until
from tests.cams.bridge.tunnel import Tunnel
from tests.cams.bridge.watching import Gathering
from tests.cams.net.rtsp_peer import RtspPeer
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import RtspFault

H264, JPEG = 1, 3
"""The profiles of the simulated camera."""


@pytest.fixture(autouse=True)
async def _sockets(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """Allow real sockets; leave nothing behind."""
    for each in (reader, module):
        monkeypatch.setattr(each, "READ_TIMEOUT", 1.0)
    yield
    await alone()


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncGenerator[OnvifSimulator]:
    """Run a camera that sends JPEG by its third profile."""
    async with OnvifSimulator() as simulator:
        yield simulator


def stream_of(
    sim: OnvifSimulator, profile: int = JPEG, transport: Transport = Transport.TCP
) -> RtspStream:
    """Return a stream of a camera."""
    return RtspStream(
        key="third",
        label="Third",
        host=sim.host,
        port=sim.rtsp_port,
        path=f"/onvif/profile/{profile}",
        transport=transport,
        credentials=Credentials(sim.username, sim.password),
        codec={H264: "h264", JPEG: "jpeg"}[profile],
        preferred=True,
    )


async def error_of(stream: RtspStream) -> CameraError:
    """Return why a stream ends."""
    try:
        async with asyncio.timeout(15), RtspPictures(stream).open() as pieces:
            async for _ in pieces:
                pass
    except CameraError as err:
        return err
    raise AssertionError


async def test_pictures(sim: OnvifSimulator) -> None:
    """Every picture is one, in time, and the sound beside them is heard."""
    source = RtspPictures(stream_of(sim))
    assert source.sound_rate is None
    pictures: list[Picture] = []
    sounds: list[Sound] = []
    async with asyncio.timeout(10), source.open() as pieces:
        assert source.sound_rate == 8000
        async for piece in pieces:
            cast("list[object]", pictures if isinstance(piece, Picture) else sounds).append(piece)
            if len(pictures) >= 8 and len(sounds) >= 20:
                break
    decoder = JpegReader()
    for picture in pictures:
        frame = decoder.read(picture)
        assert frame is not None
        assert (frame.width, frame.height) == (320, 240)
    assert len({bytes(each.data) for each in pictures}) > 4
    span = pictures[-1].at - pictures[0].at
    assert (len(pictures) - 1) / span == pytest.approx(5, rel=0.4)
    samples = np.frombuffer(b"".join(each.samples for each in sounds), "<i2")
    assert len(samples) / 8000 > 0.3
    assert loudness(samples / 32768) > 0.01
    await until(lambda: not sim.rtsp.sessions)


async def test_for_players(sim: OnvifSimulator) -> None:
    """Players get H.264 and AAC, browsers the pictures themselves, by one connection."""
    bridge = Bridge(BridgeOptions(ring=0, shared=False))
    stream = stream_of(sim)
    hub = bridge.hub(stream)
    assert isinstance(hub, PictureHub)
    assert bridge.hub(stream) is hub
    assert bridge.shares(stream)
    assert (await bridge.stream_url(stream)).startswith("http://127.0.0.1:")
    async with hub.packets() as viewer, Gathering(viewer) as got, hub.pictures() as pictures:
        first = await anext(pictures)
        assert bytes(first.data).startswith(b"\xff\xd8\xff")
        await until(lambda: len([each for each in got.packets if each.kind is Kind.VIDEO]) > 40)
        assert got.format is not None
        assert (got.format.video, got.format.width, got.format.height) == ("h264", 320, 240)
        assert len(got.shown()) > 20
        await until(lambda: loudness(heard(got.packets)) > 0.001)
        assert len(sim.rtsp.sessions) == 1
        assert (await hub.still()).startswith(b"\xff\xd8\xff")
    await bridge.close()


async def test_other_streams_go_their_way(sim: OnvifSimulator) -> None:
    """H.264 is copied and not encoded, and may be had from the camera itself."""
    bridge = Bridge(BridgeOptions(ring=0, shared=False))
    stream = stream_of(sim, H264)
    assert not bridge.shares(stream)
    assert (await bridge.stream_url(stream)).startswith("rtsp://")
    assert isinstance(bridge.hub(stream), RtspHub)
    await bridge.close()


async def test_not_jpeg(sim: OnvifSimulator) -> None:
    """A stream that is something else by now says so."""
    err = await error_of(replace(stream_of(sim), path=f"/onvif/profile/{H264}"))
    assert (type(err), err.reason) == (ProtocolError, Reason.UNPLAYABLE)


async def test_mpeg_4() -> None:
    """What no player takes is named."""
    sdp = (
        b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
        b"a=control:one\r\na=rtpmap:96 MP4V-ES/90000\r\na=fmtp:96 profile-level-id=1\r\n"
    )
    async with RtspPeer(sdp=sdp) as peer:
        stream = RtspStream(
            key="1",
            label="",
            host="127.0.0.1",
            port=peer.port,
            path="/s",
            transport=Transport.TCP,
            codec="mpeg4",
        )
        bridge = Bridge(BridgeOptions(ring=0))
        hub = bridge.hub(stream)
        task = asyncio.ensure_future(hub.still())
        await until(lambda: hub.error is not None, seconds=15)
        assert hub.error is not None
        assert hub.error.reason is Reason.UNPLAYABLE
        task.cancel()
        await bridge.close()


async def test_errors(sim: OnvifSimulator) -> None:
    """Each says what to do next, and nothing of the login."""
    stream = stream_of(sim)
    wrong = await error_of(replace(stream, credentials=Credentials("admin", "Gei8")))
    assert isinstance(wrong, AuthError)
    assert "Gei8" not in repr(wrong)
    missing = await error_of(replace(stream, path="/onvif/profile/99"))
    assert isinstance(missing, RefusedError)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = await error_of(replace(stream, port=unused.getsockname()[1]))
    assert (type(gone), gone.reason) == (ConnectError, Reason.UNREACHABLE)


async def test_cut(sim: OnvifSimulator) -> None:
    """A camera that hangs up, and one that says no more."""
    sim.rtsp.fault(RtspFault.DROP, seconds=0.3)
    assert isinstance(await error_of(stream_of(sim)), ConnectError)
    sim.rtsp.clear_faults()
    task = asyncio.ensure_future(error_of(stream_of(sim)))
    await until(lambda: any(each.playing for each in sim.rtsp.sessions.values()))
    await asyncio.sleep(0.5)
    sim.rtsp.fault(RtspFault.STALL)
    assert isinstance(await task, ConnectError)


async def test_sound_alone(sim: OnvifSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera whose pictures stop is not waited for, however long its sound goes on."""
    monkeypatch.setattr(module, "PICTURE_WAIT", 0.5)
    monkeypatch.setattr(module._Reading, "_show", lambda _self, _data: None)
    err = await error_of(stream_of(sim))
    assert (type(err), err.reason) == (ConnectError, Reason.TIMEOUT)


async def test_slow_reader(sim: OnvifSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not take the pieces gets the newest ones."""
    monkeypatch.setattr(module, "MAX_PICTURES", 2)
    monkeypatch.setattr(module, "MAX_SOUNDS", 2)
    async with RtspPictures(stream_of(sim)).open() as pieces:
        await asyncio.sleep(1.5)
        async with asyncio.timeout(5), aclosing(cast("AsyncGenerator[object]", pieces)) as taken:
            first = [await anext(taken) for _ in range(4)]
    ages = [asyncio.get_running_loop().time() - cast("Picture", each).at for each in first]
    assert max(ages) < 1.0


async def test_left_at_once(sim: OnvifSimulator) -> None:
    """Whoever leaves while it connects leaves nothing behind."""
    for wait in (0.0, 0.02, 0.1):
        task = asyncio.ensure_future(error_of(stream_of(sim)))
        await asyncio.sleep(wait)
        task.cancel()
        await asyncio.wait((task,))
    await until(lambda: not sim.rtsp.sessions)


# -- Ways to travel


@pytest.mark.parametrize("profile", [H264, JPEG])
@pytest.mark.parametrize("transport", [Transport.AUTO, Transport.TCP, Transport.UDP])
async def test_transports(sim: OnvifSimulator, transport: Transport, profile: int) -> None:
    """Pictures come, in the way that was chosen."""
    await shows(stream_of(sim, profile, transport))
    (header, *_) = [call.headers["transport"] for call in sim.rtsp.requests if "TUP" in call.method]
    assert header.startswith("RTP/AVP/UDP" if transport is Transport.UDP else "RTP/AVP/TCP")


@pytest.mark.parametrize("profile", [H264, JPEG])
async def test_http(sim: OnvifSimulator, profile: int) -> None:
    """Pictures come through a web server's port."""
    async with Tunnel(sim.rtsp_port) as tunnel:
        stream = stream_of(sim, profile, Transport.HTTP)
        await shows(replace(stream, port=tunnel.port))
        assert tunnel.posts >= 1


async def shows(stream: RtspStream) -> None:
    """Fail unless a player gets pictures of a stream."""
    bridge = Bridge(BridgeOptions(ring=0))
    try:
        async with bridge.hub(stream).packets() as viewer, Gathering(viewer) as got:
            await until(lambda: len([each for each in got.packets if each.kind is Kind.VIDEO]) > 5)
            assert got.format is not None
            assert got.format.video == "h264"
    finally:
        await bridge.close()
