"""The commands of the operation protocol (MO_O): what each text holds (no I/O).

Names in brackets are the specification's. Texts longer than known are read as far as they are
known; reserved fields are sent as the specification says and ignored when they come.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import struct
from types import MappingProxyType
from typing import ClassVar, Final, Self

from ..errors import AuthError, ProtocolError, Reason
from .fields import (
    BYTE,
    RESULT,
    AlarmKind,
    Empty,
    OneByte,
    OneParameter,
    OperationCode,
    Result,
    StartResponse,
    Text,
    read_name,
    unpack,
)
from .wire import Channel, Frame, encode_frame

_LOGIN: Final = struct.Struct("<H13s4s4s4s")
_VERIFY: Final = struct.Struct("<13s13s")
_VERIFIED: Final = struct.Struct("<HB")
_ALARM: Final = struct.Struct("<BHHHH")
_NAME_SIZE: Final = 13
_ID_END: Final = 2 + 13
_ROVER_SIZES: Final = frozenset({59, 62})
"""Bytes of a Login_Resp that carries a challenge: cameras of another protocol (facts)."""


@dataclass(frozen=True, slots=True)
class LoginRequest(Empty):
    """Asks to be let in [Login_Req]."""

    CODE: ClassVar = OperationCode.LOGIN_REQ


@dataclass(frozen=True, slots=True)
class LoginResponse:
    """Says who the camera is, or that it is full [Login_Resp]."""

    CODE: ClassVar = OperationCode.LOGIN_RESP

    result: Result
    camera_id: str | None = None
    """Cleaned; 12 hexadecimal digits on real cameras (facts)."""
    firmware: tuple[int, ...] | None = None
    """Four numbers."""
    rover: bool = False
    """Whether this is a camera of another protocol: no login is possible."""

    def encode(self) -> bytes:
        """Return the text of an answer as the specification has it."""
        if self.result is not Result.OK:
            return RESULT.pack(self.result)
        name = (self.camera_id or "").encode()
        return _LOGIN.pack(self.result, name, b"", b"", bytes(self.firmware or (0, 0, 0, 0)))

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError."""
        (result,) = unpack(RESULT, text)
        if len(text) in _ROVER_SIZES:
            return cls(Result(result), rover=True)
        if result != Result.OK:
            return cls(Result(result))
        if len(text) < _ID_END:
            raise ProtocolError(Reason.UNEXPECTED_REPLY)
        name = read_name(bytes(text[2:_ID_END]))
        if len(text) < _LOGIN.size:
            return cls(Result.OK, name)
        return cls(Result.OK, name, tuple(unpack(_LOGIN, text)[-1]))


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """Proves who we are; sent to the camera, whatever the arrow says [Verify_Req, facts]."""

    CODE: ClassVar = OperationCode.VERIFY_REQ

    username: str
    password: str = field(repr=False)

    def encode(self) -> bytes:
        """Return the text. AuthError for what no camera can have: more than 13 bytes, or NUL."""
        username, password = self.username.encode(), self.password.encode()
        if len(username) > _NAME_SIZE or b"\0" in username:
            raise AuthError(Reason.WRONG_USERNAME)
        if len(password) > _NAME_SIZE or b"\0" in password:
            raise AuthError(Reason.WRONG_PASSWORD)
        return _VERIFY.pack(username, password)

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError."""
        username, password = unpack(_VERIFY, text)
        return cls(
            username.partition(b"\0")[0].decode(errors="replace"),
            password.partition(b"\0")[0].decode(errors="replace"),
        )


@dataclass(frozen=True, slots=True)
class VerifyResponse:
    """Says whether we are the one [Verify_Resp]; 2 or 3 bytes in either case (facts)."""

    CODE: ClassVar = OperationCode.VERIFY_RESP

    result: Result

    def encode(self) -> bytes:
        """Return the text."""
        if self.result is Result.OK:
            return _VERIFIED.pack(self.result, 0)
        return RESULT.pack(self.result)

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError."""
        return cls(Result(unpack(RESULT, text)[0]))


@dataclass(frozen=True, slots=True)
class VideoStartRequest(OneByte):
    """Asks for pictures [Video_Start_Req]; the byte is reserved, 1."""

    CODE: ClassVar = OperationCode.VIDEO_START_REQ


@dataclass(frozen=True, slots=True)
class VideoStartResponse(StartResponse):
    """Says whether pictures will come [Video_Start_Resp]."""

    CODE: ClassVar = OperationCode.VIDEO_START_RESP


@dataclass(frozen=True, slots=True)
class VideoEnd(Empty):
    """Asks for no more pictures [Video_End]."""

    CODE: ClassVar = OperationCode.VIDEO_END


@dataclass(frozen=True, slots=True)
class FrameInterval(OneByte):
    """Sets the time between pictures (facts)."""

    CODE: ClassVar = OperationCode.FRAME_INTERVAL


@dataclass(frozen=True, slots=True)
class AudioStartRequest(OneByte):
    """Asks for sound [Audio_Start_Req]; the byte is reserved, 1."""

    CODE: ClassVar = OperationCode.AUDIO_START_REQ


