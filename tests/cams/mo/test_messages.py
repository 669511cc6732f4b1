"""Every command, from the bytes of the specification and back."""

from contextlib import suppress

import pytest

from custom_components.panacam.cams.errors import AuthError, CameraError, ProtocolError, Reason
from custom_components.panacam.cams.mo import data as d, operation as o
from custom_components.panacam.cams.mo.data import DataMessage, decode_data, encode_data
from custom_components.panacam.cams.mo.fields import AlarmKind, Result
from custom_components.panacam.cams.mo.operation import (
    OperationMessage,
    decode_operation,
    encode_operation,
)
from custom_components.panacam.cams.mo.wire import (
    HEADER,
    MAX_DATA_TEXT,
    Channel,
    Frame,
    FrameDecoder,
)
from tests.simulators.mo.vectors import load, names

CAMERA = ("A81374000101", (11, 37, 2, 56))
SOUND = load("adpcm/tone_1")
SOUND_2 = load("adpcm/tone_2")
TIME = 1262304000

OPERATIONS: list[tuple[str, OperationMessage]] = [
    ("login_req", o.LoginRequest()),
    ("login_resp", o.LoginResponse(Result.OK, *CAMERA)),
    ("login_resp_refused", o.LoginResponse(Result.TOO_MANY)),
    ("verify_req", o.VerifyRequest("admin", "12345")),
    ("verify_resp", o.VerifyResponse(Result.OK)),
    ("verify_resp_wrong_user", o.VerifyResponse(Result.WRONG_USER)),
    ("verify_resp_wrong_password", o.VerifyResponse(Result.WRONG_PASSWORD)),
    ("verify_resp_no_privilege", o.VerifyResponse(Result.NO_PRIVILEGE)),
    ("keep_alive", o.KeepAlive()),
    ("video_start_req", o.VideoStartRequest()),
    ("video_start_resp", o.VideoStartResponse(Result.OK, 0x60251B40)),
    ("video_start_resp_no_id", o.VideoStartResponse(Result.OK)),
    ("video_start_resp_refused", o.VideoStartResponse(Result.TOO_MANY)),
    ("video_end", o.VideoEnd()),
    ("audio_start_req", o.AudioStartRequest()),
    ("audio_start_resp", o.AudioStartResponse(Result.OK, 0x58EA5800)),
    ("audio_start_resp_no_id", o.AudioStartResponse(Result.OK)),
    ("audio_start_resp_refused", o.AudioStartResponse(Result.TOO_MANY)),
    ("audio_start_resp_unsupported", o.AudioStartResponse(Result.UNSUPPORTED)),
    ("audio_end", o.AudioEnd()),
    ("talk_start_req", o.TalkStartRequest(1)),
    ("talk_start_resp", o.TalkStartResponse(Result.OK, 1)),
    ("talk_start_resp_no_id", o.TalkStartResponse(Result.OK)),
    ("talk_start_resp_refused", o.TalkStartResponse(Result.TOO_MANY)),
    ("talk_start_resp_unsupported", o.TalkStartResponse(Result.UNSUPPORTED)),
    ("talk_end", o.TalkEnd()),
    ("talk_end_resp", o.TalkEnded()),
    ("alarm_stop", o.AlarmNotify(AlarmKind.STOP)),
    ("alarm_motion", o.AlarmNotify(AlarmKind.MOTION)),
    ("alarm_external", o.AlarmNotify(AlarmKind.EXTERNAL)),
    ("decoder_control", o.DecoderControl(4)),
    ("decoder_control_preset", o.DecoderControl(35)),
    ("parameters_req", o.ParametersRequest()),
    ("parameters_resp", o.Parameters((32, 128, 4, 1, 0, 0, 0, 0))),
    ("parameters_changed", o.ParameterChanged(1, 160)),
    ("parameter_set", o.ParameterSet(1, 160)),
]
"""Bytes that we send, or would send, exactly so."""

OTHERWISE: list[tuple[str, OperationMessage]] = [
    ("login_resp_captured", o.LoginResponse(Result.OK, *CAMERA)),
    ("login_resp_rover_59", o.LoginResponse(Result.OK, rover=True)),
    ("login_resp_rover_62", o.LoginResponse(Result.OK, rover=True)),
    ("verify_resp_reserved_2", o.VerifyResponse(Result.OK)),
    ("verify_resp_wrong_password_3", o.VerifyResponse(Result.WRONG_PASSWORD)),
    ("video_start_resp_id_zero", o.VideoStartResponse(Result.OK, 0)),
    ("alarm_sound", o.AlarmNotify(AlarmKind.SOUND)),
    ("parameters_resp_320", o.Parameters((8, 96, 3, 2, 0, 3, 0x12, 0))),
]
"""What cameras say in another way."""

