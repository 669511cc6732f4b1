"""XML of what a configuration may be set to (6.4.4)."""

from collections.abc import Iterable
from typing import Final

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
    Kind,
)
from ..service import element
from ..state_media import MAX_PROFILES
from .media_xml import OLD_SOUND, size_xml

_PRIMACIES: Final = tuple(
    f"www.onvif.org/ver20/HalfDuplex/{who}" for who in ("Server", "Client", "Auto")
)


def _limits(name: str, limits: tuple[int, int]) -> str:
    return f"<tt:{name}>{element('tt:Min', limits[0])}{element('tt:Max', limits[1])}</tt:{name}>"


def _items(name: str, values: Iterable[int]) -> str:
    return f"<tt:{name}>{''.join(element('tt:Items', value) for value in values)}</tt:{name}>"


def options_xml(kind: Kind, prefix: str, encodings: tuple[str, ...] = ()) -> str:
    """Write the Options of `kind`; Media2 has one for each of the `encodings`."""
    name, modern = f"{prefix}:Options", prefix == "tr2"
    match kind:
        case Kind.VIDEO_ENCODER if modern:
            inside = [_new_video(encoding) for encoding in encodings]
            return "".join(f"<{name}{attributes}>{body}</{name}>" for attributes, body in inside)
        case Kind.AUDIO_ENCODER | Kind.AUDIO_DECODER if modern:
            return "".join(f"<{name}>{_sound(codec, codec)}</{name}>" for codec in AUDIO_RATES)
        case Kind.VIDEO_SOURCE:
            return f'<{name} MaximumNumberOfProfiles="{MAX_PROFILES}">{_video_source()}</{name}>'
        case _:
            return f"<{name}>{_plain(kind)}</{name}>"


def _plain(kind: Kind) -> str:
    match kind:
        case Kind.VIDEO_ENCODER:
            return _old_video()
        case Kind.AUDIO_SOURCE:
            return element("tt:InputTokensAvailable", AUDIO_SOURCE)
        case Kind.AUDIO_ENCODER:
            return "".join(
                f"<tt:Options>{_sound(codec, OLD_SOUND[codec])}</tt:Options>"
                for codec in AUDIO_RATES
            )
        case Kind.AUDIO_OUTPUT:
            primacies = "".join(element("tt:SendPrimacyOptions", one) for one in _PRIMACIES)
            tokens = element("tt:OutputTokensAvailable", AUDIO_OUTPUT)
            return tokens + primacies + _limits("OutputLevelRange", (0, 100))
        case Kind.AUDIO_DECODER:
            aac = _items("Bitrate", (64, 96, 128)) + _items("SampleRateRange", (8, 16, 48))
            g711 = _items("Bitrate", (64,)) + _items("SampleRateRange", (8,))
            return (
                f"<tt:AACDecOptions>{aac}</tt:AACDecOptions>"
                f"<tt:G711DecOptions>{g711}</tt:G711DecOptions>"
            )
        case _:
            supported = "".join(
                element(f"tt:{name}Supported", value=True)
                for name in (
                    "PanTiltStatus",
                    "ZoomStatus",
                    "PanTiltPosition",
                    "ZoomPosition",
                )
            )
            return f"<tt:PTZStatusFilterOptions>{supported}</tt:PTZStatusFilterOptions>"


def _video_source() -> str:
    width, height = SENSOR
    return (
        f"<tt:BoundsRange>{_limits('XRange', (0, width - 1))}{_limits('YRange', (0, height - 1))}"
        f"{_limits('WidthRange', (1, width))}{_limits('HeightRange', (1, height))}"
        f"</tt:BoundsRange>{element('tt:VideoSourceTokensAvailable', VIDEO_SOURCE)}"
        f"<tt:Extension><tt:Rotate>{element('tt:Mode', 'OFF')}{element('tt:Mode', 'ON')}"
        f"{_items('DegreeList', (180,))}</tt:Rotate></tt:Extension>"
    )


def _new_video(encoding: str) -> tuple[str, str]:
    rates = " ".join(map(str, RATES))
    attributes = f' FrameRatesSupported="{rates}" ConstantBitRateSupported="true"'
    if encoding != "JPEG":
        profiles = "Main" if encoding == "H265" else " ".join(H264_PROFILES)
        attributes = f' GovLengthRange="{GOVS[0]} {GOVS[1]}"{attributes}'
        attributes += f' ProfilesSupported="{profiles}"'
    sizes = "".join(size_xml("ResolutionsAvailable", size) for size in RESOLUTIONS)
    body = element("tt:Encoding", encoding) + _limits("QualityRange", QUALITIES)
    return attributes, body + sizes + _limits("BitrateRange", BIT_RATES)


def _old_video() -> str:
    sizes = "".join(size_xml("ResolutionsAvailable", size) for size in RESOLUTIONS)
    rates = _limits("FrameRateRange", (RATES[-1], RATES[0]))
    rates += _limits("EncodingIntervalRange", (1, 1))
    profiles = "".join(element("tt:H264ProfilesSupported", one) for one in H264_PROFILES)
    jpeg = sizes + rates
    h264 = sizes + _limits("GovLengthRange", GOVS) + rates + profiles
    bits = _limits("BitrateRange", BIT_RATES)
    return (
        f"{_limits('QualityRange', QUALITIES)}<tt:JPEG>{jpeg}</tt:JPEG><tt:H264>{h264}</tt:H264>"
        f"<tt:Extension><tt:JPEG>{jpeg}{bits}</tt:JPEG><tt:H264>{h264}{bits}</tt:H264>"
        "</tt:Extension>"
    )


def _sound(codec: str, name: str) -> str:
    bit_rates, sample_rates = AUDIO_RATES[codec]
    return (
        element("tt:Encoding", name)
        + _items("BitrateList", bit_rates)
        + _items("SampleRateList", sample_rates)
    )
