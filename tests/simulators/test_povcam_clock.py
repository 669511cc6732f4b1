"""The simulated Panasonic camera's clock and log, by the specification's words."""

from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from tests.simulators.povcam import PovcamSimulator
from tests.simulators.povcam.clock import Clock
from tests.simulators.povcam.models import Options
from tests.simulators.povcam.syslog import LENGTH, SystemLog
from tests.simulators.povcam_client import get, status

MARCH = {"month": 3, "week": 5, "dotw": 0, "hour": 2}
OCTOBER = {"month": 10, "week": 5, "dotw": 0, "hour": 3}


def at(text: str) -> datetime:
    """Return a time without a zone."""
    return datetime.fromisoformat(text)


def test_runs() -> None:
    """It goes with its ticks, as fast as it is told, until a time server keeps it right."""
    now = 100.0
    clock = Clock(lambda: now)
    assert clock.drift == 0
    clock.drift = 30
    shown = clock.local
    now += 10
    assert clock.local - shown == timedelta(seconds=10)
    clock.rate = 1.0
    now += 10
    assert clock.drift == pytest.approx(50)
    clock.by_network = True
    assert clock.drift == 0
    clock.by_network = False
    clock.rate = 0.0
    now += 10
    assert clock.drift == 0


@pytest.mark.parametrize(
    ("zone", "utc", "shown"),
    [
        (15, "2024-03-31T00:59:59", "2024-03-31T01:59:59"),
        (15, "2024-03-31T01:00:00", "2024-03-31T03:00:00"),
        (15, "2024-10-27T00:59:59", "2024-10-27T02:59:59"),
        (15, "2024-10-27T01:00:00", "2024-10-27T02:00:00"),
        (8, "2024-01-01T00:00:00", "2023-12-31T19:30:00"),
        (33, "2024-01-01T00:00:00", "2024-01-01T12:45:00"),
    ],
)
def test_summer_time(zone: int, utc: str, shown: str) -> None:
    """It jumps an hour at both edges, and back."""
    clock = Clock(lambda: 0.0)
    clock.timezone = 14
    clock.local = at(utc)
    clock.timezone, clock.summer_time, clock.start, clock.end = zone, "2", MARCH, OCTOBER
    assert clock.local == at(shown)


@pytest.mark.parametrize("shown", ["2024-07-01T12:00:00", "2024-01-01T12:00:00"])
def test_set(shown: str) -> None:
    """What is set is what it shows."""
    clock = Clock(lambda: 0.0)
    clock.timezone, clock.summer_time, clock.start, clock.end = 28, "2", MARCH, OCTOBER
    clock.local = at(shown)
    assert clock.local == at(shown)
    assert clock.is_summer() is ("07" in shown)


async def test_date_time(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """What is not sent stays; a day that there is not is refused; NTP corrects it."""
    assert await status(client, sim, "date_time", date_year=2013, date_month=2, date_day=28) == 204
    reply = (await get(client, sim, "get_date_time"))[1]
    assert (reply["date_year"], reply["date_month"], reply["date_day"]) == ("2013", "2", "28")
    assert reply["is_summer_time"] == "0"
    assert await status(client, sim, "date_time", date_day=29) == 500
    clock = sim.camera.menus.clock
    assert clock.drift < -86_400
    assert await status(client, sim, "time", time_adjust=1) == 204
    assert abs(clock.drift) < 1


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({}, rb"1\09/11/2018 12:05\A\one$2\09/11/2018 12:05\B\two$"),
        ({"log_newest_first": True}, rb"2\09/11/2018 12:05\B\two$1\09/11/2018 12:05\A\one$"),
        (
            {"log_newest_first": True, "log_places": True, "log_encoding": "latin-1"},
            b"1\xa509/11/2018 12:05\xa5B\xa5two$2\xa509/11/2018 12:05\xa5A\xa5one$",
        ),
        (
            {"log_encoding": "utf-8"},
            (
                b"1\xc2\xa509/11/2018 12:05\xc2\xa5A\xc2\xa5one$"
                b"2\xc2\xa509/11/2018 12:05\xc2\xa5B\xc2\xa5two$"
            ),
        ),
    ],
)
def test_log(options: dict[str, Any], body: bytes) -> None:
    """Lines as 5.11 prints them, in each way that a model may take that."""
    log = SystemLog(Options(**options))
    log.add(at("2018-09-11T12:05:59"), "A", "one")
    log.add(at("2018-09-11T12:05:59"), "B", "two")
    assert log.body(LENGTH, 1) == body
    assert log.body(1, 1) + log.body(1, 2) == body
    assert log.body(1, 3) == b""


def test_full_log() -> None:
    """It keeps 300 lines, and counts on; cleared, it begins with 1."""
    log = SystemLog(Options())
    for number in range(LENGTH + 5):
        log.add(at("2018-09-11T12:05"), "A", str(number))
    assert (len(log.lines), log.lines[0].number, log.lines[-1].number) == (300, 6, 305)
    log.clear()
    log.add(at("2018-09-11T12:05"), "A", "new")
    assert [line.number for line in log.lines] == [1]


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        ({"type": "eventlog"}, 200),
        ({"type": "eventlog", "num": 300, "index": 300}, 200),
        ({}, 403),
        ({"type": "other"}, 500),
        ({"type": "eventlog", "num": 301}, 500),
        ({"type": "eventlog", "index": 0}, 500),
    ],
)
async def test_get_systemlog(
    client: aiohttp.ClientSession,
    sim: PovcamSimulator,
    parameters: dict[str, str | int],
    answer: int,
) -> None:
    """One type, 1 to 300 lines from 1 to 300."""
    assert await status(client, sim, "get_systemlog", **parameters) == answer


async def test_what_is_logged(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """Restarts, settings, cards and recordings."""
    camera = sim.camera
    camera.log.notice(camera)
    camera.power_cycle()
    assert await status(client, sim, "upnp", upnp_portmap=1) == 204
    camera.recording = True
    camera.slots["sd2"].error = True
    camera.log.notice(camera)
    camera.recording = False
    camera.log.notice(camera)
    assert [line.text for line in camera.log.lines] == [
        *("power on", "upnp changed", "recording start", "sd2 error start", "recording end"),
    ]
    reply = (await get(client, sim, "get_status"))[1]
    assert (reply["http_status"], reply["addr"]) == ("enable", "203.0.113.7")
