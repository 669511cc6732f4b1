"""What a camera can do: a role is an object that it has or has not."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol

from .backup import Report, Sections
from .settings import Row

type Unsubscribe = Callable[[], None]


class Move(StrEnum):
    """One thing a lens or a head can do."""

    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    ZOOM_RESET = "zoom_reset"
    FOCUS_NEAR = "focus_near"
    FOCUS_FAR = "focus_far"
    FOCUS_STOP = "focus_stop"
    FOCUS_AUTO = "focus_auto"
    BRIGHTNESS_UP = "brightness_up"
    BRIGHTNESS_DOWN = "brightness_down"
    BRIGHTNESS_RESET = "brightness_reset"
    IRIS_UP = "iris_up"
    IRIS_DOWN = "iris_down"
    IRIS_RESET = "iris_reset"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"
    TILT_UP = "tilt_up"
    TILT_DOWN = "tilt_down"
    STOP = "stop"
    """Ends pan, tilt and zoom."""
    HOME = "home"


MOVE_SIZES: Final = range(1, 5)
"""How far one step goes: 1 is the smallest, and what a button does."""


class Mover(Protocol):
    """Moves the lens or the head by steps."""

    @property
    def moves(self) -> frozenset[Move]:
        """Return what this camera can do."""

    async def move(self, move: Move, size: int = 1) -> None:
        """Make one step of `size` (MOVE_SIZES). CameraError; RefusedError when it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """Pan, tilt and zoom; None leaves an axis alone."""

    pan: float | None = None
    """Positive is right."""
    tilt: float | None = None
    """Positive is up."""
    zoom: float | None = None
    """Positive is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point on Earth to look at."""

    longitude: float
    latitude: float
    elevation: float | None = None
    """Metres."""
    width: float | None = None
    """Metres that the picture shows there."""
    height: float | None = None


class PtzFeature(StrEnum):
    """A way to move."""

    CONTINUOUS = "continuous"
    RELATIVE = "relative"
    ABSOLUTE = "absolute"
    GEO = "geo"


class Ptz(Protocol):
    """Moves pan, tilt and zoom freely.

    Every method raises CameraError, RefusedError when asked for what the camera has not.
    """

    @property
    def features(self) -> frozenset[PtzFeature]:
        """Return the ways to move, those that are emulated included."""

    async def start(self, velocity: Vector, limit: float | None = None) -> None:
        """Move at `velocity` (-1 to 1 of the highest) until `stop`, or for `limit` seconds.

        Without a limit a dead-man time ends it: whoever started it may be gone.
        """

    async def stop(self) -> None:
        """End every movement of pan, tilt and zoom."""

    async def step(self, by: Vector, speed: float | None = None) -> None:
        """Move by a part (-1 to 1) of the range, at `speed` (0 to 1 of the highest)."""

    async def go(self, to: Vector, speed: float | None = None) -> None:
        """Move to a position: pan and tilt from -1 to 1, zoom from 0 to 1."""

    async def look_at(self, place: Place, speed: float | None = None) -> None:
        """Turn to a place on Earth."""


class Home(Protocol):
    """The position that a head returns to."""

    async def go_home(self, speed: float | None = None) -> None:
        """Return to it. CameraError."""

    async def set_home(self) -> None:
        """Make the position of now the home. CameraError; RefusedError when it is fixed."""


class Presets(Protocol):
    """Positions that the camera keeps; State.presets has their names by token."""

    async def recall(self, token: str, speed: float | None = None) -> None:
        """Go there. CameraError."""

    async def save(self, name: str, token: str | None = None) -> str:
        """Keep the position of now as a new preset, or as the one of `token`; return its token."""

    async def remove(self, token: str) -> None:
        """Forget one. CameraError; RefusedError when it is the camera's own."""


class TourStatus(StrEnum):
    """What a tour does."""

    IDLE = "idle"
    TOURING = "touring"
    PAUSED = "paused"
    UNKNOWN = "unknown"


