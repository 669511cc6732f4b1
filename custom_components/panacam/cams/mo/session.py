"""What an operation and a data connection mean: bytes in, events out (no I/O, no clock).

An operation connection logs in by itself: Login_Req, and Verify_Req as soon as the camera has let
us in. Nothing is told of it before both are done.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, assert_never

from ..device import Identity, read_mac
from ..errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from ..stream import Credentials
from .adpcm import AdpcmDecoder
from .data import (
    AudioData,
    DataCode,
    DataLoginRequest,
    DataMessage,
    VideoData,
    decode_data,
    encode_data,
)
from .fields import Result
from .operation import (
    AlarmNotify,
    AudioEnd,
    AudioStartRequest,
    AudioStartResponse,
    LoginRequest,
    LoginResponse,
    OperationMessage,
    ParameterChanged,
    Parameters,
    TalkEnd,
    TalkEnded,
    TalkStartRequest,
    TalkStartResponse,
    VerifyRequest,
    VerifyResponse,
    VideoEnd,
    VideoStartRequest,
    VideoStartResponse,
    decode_operation,
    encode_operation,
)
from .wire import MAX_DATA_TEXT, MAX_OPERATION_TEXT, Channel, FrameDecoder

_MAX_CODES: Final = 32
"""Unknown operation codes that are told apart."""


class Feature(Enum):
    """What a camera sends or takes on a data connection."""

    VIDEO = "video"
    AUDIO = "audio"
    TALK = "talk"


START: Final[dict[Feature, OperationMessage]] = {
    Feature.VIDEO: VideoStartRequest(1),
    Feature.AUDIO: AudioStartRequest(1),
    Feature.TALK: TalkStartRequest(1),
}
END: Final[dict[Feature, OperationMessage]] = {
    Feature.VIDEO: VideoEnd(),
    Feature.AUDIO: AudioEnd(),
    Feature.TALK: TalkEnd(),
}


@dataclass(slots=True)
class Tally:
    """What happened with one camera over all its connections, for a bug report."""

    unknown: Counter[str] = field(default_factory=Counter)
    """Commands with a code that nobody knows, by channel and code."""
    malformed: int = 0
    """Commands that were not understood and not needed."""
    dropped_pictures: int = 0
    """Video_Data without a JPEG picture or with lengths that differ."""
    dropped_sounds: int = 0
    """Audio_Data with lengths that differ or in an unknown format."""
    results: dict[Feature, Result] = field(default_factory=dict)
    """What the camera last answered to the request for each."""

    def count_unknown(self, channel: Channel, code: int) -> None:
        """Count a command with an unknown code."""
        name = f"{channel.name.lower()} {code}"
        if name in self.unknown or len(self.unknown) < _MAX_CODES:
            self.unknown[name] += 1


@dataclass(frozen=True, slots=True)
class Ready:
    """The camera has let us in, and this is who it is."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class Denied:
    """The camera does not let us in: hang up."""

    error: CameraError


@dataclass(frozen=True, slots=True)
class Granted:
    """The camera will send, or take."""

    feature: Feature
    connection_id: int | None
    """Of the data connection to open; None: use the one that exists."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The camera will not send, or take."""

    feature: Feature
    error: CameraError


type OperationEvent = (
    Ready | Denied | Granted | Refused | AlarmNotify | Parameters | ParameterChanged | TalkEnded
)


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """A JPEG picture."""

    picture: memoryview = field(repr=False)
    """Read-only, and nobody else's."""
    timestamp: int
    """The camera's own, of an uncertain unit."""


@dataclass(frozen=True, slots=True)
class AudioPacket:
    """Some sound."""

    samples: bytes = field(repr=False)
    """Signed 16-bit little-endian, 8000 a second."""
    sequence: int


type DataEvent = VideoFrame | AudioPacket


class _Stage(Enum):
    """How far the login is."""

    LOGIN = auto()
    VERIFY = auto()
    READY = auto()
    OVER = auto()


