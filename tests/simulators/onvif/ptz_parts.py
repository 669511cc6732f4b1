"""What the pan, tilt and zoom unit is made of: motors that need time, presets and tours."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import math
from typing import Final, NamedTuple

CONFIGURATION: Final = "ptz_1"


class Position(NamedTuple):
    """Where the unit points: pan and tilt in -1..1, zoom in 0..1."""

    pan: float
    tilt: float
    zoom: float


class Motor:
    """One axis; its place follows from the time that has passed, so nothing has to tick."""

    def __init__(self, low: float, high: float, clock: Callable[[], float]) -> None:
        """Stand in the middle of LOW and HIGH, or at 0 where that is an end."""
        self.low: Final = low
        self.high: Final = high
        self._clock = clock
        self._from = (low + high) / 2 if low < 0 else low
        self._velocity = 0.0
        self._since = self._until = clock()

    @property
    def place(self) -> float:
        """Where the axis is at this moment."""
        moved = self._velocity * (min(self._clock(), self._until) - self._since)
        return min(self.high, max(self.low, self._from + moved))

    @property
    def moving(self) -> bool:
        """Whether the axis has not arrived yet."""
        return self._velocity != 0 and self._clock() < self._until

    @property
    def time_left(self) -> float:
        """Seconds until the axis stands."""
        return max(0.0, self._until - self._clock()) if self._velocity else 0.0

    def drive(self, velocity: float, seconds: float = math.inf) -> None:
        """Move at `velocity` (per second) to the end of the range, for `seconds` at most."""
        place = self.place
        border = self.high if velocity > 0 else self.low
        travel = (border - place) / velocity if velocity else 0.0
        self._set(place, velocity, min(travel, seconds))

    def go(self, place: float, speed: float) -> None:
        """Move to `place` at `speed` (per second)."""
        here = self.place
        way = place - here
        self._set(here, math.copysign(speed, way) if way else 0.0, abs(way) / speed if way else 0.0)

    def stop(self) -> None:
        """Stand still, here."""
        self._set(self.place, 0.0, 0.0)

    def put(self, place: float) -> None:
        """Be at `place` without a move."""
        self._set(place, 0.0, 0.0)

    def _set(self, place: float, velocity: float, seconds: float) -> None:
        self._from, self._velocity, self._since = place, velocity, self._clock()
        self._until = self._since + seconds


@dataclass(frozen=True, slots=True)
class Preset:
    """A place with a name."""

    token: str
    name: str
    position: Position | None
    """None: the camera has not been taught this place yet."""


class TourState(StrEnum):
    """What a tour is doing."""

    IDLE = "Idle"
    TOURING = "Touring"
    PAUSED = "Paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One stop of a tour: a preset, the home position or a place."""

    preset: str | None = None
    home: bool = False
    position: Position | None = None
    speed: float | None = None
    stay: float = 1.0
    """Seconds."""


@dataclass(slots=True, kw_only=True)
class Tour:
    """A round of presets."""

    token: str
    name: str = ""
    auto_start: bool = False
    rounds: int | None = None
    seconds: float | None = None
    backward: bool = False
    random: bool = False
    spots: tuple[Spot, ...] = ()
    state: TourState = TourState.IDLE
    current: int | None = None
    """Index of the spot that is approached or stayed at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PtzConfiguration:
    """The unit's settings that a client may change."""

    token: str = CONFIGURATION
    name: str = "PTZ"
    default_speed: tuple[float, float, float] = (0.5, 0.5, 0.5)
    default_timeout: float = 10.0
    """Seconds after which a continuous move without Timeout ends."""
    pan_limits: tuple[float, float] = (-1.0, 1.0)
    tilt_limits: tuple[float, float] = (-1.0, 1.0)
    zoom_limits: tuple[float, float] = (0.0, 1.0)
    eflip: str = "OFF"
    reverse: str = "OFF"
