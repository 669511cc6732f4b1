"""The second connection, which files and lists go through: the client opens it, we listen."""

import asyncio
from collections.abc import AsyncIterator, Sequence
import errno
import secrets
from typing import Final

_LIMIT: Final = 256 * 1024
"""Bytes that may wait in memory, twice."""
_PIECE: Final = 256 * 1024
_CHUNK: Final = 1024 * 1024
"""Bytes that are written at a time."""

LEAST: Final = 16 * 1024
"""Bytes in the time of a stall: a drip would hold one of few places for hours."""


class NoPortError(Exception):
    """All ports are taken."""


class Ports:
    """The ports that clients may be told to come to."""

    def __init__(self, ports: Sequence[int]) -> None:
        """Take the numbers; none: any that is free."""
        self._ports = ports
        self._taken: set[int] = set()

    def candidates(self) -> Sequence[int]:
        """Return those to try, beginning anywhere: nobody shall know which is next."""
        if not self._ports:
            return (0,)
        start = secrets.randbelow(len(self._ports))
        turned = (*self._ports[start:], *self._ports[:start])
        return [port for port in turned if port not in self._taken]

    def take(self, port: int) -> None:
        """Take one."""
        self._taken.add(port)

    def give_back(self, port: int) -> None:
        """Let others have it."""
        self._taken.discard(port)


class Passive:
    """A port that waits for one connection, of one address."""

    def __init__(self, ports: Ports, peer: str) -> None:
        """Wait for `peer`; nothing is open yet."""
        self._ports = ports
        self._peer = peer
        self._server: asyncio.Server | None = None
        self._opened: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.get_running_loop().create_future()
        )
        self.port = 0

    async def open(self, host: str) -> None:
        """Listen at an address of ours. NoPortError, OSError."""
        for port in self._ports.candidates():
            if port:
                self._ports.take(port)
            try:
                self._server = await asyncio.start_server(
                    self._accept, host, port, limit=_LIMIT, backlog=4
                )
            except OSError as err:
                self._ports.give_back(port)
                if err.errno != errno.EADDRINUSE:
                    raise
            except BaseException:
                self._ports.give_back(port)
                raise
            else:
                self.port = self._server.sockets[0].getsockname()[1]
                return
        raise NoPortError

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the first connection of the client; anybody else would steal or forge a file."""
        peer = writer.get_extra_info("peername")
        if not peer or peer[0] != self._peer or self._opened.done():
            writer.transport.abort()
            return
        self._opened.set_result((reader, writer))
        self._listen_no_more()

    async def connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Wait for the client."""
        return await asyncio.shield(self._opened)

    def close(self) -> None:
        """Listen no more, and hang up."""
        self._listen_no_more()
        if self._opened.done() and not self._opened.cancelled():
            self._opened.result()[1].transport.abort()
        self._opened.cancel()

    def _listen_no_more(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._ports.give_back(self.port)


async def chunks(
    reader: asyncio.StreamReader, stall: float, end: float
) -> AsyncIterator[list[bytes]]:
    """Yield what comes, a chunk at a time, to its end.

    Raises TimeoutError when next to nothing comes for `stall` seconds, or at the loop's time `end`;
    OSError when it breaks off.
    """
    loop = asyncio.get_running_loop()
    pieces: list[bytes] = []
    size = since = 0
    due = loop.time() + stall
    while True:
        async with asyncio.timeout_at(min(end, due)):
            piece = await reader.read(_PIECE)
        since += len(piece)
        if since >= LEAST:
            since, due = 0, loop.time() + stall
        if piece:
            pieces.append(piece)
            size += len(piece)
        if pieces and (size >= _CHUNK or not piece):
            yield pieces
            pieces, size = [], 0
        if not piece:
            return
