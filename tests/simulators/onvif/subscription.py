"""One subscription: its queue, its time, and how its messages get away."""

import asyncio
from collections import deque
import time
from typing import TYPE_CHECKING, Final

import aiohttp

from . import soap
from .quirks import Quirk
from .service import SoapFault
from .topics import Message

if TYPE_CHECKING:
    from .camera import Camera

_QUEUE: Final = 5000
"""Messages kept for one listener; the oldest are lost first, as in a small device."""
_BATCH: Final = 50
_PATIENCE: Final = 5.0
_MAX_FAILURES: Final = 3


class Subscription:
    """A pull point, or with a `consumer` an address that messages are posted to."""

    def __init__(self, camera: Camera, number: int, life: float, consumer: str | None) -> None:
        """Live for `life` seconds."""
        self._camera: Final = camera
        self.number: Final = number
        self.consumer: Final = consumer
        self.queue: Final[deque[Message]] = deque(maxlen=_QUEUE)
        self.lost = 0
        """Messages that nobody fetched in time."""
        self._ends = time.monotonic() + life
        self._waiting = asyncio.Event()
        self._pulling = False
        self._over = False
        self.delivery: asyncio.Task[None] | None = None
        if consumer is not None:
            self.delivery = asyncio.get_running_loop().create_task(self._deliver(consumer))

    @property
    def path(self) -> str:
        """Where it is managed."""
        return f"/onvif/subscription/{self.number}"

    @property
    def address(self) -> str:
        """Where it is managed, as the camera tells it."""
        return self._camera.url(self.path, extra=self._camera.has(Quirk.NEW_PORT))

    @property
    def remaining(self) -> float:
        """Seconds it has to live."""
        return self._ends - time.monotonic()

    def extend(self, seconds: float, *, shorten: bool = False) -> None:
        """Live for `seconds` from now, at least or exactly."""
        if self._camera.has(Quirk.SUBSCRIPTION_LOST):
            return
        ends = time.monotonic() + seconds
        self._ends = ends if shorten else max(self._ends, ends)

    def put(self, message: Message) -> None:
        """Keep `message` for whoever listens here."""
        self.lost += len(self.queue) == _QUEUE
        self.queue.append(message)
        self._waiting.set()

    def end(self) -> None:
        """Wake whoever waits, and have nothing more to say."""
        self._over = True
        self._waiting.set()
        if self.delivery is not None:
            self.delivery.cancel()

    async def pull(self, timeout: float, limit: int) -> list[Message]:
        """Wait for messages, `timeout` seconds at most; faults when it is over or pulled twice."""
        if self._pulling:
            raise SoapFault("Receiver", ("Action", "UnableToGetMessages"), "pulled already")
        self._pulling = True
        try:
            await self._wait(timeout)
        finally:
            self._pulling = False
        if self._over:
            raise unknown_resource()
        return self._take(limit)

    async def _wait(self, seconds: float) -> None:
        if self.queue or self._camera.has(Quirk.PULL_AT_ONCE):
            return
        self._waiting.clear()
        if self._camera.has(Quirk.PULL_TOO_LONG):
            await self._waiting.wait()
            return
        try:
            async with asyncio.timeout(min(seconds, max(self.remaining, 0))):
                await self._waiting.wait()
        except TimeoutError:
            self._over = self.remaining <= 0

    def _take(self, limit: int) -> list[Message]:
        return [self.queue.popleft() for _ in range(min(limit, len(self.queue)))]

    def write(self, messages: list[Message]) -> str:
        """Write NotificationMessages."""
        operation = not self._camera.has(Quirk.NO_OPERATION)
        clock, address = self._camera.clock, self.address
        return "".join(
            message.write(clock.write(message.time), address, operation=operation)
            for message in messages
        )

    async def _deliver(self, consumer: str) -> None:
        """Post what comes; who does not take it three times running gets no more."""
        failures = 0
        limit = aiohttp.ClientTimeout(total=_PATIENCE)
        async with aiohttp.ClientSession(timeout=limit) as session:
            while failures < _MAX_FAILURES:
                await self._waiting.wait()
                self._waiting.clear()
                while self.queue and failures < _MAX_FAILURES:
                    sent = await self._post(session, consumer, self._take(_BATCH))
                    failures = 0 if sent else failures + 1

    async def _post(
        self, session: aiohttp.ClientSession, consumer: str, messages: list[Message]
    ) -> bool:
        body = soap.envelope(f"<wsnt:Notify>{self.write(messages)}</wsnt:Notify>")
        data = soap.encode(body, self._camera.quirks)
        try:
            async with session.post(
                consumer, data=data, headers={"Content-Type": soap.CONTENT_TYPE}
            ) as answer:
                return answer.status < 300
        except aiohttp.ClientError, TimeoutError:
            return False


def unknown_resource() -> SoapFault:
    """Give the fault for a subscription that is no more (WS-ResourceFramework)."""
    detail = (
        '<wsrf:ResourceUnknownFault xmlns:wsrf="http://docs.oasis-open.org/wsrf/r-2">'
        "</wsrf:ResourceUnknownFault>"
    )
    return SoapFault("Sender", ("InvalidArgVal", "ResourceUnknown"), "no such resource", detail)
