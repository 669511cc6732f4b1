"""The camera's clock as it is told: time zones, summer time, and what no clock can tell."""

from datetime import UTC, datetime, timedelta
import random

import pytest

from custom_components.panacam.cams.povcam.clock import ZONES, Clock, Edge, read_clock
from custom_components.panacam.cams.povcam.clock_watcher import Told
from custom_components.panacam.cams.povcam.wire import parse_reply

ANSWER = (
    b"display=1\r\ndate_year=2018\r\ndate_month=7\r\ndate_day=2\r\ndate_hour=13\r\ndate_min=5\r\n"
    b"date_sec=9\r\ntimezone=15\r\nsummer_time=2\r\nstart_month=3\r\nstart_week=5\r\n"
    b"start_dotw=0\r\nstart_hour=2\r\nend_month=10\r\nend_week=5\r\nend_dotw=0\r\nend_hour=3\r\n"
    b"is_summer_time=1\r\n"
)
HOURS = timedelta(hours=1)
EUROPE = (Edge(month=3, week=5, day=0, hour=2), Edge(month=10, week=5, day=0, hour=3))
NEW_ZEALAND = (Edge(month=9, week=5, day=0, hour=2), Edge(month=4, week=1, day=0, hour=3))


def at(text: str) -> datetime:
    """Return a time without a zone."""
    return datetime.fromisoformat(text)


def read(*changes: tuple[bytes, bytes]) -> Clock | None:
    """Return what is understood of the answer with something else in it."""
    body = ANSWER
    for old, new in changes:
        assert old in body
        body = body.replace(old, new)
    return read_clock(parse_reply(body))


def test_answer() -> None:
    """Everything that counts is read."""
    assert read() == Clock(
        local=at("2018-07-02T13:05:09"),
        zone=HOURS,
        summer_time="2",
        is_summer=True,
        edges=EUROPE,
        display="1",
    )


@pytest.mark.parametrize(
    ("number", "minutes"),
    [
        *[(1, -660), (8, -270), (10, -210), (13, -60), (14, 0), (15, 60), (18, 210), (23, 345)],
        *[(25, 390), (28, 540), (29, 570), (32, 720), (33, 765)],
    ],
)
def test_zones(number: int, minutes: int) -> None:
    """The zones are those of the table (4.2)."""
    assert len(ZONES) == 33
    clock = read((b"timezone=15", b"timezone=%d" % number))
    assert clock is not None
    assert clock.zone == timedelta(minutes=minutes)


@pytest.mark.parametrize("zone", [b"0", b"34", b"74", b"-1", b"1.5", b"GMT", b""])
def test_unknown_zone(zone: bytes) -> None:
    """Of a zone that no table has, nothing is made up; the answer counts all the same."""
    clock = read((b"timezone=15", b"timezone=" + zone))
    assert clock is not None
    assert (clock.zone, clock.ahead(), clock.ahead_at(at("2018-07-02"))) == (None, None, None)
    told = Told(clock, datetime(2018, 7, 2, tzinfo=UTC), timedelta())
    assert told.drift is None


@pytest.mark.parametrize(
    "change",
    [
        (b"date_month=7", b"date_month=13"),
        (b"date_month=7", b"date_month=0"),
        (b"date_day=2", b"date_day=32"),
        (b"date_hour=13", b"date_hour=24"),
        (b"date_min=5", b"date_min=60"),
        (b"date_year=2018", b"date_year=1"),
        (b"date_year=2018", b"date_year=99999999"),
        (b"date_year=2018", b"date_year=2018.5"),
        (b"date_year=2018", b"date_year=-----"),
        (b"date_hour=13\r\n", b""),
    ],
)
def test_no_time(change: tuple[bytes, bytes]) -> None:
    """A time that cannot be is none."""
    assert read(change) is None


def test_odd_fields() -> None:
    """A leap second is the last one of its minute; summer time without a rule has none."""
    leap = read((b"date_sec=9", b"date_sec=60"))
    assert leap is not None
    assert leap.local.second == 59
    ruleless = read((b"start_week=5", b"start_week=6"), (b"is_summer_time=1", b"is_summer_time="))
    assert ruleless is not None
    assert (ruleless.edges, ruleless.ahead()) == (None, HOURS)


