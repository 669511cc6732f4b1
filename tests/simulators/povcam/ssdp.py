"""SSDP as the camera speaks it: alive, byebye, answers to M-SEARCH, and the description."""

import asyncio
from collections.abc import Coroutine, Mapping
import random
from typing import Final
from xml.sax.saxutils import escape

from aiohttp import web

from tests.simulators.groups import Answer, Groups

from .camera import Camera

PORT: Final = 1900
GROUP: Final = "239.255.255.250"
_MAX_AGE: Final = 1800
_ROOT: Final = "upnp:rootdevice"
_DEVICE: Final = "urn:schemas-upnp-org:device:Basic:1"
_SERVICE: Final = "urn:panasonic-com:service:p01NetCamService:1"
_SERVER: Final = "Linux/2.6 UPnP/1.0 Panasonic/1.0"
_PATH: Final = "/description.xml"
_REPEATS: Final = 2
_REPEAT_GAP: Final = 0.2


class Ssdp:
    """Tells of one camera on the interface of its address."""

    def __init__(
        self,
        camera: Camera,
        host: str,
        port: int = PORT,
        *,
        max_delay: float = 0.5,
        location: str | None = None,
    ) -> None:
        """Tell of `camera` at `host`; `location` instead of its own description, if given."""
        self._camera: Final = camera
        self._host: Final = host
        self._max_delay: Final = max_delay
        self._location: Final = location
        self._groups: Final = Groups(host, port, GROUP, None, self._received)
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self._runner: web.AppRunner | None = None
        self._description_port = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._groups.port

    @property
    def location(self) -> str:
        """Address of the description, as it is told."""
        return self._location or f"http://{self._host}:{self._description_port}{_PATH}"

    @property
    def udn(self) -> str:
        """The device's own name, which ends in its MAC."""
        mac = self._camera.identity.mac.replace("-", "").replace(":", "").lower()
        return f"uuid:4d454930-0100-1000-8001-{mac}"

    async def start(self) -> None:
        """Listen, and say soon that it is there."""
        app = web.Application()
        app.router.add_get(_PATH, self._describe)
        self._runner = web.AppRunner(app, access_log=None)
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self._host, 0).start()
            self._description_port = self._runner.addresses[0][1]
            await self._groups.start()
        except OSError:
            await self.close()
            raise
        self._later(self._alive())

    def abandon(self) -> None:
        """Listen no more, without a word, as when the plug is pulled."""
        for task in tuple(self._tasks):
            task.cancel()
        self._groups.close()

    async def close(self) -> None:
        """Say byebye and listen no more."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for target in self._targets():
            headers = {"NT": target, "NTS": "ssdp:byebye", "USN": self._usn(target)}
            self._groups.tell(self._message("NOTIFY * HTTP/1.1", headers))
        self._groups.close()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    def _targets(self) -> tuple[str, ...]:
        return (_ROOT, self.udn, _DEVICE, _SERVICE)

    def _usn(self, target: str) -> str:
        return self.udn if target == self.udn else f"{self.udn}::{target}"

    async def _alive(self) -> None:
        await asyncio.sleep(random.uniform(0, self._max_delay))
        for _ in range(_REPEATS):
            for target in self._targets():
                headers = {
                    "CACHE-CONTROL": f"max-age={_MAX_AGE}",
                    "LOCATION": self.location,
                    "NT": target,
                    "NTS": "ssdp:alive",
                    "SERVER": _SERVER,
                    "USN": self._usn(target),
                }
                self._groups.tell(self._message("NOTIFY * HTTP/1.1", headers))
            await asyncio.sleep(_REPEAT_GAP)

    def _received(self, data: bytes, answer: Answer) -> None:
        first, *lines = data.decode("latin-1").split("\r\n")
        if not first.startswith("M-SEARCH * "):
            return
        headers = {
            name.strip().upper(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        if headers.get("MAN") != '"ssdp:discover"':
            return
        wanted = headers.get("ST", "")
        targets = [one for one in self._targets() if wanted in ("ssdp:all", one)]
        if targets:
            self._later(self._answer(targets, answer))

    async def _answer(self, targets: list[str], answer: Answer) -> None:
        await asyncio.sleep(random.uniform(0, self._max_delay))
        for target in targets:
            headers = {
                "CACHE-CONTROL": f"max-age={_MAX_AGE}",
                "EXT": "",
                "LOCATION": self.location,
                "SERVER": _SERVER,
                "ST": target,
                "USN": self._usn(target),
            }
            answer(self._message("HTTP/1.1 200 OK", headers))

    def _message(self, first: str, headers: Mapping[str, str]) -> bytes:
        host = {"HOST": f"{GROUP}:{PORT}"} if first.startswith("NOTIFY") else {}
        lines = [first, *(f"{name}: {value}" for name, value in {**host, **headers}.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    async def _describe(self, _request: web.Request) -> web.Response:
        camera = self._camera
        page = f"http://{self._host}:{camera.http_port}/"
        text = (
            '<?xml version="1.0"?>\n<root xmlns="urn:schemas-upnp-org:device-1-0">'
            "<specVersion><major>1</major><minor>0</minor></specVersion>"
            f"<device><deviceType>{_DEVICE}</deviceType>"
            f"<friendlyName>{escape(camera.title)}</friendlyName>"
            "<manufacturer>Panasonic</manufacturer>"
            "<manufacturerURL>http://panasonic.net/</manufacturerURL>"
            "<modelDescription>Panasonic Network Camera</modelDescription>"
            "<modelName>Network Camera</modelName>"
            f"<modelNumber>{escape(camera.model.name)}</modelNumber>"
            f"<serialNumber>{escape(camera.identity.serial)}</serialNumber>"
            f"<UDN>{self.udn}</UDN>"
            f"<serviceList><service><serviceType>{_SERVICE}</serviceType>"
            "<serviceId>urn:panasonic-com:serviceId:p01NetCamService1</serviceId>"
            "<SCPDURL>/scpd.xml</SCPDURL><controlURL>/control</controlURL>"
            "<eventSubURL>/event</eventSubURL></service></serviceList>"
            f"<presentationURL>{page}</presentationURL></device></root>\n"
        )
        return web.Response(text=text, content_type="text/xml")

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