DATA: list[tuple[str, DataMessage]] = [
    ("login_req", d.DataLoginRequest(0x60251B40)),
    ("keep_alive", d.DataKeepAlive()),
    ("audio_data", d.AudioData(SOUND, 123456, 0, TIME)),
    ("talk_data", d.TalkData(SOUND, 12345678, 0, TIME)),
    ("video_data", d.VideoData(load("data/video_data")[HEADER.size + 13 :], 123456, TIME)),
]
DATA_OTHERWISE: list[tuple[str, DataMessage]] = [
    ("audio_data_with_state", d.AudioData(SOUND_2, 123460, 5635087, TIME, (-3838, 67))),
    ("video_data_milliseconds", d.VideoData(b"\xff\xd8\xff\xd9", 1234560, 17)),
]
BAD_DATA = ["video_data_empty", "video_data_mismatch"]
UNKNOWN = ["unknown_0101", "parameters_zeros"]


def read(channel: Channel, data: bytes, cut: int | None = None) -> Frame:
    """Return the one frame that some bytes are, given in two pieces."""
    decoder = FrameDecoder(channel, max_text=MAX_DATA_TEXT)
    decoder.feed(data[:cut])
    if cut is not None:
        assert decoder.next_frame() is None
        decoder.feed(data[cut:])
    frame = decoder.next_frame()
    assert frame is not None
    assert decoder.next_frame() is None
    return frame


def with_more(frame: Frame) -> Frame:
    """Return a frame whose text goes on."""
    return Frame(frame.code, memoryview(bytes(frame.text) + b"\x01" * 40))


def test_every_vector_is_used() -> None:
    """No vector is forgotten."""
    used = {f"operation/{name}" for name, _ in OPERATIONS + OTHERWISE}
    assert used | {f"operation/{name}" for name in UNKNOWN} == set(names("operation"))
    used = {f"data/{name}" for name, _ in DATA + DATA_OTHERWISE}
    assert used | {f"data/{name}" for name in BAD_DATA} == set(names("data"))


def test_every_command_has_a_vector() -> None:
    """All operation codes are in the table, but the one that has no vector."""
    missing = set(o.OPERATIONS.values()) - {type(message) for _, message in OPERATIONS}
    assert missing == {o.FrameInterval}
    assert set(d.DATA.values()) == {type(message) for _, message in DATA}


@pytest.mark.parametrize(("name", "message"), OPERATIONS)
def test_encode_operation(name: str, message: OperationMessage) -> None:
    """What we send is what the specification says, bit for bit."""
    assert encode_operation(message) == load(f"operation/{name}")


@pytest.mark.parametrize(("name", "message"), OPERATIONS + OTHERWISE)
def test_decode_operation(name: str, message: OperationMessage) -> None:
    """Whole, and at every split."""
    data = load(f"operation/{name}")
    assert decode_operation(read(Channel.OPERATION, data)) == message
    for cut in range(len(data)):
        assert decode_operation(read(Channel.OPERATION, data, cut)) == message


@pytest.mark.parametrize(("name", "message"), OPERATIONS + OTHERWISE)
def test_byte_by_byte(name: str, message: OperationMessage) -> None:
    """One byte at a time."""
    decoder = FrameDecoder(Channel.OPERATION, max_text=MAX_DATA_TEXT)
    *most, last = load(f"operation/{name}")
    for byte in most:
        decoder.feed(bytes([byte]))
        assert decoder.next_frame() is None
    decoder.feed(bytes([last]))
    frame = decoder.next_frame()
    assert frame is not None
    assert decode_operation(frame) == message


NO_MORE = {
    *("login_resp_rover_59", "login_resp_rover_62"),
    *("video_start_resp_no_id", "audio_start_resp_no_id", "talk_start_resp_no_id"),
}
"""Messages that mean something else with more bytes."""


@pytest.mark.parametrize(
    ("name", "message"), [row for row in OPERATIONS + OTHERWISE if row[0] not in NO_MORE]
)
def test_trailing(name: str, message: OperationMessage) -> None:
    """A text that goes on is read as far as it is known."""
    frame = with_more(read(Channel.OPERATION, load(f"operation/{name}")))
    assert decode_operation(frame) == message


@pytest.mark.parametrize(
    ("name", "message"), [row for row in OPERATIONS + OTHERWISE if row[0] not in NO_MORE]
)
def test_short(name: str, message: OperationMessage) -> None:
    """A text cut anywhere is a protocol error or says less."""
    text = read(Channel.OPERATION, load(f"operation/{name}")).text
    for size in range(len(text)):
        with suppress(ProtocolError):
            found = decode_operation(Frame(message.CODE, text[:size]))
            assert type(found) is type(message)


@pytest.mark.parametrize(("name", "message"), DATA)
def test_encode_data(name: str, message: DataMessage) -> None:
    """What we send is what the specification says, bit for bit."""
    assert encode_data(message) == load(f"data/{name}")


