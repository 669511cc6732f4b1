"""The imaging service (7)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from ..quirks import Quirk
from ..service import (
    NAMESPACES,
    Service,
    SoapFault,
    child,
    element,
    escape,
    invalid,
    number,
    text,
)
from ..state_imaging import BY_PATH, SETTINGS, ImagingPreset
from ..state_media import VIDEO_SOURCE

if TYPE_CHECKING:
    from ..camera import Camera

type _Tree = dict[str, _Tree | str]
type _Operation = Callable[[Camera, Element], str]

_TT: Final = f"{{{NAMESPACES['tt']}}}"


def _put(tree: _Tree, path: str, leaf: str) -> None:
    """Hang `leaf` into nested mappings by its path."""
    *branches, last = path.split("/")
    for branch in branches:
        below = tree.setdefault(branch, {})
        assert isinstance(below, dict)
        tree = below
    tree[last] = leaf


def _write(tree: _Tree) -> str:
    return "".join(
        f"<tt:{name}>{_write(below)}</tt:{name}>" if isinstance(below, dict) else below
        for name, below in tree.items()
    )


def _settings(camera: Camera, _request: Element) -> str:
    tree: _Tree = {}
    for path, value in camera.imaging.values.items():
        _put(tree, path, element(f"tt:{path.rpartition('/')[2]}", value))
    return f"<timg:ImagingSettings>{_write(tree)}</timg:ImagingSettings>"


def _options(camera: Camera, _request: Element) -> str:
    if camera.has(Quirk.NO_OPTIONS):
        raise SoapFault("Receiver", ("ActionNotSupported",))
    tree: _Tree = {}
    for setting in SETTINGS:
        name = setting.options_path.rpartition("/")[2]
        if setting.choices:
            leaf = "".join(element(f"tt:{name}", choice) for choice in setting.choices)
        elif setting.limits is None or not setting.counted:
            leaf = element(f"tt:{name}", value=True)
        else:
            leaf = f"<tt:{name}>{_range(setting.limits)}</tt:{name}>"
        _put(tree, setting.options_path, leaf)
    return f"<timg:ImagingOptions>{_write(tree)}</timg:ImagingOptions>"


def _range(limits: tuple[float, float]) -> str:
    return element("tt:Min", f"{limits[0]:g}") + element("tt:Max", f"{limits[1]:g}")


def _leaves(branch: Element, above: str = "") -> dict[str, str]:
    """Give the texts below `branch` by path; things of other namespaces are passed over."""
    found: dict[str, str] = {}
    for below in branch:
        if not below.tag.startswith(_TT):
            continue
        path = above + below.tag.removeprefix(_TT)
        if path == "Exposure/Window":
            continue
        if len(below):
            found |= _leaves(below, f"{path}/")
        elif below.text and below.text.strip():
            found[path] = below.text.strip()
    return found


def _set_settings(camera: Camera, request: Element) -> str:
    wanted = child(request, "timg:ImagingSettings")
    if wanted is None:
        raise SoapFault("Sender", ("InvalidArgs",), "ImagingSettings is missing")
    values = _leaves(wanted)
    for path, value in values.items():
        if path not in BY_PATH or not BY_PATH[path].takes(value):
            raise invalid("SettingsInvalid")
    if not camera.has(Quirk.IMAGING_IGNORED):
        camera.imaging.set(values)
    return ""


def _move(camera: Camera, request: Element) -> str:
    imaging = camera.imaging
    focus = imaging.focus
    default = float(imaging.values["Focus/DefaultSpeed"])
    if child(request, "timg:Focus/tt:Absolute") is not None:
        place = number(request, "timg:Focus/tt:Absolute/tt:Position")
        speed = number(request, "timg:Focus/tt:Absolute/tt:Speed", default)
        if not (focus.low <= place <= focus.high and 0 < speed <= 1):
            raise invalid("SettingsInvalid")
        focus.go(place, speed)
    elif child(request, "timg:Focus/tt:Relative") is not None:
        way = number(request, "timg:Focus/tt:Relative/tt:Distance")
        speed = number(request, "timg:Focus/tt:Relative/tt:Speed", default)
        if not (-1 <= way <= 1 and 0 < speed <= 1):
            raise invalid("SettingsInvalid")
        focus.go(min(focus.high, max(focus.low, focus.place + way)), speed)
    elif child(request, "timg:Focus/tt:Continuous") is not None:
        speed = number(request, "timg:Focus/tt:Continuous/tt:Speed")
        if not -1 <= speed <= 1:
            raise invalid("SettingsInvalid")
        focus.drive(speed)
    else:
        raise invalid("SettingsInvalid")
    imaging.focus_by_hand()
    return ""


def _move_options(_camera: Camera, _request: Element) -> str:
    unit, signed = _range((0.0, 1.0)), _range((-1.0, 1.0))
    return (
        "<timg:MoveOptions>"
        f"<tt:Absolute><tt:Position>{unit}</tt:Position><tt:Speed>{unit}</tt:Speed></tt:Absolute>"
        f"<tt:Relative><tt:Distance>{signed}</tt:Distance><tt:Speed>{unit}</tt:Speed></tt:Relative>"
        f"<tt:Continuous><tt:Speed>{signed}</tt:Speed></tt:Continuous></timg:MoveOptions>"
    )


def _stop(camera: Camera, _request: Element) -> str:
    camera.imaging.focus.stop()
    return ""


def _status(camera: Camera, _request: Element) -> str:
    focus = camera.imaging.focus
    return (
        f"<timg:Status><tt:FocusStatus20>{element('tt:Position', f'{focus.place:.4f}')}"
        f"{element('tt:MoveStatus', 'MOVING' if focus.moving else 'IDLE')}"
        "</tt:FocusStatus20></timg:Status>"
    )


def _preset(preset: ImagingPreset) -> str:
    return (
        f'<timg:Preset token="{escape(preset.token)}" type="{escape(preset.kind)}">'
        f"{element('timg:Name', preset.name)}</timg:Preset>"
    )


def _presets(camera: Camera, _request: Element) -> str:
    return "".join(_preset(preset) for preset in camera.imaging.presets)


def _current_preset(camera: Camera, _request: Element) -> str:
    imaging = camera.imaging
    return "".join(_preset(preset) for preset in imaging.presets if preset.token == imaging.current)


def _set_current_preset(camera: Camera, request: Element) -> str:
    wanted = text(request, "timg:PresetToken")
    for preset in camera.imaging.presets:
        if preset.token == wanted:
            camera.imaging.apply(preset)
            return ""
    raise invalid("NoImagingPreset")


def _of_source(operation: _Operation) -> _Operation:
    """Refuse what is not about the one video source."""

    def handler(camera: Camera, request: Element) -> str:
        if camera.has(Quirk.IMAGING_REFUSED):
            raise SoapFault("Receiver", ("ActionNotSupported", "NoImagingForSource"))
        if text(request, "timg:VideoSourceToken") != VIDEO_SOURCE:
            raise invalid("NoSource")
        return operation(camera, request)

    return handler


def _capabilities(_camera: Camera) -> str:
    return '<timg:Capabilities ImageStabilization="true" Presets="true" AdaptablePreset="false"/>'


SERVICE: Final = Service(
    "imaging",
    NAMESPACES["timg"],
    "/onvif/imaging_service",
    {
        name: _of_source(operation)
        for name, operation in {
            "GetImagingSettings": _settings,
            "SetImagingSettings": _set_settings,
            "GetOptions": _options,
            "Move": _move,
            "GetMoveOptions": _move_options,
            "Stop": _stop,
            "GetStatus": _status,
            "GetPresets": _presets,
            "GetCurrentPreset": _current_preset,
            "SetCurrentPreset": _set_current_preset,
        }.items()
    },
    capabilities=_capabilities,
)
