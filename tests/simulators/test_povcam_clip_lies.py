"""Lists of clips that lie, and names that no card has."""

import aiohttp
import pytest

from tests.simulators.povcam import AG_MDC20, Auth, PovcamSimulator
from tests.simulators.povcam.clip_faults import HOSTILE_NAMES, ListFault
from tests.simulators.povcam.films import ClipFormat
from tests.simulators.povcam_clip_lists import body, foot, names

LIES: dict[ListFault, tuple[int, int, int]] = {
    ListFault.MORE: (15, 27, 15),
    ListFault.LESS: (15, 10, 15),
    ListFault.MISCOUNT: (20, 20, 15),
    ListFault.SAME_PAGE: (15, 20, 15),
    ListFault.ENDLESS: (15, 65535, 15),
    ListFault.REPEAT: (15, 20, 15),
    ListFault.CHANGING: (15, 20, 15),
}


@pytest.mark.parametrize("fault", LIES)
async def test_lies(client: aiohttp.ClientSession, sim: PovcamSimulator, fault: ListFault) -> None:
    """Each lie is told as it is described, once."""
    sim.camera.clips.fill("sd1", ClipFormat.AVCHD, 20)
    right = await names(client, sim)
    rest = await names(client, sim, index=16)
    sim.camera.clip_faults.lists(fault, times=3)
    assert (*(await foot(client, sim))[:2], len(await names(client, sim))) == LIES[fault]
    second = await names(client, sim, index=16)
    match fault:
        case ListFault.SAME_PAGE:
            assert second == right
        case ListFault.REPEAT:
            assert second == [right[-1], *rest]
        case ListFault.ENDLESS:
            assert len(second) == 15
        case ListFault.CHANGING:
            # Two pages later, two clips have gone.
            assert second == [f"S0AA00100000{at:02}60" for at in (18, 19, 20, 21, 22)]
        case _:
            assert second == rest
    if fault is not ListFault.CHANGING:
        assert await names(client, sim, index=16) == rest


async def test_rubbish_between_lines(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """Lines that are none stand between the others."""
    sim.camera.clips.fill("sd1", ClipFormat.AVCHD, 3)
    sim.camera.clip_faults.lists(ListFault.RUBBISH)
    lines = (await body(client, sim)).split(b"\r\n")
    assert lines[1:7:2] == [b"", b",,,", b"x,S1AA,13/45/20x7 99:99:99,now"]
    assert [line[:2] for line in lines[2:8:2]] == [b"1,", b"2,", b"3,"]
    sim.camera.clip_faults.clear()
    assert (await body(client, sim)).count(b"\r\n") == 7


async def test_hostile_names(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """Names go out byte by byte as a test made them."""
    for name in HOSTILE_NAMES:
        sim.camera.clips.add("sd1", ClipFormat.MP4, name=name)
    told = await body(client, sim, format="mp4")
    assert b",../../configuration," in told
    assert b",S1AA\x00\x1b[2J0001," in told
    assert b"," + b"L" * 300 + b"," in told
    assert "録画001".encode() in told


async def test_shift_jis(client: aiohttp.ClientSession) -> None:
    """Names come in the encoding of the model, and as raw bytes."""
    async with PovcamSimulator(AG_MDC20, auth=Auth.NONE) as sim:
        sim.camera.clips.add("sd1", ClipFormat.MP4, name="録画")
        assert b",\x98^\x89\xe6," in await body(client, sim, format="mp4")
    async with PovcamSimulator(auth=Auth.NONE) as sim:
        sim.camera.clips.add("sd1", ClipFormat.MP4, name="\udc98^\udc89\udce6")
        assert b",\x98^\x89\xe6," in await body(client, sim, format="mp4")
