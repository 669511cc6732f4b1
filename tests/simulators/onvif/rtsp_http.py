"""RTSP over HTTP: replies and media in a GET, requests in the Base64 of a POST (10.3.7)."""

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING, Final

from aiohttp import web

from .rtsp_connection import Connection

if TYPE_CHECKING:
    from .rtsp import RtspServer

PATH: Final = "/onvif/profile/{number:[0-9]+}"
_TYPE: Final = "application/x-rtsp-tunnelled"
_HEAD: Final = (
    f"HTTP/1.0 200 OK\r\nContent-Type: {_TYPE}\r\nCache-Control: no-store\r\n"
    "Pragma: no-cache\r\nConnection: close\r\n\r\n"
)
_CHUNK: Final = 4096
_QUANTUM: Final = 4


class Tunnels:
    """The tunnels that are open, by their cookies."""

    def __init__(self, server: RtspServer) -> None:
        """Serve what comes through as RTSP of `server`."""
        self._server = server
        self._readers: dict[str, asyncio.StreamReader] = {}

    def routes(self) -> list[web.RouteDef]:
        """Give what the web server has to listen for."""
        return [web.get(PATH, self._get), web.post(PATH, self._post)]

    async def _get(self, request: web.Request) -> web.StreamResponse:
        """Open a tunnel; lasts until either end has gone."""
        cookie = request.headers.get("x-sessioncookie", "")
        transport = request.transport
        if not cookie or cookie in self._readers or transport is None:
            return web.Response(status=400)
        # Below the HTTP layer, as what follows is not a body of known size.
        transport.write(_HEAD.encode())
        reader = asyncio.StreamReader()
        self._readers[cookie] = reader
        addresses = (
            transport.get_extra_info("sockname")[0],
            transport.get_extra_info("peername")[0],
        )
        try:
            await self._server.serve(Connection(self._server, reader, transport, addresses))
        finally:
            del self._readers[cookie]
        return web.Response()

    async def _post(self, request: web.Request) -> web.StreamResponse:
        """Take requests for the tunnel of the same cookie."""
        reader = self._readers.get(request.headers.get("x-sessioncookie", ""))
        if reader is None:
            return web.Response(status=400)
        waiting = b""
        try:
            async for chunk in request.content.iter_chunked(_CHUNK):
                waiting += b"".join(chunk.split())
                # Each message has padding of its own, so that one decoding will not do.
                while len(waiting) >= _QUANTUM:
                    reader.feed_data(base64.b64decode(waiting[:_QUANTUM], validate=True))
                    waiting = waiting[_QUANTUM:]
        except binascii.Error:
            reader.feed_eof()
            return web.Response(status=400)
        return web.Response()
