import asyncio
from collections.abc import AsyncIterator

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.onvif import deadman
from custom_components.panacam.cams.onvif.deadman import DeadMan
from custom_components.panacam.cams.onvif.ptz import PtzPart
from custom_components.panacam.cams.roles import Vector
from tests.cams.onvif.moving import PtzRig, rig, slow, until
from tests.simulators.onvif import Fault, OnvifSimulator, Quirk


@pytest.fixture
async def lost(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PtzRig]:
    """Give a unit that goes on for ever, since the network was away when it was to be stopped."""
    monkeypatch.setattr(deadman, "PAUSE", 0.01)
    async with rig(session, PtzPart, OnvifSimulator(quirks={Quirk.TIMEOUT_IGNORED})) as head:
        head.camera.ptz.full_speed = 0.01
        assert head.part.ptz is not None
        head.simulator.fault("Stop", Fault.CLOSE)
        await head.part.ptz.start(Vector(pan=1.0), limit=0.05)
        await until(lambda: head.simulator.count("Stop") == deadman.ATTEMPTS)
        await asyncio.sleep(0.1)
        head.simulator.clear_faults()
        assert head.camera.ptz.moving
        yield head


async def test_ended_by_the_next_poll(lost: PtzRig) -> None:
    """The device is back: the head stops, and is not stopped again."""
    await lost.part.poll()
    await until(lambda: not lost.camera.ptz.moving)
    await lost.part.poll()
    await asyncio.sleep(0.1)
    assert lost.simulator.count("Stop") == deadman.ATTEMPTS + 1


async def test_ended_when_connected_again(lost: PtzRig) -> None:
    """It need not wait for a poll."""
    await lost.part.connect()
    await until(lambda: not lost.camera.ptz.moving)


async def test_ended_at_the_end(lost: PtzRig) -> None:
    """Home Assistant ends; the head stands."""
    await lost.part.close()
    assert not lost.camera.ptz.moving


async def test_a_move_that_takes_its_place(lost: PtzRig) -> None:
    """What moves to a place is not stopped on its way for what was before."""
    assert lost.part.ptz is not None
    await lost.part.ptz.go(Vector(pan=0.5, tilt=0.0))
    await lost.part.poll()
    await asyncio.sleep(0.1)
    assert lost.simulator.count("Stop") == deadman.ATTEMPTS


async def test_stopped_while_it_connects(session: ClientSession) -> None:
    """The unit of before is the unit until another is known."""
    async with rig(session, PtzPart) as head:
        head.camera.ptz.full_speed = 0.01
        assert head.part.ptz is not None
        await head.part.ptz.start(Vector(pan=1.0), limit=0.2)
        slow(head.simulator, "ptz", "GetNodes", 1.0)
        connecting = asyncio.create_task(head.part.connect())
        await until(lambda: not head.camera.ptz.moving, 0.8)
        assert not connecting.done()
        await connecting


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ConnectError(Reason.UNREACHABLE), True),
        (RefusedError(Reason.UNSUPPORTED), False),
        (AuthError(Reason.WRONG_CREDENTIALS), True),
    ],
)
async def test_whom_it_is_of_use_to_ask_again(
    monkeypatch: pytest.MonkeyPatch, error: CameraError, *, again: bool
) -> None:
    """Who was not there, or did not know us; not who said no."""
    monkeypatch.setattr(deadman, "PAUSE", 0.0)
    asked = 0

    async def halt() -> None:
        nonlocal asked
        asked += 1
        raise error

    dead_man = DeadMan(halt)
    with pytest.raises(type(error)):
        await dead_man.end()
    assert asked == deadman.ATTEMPTS
    assert dead_man.armed is again
    dead_man.end_left()
    await asyncio.sleep(0.05)
    assert asked == deadman.ATTEMPTS * (1 + again)
    await dead_man.close()
