import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import time
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import (
    Alarm,
    AlarmRaised,
    Notice,
    Reconfigured,
    State,
)
from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.onvif import device as device_module
from custom_components.panacam.cams.onvif.audience import MAX_STATES
from custom_components.panacam.cams.onvif.device import OnvifDevice
from custom_components.panacam.cams.roles import Move, Problem
from custom_components.panacam.cams.settings import Choice, Toggle
from tests.cams.onvif.support import client_for
from tests.simulators.onvif import Auth, Fault, OnvifSimulator, Quirk


@asynccontextmanager
async def connected(
    session: ClientSession, simulator: OnvifSimulator, **options: Any
) -> AsyncIterator[OnvifDevice]:
    """Connect a device, and close it."""
    device = OnvifDevice(client_for(session, simulator), **options)
    try:
        await device.connect()
        yield device
    finally:
        await device.close()


async def until(test: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(seconds):
        while not test():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


async def test_everything(session: ClientSession) -> None:
    """A device has the roles that it has, and a state of all of them."""
    async with OnvifSimulator() as simulator, connected(session, simulator) as device:
        state = await device.poll()
        assert device.identity.unique_id == "a8:13:74:00:00:02" or device.identity.mac
        assert [stream.preferred for stream in device.streams].count(True) == 1
        assert set(state.transmitting) == {stream.key for stream in device.streams}
        assert device.mover is not None
        assert {Move.PAN_LEFT, Move.ZOOM_IN, Move.STOP, Move.HOME} <= device.mover.moves
        assert device.ptz and device.home and device.presets and device.tours  # noqa: PT018
        assert state.presets
        assert device.settings is not None
        assert len(device.settings.table) > 30
        assert set(state.settings) == {row.key for row in device.settings.table}
        assert Alarm.MOTION in state.alarms
        assert device.profiles and device.osds and device.masks and device.analytics  # noqa: PT018
        assert device.speaker is not None
        assert device.rebooter is not None
        assert device.system_log is not None
        assert device.receiver is None
        assert state.readings["event_channel"] == "pull_point"
        assert not state.problems
        assert device.configuration_url.startswith("http://127.0.0.1")
        told = device.diagnostics()
        assert "kamera" not in str(told).lower()


@pytest.mark.parametrize("auth", Auth)
async def test_logins(session: ClientSession, auth: Auth) -> None:
    """Every kind of login sees the device whole."""
    async with (
        OnvifSimulator(auth=auth, clock_offset=4000) as simulator,
        connected(session, simulator) as device,
    ):
        state = await device.poll()
        assert device.streams
        assert state.presets
        assert state.problems == {Problem.CLOCK_OFF}


@pytest.mark.parametrize("quirk", Quirk)
async def test_quirks(session: ClientSession, quirk: Quirk) -> None:
    """A device as it is works, or says why it does not."""
    async with OnvifSimulator(quirks={quirk}) as simulator:
        device = OnvifDevice(client_for(session, simulator))
        try:
            async with asyncio.timeout(20):
                await device.connect()
                state = await device.poll()
            assert device.identity.manufacturer
            assert quirk is Quirk.MALFORMED_CAPABILITIES or state.transmitting
        finally:
            async with asyncio.timeout(10):
                await device.close()


async def test_bare(session: ClientSession) -> None:
    """A device with nothing but its device service is one."""
    async with (
        OnvifSimulator(
            media=False, media2=False, imaging=False, ptz=False, analytics=False, deviceio=False
        ) as simulator,
        connected(session, simulator) as device,
    ):
        assert not device.streams
        assert device.mover is device.ptz is device.presets is device.imager is None
        assert await device.poll()


async def test_alarm(session: ClientSession) -> None:
    """What moves is told at once, and when it ends."""
    async with OnvifSimulator() as simulator, connected(session, simulator) as device:
        await device.poll()
        heard: list[Notice] = []
        unsubscribe = device.subscribe(heard.append)
        await until(lambda: simulator.count("PullMessages"))
        simulator.camera.motion(True)
        await until(lambda: AlarmRaised(Alarm.MOTION) in heard)
        await until(
            lambda: any(isinstance(item, State) and item.alarms[Alarm.MOTION] for item in heard)
        )
        simulator.camera.motion(False)
        await until(
            lambda: isinstance(heard[-1], State) and heard[-1].alarms[Alarm.MOTION] is False
        )
        unsubscribe()
        unsubscribe()
        count = len(heard)
        simulator.camera.motion(True)
        await asyncio.sleep(0.3)
        assert len(heard) == count


async def test_failing_listener(session: ClientSession) -> None:
    """Whoever fails to listen costs the others nothing."""
    async with OnvifSimulator() as simulator, connected(session, simulator) as device:
        await device.poll()
        heard: list[Notice] = []
        reported: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, said: reported.append(said))

        def fail(_notice: Notice) -> None:
            raise ValueError

        device.subscribe(fail)
        device.subscribe(heard.append)
        await until(lambda: simulator.count("PullMessages"))
        simulator.camera.motion(True)
        await until(lambda: heard)
        assert reported


