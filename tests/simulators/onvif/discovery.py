"""WS-Discovery of 2005/04 as the camera speaks it: Hello, Bye, and the answers to a Probe."""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
import random
import time
from typing import Any, Final
from urllib.parse import quote
import uuid
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.sax.saxutils import escape

from tests.simulators.groups import Answer, Groups

from .camera import ELSEWHERE, Camera
from .quirks import Quirk

PORT: Final = 3702
GROUP: Final = "239.255.255.250"
GROUP6: Final = "ff02::c"
MAX_DELAY: Final = 0.5
"""APP_MAX_DELAY of the standard, in seconds."""
_SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
_ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_DISCOVERY: Final = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_ANYBODY: Final = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
_ANONYMOUS: Final = f"{_ADDRESSING}/role/anonymous"
_TYPES: Final = {
    ("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter"),
    ("http://www.onvif.org/ver10/device/wsdl", "Device"),
}
_TOLD_TYPES: Final = "dn:NetworkVideoTransmitter tds:Device"
_REPEATS: Final = 2
"""How often a multicast message is sent; the network may lose one."""
_REPEAT_GAP: Final = 0.1


@dataclass(frozen=True, slots=True)
class Probe:
    """What is looked for: all of these types, and all of these scopes."""

    message_id: str
    types: frozenset[tuple[str, str]]
    """Namespace and name."""
    scopes: tuple[str, ...]


def read_probe(data: bytes) -> Probe | None:
    """Read a Probe; None for whatever else may come to that port."""
    parser: XMLPullParser[Element] = XMLPullParser(("start", "end", "start-ns", "end-ns"))
    try:
        parser.feed(data)
        parser.close()
    except ParseError:
        return None
    declared: list[tuple[str, str]] = []
    types: frozenset[tuple[str, str]] = frozenset()
    scopes: tuple[str, ...] = ()
    message_id, probe = "", False
    events: Iterator[tuple[str, Any]] = parser.read_events()  # type: ignore[assignment]
    for event, found in events:
        if event == "start-ns":
            declared.append(found)
        elif event == "end-ns":
            declared.pop()
        elif event == "end":
            words = (found.text or "").split()
            if found.tag == f"{{{_ADDRESSING}}}MessageID":
                message_id = "".join(words)
            elif found.tag == f"{{{_DISCOVERY}}}Types":
                types = frozenset(_qualified(word, dict(declared)) for word in words)
            elif found.tag == f"{{{_DISCOVERY}}}Scopes":
                scopes = tuple(words)
            probe = probe or found.tag == f"{{{_DISCOVERY}}}Probe"
    return Probe(message_id, types, scopes) if probe and message_id else None


def _qualified(word: str, declared: dict[str, str]) -> tuple[str, str]:
    prefix, _, name = word.rpartition(":")
    return declared.get(prefix, "unknown"), name


def _within(scope: str, wanted: str) -> bool:
    """Tell whether a scope is the one wanted or below it, segment by segment (RFC 3986)."""
    mine, theirs = scope.rstrip("/").split("/"), wanted.rstrip("/").split("/")
    return [part.casefold() for part in mine[: len(theirs)]] == [part.casefold() for part in theirs]


