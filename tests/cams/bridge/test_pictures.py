"""The hub of a picture stream: one camera for everybody, the past first, nothing left behind."""

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise
import time

import pytest

from custom_components.panacam.cams.bridge import hub as hub_module, pictures as module
from custom_components.panacam.cams.bridge.encoder import Encoder
from custom_components.panacam.cams.bridge.hub import FrameRate, Status, Waits
from custom_components.panacam.cams.bridge.packets import SOUND_RATE, Kind, Packet
from custom_components.panacam.cams.bridge.viewers import Ended
from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    Reason,
)
from custom_components.panacam.cams.stream import Picture
from tests.cams.bridge.support import (
    FakeSource,
    alone,
    frames_of,
    frequency_of,
    heard,
    jpeg,
    kept,
    playing,
    read,
    running,
    threads,
    until,
)
from tests.cams.bridge.watching import Gathering, ended

pytestmark = pytest.mark.usefixtures("socket_enabled")


def numbers(packets: list[Packet]) -> list[int]:
    """Return the numbers in what a viewer got, those of marked pictures left out."""
    shown = [read(frame) for frame in frames_of(packets)]
    return [each.number for each in shown if not each.marked]


# -- The past


async def test_the_past_comes_first() -> None:
    """A viewer has seven seconds at once, from a keyframe on, though nothing new has come."""
    async with running() as (hub, source), kept(hub, source):
        source.past(7.2)
        await until(lambda: source.taken == 109)
        async with hub.packets() as viewer, Gathering(viewer) as got:
            await until(lambda: got.span >= 6.9)
            assert got.packets[0].key
            first, *_, last = seen = numbers(got.packets)
            assert seen == list(range(first, last + 1))
            assert first < 10
            # What comes next follows.
            source.number = 1000
            source.show()
            await until(lambda: numbers(got.packets)[-1] == 1000)
    await alone()


async def test_the_second_viewer() -> None:
    """It gets the same past, encoded already, and the same pictures from then on."""
    async with running() as (hub, source), kept(hub, source):
        source.past(7.2)
        await until(lambda: source.taken == 109)
        async with hub.packets() as one, Gathering(one) as first:
            await until(lambda: first.span >= 6.9)
            async with hub.packets() as other, Gathering(other) as second:
                assert threads() == ["panacam encoder"]
                await until(lambda: second.span >= 6.9)
                assert second.packets[0].key
                source.show()
                wanted = source.number - 1
                await until(lambda: numbers(second.packets)[-1] == wanted)
                await until(lambda: numbers(first.packets)[-1] == wanted)
            assert second.packets[-1] is first.packets[-1]
        assert source.opened == 1


async def test_without_a_past() -> None:
    """With nothing kept, the first picture, marked, stands for it: a player can begin at once."""
    async with AsyncExitStack() as stack:
        hub, source = await stack.enter_async_context(running(ring=0))
        await stack.enter_async_context(playing(source))
        viewer = await stack.enter_async_context(hub.packets())
        got = await stack.enter_async_context(Gathering(viewer))
        await until(lambda: got.span >= 7.2)
        shown = [read(frame) for frame in frames_of(got.packets)]
        assert shown[0].marked
        assert not shown[-1].marked
        seen = numbers(got.packets)
        assert seen == list(range(seen[0], seen[0] + len(seen)))


@pytest.mark.parametrize("second", [False, True])
async def test_no_past_wanted(second: bool) -> None:
    """Who wants none begins at most two seconds before now, the first viewer as the second."""
    async with running() as (hub, source), kept(hub, source), AsyncExitStack() as stack:
        source.past(7.2)
        await until(lambda: source.taken == 109)
        if second:
            viewer = await stack.enter_async_context(hub.packets())
            before = await stack.enter_async_context(Gathering(viewer))
            await until(lambda: before.span >= 6.9)
        async with hub.packets(past=False) as viewer, Gathering(viewer) as got:
            await until(lambda: got.packets)
            assert got.packets[0].key
            assert got.span < 2.1
            source.show()
            await until(lambda: numbers(got.packets)[-1] == source.number - 1)
            assert numbers(got.packets)[0] > 70


