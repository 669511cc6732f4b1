"""What a device sends to the webhook, until it is read."""

import asyncio
from collections import deque
from typing import Final

from ..errors import ProtocolError
from .addresses import split
from .messages import Message
from .notifications import read_notify
from .subscription import Subscription

MAX_BODY: Final = 512 * 1024
MAX_WAITING: Final = 64
"""Bodies that wait to be read; of a flood the oldest are dropped."""
LARGE_BODY: Final = 8 * 1024
"""Bytes from which a body is read outside the event loop."""


class Inbox:
    """Keeps a bounded number of bodies; anybody may have sent them."""

    def __init__(self, url: str | None) -> None:
        """Take what is sent to `url`."""
        self._own = split(url)
        self._bodies: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self.open = False
        """Whether anything is to be expected."""
        self.dropped = 0
        """Bodies and messages that were too large, too many, unreadable or for somebody else."""

    def put(self, body: bytes) -> None:
        """Take a body; the loop waits for nothing."""
        if not self.open or len(body) > MAX_BODY:
            self.dropped += 1
            return
        if len(self._bodies) == MAX_WAITING:
            self._bodies.popleft()
            self.dropped += 1
        self._bodies.append(body)
        self._arrived.set()

    async def wait(self) -> None:
        """Return when there is something to read."""
        await self._arrived.wait()

    async def read(self, subscription: Subscription) -> list[Message]:
        """Return the messages for a subscription that have arrived."""
        bodies = list(self._bodies)
        self.clear()
        found: list[Message] = []
        for body in bodies:
            found += await self._messages(body, subscription)
        return found

    async def _messages(self, body: bytes, subscription: Subscription) -> list[Message]:
        try:
            if len(body) > LARGE_BODY:
                found = await asyncio.to_thread(read_notify, body)
            else:
                found = read_notify(body)
        except ProtocolError:
            self.dropped += 1
            return []
        ours = [one.message for one in found if self._is_for(one.reference, subscription)]
        self.dropped += len(found) - len(ours)
        return ours

    def _is_for(self, reference: str | None, subscription: Subscription) -> bool:
        """Return whether a message is for a subscription; many do not say, some name us."""
        if (told := split(reference)) is None:
            return True
        known = (split(subscription.address), self._own)
        return any(place is not None and place.path == told.path for place in known)

    def clear(self) -> None:
        """Forget what has not been read."""
        self._bodies.clear()
        self._arrived.clear()
