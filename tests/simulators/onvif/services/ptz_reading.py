"""Reading what requests to the PTZ service have in common."""

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from ..media_parts import Kind
from ..ptz_xml import SPEED
from ..quirks import Quirk
from ..service import SoapFault, child, invalid, text

if TYPE_CHECKING:
    from ..camera import Camera


def unsupported() -> SoapFault:
    """Give the fault for an operation the device does not have."""
    return SoapFault("Receiver", ("ActionNotSupported", "OptionalActionNotSupported"))


def need_profile(camera: Camera, request: Element) -> str:
    """Give the token of the request's profile, which has to have a PTZ configuration."""
    profile = camera.media.profile(text(request, "tptz:ProfileToken"))
    if Kind.PTZ not in profile.parts:
        raise invalid("NoPTZProfile")
    return profile.token


def read_turn(
    request: Element, path: str, space: str, subcode: str, *, low: float = -1
) -> tuple[float, float] | None:
    """Read PanTilt at `path`; a fault with `subcode` out of LOW..1, None where it is left out."""
    found = child(request, f"{path}/tt:PanTilt")
    if found is None:
        return None
    _check_space(found, space)
    return _number(found, "x", low, subcode), _number(found, "y", low, subcode)


def read_zoom(
    request: Element, path: str, space: str, subcode: str, *, low: float = -1
) -> float | None:
    """Read Zoom at `path`; a fault with `subcode` out of LOW..1, None where it is left out."""
    found = child(request, f"{path}/tt:Zoom")
    if found is None:
        return None
    _check_space(found, space)
    return _number(found, "x", low, subcode)


def read_speed(camera: Camera, request: Element, path: str) -> tuple[float, float, float]:
    """Read a Speed; what is left out has its default."""
    pan, tilt, zoom = camera.ptz.configuration.default_speed
    if child(request, path) is None:
        return pan, tilt, zoom
    turn = read_turn(request, path, SPEED[0], "InvalidSpeed", low=0)
    near = read_zoom(request, path, SPEED[1], "InvalidSpeed", low=0)
    if camera.has(Quirk.PARTIAL_SPEED_REFUSED) and (turn is None or near is None):
        raise invalid("InvalidSpeed")
    if turn is not None:
        pan, tilt = turn
    return pan, tilt, zoom if near is None else near


def _check_space(vector: Element, space: str) -> None:
    if vector.get("space", space) not in (space, ""):
        raise invalid("SpaceNotSupported")


def _number(vector: Element, name: str, low: float, subcode: str) -> float:
    try:
        value = float(vector.get(name, ""))
    except ValueError:
        raise SoapFault("Sender", ("InvalidArgs",), f"{name} is no number") from None
    if not low <= value <= 1:
        raise invalid(subcode)
    return value
