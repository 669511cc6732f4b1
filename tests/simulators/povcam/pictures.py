"""JPEG and MJPEG over HTTP (2.4)."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final

from aiohttp import web

from .camera import Camera
from .cgi import MissingError, Params, RefusedError, choice, needed, needed_choice
from .jpeg import SHELF
from .rates import rates

type PictureHandler = Callable[[web.Request, Params], Awaitable[web.StreamResponse]]

BOUNDARY: Final = "myboundary"
_DEFAULT_RATE: Final = "5"
_RATES: Final = ("1", "5", "15", "30")


class Pictures:
    """The picture CGIs of one camera."""

    def __init__(self, camera: Camera, *, media: bool) -> None:
        """Serve pictures of the scene, or black ones without `media`."""
        self._camera = camera
        self._media = media
        self._rates = rates(camera.options, *_RATES)
        self._encoder: ThreadPoolExecutor | None = None
        self.handlers: Final[dict[str, PictureHandler]] = {
            "view.cgi": self._view,
            "camera": self._one_shot,
            "mjpeg": self._mjpeg,
            "jpeg": self._jpeg,
        }

    def close(self) -> None:
        """End the encoder's thread."""
        if self._encoder is not None:
            self._encoder.shutdown(wait=True)
            self._encoder = None

    async def _picture(self) -> bytes:
        if self._encoder is None:
            self._encoder = ThreadPoolExecutor(1, "povcam-jpeg")
        lit = self._media and self._camera.jpeg_transmit and not self._camera.standby
        make = SHELF.picture if lit else SHELF.black
        return await asyncio.get_running_loop().run_in_executor(self._encoder, make)

    async def _answer(self) -> web.Response:
        return web.Response(body=await self._picture(), content_type="image/jpeg")

    async def _view(self, _request: web.Request, params: Params) -> web.StreamResponse:
        match needed_choice(params, "action", "start", "snapshot", "stop"):
            case "start":
                # Needed once after power on, allowed any number of times.
                self._camera.view_started = True
            case "snapshot":
                if not self._camera.view_started:
                    raise RefusedError
                return await self._answer()
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def _one_shot(self, _request: web.Request, params: Params) -> web.StreamResponse:
        choice(params, "resolution", "640", "640")
        return await self._answer()

    async def _mjpeg(self, request: web.Request, params: Params) -> web.StreamResponse:
        choice(params, "resolution", "640", "640")
        rate = choice(params, "framerate", _DEFAULT_RATE, *self._rates)
        match choice(params, "action", "start", "snapshot", "start", "stop"):
            case "snapshot":
                return await self._answer()
            case "stop":
                return web.Response(status=HTTPStatus.NO_CONTENT)
        return await self._stream(request, float(rate))

    async def _jpeg(self, request: web.Request, params: Params) -> web.StreamResponse:
        connect = needed_choice(params, "connect", "start", "stop")
        uid = needed(params, "UID")
        choice(params, "resolution", "640", "640")
        rate = choice(params, "framerate", _DEFAULT_RATE, *self._rates)
        if not uid.isdecimal():
            raise MissingError(uid)
        if (int(uid), "jpeg") not in self._camera.uids:
            raise RefusedError(uid)
        if connect == "stop":
            return web.Response(status=HTTPStatus.NO_CONTENT)
        return await self._stream(request, float(rate))

    async def _stream(self, request: web.Request, rate: float) -> web.StreamResponse:
        """Send pictures until the client goes away; a slow client gets fewer of them."""
        dashes = "--" if self._camera.options.boundary_dashes else ""
        kind = f"multipart/x-mixed-replace; boundary={dashes}{BOUNDARY}"
        response = web.StreamResponse(headers={"Content-Type": kind, "Connection": "close"})
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            picture = await self._picture()
            head = (
                f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                f"Content-Length: {len(picture)}\r\n\r\n"
            )
            await response.write(head.encode() + picture + b"\r\n")
            due = max(due + 1 / rate, loop.time())
            await asyncio.sleep(due - loop.time())
