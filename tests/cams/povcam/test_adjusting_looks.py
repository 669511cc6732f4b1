"""How often a Panasonic camera's menus are read: as seldom as somebody wants them."""

import asyncio
from collections import Counter
from collections.abc import Callable
import time
from types import SimpleNamespace

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import ConnectError
from custom_components.panacam.cams.povcam import (
    adjusting,
    client,
    device as povcam_device,
    watching,
)
from custom_components.panacam.cams.povcam.commands import GET_BASIC
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.povcam.shelf import Menus
from custom_components.panacam.cams.povcam.wire import Command
from custom_components.panacam.cams.settings import Value
from custom_components.panacam.cams.stream import Credentials
from tests.cams.support import camera, device_of, http_of
from tests.simulators.povcam import AG_UMR20, Fault, PovcamSimulator

pytestmark = pytest.mark.usefixtures("quick")

MENUS = {
    "get_priority_mode",
    "get_basic",
    "get_time",
    "get_date_time",
    "get_video_over_ip",
    "get_audio",
    "get_network",
    "get_upnp",
    "get_sdrec_mode",
    "get_sdrec_target",
    "get_recorder_num",
}
"""All that tell something which is shown."""


CLOCK = "get_date_time"


class Clock:
    """Time that a test moves on; the event loop's goes its own way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin with the real one."""
        self.ahead = 0.0
        ours = SimpleNamespace(monotonic=lambda: time.monotonic() + self.ahead)
        for module in (adjusting, povcam_device):
            monkeypatch.setattr(module, "time", ours)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the time."""
    return Clock(monkeypatch)


def asked(sim: PovcamSimulator) -> Counter[str]:
    """Return which menus were read since the last time, but for the clock's: others do so, too."""
    found = Counter(request.path.rpartition("/")[2] for request in sim.requests)
    sim.requests.clear()
    return Counter({name: number for name, number in found.items() if name in MENUS - {CLOCK}})


async def test_at_set_up(session: ClientSession, sim: PovcamSimulator) -> None:
    """Each menu is read, and none of those that only copies need."""
    device = device_of(session, sim)
    await device.connect()
    assert not [request for request in sim.requests if "multi_screen" in request.path]
    assert CLOCK in {request.path.rpartition("/")[2] for request in sim.requests}
    assert asked(sim).keys() == MENUS - {CLOCK}


async def test_nobody_looks(device: PovcamDevice, sim: PovcamSimulator, clock: Clock) -> None:
    """Then nothing is asked, but by the device itself: which streams there are."""
    asked(sim)
    for _ in range(3):
        clock.ahead += 100
        await device.poll()
    assert asked(sim) == {"get_video_over_ip": 3}


async def test_somebody_looks(device: PovcamDevice, sim: PovcamSimulator, clock: Clock) -> None:
    """One menu a poll, each about once a minute, and the mode, which decides what there is."""
    ends = [device.want(key) for key in ("ntp_port", "ntp_interval", "audio", "recorder_id")]
    device.want("no_such_key")()
    asked(sim)
    await device.poll()
    assert not asked(sim)
    clock.ahead += adjusting.EVERY + 1
    seen: list[Counter[str]] = []
    for _ in range(6):
        await device.poll()
        seen.append(asked(sim) - Counter(["get_video_over_ip"]))
    assert [sum(found.values()) for found in seen] == [1, 1, 1, 1, 0, 0]
    assert sum(seen, Counter()).keys() == {
        *("get_time", "get_audio", "get_recorder_num", "get_priority_mode")
    }
    sim.camera.menus.time_server.port = 321
    ends[0]()
    clock.ahead += adjusting.EVERY + 1
    for _ in range(4):
        await device.poll()
    assert (await device.poll()).settings["ntp_port"] == 321  # its neighbour is still wanted
    for end in ends:
        end()
    asked(sim)
    clock.ahead += adjusting.EVERY + 1
    await device.poll()
    assert asked(sim) == {"get_video_over_ip": 1}