def identity_of(camera_id: str | None, firmware: tuple[int, ...] | None) -> Identity:
    """Return who a camera is by what it says at login, and to whoever searches."""
    name = camera_id or ""
    mac = read_mac(name)
    # Nothing but zeros or f's: several cameras would share it.
    blank = not name.strip("0-:. ") or not name.lower().strip("f-:. ")
    return Identity(
        manufacturer="MO",
        model="MO camera",
        serial=name if mac is None and not blank else None,
        mac=mac,
        firmware=".".join(map(str, firmware)) if firmware is not None and any(firmware) else None,
    )


class OperationSession:
    """The operation connection (MO_O) as the user of a camera has it."""

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        expected_id: str | None = None,
        tally: Tally | None = None,
    ) -> None:
        """Log in; without credentials only to learn who answers.

        Another camera than `expected_id` is not shown the password.
        """
        self._credentials = credentials
        self._expected_id = expected_id
        self._tally = tally or Tally()
        self._stage = _Stage.LOGIN
        self._identity = Identity(manufacturer="")
        self._outbox = bytearray()
        self._decoder = FrameDecoder(Channel.OPERATION, max_text=MAX_OPERATION_TEXT)
        self.feed = self._decoder.feed
        self.get_buffer = self._decoder.get_buffer
        self.buffer_updated = self._decoder.buffer_updated
        self.send(LoginRequest())

    def send(self, message: OperationMessage) -> None:
        """Put a command where `bytes_to_send` finds it."""
        self._outbox += encode_operation(message)

    def bytes_to_send(self) -> bytes:
        """Return what is to be sent now, once."""
        data = bytes(self._outbox)
        self._outbox.clear()
        return data

    def events(self) -> Iterator[OperationEvent]:
        """Yield what the bytes so far mean. ProtocolError: hang up."""
        while (frame := self._decoder.next_frame()) is not None:
            try:
                message = decode_operation(frame)
            except ProtocolError:
                # What the login is made of must be right; the rest is worth no connection.
                if self._stage is not _Stage.READY:
                    raise
                self._tally.malformed += 1
                continue
            if message is None:
                self._tally.count_unknown(Channel.OPERATION, frame.code)
            elif self._stage is _Stage.READY:
                yield from self._understand(message)
            else:
                yield from self._log_in(message)

    def _log_in(self, message: OperationMessage) -> Iterator[OperationEvent]:
        """Take the next step of the login; anything else may come in between."""
        try:
            match self._stage, message:
                case _Stage.LOGIN, LoginResponse() as login:
                    self._verify(login)
                    self._stage = _Stage.VERIFY
                case _Stage.VERIFY, VerifyResponse(result):
                    _check_verified(result)
                    self._stage = _Stage.READY
                    yield Ready(self._identity)
                case _:
                    pass
        except CameraError as err:
            self._stage = _Stage.OVER
            yield Denied(err)

    def _verify(self, login: LoginResponse) -> None:
        """Answer a Login_Resp with Verify_Req. CameraError when it does not come to that."""
        if login.rover:
            raise ProtocolError(Reason.UNSUPPORTED_CAMERA)
        if login.result is Result.TOO_MANY:
            raise BusyError(Reason.TOO_MANY_CONNECTIONS)
        if login.result is not Result.OK:
            raise RefusedError(Reason.REFUSED, "login")
        self._identity = identity_of(login.camera_id, login.firmware)
        if self._identity.unique_id is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY)
        if self._expected_id not in {None, self._identity.unique_id}:
            raise ConnectError(Reason.OTHER_CAMERA)
        if self._credentials is None:
            raise AuthError(Reason.NO_CREDENTIALS)
        self.send(VerifyRequest(self._credentials.username, self._credentials.password))

    def _understand(self, message: OperationMessage) -> Iterator[OperationEvent]:
        """Yield what a command means once we are in; most are meant for cameras only."""
        match message:
            case VideoStartResponse(result, connection_id):
                yield self._answered(Feature.VIDEO, result, connection_id)
            case AudioStartResponse(result, connection_id):
                yield self._answered(Feature.AUDIO, result, connection_id)
            case TalkStartResponse(result, connection_id):
                yield self._answered(Feature.TALK, result, connection_id)
            case AlarmNotify() | Parameters() | ParameterChanged() | TalkEnded():
                yield message
            case _:
                pass

    def _answered(
        self, feature: Feature, result: Result, connection_id: int | None
    ) -> Granted | Refused:
        self._tally.results[feature] = result
        match result:
            case Result.OK:
                # One device says 0 where the others say nothing (facts).
                return Granted(feature, connection_id or None)
            case Result.TOO_MANY if feature is Feature.TALK:
                return Refused(feature, BusyError(Reason.SPEAKER_BUSY))
            case Result.TOO_MANY:
                return Refused(feature, BusyError(Reason.TOO_MANY_CONNECTIONS))
            case Result.UNSUPPORTED:
                return Refused(feature, RefusedError(Reason.UNSUPPORTED, feature.value))
            case Result.NO_PRIVILEGE:
                return Refused(feature, RefusedError(Reason.NO_PRIVILEGE, feature.value))
            case Result.UNKNOWN | Result.WRONG_USER | Result.WRONG_PASSWORD:
                return Refused(feature, RefusedError(Reason.REFUSED, feature.value))
        assert_never(result)


