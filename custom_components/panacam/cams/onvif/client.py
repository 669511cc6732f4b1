"""One ONVIF device's web services: addresses, logins, and one function for all requests."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
import time
from typing import Final

from aiohttp import ClientSession

from ..errors import AuthError, CameraError, Reason, RefusedError
from ..stream import Credentials
from .addresses import Addresses
from .clock import CLOCK_AGE, CLOCK_DOUBT, DeviceClock
from .node import Node
from .sender import Sender
from .soap import Argument, Request, Signature

DEVICE_SERVICE: Final = "/onvif/device_service"
LOOK_TIME: Final = 4.0
"""Seconds that a device may take to tell its time."""
LOGIN_PAUSE: Final = 60.0
"""Seconds without another try after a login was refused: devices lock out who tries often."""

_TIME: Final = Request(service="device", operation="GetSystemDateAndTime", values={})
_PROOF: Final = Request(service="device", operation="GetDeviceInformation", values={})
"""What every user may ask, and nobody without a login: it tells a wrong one from a weak one."""


class OnvifClient(Sender):
    """Sends requests; knows where the services are and how to log in there."""

    def __init__(
        self,
        session: ClientSession,
        host: str,
        port: int | None,
        *,
        tls: bool,
        credentials: Credentials | None,
        fingerprint: str | None = None,
        trust: bool = False,
    ) -> None:
        """Reach the device at `host`; with `trust`, follow the addresses that it names.

        `fingerprint`, of its certificate, holds for all its TLS ports.
        Raises ConnectError when that is no host, AuthError when no camera can have such a user.
        """
        addresses = Addresses(host, port or (443 if tls else 80), tls=tls, trust=trust)
        super().__init__(session, addresses, credentials, fingerprint)
        self._services: dict[str, str] = {"device": DEVICE_SERVICE}
        """Address of each service, as the device gave it."""
        self._clock = DeviceClock(self._ask_clock)
        self._signing = True
        self._proven_at: float | None = None
        """When the request was sent that last proved the login right."""
        self._proof_is_free: bool | None = None
        """Whether it proves nothing, since everybody may ask that; None: nobody tried."""
        self._paused_until: float | None = None
        """Until when nothing is tried that needs a login; None: nothing speaks against it."""
        self._forbidden: set[tuple[str, str]] = set()
        """Operations that this user may not use although the login is right."""
        self._judging = asyncio.Lock()
        """Held by whoever finds out what is wrong with the login."""

    @property
    def clock_offset(self) -> timedelta | None:
        """Return how far the device's clock is ahead of ours; None: it does not say."""
        return self._clock.offset

    @property
    def clock_by_network(self) -> bool:
        """Return whether the device says that it takes its time from a time server."""
        return self._clock.by_network

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
        `parameters`); `timeout` in seconds; what needs no login is not `signed` unless the device
        insists. Raises ConnectError, AuthError, BusyError, RefusedError(UNSUPPORTED) also for a
        service that the device has not, RefusedError(NO_PRIVILEGE) for what a good login may not,
        ProtocolError.
        """
        to = address or self._services.get(service)
        if to is None:
            raise RefusedError(Reason.UNSUPPORTED, operation)
        request = Request(
            service=service, operation=operation, values=values, parameters=parameters
        )
        if self.credentials is None:
            try:
                return await self.exchange(request, to, timeout)
            except AuthError as err:
                raise AuthError(Reason.NO_CREDENTIALS) from err
        if not signed:
            with suppress(AuthError):
                return await self.exchange(request, to, timeout, login=False)
        await self._permit()
        await self._clock.look(CLOCK_AGE)
        sent_at, offset = time.monotonic(), self._clock.offset
        try:
            answer = await self._logged_in(request, to, timeout)
        except AuthError:
            answer = await self._refused(request, to, timeout, sent_at, offset)
        except RefusedError as err:
            # Some refuse the header itself, not the operation; once accepted, it always is.
            odd = err.reason is Reason.UNSUPPORTED and self._signing and self._proven_at is None
            with_digest = await self._or_none(request, to, timeout) if odd else None
            if with_digest is None:
                raise
            answer = with_digest
        if operation == _PROOF.operation:
            self._proven_at = sent_at
        return answer

    async def see_clock(self) -> None:
        """Look at the camera's clock now. CameraError."""
        await self._clock.look(0.0)

    async def _logged_in(self, request: Request, to: str, timeout: float | None) -> Node:
        """Send a request with the login in the form that the device takes."""
        signature = None
        if self._signing and self.credentials is not None:
            signature = Signature(self.credentials, self._clock.now())
        return await self.exchange(request, to, timeout, signature)

    async def _refused(
        self,
        request: Request,
        to: str,
        timeout: float | None,
        sent_at: float,
        offset: timedelta | None,
    ) -> Node:
        """Send a request again whose login was refused, if there is hope.

        `offset` is the clock's by which it was signed. Raises RefusedError(NO_PRIVILEGE) where the
        login is right all the same; AuthError, then and for some time.
        """
        await self._clock.look(CLOCK_DOUBT)
        if self._signing and self._clock.moved(offset):
            with suppress(AuthError):
                return await self._logged_in(request, to, timeout)
        async with self._judging:
            self.check_login()
            try:
                if self._proven_at is None:
                    return await self._unsigned(request, to, timeout)
                await self._judge(request, sent_at)
            except AuthError:
                self._paused_until = time.monotonic() + LOGIN_PAUSE
                raise
        raise RefusedError(Reason.NO_PRIVILEGE, request.operation)

    async def _judge(self, request: Request, sent_at: float) -> None:
        """Return if the login is right although a request was refused. AuthError if it is not."""
        what = request.service, request.operation
        if what in self._forbidden or (self._proven_at or 0.0) > sent_at:
            return
        if request.operation == _PROOF.operation or await self._is_proof_free():
            raise AuthError(Reason.WRONG_CREDENTIALS)
        await self._prove()
        self._forbidden.add(what)

    async def _prove(self) -> None:
        """Find out whether the login is right still. CameraError; AuthError if it is not."""
        at = time.monotonic()
        await self._logged_in(_PROOF, self._services["device"], None)
        self._proven_at = at

    async def _is_proof_free(self) -> bool:
        if self._proof_is_free is None:
            try:
                await self.exchange(_PROOF, self._services["device"], None, login=False)
            except AuthError, RefusedError:
                self._proof_is_free = False
            else:
                self._proof_is_free = True
        return self._proof_is_free

    def check_login(self) -> None:
        """Raise AuthError while a login is not to be tried: for what goes there by itself, too."""
        if self._paused_until is not None and time.monotonic() < self._paused_until:
            raise AuthError(Reason.WRONG_CREDENTIALS)

    async def _permit(self) -> None:
        """Return when a login may be tried. After a pause one request tries it for all; AuthError.

        CameraError when that request fails.
        """
        self.check_login()
        if self._paused_until is None:
            return
        async with self._judging:
            self.check_login()
            if self._paused_until is not None and self._proven_at is not None:
                try:
                    await self._prove()
                except AuthError:
                    self._paused_until = time.monotonic() + LOGIN_PAUSE
                    raise
            self._paused_until = None

    async def _unsigned(self, request: Request, to: str, timeout: float | None) -> Node:
        """Try without WS-Security: who only knows HTTP Digest asks for that. AuthError."""
        if not self._signing:
            raise AuthError(Reason.WRONG_CREDENTIALS)
        answer = await self.exchange(request, to, timeout)
        self._signing = False
        return answer

    async def _or_none(self, request: Request, to: str, timeout: float | None) -> Node | None:
        try:
            answer = await self.exchange(request, to, timeout)
        except CameraError:
            return None
        if self.http.challenged:
            self._signing = False
        return answer

    async def _ask_clock(self) -> Node:
        """Ask for the time, without a login if that will do: a wrong one would be counted."""
        to = self._services["device"]
        try:
            return await self.exchange(_TIME, to, LOOK_TIME, login=False)
        except AuthError:
            if not self.logins.digest_seen or self._paused_until is not None:
                raise
            return await self.exchange(_TIME, to, LOOK_TIME)
