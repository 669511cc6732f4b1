"""The camera's state: its settings, its clock, and what was done to it."""

from collections import OrderedDict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum
import random
import time
from typing import Final

from .dialect import Dialect
from .talk import TalkRecording

_SENT_KEPT: Final = 4096
_UPTIME: Final = 123456.0
"""Seconds the camera has been on when it is made."""


class AlarmKind(IntEnum):
    """Types of Alarm_Notify."""

    STOP = 0
    MOTION = 1
    EXTERNAL = 2
    SOUND = 3


PARAMETERS: Final = {0: "resolution", 1: "brightness", 2: "contrast", 3: "mode", 5: "rotation"}
"""Places in the eight bytes of operation code 17; the same numbers go with 18 and 19."""
RESOLUTIONS: Final = {8: (320, 240), 32: (640, 480)}


@dataclass(frozen=True, slots=True)
class DecoderCommand:
    """One operation code 14."""

    value: int
    time: float
    """By the monotonic clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What the camera is and can do."""

    camera_id: str
    name: str
    firmware: tuple[int, int, int, int]
    audio: bool
    talk: bool
    motor: bool
    parameters: bool
    max_connections: int
    alarm_types: frozenset[AlarmKind]
    tone: int
    """Hz of the sound it hears."""


class Camera:
    """One simulated camera behind its connections."""

    def __init__(
        self,
        model: Model,
        dialect: Dialect,
        users: Mapping[str, str],
        unprivileged: Collection[str],
        size: tuple[int, int],
        fps: float,
    ) -> None:
        """Make a camera in its factory state."""
        self.model: Final = model
        self.dialect: Final = dialect
        self.users: Final = dict(users)
        self.unprivileged: Final = set(unprivileged)
        self.fps = fps
        self.size = size
        self.parameters: Final = {
            "resolution": {size: code for code, size in RESOLUTIONS.items()}.get(size, 32),
            "brightness": 128,
            "contrast": 4,
            "mode": 1,
            "rotation": 0,
        }
        self.decoder_commands: Final[deque[DecoderCommand]] = deque(maxlen=1000)
        self.frame_intervals: Final[list[bytes]] = []
        self.talk: Final = TalkRecording()
        self.stalled = False
        self.sound = True
        self.number = random.randrange(1000)
        self.pictures_sent = 0
        self.pictures_dropped = 0
        self._sent: Final[OrderedDict[int, float]] = OrderedDict()
        self._started = time.monotonic() - _UPTIME
        self._jump = 0.0

    def set_parameter(self, place: int, value: int) -> bool:
        """Change one of the eight parameters, unless there is no such value."""
        name = PARAMETERS.get(place)
        if name is None or (name == "resolution" and value not in RESOLUTIONS):
            return False
        self.parameters[name] = value
        if name == "resolution":
            self.size = RESOLUTIONS[value]
        return True

    def parameter_bytes(self) -> bytes:
        """Give the text of operation code 17."""
        return bytes(self.parameters[PARAMETERS[at]] if at in PARAMETERS else 0 for at in range(8))

    def jump_time(self, seconds: float) -> None:
        """Set the clock, and with it the time stamps, forward or back."""
        self._jump += seconds

    def timestamp(self) -> int:
        """Give the time stamp of this moment."""
        ticks = 1000 if self.dialect.milliseconds else 100
        return int((time.monotonic() - self._started + self._jump) * ticks) & 0xFFFFFFFF

    def seconds(self, number: int) -> int:
        """Give what stands where the specification has seconds, for packet `number`."""
        if self.dialect.milliseconds:
            return number & 0xFFFFFFFF
        return int(time.time() + self._jump) & 0xFFFFFFFF

    def note_sent(self, number: int) -> None:
        """Remember when picture `number` left, for the first client that got it."""
        self.pictures_sent += 1
        if number not in self._sent:
            self._sent[number] = time.monotonic()
            if len(self._sent) > _SENT_KEPT:
                self._sent.popitem(last=False)

    def sent_at(self, number: int) -> float:
        """Give the moment picture `number` left; KeyError when it is long ago or never."""
        return self._sent[number]
