"""What the texts of MO commands are made of: codes, results and the shapes that return (no I/O)."""

from dataclasses import dataclass
from enum import IntEnum
import struct
from typing import Any, Final, Self, override

from ..errors import ProtocolError, Reason
from ..text import plain

type Text = bytes | memoryview

RESULT: Final = struct.Struct("<H")
BYTE: Final = struct.Struct("<B")
_RESULT_AND_ID: Final = struct.Struct("<HI")
_PAIR: Final = struct.Struct("<BB")


def unpack(layout: struct.Struct, text: Text) -> tuple[Any, ...]:
    """Return the fields at the beginning of a text. ProtocolError when it is too short."""
    if len(text) < layout.size:
        raise ProtocolError(Reason.UNEXPECTED_REPLY)
    return layout.unpack_from(text)


def read_name(data: bytes) -> str | None:
    """Return text of a fixed field, up to its first NUL and cleaned."""
    return plain(data.partition(b"\0")[0].decode(errors="replace"))


class OperationCode(IntEnum):
    """Operation codes; those marked (facts) are not in the specification."""

    LOGIN_REQ = 0
    LOGIN_RESP = 1
    VERIFY_REQ = 2
    VERIFY_RESP = 3
    VIDEO_START_REQ = 4
    VIDEO_START_RESP = 5
    VIDEO_END = 6
    FRAME_INTERVAL = 7
    """(facts)"""
    AUDIO_START_REQ = 8
    AUDIO_START_RESP = 9
    AUDIO_END = 10
    TALK_START_REQ = 11
    TALK_START_RESP = 12
    TALK_END = 13
    DECODER_CONTROL = 14
    """(facts)"""
    PARAMETERS_REQ = 16
    """(facts)"""
    PARAMETERS = 17
    """(facts)"""
    PARAMETER_CHANGED = 18
    """(facts)"""
    PARAMETER_SET = 19
    """(facts)"""
    TALK_ENDED = 22
    """(facts)"""
    ALARM_NOTIFY = 25
    KEEP_ALIVE = 255


class Result(IntEnum):
    """What a camera answers to requests."""

    UNKNOWN = -1
    OK = 0
    WRONG_USER = 1
    TOO_MANY = 2
    WRONG_PASSWORD = 5
    NO_PRIVILEGE = 6
    """(facts)"""
    UNSUPPORTED = 7

    @classmethod
    @override
    def _missing_(cls, value: object) -> Result:
        return cls.UNKNOWN


class AlarmKind(IntEnum):
    """Type of alarm."""

    UNKNOWN = -1
    STOP = 0
    MOTION = 1
    EXTERNAL = 2
    SOUND = 3
    """(facts)"""

    @classmethod
    @override
    def _missing_(cls, value: object) -> AlarmKind:
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class Empty:
    """A command without text."""

    def encode(self) -> bytes:
        """Return the text."""
        return b""

    @classmethod
    def decode(cls, _text: Text) -> Self:
        """Read the text, of which nothing is known."""
        return cls()


@dataclass(frozen=True, slots=True)
class OneByte:
    """A command of one INT8."""

    value: int = 1

    def encode(self) -> bytes:
        """Return the text."""
        return BYTE.pack(self.value)

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError."""
        return cls(*unpack(BYTE, text))


@dataclass(frozen=True, slots=True)
class OneParameter:
    """A command about one parameter."""

    index: int
    """Its place among the parameters."""
    value: int

    def encode(self) -> bytes:
        """Return the text."""
        return _PAIR.pack(self.index, self.value)

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError."""
        return cls(*unpack(_PAIR, text))


@dataclass(frozen=True, slots=True)
class StartResponse:
    """The answer to the request for video, sound or talk."""

    result: Result
    connection_id: int | None = None
    """Absent, or 0 (facts), when a data connection is in use already."""

    def encode(self) -> bytes:
        """Return the text."""
        if self.connection_id is None:
            return RESULT.pack(self.result)
        return _RESULT_AND_ID.pack(self.result, self.connection_id)

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError."""
        (result,) = unpack(RESULT, text)
        if result == Result.OK and len(text) >= _RESULT_AND_ID.size:
            return cls(Result.OK, unpack(_RESULT_AND_ID, text)[1])
        return cls(Result(result))
