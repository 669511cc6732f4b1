"""What each recorded reply means, by tables written from the bytes."""

from datetime import timedelta

import pytest

from custom_components.panacam.cams.device import Activity, Identity, Slot, State
from custom_components.panacam.cams.errors import ProtocolError, Reason
from custom_components.panacam.cams.povcam.replies import (
    has_direct_control,
    read_identity,
    read_mac,
    read_moves,
    read_state,
    read_transmitting,
)
from custom_components.panacam.cams.povcam.wire import Capability, parse_capability, parse_reply
from custom_components.panacam.cams.roles import Move
from custom_components.panacam.cams.text import plain
from tests.cams.support import vector

ALL = frozenset({"recording", "pre_recording", "recording_time"})
NO_PRE_REC = ALL - {"pre_recording"}
IDLE = {
    Activity.FTP_SENDING: False,
    Activity.DOWNLOADING: False,
    Activity.DELETING: False,
    Activity.FORMATTING: False,
}


def slot(remaining: float | None, capacity: float | None, **flags: bool) -> Slot:
    """Return an inserted, healthy card, but for `flags`."""
    return Slot(
        remaining=remaining,
        capacity=capacity,
        **({"inserted": True, "error": False, "repairing": False} | flags),
    )


EMPTY = slot(None, None, inserted=False)

