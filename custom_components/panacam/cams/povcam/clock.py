"""The camera's clock (4.2, 5.4): what time it is there, in its own zone and its summer time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from .wire import Reply

HOUR: Final = timedelta(hours=1)
NEVER: Final = "0"
ALWAYS: Final = "1"
BY_RULE: Final = "2"
"""Values of `summer_time` (4.2)."""
YEARS: Final = range(1970, 2100)
"""A clock outside of these is none that can be reckoned with."""
_LAST: Final = 5
_DAYS: Final = 7


ZONES: Final = (
    *("-11:00", "-10:00", "-09:00", "-08:00", "-07:00", "-06:00", "-05:00", "-04:30", "-04:00"),
    *("-03:30", "-03:00", "-02:00", "-01:00", "", "+01:00", "+02:00", "+03:00", "+03:30"),
    *("+04:00", "+04:30", "+05:00", "+05:30", "+05:45", "+06:00", "+06:30", "+07:00", "+08:00"),
    *("+09:00", "+09:30", "+10:00", "+11:00", "+12:00", "+12:45"),
)
"""What follows GMT by `timezone`, from 1 (4.2); 5.4 tells values up to 74, explained nowhere."""


def _offset(zone: str) -> timedelta:
    """Return how far a zone is ahead of UTC."""
    sign = -1 if zone.startswith("-") else 1
    hours, minutes = map(int, (zone or "+00:00")[1:].split(":"))
    return sign * timedelta(hours=hours, minutes=minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """When summer time begins or ends."""

    month: int
    week: int
    """1 to 4; 5: the last one."""
    day: int
    """0: Sunday to 6: Saturday."""
    hour: int
    """Of the time that the clock shows until then."""

    def moment(self, year: int) -> datetime:
        """Return when that is, by the camera's own clock."""
        first = datetime(year, self.month, 1, self.hour)  # noqa: DTZ001 - the camera's own
        # Python's Sunday is 6.
        first += timedelta(days=(self.day - (first.weekday() + 1)) % _DAYS)
        found = first + timedelta(weeks=min(self.week, _LAST) - 1)
        return found if found.month == self.month else found - timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What a camera tells of its clock."""

    local: datetime
    """Its time, whole seconds, without a zone."""
    zone: timedelta | None
    """Ahead of UTC in winter; None: it does not say, or not what we know."""
    summer_time: str
    """NEVER, ALWAYS, BY_RULE, or whatever it tells."""
    is_summer: bool | None
    """Whether it is summer time by that clock; None: it does not say."""
    edges: tuple[Edge, Edge] | None
    """Begin and end of summer time, for BY_RULE."""
    display: str
    """Whether the time is shown in the picture: `0` or `1`."""

    def ahead(self) -> timedelta | None:
        """Return how far the time that it shows is ahead of UTC; None: nobody knows."""
        if self.zone is None:
            return None
        if self.summer_time in {NEVER, ALWAYS}:
            return self.zone + (HOUR if self.summer_time == ALWAYS else timedelta())
        if self.is_summer is not None:
            return self.zone + (HOUR if self.is_summer else timedelta())
        return self.ahead_at(self.local - self.zone)

    def ahead_at(self, utc: datetime) -> timedelta | None:
        """Return how far it is ahead of UTC at a time, which has no zone, by what is set in it."""
        if self.zone is None:
            return None
        summer = self.summer_time == ALWAYS
        if self.summer_time == BY_RULE and self.edges is not None:
            standard = utc + self.zone
            begin, end = (edge.moment(standard.year) for edge in self.edges)
            end -= HOUR
            summer = begin <= standard < end if begin <= end else not end <= standard < begin
        return self.zone + (HOUR if summer else timedelta())


def read_clock(reply: Reply) -> Clock | None:
    """Return what get_date_time tells (5.4), or None without a time that can be."""
    parts = [_whole(reply, f"date_{name}") for name in ("year", "month", "day", "hour", "min")]
    year, month, day, hour, minute = (-1 if part is None else part for part in parts)
    second = _whole(reply, "date_sec")
    if year not in YEARS:
        return None
    try:
        local = datetime(year, month, day, hour, minute, min(second or 0, 59))  # noqa: DTZ001
    except ValueError:
        return None
    zone = _whole(reply, "timezone")
    known = zone is not None and 1 <= zone <= len(ZONES)
    begin, end = _edge(reply, "start"), _edge(reply, "end")
    return Clock(
        local=local,
        zone=_offset(ZONES[zone - 1]) if zone is not None and known else None,
        summer_time=reply.get("summer_time", ""),
        is_summer=reply.flag("is_summer_time"),
        edges=None if begin is None or end is None else (begin, end),
        display=reply.get("display", ""),
    )


def _whole(reply: Reply, key: str) -> int | None:
    value = reply.number(key)
    return None if value is None or not value.is_integer() else int(value)


def _edge(reply: Reply, name: str) -> Edge | None:
    limits = {"month": (1, 12), "week": (1, 5), "dotw": (0, 6), "hour": (0, 23)}
    found = []
    for part, (low, high) in limits.items():
        value = _whole(reply, f"{name}_{part}")
        if value is None or not low <= value <= high:
            return None
        found.append(value)
    month, week, day, hour = found
    return Edge(month=month, week=week, day=day, hour=hour)