async def test_sound() -> None:
    """The camera's sound is heard with the pictures, as AAC."""
    async with running(sound_rate=8000) as (hub, source), kept(hub, source):
        source.past(5, sound=True)
        await until(lambda: source.taken > 150)
        async with hub.packets() as viewer, Gathering(viewer) as got:
            await until(lambda: got.span >= 6.9)
            assert got.format is not None
            assert got.format.sound_rate == SOUND_RATE
            samples = heard(got.packets)[SOUND_RATE * 3 : SOUND_RATE * 6]
            assert abs(frequency_of(samples, SOUND_RATE) - 440) < 1
            stamps = [each.dts for each in got.packets if each.kind is Kind.SOUND]
            assert stamps == sorted(set(stamps))
            assert stamps[0] > 0


# -- Who is connected when


async def test_no_ring_no_connection(brief: None) -> None:
    """With 0 seconds the camera is connected while somebody looks, and a little longer."""
    async with running(ring=0) as (hub, source):
        release = hub.keep()
        assert hub.status is Status.IDLE
        assert source.opened == 0
        async with playing(source):
            async with hub.packets():
                assert source.open_now == 1
                assert hub.viewers == 1
            assert source.open_now == 1  # for who comes soon
            await until(lambda: source.open_now == 0)
            await until(lambda: hub.status is Status.IDLE)
            async with hub.pictures() as shown:
                assert source.opened == 2
                assert await anext(shown)
        release()
        release()
        await until(lambda: source.open_now == 0)


async def test_one_who_comes_soon() -> None:
    """A second look right after the first does not connect again."""
    async with running(ring=0) as (hub, source), playing(source):
        for _ in range(3):
            async with hub.packets():
                pass
            assert await hub.still()
        assert source.opened == 1


async def test_keep_and_release(brief: None) -> None:
    """Kept, it is connected without a viewer; each release counts once; then it hangs up."""
    async with running() as (hub, source):
        one, other = hub.keep(), hub.keep()
        await until(lambda: source.open_now == 1)
        one()
        one()
        await asyncio.sleep(0.2)
        assert source.open_now == 1
        other()
        await until(lambda: source.open_now == 0)
        assert hub.status is Status.IDLE
        again = hub.keep()
        await until(lambda: source.open_now == 1)
        assert source.opened == 2
        again()


async def test_nothing_of_the_past_after_a_hang_up(brief: None) -> None:
    """What was before is forgotten: it would be shown as if it were live."""
    async with running() as (hub, source):
        release = hub.keep()
        await until(lambda: source.connected)
        source.show()
        await hub.still()
        release()
        await until(lambda: hub.status is Status.IDLE)
        assert not hub.live
        assert hub._ring.held == 0
        assert hub._last is None


async def test_one_connection_at_a_time(brief: None) -> None:
    """A camera that takes its time to end is connected again only after that."""
    source = FakeSource()
    source.slow_end = 0.1
    async with running(source) as (hub, _), playing(source):
        for count in (1, 2, 3):
            release = hub.keep()
            # The source itself fails when it is opened twice at once.
            await until(lambda: hub.live and source.opened == count)  # noqa: B023 - used at once
            release()
            await until(lambda: hub.status is Status.IDLE)


async def test_nothing_is_encoded_for_nobody() -> None:
    """The encoder ends with its last viewer, and begins anew with the next, past included."""
    async with running() as (hub, source), kept(hub, source):
        source.past(7.2)
        await until(lambda: source.taken == 109)
        assert threads() == []
        for _ in range(2):
            async with hub.packets() as one, hub.packets(), Gathering(one) as got:
                assert threads() == ["panacam encoder"]
                await until(lambda: got.span >= 5)
            await until(lambda: not threads())
            assert not hub._packets.packets()
        async with hub.pictures():
            assert threads() == []


# -- Stills and pictures


async def test_still_at_once() -> None:
    """A hub that is live has one, as the camera made it."""
    async with running() as (hub, source), kept(hub, source):
        source.show()
        assert await hub.still() == jpeg(0)
        source.show(data=b"whatever it is")
        await until(lambda: source.taken == 2)
        assert await hub.still() == b"whatever it is"
        assert source.opened == 1


