"""Reading configurations that a client wants to be in force."""

from dataclasses import replace
import ipaddress
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from ..media_parts import (
    AUDIO_OUTPUT,
    AUDIO_RATES,
    AUDIO_SOURCE,
    BIT_RATES,
    GOVS,
    H264_PROFILES,
    QUALITIES,
    RATES,
    RESOLUTIONS,
    SENSOR,
    VIDEO_SOURCE,
    AnalyticsReference,
    AudioDecoder,
    AudioEncoder,
    AudioOutputConfiguration,
    AudioSourceConfiguration,
    Configuration,
    Kind,
    Metadata,
    Multicast,
    VideoEncoder,
    VideoSourceConfiguration,
)
from ..quirks import Quirk
from ..service import attribute, child, flag, invalid, number, text
from .media_xml import OLD_SOUND

if TYPE_CHECKING:
    from ..camera import Camera

_NEW_SOUND: Final = {old: new for new, old in OLD_SOUND.items()}
_MAX_PORT: Final = 65_535
_MAX_LEVEL: Final = 100


def set_configuration(camera: Camera, kind: Kind, wanted: Element | None, *, modern: bool) -> None:
    """Put `wanted` in force; a fault for what cannot be."""
    if wanted is None:
        raise invalid("NoConfig")
    old = camera.media.configuration(kind, wanted.get("token", ""))
    new = _read(old, wanted, modern=modern)
    if not modern and isinstance(old, VideoEncoder) and old.encoding == "H265":
        raise invalid("NoConfig")
    if kind is Kind.VIDEO_ENCODER and camera.has(Quirk.ENCODER_IGNORED):
        return
    camera.media.configurations[kind][old.token] = new
    camera.media.configured(kind, old.token)


def _read(old: Configuration, wanted: Element, *, modern: bool) -> Configuration:
    new: Configuration = replace(old, name=text(wanted, "tt:Name", old.name))
    match new:
        case VideoSourceConfiguration():
            new = _video_source(new, wanted)
        case VideoEncoder():
            new = _video_encoder(new, wanted, modern=modern)
        case AudioSourceConfiguration():
            _require(text(wanted, "tt:SourceToken") == AUDIO_SOURCE)
        case AudioEncoder():
            new = _audio_encoder(new, wanted, modern=modern)
        case AudioOutputConfiguration():
            new = _audio_output(new, wanted)
        case Metadata():
            new = replace(
                new,
                ptz_status=flag(wanted, "tt:PTZStatus/tt:Status", default=False),
                ptz_position=flag(wanted, "tt:PTZStatus/tt:Position", default=False),
                events=child(wanted, "tt:Events") is not None,
                analytics=flag(wanted, "tt:Analytics", default=False),
                multicast=_multicast(new.multicast, wanted),
            )
        case AudioDecoder() | AnalyticsReference():
            # They have nothing but a name.
            pass
    return new


def _require(fine: bool) -> None:
    if not fine:
        raise invalid("ConfigModify")


def _within[NumberT: (int, float)](value: NumberT, limits: tuple[NumberT, NumberT]) -> NumberT:
    return min(limits[1], max(limits[0], value))


def _video_source(old: VideoSourceConfiguration, wanted: Element) -> VideoSourceConfiguration:
    _require(text(wanted, "tt:SourceToken") == VIDEO_SOURCE)
    bounds = child(wanted, "tt:Bounds")
    try:
        found = {} if bounds is None else bounds.attrib
        x, y, width, height = (int(found[name]) for name in ("x", "y", "width", "height"))
    except KeyError, ValueError:
        raise invalid("ConfigModify") from None
    _require(x >= 0 and y >= 0 and width > 0 and height > 0)
    _require(x + width <= SENSOR[0] and y + height <= SENSOR[1])
    rotation = text(wanted, "tt:Extension/tt:Rotate/tt:Mode", old.rotation)
    _require(rotation in ("OFF", "ON"))
    degree = int(number(wanted, "tt:Extension/tt:Rotate/tt:Degree", old.degree))
    _require(degree == old.degree)
    return replace(old, bounds=(x, y, width, height), rotation=rotation, degree=degree)


