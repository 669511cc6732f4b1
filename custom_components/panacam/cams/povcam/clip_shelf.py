"""Lists of clips that somebody looks at: read in the background, kept for a while."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
import time
from typing import Final

from ..clips import Clip, Listing
from ..errors import ConnectError, Reason
from .clip_reader import ClipReader, Mark
from .clip_reading import Card, Reading

KEEP: Final = 120.0
"""Seconds that a list is kept after somebody looked at it."""


@dataclass(slots=True)
class _Kept:
    """A list that was read to its end."""

    reading: Reading
    mark: Mark
    listing: Listing
    used: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class _Begun:
    """A list that is being compared with the one kept, or read."""

    reading: Reading
    task: asyncio.Task[Listing]


class ClipShelf:
    """The lists of one camera: one of each card and format, and one more while it is read."""

    def __init__(self, reader: ClipReader) -> None:
        """Read by `reader`."""
        self._reader = reader
        self._kept: dict[Card, _Kept] = {}
        self._begun: dict[Card, _Begun] = {}
        self._tasks: set[asyncio.Task[Listing]] = set()
        self._timers: dict[Card, asyncio.TimerHandle] = {}
        self._closed = False

    async def listing(self, card: Card, *, within: float | None, renew: bool) -> Listing:
        """Return a list as the clips role says. CameraError."""
        if (kept := self._kept.get(card)) is not None:
            kept.used = time.monotonic()
            if not renew:
                return kept.listing
        begun = self._begun.get(card) or self._begin(card)
        await asyncio.wait({begun.task}, timeout=within)
        if not begun.task.done():
            if kept is not None and not begun.reading.clips:
                return kept.listing
            return begun.reading.listing(complete=False)
        if begun.task.cancelled():
            raise ConnectError(Reason.UNREACHABLE)
        return begun.task.result()

    def places(self, card: Card, clips: Iterable[Clip]) -> dict[Clip, int | None]:
        """Return where clips were when they were listed, as far as that is still known."""
        if (kept := self._kept.get(card)) is not None:
            return kept.reading.places(clips)
        return dict.fromkeys(clips)

    def drop(self, card: Card) -> None:
        """Keep no list that was begun before now: something was changed on purpose."""
        self._begun.pop(card, None)
        self._forget(card)

    async def close(self) -> None:
        """End all reading, and keep nothing."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for card in tuple(self._kept):
            self.drop(card)

    def _forget(self, card: Card) -> None:
        self._kept.pop(card, None)
        if (timer := self._timers.pop(card, None)) is not None:
            timer.cancel()

    def _begin(self, card: Card) -> _Begun:
        if self._closed:
            raise ConnectError(Reason.UNREACHABLE)
        reading = Reading(card)
        task = asyncio.create_task(self._renew(card, reading), name="panacam clips")
        self._tasks.add(task)
        self._begun[card] = begun = _Begun(reading, task)
        task.add_done_callback(lambda task: self._ended(card, task))
        return begun

    def _ended(self, card: Card, task: asyncio.Task[Listing]) -> None:
        self._tasks.discard(task)
        if (begun := self._begun.get(card)) is not None and begun.task is task:
            del self._begun[card]
        if not task.cancelled():
            task.exception()  # whoever waits gets it; perhaps nobody waits any more

    async def _renew(self, card: Card, reading: Reading) -> Listing:
        """Return what is kept if it is still right, else read. CameraError."""
        kept = self._kept.get(card)
        if kept is not None and await self._reader.is_same(card, kept.mark):
            return kept.listing
        mark = await self._reader.read(card, reading)
        reading.finish()
        listing = reading.listing(complete=True)
        if (begun := self._begun.get(card)) is not None and begun.reading is reading:
            self._forget(card)
            self._kept[card] = _Kept(reading, mark, listing)
            self._expire(card)
        return listing

    def _expire(self, card: Card) -> None:
        """Drop a list that nobody has looked at for a while, else look again later."""
        left = KEEP - (time.monotonic() - self._kept[card].used)
        if left <= 0:
            self._forget(card)
        else:
            loop = asyncio.get_running_loop()
            self._timers[card] = loop.call_later(left, self._expire, card)
