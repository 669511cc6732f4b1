"""How far a camera's clock is off, and that it is set right, whatever its zone."""

from datetime import UTC, datetime
import time

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import State
from custom_components.panacam.cams.errors import CameraError, Reason, RefusedError
from custom_components.panacam.cams.povcam import clock_watcher
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.clock_watcher import ClockWatcher
from custom_components.panacam.cams.povcam.wire import Command
from custom_components.panacam.cams.roles import Problem
from tests.cams.support import LOGIN, http_of
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.clock import Clock

NOT_SUMMER = {"month": 1, "week": 1, "dotw": 0, "hour": 0}


@pytest.fixture
def clock(sim: PovcamSimulator) -> Clock:
    """Return the camera's clock."""
    return sim.camera.menus.clock


@pytest.fixture
async def watcher(session: ClientSession, sim: PovcamSimulator) -> ClockWatcher:
    """Return what watches it."""
    found = ClockWatcher(PovcamClient(http_of(session, sim, LOGIN)))
    await found.begin()
    return found


def drift(watcher: ClockWatcher) -> float | str | None:
    """Return what the sensor shows."""
    return watcher.add(State()).readings["clock_drift"]


def summer_now(clock: Clock, *, summer: bool) -> None:
    """Give a clock a rule by which it is summer time now, or not."""
    now = datetime.now(UTC)
    months = [(now.month - 1 + step) % 12 + 1 for step in (-1, 2)]
    begin, end = months if summer else reversed(months)
    clock.summer_time = "2"
    clock.start, clock.end = NOT_SUMMER | {"month": begin}, NOT_SUMMER | {"month": end}


def have(clock: Clock, zone: int, summer: str) -> None:
    """Give a clock a zone and a summer time."""
    clock.timezone = zone
    if summer in {"in", "out"}:
        summer_now(clock, summer=summer == "in")
        assert clock.is_summer() is (summer == "in")
    else:
        clock.summer_time = summer


@pytest.mark.parametrize("zone", [1, 8, 14, 23, 33])
@pytest.mark.parametrize("summer", ["0", "1", "in", "out"])
async def test_drift(watcher: ClockWatcher, clock: Clock, zone: int, summer: str) -> None:
    """Zone and summer time are no drift; a minute is none that an owner should know of."""
    have(clock, zone, summer)
    for seconds in (0, 3600, -3600, 86_400, -59):
        clock.drift = seconds
        await watcher.read()
        shown = drift(watcher)
        assert isinstance(shown, int)
        assert abs(shown - seconds) <= 1
        problems = watcher.add(State()).problems
        assert (Problem.CLOCK_OFF in problems) is (abs(seconds) > 61)


@pytest.mark.parametrize(("zone", "summer"), [(8, "in"), (33, "0"), (1, "1"), (14, "out")])
async def test_set(watcher: ClockWatcher, clock: Clock, zone: int, summer: str) -> None:
    """The clock is right afterwards, in the zone and the summer time that it had."""
    have(clock, zone, summer)
    clock.drift = 86_400
    before = (zone, clock.summer_time, clock.display, clock.start, clock.end)
    await watcher.set_clock()
    assert abs(clock.drift) < 0.3
    assert (clock.timezone, clock.summer_time, clock.display, clock.start, clock.end) == before
    assert drift(watcher) == 0
    assert watcher.add(State()).problems == frozenset()


async def test_set_out_of_another_season(watcher: ClockWatcher, clock: Clock) -> None:
    """What the camera says of summer time now is of a wrong day, if its clock is wrong."""
    summer_now(clock, summer=True)
    clock.drift = 182 * 86_400
    assert not clock.is_summer()
    await watcher.set_clock()
    assert clock.is_summer()
    assert abs(clock.drift) < 0.3


