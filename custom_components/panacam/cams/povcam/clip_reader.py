"""Reads lists of clips page by page, and finds clips in them (10.1)."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Final, NamedTuple

from ..clips import Clip
from ..errors import BusyError, CameraError, ConnectError, ProtocolError, Reason, RefusedError
from .card_state import card_state, explained, is_missing
from .client import PovcamClient
from .clip_list import MAX_INDEX, Page, Row, parse_clip_list
from .clip_reading import MAX_CLIPS, Card, Reading
from .commands_cards import GET_CLIP_LIST, MAX_MATCHES

MAX_STARTS: Final = 4
"""How often a list is read from its start because it changed meanwhile."""
READ_LIMIT: Final = 300.0
"""Seconds that reading a list may take."""
LOCATE_LIMIT: Final = 120.0
"""Seconds that finding clips in it may take, for that long nobody else is served."""
MAX_BARREN: Final = 3
"""Pages one after the other without a new clip until the camera's count is taken for a lie."""
BEHIND: Final = 12
"""How many places before its last one a search begins: clips move down when others go."""


class Mark(NamedTuple):
    """What tells whether a list is still the same."""

    total: int
    list_id: int
    start: int
    """Where the page of the newest clips begins."""
    rows: tuple[Row, ...]
    """That page."""


@dataclass(slots=True)
class Located:
    """Where clips are in the list that was looked at last."""

    list_id: int = 0
    total: int = 0
    """How many clips it has, as the camera says."""
    complete: bool = False
    """Whether it was searched to its end."""
    numbers: dict[Clip, int] = field(default_factory=dict)
    """Of those whose place is beyond doubt."""
    present: set[Clip] = field(default_factory=set)
    """All that were seen."""
    doubtful: set[Clip] = field(default_factory=set)
    """Those that were seen at several places, or under a number that cannot be theirs."""
    others: set[Clip] = field(default_factory=set)
    """Those whose name a recording of another time has."""

    def take(self, rows: Iterable[Row], start: int, names: Mapping[str, Clip]) -> None:
        """Take the rows of a page that begins at `start`."""
        for row in rows:
            if (clip := names.get(row.name)) is None:
                continue
            if clip.began is not None and clip.began != row.began:
                self.others.add(clip)
                continue
            self.present.add(clip)
            if not start <= row.number < start + MAX_MATCHES:
                self.doubtful.add(clip)
            elif self.numbers.setdefault(clip, row.number) != row.number:
                self.doubtful.add(clip)  # which of the two is meant?
        for clip in self.doubtful & self.numbers.keys():
            del self.numbers[clip]

    def lacks(self, clip: Clip) -> bool:
        """Return whether a clip is not there beyond doubt."""
        return self.complete and clip not in self.present and clip not in self.others


class Search(Enum):
    """How clips are searched for."""

    USUAL = auto()
    """Until they are found."""
    CERTAIN = auto()
    """A name that is there twice is doubtful."""
    WHOLE = auto()
    """`present` has all that there are."""
    NEAR = auto()
    """Only near where they were."""


class _ChangedError(Exception):
    """The list is another one than a moment ago."""


