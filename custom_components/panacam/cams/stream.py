"""What a camera can show: live streams by RTSP, and the one place that adds their credentials."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote


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


type Stream = RtspStream


def bracketed(host: str) -> str:
    """Return `host` as a URL wants it: an IPv6 address in brackets, its zone id escaped."""
    if ":" not in host or host.startswith("["):
        return host
    return f"[{host.replace('%', '%25')}]"


def stream_url(stream: Stream) -> str:
    """Return the URL a player opens, credentials percent-encoded. Never log it."""
    user = ""
    if (credentials := stream.credentials) is not None:
        user = f"{quote(credentials.username, safe='')}:{quote(credentials.password, safe='')}@"
    return f"rtsp://{user}{bracketed(stream.host)}:{stream.port}{stream.path}"
