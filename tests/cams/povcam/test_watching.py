"""Polls do not wait for what is looked at beside get_state, and all of that is found in the end."""

import asyncio
from collections.abc import Iterator
import time
from typing import Any, override

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import State
from custom_components.panacam.cams.net.http import Answer, HttpClient
from custom_components.panacam.cams.povcam import device as povcam_device, wanted, watching
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.povcam.panel import KNOBS
from custom_components.panacam.cams.povcam.watching import Watcher, Watchers
from custom_components.panacam.cams.roles import Problem
from tests.cams.support import camera, device_of
from tests.simulators.povcam import AG_UMR20, Fault, PovcamSimulator

pytestmark = pytest.mark.usefixtures("quick")

NEEDED = {"get_state", "getinfo"}
"""What a poll cannot do without."""
PROBED = ("get_systemlog", "get_date_time", "get_status", "get_https")


def looks() -> set[asyncio.Task[Any]]:
    """Return the tasks in which watchers look."""
    return {task for task in asyncio.all_tasks() if task.get_name() == "panacam looks"}


def want_all(device: PovcamDevice) -> None:
    """Want all that a camera tells."""
    for key in (*device.readings, *device.signals, *device.topics, *KNOBS):
        device.want(key)


def names(sim: PovcamSimulator) -> Iterator[str]:
    """Yield what the camera was asked, and forget it."""
    while sim.requests:
        yield sim.requests.popleft().path.rpartition("/")[2]


