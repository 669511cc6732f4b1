"""Announcements on the network -> candidates, by pure functions that look nothing up."""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .device import read_mac
from .text import plain

PANASONIC_SERVICE: Final = "urn:panasonic-com:service:p01NetCamService:1"

_MAKERS: Final = re.compile(r"\b(panasonic|i-pro)\b", re.IGNORECASE)
_CAMERA_MODEL: Final = re.compile(
    r"\b(AG-(UCK|UMR|MDC|MDR)|AW-(HE|HN|HR|UE|UN)|WV-|BB-)", re.IGNORECASE
)
_WEB: Final = {"http": 80, "https": 443}
_NOT_CAMERAS: Final = re.compile(r"Media(Server|Renderer)|:dial:|dial-multiscreen", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something that announced itself like a camera; nothing of it is proven."""

    host: str
    port: int | None = None
    """Of its web server; None: it does not say."""
    tls: bool = False
    udn: str | None = None
    """What it calls itself, the same at each announcement."""
    mac: str | None = None
    model: str | None = None
    name: str | None = None


def panasonic_candidate(description: Mapping[str, object], location: str) -> Candidate | None:
    """Return a candidate for a UPnP description of a Panasonic camera, else None.

    Panasonic televisions and photo cameras announce the same maker, so a camera's service,
    description or model number is wanted as well (facts).
    """
    text = {key: value for key, value in description.items() if isinstance(value, str)}
    if not _MAKERS.search(text.get("manufacturer", "")) or _NOT_CAMERAS.search(
        text.get("deviceType", "")
    ):
        return None
    models = [text.get("modelNumber", ""), text.get("modelName", "")]
    if not (
        PANASONIC_SERVICE in repr(description.get("serviceList"))
        or "network camera" in text.get("modelDescription", "").casefold()
        or any(_CAMERA_MODEL.search(model) for model in models)
    ):
        return None
    if (place := _split(location)) is None or not place.hostname:
        return None
    # The description's own location may be a port of UPnP alone; the pages' address is better, but
    # only on the host that the announcement came from.
    pages = _split(text.get("presentationURL", ""))
    web = None
    if pages is not None and pages.scheme in _WEB and pages.hostname == place.hostname:
        web = pages
    return Candidate(
        host=place.hostname,
        port=None if web is None else web.port or _WEB[web.scheme],
        tls=web is not None and web.scheme == "https",
        udn=plain(text.get("UDN")),
        mac=read_mac(text.get("UDN", "").strip()[-12:]),
        model=next((model for model in models if _CAMERA_MODEL.search(model)), None),
        name=plain(text.get("friendlyName")),
    )


def _split(url: str) -> SplitResult | None:
    """Return a URL's parts, or None when it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
