"""The system log is read while somebody wants it, and each new line is told once."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import logging
import time
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import Notice, State
from custom_components.panacam.cams.errors import CameraError
from custom_components.panacam.cams.memory import Memory, ShortMemory
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.device import PovcamDevice
from custom_components.panacam.cams.povcam.syslog_watcher import LOG_GAP, MAX_TOLD, LogWatcher
from custom_components.panacam.cams.roles import TopicEvent
from tests.cams.support import LOGIN, camera, device_of, http_of
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.syslog import LENGTH

NOON = datetime(2020, 5, 17, 12, 0)  # noqa: DTZ001 - the camera's own
STYLES = [
    {"log_newest_first": newest_first, "log_places": places, "log_encoding": encoding}
    for newest_first in (False, True)
    for places in (False, True)
    for encoding in ("shift_jis", "latin-1", "utf-8")
]

type Watch = Callable[[PovcamSimulator], Awaitable[LogWatcher]]


@pytest.fixture
def heard() -> list[TopicEvent]:
    """Return what is told."""
    return []


@pytest.fixture
def memory() -> ShortMemory:
    """Return what outlasts restarts."""
    return ShortMemory()


@pytest.fixture
def watch(session: ClientSession, heard: list[TopicEvent], memory: Memory) -> Watch:
    """Return what has a camera's log watched, as after a restart."""

    def tell(notice: Notice) -> None:
        assert isinstance(notice, TopicEvent)
        heard.append(notice)

    async def begin(sim: PovcamSimulator) -> LogWatcher:
        watcher = LogWatcher(PovcamClient(http_of(session, sim, LOGIN)), tell, memory)
        await watcher.begin()
        assert watcher.there
        watcher.want("system_log")
        return watcher

    return begin


def happen(sim: PovcamSimulator, *texts: str, minute: int = 0) -> None:
    """Have lines written in one minute."""
    for text in texts:
        sim.camera.log.add(NOON + timedelta(minutes=minute), "E01", text)


def texts(heard: list[TopicEvent]) -> list[str]:
    """Return the descriptions of what was told, and forget it."""
    found = [event.data["text"] for event in heard]
    heard.clear()
    return found


