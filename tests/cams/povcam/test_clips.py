"""What is on the cards of a recorder: its lists, however they lie, and how long they are kept."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.clips import Clip, ClipFormat, Clips, Listing
from custom_components.panacam.cams.errors import (
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.povcam import clip_reader, clip_reading, clip_shelf
from custom_components.panacam.cams.povcam.device import PovcamDevice
from tests.cams.support import camera, device_of
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.clip_faults import HOSTILE_NAMES, ListFault
from tests.simulators.povcam.films import ClipFormat as Film

MP4 = ClipFormat.MP4
LATER = datetime(2026, 11, 21, 20, 15, 3)  # noqa: DTZ001 - cameras' clocks have no zone


def clips_of(device: PovcamDevice) -> Clips:
    """Return the role."""
    assert device.clips is not None
    return device.clips


def pages(sim: PovcamSimulator) -> int:
    """Return how many pages were asked for so far."""
    return sum(request.path.endswith("/get_clip_list") for request in sim.requests)


def names(listing: Listing) -> list[str]:
    """Return the names, as listed."""
    return [clip.name for clip in listing.clips]


def newest_first(sim: PovcamSimulator, slot: str = "sd1", kind: Film = Film.MP4) -> list[str]:
    """Return what the camera has."""
    return [clip.name for clip in reversed(sim.camera.clips.of(slot, kind))]


@pytest.mark.parametrize("count", [0, 1, 14, 15, 16, 29, 30, 31, 44, 100])
@pytest.mark.parametrize("front", [False, True], ids=["oldest_first", "newest_first"])
async def test_all_pages(session: ClientSession, quick: None, count: int, front: bool) -> None:
    """All clips come, newest first, whichever end the camera begins with, each page once."""
    async with camera(newest_first=front) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, count, every=timedelta(minutes=7))
        device = device_of(session, sim)
        await device.connect()
        found = await clips_of(device).listing("sd1", MP4)
        assert names(found) == newest_first(sim)
        assert found.complete
        assert found.total == count
        assert pages(sim) == max(1, -(-count // 15))
        assert [(clip.slot, clip.format) for clip in found.clips] == [("sd1", MP4)] * count
        await device.close()


async def test_what_a_clip_has(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Name, time by the camera's clock, length; cards and formats apart."""
    began = LATER
    one = sim.camera.clips.add("sd1", Film.MP4, began=began, length=62.5)
    two = sim.camera.clips.add("sd2", Film.AVCHD, began=began)
    clips = clips_of(device)
    assert clips.formats == (ClipFormat.MP4, ClipFormat.AVCHD)
    assert (await clips.listing("sd1", MP4)).clips == (
        Clip(slot="sd1", format=MP4, name=one.name, began=began, length=timedelta(seconds=62)),
    )
    assert names(await clips.listing("sd2", ClipFormat.AVCHD)) == [two.name]
    assert names(await clips.listing("sd2", MP4)) == []


async def test_within(session: ClientSession, quick: None) -> None:
    """What is there by then is told, newest first; the rest is read on for the next who asks."""
    async with camera(list_delay=0.02) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 300)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        nothing = await clips.listing("sd1", MP4, within=0)
        assert (nothing.clips, nothing.complete) == ((), False)
        some = await clips.listing("sd1", MP4, within=0.15)
        assert 15 <= len(some.clips) < 300
        assert not some.complete
        assert some.total == 300
        assert names(some) == newest_first(sim)[: len(some.clips)]
        whole = await clips.listing("sd1", MP4)
        assert names(whole) == newest_first(sim)
        assert pages(sim) == 20
        await device.close()


