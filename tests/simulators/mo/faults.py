"""Faults by name, and how often each strikes."""

from dataclasses import dataclass
from enum import StrEnum
import math
from typing import Final

FOREVER: Final = math.inf


class Channel(StrEnum):
    """One of a client's two connections."""

    OPERATION = "MO_O"
    DATA = "MO_V"

    @property
    def magic(self) -> bytes:
        """What each frame on it begins with."""
        return self.encode()


class MoFault(StrEnum):
    """What can go wrong; most strike until cleared, those marked `once` the next time only."""

    CLOSE_ON_ACCEPT = "close_on_accept"
    """Each connection is closed as soon as it is accepted."""
    FLOOD = "flood"
    """Random bytes without end instead of an answer."""
    WRONG_MAGIC = "wrong_magic"
    """Once: a frame begins with four other letters."""
    HUGE_LENGTH = "huge_length"
    """Once: a frame says that its text has 0xFFFFFFF0 bytes."""
    TRUNCATED = "truncated"
    """Once: half a frame, then the connection closes."""
    STALLED_FRAME = "stalled_frame"
    """Once: half a frame, then nothing while the connection stays."""
    GLUED = "glued"
    """Several frames leave together: between keep-alives, or some pictures at a time."""
    BYTE_BY_BYTE = "byte_by_byte"
    """Frames come one byte at a time, pictures in odd pieces after their first bytes."""
    UNKNOWN_OPCODES = "unknown_opcodes"
    """A frame of an unknown operation code goes before each frame."""
    NO_LOGIN_ANSWER = "no_login_answer"
    """Login_Req gets no answer."""
    LOGIN_REFUSED = "login_refused"
    """Login_Resp is 2, then the connection closes."""
    ROVER_59 = "rover_59"
    """Login_Resp is a Rover's, of 59 bytes."""
    ROVER_62 = "rover_62"
    """Login_Resp is a Rover's, of 62 bytes."""
    WRONG_USER = "wrong_user"
    """Verify_Resp is 1 whatever the user."""
    WRONG_PASSWORD = "wrong_password"
    """Verify_Resp is 5 whatever the password."""
    NO_PRIVILEGE = "no_privilege"
    """Verify_Resp is 6."""
    VIDEO_REFUSED = "video_refused"
    """Video_Start_Resp is 2."""
    AUDIO_REFUSED = "audio_refused"
    """Audio_Start_Resp is 2."""
    AUDIO_UNSUPPORTED = "audio_unsupported"
    """Audio_Start_Resp is 7."""
    TALK_REFUSED = "talk_refused"
    """Talk_Start_Resp is 2."""
    TALK_UNSUPPORTED = "talk_unsupported"
    """Talk_Start_Resp is 7."""
    NO_PARAMETERS = "no_parameters"
    """Operation code 16 gets no answer."""
    SECOND_CLIENT = "second_client"
    """Somebody else has all connections but one, and talks."""
    SILENT = "silent"
    """Nothing comes on the operation connection any more, keep-alives included."""
    FREEZE = "freeze"
    """Nothing comes on either connection any more."""
    DATA_LOST = "data_lost"
    """Once: the data connection closes alone, `seconds` after its login."""
    CORRUPT_JPEG = "corrupt_jpeg"
    """Once: a picture whose scan is rubbish."""
    TRUNCATED_JPEG = "truncated_jpeg"
    """Once: a picture that ends in the middle of its scan."""
    EMPTY_JPEG = "empty_jpeg"
    """Once: a picture of no bytes."""
    LENGTH_MISMATCH = "length_mismatch"
    """Once: the picture's length is not what the frame's text leaves for it."""
    SIZE_CHANGE = "size_change"
    """Once: a picture of another size."""
    REBOOT = "reboot"
    """At once: the camera is away for `seconds`."""


FRAMING: Final = (
    MoFault.WRONG_MAGIC,
    MoFault.HUGE_LENGTH,
    MoFault.TRUNCATED,
    MoFault.STALLED_FRAME,
    MoFault.UNKNOWN_OPCODES,
    MoFault.GLUED,
    MoFault.BYTE_BY_BYTE,
)
"""Faults of a frame on its way out."""

_ONCE: Final = {
    *FRAMING[:4],
    MoFault.DATA_LOST,
    MoFault.CORRUPT_JPEG,
    MoFault.TRUNCATED_JPEG,
    MoFault.EMPTY_JPEG,
    MoFault.LENGTH_MISMATCH,
    MoFault.SIZE_CHANGE,
}


@dataclass(slots=True)
class _Active:
    left: float
    on: Channel | None
    seconds: float


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        """Begin without faults."""
        self._active: dict[MoFault, _Active] = {}

    def set(self, fault: MoFault, times: float | None, on: Channel | None, seconds: float) -> None:
        """Put `fault` in force, as often as fits it unless `times` says how often."""
        if times is None:
            times = 1 if fault in _ONCE else FOREVER
        self._active[fault] = _Active(times, on, seconds)

    def clear(self, fault: MoFault | None = None) -> None:
        """Lift `fault`, or all."""
        if fault is None:
            self._active.clear()
        else:
            self._active.pop(fault, None)

    def active(self, fault: MoFault, on: Channel | None = None) -> bool:
        """Whether `fault` is in force there; this does not use it up."""
        found = self._active.get(fault)
        return found is not None and (found.on is None or on is None or found.on is on)

    def take(self, fault: MoFault, on: Channel | None = None) -> bool:
        """Whether `fault` strikes now; one that has struck often enough is over."""
        if not self.active(fault, on):
            return False
        found = self._active[fault]
        found.left -= 1
        if found.left <= 0:
            del self._active[fault]
        return True

    def seconds(self, fault: MoFault) -> float:
        """Give the time that belongs to `fault`."""
        return self._active[fault].seconds

    def framing(self, on: Channel) -> MoFault | None:
        """Give the fault that strikes the next frame, if any does."""
        if not self._active:
            return None
        return next((fault for fault in FRAMING if self.take(fault, on)), None)