async def test_gone_and_back(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that dies is told to be gone before the next poll, and found again by itself."""
    monkeypatch.setattr(device_module, "ALIVE_LIMIT", 0.5)
    async with OnvifSimulator() as simulator, connected(session, simulator) as device:
        await device.poll()
        heard: list[Notice] = []
        device.subscribe(heard.append)
        await until(lambda: simulator.count("PullMessages"))
        simulator.camera.motion(True)
        await until(lambda: AlarmRaised(Alarm.MOTION) in heard)
        reboot = asyncio.create_task(simulator.reboot(1.5))
        await until(lambda: any(isinstance(item, ConnectError) for item in heard))
        with pytest.raises(CameraError):
            await device.poll()
        await reboot
        state = await device.poll()
        # Nothing stays on after the channel was lost.
        assert not state.alarms[Alarm.MOTION]
        simulator.camera.motion(True)
        await until(lambda: isinstance(heard[-1], State) and heard[-1].alarms[Alarm.MOTION] is True)


async def test_tokens_change(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device whose tokens are others after a restart keeps its keys."""
    monkeypatch.setattr(device_module, "ALIVE_LIMIT", 0.5)
    async with (
        OnvifSimulator(quirks={Quirk.PROFILE_TOKENS_CHANGE}) as simulator,
        connected(session, simulator) as device,
    ):
        before = await device.poll()
        keys = [stream.key for stream in device.streams]
        heard: list[Notice] = []
        device.subscribe(heard.append)
        reboot = asyncio.create_task(simulator.reboot(0.5))
        await until(lambda: any(isinstance(item, CameraError) for item in heard))
        await reboot
        after = await device.poll()
        assert [stream.key for stream in device.streams] == keys
        assert set(after.settings) == set(before.settings)
        assert device.mover is not None
        await device.mover.move(Move.STOP)
        if any(isinstance(item, Reconfigured) for item in heard):
            assert after.transmitting


async def test_other_device(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another device at the address is not shown as this one."""
    async with OnvifSimulator() as simulator:
        with pytest.raises(ConnectError) as raised:
            async with connected(session, simulator, expected_id="a8:13:74:99:99:99"):
                pass
        assert raised.value.reason is Reason.OTHER_CAMERA
        async with connected(session, simulator) as device:
            await device.poll()
            monkeypatch.setattr(device, "_refresh_at", time.monotonic())
            simulator.become(mac="a8:13:74:99:99:99", serial="another")
            with pytest.raises(ConnectError) as raised:
                await device.poll()
            assert raised.value.reason is Reason.OTHER_CAMERA


async def test_password_changes(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that was changed in the device is asked for."""
    async with OnvifSimulator() as simulator, connected(session, simulator) as device:
        await device.poll()
        simulator.set_password("admin", "new")
        monkeypatch.setattr(device, "_refresh_at", time.monotonic())
        with pytest.raises(AuthError):
            await device.poll()


async def test_read_back(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others change in the device is read back."""
    async with OnvifSimulator() as simulator, connected(session, simulator) as device:
        await device.poll()
        count = simulator.count("GetImagingSettings")
        await device.poll()
        assert simulator.count("GetImagingSettings") == count
        monkeypatch.setattr(device, "_refresh_at", time.monotonic())
        await device.poll()
        assert simulator.count("GetImagingSettings") > count


async def test_fixing(session: ClientSession) -> None:
    """What can be mended is mended."""
    async with (
        OnvifSimulator(clock_offset=9000) as simulator,
        connected(session, simulator) as device,
    ):
        assert (await device.poll()).problems == {Problem.CLOCK_OFF}
        assert Problem.CLOCK_OFF in device.fixable
        await device.fix(Problem.CLOCK_OFF)
        assert not (await device.poll()).problems


async def test_unattached(session: ClientSession) -> None:
    """A head that belongs to no profile is attached, or its owner is told."""
    async with (
        OnvifSimulator(quirks={Quirk.PTZ_UNATTACHED}) as simulator,
        connected(session, simulator) as device,
    ):
        assert device.mover is not None
        assert not (await device.poll()).problems
    async with (
        OnvifSimulator(quirks={Quirk.PTZ_UNATTACHED, Quirk.PTZ_ATTACH_REFUSED}) as simulator,
        connected(session, simulator) as device,
    ):
        assert (await device.poll()).problems == {Problem.PTZ_NOT_ATTACHED}
        with pytest.raises(RefusedError):
            await device.fix(Problem.PTZ_NOT_ATTACHED)


async def test_flood(session: ClientSession) -> None:
    """A thousand events a second make a bounded number of states, the last of them right."""
    async with OnvifSimulator() as simulator, connected(session, simulator) as device:
        await device.poll()
        states: list[float] = []
        device.subscribe(lambda _notice: states.append(time.monotonic()))
        await until(lambda: simulator.count("PullMessages"))
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for _ in range(25):
                simulator.camera.motion(True)
                simulator.camera.motion(False)
            await asyncio.sleep(0.05)

        def settled() -> bool:
            """Return whether nothing was told for a while."""
            return time.monotonic() - states[-1] > 1.2

        await until(settled, 20)
        for at in states:
            assert sum(at <= other < at + 0.9 for other in states) <= 3 * MAX_STATES
        assert (await device.poll()).alarms[Alarm.MOTION] is False


async def test_hanging(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that answers no more is gone within the limit."""
    monkeypatch.setattr(device_module, "ALIVE_LIMIT", 0.3)
    monkeypatch.setattr(device_module, "FRESH", 0.0)
    async with OnvifSimulator() as simulator, connected(session, simulator) as device:
        await device.poll()
        simulator.fault("*", Fault.HANG)
        before = time.monotonic()
        with pytest.raises(ConnectError):
            await device.poll()
        assert time.monotonic() - before < 2
        simulator.clear_faults()
        assert await device.poll()


async def test_stumbling(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a device failed to tell when it had just started is asked for again."""
    monkeypatch.setattr(device_module, "AGAIN", (0.0,))
    async with OnvifSimulator() as simulator:
        simulator.fault("GetImagingSettings", Fault.FAULT_500, times=1)
        simulator.fault("GetPresetTours", Fault.EMPTY, times=1)
        async with connected(session, simulator) as device:
            assert device.settings is not None
            assert "imaging_0_brightness" not in {row.key for row in device.settings.table}
            state = await device.poll()
            assert "imaging_0_brightness" in state.settings
            assert device.tours is not None
            count = simulator.count("GetProfiles")
            await device.poll()
            assert simulator.count("GetProfiles") == count


async def test_ten_connects(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """What two services list is the same row each time, whichever of them answers first."""
    async with OnvifSimulator() as simulator:
        for number in range(10):
            client = client_for(session, simulator)
            slow = ("GetNodes", "GetServiceCapabilities")[number % 2]
            call = client.call

            async def slowly(service: str, operation: str, /, **values: Any) -> Any:
                if operation == slow:  # noqa: B023 - called before the next turn
                    await asyncio.sleep(0.1)
                return await call(service, operation, **values)  # noqa: B023

            monkeypatch.setattr(client, "call", slowly)
            device = OnvifDevice(client)
            try:
                await device.connect()
                rows = {row.key: row for row in device.settings.table} if device.settings else {}
                lamp = rows["aux_ir_lamp"]
                assert isinstance(lamp, Choice)
                assert "auto" in lamp.options
                assert isinstance(rows["aux_wiper"], Toggle)
            finally:
                await device.close()
