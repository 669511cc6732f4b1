"""The first media service, ver10 (annex F.3)."""

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from ..media_parts import AUDIO_OUTPUT, AUDIO_SOURCE, SENSOR, SENSOR_RATE, VIDEO_SOURCE, Kind
from ..service import (
    NAMESPACES,
    Handler,
    Service,
    SoapFault,
    child,
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
from .media_options import options_xml
from .media_osd import operations as osd_operations
from .media_reading import set_configuration
from .media_xml import configuration_xml, is_old, old_profile_xml, size_xml

if TYPE_CHECKING:
    from ..camera import Camera

_WORDS: Final = {kind: kind.value for kind in Kind} | {Kind.ANALYTICS: "VideoAnalytics"}
_ADDRESS_LIFE: Final = (
    "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
    "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>"
)


def _tokens(camera: Camera, kind: Kind) -> list[str]:
    """Give the configurations this service can describe."""
    modern = {
        token
        for token, found in camera.media.configurations[Kind.VIDEO_ENCODER].items()
        if getattr(found, "encoding", None) == "H265"
    }
    known = camera.media.configurations[kind]
    return [token for token in known if kind is not Kind.VIDEO_ENCODER or token not in modern]


def _known(camera: Camera, kind: Kind, token: str) -> str:
    if kind is not Kind.PTZ and token not in _tokens(camera, kind):
        raise invalid("NoConfig")
    return token


def _configuration_operations(kind: Kind) -> dict[str, Handler]:
    """Give the operations on configurations of `kind`."""
    word = _WORDS[kind]

    def get_all(camera: Camera, _request: Element) -> str:
        return "".join(
            configuration_xml(camera, kind, token, "trt:Configurations", modern=False)
            for token in _tokens(camera, kind)
        )

    def get(camera: Camera, request: Element) -> str:
        token = _known(camera, kind, text(request, "trt:ConfigurationToken"))
        return configuration_xml(camera, kind, token, "trt:Configuration", modern=False)

    def get_compatible(camera: Camera, request: Element) -> str:
        requested(camera, request, "trt")
        return get_all(camera, request)

    def set_one(camera: Camera, request: Element) -> str:
        set_configuration(camera, kind, child(request, "trt:Configuration"), modern=False)
        return ""

    def options(camera: Camera, request: Element) -> str:
        need_options(camera)
        if child(request, "trt:ProfileToken") is not None:
            requested(camera, request, "trt")
        token = text(request, "trt:ConfigurationToken", "")
        if token:
            _known(camera, kind, token)
        return options_xml(kind, "trt")

    found: dict[str, Handler] = {
        f"Get{word}Configurations": get_all,
        f"Get{word}Configuration": get,
        f"GetCompatible{word}Configurations": get_compatible,
        f"Set{word}Configuration": set_one,
    }
    if kind is not Kind.ANALYTICS:
        found[f"Get{word}ConfigurationOptions"] = options
    return found


def _profile_operations(kind: Kind) -> dict[str, Handler]:
    """Give the operations that add and remove configurations of `kind`."""
    word = _WORDS[kind]

    def add(camera: Camera, request: Element) -> str:
        token = _known(camera, kind, text(request, "trt:ConfigurationToken"))
        camera.media.add(requested(camera, request, "trt"), {kind: token})
        return ""

    def remove(camera: Camera, request: Element) -> str:
        profile = requested(camera, request, "trt")
        if kind not in profile.parts:
            raise invalid("NoConfig")
        camera.media.remove(profile, {kind})
        return ""

    return {f"Add{word}Configuration": add, f"Remove{word}Configuration": remove}


def _get_profiles(camera: Camera, _request: Element) -> str:
    return "".join(
        old_profile_xml(camera, profile, "trt:Profiles")
        for profile in camera.media.profiles
        if is_old(camera, profile)
    )


def _get_profile(camera: Camera, request: Element) -> str:
    profile = requested(camera, request, "trt")
    if not is_old(camera, profile):
        raise invalid("NoProfile")
    return old_profile_xml(camera, profile, "trt:Profile")


def _create_profile(camera: Camera, request: Element) -> str:
    token = text(request, "trt:Token", "") or None
    profile = camera.media.create(text(request, "trt:Name"), token)
    return old_profile_xml(camera, profile, "trt:Profile")


def _delete_profile(camera: Camera, request: Element) -> str:
    camera.media.delete(text(request, "trt:ProfileToken"))
    return ""


def _video_sources(_camera: Camera, _request: Element) -> str:
    inside = element("tt:Framerate", SENSOR_RATE) + size_xml("Resolution", SENSOR)
    return f'<trt:VideoSources token="{VIDEO_SOURCE}">{inside}</trt:VideoSources>'


def _audio_sources(camera: Camera, _request: Element) -> str:
    if not camera.features.audio:
        return ""
    channels = element("tt:Channels", 1)
    return f'<trt:AudioSources token="{AUDIO_SOURCE}">{channels}</trt:AudioSources>'


def _audio_outputs(camera: Camera, _request: Element) -> str:
    if not camera.features.audio_output:
        return ""
    return f'<trt:AudioOutputs token="{AUDIO_OUTPUT}"/>'


def _instances(camera: Camera, request: Element) -> str:
    camera.media.configuration(Kind.VIDEO_SOURCE, text(request, "trt:ConfigurationToken"))
    jpeg, h264 = element("trt:JPEG", 1), element("trt:H264", 2)
    return element("trt:TotalNumber", 3) + jpeg + h264


def _stream_uri(camera: Camera, request: Element) -> str:
    profile = requested(camera, request, "trt")
    stream = text(request, "trt:StreamSetup/tt:Stream")
    protocol = text(request, "trt:StreamSetup/tt:Transport/tt:Protocol")
    fine = {"RTP-Unicast": ("UDP", "TCP", "RTSP", "HTTP"), "RTP-Multicast": ("UDP",)}
    if protocol not in fine.get(stream, ()):
        raise invalid("InvalidStreamSetup")
    if not is_old(camera, profile):
        raise SoapFault("Receiver", ("Action", "IncompleteConfiguration"))
    address = stream_address(camera, profile, http=protocol == "HTTP")
    return f"<trt:MediaUri>{element('tt:Uri', address)}{_ADDRESS_LIFE}</trt:MediaUri>"


def _snapshot_uri(camera: Camera, request: Element) -> str:
    address = snapshot_address(camera, requested(camera, request, "trt"))
    return f"<trt:MediaUri>{element('tt:Uri', address)}{_ADDRESS_LIFE}</trt:MediaUri>"


def _capabilities(_camera: Camera) -> str:
    return (
        '<trt:Capabilities SnapshotUri="true" Rotation="true" VideoSourceMode="true" OSD="true">'
        f'<trt:ProfileCapabilities MaximumNumberOfProfiles="{MAX_PROFILES}"/>'
        '<trt:StreamingCapabilities RTPMulticast="true" RTP_TCP="true" RTP_RTSP_TCP="true" '
        'NonAggregateControl="false"/></trt:Capabilities>'
    )


def _operations() -> dict[str, Handler]:
    found: dict[str, Handler] = {
        "GetProfiles": _get_profiles,
        "GetProfile": _get_profile,
        "CreateProfile": _create_profile,
        "DeleteProfile": _delete_profile,
        "GetVideoSources": _video_sources,
        "GetAudioSources": _audio_sources,
        "GetAudioOutputs": _audio_outputs,
        "GetGuaranteedNumberOfVideoEncoderInstances": _instances,
        "GetStreamUri": _stream_uri,
        "GetSnapshotUri": _snapshot_uri,
        **common("trt"),
        **osd_operations("trt"),
    }
    for kind in Kind:
        found |= _profile_operations(kind)
        if kind is not Kind.PTZ:
            found |= _configuration_operations(kind)
    return found


SERVICE: Final = Service(
    "media",
    NAMESPACES["trt"],
    "/onvif/media_service",
    _operations(),
    capabilities=_capabilities,
    pages={f"{SNAPSHOT_PATH}/{{number:[0-9]+}}": snapshot},
)
