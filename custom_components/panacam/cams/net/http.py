"""HTTP to a stranger: every wait has an end, every body a bound, no redirect is followed.

The session is handed in and never closed here. Credentials are given only to the camera itself and
only after it asked: Digest by aiohttp's middleware, Basic when the camera offers nothing better.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
import re
from typing import Literal, cast, override

from aiohttp import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientHandlerType,
    ClientMiddlewareType,
    ClientPayloadError,
    ClientRequest,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    ConnectionTimeoutError,
    DigestAuthMiddleware,
    InvalidURL,
    ServerDisconnectedError,
    encode_basic_auth,
)
from multidict import CIMultiDict
from yarl import URL

from ..errors import (
    AuthError,
    ConnectError,
    ProtocolError,
    Reason,
    UnreachedError,
)
from ..stream import Credentials
from .address import is_zoned, zoneless
from .login import LoginRecord
from .tls import OtherCertificateError, pinned_context

type Method = Literal["GET", "POST"]

MAX_TEXT = 128 * 1024
"""Bytes of a text answer; the longest in any specification, a log of 300 lines, is below 32 KiB."""
REQUEST_TIMEOUT = 10.0
"""Seconds for a whole request, drip by drip included."""
CONNECT_TIMEOUT = 5.0
"""Seconds until a connection stands."""
CHUNK_TIMEOUT = 10.0
"""Seconds between two pieces of a stream that has no end."""

_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][\w\-]*)(?=\s+[\w\-]+\s*=|\s*(?:,|$))")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_UNAUTHORIZED = 401
_REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: the status is the camera's, the body is at most as long as was allowed."""

    status: int
    content_type: str
    """Media type without parameters, lower case; empty when the camera names none."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chunks:
    """The start of an answer that is not kept whole, and its pieces."""

    status: int
    content_type: str
    pieces: AsyncIterator[bytes]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """As the camera sent them; names in any case."""


class _Challenge:
    """The part of a response that the digest middleware reads, with one challenge only."""

    def __init__(self, response: ClientResponse, challenge: str) -> None:
        self.status = response.status
        self.url = response.url
        self.headers = CIMultiDict({"WWW-Authenticate": challenge})


def _challenges(response: ClientResponse) -> dict[str, str]:
    """Return what the camera offers, by scheme in lower case, in one header line or in several."""
    found: dict[str, str] = {}
    for line in response.headers.getall("WWW-Authenticate", ()):
        # What is quoted may look like anything.
        bare = _QUOTED.sub(lambda found: "_" * len(found[0]), line)
        starts = [match.start(1) for match in _SCHEME.finditer(bare)]
        for start, end in pairwise([*starts, len(line)]):
            challenge = line[start:end].rstrip(", ")
            found.setdefault(challenge.partition(" ")[0].lower(), challenge)
    return found


class _Digest(DigestAuthMiddleware):
    """Digest that finds its challenge wherever it stands among others."""

    @override
    def _authenticate(self, response: ClientResponse) -> bool:
        if response.status != _UNAUTHORIZED:
            return False
        if (challenge := _challenges(response).get("digest")) is None:
            return False
        again = super()._authenticate(cast("ClientResponse", _Challenge(response, challenge)))
        if again:
            response.release()
        return again


class _Login:
    """Answers the camera's challenge in the scheme it asks for, and remembers that scheme."""

    def __init__(self, credentials: Credentials, record: LoginRecord) -> None:
        try:
            self._digest = _Digest(credentials.username, credentials.password)
        except ValueError as err:  # a colon, which neither scheme can carry in a user name
            raise AuthError(Reason.WRONG_CREDENTIALS) from err
        self._basic = encode_basic_auth(credentials.username, credentials.password)
        self._use_basic = False
        self._record = record
        self.challenged = False

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send the request, with credentials once they are known to be wanted."""
        if tried := self._use_basic and not self._record.digest_seen:
            request.headers["Authorization"] = self._basic
        response = await self._digest(request, handler)
        by_digest = request.headers.get("Authorization", "").startswith("Digest ")
        self.challenged |= tried or by_digest or response.status == _UNAUTHORIZED
        if response.status != _UNAUTHORIZED:
            if by_digest:
                self._record.digest_seen = True
            return response
        offered = _challenges(response)
        self._use_basic = (
            "basic" in offered and "digest" not in offered and not self._record.digest_seen
        )
        if tried or not self._use_basic:
            return response
        response.release()
        request.headers["Authorization"] = self._basic
        return await handler(request)


async def _once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Send the request, and let no error out that has aiohttp send a GET again by itself."""
    with _translated():
        return await handler(request)