async def test_still_waits(brief: None) -> None:
    """With nobody connected, it connects and waits for the first picture, then hangs up."""
    async with running(ring=0) as (hub, source):
        task = asyncio.ensure_future(hub.still())
        await until(lambda: source.connected)
        source.show()
        assert await task == jpeg(0)
        await until(lambda: source.open_now == 0)


@pytest.mark.parametrize(
    ("refusing", "reason"),
    [(None, Reason.NO_PICTURE), (BusyError(Reason.BUSY), Reason.BUSY)],
)
async def test_nothing_comes(
    monkeypatch: pytest.MonkeyPatch, refusing: CameraError | None, reason: Reason
) -> None:
    """Each way to look ends with what is wrong, and leaves nothing behind."""
    monkeypatch.setattr(module, "FIRST_PICTURE", 0.05)
    async with running(ring=0) as (hub, source):
        source.refusing = refusing
        for _ in range(2):
            with pytest.raises(CameraError) as caught:
                await hub.still()
            assert caught.value.reason is reason
            with pytest.raises(CameraError):
                async with hub.packets():
                    pass
            with pytest.raises(CameraError):
                async with hub.pictures():
                    pass
        assert hub.viewers == 0
        assert threads() == []


async def test_pictures_are_passed_on() -> None:
    """Every viewer gets the very bytes that came, not a copy, the newest at once."""
    async with running() as (hub, source), kept(hub, source):
        buffers = [memoryview(bytearray(jpeg(at))) for at in range(3)]
        source.send(sent := Picture(buffers[0], time.monotonic()))
        async with hub.pictures() as one, hub.pictures() as other:
            assert hub.viewers == 2
            assert await anext(one) is sent
            assert await anext(other) is sent
            for buffer in buffers[1:]:
                source.send(sent := Picture(buffer, time.monotonic()))
                assert (await anext(one)) is sent
                assert (await anext(other)).data is buffer
        assert hub.viewers == 0


async def test_one_who_looks_slowly() -> None:
    """It gets the newest picture, and the others are not kept for it."""
    async with running() as (hub, source), kept(hub, source):
        source.show()
        async with hub.pictures() as shown:
            await anext(shown)
            for _ in range(500):
                last = source.show()
            await until(lambda: source.taken == 501)
            assert await anext(shown) is last


# -- Numbers


async def test_status_is_told(brief: None) -> None:
    """Who subscribed hears of each change of status and of viewers, until it has enough."""
    told: list[tuple[Status, int]] = []
    async with running() as (hub, source):
        leave = hub.subscribe(lambda: told.append((hub.status, hub.viewers)))
        release = hub.keep()
        await until(lambda: source.connected)
        source.show()
        async with hub.packets():
            pass
        async with hub.pictures():
            pass
        source.fail(ConnectError(Reason.CUT))
        await until(lambda: hub.status is Status.INTERRUPTED)
        assert hub.error is not None
        assert hub.error.reason is Reason.CUT
        source.refusing = None
        await until(lambda: source.connected)
        source.show()
        await until(lambda: hub.status is Status.LIVE)
        await until(lambda: hub.error is None)
        release()
        await until(lambda: hub.status is Status.IDLE)
        leave()
        leave()
        count = len(told)
        hub.keep()()
        assert len(told) == count
    steps = [told[0], *(after for before, after in pairwise(told) if before != after)]
    assert steps == [
        (Status.CONNECTING, 0),
        (Status.LIVE, 0),
        (Status.LIVE, 1),
        (Status.LIVE, 0),
        (Status.LIVE, 1),
        (Status.LIVE, 0),
        (Status.INTERRUPTED, 0),
        (Status.LIVE, 0),
        (Status.IDLE, 0),
    ]


async def test_frame_rate() -> None:
    """It is that of the camera, over the last pictures."""
    async with running() as (hub, source), kept(hub, source):
        assert hub.frame_rate == 0
        source.past(3, rate=10)
        await until(lambda: source.taken == 31)
        assert hub.frame_rate == pytest.approx(10)


def test_frame_rate_without_frames() -> None:
    """One frame is no rate, old ones are none, and many at once do not divide by nothing."""
    rate = FrameRate()
    rate.add(1.0)
    assert rate.value(1.0) == 0
    rate.add(1.0)
    assert rate.value(1.0) > 0
    rate.add(2.0)
    assert rate.value(3.0) == pytest.approx(2.0)
    assert rate.value(2.0 + hub_module.STALE + 1) == 0


