"""The clips on a recorder's cards: listed, downloaded, deleted, sent (10, 11.4)."""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from ..clips import Clip, ClipFormat, Download, Listing
from ..device import Activity
from ..errors import BusyError, CameraError, ConnectError, Reason, RefusedError
from ..net.http import Chunks
from .card_state import LOOK_GAP, Misses, ended, explained
from .client import PovcamClient
from .clip_reader import BEHIND, ClipReader, Located, Search
from .clip_reading import Card
from .clip_sender import ClipSender
from .clip_shelf import ClipShelf
from .clip_transfer import Promise, measured
from .commands_cards import DEL_CLIP_FILE, GET_CLIP_FILE, MAX_FILES
from .progress import Begun

DOWNLOAD_WAIT: Final = 5.0
"""Seconds that a download waits for the one before it."""
TURNS: Final = 4
"""How often a camera that says it is downloading is asked."""
TURN_GAP: Final = 0.5
"""Seconds between."""
DELETE_LIMIT: Final = 60.0
"""Seconds that the camera may take to delete one group."""
LOOKS: Final = 3
"""How often it is looked whether clips are gone, before all of the list is searched for them."""

_PERHAPS_GONE: Final = frozenset({Reason.REFUSED, Reason.UNSUPPORTED})


@dataclass(slots=True)
class _Deletion:
    """What is known of clips that are being deleted."""

    taken: dict[Clip, int] = field(default_factory=dict)
    """What the camera took and was done with: where each would be now if it were still there."""
    absent: set[Clip] = field(default_factory=set)
    """What was not there when it was searched for."""
    total: int = 0
    """How many there must be left, once any were taken."""

    def take(self, located: Located) -> None:
        """Take a group that the camera has deleted."""
        self.taken |= located.numbers
        numbers = sorted(located.numbers.values())
        for clip, place in self.taken.items():
            self.taken[clip] = max(1, place - bisect_left(numbers, place))
        self.total = max(0, located.total - len(numbers))


