"""HTTPS with self-signed certificates, and hosts in URLs: what all web servers here share."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import cache
import ipaddress
from pathlib import Path
import socket
import ssl
import tempfile
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@cache
def server_context() -> ssl.SSLContext:
    """TLS settings of the web server, the same for all of a process; blocking."""
    return new_context()


def new_context() -> ssl.SSLContext:
    """TLS settings with a certificate of their own; blocking."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera.invalid")])
    # Far wide, for tests that set the clock to another year.
    now = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=365 * 30))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address(host)) for host in ("127.0.0.1", "::1")]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The ssl module reads certificates from files only.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "camera.pem")
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context


class TlsListener:
    """Accepts TLS connections.

    asyncio's own server reports a refused certificate as an error of the event loop,
    which Home Assistant's test suite takes for a failure; here it is just a client gone.
    """

    def __init__(
        self, factory: Callable[[], asyncio.BaseProtocol], context: ssl.SSLContext
    ) -> None:
        """Give every connection that shakes hands a protocol of `factory`."""
        self._factory = factory
        self.context = context
        self.accepted = 0
        """How many connections there were, those included that did not like the certificate."""
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self._socket: socket.socket | None = None

    def start(self, host: str, port: int) -> int:
        """Listen, and give the port."""
        self._socket = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
        self._socket.setblocking(False)
        self._keep(self._accept(self._socket))
        bound: int = self._socket.getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening, and shaking hands."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            accepted, _ = await loop.sock_accept(listening)
            self.accepted += 1
            self._keep(self._shake_hands(accepted))

    async def _shake_hands(self, accepted: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(self._factory, accepted, ssl=self.context)
        except OSError, asyncio.CancelledError:
            accepted.close()


def in_url(host: str) -> str:
    """Give a host as URLs have it."""
    return f"[{host}]" if ":" in host else host
