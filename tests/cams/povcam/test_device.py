"""The camera as a device: what it is, what it can do, and how it is."""

import asyncio
from dataclasses import replace
import time
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import Activity, Slot, State
from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.roles import Move
from custom_components.panacam.cams.stream import RtspStream, Transport
from tests.cams.support import camera, device_of
from tests.simulators.povcam import (
    AG_MDR25,
    AG_UCK20,
    AG_UMR20,
    AW_HE40,
    Fault,
    Model,
    PovcamSimulator,
)

MAC = "a8:13:74:00:00:01"
HEAD = {Move.PAN_LEFT, Move.PAN_RIGHT, Move.TILT_UP, Move.TILT_DOWN, Move.HOME}
AW_LENS = {
    *(Move.ZOOM_IN, Move.ZOOM_OUT),
    *(Move.FOCUS_NEAR, Move.FOCUS_FAR, Move.FOCUS_AUTO),
}
LENS = {
    *(Move.ZOOM_IN, Move.ZOOM_OUT, Move.ZOOM_RESET),
    *(Move.FOCUS_NEAR, Move.FOCUS_FAR, Move.FOCUS_AUTO),
    *(Move.BRIGHTNESS_UP, Move.BRIGHTNESS_DOWN, Move.BRIGHTNESS_RESET),
}


async def test_connect(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """A recorder has the roles, the streams and the moves of the documents."""
    identity = device.identity
    assert (identity.manufacturer, identity.model, identity.name) == (
        "Panasonic",
        "AG-UMR20",
        "AG-UMR20",
    )
    assert (identity.serial, identity.mac, identity.firmware) == ("SIM0000001", MAC, "1.10")
    *rtsp, jpeg = device.streams
    assert [
        (stream.key, stream.label, stream.path, stream.preferred)
        for stream in rtsp
        if isinstance(stream, RtspStream)
    ] == [
        ("h264_1", "H.264(1)", "/mediainput/h264/stream_1", True),
        ("h264_2", "H.264(2)", "/mediainput/h264/stream_2", False),
    ]
    assert (jpeg.key, jpeg.label, jpeg.preferred) == ("jpeg", "JPEG", False)
    assert device.pictures is jpeg
    assert device.mover is not None
    assert device.mover.moves == LENS
    assert None not in (device.recorder, device.rebooter, device.imager)
    assert device.speaker is None
    device.subscribe(lambda _notice: None)()  # nothing is ever told, and unsubscribing is harmless
    assert device.configuration_url == sim.url


async def test_pan_tilt_head(session: ClientSession, quick: None) -> None:
    """A head of a sister model turns, moves its lens by aw_ptz, and has one card."""
    async with camera(AW_HE40) as sim:
        device = device_of(session, sim)
        await device.connect()
        assert device.mover is not None
        assert device.mover.moves == HEAD | AW_LENS
        state = await device.poll()
        assert set(state.slots) == {"sd1"}
        assert "pre_recording" not in state.reported
        await device.mover.move(Move.HOME)
        await device.close()
    assert [move.command for move in sim.camera.moves][-1] == "APC80008000"


@pytest.mark.parametrize(
    ("model", "moves"),
    [
        (AG_UCK20, LENS),
        (AG_MDR25, LENS),
        (replace(AG_UMR20, aw_ptz=False), LENS),
        (replace(AG_UMR20, pan_tilt=True), LENS | HEAD),
        (replace(AW_HE40, pan_tilt=False), AW_LENS),
        (replace(AW_HE40, aw_ptz=False), None),
    ],
)
async def test_sisters(
    session: ClientSession, quick: None, model: Model, moves: set[Move] | None
) -> None:
    """Models with other wordings and abilities connect and tell their state."""
    async with camera(model) as sim:
        device = device_of(session, sim)
        await device.connect()
        assert device.identity.model == model.name
        assert (None if device.mover is None else device.mover.moves) == moves
        assert (await device.poll()).recording is False
        await device.close()


OPTIONAL = ["get_capability", "get_video_over_ip", "setdata", "get_basic", "get_audio", "aw_ptz"]


@pytest.mark.parametrize(
    "fault", [Fault.ERROR_500, Fault.CLOSE, Fault.RUBBISH, Fault.NO_CONTENT, Fault.HANG]
)
async def test_optional(session: ClientSession, sim: PovcamSimulator, fault: Fault) -> None:
    """Faults of all the commands that a sister may lack leave a camera with its stream."""
    for name in OPTIONAL:
        sim.fault(name, fault)
    device = device_of(session, sim, timeout=0.2)
    await device.connect()
    assert device.identity.unique_id == MAC
    assert "h264_1" in {stream.key for stream in device.streams}
    assert (await device.poll()).transmitting == {"h264_1": None, "jpeg": None}
    assert device.mover is not None
    assert device.recorder is not None
    await device.close()


async def test_optional_again(session: ClientSession, sim: PovcamSimulator) -> None:
    """One lost answer is asked for again."""
    sim.fault("get_capability", Fault.CLOSE, times=1)
    sim.fault("setdata", Fault.RESET, times=1)
    device = device_of(session, sim)
    await device.connect()
    assert {"get_capability", "setdata"} <= set(device.diagnostics())
    await device.close()


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Fault.HTML_PAGE, ProtocolError, Reason.NOT_A_CAMERA),
        (Fault.ERROR_500, RefusedError, Reason.REFUSED),
        (Fault.UNAUTHORIZED, AuthError, Reason.WRONG_CREDENTIALS),
        (Fault.HANG, ConnectError, Reason.TIMEOUT),
    ],
)
async def test_connect_fails(
    session: ClientSession,
    sim: PovcamSimulator,
    fault: Fault,
    kind: type[CameraError],
    reason: Reason,
) -> None:
    """Without an identity there is no camera."""
    sim.fault("getinfo", fault)
    with pytest.raises(kind) as caught:
        await device_of(session, sim, timeout=0.2).connect()
    assert caught.value.reason is reason


