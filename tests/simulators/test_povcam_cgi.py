"""State, recording and settings of the simulated Panasonic camera, row by row."""

from pathlib import Path

import aiohttp
import pytest

from tests.simulators.povcam import (
    AG_MDC20,
    AG_MDR25,
    AG_UCK20,
    AW_HE40,
    Auth,
    Model,
    PovcamSimulator,
)
from tests.simulators.povcam_client import Clock, get, status

VECTORS = Path(__file__).parents[1] / "vectors" / "povcam"


async def test_state_of_recorder(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """get_state has the 18 lines of 9.1, in order."""
    code, state = await get(client, sim, "get_state")
    assert code == 200
    assert list(state) == [
        "rec",
        "pre_rec",
        "rec_counter",
        "ftp_send",
        "play",
        "del_file",
        "download",
        "sd_format",
        "sd_insert",
        "sd_repair",
        "sd_error",
        "sd_rem",
        "sd_org",
        "sd2_insert",
        "sd2_repair",
        "sd2_error",
        "sd2_rem",
        "sd2_org",
    ]
    assert state["rec"] == "off"
    assert state["sd_rem"] == "29.7"


async def test_state_of_sister(client: aiohttp.ClientSession) -> None:
    """The sister model wraps 12 lines, prints dashes without a card and has no capability."""
    async with PovcamSimulator(AW_HE40, auth=Auth.NONE) as sim:
        sim.camera.slots["sd1"].inserted = False
        async with client.get(f"{sim.url}/cgi-bin/get_state") as response:
            body = await response.read()
        assert body.startswith(b"\xef\xbb\xbf\r\n<HTML>\r\n")
        assert body.count(b"=") == 12
        assert b"sd_rem=-----\r\n" in body
        assert await status(client, sim, "get_capability") == 404


@pytest.mark.parametrize("field", ["standby", "playback"])
async def test_state_only_while_imaging(
    client: aiohttp.ClientSession, sim: PovcamSimulator, field: str
) -> None:
    """get_state is refused in standby and playback (9.1)."""
    setattr(sim.camera, field, True)
    assert await status(client, sim, "get_state") == 500


async def test_recording_takes_time(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """The recording is accepted at once and shows two seconds later; the counter runs (8.7)."""
    assert await status(client, sim, "sdctrl", save="start") == 204
    assert (await get(client, sim, "get_state"))[1]["rec"] == "off"
    assert await status(client, sim, "sdctrl", save="start") == 500
    clock.now += 2
    clock.now += 3661
    state = (await get(client, sim, "get_state"))[1]
    assert (state["rec"], state["rec_counter"]) == ("on", "01:01:01")
    assert float(state["sd_rem"]) == pytest.approx(29.7 - 3661 * 0.00625, abs=0.06)
    assert await status(client, sim, "sdctrl", save="start") == 500
    assert await status(client, sim, "sdctrl", save="end") == 204
    clock.now += 2
    assert not sim.camera.recording
    assert await status(client, sim, "sdctrl", save="end") == 500


async def test_recording_refused(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """No card is 500, no parameter 403, a wrong one 500 (8.7)."""
    for slot in sim.camera.slots.values():
        slot.inserted = False
    assert await status(client, sim, "sdctrl", save="start") == 500
    assert await status(client, sim, "sdctrl") == 403
    assert await status(client, sim, "sdctrl", save="pause") == 500


async def test_cards_fill_one_after_the_other(sim: PovcamSimulator, clock: Clock) -> None:
    """A full card goes over to the next one, two full cards stop the recording."""
    sim.camera.slots["sd1"].remaining = 0.00625 * 10
    sim.camera.slots["sd2"].remaining = 0.00625 * 20
    sim.camera.recording = True
    clock.now += 15
    assert sim.camera.slots["sd1"].remaining == 0
    assert sim.camera.slots["sd2"].remaining == pytest.approx(0.00625 * 15)
    full = sim.camera.recorder
    assert full.active_slot is sim.camera.slots["sd2"]
    clock.now += 100
    assert not full.recording
    assert sim.camera.recorder.counter == pytest.approx(30, abs=1)


async def test_format(client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock) -> None:
    """A format is ErrorNo=3 while recording, else prepares, executes and finishes (9.2, 9.3)."""

    async def progress() -> str:
        return (await get(client, sim, "get_progress", type="format"))[1]["progress"]

    sim.camera.recording = True
    assert (await get(client, sim, "sdcard", cmd="format"))[1] == {"ErrorNo": "3"}
    sim.camera.recording = False
    sim.camera.slots["sd2"].remaining = 1
    assert (await get(client, sim, "sdcard", cmd="format2"))[1] == {"ErrorNo": "0"}
    assert await progress() == "prepare"
    assert (await get(client, sim, "get_state"))[1]["sd_format"] == "on"
    clock.now += 1.5
    assert await progress() == "exec"
    clock.now += 1.5
    assert await progress() == "finish"
    assert sim.camera.slots["sd2"].remaining == sim.camera.slots["sd2"].capacity


async def test_getuid(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """A user number comes with the settings of a stream, and 204 when the stream is off (2.1)."""
    code, reply = await get(client, sim, "getuid", FILE=2, vcodec="h264")
    assert code == 200
    assert (reply["ImageFormat"], reply["iResolution"]) == ("h264", "640")
    assert reply["iMultiAdd"] == "239.192.0.20"
    assert reply["iMultiPort"] == "37004"
    assert reply["iHttpPort"] == str(sim.port)
    again = (await get(client, sim, "getuid", FILE=2, vcodec="h264"))[1]
    assert again["UID"] != reply["UID"]
    sim.camera.h264_transmit[1] = False
    assert await status(client, sim, "getuid", FILE=2, vcodec="h264") == 204
    sim.camera.mode = "rec_pb"
    assert await status(client, sim, "getuid", FILE=2, vcodec="h264_2") == 204
    assert await status(client, sim, "getuid", FILE=2) == 403


async def test_getinfo(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """It tells who the camera is; another one can take its address (2.2)."""
    reply = (await get(client, sim, "getinfo", FILE=1))[1]
    assert (reply["MAC"], reply["NAME"]) == ("A8-13-74-00-00-01", "AG-UMR20")
    assert reply["aInPort_h264_2"] == "33014"
    sim.become(mac="A8-13-74-00-00-02", serial="OTHER")
    reply = (await get(client, sim, "getinfo", FILE=1))[1]
    assert (reply["MAC"], reply["SERIAL"]) == ("A8-13-74-00-00-02", "OTHER")


@pytest.mark.parametrize("model", [AG_UCK20, AG_MDC20, AG_MDR25], ids=lambda m: m.name)
async def test_models_word_titles(client: aiohttp.ClientSession, model: Model) -> None:
    """A title comes back in the model's own encoding and spacing."""
    async with PovcamSimulator(model, auth=Auth.NONE) as sim:
        url = f"{sim.url}/cgi-bin"
        async with client.post(f"{url}/set_basic", data={"cam_title": "玄関"}) as response:
            assert response.status == 204
        async with client.get(f"{url}/get_basic") as response:
            body = await response.read()
    first = body.split(b"\r\n")[0].split(b"=", 1)[1].strip()
    assert first.decode(model.title_encoding) == "玄関"
    assert (b" = " in body) == (model.body_style == "spaced")


async def test_settings(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """Settings are kept, told again, and refused out of range (4)."""
    assert await status(client, sim, "set_priority_mode", mode="rec_pb") == 204
    assert (await get(client, sim, "get_priority_mode"))[1] == {"priority_mode": "rec_pb"}
    assert "h264_transmit_ch2" not in (await get(client, sim, "get_video_over_ip"))[1]
    assert await status(client, sim, "set_h264_2", h264_transmit=0) == 500
    assert await status(client, sim, "set_priority_mode", mode="ip") == 204
    assert await status(client, sim, "set_h264_2", h264_transmit=0) == 204
    assert await status(client, sim, "set_h264", h264_transmit1=0, h264_unimulti="multi") == 204
    assert await status(client, sim, "set_h264", h264_bandwidth=1000) == 500
    reply = (await get(client, sim, "get_video_over_ip"))[1]
    assert (reply["h264_transmit_ch1"], reply["h264_transmit_ch2"]) == ("0", "0")
    assert reply["h264_unimulti_ch1"] == "multi"
    assert await status(client, sim, "set_audio", audio=1) == 500
    assert await status(client, sim, "set_audio", audio=0) == 204
    assert (await get(client, sim, "get_audio"))[1]["audio"] == "off"
    assert await status(client, sim, "set_basic", cam_title="x" * 21) == 500
    rtsp = await get(client, sim, "getdata", req="rtspport")
    assert rtsp == (200, {"rtspport": str(sim.rtsp_port)})


@pytest.mark.parametrize(
    ("option", "method", "expected"),
    [
        ("post_only", "GET", 405),
        ("post_only", "POST", 204),
        ("get_only", "POST", 405),
        ("get_only", "GET", 204),
    ],
)
async def test_method_strictness(
    client: aiohttp.ClientSession, option: str, method: str, expected: int
) -> None:
    """A strict model takes settings by one method only."""
    strict = {"post_only": option == "post_only", "get_only": option == "get_only"}
    async with PovcamSimulator(
        auth=Auth.NONE, post_only=strict["post_only"], get_only=strict["get_only"]
    ) as sim:
        fields = {"stream": "jpeg"}
        url = f"{sim.url}/cgi-bin/set_livestart"
        params, form = (fields, None) if method == "GET" else (None, fields)
        async with client.request(method, url, params=params, data=form) as response:
            assert response.status == expected
        assert (sim.camera.live_start == "jpeg") == (expected == 204)
        assert (sim.requests[-1].method, sim.requests[-1].params) == (method, fields)


async def test_referer_demanded(client: aiohttp.ClientSession) -> None:
    """Admin CGIs of some models want the Referer of their own page."""
    async with PovcamSimulator(auth=Auth.NONE, referer=True) as sim:
        assert await status(client, sim, "get_network") == 403
        headers = {"Referer": f"{sim.url}/admin/index.html"}
        async with client.get(f"{sim.url}/cgi-bin/get_network", headers=headers) as response:
            assert response.status == 200
        assert await status(client, sim, "get_basic") == 200


async def test_capability(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """The capability table names its groups (2.3)."""
    reply = (await get(client, sim, "get_capability"))[1]
    assert reply["video_server.cam_ctrl.ptz.zoom"] == "20"
    assert len(reply) > 50


async def test_bodies_are_the_vectors(
    client: aiohttp.ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """In the same state, the camera sends byte for byte what the hand-written vectors show."""

    async def same(name: str, cgi: str, camera: PovcamSimulator = sim) -> None:
        async with client.get(f"{camera.url}/cgi-bin/{cgi}") as response:
            assert await response.read() == (VECTORS / name).read_bytes()

    first, second = sim.camera.slots.values()
    first.remaining, second.remaining, second.capacity = 27.4, 59.5, 59.6
    await same("get_state_umr20_idle.txt", "get_state")
    second.inserted = False
    sim.camera.pre_rec = sim.camera.recording = True
    clock.now += 3723
    sim.camera.slots["sd1"].remaining = 4.1
    await same("get_state_umr20_recording.txt", "get_state")
    await same("sdcard_busy.txt", "sdcard?cmd=format")
    await same("get_priority_mode_ip.txt", "get_priority_mode")
    await same("get_audio.txt", "get_audio")
    sim.camera.title = "Stage left = 2"
    await same("get_basic.txt", "get_basic")
    async with PovcamSimulator(AW_HE40, auth=Auth.NONE, clock=clock) as sister:
        slot = sister.camera.slots["sd1"]
        slot.remaining, slot.capacity = 14.2, 14.8
        sister.camera.recording = True
        clock.now += 7
        sister.camera.slots["sd1"].remaining = 14.2
        await same("get_state_html_bom.txt", "get_state", sister)
    async with PovcamSimulator(AG_MDC20, auth=Auth.NONE) as japanese:
        japanese.camera.title, japanese.camera.plugin_disp = "玄関カメラ", "1"
        await same("get_basic_shift_jis.txt", "get_basic", japanese)
