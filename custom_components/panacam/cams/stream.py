"""What a camera can show: live streams by RTSP, or pictures and sound as they come."""

from collections.abc import AsyncIterator, Awaitable, Buffer, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, Self
from urllib.parse import quote

from .errors import CameraError
from .net.login import LoginRecord
from .net.rtsp_tracks import Take
from .net.sdp import Description, Media


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password; the password never shows in a repr."""

    username: str
    password: str = field(repr=False)


class Transport(StrEnum):
    """How RTP travels; AUTO leaves the choice to the player."""

    AUTO = "auto"
    TCP = "tcp"
    UDP = "udp"
    MULTICAST = "udp_multicast"
    HTTP = "http"


class RtpCall(Protocol):
    """One stream that a camera sends by RTP when asked otherwise than by RTSP; used like RTSP."""

    async def __aenter__(self) -> Self:
        """Ask whether it can be had. CameraError; RefusedError when not."""

    async def __aexit__(self, *exception: object) -> None:
        """Have the camera send no more."""

    async def describe(self) -> Description:
        """Return what will come."""

    async def set_up(self, media: Media, take: Take, reports: Take) -> object:
        """Be ready for a medium: `take` gets its packets of RTP, `reports` of RTCP. CameraError."""

    async def play(self) -> None:
        """Have the camera begin, and keep it at that. CameraError."""


type Calls = Callable[[Callable[[CameraError], None]], RtpCall]
"""Makes a call; who it is made for is told, in the loop, when the camera ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RtspStream:
    """One live stream: where it is and how to fetch it, without credentials in its repr."""

    key: str
    """Stable within the camera: part of unique ids, so never renamed."""
    label: str
    """What the camera's own pages call it."""
    host: str
    """Host name, IPv4 or bare IPv6 address."""
    port: int
    path: str
    """Absolute path, already percent-encoded."""
    transport: Transport = Transport.AUTO
    preferred: bool = False
    """The stream that most people want; the others start disabled."""
    credentials: Credentials | None = field(default=None, repr=False)
    logins: LoginRecord | None = field(default=None, repr=False, compare=False)
    """What the camera's other connections found out about its logins."""
    codec: str = ""
    """What the camera says it sends: h264, h265, jpeg, mpeg4; empty when it does not say."""
    ask_keyframe: Callable[[], Awaitable[None]] | None = field(
        default=None, repr=False, compare=False
    )
    """Ask the camera for a keyframe now; None where it cannot be asked."""
    calls: Calls | None = field(default=None, repr=False, compare=False)
    """How it is had from a camera whose RTSP is off; None: not at all."""
    called: bool = False
    """Whether it is to be had so."""

    @property
    def sealed(self) -> bool:
        """Return whether its password is for nobody who could not read it anyway.

        FFmpeg, which gives it to whoever asks, has to do without.
        """
        return self.credentials is not None and self.logins is not None and self.logins.pinned


@dataclass(frozen=True, slots=True)
class Picture:
    """One JPEG picture as the camera encoded it."""

    data: Buffer
    """Never written to, so that every viewer may have the same one."""
    at: float
    """The monotonic clock in seconds when the whole picture had arrived: cameras' clocks lie."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Some sound: signed 16-bit little-endian samples, one channel."""

    samples: bytes
    at: float
    """The monotonic clock in seconds when its end had arrived."""


type Piece = Picture | Sound


class PictureSource(Protocol):
    """Where the pictures of one stream come from; opened once, however many look."""

    @property
    def sound_rate(self) -> int | None:
        """Return the samples a second once open, or None for pictures without sound."""

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[Piece]]:
        """Start the camera's sending; leaving the context ends it. Wait until it is granted.

        The iterator ends with CameraError when the camera stops without being asked.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureStream:
    """One live stream of JPEG pictures, with or without sound."""

    key: str
    """Stable within the camera: part of unique ids, so never renamed."""
    label: str
    """What the camera's own pages call it; empty when it has only one."""
    source: PictureSource = field(repr=False, compare=False)
    preferred: bool = False
    """The stream that most people want; the others start disabled."""


type Stream = RtspStream | PictureStream


def bracketed(host: str) -> str:
    """Return `host` as a URL wants it: an IPv6 address in brackets, its zone id escaped."""
    if ":" not in host or host.startswith("["):
        return host
    return f"[{host.replace('%', '%25')}]"


def rtsp_url(stream: RtspStream) -> str:
    """Return the URL a player opens, credentials percent-encoded. Never log it.

    A zone is as FFmpeg takes it, which is not as RFC 6874 wants it.
    """
    user = ""
    if (credentials := stream.credentials) is not None:
        user = f"{quote(credentials.username, safe='')}:{quote(credentials.password, safe='')}@"
    host = bracketed(stream.host).replace("%25", "%", 1)
    return f"rtsp://{user}{host}:{stream.port}{stream.path}"
