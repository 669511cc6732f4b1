"""The camera's web server: paths, logins, faults and the log of requests."""

import asyncio
from collections import deque
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
import inspect
import ssl
import time
from typing import Final
from xml.etree.ElementTree import Element

from aiohttp import hdrs, web

from ..tls import TlsListener
from . import soap
from .auth import ADMINISTRATOR, Auth
from .camera import Camera
from .faults import Fault, inflict
from .quirks import Quirk
from .service import Handler, Service, SoapFault
from .services.capabilities import malformed
from .services.events import SUBSCRIPTION_PATH, subscription_services

_LOG_LENGTH: Final = 4000
_GRACE: Final = 0.02
"""Seconds a handler has to end by itself when the server closes."""
_MAX_REQUEST: Final = 256 * 1024
PRE_AUTH: Final = frozenset(
    {
        "GetSystemDateAndTime",
        "GetCapabilities",
        "GetServices",
        "GetServiceCapabilities",
        "GetWsdlUrl",
        "GetHostname",
        "GetEndpointReference",
    }
)
"""Operations for which nobody has to log in."""
_READING: Final = ("Get", "Pull", "CreatePullPoint", "Subscribe", "Renew", "Unsubscribe", "Seek")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in, kept for assertions."""

    service: str
    operation: str
    had_wsse: bool
    had_digest: bool
    path: str
    time: float
    """Of time.monotonic()."""
    connection: int
    """The client's port, to count connections by."""
    body: Element
    """The operation's element."""


@dataclass(slots=True)
class _Planned:
    fault: Fault
    times: int | None


