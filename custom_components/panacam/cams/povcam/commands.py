"""The requests panacam sends to Panasonic cameras, one row each."""

from types import MappingProxyType
from typing import Final

from .wire import Access, Command, OneOf, Parameter, Pattern, Span

_COUNTER: Final = Span(0, 2_147_483_647)
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
    parameters=_parameters(cmd=Pattern(r"#[A-Z0-9]{1,16}"), res=OneOf(("1",))),
)
INITIAL: Final = Command(
    path="/cgi-bin/initial",
    section="4.8",
    methods=("POST", "GET"),
    access=Access.ADMIN,
    parameters=_parameters(cmd=OneOf(("reset",)), Randomnum=Pattern(r"[0-9a-f]{16}")),
)
GET_BASIC: Final = Command(path="/cgi-bin/get_basic", section="5.2")
GET_VIDEO_OVER_IP: Final = Command(path="/cgi-bin/get_video_over_ip", section="5.5")
GET_NETWORK: Final = Command(path="/cgi-bin/get_network", section="5.8", access=Access.ADMIN)
GET_AUDIO: Final = Command(path="/cgi-bin/get_audio", section="5.6")
SETTINGS: Final = Command(path="/cgi-bin/setdata", section="6")
SDCTRL: Final = Command(
    path="/cgi-bin/sdctrl", section="8.7", parameters=_parameters(save=OneOf(("start", "end")))
)
GET_STATE: Final = Command(path="/cgi-bin/get_state", section="9.1")
