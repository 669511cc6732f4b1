"""Work on one camera that is done now and then, as long as its entry is loaded."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .const import LOGGER


class Repeating[DataT]:
    """Does it again and again, whatever becomes of it; what goes wrong is logged whole, once."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[DataT],
        name: str,
        work: Callable[[], Awaitable[timedelta]],
        after_failure: timedelta,
    ) -> None:
        """Do `work` for `entry`; it returns when it is to be done next."""
        self._hass = hass
        self._entry = entry
        self._name = name
        self._work = work
        self._after_failure = after_failure
        self._cancel: CALLBACK_TYPE | None = None
        self._task: asyncio.Task[None] | None = None
        self._failed = False

    @callback
    def start(self, after: timedelta) -> None:
        """Do it for the first time after a while, then again."""
        job = HassJob(self._due, f"panacam {self._name}", cancel_on_shutdown=True)
        self._cancel = async_call_later(self._hass, after, job)

    @callback
    def stop(self) -> None:
        """Do it no more."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
        if self._task is not None:
            self._task.cancel()

    @callback
    def _due(self, _now: datetime) -> None:
        self._cancel = None
        self._task = self._entry.async_create_background_task(
            self._hass, self._do(), f"panacam {self._name}"
        )

    async def _do(self) -> None:
        after = self._after_failure
        try:
            after = await self._work()
        except Exception:  # noqa: BLE001 - logged whole, and tried again
            log = LOGGER.debug if self._failed else LOGGER.exception
            log("The %s of %s failed", self._name, self._entry.title)
            self._failed = True
        self.start(after)
