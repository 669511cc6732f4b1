"""One connection on its way out: frames, and what faults make of them."""

import asyncio
from collections import deque
import random
import socket
from typing import Final

from .dialect import Dialect
from .faults import Channel, Faults, MoFault
from .wire import HEADER, Op

_HUGE: Final = 0xFFFFFFF0
_UNKNOWN: Final = (0x0101, 77, 0xFFFE, 200)
_TOGETHER: Final = 4
_SINGLE_BYTES: Final = 64
_PIECE: Final = 997
_DRIP_LIMIT: Final = 1 << 20


class Link:
    """Sends frames on one connection; never waits."""

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        channel: Channel,
        dialect: Dialect,
        faults: Faults,
        send_buffer: int,
    ) -> None:
        """Send on `writer`."""
        self.channel: Final = channel
        self.writer: Final = writer
        self.frames_sent = 0
        self._dialect = dialect
        self._faults = faults
        self._send_buffer = send_buffer
        self._dead = False
        self._held: list[bytes] = []
        self._dripping: deque[bytes] = deque()
        self._dripped: asyncio.Task[None] | None = None
        self._rng = random.Random(1)
        found = writer.get_extra_info("socket")
        # What a camera has not sent waits here, where it is counted, rather than in the system.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        writer.transport.set_write_buffer_limits(high=send_buffer)

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.writer.transport.is_closing()

    @property
    def congested(self) -> bool:
        """Whether the client does not read what was sent already."""
        waiting = self.writer.transport.get_write_buffer_size()
        return waiting > self._send_buffer or sum(map(len, self._dripping)) > _DRIP_LIMIT

    @property
    def mute(self) -> bool:
        """Whether a fault keeps this connection silent."""
        return (
            self._dead
            or self._faults.active(MoFault.FREEZE)
            or (self.channel is Channel.OPERATION and self._faults.active(MoFault.SILENT))
        )

    def send(self, code: int, *parts: bytes) -> None:
        """Send a frame whose text is `parts`."""
        if self.closed or self.mute:
            return
        self.frames_sent += 1
        head = self._head(code, sum(map(len, parts)))
        fault = self._faults.framing(self.channel)
        if fault is None and not self._held and not self._dripping:
            self.writer.writelines((head, *parts))
            return
        self._spoil(fault, head + b"".join(parts))

    def close(self) -> None:
        """Send what is left, and close."""
        self._stop()
        self.writer.close()

    def abort(self) -> None:
        """Close at once."""
        self._stop()
        self.writer.transport.abort()

    async def flood(self) -> None:
        """Send rubbish until the client goes away."""
        while not self.closed:
            self.writer.write(self._rng.randbytes(1 << 15))
            await self.writer.drain()
            await asyncio.sleep(0)

    def _head(self, code: int, length: int, *, magic: bytes | None = None) -> bytes:
        dialect = self._dialect
        return HEADER.pack(
            magic or self.channel.magic,
            code,
            dialect.header_reserved,
            bytes(8),
            length,
            length & 0xFFFFFFFF if dialect.repeats_length else 0,
        )

    def _spoil(self, fault: MoFault | None, frame: bytes) -> None:
        match fault:
            case MoFault.WRONG_MAGIC:
                self._write(b"MO_X" + frame[4:])
            case MoFault.HUGE_LENGTH:
                code = int.from_bytes(frame[4:6], "little")
                self._write(self._head(code, _HUGE) + frame[HEADER.size :])
            case MoFault.TRUNCATED:
                self._write(frame[: len(frame) // 2])
                self.close()
            case MoFault.STALLED_FRAME:
                self._write(frame[: len(frame) // 2])
                self._dead = True
            case MoFault.UNKNOWN_OPCODES:
                text = self._rng.randbytes(self._rng.randrange(40))
                self._write(self._head(self._rng.choice(_UNKNOWN), len(text)) + text + frame)
            case MoFault.GLUED:
                self._glue(frame)
            case MoFault.BYTE_BY_BYTE:
                self._drip(frame)
            case _:
                self._write(frame)

    def _write(self, data: bytes) -> None:
        """Send `data` behind all that is held back."""
        if self._dripping:
            self._dripping.append(data)
            return
        self.writer.write(b"".join((*self._held, data)))
        self._held.clear()

    def _glue(self, frame: bytes) -> None:
        if self.channel is Channel.OPERATION:
            alive = self._head(Op.KEEP_ALIVE, 0)
            self._write(alive * 2 + frame + alive)
            return
        self._held.append(frame)
        if len(self._held) >= _TOGETHER:
            self._write(b"")

    def _drip(self, frame: bytes) -> None:
        self._dripping.extend(bytes([byte]) for byte in frame[:_SINGLE_BYTES])
        rest = range(_SINGLE_BYTES, len(frame), _PIECE)
        self._dripping.extend(frame[at : at + _PIECE] for at in rest)
        if self._dripped is None:
            self._dripped = asyncio.create_task(self._drip_all())

    async def _drip_all(self) -> None:
        try:
            while self._dripping and not self.closed:
                self.writer.write(self._dripping[0])
                # A turn of the loop lets a reader in this process see each piece alone.
                await asyncio.sleep(0)
                self._dripping.popleft()
        finally:
            self._dripping.clear()
            self._dripped = None

    def _stop(self) -> None:
        if self._dripped is not None:
            self._dripped.cancel()
