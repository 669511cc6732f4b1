"""Clips of a recorder on their way: downloaded, deleted, sent; and what goes wrong with that."""

import asyncio
from collections.abc import Sequence
import hashlib

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.clips import Clip, ClipFormat, Clips
from custom_components.panacam.cams.errors import (
    BusyError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.net import http
from custom_components.panacam.cams.povcam import card_state, clips as clips_module
from custom_components.panacam.cams.povcam.device import PovcamDevice
from tests.cams.povcam.test_clips import clips_of, newest_first, pages
from tests.cams.support import camera, device_of
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.clip_faults import HOSTILE_NAMES, DownloadFault
from tests.simulators.povcam.films import ClipFormat as Film

MP4 = ClipFormat.MP4
SIZE = 3_000_000


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at once, ask again soon."""
    monkeypatch.setattr(card_state, "LOOK_GAP", 0.02)
    monkeypatch.setattr(clips_module, "LOOK_GAP", 0.02)
    monkeypatch.setattr(clips_module, "TURN_GAP", 0.02)


async def listed(clips: Clips, slot: str = "sd1", kind: ClipFormat = MP4) -> tuple[Clip, ...]:
    """Return what is on a card."""
    return (await clips.listing(slot, kind)).clips


async def fetch(clips: Clips, clip: Clip, start: int = 0) -> tuple[int, int | None, bytes]:
    """Return where a download began, the whole size and what came."""
    async with clips.download(clip, start=start) as download:
        data = b"".join([piece async for piece in download.pieces])
        return download.start, download.size, data


async def content(sim: PovcamSimulator, name: str) -> bytes:
    """Return what the camera has under a name."""
    (clip,) = (c for c in sim.camera.clips.of("sd1", Film.MP4) if c.name == name)
    film = await asyncio.to_thread(clip.film.content)
    data = bytearray()
    while piece := film.read(len(data), film.size):
        data += piece
    assert len(data) == film.size
    return bytes(data)


def digest(data: bytes) -> str:
    """Return what is short enough for an error message."""
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("ranges", [True, False])
async def test_download(session: ClientSession, quick: None, ranges: bool) -> None:
    """All of a clip, or from its middle on where the camera can; else all of it again."""
    async with camera(ranges=ranges) as sim:
        sim.camera.clips.add("sd1", Film.MP4, size=SIZE)
        device = device_of(session, sim)
        await device.connect()
        (clip,) = await listed(clips_of(device))
        whole = await content(sim, clip.name)
        start, size, data = await fetch(clips_of(device), clip)
        assert (start, size, digest(data)) == (0, SIZE, digest(whole))
        begins = 1_000_000 if ranges else 0
        start, size, data = await fetch(clips_of(device), clip, 1_000_000)
        assert (start, size, digest(data)) == (begins, SIZE, digest(whole[begins:]))
        if ranges:
            with pytest.raises(RefusedError) as caught:
                await fetch(clips_of(device), clip, SIZE)
            assert caught.value.reason is Reason.OUT_OF_RANGE
        await device.close()


async def test_unlisted(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """A clip that only its name is known of is found; one that is not there is gone."""
    clips = clips_of(device)
    sim.camera.clips.fill("sd1", Film.MP4, 40)
    name = newest_first(sim)[20]
    _, size, data = await fetch(clips, Clip(slot="sd1", format=MP4, name=name))
    assert size == len(data) > 0
    with pytest.raises(RefusedError) as caught:
        await fetch(clips, Clip(slot="sd1", format=MP4, name="S0M4"))
    assert caught.value.reason is Reason.CLIP_GONE


async def test_list_number_is_the_newest(session: ClientSession, quick: None) -> None:
    """A camera whose lists outdate each other sends what was listed before."""
    async with camera(one_list=True) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 20)
        sim.camera.clips.fill("sd2", Film.AVCHD, 20)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        one = await listed(clips)
        await listed(clips, "sd2", ClipFormat.AVCHD)
        sim.camera.clips.add("sd1", Film.MP4)
        assert (await fetch(clips, one[5]))[2] == await content(sim, one[5].name)
        await device.close()


async def test_hostile_names_are_sent_back(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """As they came, and as nothing but a name."""
    for name in HOSTILE_NAMES:
        sim.camera.clips.add("sd1", Film.MP4, name=name)
    for clip in await listed(clips_of(device)):
        assert (await fetch(clips_of(device), clip))[2]
        assert sim.requests[-1].path == "/cgi-bin/get_clip_file"
        assert sim.requests[-1].params["filename"] == clip.name


async def test_one_at_a_time(
    session: ClientSession, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits a while, and then it is told; the poll goes on; leaving ends a download."""
    monkeypatch.setattr(clips_module, "DOWNLOAD_WAIT", 0.1)
    async with camera(throughput=1_000_000) as sim:
        sim.camera.clips.add("sd1", Film.MP4, size=SIZE)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        (clip,) = await listed(clips)
        async with clips.download(clip) as download:
            await anext(download.pieces)
            with pytest.raises(BusyError):
                await fetch(clips, clip)
            assert (await device.poll()).recording is False
            assert [one.name for one in await listed(clips)] == [clip.name]
        async with clips.download(clip) as download:
            assert await anext(download.pieces)
        await device.close()


@pytest.mark.parametrize("status", [503, 500])
async def test_somebody_elses_download(session: ClientSession, quick: None, status: int) -> None:
    """The camera says busy, or just refuses while its state tells why."""
    async with camera(second_download=status) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 2)
        device = device_of(session, sim)
        await device.connect()
        (clip, _) = await listed(clips_of(device))
        sim.camera.download = True
        with pytest.raises(BusyError):
            await fetch(clips_of(device), clip)
        asyncio.get_running_loop().call_later(0.03, setattr, sim.camera, "download", False)
        assert (await fetch(clips_of(device), clip))[2]
        await device.close()


