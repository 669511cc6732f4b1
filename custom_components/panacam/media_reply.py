"""Answers with clips: whole, a range, or AVCHD as MP4; by HTTP, for players of all kinds."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS

from .cams.errors import CameraError
from .cams.playback.remux import UnplayableError
from .cams.playback.remuxer import Remuxer
from .cams.playback.spool import NoRoomError
from .const import LOGGER
from .media_clips import remuxing
from .media_range import wanted_range

MP4: Final = "video/mp4"
_AS_MP4: Final[Mapping[str, str]] = {hdrs.CONTENT_TYPE: MP4}
VIEWER_TIMEOUT: Final = 600.0
"""Seconds for which a viewer may pause without reading; players ask again when they go on."""
_SAFE: Final = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
"""Whatever a camera put into a file, no browser runs it. Home Assistant is too late for this."""


def whole(headers: Mapping[str, str], size: int | None) -> web.StreamResponse:
    """Return the answer that all of it follows; None: nobody knows how much."""
    response = web.StreamResponse(headers={**headers, **_SAFE})
    response.content_length = size
    return response


def part(headers: Mapping[str, str], start: int, stop: int, size: int) -> web.StreamResponse:
    """Return the answer that the bytes from `start` to before `stop` follow."""
    content_range = f"bytes {start}-{stop - 1}/{size}"
    headers = {**headers, hdrs.ACCEPT_RANGES: "bytes", hdrs.CONTENT_RANGE: content_range}
    response = whole(headers, stop - start)
    response.set_status(HTTPStatus.PARTIAL_CONTENT)
    return response


def unsatisfiable(size: int) -> web.StreamResponse:
    """Return the answer to who asks for what is behind the end."""
    return web.Response(
        status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        headers={hdrs.CONTENT_RANGE: f"bytes */{size}"},
    )


async def send_wanted(
    request: web.Request,
    headers: Mapping[str, str],
    size: int,
    read: Callable[[int, int], AsyncGenerator[bytes]],
) -> web.StreamResponse:
    """Send all, or the range that is asked for; `read` yields from here to before there."""
    wanted = wanted_range(request.headers.get(hdrs.RANGE))
    if wanted is None:
        response = whole({**headers, hdrs.ACCEPT_RANGES: "bytes"}, size)
        return await send(request, response, read(0, size))
    if (found := wanted.of(size)) is None:
        return unsatisfiable(size)
    return await send(request, part(headers, *found, size), read(*found))


async def send_remuxed(
    request: web.Request,
    source: AsyncGenerator[bytes],
    length: timedelta | None = None,
    headers: Mapping[str, str] = _AS_MP4,
) -> web.StreamResponse:
    """Send AVCHD as MP4, made on the way: its size is known by nobody, so there are no ranges.

    BusyError, UnplayableError, and what the source raises, as long as nothing was sent.
    """
    response = whole({**headers, hdrs.ACCEPT_RANGES: "none"}, None)
    async with aclosing(source):
        if request.method == hdrs.METH_HEAD:
            await response.prepare(request)
            return response
        with remuxing(request.app[KEY_HASS]):
            async with aclosing(Remuxer(length).pieces(source)) as pieces:
                first = b""
                async for first in pieces:
                    if first or _is_gone(request):
                        break
                return await send(request, response, _after(first, pieces))


async def _after(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def send(
    request: web.Request, response: web.StreamResponse, pieces: AsyncGenerator[bytes]
) -> web.StreamResponse:
    """Send pieces while somebody takes them; what breaks off never looks whole."""
    async with aclosing(pieces):
        try:
            await response.prepare(request)
            if request.method == hdrs.METH_HEAD:
                return response
            async for piece in pieces:
                if piece:
                    async with asyncio.timeout(VIEWER_TIMEOUT):
                        await response.write(piece)
                elif _is_gone(request):
                    return response
            await response.write_eof()
        except ConnectionResetError:
            LOGGER.debug("Who watched a clip has gone")
        except (CameraError, NoRoomError, UnplayableError, OSError) as err:  # TimeoutError, too
            LOGGER.debug("A clip broke off: %s", type(err).__name__)
            if request.transport is not None:
                request.transport.abort()
    return response


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
