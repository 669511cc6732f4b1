"""The requests panacam sends to Panasonic cameras, one row each."""

from types import MappingProxyType
from typing import Final

from .wire import Access, Command, OneOf, Parameter, Pattern, Span

_COUNTER: Final = Span(0, 2_147_483_647)
_PORT: Final = Span(1, 65535)
_RESOLUTION: Final = OneOf(("640",))


def _parameters(**parameters: Parameter) -> MappingProxyType[str, Parameter]:
    return MappingProxyType(parameters)


GETUID: Final = Command(
    path="/cgi-bin/getuid",
    section="2.1",
    parameters=_parameters(
        FILE=OneOf(("2",)),
        vcodec=OneOf(("jpeg", "h264", "h264_2")),
        reply=OneOf(("browser", "info")),
    ),
)
GETINFO: Final = Command(
    path="/cgi-bin/getinfo", section="2.2", parameters=_parameters(FILE=OneOf(("1",)))
)
GET_CAPABILITY: Final = Command(
    path="/cgi-bin/get_capability", section="2.3", methods=("GET", "POST")
)
MJPEG: Final = Command(
    path="/cgi-bin/mjpeg",
    section="2.4",
    parameters=_parameters(
        resolution=_RESOLUTION,
        framerate=OneOf(("1", "5", "12.5", "15", "25", "30")),
        action=OneOf(("snapshot", "start", "stop")),
    ),
)
VIEW: Final = Command(
    path="/cgi-bin/view.cgi",
    section="2.4",
    parameters=_parameters(action=OneOf(("start", "snapshot", "stop")), n=_COUNTER),
)
CAMERA: Final = Command(
    path="/cgi-bin/camera",
    section="2.4",
    parameters=_parameters(resolution=_RESOLUTION, page=_COUNTER),
)
JPEG: Final = Command(
    path="/cgi-bin/jpeg",
    section="2.4",
    parameters=_parameters(
        connect=OneOf(("start", "stop")),
        framerate=OneOf(("1", "5", "12.5", "15", "25", "30")),
        resolution=_RESOLUTION,
        UID=_COUNTER,
    ),
)
H264: Final = Command(
    path="/cgi-bin/h264",
    section="2.7",
    parameters=_parameters(
        my_port=_PORT,
        connect=OneOf(("start", "stop")),
        protocol=OneOf(("rtp",)),
        UID=_COUNTER,
        stream=OneOf(("1", "2")),
    ),
)
AUDIO: Final = Command(
    path="/cgi-bin/audio",
    section="2.7",
    parameters=_parameters(
        connect=OneOf(("start", "stop")),
        protocol=OneOf(("rtp", "http")),
        my_port=_PORT,
        UID=_COUNTER,
        mode=OneOf(("in",)),
    ),
)
KEEP_ALIVE: Final = Command(
    path="/cgi-bin/keep_alive",
    section="2.7",
    parameters=_parameters(
        mode=OneOf(("h.264", "h.264_2", "jpeg", "audio")),
        protocol=OneOf(("rtp", "http")),
        UID=_COUNTER,
        stream=OneOf(("1", "2")),
    ),
)
CAMCTRL: Final = Command(
    path="/cgi-bin/camctrl",
    section="3.1",
    parameters=_parameters(
        times=OneOf(("1", "up", "down", "0")),
        zoom=OneOf(("1", "up", "down", "0")),
        bright=OneOf(("1", "up", "down", "-2", "0", "2")),
        iris=OneOf(("1", "up", "down", "-2", "0", "2")),
        focus=OneOf(("-3", "3", "on")),
        af=OneOf(("-3", "3", "on")),
    ),
)
DIRECTCTRL: Final = Command(
    path="/cgi-bin/directctrl",
    # The row of `zoom` is lost in the document; its neighbour's range is what clients use.
    section="3.1",
    parameters=_parameters(zoom=Span(-4, 4), focus=Span(-4, 4)),
)
AW_PTZ: Final = Command(
    path="/cgi-bin/aw_ptz",
    # Named by 3.1 as the richer control, described in no chapter.
    section="3.1, facts",
    parameters=_parameters(cmd=Pattern(r"#[A-Z0-9]{1,16}", "`#` and a command"), res=OneOf(("1",))),
)
INITIAL: Final = Command(
    path="/cgi-bin/initial",
    section="4.8",
    methods=("POST", "GET"),
    access=Access.ADMIN,
    parameters=_parameters(
        cmd=OneOf(("reset",)), Randomnum=Pattern(r"[0-9a-f]{16}", "16 hexadecimal digits")
    ),
)
GET_BASIC: Final = Command(path="/cgi-bin/get_basic", section="5.2")
GET_VIDEO_OVER_IP: Final = Command(path="/cgi-bin/get_video_over_ip", section="5.5")
GET_NETWORK: Final = Command(path="/cgi-bin/get_network", section="5.8", access=Access.ADMIN)
GET_AUDIO: Final = Command(path="/cgi-bin/get_audio", section="5.6")
# Two names have a letter or a dot too many in the print: both spellings are here.
GETDATA: Final = Command(
    path="/cgi-bin/getdata",
    section="5.12",
    access=Access.ADMIN,
    parameters=_parameters(
        req=OneOf(
            (
                *("img_mode", "imgratio", "img_fps"),
                *("livestream", "liveint", "livequalbase", "livesize", "livequal", "nrlivequal"),
                *("liveframerate", "rtspport", "audio_level", "audio_sens"),
                *("plugin_half_tone_jpeg", "plugin_half_tone_h264"),
                *(
                    f"{name}{stream}"
                    for stream in ("", "_2")
                    for name in (
                        *("h264", "h264rtspmode", "h264bwc", "nrh264bwc", "h264bwcmin"),
                        *("h264size", "nrh264size", "h264qual", "nrh264qual", "h264rint"),
                        *("h264mtd", "h264mladd1", "h264mladd2", "h264mladd3", "h264mladd4"),
                        *("h264mlport", "h264mlttl", "h264uniport", "h264uniport2"),
                        *("h264profile", "h264codind", "h264mlauto", "h264fpriority"),
                        "h264nrframerate",
                    )
                ),
                *("h264bwcmmin_2", "h.264uniport_2"),
            )
        )
    ),
)
SETTINGS: Final = Command(path="/cgi-bin/setdata", section="6")
SDCTRL: Final = Command(
    path="/cgi-bin/sdctrl", section="8.7", parameters=_parameters(save=OneOf(("start", "end")))
)
GET_STATE: Final = Command(path="/cgi-bin/get_state", section="9.1")
