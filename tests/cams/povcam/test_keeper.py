"""The menus of a Panasonic camera: read, and restored to it and to another one."""

from collections.abc import AsyncIterator
from dataclasses import fields

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams import keeping
from custom_components.panacam.cams.backup import Sections, compare
from custom_components.panacam.cams.errors import BusyError, ConnectError, Reason
from custom_components.panacam.cams.povcam import client
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.povcam.wire import Command
from custom_components.panacam.cams.roles import Keeper
from custom_components.panacam.cams.stream import Credentials
from tests.cams.support import LOGIN, camera, device_of
from tests.simulators.povcam import AW_HE40, Fault, PovcamSimulator


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras here show at once what they were told."""
    monkeypatch.setattr(keeping, "SETTLE", 0.0)


@pytest.fixture
async def other(session: ClientSession) -> AsyncIterator[PovcamSimulator]:
    """Run a second recorder of the same model."""
    async with camera(mac="A8-13-74-00-00-02", serial="SIM0000002") as simulator:
        yield simulator


async def keeper_of(
    session: ClientSession, sim: PovcamSimulator, login: Credentials | None = LOGIN
) -> Keeper:
    """Return the role of a simulated camera."""
    device: PovcamDevice = device_of(session, sim, login)
    await device.connect()
    assert device.keeper is not None
    return device.keeper


def adjust(sim: PovcamSimulator) -> None:
    """Turn every knob that is unlike those of a camera just unpacked."""
    one = sim.camera
    one.title, one.plugin_disp, one.live_start = "Stage \u7384\u95a2", "1", "jpeg"
    one.jpeg_quality, one.jpeg_interval = 8, "30"
    one.h264_transmit[2] = False
    for stream in (1, 2):
        video = one.video[stream]
        video.resolution, video.framerate, video.bandwidth = "1280", "30", 8192
        video.priority, video.bandwidth_min, video.quality = "2", 2048, "low"
        video.multicast_address, video.multicast_port = f"239.1.2.{stream}", 40000 + stream
        video.multicast_ttl, video.unicast_port, video.rtsp_mode = 7, 32100, "1"
    one.audio_settings.sensitivity, one.audio_settings.equalizer = "sdi", "low_cut"
    one.audio_settings.bitrate = "64"
    menus = one.menus
    menus.time_server.adjust, menus.time_server.address = "1", "192.0.2.123"
    menus.clock.timezone, menus.clock.summer_time, menus.clock.start["month"] = 15, "2", 4
    menus.screens[16] = ("192.0.2.9:8080", "Gate")
    menus.rtp_size, menus.bandwidth, menus.easy_ip_setup, menus.upnp = (
        "1280",
        "4096",
        "unlimited",
        "1",
    )
    menus.record_mode, menus.record_target, menus.recorder_number = (
        "avchd_ph_720_60p_21m",
        "sd2",
        7,
    )


def state_of(sim: PovcamSimulator) -> tuple[object, ...]:
    """Return all that `adjust` turns."""
    one, clock = sim.camera, sim.camera.menus.clock
    return (
        one.title,
        one.plugin_disp,
        one.live_start,
        one.jpeg_quality,
        one.jpeg_interval,
        one.h264_transmit,
        one.video,
        one.audio,
        one.audio_settings,
        *(getattr(one.menus, item.name) for item in fields(one.menus) if item.name != "clock"),
        *(getattr(clock, name) for name in ("display", "timezone", "summer_time", "start", "end")),
    )


async def test_read(session: ClientSession, sim: PovcamSimulator) -> None:
    """Everything that can be set again, as it is written; no network address and no password."""
    adjust(sim)
    sections = await (await keeper_of(session, sim)).read()
    assert sections["basic"] == {
        "cam_title": "Stage \u7384\u95a2",
        "plugin_download": "enable",
        "plugin_disp": "1",
    }
    assert sections["h264_1"] == {
        "transmit": "1",
        "rtsp_mode": "1",
        "resolution": "1280",
        "f_priority": "2",
        "framerate": "30",
        "bandwidth": "8192",
        "bandwidth_min": "2048",
        "quality": "low",
        "unimulti": "uni",
        "unicast_port": "32100",
        "unicast_audio_port": "33004",
        "multicast_address": "239.1.2.1",
        "multicast_port": "40001",
        "multicast_ttl": "7",
    }
    assert sections["recording"] == {
        "mode": "avchd_ph_720_60p_21m",
        "device": "sd2",
        "recorder_num": "7",
    }
    assert sections["network"] == {
        "easy_ip_setup": "unlimited",
        "bandwidth": "4096",
        "rtp_size": "1280",
        "upnp_portmap": "1",
    }
    assert sections["multi_screen"]["multi_name16"] == "Gate"
    assert "volume_lv" not in sections["audio"]
    assert set(sections) == {
        *("priority", "basic", "time", "date_time", "jpeg", "h264_1", "h264_2", "live"),
        *("audio", "multi_screen", "network", "recording"),
    }


async def test_restored_to_another(
    session: ClientSession, sim: PovcamSimulator, other: PovcamSimulator
) -> None:
    """The camera that takes its place is as it was, in what it really does."""
    adjust(sim)
    sections = await (await keeper_of(session, sim)).read()
    keeper = await keeper_of(session, other)
    assert compare(sections, await keeper.read())
    report = await keeper.restore(sections, own=True)
    assert state_of(other) == state_of(sim)
    assert report.complete
    assert not report.spared
    assert "basic.cam_title" in report.taken
    assert "h264_1.bandwidth_min" in report.taken
    assert "h264_1.unimulti" in report.unchanged
    assert not compare(sections, await keeper.read())
    written = [move.cgi for move in other.camera.moves]
    assert "set_priority_mode" not in written
    again = await keeper.restore(sections, own=True)
    assert again.taken == ()
    assert len(again.unchanged) == len(report.taken) + len(report.unchanged)
    assert [move.cgi for move in other.camera.moves] == written


async def test_what_is_one_cameras_own(
    session: ClientSession, sim: PovcamSimulator, other: PovcamSimulator
) -> None:
    """Beside the camera that it was copied from, title and multicast address stay as they are."""
    adjust(sim)
    sections = await (await keeper_of(session, sim)).read()
    report = await (await keeper_of(session, other)).restore(sections, own=False)
    assert other.camera.title == "AG-UMR20"
    assert other.camera.video[1].multicast_address == "239.192.0.20"
    assert other.camera.menus.upnp == "0"
    assert other.camera.video[1].resolution == "1280"
    assert report.complete
    assert set(report.spared) == {
        "basic.cam_title",
        "network.upnp_portmap",
        "h264_1.unimulti",
        "h264_1.multicast_address",
        "h264_1.multicast_port",
        "h264_2.unimulti",
        "h264_2.multicast_address",
        "h264_2.multicast_port",
    }


async def test_priority_mode_comes_first(
    session: ClientSession, sim: PovcamSimulator, other: PovcamSimulator
) -> None:
    """It decides whether there is a second stream, and what can be recorded."""
    sim.camera.mode = "rec_pb_4k"
    sim.camera.menus.record_mode = "mp4_2160_30p_50m"
    sections = await (await keeper_of(session, sim)).read()
    assert "h264_2" not in sections
    report = await (await keeper_of(session, other)).restore(sections, own=True)
    assert report.complete
    assert other.camera.mode == "rec_pb_4k"
    assert other.camera.menus.record_mode == "mp4_2160_30p_50m"
    sections = {**sections, "h264_2": {"resolution": "1280"}}
    report = await (await keeper_of(session, other)).restore(sections, own=True)
    assert report.absent == ("h264_2.resolution",)


async def test_another_model(session: ClientSession, sim: PovcamSimulator) -> None:
    """What it has not is told; the rest takes."""
    adjust(sim)
    sections = await (await keeper_of(session, sim)).read()
    async with camera(AW_HE40) as sister:
        report = await (await keeper_of(session, sister)).restore(sections, own=True)
        assert sister.camera.video[1].resolution == "1280"
        assert sister.camera.title == "Stage \u7384\u95a2"
    assert set(report.absent) == {"recording.mode", "recording.device", "recording.recorder_num"}
    assert not report.refused
    assert not report.complete
    assert "h264_1.resolution" in report.taken


async def test_refusals(session: ClientSession, sim: PovcamSimulator) -> None:
    """Each is told for itself, and costs the others nothing."""
    keeper = await keeper_of(session, sim)
    sections: Sections = {
        "priority": {"mode": "rec_pb"},
        "jpeg": {"jpeg_quality": "7", "jpeg_interval1": 5, "nonsense": "1"},
        "h264_1": {"resolution": "999", "quality": "low"},
        "settings": {"brightness": 7},
    }
    sim.camera.recording = True
    report = await keeper.restore(sections, own=True)
    assert report.refused == {
        "priority.mode": Reason.REFUSED,
        "jpeg.jpeg_interval1": Reason.OUT_OF_RANGE,
        "h264_1.resolution": Reason.OUT_OF_RANGE,
    }
    assert report.taken == ("jpeg.jpeg_quality", "h264_1.quality")
    assert report.absent == ("jpeg.nonsense", "settings.brightness")
    assert (sim.camera.mode, sim.camera.jpeg_quality) == ("ip", 7)


async def test_a_yes_that_means_nothing(session: ClientSession, sim: PovcamSimulator) -> None:
    """A camera that agrees and does not change is not believed."""
    keeper = await keeper_of(session, sim)
    sim.fault("set_jpeg", Fault.NO_CONTENT)
    report = await keeper.restore({"jpeg": {"jpeg_quality": "7"}}, own=True)
    assert report.refused == {"jpeg.jpeg_quality": Reason.NOT_TAKEN}
    assert report.taken == ()


async def test_dies_midway(session: ClientSession, sim: PovcamSimulator) -> None:
    """Nothing is claimed of what came after, and the end is told."""
    adjust(sim)
    sections = await (await keeper_of(session, sim)).read()
    async with camera() as dying:
        keeper = await keeper_of(session, dying)
        dying.fault("set_h264", Fault.CLOSE)
        report = await keeper.restore(sections, own=True)
        assert dying.camera.video[1].resolution == "640"
        assert dying.camera.jpeg_quality == 8
    assert report.ended is Reason.CUT
    assert not report.complete
    assert "jpeg.jpeg_quality" in report.taken
    first = next(path for path in report.refused)
    assert report.refused == {first: Reason.CUT}
    assert first.startswith("h264_1.")
    assert not any(path.startswith(("h264", "recording", "audio")) for path in report.taken)
    assert "recording.mode" in report.untried
    assert "h264_1.unimulti" in report.unchanged


async def test_away(session: ClientSession, sim: PovcamSimulator) -> None:
    """Who is away has no settings to keep, and takes none."""
    keeper = await keeper_of(session, sim)
    sections = await keeper.read()
    sim.fault("*", Fault.CLOSE)
    with pytest.raises(ConnectError):
        await keeper.read()
    report = await keeper.restore(sections, own=True)
    assert report.ended is Reason.CUT
    assert report.taken == report.unchanged == ()
    assert len(report.untried) == sum(map(len, sections.values()))


async def test_not_the_administrator(session: ClientSession, sim: PovcamSimulator) -> None:
    """Who may only look keeps what everybody sees, and can restore nothing."""
    keeper = await keeper_of(session, sim, Credentials("viewer", "viewer"))
    sections = await keeper.read()
    assert "time" not in sections
    assert "jpeg" in sections
    report = await keeper.restore({"jpeg": {"jpeg_quality": "7"}}, own=True)
    assert report.refused == {"jpeg.jpeg_quality": Reason.NEEDS_ADMINISTRATOR}


async def test_requests_that_nobody_knows(session: ClientSession, sim: PovcamSimulator) -> None:
    """A camera that hangs up on one request is not away, and is not asked that again."""
    sim.fault("get_upnp", Fault.CLOSE)
    keeper = await keeper_of(session, sim)
    sections = await keeper.read()
    assert "upnp_portmap" not in sections["network"]
    sim.requests.clear()
    await keeper.read()
    assert "/cgi-bin/get_upnp" not in [request.path for request in sim.requests]


async def test_a_single_stumble(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once more, and a camera that stays busy is not taken for one without."""
    keeper = await keeper_of(session, sim)
    sim.fault("get_upnp", Fault.CLOSE, 1)
    assert "upnp_portmap" in (await keeper.read())["network"]
    call, busy = client.PovcamClient.call, 1

    async def stumbling(self: client.PovcamClient, command: Command, **values: str | int) -> bytes:
        nonlocal busy
        if command.name == "get_upnp" and busy:
            busy -= 1
            raise BusyError(Reason.BUSY)
        return await call(self, command, **values)

    monkeypatch.setattr(client.PovcamClient, "call", stumbling)
    assert "upnp_portmap" in (await keeper.read())["network"]
    busy = 2
    with pytest.raises(BusyError):
        await keeper.read()


