"""The camera's web server: routing, access levels, faults and the request log."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
import random
import ssl
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from ..tls import TlsListener
from .auth import Authenticator
from .awptz import aw_cgis
from .calls import Calls
from .camera import Camera, Move
from .cgi import (
    DONE,
    Access,
    Cgi,
    Method,
    MissingError,
    Params,
    RefusedError,
    Reply,
    needed,
    needed_choice,
)
from .cgi_clips import CLIP_CGIS, ClipCgis
from .cgi_control import CONTROL_CGIS
from .cgi_data import DATA_CGIS
from .cgi_ftp import FTP_CGIS
from .cgi_info import INFO_CGIS
from .cgi_log import LOG_CGIS
from .cgi_menus import MENU_CGIS, RECORDER_CGIS
from .cgi_network import HTTPS_CGIS, NETWORK_CGIS, InstallCgi
from .cgi_settings import SETTINGS_CGIS
from .faults import Fault, inflict
from .models import Auth
from .pictures import Pictures

_LOG_LENGTH: Final = 1000
_GRACE: Final = 0.02
"""Seconds a handler has to end by itself when the server closes."""
_INDEX: Final = "<html><head><title>Network Camera</title></head><body>LIVE</body></html>\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in, kept for assertions."""

    method: str
    path: str
    params: dict[str, str]
    user: str | None
    time: float


@dataclass(slots=True)
class _Planned:
    fault: Fault
    times: int | None


