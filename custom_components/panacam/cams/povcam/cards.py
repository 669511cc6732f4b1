"""The memory cards of a recorder: formatted, and how the folders of clips are numbered (8.5, 9)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import time
from typing import Final, override

from ..clips import SLOTS, ClipFormat
from ..device import Activity, State
from ..errors import CameraError, ConnectError, ProtocolError, Reason, RefusedError
from .card_state import Misses, card_state, explained, is_missing, obstacle
from .client import PovcamClient
from .clip_reader import ClipReader
from .clip_reading import Card
from .commands_cards import CONTENTNUM_RESET, GET_PROGRESS, SDCARD
from .commands_settings import GET_RECORDER_NUM, SET_RECORDER_NUM
from .progress import GOING, Begun, read_progress
from .watching import Onlooker
from .wire import parse_reply

PROGRESS_GAP: Final = 2.0
"""Seconds between two looks at the progress."""
FORMAT_LIMIT: Final = 150.0
"""Seconds; a complete erasure takes up to 120 (9.2)."""
IDLE_LOOKS: Final = 5
"""Looks that show no format until one that was asked for counts as not begun."""

_FORMATS: Final = dict(zip(SLOTS, ("format", "format2"), strict=True))
_IN_USE: Final = "3"
"""The one ErrorNo that the specification explains."""


@dataclass(slots=True)
class _Judge:
    """What the looks at a format mean: the word of the one before stands until it begins."""

    before: str | None
    """The progress when it was asked for; None: unknown."""
    doubt: ConnectError | None
    """Why nobody knows whether the camera heard it."""
    seen: bool = False
    """Whether it ever showed."""
    _cancelled: bool = False
    _idle: int = 0

    def has_ended(self, told: str, activities: Mapping[Activity, bool | None] | None) -> bool:
        """Take a look; return whether it has ended well, or does not begin unless `seen`.

        Raises RefusedError(FORMAT_FAILED), `doubt`.
        """
        formatting = None if activities is None else activities.get(Activity.FORMATTING)
        if formatting or told in GOING:
            self.seen = True
            return False
        if not told and (activities is None or Activity.FORMATTING not in activities):
            return False
        self.seen |= bool(told) and self.before is not None and told != self.before
        if not self.seen:
            self._idle += 1
            if self._idle < IDLE_LOOKS:
                return False
            if self.doubt is not None:
                raise self.doubt
        self._cancelled |= told == "cancel"
        if told == "error" or (self._cancelled and told != "cancel"):
            raise RefusedError(Reason.FORMAT_FAILED, SDCARD.name)
        return told != "cancel" or not self.seen


class PovcamCards:
    """The cards role."""

    def __init__(self, client: PovcamClient, erased: Callable[[str], None], begun: Begun) -> None:
        """Ask by `client`.

        `erased` is told the slot of a card whose clips are gone, `begun` of each format.
        """
        self._client = client
        self._erased = erased
        self._begun = begun
        self._slots: tuple[str, ...] = tuple(_FORMATS)

    @property
    def slots(self) -> tuple[str, ...]:
        """Return the slots that the camera tells of; before it told of any, both."""
        return self._slots

    def saw(self, state: State) -> None:
        """Take the slots that a state has."""
        if state.slots:
            self._slots = tuple(slot for slot in state.slots if slot in _FORMATS)

    async def format(self, slot: str, progress: Callable[[], None] | None = None) -> None:
        """Erase a card; return when that is done."""
        if slot not in self._slots:
            raise RefusedError(Reason.OUT_OF_RANGE, SDCARD.name)
        if (wrong := obstacle(await card_state(self._client), slot, had_card=False)) is not None:
            raise wrong
        before = await self._word_before()
        judge = _Judge(before, await self._begin(slot))
        self._begun(Activity.FORMATTING)
        try:
            await self._watch(slot, judge, progress)
        finally:
            self._erased(slot)

    async def reset_clip_number(self) -> None:
        """Have the next MP4 clip begin a new folder, with the number 0001."""
        try:
            await self._client.call(CONTENTNUM_RESET)
        except CameraError as err:
            raise await explained(self._client, err, None, had_card=False) from err

    async def set_recorder_id(self, number: int) -> None:
        """Set the number of the recorder, 0 to 16, and read it back."""
        try:
            await self._client.call(SET_RECORDER_NUM, recorder_num=number)
        except CameraError as err:
            raise await explained(self._client, err, None, had_card=False) from err
        reply = parse_reply(await self._client.call(GET_RECORDER_NUM))
        if reply.number("recorder_num") != number:
            raise RefusedError(Reason.NOT_TAKEN, SET_RECORDER_NUM.name)

    async def _begin(self, slot: str) -> ConnectError | None:
        """Ask for it; return why nobody knows whether the camera heard it. CameraError."""
        try:
            body = await self._client.call(SDCARD, cmd=_FORMATS[slot])
        except ConnectError as err:
            if err.reason not in {Reason.CUT, Reason.TIMEOUT}:
                raise
            return err
        except RefusedError as err:
            raise await explained(self._client, err, slot, had_card=False) from err
        number = parse_reply(body).get("ErrorNo", "0")
        if number == _IN_USE:
            raise RefusedError(Reason.CARD_IN_USE, SDCARD.name)
        if number.strip("0"):
            raise RefusedError(Reason.REFUSED, SDCARD.name)
        return None

    async def _watch(self, slot: str, judge: _Judge, progress: Callable[[], None] | None) -> None:
        """Wait for the end. CameraError."""
        until, misses = time.monotonic() + FORMAT_LIMIT, Misses()
        while time.monotonic() < until:
            await asyncio.sleep(PROGRESS_GAP)
            try:
                told = await self._progress()
                judge.seen |= told in GOING
                state = await card_state(self._client)
            except CameraError as err:
                misses.add(err)
                continue
            misses.clear()
            if progress is not None:
                progress()
            if is_missing(state, slot):
                raise RefusedError(Reason.CARD_REMOVED, SDCARD.name)
            if judge.has_ended(told, None if state is None else state.activities):
                if judge.seen or await self._is_empty(slot):
                    return
                raise RefusedError(Reason.FORMAT_FAILED, SDCARD.name)
        raise ConnectError(Reason.TIMEOUT, SDCARD.name)

    async def _word_before(self) -> str | None:
        """Return what the progress was before this format; None when it could not be had."""
        try:
            return await self._progress()
        except CameraError:
            return None

    async def _progress(self) -> str:
        """Return how far it is, empty where the camera does not say. ConnectError, BusyError."""
        try:
            reply = parse_reply(await self._client.call(GET_PROGRESS, type="format"))
        except RefusedError, ProtocolError:
            return ""
        return read_progress(reply)[0] or ""

    async def _is_empty(self, slot: str) -> bool:
        """Return whether a card has no clips. CameraError."""
        reader = ClipReader(self._client)
        async with reader.lock:
            pages = [await reader.page(Card(slot, kind)) for kind in ClipFormat]
        return not any(page.total or page.rows for page in pages)


class CardWatcher(Onlooker):
    """Tells the cards role which slots there are."""

    def __init__(self, cards: PovcamCards) -> None:
        """Tell `cards`."""
        self._cards = cards

    @override
    def add(self, state: State) -> State:
        self._cards.saw(state)
        return state
