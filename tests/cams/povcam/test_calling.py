"""Streams of a camera whose RTSP is off: asked for by CGI, sent by RTP."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Self

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.bridge import Bridge, BridgeOptions, Kind
from custom_components.panacam.cams.bridge.relay import Ways
from custom_components.panacam.cams.errors import (
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.net.rtsp_tracks import Awaited
from custom_components.panacam.cams.povcam import calling
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.stream import RtspStream, Transport
from tests.cams.bridge.support import alone, until
from tests.cams.bridge.watching import Gathering
from tests.cams.support import camera, device_of
from tests.multicast import needs_groups
from tests.simulators.povcam import PovcamSimulator
from tests.simulators.povcam.camera import Delivery
from tests.simulators.povcam.faults import Fault, RtspFault
from tests.simulators.povcam.rtp import Track


@pytest.fixture
async def sim(
    session: ClientSession, quick: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[PovcamSimulator]:
    """Run a recorder whose RTSP is off."""
    monkeypatch.setattr(calling, "LIFE_SIGN", 0.2)
    async with camera(media=True, call_timeout=0.7, rtsp_off=True) as simulator:
        yield simulator
    await alone()


def stream_of(device: PovcamDevice, key: str = "h264_1") -> RtspStream:
    """Return one of its streams."""
    found = next(stream for stream in device.streams if stream.key == key)
    assert isinstance(found, RtspStream)
    return found


@pytest.fixture
async def device(session: ClientSession, sim: PovcamSimulator) -> AsyncIterator[PovcamDevice]:
    """Give that recorder, connected."""
    found = device_of(session, sim)
    await found.connect()
    yield found
    await found.close()


class Watching:
    """One who looks at a stream, and counts."""

    def __init__(self, stream: RtspStream) -> None:
        """Look at a stream."""
        self._bridge = Bridge(BridgeOptions(ring=0))
        self._stream = stream
        self._exits = AsyncExitStack()
        self._gathering: Gathering | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        self._exits.push_async_callback(self._bridge.close)
        viewer = await self._exits.enter_async_context(self._bridge.hub(self._stream).packets())
        self._gathering = await self._exits.enter_async_context(Gathering(viewer))
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Look no more."""
        await self._exits.aclose()

    def count(self, kind: Kind) -> int:
        """Return how much came."""
        assert self._gathering is not None
        return sum(packet.kind is kind for packet in self._gathering.packets)


def calls(sim: PovcamSimulator) -> set[Track]:
    """Return what the camera sends, whoever asked."""
    assert sim.calls is not None
    return {track for _, track in sim.calls.open}


