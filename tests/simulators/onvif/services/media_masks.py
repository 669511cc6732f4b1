"""Privacy masks of Media2 (6.11)."""

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from ..media_parts import MASK_KINDS, MAX_MASKS, MAX_POINTS, YCBCR, Kind, Mask
from ..quirks import Quirk
from ..service import (
    Handler,
    SoapFault,
    child,
    children,
    element,
    escape,
    flag,
    invalid,
    text,
)
from .media_common import need_options
from .media_osd import color_xml, read_color

if TYPE_CHECKING:
    from ..camera import Camera

_LEAST_POINTS: Final = 3


def _check(camera: Camera) -> None:
    if camera.has(Quirk.MASKS_REFUSED):
        raise SoapFault("Receiver", ("ActionNotSupported",))


def _mask_xml(mask: Mask) -> str:
    points = "".join(f'<tt:Point x="{x:g}" y="{y:g}"/>' for x, y in mask.points)
    color = "" if mask.color is None else color_xml("tr2:Color", mask.color)
    return (
        f'<tr2:Masks token="{escape(mask.token)}">{element("tr2:ConfigurationToken", mask.source)}'
        f"<tr2:Polygon>{points}</tr2:Polygon>{element('tr2:Type', mask.kind)}{color}"
        f"{element('tr2:Enabled', mask.enabled)}</tr2:Masks>"
    )


def _read(camera: Camera, wanted: Element | None, token: str) -> Mask:
    if wanted is None:
        raise SoapFault("Sender", ("InvalidArgs",), "Mask is missing")
    source = text(wanted, "tr2:ConfigurationToken")
    camera.media.configuration(Kind.VIDEO_SOURCE, source)
    try:
        points = tuple(
            (float(point.get("x", "")), float(point.get("y", "")))
            for point in children(wanted, "tr2:Polygon/tt:Point")
        )
    except ValueError:
        points = ()
    inside = all(-1 <= x <= 1 and -1 <= y <= 1 for x, y in points)
    if not _LEAST_POINTS <= len(points) <= MAX_POINTS or not inside:
        raise SoapFault("Receiver", ("InvalidArgVal", "InvalidPolygon"))
    kind = text(wanted, "tr2:Type")
    if kind not in MASK_KINDS:
        raise SoapFault("Receiver", ("InvalidArgVal", "ConfigModify"))
    return Mask(
        token=token,
        source=source,
        points=points,
        kind=kind,
        color=read_color(child(wanted, "tr2:Color")),
        enabled=flag(wanted, "tr2:Enabled"),
    )


def _find(camera: Camera, token: str) -> Mask:
    if token not in camera.media.masks:
        raise invalid("NoConfig")
    return camera.media.masks[token]


def _get(camera: Camera, request: Element) -> str:
    _check(camera)
    token = text(request, "tr2:Token", "")
    source = text(request, "tr2:ConfigurationToken", "")
    if source:
        camera.media.configuration(Kind.VIDEO_SOURCE, source)
    found = [_find(camera, token)] if token else list(camera.media.masks.values())
    return "".join(_mask_xml(mask) for mask in found if not source or mask.source == source)


def _options(camera: Camera, request: Element) -> str:
    _check(camera)
    need_options(camera)
    source = text(request, "tr2:ConfigurationToken")
    camera.media.configuration(Kind.VIDEO_SOURCE, source)
    kinds = "".join(element("tr2:Types", kind) for kind in MASK_KINDS)
    ranges = "".join(
        f"<tt:{axis}>{element('tt:Min', 0)}{element('tt:Max', 255)}</tt:{axis}>" for axis in "XYZ"
    )
    return (
        f'<tr2:Options RectangleOnly="false" SingleColorOnly="false">'
        f"{element('tr2:MaxMasks', MAX_MASKS)}{element('tr2:MaxPoints', MAX_POINTS)}{kinds}"
        f"<tr2:Color><tt:ColorspaceRange>{ranges}{element('tt:Colorspace', YCBCR)}"
        "</tt:ColorspaceRange></tr2:Color></tr2:Options>"
    )


def _create(camera: Camera, request: Element) -> str:
    _check(camera)
    masks = camera.media.masks
    if len(masks) >= MAX_MASKS:
        raise SoapFault("Receiver", ("Action", "MaxMasks"))
    token = next(f"mask_{at}" for at in range(1, 1000) if f"mask_{at}" not in masks)
    masks[token] = _read(camera, child(request, "tr2:Mask"), token)
    return element("tr2:Token", token)


def _set(camera: Camera, request: Element) -> str:
    _check(camera)
    wanted = child(request, "tr2:Mask")
    old = _find(camera, "" if wanted is None else wanted.get("token", ""))
    camera.media.masks[old.token] = _read(camera, wanted, old.token)
    return ""


def _delete(camera: Camera, request: Element) -> str:
    _check(camera)
    del camera.media.masks[_find(camera, text(request, "tr2:Token")).token]
    return ""


OPERATIONS: Final[dict[str, Handler]] = {
    "GetMasks": _get,
    "GetMaskOptions": _options,
    "CreateMask": _create,
    "SetMask": _set,
    "DeleteMask": _delete,
}
