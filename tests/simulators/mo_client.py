"""A small raw MO client that builds its bytes itself, for the simulators' own tests."""

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import dataclass, field
import struct
from typing import Self

from tests.simulators.mo import MoSimulator

HEADER = struct.Struct("<4sHB8sII")
VIDEO = struct.Struct("<IIBI")
SOUND = struct.Struct("<IIIBI")
ENDED = (asyncio.IncompleteReadError, ConnectionError)
"""What reading gives when the camera has closed the connection."""


def frame(magic: bytes, code: int, text: bytes = b"") -> bytes:
    """Build a frame with all reserved fields 0."""
    return HEADER.pack(magic, code, 0, bytes(8), len(text), 0) + text


async def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`, three seconds at most."""
    async with asyncio.timeout(3):
        while not condition():  # noqa: ASYNC110 - nothing to be told by
            await asyncio.sleep(0.005)


@dataclass(slots=True)
class Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    magic: bytes

    @classmethod
    async def open(cls, sim: MoSimulator, magic: bytes) -> Self:
        """Connect, and say nothing."""
        return cls(*await asyncio.open_connection(sim.host, sim.port), magic)

    def send(self, code: int, text: bytes = b"") -> None:
        """Send a frame."""
        self.writer.write(frame(self.magic, code, text))

    async def raw(self) -> bytes:
        """Read a whole frame as it came."""
        async with asyncio.timeout(3):
            head = await self.reader.readexactly(HEADER.size)
            return head + await self.reader.readexactly(HEADER.unpack(head)[4])

    async def read(self) -> tuple[int, bytes]:
        """Read operation code and text of a frame."""
        data = await self.raw()
        magic, code, *_ = HEADER.unpack_from(data)
        assert magic == self.magic
        return code, data[HEADER.size :]

    async def find(self, *codes: int) -> bytes:
        """Read on to the next frame with one of `codes`, and give its text."""
        while True:
            code, text = await self.read()
            if code in codes:
                return text

    async def ask(self, code: int, text: bytes, answer: int) -> bytes:
        """Send a frame, and give the text of the answer."""
        self.send(code, text)
        return await self.find(answer)

    async def ended(self) -> bytes:
        """Read to the end of the connection, and give what came before it."""
        async with asyncio.timeout(3):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    def close(self) -> None:
        """Close at once."""
        self.writer.transport.abort()


@dataclass(slots=True)
class MoClient:
    """A client that does what it is told, in the order it is told."""

    sim: MoSimulator
    wires: list[Wire] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        """Open the operation connection."""
        await self.open(b"MO_O")
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Close everything."""
        for wire in self.wires:
            wire.close()
        for wire in self.wires:
            with contextlib.suppress(OSError):
                await wire.writer.wait_closed()

    @property
    def operation(self) -> Wire:
        """The operation connection."""
        return self.wires[0]

    @property
    def data(self) -> Wire:
        """The data connection opened last."""
        return self.wires[-1]

    async def open(self, magic: bytes) -> Wire:
        """Open one connection more."""
        wire = await Wire.open(self.sim, magic)
        self.wires.append(wire)
        return wire

    async def log_in(self, user: str = "admin", password: str = "12345") -> tuple[bytes, bytes]:
        """Log in and verify; give both answers."""
        login = await self.operation.ask(0, b"", 1)
        return login, await self.verify(user, password)

    async def verify(self, user: str, password: str) -> bytes:
        """Verify, and give the answer."""
        text = struct.pack("13s13s", user.encode(), password.encode())
        return await self.operation.ask(2, text, 3)

    async def start_video(self) -> Wire:
        """Log in, ask for video, and open the data connection."""
        await self.log_in()
        return await self.open_data(await self.operation.ask(4, b"\x01", 5))

    async def start_audio(self) -> Wire:
        """Log in, ask for sound, and open the data connection."""
        await self.log_in()
        return await self.open_data(await self.operation.ask(8, b"\x01", 9))

    async def start_talk(self) -> Wire:
        """Log in, ask to talk, and open the data connection."""
        await self.log_in()
        return await self.open_data(await self.operation.ask(11, b"\x01", 12))

    async def open_data(self, granted: bytes) -> Wire:
        """Open the data connection that a start response granted."""
        assert granted[:2] == bytes(2)
        wire = await self.open(b"MO_V")
        wire.send(0, granted[2:6])
        return wire

    async def picture(self) -> bytes:
        """Give the next picture, whose lengths have to agree."""
        text = await self.data.find(1)
        assert VIDEO.unpack_from(text)[3] == len(text) - VIDEO.size
        return text[VIDEO.size :]

    async def sound(self) -> tuple[int, bytes]:
        """Give sequence and data of the next sound."""
        text = await self.data.find(2)
        _, sequence, _, kind, size = SOUND.unpack_from(text)
        assert kind == 0
        return sequence, text[SOUND.size : SOUND.size + size]