async def test_only_by_get(session: ClientSession) -> None:
    """Cameras that take settings by GET are found out once a request."""
    async with camera(get_only=True) as sim:
        keeper = await keeper_of(session, sim)
        sections: Sections = {"jpeg": {"jpeg_quality": "7", "jpeg_interval1": "30"}}
        assert (await keeper.restore(sections, own=True)).complete
        assert (sim.camera.jpeg_quality, sim.camera.jpeg_interval) == (7, "30")
        tried = [request.method for request in sim.requests if "set_jpeg" in request.path]
        assert tried == ["POST", "GET", "GET"]


async def test_sound_is_set_as_a_set(session: ClientSession, sim: PovcamSimulator) -> None:
    """The camera refuses to switch it on without its source (4.4)."""
    sim.camera.audio = False
    keeper = await keeper_of(session, sim)
    report = await keeper.restore({"audio": {"audio": "in", "audio_sens": "sdi"}}, own=True)
    assert report.complete
    assert sim.camera.audio
    assert sim.camera.audio_settings.sensitivity == "sdi"


async def test_the_other_spelling(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The print leaves it open what the parameter is called: both names are tried."""
    keeper = await keeper_of(session, sim)
    tried: list[set[str]] = []
    call = client.PovcamClient.call

    async def picky(self: client.PovcamClient, command: Command, **values: str | int) -> bytes:
        if command.name == "set_h264":
            tried.append(set(values))
            if "h264_transmit1" in values:
                return b""  # agreed, and understood nothing
        return await call(self, command, **values)

    monkeypatch.setattr(client.PovcamClient, "call", picky)
    report = await keeper.restore({"h264_1": {"transmit": "0"}}, own=True)
    assert tried == [{"h264_transmit1"}, {"h264_transmit"}]
    assert report.taken == ("h264_1.transmit",)
    assert sim.camera.h264_transmit[1] is False
