"""XML of media configurations, in the words of both media services."""

from typing import TYPE_CHECKING, Final

from ..media_parts import (
    AnalyticsReference,
    AudioDecoder,
    AudioEncoder,
    AudioOutputConfiguration,
    AudioSourceConfiguration,
    Configuration,
    Kind,
    Metadata,
    Multicast,
    Profile,
    VideoEncoder,
    VideoSourceConfiguration,
)
from ..service import element, escape
from .ptz import configuration_xml as ptz_configuration

if TYPE_CHECKING:
    from ..camera import Camera

SESSION_TIMEOUT: Final = "PT60S"
OLD_SOUND: Final = {"PCMU": "G711", "MP4A-LATM": "AAC"}
"""Names of the audio encodings in the first media service."""
ORDER: Final = (
    Kind.VIDEO_SOURCE,
    Kind.AUDIO_SOURCE,
    Kind.VIDEO_ENCODER,
    Kind.AUDIO_ENCODER,
    Kind.ANALYTICS,
    Kind.PTZ,
    Kind.METADATA,
    Kind.AUDIO_OUTPUT,
    Kind.AUDIO_DECODER,
)
"""In which a profile lists its configurations."""


def size_xml(name: str, size: tuple[int, int]) -> str:
    """Write a VideoResolution."""
    return f"<tt:{name}>{element('tt:Width', size[0])}{element('tt:Height', size[1])}</tt:{name}>"


def multicast_xml(multicast: Multicast) -> str:
    """Write a MulticastConfiguration."""
    return (
        f"<tt:Multicast><tt:Address>{element('tt:Type', 'IPv4')}"
        f"{element('tt:IPv4Address', multicast.address)}</tt:Address>"
        f"{element('tt:Port', multicast.port)}{element('tt:TTL', multicast.ttl)}"
        f"{element('tt:AutoStart', multicast.auto_start)}</tt:Multicast>"
    )


def is_old(camera: Camera, profile: Profile) -> bool:
    """Tell whether the first media service knows the profile's codec."""
    encoder = camera.media.encoder(profile)
    return encoder is None or encoder.encoding != "H265"


def configuration_xml(camera: Camera, kind: Kind, token: str, name: str, *, modern: bool) -> str:
    """Write one configuration as element `name`; `modern` in the words of Media2."""
    if kind is Kind.PTZ:
        return ptz_configuration(camera, name)
    found = camera.media.configuration(kind, token)
    attributes, inside = _body(camera, found, modern=modern)
    uses = camera.media.use_count(kind, token)
    return (
        f'<{name} token="{escape(token)}"{attributes}>{element("tt:Name", found.name)}'
        f"{element('tt:UseCount', uses)}{inside}</{name}>"
    )


def _body(camera: Camera, found: Configuration, *, modern: bool) -> tuple[str, str]:
    """Give further attributes and the elements after UseCount."""
    attributes = ""
    match found:
        case VideoSourceConfiguration():
            inside = _video_source(found)
        case VideoEncoder() if modern:
            attributes, inside = _new_encoder(found)
        case VideoEncoder():
            inside = _old_encoder(found)
        case AudioSourceConfiguration():
            inside = element("tt:SourceToken", found.source)
        case AudioEncoder():
            inside = _audio_encoder(found, modern=modern)
        case AudioOutputConfiguration():
            inside = element("tt:OutputToken", found.output)
            inside += element("tt:SendPrimacy", found.primacy)
            inside += element("tt:OutputLevel", found.level)
        case AudioDecoder():
            inside = ""
        case Metadata():
            inside = _metadata(found)
        case AnalyticsReference():
            inside = _analytics(camera)
    return attributes, inside


def _video_source(found: VideoSourceConfiguration) -> str:
    x, y, width, height = found.bounds
    return (
        f"{element('tt:SourceToken', found.source)}"
        f'<tt:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/>'
        f"<tt:Extension><tt:Rotate>{element('tt:Mode', found.rotation)}"
        f"{element('tt:Degree', found.degree)}</tt:Rotate></tt:Extension>"
    )


