"""Who is slow loses groups of pictures, and costs no memory."""

import asyncio
from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.bridge import viewers
from custom_components.panacam.cams.bridge.packets import TICKS, Kind, Packet
from custom_components.panacam.cams.bridge.viewers import Ended, PacketViewer, PictureViewer
from custom_components.panacam.cams.stream import Picture
from tests.cams.bridge.support import H264, packet

OTHER = replace(H264, width=1920)

pytestmark = pytest.mark.usefixtures("bare")


async def taken(viewer: PacketViewer) -> list[Packet]:
    """Return what waits for a viewer now."""
    async with asyncio.timeout(1):
        return (await viewer.take())[1]


async def waits(viewer: PacketViewer | PictureViewer) -> bool:
    """Return whether there is nothing to take now."""
    task = asyncio.ensure_future(viewer.take())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = not task.done()
    task.cancel()
    await asyncio.wait((task,))
    return waiting


async def test_begins_with_a_keyframe() -> None:
    """What comes before it is left out."""
    viewer = PacketViewer()
    viewer.offer(H264, [packet(0.0), packet(0.1, kind=Kind.SOUND)])
    assert await waits(viewer)
    viewer.offer(H264, wanted := [packet(0.2, key=True), packet(0.3)])
    assert await taken(viewer) == wanted
    assert await waits(viewer)


async def test_one_that_waits_wakes() -> None:
    """A packet wakes the one who waits, with its format."""
    viewer = PacketViewer()
    task = asyncio.ensure_future(viewer.take())
    await asyncio.sleep(0)
    viewer.offer(H264, [wanted := packet(0.0, key=True)])
    assert await task == (H264, [wanted])


async def test_past_first() -> None:
    """The past, then what comes, once each."""
    viewer = PacketViewer()
    viewer.past(H264, [packet(0.0, key=True), packet(1.0)])
    viewer.offer(H264, [packet(2.0)])
    assert [each.dts // TICKS for each in await taken(viewer)] == [0, 1, 2]


async def test_no_past_yet() -> None:
    """Without a past and a format it waits for the first keyframe."""
    viewer = PacketViewer()
    viewer.past(None, [])
    assert await waits(viewer)
    viewer.offer(H264, [packet(1.0), packet(2.0, key=True)])
    assert [each.dts // TICKS for each in await taken(viewer)] == [2]


async def test_the_past_may_be_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shared with the ring: neither its bytes nor its seconds count as waiting."""
    monkeypatch.setattr(viewers, "MAX_WAITING", 1000)
    viewer = PacketViewer()
    past = [packet(float(at), key=at % 2 == 0, size=500) for at in range(30)]
    viewer.past(H264, past)
    viewer.offer(H264, [packet(30.0, size=500)])
    assert len(await taken(viewer)) == 31
    assert viewer.dropped == 0


async def test_another_format_ends_it() -> None:
    """What came before is still given; nothing of the new format, nor of what follows."""
    viewer = PacketViewer()
    viewer.offer(H264, [packet(0.0, key=True)])
    viewer.offer(OTHER, [packet(1.0, key=True)])
    viewer.offer(H264, [packet(2.0, key=True)])
    assert [each.dts for each in await taken(viewer)] == [0]
    with pytest.raises(Ended):
        await viewer.take()


async def test_end_wakes() -> None:
    """One who waits learns that nothing more comes."""
    viewer = PacketViewer()
    task = asyncio.ensure_future(viewer.take())
    await asyncio.sleep(0)
    viewer.end()
    with pytest.raises(Ended):
        await task


async def test_slow_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many bytes: everything goes but the newest group, which begins with a keyframe."""
    monkeypatch.setattr(viewers, "MAX_WAITING", 1000)
    viewer = PacketViewer()
    for at in range(11):
        viewer.offer(H264, [packet(at / 10, key=at in {0, 8})])
    kept = await taken(viewer)
    assert kept[0].key
    assert [round(each.dts / TICKS, 1) for each in kept] == [0.8, 0.9, 1.0]
    assert viewer.dropped == 8


async def test_slow_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many seconds, however few bytes."""
    monkeypatch.setattr(viewers, "MAX_LATE", 3 * TICKS)
    viewer = PacketViewer()
    for at in range(10):
        viewer.offer(H264, [packet(float(at), key=at % 2 == 0, size=1)])
    kept = await taken(viewer)
    assert kept[0].key
    assert kept[-1].dts - kept[0].dts <= 3 * TICKS


async def test_newest_group_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """When even that is too much, nothing is left, and it begins with the next keyframe."""
    monkeypatch.setattr(viewers, "MAX_WAITING", 1000)
    viewer = PacketViewer()
    viewer.offer(H264, [packet(at / 10, key=at == 0) for at in range(11)])
    assert await waits(viewer)
    viewer.offer(H264, [packet(1.1), packet(1.2, kind=Kind.SOUND)])
    assert await waits(viewer)
    viewer.offer(H264, [packet(1.3, key=True)])
    assert [each.key for each in await taken(viewer)] == [True]


async def test_sound_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound without pictures is bounded, too."""
    monkeypatch.setattr(viewers, "MAX_WAITING", 1000)
    viewer = PacketViewer()
    viewer.past(H264, [packet(0.0, key=True)])
    for at in range(100):
        viewer.offer(H264, [packet(at / 10, kind=Kind.SOUND)])
    assert len(await taken(viewer)) < 20
    assert viewer.dropped > 0


async def test_newest_instead_of_the_past() -> None:
    """Who wants no past gets the last keyframe before now, though the past is encoded only then."""
    viewer = PacketViewer()
    viewer.newest(None, [], round(7.5 * TICKS))
    for at in range(7):
        viewer.offer(H264, [packet(float(at), key=at % 2 == 0), packet(at, kind=Kind.SOUND)])
    assert await waits(viewer)
    viewer.offer(H264, [packet(7.0), packet(7.5)])
    viewer.offer(H264, [packet(8.0, key=True)])
    kept = [each.dts / TICKS for each in await taken(viewer) if each.kind is Kind.VIDEO]
    assert kept == [6.0, 7.0, 7.5, 8.0]


async def test_newest_when_it_is_there() -> None:
    """Nothing has to come when what came reaches up to now."""
    viewer = PacketViewer()
    viewer.newest(H264, group := [packet(1.0, key=True), packet(2.0)], 2 * TICKS)
    assert await taken(viewer) == group
    viewer = PacketViewer()
    viewer.newest(H264, group, 9 * TICKS)
    viewer.end()
    with pytest.raises(Ended):
        await viewer.take()


@settings(derandomize=True, database=None, deadline=None, max_examples=80)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 9), st.booleans()), max_size=80))
def test_never_more_than_may_wait(steps: list[tuple[int, int, bool]]) -> None:
    """Any packets, taken at any time: bounded, in order, each stretch decodable from its start."""
    asyncio.run(_checked(steps))


