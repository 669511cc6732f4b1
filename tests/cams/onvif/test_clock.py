"""The device's clock: looked at when there is doubt, and by one for all."""

import asyncio
from datetime import UTC, datetime, timedelta
import time

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import AuthError, BusyError, ConnectError, Reason
from custom_components.panacam.cams.onvif import client as client_module, clock as clock_module
from custom_components.panacam.cams.onvif.clock import DeviceClock
from custom_components.panacam.cams.onvif.node import Node, parse
from tests.cams.onvif.support import known_client
from tests.simulators.onvif import Auth, Fault, OnvifSimulator

YEAR = 365 * 86400.0


@pytest.mark.parametrize("shift", [7200, -7200])
async def test_jump_soon_after_a_look(
    session: ClientSession, shift: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that is set right after it was looked at does not make the login a wrong one."""
    monkeypatch.setattr(client_module, "CLOCK_DOUBT", 0.2)
    async with OnvifSimulator(auth=Auth.WSSE) as simulator:
        client = await known_client(session, simulator)
        simulator.camera.clock.offset += shift
        await asyncio.sleep(0.3)
        found = await asyncio.gather(*(client.call("device", "GetScopes") for _ in range(4)))
        assert all(found)
        assert client.clock_offset is not None
        assert client.clock_offset.total_seconds() == pytest.approx(shift, abs=2)
    assert clock_module.CLOCK_DOUBT <= 2


async def test_same_clock(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that only tells whole seconds did not move: the login is not tried again for it."""
    monkeypatch.setattr(client_module, "CLOCK_DOUBT", 0.01)
    async with OnvifSimulator(auth=Auth.WSSE) as simulator:
        client = await known_client(session, simulator)
        simulator.set_password(simulator.username, "another")
        simulator.camera.clock.offset += 1
        simulator.requests.clear()
        with pytest.raises(AuthError):
            await client.call("device", "GetDeviceInformation")
        assert simulator.count("GetSystemDateAndTime") == 1
        assert simulator.count("GetDeviceInformation") == 1


async def test_absurd_clock(session: ClientSession) -> None:
    """A time at the end of all calendars is none to reckon with."""
    async with OnvifSimulator(auth=Auth.DIGEST) as simulator:
        simulator.camera.clock.zone_hours = 0
        last = datetime(9999, 12, 31, 23, 59, 58, tzinfo=UTC)
        simulator.camera.clock.set(last)
        client = await known_client(session, simulator)
        assert client.clock_offset is None
        assert await client.call("device", "GetScopes")


@pytest.mark.parametrize("years", [-56, 90])
async def test_old_clock(session: ClientSession, years: float) -> None:
    """One that starts in 1970 is gone by."""
    async with OnvifSimulator(auth=Auth.WSSE, clock_offset=years * YEAR) as simulator:
        client = await known_client(session, simulator)
        assert await client.call("device", "GetScopes")


async def test_stalled_clock(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for the time while it does not come waits once, not in turn."""
    monkeypatch.setattr(client_module, "LOOK_TIME", 0.4)
    monkeypatch.setattr(clock_module, "MOURNED", 0.2)
    async with OnvifSimulator() as simulator:
        client = await known_client(session, simulator)
        client._clock._looked_at = float("-inf")
        simulator.fault("GetSystemDateAndTime", Fault.HANG)
        before = simulator.count("GetSystemDateAndTime")
        began = time.monotonic()
        found = await asyncio.gather(
            *(client.call("device", "GetScopes") for _ in range(5)), return_exceptions=True
        )
        assert time.monotonic() - began < 0.8
        assert all(isinstance(one, ConnectError) and one.reason is Reason.TIMEOUT for one in found)
        with pytest.raises(ConnectError):  # nor does who comes a moment later
            await client.call("device", "GetScopes")
        assert simulator.count("GetSystemDateAndTime") - before == 1
        simulator.clear_faults()
        await client.see_clock()  # who wants to know gets to know
        assert await client.call("device", "GetScopes")


async def test_looks_after_a_failure() -> None:
    """What the look failed by is not kept for longer than it helps."""
    answers: list[Exception | Node] = [
        BusyError(Reason.BUSY),
        ConnectError(Reason.CUT),
        parse(b"<GetSystemDateAndTimeResponse/>"),
    ]

    async def ask() -> Node:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    clock = DeviceClock(ask)
    with pytest.raises(BusyError):
        await clock.look(60)
    with pytest.raises(ConnectError):
        await clock.look(60)
    with pytest.raises(ConnectError):
        await clock.look(60)
    await clock.look(0)
    await clock.look(60)
    assert not answers
    assert not clock.moved(timedelta(seconds=1))
    assert clock.moved(timedelta(seconds=3))
