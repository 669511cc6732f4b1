"""What the hub of an RTSP stream does with packets that a test gives it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
import time
from typing import Any

import pytest

from custom_components.panacam.cams.bridge import rtsp as module
from custom_components.panacam.cams.bridge.hub import Status
from custom_components.panacam.cams.bridge.packets import TICKS, Format, Kind, Packet
from custom_components.panacam.cams.bridge.rtsp import RtspHub
from custom_components.panacam.cams.bridge.standin import StandIn
from custom_components.panacam.cams.bridge.viewers import Ended
from custom_components.panacam.cams.errors import AuthError, CameraError, ConnectError, Reason
from custom_components.panacam.cams.stream import RtspStream
from tests.cams.bridge.support import H264, alone, frames_of, packet, read, threads, until
from tests.cams.bridge.test_standin import camera
from tests.cams.bridge.watching import Gathering, ended

STREAM = RtspStream(key="1", label="", host="192.0.2.7", port=554, path="/s")
HEVC = replace(H264, video="hevc")


class FakeReader:
    """One connection in the test's hand."""

    made: list[FakeReader]

    def __init__(self, stream: RtspStream, *, deliver: Callable[..., None], **_: Any) -> None:
        """Take packets from a test."""
        self.deliver = deliver
        self.done: asyncio.Future[CameraError] = asyncio.get_running_loop().create_future()
        self.made.append(self)

    async def run(self) -> None:
        """Go on until the test, or the hub, ends it."""
        raise await self.done

    def give_up(self) -> None:
        """Stop."""
        self.end(Reason.TIMEOUT)

    def end(self, reason: Reason = Reason.CUT) -> None:
        """Break the connection."""
        if not self.done.done():
            self.done.set_result(ConnectError(reason))

    def deny(self) -> None:
        """Refuse the login."""
        self.done.set_result(AuthError(Reason.WRONG_CREDENTIALS))

    def send(self, packets: list[Packet], format_: Format = H264) -> None:
        """Let packets come now."""
        for each in packets:
            self.deliver(format_, each, time.monotonic())


@pytest.fixture
async def hub(monkeypatch: pytest.MonkeyPatch, brief: None) -> Any:
    """Run a hub whose readers are the test's, kept connected."""
    FakeReader.made = []
    monkeypatch.setattr(module, "RtspReader", FakeReader)
    made = RtspHub(STREAM, ring=7)
    made.keep()
    await until(lambda: FakeReader.made)
    yield made
    await made.close()
    await alone()


def start(hub: RtspHub) -> float:
    """Return the seconds of now on the hub's clock."""
    return time.monotonic() - hub._epoch


async def test_each_packet_once(hub: RtspHub) -> None:
    """One who waited for the first picture gets no packet twice, and none out of its order."""
    task = asyncio.ensure_future(hub.packets().__aenter__())
    await asyncio.sleep(0.05)
    packets = camera(range(10), start=start(hub))
    FakeReader.made[0].send(packets[:5])
    viewer = await task
    FakeReader.made[0].send(packets[5:])
    taken: list[Packet] = []
    while len(taken) < 10:
        taken += (await viewer.take())[1]
    assert taken == packets


async def test_another_format(hub: RtspHub) -> None:
    """Who watches is sent away, the past is forgotten, and who comes again gets the new format."""
    reader = FakeReader.made[0]
    reader.send(camera(range(10), start=start(hub)))
    other = replace(H264, width=1920)
    async with hub.packets() as viewer:
        reader.send(fresh := camera(range(5), start=start(hub)), other)
        assert len((await viewer.take())[1]) == 10
        with pytest.raises(Ended):
            await viewer.take()
    async with hub.packets() as viewer:
        assert await viewer.take() == (other, fresh)


async def test_no_past_from_before_an_outage(hub: RtspHub) -> None:
    """The past of a camera that was away for long begins when it came back."""
    reader = FakeReader.made[0]
    reader.send(camera(range(10), start=1.0))
    reader.send(fresh := camera(range(10), start=60.0))
    async with hub.packets() as viewer:
        assert (await viewer.take())[1] == fresh