@contextmanager
def _translated(unusable: Reason = Reason.UNEXPECTED_REPLY) -> Iterator[None]:
    """Turn what aiohttp raises into camera errors, leaving its texts (which hold URLs) behind."""
    try:
        yield
    except ConnectionTimeoutError as err:
        raise UnreachedError(Reason.TIMEOUT) from err
    except TimeoutError as err:
        raise ConnectError(Reason.TIMEOUT) from err
    except (ClientConnectorDNSError, InvalidURL) as err:
        raise ConnectError(Reason.UNKNOWN_HOST) from err
    except ClientSSLError as err:
        raise _of_tls(err) from err
    except (ClientPayloadError, ServerDisconnectedError) as err:
        raise ConnectError(Reason.CUT) from err
    except ClientConnectorError as err:
        raise UnreachedError(Reason.UNREACHABLE) from err
    except (ClientConnectionError, OSError) as err:
        raise ConnectError(Reason.UNREACHABLE) from err
    except ClientResponseError as err:
        raise ProtocolError(Reason.NOT_HTTP) from err
    except RuntimeError as err:  # the session was closed meanwhile
        raise ConnectError(Reason.UNREACHABLE) from err
    except (ClientError, ValueError) as err:
        # A challenge or a header that aiohttp cannot make sense of, or a host that is none.
        error = ConnectError if unusable is Reason.UNKNOWN_HOST else ProtocolError
        raise error(unusable) from err


def _of_tls(error: ClientSSLError) -> ConnectError:
    """Return what a handshake that failed means."""
    if isinstance(error, ClientConnectorCertificateError) and isinstance(
        error.certificate_error, OtherCertificateError
    ):
        return ConnectError(Reason.OTHER_CERTIFICATE)
    return ConnectError(Reason.TLS)


