"""The bytes of one clip, over HTTP (10.3)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
import re
from typing import Final

from aiohttp import hdrs, web

from .camera import Camera
from .clip_faults import DownloadFault
from .clips import Clip
from .films import Content

_BLOCK: Final = 128 * 1024
_SLICES: Final = 20
"""How many blocks a second a slow camera sends."""
_WHOLE: Final = 8 * 1024 * 1024
"""Bytes that a fault sends below the HTTP layer at most."""
_TYPE: Final = "application/octet-stream"
_RANGE: Final = re.compile(r"bytes=([0-9]{1,19})-([0-9]{0,19})")


@dataclass(frozen=True, slots=True)
class _Part:
    """What is sent of a clip."""

    start: int
    end: int
    partial: bool = False


async def send(
    request: web.Request, camera: Camera, slot: str, clip: Clip, fault: DownloadFault | None
) -> web.StreamResponse:
    """Answer with a clip, rightly or with `fault`."""
    content = await asyncio.get_running_loop().run_in_executor(None, clip.film.content)
    name = "../../evil.sh" if fault is DownloadFault.BAD_NAME else clip.name
    headers: dict[str, str] = {
        hdrs.CONTENT_TYPE: _TYPE,
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{_printable(name)}"',
    }
    match fault:
        case DownloadFault.SMALLER | DownloadFault.NO_LENGTH:
            return _below(request, headers, content, fault)
        case DownloadFault.EMPTY:
            return web.Response(headers=headers)
    part = _part(camera, request, content.size)
    if part is None:
        return web.Response(
            status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            headers={hdrs.CONTENT_RANGE: f"bytes */{content.size}"},
        )
    response = web.StreamResponse(headers=headers)
    if part.partial:
        response.set_status(HTTPStatus.PARTIAL_CONTENT)
        said = f"bytes {part.start}-{part.end - 1}/{content.size}"
        response.headers[hdrs.CONTENT_RANGE] = said
    if fault is DownloadFault.CHUNKED:
        response.enable_chunked_encoding()
    else:
        more = 1000 if fault is DownloadFault.LARGER else 0
        response.content_length = part.end - part.start + more
    if camera.options.ranges:
        response.headers[hdrs.ACCEPT_RANGES] = "bytes"
    await response.prepare(request)
    half = (part.start + part.end) // 2
    end = half if fault in (DownloadFault.CUT, DownloadFault.STALL) else part.end
    whole = await _send_part(response, camera, slot, content, _Part(part.start, end))
    if fault is DownloadFault.STALL and whole:
        # Ends by cancellation, when the client goes away or the camera stops.
        await asyncio.Event().wait()
    if not whole or fault in (DownloadFault.CUT, DownloadFault.LARGER):
        _hang_up(request)
    return response


async def _send_part(
    response: web.StreamResponse, camera: Camera, slot: str, content: Content, part: _Part
) -> bool:
    """Send from `start` to `end`; False when the card was pulled meanwhile."""
    loop = asyncio.get_running_loop()
    speed = camera.options.throughput
    block = max(1, min(_BLOCK, int(speed / _SLICES))) if speed else _BLOCK
    card = camera.slots[slot]
    began, at = loop.time(), part.start
    while at < part.end:
        if not card.inserted:
            return False
        piece = content.read(at, min(block, part.end - at))
        await response.write(piece)
        at += len(piece)
        if speed:
            await asyncio.sleep(began + (at - part.start) / speed - loop.time())
    return True


def _part(camera: Camera, request: web.Request, size: int) -> _Part | None:
    """Give what is asked for: all of it, unless this camera knows ranges; none outside of it."""
    asked = request.headers.get(hdrs.RANGE)
    found = _RANGE.fullmatch(asked) if asked is not None and camera.options.ranges else None
    if found is None:
        return _Part(0, size)
    start, last = int(found[1]), int(found[2] or size - 1)
    if start >= size or last < start:
        return None
    return _Part(start, min(last + 1, size), partial=True)


def _below(
    request: web.Request, headers: Mapping[str, str], content: Content, fault: DownloadFault
) -> web.Response:
    """Send a small clip below the HTTP layer, with a length that is wrong or missing."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if fault is DownloadFault.SMALLER:
        lines.append(f"{hdrs.CONTENT_LENGTH}: {content.size // 2}")
    else:
        lines.append(f"{hdrs.CONNECTION}: close")
    head = "\r\n".join(("HTTP/1.1 200 OK", *lines, "", ""))
    if request.transport is not None:
        request.transport.write(head.encode())
        at = 0
        while at < _WHOLE and (piece := content.read(at, _BLOCK)):
            request.transport.write(piece)
            at += len(piece)
        request.transport.close()
    return web.Response()


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _printable(name: str) -> str:
    """Leave out what would break the header."""
    return "".join(sign for sign in name if " " <= sign <= "~" and sign != '"')
