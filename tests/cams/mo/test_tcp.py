"""The pump between a socket and whoever reads."""

import asyncio
import socket

import pytest

from custom_components.panacam.cams.errors import CameraError, ConnectError, ProtocolError, Reason
from custom_components.panacam.cams.net import tcp
from custom_components.panacam.cams.net.tcp import Pump
from tests.cams.mo.support import peer, until

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Ear:
    """Hears everything, and can refuse a word."""

    def __init__(self) -> None:
        """Hear nothing yet."""
        self.heard = b""
        self.errors: list[CameraError] = []
        self.space = bytearray(16)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give sixteen bytes."""
        return memoryview(self.space)

    def received(self, count: int) -> None:
        """Take them."""
        self.heard += self.space[:count]
        if b"bad" in self.heard:
            raise ProtocolError(Reason.UNEXPECTED_REPLY)

    def lost(self, error: CameraError) -> None:
        """Keep the reason."""
        self.errors.append(error)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say what was said."""
    while data := await reader.read(100):
        writer.write(data)


async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say and read nothing."""
    await asyncio.sleep(60)


async def test_echo() -> None:
    """What is written goes out, what comes is put where the reader wants it."""
    ear = Ear()
    async with peer(echo) as port:
        pump = await Pump.open("127.0.0.1", port, ear, timeout=5)
        assert pump.address == "127.0.0.1"
        before = pump.heard_at
        pump.write(b"")
        pump.write(b"a word longer than sixteen bytes")
        await until(lambda: len(ear.heard) == 32)
        assert pump.heard_at >= before
        opened = [pump.is_open]
        await pump.close()
        opened.append(pump.is_open)
    assert opened == [True, False]
    assert ear.errors == []
    pump.write(b"into the void")
    pump.abort(ConnectError(Reason.CUT))
    await pump.close()


async def test_refused_word() -> None:
    """What the reader does not want ends the connection, with its reason, once."""
    ear = Ear()
    async with peer(echo) as port:
        pump = await Pump.open("127.0.0.1", port, ear, timeout=5)
        pump.write(b"bad")
        pump.write(b"worse")
        await until(lambda: ear.errors)
    assert [error.reason for error in ear.errors] == [Reason.UNEXPECTED_REPLY]


async def test_hung_up() -> None:
    """A peer that goes away is told as cut."""

    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    ear = Ear()
    async with peer(leave) as port:
        await Pump.open("127.0.0.1", port, ear, timeout=5)
        await until(lambda: ear.errors)
    assert [error.reason for error in ear.errors] == [Reason.CUT]


async def test_peer_that_does_not_read() -> None:
    """What waits for it has a bound."""
    ear = Ear()
    async with peer(wait) as port:
        pump = await Pump.open("127.0.0.1", port, ear, timeout=5)
        for _ in range(2000):
            pump.write(bytes(16000))
            assert pump._transport.get_write_buffer_size() <= tcp.MAX_UNSENT
            if not pump.is_open:
                break
        await until(lambda: ear.errors)
    assert [error.reason for error in ear.errors] == [Reason.TIMEOUT]


@pytest.mark.parametrize("gently", [True, False])
async def test_close_on_a_peer_that_does_not_read(
    monkeypatch: pytest.MonkeyPatch, gently: bool
) -> None:
    """Its socket is gone after a while, or at once."""
    monkeypatch.setattr(tcp, "CLOSE_TIMEOUT", 0.05)
    ear = Ear()
    async with peer(wait) as port:
        pump = await Pump.open("127.0.0.1", port, ear, timeout=5)
        while not pump._transport.get_write_buffer_size():
            pump.write(bytes(16000))
        if gently:
            await pump.close()
        else:
            pump.hang_up()
        await until(pump._ended.done)
    assert ear.errors == []


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (socket.gaierror(), Reason.UNKNOWN_HOST),
        (UnicodeError(), Reason.UNKNOWN_HOST),
        (ConnectionRefusedError(), Reason.UNREACHABLE),
        (TimeoutError(), Reason.TIMEOUT),
        (OSError(), Reason.UNREACHABLE),
    ],
)
async def test_failures(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, reason: Reason
) -> None:
    """Each failure to connect has its reason."""

    async def fail(*_arguments: object) -> None:
        raise failure

    monkeypatch.setattr(tcp.DIALER, "connect", fail)
    with pytest.raises(ConnectError) as caught:
        await Pump.open("camera.invalid", 80, Ear(), timeout=5)
    assert caught.value.reason is reason


async def test_slow_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting has an end."""

    async def hang(*_arguments: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(tcp.DIALER, "connect", hang)
    with pytest.raises(ConnectError) as caught:
        await Pump.open("127.0.0.1", 80, Ear(), timeout=0.01)
    assert caught.value.reason is Reason.TIMEOUT


async def test_impossible_host() -> None:
    """What cannot even be asked for is a camera error, too."""
    with pytest.raises(ConnectError) as caught:
        await Pump.open("nul\0", 1, Ear(), timeout=5)
    assert caught.value.reason is Reason.UNKNOWN_HOST
