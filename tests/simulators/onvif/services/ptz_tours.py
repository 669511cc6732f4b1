"""Preset tours of the PTZ service (8.9)."""

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from ..ptz_parts import Position, Spot, Tour
from ..ptz_xml import ABSOLUTE, SPEED, written_range, written_tour
from ..service import (
    Handler,
    SoapFault,
    child,
    children,
    duration,
    element,
    flag,
    invalid,
    number,
    text,
)
from ..state_ptz import MAX_SPOTS, MAX_TOURS
from .ptz_reading import need_profile, read_turn, read_zoom

if TYPE_CHECKING:
    from ..camera import Camera

_MAX_ROUNDS: Final = 1000
_MAX_STAY: Final = 3600.0


def _find(camera: Camera, token: str) -> Tour:
    if token not in camera.ptz.tours.all:
        raise invalid("NoToken")
    return camera.ptz.tours.all[token]


def _get_all(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    return "".join(written_tour(tour, "tptz:PresetTour") for tour in camera.ptz.tours.all.values())


def _get(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    return written_tour(_find(camera, text(request, "tptz:PresetTourToken")), "tptz:PresetTour")


def _options(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    if child(request, "tptz:PresetTourToken") is not None:
        _find(camera, text(request, "tptz:PresetTourToken"))
    presets = "".join(element("tt:PresetToken", token) for token in camera.ptz.presets)
    directions = element("tt:Direction", "Forward") + element("tt:Direction", "Backward")
    pan = (
        f"<tt:PanTiltPositionSpace>{element('tt:URI', ABSOLUTE[0])}"
        f"{written_range('XRange', (-1, 1))}{written_range('YRange', (-1, 1))}"
        "</tt:PanTiltPositionSpace>"
    )
    zoom = (
        f"<tt:ZoomPositionSpace>{element('tt:URI', ABSOLUTE[1])}"
        f"{written_range('XRange', (0, 1))}</tt:ZoomPositionSpace>"
    )
    return (
        f"<tptz:Options>{element('tt:AutoStart', value=True)}<tt:StartingCondition>"
        f"<tt:RecurringTime>{element('tt:Min', 0)}{element('tt:Max', _MAX_ROUNDS)}"
        f"</tt:RecurringTime><tt:RecurringDuration>{element('tt:Min', 'PT1S')}"
        f"{element('tt:Max', 'PT24H')}</tt:RecurringDuration>{directions}</tt:StartingCondition>"
        f"<tt:TourSpot><tt:PresetDetail>{presets}{element('tt:Home', value=True)}{pan}{zoom}"
        f"</tt:PresetDetail><tt:StayTime>{element('tt:Min', 'PT0S')}"
        f"{element('tt:Max', 'PT1H')}</tt:StayTime></tt:TourSpot></tptz:Options>"
    )


def _create(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    if len(camera.ptz.tours.all) >= MAX_TOURS:
        raise invalid("TooManyPresetTours")
    return element("tptz:PresetTourToken", camera.ptz.tours.create())


def _modify(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    wanted = child(request, "tptz:PresetTour")
    if wanted is None:
        raise invalid("InvalidPresetTour")
    old = _find(camera, wanted.get("token", ""))
    spots = children(wanted, "tt:TourSpot")
    if len(spots) > MAX_SPOTS:
        raise invalid("TooManyPresets")
    condition = child(wanted, "tt:StartingCondition")
    if condition is None:
        raise invalid("InvalidPresetTour")
    rounds = None
    if child(condition, "tt:RecurringTime") is not None:
        rounds = int(number(condition, "tt:RecurringTime"))
        if not 0 <= rounds <= _MAX_ROUNDS:
            raise invalid("InvalidPresetTour")
    direction = text(condition, "tt:Direction", "Forward")
    if direction not in ("Forward", "Backward"):
        raise invalid("InvalidPresetTour")
    camera.ptz.tours.modify(
        Tour(
            token=old.token,
            name=text(wanted, "tt:Name", ""),
            auto_start=flag(wanted, "tt:AutoStart"),
            rounds=rounds or None,
            seconds=_seconds(condition, "tt:RecurringDuration"),
            backward=direction == "Backward",
            random=condition.get("RandomPresetOrder") in ("true", "1"),
            spots=tuple(_read_spot(camera, spot) for spot in spots),
        )
    )
    return ""


def _seconds(above: Element, path: str) -> float | None:
    if child(above, path) is None:
        return None
    seconds = duration(text(above, path))
    if seconds is None:
        raise invalid("InvalidPresetTour")
    return seconds


def _read_spot(camera: Camera, spot: Element) -> Spot:
    detail = child(spot, "tt:PresetDetail")
    if detail is None or len(detail) != 1:
        raise invalid("InvalidPresetTour")
    preset = text(detail, "tt:PresetToken", "") or None
    home = flag(detail, "tt:Home", default=False)
    turn = read_turn(detail, "tt:PTZPosition", ABSOLUTE[0], "InvalidPresetTour")
    zoom = read_zoom(detail, "tt:PTZPosition", ABSOLUTE[1], "InvalidPresetTour", low=0)
    place = None
    if preset is not None:
        if preset not in camera.ptz.presets:
            raise invalid("InvalidPresetTour")
    elif not home:
        if turn is None or zoom is None:
            raise invalid("InvalidPresetTour")
        place = Position(*turn, zoom)
    speed = read_turn(spot, "tt:Speed", SPEED[0], "InvalidPresetTour", low=0)
    stay = _seconds(spot, "tt:StayTime")
    if stay is not None and stay > _MAX_STAY:
        raise invalid("InvalidPresetTour")
    return Spot(
        preset=preset,
        home=home,
        position=place,
        speed=None if speed is None else max(speed),
        stay=0.0 if stay is None else stay,
    )


def _operate(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    tours = camera.ptz.tours
    token = _find(camera, text(request, "tptz:PresetTourToken")).token
    match text(request, "tptz:Operation"):
        case "Start":
            done = tours.start(token)
        case "Pause":
            done = tours.pause(token)
        case "Stop":
            tours.stop(token)
            done = True
        case _:
            raise invalid("InvalidPresetTour")
    if not done:
        raise SoapFault("Receiver", ("InvalidArgVal", "ActivationFailed"))
    return ""


def _remove(camera: Camera, request: Element) -> str:
    need_profile(camera, request)
    camera.ptz.tours.remove(_find(camera, text(request, "tptz:PresetTourToken")).token)
    return ""


OPERATIONS: Final[dict[str, Handler]] = {
    "GetPresetTours": _get_all,
    "GetPresetTour": _get,
    "GetPresetTourOptions": _options,
    "CreatePresetTour": _create,
    "ModifyPresetTour": _modify,
    "OperatePresetTour": _operate,
    "RemovePresetTour": _remove,
}