async def test_a_mute_menu(
    session: ClientSession,
    sim: PovcamSimulator,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Set-up and polls do not wait for it; it is asked but seldom, and there once it answers."""
    monkeypatch.setattr(watching, "BUDGET", 0.3)
    sim.fault("get_upnp", Fault.HANG)
    device = device_of(session, sim, timeout=0.5)
    begun = time.perf_counter()
    await device.connect()
    assert time.perf_counter() - begun < 1.5
    assert device.settings is not None
    keys = {row.key for row in device.settings.table}
    assert "upnp_port_forwarding" not in keys
    assert "ntp_port" in keys
    await asyncio.sleep(1.2)  # asked twice, with half a second for each
    await device.poll()
    assert asked(sim)["get_upnp"] == 2
    clock.ahead += adjusting.EVERY + 1
    await device.poll()
    assert asked(sim)["get_upnp"] == 0
    sim.clear_faults()
    clock.ahead += adjusting.SELDOM + 1
    assert "upnp_port_forwarding" in (await device.poll()).settings
    await device.close()


@pytest.mark.parametrize(
    "fault", [Fault.ERROR_500, Fault.EMPTY, Fault.RUBBISH, Fault.BUSY, Fault.HTML_PAGE]
)
async def test_a_menu_that_fails(
    session: ClientSession, sim: PovcamSimulator, clock: Clock, fault: Fault
) -> None:
    """The camera is there, the menu is not, until it answers."""
    sim.fault("get_basic", fault)
    device = device_of(session, sim)
    await device.connect()
    assert "camera_title" not in (await device.poll()).settings
    sim.clear_faults()
    clock.ahead += adjusting.SELDOM + 1
    settings: dict[str, Value | None] = {}
    for _ in range(2):
        settings = dict((await device.poll()).settings)
    assert settings["camera_title"] == AG_UMR20.name


@pytest.mark.parametrize("prepare", [lambda _device: None, lambda device: device.want("audio")])
async def test_away(
    device: PovcamDevice,
    sim: PovcamSimulator,
    clock: Clock,
    prepare: Callable[[PovcamDevice], object],
) -> None:
    """A camera that is gone is found to be; what it was set to comes back with it."""
    prepare(device)
    before = (await device.poll()).settings
    await sim.stop()
    clock.ahead += adjusting.EVERY + 1
    with pytest.raises(ConnectError):
        await device.poll()
    await sim.start()
    assert (await device.poll()).settings == before


async def test_away_in_between(device: PovcamDevice, sim: PovcamSimulator, clock: Clock) -> None:
    """It may go after it has told its state."""
    device.want("audio")
    clock.ahead += adjusting.EVERY + 1
    for name in ("get_audio", "get_priority_mode", "getinfo"):
        sim.fault(name, Fault.CLOSE)
    with pytest.raises(ConnectError):
        await device.poll()
    sim.clear_faults()
    await device.poll()


async def test_standby(session: ClientSession, sim: PovcamSimulator) -> None:
    """What a camera refuses in standby is asked again as soon as it wakes up."""
    sim.camera.standby = True
    for name in MENUS:
        sim.fault(name, Fault.ERROR_500)
    device = device_of(session, sim)
    await device.connect()
    for _ in range(3):
        assert (await device.poll()).settings == {}
    sim.clear_faults()
    sim.camera.standby = False
    found = 0
    for _ in MENUS:
        before, found = found, len((await device.poll()).settings)
        assert found > before
    assert device.settings is not None
    assert found == len(device.settings.table) > 50


async def test_a_request_that_it_has_not(
    session: ClientSession, sim: PovcamSimulator, clock: Clock
) -> None:
    """A camera that hangs up on one request is not asked that again."""
    sim.fault("get_upnp", Fault.CLOSE)
    device = device_of(session, sim)
    await device.connect()
    device.want("upnp_port_forwarding")
    asked(sim)
    clock.ahead += adjusting.SELDOM + 1
    for _ in range(4):
        await device.poll()
    assert "get_upnp" not in asked(sim)


async def test_a_viewer(session: ClientSession, clock: Clock) -> None:
    """Who may look only is shown nothing to change."""
    async with camera(user_auth=True, users={"viewer": ("viewer", "live")}) as sim:
        device = device_of(session, sim, Credentials("viewer", "viewer"))
        await device.connect()
        assert device.settings is not None
        assert device.settings.table == ()
        for _ in range(8):
            clock.ahead += 61
            assert (await device.poll()).settings == {}


async def test_an_answer_that_comes_late(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked before a change and is answered after it is not what the camera has."""
    http = http_of(session, sim)
    asker = client.PovcamClient(http)
    menus = Menus(asker)
    call, held, wait = client.PovcamClient.call, asyncio.Event(), asyncio.Event()

    async def slow(self: client.PovcamClient, command: Command, **values: str | int) -> bytes:
        body = await call(self, command, **values)
        if not held.is_set():
            held.set()
            await wait.wait()
        return body

    monkeypatch.setattr(client.PovcamClient, "call", slow)
    early = asyncio.create_task(menus.read(GET_BASIC))
    await held.wait()
    await menus.write("basic.cam_title", "Gate")
    wait.set()
    assert await early is None
    assert menus.value("basic.cam_title") == "Gate"
    http.close()
