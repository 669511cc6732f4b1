"""The camera as a device: who it is, how it is, and what becomes of it."""

import asyncio
from typing import cast

import pytest

from custom_components.panacam.cams.device import Alarm, AlarmRaised, Device, Identity, Notice
from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
)
from custom_components.panacam.cams.mo import client, device as device_module
from custom_components.panacam.cams.mo.device import MoDevice
from custom_components.panacam.cams.mo.settings import MoSettings
from custom_components.panacam.cams.stream import Credentials, PictureStream
from tests.cams.mo.support import ID, LOGIN, Notices, device_of, gone, peer, until
from tests.simulators.mo import DIALECTS, AlarmKind, Channel, MoFault, MoSimulator

OFF = {Alarm.MOTION: False, Alarm.EXTERNAL: False, Alarm.SOUND: False}


def test_is_a_device() -> None:
    """The type checker agrees that this is a device."""
    found: Device = MoDevice("camera.invalid", credentials=None)
    assert (found.recorder, found.rebooter, found.imager, found.mover) == (None,) * 4
    assert found.streams == (found.pictures,)
    assert found.pictures is not None
    assert (found.pictures.key, found.pictures.label, found.pictures.preferred) == (
        "video",
        "",
        True,
    )
    assert isinstance(found.pictures, PictureStream)


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("camera.invalid", 80, "http://camera.invalid"),
        ("192.0.2.1", 8091, "http://192.0.2.1:8091"),
        ("2001:db8::1", 80, "http://[2001:db8::1]"),
    ],
)
def test_configuration_url(host: str, port: int, url: str) -> None:
    """Its own pages are where it answers."""
    assert MoDevice(host, port=port, credentials=None).configuration_url == url


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_identify(socket_enabled: None, brief: None, dialect: str) -> None:
    """Every dialect logs in, tells who it is, and is left alone."""
    async with MoSimulator(dialect=DIALECTS[dialect]) as sim:
        found = device_of(sim)
        assert await found.identify() == Identity(
            manufacturer="MO", model="MO camera", mac=ID, firmware="11.37.2.56"
        )
        await gone(sim)


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (MoFault.WRONG_USER, AuthError, Reason.WRONG_USERNAME),
        (MoFault.WRONG_PASSWORD, AuthError, Reason.WRONG_PASSWORD),
        (MoFault.NO_PRIVILEGE, AuthError, Reason.NO_PRIVILEGE),
        (MoFault.LOGIN_REFUSED, BusyError, Reason.TOO_MANY_CONNECTIONS),
        (MoFault.ROVER_59, ProtocolError, Reason.UNSUPPORTED_CAMERA),
        (MoFault.ROVER_62, ProtocolError, Reason.UNSUPPORTED_CAMERA),
        (MoFault.WRONG_MAGIC, ProtocolError, Reason.NOT_A_CAMERA),
        (MoFault.HUGE_LENGTH, ProtocolError, Reason.TOO_LARGE),
        (MoFault.TRUNCATED, ConnectError, Reason.CUT),
        (MoFault.CLOSE_ON_ACCEPT, ConnectError, Reason.CUT),
        (MoFault.FLOOD, ProtocolError, Reason.NOT_A_CAMERA),
    ],
)
async def test_denied(
    sim: MoSimulator, fault: MoFault, kind: type[CameraError], reason: Reason
) -> None:
    """Each failure of a login has its reason, leaves nothing behind, and is over when it is."""
    found = device_of(sim)
    for call in (found.identify, found.connect):
        sim.fault(fault)
        with pytest.raises(CameraError) as caught:
            await call()
        assert (type(caught.value), caught.value.reason) == (kind, reason)
        assert LOGIN.password not in str(caught.value)
        sim.clear()
        await gone(sim)
    await found.connect()
    await found.close()
    await gone(sim)


@pytest.mark.parametrize("fault", [MoFault.STALLED_FRAME, MoFault.NO_LOGIN_ANSWER])
async def test_no_login(sim: MoSimulator, impatient: None, fault: MoFault) -> None:
    """A login that stands still is given up."""
    sim.fault(fault)
    with pytest.raises(ConnectError) as caught:
        await device_of(sim).connect()
    assert caught.value.reason is Reason.TIMEOUT
    await gone(sim)


