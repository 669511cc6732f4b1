"""The PTZ service: nodes, configurations, moves and status (8.1 to 8.4, 8.6, 8.7)."""

from dataclasses import replace
import math
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from ..ptz_parts import CONFIGURATION
from ..ptz_xml import (
    ABSOLUTE,
    MAX_TIMEOUT,
    RELATIVE,
    VELOCITY,
    spaces,
    written_configuration,
    written_options,
    written_position,
)
from ..quirks import Quirk
from ..service import (
    NAMESPACES,
    Service,
    SoapFault,
    child,
    duration,
    element,
    flag,
    invalid,
    text,
)
from ..state_ptz import AUXILIARY, MAX_TOURS, NODE
from .ptz_presets import OPERATIONS as PRESETS
from .ptz_reading import need_profile, read_speed, read_turn, read_zoom, unsupported
from .ptz_tours import OPERATIONS as TOURS

if TYPE_CHECKING:
    from ..camera import Camera


def _moves(camera: Camera) -> dict[str, bool]:
    """Tell what kinds of move there are, for the spaces."""
    return {
        "absolute": not camera.has(Quirk.NO_ABSOLUTE_MOVE),
        "relative": not camera.has(Quirk.NO_RELATIVE_MOVE),
    }


def _node(camera: Camera) -> str:
    auxiliary = "".join(element("tt:AuxiliaryCommands", command) for command in AUXILIARY)
    operations = "".join(
        element("tt:PTZPresetTourOperation", name) for name in ("Start", "Stop", "Pause")
    )
    return (
        f'<tptz:PTZNode token="{NODE}" FixedHomePosition="false" GeoMove="true">'
        f"{element('tt:Name', 'Head')}"
        f"<tt:SupportedPTZSpaces>{spaces(**_moves(camera))}</tt:SupportedPTZSpaces>"
        f"{element('tt:MaximumNumberOfPresets', camera.ptz.max_presets)}"
        f"{element('tt:HomeSupported', not camera.has(Quirk.NO_HOME))}{auxiliary}"
        "<tt:Extension><tt:SupportedPresetTour>"
        f"{element('tt:MaximumNumberOfPresetTours', MAX_TOURS)}{operations}"
        "</tt:SupportedPresetTour></tt:Extension></tptz:PTZNode>"
    )


def configuration_xml(camera: Camera, name: str) -> str:
    """Write the one configuration as element `name`."""
    uses = sum(1 for _ in camera.media.tokens_with_ptz())
    return written_configuration(camera.ptz.configuration, name, NODE, uses, **_moves(camera))


def _get_nodes(camera: Camera, _request: Element) -> str:
    return _node(camera)


def _get_node(camera: Camera, request: Element) -> str:
    if text(request, "tptz:NodeToken") != NODE:
        raise invalid("NoEntity")
    return _node(camera)


def _get_configurations(camera: Camera, _request: Element) -> str:
    return configuration_xml(camera, "tptz:PTZConfiguration")


def _get_configuration(camera: Camera, request: Element) -> str:
    if text(request, "tptz:PTZConfigurationToken") != CONFIGURATION:
        raise invalid("NoConfig")
    return configuration_xml(camera, "tptz:PTZConfiguration")


def _get_compatible(camera: Camera, request: Element) -> str:
    camera.media.profile(text(request, "tptz:ProfileToken"))
    return configuration_xml(camera, "tptz:PTZConfiguration")


def _get_options(camera: Camera, request: Element) -> str:
    if camera.has(Quirk.NO_OPTIONS):
        raise unsupported()
    if text(request, "tptz:ConfigurationToken") != CONFIGURATION:
        raise invalid("NoConfig")
    inside = written_options(**_moves(camera))
    return f"<tptz:PTZConfigurationOptions>{inside}</tptz:PTZConfigurationOptions>"


def _set_configuration(camera: Camera, request: Element) -> str:
    wanted = child(request, "tptz:PTZConfiguration")
    if wanted is None or wanted.get("token") != CONFIGURATION:
        raise invalid("NoConfig")
    now = camera.ptz.configuration
    timeout = duration(text(wanted, "tt:DefaultPTZTimeout", f"PT{now.default_timeout:g}S"))
    if timeout is None or not 0.1 <= timeout <= MAX_TIMEOUT:
        raise invalid("ConfigModify")
    direction = "tt:Extension/tt:PTControlDirection"
    eflip = text(wanted, f"{direction}/tt:EFlip/tt:Mode", now.eflip)
    reverse = text(wanted, f"{direction}/tt:Reverse/tt:Mode", now.reverse)
    if eflip not in ("OFF", "ON") or reverse not in ("OFF", "ON", "AUTO"):
        raise invalid("ConfigModify")
    camera.ptz.configure(
        replace(
            now,
            name=text(wanted, "tt:Name", now.name),
            default_speed=read_speed(camera, wanted, "tt:DefaultPTZSpeed"),
            default_timeout=timeout,
            eflip=eflip,
            reverse=reverse,
        )
    )
    return ""