def _new_encoder(found: VideoEncoder) -> tuple[str, str]:
    attributes = ""
    if found.encoding != "JPEG":
        attributes = f' GovLength="{found.gov}" Profile="{escape(found.profile)}"'
    constant = "true" if found.constant else "false"
    return attributes, (
        f"{element('tt:Encoding', found.encoding)}{size_xml('Resolution', found.size)}"
        f'<tt:RateControl ConstantBitRate="{constant}">'
        f"{element('tt:FrameRateLimit', f'{found.rate:g}')}"
        f"{element('tt:BitrateLimit', found.bit_rate)}</tt:RateControl>"
        f"{multicast_xml(found.multicast)}{element('tt:Quality', f'{found.quality:g}')}"
    )


def _old_encoder(found: VideoEncoder) -> str:
    h264 = ""
    if found.encoding == "H264":
        h264 = (
            f"<tt:H264>{element('tt:GovLength', found.gov)}"
            f"{element('tt:H264Profile', found.profile)}</tt:H264>"
        )
    return (
        f"{element('tt:Encoding', found.encoding)}{size_xml('Resolution', found.size)}"
        f"{element('tt:Quality', f'{found.quality:g}')}<tt:RateControl>"
        f"{element('tt:FrameRateLimit', round(found.rate))}{element('tt:EncodingInterval', 1)}"
        f"{element('tt:BitrateLimit', found.bit_rate)}</tt:RateControl>{h264}"
        f"{multicast_xml(found.multicast)}{element('tt:SessionTimeout', SESSION_TIMEOUT)}"
    )


def _audio_encoder(found: AudioEncoder, *, modern: bool) -> str:
    rates = element("tt:Bitrate", found.bit_rate) + element("tt:SampleRate", found.sample_rate)
    multicast = multicast_xml(found.multicast)
    if modern:
        return element("tt:Encoding", found.encoding) + multicast + rates
    encoding = element("tt:Encoding", OLD_SOUND[found.encoding])
    return encoding + rates + multicast + element("tt:SessionTimeout", SESSION_TIMEOUT)


def _metadata(found: Metadata) -> str:
    events = "<tt:Events/>" if found.events else ""
    return (
        f"<tt:PTZStatus>{element('tt:Status', found.ptz_status)}"
        f"{element('tt:Position', found.ptz_position)}</tt:PTZStatus>{events}"
        f"{element('tt:Analytics', found.analytics)}{multicast_xml(found.multicast)}"
        f"{element('tt:SessionTimeout', SESSION_TIMEOUT)}"
    )


def old_profile_xml(camera: Camera, profile: Profile, name: str) -> str:
    """Write a profile of the first media service as element `name`."""
    inside, extension = "", ""
    for kind in ORDER:
        if kind not in profile.parts:
            continue
        word = "VideoAnalytics" if kind is Kind.ANALYTICS else kind.value
        written = configuration_xml(
            camera, kind, profile.parts[kind], f"tt:{word}Configuration", modern=False
        )
        if kind in (Kind.AUDIO_OUTPUT, Kind.AUDIO_DECODER):
            extension += written
        else:
            inside += written
    if extension:
        inside += f"<tt:Extension>{extension}</tt:Extension>"
    return (
        f'<{name} token="{escape(profile.token)}" fixed="{"true" if profile.fixed else "false"}">'
        f"{element('tt:Name', profile.name)}{inside}</{name}>"
    )


def new_profile_xml(camera: Camera, profile: Profile, kinds: set[str]) -> str:
    """Write a profile of Media2 with configurations of `kinds`, or `All`."""
    inside = "".join(
        configuration_xml(camera, kind, profile.parts[kind], f"tr2:{kind.value}", modern=True)
        for kind in ORDER
        if kind in profile.parts and (kind.value in kinds or "All" in kinds)
    )
    if kinds:
        inside = f"<tr2:Configurations>{inside}</tr2:Configurations>"
    return (
        f'<tr2:Profiles token="{escape(profile.token)}" '
        f'fixed="{"true" if profile.fixed else "false"}">'
        f"{element('tr2:Name', profile.name)}{inside}</tr2:Profiles>"
    )


def _analytics(camera: Camera) -> str:
    """Write the modules and rules, which are the analytics service's."""
    modules = "".join(
        module.write("tt:AnalyticsModule") for module in camera.analytics.modules.values()
    )
    rules = "".join(rule.write("tt:Rule") for rule in camera.analytics.rules.values())
    return (
        f"<tt:AnalyticsEngineConfiguration>{modules}</tt:AnalyticsEngineConfiguration>"
        f"<tt:RuleEngineConfiguration>{rules}</tt:RuleEngineConfiguration>"
    )
