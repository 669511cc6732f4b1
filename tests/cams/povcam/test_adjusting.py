"""The settings of a Panasonic camera: what it can be set to, and what becomes of each try."""

from collections.abc import Callable, Iterator
from itertools import count
import time
from types import SimpleNamespace
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import Notice, Reconfigured
from custom_components.panacam.cams.errors import (
    BusyError,
    CameraError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.povcam import adjusting, client, device as povcam_device
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.povcam.wire import Command
from custom_components.panacam.cams.settings import Choice, Setting, Value
from tests.cams.support import camera, device_of
from tests.simulators.povcam import AW_HE40, Fault, PovcamSimulator

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras here show at once what they were told."""
    monkeypatch.setattr(adjusting, "SETTLE", 0.01)


async def change(device: PovcamDevice, key: str, value: Value) -> None:
    """Set something."""
    assert device.settings is not None
    await device.settings.change(key, value)


def rows_of(device: PovcamDevice) -> dict[str, Setting]:
    """Return what can be set, by key."""
    assert device.settings is not None
    return {row.key: row for row in device.settings.table}


def options(device: PovcamDevice, key: str) -> tuple[str, ...]:
    """Return what can be chosen."""
    row = rows_of(device)[key]
    assert isinstance(row, Choice)
    return row.options


async def connected(session: ClientSession, sim: PovcamSimulator, **given: Any) -> PovcamDevice:
    """Return a camera's device, set up."""
    device = device_of(session, sim, **given)
    await device.connect()
    return device


def answering(monkeypatch: pytest.MonkeyPatch, name: str, answer: Callable[[bytes], bytes]) -> None:
    """Have a camera tell something else than it would."""
    call = client.PovcamClient.call

    async def other(self: client.PovcamClient, command: Command, **values: str | int) -> bytes:
        body = await call(self, command, **values)
        return answer(body) if command.name == name else body

    monkeypatch.setattr(client.PovcamClient, "call", other)


async def test_what_most_people_want(device: PovcamDevice) -> None:
    """All is configuration, and little of it is on by default."""
    rows = rows_of(device)
    assert {key for key, row in rows.items() if row.enabled} == {"recording_mode", "recording_card"}
    assert all(row.config for row in rows.values())
    state = await device.poll()
    assert state.settings.keys() == rows.keys()
    assert None not in state.settings.values()


@pytest.mark.parametrize(
    ("mode", "sizes", "recorded", "second"),
    [
        ("ip", 3, 7, True),
        ("rec_pb", 3, 7, False),
        ("ip_4k", 4, 7, True),
        ("rec_pb_4k", 4, 9, False),
    ],
)
async def test_priority_modes(
    session: ClientSession, mode: str, sizes: int, recorded: int, second: bool
) -> None:
    """2160 lines are for 4K; H.264(2) is not there while the camera records first of all."""
    async with camera() as sim:
        sim.camera.mode = mode
        sim.camera.live_start = "jpeg"
        device = await connected(session, sim)
        assert len(options(device, "h264_1_resolution")) == sizes
        found = [name for name in options(device, "recording_mode") if "_from_720" not in name]
        assert len(found) == recorded
        assert ("h264_2_bit_rate" in rows_of(device)) is second
        assert ("h264_2" in options(device, "live_start_stream")) is second
        alone = [name for name in options(device, "recording_mode") if "_from_720" in name]
        assert bool(alone) is not mode.endswith("4k")


@pytest.mark.parametrize("frequency", [50, 60])
async def test_all_that_is_offered(session: ClientSession, frequency: int) -> None:
    """A camera takes everything that is offered, but what only some other head could have."""
    async with camera(system_frequency=frequency) as sim:
        sim.camera.mode = "rec_pb_4k"
        sim.camera.live_start = "jpeg"
        rate = {50: "12.5", 60: "15"}[frequency]
        sim.camera.jpeg_interval = sim.camera.video[1].framerate = rate
        sim.camera.video[2].framerate = rate
        sim.camera.menus.record_mode = "avchd_ph_1080_24p_21m"
        if frequency == 50:
            sim.camera.menus.record_mode = "avchd_ph_720_50p_21m"
        device = await connected(session, sim)
        for key, row in rows_of(device).items():
            if not isinstance(row, Choice) or key == "priority_mode":
                continue
            for option in row.options:
                await change(device, key, option)
                assert (await device.poll()).settings[key] == option
        assert options(device, "jpeg_frame_rate") == (
            ("5 fps", "12.5 fps", "25 fps") if frequency == 50 else ("5 fps", "15 fps", "30 fps")
        )
        assert len(options(device, "h264_1_frame_rate")) == 4
        assert all(
            any(f"_{word}" in name for word in ("50p", "50i", "25p")) is (frequency == 50)
            for name in options(device, "recording_mode")
        )


async def test_a_frequency_that_nobody_knows(session: ClientSession) -> None:
    """All is offered then, also when the camera contradicts itself."""
    async with camera(model=AW_HE40) as sim:
        sim.camera.jpeg_interval = "5"
        sim.camera.video[1].framerate = sim.camera.video[2].framerate = "5"
        device = await connected(session, sim)
        every = ("5 fps", "12.5 fps", "15 fps", "25 fps", "30 fps")
        assert options(device, "jpeg_frame_rate") == every
        # No cards, no recorder.
        assert not {key for key in rows_of(device) if key.startswith("record")}
        sim.camera.video[1].framerate, sim.camera.video[2].framerate = "50", "60"
        await device.connect()
        assert options(device, "jpeg_frame_rate") == every
        sim.camera.video[2].framerate = "25"
        await device.connect()
        assert options(device, "jpeg_frame_rate") == ("5 fps", "12.5 fps", "25 fps")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("recorder_id", 17),
        ("recorder_id", -1),
        ("recorder_id", 1.5),
        ("recorder_id", float("nan")),
        ("recorder_id", "1"),
        ("recorder_id", True),
        ("h264_1_unicast_port", 1023),
        ("jpeg_quality", 10),
        ("camera_title", "x" * 21),
        ("camera_title", "one\ntwo"),
        ("camera_title", "one\u2028two"),
        ("camera_title", 3),
        ("ntp_server", "admin:12345@192.0.2.1"),
        ("ntp_server", "one two"),
        ("h264_1_multicast_address", "192.0.2.1"),
        ("h264_1_multicast_address", "239.1.2"),
        ("jpeg_frame_rate", "25 fps"),
        ("h264_1_resolution", "3840x2160"),
        ("recording_mode", "mp4_2160_30p_50m"),
        ("recording_mode", "avchd_ph_1080_50i_21m"),
        ("time_zone", "GMT+13:00"),
        ("audio", "in"),
        ("audio", 1),
    ],
)
async def test_out_of_range(
    device: PovcamDevice, sim: PovcamSimulator, key: str, value: Value
) -> None:
    """Nothing is sent that the camera cannot have now."""
    sim.requests.clear()
    with pytest.raises(RefusedError) as caught:
        await change(device, key, value)
    assert caught.value.reason is Reason.OUT_OF_RANGE
    assert not sim.requests