@pytest.mark.parametrize(("name", "message"), DATA + DATA_OTHERWISE)
def test_decode_data(name: str, message: DataMessage) -> None:
    """Whole, and at every split."""
    data = load(f"data/{name}")
    assert decode_data(read(Channel.DATA, data)) == message
    for cut in range(len(data)):
        assert decode_data(read(Channel.DATA, data, cut)) == message


@pytest.mark.parametrize(("name", "message"), DATA + DATA_OTHERWISE)
def test_short_data(name: str, message: DataMessage) -> None:
    """Data cut anywhere is a protocol error, but for what some firmware appends."""
    text = read(Channel.DATA, load(f"data/{name}")).text
    appended = 3 if name == "audio_data_with_state" else 0
    for size in range(len(text) - appended):
        with pytest.raises(ProtocolError):
            decode_data(Frame(message.CODE, text[:size]))


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data(name: str) -> None:
    """Pictures of which nobody knows where they end, or that are none."""
    with pytest.raises(ProtocolError) as caught:
        decode_data(read(Channel.DATA, load(f"data/{name}")))
    assert caught.value.reason is Reason.NO_PICTURE


@pytest.mark.parametrize(("at", "byte"), [(13, 0x01), (14, 0x01), (9, 0x8E), (12, 0x01)])
def test_no_picture(at: int, byte: int) -> None:
    """A picture must begin as JPEG does, and have the length it says."""
    text = bytearray(load("data/video_data")[HEADER.size :])
    text[at] = byte
    with pytest.raises(ProtocolError):
        d.VideoData.decode(bytes(text))


def test_other_sound() -> None:
    """Packets of any length are read, other formats are not."""
    text = bytearray(d.AudioData(bytes(480), 1, 2, 3).encode())
    assert d.AudioData.decode(bytes(text)) == d.AudioData(bytes(480), 1, 2, 3)
    state = d.AudioData(bytes(480), 1, 2, 3, (-5, 7))
    assert d.AudioData.decode(state.encode()) == state
    text[12] = 1
    with pytest.raises(ProtocolError):
        d.AudioData.decode(bytes(text))


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_operation(name: str) -> None:
    """Commands that nobody knows are no error."""
    assert decode_operation(read(Channel.OPERATION, load(f"operation/{name}"))) is None
    assert decode_data(Frame(0x0101, memoryview(b"ab"))) is None


def test_open_vocabularies() -> None:
    """Results and alarms that nobody knows have a name, too."""
    assert o.AlarmNotify.decode(b"\x09").kind is AlarmKind.UNKNOWN
    assert o.VerifyResponse.decode(b"\x63\x00").result is Result.UNKNOWN
    assert o.FrameInterval.decode(b"\x03") == o.FrameInterval(3)


def test_login_without_firmware() -> None:
    """An answer that ends after the id says who it is; one that ends before says nothing."""
    text = load("operation/login_resp")[HEADER.size :]
    assert o.LoginResponse.decode(text[:15]) == o.LoginResponse(Result.OK, CAMERA[0])
    with pytest.raises(ProtocolError):
        o.LoginResponse.decode(text[:14])


def test_clean_id() -> None:
    """An id has nothing that could disturb a log or a screen."""
    text = b"\0\0" + b"\x1b[31m\xff\xfe\n\0\0\0\0\0" + bytes(12)
    assert o.LoginResponse.decode(text).camera_id == "[31m\ufffd\ufffd"
    assert o.LoginResponse.decode(bytes(27)).camera_id is None


@pytest.mark.parametrize(
    ("user", "password", "reason"),
    [
        ("a" * 14, "12345", Reason.WRONG_USERNAME),
        ("ä" * 7, "12345", Reason.WRONG_USERNAME),
        ("a\0b", "12345", Reason.WRONG_USERNAME),
        ("admin", "p" * 14, Reason.WRONG_PASSWORD),
        ("admin", "p\0", Reason.WRONG_PASSWORD),
    ],
)
def test_impossible_credentials(user: str, password: str, reason: Reason) -> None:
    """What does not fit is not cut, which would be another password."""
    with pytest.raises(AuthError) as caught:
        o.VerifyRequest(user, password).encode()
    assert caught.value.reason is reason


def test_longest_credentials() -> None:
    """Thirteen bytes fit, as the table has it."""
    request = o.VerifyRequest("u" * 13, "p" * 13)
    assert o.VerifyRequest.decode(request.encode()) == request


def test_discreet() -> None:
    """A password is in no repr and in no error."""
    assert "12345" not in repr(o.VerifyRequest("admin", "12345"))
    with pytest.raises(CameraError) as caught:
        o.VerifyRequest("admin", "secret-secret-secret").encode()
    assert "secret" not in str(caught.value) + repr(caught.value)
    assert "ff" not in repr(d.VideoData(b"\xff\xd8"))
