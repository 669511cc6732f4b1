"""Faults inflicted on one operation, each as it looks on the wire."""

import asyncio
from enum import StrEnum
import random
import socket
import struct
from typing import Final

from aiohttp import web

from . import soap
from .service import NAMESPACES, SoapFault

HUGE_SIZE: Final = 50_000_000
DRIP_PAUSE: Final = 0.5
ELSEWHERE: Final = "http://192.0.2.99"
CONTENT_TYPE: Final = soap.CONTENT_TYPE

_SOAP: Final = {"Content-Type": CONTENT_TYPE}
_DEPTH: Final = 100_000
_LOGIN_PAGE: Final = (
    "<!DOCTYPE html>\r\n<html><head><title>Login</title></head><body>"
    '<form method="post" action="/login"><input name="user"><input name="password">'
    "</form></body></html>\r\n"
)


class Fault(StrEnum):
    """What can go wrong with one request."""

    ERROR_500 = "error_500"
    """500 Internal Server Error, and no SOAP."""
    HANG = "hang"
    """No answer, ever."""
    DRIP = "drip"
    """One byte each half second, for ever."""
    CUT = "cut"
    """The connection closes in the middle of the body."""
    RESET = "reset"
    """TCP reset."""
    CLOSE = "close"
    """The connection closes without an answer."""
    EMPTY = "empty"
    """200 with no body."""
    HTML = "html"
    """200 with a login page."""
    NOT_XML = "not_xml"
    """200 with random bytes said to be SOAP."""
    BROKEN_XML = "broken_xml"
    """The right answer without its last half."""
    HUGE = "huge"
    """A well-formed answer of 50 MB."""
    DEEP = "deep"
    """An answer of a hundred thousand nested elements."""
    BILLION_LAUGHS = "billion_laughs"
    """An answer whose entities unfold to gigabytes."""
    EXTERNAL_ENTITY = "external_entity"
    """An answer that wants a file of the client's machine in it."""
    REDIRECT = "redirect"
    """307 to another host."""
    UNAUTHORIZED = "unauthorized"
    """401 though the login is right."""
    WRONG_RESPONSE = "wrong_response"
    """The well-formed answer to an operation that nobody asked for."""
    FAULT_200 = "fault_200"
    """A SOAP fault with HTTP 200."""
    FAULT_500 = "fault_500"
    """A SOAP fault of the receiver with HTTP 500."""
    UNDECLARED_PREFIX = "undeclared_prefix"
    """A SOAP fault whose prefixes are declared nowhere."""
    EMPTY_RESPONSE = "empty_response"
    """The operation's Response with nothing in it."""
    NOT_SUPPORTED = "not_supported"
    """The fault for an operation that is not there."""

    @property
    def mangles(self) -> bool:
        """Whether it is made of the right answer."""
        return self in (Fault.CUT, Fault.BROKEN_XML)


async def inflict(
    fault: Fault, request: web.Request, operation: str, right: web.Response | None, challenge: str
) -> web.StreamResponse:
    """Answer `request` wrongly; `right` is the right answer for those that mangle it."""
    match fault:
        case Fault.HANG:
            # Ends by cancellation, when the client goes away or the camera stops.
            await asyncio.Event().wait()
        case Fault.DRIP:
            return await _drip(request)
        case Fault.HUGE:
            return await _huge(request, operation)
        case Fault.CLOSE:
            _raw(request, b"")
        case Fault.RESET:
            _reset(request)
        case Fault.CUT:
            _raw(request, _half(right))
        case _:
            return _whole(fault, request, operation, right, challenge)
    return web.Response()