class SoapServer:
    """Serves the SOAP services and pages of one camera."""

    def __init__(self, camera: Camera) -> None:
        """Serve `camera`, with nothing wrong."""
        self._camera: Final = camera
        self.requests: Final[deque[Request]] = deque(maxlen=_LOG_LENGTH)
        self._faults: Final[dict[str, _Planned]] = {}
        self._runner: web.AppRunner | None = None
        self.tls: Final[list[TlsListener]] = []
        self.routes: Final[list[web.RouteDef]] = []
        """What is served beside SOAP and pages."""

    async def start(
        self, host: str, port: int, context: ssl.SSLContext | None = None, *, extra: bool
    ) -> tuple[int, int]:
        """Listen on one port, or two; give both, the second 0 without `extra`."""
        app = web.Application(client_max_size=_MAX_REQUEST)
        # Both media services have the snapshots.
        pages = {
            path: page for service in self._camera.services for path, page in service.pages.items()
        }
        for path, page in pages.items():
            app.router.add_get(path, partial(page, self._camera))
        app.router.add_routes(self.routes)
        app.router.add_post("/{path:.*}", self._serve)
        runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=_GRACE
        )
        await runner.setup()
        self._runner = runner
        if context is not None:
            assert runner.server is not None
            ports = []
            for wanted in (port, 0) if extra else (port,):
                listener = TlsListener(runner.server, context)
                self.tls.append(listener)
                ports.append(listener.start(host, wanted))
            return ports[0], ports[1] if extra else 0
        await web.TCPSite(runner, host, port, reuse_address=True).start()
        if extra:
            await web.TCPSite(runner, host, 0, reuse_address=True).start()
        bound = [address[1] for address in runner.addresses]
        return bound[0], bound[1] if extra else 0

    async def close(self) -> None:
        """Close the listening sockets and every connection."""
        while self.tls:
            await self.tls.pop().close()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            # asyncio trips over a connection that was accepted and has no transport yet.
            for _ in range(3):
                await asyncio.sleep(0)
            await runner.cleanup()

    def fault(self, operation: str, fault: Fault, times: int | None = None) -> None:
        """Answer `operation`, or `*` for all, with `fault`, `times` times or until cleared."""
        self._faults[operation] = _Planned(fault, times)

    def clear_faults(self) -> None:
        """Answer rightly again."""
        self._faults.clear()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        message_id = None
        try:
            call = soap.read(await request.read())
            message_id = call.message_id
            service = self._service(request.path, call)
            self._log(request, service, call)
            fault = self._due_fault(call.operation)
            if fault is not None:
                right = await self._answer(request, service, call) if fault.mangles else None
                return await inflict(fault, request, call.operation, right, self._challenge())
            return await self._answer(request, service, call)
        except SoapFault as problem:
            return self._refuse(problem, message_id)

    async def _answer(
        self, request: web.Request, service: Service, call: soap.Call
    ) -> web.Response:
        try:
            denied = self._denied(request, call)
            if denied is not None:
                return denied
            inside = await self._run(service, call)
        except SoapFault as problem:
            return self._refuse(problem, call.message_id)
        action = f"{call.namespace}/{call.operation}Response"
        document = soap.envelope(
            soap.response(service.prefix, call.operation, inside), call.message_id, action
        )
        return self._reply(document, HTTPStatus.OK)

    def _service(self, path: str, call: soap.Call) -> Service:
        services = self._camera.services
        if path.startswith(SUBSCRIPTION_PATH):
            services = subscription_services(self._camera, path)
        for service in services:
            if call.namespace == service.namespace and path in (service.path, ""):
                return service
        if not any(path == service.path for service in services):
            raise web.HTTPNotFound
        raise _unknown(call.operation)

    async def _run(self, service: Service, call: soap.Call) -> str:
        handler = self._handler(service, call.operation)
        if handler is None:
            if self._camera.has(Quirk.EMPTY_UNKNOWN):
                return ""
            raise _unknown(call.operation)
        made = handler(self._camera, call.body)
        return await made if inspect.isawaitable(made) else made

    def _handler(self, service: Service, operation: str) -> Handler | None:
        handler = service.operations.get(operation)
        capabilities = service.capabilities
        if handler is None and operation == "GetServiceCapabilities" and capabilities is not None:
            if self._camera.has(Quirk.MALFORMED_CAPABILITIES):
                return lambda _camera, _request: malformed(service.prefix)
            return lambda camera, _request: capabilities(camera)
        return handler

    def _denied(self, request: web.Request, call: soap.Call) -> web.Response | None:
        """Give the refusal of who did not log in; none lets it pass."""
        camera = self._camera
        if camera.has(Quirk.WSSE_UNKNOWN) and call.security is not None and call.must_understand:
            raise SoapFault("MustUnderstand", (), "Security header not understood")
        if camera.auth is Auth.NONE or self._is_free(call.operation):
            return None
        user, stale = self._user(request, call)
        if user is None:
            problem = SoapFault("Sender", ("NotAuthorized",), "sender not authorized")
            if not camera.auth.challenges:
                raise problem
            return self._reply(
                soap.envelope(soap.fault(problem), call.message_id),
                HTTPStatus.UNAUTHORIZED,
                {hdrs.WWW_AUTHENTICATE: self._challenge(stale=stale)},
            )
        writes = not call.operation.startswith(_READING)
        if writes and camera.users.level(user) != ADMINISTRATOR:
            raise SoapFault("Sender", ("NotAuthorized", "OperationProhibited"), "not for this user")
        return None

    def _is_free(self, operation: str) -> bool:
        if operation == "GetSystemDateAndTime":
            return not self._camera.has(Quirk.DATE_TIME_REFUSED)
        return operation in PRE_AUTH and not self._camera.has(Quirk.NOTHING_FREE)

    def _user(self, request: web.Request, call: soap.Call) -> tuple[str | None, bool]:
        """Give who asks, and whether it is only the nonce that is old."""
        users = self._camera.users
        stale = False
        if users.auth.digest:
            header = request.headers.get(hdrs.AUTHORIZATION)
            verdict = users.check_digest(header, request.method, request.raw_path)
            if verdict.user is not None:
                return verdict.user, False
            stale = verdict.stale
        return (users.check_wsse(call.security) if users.auth.wsse else None), stale

    def _challenge(self, *, stale: bool = False) -> str:
        return self._camera.users.challenge(stale=stale)

    def _log(self, request: web.Request, service: Service, call: soap.Call) -> None:
        entry = Request(
            service.name,
            call.operation,
            call.security is not None,
            request.headers.get(hdrs.AUTHORIZATION, "").startswith("Digest "),
            request.path,
            time.monotonic(),
            request.transport.get_extra_info("peername")[1] if request.transport else 0,
            call.body,
        )
        self.requests.append(entry)

    def _due_fault(self, operation: str) -> Fault | None:
        key = operation if operation in self._faults else "*"
        planned = self._faults.get(key)
        if planned is None:
            return None
        if planned.times is not None:
            planned.times -= 1
            if planned.times <= 0:
                del self._faults[key]
        return planned.fault

    def _refuse(self, problem: SoapFault, message_id: str | None) -> web.Response:
        prefix = "vendor" if self._camera.has(Quirk.UNDECLARED_PREFIX) else "ter"
        sender = problem.code == "Sender"
        status = HTTPStatus.BAD_REQUEST if sender else HTTPStatus.INTERNAL_SERVER_ERROR
        if self._camera.has(Quirk.FAULT_200):
            status = HTTPStatus.OK
        document = soap.envelope(soap.fault(problem, prefix=prefix), message_id)
        return self._reply(document, status)

    def _reply(
        self, document: str, status: HTTPStatus, headers: dict[str, str] | None = None
    ) -> web.Response:
        return web.Response(
            body=soap.encode(document, self._camera.quirks),
            status=status,
            headers={hdrs.CONTENT_TYPE: soap.CONTENT_TYPE, **(headers or {})},
        )


def _unknown(operation: str) -> SoapFault:
    reason = f"{operation} is not implemented"
    return SoapFault("Receiver", ("ActionNotSupported",), reason)
