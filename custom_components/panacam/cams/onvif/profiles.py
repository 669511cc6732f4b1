"""Media profiles as both services tell of them (6.2; no I/O)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..text import plain
from .board import Profile
from .node import Node, as_flag
from .numbering import Numbering, Thing

MAX_PROFILES: Final = 64
"""Profiles that are looked at; the tokens of more are kept nowhere."""
MAX_SIDE: Final = 65_535
"""Pixels."""

KINDS: Final[Mapping[str, str]] = {
    "video_source": "VideoSource",
    "audio_source": "AudioSource",
    "video_encoder": "VideoEncoder",
    "audio_encoder": "AudioEncoder",
    "analytics": "Analytics",
    "ptz": "PTZ",
    "metadata": "Metadata",
    "audio_output": "AudioOutput",
    "audio_decoder": "AudioDecoder",
}
"""Kinds of configuration and what Media2 calls them; those that others need come first."""

_CODECS: Final = {
    "h264": "h264",
    "avc": "h264",
    "h265": "h265",
    "hevc": "h265",
    "jpeg": "jpeg",
    "mjpeg": "jpeg",
    "mpeg4": "mpeg4",
    "mpv4-es": "mpeg4",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A profile, and the XML of its configurations by kind."""

    profile: Profile
    parts: Mapping[str, Node]


def read_profiles(answer: Node, *, media2: bool) -> list[Found]:
    """Return the profiles of GetProfilesResponse, in the device's order and numbered by it."""
    found: list[Found] = []
    for node in answer.children("Profiles"):
        token = node.attribute("token")
        if token is None or any(other.profile.token == token for other in found):
            continue
        found.append(_profile(node, token, len(found), media2=media2))
        if len(found) == MAX_PROFILES:
            break
    return found


def _profile(node: Node, token: str, index: int, *, media2: bool) -> Found:
    parts = dict(_new_parts(node) if media2 else _old_parts(node))
    encoder, source = parts.get("video_encoder"), parts.get("video_source")
    ptz = parts.get("ptz")
    profile = Profile(
        index=index,
        token=token,
        name=plain(node.text("Name")) or "",
        fixed=as_flag(node.attribute("fixed")) is True,
        media2=media2,
        codec="" if encoder is None else codec_of(encoder.text("Encoding")),
        width=None if encoder is None else _side(encoder, "Width"),
        height=None if encoder is None else _side(encoder, "Height"),
        video_source=None if source is None else source.text("SourceToken"),
        configurations={kind: part.attribute("token") or "" for kind, part in parts.items()},
        ptz_node=None if ptz is None else ptz.text("NodeToken"),
    )
    return Found(profile, parts)


def _new_parts(node: Node) -> Iterable[tuple[str, Node]]:
    for kind, word in KINDS.items():
        part = node.child("Configurations", word)
        if part is not None and part.attribute("token"):
            yield kind, part


def _old_parts(node: Node) -> Iterable[tuple[str, Node]]:
    for kind, word in KINDS.items():
        name = f"{'VideoAnalytics' if kind == 'analytics' else word}Configuration"
        part = node.child(name) or node.child("Extension", name)
        if part is not None and part.attribute("token"):
            yield kind, part


def codec_of(encoding: str | None) -> str:
    """Return `h264`, `h265`, `jpeg`, `mpeg4`, or what else the device calls it."""
    word = (plain(encoding, 20) or "").casefold().removeprefix("video/").replace(".", "")
    return _CODECS.get(word, word)


def _side(encoder: Node, name: str) -> int | None:
    number = encoder.number("Resolution", name)
    return int(number) if number is not None and 0 < number <= MAX_SIDE else None


def numbered(found: Sequence[Found], numbering: Numbering) -> list[Found]:
    """Return profiles with the numbers that are theirs for good, in the order of these."""
    if not found:
        return []  # a device that starts up: every device has profiles
    things = [
        Thing(
            token=profile.token,
            name=profile.name,
            looks=(profile.codec, profile.width, profile.height),
        )
        for profile in (one.profile for one in found)
    ]
    numbers = numbering.take(things)
    shown = [
        Found(replace(one.profile, index=number), one.parts)
        for one, number in zip(found, numbers, strict=True)
        if number is not None
    ]
    return sorted(shown, key=lambda one: one.profile.index)


def labels(profiles: Iterable[Profile]) -> dict[int, str]:
    """Return what people call the profiles, by index, no two the same."""
    found: dict[int, str] = {}
    for profile in profiles:
        called = name = profile.name or f"Profile {profile.index + 1}"
        number = 2
        while name in found.values():
            name = f"{called} {number}"
            number += 1
        found[profile.index] = name
    return found
