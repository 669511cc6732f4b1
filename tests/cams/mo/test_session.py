"""What bytes mean, from login to alarm, without a socket."""

from itertools import pairwise

import pytest

from custom_components.panacam.cams.device import Identity
from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.mo.data import TalkData, encode_data
from custom_components.panacam.cams.mo.fields import AlarmKind, Result
from custom_components.panacam.cams.mo.operation import (
    AlarmNotify,
    LoginResponse,
    OperationMessage,
    ParameterChanged,
    Parameters,
    TalkEnded,
    VerifyResponse,
    VideoEnd,
    VideoStartResponse,
    encode_operation,
)
from custom_components.panacam.cams.mo.session import (
    AudioPacket,
    DataSession,
    Denied,
    Feature,
    Granted,
    OperationEvent,
    OperationSession,
    Ready,
    Refused,
    Tally,
    VideoFrame,
    identity_of,
)
from custom_components.panacam.cams.mo.wire import Channel, encode_frame
from custom_components.panacam.cams.stream import Credentials
from tests.simulators.mo.vectors import load, samples

LOGIN = Credentials("admin", "12345")
IDENTITY = Identity(
    manufacturer="MO", model="MO camera", mac="a8:13:74:00:01:01", firmware="11.37.2.56"
)


def heard(session: OperationSession, *said: str | bytes | OperationMessage) -> list[OperationEvent]:
    """Return what a session makes of vectors, bytes or commands."""
    for one in said:
        match one:
            case str():
                session.feed(load(f"operation/{one}"))
            case bytes():
                session.feed(one)
            case _:
                session.feed(encode_operation(one))
    return list(session.events())


def ready(tally: Tally | None = None) -> OperationSession:
    """Return a session that is logged in and has nothing to send."""
    session = OperationSession(LOGIN, tally=tally)
    assert heard(session, "login_resp", "verify_resp") == [Ready(IDENTITY)]
    session.bytes_to_send()
    return session


def error_of(events: list[OperationEvent]) -> CameraError:
    """Return why the camera does not let us in."""
    (event,) = events
    assert isinstance(event, Denied)
    return event.error


@pytest.mark.parametrize("answer", ["login_resp", "login_resp_captured"])
@pytest.mark.parametrize("verified", ["verify_resp", "verify_resp_reserved_2"])
def test_login(answer: str, verified: str) -> None:
    """Login_Req, then at once Verify_Req, then we are in."""
    session = OperationSession(LOGIN)
    assert session.bytes_to_send() == load("operation/login_req")
    assert session.bytes_to_send() == b""
    assert heard(session, answer) == []
    assert session.bytes_to_send() == load("operation/verify_req")
    assert heard(session, verified) == [Ready(IDENTITY)]
    assert session.bytes_to_send() == b""


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        ("login_resp_refused", BusyError, Reason.TOO_MANY_CONNECTIONS),
        ("login_resp_rover_59", ProtocolError, Reason.UNSUPPORTED_CAMERA),
        ("login_resp_rover_62", ProtocolError, Reason.UNSUPPORTED_CAMERA),
        (LoginResponse(Result.NO_PRIVILEGE), RefusedError, Reason.REFUSED),
    ],
)
def test_login_denied(
    answer: str | OperationMessage, kind: type[CameraError], reason: Reason
) -> None:
    """Who is not let in shows no password, and hears no more."""
    session = OperationSession(LOGIN)
    session.bytes_to_send()
    error = error_of(heard(session, answer))
    assert (type(error), error.reason) == (kind, reason)
    assert session.bytes_to_send() == b""
    assert heard(session, "login_resp", "verify_resp", "alarm_motion") == []


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        ("verify_resp_wrong_user", AuthError, Reason.WRONG_USERNAME),
        ("verify_resp_wrong_password", AuthError, Reason.WRONG_PASSWORD),
        ("verify_resp_wrong_password_3", AuthError, Reason.WRONG_PASSWORD),
        ("verify_resp_no_privilege", AuthError, Reason.NO_PRIVILEGE),
        (VerifyResponse(Result.TOO_MANY), BusyError, Reason.TOO_MANY_CONNECTIONS),
        (VerifyResponse(Result.UNSUPPORTED), AuthError, Reason.WRONG_CREDENTIALS),
        (
            encode_frame(Channel.OPERATION, 3, b"\x63\x00"),
            AuthError,
            Reason.WRONG_CREDENTIALS,
        ),
    ],
)
def test_verify_denied(
    answer: str | bytes | OperationMessage, kind: type[CameraError], reason: Reason
) -> None:
    """Each refusal has its reason."""
    session = OperationSession(LOGIN)
    error = error_of(heard(session, "login_resp", answer))
    assert (type(error), error.reason) == (kind, reason)