@pytest.mark.parametrize(
    ("fault", "error", "reason"),
    [
        (DownloadFault.LARGER, ConnectError, Reason.CUT),
        (DownloadFault.CUT, ConnectError, Reason.CUT),
        (DownloadFault.STALL, ConnectError, Reason.TIMEOUT),
    ],
)
async def test_broken_off(
    sim: PovcamSimulator,
    device: PovcamDevice,
    monkeypatch: pytest.MonkeyPatch,
    fault: DownloadFault,
    error: type[ConnectError],
    reason: Reason,
) -> None:
    """Short of the size that was told: an error, never a clip; the next download works."""
    monkeypatch.setattr(http, "CHUNK_TIMEOUT", 0.3)
    sim.camera.clips.add("sd1", Film.MP4, size=SIZE)
    (clip,) = await listed(clips_of(device))
    sim.camera.clip_faults.downloads(fault, 1)
    with pytest.raises(error) as caught:
        await fetch(clips_of(device), clip)
    assert caught.value.reason is reason
    assert len((await fetch(clips_of(device), clip))[2]) == SIZE


@pytest.mark.parametrize(
    ("fault", "size"),
    [
        (DownloadFault.SMALLER, SIZE // 2),
        (DownloadFault.CHUNKED, None),
        (DownloadFault.NO_LENGTH, None),
        (DownloadFault.BAD_NAME, SIZE),
    ],
)
async def test_sizes_that_differ(
    sim: PovcamSimulator, device: PovcamDevice, fault: DownloadFault, size: int | None
) -> None:
    """What is told is what comes; nothing is told where the camera tells nothing."""
    sim.camera.clips.add("sd1", Film.MP4, size=SIZE)
    (clip,) = await listed(clips_of(device))
    sim.camera.clip_faults.downloads(fault)
    start, told, data = await fetch(clips_of(device), clip)
    assert (start, told) == (0, size)
    assert len(data) == (size or SIZE)


@pytest.mark.parametrize("fault", [Fault.HTML_PAGE, Fault.RUBBISH, Fault.NO_CONTENT])
async def test_no_clip(sim: PovcamSimulator, device: PovcamDevice, fault: Fault) -> None:
    """A page instead of a clip is none."""
    sim.camera.clips.fill("sd1", Film.MP4, 1)
    (clip,) = await listed(clips_of(device))
    sim.fault("get_clip_file", fault)
    with pytest.raises(ProtocolError):
        await fetch(clips_of(device), clip)


async def test_pulled_during_download(session: ClientSession, quick: None) -> None:
    """The error says that the card is out."""
    async with camera(throughput=2_000_000) as sim:
        sim.camera.clips.add("sd1", Film.MP4, size=20_000_000)
        device = device_of(session, sim)
        await device.connect()
        (clip,) = await listed(clips_of(device))
        asyncio.get_running_loop().call_later(0.2, sim.camera.pull_card, "sd1")
        with pytest.raises(RefusedError) as caught:
            await fetch(clips_of(device), clip)
        assert caught.value.reason is Reason.CARD_REMOVED
        with pytest.raises(RefusedError) as caught:
            await fetch(clips_of(device), clip)
        assert caught.value.reason is Reason.CARD_REMOVED
        await device.close()


async def test_reboot_during_download(session: ClientSession, quick: None) -> None:
    """The download breaks off; after the restart it can be had from there on."""
    async with camera(throughput=2_000_000, ranges=True) as sim:
        sim.camera.clips.add("sd1", Film.MP4, size=SIZE)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        (clip,) = await listed(clips)
        got = bytearray()

        async def take() -> None:
            async with clips.download(clip) as download:
                async for piece in download.pieces:
                    got.extend(piece)

        taking = asyncio.create_task(take())
        await asyncio.sleep(0.3)
        await sim.reboot(0.1)
        with pytest.raises(ConnectError):
            await taking
        assert 0 < len(got) < SIZE
        start, size, rest = await fetch(clips, clip, len(got))
        assert (start, size) == (len(got), SIZE)
        assert digest(got + rest) == digest(await content(sim, clip.name))
        await device.close()


def kept(sim: PovcamSimulator, gone: Sequence[Clip], before: Sequence[str]) -> None:
    """Fail unless the camera has lost these clips and no others."""
    assert set(newest_first(sim)) == set(before) - {clip.name for clip in gone}


@pytest.mark.parametrize("options", [{}, {"newest_first": True}, {"one_list": True}])
async def test_delete(session: ClientSession, quick: None, options: dict[str, bool]) -> None:
    """In groups of fifty, each under the number that the list has by then."""
    async with camera(delete_time=0.002, **options) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 160)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        before = newest_first(sim)
        wanted = (await listed(clips))[3:128]
        assert set(await clips.delete(wanted)) == set(wanted)
        kept(sim, wanted, before)
        groups = [r.params for r in sim.requests if r.path.endswith("del_clip_file")]
        assert [len(group["fileno"].split(",")) for group in groups] == [50, 50, 25]
        assert len({group["list_id"] for group in groups}) == 3
        assert len(await listed(clips)) == 35
        await device.close()


