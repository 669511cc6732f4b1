"""Somebody who stands where a camera was."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.simulators.tls import TlsListener, new_context


class _Ear(asyncio.Protocol):
    def __init__(self, listener: Eavesdropper) -> None:
        self._listener = listener

    def data_received(self, data: bytes) -> None:
        self._listener.heard += data


class Eavesdropper:
    """Somebody with a certificate of his own who writes down what he is told."""

    def __init__(self) -> None:
        """Hear nothing yet."""
        self.heard = b""
        self.connections = 0
        """How many came, those included that did not like the certificate."""
        self.port = 0

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncGenerator[None]:
        """Listen there, on loopback."""
        listener = TlsListener(lambda: _Ear(self), new_context())
        self.port = listener.start("127.0.0.1", port)
        try:
            yield
        finally:
            self.connections += listener.accepted
            await listener.close()