def test_without_credentials() -> None:
    """The camera is known before it asks who we are."""
    session = OperationSession(None)
    error = error_of(heard(session, "login_resp"))
    assert (type(error), error.reason) == (AuthError, Reason.NO_CREDENTIALS)
    session = OperationSession(None)
    assert error_of(heard(session, "login_resp_rover_59")).reason is Reason.UNSUPPORTED_CAMERA


def test_impossible_password() -> None:
    """What no camera can have is not sent."""
    session = OperationSession(Credentials("admin", "a password that is too long"))
    session.bytes_to_send()
    assert error_of(heard(session, "login_resp")).reason is Reason.WRONG_PASSWORD
    assert session.bytes_to_send() == b""


def test_other_camera() -> None:
    """Another camera is not shown our password."""
    session = OperationSession(LOGIN, expected_id="a8:13:74:00:01:02")
    session.bytes_to_send()
    error = error_of(heard(session, "login_resp"))
    assert (type(error), error.reason) == (ConnectError, Reason.OTHER_CAMERA)
    assert session.bytes_to_send() == b""
    session = OperationSession(LOGIN, expected_id="a8:13:74:00:01:01")
    assert heard(session, "login_resp", "verify_resp") == [Ready(IDENTITY)]


@pytest.mark.parametrize(
    ("login", "identity"),
    [
        (
            LoginResponse(Result.OK, "ABC-7", (1, 2, 3, 4)),
            Identity(manufacturer="MO", model="MO camera", serial="ABC-7", firmware="1.2.3.4"),
        ),
        (
            LoginResponse(Result.OK, None, (0, 0, 0, 0)),
            Identity(manufacturer="MO", model="MO camera"),
        ),
        (
            LoginResponse(Result.OK, "000000000000"),
            Identity(manufacturer="MO", model="MO camera"),
        ),
    ],
)
def test_identity(login: LoginResponse, identity: Identity) -> None:
    """An id that is no MAC address is a serial number."""
    assert identity_of(login.camera_id, login.firmware) == identity


def test_nothing_before_the_login() -> None:
    """What comes out of turn means nothing."""
    session = OperationSession(LOGIN)
    out_of_turn = ("verify_resp", "alarm_motion", "video_start_resp", "unknown_0101", "keep_alive")
    assert heard(session, *out_of_turn) == []
    assert heard(session, "login_resp", "alarm_motion", "login_resp", "verify_resp") == [
        Ready(IDENTITY)
    ]
    assert heard(session, "login_resp_refused", "verify_resp_wrong_user") == []


def test_malformed_login() -> None:
    """A login that is none is nothing to go on with."""
    session = OperationSession(LOGIN)
    with pytest.raises(ProtocolError):
        heard(session, encode_frame(Channel.OPERATION, 1, b"\0"))


def test_starts() -> None:
    """Each answer tells its feature; an id of 0 is none."""
    tally = Tally()
    session = ready(tally)
    assert heard(
        session,
        *("video_start_resp", "video_start_resp_no_id", "video_start_resp_id_zero"),
        *("audio_start_resp", "talk_start_resp"),
    ) == [
        Granted(Feature.VIDEO, 0x60251B40),
        Granted(Feature.VIDEO, None),
        Granted(Feature.VIDEO, None),
        Granted(Feature.AUDIO, 0x58EA5800),
        Granted(Feature.TALK, 1),
    ]
    assert tally.results == dict.fromkeys(Feature, Result.OK)


@pytest.mark.parametrize(
    ("answer", "feature", "kind", "reason"),
    [
        ("video_start_resp_refused", Feature.VIDEO, BusyError, Reason.TOO_MANY_CONNECTIONS),
        ("audio_start_resp_refused", Feature.AUDIO, BusyError, Reason.TOO_MANY_CONNECTIONS),
        ("audio_start_resp_unsupported", Feature.AUDIO, RefusedError, Reason.UNSUPPORTED),
        ("talk_start_resp_refused", Feature.TALK, BusyError, Reason.SPEAKER_BUSY),
        ("talk_start_resp_unsupported", Feature.TALK, RefusedError, Reason.UNSUPPORTED),
        (VideoStartResponse(Result.NO_PRIVILEGE), Feature.VIDEO, RefusedError, Reason.NO_PRIVILEGE),
        (VideoStartResponse(Result.WRONG_USER), Feature.VIDEO, RefusedError, Reason.REFUSED),
    ],
)
def test_refused(
    answer: str | OperationMessage, feature: Feature, kind: type[CameraError], reason: Reason
) -> None:
    """Each refusal has its feature and its reason."""
    (event,) = heard(ready(), answer)
    assert isinstance(event, Refused)
    assert (event.feature, type(event.error), event.error.reason) == (feature, kind, reason)