class ClipReader:
    """Reads the lists of one camera, one page at a time."""

    def __init__(self, client: PovcamClient) -> None:
        """Read by `client`."""
        self._client = client
        self.lock: Final = asyncio.Lock()
        """Held from a look at a list to the command about it, so that its number is the newest."""
        self._restless = False
        """Whether this camera numbers each answer, where others number each list."""

    async def page(self, card: Card, start: int = 1, count: int = MAX_MATCHES) -> Page:
        """Return clips from place `start` on; for who holds the lock.

        Raises CameraError, ProtocolError(UNEXPECTED_REPLY) for what is no list.
        """
        body = await self._client.call(
            GET_CLIP_LIST, maxmatches=count, index=start, device=card.slot, format=card.kind.value
        )
        page = parse_clip_list(body, count)
        if page.total is None or page.list_id is None:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, GET_CLIP_LIST.name)
        return page

    async def read(self, card: Card, reading: Reading) -> Mark:
        """Read a whole list into `reading`, its newest end first; return its mark.

        Raises CameraError; BusyError when it does not stay the same long enough, RefusedError
        (NO_CARD | CARD_REMOVED | CARD_IN_USE), ConnectError(TIMEOUT) after READ_LIMIT.
        """
        try:
            async with _limit(READ_LIMIT):
                for _ in range(MAX_STARTS):
                    reading.clear()
                    try:
                        mark = await self._read_once(card, reading)
                    except _ChangedError:
                        continue
                    if mark.total == 0:
                        await self._insist(card, had_card=reading.any_seen)
                    return mark
        except CameraError as err:
            raise await explained(self._client, err, card.slot, had_card=reading.any_seen) from err
        raise BusyError(Reason.BUSY, GET_CLIP_LIST.name)

    async def is_same(self, card: Card, mark: Mark) -> bool:
        """Return whether a list is what it was, by one look. CameraError."""
        try:
            async with self.lock:
                page = await self.page(card, mark.start)
        except CameraError as err:
            raise await explained(self._client, err, card.slot, had_card=True) from err
        if page.total == 0:
            await self._insist(card, had_card=mark.total > 0)
        # A list of one page was seen whole.
        known = self._restless or mark.total <= MAX_MATCHES or page.list_id == mark.list_id
        return known and page.total == mark.total and page.rows == mark.rows

    async def locate(
        self,
        card: Card,
        wanted: Mapping[Clip, int | None],
        how: Search = Search.USUAL,
    ) -> Located:
        """Find clips, first near the places that they had; for who holds the lock.

        It may return some of several: as many as can be found in one list. Raises CameraError,
        BusyError as `read`; ConnectError(TIMEOUT) after LOCATE_LIMIT.
        """
        async with _limit(LOCATE_LIMIT):
            for _ in range(MAX_STARTS):
                try:
                    return await self._locate_once(card, wanted, how)
                except _ChangedError:
                    continue
        raise BusyError(Reason.BUSY, GET_CLIP_LIST.name)

    async def _insist(self, card: Card, *, had_card: bool) -> None:
        """Raise RefusedError when a list is empty because there is no card."""
        if is_missing(await card_state(self._client), card.slot):
            raise RefusedError(Reason.CARD_REMOVED if had_card else Reason.NO_CARD)

    async def _read_once(self, card: Card, reading: Reading) -> Mark:
        async with self.lock:
            first = await self.page(card)
        total = max(first.total or 0, len(first.rows))
        if total <= MAX_MATCHES:
            reading.add(first.rows, total)
            return Mark(first.total or 0, first.list_id or 0, 1, first.rows)
        end = max(total - MAX_MATCHES + 1, MAX_MATCHES + 1)
        last = await self._next(card, first, end)
        # Which end is the newest is nowhere said.
        forward = _latest(last) >= _latest(first)
        near, far, rest = (
            (last, first, _downwards(end)) if forward else (first, last, _upwards(end))
        )
        step = -1 if forward else 1
        reading.add(near.rows[::step], total)
        barren = 0
        for start, count in rest:
            if len(reading.clips) >= MAX_CLIPS or barren >= MAX_BARREN:
                break
            page = await self._next(card, first, start, count)
            barren = 0 if reading.add(page.rows[::step], total) else barren + 1
        reading.add(far.rows[::step], total)
        return Mark(total, near.list_id or 0, end if forward else 1, near.rows)

    async def _next(self, card: Card, first: Page, start: int, count: int = MAX_MATCHES) -> Page:
        async with self.lock:
            page = await self.page(card, start, count)
            await self._hold(card, 1, first, page)
        return page

    async def _hold(self, card: Card, start: int, first: Page, page: Page) -> None:
        """Raise _ChangedError unless a page is of the same list as `first`, found at `start`."""
        if page.total != first.total:
            raise _ChangedError
        if page.list_id == first.list_id or self._restless:
            return
        again = await self.page(card, start)
        self._restless = (again.rows, again.total) == (first.rows, first.total) and (
            again.list_id not in {first.list_id, page.list_id}
        )
        if not self._restless:
            raise _ChangedError

    async def _locate_once(
        self, card: Card, wanted: Mapping[Clip, int | None], how: Search
    ) -> Located:
        names = {clip.name: clip for clip in wanted}
        found = Located()
        # What has no date is told apart by its name alone.
        everywhere = how is Search.CERTAIN and any(clip.began is None for clip in wanted)
        places = _Places(wanted, found.present, everywhere=everywhere, near=how is Search.NEAR)
        first: Page | None = None
        at = 1
        while (start := places.next()) is not None:
            page = await self.page(card, start)
            if first is None:
                first, at = page, start
            else:
                knew = self._restless
                await self._hold(card, at, first, page)
                if self._restless is not knew:
                    raise _ChangedError
            places.saw(page)
            if page.total == 0:
                await self._insist(card, had_card=True)
            found.list_id, found.total = page.list_id or 0, page.total or 0
            if self._restless:
                found.numbers.clear()
            found.take(page.rows, start, names)
            if self._restless and found.numbers and how is not Search.WHOLE:
                return found
        found.complete = places.searched
        return found


