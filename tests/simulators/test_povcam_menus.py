"""Menus of the simulated Panasonic camera that have nothing to do with pictures, row by row."""

import aiohttp
import pytest

from tests.simulators.povcam import AW_HE40, Auth, PovcamSimulator
from tests.simulators.povcam_client import get, status

# CGI, what is sent, what tells it, and what it then tells.
TAKEN = [
    ("time", {"time_adjust": 1, "ntp_addr": "192.0.2.1"}, "get_time", {"ntp_addr": "192.0.2.1"}),
    ("time", {"ntp_port": 65535}, "get_time", {"ntp_port": "65535", "time_adjust": "0"}),
    ("date_time", {"timezone": 33}, "get_date_time", {"timezone": "33"}),
    (
        "date_time",
        {"date_year": 2035, "summer_time": 1, "end_week": 2},
        "get_date_time",
        {"date_year": "2035", "is_summer_time": "1", "end_week": "2", "start_week": "5"},
    ),
    ("multi_screen", {"multi_addr3": "192.0.2.3:81"}, "get_multi_screen", {"multi_name3": ""}),
    ("multi_screen", {"multi_name16": "Gate"}, "get_multi_screen", {"multi_name16": "Gate"}),
    ("easyipset", {"time": "unlimited"}, "get_network", {"time": "unlimited"}),
    ("set_bandwidth", {"bandwidth": 10000}, "get_network", {"bandwidth": "0"}),
    ("set_bandwidth", {"bandwidth": 4096}, "get_network", {"bandwidth": "4096"}),
    ("set_rtp", {"rtp_size": 1280}, "get_network", {"rtp_packet_max": "1280"}),
    ("upnp", {"upnp_portmap": 1}, "get_upnp", {"upnp_portmap": "1"}),
    ("set_sdrec_target", {"device": "sd2"}, "get_sdrec_target", {"device": "sd2"}),
    ("set_recorder_num", {"recorder_num": 16}, "get_recorder_num", {"recorder_num": "16"}),
    (
        "set_rtsp",
        {"h264_rtsp_mode2": 1},
        "get_video_over_ip",
        {"h264_rtsp_mode_ch2": "1", "h264_rtsp_mode_ch1": "0"},
    ),
    (
        "set_h264",
        {"multicast_address_r": "239.1.2.3", "multicast_ttl": 254},
        "get_video_over_ip",
        {"h264_multicast_addr_ch1": "239.1.2.3", "h264_multicast_ttl_ch1": "254"},
    ),
    (
        "set_h264_2",
        {"multicast_address_r4": "99"},
        "get_video_over_ip",
        {"h264_multicast_addr_ch2": "239.192.0.99"},
    ),
    (
        "set_h264",
        {"f_priority": 2, "h264_bandwidth_min": 51200},
        "get_video_over_ip",
        {"h264_bandwidth_min_ch1": "51200"},
    ),
    ("set_audio", {"equalizer": "low_cut"}, "get_audio", {"equalizer": "low_cut"}),
]


@pytest.mark.parametrize(("cgi", "sent", "told_by", "told"), TAKEN)
async def test_taken(
    client: aiohttp.ClientSession,
    sim: PovcamSimulator,
    cgi: str,
    sent: dict[str, str | int],
    told_by: str,
    told: dict[str, str],
) -> None:
    """A value is kept, and told under its own name of chapter 5."""
    assert await status(client, sim, cgi, **sent) == 204
    reply = (await get(client, sim, told_by))[1]
    assert {key: reply[key] for key in told} == told


REFUSED = [
    ("time", {"ntp_addr": "pool.ntp.org"}),
    ("time", {"ntp_port": 0}),
    ("time", {"ntp_interval": 25}),
    ("date_time", {"timezone": 34}),
    ("date_time", {"date_year": 2036}),
    ("date_time", {"start_dotw": 7}),
    ("multi_screen", {"multi_addr1": "192.0.2.3:0"}),
    ("multi_screen", {"multi_name1": "x" * 21}),
    ("easyipset", {"time": "10"}),
    ("set_bandwidth", {"bandwidth": 512}),
    ("set_rtp", {"rtp_size": 1400}),
    ("upnp", {"upnp_portmap": 2}),
    ("set_volume_lv", {"volume_lv": 24}),
    ("set_rtsp", {"rtsp_port": 65536}),
    ("set_sdrec_mode", {"mode": "mp4_2160_30p_50m"}),
    ("set_sdrec_mode", {"mode": "mp4"}),
    ("set_sdrec_target", {"device": "sd3"}),
    ("set_recorder_num", {"recorder_num": 17}),
    ("set_h264", {"h264_bandwidth_min": 2048}),
    ("set_h264", {"multicast_address_r": "192.168.0.1"}),
    ("set_h264", {"multicast_address_r": "239.1.2"}),
    ("set_h264", {"multicast_ttl": 255}),
    ("set_h264_2", {"h264_bandwidth": 32768}),
    ("set_h264_2", {"multicast_address_r1": 240}),
    ("set_audio", {"equalizer": "high_cut"}),
]


@pytest.mark.parametrize(("cgi", "sent"), REFUSED)
async def test_refused(
    client: aiohttp.ClientSession, sim: PovcamSimulator, cgi: str, sent: dict[str, str | int]
) -> None:
    """A value out of its range is refused, and so is a request without any."""
    assert await status(client, sim, cgi, **sent) == 500
    assert await status(client, sim, cgi) == 403


async def test_volume(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """It is set, and told by nothing (4.4)."""
    assert await status(client, sim, "set_volume_lv", volume_lv=23) == 204
    assert sim.camera.menus.volume == 23


async def test_recording_mode(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """2160 lines only in their priority mode, and nothing is changed while recording (8.1)."""
    assert await status(client, sim, "set_priority_mode", mode="rec_pb_4k") == 204
    assert await status(client, sim, "set_sdrec_mode", mode="mp4_2160_30p_50m") == 204
    assert (await get(client, sim, "get_sdrec_mode"))[1] == {"mode": "mp4_2160_30p_50m"}
    sim.camera.recording = True
    assert await status(client, sim, "set_sdrec_mode", mode="avchd_ps_1080_60p_28m") == 500


async def test_no_recorder(client: aiohttp.ClientSession) -> None:
    """A camera that records on one card has no menus for it."""
    async with PovcamSimulator(AW_HE40, auth=Auth.NONE) as sim:
        assert await status(client, sim, "get_sdrec_mode") == 404
        assert await status(client, sim, "set_recorder_num", recorder_num=1) == 404
