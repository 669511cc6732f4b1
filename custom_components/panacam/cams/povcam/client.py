"""Sends commands to one Panasonic camera and reads what it answers."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
import re
import secrets
import time
from types import MappingProxyType
from urllib.parse import urlencode

from yarl import URL

from ..errors import AuthError, BusyError, ProtocolError, Reason, RefusedError
from ..net.http import Answer, Chunks, HttpClient, Method
from ..net.jpeg import MAX_PICTURE, PictureDecoder, only_picture
from .commands import AW_PTZ, CAMERA, MJPEG, VIEW
from .wire import Access, Command

AW_GAP = 0.13
"""Seconds between two aw_ptz commands; sooner, and cameras answer "busy"."""

_OK = frozenset({200, 204})
_NO_SUCH_METHOD = frozenset({404, 405, 501})
_NOT_FOUND = frozenset({404, 405, 410, 501})
_BUSY = 503
_BODIES = frozenset({200, 206})
_BEYOND_END = 416


class PovcamClient:
    """The camera's CGIs over one web server."""

    def __init__(self, http: HttpClient) -> None:
        """Speak over `http`."""
        self._http = http
        self._methods: dict[str, Method] = {}
        self._aw_lock = asyncio.Lock()
        self._aw_at = 0.0
        self._page = 0
        self._by_view = False

    @property
    def has_credentials(self) -> bool:
        """Return whether the camera can be shown who asks."""
        return self._http.has_credentials

    @property
    def base(self) -> URL:
        """Return where the camera's web server is."""
        return self._http.base

    async def call(self, command: Command, **values: str | int) -> bytes:
        """Send one command and return the body of its answer, empty for 204 No Content.

        Settings go as a form by POST, as the specification wants; where the camera knows another
        method only, that is tried once and remembered. Raises ConnectError, AuthError, BusyError,
        ProtocolError; RefusedError(OUT_OF_RANGE) before anything is sent, else with the reason.
        """
        arguments = command.arguments(values)
        method = self._methods.get(command.path, command.methods[0])
        answer = await self._send(method, command, arguments)
        if answer.status in _NO_SUCH_METHOD and command.path not in self._methods:
            for other in command.methods:
                if other != method:
                    answer = await self._send(other, command, arguments)
                    if answer.status in _OK:
                        self._methods[command.path] = other
        return _body(command, answer)

    async def post(self, command: Command, encoding: str, **values: str | int) -> bytes:
        """Send one command as a form whose texts are not in UTF-8, but can be encoded so.

        Raises as `call` does.
        """
        form = urlencode(command.arguments(values), encoding=encoding).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return _body(command, await self._send("POST", command, form, kind))

    async def upload(self, command: Command, name: str, content: bytes) -> bytes:
        """Post a file as the camera's own pages do, by a form; return the body of the answer.

        Raises as `call` does.
        """
        mark = f"panacam-{secrets.token_hex(16)}"
        head = (
            f"--{mark}\r\n"
            f'Content-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        answer = await self._send(
            "POST",
            command,
            b"".join((head.encode(), content, f"\r\n--{mark}--\r\n".encode())),
            {"Content-Type": f"multipart/form-data; boundary={mark}"},
        )
        return _body(command, answer)

    async def aw(self, command: str) -> str:
        """Send one aw_ptz command such as `#APC` and return its answer such as `aPC80008000`.

        Raises as `call` does; RefusedError(UNSUPPORTED | OUT_OF_RANGE) and BusyError for the error
        answers, which come with status 200 (facts).
        """
        async with self._aw_lock:
            if (wait := self._aw_at - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            try:
                body = await self.call(AW_PTZ, cmd=command, res=1)
            finally:
                self._aw_at = time.monotonic() + AW_GAP
        answer = body[:64].decode("ascii", "replace").strip()
        if found := re.match(r"e?r([123]):", answer, re.IGNORECASE):
            match found[1]:
                case "1":
                    raise RefusedError(Reason.UNSUPPORTED, "aw_ptz")
                case "2":
                    raise BusyError(Reason.BUSY, "aw_ptz")
                case _:
                    raise RefusedError(Reason.OUT_OF_RANGE, "aw_ptz")
        return answer

    async def snapshot(self) -> bytes:
        """Return one JPEG picture of 640x360 (2.4), by the other of the two CGIs if one fails."""
        by_view = self._by_view
        try:
            return await self._snapshot_once(by_view=by_view)
        except RefusedError, ProtocolError:
            picture = await self._snapshot_once(by_view=not by_view)
        self._by_view = not by_view
        return picture

    async def _snapshot_once(self, *, by_view: bool) -> bytes:
        self._page += 1
        if not by_view:
            return only_picture(await self.call(CAMERA, resolution="640", page=self._page))
        # Mandatory after power on, allowed any number of times.
        await self.call(VIEW, action="start")
        return only_picture(await self.call(VIEW, action="snapshot", n=self._page))

    @asynccontextmanager
    async def pictures(self, framerate: str) -> AsyncGenerator[AsyncIterator[bytes]]:
        """Open the MJPEG stream of 640x360 at so many frames a second (2.4).

        Of 1, 5, 15 and 30; 12.5 and 25 instead of the last two where the system frequency is 50 Hz.

        Raises as `call` does; iterating raises ConnectError and ProtocolError.
        """
        query = MJPEG.arguments({"resolution": "640", "framerate": framerate})
        async with self._http.stream(MJPEG.path, query=query) as chunks:
            if chunks.status not in _OK:
                _body(MJPEG, Answer(chunks.status, chunks.content_type, b""))
            async with aclosing(_cut(chunks.pieces)) as pictures:
                yield pictures

    @asynccontextmanager
    async def stream(
        self, command: Command, *, start: int = 0, **values: str | int
    ) -> AsyncGenerator[Chunks]:
        """Open an answer that is too large to be kept, from byte `start` on where that is known.

        Its status is 200 or 206. Raises as `call` does; RefusedError(OUT_OF_RANGE) past its end.
        """
        query = command.arguments(values)
        headers = {"Range": f"bytes={start}-"} if start else None
        async with self._http.stream(command.path, query=query, headers=headers) as chunks:
            if chunks.status == _BEYOND_END:
                raise RefusedError(Reason.OUT_OF_RANGE, command.name)
            if chunks.status not in _BODIES:
                _body(command, Answer(chunks.status, chunks.content_type, b""))
                raise ProtocolError(Reason.UNEXPECTED_REPLY, command.name)
            yield chunks

    async def _send(
        self,
        method: Method,
        command: Command,
        arguments: dict[str, str] | bytes,
        extra: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        headers = dict(extra)
        if command.access is Access.ADMIN:
            # Some models serve these only to their own pages (facts).
            headers["Referer"] = str(self._http.base.with_path("/admin/index.html"))
        try:
            return await self._http.request(
                method,
                command.path,
                query=arguments if method == "GET" and not isinstance(arguments, bytes) else None,
                data=arguments if method == "POST" else None,
                headers=headers,
                max_bytes=MAX_PICTURE if command in (CAMERA, VIEW) else command.max_bytes,
                reads=command.reads,
            )
        except AuthError as err:
            if command.access is Access.ADMIN:
                # A user who may look but not change is no reason to ask for other credentials.
                raise RefusedError(Reason.NEEDS_ADMINISTRATOR, command.name) from err
            raise


async def _cut(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Yield the pictures in a stream of bytes. ProtocolError when it ends without a single one."""
    decoder = PictureDecoder()
    any_picture = False
    async for piece in pieces:
        decoder.feed(piece)
        while (picture := decoder.next_picture()) is not None:
            any_picture = True
            yield picture
    if not any_picture:
        raise ProtocolError(Reason.UNEXPECTED_REPLY, MJPEG.name)


def _body(command: Command, answer: Answer) -> bytes:
    """Return the body of an answer that says yes; raise for the others."""
    if answer.status in _OK:
        return answer.body
    if answer.status == _BUSY:
        raise BusyError(Reason.BUSY, command.name)
    if answer.status in _NOT_FOUND:
        raise RefusedError(Reason.UNSUPPORTED, command.name)
    raise RefusedError(Reason.REFUSED, f"{command.name} {answer.status}")
