"""What must not wear us down: outages, silence, floods and nonsense."""

import asyncio
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from custom_components.panacam.cams.device import Alarm, AlarmRaised
from custom_components.panacam.cams.errors import (
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
)
from custom_components.panacam.cams.mo import client, device as device_module, link as link_module
from custom_components.panacam.cams.mo.client import MoConnection
from custom_components.panacam.cams.mo.data import MAX_SOUND, AudioData
from custom_components.panacam.cams.mo.device import MoDevice
from custom_components.panacam.cams.mo.fields import AlarmKind, Result
from custom_components.panacam.cams.mo.link import MoLink
from custom_components.panacam.cams.mo.operation import (
    AlarmNotify,
    LoginResponse,
    Parameters,
    ParametersRequest,
    encode_operation,
)
from custom_components.panacam.cams.mo.session import Denied, Feature, OperationSession, Tally
from custom_components.panacam.cams.net.tcp import Pump
from tests.cams.mo.support import LOGIN, Notices, device_of, gone, peer, pictures_of, until
from tests.cams.mo.test_client import PICTURE, VIDEO_ID, Viewer, camera
from tests.simulators.mo import MoFault, MoSimulator


def test_longest_sound() -> None:
    """More than any camera sends in one packet is not decoded."""
    longest = AudioData(bytes(MAX_SOUND))
    assert AudioData.decode(memoryview(longest.encode())) == longest
    with pytest.raises(ProtocolError):
        AudioData.decode(memoryview(AudioData(bytes(MAX_SOUND + 1)).encode()))


@pytest.mark.parametrize("jitter", [0.75, 1.0, 1.25])
async def test_short_outages(monkeypatch: pytest.MonkeyPatch, jitter: float) -> None:
    """Whoever comes back within 30 s is found before the viewers give up."""
    clock = [0.0]

    async def sleep(seconds: float) -> None:
        clock[0] += seconds

    fake = SimpleNamespace(
        sleep=sleep, get_running_loop=lambda: SimpleNamespace(time=lambda: clock[0])
    )
    for outage in range(1, 31):
        clock[0] = 100.0
        link = MoLink("x", 1, None, None, Tally(), heard=Mock(), changed=Mock())

        async def log_in(link: MoLink = link, outage: int = outage) -> None:
            if clock[0] < 100 + outage:
                raise ConnectError(Reason.UNREACHABLE)
            link._connection = Mock()
            link._down.clear()

        link._down.set()
        with monkeypatch.context() as patch:
            patch.setattr(link_module, "asyncio", fake)
            patch.setattr(link_module, "_jittered", lambda seconds: seconds * jitter)
            patch.setattr(link, "_log_in", log_in)
            keeper = link._keep()
            keeper.send(None)
            keeper.close()
        assert link._connection is not None
        assert outage <= clock[0] - 100 < 34


