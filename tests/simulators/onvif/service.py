"""What a service of the simulated ONVIF camera is made of, and reading a request."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
import re
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape as _escape

from aiohttp import web

if TYPE_CHECKING:
    from .camera import Camera

NAMESPACES: Final = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "timg": "http://www.onvif.org/ver20/imaging/wsdl",
    "tmd": "http://www.onvif.org/ver10/deviceIO/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "tan": "http://www.onvif.org/ver20/analytics/wsdl",
    "axt": "http://www.onvif.org/ver20/analytics",
    "tt": "http://www.onvif.org/ver10/schema",
    "ter": "http://www.onvif.org/ver10/error",
    "tns1": "http://www.onvif.org/ver10/topics",
    "tnsx": "http://www.example.com/camera/topics",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wstop": "http://docs.oasis-open.org/wsn/t-1",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
"""Declared on every envelope of the camera."""
PREFIXES: Final = {uri: prefix for prefix, uri in NAMESPACES.items()}

_DURATION: Final = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_SECONDS: Final = (31_536_000, 2_592_000, 86_400, 3_600, 60, 1)

type Handler = Callable[["Camera", Element], str | Awaitable[str]]
"""Reads the request, acts, and gives the XML inside `<prefix:OperationResponse>`."""
type Page = Callable[["Camera", web.Request], Awaitable[web.StreamResponse]]
"""Answers a GET, and sees to its own login."""


@dataclass(frozen=True, slots=True)
class Service:
    """One ONVIF service: its operations under one path."""

    name: str
    namespace: str
    path: str
    """On the camera's port: `/onvif/device_service`."""
    operations: Mapping[str, Handler]
    capabilities: Callable[[Camera], str] | None = None
    """The `Capabilities` element, prefix and all; GetServiceCapabilities comes of it."""
    pages: Mapping[str, Page] = field(default_factory=dict)
    """What is fetched by GET: `/onvif/snapshot/{number}` -> page."""
    version: tuple[int, int] = (21, 6)

    @property
    def prefix(self) -> str:
        """The namespace's prefix on our envelopes."""
        return PREFIXES[self.namespace]


class SoapFault(Exception):  # noqa: N818 - SOAP's own word
    """A fault: `Sender` or `Receiver`, ONVIF subcodes without prefix, outermost first."""

    def __init__(
        self, code: str, subcodes: tuple[str, ...] = (), reason: str = "", detail: str = ""
    ) -> None:
        """Keep what the envelope is made of; `detail` is XML."""
        super().__init__(code, *subcodes)
        self.code: Final = code
        self.subcodes: Final = subcodes
        self.reason: Final = reason or (subcodes[-1] if subcodes else code)
        self.detail: Final = detail


def invalid(*subcodes: str) -> SoapFault:
    """Give the fault for an argument that will not do: `invalid("NoProfile")`."""
    return SoapFault("Sender", ("InvalidArgVal", *subcodes))


def name_of(name: str) -> str:
    """Turn `tt:Name` into ElementTree's `{namespace}Name`."""
    prefix, _, local = name.rpartition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if prefix else local


def _path(path: str) -> str:
    return "/".join(part if part in ("", ".", "*") else name_of(part) for part in path.split("/"))


def child(element: Element, path: str) -> Element | None:
    """Find the first element at `tptz:Velocity/tt:PanTilt`."""
    return element.find(_path(path))


def children(element: Element, path: str) -> list[Element]:
    """Find all elements at `path`."""
    return element.findall(_path(path))


def text(element: Element, path: str, default: str | None = None) -> str:
    """Read the text at `path`; without `default` a missing one is a fault."""
    found = child(element, path)
    if found is None:
        if default is None:
            raise SoapFault("Sender", ("InvalidArgs",), f"{path} is missing")
        return default
    return (found.text or "").strip()


def attribute(element: Element, name: str, path: str = ".") -> str | None:
    """Read an attribute of the element at `path`, if both are there."""
    found = element if path == "." else child(element, path)
    return None if found is None else found.get(name)


def number(element: Element, path: str, default: float | None = None) -> float:
    """Read a number; a fault for what is none."""
    try:
        return float(text(element, path, None if default is None else str(default)))
    except ValueError:
        raise SoapFault("Sender", ("InvalidArgs",), f"{path} is no number") from None


def flag(element: Element, path: str, *, default: bool | None = None) -> bool:
    """Read an xs:boolean."""
    value = text(element, path, None if default is None else boolean(default))
    if value not in ("true", "false", "1", "0"):
        raise SoapFault("Sender", ("InvalidArgs",), f"{path} is no boolean")
    return value in ("true", "1")


def boolean(value: object) -> str:
    """Write an xs:boolean."""
    return "true" if value else "false"


def duration(value: str) -> float | None:
    """Seconds of an xs:duration, years of 365 and months of 30 days; None for what is none."""
    match = _DURATION.fullmatch(value.strip())
    if match is None or value.strip() in ("P", "PT") or not any(match.groups()):
        return None
    return sum(float(part or 0) * size for part, size in zip(match.groups(), _SECONDS, strict=True))


def escape(value: object) -> str:
    """Write text that may stand in an element or in a quoted attribute."""
    return _escape(str(value), {'"': "&quot;"})


def element(name: str, value: object) -> str:
    """Write `<name>value</name>`, with booleans as XML has them; nothing for None."""
    if value is None:
        return ""
    written = boolean(value) if isinstance(value, bool) else escape(value)
    return f"<{name}>{written}</{name}>"
