"""The frame and the layouts of the messages, as the specification's tables have them."""

import asyncio
from dataclasses import dataclass
from enum import IntEnum
import struct
from typing import Final

HEADER: Final = struct.Struct("<4sHB8sII")
"""Protocol, operation code, reserved, reserved, length of the text, reserved."""
LOGIN_RESP: Final = struct.Struct("<H13s4s4s4s")
VERIFY_REQ: Final = struct.Struct("<13s13s")
RESULT: Final = struct.Struct("<H")
RESULT_ID: Final = struct.Struct("<HI")
ALARM: Final = struct.Struct("<BHHHH")
DATA_LOGIN: Final = struct.Struct("<I")
VIDEO: Final = struct.Struct("<IIBI")
"""Time stamp, seconds, reserved, length of the picture that follows."""
SOUND: Final = struct.Struct("<IIIBI")
"""Time stamp, sequence, seconds, format, length of the data that follows."""
SOUND_STATE: Final = struct.Struct("<hB")

MAX_TEXT: Final = 8192
"""No client has reason to send a longer text."""


class Op(IntEnum):
    """Operation codes of MO_O."""

    LOGIN_REQ = 0
    LOGIN_RESP = 1
    VERIFY_REQ = 2
    VERIFY_RESP = 3
    VIDEO_START_REQ = 4
    VIDEO_START_RESP = 5
    VIDEO_END = 6
    FRAME_INTERVAL = 7
    AUDIO_START_REQ = 8
    AUDIO_START_RESP = 9
    AUDIO_END = 10
    TALK_START_REQ = 11
    TALK_START_RESP = 12
    TALK_END = 13
    DECODER_CONTROL = 14
    PARAMETERS_REQ = 16
    PARAMETERS_RESP = 17
    PARAMETERS_CHANGED = 18
    PARAMETER_SET = 19
    TALK_END_RESP = 22
    ALARM_NOTIFY = 25
    PARAMETERS_ZEROS = 28
    KEEP_ALIVE = 255


class DataOp(IntEnum):
    """Operation codes of MO_V."""

    LOGIN_REQ = 0
    VIDEO_DATA = 1
    AUDIO_DATA = 2
    TALK_DATA = 3
    KEEP_ALIVE = 255


class Result(IntEnum):
    """Results of logins and starts."""

    OK = 0
    WRONG_USER = 1
    REFUSED = 2
    WRONG_PASSWORD = 5
    NO_PRIVILEGE = 6
    UNSUPPORTED = 7


class WireError(Exception):
    """What came is no frame of the protocol."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as it came."""

    code: int
    text: bytes


async def read_frame(reader: asyncio.StreamReader, magic: bytes, begun: bytes = b"") -> Frame:
    """Read a frame of which `begun` was read already."""
    head = begun + await reader.readexactly(HEADER.size - len(begun))
    found, code, _, _, length, _ = HEADER.unpack(head)
    if found != magic or length > MAX_TEXT:
        raise WireError
    return Frame(code, await reader.readexactly(length))


def padded(text: str, size: int) -> bytes:
    """Give `text` in a field of `size` bytes filled with NUL."""
    return text.encode("latin-1")[:size].ljust(size, b"\0")


def unpadded(field: bytes) -> str:
    """Give what a field holds before its first NUL."""
    return field.partition(b"\0")[0].decode("latin-1")
