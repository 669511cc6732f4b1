"""What all hubs share: who looks, whether pictures come, and that everything ends."""

from abc import ABC, abstractmethod
import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
import logging
import random
import time
from typing import Final

from ..errors import AuthError, CameraError, ConnectError, Reason
from .listeners import Endings, Listeners
from .packets import STALE
from .viewers import PacketViewer

GIVE_UP: Final = 35.0
"""Seconds without pictures after which viewers are sent away."""
LINGER: Final = 5.0
"""Seconds for which the camera stays connected after the last viewer: the next one comes soon."""
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0
"""Seconds between two tries to connect; they double from the first to the longest."""
SOON: Final = 2.0
"""The longest of them while viewers are held: a camera that is back is seen at once."""
STEADY: Final = 10.0
"""Seconds for which pictures have to come before the waits begin anew."""
DENIED_WAIT: Final = 120.0
"""Seconds between two tries while the camera refuses our login."""
_RATE_FRAMES: Final = 31
DEFAULT_RATE: Final = 15.0


_LOGGER = logging.getLogger(__name__)


class Status(StrEnum):
    """What a hub does."""

    IDLE = "idle"
    """The camera is not connected: nobody looks and no past is kept, or it was told to suspend."""
    CONNECTING = "connecting"
    LIVE = "live"
    INTERRUPTED = "interrupted"
    """Pictures came and stopped; it is being connected again."""


class Waits:
    """Growing waits, each a little different, so that cameras are not asked all at once."""

    def __init__(self, first: float = FIRST_WAIT, longest: float = LONGEST_WAIT) -> None:
        """Double from `first` to `longest` seconds."""
        self._first, self._longest = first, longest
        self._next = first

    def reset(self) -> None:
        """Begin again with the shortest."""
        self._next = self._first

    def next(self) -> float:
        """Return how long to wait now."""
        wait, self._next = self._next, min(2 * self._next, self._longest)
        return wait * random.uniform(0.75, 1.25)  # noqa: S311 - no secret

    def after(self, error: CameraError | None, lasted: float, silent: float) -> float:
        """Return how long to wait after a connection of `lasted` seconds that ended with `error`.

        `silent`: the seconds since the last picture of all.
        """
        if lasted > STEADY:
            self.reset()
        wait = self.next()
        if isinstance(error, AuthError):
            # There are cameras that lock a user out who knocks too often.
            return DENIED_WAIT
        return min(wait, SOON) if silent < GIVE_UP else wait


