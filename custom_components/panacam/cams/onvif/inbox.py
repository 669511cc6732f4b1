"""What a device sends to the webhook, until it is read."""

import asyncio
from collections import deque
from collections.abc import Container, Iterable
from typing import Final

from ..errors import ProtocolError
from .addresses import split
from .messages import Message
from .notifications import read_notify
from .subscription import Subscription

MAX_BODY: Final = 512 * 1024
MAX_WAITING: Final = 64
"""Bodies that wait to be read; of a flood the oldest are dropped."""
LARGE: Final = 2 * 1024
"""Bytes, of all bodies that are read at once, from which that is done outside the event loop."""


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
        known = (split(subscription.address), self._own)
        places = {place.path for place in known if place is not None}
        if sum(map(len, bodies)) > LARGE:
            found, dropped = await asyncio.to_thread(_read, bodies, places)
        else:
            found, dropped = _read(bodies, places)
        self.dropped += dropped
        return found

    def clear(self) -> None:
        """Forget what has not been read."""
        self._bodies.clear()
        self._arrived.clear()


def _read(bodies: Iterable[bytes], places: Container[str]) -> tuple[list[Message], int]:
    """Return the messages that are for one of `places`, and how much was dropped."""
    messages: list[Message] = []
    dropped = 0
    for body in bodies:
        try:
            found = read_notify(body)
        except ProtocolError:
            dropped += 1
            continue
        ours = [one.message for one in found if _is_for(one.reference, places)]
        dropped += len(found) - len(ours)
        messages += ours
    return messages, dropped


def _is_for(reference: str | None, places: Container[str]) -> bool:
    """Return whether a message is for a subscription; many do not say, some name us."""
    told = split(reference)
    return told is None or told.path in places
