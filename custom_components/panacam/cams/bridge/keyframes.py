"""Asks a camera for a keyframe, for those who wait for one."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
import time
from typing import Final

from ..errors import CameraError

EVERY: Final = 1.0
"""Seconds between two questions."""
TIMEOUT: Final = 5.0
"""Seconds that one may take."""

_LOGGER = logging.getLogger(__name__)


class Keyframes:
    """Asks one camera, one question at a time; whether it helps shows in the pictures."""

    def __init__(self, key: str, ask: Callable[[], Awaitable[None]] | None) -> None:
        """Ask by `ask`, for the stream with this key; None: this camera cannot be asked."""
        self._key = key
        self._ask = ask
        self._asked_at = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def want(self) -> None:
        """Ask, unless that was done just now."""
        now = time.monotonic()
        if self._ask is None or self._closed or now - self._asked_at < EVERY:
            return
        if self._task is not None and not self._task.done():
            return
        self._asked_at = now
        self._task = asyncio.get_running_loop().create_task(
            self._asking(self._ask), name=f"panacam keyframe {self._key}"
        )

    async def close(self) -> None:
        """Ask no more."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _asking(self, ask: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                await ask()
        except CameraError, TimeoutError:
            return  # the next one comes by itself, later
        except Exception:
            # Whatever it is, the pictures go on.
            _LOGGER.debug("Asking for a keyframe of %s failed", self._key, exc_info=True)
