"""Clips and their small pictures by HTTP, for players; only what a camera lists is ever sent.

An MP4 is played from our disk (cams/playback/spool.py says why), AVCHD is remuxed from there, and a
download goes through as it comes. Where there is no room on the disk an MP4 goes through, too.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.core import HomeAssistant

from .cams.clips import Clip, ClipFormat
from .cams.errors import BusyError, CameraError, ProtocolError, Reason, RefusedError
from .cams.playback.flow import Flow
from .cams.playback.remux import UnplayableError
from .cams.playback.spool import NoRoomError
from .const import DOMAIN, LOGGER
from .media_branch import Missing
from .media_clips import MissingError, Place, place_of
from .media_range import wanted_range
from .media_reply import MP4, part, send, send_remuxed, send_wanted, unsatisfiable, whole
from .media_titles import file_name

CLIP_URL: Final = f"/api/{DOMAIN}/clip/{{entry_id}}/{{slot}}/{{kind}}/{{token}}"
THUMBNAIL_URL: Final = f"/api/{DOMAIN}/thumbnail/{{entry_id}}/{{slot}}/{{kind}}/{{token}}"
MTS: Final = "video/mp2t"
MAX_SKIPPED: Final = 64 * 1024 * 1024
"""Bytes that are thrown away to begin a download in the middle, for cameras that cannot."""
MAX_TOKEN: Final = 1400
FILM_ICON: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 -12 48 48"><path fill="#888" d="'
    b"M18,4L20,8H17L15,4H13L15,8H12L10,4H8L10,8H7L5,4H4A2,2 0 0,0 2,6V18A2,2 0 0,0 4,20H20A2,2 "
    b'0 0,0 22,18V4H18Z"/></svg>'
)
"""What the media browser shows instead of a picture that there is not."""


def clip_url(entry_id: str, clip: Clip) -> str:
    """Return where a clip is played from; Home Assistant signs it."""
    return _url(CLIP_URL, entry_id, clip)


def thumbnail_url(entry_id: str, clip: Clip) -> str:
    """Return where the small picture of a clip is."""
    return _url(THUMBNAIL_URL, entry_id, clip)


def register_media_views(hass: HomeAssistant) -> None:
    """Answer at these addresses."""
    hass.http.register_view(ClipView)
    hass.http.register_view(ThumbnailView)


def _url(url: str, entry_id: str, clip: Clip) -> str:
    # Nothing in a name means anything in an address that way, not even to a proxy.
    name = clip.name.encode("utf-8", "surrogatepass")
    token = urlsafe_b64encode(name).decode().rstrip("=")
    return url.format(entry_id=entry_id, slot=clip.slot, kind=clip.format.value, token=token)


async def _found(place: Place, slot: str, kind: str, token: str) -> Clip:
    """Return the clip of an address, which the camera must list. CameraError, MissingError."""
    try:
        if len(token) > MAX_TOKEN:
            raise MissingError(Missing.NO_MEDIA)
        name = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "surrogatepass")
        format_ = ClipFormat(kind)
    except (Base64Error, ValueError) as err:
        raise MissingError(Missing.NO_MEDIA) from err
    return await place.find(slot, format_, name)


def _status(error: CameraError) -> HTTPStatus:
    match error:
        case BusyError():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case RefusedError(reason=Reason.CARD_IN_USE):
            return HTTPStatus.SERVICE_UNAVAILABLE
        case RefusedError():
            return HTTPStatus.NOT_FOUND
        case _:
            return HTTPStatus.BAD_GATEWAY


class ClipView(HomeAssistantView):
    """One clip, to be played or (`?download=1`) kept."""

    url = CLIP_URL
    name = f"api:{DOMAIN}:clip"

    async def head(
        self, request: web.Request, entry_id: str, slot: str, kind: str, token: str
    ) -> web.StreamResponse:
        """Tell what a GET would begin with."""
        return await self.get(request, entry_id, slot, kind, token)

    async def get(
        self, request: web.Request, entry_id: str, slot: str, kind: str, token: str
    ) -> web.StreamResponse:
        """Send a clip, or a range of it."""
        try:
            place = place_of(request.app[KEY_HASS], entry_id)
            with place.watched():
                clip = await _found(place, slot, kind, token)
                if "download" in request.query:
                    return await _download(request, place, clip)
                return await _play(request, place, clip)
        except MissingError:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        except CameraError as err:
            LOGGER.debug("A clip was not sent: %s", err)
            return web.Response(status=_status(err), text=err.reason.value)
        except UnplayableError:
            return web.Response(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


async def _play(request: web.Request, place: Place, clip: Clip) -> web.StreamResponse:
    """Send what a browser plays; who keeps it has the name of its date, too."""
    headers = {hdrs.CONTENT_TYPE: MP4, **_named("inline", place, clip, "mp4")}
    try:
        spool = place.shelf.spool(place.entry.entry_id, place.clips, clip, place.turn)
        size = await spool.measure()
    except NoRoomError:
        LOGGER.debug("No room on the disk for a clip")
        if clip.format is ClipFormat.AVCHD:
            return web.Response(status=HTTPStatus.INSUFFICIENT_STORAGE)
        return await _through(request, place, clip, headers)
    if clip.format is ClipFormat.AVCHD:
        return await send_remuxed(request, spool.read(0, size), clip.length, headers)
    return await send_wanted(request, headers, size, spool.read)


async def _download(request: web.Request, place: Place, clip: Clip) -> web.StreamResponse:
    """Send a clip as the camera has it, under the name of its date."""
    kind, suffix = (MP4, "mp4") if clip.format is ClipFormat.MP4 else (MTS, "mts")
    headers = {hdrs.CONTENT_TYPE: kind, **_named("attachment", place, clip, suffix)}
    return await _through(request, place, clip, headers)


def _named(how: str, place: Place, clip: Clip, suffix: str) -> dict[str, str]:
    """Return the header that names a file (RFC 6266)."""
    name = file_name(place.name, clip, suffix)
    plain = name.encode("ascii", "replace").decode()
    whole = quote(name, safe="")
    return {hdrs.CONTENT_DISPOSITION: f"{how}; filename=\"{plain}\"; filename*=UTF-8''{whole}"}


async def _through(
    request: web.Request, place: Place, clip: Clip, headers: dict[str, str]
) -> web.StreamResponse:
    """Send the camera's bytes as they come."""
    wanted = wanted_range(request.headers.get(hdrs.RANGE))
    if wanted is not None and wanted.start < 0:
        wanted = None  # how much that is, is known only once the camera sends
    async with (
        place.turn.held(lambda: None),
        Flow(place.clips, clip).opened(wanted.start if wanted else 0) as flow,
    ):
        if wanted is not None and flow.size is not None:
            if (found := wanted.of(flow.size)) is None:
                return unsatisfiable(flow.size)
            if flow.at == found[0] or found[0] <= MAX_SKIPPED:
                flow.skip(found[0])
                response = part(headers, *found, flow.size)
                return await send(request, response, flow.pieces(found[1]))
        if flow.at:
            raise ProtocolError(Reason.UNEXPECTED_REPLY)
        # Who asks for a range may be given all.
        return await send(request, whole(headers, flow.size), flow.pieces())


class ThumbnailView(HomeAssistantView):
    """The small picture of one clip."""

    url = THUMBNAIL_URL
    name = f"api:{DOMAIN}:thumbnail"

    async def get(
        self, request: web.Request, entry_id: str, slot: str, kind: str, token: str
    ) -> web.Response:
        """Send a JPEG; where there is none, the icon of a film."""
        picture: bytes | None = None
        status = HTTPStatus.NOT_FOUND
        try:
            place = place_of(request.app[KEY_HASS], entry_id)
            with place.looked_at():
                clip = await _found(place, slot, kind, token)
                picture = await place.thumbnails.get(clip)
        except MissingError:
            pass
        except CameraError as err:
            status = _status(err)
        if picture is None:
            return web.Response(
                status=status,
                body=FILM_ICON,
                content_type="image/svg+xml",
                headers={hdrs.CACHE_CONTROL: "no-store"},
            )
        return web.Response(
            body=picture,
            content_type="image/jpeg",
            headers={hdrs.CACHE_CONTROL: "private, max-age=86400"},
        )