async def test_delete_what_has_moved(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Others come and go between listing and deleting: only what was meant goes."""
    clips = clips_of(device)
    made = sim.camera.clips.fill("sd1", Film.MP4, 100)
    listing = await listed(clips)
    for clip in made[:40]:
        sim.camera.clips.remove("sd1", clip)
    sim.camera.clips.fill("sd1", Film.MP4, 30)
    before = newest_first(sim)
    wanted = [listing[0], listing[30], listing[90]]  # the last has gone by itself
    assert set(await clips.delete(wanted)) == set(wanted)
    kept(sim, wanted, before)


async def test_delete_never_another_of_the_same_name(
    sim: PovcamSimulator, device: PovcamDevice
) -> None:
    """After the number was reset a name may be that of another recording."""
    clips = clips_of(device)
    sim.camera.clips.fill("sd1", Film.MP4, 3)
    (clip, *_) = await listed(clips)
    made = sim.camera.clips.of("sd1", Film.MP4)
    sim.camera.clips.remove("sd1", made[-1])
    sim.camera.clips.add("sd1", Film.MP4, name=clip.name)
    before = newest_first(sim)
    assert await clips.delete([clip]) == ()  # nobody knows: perhaps the clock was set
    assert newest_first(sim) == before


async def test_delete_where_each_answer_has_a_number(
    sim: PovcamSimulator, device: PovcamDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was seen under the very last number is deleted."""
    told = sim.camera.clips.listing

    def restless(slot: str, kind: Film) -> object:
        sim.camera.clips.touch(slot)
        return told(slot, kind)

    monkeypatch.setattr(sim.camera.clips, "listing", restless)
    sim.camera.clips.fill("sd1", Film.MP4, 60)
    clips = clips_of(device)
    before = newest_first(sim)
    wanted = (await listed(clips))[::9]
    assert set(await clips.delete(wanted)) == set(wanted)
    kept(sim, wanted, before)


async def test_delete_on_two_cards(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Each card's own list."""
    clips = clips_of(device)
    sim.camera.clips.fill("sd1", Film.MP4, 2)
    sim.camera.clips.fill("sd2", Film.AVCHD, 2)
    wanted = [*await listed(clips), *await listed(clips, "sd2", ClipFormat.AVCHD)]
    assert set(await clips.delete([*wanted, *wanted])) == set(wanted)
    assert await listed(clips) == await listed(clips, "sd2", ClipFormat.AVCHD) == ()
    assert await clips.delete([]) == ()


async def test_delete_refused(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """While the camera records, it says so by its state; nothing goes."""
    sim.camera.clips.fill("sd1", Film.MP4, 3)
    wanted = await listed(clips_of(device))
    sim.camera.recording = True
    with pytest.raises(RefusedError) as caught:
        await clips_of(device).delete(wanted)
    assert caught.value.reason is Reason.CARD_IN_USE
    assert len(newest_first(sim)) == 3


async def test_pulled_during_delete(session: ClientSession, quick: None) -> None:
    """The error says so; what is on the card stays there."""
    async with camera(delete_time=0.02) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 60)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        wanted = await listed(clips)
        asyncio.get_running_loop().call_later(0.3, sim.camera.pull_card, "sd1")
        with pytest.raises(RefusedError) as caught:
            await clips.delete(wanted)
        assert caught.value.reason is Reason.CARD_REMOVED
        sim.camera.insert_card("sd1")
        assert 0 < len(await listed(clips)) < 60
        await device.close()


async def test_reboot_during_delete(session: ClientSession, quick: None) -> None:
    """The camera is away; nobody claims anything."""
    async with camera(delete_time=0.02) as sim:
        sim.camera.clips.fill("sd1", Film.MP4, 60)
        device = device_of(session, sim)
        await device.connect()
        clips = clips_of(device)
        deleting = asyncio.create_task(clips.delete(await listed(clips)))
        await asyncio.sleep(0.3)
        await sim.reboot(0.1)
        with pytest.raises(ConnectError):
            await deleting
        assert len(await listed(clips)) == len(newest_first(sim))
        await device.close()


async def test_delete_without_effect(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """What is still listed is not gone, whatever the camera answered."""
    sim.camera.clips.fill("sd1", Film.MP4, 3)
    sim.fault("del_clip_file", Fault.NO_CONTENT)
    asked = pages(sim)
    assert await clips_of(device).delete(await listed(clips_of(device))) == ()
    assert pages(sim) > asked


async def test_lost_answer_to_delete(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """What is gone is told, also where the camera hung up instead of answering."""
    sim.camera.clips.fill("sd1", Film.MP4, 120)
    wanted = (await listed(clips_of(device)))[:60]
    asyncio.get_running_loop().call_soon(sim.fault, "del_clip_file", Fault.CLOSE)
    with pytest.raises(ConnectError):
        await clips_of(device).delete(wanted)
    assert len(newest_first(sim)) == 120
