"""How the simulated camera gets to another place, and what may go wrong on the way."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
import ssl
from typing import Final

from .camera import Camera, Identity
from .site import Place, Trouble

_ANSWER_TIME: Final = 0.05
"""Seconds between the answer and the end of all connections."""
_STRANGER: Final = Identity("A8-13-74-00-00-99", "SIM0000099")

type Leave = Callable[[], Awaitable[None]]
type Arrive = Callable[[Place | None], Awaitable[None]]
"""Opens all sockets at a place, or where they were; does nothing once the camera is stopped."""
type Show = Callable[[ssl.SSLContext], None]
"""Shows another certificate from the next connection on."""


class Moving:
    """Closes and opens the sockets of one camera."""

    def __init__(self, camera: Camera, leave: Leave, arrive: Arrive, show: Show) -> None:
        """Have `camera` moved by its menus."""
        self._camera = camera
        self._leave = leave
        self._arrive = arrive
        self._task: asyncio.Task[None] | None = None
        self._show = show
        camera.site.move = lambda place: self._begin(self._go(place))
        camera.site.restart = lambda seconds: self._begin(self._pause(seconds))
        camera.site.https.renewed = lambda: self._begin(self._renew())

    async def end(self) -> None:
        """Wait for nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self._task = asyncio.create_task(self._after(self._task, work))

    async def _after(
        self, before: asyncio.Task[None] | None, work: Coroutine[None, None, None]
    ) -> None:
        try:
            if before is not None:
                await asyncio.gather(before, return_exceptions=True)
        except asyncio.CancelledError:
            work.close()
            raise
        await work

    async def _renew(self) -> None:
        context = await asyncio.to_thread(self._camera.site.https.context)
        if context is not None:
            self._show(context)

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(_ANSWER_TIME)
        await self._leave()
        await asyncio.sleep(seconds)
        await self._arrive(None)

    async def _go(self, place: Place) -> None:
        site = self._camera.site
        trouble, site.trouble = site.trouble, None
        delay, site.delay = site.delay, 0.0
        await self._renew()
        await asyncio.sleep(_ANSWER_TIME)
        await self._leave()
        await asyncio.sleep(self._camera.options.move_time + delay)
        match trouble:
            case Trouble.LOST:
                return
            case Trouble.STAYS:
                await self._arrive(None)
                return
            case Trouble.IMPOSTOR:
                self._camera.identity = _STRANGER
        await self._arrive(place)
        if trouble is Trouble.REBOOTS:
            await asyncio.sleep(self._camera.options.move_time)
            await self._pause(self._camera.options.move_time)