def _absolute(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    if camera.has(Quirk.NO_ABSOLUTE_MOVE):
        raise unsupported()
    turn = read_turn(request, "tptz:Position", ABSOLUTE[0], "InvalidPosition")
    zoom = read_zoom(request, "tptz:Position", ABSOLUTE[1], "InvalidPosition", low=0)
    camera.ptz.go(turn, zoom, read_speed(camera, request, "tptz:Speed"))
    return ""


def _relative(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    if camera.has(Quirk.NO_RELATIVE_MOVE):
        raise unsupported()
    turn = read_turn(request, "tptz:Translation", RELATIVE[0], "InvalidTranslation")
    zoom = read_zoom(request, "tptz:Translation", RELATIVE[1], "InvalidTranslation")
    place = camera.ptz.position
    if turn is not None:
        turn = (_within(place.pan + turn[0], -1), _within(place.tilt + turn[1], -1))
    if zoom is not None:
        zoom = _within(place.zoom + zoom, 0)
    camera.ptz.go(turn, zoom, read_speed(camera, request, "tptz:Speed"))
    return ""


def _within(place: float, low: float) -> float:
    return min(1.0, max(low, place))


def _continuous(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    turn = read_turn(request, "tptz:Velocity", VELOCITY[0], "InvalidVelocity")
    zoom = read_zoom(request, "tptz:Velocity", VELOCITY[1], "InvalidVelocity")
    seconds: float | None = camera.ptz.configuration.default_timeout
    if child(request, "tptz:Timeout") is not None:
        seconds = duration(text(request, "tptz:Timeout"))
        if seconds is None or not 0 < seconds <= MAX_TIMEOUT:
            raise invalid("TimeoutNotSupported")
    assert seconds is not None
    camera.ptz.drive(turn, zoom, math.inf if camera.has(Quirk.TIMEOUT_IGNORED) else seconds)
    return ""


def _geo(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    ptz = camera.ptz
    target = child(request, "tptz:Target")
    if ptz.geo is None:
        raise invalid("GeoLocationUnknown")
    try:
        found = {} if target is None else target.attrib
        latitude, longitude = float(found["lat"]), float(found["lon"])
        elevation = float(found.get("elevation", ptz.geo[2]))
        width = float(text(request, "tptz:AreaWidth", "0"))
    except KeyError, ValueError:
        raise SoapFault("Sender", ("InvalidArgs",), "Target needs lon and lat") from None
    turn = ptz.toward(latitude, longitude, elevation)
    if not all(-1 <= part <= 1 for part in turn):
        raise invalid("UnreachablePosition")
    zoom = ptz.zoom_for(latitude, longitude, width) if width else None
    ptz.go(turn, zoom, read_speed(camera, request, "tptz:Speed"))
    return ""


def _stop(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    turn = flag(request, "tptz:PanTilt", default=True)
    zoom = flag(request, "tptz:Zoom", default=True)
    if camera.has(Quirk.STOP_IGNORED):
        return ""
    if camera.has(Quirk.STOP_SEPARATELY) and turn and zoom:
        zoom = False
    camera.ptz.halt(turn=turn, zoom=zoom)
    return ""


def _status(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    if camera.has(Quirk.NO_PTZ_STATUS):
        raise SoapFault("Receiver", ("Action", "NoStatus"))
    ptz = camera.ptz
    states = ["MOVING" if moving else "IDLE" for moving in (ptz.turning, ptz.zoom.moving)]
    now = camera.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f"<tptz:PTZStatus><tt:Position>{written_position(ptz.position)}</tt:Position>"
        f"<tt:MoveStatus>{element('tt:PanTilt', states[0])}{element('tt:Zoom', states[1])}"
        f"</tt:MoveStatus>{element('tt:UtcTime', now)}</tptz:PTZStatus>"
    )


def _go_home(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    home = camera.ptz.home
    if camera.has(Quirk.NO_HOME) or home is None:
        raise invalid("NoHomePosition")
    speed = read_speed(camera, request, "tptz:Speed")
    camera.ptz.go((home.pan, home.tilt), home.zoom, speed)
    return ""


def _set_home(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    if camera.has(Quirk.NO_HOME):
        raise SoapFault("Receiver", ("Action", "CannotOverwriteHome"))
    camera.ptz.home = camera.ptz.position
    return ""


def _auxiliary(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    command = text(request, "tptz:AuxiliaryData")
    if command not in AUXILIARY:
        raise invalid("InvalidAuxiliaryData")
    camera.ptz.switches.send(command)
    return element("tptz:AuxiliaryResponse", command)


def _capabilities(_camera: Camera) -> str:
    return (
        '<tptz:Capabilities EFlip="true" Reverse="true" GetCompatibleConfigurations="true" '
        'MoveStatus="true" StatusPosition="true"/>'
    )


SERVICE: Final = Service(
    "ptz",
    NAMESPACES["tptz"],
    "/onvif/ptz_service",
    {
        "GetNodes": _get_nodes,
        "GetNode": _get_node,
        "GetConfigurations": _get_configurations,
        "GetConfiguration": _get_configuration,
        "GetCompatibleConfigurations": _get_compatible,
        "GetConfigurationOptions": _get_options,
        "SetConfiguration": _set_configuration,
        "AbsoluteMove": _absolute,
        "RelativeMove": _relative,
        "ContinuousMove": _continuous,
        "GeoMove": _geo,
        "Stop": _stop,
        "GetStatus": _status,
        "GotoHomePosition": _go_home,
        "SetHomePosition": _set_home,
        "SendAuxiliaryCommand": _auxiliary,
        **PRESETS,
        **TOURS,
    },
    capabilities=_capabilities,
)
