"""Faults, each as it looks on the wire."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
import random
import socket
import struct
from typing import Final

from aiohttp import web

HUGE_SIZE: Final = 100_000_000
DRIP_PAUSE: Final = 0.5
ELSEWHERE: Final = "http://192.0.2.99"

_FILLER: Final = b"rec=off\r\nrec_counter=00:00:00\r\n" * 8
_LOGIN_PAGE: Final = (
    b"<!DOCTYPE html>\r\n<html><head><title>Login</title></head><body>"
    b'<form method="post" action="/login"><input name="user"><input name="password">'
    b"</form></body></html>\r\n"
)


class Fault(StrEnum):
    """What can go wrong with one CGI request."""

    ERROR_500 = "error_500"
    """500 Internal Server Error."""
    BUSY = "busy"
    """503 Service Unavailable."""
    HANG = "hang"
    """No answer, ever."""
    DRIP = "drip"
    """One byte each half second, for ever."""
    CUT = "cut"
    """The connection closes in the middle of the body."""
    LIE_LONG = "lie_long"
    """Content-Length is larger than the body, then the connection closes."""
    LIE_SHORT = "lie_short"
    """Content-Length is smaller than the body."""
    RUBBISH = "rubbish"
    """Random bytes as the body."""
    HUGE = "huge"
    """A body of 100 MB."""
    EMPTY = "empty"
    """200 with no body."""
    UNAUTHORIZED = "unauthorized"
    """401 though the login is right."""
    RESET = "reset"
    """TCP reset."""
    REDIRECT = "redirect"
    """302 to another host."""
    HTML_PAGE = "html_page"
    """200 with a login page."""
    NO_CONTENT = "no_content"
    """204."""
    CLOSE = "close"
    """The connection closes without an answer."""


class RtspFault(StrEnum):
    """What can go wrong with RTSP."""

    REFUSE = "refuse"
    """Connections are closed as soon as they are accepted."""
    STALL = "stall"
    """Media stops while the connection stays."""
    DROP = "drop"
    """The connection closes some seconds after PLAY."""
    LOSS = "loss"
    """A share of the RTP packets is never sent."""


_WHOLE: Final = {
    Fault.ERROR_500: (500, b"Internal Server Error\r\n", "text/plain"),
    Fault.BUSY: (503, b"Service Unavailable\r\n", "text/plain"),
    Fault.EMPTY: (200, b"", "text/plain"),
    Fault.HTML_PAGE: (200, _LOGIN_PAGE, "text/html"),
    Fault.NO_CONTENT: (204, None, "text/plain"),
}
"""Faults that are a status and a body."""

type Answer = Callable[[], Awaitable[web.StreamResponse]]


async def inflict(
    fault: Fault, request: web.Request, answer: Answer, challenge: str, rng: random.Random
) -> web.StreamResponse:
    """Answer `request` wrongly; `answer` gives the right response where one is needed."""
    match fault:
        case Fault.HANG:
            # Ends by cancellation, when the client goes away or the camera stops.
            await asyncio.Event().wait()
        case Fault.HUGE:
            return await _stream(request, _FILLER * 256, HUGE_SIZE, pause=0)
        case Fault.DRIP:
            return await _stream(request, b"r", HUGE_SIZE, pause=DRIP_PAUSE)
        case Fault.CLOSE:
            _raw(request, b"")
        case Fault.RESET:
            _reset(request)
        case Fault.CUT | Fault.LIE_LONG | Fault.LIE_SHORT:
            _raw(request, await _mangled(fault, answer))
        case Fault.UNAUTHORIZED | Fault.REDIRECT:
            status, name, value = (
                (401, "WWW-Authenticate", challenge)
                if fault is Fault.UNAUTHORIZED
                else (302, "Location", ELSEWHERE + request.path_qs)
            )
            return web.Response(status=status, headers={name: value})
        case Fault.RUBBISH:
            return web.Response(body=rng.randbytes(700), content_type="text/plain")
        case _:
            status, body, kind = _WHOLE[fault]
            return web.Response(status=status, body=body, headers={"Content-Type": kind})
    return web.Response()


async def _mangled(fault: Fault, answer: Answer) -> bytes:
    """Give a response whose head and body disagree."""
    body = _FILLER
    response = await answer()
    if isinstance(response, web.Response) and isinstance(response.body, bytes) and response.body:
        body = response.body
    said, sent = len(body), body
    if fault is Fault.CUT:
        sent = body[: len(body) // 2]
    elif fault is Fault.LIE_LONG:
        said = len(body) + 1000
    else:
        said = len(body) // 2
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {said}\r\n\r\n"
    return head.encode() + sent


async def _stream(
    request: web.Request, chunk: bytes, size: int, *, pause: float
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.content_length = size
    await response.prepare(request)
    sent = 0
    while sent < size:
        piece = chunk[: size - sent]
        await response.write(piece)
        sent += len(piece)
        await asyncio.sleep(pause)
    return response


def _raw(request: web.Request, data: bytes) -> None:
    """Write `data` below the HTTP layer and close."""
    if request.transport is not None:
        request.transport.write(data)
        request.transport.close()


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is not None:
        # Lingering for no time turns the close into a reset.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