@pytest.mark.parametrize("fault", [MoFault.UNKNOWN_OPCODES, MoFault.GLUED, MoFault.BYTE_BY_BYTE])
async def test_tolerated(sim: MoSimulator, fault: MoFault) -> None:
    """Strange but right frames disturb nobody."""
    sim.fault(fault)
    found = device_of(sim)
    await found.connect()
    notices = Notices(found)
    await sim.motion()
    await until(lambda: notices.states)
    assert notices.kinds == ["AlarmRaised", "State"]
    assert found.settings is not None
    await found.close()
    await gone(sim)


async def test_credentials(sim: MoSimulator) -> None:
    """Without any, with wrong ones, and with those of a user who may do nothing."""
    with pytest.raises(AuthError) as caught:
        await device_of(sim, None).identify()
    assert caught.value.reason is Reason.NO_CREDENTIALS
    for user, password, reason in (
        ("nobody", "12345", Reason.WRONG_USERNAME),
        ("admin", "54321", Reason.WRONG_PASSWORD),
        ("admin", "a password of a web page", Reason.WRONG_PASSWORD),
    ):
        with pytest.raises(AuthError) as caught:
            await device_of(sim, Credentials(user, password)).connect()
        assert caught.value.reason is reason
    await gone(sim)


async def test_web_server(socket_enabled: None, brief: None) -> None:
    """A web server on that port is no camera, even one that waits for more."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await asyncio.sleep(60)

    async with peer(say) as port:
        found = MoDevice("127.0.0.1", port=port, credentials=LOGIN)
        with pytest.raises(ProtocolError) as caught:
            await found.identify()
    assert caught.value.reason is Reason.NOT_A_CAMERA


async def test_nobody(socket_enabled: None) -> None:
    """Nobody answers."""
    async with MoSimulator() as sim:
        pass
    with pytest.raises(ConnectError) as caught:
        await device_of(sim).connect()
    assert caught.value.reason is Reason.UNREACHABLE


async def test_other_camera(sim: MoSimulator) -> None:
    """Another camera at this address is not ours."""
    found = device_of(sim, expected_id="a8:13:74:00:01:02")
    with pytest.raises(ConnectError) as caught:
        await found.connect()
    assert caught.value.reason is Reason.OTHER_CAMERA
    same = device_of(sim, expected_id=ID)
    await same.connect()
    await same.close()
    await gone(sim)


async def test_alarms(sim: MoSimulator, device: MoDevice) -> None:
    """Each alarm is told when it is raised, again when raised again; the stop ends all."""
    notices = Notices(device)
    assert (await device.poll()).alarms == OFF
    for kind in (AlarmKind.MOTION, AlarmKind.MOTION, AlarmKind.SOUND, AlarmKind.EXTERNAL):
        await sim.alarm(kind)
    await until(lambda: len(notices.states) == 3)
    both = ["AlarmRaised", "State"]
    assert notices.kinds == [*both, "AlarmRaised", *both, *both]
    assert AlarmRaised(Alarm.SOUND) in notices.all
    assert all((await device.poll()).alarms.values())
    await sim.motion(False)
    await until(lambda: len(notices.states) == 4)
    assert (await device.poll()).alarms == notices.states[-1].alarms == OFF
    notices.stop()
    notices.stop()
    await sim.motion()
    await until(lambda: device._raised)
    assert len(notices.states) == 4


async def test_alarm_ends_by_itself(sim: MoSimulator) -> None:
    """Where the owner wishes so; a new one begins the time anew."""
    found = device_of(sim, alarm_off_after=0.05)
    await found.connect()
    notices = Notices(found)
    await sim.motion()
    await until(lambda: len(notices.states) == 1)
    await sim.motion()
    await until(lambda: len(notices.states) == 2)
    assert notices.kinds == ["AlarmRaised", "State", "AlarmRaised", "State"]
    assert notices.states[-1].alarms == OFF
    await sim.motion()
    await until(lambda: len(notices.states) == 3)
    await found.close()
    await gone(sim)


async def test_unknown_alarm(sim: MoSimulator, device: MoDevice) -> None:
    """A type that nobody knows changes nothing."""
    notices = Notices(device)
    for text in (b"\x09" + bytes(8), b"\x09", b""):
        sim.clients[0].link.send(25, text)
    await sim.motion()
    await until(lambda: notices.states)
    assert notices.kinds == ["AlarmRaised", "State"]


async def test_straight_from_the_socket(sim: MoSimulator, device: MoDevice) -> None:
    """An alarm is told within the callback of the socket: no task and no other turn in between."""
    where: list[str] = []

    def listen(_notice: Notice) -> None:
        where.append(str(asyncio.current_task()))

    device.subscribe(listen)
    await sim.motion()
    await until(lambda: where)
    assert set(where) == {"None"}


async def test_listener_that_fails(
    sim: MoSimulator, device: MoDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One listener's fault is reported; the others and the connection go on."""
    reported: list[object] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_exception_handler", reported.append)

    def fail(_notice: Notice) -> None:
        raise ZeroDivisionError

    device.subscribe(fail)
    notices = Notices(device)
    await sim.motion()
    await until(lambda: notices.states)
    assert len(reported) == 2
    assert (await device.poll()).alarms[Alarm.MOTION]