class PovcamClips:
    """The clips role."""

    def __init__(self, client: PovcamClient, begun: Begun) -> None:
        """Have what `client` reaches; `begun` is told when it was made to send."""
        self._client = client
        self._reader = ClipReader(client)
        self._shelf = ClipShelf(self._reader)
        self.sender: Final = ClipSender(client, self._reader, begun)
        self._download = asyncio.Lock()

    @property
    def formats(self) -> tuple[ClipFormat, ...]:
        """Return both: which of them a card has is known only by looking."""
        return tuple(ClipFormat)

    async def listing(
        self, slot: str, kind: ClipFormat, *, within: float | None = None, renew: bool = True
    ) -> Listing:
        """Return what is on a card, newest first, at most MAX_CLIPS."""
        return await self._shelf.listing(Card(slot, kind), within=within, renew=renew)

    @asynccontextmanager
    async def download(self, clip: Clip, *, start: int = 0) -> AsyncGenerator[Download]:
        """Open a clip from byte `start` on; cameras send one at a time."""
        try:
            async with asyncio.timeout(DOWNLOAD_WAIT):
                await self._download.acquire()
        except TimeoutError as err:
            raise BusyError(Reason.BUSY, GET_CLIP_FILE.name) from err
        try:
            async with self._opened(clip, start) as download:
                yield download
        finally:
            self._download.release()

    async def delete(self, clips: Sequence[Clip]) -> tuple[Clip, ...]:
        """Delete clips; return those that are gone beyond doubt.

        Each clip's place is looked up, by its name and time, under the number of the list right
        before. What goes wrong once some are gone ends it, and what is gone is told: also what the
        camera took and was done with before it went away.
        """
        gone: list[Clip] = []
        for card in dict.fromkeys(Card(clip.slot, clip.format) for clip in clips):
            wanted = list(dict.fromkeys(c for c in clips if Card(c.slot, c.format) == card))
            deleted, error = await self._delete(card, wanted)
            gone += deleted
            if error is not None:
                if not gone:
                    raise error
                break
        return tuple(gone)

    async def send(self, slot: str, kind: ClipFormat, clips: Sequence[Clip] | None = None) -> None:
        """Begin to send clips; of more than fit into one request the rest follows by itself."""
        card = Card(slot, kind)
        hints = None if clips is None else self._shelf.places(card, clips)
        await self.sender.send(card, hints)

    async def cancel_sending(self) -> None:
        """Send no more, what was to follow included."""
        await self.sender.cancel()

    def forget(self, slot: str) -> None:
        """Keep no list of a card that was erased."""
        for kind in ClipFormat:
            self._shelf.drop(Card(slot, kind))

    async def close(self) -> None:
        """End what goes on by itself."""
        await self._shelf.close()
        await self.sender.close()

    @asynccontextmanager
    async def _opened(self, clip: Clip, start: int) -> AsyncGenerator[Download]:
        async with AsyncExitStack() as stack:
            chunks = await self._open(stack, clip, start)
            promise = Promise.of(chunks, start)
            pieces = await stack.enter_async_context(aclosing(self._pieces(chunks, promise, clip)))
            yield Download(start=promise.start, size=promise.size, pieces=pieces)

    async def _open(self, stack: AsyncExitStack, clip: Clip, start: int) -> Chunks:
        """Ask for a clip; again when the camera has not noticed yet that the last one ended."""
        for turn in range(TURNS):
            try:
                return await self._open_once(stack, clip, start)
            except (BusyError, RefusedError) as err:
                # What it was refused for may be over before the state is asked.
                if turn == TURNS - 1 or err.reason not in {Reason.BUSY, Reason.REFUSED}:
                    raise
            await asyncio.sleep(TURN_GAP)
        raise BusyError(Reason.BUSY, GET_CLIP_FILE.name)

    async def _open_once(self, stack: AsyncExitStack, clip: Clip, start: int) -> Chunks:
        """Ask once, with the number that the list has now."""
        card = Card(clip.slot, clip.format)
        place = self._shelf.places(card, [clip])[clip]
        async with self._reader.lock:
            try:
                page = await self._reader.page(card, max(1, (place or 1) - BEHIND))
                return await stack.enter_async_context(
                    self._client.stream(
                        GET_CLIP_FILE, start=start, filename=clip.name, list_id=page.list_id or 0
                    )
                )
            except CameraError as err:
                error = await explained(self._client, err, clip.slot, had_card=place is not None)
                if error.reason in _PERHAPS_GONE:
                    located = await self._reader.locate(card, {clip: place})
                    if clip not in located.present:
                        raise RefusedError(Reason.CLIP_GONE) from err
                raise error from err

    async def _pieces(self, chunks: Chunks, promise: Promise, clip: Clip) -> AsyncGenerator[bytes]:
        """Yield a clip as it comes; RefusedError(CARD_REMOVED) when that is why it ends."""
        try:
            async with aclosing(measured(chunks.pieces, promise, clip.format)) as pieces:
                async for piece in pieces:
                    yield piece
        except ConnectError as err:
            raise await explained(self._client, err, clip.slot, had_card=True) from err

    async def _delete(
        self, card: Card, wanted: Sequence[Clip]
    ) -> tuple[list[Clip], CameraError | None]:
        """Delete clips of one card; return which are gone, and what ended it before its time."""
        places = self._shelf.places(card, wanted)
        # From the end, so that what is still to go keeps its place.
        left = sorted(places, key=lambda clip: places[clip] or 0, reverse=True)
        error: CameraError | None = None
        known = _Deletion()
        try:
            while left:
                group = {clip: places[clip] for clip in left[:MAX_FILES]}
                done = await self._delete_group(card, group, known) or group
                left = [clip for clip in left if clip not in done]
        except CameraError as err:
            error = await explained(self._client, err, card.slot, had_card=True)
        finally:
            self._shelf.drop(card)
        try:
            gone = await self._gone(card, places, known, error)
        except CameraError as err:
            gone = known.absent | known.taken.keys()
            error = error or await explained(self._client, err, card.slot, had_card=True)
        return [clip for clip in wanted if clip in gone], error

    async def _delete_group(
        self, card: Card, group: Mapping[Clip, int | None], known: _Deletion
    ) -> set[Clip]:
        """Delete what is found of a group beyond doubt; return that and the rest that was found.

        Nothing: none of them is there. CameraError.
        """
        async with self._reader.lock:
            located = await self._reader.locate(card, group, Search.CERTAIN)
            known.absent.update(filter(located.lacks, group))
            if not located.numbers:
                return located.doubtful
            numbers = sorted(located.numbers.values())
            await self._client.call(
                DEL_CLIP_FILE, fileno=",".join(map(str, numbers)), list_id=located.list_id
            )
            if not await ended(self._client, Activity.DELETING, card.slot, DELETE_LIMIT):
                raise ConnectError(Reason.TIMEOUT, DEL_CLIP_FILE.name)
        known.take(located)
        return {*located.numbers, *located.doubtful}

    async def _gone(
        self,
        card: Card,
        places: Mapping[Clip, int | None],
        known: _Deletion,
        error: CameraError | None,
    ) -> Collection[Clip]:
        """Return which clips are there no longer. CameraError.

        That the list is as much shorter, and has none of them where they would be, is enough;
        else all of it is searched.
        """
        if error is None and not known.taken:
            return known.absent
        misses = Misses()
        for look in range(LOOKS if error is None else 0):
            if look:
                await asyncio.sleep(LOOK_GAP)
            try:
                async with self._reader.lock:
                    located = await self._reader.locate(card, known.taken, Search.NEAR)
            except CameraError as err:
                misses.add(err)
                continue
            if located.total == known.total and not located.present:
                return known.absent | known.taken.keys()
        async with self._reader.lock:
            located = await self._reader.locate(card, places, Search.WHOLE)
        return {
            clip
            for clip in places
            if located.lacks(clip)
            # What was taken is not what has its name now.
            or (located.complete and clip in known.taken and clip not in located.present)
        }
