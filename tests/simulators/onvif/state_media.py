"""Media profiles and their configurations: one state for both media services (6)."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from . import ptz_parts
from .media_parts import (
    AUDIO_SOURCE,
    VIDEO_SOURCE,
    AnalyticsReference,
    AudioDecoder,
    AudioEncoder,
    AudioOutputConfiguration,
    AudioSourceConfiguration,
    Configuration,
    Kind,
    Mask,
    Metadata,
    Multicast,
    Osd,
    Profile,
    VideoEncoder,
    VideoSourceConfiguration,
)
from .quirks import Quirk
from .service import SoapFault, invalid
from .topics import Topic

if TYPE_CHECKING:
    from .camera import Camera

__all__ = ["AUDIO_SOURCE", "MAX_PROFILES", "VIDEO_SOURCE", "Media", "Mode", "Scene"]

MAX_PROFILES: Final = 8
_PROFILE_CHANGED: Final = "tns1:Media/ProfileChanged"
_CONFIGURATION_CHANGED: Final = "tns1:Media/ConfigurationChanged"
_CONNECTIONS: Final = "tns1:Monitoring/Profile/ActiveConnections"
_MULTICAST_PORT: Final = 40_000
_NEEDS: Final = {
    Kind.VIDEO_ENCODER: (Kind.VIDEO_SOURCE,),
    Kind.AUDIO_ENCODER: (Kind.AUDIO_SOURCE,),
    Kind.AUDIO_DECODER: (Kind.AUDIO_OUTPUT,),
    Kind.PTZ: (Kind.VIDEO_SOURCE,),
    Kind.METADATA: (Kind.VIDEO_SOURCE, Kind.AUDIO_SOURCE),
    Kind.ANALYTICS: (Kind.VIDEO_SOURCE, Kind.AUDIO_SOURCE),
}
"""What a kind wants to find in a profile, any one of them (6.3.1)."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A way the sensor can be read."""

    token: str
    rate: float
    size: tuple[int, int]
    description: str
    reboot: bool = False


MODES: Final = (
    Mode("mode_30", 30, (1920, 1080), "1080p at 30 Hz"),
    Mode("mode_wdr", 15, (1920, 1080), "1080p at 15 Hz, wide dynamic range"),
    Mode("mode_60", 60, (1280, 720), "720p at 60 Hz", reboot=True),
)


@dataclass(slots=True)
class Scene:
    """What is in front of the camera."""

    objects: int = 2


async def _nothing(_number: int) -> None:
    """Do nothing, while nothing streams."""


@dataclass(slots=True)
class Streaming:
    """How the camera streams."""

    session_timeout: float = 60.0
    back_channel: tuple[str, ...] = ("PCMU", "MPEG4-GENERIC")
    """Codecs that may be sent to it, of PCMU, PCMA and MPEG4-GENERIC; with an audio output."""
    multicast: set[int] = field(default_factory=set)
    """Numbers of the profiles that are sent to many, by request (6.7)."""
    synchronized: int = 0
    """How often a synchronization point was asked for."""
    on_synchronize: Callable[[int], None] = lambda _number: None
    """Makes the stream of a profile begin anew with a key picture."""
    on_multicast: Callable[[int], Awaitable[None]] = _nothing
    """Starts or ends what `multicast` says of a profile."""