def test_waits_grow() -> None:
    """They double up to the longest, each a little different, and begin anew."""
    waits = Waits(1.0, 5.0)
    for _ in range(2):
        got = [waits.next() for _ in range(5)]
        for wait, nominal in zip(got, (1, 2, 4, 5, 5), strict=True):
            assert 0.75 * nominal <= wait <= 1.25 * nominal
        waits.reset()
    assert len({Waits().next() for _ in range(20)}) > 1


# -- The end


async def test_close_while_they_look() -> None:
    """Everybody is sent away, and nothing is left: no thread, no task, no connection."""
    async with running(sound_rate=8000) as (hub, source), playing(source, sound=True):
        hub.keep()
        async with hub.packets() as viewer, hub.pictures() as shown:
            await anext(shown)
            await viewer.take()
            closing = asyncio.ensure_future(hub.close())
            await ended(viewer)
            assert len([each async for each in shown]) <= 1
            await closing
        assert source.open_now == 0
        assert hub.status is Status.IDLE
        assert threads() == []
    await alone()


async def test_close_while_they_wait() -> None:
    """Who waits for the first picture learns at once that there will be none."""
    async with running() as (hub, source):

        async def look() -> None:
            async with hub.packets():
                pass

        async def watch() -> None:
            async with hub.pictures():
                pass

        tasks = [asyncio.ensure_future(each) for each in (hub.still(), look(), watch())]
        await until(lambda: source.connected)
        async with asyncio.timeout(5):
            await hub.close()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, ConnectError) for each in results)
    await alone()


async def test_nobody_gets_in_after_the_end() -> None:
    """A hub that was live a moment ago starts nothing any more; close may be called again."""
    async with running() as (hub, source), kept(hub, source):
        source.show()
        await hub.still()
        await hub.close()
        for _ in range(2):
            with pytest.raises(ConnectError):
                await hub.still()
            with pytest.raises(ConnectError):
                async with hub.packets():
                    pass
            hub.keep()()
            await hub.close()
        assert source.opened == 1
        assert hub.viewers == 0
    await alone()


async def test_the_encoder_crashes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Those who take packets are sent away, those who take pictures stay; the next one may try."""

    def crash(self: Encoder, picture: Picture) -> bool:
        msg = "made up"
        raise RuntimeError(msg)

    async with running() as (hub, source), kept(hub, source):
        source.show()
        with monkeypatch.context() as patch:
            patch.setattr(Encoder, "look", crash)
            async with hub.pictures() as shown, hub.packets() as viewer:
                with pytest.raises(Ended):
                    await viewer.take()
                await anext(shown)
                sent = source.show()
                assert await anext(shown) is sent
        assert "The encoder failed" in caplog.text
        source.show()
        async with hub.packets() as viewer, Gathering(viewer) as got:
            await until(lambda: got.packets)
    await alone()


async def test_a_viewer_who_takes_nothing(monkeypatch: pytest.MonkeyPatch, bare: None) -> None:
    """It loses packets; nobody else does."""
    monkeypatch.setattr("custom_components.panacam.cams.bridge.viewers.MAX_WAITING", 8_000)
    async with running() as (hub, source), kept(hub, source):
        source.show()
        async with hub.packets() as idle, hub.packets() as viewer, Gathering(viewer) as got:
            await until(lambda: got.packets)
            while not idle.dropped:
                source.show()
                await asyncio.sleep(0.001)
                assert idle._bytes <= 8_000
            await until(lambda: numbers(got.packets)[-1] == source.number - 1)
            assert viewer.dropped == 0


async def test_who_is_refused(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password is what one who looks is told, and it is tried again."""
    monkeypatch.setattr("custom_components.panacam.cams.bridge.hub.DENIED_WAIT", 0.02)
    async with running() as (hub, source):
        source.refusing = AuthError(Reason.WRONG_PASSWORD)
        release = hub.keep()
        await until(lambda: source.opened > 3)
        assert hub.status is Status.CONNECTING
        assert hub.error is source.refusing
        source.refusing = None
        async with playing(source):
            await until(lambda: hub.status is Status.LIVE)
        release()
