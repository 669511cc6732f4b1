"""The services' schemas: loaded once for all cameras, when the first one needs them.

The documents of onvif-zeep-async and our own (for what it has not) go into one schema, so that the
types that they share are there once: measured a third of the time and memory of one client a
service. Loading takes tenths of a second and reads files: never in the event loop.
"""

from collections.abc import Mapping
from functools import cache
import gc
import importlib.util
from io import BytesIO
import logging
from pathlib import Path
from threading import Lock
from typing import Any, Final

from ..errors import ProtocolError, Reason

SERVICES: Final = {
    "device": "http://www.onvif.org/ver10/device/wsdl",
    "media": "http://www.onvif.org/ver10/media/wsdl",
    "media2": "http://www.onvif.org/ver20/media/wsdl",
    "imaging": "http://www.onvif.org/ver20/imaging/wsdl",
    "ptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "deviceio": "http://www.onvif.org/ver10/deviceIO/wsdl",
    "events": "http://www.onvif.org/ver10/events/wsdl",
    "analytics": "http://www.onvif.org/ver20/analytics/wsdl",
    "notification": "http://docs.oasis-open.org/wsn/b-2",
}
"""Namespace of each service; `notification` is what events borrow from WS-BaseNotification."""

_BUNDLED: Final = ("devicemgmt", "media", "imaging", "ptz", "deviceio", "events", "analytics")
_OWN: Final = Path(__file__).parent / "definitions"
_WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
_XSD: Final = "http://www.w3.org/2001/XMLSchema"
_LOADING: Final = Lock()


def definitions() -> Definitions:
    """Return the schemas, loading them the first time. Not in the event loop."""
    with _LOADING:
        return _load()


class Definitions:
    """All elements that requests are made of."""

    def __init__(self, schema: Any) -> None:
        """Look elements up in zeep's `schema`."""
        self._schema = schema

    def request(self, service: str, operation: str) -> Any:
        """Return zeep's element of a request. KeyError when there is none."""
        from zeep.exceptions import LookupError as Missing  # noqa: PLC0415 - as in `_load`

        try:
            return self._schema.get_element(f"{{{SERVICES[service]}}}{operation}")
        except Missing as err:
            raise KeyError(operation) from err


@cache
def _load() -> Definitions:
    # A collection stops all threads for as long as it takes to walk through everything, which in
    # Home Assistant is tenths of a second, and so many new objects would bring one about. None
    # while they are made; then they go among the old ones unseen, where what stays belongs.
    collecting = gc.isenabled()
    gc.disable()
    try:
        schema = _read_all()
        gc.freeze()
        gc.unfreeze()
    finally:
        if collecting:
            gc.enable()
    return Definitions(schema)


def _read_all() -> Any:
    # Imported here: half a second and twenty megabytes that only owners of such cameras need.
    from zeep.settings import Settings  # noqa: PLC0415
    from zeep.wsdl import Document  # noqa: PLC0415

    # It logs what cameras send.
    logging.getLogger("zeep").setLevel(logging.CRITICAL)
    root = BytesIO(_root(_bundled()))
    return Document(root, _Files(), base=str(_OWN / "root.wsdl"), settings=Settings()).types


class _Files:
    """What zeep loads by: files and nothing else, since no definition is worth the internet."""

    def load(self, url: str) -> bytes:
        """Return a file's content."""
        if "://" in url:
            raise ProtocolError(Reason.UNSUPPORTED, "definitions")
        return Path(url).read_bytes()


def _bundled() -> Path:
    """Return the folder of the definitions that onvif-zeep-async brings, without importing it."""
    spec = importlib.util.find_spec("onvif")
    if spec is None or not spec.submodule_search_locations:
        raise ProtocolError(Reason.UNSUPPORTED, "onvif-zeep-async")
    return Path(spec.submodule_search_locations[0]) / "wsdl"


def _root(bundled: Path) -> bytes:
    """Return a WSDL that consists of all the others."""
    own = "".join(
        f'<import namespace="{namespace}" schemaLocation="{_OWN / name}"/>'
        for name, namespace in own_schemas().items()
    )
    imports = "".join(
        f'<import namespace="urn:panacam:{name}" location="{bundled / name}.wsdl"/>'
        for name in _BUNDLED
    )
    return (
        f'<definitions xmlns="{_WSDL}" targetNamespace="urn:panacam:root">{imports}'
        f'<types><schema xmlns="{_XSD}" targetNamespace="urn:panacam:types">{own}</schema></types>'
        "</definitions>"
    ).encode()


def own_schemas() -> Mapping[str, str]:
    """Return the files of our own definitions with their namespaces."""
    return {
        "media2.xsd": SERVICES["media2"],
        "imaging.xsd": SERVICES["imaging"],
        "ptz.xsd": SERVICES["ptz"],
        "deviceio.xsd": SERVICES["deviceio"],
        "analytics.xsd": SERVICES["analytics"],
    }
