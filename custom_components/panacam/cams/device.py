"""What Home Assistant's side may know of a camera: its identity, its state and its roles.

A capability is an object that a camera has or has not. Platforms ask for a role, get it or None,
and never ask which family the camera belongs to.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
import re
from types import MappingProxyType

from .clips import Cards, Clips, FtpSender
from .editors import AnalyticsEditor, MaskEditor, OsdEditor, ProfileEditor
from .errors import CameraError
from .placing import CertificateStore, Placer
from .roles import (
    EventReceiver,
    Fixer,
    Home,
    Imager,
    Keeper,
    Mover,
    Multicaster,
    Presets,
    Presses,
    Problem,
    Ptz,
    Reading,
    Rebooter,
    Recorder,
    Signal,
    Speaker,
    SystemLog,
    Topic,
    TopicEvent,
    Tour,
    Tours,
    Unsubscribe,
)
from .settings import Settings, Value
from .stream import PictureStream, Stream


def read_mac(text: str) -> str | None:
    """Return a MAC address in lower case with colons, or None."""
    digits = re.sub(r"[-:.]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits) or digits in {"0" * 12, "f" * 12}:
        return None
    return ":".join(re.findall("..", digits))


def is_gone(key: str, gone: frozenset[str]) -> bool:
    """Return whether a key, or how it begins before a `_`, is one of `Device.gone`."""
    words = key.split("_")
    return any("_".join(words[: end + 1]) in gone for end in range(len(words)))


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
    marks: frozenset[str] = field(default=frozenset(), compare=False)
    """Whatever else it may be known by: numbers and addresses that it does not always tell."""
    silent: bool = field(default=False, compare=False)
    """Whether it has MAC addresses that it did not tell this time."""

    @property
    def unique_id(self) -> str | None:
        """Return what stays the same for this camera's life: MAC, else serial number, else None."""
        return self.mac or self.serial

    def is_same(self, unique_id: str | None, serial: str | None = None) -> bool:
        """Return whether it is the camera with a unique id, and with the serial number of that one.

        The number counts only for a camera that does not tell its MAC addresses at the moment.
        """
        if unique_id is None:
            return False
        if unique_id in {self.unique_id, *self.marks}:
            return True
        told = self.silent and read_mac(unique_id) is not None
        return told and serial is not None and serial == self.serial


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
    alarms: Mapping[Alarm, bool | None] = field(default_factory=dict)
    """What this camera can raise the alarm about, and whether it does."""
    settings: Mapping[str, Value | None] = field(default_factory=dict)
    """By setting key, for those that the camera has."""
    signals: Mapping[str, bool | None] = field(default_factory=dict)
    """By signal key, for those that the camera has."""
    readings: Mapping[str, float | str | None] = field(default_factory=dict)
    """By reading key, for those that the camera has."""
    topics: frozenset[str] = frozenset()
    """Keys of the topics that it sends events of."""
    presets: Mapping[str, str] = field(default_factory=dict)
    """Names by token, in the camera's order."""
    preset: str | None = None
    """Token of the preset that it was last sent to, until it moves away."""
    tours: Mapping[str, Tour] = field(default_factory=dict)
    """By token, in the camera's order."""
    problems: frozenset[Problem] = frozenset()
    """What its owner should know."""
    reported: frozenset[str] = frozenset()
    """Names of the fields above that this camera reports at all."""


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """The camera raises the alarm, now; again, perhaps, while it is on."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """The camera's streams are other ones than those that `connect` found: set it up again."""


type Notice = State | AlarmRaised | TopicEvent | Reconfigured | CameraError
"""What a camera says unasked: its new state, an alarm, another event, or that it is gone."""


class Device(ABC):
    """A camera, whatever its family; a role is None until the family says otherwise."""

    identity: Identity
    """Who it is; complete once connected."""
    streams: tuple[Stream, ...] = ()
    """The live streams it can have; State.transmitting tells which it has now."""
    mover: Mover | None = None
    """Moves lens or head by steps."""
    ptz: Ptz | None = None
    """Moves the head freely."""
    home: Home | None = None
    presets: Presets | None = None
    tours: Tours | None = None
    recorder: Recorder | None = None
    """Records to the camera's own cards."""
    rebooter: Rebooter | None = None
    """Restarts it, if we may."""
    imager: Imager | None = None
    """Makes still pictures; else they are taken from `pictures`."""
    pictures: PictureStream | None = None
    """The JPEG stream for those who take JPEG."""
    speaker: Speaker | None = None
    settings: Settings | None = None
    presses: Presses | None = None
    signals: Mapping[str, Signal] = MappingProxyType({})
    """By key; what State.signals has the values of. It may grow."""
    readings: Mapping[str, Reading] = MappingProxyType({})
    """By key; what State.readings has the values of. It may grow."""
    topics: Mapping[str, Topic] = MappingProxyType({})
    """By key; what events it sends. It may grow."""
    profiles: ProfileEditor | None = None
    osds: OsdEditor | None = None
    masks: MaskEditor | None = None
    analytics: AnalyticsEditor | None = None
    fixer: Fixer | None = None
    receiver: EventReceiver | None = None
    """Takes what the camera sends to a webhook; None when it is not to send there."""
    system_log: SystemLog | None = None
    multicaster: Multicaster | None = None
    clips: Clips | None = None
    """The recordings on its cards."""
    cards: Cards | None = None
    ftp: FtpSender | None = None
    """Where it sends clips."""
    placer: Placer | None = None
    """Sends it to another address, port or mode."""
    certificates: CertificateStore | None = None
    """None: it has no HTTPS."""
    keeper: Keeper | None = None
    """Tells how it is set, and sets it so again; None: it has nothing that can be set."""

    @property
    def gone(self) -> frozenset[str]:
        """Return the keys of what it had and has no longer, or how they begin before a `_`.

        What it only does not tell of now is none of that.
        """
        return frozenset()

    def want(self, key: str) -> Unsubscribe:
        """Keep a signal, reading or setting up that costs something, until called off."""
        return lambda: None

    @property
    @abstractmethod
    def configuration_url(self) -> str:
        """Return the address of its own pages."""

    @abstractmethod
    async def connect(self) -> None:
        """Learn who it is and what it can do. ConnectError, AuthError, ProtocolError."""

    @abstractmethod
    async def poll(self) -> State:
        """Return its state now. CameraError; ConnectError(OTHER_CAMERA) when it is not the one."""

    @abstractmethod
    def subscribe(self, listener: Callable[[Notice], None]) -> Unsubscribe:
        """Tell `listener` what the camera says unasked, in the loop; nothing for one only asked.

        A CameraError means that it went away, the State after it that it is back.
        """

    @abstractmethod
    async def close(self) -> None:
        """Hang up whatever is still open."""

    @abstractmethod
    def diagnostics(self) -> Mapping[str, object]:
        """Return what the camera said, for a bug report; not redacted."""
