"""TCP to a stranger: what comes is put where its reader wants it, what goes out has a bound.

Everything is told by plain calls out of the event loop's own callback: no task, no queue, no
hand-over between the socket and whoever waits for an alarm.
"""

import asyncio
import socket
from typing import Final, Protocol, cast, override

from ..errors import CameraError, ConnectError, Reason
from .dial import DIALER

MAX_UNSENT: Final = 64 * 1024
"""Bytes that wait for a peer that does not read; more, and the connection is cut."""
CLOSE_TIMEOUT: Final = 1.0
"""Seconds for the last bytes to go out."""


class Reader(Protocol):
    """Who understands the bytes of one connection."""

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to put the next bytes, at least one."""

    def received(self, count: int) -> None:
        """Take the bytes that were put there. CameraError: hang up."""

    def lost(self, error: CameraError) -> None:
        """Learn that the connection has ended; nothing comes after this."""


class Pump(asyncio.BufferedProtocol):
    """One connection, until `lost` or `close`."""

    def __init__(self, reader: Reader) -> None:
        """Tell `reader` what happens."""
        self._transport: asyncio.Transport
        self._loop = asyncio.get_running_loop()
        self._reader = reader
        self._silent = False
        self._error: CameraError = ConnectError(Reason.CUT)
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self.heard_at = self._loop.time()
        """The loop's time when bytes last came."""

    @classmethod
    async def open(cls, host: str, port: int, reader: Reader, *, timeout: float) -> Pump:
        """Connect within `timeout` seconds. ConnectError."""
        try:
            async with asyncio.timeout(timeout):
                _, pump = await DIALER.connect(lambda: cls(reader), host, port)
        except TimeoutError as err:
            raise ConnectError(Reason.TIMEOUT) from err
        except (socket.gaierror, ValueError, OverflowError) as err:
            # UnicodeError, a ValueError, is what a name too long for DNS gives.
            raise ConnectError(Reason.UNKNOWN_HOST) from err
        except OSError as err:
            raise ConnectError(Reason.UNREACHABLE) from err
        return pump

    @property
    def is_open(self) -> bool:
        """Return whether something can still be sent."""
        return not self._transport.is_closing()

    @property
    def address(self) -> str:
        """Return the numeric address of the peer. ConnectError when it was gone at once."""
        if (peername := self._transport.get_extra_info("peername")) is None:
            raise ConnectError(Reason.CUT)
        return str(peername[0])

    @property
    def local_address(self) -> str:
        """Return our own numeric address, which is on the way to the peer. ConnectError."""
        if (sockname := self._transport.get_extra_info("sockname")) is None:
            raise ConnectError(Reason.CUT)
        return str(sockname[0])

    def write(self, data: bytes) -> None:
        """Send, unless it is over; who does not read for long is cut off."""
        transport = self._transport
        if not data or transport.is_closing():
            return
        if transport.get_write_buffer_size() + len(data) > MAX_UNSENT:
            self.abort(ConnectError(Reason.TIMEOUT))
        else:
            transport.write(data)

    def abort(self, error: CameraError) -> None:
        """End it at once; `lost` tells `error` unless another one came first."""
        if self.is_open:
            self._error = error
            self._transport.abort()

    def hang_up(self) -> None:
        """End it without a word to the reader."""
        self._silent = True
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    async def close(self) -> None:
        """End it without a word to the reader; what was written may still go out."""
        self._silent = True
        transport = self._transport
        transport.close()
        try:
            await asyncio.wait([self._ended], timeout=CLOSE_TIMEOUT)
        finally:
            transport.abort()
        await asyncio.wait([self._ended])  # which, cancelled, leaves it to `connection_lost`

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        return self._reader.get_buffer(sizehint)

    @override
    def buffer_updated(self, nbytes: int) -> None:
        self.heard_at = self._loop.time()
        try:
            self._reader.received(nbytes)
        except CameraError as err:
            self.abort(err)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set_result(None)
        if not self._silent:
            self._reader.lost(self._error)
