"""The thread in which one hub's pictures are encoded."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
import logging
from threading import Condition, Thread
import time
from typing import Final

from ..stream import Picture, Piece
from .encoder import Encoder, Job, Repeat
from .packets import Format, Packet
from .ring import size_of

PAST: Final = 7.0
"""Seconds that a player is given to begin with: one segment of HLS and the start of the next."""
PAD_GAP: Final = 0.25
"""Seconds between two of the pictures that stand for a past that nobody saw."""
SECOND_GAP: Final = 0.04
MAX_JOBS: Final = 600
"""Pieces that may wait, beside the past it begins with."""
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_LAG: Final = 0.5
"""Seconds that a picture may be behind the newest once the past is encoded."""
CATCH_UP: Final = 5.0
"""Seconds that catching up with the past may take: a machine too slow for that never would."""

_LOGGER = logging.getLogger(__name__)

type Deliver = Callable[[Format, list[Packet]], None]


class Worker:
    """Encodes the past at full speed, then what comes. Everything but `_run` is for the loop."""

    def __init__(
        self,
        encoder: Encoder,
        past: Sequence[Piece],
        *,
        now: float,
        deliver: Deliver,
        failed: Callable[[], None],
    ) -> None:
        """Start at once; `deliver` and `failed` are called in the loop.

        `past` ends at `now`. Where it is shorter than PAST, its oldest picture, or the first one to
        come, stands for the rest, marked.
        """
        self._loop = asyncio.get_running_loop()
        self._encoder = encoder
        self._deliver = deliver
        self._failed = failed
        self._begin = now - PAST
        self._jobs: deque[Job] = deque(past)
        self._max_jobs = len(past) + MAX_JOBS
        self._bytes = sum(size_of(piece) for piece in past)
        self._catching_up = True
        self._give_up_at = time.monotonic() + CATCH_UP
        self._ended = False
        self._condition = Condition()
        self.dropped = 0
        """Pictures that came faster than they could be encoded."""
        self._thread = Thread(target=self._run, name="panacam encoder", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Encode something more; what is oldest goes when too much waits."""
        with self._condition:
            self._jobs.append(job)
            self._bytes += _size(job)
            while len(self._jobs) > self._max_jobs or self._bytes > MAX_BYTES:
                self._forget(self._jobs.popleft())
            self._condition.notify()

    def end(self) -> None:
        """Deliver nothing from now on; `close` waits for the thread."""
        with self._condition:
            self._ended = True
            self._jobs.clear()
            self._condition.notify()

    async def close(self) -> None:
        """End, the thread included."""
        self.end()
        # One picture's time at most.
        await self._loop.run_in_executor(None, self._thread.join)

    # -- In the thread

    def _run(self) -> None:
        try:
            self._encode_all()
        except Exception:
            # A thread that dies silently would leave viewers waiting for good.
            _LOGGER.exception("The encoder failed")
            self._call(self._failed_now)

    def _encode_all(self) -> None:
        begun = False
        while (job := self._take()) is not None:
            if not begun:
                if not isinstance(job, Picture) or not self._encoder.look(job):
                    continue
                begun = True
                self._pad(job.at)
            self._give(self._encoder.encode(job))

    def _pad(self, first: float) -> None:
        """Let the first picture stand for the past before it, as far as a player needs one."""
        # Pictures may have been broken for hours: nobody needs more of a past than that.
        at = max(self._begin, first - PAST)
        if first - at < PAD_GAP:
            return
        # Home Assistant guesses from the second picture when the first one was shown.
        self._give(self._encoder.encode(Repeat(at - SECOND_GAP, marked=True)))
        while at < first - PAD_GAP and not self._ended:
            self._give(self._encoder.encode(Repeat(at, marked=True)))
            at += PAD_GAP

    def _take(self) -> Job | None:
        """Wait for the next job worth doing; None: this is the end."""
        with self._condition:
            while True:
                while not self._jobs and not self._ended:
                    self._catching_up = False
                    self._condition.wait()
                if self._ended:
                    return None
                job = self._jobs.popleft()
                if not self._late(job):
                    self._bytes -= _size(job)
                    return job
                self._forget(job)

    def _late(self, job: Job) -> bool:
        """Return whether a picture is not worth its time: a slow machine shows fewer, not later."""
        if not isinstance(job, Picture) or not self._jobs:
            return False
        if self._catching_up:
            self._catching_up = time.monotonic() < self._give_up_at
            return False
        return self._jobs[-1].at - job.at > MAX_LAG

    def _forget(self, job: Job) -> None:
        self._bytes -= _size(job)
        self.dropped += isinstance(job, Picture)

    def _give(self, packets: list[Packet]) -> None:
        if packets and (format_ := self._encoder.format) is not None:
            self._call(self._deliver_now, format_, packets)

    def _call[*Ts](self, function: Callable[[*Ts], None], *arguments: *Ts) -> None:
        if self._loop.is_closed():
            return
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # closed in between
            return

    def _deliver_now(self, format_: Format, packets: list[Packet]) -> None:
        """In the loop: what was under way when it ended goes nowhere."""
        if not self._ended:
            self._deliver(format_, packets)

    def _failed_now(self) -> None:
        if not self._ended:
            self._failed()


def _size(job: Job) -> int:
    return 0 if isinstance(job, Repeat) else size_of(job)
