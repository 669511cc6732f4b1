"""Clips of the simulated recorder: lists, deletion, and the recording that makes them (8, 10)."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from tests.simulators.povcam import AG_MDR25, AW_HE40, Auth, PovcamSimulator
from tests.simulators.povcam.films import ClipFormat
from tests.simulators.povcam_client import Clock, get, status
from tests.simulators.povcam_clip_lists import body, foot, names

VECTORS = Path(__file__).parents[1] / "vectors" / "povcam"
EVENING = datetime(2017, 6, 26, 20, 12, 2)  # noqa: DTZ001 - a camera's clock has none


async def test_list_as_printed(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """Two clips on the second card are listed as the specification prints them (10.1)."""
    sim.camera.clips.add("sd2", ClipFormat.AVCHD, began=EVENING, length=12)
    later = EVENING + timedelta(seconds=68)
    sim.camera.clips.add("sd2", ClipFormat.AVCHD, began=later, length=2.9)
    told = await body(client, sim, device="sd2")
    assert told == (VECTORS / "get_clip_list_umr20.txt").read_bytes()
    assert told == await body(client, sim, device="sd2")


async def test_names_of_mp4(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """MP4 clips are named like the example of 10.4; the two formats are listed apart."""
    sim.camera.clips.add("sd1", ClipFormat.MP4)
    assert await names(client, sim, format="mp4") == ["S0M40010000001A0"]
    assert await names(client, sim, format="avchd") == []
    assert await names(client, sim, format="mp4", device="sd2") == []


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, 403),
        ({"index": 1}, 403),
        ({"format": "mp4"}, 403),
        ({"index": 0, "format": "mp4"}, 500),
        ({"index": 65536, "format": "mp4"}, 500),
        ({"index": "one", "format": "mp4"}, 500),
        ({"index": 1, "format": "mts"}, 500),
        ({"index": 1, "format": "mp4", "device": "sd3"}, 500),
        ({"index": 1, "format": "mp4", "maxmatches": 0}, 500),
        ({"index": 1, "format": "mp4", "maxmatches": 16}, 500),
        ({"index": 65535, "format": "mp4", "maxmatches": 15}, 200),
    ],
)
async def test_list_wants_its_ranges(
    client: aiohttp.ClientSession,
    sim: PovcamSimulator,
    params: dict[str, str | int],
    expected: int,
) -> None:
    """Index and format must be there, and all in their ranges (10.1)."""
    assert await status(client, sim, "get_clip_list", **params) == expected


async def test_pages(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """15 clips a page, fewer if asked; the count of all and the list_id stay (10.1)."""
    sim.camera.clips.fill("sd1", ClipFormat.AVCHD, 2000, start=EVENING)
    first = await foot(client, sim)
    assert first == (15, 2000, first[2])
    assert await foot(client, sim, index=1996) == (5, 2000, first[2])
    assert await foot(client, sim, index=2001) == (0, 2000, first[2])
    assert await foot(client, sim, maxmatches=4, index=16) == (4, 2000, first[2])
    page = await body(client, sim, maxmatches=2, index=1000)
    assert b"1000,S0AA001000100060,07/03/2017 18:42:02,00:00:04\r\n1001,S0AA" in page


async def test_order_and_header_are_options(client: aiohttp.ClientSession) -> None:
    """A list may begin with the newest clip, and without the names of its columns."""
    async with PovcamSimulator(
        AG_MDR25, auth=Auth.NONE, list_header=False, newest_first=True
    ) as sim:
        sim.camera.clips.fill("sd1", ClipFormat.AVCHD, 2, start=EVENING, every=timedelta(days=365))
        told = await body(client, sim)
        assert told == (
            b"1,S0AA001000000260,06/26/2018 20:12:02,00:00:04\r\n"
            b"2,S0AA001000000160,06/26/2017 20:12:02,00:00:04\r\n"
            b"ClipfileNum=2\r\nClipfileALLNum=2\r\nlist_id=5777\r\n"
        )


async def test_list_id_goes_stale(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """What changes on a card makes its lists stale, those of the other card stay good."""
    clips = sim.camera.clips
    clips.fill("sd1", ClipFormat.AVCHD, 3)
    clips.fill("sd2", ClipFormat.MP4, 3)
    first = (await foot(client, sim))[2]
    other = (await foot(client, sim, device="sd2", format="mp4"))[2]
    assert first != other
    clips.add("sd1", ClipFormat.MP4)
    second = (await foot(client, sim))[2]
    assert second != first
    assert await status(client, sim, "del_clip_file", fileno=1, list_id=first) == 500
    assert await status(client, sim, "del_clip_file", fileno=1, list_id=second) == 204
    assert given(sim, other)
    sim.camera.slots["sd2"].inserted = False
    assert not given(sim, other)
    sim.camera.slots["sd2"].inserted = True
    assert not given(sim, other)


def given(sim: PovcamSimulator, list_id: int) -> bool:
    """Whether a list is still good."""
    return sim.camera.clips.given(str(list_id)) is not None


async def test_only_one_list(client: aiohttp.ClientSession) -> None:
    """A camera may know only the list that it gave last."""
    async with PovcamSimulator(auth=Auth.NONE, one_list=True) as sim:
        first = (await foot(client, sim))[2]
        await foot(client, sim, format="mp4")
        assert not given(sim, first)


@pytest.mark.parametrize("list_id", ["", "0", "x", "-1", "5777.0", "99999999999999999999"])
async def test_made_up_lists(
    client: aiohttp.ClientSession, sim: PovcamSimulator, list_id: str
) -> None:
    """What nobody gave out is no list."""
    sim.camera.clips.add("sd1", ClipFormat.AVCHD)
    await foot(client, sim)
    assert await status(client, sim, "del_clip_file", fileno=1, list_id=list_id) == 500


async def test_deletion_takes_time(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """Clips go one after the other, del_file=on meanwhile, and give back their room (10.2)."""
    clips, card = sim.camera.clips, sim.camera.slots["sd1"]
    for _ in range(3):
        clips.add("sd1", ClipFormat.AVCHD, room=2.0)
    card.remaining = 10.0
    list_id = (await foot(client, sim))[2]
    assert await status(client, sim, "del_clip_file", fileno="3,1", list_id=list_id) == 204
    assert (await get(client, sim, "get_state"))[1]["del_file"] == "on"
    assert await status(client, sim, "del_clip_file", fileno=2, list_id=list_id) == 500
    assert (await get(client, sim, "sdcard", cmd="format"))[1] == {"ErrorNo": "3"}
    assert await status(client, sim, "sdctrl", save="start") == 500
    clock.now += 0.3
    assert await names(client, sim) == ["S0AA001000000160", "S0AA001000000260"]
    clock.now += 0.2
    assert await names(client, sim) == ["S0AA001000000260"]
    state = (await get(client, sim, "get_state"))[1]
    assert (state["del_file"], state["sd_rem"]) == ("off", "14.0")


async def test_deletion_may_wait(client: aiohttp.ClientSession) -> None:
    """A camera may answer only when all is deleted."""
    async with PovcamSimulator(auth=Auth.NONE, delete_waits=True, delete_time=0.1) as sim:
        sim.camera.clips.fill("sd1", ClipFormat.AVCHD, 3)
        list_id = (await foot(client, sim))[2]
        assert await status(client, sim, "del_clip_file", fileno="1,2,3", list_id=list_id) == 204
        assert (await foot(client, sim))[1] == 0
        assert await status(client, sim, "del_clip_file", fileno="1", list_id=list_id) == 500


@pytest.mark.parametrize(
    ("fileno", "expected"),
    [
        ("60", 204),
        (",".join(map(str, range(1, 51))), 204),
        (",".join(map(str, range(1, 52))), 500),
        ("0", 500),
        ("61", 500),
        ("1,", 500),
        ("", 500),
        ("1 2", 500),
    ],
)
async def test_which_are_deleted(
    client: aiohttp.ClientSession,
    sim: PovcamSimulator,
    clock: Clock,
    fileno: str,
    expected: int,
) -> None:
    """Up to 50 numbers of the list; with a wrong one nothing is deleted (10.2)."""
    sim.camera.clips.fill("sd1", ClipFormat.AVCHD, 60)
    list_id = (await foot(client, sim))[2]
    assert await status(client, sim, "del_clip_file", fileno=fileno, list_id=list_id) == expected
    clock.now += 60
    gone = fileno.count(",") + 1 if expected == 204 else 0
    assert (await foot(client, sim))[1] == 60 - gone
    assert await status(client, sim, "del_clip_file", list_id=list_id) == 403
    assert await status(client, sim, "del_clip_file", fileno="1") == 403


async def test_no_deletion_while_recording(
    client: aiohttp.ClientSession, sim: PovcamSimulator
) -> None:
    """Nothing is deleted while the camera records."""
    sim.camera.clips.add("sd1", ClipFormat.AVCHD)
    sim.camera.recording = True
    list_id = (await foot(client, sim))[2]
    assert await status(client, sim, "del_clip_file", fileno=1, list_id=list_id) == 500


async def test_recording_makes_a_clip(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """At its end, on the card that is set, with begin and length of the recording (8.3, 8.7)."""
    assert await status(client, sim, "set_sdrec_target", device="sd2") == 204
    sim.camera.menus.clock.local = EVENING - timedelta(hours=1, seconds=2)
    clock.now += 3600
    assert await status(client, sim, "sdctrl", save="start") == 204
    clock.now += 2
    assert (await get(client, sim, "get_state"))[1]["rec"] == "on"
    clock.now += 10
    assert await names(client, sim, device="sd2") == []
    await get(client, sim, "sdctrl", save="end")
    clock.now += 2
    told = await body(client, sim, device="sd2")
    assert b"\r\n1,S1AA001000000160,06/26/2017 20:12:02,00:00:12\r\n" in told
    assert await names(client, sim) == []
    assert sim.camera.slots["sd2"].remaining == pytest.approx(29.7 - 12 * 0.00625)
    assert sim.camera.slots["sd1"].remaining == 29.7


async def test_recording_goes_on_on_the_other_card(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """A full card ends its clip, and another begins on the other card."""
    sim.camera.slots["sd1"].remaining = 0.0625
    sim.camera.recording = True
    clock.now += 15
    assert b",00:00:10\r\n" in await body(client, sim)
    sim.camera.recording = False
    assert b",00:00:05\r\n" in await body(client, sim, device="sd2")


async def test_recording_mode_makes_the_format(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """2160 lines are MP4; resetting the number and another recorder begin folders (8.1, 8.5)."""
    sim.camera.menus.record_mode = "mp4_2160_30p_50m"

    async def record() -> str:
        sim.camera.recording = True
        clock.now += 5
        sim.camera.recording = False
        return sim.camera.clips.of("sd1", ClipFormat.MP4)[-1].path

    assert await record() == "DCIM/100RID00/R00A0001.MP4"
    assert await record() == "DCIM/100RID00/R00A0002.MP4"
    assert await status(client, sim, "contentnum_reset") == 204
    assert await record() == "DCIM/101RID00/R00A0001.MP4"
    assert await status(client, sim, "set_recorder_num", recorder_num=16) == 204
    assert await record() == "DCIM/102RID16/R16A0001.MP4"
    assert await names(client, sim, format="mp4") == [
        "S0M40010000001A0",
        "S0M40010000002A0",
        "S0M40020000001A0",
        "S0M40030000001A0",
    ]
    sim.camera.menus.record_mode = "avchd_ps_1080_60p_28m"
    sim.camera.recording = True
    clock.now += 5
    sim.camera.recording = False
    assert sim.camera.clips.of("sd1", ClipFormat.AVCHD)[-1].path == "AVCHD/BDMV/STREAM/00000.MTS"


async def test_full_folder(sim: PovcamSimulator) -> None:
    """After number 9999 another folder begins."""
    clips = sim.camera.clips.fill("sd1", ClipFormat.MP4, 10_000)
    assert [clip.path for clip in clips[-2:]] == [
        "DCIM/100RID00/R00A9999.MP4",
        "DCIM/101RID00/R00A0001.MP4",
    ]


async def test_format_empties_the_card(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """Formatting takes all clips of that card, and there is no list meanwhile (9.2)."""
    sim.camera.clips.fill("sd1", ClipFormat.MP4, 3)
    sim.camera.clips.fill("sd2", ClipFormat.MP4, 3)
    assert (await get(client, sim, "sdcard", cmd="format2"))[1] == {"ErrorNo": "0"}
    assert await status(client, sim, "get_clip_list", index=1, format="mp4") == 500
    clock.now += 3
    assert (await get(client, sim, "get_progress", type="format"))[1] == {"progress": "finish"}
    assert (await foot(client, sim, format="mp4"))[1] == 3
    assert (await foot(client, sim, format="mp4", device="sd2"))[1] == 0


async def test_no_card(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """Without a card there is no list (500); a card that comes back has its clips."""
    sim.camera.clips.fill("sd1", ClipFormat.AVCHD, 3)
    list_id = (await foot(client, sim))[2]
    sim.camera.pull_card("sd1")
    assert await status(client, sim, "get_clip_list", index=1, format="avchd") == 500
    assert await status(client, sim, "del_clip_file", fileno=1, list_id=list_id) == 500
    sim.camera.insert_card("sd1")
    told = await foot(client, sim)
    assert (told[1], told[2] == list_id) == (3, False)
    sim.camera.pull_card("sd1")
    sim.camera.insert_card("sd1", blank=True)
    assert (await foot(client, sim))[1] == 0


async def test_card_pulled_from_a_format(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """The format ends with an error, and so does the card when it comes back."""
    await get(client, sim, "sdcard", cmd="format")
    clock.now += 1.5
    assert (await get(client, sim, "get_progress", type="format"))[1] == {"progress": "exec"}
    sim.camera.pull_card("sd1")
    clock.now += 60
    assert (await get(client, sim, "get_progress", type="format"))[1] == {"progress": "error"}
    sim.camera.insert_card("sd1")
    assert (await get(client, sim, "get_state"))[1]["sd_error"] == "on"
    await get(client, sim, "sdcard", cmd="format")
    clock.now += 3
    assert (await get(client, sim, "get_progress", type="format"))[1] == {"progress": "finish"}
    assert (await get(client, sim, "get_state"))[1]["sd_error"] == "off"


async def test_card_pulled_from_a_deletion(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """What was not deleted yet is still there."""
    sim.camera.clips.fill("sd1", ClipFormat.AVCHD, 10)
    list_id = (await foot(client, sim))[2]
    numbers = "1,2,3,4,5,6,7,8,9,10"
    assert await status(client, sim, "del_clip_file", fileno=numbers, list_id=list_id) == 204
    clock.now += 0.7
    sim.camera.pull_card("sd1")
    clock.now += 60
    sim.camera.insert_card("sd1")
    assert (await foot(client, sim))[1] == 7
    assert (await get(client, sim, "get_state"))[1]["del_file"] == "off"


async def test_card_pulled_from_a_recording(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """The recording goes on on the other card; without one it ends."""
    sim.camera.recording = True
    clock.now += 7
    sim.camera.pull_card("sd1")
    assert (await get(client, sim, "get_state"))[1]["rec"] == "on"
    clock.now += 3
    sim.camera.pull_card("sd2")
    assert (await get(client, sim, "get_state"))[1]["rec"] == "off"
    sim.camera.insert_card("sd1")
    sim.camera.insert_card("sd2")
    assert b",00:00:07\r\n" in await body(client, sim)
    assert b",00:00:03\r\n" in await body(client, sim, device="sd2")


async def test_reboot_ends_what_is_under_way(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """A restart ends deletion and format; a recording leaves its clip."""
    sim.camera.clips.fill("sd1", ClipFormat.AVCHD, 3)
    list_id = (await foot(client, sim))[2]
    await get(client, sim, "del_clip_file", fileno="1,2,3", list_id=list_id)
    await sim.reboot(0)
    clock.now += 60
    assert (await foot(client, sim))[1] == 3
    sim.camera.recording = True
    clock.now += 5
    await sim.reboot(0)
    assert (await get(client, sim, "get_state"))[1]["rec"] == "off"
    assert (await foot(client, sim))[1] == 4


async def test_card_pulled_from_a_list(client: aiohttp.ClientSession) -> None:
    """A list takes its time; a card that is pulled meanwhile has none."""
    async with PovcamSimulator(auth=Auth.NONE, list_delay=0.2) as sim:
        sim.camera.clips.fill("sd1", ClipFormat.MP4, 3)
        async with asyncio.TaskGroup() as group:
            asked = status(client, sim, "get_clip_list", index=1, format="mp4")
            answer = group.create_task(asked)
            await asyncio.sleep(0.05)
            sim.camera.pull_card("sd1")
        assert answer.result() == 500


async def test_access_levels(client: aiohttp.ClientSession) -> None:
    """Clips are for everybody who may look; FTP, formats and numbers are not (8 to 11)."""
    async with PovcamSimulator(auth=Auth.BASIC, user_auth=True) as sim:
        sim.camera.clips.add("sd1", ClipFormat.MP4)
        list_id, given = sim.camera.clips.listing("sd1", ClipFormat.MP4)
        name = given.clips[0].name
        rows: list[tuple[str, dict[str, str], int]] = [
            ("get_clip_list", {"index": "1", "format": "mp4"}, 200),
            ("get_clip_file", {"filename": name, "list_id": str(list_id)}, 200),
            ("del_clip_file", {"fileno": "1", "list_id": str(list_id)}, 204),
            ("contentnum_reset", {}, 401),
            ("set_ftp", {"mode": "active"}, 401),
            ("get_ftp", {}, 401),
            ("send_ftpserver", {"select_type": "all", "list_id": str(list_id)}, 401),
            ("cancel_send_ftpserver", {}, 401),
        ]
        viewer = {"Authorization": aiohttp.encode_basic_auth("viewer", "viewer")}
        for cgi, params, expected in rows:
            url = f"{sim.url}/cgi-bin/{cgi}"
            async with client.get(url, params=params) as response:
                assert response.status == 401, cgi
            async with client.get(url, params=params, headers=viewer) as response:
                assert response.status == expected, cgi


async def test_some_days(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """A camera may begin with clips on both cards, of the days before."""
    sim.camera.clips.spread(6, EVENING)
    for slot in ("sd1", "sd2"):
        for kind in ClipFormat:
            days = [clip.began.day for clip in sim.camera.clips.of(slot, kind)]
            assert days == [23, 24, 24, 25, 25, 26]
    assert (await foot(client, sim, format="mp4"))[:2] == (6, 6)


async def test_sister_without_recorder(client: aiohttp.ClientSession) -> None:
    """Who is no recorder knows none of this."""
    async with PovcamSimulator(AW_HE40, auth=Auth.NONE) as sim:
        for cgi in ("get_clip_list", "get_clip_file", "del_clip_file", "contentnum_reset"):
            assert await status(client, sim, cgi, index=1, format="mp4") == 404