def _audio_output(old: AudioOutputConfiguration, wanted: Element) -> AudioOutputConfiguration:
    level = int(number(wanted, "tt:OutputLevel"))
    _require(0 <= level <= _MAX_LEVEL)
    _require(text(wanted, "tt:OutputToken") == AUDIO_OUTPUT)
    return replace(old, level=level, primacy=text(wanted, "tt:SendPrimacy", old.primacy))


def _video_encoder(old: VideoEncoder, wanted: Element, *, modern: bool) -> VideoEncoder:
    encoding = text(wanted, "tt:Encoding")
    _require(encoding in (("H264", "H265", "JPEG") if modern else ("H264", "JPEG")))
    width = int(number(wanted, "tt:Resolution/tt:Width"))
    height = int(number(wanted, "tt:Resolution/tt:Height"))
    _require((width, height) in RESOLUTIONS)
    gov, profile = str(old.gov), old.profile
    if modern:
        gov = attribute(wanted, "GovLength") or gov
        profile = attribute(wanted, "Profile") or profile
    elif encoding == "H264":
        gov = text(wanted, "tt:H264/tt:GovLength", gov)
        profile = text(wanted, "tt:H264/tt:H264Profile", profile)
    if encoding == "H265":
        profile = "Main"
    _require(encoding == "JPEG" or (gov.isdecimal() and GOVS[0] <= int(gov) <= GOVS[1]))
    _require(encoding != "H264" or profile in H264_PROFILES)
    rate = number(wanted, "tt:RateControl/tt:FrameRateLimit", old.rate)
    _require(RATES[-1] <= rate <= RATES[0])
    # Out of range, bit rate and quality are bent into it rather than refused (6.4.3).
    return replace(
        old,
        encoding=encoding,
        size=(width, height),
        rate=min(RATES, key=lambda known: abs(known - rate)),
        bit_rate=_within(int(number(wanted, "tt:RateControl/tt:BitrateLimit", 2048)), BIT_RATES),
        quality=_within(number(wanted, "tt:Quality"), QUALITIES),
        gov=int(gov) if gov.isdecimal() else old.gov,
        profile=profile,
        constant=attribute(wanted, "ConstantBitRate", "tt:RateControl") in ("true", "1"),
        multicast=_multicast(old.multicast, wanted),
    )


def _audio_encoder(old: AudioEncoder, wanted: Element, *, modern: bool) -> AudioEncoder:
    encoding = text(wanted, "tt:Encoding")
    if not modern:
        encoding = _NEW_SOUND.get(encoding, "")
    _require(encoding in AUDIO_RATES)
    bit_rates, sample_rates = AUDIO_RATES[encoding]
    bit_rate = int(number(wanted, "tt:Bitrate"))
    sample_rate = int(number(wanted, "tt:SampleRate"))
    _require(bit_rate in bit_rates and sample_rate in sample_rates)
    return replace(
        old,
        encoding=encoding,
        bit_rate=bit_rate,
        sample_rate=sample_rate,
        multicast=_multicast(old.multicast, wanted),
    )


def _multicast(old: Multicast, wanted: Element) -> Multicast:
    if child(wanted, "tt:Multicast") is None:
        return old
    address = text(wanted, "tt:Multicast/tt:Address/tt:IPv4Address", old.address)
    port = int(number(wanted, "tt:Multicast/tt:Port"))
    try:
        _require(ipaddress.IPv4Address(address).is_multicast)
    except ipaddress.AddressValueError:
        raise invalid("ConfigModify") from None
    _require(0 <= port < _MAX_PORT)
    return Multicast(
        address=address,
        port=port,
        ttl=int(number(wanted, "tt:Multicast/tt:TTL")),
        auto_start=flag(wanted, "tt:Multicast/tt:AutoStart", default=False),
    )
