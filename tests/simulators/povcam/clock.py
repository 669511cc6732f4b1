"""The camera's clock, which runs: time zones, summer time, a time server (4.2, 5.4)."""

import calendar
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import time
from typing import Final

# Out of reach of tests that freeze the time module.
_WALL: Final = time.time
_HOUR: Final = timedelta(hours=1)
# By number, from 1, in minutes as the specification's column of GMT offsets has them.
_MINUTES: Final = (
    *(-660, -600, -540, -480, -420, -360, -300, -270, -240, -210, -180, -120, -60),
    0,
    *(60, 120, 180, 210, 240, 270, 300, 330, 345, 360, 390, 420, 480, 540, 570, 600, 660, 720),
    765,
)


class Clock:
    """Menu of the clock (4.2), and the clock; it is right when the camera is made."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        """Run by `ticks`, in seconds."""
        self._ticks = ticks
        self._began = ticks(), _utc_now()
        self._set = self._began
        """When it was set, and to which UTC."""
        self.rate = 0.0
        """Seconds that it gains in each second."""
        self.by_network = False
        """Whether a time server keeps it right."""
        self.display = "0"
        self.timezone = 14
        self.summer_time = "0"
        self.start = {"month": 3, "week": 5, "dotw": 0, "hour": 1}
        self.end = {"month": 10, "week": 5, "dotw": 0, "hour": 1}

    @property
    def drift(self) -> float:
        """Seconds by which it is ahead of the right time; may be set."""
        return (self._utc(self._ticks()) - self._right(self._ticks())).total_seconds()

    @drift.setter
    def drift(self, seconds: float) -> None:
        now = self._ticks()
        self._set = now, self._right(now) + timedelta(seconds=seconds)

    @property
    def local(self) -> datetime:
        """What it shows now."""
        return self.at(self._ticks())

    @local.setter
    def local(self, shown: datetime) -> None:
        winter = shown - self._zone
        utc = winter - _HOUR if self.is_summer(winter - _HOUR) else winter
        self._set = self._ticks(), utc

    def at(self, moment: float) -> datetime:
        """Give what it shows at a moment of its ticks."""
        utc = self._utc(moment)
        return utc + self._zone + (_HOUR if self.is_summer(utc) else timedelta())

    def is_summer(self, utc: datetime | None = None) -> bool:
        """Whether it is summer time, now or then."""
        if self.summer_time != "2":
            return self.summer_time == "1"
        shown = (self._utc(self._ticks()) if utc is None else utc) + self._zone
        # Both hours are of the time shown until then, and `shown` is winter time.
        begin = _edge(shown.year, **self.start)
        end = _edge(shown.year, **self.end) - _HOUR
        if begin < end:
            return begin <= shown < end
        return shown >= begin or shown < end

    @property
    def _zone(self) -> timedelta:
        known = 1 <= self.timezone <= len(_MINUTES)
        return timedelta(minutes=_MINUTES[self.timezone - 1] if known else 0)

    def _right(self, moment: float) -> datetime:
        began, utc = self._began
        return utc + timedelta(seconds=moment - began)

    def _utc(self, moment: float) -> datetime:
        if self.by_network:
            self._set = moment, self._right(moment)
        since, utc = self._set
        return utc + timedelta(seconds=(moment - since) * (1 + self.rate))


def _utc_now() -> datetime:
    return datetime.fromtimestamp(_WALL(), UTC).replace(tzinfo=None)


def _edge(year: int, *, month: int, week: int, dotw: int, hour: int) -> datetime:
    """Give the moment at which summer time begins or ends in a year."""
    weeks = calendar.Calendar(calendar.SUNDAY).monthdayscalendar(year, month)
    days = [days[dotw] for days in weeks if days[dotw]]
    day = days[-1] if week > len(days) or week == 5 else days[week - 1]
    return datetime(year, month, day, hour)  # noqa: DTZ001 - a camera's clock has no zone
