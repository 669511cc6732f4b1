"""The camera's clock, which need not be right."""

from datetime import UTC, datetime, timedelta

from .quirks import Quirk


class Clock:
    """UTC as this camera has it."""

    def __init__(self, offset: float, quirks: set[Quirk]) -> None:
        """Be `offset` seconds ahead of the world."""
        self.offset = offset
        self.time_zone = "CET-1CEST,M3.5.0,M10.5.0/3"
        self.zone_hours = 1
        """Of the local time it tells."""
        self.daylight_savings = False
        self.kind = "Manual"
        """`Manual` or `NTP`."""
        self._quirks = quirks

    def now(self) -> datetime:
        """Give the time."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def set(self, moment: datetime) -> None:
        """Set the time."""
        self.offset = (moment - datetime.now(UTC)).total_seconds()

    def after(self, seconds: float) -> str:
        """Write the moment `seconds` from now."""
        return self.write(self.now() + timedelta(seconds=seconds))

    def write(self, moment: datetime) -> str:
        """Write an xs:dateTime, in this camera's way."""
        if Quirk.MINUTE_61 in self._quirks:
            # The same moment, with a minute carried over into the seconds.
            earlier = moment - timedelta(minutes=1)
            return f"{earlier:%Y-%m-%dT%H:%M}:{earlier.second + 60:02d}Z"
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