class CgiServer:
    """Serves /cgi-bin/ of one camera."""

    def __init__(
        self,
        camera: Camera,
        authenticator: Authenticator,
        pictures: Pictures,
        restart: Callable[[], None],
        calls: Calls | None,
        *,
        user_auth: bool,
    ) -> None:
        """Make the table of CGIs; `restart` is called when `initial` asks for it.

        `calls` has streams sent without RTSP.
        """
        self._camera = camera
        self._authenticator = authenticator
        self._handlers = pictures.handlers | ({} if calls is None else calls.handlers)
        if camera.model.recorder:
            self._handlers |= ClipCgis(camera).handlers
        self._restart = restart
        self.user_auth = user_auth
        self.requests: Final[deque[Request]] = deque(maxlen=_LOG_LENGTH)
        self._faults: dict[str, _Planned] = {}
        self._rng = random.Random(1)
        self._runner: web.AppRunner | None = None
        self.tls: TlsListener | None = None
        initial = Cgi("initial", "4.8", Method.POST, Access.ADMIN, self._initial)
        recorder = (*RECORDER_CGIS, *CLIP_CGIS, *FTP_CGIS)
        menus = (*SETTINGS_CGIS, *MENU_CGIS, *(recorder if camera.model.recorder else ()))
        network = (*NETWORK_CGIS, *(HTTPS_CGIS if camera.model.https else ()))
        self._handlers |= InstallCgi(camera).handlers
        rows = (
            *INFO_CGIS,
            *network,
            *DATA_CGIS,
            *LOG_CGIS,
            *CONTROL_CGIS,
            *menus,
            *aw_cgis(camera),
            initial,
        )
        self._cgis: Final = {
            row.name: row for row in rows if row.name != "get_capability" or camera.model.capability
        }

    async def start(self, host: str, port: int, context: ssl.SSLContext | None) -> int:
        """Listen, and give the port."""
        app = web.Application(client_max_size=64 * 1024)
        app.router.add_route("*", "/cgi-bin/{name}", self._serve)
        app.router.add_get("/", _index)
        runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=_GRACE
        )
        await runner.setup()
        self._runner = runner
        if context is not None:
            assert runner.server is not None
            self.tls = TlsListener(runner.server, context)
            return self.tls.start(host, port)
        site = web.TCPSite(runner, host, port, reuse_address=True)
        await site.start()
        bound: int = runner.addresses[0][1]
        return bound

    async def close(self) -> None:
        """Close the listening socket and every connection."""
        if self.tls is not None:
            listener, self.tls = self.tls, None
            await listener.close()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    def fault(self, name: str, fault: Fault, times: int | None = None) -> None:
        """Answer CGI `name`, or `*` for all, with `fault`, `times` times or until cleared."""
        self._faults[name] = _Planned(fault, times)

    def clear_faults(self) -> None:
        """Answer rightly again."""
        self._faults.clear()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        params = {key: value for key, value in request.query.items() if isinstance(value, str)}
        if request.method == hdrs.METH_POST:
            params |= await self._form(request)
        verdict = self._authenticator.check(
            request.headers.get(hdrs.AUTHORIZATION), request.method, request.raw_path
        )
        moment = self._camera.options.clock()
        self.requests.append(Request(request.method, request.path, params, verdict.user, moment))

        async def answer() -> web.StreamResponse:
            row = f"{name}?" if params and f"{name}?" in self._cgis else name
            denied = self._denied(request, row, verdict.role, stale=verdict.stale)
            return denied or await self._run(request, row, params)

        fault = self._due_fault(name)
        if fault is None:
            return await answer()
        challenge = self._authenticator.challenge()
        return await inflict(fault, request, answer, challenge, self._rng)

    async def _form(self, request: web.Request) -> dict[str, str]:
        """Return the texts of a form."""
        encoding = self._camera.options.form_encoding
        if encoding == "utf-8" or request.content_type.startswith("multipart/"):
            form = await request.post()
            return {key: value for key, value in form.items() if isinstance(value, str)}
        text = (await request.read()).decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, encoding=encoding, errors="replace"))

    def _due_fault(self, name: str) -> Fault | None:
        key = name if name in self._faults else "*"
        planned = self._faults.get(key)
        if planned is None:
            return None
        if planned.times is not None:
            planned.times -= 1
            if planned.times <= 0:
                del self._faults[key]
        return planned.fault

    def _denied(
        self, request: web.Request, name: str, role: str, *, stale: bool
    ) -> web.Response | None:
        """Give the refusal that access level, method or Referer asks for; none lets it pass (1)."""
        row = self._cgis.get(name)
        if row is None and name not in self._handlers:
            return web.Response(status=HTTPStatus.NOT_FOUND, text="Not Found")
        admin = row is not None and row.access is Access.ADMIN
        if self._authenticator.scheme is not Auth.NONE:
            allowed = role == "admin" if admin else (role != "" or not self.user_auth)
            if not allowed:
                challenge = self._authenticator.challenge(stale=stale)
                return web.Response(
                    status=HTTPStatus.UNAUTHORIZED, headers={hdrs.WWW_AUTHENTICATE: challenge}
                )
        options = self._camera.options
        if row is not None and row.method is Method.POST:
            wrong = (options.post_only and request.method != hdrs.METH_POST) or (
                options.get_only and request.method != hdrs.METH_GET
            )
            if wrong:
                allow = hdrs.METH_POST if options.post_only else hdrs.METH_GET
                status = HTTPStatus.METHOD_NOT_ALLOWED
                return web.Response(status=status, headers={hdrs.ALLOW: allow})
        wanted = f"://{request.host}/admin/index.html"
        referer = request.headers.get(hdrs.REFERER, "")
        if admin and options.referer and not referer.endswith(wanted):
            return web.Response(status=HTTPStatus.FORBIDDEN)
        return None

    async def _run(self, request: web.Request, name: str, params: Params) -> web.StreamResponse:
        try:
            picture = self._handlers.get(name)
            if picture is not None:
                return await picture(request, params)
            reply = self._cgis[name].run(self._camera, params)
        except MissingError:
            return web.Response(status=self._camera.options.missing_status)
        except RefusedError:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            return web.Response(status=status, text="Internal Server Error\r\n")
        if reply.status == HTTPStatus.NO_CONTENT:
            return web.Response(status=reply.status)
        return web.Response(
            status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type}
        )

    def _initial(self, camera: Camera, params: Params) -> Reply:
        """Restart the camera, a moment after the answer (4.8)."""
        command = needed_choice(params, "cmd", "reset")
        needed(params, "Randomnum")
        camera.moves.append(Move("initial", "cmd", command))
        self._restart()
        return DONE


async def _index(_request: web.Request) -> web.Response:
    return web.Response(text=_INDEX, content_type="text/html")