@dataclass(frozen=True, slots=True)
class AudioStartResponse(StartResponse):
    """Says whether sound will come [Audio_Start_Resp]; UNSUPPORTED: the camera has none."""

    CODE: ClassVar = OperationCode.AUDIO_START_RESP


@dataclass(frozen=True, slots=True)
class AudioEnd(Empty):
    """Asks for no more sound [Audio_End]."""

    CODE: ClassVar = OperationCode.AUDIO_END


@dataclass(frozen=True, slots=True)
class TalkStartRequest(OneByte):
    """Asks to speak [Talk_Start_Req]; the byte: how many seconds the camera buffers, 1 or more."""

    CODE: ClassVar = OperationCode.TALK_START_REQ


@dataclass(frozen=True, slots=True)
class TalkStartResponse(StartResponse):
    """Says whether we may speak [Talk_Start_Resp]; TOO_MANY: somebody else does."""

    CODE: ClassVar = OperationCode.TALK_START_RESP


@dataclass(frozen=True, slots=True)
class TalkEnd(Empty):
    """Says that we have finished [Talk_End]."""

    CODE: ClassVar = OperationCode.TALK_END


@dataclass(frozen=True, slots=True)
class TalkEnded(Empty):
    """What some cameras answer to TalkEnd (facts)."""

    CODE: ClassVar = OperationCode.TALK_ENDED


@dataclass(frozen=True, slots=True)
class DecoderControl(OneByte):
    """Moves the camera, or stops a move (facts)."""

    CODE: ClassVar = OperationCode.DECODER_CONTROL


@dataclass(frozen=True, slots=True)
class ParametersRequest(Empty):
    """Asks for the parameters (facts)."""

    CODE: ClassVar = OperationCode.PARAMETERS_REQ


@dataclass(frozen=True, slots=True)
class Parameters:
    """Tells the parameters (facts): resolution, brightness, contrast, mode, -, rotation, -, -."""

    CODE: ClassVar = OperationCode.PARAMETERS
    SIZE: ClassVar = 8

    values: tuple[int, ...]

    def encode(self) -> bytes:
        """Return the text."""
        return bytes(self.values)

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError."""
        if len(text) < cls.SIZE:
            raise ProtocolError(Reason.UNEXPECTED_REPLY)
        return cls(tuple(text[: cls.SIZE]))


@dataclass(frozen=True, slots=True)
class ParameterChanged(OneParameter):
    """Tells that a parameter has another value now (facts)."""

    CODE: ClassVar = OperationCode.PARAMETER_CHANGED


@dataclass(frozen=True, slots=True)
class ParameterSet(OneParameter):
    """Gives a parameter another value (facts)."""

    CODE: ClassVar = OperationCode.PARAMETER_SET


@dataclass(frozen=True, slots=True)
class AlarmNotify:
    """Tells of an alarm, or that none is on [Alarm_Notify]."""

    CODE: ClassVar = OperationCode.ALARM_NOTIFY

    kind: AlarmKind

    def encode(self) -> bytes:
        """Return the text."""
        return _ALARM.pack(self.kind, 0, 0, 0, 0)

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text, the reserved part of which may be short. ProtocolError."""
        return cls(AlarmKind(unpack(BYTE, text)[0]))


@dataclass(frozen=True, slots=True)
class KeepAlive(Empty):
    """Shows that its sender is there [Keep_Alive]."""

    CODE: ClassVar = OperationCode.KEEP_ALIVE


type OperationMessage = (
    LoginRequest
    | LoginResponse
    | VerifyRequest
    | VerifyResponse
    | VideoStartRequest
    | VideoStartResponse
    | VideoEnd
    | FrameInterval
    | AudioStartRequest
    | AudioStartResponse
    | AudioEnd
    | TalkStartRequest
    | TalkStartResponse
    | TalkEnd
    | TalkEnded
    | DecoderControl
    | ParametersRequest
    | Parameters
    | ParameterChanged
    | ParameterSet
    | AlarmNotify
    | KeepAlive
)

OPERATIONS: Final[Mapping[int, type[OperationMessage]]] = MappingProxyType(
    {
        kind.CODE: kind
        for kind in (
            *(LoginRequest, LoginResponse, VerifyRequest, VerifyResponse),
            *(VideoStartRequest, VideoStartResponse, VideoEnd, FrameInterval),
            *(AudioStartRequest, AudioStartResponse, AudioEnd),
            *(TalkStartRequest, TalkStartResponse, TalkEnd, TalkEnded),
            *(DecoderControl, ParametersRequest, Parameters, ParameterChanged, ParameterSet),
            *(AlarmNotify, KeepAlive),
        )
    }
)


def encode_operation(message: OperationMessage) -> bytes:
    """Return a command as a whole frame. AuthError for credentials that no camera can have."""
    return encode_frame(Channel.OPERATION, message.CODE, message.encode())


def decode_operation(frame: Frame) -> OperationMessage | None:
    """Return a frame's command, None for a code that nobody knows. ProtocolError."""
    kind = OPERATIONS.get(frame.code)
    return None if kind is None else kind.decode(frame.text)