@pytest.mark.parametrize("key", ["h264_1_minimum_bit_rate", "audio_volume", "no_such_thing"])
async def test_what_is_not_there(device: PovcamDevice, key: str) -> None:
    """The least bit rate is for best effort only; a volume that nobody tells is not shown."""
    with pytest.raises(RefusedError) as caught:
        await change(device, key, 2000)
    assert caught.value.reason is Reason.UNSUPPORTED


async def test_what_comes_with_another_value(device: PovcamDevice) -> None:
    """The least bit rate is there as soon as it means something."""
    await change(device, "h264_1_transmission_priority", "best_effort")
    assert "h264_1_minimum_bit_rate" in (await device.poll()).settings
    await change(device, "h264_1_transmission_priority", "bit_rate")
    assert "h264_1_minimum_bit_rate" not in (await device.poll()).settings


@pytest.mark.parametrize(
    ("key", "value"), [("recording_mode", "avchd_ph_1080_24p_21m"), ("priority_mode", "ip_4k")]
)
async def test_refused(device: PovcamDevice, sim: PovcamSimulator, key: str, value: str) -> None:
    """What it would not have while it records."""
    sim.camera.recording = True
    before = (await device.poll()).settings
    with pytest.raises(RefusedError) as caught:
        await change(device, key, value)
    assert caught.value.reason is Reason.REFUSED
    assert (await device.poll()).settings == before


