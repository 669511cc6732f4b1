"""What a profile streams, and how it is described (10.2, 10.3, 10.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .media_parts import AudioEncoder, Kind, Metadata, Multicast, Profile

if TYPE_CHECKING:
    from .camera import Camera

VIDEO: Final = "video"
AUDIO: Final = "audio"
METADATA: Final = "metadata"
BACK: Final = "audioback"
"""Of the first codec of the back channel; further ones have a number after it."""
BACK_CHANNEL_TAG: Final = "www.onvif.org/ver20/backchannel"

_VIDEO_TYPES: Final = {"H264": 96, "H265": 96, "JPEG": 26}
_AAC: Final = (
    "{type} streamtype=5;profile-level-id=15;mode=AAC-hbr;config={config};"
    "sizeLength=13;indexLength=3;indexDeltaLength=3"
)
_AAC_48_STEREO: Final = "1190"
AAC_16_MONO: Final = "1408"
_BACK: Final = {
    "PCMU": (0, 8000, "PCMU/8000"),
    "PCMA": (8, 8000, "PCMA/8000"),
    "MPEG4-GENERIC": (98, 16000, "MPEG4-GENERIC/16000/1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One media section."""

    name: str
    """Its control attribute: `video`, `audio`, `metadata`, `audioback`."""
    kind: str
    """`video`, `audio` or `application`."""
    payload_type: int
    clock: int
    codec: str
    lines: tuple[str, ...]
    back: bool = False
    """Whether the client sends it."""
    multicast: Multicast | None = None


def media_of(camera: Camera, profile: Profile) -> tuple[Medium, ...]:
    """Give what the camera sends of `profile`."""
    media = camera.media
    found: list[Medium] = []
    encoder = media.encoder(profile)
    if encoder is not None:
        kind = _VIDEO_TYPES[encoder.encoding]
        lines = [f"a=rtpmap:{kind} {encoder.encoding}/90000"]
        if encoder.encoding == "H264":
            lines.append(f"a=fmtp:{kind} packetization-mode=1")
        lines.append(f"a=framerate:{encoder.rate:.1f}")
        found.append(
            Medium(
                name=VIDEO,
                kind="video",
                payload_type=kind,
                clock=90_000,
                codec=encoder.encoding,
                lines=tuple(lines),
                multicast=encoder.multicast,
            )
        )
    sound = media.part(profile, Kind.AUDIO_ENCODER, AudioEncoder)
    if sound is not None:
        found.append(_audio(sound))
    metadata = media.part(profile, Kind.METADATA, Metadata)
    if metadata is not None:
        found.append(
            Medium(
                name=METADATA,
                kind="application",
                payload_type=107,
                clock=90_000,
                codec="vnd.onvif.metadata",
                lines=("a=rtpmap:107 vnd.onvif.metadata/90000",),
                multicast=metadata.multicast,
            )
        )
    return tuple(found)


def _audio(sound: AudioEncoder) -> Medium:
    if sound.encoding == "PCMU":
        kind, clock, codec = 0, 8000, "PCMU"
        lines: tuple[str, ...] = ("a=rtpmap:0 PCMU/8000",)
    else:
        kind, clock, codec = 97, 48_000, "MPEG4-GENERIC"
        lines = (
            "a=rtpmap:97 MPEG4-GENERIC/48000/2",
            f"a=fmtp:{_AAC.format(type=97, config=_AAC_48_STEREO)}",
        )
    return Medium(
        name=AUDIO,
        kind="audio",
        payload_type=kind,
        clock=clock,
        codec=codec,
        lines=lines,
        multicast=sound.multicast,
    )


def back_of(camera: Camera, profile: Profile) -> tuple[Medium, ...]:
    """Give what the camera takes with `profile`, one section for each codec."""
    if Kind.AUDIO_OUTPUT not in profile.parts or Kind.AUDIO_DECODER not in profile.parts:
        return ()
    found = []
    for at, codec in enumerate(camera.media.streaming.back_channel):
        kind, clock, named = _BACK[codec]
        lines = [f"a=rtpmap:{kind} {named}"]
        if codec == "MPEG4-GENERIC":
            lines.append(f"a=fmtp:{_AAC.format(type=kind, config=AAC_16_MONO)}")
        found.append(
            Medium(
                name=f"{BACK}{at or ''}",
                kind="audio",
                payload_type=kind,
                clock=clock,
                codec=codec,
                lines=tuple(lines),
                back=True,
            )
        )
    return tuple(found)


def description(media: Sequence[Medium], address: str, name: str) -> str:
    """Write the SDP."""
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {address}",
        f"s={name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
    ]
    for medium in media:
        lines.append(f"m={medium.kind} 0 RTP/AVP {medium.payload_type}")
        if medium.multicast is not None:
            lines.append(f"c=IN IP4 {medium.multicast.address}/{medium.multicast.ttl}")
        lines += [f"a=control:{medium.name}", *medium.lines]
        lines.append("a=sendonly" if medium.back else "a=recvonly")
    return "".join(f"{line}\r\n" for line in lines)