async def test_plays(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """Pictures and sound come for longer than the camera sends without a sign of life."""
    async with Watching(stream_of(device)) as gathering:
        await until(lambda: gathering.count(Kind.VIDEO) > 25 and gathering.count(Kind.SOUND) > 60)
        assert calls(sim) == {Track.VIDEO, Track.AUDIO}
        asked = [request for request in sim.requests if request.path.endswith("keep_alive")]
        assert {request.params["mode"] for request in asked} == {"h.264", "audio"}
    await until(lambda: not calls(sim))


async def test_second_stream_without_sound(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """H.264(2) is asked for under its own names; a camera that is mute sends pictures."""
    sim.camera.audio = False
    async with Watching(stream_of(device, "h264_2")) as gathering:
        await until(lambda: gathering.count(Kind.VIDEO) > 5)
        assert calls(sim) == {Track.VIDEO}
        await until(
            lambda: any(request.params.get("mode") == "h.264_2" for request in sim.requests)
        )


async def test_fixed_ports(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """Where the camera's menu fixes the ports, they are ours."""
    video = sim.camera.video[1]
    video.delivery = Delivery.UNICAST_MANUAL
    video.unicast_port, video.unicast_audio_port = 32_844, 32_946
    async with Watching(stream_of(device)) as gathering:
        await until(lambda: gathering.count(Kind.VIDEO) > 5 and gathering.count(Kind.SOUND) > 5)


async def test_group(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """A stream that goes to a group is received there, without ports of ours in the request."""
    needs_groups()
    video = sim.camera.video[1]
    video.delivery, video.multicast_address = Delivery.MULTICAST, "239.192.77.9"
    video.multicast_port = 41_884
    async with Watching(stream_of(device)) as gathering:
        await until(lambda: gathering.count(Kind.VIDEO) > 5)
        started = next(request for request in sim.requests if request.path.endswith("/h264"))
        assert "my_port" not in started.params


async def test_comes_back(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """A restart of the camera ends the call, and the next one plays."""
    async with Watching(stream_of(device)) as gathering:
        await until(lambda: gathering.count(Kind.VIDEO) > 5)
        await sim.reboot(0.1)
        before = gathering.count(Kind.VIDEO)
        await until(lambda: gathering.count(Kind.VIDEO) > before + 10)


async def test_rtsp_comes_first(session: ClientSession, quick: None) -> None:
    """Nobody asks by CGI for what RTSP gives; a camera that only hangs up there is asked so."""
    async with camera(media=True) as sim:
        device = device_of(session, sim, rtsp_port=sim.rtsp_port)
        await device.connect()
        async with Watching(stream_of(device)) as gathering:
            await until(lambda: gathering.count(Kind.VIDEO) > 5)
        assert not any(request.path.endswith("getuid") for request in sim.requests)
        sim.rtsp_fault(RtspFault.REFUSE)
        async with Watching(stream_of(device)) as gathering:
            await until(lambda: gathering.count(Kind.VIDEO) > 5)
        assert any(request.path.endswith("getuid") for request in sim.requests)
        await device.close()
    await alone()


FIRST = ConnectError(Reason.UNREACHABLE)


async def tried(stream: RtspStream, first: CameraError) -> str:
    """Return how a stream was had whose RTSP fails so; CameraError."""

    async def attempt(way: RtspStream) -> str:
        if not way.called:
            raise first
        assert way.calls is not None
        async with way.calls(lambda _error: None) as call:
            return ",".join(media.kind for media in (await call.describe()).media)

    return await Ways().by_any(stream, attempt)


async def test_what_counts_as_off(device: PovcamDevice) -> None:
    """Refused, busy and unreached RTSP is off; a camera that breaks off is not."""
    stream = stream_of(device)
    for error in (FIRST, RefusedError(Reason.UNSUPPORTED), BusyError(Reason.BUSY)):
        assert await tried(stream, error) == "video,audio"
    with pytest.raises(ConnectError, match="timeout"):
        await tried(stream, ConnectError(Reason.TIMEOUT))


async def test_by_tcp_only(device: PovcamDevice) -> None:
    """Whoever wants TCP gets no UDP."""
    with pytest.raises(ConnectError, match="unreachable"):
        await tried(replace(stream_of(device), transport=Transport.TCP), FIRST)


async def test_not_transmitted(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """204 means that there is no such transmission (2.1): the first error says more."""
    sim.camera.h264_transmit[1] = False
    with pytest.raises(ConnectError, match="unreachable"):
        await tried(stream_of(device), FIRST)


@pytest.mark.parametrize(
    ("delivery", "error"),
    [
        ({"multicast_address": "192.0.2.1", "delivery": Delivery.MULTICAST}, ProtocolError),
        ({"multicast_port": 80, "delivery": Delivery.MULTICAST}, ProtocolError),
        ({"unicast_port": 22, "delivery": Delivery.UNICAST_MANUAL}, ProtocolError),
    ],
)
async def test_nonsense(
    device: PovcamDevice, sim: PovcamSimulator, delivery: dict[str, object], error: type[Exception]
) -> None:
    """What is no group, and a port of other services, is not listened at."""
    for name, value in delivery.items():
        setattr(sim.camera.video[1], name, value)
    stream = stream_of(device)
    assert stream.calls is not None
    async with stream.calls(lambda _error: None) as call:
        video = (await call.describe()).media[0]
        with pytest.raises(error):
            await call.set_up(video, lambda _data: None, lambda _data: None)


async def test_sound_refused(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """A camera that sends pictures only plays."""
    sim.fault("audio", Fault.ERROR_500)
    async with Watching(stream_of(device)) as gathering:
        await until(lambda: gathering.count(Kind.VIDEO) > 5)


async def test_lost_sign_of_life(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """A sign of life that is refused ends the call, and stopping is tried all the same."""
    lost: list[CameraError] = []
    stream = stream_of(device)
    assert stream.calls is not None
    async with stream.calls(lost.append) as call:
        for media in (await call.describe()).media:
            await call.set_up(media, lambda _data: None, lambda _data: None)
        await call.play()
        sim.fault("keep_alive", Fault.ERROR_500)
        await until(lambda: bool(lost))
        assert isinstance(lost[0], RefusedError)
    assert not calls(sim)


async def test_no_user_id(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """Rubbish instead of a user id is no call."""
    sim.fault("getuid", Fault.RUBBISH)
    stream = stream_of(device)
    assert stream.calls is not None
    with pytest.raises(ProtocolError):
        async with stream.calls(lambda _error: None):
            pass


async def test_strangers_packets(socket_enabled: None) -> None:
    """Only the camera's packets count, and a port that is taken is an error."""
    heard: list[bytes] = []
    track = Awaited("127.0.0.1")
    await track.listen(heard.append, lambda _data: None)
    loop = asyncio.get_running_loop()
    for address in ("127.0.0.2", "127.0.0.1"):
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=(address, 0)
        )
        transport.sendto(address.encode(), ("127.0.0.1", track.port))
        transport.close()
    await until(lambda: bool(heard))
    assert heard == [b"127.0.0.1"]
    with pytest.raises(ConnectError):
        Awaited("127.0.0.1", track.port)
    track.close()
