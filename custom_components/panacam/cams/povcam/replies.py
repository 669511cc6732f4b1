"""What the cameras' replies mean: identity, cards, streams, abilities (no I/O)."""

from collections.abc import Mapping
import re
from typing import Final

from ..device import Activity, Identity, Slot, State, read_mac
from ..errors import ProtocolError, Reason
from ..roles import Move
from ..text import plain
from .wire import Capability, Reply

MANUFACTURER: Final = "Panasonic"
STREAM_CHANNELS: Final = {"h264_1": "ch1", "h264_2": "ch2"}
"""Stream key -> suffix of its fields in get_video_over_ip (5.5)."""

_SLOT_PREFIXES: Final = {"sd1": "sd", "sd2": "sd2"}
_ACTIVITIES: Final = {
    Activity.FTP_SENDING: "ftp_send",
    Activity.DOWNLOADING: "download",
    Activity.DELETING: "del_file",
    Activity.FORMATTING: "sd_format",
}
_ZOOM: Final = frozenset({Move.ZOOM_IN, Move.ZOOM_OUT, Move.ZOOM_RESET})
_FOCUS: Final = frozenset({Move.FOCUS_NEAR, Move.FOCUS_FAR})
_BRIGHTNESS: Final = frozenset({Move.BRIGHTNESS_UP, Move.BRIGHTNESS_DOWN, Move.BRIGHTNESS_RESET})
_IRIS: Final = frozenset({Move.IRIS_UP, Move.IRIS_DOWN, Move.IRIS_RESET})
_DOCUMENTED: Final = re.compile(r"AG-(UCK20|UMR20|MDC20|MDR25)", re.IGNORECASE)


def read_identity(info: Reply) -> Identity:
    """Return who the camera is from getinfo (2.2).

    Raises ProtocolError(NOT_A_CAMERA) for an answer that no camera gives.
    """
    identity = Identity(
        manufacturer=MANUFACTURER,
        model=plain(info.text("NAME")),
        serial=plain(info.text("SERIAL")),
        mac=read_mac(info.get("MAC", "")),
        firmware=plain(info.text("VERSION")),
    )
    if identity.unique_id is None:
        raise ProtocolError(Reason.NOT_A_CAMERA)
    return identity


def read_state(reply: Reply) -> State:
    """Return the state of cards and recorder from get_state (9.1).

    Sister models name fewer fields (facts); those stay None and out of `reported`. Raises
    ProtocolError(UNEXPECTED_REPLY) for an answer without a single known field.
    """
    slots = {
        slot: Slot(
            inserted=reply.flag(f"{prefix}_insert"),
            error=reply.flag(f"{prefix}_error"),
            repairing=reply.flag(f"{prefix}_repair"),
            remaining=reply.number(f"{prefix}_rem"),
            capacity=reply.number(f"{prefix}_org"),
        )
        for slot, prefix in _SLOT_PREFIXES.items()
        if f"{prefix}_insert" in reply or f"{prefix}_rem" in reply
    }
    activities = {
        activity: reply.flag(key) for activity, key in _ACTIVITIES.items() if key in reply
    }
    names = {"rec": "recording", "pre_rec": "pre_recording", "rec_counter": "recording_time"}
    reported = frozenset(name for key, name in names.items() if key in reply)
    if not (slots or activities or reported):
        raise ProtocolError(Reason.UNEXPECTED_REPLY, "get_state")
    return State(
        recording=reply.flag("rec"),
        pre_recording=reply.flag("pre_rec"),
        recording_time=reply.duration("rec_counter"),
        slots=slots,
        activities=activities,
        reported=reported,
    )


def read_transmitting(video: Reply | None) -> Mapping[str, bool | None]:
    """Return which streams exist and whether they are on, from get_video_over_ip (5.5).

    A stream that the camera does not name does not exist now, one with an invalid value is off.
    Where no stream is named at all, the first one exists. JPEG is always there, black when off.
    """
    found = {
        key: video.flag(f"h264_transmit_{channel}") is True
        for key, channel in STREAM_CHANNELS.items()
        if video is not None and f"h264_transmit_{channel}" in video
    }
    jpeg = None if video is None else video.flag("jpeg_transmit1")
    return {**(found or {"h264_1": None}), "jpeg": jpeg}


def read_moves(capability: Capability | None, model: str | None) -> frozenset[Move]:
    """Return what camctrl (3.1) can do here, from get_capability (2.3).

    The models that the specification names have all of it unless they say no; others have what they
    say. No public sample shows how the answer is grouped, so that silence means little.
    """
    documented = model is not None and _DOCUMENTED.match(model) is not None
    told = capability or Capability()

    def has(group: str) -> bool:
        said = told.supports(f"video_server.cam_ctrl.{group}")
        return documented if said is None else said

    def words(group: str) -> frozenset[str]:
        return told.words(f"video_server.cam_ctrl.{group}", "command")

    moves: set[Move] = set()
    if has("ptz") and ("camctrl" in words("ptz") or (documented and not words("ptz"))):
        moves |= _ZOOM
    if has("focus"):
        moves |= _FOCUS
    if has("auto_focus"):
        moves.add(Move.FOCUS_AUTO)
    if has("brightness"):
        # The two do the same; a camera that knows both gets one set of buttons.
        only_iris = "camctrl_iris" in words("brightness") and (
            "camctrl_bright" not in words("brightness")
        )
        moves |= _IRIS if only_iris else _BRIGHTNESS
    return frozenset(moves)


def has_direct_control(capability: Capability | None) -> bool:
    """Return whether directctrl (3.1) is offered, in any of its forms (2.3)."""
    if capability is None:
        return False
    words = capability.words("video_server.cam_ctrl.ptz", "command")
    return any(word.startswith("direct") for word in words)