async def test_sound_without_connection(
    sim: MoSimulator, device: MoDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sound whose own connection cannot be had does not end the pictures."""
    original = MoConnection.start

    async def start(connection: MoConnection, feature: Feature, taker: Viewer) -> None:
        if feature is Feature.AUDIO:
            raise ConnectError(Reason.UNREACHABLE)
        await original(connection, feature, taker)

    monkeypatch.setattr(MoConnection, "start", start)
    async with device.pictures.source.open() as pieces:
        assert device.pictures.source.sound_rate is None
        assert await pictures_of(pieces)


async def test_late_parameters(sim: MoSimulator, impatient: None) -> None:
    """Settings that are told late are there from then on."""
    sim.fault(MoFault.NO_PARAMETERS)
    found = device_of(sim)
    await found.connect()
    assert found.settings is None
    notices = Notices(found)
    found._heard(Parameters((8, 128, 4, 1, 0, 0, 0, 0)))
    assert found.settings is not None
    assert notices.states[-1].settings["brightness"] == 128
    await found.close()
    await gone(sim)


@pytest.mark.parametrize("name", [None, "", "000000000000", "FFFFFFFFFFFF", "00:00:00:00:00:00"])
def test_nameless_camera(name: str | None) -> None:
    """A camera that could be any is refused, and not shown the password."""
    session = OperationSession(LOGIN)
    session.bytes_to_send()
    session.feed(encode_operation(LoginResponse(Result.OK, name)))
    (event,) = session.events()
    assert isinstance(event, Denied)
    assert event.error.reason is Reason.UNEXPECTED_REPLY
    assert session.bytes_to_send() == b""


async def test_pictures_are_a_sign_of_life(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that only sends pictures is asked, and kept until they end, too."""
    monkeypatch.setattr(client, "SILENCE", 0.3)
    async with camera({4: [VIDEO_ID]}) as found:
        errors: list[CameraError] = []
        connection = MoConnection("127.0.0.1", found.port, LOGIN, gone=errors.append)
        await connection.open()
        await connection.start(Feature.VIDEO, Viewer())
        await until(lambda: found.data_writers)
        for _ in range(16):
            found.data_writers[0].write(PICTURE)
            await asyncio.sleep(0.05)
        assert errors == []
        assert found.heard.count(ParametersRequest.CODE) == 1
        await until(lambda: errors)
        assert errors[0].reason is Reason.TIMEOUT
        await connection.close()


async def test_pictures_hide_no_silence(sim: MoSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who used to answer and does no more would raise no alarm either, whatever it shows."""
    monkeypatch.setattr(client, "SILENCE", 0.6)
    found = device_of(sim)
    await found.connect()
    notices = Notices(found)
    async with found.pictures.source.open() as pieces:
        sim.fault(MoFault.SILENT)
        with pytest.raises(CameraError):
            async for _ in pieces:
                pass
    assert [error.reason for error in notices.errors] == [Reason.TIMEOUT]
    await found.close()


async def test_alarm_flood(
    sim: MoSimulator, device: MoDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is told at once, the flood is not, what became of it is."""
    monkeypatch.setattr(device_module, "ALARM_REPEAT", 1.0)
    monkeypatch.setattr(device_module, "STATES_TIME", 0.2)
    notices = Notices(device)
    device._heard(AlarmNotify(AlarmKind.MOTION))
    assert notices.kinds == ["AlarmRaised", "State"]
    for _ in range(85):
        device._heard(AlarmNotify(AlarmKind.STOP))
        device._heard(AlarmNotify(AlarmKind.MOTION))
    device._heard(AlarmNotify(AlarmKind.SOUND))
    assert notices.kinds.count("AlarmRaised") == 2
    count = len(notices.states)
    assert count <= device_module.MAX_STATES
    await until(lambda: len(notices.states) > count)
    assert len(notices.states) == count + 1
    assert notices.states[-1].alarms[Alarm.SOUND]
    assert notices.all[-2] == AlarmRaised(Alarm.SOUND)
    for _ in range(50):
        device._heard(AlarmNotify(AlarmKind.STOP))
        device._heard(AlarmNotify(AlarmKind.MOTION))
    await device.close()
    assert device._later is None


async def test_cancelled_close(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A close that is given up breaks nothing."""

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with peer(wait) as port:
        pump = await Pump.open("127.0.0.1", port, Mock(), timeout=5)
        lost = pump.connection_lost
        monkeypatch.setattr(pump, "connection_lost", Mock())
        monkeypatch.setattr("custom_components.panacam.cams.net.tcp.CLOSE_TIMEOUT", 0.01)
        closing = asyncio.create_task(pump.close())
        await asyncio.sleep(0.05)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        assert closing.cancelled()
        lost(None)
        assert pump._ended.done()


async def test_reset_at_once(socket_enabled: None) -> None:
    """A peer that is gone before we know its address is a camera error."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pass

    async with peer(reset) as port:
        pump = await Pump.open("127.0.0.1", port, Mock(), timeout=5)
        pump._transport._extra["peername"] = None  # type: ignore[attr-defined]
        with pytest.raises(ConnectError):
            _ = pump.address
        await pump.close()