def _whole(
    fault: Fault, request: web.Request, operation: str, right: web.Response | None, challenge: str
) -> web.Response:
    """Give the faults that are one response like any other."""
    made = {
        Fault.REDIRECT: (307, b"", {"Location": ELSEWHERE + request.path_qs}),
        Fault.UNAUTHORIZED: (401, b"", {"WWW-Authenticate": challenge}),
        Fault.ERROR_500: (500, b"Internal Server Error\r\n", {"Content-Type": "text/plain"}),
        Fault.HTML: (200, _LOGIN_PAGE.encode(), {"Content-Type": "text/html"}),
        Fault.EMPTY: (200, b"", _SOAP),
        Fault.NOT_XML: (200, random.Random(1).randbytes(700), _SOAP),
    }
    if fault is Fault.BROKEN_XML:
        body = _body(right)
        status, body, headers = 200, body[: len(body) // 2], _SOAP
    elif fault in made:
        status, body, headers = made[fault]
    elif fault is Fault.DEEP:
        status, body, headers = 200, _deep(operation), _SOAP
    else:
        status, document = _documents(operation)[fault]
        body, headers = document.encode(), _SOAP
    return web.Response(status=status, body=body, headers=headers)


def _deep(operation: str) -> bytes:
    inside = "<tt:Extension>" * _DEPTH + "</tt:Extension>" * _DEPTH
    return soap.envelope(soap.response("tds", operation, inside)).encode()


def _documents(operation: str) -> dict[Fault, tuple[int, str]]:
    """Give status and envelope of the faults that are XML."""
    answer = f"tds:{operation}Response"
    internal = soap.fault(SoapFault("Receiver", ("Action",), "internal error"))
    unknown = soap.fault(SoapFault("Receiver", ("ActionNotSupported",), "not implemented"))
    foreign = soap.fault(SoapFault("Receiver", ("Action",), "internal error"), prefix="vendor")
    return {
        Fault.BILLION_LAUGHS: (200, _BILLION_LAUGHS.replace("ANSWER", answer)),
        Fault.EXTERNAL_ENTITY: (200, _EXTERNAL_ENTITY.replace("ANSWER", answer)),
        Fault.WRONG_RESPONSE: (200, soap.envelope(soap.response("tds", "GetDot1X", _TOKEN))),
        Fault.EMPTY_RESPONSE: (200, soap.envelope(f"<{answer}></{answer}>")),
        Fault.NOT_SUPPORTED: (500, soap.envelope(unknown)),
        Fault.UNDECLARED_PREFIX: (400, soap.envelope(foreign)),
        Fault.FAULT_200: (200, soap.envelope(internal)),
        Fault.FAULT_500: (500, soap.envelope(internal)),
    }


_TOKEN: Final = "<tds:Token>1</tds:Token>"
_BILLION_LAUGHS: Final = (
    '<?xml version="1.0"?>\n<!DOCTYPE l [<!ENTITY l0 "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 11))
    + f']>\n<s:Envelope xmlns:s="{NAMESPACES["s"]}" xmlns:tds="{NAMESPACES["tds"]}">'
    "<s:Body><ANSWER>&l10;</ANSWER></s:Body></s:Envelope>"
)
_EXTERNAL_ENTITY: Final = (
    '<?xml version="1.0"?>\n<!DOCTYPE l [<!ENTITY file SYSTEM "file:///etc/hostname">]>\n'
    f'<s:Envelope xmlns:s="{NAMESPACES["s"]}" xmlns:tds="{NAMESPACES["tds"]}">'
    "<s:Body><ANSWER>&file;</ANSWER></s:Body></s:Envelope>"
)


def _half(right: web.Response | None) -> bytes:
    body = _body(right)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body[: len(body) // 2]


def _body(right: web.Response | None) -> bytes:
    assert right is not None
    assert isinstance(right.body, bytes)
    return right.body


async def _drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE})
    response.content_length = HUGE_SIZE
    await response.prepare(request)
    for _ in range(HUGE_SIZE):
        await response.write(b" ")
        await asyncio.sleep(DRIP_PAUSE)
    return response


async def _huge(request: web.Request, operation: str) -> web.StreamResponse:
    """Stream a well-formed answer, without its length: only counting helps."""
    response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE})
    await response.prepare(request)
    first, last = soap.envelope(f"<tds:{operation}Response>|</tds:{operation}Response>").split("|")
    piece = b"<tt:Extension>0123456789012345678901234567890123456789</tt:Extension>" * 1000
    await response.write(first.encode())
    for _ in range(HUGE_SIZE // len(piece) + 1):
        await response.write(piece)
    await response.write(last.encode())
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