async def test_one_who_comes_while_it_stands_in(
    hub: RtspHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can decode what stands for the camera, though it has not seen the begin of that."""
    monkeypatch.setattr(module, "STALE", 5.0)
    monkeypatch.setattr("custom_components.panacam.cams.bridge.hub.STALE", 5.0)
    FakeReader.made[0].send(camera(range(10), start=start(hub) - 1))
    async with hub.packets() as one, Gathering(one) as first:
        await until(lambda: len(first.packets) > 14)
        async with hub.packets() as other, Gathering(other) as second:
            await until(lambda: len(second.packets) > 14)
            # Past, then a keyframe: the decoder fails on anything else.
            assert second.packets[10].key
            shown = [read(frame).number for frame in frames_of(second.packets)]
            assert shown == [*range(10), *[9] * (len(shown) - 10)]
        assert all(a.dts < b.dts for a, b in pairwise(first.packets))
        FakeReader.made[0].send(camera(range(100, 110), start=start(hub)))
        await until(lambda: 109 in {read(frame).number for frame in frames_of(first.packets)})


async def test_what_refers_to_before(hub: RtspHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a stand-in the camera is shown from its next keyframe on, sound with it."""
    monkeypatch.setattr(module, "GIVE_UP", 20.0)
    reader = FakeReader.made[0]
    packets = camera(range(60), start=start(hub))
    assert packets[30].key
    reader.send(packets[:20])
    async with hub.packets() as viewer, Gathering(viewer) as got:
        await until(lambda: len(got.packets) > 25)
        count = len(got.packets)
        reader.send([*packets[20:30], packet(1.0, kind=Kind.SOUND)])
        later = [
            replace(each, pts=each.pts + 20 * TICKS, dts=each.dts + 20 * TICKS)
            for each in packets[30:]
        ]
        reader = FakeReader.made[-1]
        reader.send(later)
        await until(lambda: got.packets[-1] == later[-1])
        assert not {each.dts for each in packets[20:30]} & {each.dts for each in got.packets}
        assert len(got.packets) >= count + 30
        assert read(frames_of(got.packets)[-1]).number == 59


@pytest.mark.parametrize("format_", [H264, HEVC])
async def test_nothing_to_stand_in_with(hub: RtspHub, format_: Format) -> None:
    """Where no picture can be decoded, viewers are sent away as soon as it is not live."""
    begun = time.monotonic()
    FakeReader.made[0].send([packet(start(hub), key=True)], format_)
    async with hub.packets() as viewer:
        await ended(viewer)
    assert time.monotonic() - begun >= 0.25
    assert not hub.live


async def test_given_up(hub: RtspHub) -> None:
    """After long enough everybody is sent away; the hub goes on trying."""
    FakeReader.made[0].send(camera(range(10), start=start(hub)))
    async with hub.packets() as viewer:
        FakeReader.made[0].end()
        await ended(viewer)
    assert hub.status is Status.INTERRUPTED
    assert hub.error is not None
    await until(lambda: len(FakeReader.made) == 2)
    FakeReader.made[-1].send(camera(range(10), start=start(hub)))
    await until(lambda: hub.status is Status.LIVE)


async def test_nobody_looks_during_an_outage(hub: RtspHub) -> None:
    """Nothing is decoded or encoded for nobody."""
    FakeReader.made[0].send(camera(range(10), start=start(hub)))
    await until(lambda: hub.status is Status.INTERRUPTED)
    assert hub.error is not None
    assert hub.error.reason is Reason.TIMEOUT
    assert not hub._standing_in
    assert threads() == []


async def test_back_while_it_is_encoded(hub: RtspHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in that is ready when the camera is back already is not shown."""
    reader = FakeReader.made[0]
    packets = camera(range(20), start=start(hub))
    reader.send(packets[:10])
    encode = StandIn.encode
    loop = asyncio.get_running_loop()

    def slow(self: StandIn, ticks: int, **how: bool) -> list[Packet]:
        loop.call_soon_threadsafe(reader.send, packets[10:])
        time.sleep(0.05)
        return encode(self, ticks, **how)

    monkeypatch.setattr(StandIn, "encode", slow)
    async with hub.packets() as viewer, Gathering(viewer) as got:
        await until(lambda: len(got.packets) >= 20)
        await asyncio.sleep(0.1)
        assert got.packets[:20] == packets


@pytest.mark.parametrize(
    "packets", [[packet(1.0, key=True)], [packet(1.0, key=True, size=9 << 20)]]
)
async def test_no_still(hub: RtspHub, packets: list[Packet]) -> None:
    """Packets that are no picture, or too large to keep, give none."""
    FakeReader.made[0].send(packets)
    with pytest.raises(ConnectError) as caught:
        await hub.still()
    assert caught.value.reason is Reason.NO_PICTURE
