"""One simulated camera: web server, RTSP server and the state between them."""

import asyncio
from collections import deque
from dataclasses import dataclass
import ssl
from typing import Final, Self, Unpack

from ..ports import lasting_port
from ..tls import in_url, new_context, server_context
from .auth import Authenticator
from .calls import Calls
from .camera import Camera, Identity
from .easyip import PORT as EASY_IP_PORT, EasyIp
from .faults import Fault, RtspFault
from .http import CgiServer, Request
from .models import AG_UMR20, Auth, Model, Options, OptionValues
from .moving import Moving
from .pictures import Pictures
from .rtsp import RtspServer
from .site import Place
from .ssdp import PORT as SSDP_PORT, Ssdp

_ANSWER_TIME: Final = 0.1
"""Seconds between the answer of `initial` and the restart."""
_REBOOT_TIME: Final = 2.0
_USERS: Final = {"admin": ("12345", "admin"), "viewer": ("viewer", "live")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """How the camera is found; ports of 0 are chosen by the system."""

    ssdp_port: int | None = SSDP_PORT
    """None: it does not speak SSDP."""
    easy_ip_port: int | None = EASY_IP_PORT
    """None: it does not speak Easy IP Setup."""
    location: str | None = None
    """What SSDP tells instead of the address of the description."""


class PovcamSimulator:
    """A camera on the loopback address; `async with` starts and stops it."""

    def __init__(
        self,
        model: Model = AG_UMR20,
        host: str = "127.0.0.1",
        port: int = 0,
        rtsp_port: int = 0,
        *,
        https: bool = False,
        auth: Auth = Auth.DIGEST,
        user_auth: bool = False,
        users: dict[str, tuple[str, str]] | None = None,
        mac: str = "A8-13-74-00-00-01",
        serial: str = "SIM0000001",
        fps: int = 15,
        size: tuple[int, int] = (640, 360),
        media: bool = True,
        discovery: Discovery | None = None,
        **options: Unpack[OptionValues],
    ) -> None:
        """Describe the camera; ports of 0 are chosen by the system.

        `users` maps a name to (password, `admin` or `live`). Without `media` there is
        no RTSP and every JPEG is black. With `discovery` it is found by SSDP and Easy IP Setup,
        on those ports. `options` are the fields of `Options`.
        """
        self.model: Final = model
        self.host = host
        self.port = port
        self.rtsp_port = rtsp_port
        self.https = https
        chosen = Options(**options)
        self.camera: Final = Camera(model, chosen, Identity(mac, serial), size, fps)
        self._authenticator = Authenticator(
            auth, dict(users or _USERS), chosen.clock, chosen.nonce_life
        )
        self._pictures = Pictures(self.camera, media=media)
        self._rtsp = (
            RtspServer(self.camera, self._authenticator, user_auth=user_auth) if media else None
        )
        self.calls: Final = None if self._rtsp is None else Calls(self.camera, self._rtsp)
        self._http = CgiServer(
            self.camera,
            self._authenticator,
            self._pictures,
            self._restart,
            self.calls,
            user_auth=user_auth,
        )
        self.ssdp: Ssdp | None = None
        self.easy_ip: EasyIp | None = None
        if discovery is not None:
            if discovery.ssdp_port is not None:
                told = discovery.location
                self.ssdp = Ssdp(self.camera, host, discovery.ssdp_port, location=told)
            if discovery.easy_ip_port is not None:
                self.easy_ip = EasyIp(self.camera, host, discovery.easy_ip_port)
        self._context: ssl.SSLContext | None = None
        self._moving = Moving(self.camera, self._leave, self._arrive, self._show)
        self._rebooting: asyncio.Task[None] | None = None
        self._wanted = False

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Stop."""
        await self.stop()

    @property
    def url(self) -> str:
        """Address of the web server, without a slash at the end."""
        return f"{'https' if self.https else 'http'}://{in_url(self.host)}:{self.port}"

    @property
    def requests(self) -> deque[Request]:
        """The last requests to CGIs, oldest first."""
        return self._http.requests

    @property
    def users(self) -> dict[str, tuple[str, str]]:
        """The users: name -> (password, role)."""
        return self._authenticator.users

    @property
    def rtsp(self) -> RtspServer:
        """The RTSP server; only with `media`."""
        assert self._rtsp is not None
        return self._rtsp

    def rtsp_url(self, stream: int = 1, user: str | None = None) -> str:
        """RTSP address of `stream`, with the login of `user` when one is named (12.1)."""
        login = ""
        if user is not None:
            login = f"{user}:{self.users[user][0]}@"
        return f"rtsp://{login}{in_url(self.host)}:{self.rtsp_port}/mediainput/h264/stream_{stream}"

    async def start(self) -> None:
        """Listen on both ports."""
        self._wanted = True
        await self._open()

    async def stop(self) -> None:
        """Close everything; nothing of the camera is left running."""
        self._wanted = False
        await self._moving.end()
        if self._rebooting is not None:
            self._rebooting.cancel()
            await asyncio.gather(self._rebooting, return_exceptions=True)
            self._rebooting = None
        await self._close()
        self._pictures.close()
        if self.camera.ftp.used:
            await asyncio.to_thread(self.camera.ftp.close)

    async def reboot(self, seconds: float = _REBOOT_TIME) -> None:
        """Close all sockets for `seconds`; returns when the camera is back on its ports."""
        await self._close()
        self.camera.power_cycle()
        self._authenticator.rotate()
        await asyncio.sleep(seconds)
        if self._wanted:
            await self._open()

    def fault(self, name: str, fault: Fault, times: int | None = None) -> None:
        """Answer CGI `name` (or `*`) with `fault`, `times` times or until cleared."""
        self._http.fault(name, fault, times)

    def rtsp_fault(self, fault: RtspFault, *, seconds: float = 1.0, share: float = 0.1) -> None:
        """Inflict `fault`: DROP after `seconds` of play, LOSS of a `share` of the packets."""
        self.rtsp.faults.set(fault, seconds=seconds, share=share)

    def clear_faults(self) -> None:
        """Behave again, HTTP and RTSP."""
        self._http.clear_faults()
        if self._rtsp is not None:
            self._rtsp.faults.clear()

    def set_password(self, user: str, password: str) -> None:
        """Change, or add, the password of `user`; a new user is a live one."""
        role = self.users.get(user, ("", "live"))[1]
        self.users[user] = (password, role)

    def rotate_nonce(self) -> None:
        """Make the digest nonce stale."""
        self._authenticator.rotate()

    def become(self, *, mac: str, serial: str) -> None:
        """Be another camera of the same model at this address."""
        self.camera.identity = Identity(mac, serial)

    def renew_certificate(self) -> None:
        """Show another certificate from the next connection on; blocking."""
        self._show(new_context())

    @property
    def handshakes(self) -> int:
        """How many TLS connections there were since it started, refused ones included."""
        return 0 if self._http.tls is None else self._http.tls.accepted

    async def _open(self) -> None:
        context = (self._context or server_context()) if self.https else None
        try:
            port = self.port or lasting_port(self.host)
            self.port = await self._http.start(self.host, port, context)
            if self._rtsp is not None and not self.camera.options.rtsp_off:
                port = self.rtsp_port or lasting_port(self.host)
                self.rtsp_port = await self._rtsp.start(self.host, port)
            elif self._rtsp is not None:
                self._rtsp.host = self.host
            self.camera.address = self.host
            self.camera.http_port, self.camera.rtsp_port = self.port, self.rtsp_port
            if self.https:
                self.camera.site.https.factory |= self._context is None
                self.camera.site.https.live, self.camera.site.https.port = "https", self.port
            if self.ssdp is not None:
                await self.ssdp.start()
            if self.easy_ip is not None:
                await self.easy_ip.start()
        except OSError:
            await self._close()
            raise

    def _show(self, context: ssl.SSLContext) -> None:
        self._context = context
        if self._http.tls is not None:
            self._http.tls.context = context

    async def _leave(self) -> None:
        await self._close()
        self._authenticator.rotate()

    async def _arrive(self, place: Place | None) -> None:
        if place is not None:
            self.host, self.port, self.rtsp_port = place.host, place.port, place.rtsp_port
            self.https = place.tls
        if self._wanted:
            await self._open()

    async def _close(self) -> None:
        if self.ssdp is not None:
            await self.ssdp.close()
        if self.easy_ip is not None:
            self.easy_ip.close()
        if self.calls is not None:
            self.calls.close()
        await self._http.close()
        if self._rtsp is not None:
            await self._rtsp.close()

    def _restart(self) -> None:
        if self._rebooting is None or self._rebooting.done():
            self._rebooting = asyncio.create_task(self._restart_later())

    async def _restart_later(self) -> None:
        await asyncio.sleep(_ANSWER_TIME)
        await self.reboot(_REBOOT_TIME)
