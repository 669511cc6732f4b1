"""One simulated ONVIF camera: web server, RTSP server and the state between them."""

import asyncio
from collections import deque
import ssl
from typing import Final, Self, Unpack

from ..tls import in_url, new_context, server_context
from .auth import ADMINISTRATOR, USER, Auth, Users
from .camera import Camera, Features, FeatureValues, Identity
from .discovery import MAX_DELAY, PORT as DISCOVERY_PORT, Discovery
from .faults import Fault
from .quirks import Quirk
from .rtsp import RtspServer
from .rtsp_http import Tunnels
from .server import Request, SoapServer
from .services import services_of

REBOOT_TIME: Final = 2.0
_ANSWER_TIME: Final = 0.1
"""Seconds between the answer to SystemReboot and the restart."""


class OnvifSimulator:
    """A camera on the loopback address; `async with` starts and stops it."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        rtsp_port: int = 0,
        *,
        https: bool = False,
        username: str = "admin",
        password: str = "Kamera/7",
        auth: Auth = Auth.BOTH,
        quirks: frozenset[Quirk] | set[Quirk] = frozenset(),
        clock_offset: float = 0.0,
        wsse_window: float = 5.0,
        discoverable: bool = False,
        discovery_port: int = DISCOVERY_PORT,
        discovery_delay: float = MAX_DELAY,
        xaddrs: str | None = None,
        **features: Unpack[FeatureValues],
    ) -> None:
        """Describe the camera; ports of 0 are chosen by the system.

        Beside the administrator there is the user `viewer` with password `Gast/7`.
        The camera's clock is `clock_offset` seconds ahead; a UsernameToken is good for
        `wsse_window` seconds of that clock. When it is `discoverable`, it answers a Probe within
        `discovery_delay` seconds, with `xaddrs` instead of its address if given.
        `features` are the fields of `Features`.
        """
        self.host: Final = host
        self.port = port
        self.rtsp_port = rtsp_port
        self.https: Final = https
        self.username: Final = username
        users = {username: (password, ADMINISTRATOR), "viewer": ("Gast/7", USER)}
        self.camera: Final = Camera(
            Users(auth, users, wsse_window),
            quirks=frozenset(quirks),
            features=Features(**features),
            clock_offset=clock_offset,
        )
        self.camera.services = services_of(self.camera.features)
        self.camera.network.host = host
        self.camera.network.https = https
        self.camera.life.restart = self._restart
        self.rtsp: Final = RtspServer(self.camera)
        self._http: Final = SoapServer(self.camera)
        self._http.routes.extend(Tunnels(self.rtsp).routes())
        self.discovery: Final = (
            Discovery(
                self.camera, host, port=discovery_port, max_delay=discovery_delay, xaddrs=xaddrs
            )
            if discoverable
            else None
        )
        self._context: ssl.SSLContext | None = None
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
        """Address of the device service."""
        return f"{'https' if self.https else 'http'}://{in_url(self.host)}:{self.port}/onvif/device_service"

    def rtsp_url(self, number: int = 1, path: str = "") -> str:
        """RTSP address of the profile with this number."""
        return f"rtsp://{in_url(self.host)}:{self.rtsp_port}/onvif/profile/{number}{path}"

    @property
    def password(self) -> str:
        """The administrator's password."""
        return self.camera.users.users[self.username][0]

    @property
    def requests(self) -> deque[Request]:
        """The last requests, oldest first."""
        return self._http.requests

    def count(self, operation: str) -> int:
        """Count the requests for `operation`."""
        return sum(request.operation == operation for request in self.requests)

    @property
    def operations(self) -> list[str]:
        """What was asked for, oldest first."""
        return [request.operation for request in self.requests]

    async def start(self) -> None:
        """Listen on all ports."""
        self._wanted = True
        await self._open()

    async def stop(self) -> None:
        """Close everything; nothing of the camera is left running."""
        self._wanted = False
        if self._rebooting is not None:
            self._rebooting.cancel()
            await asyncio.gather(self._rebooting, return_exceptions=True)
            self._rebooting = None
        await self.camera.close()
        await self._close()

    async def reboot(self, seconds: float = REBOOT_TIME) -> None:
        """Close all sockets for `seconds`; returns when the camera is back on its ports."""
        await self._close()
        self.camera.power_cycle()
        self.camera.users.rotate_nonce()
        await asyncio.sleep(seconds)
        if self._wanted:
            await self._open()

    def fault(self, operation: str, fault: Fault, times: int | None = None) -> None:
        """Answer `operation` (or `*`) with `fault`, `times` times or until cleared."""
        self._http.fault(operation, fault, times)

    def clear_faults(self) -> None:
        """Behave again, SOAP and RTSP."""
        self._http.clear_faults()
        self.rtsp.clear_faults()

    def set_password(self, user: str, password: str) -> None:
        """Change the password of `user`."""
        users = self.camera.users
        users.users[user] = (password, users.level(user) or USER)

    def become(self, *, mac: str, serial: str) -> None:
        """Be another camera of the same model at this address."""
        self.camera.identity.mac = mac
        self.camera.identity.serial = serial
        digits = "".join(digit for digit in mac.lower() if digit not in ":-")
        self.camera.identity.uuid = f"{Identity.uuid[:-12]}{digits}"

    def renew_certificate(self) -> None:
        """Show another certificate from the next connection on; blocking."""
        self._context = new_context()
        for listener in self._http.tls:
            listener.context = self._context

    @property
    def handshakes(self) -> int:
        """How many TLS connections there were since it started, refused ones included."""
        return sum(listener.accepted for listener in self._http.tls)

    async def _open(self) -> None:
        network = self.camera.network
        context = (self._context or server_context()) if self.https else None
        try:
            self.port, network.extra_port = await self._http.start(
                self.host, self.port, context, extra=self.camera.has(Quirk.NEW_PORT)
            )
            self.rtsp_port = await self.rtsp.start(self.host, self.rtsp_port)
            network.port, network.rtsp_port = self.port, self.rtsp_port
            if self.discovery is not None:
                await self.discovery.start()
        except OSError:
            await self._close()
            raise

    async def _close(self) -> None:
        if self.discovery is not None:
            await self.discovery.close()
        await self._http.close()
        await self.rtsp.close()

    def _restart(self) -> None:
        if self._rebooting is None or self._rebooting.done():
            self._rebooting = asyncio.create_task(self._restart_later())

    async def _restart_later(self) -> None:
        await asyncio.sleep(_ANSWER_TIME)
        await self.reboot()
