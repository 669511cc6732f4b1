"""A client's data connection (MO_V)."""

import asyncio
import time
from typing import TYPE_CHECKING, Final

from .faults import MoFault
from .link import Link
from .operation import Operation
from .talk import TalkPacket
from .wire import DATA_LOGIN, SOUND, DataOp, Frame, WireError, read_frame

if TYPE_CHECKING:
    from .server import Server


class DataConnection:
    """Media of one client; belongs to its operation connection."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, link: Link) -> None:
        """Serve a connection."""
        self.link: Final = link
        self.operation: Operation | None = None
        """Whose it is, once logged in."""
        self.keep_alives = 0
        """Keep-alives received."""
        self._server = server
        self._reader = reader
        self._timers: list[asyncio.TimerHandle] = []

    async def run(self, begun: bytes) -> None:
        """Read what the client sends until one of both goes away."""
        silence = self._server.silence if self._server.camera.dialect.keep_alive_data else None
        try:
            while not self.link.closed:
                async with asyncio.timeout(silence):
                    frame = await read_frame(self._reader, self.link.channel.magic, begun)
                begun = b""
                self._take(frame)
        except TimeoutError, WireError:
            pass

    def close(self) -> None:
        """Leave the client without streams."""
        for timer in self._timers:
            timer.cancel()
        if self.operation is not None and self.operation.data is self:
            self.operation.data_lost()
        self.link.close()

    def _take(self, frame: Frame) -> None:
        if self.operation is None:
            self._log_in(frame)
        elif frame.code == DataOp.TALK_DATA:
            self._play(self.operation, frame.text)
        elif frame.code == DataOp.KEEP_ALIVE:
            self.keep_alives += 1

    def _log_in(self, frame: Frame) -> None:
        owner = None
        if frame.code == DataOp.LOGIN_REQ and len(frame.text) == DATA_LOGIN.size:
            owner = self._server.owner(DATA_LOGIN.unpack(frame.text)[0])
        if owner is None:
            self.link.close()
            return
        if owner.data is not None:
            # The client has lost the older one, or would not come again.
            owner.data.operation = None
            owner.data.link.close()
        self.operation, owner.data = owner, self
        loop = asyncio.get_running_loop()
        if self._server.camera.dialect.keep_alive_data:
            self._timers.append(loop.call_later(self._server.keep_alive, self._keep_alive))
        faults = self._server.faults
        if faults.active(MoFault.DATA_LOST):
            seconds = faults.seconds(MoFault.DATA_LOST)
            faults.take(MoFault.DATA_LOST)
            self._timers.append(loop.call_later(seconds, self.link.abort))

    def _play(self, operation: Operation, text: bytes) -> None:
        talk = self._server.camera.talk
        if not operation.talking:
            talk.strays += 1
        elif len(text) < SOUND.size:
            talk.malformed += 1
        else:
            talk.add(TalkPacket.decode(text, time.monotonic()))

    def _keep_alive(self) -> None:
        self.link.send(DataOp.KEEP_ALIVE)
        loop = asyncio.get_running_loop()
        self._timers[0] = loop.call_later(self._server.keep_alive, self._keep_alive)