class Discovery:
    """Tells of one camera on the interface of its address."""

    def __init__(
        self,
        camera: Camera,
        host: str,
        *,
        port: int = PORT,
        max_delay: float = MAX_DELAY,
        xaddrs: str | None = None,
    ) -> None:
        """Tell of `camera` at `host`; `xaddrs` instead of its real addresses, if given."""
        self._camera: Final = camera
        self.xaddrs = xaddrs
        self._max_delay: Final = max_delay
        self._groups: Final = Groups(host, port, GROUP, GROUP6, self._received)
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self._instance = 0
        self._number = 0
        self.probes: int = 0
        """Those it answered."""

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._groups.port

    async def start(self) -> None:
        """Listen, and say Hello soon."""
        self._instance, self._number = int(time.time()), 0
        await self._groups.start()
        self._later(self._hello())

    def abandon(self) -> None:
        """Listen no more, without a word, as when the plug is pulled."""
        for task in tuple(self._tasks):
            task.cancel()
        self._groups.close()

    async def close(self) -> None:
        """Say Bye and listen no more."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._groups.tell(self._message("Bye", f"<d:Bye>{self._reference()}</d:Bye>"))
        # The datagram is sent at once where the socket has room, as it has.
        self._groups.close()

    def scopes(self) -> tuple[str, ...]:
        """Give what it says about itself."""
        identity = self._camera.identity
        return tuple(
            f"onvif://www.onvif.org/{kind}/{quote(value)}"
            for kind, value in (
                ("type", "video_encoder"),
                *((("type", "ptz"),) if self._camera.features.ptz else ()),
                ("Profile", "Streaming"),
                ("hardware", identity.model),
                ("name", identity.name),
                ("location", identity.location),
            )
        )

    async def _hello(self) -> None:
        await asyncio.sleep(random.uniform(0, self._max_delay))
        told = self._message("Hello", f"<d:Hello>{self._matched()}</d:Hello>")
        for _ in range(_REPEATS):
            self._groups.tell(told)
            await asyncio.sleep(_REPEAT_GAP)

    def _received(self, data: bytes, answer: Answer) -> None:
        probe = read_probe(data)
        if probe is not None and self._matches(probe):
            self.probes += 1
            self._later(self._answer(probe, answer))

    def _matches(self, probe: Probe) -> bool:
        return probe.types <= _TYPES and all(
            any(_within(scope, wanted) for scope in self.scopes()) for wanted in probe.scopes
        )

    async def _answer(self, probe: Probe, answer: Answer) -> None:
        await asyncio.sleep(random.uniform(0, self._max_delay))
        related = probe.message_id
        if self._camera.has(Quirk.WRONG_RELATES_TO):
            related = f"urn:uuid:{uuid.uuid4()}"
        body = f"<d:ProbeMatches><d:ProbeMatch>{self._matched()}</d:ProbeMatch></d:ProbeMatches>"
        told = self._message("ProbeMatches", body, related)
        for _ in range(2 if self._camera.has(Quirk.ANSWERS_TWICE) else 1):
            answer(told)

    def _reference(self) -> str:
        uuid_ = self._camera.identity.uuid
        return f"<a:EndpointReference><a:Address>urn:uuid:{uuid_}</a:Address></a:EndpointReference>"

    def _matched(self) -> str:
        """Write what Hello and ProbeMatch have in common."""
        camera = self._camera
        told = self.xaddrs
        if told is None and camera.has(Quirk.XADDR_ELSEWHERE):
            told = f"http://{ELSEWHERE}:{camera.network.port}/onvif/device_service"
        if told is None:
            told = camera.url("/onvif/device_service")
        version = "<d:MetadataVersion>10</d:MetadataVersion>"
        if camera.has(Quirk.NO_METADATA_VERSION):
            version = ""
        return (
            f"{self._reference()}<d:Types>{_TOLD_TYPES}</d:Types>"
            f"<d:Scopes>{escape(' '.join(self.scopes()))}</d:Scopes>"
            f"<d:XAddrs>{escape(told)}</d:XAddrs>{version}"
        )

    def _message(self, name: str, body: str, related: str | None = None) -> bytes:
        """Write one message: to everybody, or `related` to the Probe with that id."""
        self._number += 1
        sequence = f'<d:AppSequence InstanceId="{self._instance}" MessageNumber="{self._number}"/>'
        relation = "" if related is None else f"<a:RelatesTo>{escape(related)}</a:RelatesTo>"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="{_SOAP}"'
            f' xmlns:a="{_ADDRESSING}" xmlns:d="{_DISCOVERY}"'
            ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"'
            ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><s:Header>'
            f"<a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID>{relation}"
            f"<a:To>{_ANYBODY if related is None else _ANONYMOUS}</a:To>"
            f"<a:Action>{_DISCOVERY}/{name}</a:Action>{sequence}</s:Header>"
            f"<s:Body>{body}</s:Body></s:Envelope>"
        ).encode()

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
