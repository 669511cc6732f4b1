"""On-screen displays, the same in both media services (6.10)."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from ..media_parts import (
    DATE_FORMATS,
    FONT_SIZES,
    MAX_OSDS,
    MAX_TEXT,
    OSD_IMAGES,
    OSD_POSITIONS,
    OSD_TEXTS,
    TIME_FORMATS,
    YCBCR,
    Kind,
    Osd,
)
from ..service import Handler, SoapFault, child, element, escape, invalid, number, text
from .media_common import need_options

if TYPE_CHECKING:
    from ..camera import Camera

_COLORS: Final = ((255.0, 128.0, 128.0), (0.0, 128.0, 128.0), (76.0, 85.0, 255.0))


def color_xml(name: str, color: tuple[float, float, float]) -> str:
    """Write a Color."""
    x, y, z = color
    return f'<{name} X="{x:g}" Y="{y:g}" Z="{z:g}" Colorspace="{YCBCR}"/>'


def read_color(found: Element | None) -> tuple[float, float, float] | None:
    """Read a Color."""
    if found is None:
        return None
    try:
        return float(found.get("X", "")), float(found.get("Y", "")), float(found.get("Z", ""))
    except ValueError:
        raise invalid("ConfigModify") from None


def _osd_xml(name: str, osd: Osd) -> str:
    place = ""
    if osd.place is not None:
        place = f'<tt:Pos x="{osd.place[0]:g}" y="{osd.place[1]:g}"/>'
    inside = ""
    if osd.kind == "Text":
        color = ""
        if osd.font_color is not None:
            color = f"<tt:FontColor>{color_xml('tt:Color', osd.font_color)}</tt:FontColor>"
        inside = (
            f"<tt:TextString>{element('tt:Type', osd.text_kind)}"
            f"{element('tt:DateFormat', osd.date_format)}"
            f"{element('tt:TimeFormat', osd.time_format)}"
            f"{element('tt:FontSize', osd.font_size)}{color}"
            f"{element('tt:PlainText', osd.text)}</tt:TextString>"
        )
    elif osd.image is not None:
        inside = f"<tt:Image>{element('tt:ImgPath', osd.image)}</tt:Image>"
    return (
        f'<{name} token="{escape(osd.token)}">'
        f"{element('tt:VideoSourceConfigurationToken', osd.source)}{element('tt:Type', osd.kind)}"
        f"<tt:Position>{element('tt:Type', osd.position)}{place}</tt:Position>{inside}</{name}>"
    )


def _read(camera: Camera, wanted: Element | None, token: str) -> Osd:
    if wanted is None:
        raise SoapFault("Sender", ("InvalidArgs",), "OSD is missing")
    source = text(wanted, "tt:VideoSourceConfigurationToken")
    camera.media.configuration(Kind.VIDEO_SOURCE, source)
    osd = Osd(
        token=token,
        source=source,
        kind=text(wanted, "tt:Type"),
        position=text(wanted, "tt:Position/tt:Type"),
    )
    _require(osd.kind in ("Text", "Image") and osd.position in OSD_POSITIONS)
    if osd.position == "Custom":
        place = child(wanted, "tt:Position/tt:Pos")
        _require(place is not None)
        assert place is not None
        try:
            x, y = float(place.get("x", "")), float(place.get("y", ""))
        except ValueError:
            raise invalid("ConfigModify") from None
        _require(-1 <= x <= 1 and -1 <= y <= 1)
        osd = replace(osd, place=(x, y))
    if osd.kind == "Image":
        image = text(wanted, "tt:Image/tt:ImgPath")
        _require(image in OSD_IMAGES)
        return replace(osd, image=image)
    found = child(wanted, "tt:TextString")
    _require(found is not None)
    assert found is not None
    return _read_text(osd, found)


def _read_text(osd: Osd, found: Element) -> Osd:
    kind = text(found, "tt:Type")
    plain = None if kind != "Plain" else text(found, "tt:PlainText", "")
    dates = text(found, "tt:DateFormat", DATE_FORMATS[0])
    times = text(found, "tt:TimeFormat", TIME_FORMATS[0])
    size = None
    if child(found, "tt:FontSize") is not None:
        size = int(number(found, "tt:FontSize"))
        _require(FONT_SIZES[0] <= size <= FONT_SIZES[1])
    _require(kind in OSD_TEXTS and dates in DATE_FORMATS and times in TIME_FORMATS)
    _require(plain is None or len(plain) <= MAX_TEXT)
    return replace(
        osd,
        text_kind=kind,
        text=plain,
        date_format=dates if "Date" in kind else None,
        time_format=times if "Time" in kind else None,
        font_size=size,
        font_color=read_color(child(found, "tt:FontColor/tt:Color")),
    )


def _require(fine: bool) -> None:
    if not fine:
        raise SoapFault("Receiver", ("InvalidArgVal", "ConfigModify"))


def _find(camera: Camera, token: str) -> Osd:
    if token not in camera.media.osds:
        raise invalid("NoConfig")
    return camera.media.osds[token]


def _options_xml(name: str) -> str:
    colors = "".join(color_xml("tt:ColorList", color) for color in _COLORS)
    low, high = FONT_SIZES
    inside = f'<tt:MaximumNumberOfOSDs Total="{MAX_OSDS}" Image="1" PlainText="{MAX_OSDS}"/>'
    inside += element("tt:Type", "Text") + element("tt:Type", "Image")
    inside += "".join(element("tt:PositionOption", one) for one in OSD_POSITIONS)
    texts = "".join(element("tt:Type", one) for one in OSD_TEXTS)
    texts += f"<tt:FontSizeRange>{element('tt:Min', low)}{element('tt:Max', high)}"
    texts += "</tt:FontSizeRange>"
    texts += "".join(element("tt:DateFormat", one) for one in DATE_FORMATS)
    texts += "".join(element("tt:TimeFormat", one) for one in TIME_FORMATS)
    texts += f"<tt:FontColor><tt:Color>{colors}</tt:Color></tt:FontColor>"
    images = "".join(element("tt:ImagePath", one) for one in OSD_IMAGES)
    inside += f"<tt:TextOption>{texts}</tt:TextOption><tt:ImageOption>{images}</tt:ImageOption>"
    return f"<{name}>{inside}</{name}>"


def operations(prefix: str) -> dict[str, Handler]:
    """Give the OSD operations in the words of one media service."""

    def get_all(camera: Camera, request: Element) -> str:
        token = text(request, f"{prefix}:OSDToken", "")
        source = text(request, f"{prefix}:ConfigurationToken", "")
        if source:
            camera.media.configuration(Kind.VIDEO_SOURCE, source)
        found = [_find(camera, token)] if token else list(camera.media.osds.values())
        return "".join(
            _osd_xml(f"{prefix}:OSDs", osd) for osd in found if not source or osd.source == source
        )

    def get(camera: Camera, request: Element) -> str:
        return _osd_xml(f"{prefix}:OSD", _find(camera, text(request, f"{prefix}:OSDToken")))

    def options(camera: Camera, request: Element) -> str:
        need_options(camera)
        source = text(request, f"{prefix}:ConfigurationToken")
        camera.media.configuration(Kind.VIDEO_SOURCE, source)
        return _options_xml(f"{prefix}:OSDOptions")

    def set_one(camera: Camera, request: Element) -> str:
        wanted = child(request, f"{prefix}:OSD")
        old = _find(camera, "" if wanted is None else wanted.get("token", ""))
        camera.media.osds[old.token] = _read(camera, wanted, old.token)
        return ""

    def create(camera: Camera, request: Element) -> str:
        osds = camera.media.osds
        if len(osds) >= MAX_OSDS:
            raise SoapFault("Receiver", ("Action", "MaxOSDs"))
        token = next(f"osd_{at}" for at in range(1, 1000) if f"osd_{at}" not in osds)
        osds[token] = _read(camera, child(request, f"{prefix}:OSD"), token)
        return element(f"{prefix}:OSDToken", token)

    def delete(camera: Camera, request: Element) -> str:
        del camera.media.osds[_find(camera, text(request, f"{prefix}:OSDToken")).token]
        return ""

    found: dict[str, Handler] = {
        "GetOSDs": get_all,
        "GetOSDOptions": options,
        "SetOSD": set_one,
        "CreateOSD": create,
        "DeleteOSD": delete,
    }
    return found | ({"GetOSD": get} if prefix == "trt" else {})
