"""What both media services do, each with its own prefix."""

import asyncio
import time
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element

from aiohttp import hdrs, web

from tests.simulators.povcam.canvas import draw
from tests.simulators.povcam.jpeg import encode

from ..auth import Auth
from ..media_parts import VIDEO_SOURCE, Kind, Profile
from ..quirks import Quirk
from ..service import Handler, SoapFault, element, escape, invalid, text
from ..state_media import MODES

if TYPE_CHECKING:
    from ..camera import Camera

STREAM_PATH: Final = "/onvif/profile"
SNAPSHOT_PATH: Final = "/onvif/snapshot"


def need_options(camera: Camera) -> None:
    """Refuse, where the device does not tell its options."""
    if camera.has(Quirk.NO_OPTIONS):
        raise SoapFault("Receiver", ("ActionNotSupported",))


def requested(camera: Camera, request: Element, prefix: str) -> Profile:
    """Give the profile that `ProfileToken` names."""
    return camera.media.profile(text(request, f"{prefix}:ProfileToken"))


def check_source(request: Element, prefix: str) -> None:
    """Refuse what is not about the one video source."""
    if text(request, f"{prefix}:VideoSourceToken") != VIDEO_SOURCE:
        raise invalid("NoVideoSource")


def stream_address(camera: Camera, profile: Profile, *, http: bool) -> str:
    """Give where `profile` streams; by `http`, on the port of the web service (6.5)."""
    parts = profile.parts
    video = Kind.VIDEO_SOURCE in parts and Kind.VIDEO_ENCODER in parts
    if not video and not (Kind.AUDIO_SOURCE in parts and Kind.AUDIO_ENCODER in parts):
        raise SoapFault("Receiver", ("Action", "IncompleteConfiguration"))
    path = f"{STREAM_PATH}/{profile.number}"
    return camera.url(path) if http else camera.rtsp_url(path)


def snapshot_address(camera: Camera, profile: Profile) -> str:
    """Give where a picture of `profile` is."""
    if camera.has(Quirk.SNAPSHOT_REFUSED):
        raise SoapFault("Receiver", ("ActionNotSupported",))
    if Kind.VIDEO_SOURCE not in profile.parts or Kind.VIDEO_ENCODER not in profile.parts:
        raise SoapFault("Receiver", ("Action", "IncompleteConfiguration"))
    return camera.url(f"{SNAPSHOT_PATH}/{profile.number}")


async def snapshot(camera: Camera, request: web.Request) -> web.StreamResponse:
    """Answer a GET of a picture."""
    challenge = _challenge(camera, request)
    if challenge is not None:
        return web.Response(status=401, headers={hdrs.WWW_AUTHENTICATE: challenge})
    profile = camera.media.by_number(int(request.match_info["number"]))
    encoder = None if profile is None else camera.media.encoder(profile)
    if encoder is None:
        return web.Response(status=404)
    if camera.has(Quirk.SNAPSHOT_EMPTY):
        return web.Response(body=b"", content_type="image/jpeg")
    picture = await asyncio.to_thread(_picture, *encoder.size)
    return web.Response(body=picture, content_type="image/jpeg")


def _picture(width: int, height: int) -> bytes:
    return encode(draw(width, height, time.time()), width, height)


def _challenge(camera: Camera, request: web.Request) -> str | None:
    """Give the challenge for a GET without the right login."""
    header = request.headers.get(hdrs.AUTHORIZATION)
    users = camera.users
    if camera.has(Quirk.SNAPSHOT_OWN_LOGIN):
        return users.basic_challenge() if users.check_basic(header).user is None else None
    if camera.auth in (Auth.NONE, Auth.WSSE):
        return None
    verdict = users.check_digest(header, request.method, request.path_qs)
    return users.challenge(stale=verdict.stale) if verdict.user is None else None


def common(prefix: str) -> dict[str, Handler]:
    """Give the operations that differ by nothing but the prefix."""

    def synchronize(camera: Camera, request: Element) -> str:
        number = requested(camera, request, prefix).number
        camera.media.streaming.synchronized += 1
        camera.media.streaming.on_synchronize(number)
        return ""

    async def start_multicast(camera: Camera, request: Element) -> str:
        number = requested(camera, request, prefix).number
        camera.media.streaming.multicast.add(number)
        await camera.media.streaming.on_multicast(number)
        return ""

    async def stop_multicast(camera: Camera, request: Element) -> str:
        number = requested(camera, request, prefix).number
        camera.media.streaming.multicast.discard(number)
        await camera.media.streaming.on_multicast(number)
        return ""

    def modes(camera: Camera, request: Element) -> str:
        check_source(request, prefix)
        found = ""
        for mode in MODES:
            enabled = "true" if camera.media.mode == mode.token else "false"
            found += (
                f'<{prefix}:VideoSourceModes token="{escape(mode.token)}" Enabled="{enabled}">'
                f"{element(f'{prefix}:MaxFramerate', f'{mode.rate:g}')}"
                f"<{prefix}:MaxResolution>{element('tt:Width', mode.size[0])}"
                f"{element('tt:Height', mode.size[1])}</{prefix}:MaxResolution>"
                f"{element(f'{prefix}:Encodings', 'H264 H265 JPEG')}"
                f"{element(f'{prefix}:Reboot', mode.reboot)}"
                f"{element(f'{prefix}:Description', mode.description)}"
                f"</{prefix}:VideoSourceModes>"
            )
        return found

    def set_mode(camera: Camera, request: Element) -> str:
        check_source(request, prefix)
        wanted = text(request, f"{prefix}:VideoSourceModeToken")
        for mode in MODES:
            if mode.token == wanted:
                camera.media.mode = mode.token
                if mode.reboot:
                    camera.life.restart()
                return element(f"{prefix}:Reboot", mode.reboot)
        raise invalid("NoVideoSourceMode")

    return {
        "SetSynchronizationPoint": synchronize,
        "StartMulticastStreaming": start_multicast,
        "StopMulticastStreaming": stop_multicast,
        "GetVideoSourceModes": modes,
        "SetVideoSourceMode": set_mode,
    }