def test_cut_and_rubbish() -> None:
    """Whatever is left of an answer, something comes of it, and never an error."""
    enough = ANSWER.index(b"date_min=") + len(b"date_min=5")
    for end in range(len(ANSWER)):
        clock = read_clock(parse_reply(ANSWER[:end]))
        assert (clock is not None) == (end >= enough)
    assert read_clock(parse_reply(ANSWER + b"more=1\r\n\x00\xff")) == read()
    rng = random.Random(4)  # noqa: S311 - no secret
    for _ in range(300):
        body = bytearray(ANSWER)
        for _ in range(rng.randrange(1, 30)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        if (clock := read_clock(parse_reply(bytes(body)))) is not None:
            clock.ahead()
            clock.ahead_at(clock.local)


@pytest.mark.parametrize(
    ("edge", "moment"),
    [
        (Edge(month=3, week=5, day=0, hour=2), "2024-03-31T02:00"),
        (Edge(month=10, week=5, day=0, hour=3), "2024-10-27T03:00"),
        (Edge(month=3, week=2, day=0, hour=2), "2024-03-10T02:00"),
        (Edge(month=11, week=1, day=0, hour=2), "2024-11-03T02:00"),
        (Edge(month=9, week=1, day=0, hour=0), "2024-09-01T00:00"),
        (Edge(month=2, week=5, day=4, hour=23), "2024-02-29T23:00"),
        (Edge(month=2, week=4, day=6, hour=0), "2025-02-22T00:00"),
        (Edge(month=12, week=5, day=6, hour=0), "2099-12-26T00:00"),
    ],
)
def test_edges(edge: Edge, moment: str) -> None:
    """The n-th weekday of a month, or the last one, as calendars have it."""
    assert edge.moment(at(moment).year) == at(moment)


@pytest.mark.parametrize(
    ("edges", "zone", "utc", "summer"),
    [
        (EUROPE, 1, "2024-03-31T00:59:59", False),
        (EUROPE, 1, "2024-03-31T01:00:00", True),
        (EUROPE, 1, "2024-10-27T00:59:59", True),
        (EUROPE, 1, "2024-10-27T01:00:00", False),
        (NEW_ZEALAND, 12, "2024-04-06T13:59:59", True),
        (NEW_ZEALAND, 12, "2024-04-06T14:00:00", False),
        (NEW_ZEALAND, 12, "2024-09-28T13:59:59", False),
        (NEW_ZEALAND, 12, "2024-09-28T14:00:00", True),
        (NEW_ZEALAND, 12, "2024-12-31T23:00:00", True),
    ],
)
def test_summer_by_rule(edges: tuple[Edge, Edge], zone: int, utc: str, *, summer: bool) -> None:
    """Summer time begins and ends by the hours that the clock shows until then."""
    clock = Clock(
        local=at(utc) + timedelta(hours=zone + summer),
        zone=timedelta(hours=zone),
        summer_time="2",
        is_summer=None,
        edges=edges,
        display="0",
    )
    assert clock.ahead_at(at(utc)) == timedelta(hours=zone + summer)


@pytest.mark.parametrize(
    ("changes", "hours"),
    [
        ([], 2),
        ([(b"is_summer_time=1", b"is_summer_time=0")], 1),
        ([(b"is_summer_time=1", b"")], 2),
        ([(b"is_summer_time=1", b""), (b"date_month=7", b"date_month=1")], 1),
        ([(b"summer_time=2", b"summer_time=0")], 1),
        ([(b"summer_time=2", b"summer_time=1"), (b"is_summer_time=1", b"is_summer_time=0")], 2),
        ([(b"\r\nsummer_time=2", b"")], 2),
    ],
)
def test_summer_as_told(changes: list[tuple[bytes, bytes]], hours: int) -> None:
    """By rule, the camera's own word counts before the rule; else only whether it is set."""
    clock = read(*changes)
    assert clock is not None
    assert clock.ahead() == timedelta(hours=hours)


def test_drift() -> None:
    """A second that is being counted is half over, and half the way is not known."""
    clock = read()
    assert clock is not None
    right = datetime(2018, 7, 2, 11, 5, 9, 500_000, tzinfo=UTC)
    told = Told(clock, right, timedelta(seconds=0.25))
    assert told.drift == timedelta()
    assert told.doubt == timedelta(seconds=0.75)
    assert Told(clock, right - timedelta(seconds=90), timedelta()).drift == timedelta(seconds=90)