@pytest.mark.parametrize("way", ["reboot", "drop", "huge", "magic", "truncated"])
async def test_away_and_back(sim: MoSimulator, device: MoDevice, way: str) -> None:
    """The camera's going is told once, with alarms ended, then its coming back."""
    notices = Notices(device)
    await sim.motion()
    await until(lambda: notices.states)
    notices.all.clear()
    match way:
        case "reboot":
            sim.fault(MoFault.REBOOT, seconds=0.1)
        case "drop":
            sim.drop_operation()
        case "huge":
            sim.fault(MoFault.HUGE_LENGTH, on=Channel.OPERATION)
            await sim.motion()
        case "magic":
            sim.fault(MoFault.WRONG_MAGIC, on=Channel.OPERATION)
            await sim.motion()
        case _:
            sim.fault(MoFault.TRUNCATED, on=Channel.OPERATION)
            await sim.motion()
    await until(lambda: notices.errors)
    with pytest.raises(CameraError):
        await device.poll()
    await until(lambda: notices.states)
    assert notices.kinds[:2] == ["Error", "State"]
    assert (await device.poll()).alarms == OFF
    await sim.motion()
    await until(lambda: AlarmRaised(Alarm.MOTION) in notices.all)
    assert len(notices.errors) == 1


async def test_refused_while_coming_back(sim: MoSimulator, device: MoDevice) -> None:
    """A camera that wants another password says so when polled, and is tried again."""
    notices = Notices(device)
    sim.set_password("admin", "new")
    sim.drop_operation()
    await until(lambda: notices.errors)

    def denied() -> bool:
        return isinstance(device._link.error, AuthError)

    await until(denied)
    with pytest.raises(AuthError) as caught:
        await device.poll()
    assert caught.value.reason is Reason.WRONG_PASSWORD
    sim.set_password("admin", "12345")
    await until(lambda: notices.states)
    assert notices.kinds == ["Error", "State"]


async def test_another_camera_comes_back(sim: MoSimulator) -> None:
    """A camera that took the address is not taken for ours."""
    found = device_of(sim, expected_id=ID)
    await found.connect()
    model = sim.camera.model
    object.__setattr__(model, "camera_id", "A81374000999")
    sim.drop_operation()

    def other() -> bool:
        error = found._link.error
        return error is not None and error.reason is Reason.OTHER_CAMERA

    await until(other)
    object.__setattr__(model, "camera_id", "A81374000101")
    await until(lambda: found._link.error is None)
    await found.close()
    await gone(sim)