async def test_all_hangs_but_get_state(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One poll waits a while, the others not at all, and each tells the state of its moment."""
    device = device_of(session, sim, timeout=5)
    await device.connect()
    want_all(device)
    for name in set(sim._http._cgis) - NEEDED:
        sim.fault(name, Fault.HANG)
    monkeypatch.setattr(watching, "BUDGET", 0.4)
    began = time.monotonic()
    before = await device.poll()
    assert 0.3 < time.monotonic() - began < 1.5
    assert len(before.settings) > 50
    for number in range(3):
        sim.camera.pre_rec = number % 2 == 0
        began = time.monotonic()
        assert (await device.poll()).pre_recording is sim.camera.pre_rec
        assert time.monotonic() - began < 0.3
        assert len(looks()) == 1
    await device.close()
    assert not looks()


async def test_only_https_hangs(session: ClientSession, sim: PovcamSimulator) -> None:
    """What one request is not answered to makes no camera unavailable, and others do not starve."""
    device = device_of(session, sim, timeout=0.3)
    await device.connect()
    want_all(device)
    sim.fault("get_https", Fault.HANG)
    state = await device.poll()
    assert state.readings["https_state"] is None
    assert state.readings["event_log_count"] is not None
    assert state.readings["network_bandwidth"] is not None
    list(names(sim))
    await device.poll()
    assert "get_https" not in set(names(sim))
    await device.close()


async def test_a_slow_camera(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that takes 3 seconds for each answer is set up within 15, and shows all it has.

    Ten times as fast here.
    """
    request = HttpClient.request

    async def slow(self: HttpClient, *arguments: Any, **options: Any) -> Answer:
        await asyncio.sleep(0.3)
        return await request(self, *arguments, **options)

    monkeypatch.setattr(HttpClient, "request", slow)
    monkeypatch.setattr(watching, "BUDGET", 0.3)
    device = device_of(session, sim, timeout=1)
    began = time.monotonic()
    await device.connect()
    assert time.monotonic() - began < 1.5
    assert device.settings is not None
    assert len(device.settings.table) < 50
    for _ in range(14):
        began = time.monotonic()
        state = await device.poll()
        assert time.monotonic() - began < 0.9
    assert len(state.settings) == len(device.settings.table) > 50
    assert {"clock_drift", "https_state", "event_log_count"} <= set(state.readings)
    await device.close()


async def test_busy_at_set_up(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a camera had no time for at set-up is found later, and becomes part of it."""
    monkeypatch.setattr(wanted, "PROBE_GAP", 0.0)
    for name in PROBED:
        sim.fault(name, Fault.BUSY)
    device = device_of(session, sim)
    await device.connect()
    before = await device.poll()
    assert device.certificates is device.presses is device.fixer is device.system_log is None
    assert not device.topics
    sim.clear_faults()
    state = await device.poll()
    assert state.topics == set(device.topics) == {"system_log"}
    assert state.readings.keys() - before.readings.keys() == {
        *("clock_drift", "event_log_count", "external_address", "https_state")
    }
    assert state.readings.keys() <= device.readings.keys()
    assert state.signals.keys() == device.signals.keys() == {"upnp_http", "upnp_https"}
    assert device.certificates is not None
    assert device.system_log is not None
    assert device.presses is not None
    assert [press.key for press in device.presses.table] == ["set_clock"]
    assert device.fixer is not None
    assert device.fixer.fixable == {Problem.CLOCK_OFF}
    await device.poll()
    assert device.presses is not None
    log = device.system_log
    await device.poll()
    assert device.system_log is log
    await device.close()


async def test_set_up_asks_once(session: ClientSession, sim: PovcamSimulator) -> None:
    """What both set-up and the menus need is asked for once."""
    device = device_of(session, sim)
    await device.connect()
    asked = list(names(sim))
    for name in ("get_basic", "get_video_over_ip", "get_audio"):
        assert asked.count(name) == 1
    settings = (await device.poll()).settings
    assert settings["camera_title"] == AG_UMR20.name
    assert {"h264_1_transmission", "audio"} <= settings.keys()
    await device.close()


async def test_nonsense_at_set_up(session: ClientSession, sim: PovcamSimulator) -> None:
    """What was told wrongly is asked once more."""
    sim.fault("get_basic", Fault.RUBBISH, times=1)
    device = device_of(session, sim)
    await device.connect()
    assert (await device.poll()).settings["camera_title"] == AG_UMR20.name
    await device.close()


@pytest.mark.parametrize("connected", [False, True])
async def test_close_at_work(
    session: ClientSession,
    sim: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
    connected: bool,
) -> None:
    """Whatever is under way ends with the device, of set-up as of a poll."""
    monkeypatch.setattr(watching, "BUDGET", 0.2)
    monkeypatch.setattr(wanted, "PROBE_GAP", 0.0)
    if connected:
        sim.fault("get_https", Fault.BUSY)
    else:
        sim.fault("get_https", Fault.HANG)
    device = device_of(session, sim, timeout=30)
    await device.connect()
    if connected:
        sim.fault("get_https", Fault.HANG)
        await device.poll()
    assert len(looks()) == 1
    await device.close()
    assert not looks()
    await device.close()


async def test_connected_again(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that is connected again looks in one task only."""
    monkeypatch.setattr(watching, "BUDGET", 0.2)
    sim.fault("get_status", Fault.HANG)
    device = device_of(session, sim, timeout=30)
    await device.connect()
    await device.connect()
    assert len(looks()) == 1
    sim.clear_faults()
    await device.connect()
    assert "upnp_http" in device.signals
    assert not looks()
    await device.close()


async def test_polls_at_once(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two polls at the same time have one round of looks, and both end."""
    monkeypatch.setattr(povcam_device, "POLL_GAP", 0.0)
    async with camera() as sim:
        device = device_of(session, sim)
        await device.connect()
        device.want("clock_drift")
        list(names(sim))
        await asyncio.gather(device.poll(), device.poll())
        assert list(names(sim)).count("get_date_time") == 1
        await device.close()


class _Broken(Watcher):
    """A watcher with a bug."""

    @override
    async def begin(self) -> None:
        pass

    @override
    def is_due(self, state: State, now: float) -> bool:
        return True

    @override
    async def look(self, state: State) -> None:
        await asyncio.sleep(0.1)
        raise ZeroDivisionError

    @override
    def add(self, state: State) -> State:
        return state


async def test_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in the background is not lost: a later poll raises it."""
    monkeypatch.setattr(watching, "BUDGET", 0.01)
    watchers = Watchers(_Broken())
    await watchers.begin()
    await watchers.look(State(), 0.0)
    await asyncio.sleep(0.2)
    with pytest.raises(ZeroDivisionError):
        await watchers.look(State(), 0.0)
    await watchers.look(State(), 0.0)
    await watchers.stop()
    assert not looks()
