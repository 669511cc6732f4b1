"""Where the streams of profiles are (6.5), and which of them most people want."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

from ..errors import ProtocolError, Reason, RefusedError
from ..stream import RtspStream, Transport
from .addresses import Place
from .board import Profile
from .media_service import MediaService
from .soap import Argument
from .trying import optional, together

MAX_PATH: Final = 2048
"""Characters; the specification has 128 for the whole address."""
_SAFE: Final = "/?&=%:@!$'()*+,;~-._[]"
_NEW: Final = {
    Transport.AUTO: "RTSP",
    Transport.TCP: "RTSP",
    Transport.UDP: "RtspUnicast",
    Transport.MULTICAST: "RtspMulticast",
    Transport.HTTP: "RtspOverHttp",
}
_OLD: Final = {
    Transport.AUTO: ("RTP-Unicast", "RTSP"),
    Transport.TCP: ("RTP-Unicast", "RTSP"),
    Transport.UDP: ("RTP-Unicast", "UDP"),
    Transport.MULTICAST: ("RTP-Multicast", "UDP"),
    Transport.HTTP: ("RTP-Unicast", "HTTP"),
}
_PREFERENCE: Final = ("h264", "h265", "mpeg4", "", "jpeg")


class StreamFinder:
    """Asks for the addresses of streams and moves them to the host that was configured."""

    def __init__(self, service: MediaService, transport: Transport, port: int | None) -> None:
        """Have pictures travel by `transport`; `port` takes the place of the device's own."""
        self._service = service
        self._transport = transport
        self._port = port

    async def find(
        self,
        profiles: Iterable[Profile],
        labels: Mapping[int, str],
        ask_keyframe: Callable[[int], Callable[[], Awaitable[None]]],
    ) -> tuple[RtspStream, ...]:
        """Return the streams of profiles with video, in order. ConnectError, AuthError."""
        shown = [profile for profile in profiles if "video_encoder" in profile.configurations]
        places = await together(*(optional(self.place(profile)) for profile in shown))
        found = [
            (profile, place)
            for profile, place in zip(shown, places, strict=True)
            if place is not None
        ]
        best = best_of(profile for profile, _ in found)
        return tuple(
            RtspStream(
                key=stream_key(profile.index),
                label=labels[profile.index],
                host=place.host,
                port=place.port,
                path=place.path,
                transport=self._transport,
                preferred=profile is best,
                credentials=self._service.client.credentials,
                logins=self._service.client.logins,
                codec=profile.codec,
                ask_keyframe=ask_keyframe(profile.index),
            )
            for profile, place in found
        )

    async def place(self, profile: Profile, transport: Transport | None = None) -> Place:
        """Return where a profile's stream is. CameraError; ProtocolError for no address."""
        wanted = transport or self._transport
        try:
            url = await self._url(profile, wanted)
        except RefusedError:
            if wanted is Transport.TCP:
                raise
            # Better another way than none: the player finds one.
            url = await self._url(profile, Transport.TCP)
        return self._moved(url)

    async def _url(self, profile: Profile, transport: Transport) -> str | None:
        if self._service.media2:
            values: Mapping[str, Argument] = {"Protocol": _NEW[transport]}
            url = await self._service.uri("GetStreamUri", profile.token, **values)
        else:
            stream, protocol = _OLD[transport]
            setup: Argument = {"Stream": stream, "Transport": {"Protocol": protocol}}
            url = await self._service.uri("GetStreamUri", profile.token, StreamSetup=setup)
        return url

    def _moved(self, url: str | None) -> Place:
        addresses = self._service.client.addresses
        try:
            scheme = urlsplit(url or "").scheme.lower()
        except ValueError:
            scheme = ""
        if scheme in {"http", "https"}:  # through the web server (10.3.7)
            place = addresses.web(url)
        else:
            place = addresses.rtsp(url, self._port)
        if place is None or len(place.path) > MAX_PATH:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, "GetStreamUri")
        return replace(place, path=quote(place.path, safe=_SAFE))


def stream_key(index: int) -> str:
    """Return the key of a profile's stream: a card of many looks for `0_` at its beginning."""
    return f"0_profile_{index + 1}"


def best_of(profiles: Iterable[Profile]) -> Profile | None:
    """Return the profile that most people want: H.264 of the most pixels, else H.265, else any."""

    def rank(profile: Profile) -> tuple[int, int, int]:
        known = profile.codec in _PREFERENCE
        order = _PREFERENCE.index(profile.codec) if known else len(_PREFERENCE)
        return order, -(profile.width or 0) * (profile.height or 0), profile.index

    return min(profiles, key=rank, default=None)
