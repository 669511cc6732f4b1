"""One request to one device and back: to where it really is, few at once, large ones aside."""

import asyncio
import time
from typing import Final

from aiohttp import ClientSession

from ..errors import Reason, RefusedError, UnreachedError
from ..net.http import Answer
from ..stream import Credentials
from .addresses import Addresses, Place
from .hosts import WebServers
from .node import Node
from .soap import Request, Signature, build, read

MAX_ANSWER: Final = 2 * 1024 * 1024
"""Bytes; 300 presets, or a rule description of every kind, are some hundred kilobytes."""
LARGE: Final = 24 * 1024
"""Bytes from which an answer is read outside the event loop."""
MAX_AT_ONCE: Final = 6
"""Requests under way; more than that make small devices stumble."""
DETOUR: Final = 300.0
"""Seconds during which what was to go to a port that cannot be reached goes home at once."""
_MAX_DETOURS: Final = 8

_OK: Final = range(200, 300)
_UNKNOWN_PAGE: Final = frozenset({404, 405, 501})
_FAULTS: Final = frozenset({400, 500})


class Sender(WebServers):
    """Sends requests as it is told to, and reads the answers."""

    def __init__(
        self,
        session: ClientSession,
        addresses: Addresses,
        credentials: Credentials | None,
        fingerprint: str | None = None,
    ) -> None:
        """Reach the device at `addresses.home`. ConnectError, AuthError."""
        super().__init__(session, addresses, credentials, fingerprint)
        self._gate = asyncio.Semaphore(MAX_AT_ONCE)
        self._detours: dict[tuple[str, int, bool], float] = {}
        """Until when a place is not tried that cannot be reached from here."""

    async def exchange(
        self,
        request: Request,
        to: str,
        timeout: float | None,
        signature: Signature | None = None,
        *,
        login: bool = True,
    ) -> Node:
        """Send a request and return its answer; without `login`, HTTP gets none either.

        CameraError.
        """
        envelope = await asyncio.to_thread(build, request, to, signature)
        if timeout is not None:  # a long wait, which must not keep the others from their turn
            answer = await self._post(request, to, envelope, timeout, login=login)
        else:
            async with self._gate:
                answer = await self._post(request, to, envelope, None, login=login)
        if answer.status in _UNKNOWN_PAGE and not answer.body.lstrip().startswith(b"<"):
            raise RefusedError(Reason.UNSUPPORTED, request.operation)
        if answer.status not in _OK and answer.status not in _FAULTS | _UNKNOWN_PAGE:
            raise RefusedError(Reason.REFUSED, f"{request.operation} {answer.status}")
        if len(answer.body) > LARGE:
            return await asyncio.to_thread(read, answer.body, request.operation)
        return read(answer.body, request.operation)

    async def _post(
        self, request: Request, to: str, envelope: bytes, timeout: float | None, *, login: bool
    ) -> Answer:
        place, home = self.place(to), self.addresses.home
        key = place.host, place.port, place.tls
        at_home = Place(home.host, home.port, home.tls, place.path)
        if time.monotonic() < self._detours.get(key, 0.0):
            return await self._post_at(at_home, request, envelope, timeout, login=login)
        try:
            return await self._post_at(place, request, envelope, timeout, login=login)
        except UnreachedError:
            if place == at_home:
                raise
        # A port that only the camera's own network knows.
        answer = await self._post_at(at_home, request, envelope, timeout, login=login)
        while len(self._detours) >= _MAX_DETOURS:
            self._detours.pop(next(iter(self._detours)))
        self._detours[key] = time.monotonic() + DETOUR
        return answer

    async def _post_at(
        self,
        place: Place,
        request: Request,
        envelope: bytes,
        timeout: float | None,
        *,
        login: bool,
    ) -> Answer:
        return await self.http_at(place).request(
            "POST",
            place.path,
            data=envelope,
            headers={
                "Content-Type": f'application/soap+xml; charset=utf-8; action="{request.action}"'
            },
            max_bytes=MAX_ANSWER,
            timeout=timeout,
            login=login,
        )