@pytest.mark.parametrize("style", STYLES)
async def test_new_lines(
    session: ClientSession, watch: Watch, heard: list[TopicEvent], style: dict[str, Any]
) -> None:
    """Whatever end is new and whatever its numbers mean: old lines are no news, new ones are."""
    async with camera(**style) as sim:
        happen(sim, "old", "older")
        watcher = await watch(sim)
        await watcher.look(State())
        assert heard == []
        happen(sim, "first", "again", "again", minute=1)
        await watcher.look(State())
        assert heard[0].key == "system_log"
        assert heard[0].data == {
            "code": "E01",
            "text": "first",
            "time": "2020-05-17T12:01",
            "number": heard[0].data["number"],
        }
        assert texts(heard) == ["first", "again", "again"]
        await watcher.look(State())
        happen(sim, "again", minute=1)
        await watcher.look(State())
        assert texts(heard) == ["again"]
        # The log is full now, and each new line takes the place of an old one.
        for minute in range(2, 2 + LENGTH // 15):
            happen(sim, *(f"{minute}: {number}" for number in range(15)), minute=minute)
            await watcher.look(State())
            assert texts(heard) == [f"{minute}: {number}" for number in range(15)]
        assert watcher.add(State()).readings == {"event_log_count": LENGTH}


@pytest.mark.parametrize("style", STYLES[::4])
async def test_restart(
    watch: Watch, heard: list[TopicEvent], session: ClientSession, style: dict[str, Any]
) -> None:
    """What happened while nobody looked is told afterwards, once."""
    async with camera(**style) as sim:
        happen(sim, "old")
        happen(sim, "older", minute=1)
        await (await watch(sim)).look(State())
        happen(sim, "meanwhile", minute=2)
        watcher = await watch(sim)
        assert heard == []
        await watcher.look(State())
        assert texts(heard) == ["meanwhile"]
        await (await watch(sim)).look(State())
        assert heard == []


@pytest.mark.parametrize("style", STYLES[::4])
async def test_cleared(
    watch: Watch, heard: list[TopicEvent], session: ClientSession, style: dict[str, Any]
) -> None:
    """A log that was cleared tells what is written since, and nothing of before."""
    async with camera(**style) as sim:
        happen(sim, "old", "older")
        watcher = await watch(sim)
        await watcher.look(State())
        sim.camera.log.clear()
        await watcher.look(State())
        assert heard == []
        happen(sim, "new", minute=3)
        await watcher.look(State())
        happen(sim, "newer", minute=4)
        await watcher.look(State())
        assert texts(heard) == ["new", "newer"]


async def test_empty_at_first(sim: PovcamSimulator, watch: Watch, heard: list[TopicEvent]) -> None:
    """The first line of a log that was empty is news."""
    watcher = await watch(sim)
    await watcher.look(State())
    happen(sim, "first")
    await watcher.look(State())
    assert texts(heard) == ["first"]


async def test_many(sim: PovcamSimulator, watch: Watch, heard: list[TopicEvent]) -> None:
    """Of very many lines the newest are told, and how many there were before."""
    happen(sim, "old")
    watcher = await watch(sim)
    await watcher.look(State())
    happen(sim, *(str(number) for number in range(100)), minute=1)
    await watcher.look(State())
    assert [event.data.get("left_out") for event in heard] == [None] * (MAX_TOLD - 1) + ["80"]
    assert texts(heard) == [str(number) for number in range(80, 100)]
    await watcher.look(State())
    assert heard == []


@pytest.mark.parametrize(
    "fault",
    [Fault.ERROR_500, Fault.CUT, Fault.RUBBISH, Fault.HTML_PAGE, Fault.HUGE, Fault.RESET],
)
async def test_fails(
    sim: PovcamSimulator, watch: Watch, heard: list[TopicEvent], fault: Fault
) -> None:
    """A look that fails tells nothing, and the next one nothing twice."""
    happen(sim, "old", "older", "oldest")
    watcher = await watch(sim)
    await watcher.look(State())
    happen(sim, "new", minute=1)
    sim.fault("get_systemlog", fault)
    await watcher.look(State())
    assert heard == []
    assert watcher.add(State()).readings == {"event_log_count": None}
    with pytest.raises(CameraError):
        await watcher.text()
    sim.clear_faults()
    await watcher.look(State())
    assert texts(heard) == ["new"]


async def test_without_range(sim: PovcamSimulator, watch: Watch, heard: list[TopicEvent]) -> None:
    """A camera that takes no numbers is asked as in the specification's example."""
    sim.fault("get_systemlog", Fault.ERROR_500, times=1)
    watcher = await watch(sim)
    await watcher.look(State())
    happen(sim, "new")
    await watcher.look(State())
    assert texts(heard) == ["new"]
    asked = [one.params for one in sim.requests if one.path.endswith("get_systemlog")]
    assert asked[-2:] == [{"type": "eventlog"}] * 2


async def test_pace(sim: PovcamSimulator, watch: Watch, heard: list[TopicEvent]) -> None:
    """Nobody's log is not read; for the number of lines alone nothing is told or remembered."""
    watcher = await watch(sim)
    now = time.monotonic()
    assert watcher.is_due(State(), now)
    await watcher.look(State())
    assert not watcher.is_due(State(), now + LOG_GAP / 2)
    assert watcher.is_due(State(), now + LOG_GAP + 10)
    other = LogWatcher(watcher._client, heard.append, ShortMemory())
    await other.begin()
    assert not other.is_due(State(), now)
    end = other.want("event_log_count")
    assert end is not None
    for text in ("one", "two"):
        happen(sim, text)
        await other.look(State())
    assert heard == []
    end()
    assert not other.is_due(State(), now + LOG_GAP + 10)


@pytest.mark.parametrize(
    "kept", [None, 5, "x", [], {}, {"marks": "x", "newest_first": True}, {"marks": []}]
)
async def test_spoilt_memory(
    sim: PovcamSimulator,
    watch: Watch,
    heard: list[TopicEvent],
    memory: ShortMemory,
    kept: object,
) -> None:
    """What was not kept by us is as if nothing was."""
    memory.put("system_log", kept)
    happen(sim, "old")
    watcher = await watch(sim)
    await watcher.look(State())
    happen(sim, "new", minute=1)
    await watcher.look(State())
    assert texts(heard) == ["new"]


async def test_no_log(session: ClientSession, sim: PovcamSimulator) -> None:
    """A camera without a log, and one that does not show it to us, have nothing of it."""
    client = PovcamClient(http_of(session, sim, None))
    watcher = LogWatcher(client, lambda _: None, ShortMemory())
    await watcher.begin()
    assert not [one for one in sim.requests if one.path.endswith("get_systemlog")]
    sim.fault("get_systemlog", Fault.ERROR_500)
    refused = LogWatcher(PovcamClient(http_of(session, sim, LOGIN)), lambda _: None, ShortMemory())
    await refused.begin()
    for found in (watcher, refused):
        assert not found.there
        assert (dict(found.topics), dict(found.readings)) == ({}, {})
        assert found.want("system_log") is None
        assert found.add(State()) == State()


async def test_role(session: ClientSession, caplog: pytest.LogCaptureFixture) -> None:
    """The whole log can be read as text; nothing of it gets into ours."""
    caplog.set_level(logging.DEBUG)
    async with camera(log_newest_first=True) as sim:
        happen(sim, "login of somebody from 192.0.2.9")
        happen(sim, "card removed", minute=1)
        device: PovcamDevice = device_of(session, sim)
        await device.connect()
        device.want("system_log")
        await device.poll()
        assert device.system_log is not None
        assert await device.system_log.read() == (
            "1 2020-05-17 12:00 E01 login of somebody from 192.0.2.9\n"
            "2 2020-05-17 12:01 E01 card removed"
        )
        await device.close()
    assert "192.0.2.9" not in caplog.text


async def test_what_the_camera_logs(sim: PovcamSimulator, device: PovcamDevice) -> None:
    """Recordings, cards and settings show in it."""
    assert device.system_log is not None
    await device.system_log.read()
    assert device.recorder is not None
    await device.recorder.record(True)
    sim.camera.slots["sd2"].inserted = False
    text = await device.system_log.read()
    assert "recording start" in text
    assert "sd2 inserted end" in text