async def test_identity_by_serial(session: ClientSession, quick: None) -> None:
    """A camera that hides its MAC address is known by its serial number."""
    async with camera(mac="00-00-00-00-00-00", serial="S7") as sim:
        device = device_of(session, sim, expected_id="S7")
        await device.connect()
        assert device.identity.unique_id == "S7"


async def test_roles_that_are_not_there(session: ClientSession, quick: None) -> None:
    """Without credentials nobody can restart a camera."""
    async with camera() as sim:
        device = device_of(session, sim, None)
        await device.connect()
        assert device.rebooter is None
        assert device.streams[0].credentials is None


@pytest.mark.parametrize(("wish", "port"), [(None, 8554), (10554, 10554)])
async def test_rtsp_port(
    session: ClientSession, sim: PovcamSimulator, wish: int | None, port: int
) -> None:
    """The camera tells its RTSP port (6), unless its owner knows better."""
    sim.camera.rtsp_port = 8554
    device = device_of(session, sim, rtsp_port=wish, transport=Transport.UDP)
    await device.connect()
    assert {
        (stream.port, stream.transport)
        for stream in device.streams
        if isinstance(stream, RtspStream)
    } == {(port, Transport.UDP)}


@pytest.mark.parametrize("port", [0, 70000])
async def test_no_rtsp_port(session: ClientSession, sim: PovcamSimulator, port: int) -> None:
    """A port that is none means the factory setting (12.1)."""
    sim.camera.rtsp_port = port
    device = device_of(session, sim)
    await device.connect()
    assert device.streams[0].port == 554


@pytest.mark.parametrize(("getdata", "port"), [(None, 8554), (Fault.ERROR_500, 554)])
async def test_rtsp_port_by_its_name(
    session: ClientSession, sim: PovcamSimulator, getdata: Fault | None, port: int
) -> None:
    """A camera without the list is asked for that one setting (5.12)."""
    sim.camera.rtsp_port = 8554
    sim.fault("setdata", Fault.ERROR_500)
    if getdata is not None:
        sim.fault("getdata", getdata)
    device = device_of(session, sim)
    await device.connect()
    assert device.streams[0].port == port


