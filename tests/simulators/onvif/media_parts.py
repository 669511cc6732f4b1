"""What media profiles are made of: the configurations, OSDs and masks (6.3, 6.10, 6.11)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

VIDEO_SOURCE: Final = "video_source_1"
AUDIO_SOURCE: Final = "audio_source_1"
AUDIO_OUTPUT: Final = "audio_output_1"
SENSOR: Final = (1920, 1080)
SENSOR_RATE: Final = 30

RESOLUTIONS: Final = ((1920, 1080), (1280, 720), (640, 360), (320, 240))
RATES: Final = (30, 25, 15, 10, 5, 1)
BIT_RATES: Final = (64, 16384)
QUALITIES: Final = (1, 10)
GOVS: Final = (1, 250)
H264_PROFILES: Final = ("Main", "High")
AUDIO_RATES: Final = {"PCMU": ((64,), (8,)), "MP4A-LATM": ((64, 96, 128), (48,))}
"""Encoding -> bit rates in kbit/s and sample rates in kHz."""


class Kind(StrEnum):
    """Kinds of configuration, as Media2 names them."""

    VIDEO_SOURCE = "VideoSource"
    VIDEO_ENCODER = "VideoEncoder"
    AUDIO_SOURCE = "AudioSource"
    AUDIO_ENCODER = "AudioEncoder"
    AUDIO_OUTPUT = "AudioOutput"
    AUDIO_DECODER = "AudioDecoder"
    METADATA = "Metadata"
    ANALYTICS = "Analytics"
    PTZ = "PTZ"


@dataclass(slots=True, kw_only=True)
class Multicast:
    """Where a configuration is sent to when it is sent to many."""

    address: str = "239.0.0.1"
    port: int = 0
    ttl: int = 1
    auto_start: bool = False


@dataclass(slots=True, kw_only=True)
class VideoSourceConfiguration:
    """A part of the sensor's picture."""

    token: str
    name: str
    source: str = VIDEO_SOURCE
    bounds: tuple[int, int, int, int] = (0, 0, *SENSOR)
    """x, y, width, height."""
    rotation: str = "OFF"
    degree: int = 180


@dataclass(slots=True, kw_only=True)
class VideoEncoder:
    """How a picture is encoded."""

    token: str
    name: str
    encoding: str
    """H264, H265 or JPEG."""
    size: tuple[int, int]
    rate: float = 15
    bit_rate: int = 2048
    """In kbit/s."""
    quality: float = 5
    gov: int = 15
    profile: str = "High"
    constant: bool = False
    multicast: Multicast = field(default_factory=Multicast)


@dataclass(slots=True, kw_only=True)
class AudioSourceConfiguration:
    """A microphone."""

    token: str
    name: str
    source: str = AUDIO_SOURCE


@dataclass(slots=True, kw_only=True)
class AudioEncoder:
    """How sound is encoded."""

    token: str
    name: str
    encoding: str
    """PCMU or MP4A-LATM, as Media2 names them."""
    bit_rate: int
    """In kbit/s."""
    sample_rate: int
    """In kHz."""
    multicast: Multicast = field(default_factory=Multicast)


@dataclass(slots=True, kw_only=True)
class AudioOutputConfiguration:
    """A loudspeaker."""

    token: str
    name: str
    output: str = AUDIO_OUTPUT
    primacy: str = "www.onvif.org/ver20/HalfDuplex/Server"
    level: int = 50


@dataclass(slots=True, kw_only=True)
class AudioDecoder:
    """What the camera makes of the sound it is sent."""

    token: str
    name: str


@dataclass(slots=True, kw_only=True)
class Metadata:
    """What goes into the metadata stream."""

    token: str
    name: str
    ptz_status: bool = True
    ptz_position: bool = True
    events: bool = True
    analytics: bool = True
    multicast: Multicast = field(default_factory=Multicast)


@dataclass(slots=True, kw_only=True)
class AnalyticsReference:
    """The configuration that the analytics service fills."""

    token: str
    name: str


type Configuration = (
    VideoSourceConfiguration
    | VideoEncoder
    | AudioSourceConfiguration
    | AudioEncoder
    | AudioOutputConfiguration
    | AudioDecoder
    | Metadata
    | AnalyticsReference
)


@dataclass(slots=True, kw_only=True)
class Profile:
    """Configurations that belong together."""

    number: int
    """What stands in its stream's address, and stays when tokens change."""
    token: str
    name: str
    fixed: bool
    parts: dict[Kind, str]
    """Kind -> token of the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Osd:
    """Text or a picture over the picture."""

    token: str
    source: str
    """Token of a video source configuration."""
    kind: str = "Text"
    position: str = "UpperLeft"
    place: tuple[float, float] | None = None
    """x and y in -1..1, of a Custom position."""
    text_kind: str = "Plain"
    text: str | None = None
    date_format: str | None = None
    time_format: str | None = None
    font_size: int | None = None
    font_color: tuple[float, float, float] | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A part of the picture that nobody may see."""

    token: str
    source: str
    points: tuple[tuple[float, float], ...]
    kind: str = "Color"
    color: tuple[float, float, float] | None = (0.0, 0.0, 0.0)
    enabled: bool = True


OSD_POSITIONS: Final = ("UpperLeft", "UpperRight", "LowerLeft", "LowerRight", "Custom")
OSD_TEXTS: Final = ("Plain", "Date", "Time", "DateAndTime")
DATE_FORMATS: Final = ("MM/dd/yyyy", "yyyy-MM-dd", "dd/MM/yyyy")
TIME_FORMATS: Final = ("HH:mm:ss", "hh:mm:ss tt")
FONT_SIZES: Final = (12, 64)
OSD_IMAGES: Final = ("/images/logo.png",)
MAX_OSDS: Final = 4
MAX_TEXT: Final = 64
MASK_KINDS: Final = ("Color", "Pixelated", "Blurred")
MAX_MASKS: Final = 4
MAX_POINTS: Final = 8
YCBCR: Final = "http://www.onvif.org/ver10/colorspace/YCbCr"
