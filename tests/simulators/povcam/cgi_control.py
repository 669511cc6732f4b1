"""CGIs that make the camera do something (3.1, 4.8, 8.7, 9.2, 9.3)."""

from collections.abc import Callable
from typing import Final

from .camera import Camera, Move
from .cgi import (
    DONE,
    Access,
    Cgi,
    Method,
    MissingError,
    Params,
    RefusedError,
    Reply,
    needed,
    needed_choice,
    number,
    text_reply,
)
from .head import LENS_FAR, LENS_NEAR

# The optical zoom is 20 times (2.3), a step of camctrl one of them.
_ZOOM_STEP: Final = (LENS_FAR - LENS_NEAR) / 19
_FOCUS_STEP: Final = (LENS_FAR - LENS_NEAR) / 64
_DIRECT_LIMIT: Final = 4


def _zoom(camera: Camera, value: str) -> None:
    axis = camera.head.zoom
    match value:
        case "up":
            axis.position += _ZOOM_STEP
        case "down":
            axis.position -= _ZOOM_STEP
        case "0" | "1":
            axis.position = LENS_NEAR
        case _:
            raise RefusedError(value)


def _steps(present: int, value: str) -> int:
    match value:
        case "up":
            return present + 1
        case "down":
            return present - 1
        case "-2" | "2":
            return present + int(value)
        case "0" | "1":
            return 0
    raise RefusedError(value)


def _bright(camera: Camera, value: str) -> None:
    camera.brightness = _steps(camera.brightness, value)


def _iris(camera: Camera, value: str) -> None:
    camera.iris = _steps(camera.iris, value)


def _focus(camera: Camera, value: str) -> None:
    if value == "on":
        camera.head.auto_focus = True
        return
    if value not in ("-3", "3"):
        raise RefusedError(value)
    camera.head.auto_focus = False
    camera.head.focus.position += int(value) * _FOCUS_STEP


_CAMCTRL: Final[dict[str, Callable[[Camera, str], None]]] = {
    "times": _zoom,
    "zoom": _zoom,
    "bright": _bright,
    "iris": _iris,
    "focus": _focus,
    "af": _focus,
}


def camctrl(camera: Camera, params: Params) -> Reply:
    """Step the lens or the brightness (3.1)."""
    asked = [(name, params[name]) for name in _CAMCTRL if name in params]
    if not asked:
        raise MissingError
    if camera.standby:
        raise RefusedError
    for name, value in asked:
        _CAMCTRL[name](camera, value)
        camera.moves.append(Move("camctrl", name, value))
    return DONE


def directctrl(camera: Camera, params: Params) -> Reply:
    """Move zoom or focus by -4 to 4; the zoom row is cut off in the print (3.1)."""
    asked = [name for name in ("zoom", "focus") if name in params]
    if not asked:
        raise MissingError
    if camera.standby:
        raise RefusedError
    for name in asked:
        amount = number(params, name, 0, -_DIRECT_LIMIT, _DIRECT_LIMIT)
        axis, step = (
            (camera.head.zoom, _ZOOM_STEP) if name == "zoom" else (camera.head.focus, _FOCUS_STEP)
        )
        axis.position += amount * step
        camera.moves.append(Move("directctrl", name, str(amount)))
    return DONE


def sdctrl(camera: Camera, params: Params) -> Reply:
    """Start or end the recording (8.7)."""
    save = needed_choice(params, "save", "start", "end")
    if camera.standby or camera.playback or not camera.recorder.command(start=save == "start"):
        raise RefusedError(save)
    camera.moves.append(Move("sdctrl", "save", save))
    return DONE


def sdcard(camera: Camera, params: Params) -> Reply:
    """Format a card; ErrorNo=3 while it is in use (9.2)."""
    command = needed_choice(params, "cmd", "format", "format2")
    slot = "sd1" if command == "format" else "sd2"
    if slot not in camera.slots or not camera.slots[slot].inserted:
        raise RefusedError(slot)
    if camera.card_used or not camera.recorder.start_format(slot):
        return text_reply(camera, [("ErrorNo", 3)])
    camera.moves.append(Move("sdcard", "cmd", command))
    return text_reply(camera, [("ErrorNo", 0)])


def get_progress(camera: Camera, params: Params) -> Reply:
    """Progress of a card format or of an FTP transfer (9.3, 11.5)."""
    if needed_choice(params, "type", "format", "send_ftp") == "format":
        return text_reply(camera, [("progress", camera.recorder.format_progress)])
    sender = camera.ftp
    return text_reply(camera, [("progress", sender.progress), ("rate", sender.rate)])


def keep_alive(_camera: Camera, params: Params) -> Reply:
    """Keep a transmission going (2.7)."""
    needed_choice(params, "mode", "h.264", "h.264_2", "jpeg", "audio")
    needed(params, "UID")
    return DONE


CONTROL_CGIS: Final = (
    Cgi("keep_alive", "2.7", Method.GET, Access.LIVE, keep_alive),
    Cgi("camctrl", "3.1", Method.GET, Access.LIVE, camctrl),
    Cgi("directctrl", "3.1", Method.GET, Access.LIVE, directctrl),
    Cgi("sdctrl", "8.7", Method.GET, Access.LIVE, sdctrl),
    Cgi("sdcard", "9.2", Method.POST, Access.ADMIN, sdcard),
    Cgi("get_progress", "9.3", Method.GET, Access.ADMIN, get_progress),
)