class Media:
    """Profiles, configurations, OSDs and masks."""

    def __init__(self, camera: Camera) -> None:
        """Leave the factory."""
        self._camera = camera
        self.configurations: Final = _first_configurations(camera)
        self.profiles: Final[list[Profile]] = _first_profiles(camera)
        self.scene: Final = Scene()
        self.streaming: Final = Streaming()
        self.mode = MODES[0].token
        source = self.only(Kind.VIDEO_SOURCE).token
        self.osds: Final = {
            "osd_1": Osd(token="osd_1", source=source, text="Front door"),
            "osd_2": Osd(
                token="osd_2",
                source=source,
                position="LowerRight",
                text_kind="DateAndTime",
                date_format="yyyy-MM-dd",
                time_format="HH:mm:ss",
            ),
        }
        square = ((-0.9, 0.9), (-0.5, 0.9), (-0.5, 0.5), (-0.9, 0.5))
        self.masks: Final = {"mask_1": Mask(token="mask_1", source=source, points=square)}
        self._last = len(self.profiles)
        self.joined: Final = {profile.number: 0 for profile in self.profiles}
        """Streams that are watched, by the profile's number."""
        if camera.features.media or camera.features.media2:
            _declare(camera)

    def only(self, kind: Kind) -> Configuration:
        """Give the first configuration of `kind`."""
        return next(iter(self.configurations[kind].values()))

    def profile(self, token: str) -> Profile:
        """Find a profile; a fault without."""
        for profile in self.profiles:
            if profile.token == token:
                return profile
        raise invalid("NoProfile")

    def by_number(self, number: int) -> Profile | None:
        """Find the profile of a stream's address."""
        return next((profile for profile in self.profiles if profile.number == number), None)

    def configuration(self, kind: Kind, token: str) -> Configuration:
        """Find a configuration; a fault without."""
        if token not in self.configurations[kind]:
            raise invalid("NoConfig")
        return self.configurations[kind][token]

    def part[PartT](self, profile: Profile, kind: Kind, form: type[PartT]) -> PartT | None:
        """Give the configuration of `kind` in `profile`, if it has one."""
        token = profile.parts.get(kind)
        found = None if token is None else self.configurations[kind].get(token)
        assert found is None or isinstance(found, form)
        return found

    def encoder(self, profile: Profile) -> VideoEncoder | None:
        """Give the video encoder of `profile`."""
        return self.part(profile, Kind.VIDEO_ENCODER, VideoEncoder)

    def use_count(self, kind: Kind, token: str) -> int:
        """Count the profiles with this configuration."""
        return sum(profile.parts.get(kind) == token for profile in self.profiles)

    def tokens_with_ptz(self) -> Iterator[str]:
        """Give the profiles that move the camera."""
        return (profile.token for profile in self.profiles if Kind.PTZ in profile.parts)

    def create(self, name: str, token: str | None = None) -> Profile:
        """Make an empty profile."""
        if len(self.profiles) >= MAX_PROFILES:
            raise SoapFault("Receiver", ("Action", "MaxNVTProfiles"))
        if token is not None and any(profile.token == token for profile in self.profiles):
            raise invalid("ProfileExists")
        # A number is not given twice, as the old profile may still be watched.
        self._last += 1
        number = self._last
        profile = Profile(
            number=number,
            token=token or f"profile_{number}",
            name=name,
            fixed=False,
            parts={},
        )
        self.profiles.append(profile)
        self.joined[number] = 0
        self._changed(profile)
        return profile

    def delete(self, token: str) -> None:
        """Forget a profile that may be forgotten."""
        profile = self.profile(token)
        if profile.fixed:
            raise SoapFault("Sender", ("Action", "DeletionOfFixedProfile"))
        self.profiles.remove(profile)
        self.streaming.multicast.discard(profile.number)
        self.joined.pop(profile.number, None)
        self._changed(profile)

    def add(self, profile: Profile, parts: dict[Kind, str]) -> None:
        """Put configurations into `profile`, each by its kind; all of them or none."""
        for kind, token in parts.items():
            self.check_part(kind, token)
        if Kind.PTZ in parts and self._camera.has(Quirk.PTZ_ATTACH_REFUSED):
            raise SoapFault("Receiver", ("Action", "ConfigurationConflict"))
        after = profile.parts | parts
        if not _complete(after):
            raise SoapFault("Receiver", ("Action", "ConfigurationConflict"))
        profile.parts = after
        self._changed(profile)

    def remove(self, profile: Profile, kinds: set[Kind]) -> None:
        """Take configurations out of `profile`; all of them or none."""
        after = {kind: token for kind, token in profile.parts.items() if kind not in kinds}
        if not _complete(after):
            raise SoapFault("Receiver", ("Action", "ConfigurationConflict"))
        profile.parts = after
        self._changed(profile)

    def check_part(self, kind: Kind, token: str) -> None:
        """Refuse a configuration that is not there."""
        if kind is Kind.PTZ:
            if not self._camera.features.ptz or token != ptz_parts.CONFIGURATION:
                raise invalid("NoConfig")
        else:
            self.configuration(kind, token)

    def configured(self, kind: Kind, token: str) -> None:
        """Tell that a configuration has other values (6.13.2)."""
        source = {"Token": token, "Type": kind.value}
        self._camera.events.emit(_CONFIGURATION_CHANGED, source, operation=None)

    def watched(self, number: int, viewers: int) -> None:
        """Tell how many watch a profile (6.13.3)."""
        profile = self.by_number(number)
        if profile is None:
            return
        self.joined[number] = viewers
        encoder = self.encoder(profile)
        one = (
            "<tt:ActiveConnections>"
            f"<tt:CurrentBitrate>{encoder.bit_rate if encoder else 0}</tt:CurrentBitrate>"
            f"<tt:CurrentFps>{encoder.rate if encoder else 0}</tt:CurrentFps>"
            "</tt:ActiveConnections>"
        )
        self._camera.events.emit(
            _CONNECTIONS,
            {"Profile": profile.token},
            elements={"Status": f"<tt:ProfileStatus>{one * viewers}</tt:ProfileStatus>"},
        )

    def power_cycle(self) -> None:
        """Keep everything but what a quirk loses."""
        self.streaming.multicast.clear()
        if self._camera.has(Quirk.PROFILE_TOKENS_CHANGE):
            for profile in self.profiles:
                profile.token = f"profile_{profile.number}_{self._camera.life.boots}"

    def close(self) -> None:
        """Have nothing that runs."""

    def _changed(self, profile: Profile) -> None:
        self._camera.events.emit(_PROFILE_CHANGED, {"Token": profile.token}, operation=None)