class DataSession:
    """A data connection (MO_V) as the user of a camera has it."""

    def __init__(self, connection_id: int, *, tally: Tally | None = None) -> None:
        """Log in with the id that the operation connection was given."""
        self._tally = tally or Tally()
        self._sound = AdpcmDecoder()
        self._outbox = bytearray()
        self._decoder = FrameDecoder(Channel.DATA, max_text=MAX_DATA_TEXT)
        self.feed = self._decoder.feed
        self.get_buffer = self._decoder.get_buffer
        self.buffer_updated = self._decoder.buffer_updated
        self.send(DataLoginRequest(connection_id))

    def send(self, message: DataMessage) -> None:
        """Put a command where `bytes_to_send` finds it."""
        self._outbox += encode_data(message)

    def bytes_to_send(self) -> bytes:
        """Return what is to be sent now, once."""
        data = bytes(self._outbox)
        self._outbox.clear()
        return data

    def restart_sound(self) -> None:
        """Expect sound that begins anew, with predictor and index 0."""
        self._sound = AdpcmDecoder()

    def events(self) -> Iterator[DataEvent]:
        """Yield pictures and sound so far. ProtocolError: hang up."""
        while (frame := self._decoder.next_frame()) is not None:
            try:
                message = decode_data(frame)
            except ProtocolError:
                # The next one may be good: the frames themselves are in order.
                self._count(frame.code)
                continue
            match message:
                case VideoData(picture, timestamp):
                    yield VideoFrame(memoryview(picture), timestamp)
                case AudioData():
                    yield self._decoded(message)
                case None:
                    self._tally.count_unknown(Channel.DATA, frame.code)
                case _:
                    pass

    def _decoded(self, packet: AudioData) -> AudioPacket:
        if packet.state is not None:
            self._sound.reset(*packet.state)
        return AudioPacket(self._sound.decode(packet.adpcm), packet.sequence)

    def _count(self, code: int) -> None:
        match code:
            case DataCode.VIDEO_DATA:
                self._tally.dropped_pictures += 1
            case DataCode.AUDIO_DATA:
                self._tally.dropped_sounds += 1
            case _:
                self._tally.malformed += 1


def _check_verified(result: Result) -> None:
    """Raise what a refusal means."""
    match result:
        case Result.OK:
            return
        case Result.WRONG_USER:
            raise AuthError(Reason.WRONG_USERNAME)
        case Result.WRONG_PASSWORD:
            raise AuthError(Reason.WRONG_PASSWORD)
        case Result.NO_PRIVILEGE:
            raise AuthError(Reason.NO_PRIVILEGE)
        case Result.TOO_MANY:
            raise BusyError(Reason.TOO_MANY_CONNECTIONS)
        case Result.UNKNOWN | Result.UNSUPPORTED:
            raise AuthError(Reason.WRONG_CREDENTIALS)
    assert_never(result)
