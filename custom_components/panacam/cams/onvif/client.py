"""One ONVIF device's web services: addresses, clock, logins, and one function for all requests."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
import time
from typing import Final

from aiohttp import ClientSession

from ..errors import AuthError, CameraError, ConnectError, ProtocolError, Reason, RefusedError
from ..net.http import Answer
from ..stream import Credentials
from .addresses import Addresses, Place
from .hosts import WebServers
from .node import Node
from .soap import Argument, Request, Signature, build, read

DEVICE_SERVICE: Final = "/onvif/device_service"
MAX_ANSWER: Final = 2 * 1024 * 1024
"""Bytes; 300 presets, or a rule description of every kind, are some hundred kilobytes."""
LARGE: Final = 24 * 1024
"""Bytes from which an answer is read outside the event loop."""
MAX_AT_ONCE: Final = 6
"""Requests under way; more than that make small devices stumble."""
CLOCK_AGE: Final = 3600.0
"""Seconds after which the camera's clock is looked at again."""
CLOCK_DOUBT: Final = 60.0
"""Seconds after which a refused login may be the clock's fault."""

_OK: Final = range(200, 300)
_UNKNOWN_PAGE: Final = frozenset({404, 405, 501})
_FAULTS: Final = frozenset({400, 500})


class OnvifClient(WebServers):
    """Sends requests; knows where the services are and what time it is there."""

    def __init__(
        self,
        session: ClientSession,
        host: str,
        port: int | None,
        *,
        tls: bool,
        credentials: Credentials | None,
        trust: bool = False,
    ) -> None:
        """Reach the device at `host`; with `trust`, follow the addresses that it names.

        Raises ConnectError when that is no host, AuthError when no camera can have such a user.
        """
        addresses = Addresses(host, port or (443 if tls else 80), tls=tls, trust=trust)
        super().__init__(session, addresses, credentials)
        self._services: dict[str, str] = {"device": DEVICE_SERVICE}
        """Address of each service, as the device gave it."""
        self._gate = asyncio.Semaphore(MAX_AT_ONCE)
        self._signing = True
        self._offset: timedelta | None = None
        self._offset_at = float("-inf")
        self._clock_lock = asyncio.Lock()

    @property
    def clock_offset(self) -> timedelta | None:
        """Return how far the device's clock is ahead of ours; None: it does not say."""
        return self._offset

    @property
    def services(self) -> Mapping[str, str]:
        """Return the address of each service, as the device gave it."""
        return self._services

    @property
    def signing(self) -> bool:
        """Return whether requests are signed by WS-Security."""
        return self._signing and self.credentials is not None

    def has(self, service: str) -> bool:
        """Return whether the device has a service (a key of SERVICES)."""
        return service in self._services

    def learn(self, services: Mapping[str, str]) -> None:
        """Take the addresses of the services, by their keys."""
        self.addresses.learn(services.get("device"))
        self._services.update(services)

    async def call(
        self,
        service: str,
        operation: str,
        /,
        *,
        address: str | None = None,
        parameters: Sequence[Node] = (),
        timeout: float | None = None,
        signed: bool = True,
        **values: Argument,
    ) -> Node:
        """Send a request and return its answer, the `...Response` element.

        `address` takes the place of the service's own (subscriptions have one each, with reference
        `parameters`); `timeout` in seconds. Raises ConnectError, AuthError, BusyError,
        RefusedError(UNSUPPORTED) also for a service that the device has not, ProtocolError.
        """
        to = address or self._services.get(service)
        if to is None:
            raise RefusedError(Reason.UNSUPPORTED, operation)
        request = Request(
            service=service, operation=operation, values=values, parameters=parameters
        )
        if self.credentials is None:
            try:
                return await self._exchange(request, to, timeout, signed=False)
            except AuthError as err:
                raise AuthError(Reason.NO_CREDENTIALS) from err
        if not signed:
            return await self._exchange(request, to, timeout, signed=False)
        await self._see_clock(CLOCK_AGE)
        try:
            return await self._exchange(request, to, timeout, signed=self._signing)
        except AuthError:
            before = self._offset
            await self._see_clock(CLOCK_DOUBT)
            if self._offset != before and self._signing:
                return await self._exchange(request, to, timeout, signed=True)
            return await self._unsigned(request, to, timeout)
        except RefusedError as err:
            # Some refuse the header itself, not the operation; once accepted, it always is.
            if err.reason is Reason.UNSUPPORTED and self._signing and not self.http.challenged:
                with_digest = await self._or_none(request, to, timeout)
                if with_digest is not None:
                    return with_digest
            raise

    async def _unsigned(self, request: Request, to: str, timeout: float | None) -> Node:
        """Try without WS-Security: who only knows HTTP Digest asks for that. AuthError."""
        if not self._signing:
            raise AuthError(Reason.WRONG_CREDENTIALS)
        answer = await self._exchange(request, to, timeout, signed=False)
        self._signing = False
        return answer

    async def _or_none(self, request: Request, to: str, timeout: float | None) -> Node | None:
        try:
            answer = await self._exchange(request, to, timeout, signed=False)
        except CameraError:
            return None
        if self.http.challenged:
            self._signing = False
        return answer

    async def see_clock(self) -> None:
        """Look at the camera's clock now. CameraError."""
        await self._see_clock(0.0)

    async def _see_clock(self, age: float) -> None:
        """Read the device's time, which needs no login, unless that was done lately."""
        async with self._clock_lock:
            if time.monotonic() - self._offset_at < age:
                return
            # Whatever comes of it: who does not tell is not asked at each request.
            self._offset_at = time.monotonic()
            request = Request(service="device", operation="GetSystemDateAndTime", values={})
            to = self._services["device"]
            try:
                answer = await self._exchange(request, to, None, signed=False)
            except AuthError, RefusedError, ProtocolError:
                if age == 0.0:
                    raise
                return
            except CameraError:
                self._offset_at = float("-inf")
                raise
            if (told := _utc(answer)) is not None:
                self._offset = told - datetime.now(UTC)

    async def _exchange(
        self,
        request: Request,
        to: str,
        timeout: float | None,
        *,
        signed: bool,
    ) -> Node:
        signature = None
        if signed and self.credentials is not None:
            now = datetime.now(UTC) + (self._offset or timedelta())
            signature = Signature(self.credentials, now)
        envelope = await asyncio.to_thread(build, request, to, signature)
        if timeout is not None:  # a long wait, which must not keep the others from their turn
            answer = await self._post(request, to, envelope, timeout)
        else:
            async with self._gate:
                answer = await self._post(request, to, envelope, None)
        if answer.status in _UNKNOWN_PAGE and not answer.body.lstrip().startswith(b"<"):
            raise RefusedError(Reason.UNSUPPORTED, request.operation)
        if answer.status not in _OK and answer.status not in _FAULTS | _UNKNOWN_PAGE:
            raise RefusedError(Reason.REFUSED, f"{request.operation} {answer.status}")
        if len(answer.body) > LARGE:
            return await asyncio.to_thread(read, answer.body, request.operation)
        return read(answer.body, request.operation)

    async def _post(
        self,
        request: Request,
        to: str,
        envelope: bytes,
        timeout: float | None,
    ) -> Answer:
        place = self.place(to)
        try:
            return await self._post_at(place, request, envelope, timeout)
        except ConnectError as err:
            home = self.addresses.home
            if err.reason is not Reason.UNREACHABLE or (place.port, place.tls) == (
                home.port,
                home.tls,
            ):
                raise
            # A port that only the camera's own network knows.
            at_home = Place(home.host, home.port, home.tls, place.path)
            return await self._post_at(at_home, request, envelope, timeout)

    async def _post_at(
        self,
        place: Place,
        request: Request,
        envelope: bytes,
        timeout: float | None,
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
        )


def _utc(answer: Node) -> datetime | None:
    """Return the time that GetSystemDateAndTime tells, or None: some tell none."""
    if (told := answer.child("SystemDateAndTime", "UTCDateTime")) is None:
        return None
    parts = [
        told.number("Date", "Year"),
        told.number("Date", "Month"),
        told.number("Date", "Day"),
        told.number("Time", "Hour"),
        told.number("Time", "Minute"),
        told.number("Time", "Second"),
    ]
    whole = [int(part) for part in parts if part is not None]
    if len(whole) != len(parts):
        return None
    *rest, second = whole
    try:
        return datetime(rest[0], rest[1], rest[2], rest[3], rest[4], min(second, 59), tzinfo=UTC)
    except ValueError, OverflowError:
        return None