async def test_unchanged_while_paging(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Without `renew` it is the same object; with it, one look tells whether to read again."""
    clips = clips_of(device)
    sim.camera.clips.fill("sd1", Film.MP4, 40)
    first = await clips.listing("sd1", MP4)
    asked = pages(sim)
    sim.camera.clips.add("sd1", Film.MP4)
    assert await clips.listing("sd1", MP4, renew=False) is first
    assert pages(sim) == asked
    renewed = await clips.listing("sd1", MP4)
    assert renewed.total == 41
    asked = pages(sim)
    assert await clips.listing("sd1", MP4) is renewed
    assert pages(sim) == asked + 1


async def test_old_one_while_the_new_one_is_read(session: ClientSession, quick: None) -> None:
    """Who pages keeps the list while somebody else has it renewed."""
    async with camera(list_delay=0.02) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 100)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        first = await clips.listing("sd1", MP4)
        sim.camera.clips.add("sd1", Film.MP4)
        assert await clips.listing("sd1", MP4, within=0) is first
        assert await clips.listing("sd1", MP4, renew=False) is first
        assert (await clips.listing("sd1", MP4)).total == 101
        assert (await clips.listing("sd1", MP4, renew=False)).total == 101
        await device.close()


async def test_dropped_unused(
    sim: PovcamSimulator, device: PovcamDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that nobody looks at is kept no longer; looking at it keeps it."""
    monkeypatch.setattr(clip_shelf, "KEEP", 0.2)
    clips = clips_of(device)
    sim.camera.clips.fill("sd1", Film.MP4, 3)
    first = await clips.listing("sd1", MP4)
    for _ in range(4):
        await asyncio.sleep(0.1)
        assert await clips.listing("sd1", MP4, renew=False) is first
    await asyncio.sleep(0.45)
    assert await clips.listing("sd1", MP4, renew=False) is not first


async def test_bounded(
    sim: PovcamSimulator, device: PovcamDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more clips than are kept it is the newest; the total still tells how many there are."""
    for module in (clip_reader, clip_reading):
        monkeypatch.setattr(module, "MAX_CLIPS", 50)
    sim.camera.clips.fill("sd1", Film.MP4, 200)
    found = await clips_of(device).listing("sd1", MP4)
    assert names(found) == newest_first(sim)[:50]
    assert (found.complete, found.total) == (True, 200)
    assert pages(sim) < 8


async def test_closed(session: ClientSession, quick: None) -> None:
    """Closing the device ends reading and whoever waits for it."""
    async with camera(list_delay=0.05) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 300)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        waiting = asyncio.create_task(clips.listing("sd1", MP4))
        await asyncio.sleep(0.12)
        await device.close()
        with pytest.raises(ConnectError):
            await waiting
        asked = pages(sim)
        with pytest.raises(ConnectError):
            await clips.listing("sd1", MP4)
        await asyncio.sleep(0.15)
        assert pages(sim) == asked
        assert not [t for t in asyncio.all_tasks() if t.get_name().startswith("panacam clips")]


@pytest.mark.parametrize(
    ("lie", "count", "seen", "total"),
    [
        (ListFault.MORE, 40, 40, 47),
        (ListFault.LESS, 40, 30, 30),
        (ListFault.MISCOUNT, 40, 40, 40),
        (ListFault.RUBBISH, 40, 40, 40),
        (ListFault.MORE, 4, 4, 11),
    ],
)
async def test_lies(
    sim: PovcamSimulator,
    device: PovcamDevice,
    lie: ListFault,
    count: int,
    seen: int,
    total: int,
) -> None:
    """A list that lies about itself is read as far as it goes, and no clip is made up."""
    sim.camera.clips.fill("sd1", Film.MP4, count)
    sim.camera.clip_faults.lists(lie)
    found = await clips_of(device).listing("sd1", MP4)
    assert len(found.clips) == len(set(names(found))) == seen
    assert set(names(found)) <= set(newest_first(sim))
    assert (found.complete, found.total) == (True, total)


@pytest.mark.parametrize("lie", [ListFault.REPEAT, ListFault.SAME_PAGE, ListFault.ENDLESS])
async def test_never_the_same_twice_nor_for_ever(
    sim: PovcamSimulator,
    device: PovcamDevice,
    monkeypatch: pytest.MonkeyPatch,
    lie: ListFault,
) -> None:
    """Lines that repeat are clips once; pages without end come to one."""
    for module in (clip_reader, clip_reading):
        monkeypatch.setattr(module, "MAX_CLIPS", 300)
    sim.camera.clips.fill("sd1", Film.MP4, 100)
    sim.camera.clip_faults.lists(lie)
    found = await clips_of(device).listing("sd1", MP4)
    assert found.complete
    assert len(set(names(found))) == len(found.clips) <= 300
    assert pages(sim) < 40


async def test_changing_for_ever(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """A list that is never the same for two pages is given up, after some attempts."""
    sim.camera.clips.fill("sd1", Film.MP4, 100)
    sim.camera.clip_faults.lists(ListFault.CHANGING)
    with pytest.raises(BusyError):
        await clips_of(device).listing("sd1", MP4)
    assert pages(sim) < 20


async def test_changed_once(session: ClientSession, quick: None) -> None:
    """A clip that comes while the list is read: it is read again, and is right."""
    async with camera(list_delay=0.01) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 100)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        await clips.listing("sd1", MP4, within=0.05)
        sim.camera.clips.remove("sd1", sim.camera.clips.of("sd1", Film.MP4)[50])
        sim.camera.clips.add("sd1", Film.MP4, began=LATER)
        assert names(await clips.listing("sd1", MP4)) == newest_first(sim)
        await device.close()


async def test_number_of_each_answer(
    sim: PovcamSimulator, device: PovcamDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that numbers answers, not lists, has lists all the same; one clip more is seen."""
    told = sim.camera.clips.listing

    def restless(slot: str, kind: Film) -> Any:
        sim.camera.clips.touch(slot)
        return told(slot, kind)

    monkeypatch.setattr(sim.camera.clips, "listing", restless)
    sim.camera.clips.fill("sd1", Film.MP4, 100)
    clips = clips_of(device)
    first = await clips.listing("sd1", MP4)
    assert names(first) == newest_first(sim)
    assert pages(sim) == 8  # one more, to know
    assert await clips.listing("sd1", MP4) is first
    sim.camera.clips.add("sd1", Film.MP4)
    assert (await clips.listing("sd1", MP4)).total == 101


async def test_hostile_names(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Only names that can be sent back are clips, letter by letter as they came."""
    for name in HOSTILE_NAMES:
        sim.camera.clips.add("sd1", Film.MP4, name=name)
    sim.camera.clips.add("sd1", Film.MP4, name="\udc83e\udc83X")
    found = await clips_of(device).listing("sd1", MP4)
    unusable = {"S1AA\x00\x1b[2J0001", "L" * 300, ""}
    assert set(names(found)) == set(HOSTILE_NAMES) - unusable
    assert found.total == len(HOSTILE_NAMES) + 1


def no_card(sim: PovcamSimulator) -> None:
    """Take the card out."""
    sim.camera.pull_card("sd1")


def formatting(sim: PovcamSimulator) -> None:
    """Format it."""
    sim.camera.recorder.start_format("sd1")


@pytest.mark.parametrize(
    ("prepare", "reason"), [(no_card, Reason.NO_CARD), (formatting, Reason.CARD_IN_USE)]
)
async def test_refused(
    sim: PovcamSimulator,
    device: PovcamDevice,
    prepare: Callable[[PovcamSimulator], None],
    reason: Reason,
) -> None:
    """The camera just answers 500; its state tells why."""
    prepare(sim)
    with pytest.raises(RefusedError) as caught:
        await clips_of(device).listing("sd1", MP4)
    assert caught.value.reason is reason


async def test_card_pulled_while_reading(session: ClientSession, quick: None) -> None:
    """It is another thing than no card, and not to be read on."""
    async with camera(list_delay=0.01) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 300)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        await clips.listing("sd1", MP4, within=0.1)
        sim.camera.pull_card("sd1")
        with pytest.raises(RefusedError) as caught:
            await clips.listing("sd1", MP4)
        assert caught.value.reason is Reason.CARD_REMOVED
        sim.camera.insert_card("sd1")
        assert (await clips.listing("sd1", MP4)).total == 300
        sim.camera.pull_card("sd1")
        with pytest.raises(RefusedError) as caught:
            await clips.listing("sd1", MP4)
        assert caught.value.reason is Reason.CARD_REMOVED
        await device.close()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.RUBBISH, ProtocolError),
        (Fault.HTML_PAGE, ProtocolError),
        (Fault.EMPTY, ProtocolError),
        (Fault.HUGE, ProtocolError),
        (Fault.CUT, ConnectError),
        (Fault.RESET, ConnectError),
        (Fault.LIE_LONG, ConnectError),
        (Fault.LIE_SHORT, ProtocolError),
        (Fault.ERROR_500, RefusedError),
    ],
)
async def test_faults(
    sim: PovcamSimulator, device: PovcamDevice, fault: Fault, error: type[CameraError]
) -> None:
    """Whatever comes instead of a list is an error, and no hindrance to the next attempt."""
    sim.camera.clips.fill("sd1", Film.MP4, 20)
    sim.fault("get_clip_list", fault)
    with pytest.raises(error):
        await clips_of(device).listing("sd1", MP4)
    sim.clear_faults()
    assert (await clips_of(device).listing("sd1", MP4)).total == 20


async def test_reboot(session: ClientSession, quick: None) -> None:
    """A camera that restarts while its list is read is away; after that all is read anew."""
    async with camera(list_delay=0.01) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 300)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        reading = asyncio.create_task(clips.listing("sd1", MP4))
        await asyncio.sleep(0.1)
        await sim.reboot(0.2)
        with pytest.raises(ConnectError):
            await reading
        assert (await clips.listing("sd1", MP4)).total == 300
        await device.close()
