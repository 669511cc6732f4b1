"""Has the camera send clips to the FTP server that is set (11.4)."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
import logging
import time
from types import MappingProxyType
from typing import Final, override

from ..clips import Clip
from ..device import Activity, State
from ..errors import (
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from ..roles import Reading
from .card_state import card_state, explained
from .client import PovcamClient
from .clip_reader import ClipReader
from .clip_reading import Card
from .commands_cards import (
    CANCEL_SEND_FTPSERVER,
    GET_PROGRESS,
    MAX_FILES,
    SEND_FTPSERVER,
)
from .ftp import NO_SERVER, PovcamFtp
from .progress import ENDS, GOING, Begun, read_progress
from .watching import Onlooker
from .wire import parse_reply

MAX_SENT: Final = 2000
"""Clips in one order."""
START_GAP: Final = 0.5
"""Seconds between two looks whether the camera begins to send."""
START_LOOKS: Final = 4
"""Looks until an order counts as begun, or as failed where the camera says so all the time."""
FOLLOW_GAP: Final = 5.0
"""Seconds between two looks whether the camera has sent a group."""
FOLLOW_LIMIT: Final = 12 * 3600.0
"""Seconds that one group may take: 50 clips of an hour each."""
MAX_MISSES: Final = 24
"""Looks without an answer one after the other until the rest is given up."""
IDLE_LOOKS: Final = 2
"""Looks that show nothing until a group that never was seen on its way counts as sent."""
MAX_TURNS: Final = 720
"""How often the next group is tried while the camera has other things to do: for an hour."""

_BUSY: Final = frozenset({Reason.BUSY, Reason.CARD_IN_USE})
_LOGGER: Final = logging.getLogger(__name__)

type Places = Mapping[Clip, int | None]


class ClipSender:
    """Sends clips, in groups where they are many."""

    def __init__(self, client: PovcamClient, reader: ClipReader, begun: Begun) -> None:
        """Ask by `client`; `reader` knows where clips are, `begun` is told of each group."""
        self._client = client
        self._reader = reader
        self._begun = begun
        self._order: asyncio.Task[None] | None = None
        self._closed = False
        self.left = 0
        """Clips of the last order that the camera has not been told to send."""

    async def send(self, card: Card, places: Places | None) -> None:
        """Begin to send clips that were at these places, or all of a card.

        Raises CameraError; BusyError while an order is under way or when this one is cancelled by
        then, RefusedError(CLIP_GONE) when none of them is there, (OUT_OF_RANGE) for too many,
        (NO_FTP_SERVER), (FTP_FAILED) when it fails in the first two seconds.
        """
        if self._closed:
            raise ConnectError(Reason.UNREACHABLE)
        if self._order is not None and not self._order.done():
            raise BusyError(Reason.BUSY, SEND_FTPSERVER.name)
        if places is not None and len(places) > MAX_SENT:
            raise RefusedError(Reason.OUT_OF_RANGE, SEND_FTPSERVER.name)
        self.left = 0
        self._order = order = self._task(self._begin(card, places))
        try:
            await asyncio.wait({order})
        except asyncio.CancelledError:
            order.cancel()
            raise
        if order.cancelled():
            raise BusyError(Reason.BUSY, CANCEL_SEND_FTPSERVER.name)
        order.result()

    async def cancel(self) -> None:
        """Send no more; well also when nothing was being sent. CameraError."""
        await self._stop()
        try:
            await self._client.call(CANCEL_SEND_FTPSERVER)
        except CameraError as err:
            if err.reason is Reason.REFUSED:
                state = await card_state(self._client)
                if state is not None and state.activities.get(Activity.FTP_SENDING) is False:
                    return
            raise await explained(self._client, err, None, had_card=False) from err

    async def close(self) -> None:
        """End the order that is under way; the camera sends on what it was told already."""
        self._closed = True
        await self._stop()

    async def _stop(self) -> None:
        order, self._order, self.left = self._order, None, 0
        if order is not None:
            order.cancel()
            await asyncio.gather(order, return_exceptions=True)

    def _task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work, name="panacam clips to FTP")

    async def _begin(self, card: Card, places: Places | None) -> None:
        """Send all of a card, or the first group; the rest follows. CameraError."""
        left: Places = {}
        try:
            await self._check_server()
            before = await self._glance()
            if places is None:
                await self._send_all(card)
            else:
                left = await self._send_some(card, places)
            await self._check_start(before)
        except CameraError as err:
            raise await explained(self._client, err, card.slot, had_card=False) from err
        if left:
            self.left = len(left)
            self._order = self._task(self._follow(card, left))

    async def _check_server(self) -> None:
        """See that the camera does not say that it has no server. CameraError."""
        try:
            target = await PovcamFtp(self._client).target()
        except RefusedError, ProtocolError:
            return
        if target.host in NO_SERVER:
            raise RefusedError(Reason.NO_FTP_SERVER, SEND_FTPSERVER.name)

    async def _check_start(self, before: str | None) -> None:
        """Look a short while whether the order fails at once; RefusedError(FTP_FAILED).

        `before` is the word of the order before, which may stand for a moment. What was not
        answered is no failure: the camera has taken the order.
        """
        word = None
        for _ in range(START_LOOKS):
            await asyncio.sleep(START_GAP)
            word = await self._glance() or word
            if word == "exec" or (word in ENDS and before is not None and word != before):
                break
            before = word if word in GOING else before
        if word != "error":
            return
        with suppress(CameraError):
            state = await card_state(self._client)
            if state is not None and state.activities.get(Activity.FTP_SENDING):
                return
        raise RefusedError(Reason.FTP_FAILED, SEND_FTPSERVER.name)

    async def _glance(self) -> str | None:
        """Return how far it is; None where the camera does not say, or does not answer."""
        try:
            return await self._progress()
        except CameraError:
            return None

    async def _order_to_send(self, **values: str | int) -> None:
        await self._client.call(SEND_FTPSERVER, **values)
        self._begun(Activity.FTP_SENDING)

    async def _send_all(self, card: Card) -> None:
        async with self._reader.lock:
            page = await self._reader.page(card)
            if not page.rows:
                raise RefusedError(Reason.CLIP_GONE, SEND_FTPSERVER.name)
            await self._order_to_send(select_type="all", list_id=page.list_id or 0)

    async def _send_some(self, card: Card, places: Places) -> Places:
        """Send the first group that can be found; return what is left. CameraError."""
        left = dict(places)
        while left:
            group = {clip: left[clip] for clip in list(left)[:MAX_FILES]}
            async with self._reader.lock:
                located = await self._reader.locate(card, group)
                if located.numbers:
                    numbers = ",".join(map(str, sorted(located.numbers.values())))
                    await self._order_to_send(
                        fileno=numbers, select_type="fileno", list_id=located.list_id
                    )
            for clip in located.numbers or group:
                del left[clip]
            if located.numbers:
                return left
        raise RefusedError(Reason.CLIP_GONE, SEND_FTPSERVER.name)

    async def _follow(self, card: Card, left: Places) -> None:
        """Send group after group; what ends it before its time is logged, and `left` tells."""
        try:
            while left:
                await self._sent()
                left = await self._send_next(card, left)
                self.left = len(left)
        except CameraError as err:
            _LOGGER.warning(
                "The camera was not told to send the last %d clips of an order by FTP: %s",
                len(left),
                err,
            )

    async def _send_next(self, card: Card, left: Places) -> Places:
        """Send the next group once the camera has nothing else to do; return what is left."""
        for _ in range(MAX_TURNS):
            try:
                return await self._send_some(card, left)
            except CameraError as err:
                error = await explained(self._client, err, card.slot, had_card=True)
                if error.reason not in _BUSY:
                    raise error from err
            await asyncio.sleep(FOLLOW_GAP)
        raise error

    async def _sent(self) -> None:
        """Wait until the camera sends no longer; CameraError when it failed to."""
        until, misses, idle, seen = time.monotonic() + FOLLOW_LIMIT, 0, 0, False
        while time.monotonic() < until:
            await asyncio.sleep(FOLLOW_GAP)
            try:
                if (state := await card_state(self._client)) is None:
                    raise BusyError(Reason.BUSY, SEND_FTPSERVER.name)
                sending = state.activities.get(Activity.FTP_SENDING)
                word = None if sending else await self._progress()
            except CameraError:
                misses += 1
                if misses >= MAX_MISSES:
                    raise
                continue
            misses = 0
            if sending:
                seen, idle = True, 0
                continue
            idle += 1
            # The word may be that of the order before, or stand there since a restart.
            enough = MAX_MISSES if word in GOING else 1 if seen else IDLE_LOOKS
            if idle < enough:
                continue
            if word in {"error", "cancel"}:
                raise RefusedError(Reason.REFUSED, SEND_FTPSERVER.name)
            return
        raise ConnectError(Reason.TIMEOUT, SEND_FTPSERVER.name)

    async def _progress(self) -> str | None:
        """Return how far it is; None where the camera does not say. ConnectError, BusyError."""
        try:
            reply = parse_reply(await self._client.call(GET_PROGRESS, type="send_ftp"))
        except RefusedError, ProtocolError:
            return None
        return read_progress(reply)[0]


class FtpOrderWatcher(Onlooker):
    """Shows how many clips are still to follow."""

    readings = MappingProxyType(
        {"ftp_left": Reading(key="ftp_left", precision=0, diagnostic=True, enabled=False)}
    )

    def __init__(self, sender: ClipSender) -> None:
        """Watch `sender`."""
        self._sender = sender

    @override
    def add(self, state: State) -> State:
        if Activity.FTP_SENDING not in state.activities:
            return state
        return replace(state, readings={**state.readings, "ftp_left": self._sender.left})