def test_what_the_camera_says() -> None:
    """Alarms and parameters are told as they are."""
    said = ("alarm_motion", "alarm_external", "alarm_sound", "alarm_stop")
    kinds = (AlarmKind.MOTION, AlarmKind.EXTERNAL, AlarmKind.SOUND, AlarmKind.STOP)
    session = ready()
    assert heard(session, *said) == [AlarmNotify(kind) for kind in kinds]
    assert heard(session, "parameters_resp", "parameters_changed", "talk_end_resp") == [
        Parameters((32, 128, 4, 1, 0, 0, 0, 0)),
        ParameterChanged(1, 160),
        TalkEnded(),
    ]
    assert heard(session, "keep_alive", "talk_end", "login_req") == []


def test_unknown_and_malformed() -> None:
    """Both are counted, within bounds, and end nothing."""
    tally = Tally()
    session = ready(tally)
    assert heard(session, "unknown_0101", "unknown_0101", "parameters_zeros") == []
    assert heard(session, encode_frame(Channel.OPERATION, 17, b"abc")) == []
    assert heard(session, encode_frame(Channel.OPERATION, 25)) == []
    assert tally.unknown == {"operation 257": 2, "operation 28": 1}
    assert tally.malformed == 2
    for code in range(1000, 2000):
        heard(session, encode_frame(Channel.OPERATION, code))
    assert len(tally.unknown) == 32
    assert heard(session, "alarm_motion") == [AlarmNotify(AlarmKind.MOTION)]


def test_send() -> None:
    """Commands wait until they are fetched, in order."""
    session = ready()
    session.send(VideoEnd())
    session.send(VideoEnd())
    assert session.bytes_to_send() == load("operation/video_end") * 2


def test_glued_and_split() -> None:
    """The meaning does not depend on how the bytes come."""
    names = ("login_resp", "alarm_motion", "verify_resp", "alarm_motion", "alarm_stop")
    data = b"".join(load(f"operation/{name}") for name in names)
    wanted = [Ready(IDENTITY), AlarmNotify(AlarmKind.MOTION), AlarmNotify(AlarmKind.STOP)]
    for size in (1, 7, 22, 23, len(data)):
        session = OperationSession(LOGIN)
        cuts = [*range(0, len(data), size), len(data)]
        found = [event for a, b in pairwise(cuts) for event in heard(session, data[a:b])]
        assert found == wanted


def test_data_login() -> None:
    """The connection says which one it is; what we say follows."""
    session = DataSession(0x60251B40)
    assert session.bytes_to_send() == load("data/login_req")
    talk = TalkData(load("adpcm/tone_1"), 12345678, 0, 1262304000)
    session.send(talk)
    assert session.bytes_to_send() == load("data/talk_data") == encode_data(talk)


def test_pictures_and_sound() -> None:
    """Pictures are what was sent, sound is decoded, its state kept or brought."""
    session = DataSession(1)
    names = ("video_data", "audio_data", "keep_alive", "video_data_milliseconds", "login_req")
    for name in names:
        session.feed(load(f"data/{name}"))
    picture, sound, other = session.events()
    assert isinstance(picture, VideoFrame)
    assert bytes(picture.picture) == load("data/video_data")[36:]
    assert picture.picture.readonly
    assert picture.timestamp == 123456
    assert isinstance(sound, AudioPacket)
    assert (numbers(sound), sound.sequence) == (samples("adpcm/tone_1"), 0)
    assert isinstance(other, VideoFrame)
    for fresh in (session, DataSession(1)):
        fresh.feed(load("data/audio_data_with_state"))
        (sound,) = fresh.events()
        assert isinstance(sound, AudioPacket)
        assert (numbers(sound), sound.sequence) == (samples("adpcm/tone_2"), 5635087)
    session.restart_sound()
    session.feed(load("data/audio_data"))
    (sound,) = session.events()
    assert isinstance(sound, AudioPacket)
    assert numbers(sound) == samples("adpcm/tone_1")


def numbers(sound: AudioPacket) -> list[int]:
    """Return the samples of a packet."""
    pairs = [sound.samples[at : at + 2] for at in range(0, len(sound.samples), 2)]
    return [int.from_bytes(pair, "little", signed=True) for pair in pairs]


def test_bad_pictures() -> None:
    """What is no picture is counted and skipped, and so is other rubbish in good frames."""
    tally = Tally()
    session = DataSession(1, tally=tally)
    for name in ("video_data_empty", "video_data_mismatch", "video_data_milliseconds"):
        session.feed(load(f"data/{name}"))
    for code, text in ((1, b"short"), (2, b"short"), (3, b"short"), (7, b"what")):
        session.feed(encode_frame(Channel.DATA, code, text))
    assert len(list(session.events())) == 1
    assert (tally.dropped_pictures, tally.dropped_sounds, tally.malformed) == (3, 1, 1)
    assert tally.unknown == {"data 7": 1}
    session.feed(load("operation/keep_alive"))
    with pytest.raises(ProtocolError):
        list(session.events())


def test_discreet() -> None:
    """Nothing shows a password."""
    session = OperationSession(LOGIN)
    heard(session, "login_resp")
    session.bytes_to_send()
    assert "12345" not in repr(session) + repr(LOGIN) + str(vars(session))