class TourOperation(StrEnum):
    """What can be done with a tour."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class TourStep:
    """One stop of a tour."""

    preset: str | None
    """Token; None: the home position."""
    speed: float | None = None
    """0 to 1 of the highest."""
    stay: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """A round over presets."""

    name: str
    status: TourStatus = TourStatus.UNKNOWN
    steps: tuple[TourStep, ...] = ()
    auto_start: bool = False


class Tours(Protocol):
    """Rounds over presets; State.tours has them by token. Every method raises CameraError."""

    async def operate(self, token: str, operation: TourOperation) -> None:
        """Start, stop or pause one."""

    async def create(self, tour: Tour) -> str:
        """Make one; return its token. Its status means nothing here."""

    async def modify(self, token: str, tour: Tour) -> None:
        """Replace one."""

    async def remove(self, token: str) -> None:
        """Forget one."""


class Recorder(Protocol):
    """Records to the camera's own memory cards."""

    async def record(self, on: bool) -> None:
        """Start or stop; the state follows seconds later. RefusedError says why not."""


class Rebooter(Protocol):
    """Restarts the camera."""

    async def reboot(self) -> None:
        """Ask for a restart; the camera is then away for a while. CameraError."""


class Imager(Protocol):
    """Makes single JPEG pictures."""

    async def snapshot(self) -> bytes:
        """Return one JPEG picture as the camera encoded it. CameraError."""


class Speaker(Protocol):
    """Plays sound at the camera."""

    @property
    def rate(self) -> int:
        """Return the samples a second that it wants."""

    async def speak(self, sound: AsyncIterator[bytes]) -> None:
        """Play signed 16-bit little-endian samples of one channel at the pace of their rate.

        Returns when the last one was heard; cancelled, it falls silent. BusyError while somebody
        else speaks, RefusedError(UNSUPPORTED) when the camera has no loudspeaker after all.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Press(Row):
    """Something that a camera does once when told: an auxiliary command."""

    config: bool = False


class Presses(Protocol):
    """What can be pressed beside the moves."""

    @property
    def table(self) -> tuple[Press, ...]:
        """Return what this camera has."""

    async def press(self, key: str) -> None:
        """Do it. CameraError."""


class Problem(StrEnum):
    """Something that a camera's owner should know, and perhaps have mended."""

    CLOCK_OFF = "clock_off"
    PTZ_NOT_ATTACHED = "ptz_not_attached"


class Fixer(Protocol):
    """Mends what State.problems names."""

    @property
    def fixable(self) -> frozenset[Problem]:
        """Return what `fix` can mend."""

    async def fix(self, problem: Problem) -> None:
        """Mend it. CameraError."""


class EventReceiver(Protocol):
    """Takes the events that a camera sends by itself to an address of ours."""

    def receive(self, body: bytes) -> None:
        """Take one message; what is none is dropped and counted. The loop waits for nothing."""


class Multicaster(Protocol):
    """Sends streams to groups of whoever listens, also while nobody asks for them by RTSP."""

    @property
    def streams(self) -> Mapping[str, str]:
        """Return the names of the streams that it can send, by their keys."""

    async def start(self, stream: str) -> None:
        """Send a stream until `stop`. CameraError; RefusedError for one that it has not."""

    async def stop(self, stream: str) -> None:
        """Leave it to RTSP again. CameraError; RefusedError for one that it has not."""


class Keeper(Protocol):
    """Tells how a camera is set, and sets it so again."""

    async def read(self) -> Sections:
        """Return how it is set now, as far as that can be set again. CameraError."""

    async def restore(self, sections: Sections, *, own: bool) -> Report:
        """Set it as `sections` say, and return what became of each.

        Without `own`, what only one camera of a network should have is left alone: its title, and
        the multicast addresses that it sends to. Never raises CameraError: that is in the report.
        """


class SystemLog(Protocol):
    """The camera's own log."""

    async def read(self) -> str:
        """Return its end as text; it may hold names and addresses. CameraError."""


class SignalClass(StrEnum):
    """What a signal tells of; Home Assistant's device classes."""

    MOTION = "motion"
    SOUND = "sound"
    TAMPER = "tamper"
    MOVING = "moving"
    OCCUPANCY = "occupancy"
    PROBLEM = "problem"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Row):
    """A yes or no that a camera tells; State.signals has its value."""

    signal_class: SignalClass | None = None
    diagnostic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Row):
    """A number or word that a camera tells; State.readings has its value."""

    unit: str | None = None
    precision: int | None = None
    options: tuple[str, ...] = ()
    """The words that it can be; empty for a number or any text."""
    total: bool = False
    """Whether it counts up for ever, but for restarts."""
    diagnostic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic(Row):
    """A kind of event that a camera sends."""


@dataclass(frozen=True, slots=True)
class TopicEvent:
    """Something that happened, now."""

    key: str
    """Of a Topic."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Bounded in number and length by who made it."""