async def _checked(steps: list[tuple[int, int, bool]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(viewers, "MAX_WAITING", 1000)
        patch.setattr(viewers, "MAX_LATE", 5 * TICKS)
        viewer, last, intact = PacketViewer(), -1, False
        for at, (size, dice, take) in enumerate(steps):
            kind = Kind.SOUND if dice > 6 else Kind.VIDEO
            dropped = viewer.dropped
            viewer.offer(H264, [packet(at / 3, key=dice < 2, size=size, kind=kind)])
            intact = intact and viewer.dropped == dropped
            assert sum(len(each.data) for each in viewer._waiting) == viewer._bytes <= 1000
            if take and viewer._waiting:
                stretch = await taken(viewer)
                assert intact or stretch[0].key
                assert stretch[0].dts > last
                last, intact = stretch[-1].dts, True


# -- Pictures


async def test_the_newest_picture() -> None:
    """Who is slow sees fewer, never old ones."""
    viewer = PictureViewer()
    assert await waits(viewer)
    for at in range(5):
        viewer.offer(last := Picture(b"x", float(at)))
    assert await viewer.take() is last
    assert await waits(viewer)


async def test_pictures_end() -> None:
    """The last picture is given, then the end."""
    viewer = PictureViewer()
    viewer.offer(last := Picture(b"x", 1.0))
    viewer.end()
    assert await viewer.take() is last
    with pytest.raises(Ended):
        await viewer.take()


async def test_one_that_waits_for_a_picture_wakes() -> None:
    """By a picture, and by the end."""
    viewer = PictureViewer()
    task = asyncio.ensure_future(viewer.take())
    await asyncio.sleep(0)
    viewer.offer(last := Picture(b"x", 1.0))
    assert await task is last
    task = asyncio.ensure_future(viewer.take())
    await asyncio.sleep(0)
    viewer.end()
    with pytest.raises(Ended):
        await task
