"""Presets of the PTZ service (8.5)."""

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from ..ptz_xml import written_preset
from ..service import Handler, SoapFault, child, element, invalid, text
from .ptz_reading import need_profile, read_speed

if TYPE_CHECKING:
    from ..camera import Camera
    from ..ptz_parts import Preset

_MAX_NAME: Final = 64


def _find(camera: Camera, request: Element) -> Preset:
    token = text(request, "tptz:PresetToken")
    if token not in camera.ptz.presets:
        raise invalid("NoToken")
    return camera.ptz.presets[token]


def _get(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    return "".join(written_preset(one, "tptz:Preset") for one in camera.ptz.presets.values())


def _set(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    ptz = camera.ptz
    token = text(request, "tptz:PresetToken", "") or None
    name = None if child(request, "tptz:PresetName") is None else text(request, "tptz:PresetName")
    if ptz.moving:
        raise SoapFault("Receiver", ("Action", "MovingPTZ"))
    if name is not None and len(name) > _MAX_NAME:
        raise invalid("InvalidPresetName")
    if token is not None:
        _find(camera, request)
    elif len(ptz.presets) >= ptz.max_presets:
        raise SoapFault("Receiver", ("Action", "TooManyPresets"))
    if name and any(one.name == name for key, one in ptz.presets.items() if key != token):
        raise invalid("PresetExist")
    return element("tptz:PresetToken", ptz.save(token, name))


def _goto(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    camera.ptz.go_to(_find(camera, request), read_speed(camera, request, "tptz:Speed"))
    return ""


def _remove(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    del camera.ptz.presets[_find(camera, request).token]
    return ""


OPERATIONS: Final[dict[str, Handler]] = {
    "GetPresets": _get,
    "SetPreset": _set,
    "GotoPreset": _goto,
    "RemovePreset": _remove,
}
