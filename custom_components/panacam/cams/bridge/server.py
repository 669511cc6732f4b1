"""MPEG-TS over HTTP on 127.0.0.1, for players on this machine that know the token."""

import asyncio
from collections.abc import Callable
import hmac
from http import HTTPStatus
import secrets
from typing import Final

from aiohttp import web

from ..errors import CameraError, ConnectError, Reason
from .hub import Hub
from .mpegts import TsMuxer
from .packets import Packet
from .viewers import Ended, PacketViewer

HOST: Final = "127.0.0.1"
TOKEN_BYTES: Final = 32
WRITE_TIMEOUT: Final = 30.0
"""Seconds that a viewer may take for what it is sent before it is hung up on."""
INLINE: Final = 16
"""Packets that are muxed in the loop; more at a time, as the past is, go to a thread."""
INLINE_BYTES: Final = 256 * 1024


class Server:
    """One web server; its hubs by key."""

    def __init__(self, find: Callable[[str], Hub | None]) -> None:
        """Serve what `find` returns for a key. It does not listen before it is asked for a URL."""
        self._find = find
        self._token = secrets.token_hex(TOKEN_BYTES)
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._closed = False
        self._starting = asyncio.Lock()

    async def url(self, key: str) -> str:
        """Return where the stream of a key is, token included. Never log it.

        OSError; ConnectError once it is closed.
        """
        async with self._starting:
            if self._closed:
                raise ConnectError(Reason.NO_PICTURE)
            if self._runner is None:
                await self._start()
        return f"{self._base}{key}{self._end}"

    def key_of(self, url: str) -> str | None:
        """Return the key that `url` was made for, or None when it is not ours."""
        if self._runner is None or not url.startswith(self._base):
            return None
        key, dot, rest = url.removeprefix(self._base).partition(".")
        return key if hmac.compare_digest((dot + rest).encode(), self._end.encode()) else None

    @property
    def _base(self) -> str:
        return f"http://{HOST}:{self._port}/"

    @property
    def _end(self) -> str:
        return f".ts?auth={self._token}"

    async def close(self) -> None:
        """Hang up on everybody and listen no more."""
        async with self._starting:
            self._closed = True
            if (runner := self._runner) is not None:
                self._runner = None
                await runner.cleanup()

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get("/{key}.ts", self._serve)
        # No access log: it would have the token in it.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, HOST, 0)
            await site.start()
            self._port = runner.addresses[0][1]
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Send one stream until the player or the stream goes."""
        if not hmac.compare_digest(request.query.get("auth", "").encode(), self._token.encode()):
            raise web.HTTPUnauthorized
        hub = self._find(request.match_info["key"])
        if hub is None:
            raise web.HTTPNotFound
        response = web.StreamResponse(
            headers={"Content-Type": "video/mp2t", "Cache-Control": "no-store"}
        )
        if request.method == "HEAD":
            return response
        try:
            async with hub.packets(past=_wants_past(request)) as viewer:
                await response.prepare(request)
                await _send(response, viewer)
        except CameraError as err:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=err.reason.value)
        except TimeoutError:
            # Else the end of the response would wait for the one who reads nothing.
            if request.transport is not None:
                request.transport.abort()
        except Ended, ConnectionResetError:
            pass
        return response


def _wants_past(request: web.Request) -> bool:
    """Return whether a player makes segments, which the past fills.

    That is FFmpeg in Home Assistant's player. Others, go2rtc first of all, pass on what comes as it
    comes: their viewers would stay as far behind as the past is long.
    """
    return request.headers.get("User-Agent", "").startswith("Lavf")


async def _send(response: web.StreamResponse, viewer: PacketViewer) -> None:
    """Mux and write until nothing more comes. Ended, TimeoutError, ConnectionResetError."""
    muxer: TsMuxer | None = None
    try:
        while True:
            format_, packets = await viewer.take()
            if muxer is None:
                muxer = TsMuxer(format_)
            data = await _muxed(muxer, packets)
            if data:
                async with asyncio.timeout(WRITE_TIMEOUT):
                    await response.write(data)
    finally:
        if muxer is not None:
            muxer.close()


async def _muxed(muxer: TsMuxer, packets: list[Packet]) -> bytes:
    """Return the bytes for packets without holding the loop up."""
    if len(packets) <= INLINE and sum(len(packet.data) for packet in packets) <= INLINE_BYTES:
        return muxer.mux(packets)
    muxing = asyncio.get_running_loop().run_in_executor(None, muxer.mux, packets)
    try:
        return await asyncio.shield(muxing)
    except asyncio.CancelledError:
        # The muxer is closed next: not while a thread is in it.
        await asyncio.wait((muxing,))
        raise