async def test_silence(sim: MoSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that says nothing any more is cut; one that speaks is not."""
    monkeypatch.setattr(client, "KEEP_ALIVE", 0.02)
    monkeypatch.setattr(client, "SILENCE", 0.2)
    sim.fault(MoFault.NO_PARAMETERS)
    found = device_of(sim)
    await found.connect()
    notices = Notices(found)
    async with asyncio.timeout(5):
        while not notices.errors:
            if sim.verified and len(notices.all) < 8:
                await sim.alarm(AlarmKind.EXTERNAL)
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.01)
    assert sum(kind == "AlarmRaised" for kind in notices.kinds) >= 5
    assert [error.reason for error in notices.errors] == [Reason.TIMEOUT]
    await until(lambda: notices.kinds[-1] == "State")
    await until(lambda: sim.keep_alives >= 2)
    await found.close()
    await gone(sim)


async def test_second_client(sim: MoSimulator) -> None:
    """A camera that has other users serves us all the same, as long as it has a place."""
    sim.fault(MoFault.SECOND_CLIENT)
    found = device_of(sim)
    await found.connect()
    with pytest.raises(BusyError) as caught:
        await device_of(sim).connect()
    assert caught.value.reason is Reason.TOO_MANY_CONNECTIONS
    await found.close()
    await gone(sim)


async def test_close(sim: MoSimulator, device: MoDevice) -> None:
    """Closed twice, polled and asked after: nothing hangs, nothing is left."""
    sim.fault(MoFault.REBOOT, seconds=0.2)
    notices = Notices(device)
    await until(lambda: notices.errors)
    await device.close()
    await device.close()
    with pytest.raises(ConnectError):
        await device.poll()
    async with asyncio.timeout(5):
        with pytest.raises(ConnectError):
            async with device.pictures.source.open():
                pass
    assert notices.states == []


async def test_close_wakes_those_who_wait(sim: MoSimulator, device: MoDevice) -> None:
    """Whoever waits for the camera to come back learns that nobody waits any more."""
    sim.fault(MoFault.CLOSE_ON_ACCEPT)
    sim.drop_operation()
    await until(lambda: device._link.error)
    waiting = asyncio.create_task(device._link.ready())
    await asyncio.sleep(0.01)
    await device.close()
    with pytest.raises(ConnectError):
        await waiting


async def test_cancelled_connect(sim: MoSimulator) -> None:
    """Giving up a connect leaves nothing behind."""
    sim.fault(MoFault.NO_LOGIN_ANSWER)
    connecting = asyncio.create_task(device_of(sim).connect())
    await until(lambda: sim.connections)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    await gone(sim)


async def test_no_parameters(sim: MoSimulator, impatient: None) -> None:
    """A camera that does not know the question has no settings."""
    sim.fault(MoFault.NO_PARAMETERS)
    found = device_of(sim)
    await found.connect()
    assert found.settings is None
    state = await found.poll()
    assert not state.settings
    assert state.reported == {"alarms"}
    await found.close()
    await gone(sim)


async def test_lost_while_asking(sim: MoSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that goes away before it was asked for everything is not connected."""

    async def fail(_settings: MoSettings) -> None:
        raise ConnectError(Reason.CUT)

    found = device_of(sim)
    with monkeypatch.context() as patch:
        patch.setattr(MoSettings, "ask", fail)
        with pytest.raises(ConnectError):
            await found.connect()
    await gone(sim)
    await found.connect()
    await found.close()
    await gone(sim)


async def test_diagnostics(sim: MoSimulator, device: MoDevice) -> None:
    """A bug report has what the camera said, and no secret."""
    told = device.diagnostics()
    assert told["link"] == "connected"
    assert told["firmware"] == "11.37.2.56"
    assert told["parameters"] == [8, 128, 4, 1, 0, 0, 0, 0]
    sim.clients[0].link.send(0x0101, b"what")
    await until(lambda: cast("dict[str, int]", device.diagnostics()["unknown_commands"]))
    sim.fault(MoFault.CLOSE_ON_ACCEPT)
    sim.drop_operation()
    await until(lambda: device.diagnostics()["link"] != "connected")
    assert LOGIN.password not in str(device.diagnostics())
    assert device_module.PORT == 80