STATES = {
    "umr20_idle": State(
        recording=False,
        pre_recording=False,
        recording_time=timedelta(),
        slots={"sd1": slot(27.4, 29.8), "sd2": slot(59.5, 59.6)},
        activities=IDLE,
        reported=ALL,
    ),
    "umr20_recording": State(
        recording=True,
        pre_recording=True,
        recording_time=timedelta(hours=1, minutes=2, seconds=3),
        slots={"sd1": slot(4.1, 29.8), "sd2": EMPTY},
        activities=IDLE,
        reported=ALL,
    ),
    "umr20_formatting": State(
        recording=False,
        pre_recording=False,
        recording_time=timedelta(minutes=12, seconds=41),
        slots={"sd1": slot(0, 30, repairing=True), "sd2": slot(59, 60, error=True)},
        activities=dict.fromkeys(IDLE, True),
        reported=ALL,
    ),
    "umr20_blanks": State(
        recording=True,
        pre_recording=False,
        recording_time=timedelta(seconds=59),
        slots={"sd1": slot(27, 30), "sd2": EMPTY},
        activities=IDLE,
        reported=ALL,
    ),
    "aw_he40": State(
        recording=False,
        recording_time=timedelta(),
        slots={"sd1": EMPTY},
        activities=IDLE,
        reported=NO_PRE_REC,
    ),
    "html_bom": State(
        recording=True,
        recording_time=timedelta(seconds=7),
        slots={"sd1": slot(14.2, 14.8)},
        activities=IDLE,
        reported=NO_PRE_REC,
    ),
    "upper_case": State(
        recording=True,
        pre_recording=False,
        recording_time=timedelta(seconds=12),
        slots={"sd1": slot(27.4, 29.8), "sd2": EMPTY},
        activities=IDLE,
        reported=ALL,
    ),
    "empty_values": State(
        slots={"sd1": Slot(inserted=True, capacity=29.8)},
        activities={Activity.FTP_SENDING: False},
        reported=ALL,
    ),
    "lf_only": State(
        recording=True,
        recording_time=timedelta(seconds=1),
        slots={"sd1": Slot(inserted=True, remaining=1.0, capacity=29.8)},
        reported=NO_PRE_REC,
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_read_state(name: str) -> None:
    """Every field that is there is read, every other one is None and not reported."""
    assert read_state(parse_reply(vector(f"get_state_{name}.txt"))) == STATES[name]


OTHER_REPLIES = [
    "rubbish.bin",
    "login_page.html",
    "getuid_h264.txt",
    "getuid_jpeg.txt",
    "getinfo_umr20.txt",
    "get_audio.txt",
    "get_network.txt",
    "get_priority_mode_ip.txt",
    "get_priority_mode_rec_pb_4k.txt",
    "get_progress_format.txt",
    "get_progress_send_ftp.txt",
    "getdata_rtspport.txt",
    "sdcard_busy.txt",
]


@pytest.mark.parametrize("name", OTHER_REPLIES)
def test_no_state(name: str) -> None:
    """An answer without one known field is no state."""
    with pytest.raises(ProtocolError) as caught:
        read_state(parse_reply(vector(name)))
    assert caught.value.reason is Reason.UNEXPECTED_REPLY


IDENTITIES = {
    "umr20": ("AG-UMR20", "SIM7HA0012", "a8:13:74:01:02:03", "1.10"),
    "uck20_as_printed": ("AG-UCK20", "SIM7UC0034", "8c:c1:21:0a:0b:0c", "1.02"),
    "aw_he40": ("AW-HE40", None, "04:20:9a:11:22:33", "02.14"),
    "wv_sc385": ("WV-SC385", "SIM0000385", "00:80:f0:44:55:66", "1.66"),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_read_identity(name: str) -> None:
    """Identity comes from getinfo; the MAC address is the unique id."""
    model, serial, mac, firmware = IDENTITIES[name]
    identity = read_identity(parse_reply(vector(f"getinfo_{name}.txt")))
    assert identity == Identity(
        manufacturer="Panasonic", model=model, serial=serial, mac=mac, firmware=firmware
    )
    assert identity.unique_id == mac


@pytest.mark.parametrize(
    ("name", "title"),
    [("", "Stage left = 2"), ("_latin1", "Küche Süd"), ("_shift_jis", "玄関カメラ")],
)
def test_title(name: str, title: str) -> None:
    """The owner's title may hold an equals sign and come in other encodings."""
    assert plain(parse_reply(vector(f"get_basic{name}.txt")).text("cam_title")) == title


@pytest.mark.parametrize(
    ("body", "unique_id"),
    [
        (b"MAC=00-00-00-00-00-00\nSERIAL=S1", "S1"),
        (b"MAC=ff:ff:ff:ff:ff:ff\nSERIAL=S1", "S1"),
        (b"MAC=-----\nSERIAL=S1", "S1"),
        (b"SERIAL=S1", "S1"),
        (b"MAC=A81374010203", "a8:13:74:01:02:03"),
    ],
)
def test_unique_id(body: bytes, unique_id: str) -> None:
    """Without a usable MAC address the serial number identifies."""
    assert read_identity(parse_reply(body)).unique_id == unique_id


@pytest.mark.parametrize(
    "body",
    [b"", b"NAME=AG-UMR20\r\nVERSION=1.0", *map(vector, ("login_page.html", "rubbish.bin"))],
)
def test_not_a_camera(body: bytes) -> None:
    """An answer that identifies nothing comes from no camera."""
    with pytest.raises(ProtocolError) as caught:
        read_identity(parse_reply(body))
    assert caught.value.reason is Reason.NOT_A_CAMERA


@pytest.mark.parametrize("text", ["", "A8-13-74-01-02", "A8-13-74-01-02-0G", "A8 13 74 01 02 03"])
def test_no_mac(text: str) -> None:
    """What is no MAC address is none."""
    assert read_mac(text) is None


@pytest.mark.parametrize(
    ("name", "transmitting"),
    [
        ("get_video_over_ip.txt", {"h264_1": True, "h264_2": True, "jpeg": True}),
        ("get_video_over_ip_rec_pb.txt", {"h264_1": False, "jpeg": False}),
        ("get_audio.txt", {"h264_1": None, "jpeg": None}),
        ("rubbish.bin", {"h264_1": None, "jpeg": None}),
    ],
)
def test_transmitting(name: str, transmitting: dict[str, bool | None]) -> None:
    """A channel that is not named is not there; the first always is."""
    assert read_transmitting(parse_reply(vector(name))) == transmitting


def test_transmitting_unknown() -> None:
    """An invalid value means that it cannot (5.5), a missing answer the first stream."""
    assert read_transmitting(parse_reply(b"h264_transmit_ch2=-")) == {
        "h264_2": False,
        "jpeg": None,
    }
    assert read_transmitting(None) == {"h264_1": None, "jpeg": None}


ZOOM = {Move.ZOOM_IN, Move.ZOOM_OUT, Move.ZOOM_RESET}
FOCUS = {Move.FOCUS_NEAR, Move.FOCUS_FAR}
BRIGHTNESS = {Move.BRIGHTNESS_UP, Move.BRIGHTNESS_DOWN, Move.BRIGHTNESS_RESET}
IRIS = {Move.IRIS_UP, Move.IRIS_DOWN, Move.IRIS_RESET}
CONTROL = "video_server.cam_ctrl"


@pytest.mark.parametrize("grouping", ["brackets", "dotted", "headers", "blank_separated"])
def test_moves_of_the_vectors(grouping: str) -> None:
    """The recorded capabilities have zoom by both commands and nothing else."""
    capability = parse_capability(vector(f"get_capability_{grouping}.txt"))
    assert read_moves(capability, "WV-SC385") == ZOOM
    assert has_direct_control(capability)


@pytest.mark.parametrize(
    ("lines", "moves"),
    [
        ("ptz.supported=yes", set()),
        ("ptz.supported=no\nptz.command=camctrl", set()),
        ("ptz.supported=yes\nptz.command=direct_16", set()),
        ("focus.supported=yes\nauto_focus.supported=no", FOCUS),
        ("auto_focus.supported=yes", {Move.FOCUS_AUTO}),
        ("brightness.supported=yes", BRIGHTNESS),
        ("brightness.supported=yes\nbrightness.command=camctrl_bright camctrl_IRIS", BRIGHTNESS),
        ("brightness.supported=yes\nbrightness.command=camctrl_IRIS", IRIS),
    ],
)
def test_moves(lines: str, moves: set[Move]) -> None:
    """Each group of 2.3 stands for its own moves."""
    body = "\n".join(f"{CONTROL}.{line}" for line in lines.splitlines())
    assert read_moves(parse_capability(body.encode()), "WV-SC385") == moves


@pytest.mark.parametrize(
    ("lines", "missing"),
    [
        ("ptz.supported=yes", set()),
        ("ptz.supported=no", ZOOM),
        ("ptz.supported=yes\nptz.command=direct_16", ZOOM),
        ("focus.supported=no\nabf.supported=no", FOCUS),
        ("auto_focus.supported=no", {Move.FOCUS_AUTO}),
        ("brightness.supported=no", BRIGHTNESS),
    ],
)
def test_moves_of_documented_models(lines: str, missing: set[Move]) -> None:
    """What a documented model does not deny, it has: its answer may be half understood."""
    body = "\n".join(f"{CONTROL}.{line}" for line in lines.splitlines())
    everything = ZOOM | FOCUS | BRIGHTNESS | {Move.FOCUS_AUTO}
    assert read_moves(parse_capability(body.encode()), "AG-UCK20") == everything - missing


@pytest.mark.parametrize("capability", [None, Capability()])
def test_moves_by_model(capability: Capability | None) -> None:
    """Without an answer the documented models have all of 3.1, sisters nothing."""
    everything = ZOOM | FOCUS | BRIGHTNESS | {Move.FOCUS_AUTO}
    for model in ("AG-UCK20", "AG-UMR20", "AG-MDC20", "AG-MDR25GJ"):
        assert read_moves(capability, model) == everything
    for sister in (None, "AW-HE40", "WV-SC385"):
        assert read_moves(capability, sister) == set()
    assert not has_direct_control(capability)