class _Places:
    """Where to look for clips: near where they were, then everywhere."""

    def __init__(
        self,
        wanted: Mapping[Clip, int | None],
        present: Collection[Clip],
        *,
        everywhere: bool,
        near: bool,
    ) -> None:
        """Look for those of `wanted` that `present`, which grows, has not got.

        `everywhere`: also for others of their names; `near`: no farther than where they were.
        """
        self._everywhere = everywhere
        self._only_near = near
        self._wanted = wanted
        self._present = present
        self._near = sorted(
            ((place, clip) for clip, place in wanted.items() if place is not None),
            key=lambda pair: pair[0],
        )
        self._low = MAX_INDEX + 1
        """The lowest place that was looked at so far, near where clips were."""
        self._start = 1
        self._total = 1
        self._barren = 0

    def next(self) -> int | None:
        """Return where the next page begins; None: there is nothing left to look for."""
        while self._near:
            place, clip = self._near.pop()
            if clip not in self._present and place < self._low:
                self._low = max(1, place - BEHIND)
                return self._low
        if self._only_near or self._start > self._total or self._barren >= MAX_BARREN:
            return None
        if len(self._present) == len(self._wanted) and not self._everywhere:
            return None
        start = self._start
        self._start += MAX_MATCHES
        return start

    @property
    def searched(self) -> bool:
        """Return whether the whole list was looked at; pages that are empty are no list."""
        return self._start > self._total and self._barren < MAX_BARREN

    def saw(self, page: Page) -> None:
        """Take a page that was found there."""
        self._total = page.total or 0
        if self._start > 1:  # not near where clips were, which may be behind the end by now
            self._barren = 0 if page.rows else self._barren + 1


@asynccontextmanager
async def _limit(seconds: float) -> AsyncGenerator[None]:
    """End after a time. ConnectError(TIMEOUT)."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as err:
        raise ConnectError(Reason.TIMEOUT, GET_CLIP_LIST.name) from err


def _latest(page: Page) -> datetime:
    """Return when the newest of a page began."""
    return max((row.began or datetime.min for row in page.rows), default=datetime.min)  # noqa: DTZ901 - cameras' clocks have no zone


def _downwards(end: int) -> Iterator[tuple[int, int]]:
    """Yield where pages begin, and how long they are, between the first and the one at `end`."""
    while end > MAX_MATCHES + 1:
        start = max(MAX_MATCHES + 1, end - MAX_MATCHES)
        yield start, end - start
        end = start


def _upwards(end: int) -> Iterator[tuple[int, int]]:
    """Yield the same from the first page on."""
    for start in range(MAX_MATCHES + 1, end, MAX_MATCHES):
        yield start, min(MAX_MATCHES, end - start)
