"""The camera's one port: operation, data and a trace of a web server."""

import asyncio
from typing import Final

from .camera import Camera
from .data import DataConnection
from .faults import Channel, Faults, MoFault
from .link import Link
from .media import Media
from .operation import Operation
from .wire import Op

_HTTP: Final = (b"GET ", b"HEAD", b"POST")
_NOT_FOUND: Final = b"<html><body>404 Not Found</body></html>\r\n"
_HTTP_TIME: Final = 5.0


class Server:
    """Listens, and knows all connections."""

    def __init__(
        self, camera: Camera, faults: Faults, keep_alive: float, silence: float, send_buffer: int
    ) -> None:
        """Make a server that does not listen yet."""
        self.camera: Final = camera
        self.faults: Final = faults
        self.keep_alive: Final = keep_alive
        self.silence: Final = silence
        self.operations: Final[list[Operation]] = []
        self.data_connections: Final[list[DataConnection]] = []
        self._send_buffer = send_buffer
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._media = Media(camera, faults, self.operations)

    @property
    def talker(self) -> Operation | None:
        """Who talks."""
        return next((client for client in self.operations if client.talking), None)

    @property
    def connections(self) -> int:
        """How many connections there are, of whatever kind."""
        return len(self._tasks)

    async def start(self, host: str, port: int) -> int:
        """Listen, and give the port."""
        self._server = await asyncio.start_server(self._accept, host, port)
        self._media.start()
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening, and drop everyone."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, self._media.stop(), return_exceptions=True)
        if server is not None:
            # What waits for a client that does not read would be waited for.
            server.abort_clients()
            await server.wait_closed()

    def full(self, newcomer: Operation) -> bool:
        """Whether there is no place for one client more."""
        others = sum(one.logged_in for one in self.operations if one is not newcomer)
        if self.faults.active(MoFault.SECOND_CLIENT):
            others += self.camera.model.max_connections - 1
        return others >= self.camera.model.max_connections

    def owner(self, data_id: int) -> Operation | None:
        """Give the client whose data connection has that id."""
        # The last one, since some cameras give the same id to all.
        found = [one for one in self.operations if one.verified and one.data_id == data_id]
        waiting = [one for one in found if one.data is None]
        return next(reversed(waiting or found), None)

    def set_parameter(self, place: int, value: int) -> None:
        """Change a parameter, and tell everyone."""
        if self.camera.set_parameter(place, value):
            self.broadcast(Op.PARAMETERS_CHANGED, bytes([place, value]))

    def broadcast(self, code: Op, text: bytes) -> int:
        """Send to every verified client, and give how many there are."""
        clients = [client for client in self.operations if client.verified]
        for client in clients:
            client.link.send(code, text)
        return len(clients)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or self.faults.take(MoFault.CLOSE_ON_ACCEPT):
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError:
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Find out what the connection is for, by its first bytes."""
        async with asyncio.timeout(self.silence):
            begun = await reader.readexactly(4)
        if begun in _HTTP:
            await _not_found(reader, writer)
            return
        channel = next((one for one in Channel if one.magic == begun), None)
        if channel is None:
            return
        link = Link(writer, channel, self.camera.dialect, self.faults, self._send_buffer)
        if self.faults.take(MoFault.FLOOD, channel):
            await link.flood()
        elif channel is Channel.OPERATION:
            await self._run(Operation(self, reader, link), self.operations, begun)
        else:
            await self._run(DataConnection(self, reader, link), self.data_connections, begun)

    async def _run[C: (Operation, DataConnection)](
        self, connection: C, register: list[C], begun: bytes
    ) -> None:
        register.append(connection)
        try:
            await connection.run(begun)
        finally:
            register.remove(connection)
            connection.close()


async def _not_found(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a request for a page, as the camera's web server on the same port would."""
    async with asyncio.timeout(_HTTP_TIME):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(_NOT_FOUND), _NOT_FOUND)
        )
        await writer.drain()
