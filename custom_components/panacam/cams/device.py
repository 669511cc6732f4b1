"""What Home Assistant's side may know of a camera: its identity, its state and its roles.

A capability is an object that a camera has or has not. Platforms ask for a role, get it or None,
and never ask which family the camera belongs to.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
import re
from typing import Protocol

from .errors import CameraError
from .stream import PictureStream, Stream


def read_mac(text: str) -> str | None:
    """Return a MAC address in lower case with colons, or None."""
    digits = re.sub(r"[-:.]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits) or digits in {"0" * 12, "f" * 12}:
        return None
    return ":".join(re.findall("..", digits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the camera is; what it does not tell is None."""

    manufacturer: str
    model: str | None = None
    name: str | None = None
    """The title its owner gave it."""
    serial: str | None = None
    mac: str | None = None
    """Lower case, colon separated: `a8:13:74:00:00:01`."""
    firmware: str | None = None

    @property
    def unique_id(self) -> str | None:
        """Return what stays the same for this camera's life: MAC, else serial number, else None."""
        return self.mac or self.serial


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One memory card slot. None: the camera does not say."""

    inserted: bool | None = None
    error: bool | None = None
    repairing: bool | None = None
    remaining: float | None = None
    """Gigabytes."""
    capacity: float | None = None
    """Gigabytes."""


class Activity(StrEnum):
    """Something that keeps a recorder busy beside recording."""

    FTP_SENDING = "ftp_sending"
    DOWNLOADING = "downloading"
    DELETING = "deleting"
    FORMATTING = "formatting"


type Value = str | float
"""Of a setting: the name of a choice, or a number."""


class Alarm(StrEnum):
    """Something that a camera raises the alarm about."""

    MOTION = "motion"
    EXTERNAL = "external"
    SOUND = "sound"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One snapshot of a camera. None and absent keys: the camera does not say."""

    recording: bool | None = None
    pre_recording: bool | None = None
    recording_time: timedelta | None = None
    """How long the recording under way has lasted."""
    slots: Mapping[str, Slot] = field(default_factory=dict)
    """By slot key: `sd1`, `sd2`."""
    activities: Mapping[Activity, bool | None] = field(default_factory=dict)
    transmitting: Mapping[str, bool | None] = field(default_factory=dict)
    """By stream key: whether the camera is set to send that stream; absent: it cannot now."""
    alarms: Mapping[Alarm, bool] = field(default_factory=dict)
    """What this camera can raise the alarm about, and whether it does."""
    settings: Mapping[str, Value | None] = field(default_factory=dict)
    """By setting key, for those that the camera has."""
    reported: frozenset[str] = frozenset()
    """Names of the fields above that this camera reports at all."""


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """The camera raises the alarm, now; again, perhaps, while it is on."""

    alarm: Alarm


type Notice = State | AlarmRaised | CameraError
"""What a camera says unasked: its new state, an alarm, or that it is gone."""
type Unsubscribe = Callable[[], None]


class Move(StrEnum):
    """One thing a lens or a head can do."""

    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    ZOOM_RESET = "zoom_reset"
    FOCUS_NEAR = "focus_near"
    FOCUS_FAR = "focus_far"
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
    HOME = "home"


MOVE_SIZES = range(1, 5)
"""How far one step goes: 1 is the smallest, and what a button does."""


class Mover(Protocol):
    """Moves the lens or the head by steps."""

    @property
    def moves(self) -> frozenset[Move]:
        """Return what this camera can do."""

    async def move(self, move: Move, size: int = 1) -> None:
        """Make one step of `size` (MOVE_SIZES). CameraError; RefusedError when it cannot."""


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
class Choice:
    """A setting with a few named values."""

    key: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A setting with a number."""

    key: str
    minimum: float
    maximum: float
    step: float = 1


type Setting = Choice | Range


class Settings(Protocol):
    """What can be adjusted in the camera; State.settings has the values."""

    @property
    def table(self) -> tuple[Setting, ...]:
        """Return the settings that this camera has."""

    async def change(self, key: str, value: Value) -> None:
        """Set one. CameraError; RefusedError(OUT_OF_RANGE) for a value that it cannot have."""


class Device(Protocol):
    """A camera, whatever its family."""

    @property
    def identity(self) -> Identity:
        """Return who it is; complete once connected."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Return the live streams it can have; State.transmitting tells which it has now."""

    @property
    def configuration_url(self) -> str:
        """Return the address of its own pages."""

    @property
    def mover(self) -> Mover | None:
        """Return what moves it, if anything."""

    @property
    def recorder(self) -> Recorder | None:
        """Return what records, if anything."""

    @property
    def rebooter(self) -> Rebooter | None:
        """Return what restarts it, if we may."""

    @property
    def imager(self) -> Imager | None:
        """Return what makes still pictures, if anything; else they are taken from `pictures`."""

    @property
    def pictures(self) -> PictureStream | None:
        """Return the JPEG stream for those who take JPEG, if there is one."""

    @property
    def speaker(self) -> Speaker | None:
        """Return what speaks, if anything."""

    @property
    def settings(self) -> Settings | None:
        """Return what can be adjusted, if anything."""

    async def connect(self) -> None:
        """Learn who it is and what it can do. ConnectError, AuthError, ProtocolError."""

    async def poll(self) -> State:
        """Return its state now. CameraError; ConnectError(OTHER_CAMERA) when it is not the one."""

    def subscribe(self, listener: Callable[[Notice], None]) -> Unsubscribe:
        """Tell `listener` what the camera says unasked, in the loop; nothing for one only asked.

        A CameraError means that it went away, the State after it that it is back.
        """

    async def close(self) -> None:
        """Hang up whatever is still open."""

    def diagnostics(self) -> Mapping[str, object]:
        """Return what the camera said, for a bug report; not redacted."""
