"""All settings by name and in a list, and what the system frequency and the priority mode allow."""

from pathlib import Path

import aiohttp
import pytest

from tests.simulators.povcam import Auth, PovcamSimulator
from tests.simulators.povcam_client import get, status

VECTORS = Path(__file__).parents[1] / "vectors" / "povcam"
NAMES = next(
    line.split("\t")[5].split()
    for line in (VECTORS / "commands.tsv").read_text(encoding="utf-8").splitlines()
    if line.split("\t")[1:2] == ["getdata"]
)
LISTED = (VECTORS / "setdata_names.txt").read_text(encoding="utf-8").split()
"""The names of chapter 6, in its order."""


@pytest.mark.parametrize("name", [*NAMES, "h264uniport_2", "h264bwcmin_2"])
async def test_getdata(client: aiohttp.ClientSession, sim: PovcamSimulator, name: str) -> None:
    """Each setting of 5.12 is told under the name that it was asked for by."""
    code, told = await get(client, sim, "getdata", req=name)
    assert code == 200
    assert list(told) == [name]
    assert told[name]


async def test_getdata_bytes(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """One setting is one line."""
    sim.camera.rtsp_port = 554
    async with client.get(f"{sim.url}/cgi-bin/getdata?req=rtspport") as response:
        assert await response.read() == (VECTORS / "getdata_rtspport.txt").read_bytes()


async def test_getdata_of_nothing(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """A name that there is not is refused."""
    assert await status(client, sim, "getdata", req="h264_3") == 500


@pytest.mark.parametrize("cgi", ["setdata", "getdata"])
async def test_list(client: aiohttp.ClientSession, sim: PovcamSimulator, cgi: str) -> None:
    """Without parameters, both tell the list of chapter 6, with what is set just now."""
    video = sim.camera.video[2]
    video.multicast_address, video.bandwidth_min = "239.1.2.3", 2048
    code, told = await get(client, sim, cgi)
    assert code == 200
    assert sorted(told) == sorted(LISTED)
    assert (told["H264MLADD_2"], told["H264MLADD3_2"]) == ("239.1.2.3", "2")
    assert (told["H264BWCMIN_2"], told["NRH264BWC_2"]) == ("2048", "2048")
    assert (told["AUDIO"], told["AUDIOENC"], told["IMAGESELECT"]) == ("in", "2", "2m")


async def test_setdata(client: aiohttp.ClientSession) -> None:
    """With parameters it is a setting: an administrator's, and told by chapter 5."""
    async with PovcamSimulator(auth=Auth.BASIC, post_only=True) as sim:
        login = aiohttp.encode_basic_auth("admin", "12345")
        url = f"{sim.url}/cgi-bin/setdata"
        assert await status(client, sim, "setdata") == 200
        assert await status(client, sim, "setdata", LIVEQUAL=7) == 401
        for form, expected in (
            ({"LIVEQUAL": "7", "LIVESIZE": "640"}, 204),
            ({"LIVEQUAL": "10"}, 500),
            ({"LIVESIZE": "320", "LIVEQUAL": "3"}, 500),
            ({"OTHER": "1"}, 403),
        ):
            headers = {"Authorization": login}
            async with client.post(url, data=form, headers=headers) as response:
                assert response.status == expected
        async with client.get(url, params={"LIVEQUAL": 2}, headers=headers) as response:
            assert response.status == 405
        assert (await get(client, sim, "get_video_over_ip"))[1]["jpeg_quality"] == "7"


FREQUENCY = [
    # CGI, name, at 60 Hz, at 50 Hz
    ("set_jpeg", "jpeg_interval1", ("15", "30"), ("12.5", "25")),
    ("set_h264", "framerate", ("15", "30", "60"), ("12.5", "25", "50")),
    ("set_h264_2", "framerate", ("15", "30"), ("12.5", "25")),
    ("mjpeg?action=snapshot&x", "framerate", ("15", "30"), ("12.5", "25")),
    (
        "set_sdrec_mode",
        "mode",
        ("avchd_ps_1080_60p_28m", "avchd_ph_1080_24p_21m", "avchd_pm_720_60i_8m"),
        ("avchd_ps_1080_50p_28m", "avchd_ph_1080_50i_21m", "avchd_pm_720_50i_8m"),
    ),
]


@pytest.mark.parametrize(("cgi", "name", "ntsc", "pal"), FREQUENCY)
async def test_system_frequency(
    client: aiohttp.ClientSession, cgi: str, name: str, ntsc: tuple[str, ...], pal: tuple[str, ...]
) -> None:
    """At 50 Hz the values in brackets are taken, and only those; 5 a second always."""

    async def codes(sim: PovcamSimulator, values: tuple[str, ...]) -> set[int]:
        path, _, rest = cgi.partition("?")
        more = dict([pair.split("=")[:2] for pair in rest.split("&") if "=" in pair])
        found = set()
        for value in values:
            parameters = {**more, name: value}
            async with client.get(f"{sim.url}/cgi-bin/{path}", params=parameters) as response:
                found.add(response.status)
        return found

    async with (
        PovcamSimulator(auth=Auth.NONE) as american,
        PovcamSimulator(auth=Auth.NONE, system_frequency=50) as european,
    ):
        taken = {200} if cgi.startswith("mjpeg") else {204}
        assert await codes(american, ntsc) == await codes(european, pal) == taken
        assert await codes(american, pal) == await codes(european, ntsc) == {500}
        if name != "mode":
            assert await codes(american, ("5",)) == await codes(european, ("5",)) == taken
        told = (await get(client, european, "get_video_over_ip"))[1]
        assert told["h264_framerate_ch1"] in {"5", "12.5"}
        assert (await get(client, european, "get_sdrec_mode"))[1]["mode"].count("_50")


async def test_4k(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """2160 lines are there in the priority modes of 4K only, and end with them (4.1, 8.1)."""
    assert await status(client, sim, "set_h264", h264_resolution=3840) == 500
    assert await status(client, sim, "set_priority_mode", mode="ip_4k") == 204
    assert await status(client, sim, "set_h264", h264_resolution=3840) == 204
    assert await status(client, sim, "set_sdrec_mode", mode="mp4_2160_30p_50m") == 500
    assert await status(client, sim, "set_priority_mode", mode="rec_pb_4k") == 204
    assert await status(client, sim, "set_sdrec_mode", mode="mp4_2160_30p_50m") == 204
    assert await status(client, sim, "set_h264_2", h264_transmit=1) == 500
    assert await status(client, sim, "set_priority_mode", mode="rec_pb") == 204
    told = (await get(client, sim, "get_video_over_ip"))[1]
    assert told["h264_resolution_ch1"] == "1920"
    assert (await get(client, sim, "get_sdrec_mode"))[1] == {"mode": "avchd_ps_1080_60p_28m"}


async def test_no_head(client: aiohttp.ClientSession) -> None:
    """A recorder alone has no 4K; it converts from 720 lines, which it does not with a head."""
    async with PovcamSimulator(auth=Auth.NONE, head=False) as alone:
        mode = "avchd_ha_1080_60i_17m_from_720"
        assert await status(client, alone, "set_sdrec_mode", mode=mode) == 204
        assert await status(client, alone, "set_priority_mode", mode="rec_pb_4k") == 204
        assert await status(client, alone, "set_sdrec_mode", mode="mp4_2160_30p_50m") == 500
        assert await status(client, alone, "set_h264", h264_resolution=3840) == 500
    async with PovcamSimulator(auth=Auth.NONE) as together:
        assert await status(client, together, "set_sdrec_mode", mode=mode) == 500