async def test_set_against_the_rule(
    watcher: ClockWatcher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that sees its summer time otherwise than by its rule is believed."""
    summer_now(clock, summer=True)
    monkeypatch.setattr(Clock, "is_summer", lambda *_: False)
    clock.drift = 500
    await watcher.set_clock()
    assert abs(clock.drift) < 0.3


async def test_sent(watcher: ClockWatcher, sim: PovcamSimulator, clock: Clock) -> None:
    """The date goes as a set, with what it shows and its summer time; nothing else."""
    clock.display, clock.summer_time, clock.timezone = "1", "1", 15
    await watcher.set_clock()
    *_, sent = [one for one in sim.requests if one.path.endswith("/date_time")]
    assert sent.params.keys() == {
        *("display", "summer_time", "date_year", "date_month", "date_day", "date_hour"),
        *("date_min", "date_sec"),
    }
    assert (sent.params["display"], sent.params["summer_time"]) == ("1", "1")
    # At the turn of a second: what is told has just begun.
    assert time.time() % 1 < 0.5


async def test_unknown_zone(watcher: ClockWatcher, sim: PovcamSimulator, clock: Clock) -> None:
    """Without a zone that is known nobody knows what the clock should show."""
    clock.timezone, clock.drift = 74, 5000
    await watcher.read()
    assert drift(watcher) is None
    assert watcher.add(State()).problems == frozenset()
    with pytest.raises(RefusedError) as caught:
        await watcher.set_clock()
    assert caught.value.reason is Reason.TIME_ZONE_UNKNOWN
    assert not [one for one in sim.requests if one.path.endswith("/date_time")]


async def test_not_taken(
    watcher: ClockWatcher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that agrees and stays wrong is told of."""
    clock.drift = 500
    monkeypatch.setattr(Clock, "local", property(Clock.local.fget, lambda *_: None))
    with pytest.raises(RefusedError) as caught:
        await watcher.set_clock()
    assert caught.value.reason is Reason.NOT_TAKEN
    assert drift(watcher) in {499, 500, 501}


async def test_out_of_its_years(watcher: ClockWatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A year that the camera cannot have is not sent."""
    monkeypatch.setattr(clock_watcher.time, "time", lambda: 2_082_800_000.5)
    with pytest.raises(RefusedError) as caught:
        await watcher.set_clock()
    assert caught.value.reason is Reason.OUT_OF_RANGE


async def test_pace(watcher: ClockWatcher, clock: Clock) -> None:
    """A clock that is right and wanted by nobody is looked at seldom, any other one often."""
    now = time.monotonic()
    assert not watcher.is_due(State(), now + clock_watcher.QUIET_GAP - 60)
    assert watcher.is_due(State(), now + clock_watcher.QUIET_GAP + 60)
    assert watcher.want("something else") is None
    end = watcher.want("clock_drift")
    assert end is not None
    assert watcher.is_due(State(), now)
    await watcher.look(State())
    assert not watcher.is_due(State(), now + clock_watcher.CLOCK_GAP - 60)
    assert watcher.is_due(State(), now + clock_watcher.CLOCK_GAP + 60)
    end()
    end()
    assert not watcher.is_due(State(), now + clock_watcher.CLOCK_GAP + 60)
    clock.drift = 3600
    await watcher.look(State())
    assert watcher.is_due(State(), now + clock_watcher.CLOCK_GAP + 60)


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.EMPTY, Fault.RUBBISH, Fault.CLOSE])
async def test_does_not_tell(watcher: ClockWatcher, sim: PovcamSimulator, fault: Fault) -> None:
    """What is not told is unknown, and asked for again in a while; a button says so."""
    sim.fault("get_date_time", fault)
    await watcher.look(State())
    assert drift(watcher) is None
    assert not watcher.is_due(State(), time.monotonic() + 60)
    with pytest.raises(CameraError):
        await watcher.set_clock()


async def test_has_none(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that does not know the request has no sensor and no button, and is left alone."""

    async def call(_self: PovcamClient, command: Command, **_values: str | int) -> bytes:
        raise RefusedError(Reason.UNSUPPORTED, command.name)

    monkeypatch.setattr(PovcamClient, "call", call)
    found = ClockWatcher(PovcamClient(http_of(session, sim, LOGIN)))
    await found.begin()
    assert (dict(found.readings), dict(found.presses), dict(found.fixes)) == ({}, {}, {})
    assert found.add(State()) == State()
    assert not found.is_due(State(), time.monotonic() + 1e6)


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.ERROR_500, Fault.RUBBISH, Fault.HANG])
async def test_has_none_yet(session: ClientSession, sim: PovcamSimulator, fault: Fault) -> None:
    """One that only did not tell is asked again, less and less often."""
    sim.fault("get_date_time", fault)
    found = ClockWatcher(PovcamClient(http_of(session, sim, LOGIN, timeout=0.2)))
    await found.begin()
    assert found.add(State()) == State()
    for gap in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        now = time.monotonic()
        assert not found.is_due(State(), now + gap - 5)
        assert found.is_due(State(), now + gap)
        await found.look(State())
    assert dict(found.presses) == {}
    sim.clear_faults()
    await found.look(State())
    assert set(found.readings) == {"clock_drift"}
    assert len(found.presses) == len(found.fixes) == 1
    assert drift(found) == 0


async def test_without_login(session: ClientSession, sim: PovcamSimulator) -> None:
    """Who may only look has a sensor, and no button."""
    found = ClockWatcher(PovcamClient(http_of(session, sim, None)))
    await found.begin()
    assert set(found.readings) == {"clock_drift"}
    assert (dict(found.presses), dict(found.fixes)) == ({}, {})


async def test_by_time_server(watcher: ClockWatcher, sim: PovcamSimulator, clock: Clock) -> None:
    """A clock that runs fast goes wrong, until a time server keeps it right."""
    clock.rate = 5000.0
    time.sleep(0.05)  # noqa: ASYNC251 - the camera's clock needs it
    await watcher.read()
    shown = drift(watcher)
    assert isinstance(shown, int)
    assert shown > 100
    clock.by_network = True
    await watcher.read()
    assert drift(watcher) == 0