def _declare(camera: Camera) -> None:
    """Describe the events of 6.13."""
    token = "tt:ReferenceToken"
    both = {"Token": token, "Type": "xs:string"}
    camera.events.declare(Topic(_PROFILE_CHANGED, {"Token": token}, is_property=False))
    camera.events.declare(Topic(_CONFIGURATION_CHANGED, both, is_property=False))
    camera.events.declare(Topic(_CONNECTIONS, {"Profile": token}, {"Status": "tt:ProfileStatus"}))


def _complete(parts: dict[Kind, str]) -> bool:
    return all(any(need in parts for need in _NEEDS[kind]) for kind in parts if kind in _NEEDS)


def _first_configurations(camera: Camera) -> dict[Kind, dict[str, Configuration]]:
    features = camera.features
    encoders = _first_encoders(h265=camera.has(Quirk.H265_ONLY), media2=features.media2)
    sound: tuple[Configuration, ...] = (
        AudioEncoder(
            token="audio_1", name="AAC", encoding="MP4A-LATM", bit_rate=64, sample_rate=48
        ),
        AudioEncoder(token="audio_2", name="G.711", encoding="PCMU", bit_rate=64, sample_rate=8),
    )
    found: dict[Kind, tuple[Configuration, ...]] = {
        Kind.VIDEO_SOURCE: (VideoSourceConfiguration(token="video_source_config_1", name="View"),),
        Kind.VIDEO_ENCODER: encoders,
        Kind.METADATA: (Metadata(token="metadata_1", name="Metadata"),),
    }
    if features.audio:
        microphone = AudioSourceConfiguration(token="audio_source_config_1", name="Microphone")
        found |= {Kind.AUDIO_SOURCE: (microphone,), Kind.AUDIO_ENCODER: sound}
    if features.audio_output:
        speaker = AudioOutputConfiguration(token="audio_output_config_1", name="Loudspeaker")
        decoder = AudioDecoder(token="audio_decoder_1", name="Decoder")
        found |= {Kind.AUDIO_OUTPUT: (speaker,), Kind.AUDIO_DECODER: (decoder,)}
    if features.analytics:
        found[Kind.ANALYTICS] = (AnalyticsReference(token="analytics_1", name="Analytics"),)
    made = {kind: {item.token: item for item in found.get(kind, ())} for kind in Kind}
    port = _MULTICAST_PORT
    for kind in (Kind.VIDEO_ENCODER, Kind.AUDIO_ENCODER, Kind.METADATA):
        for item in made[kind].values():
            assert isinstance(item, (VideoEncoder, AudioEncoder, Metadata))
            item.multicast = Multicast(port=port)
            port += 2
    return made


def _first_encoders(*, h265: bool, media2: bool) -> tuple[VideoEncoder, ...]:
    first, second, third = ("H265",) * 3 if h265 else ("H264", "H264", "JPEG")
    profile = "Main" if h265 else "High"
    main = VideoEncoder(
        token="video_1", name="Main", encoding=first, size=(1280, 720), profile=profile
    )
    sub = VideoEncoder(
        token="video_2", name="Sub", encoding=second, size=(640, 360), rate=10, bit_rate=512
    )
    sub.profile = profile
    jpeg = VideoEncoder(
        token="video_3", name="Third", encoding=third, size=(320, 240), rate=5, bit_rate=1024
    )
    jpeg.profile = profile
    if not media2 or h265:
        return main, sub, jpeg
    modern = VideoEncoder(
        token="video_4", name="H.265", encoding="H265", size=(640, 360), profile="Main"
    )
    return main, sub, jpeg, modern


def _first_profiles(camera: Camera) -> list[Profile]:
    features = camera.features
    common = {Kind.VIDEO_SOURCE: "video_source_config_1", Kind.METADATA: "metadata_1"}
    if features.audio:
        common[Kind.AUDIO_SOURCE] = "audio_source_config_1"
    if features.ptz and not camera.has(Quirk.PTZ_UNATTACHED):
        common[Kind.PTZ] = ptz_parts.CONFIGURATION
    if features.analytics:
        common[Kind.ANALYTICS] = "analytics_1"
    if features.audio_output:
        common |= {
            Kind.AUDIO_OUTPUT: "audio_output_config_1",
            Kind.AUDIO_DECODER: "audio_decoder_1",
        }
    wanted = [("Main", "audio_1"), ("Sub", "audio_2"), ("JPEG", "audio_2"), ("H.265", "audio_1")]
    if not features.media2 or camera.has(Quirk.H265_ONLY):
        wanted.pop()
    made = []
    for number, (name, sound) in enumerate(wanted, 1):
        parts = common | {Kind.VIDEO_ENCODER: f"video_{number}"}
        if features.audio:
            parts[Kind.AUDIO_ENCODER] = sound
        token = f"profile_{number}"
        made.append(Profile(number=number, token=token, name=name, fixed=True, parts=parts))
    return made
