"""A client for the simulated ONVIF camera: requests from files, answers as elements."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
import hashlib
from pathlib import Path
import secrets
from string import Template
from typing import Final
from xml.etree.ElementTree import Element, fromstring

import aiohttp

from tests.simulators.onvif import OnvifSimulator

VECTORS: Final = Path(__file__).parent.parent / "vectors" / "onvif"
_SERVICES: Final = {
    "tds": "device",
    "tmd": "deviceio",
    "tev": "events",
    "wsnt": "events",
    "tan": "analytics",
    "other": "analytics",
    "trt": "media",
    "tr2": "media2",
    "tptz": "ptz",
    "timg": "imaging",
}
_SOAP: Final = "{http://www.w3.org/2003/05/soap-envelope}"
_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_TOKEN: Final = """
    <o:Security s:mustUnderstand="1" xmlns:o="{wss}-wssecurity-secext-1.0.xsd"
        xmlns:s="http://www.w3.org/2003/05/soap-envelope"
        xmlns:u="{wss}-wssecurity-utility-1.0.xsd">
      <o:UsernameToken>
        <o:Username>{user}</o:Username>
        <o:Password Type="{wss}-username-token-profile-1.0#PasswordDigest">{digest}</o:Password>
        <o:Nonce EncodingType="{wss}-soap-message-security-1.0#Base64Binary">{nonce}</o:Nonce>
        <u:Created>{created}</u:Created>
      </o:UsernameToken>
    </o:Security>"""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def body(self) -> Element:
        """The element in the Body: a response or a fault."""
        found = fromstring(self.data).find(f"{_SOAP}Body")
        assert found is not None
        (answer,) = found
        return answer

    @property
    def fault(self) -> list[str]:
        """The fault's codes without prefixes, outermost first; none for a response."""
        values = (value.text or "" for value in self.body.iter(f"{_SOAP}Value"))
        return [value.rpartition(":")[2] for value in values]

    def texts(self, local: str) -> list[str]:
        """Texts of all elements with this local name."""
        return [found.text or "" for found in self.all(local)]

    def text(self, local: str) -> str:
        """Text of the only element with this local name."""
        (found,) = self.texts(local)
        return found

    def all(self, local: str) -> list[Element]:
        """All elements with this local name."""
        return [found for found in self.body.iter() if found.tag.rpartition("}")[2] == local]

    def items(self) -> list[tuple[str, str | None, dict[str, str]]]:
        """Give the events in it: topic, property operation, and all their items."""
        return [
            (
                _only(message, "Topic").text or "",
                _only(_only(message, "Message"), "Message").get("PropertyOperation"),
                {
                    item.get("Name", ""): item.get("Value", "")
                    for item in message.iter()
                    if item.tag.endswith("}SimpleItem")
                },
            )
            for message in self.all("NotificationMessage")
        ]


def _only(element: Element, local: str) -> Element:
    (found,) = (item for item in element if item.tag.endswith(f"}}{local}"))
    return found


def security(
    user: str, password: str, created: datetime | None = None, nonce: bytes | None = None
) -> str:
    """Write a Security header (UsernameToken Profile 1.0, 3.1)."""
    raw = nonce or secrets.token_bytes(16)
    moment = f"{created or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    sha = hashlib.sha1(raw + moment.encode() + password.encode(), usedforsecurity=False)
    return _TOKEN.format(
        wss=_WSS,
        user=user,
        digest=base64.b64encode(sha.digest()).decode(),
        nonce=base64.b64encode(raw).decode(),
        created=moment,
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`, five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - there is nothing to be told by
            await asyncio.sleep(0.01)


class Client:
    """Sends the requests of tests/vectors/onvif to one camera."""

    def __init__(self, sim: OnvifSimulator, session: aiohttp.ClientSession) -> None:
        """Log in to `sim` by a UsernameToken with the right time."""
        self.sim: Final = sim
        self.session: Final = session

    async def send(
        self,
        name: str,
        /,
        *,
        url: str | None = None,
        header: str | None = None,
        digest: tuple[str, str] | None = None,
        **values: object,
    ) -> Reply:
        """Send file `name` with `values` in it; without `header` it is the right login."""
        if header is None:
            header = security(self.sim.username, self.sim.password, self.sim.camera.clock.now())
        data = Template((VECTORS / f"{name}.xml").read_text()).substitute(values, header=header)
        service = _SERVICES[name.partition("_")[0]]
        address = url or self.sim.url.replace("device_service", f"{service}_service")
        middlewares = (aiohttp.DigestAuthMiddleware(*digest),) if digest else ()
        async with self.session.post(
            address,
            data=data.encode(),
            headers={"Content-Type": "application/soap+xml; charset=utf-8"},
            middlewares=middlewares,
            allow_redirects=False,
        ) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.read())

    async def ask(self, prefix: str, operation: str, **values: object) -> Reply:
        """Send an operation of flat elements; `ProfileToken="x"` in the service's own prefix."""
        inside = "".join(
            f"<{prefix}:{name}>{value}</{prefix}:{name}>" for name, value in values.items()
        )
        return await self.send(f"{prefix}_any", operation=operation, inside=inside)

    async def subscribe(self, time: str = "PT60S") -> str:
        """Make a pull point, and give its address."""
        reply = await self.send("tev_CreatePullPointSubscription", time=time)
        assert reply.status == 200, reply.data
        return reply.text("Address")

    async def pull(self, url: str, timeout: str = "PT0.3S", limit: int = 100) -> Reply:
        """Pull messages."""
        return await self.send("tev_PullMessages", url=url, timeout=timeout, limit=limit)
