"""The second media service, ver20 (6, annex F.4)."""

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from .. import ptz_parts
from ..media_parts import Kind
from ..service import (
    NAMESPACES,
    Handler,
    Service,
    child,
    children,
    element,
    invalid,
    text,
)
from ..state_media import MAX_PROFILES
from .media_common import (
    SNAPSHOT_PATH,
    common,
    need_options,
    requested,
    snapshot,
    snapshot_address,
    stream_address,
)
from .media_masks import OPERATIONS as MASKS
from .media_options import options_xml
from .media_osd import operations as osd_operations
from .media_reading import set_configuration
from .media_xml import configuration_xml, new_profile_xml

if TYPE_CHECKING:
    from ..camera import Camera

_PROTOCOLS: Final = ("RtspUnicast", "RtspMulticast", "RTSP", "RtspOverHttp")
_ENCODINGS: Final = ("H264", "H265", "JPEG")
_SETTABLE: Final = tuple(kind for kind in Kind if kind not in (Kind.ANALYTICS, Kind.PTZ))


def _references(camera: Camera, request: Element) -> dict[Kind, str]:
    """Read the Configuration elements: kind -> token, the first of the kind where there is none."""
    found: dict[Kind, str] = {}
    for reference in children(request, "tr2:Configuration"):
        name, token = text(reference, "tr2:Type"), text(reference, "tr2:Token", "")
        if name not in tuple(Kind):
            raise invalid("NoConfig")
        kind = Kind(name)
        if not token and kind is Kind.PTZ:
            token = ptz_parts.CONFIGURATION
        elif not token:
            token = next(iter(camera.media.configurations[kind]), "")
        camera.media.check_part(kind, token)
        found[kind] = token
    return found


def _create_profile(camera: Camera, request: Element) -> str:
    parts = _references(camera, request)
    profile = camera.media.create(text(request, "tr2:Name"))
    try:
        if parts:
            camera.media.add(profile, parts)
    except BaseException:
        camera.media.delete(profile.token)
        raise
    return element("tr2:Token", profile.token)


def _get_profiles(camera: Camera, request: Element) -> str:
    kinds = {(kind.text or "").strip() for kind in children(request, "tr2:Type")}
    token = text(request, "tr2:Token", "")
    found = [camera.media.profile(token)] if token else camera.media.profiles
    return "".join(new_profile_xml(camera, profile, kinds) for profile in found)


def _add(camera: Camera, request: Element) -> str:
    profile = requested(camera, request, "tr2")
    parts = _references(camera, request)
    name = text(request, "tr2:Name", "")
    if parts:
        camera.media.add(profile, parts)
    if name:
        profile.name = name
    return ""


def _remove(camera: Camera, request: Element) -> str:
    profile = requested(camera, request, "tr2")
    kinds: set[Kind] = set()
    for reference in children(request, "tr2:Configuration"):
        name = text(reference, "tr2:Type")
        if name == "All":
            kinds |= set(profile.parts)
        elif name in tuple(Kind):
            kinds.add(Kind(name))
        else:
            raise invalid("NoConfig")
    camera.media.remove(profile, kinds)
    return ""


def _delete_profile(camera: Camera, request: Element) -> str:
    camera.media.delete(text(request, "tr2:Token"))
    return ""


def _configuration_operations(kind: Kind) -> dict[str, Handler]:
    """Give the operations on configurations of `kind`."""

    def get(camera: Camera, request: Element) -> str:
        if child(request, "tr2:ProfileToken") is not None:
            requested(camera, request, "tr2")
        token = text(request, "tr2:ConfigurationToken", "")
        if token:
            camera.media.configuration(kind, token)
        found = [token] if token else list(camera.media.configurations[kind])
        return "".join(
            configuration_xml(camera, kind, one, "tr2:Configurations", modern=True) for one in found
        )

    def set_one(camera: Camera, request: Element) -> str:
        set_configuration(camera, kind, child(request, "tr2:Configuration"), modern=True)
        return ""

    def options(camera: Camera, request: Element) -> str:
        need_options(camera)
        if child(request, "tr2:ProfileToken") is not None:
            requested(camera, request, "tr2")
        token = text(request, "tr2:ConfigurationToken", "")
        if token:
            camera.media.configuration(kind, token)
        return options_xml(kind, "tr2", _ENCODINGS)

    found: dict[str, Handler] = {f"Get{kind.value}Configurations": get}
    if kind in _SETTABLE:
        found[f"Set{kind.value}Configuration"] = set_one
        found[f"Get{kind.value}ConfigurationOptions"] = options
    return found


def _instances(camera: Camera, request: Element) -> str:
    camera.media.configuration(Kind.VIDEO_SOURCE, text(request, "tr2:ConfigurationToken"))
    codecs = "".join(
        f"<tr2:Codec>{element('tr2:Encoding', encoding)}{element('tr2:Number', count)}</tr2:Codec>"
        for encoding, count in zip(_ENCODINGS, (2, 1, 1), strict=True)
    )
    return f"<tr2:Info>{codecs}{element('tr2:Total', 4)}</tr2:Info>"


def _stream_uri(camera: Camera, request: Element) -> str:
    profile = requested(camera, request, "tr2")
    protocol = text(request, "tr2:Protocol")
    if protocol not in _PROTOCOLS:
        raise invalid("InvalidStreamSetup")
    address = stream_address(camera, profile, http=protocol == "RtspOverHttp")
    return element("tr2:Uri", address)


def _snapshot_uri(camera: Camera, request: Element) -> str:
    return element("tr2:Uri", snapshot_address(camera, requested(camera, request, "tr2")))


def _capabilities(_camera: Camera) -> str:
    kinds = " ".join(kind.value for kind in Kind)
    return (
        '<tr2:Capabilities SnapshotUri="true" Rotation="true" VideoSourceMode="true" OSD="true" '
        'Mask="true" SourceMask="false">'
        f'<tr2:ProfileCapabilities MaximumNumberOfProfiles="{MAX_PROFILES}" '
        f'ConfigurationsSupported="{kinds}"/>'
        '<tr2:StreamingCapabilities RTSPStreaming="true" RTPMulticast="true" '
        'RTP_RTSP_TCP="true" NonAggregateControl="false" AutoStartMulticast="true"/>'
        "</tr2:Capabilities>"
    )


def _operations() -> dict[str, Handler]:
    found: dict[str, Handler] = {
        "CreateProfile": _create_profile,
        "GetProfiles": _get_profiles,
        "AddConfiguration": _add,
        "RemoveConfiguration": _remove,
        "DeleteProfile": _delete_profile,
        "GetVideoEncoderInstances": _instances,
        "GetStreamUri": _stream_uri,
        "GetSnapshotUri": _snapshot_uri,
        **common("tr2"),
        **osd_operations("tr2"),
        **MASKS,
    }
    for kind in Kind:
        if kind is not Kind.PTZ:
            found |= _configuration_operations(kind)
    return found


SERVICE: Final = Service(
    "media2",
    NAMESPACES["tr2"],
    "/onvif/media2_service",
    _operations(),
    capabilities=_capabilities,
    pages={f"{SNAPSHOT_PATH}/{{number:[0-9]+}}": snapshot},
)