async def test_ignored(
    device: PovcamDevice, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that says yes and changes nothing has not taken it."""
    sim.fault("set_basic", Fault.NO_CONTENT)
    with pytest.raises(RefusedError) as caught:
        await change(device, "camera_title", "Gate")
    assert caught.value.reason is Reason.NOT_TAKEN
    assert (await device.poll()).settings["camera_title"] == "AG-UMR20"
    sim.fault("set_h264", Fault.NO_CONTENT, 1)
    await change(device, "h264_1_transmission", value=False)  # by its other name


async def test_taken_late(
    device: PovcamDevice, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera may need a moment to show it."""
    looks = count()

    def late(body: bytes) -> bytes:
        return body.replace(b"Gate", b"Yard") if next(looks) < 2 else body

    answering(monkeypatch, "get_basic", late)
    await change(device, "camera_title", "Gate")
    assert next(looks) == 3
    assert (await device.poll()).settings["camera_title"] == "Gate"


async def test_busy(
    device: PovcamDevice, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that is busy says so; busy after it has taken something, it is waited for."""
    sim.fault("set_jpeg", Fault.BUSY, 1)
    with pytest.raises(BusyError):
        await change(device, "jpeg_quality", 7)
    assert sim.camera.jpeg_quality == 4
    sim.fault("get_video_over_ip", Fault.BUSY, 1)
    await change(device, "jpeg_quality", 7)
    device.want("audio")
    pass_time(monkeypatch, adjusting.EVERY + 1)
    sim.fault("get_audio", Fault.BUSY)
    for _ in range(2):
        state = await device.poll()  # a menu that is busy is no reason to call the camera away
    assert state.settings["audio"] is True


async def test_a_stream_that_restarts(
    device: PovcamDevice, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The camera may hang up after it has taken something, and stay away."""
    sim.fault("get_video_over_ip", Fault.RESET, 1)
    await change(device, "h264_1_bit_rate", "4096 kbit/s")
    monkeypatch.setattr(adjusting, "SHOW_LIMIT", 0.3)
    sim.fault("get_video_over_ip", Fault.HANG)
    with pytest.raises(ConnectError) as caught:
        await change(device, "h264_1_bit_rate", "8192 kbit/s")
    assert caught.value.reason is Reason.TIMEOUT


async def test_lost(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """Nobody is there."""
    await sim.stop()
    with pytest.raises(ConnectError):
        await change(device, "jpeg_quality", 7)
    with pytest.raises(ConnectError):
        await change(device, "priority_mode", "ip_4k")


async def test_rubbish_after_a_change(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """Nobody knows what became of it then, and the menu is not there until it is told again."""
    sim.fault("get_basic", Fault.RUBBISH)
    with pytest.raises(CameraError):
        await change(device, "camera_title", "Gate")
    assert "camera_title" not in (await device.poll()).settings


async def test_nobody_to_change_them(session: ClientSession, sim: PovcamSimulator) -> None:
    """Without a login there is nothing to be set, and nothing is asked."""
    device = await connected(session, sim, credentials=None)
    assert device.settings is None
    assert (await device.poll()).settings == {}
    asked = {request.path.rpartition("/")[2] for request in sim.requests}
    assert not asked & {"get_time", "get_sdrec_mode", "get_sdrec_target", "get_priority_mode"}


async def test_no_administrator(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may look and change nothing is offered nothing, until the camera thinks better of it."""
    for name in ("get_time", "get_network", "get_upnp", "get_sdrec_target", "get_recorder_num"):
        sim.fault(name, Fault.UNAUTHORIZED)
    device = await connected(session, sim)
    assert rows_of(device) == {}
    assert (await device.poll()).settings == {}
    with pytest.raises(RefusedError):
        await change(device, "jpeg_quality", 7)
    sim.clear_faults()
    assert device.settings is not None
    pass_time(monkeypatch, adjusting.SELDOM + 1)
    for _ in range(6):
        await device.poll()
    assert "jpeg_quality" in rows_of(device)
    assert "ntp_port" in rows_of(device)


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Have the menus become old; the event loop's time goes its own way."""
    ahead = SimpleNamespace(monotonic=lambda: time.monotonic() + seconds)
    for module in (adjusting, povcam_device):
        monkeypatch.setattr(module, "time", ahead)


@pytest.fixture
def notices(device: PovcamDevice) -> Iterator[list[Notice]]:
    """Return what the device says unasked."""
    heard: list[Notice] = []
    end = device.subscribe(heard.append)
    yield heard
    end()


async def test_another_mode(
    device: PovcamDevice, sim: PovcamSimulator, notices: list[Notice]
) -> None:
    """The camera is set up again, and what the new mode has not is gone at once."""
    await change(device, "priority_mode", "rec_pb")
    assert notices == [Reconfigured()]
    assert sim.camera.mode == "rec_pb"
    settings = (await device.poll()).settings
    assert settings["priority_mode"] == "rec_pb"
    assert not [key for key in settings if key.startswith("h264_2")]
    await change(device, "priority_mode", "ip")
    assert len(notices) == 2
    assert "h264_2_bit_rate" in (await device.poll()).settings


async def test_another_mode_by_hand(
    device: PovcamDevice,
    sim: PovcamSimulator,
    notices: list[Notice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody may change it in the camera's own pages."""
    end = device.want("recording_mode")
    sim.camera.mode = "rec_pb"
    await device.poll()
    assert notices == []
    pass_time(monkeypatch, adjusting.EVERY + 1)
    for _ in range(3):
        await device.poll()
    assert notices == [Reconfigured()]
    end()
    end()


async def test_a_mode_that_takes_a_while(
    device: PovcamDevice,
    sim: PovcamSimulator,
    notices: list[Notice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The camera may go away with the request that it has just taken."""
    call, lost = client.PovcamClient.call, 0

    async def restarting(self: client.PovcamClient, command: Command, **values: str | int) -> bytes:
        nonlocal lost
        if command.name == "set_priority_mode":
            await call(self, command, **values)
            lost = 12
            raise ConnectError(Reason.CUT)
        if lost:
            lost -= 1
            raise ConnectError(Reason.UNREACHABLE)
        return await call(self, command, **values)

    monkeypatch.setattr(client.PovcamClient, "call", restarting)
    await change(device, "priority_mode", "ip_4k")
    assert lost == 0
    assert notices == [Reconfigured()]
    monkeypatch.setattr(adjusting, "AWAY_LIMIT", 0.05)
    monkeypatch.setattr(adjusting, "SETTLE", 0.02)
    with pytest.raises(ConnectError):
        await change(device, "priority_mode", "ip")
    lost = 0
    await device.poll()  # nothing is due, and nobody wants to know


async def test_streams_at_once(device: PovcamDevice, sim: PovcamSimulator) -> None:
    """A stream that is turned off is not there from the next poll on."""
    assert (await device.poll()).transmitting["h264_2"] is True
    await change(device, "h264_2_transmission", value=False)
    assert (await device.poll()).transmitting["h264_2"] is False
    await change(device, "jpeg_transmission", value=False)
    assert (await device.poll()).transmitting == {
        "h264_1": True,
        "h264_2": False,
        "jpeg": False,
    }