class HttpClient:
    """One camera's web server."""

    def __init__(
        self,
        session: ClientSession,
        host: str,
        *,
        port: int | None = None,
        tls: bool = False,
        fingerprint: str | None = None,
        credentials: Credentials | None = None,
        timeout: float | None = None,
        record: LoginRecord | None = None,
    ) -> None:
        """Aim at `host` (bare IPv6 allowed); `timeout` in seconds, None: REQUEST_TIMEOUT.

        With a `fingerprint`, whoever shows another certificate is sent nothing:
        ConnectError(OTHER_CERTIFICATE).
        `record` is shared by those who ask the same camera on other ports. Raises ConnectError
        when that is no host, AuthError when no camera can have such a user.
        """
        with _translated(Reason.UNKNOWN_HOST):
            self.base = URL.build(scheme="https" if tls else "http", host=host, port=port)
            self._tls = True if fingerprint is None else pinned_context(fingerprint)
        self._own_headers = {"Accept-Encoding": "identity"}
        self._server_name: str | None = None
        if is_zoned(host):
            # Which of our interfaces leads to it is nothing that a camera could understand.
            self._server_name = zoneless(host)
            self._own_headers["Host"] = (
                self.base.with_host(zoneless(host)).host_port_subcomponent or ""
            )
        self._session = session
        self._timeout = REQUEST_TIMEOUT if timeout is None else timeout
        self.logins = record or LoginRecord()
        self._login = None if credentials is None else _Login(credentials, self.logins)
        self._open: set[ClientResponse] = set()
        self._closed = False

    async def request(
        self,
        method: Method,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        data: Mapping[str, str] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_TEXT,
        timeout: float | None = None,
        login: bool = True,
        reads: bool = False,
    ) -> Answer:
        """Send one request, `data` as a form or as it is, and read the whole answer.

        Without `login`, a challenge is a refusal. Only a GET that `reads`, and changes nothing, is
        sent again when the connection ends without an answer. The status is left to the caller, but
        for 401 (AuthError) and redirects (ConnectError). Raises UnreachedError when nothing was
        sent, ConnectError, AuthError, ProtocolError(TOO_LARGE | NOT_HTTP).
        """
        total = self._timeout if timeout is None else timeout
        # Short of the whole, or who waits could not tell which of the two it was.
        limits = ClientTimeout(total=total, sock_connect=min(CONNECT_TIMEOUT, total / 2))
        async with self._send(
            method, path, query, data, headers, limits, login=login, reads=reads
        ) as response:
            if (response.content_length or 0) > max_bytes:
                raise ProtocolError(Reason.TOO_LARGE)
            body = bytearray()
            async with aclosing(_pieces(response)) as pieces:
                async for piece in pieces:
                    body += piece
                    if len(body) > max_bytes:
                        raise ProtocolError(Reason.TOO_LARGE)
            return Answer(response.status, _media_type(response), bytes(body))

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Chunks]:
        """Open an answer that has no end, or a far one; leaving the context closes its connection.

        The request may be sent twice. Raises as `request` does; iterating `pieces` raises
        ConnectError when the camera stops.
        """
        limits = ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=CHUNK_TIMEOUT)
        async with (
            self._send("GET", path, query, None, headers, limits, reads=True) as response,
            aclosing(_pieces(response)) as pieces,
        ):
            yield Chunks(response.status, _media_type(response), pieces, response.headers)

    @property
    def has_credentials(self) -> bool:
        """Return whether there is anything to answer a challenge with."""
        return self._login is not None

    @property
    def challenged(self) -> bool:
        """Return whether the camera has wanted to see the credentials so far."""
        return self._login is not None and self._login.challenged

    def close(self) -> None:
        """End every answer that is still open; further requests are refused."""
        self._closed = True
        for response in tuple(self._open):
            response.close()

    def _at(self, path: str, query: Mapping[str, str] | None) -> URL:
        """Return the URL of a path on this host, which may have a query of its own."""
        if query is not None or "?" not in path:
            return self.base.with_path(path, encoded="%" in path).with_query(query)
        path, _, rest = path.partition("?")
        return self.base.with_path(path, encoded="%" in path).with_query(rest)

    @asynccontextmanager
    async def _send(
        self,
        method: Method,
        path: str,
        query: Mapping[str, str] | None,
        data: Mapping[str, str] | bytes | None,
        headers: Mapping[str, str] | None,
        limits: ClientTimeout,
        *,
        reads: bool,
        login: bool = True,
    ) -> AsyncGenerator[ClientResponse]:
        """Send one request, wait for its head and refuse what must not be followed."""
        if self._closed:
            raise ConnectError(Reason.UNREACHABLE)
        middlewares: tuple[ClientMiddlewareType, ...] = () if reads else (_once,)
        if login and self._login is not None:
            middlewares = (self._login, *middlewares)
        async with AsyncExitStack() as stack:
            with _translated():
                async with asyncio.timeout(limits.total or self._timeout):
                    response = await stack.enter_async_context(
                        self._session.request(
                            method,
                            self._at(path, query),
                            data=data,
                            headers={**self._own_headers, **(headers or {})},
                            ssl=self._tls,
                            server_hostname=self._server_name,
                            allow_redirects=False,
                            timeout=limits,
                            middlewares=middlewares,
                        )
                    )
            if self._closed:
                raise ConnectError(Reason.UNREACHABLE)
            if response.status == _UNAUTHORIZED:
                raise AuthError(
                    Reason.NO_CREDENTIALS if self._login is None else Reason.WRONG_CREDENTIALS
                )
            if response.status in _REDIRECTS:
                raise ConnectError(Reason.REDIRECTED)
            self._open.add(response)
            stack.callback(self._open.discard, response)
            yield response


def _media_type(response: ClientResponse) -> str:
    """Return the media type alone; aiohttp's own parser fails on strange parameters."""
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


async def _pieces(response: ClientResponse) -> AsyncGenerator[bytes]:
    """Yield the body as it comes, in pieces of at most aiohttp's own buffer."""
    with _translated():
        async for piece in response.content.iter_any():
            yield piece