class FrameRate:
    """Frames a second, over the last two seconds or so."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._times: deque[float] = deque(maxlen=_RATE_FRAMES)

    def add(self, at: float) -> None:
        """Count one frame."""
        self._times.append(at)

    def value(self, now: float) -> float:
        """Return the rate, 0 when nothing came lately."""
        if len(self._times) < 2 or now - self._times[-1] > STALE:
            return 0.0
        return (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-3)


class Complaints:
    """Tells the log of exceptions that nobody foresaw, once and not at every turn."""

    def __init__(self, key: str) -> None:
        """Speak of the stream with this key."""
        self._key = key
        self._told = False

    def __call__(self, what: str) -> None:
        """Log the exception at hand."""
        level = logging.DEBUG if self._told else logging.ERROR
        self._told = True
        _LOGGER.log(level, "%s: stream %s", what, self._key, exc_info=True)

    def forget(self) -> None:
        """Tell the next one again: things have changed."""
        self._told = False


class Hub(ABC):
    """The one connection to one stream of a camera."""

    def __init__(self, key: str, *, ring: float, first_picture: float) -> None:
        """Keep `ring` seconds of the past while somebody holds it; 0: none.

        One who looks waits `first_picture` seconds for the first picture.
        """
        self.key = key
        self._first_picture = first_picture
        self.status = Status.IDLE
        self.error: CameraError | None = None
        """Why there are no pictures, if that is known."""
        self._ring_seconds = ring
        self._keepers = 0
        self._lookers = 0
        self._packet_viewers: set[PacketViewer] = set()
        self._listeners = Listeners(key)
        self._rate = FrameRate()
        self._task: asyncio.Task[None] | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._ending = Endings()
        self._suspended: Reason | None = None
        self._closed = False
        self._complain = Complaints(key)
        self._fresh = asyncio.Event()
        """Set by each picture, so that one who waits for the first one wakes."""
        self._last_at = float("-inf")
        self._first_at: float | None = None
        """When the first picture of this connection came."""
        self._told = (self.status, 0)
        """Status and number of viewers that the listeners know."""

    @property
    def frame_rate(self) -> float:
        """Return the frames a second that come from the camera."""
        return self._rate.value(time.monotonic())

    @property
    def viewers(self) -> int:
        """Return how many look."""
        return len(self._packet_viewers)

    @property
    def live(self) -> bool:
        """Return whether the last picture is not older than STALE."""
        return time.monotonic() - self._last_at < STALE

    def keep(self) -> Callable[[], None]:
        """Keep the past, that is, stay connected, until the returned function is called."""
        if self._ring_seconds <= 0:
            return lambda: None
        self._keepers += 1
        self._changed()
        released = False

        def release() -> None:
            nonlocal released
            if not released:
                released = True
                self._keepers -= 1
                self._changed()

        return release

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in the loop, when status or number of viewers change."""
        return self._listeners.add(listener)

    def suspend(self, reason: Reason) -> None:
        """Hang up, send everybody away and connect no more until `resume`; `reason` says why."""
        self._suspended, self.error = reason, ConnectError(reason)
        self._fresh.set()
        self._send_away()
        self._rest()

    def resume(self) -> None:
        """Connect again for whoever looks."""
        self._suspended = None
        self._changed()

    @abstractmethod
    async def still(self) -> bytes:
        """Return a JPEG picture of now. CameraError when none comes in time."""

    @asynccontextmanager
    async def packets(self, *, past: bool = True) -> AsyncGenerator[PacketViewer]:
        """Look at video and sound, the past first, or with `past` False the newest keyframe first.

        Raises CameraError when the camera sends nothing now and nothing comes in time.
        """
        with self._looking():
            # Only then is there anything to begin with: nothing is offered before or twice.
            await self._wait_for_picture()
            viewer = PacketViewer()
            self._packet_viewers.add(viewer)
            self._tell()
            try:
                self._begin(viewer, past=past)
                yield viewer
            finally:
                self._packet_viewers.discard(viewer)
                if not self._packet_viewers:
                    self._last_viewer_left()

    async def close(self) -> None:
        """Send everybody away and hang up."""
        self._closed = True
        self._fresh.set()
        self._send_away()
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._hang_up()
        if ending := self._ending.now():
            await asyncio.wait(ending)
        self._set_status(Status.IDLE)

    # -- For those who know what the stream consists of

    @abstractmethod
    def _begin(self, viewer: PacketViewer, *, past: bool) -> None:
        """Give a new viewer what there is."""

    @abstractmethod
    def _last_viewer_left(self) -> None:
        """Stop what is done only for those who take packets."""

    @abstractmethod
    async def _run(self) -> None:
        """Be connected and take what comes, again and again, until cancelled."""

    @abstractmethod
    def _forget(self) -> None:
        """Drop the past: nobody wants it any more."""

    def _send_away(self) -> None:
        """End the viewers of packets."""
        for viewer in self._packet_viewers:
            viewer.end()

    # -- Shared

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Want pictures while the context is open."""
        self._lookers += 1
        self._changed()
        try:
            yield
        finally:
            self._lookers -= 1
            self._changed()

    async def _wait_for_picture(self) -> None:
        """Wait until the camera sends. CameraError with what is wrong when it does not in time."""
        try:
            async with asyncio.timeout(self._first_picture):
                while not (self.live or self._closed or self._suspended):
                    self._fresh.clear()
                    await self._fresh.wait()
        except TimeoutError:
            raise self.error or ConnectError(Reason.NO_PICTURE) from None
        if self._closed or self._suspended:
            raise ConnectError(self._suspended or Reason.NO_PICTURE)

    def _arrived(self, at: float) -> None:
        """Note that a picture came."""
        if self._suspended:
            return  # it was on its way
        self._last_at = at
        if self._first_at is None:
            self._first_at = at
        self._rate.add(at)
        self._fresh.set()
        self.error = None
        if self.status is not Status.LIVE:
            self._set_status(Status.LIVE)

    def _lost(self, error: CameraError | None) -> None:
        """Note that nothing comes any more."""
        self.error = error
        if self.status is Status.LIVE:
            self._set_status(Status.INTERRUPTED)

    async def _pause(self, waits: Waits) -> None:
        """Wait after a connection, before the next try."""
        lasted = 0.0 if self._first_at is None else self._last_at - self._first_at
        self._first_at = None
        await asyncio.sleep(waits.after(self.error, lasted, time.monotonic() - self._last_at))

    def _set_status(self, status: Status) -> None:
        if self.status is not status:
            self.status = status
            self._complain.forget()
            self._tell()

    def _tell(self) -> None:
        """Tell the listeners, if there is anything new."""
        now = (self.status, self.viewers)
        if now == self._told:
            return
        self._told = now
        self._listeners.tell()

    def _wanted(self) -> bool:
        """Return whether anybody looks or the past is kept."""
        held = self._closed or self._suspended is not None
        return not held and (self._keepers > 0 or self._lookers > 0)

    def _changed(self) -> None:
        """Connect or hang up, as whoever looks now wants it."""
        if self._wanted():
            if self._linger is not None:
                self._linger.cancel()
                self._linger = None
            if self._task is None or self._task.done():
                self._set_status(Status.CONNECTING)
                self._task = asyncio.get_running_loop().create_task(
                    self._run_after(self._ending.now()), name=f"panacam hub {self.key}"
                )
        elif self._task is not None and self._linger is None and not self._closed:
            self._linger = asyncio.get_running_loop().call_later(LINGER, self._stop)
        self._tell()

    async def _run_after(self, before: tuple[asyncio.Task[None], ...]) -> None:
        """Run when the connection before has ended: a camera has one at a time."""
        if before:
            await asyncio.wait(before)
        await self._run()

    def _hang_up(self) -> None:
        if (task := self._task) is not None:
            self._task = None
            task.cancel()
            self._ending.add(task)

    def _stop(self) -> None:
        self._linger = None
        if not self._wanted():
            self._rest()

    def _rest(self) -> None:
        self._hang_up()
        self._last_at = float("-inf")
        self._forget()
        self._set_status(Status.IDLE)
