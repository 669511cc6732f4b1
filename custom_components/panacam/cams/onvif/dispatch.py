"""Messages to the parts, in order, each change shown; a flood of them thinned out."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
import time
from typing import Final

from .board import Board
from .messages import Message
from .part import Part
from .topics import Topics

BURST: Final = 200.0
"""Messages that may come at once before they are thinned out."""
RATE: Final = 100.0
"""Messages a second that may come for ever."""
SLICE: Final = 0.005
"""Seconds that the event loop is kept."""
SETTLING: Final = 2.0
"""Seconds after subscribing during which messages without an operation tell the initial state."""


class Dispatcher:
    """Hands messages on; a sequence of values of one property is shown value by value."""

    def __init__(self, board: Board, parts: Sequence[Part], topics: Topics) -> None:
        """Hand to `parts`, and what none of them takes to `topics`."""
        self._board = board
        self._parts = parts
        self._topics = topics
        self._allowance = BURST
        self._counted_at = time.monotonic()
        self._settled_at = 0.0
        self.messages = 0
        self.thinned = 0
        """Messages that were left out of a flood."""

    def settle_in(self) -> None:
        """Expect initial states: a subscription is new."""
        self._settled_at = time.monotonic() + SETTLING

    async def take(self, messages: Sequence[Message]) -> bool:
        """Hand messages on; return whether they were too many."""
        self.messages += len(messages)
        initial = time.monotonic() < self._settled_at
        flood = not self._allow(len(messages))
        if flood:
            messages = self._thin(messages)
        seen: set[tuple[object, ...]] = set()
        since = time.perf_counter()
        for message in messages:
            place = _place(message)
            if place in seen:
                # Another value of what is not shown yet.
                self._board.show()
                seen.clear()
                since = await _breathe()
            elif time.perf_counter() - since > SLICE:
                since = await _breathe()
            seen.add(place)
            self._hand(message, initial=initial)
        if messages:
            self._board.show()
        return flood

    def _allow(self, count: int) -> bool:
        """Return whether so many more messages are no flood."""
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._counted_at) * RATE)
        self._counted_at = now
        if count > self._allowance:
            self._allowance = 0.0
            return False
        self._allowance -= count
        return True

    def _thin(self, messages: Sequence[Message]) -> list[Message]:
        """Keep of each property the last message and, before it, the last that said otherwise.

        All earlier values come before all last ones, so that two states show both.
        """
        last: dict[tuple[object, ...], Message] = {}
        before: dict[tuple[object, ...], Message] = {}
        for message in messages:
            place = _place(message)
            previous = last.get(place)
            if previous is not None and previous.data != message.data:
                before[place] = previous
            last[place] = message
        kept = [*before.values(), *last.values()]
        self.thinned += len(messages) - len(kept)
        return kept

    def _hand(self, message: Message, *, initial: bool) -> None:
        if initial and not message.operation and self._topics.describes(message.topic):
            message = replace(message, operation="Initialized")
        try:
            taken = False
            for part in self._parts:
                taken |= part.heard(message)
            if not taken:
                self._topics.heard(message)
        except Exception as err:  # noqa: BLE001 - reported; one message must not cost the others
            asyncio.get_running_loop().call_exception_handler(
                {"message": "An event of a camera could not be taken", "exception": err}
            )


async def _breathe() -> float:
    """Let others have the event loop; return when it was had back."""
    await asyncio.sleep(0)
    return time.perf_counter()


def _place(message: Message) -> tuple[object, ...]:
    """Return what tells a property from others."""
    return message.topic, tuple(message.source.items()), tuple(message.keys.items())