async def test_poll(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """The state is the camera's at that moment."""
    sim.camera.pre_rec = sim.camera.download = True
    sim.camera.slots["sd2"].inserted = False
    state = await device.poll()
    assert (state.recording, state.pre_recording) == (False, True)
    assert state.activities[Activity.DOWNLOADING] is True
    assert state.slots["sd1"].remaining == 29.7
    assert state.slots["sd2"].inserted is False
    assert state.transmitting == {"h264_1": True, "h264_2": True, "jpeg": True}


async def test_poll_pace(session: ClientSession) -> None:
    """Polls are at least one second apart (9.1), also when several ask at once."""
    async with camera(clock=time.monotonic) as sim:
        device = device_of(session, sim)
        await device.connect()
        await asyncio.gather(device.poll(), device.poll())
        times = [request.time for request in sim.requests if request.path.endswith("get_state")]
        assert times[1] - times[0] >= 0.95


async def test_standby(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """In standby nothing is known, but what is reported stays (9.1)."""
    before = await device.poll()
    sim.camera.standby = True
    state = await device.poll()
    assert state == State(
        slots={"sd1": Slot(), "sd2": Slot()},
        activities=dict.fromkeys(before.activities),
        transmitting=before.transmitting,
        settings=before.settings,
        signals=before.signals,
        readings=before.readings,
        topics=before.topics,
        reported=before.reported,
    )
    sim.camera.standby = False
    assert await device.poll() == before


async def test_standby_from_the_start(session: ClientSession, sim: PovcamSimulator) -> None:
    """A camera in standby connects."""
    sim.camera.standby = True
    device = device_of(session, sim)
    await device.connect()
    assert (await device.poll()).recording is None


async def test_another_camera(session: ClientSession, sim: PovcamSimulator) -> None:
    """A camera that is not the expected one is not connected to."""
    with pytest.raises(ConnectError) as caught:
        await device_of(session, sim, expected_id="a8:13:74:99:99:99").connect()
    assert caught.value.reason is Reason.OTHER_CAMERA


@pytest.mark.parametrize("fault", [Fault.CLOSE, Fault.RUBBISH, Fault.UNAUTHORIZED])
async def test_another_camera_after_a_failure(
    session: ClientSession, sim: PovcamSimulator, fault: Fault
) -> None:
    """After a failure the camera proves first that it is still the same."""
    device = device_of(session, sim, expected_id=MAC)
    await device.connect()
    await device.poll()
    sim.become(mac="A8-13-74-99-99-99", serial="S9")
    assert (await device.poll()).recording is False
    sim.fault("get_state", fault)
    with pytest.raises(CameraError):
        await device.poll()
    sim.clear_faults()
    for _ in range(2):
        with pytest.raises(ConnectError) as caught:
            await device.poll()
        assert caught.value.reason is Reason.OTHER_CAMERA
    sim.become(mac="A8-13-74-00-00-01", serial="S1")
    assert (await device.poll()).recording is False


async def test_recheck(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Identity and stream settings are looked at again after a while."""
    monkeypatch.setattr("custom_components.panacam.cams.povcam.device.RECHECK", 0.0)
    monkeypatch.setattr("custom_components.panacam.cams.povcam.traffic.STREAMS_GAP", 0.0)
    device = device_of(session, sim, expected_id=MAC)
    await device.connect()
    sim.camera.h264_transmit[1] = False
    assert (await device.poll()).transmitting["h264_1"] is False
    sim.fault("get_video_over_ip", Fault.ERROR_500)
    assert (await device.poll()).transmitting["h264_1"] is False
    sim.become(mac="A8-13-74-99-99-99", serial="S9")
    with pytest.raises(ConnectError, match="other camera"):
        await device.poll()


async def test_no_recorder(session: ClientSession, sim: PovcamSimulator) -> None:
    """A camera whose capability says so has no recorder."""
    device = device_of(session, replace_capability(sim, b"video_server.sdcard.supported=no"))
    await device.connect()
    assert device.recorder is None


def replace_capability(sim: PovcamSimulator, body: bytes) -> PovcamSimulator:
    """Make the camera say something else that it can."""
    row = sim._http._cgis["get_capability"]
    reply = replace(row.run(sim.camera, {}), body=body)
    sim._http._cgis["get_capability"] = replace(row, run=lambda _camera, _params: reply)
    return sim


async def test_diagnostics(device: PovcamDevice) -> None:
    """The replies of set-up are kept as understood, for bug reports."""
    kept: dict[str, Any] = dict(device.diagnostics())
    assert kept["getinfo"]["NAME"] == "AG-UMR20"
    assert kept["get_capability"]["video_server.sdcard"]["supported"] == "yes"
    assert kept["get_audio"]["rubbish"] == ()
    assert "12345" not in repr(kept)


async def test_restart_of_an_absent_camera(session: ClientSession, sim: PovcamSimulator) -> None:
    """Hanging up is an answer to a restart; being away is none."""
    device = device_of(session, sim)
    await device.connect()
    assert device.rebooter is not None
    sim.fault("initial", Fault.CLOSE)
    await device.rebooter.reboot()
    await sim.stop()
    await asyncio.sleep(0.05)  # until the ends of pooled connections are seen
    with pytest.raises(ConnectError):
        await device.rebooter.reboot()
