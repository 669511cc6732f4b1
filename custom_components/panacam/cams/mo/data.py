"""The commands of the audio and video transmission protocol (MO_V) (no I/O).

Time stamps are hints: some firmware counts milliseconds, some puts a frame counter where the
seconds belong, and cameras' clocks jump (facts).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
import struct
from types import MappingProxyType
from typing import ClassVar, Final, Self

from ..errors import ProtocolError, Reason
from .fields import Empty, Text, unpack
from .wire import Channel, Frame, encode_frame

PACKET: Final = 160
"""Bytes of ADPCM in one packet of sound: 320 samples; others exist (facts)."""
ADPCM: Final = 0
"""The only sound format of the specification."""
MAX_SOUND: Final = 4096
"""Bytes of ADPCM in one packet, or it would block the loop; 960 is the most seen (facts)."""

_ID: Final = struct.Struct("<I")
_VIDEO: Final = struct.Struct("<IIBI")
_SOUND: Final = struct.Struct("<IIIBI")
_STATE: Final = struct.Struct("<hB")
_SOI: Final = b"\xff\xd8"


class DataCode(IntEnum):
    """Operation codes of the data connection."""

    LOGIN_REQ = 0
    VIDEO_DATA = 1
    AUDIO_DATA = 2
    TALK_DATA = 3
    KEEP_ALIVE = 255
    """Some devices want it here, too (facts)."""


@dataclass(frozen=True, slots=True)
class DataLoginRequest:
    """Says which data connection this is [Login_Req]; no answer, or the camera hangs up."""

    CODE: ClassVar = DataCode.LOGIN_REQ

    connection_id: int

    def encode(self) -> bytes:
        """Return the text."""
        return _ID.pack(self.connection_id)

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError."""
        return cls(*unpack(_ID, text))


@dataclass(frozen=True, slots=True)
class VideoData:
    """One picture [Video_Data]."""

    CODE: ClassVar = DataCode.VIDEO_DATA

    picture: Text = field(repr=False)
    """JPEG, as far as its first two bytes tell."""
    timestamp: int = 0
    """10 ms by the specification."""
    time: int = 0
    """Seconds since 1970 by the specification."""

    def encode(self) -> bytes:
        """Return the text."""
        return _VIDEO.pack(self.timestamp, self.time, 0, len(self.picture)) + self.picture

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError also when its lengths differ or it holds no picture."""
        timestamp, time, _, length = unpack(_VIDEO, text)
        picture = text[_VIDEO.size :]
        if length != len(picture) or picture[: len(_SOI)] != _SOI:
            raise ProtocolError(Reason.NO_PICTURE)
        return cls(picture, timestamp, time)


@dataclass(frozen=True, slots=True)
class AudioData:
    """One packet of sound from the camera [Audio_Data]."""

    CODE: ClassVar = DataCode.AUDIO_DATA

    adpcm: bytes = field(repr=False)
    timestamp: int = 0
    """10 ms by the specification."""
    sequence: int = 0
    """Need not start at 0 (facts)."""
    time: int = 0
    """Seconds since 1970 by the specification."""
    state: tuple[int, int] | None = None
    """Predictor and step index at its beginning, which some firmware appends (facts)."""

    def encode(self) -> bytes:
        """Return the text."""
        head = _SOUND.pack(self.timestamp, self.sequence, self.time, ADPCM, len(self.adpcm))
        return head + self.adpcm + (b"" if self.state is None else _STATE.pack(*self.state))

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError also when it is too short for its sound, or no ADPCM."""
        timestamp, sequence, time, adpcm, behind = _read_sound(text)
        state = _STATE.unpack(behind) if len(behind) == _STATE.size else None
        return cls(adpcm, timestamp, sequence, time, state)


@dataclass(frozen=True, slots=True)
class TalkData:
    """One packet of sound to the camera [Talk_Data]."""

    CODE: ClassVar = DataCode.TALK_DATA

    adpcm: bytes = field(repr=False)
    timestamp: int = 0
    """Milliseconds of any clock."""
    sequence: int = 0
    """From 0."""
    time: int = 0
    """Seconds since 1970."""

    def encode(self) -> bytes:
        """Return the text."""
        head = _SOUND.pack(self.timestamp, self.sequence, self.time, ADPCM, len(self.adpcm))
        return head + self.adpcm

    @classmethod
    def decode(cls, text: Text) -> Self:
        """Read the text. ProtocolError also when it is too short for its sound, or no ADPCM."""
        timestamp, sequence, time, adpcm, _ = _read_sound(text)
        return cls(adpcm, timestamp, sequence, time)


@dataclass(frozen=True, slots=True)
class DataKeepAlive(Empty):
    """Shows that its sender is there (facts)."""

    CODE: ClassVar = DataCode.KEEP_ALIVE


type DataMessage = DataLoginRequest | VideoData | AudioData | TalkData | DataKeepAlive

DATA: Final[Mapping[int, type[DataMessage]]] = MappingProxyType(
    {kind.CODE: kind for kind in (DataLoginRequest, VideoData, AudioData, TalkData, DataKeepAlive)}
)


def encode_data(message: DataMessage) -> bytes:
    """Return a command as a whole frame."""
    return encode_frame(Channel.DATA, message.CODE, message.encode())


def decode_data(frame: Frame) -> DataMessage | None:
    """Return a frame's command, None for a code that nobody knows. ProtocolError."""
    kind = DATA.get(frame.code)
    return None if kind is None else kind.decode(frame.text)


def _read_sound(text: Text) -> tuple[int, int, int, bytes, Text]:
    """Return time stamp, sequence, time, ADPCM and what is behind it. ProtocolError."""
    timestamp, sequence, time, kind, length = unpack(_SOUND, text)
    sound = text[_SOUND.size :]
    if kind != ADPCM or not 0 < length <= min(len(sound), MAX_SOUND):
        raise ProtocolError(Reason.UNEXPECTED_REPLY)
    return timestamp, sequence, time, bytes(sound[:length]), sound[length:]
