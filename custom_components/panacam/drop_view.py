"""Received clips by HTTP, for players and to keep; only what the drop knows is ever sent."""

import asyncio
from collections.abc import AsyncGenerator
from http import HTTPStatus
import os
from typing import BinaryIO, Final

from aiohttp import hdrs, web
from aiohttp.helpers import content_disposition_header
from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.core import HomeAssistant

from .cams.errors import BusyError
from .cams.playback.remux import UnplayableError
from .const import DOMAIN
from .drop import running_drop
from .ftp import Kind, Received
from .media_reply import MP4, send_remuxed, send_wanted

URL: Final = f"/api/{DOMAIN}/received/{{entry_id}}/{{key}}"
_PIECE: Final = 256 * 1024
_TYPES: Final = {Kind.MP4: MP4, Kind.AVCHD: MP4, Kind.JPEG: "image/jpeg"}
_UNKNOWN: Final = "application/octet-stream"


def clip_url(file: Received) -> str:
    """Return where a clip is played from; Home Assistant signs it."""
    return URL.format(entry_id=file.account, key=file.id)


def type_of(file: Received) -> str:
    """Return what players get."""
    return _TYPES.get(file.kind or Kind.OTHER, _UNKNOWN)


def register_drop_view(hass: HomeAssistant) -> None:
    """Answer at these addresses."""
    hass.http.register_view(ReceivedView)


class ReceivedView(HomeAssistantView):
    """One clip, to be played or (`?download=1`) kept."""

    url = URL
    name = f"api:{DOMAIN}:received"

    async def head(self, request: web.Request, entry_id: str, key: str) -> web.StreamResponse:
        """Tell what a GET would begin with."""
        return await self.get(request, entry_id, key)

    async def get(self, request: web.Request, entry_id: str, key: str) -> web.StreamResponse:
        """Send a clip, or a range of it."""
        drop = running_drop(request.app[KEY_HASS])
        file = None if drop is None else drop.store.find(entry_id, key)
        if drop is None or file is None:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        try:
            handle = await drop.store.opened(file)
        except OSError:
            return web.Response(status=HTTPStatus.NOT_FOUND)
        try:
            return await _send(request, file, handle)
        except BusyError:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        except UnplayableError, OSError:
            return web.Response(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        finally:
            await asyncio.get_running_loop().run_in_executor(None, handle.close)


async def _send(request: web.Request, file: Received, handle: BinaryIO) -> web.StreamResponse:
    def read(start: int, stop: int) -> AsyncGenerator[bytes]:
        return _pieces(handle, start, stop)

    if "download" in request.query or file.kind is Kind.OTHER:
        named = content_disposition_header("attachment", filename=file.name)
        # What it calls itself is no reason for a browser to show it.
        headers: dict[str, str] = {hdrs.CONTENT_TYPE: _UNKNOWN, hdrs.CONTENT_DISPOSITION: named}
        return await send_wanted(request, headers, file.size, read)
    if file.kind is Kind.AVCHD:
        return await send_remuxed(request, read(0, file.size))
    return await send_wanted(request, {hdrs.CONTENT_TYPE: type_of(file)}, file.size, read)


async def _pieces(handle: BinaryIO, start: int, stop: int) -> AsyncGenerator[bytes]:
    """Yield a file's bytes from `start` to before `stop`, read in an executor. OSError."""
    loop = asyncio.get_running_loop()

    def piece() -> bytes:
        return os.pread(handle.fileno(), min(_PIECE, stop - start), start)

    while start < stop:
        if not (data := await loop.run_in_executor(None, piece)):
            raise OSError
        start += len(data)
        yield data
