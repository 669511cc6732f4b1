"""RTSP inside HTTP, as some networks let nothing else pass (IEC 62676-2-31, 10.3.7).

A GET carries what the camera says, a POST with the same cookie what the player says, in base64.
"""

import asyncio
from base64 import b64decode
from typing import Self


class Tunnel:
    """A web server on 127.0.0.1 in front of a camera's RTSP port."""

    def __init__(self, rtsp_port: int) -> None:
        """Lead to `rtsp_port`."""
        self.port = 0
        self.posts = 0
        """How often a player came with what it has to say."""
        self._rtsp_port = rtsp_port
        self._cameras: dict[str, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Hang up."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            cookie = head.partition("x-sessioncookie:")[2].split("\r\n")[0].strip()
            if head.startswith("get "):
                await self._down(cookie, writer)
            else:
                self.posts += 1
                await self._up(self._cameras[cookie], reader)
        except OSError, asyncio.IncompleteReadError, asyncio.CancelledError:
            pass  # one of both has gone, or the test is over
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _down(self, cookie: str, writer: asyncio.StreamWriter) -> None:
        reader, camera = await asyncio.open_connection("127.0.0.1", self._rtsp_port)
        self._cameras[cookie] = camera
        try:
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n")
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            camera.transport.abort()

    async def _up(self, camera: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        waiting = b""
        while data := await reader.read(65536):
            waiting += b"".join(data.split())
            whole = len(waiting) // 4 * 4
            camera.write(b64decode(waiting[:whole]))
            waiting = waiting[whole:]
