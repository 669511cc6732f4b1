"""A camera that is lost may have another address by now: the network is searched for it."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, repeat
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later

from .cams.errors import Reason
from .coordinator import PanacamConfigEntry
from .discovery import async_look_for

AWAY: Final = frozenset(
    reason.value
    for reason in (
        Reason.UNKNOWN_HOST,
        Reason.UNREACHABLE,
        Reason.TIMEOUT,
        Reason.CUT,
        Reason.OTHER_CAMERA,
        Reason.OTHER_CERTIFICATE,
        Reason.NOT_A_CAMERA,
        Reason.NOT_HTTP,
    )
)
"""What is also said of an address that belongs to somebody else now."""
FIRST_WAITS: Final = (30.0, 60.0, 60.0, 120.0)
LONG_WAIT: Final = 300.0
"""Seconds between two searches for the same camera."""


def is_away(error: BaseException | None) -> bool:
    """Return whether an error means that the camera may be somewhere else."""
    return isinstance(error, HomeAssistantError) and error.translation_key in AWAY


def _waits() -> Iterator[float]:
    return chain(FIRST_WAITS, repeat(LONG_WAIT))


class Losses:
    """Has one camera searched for as long as it is away."""

    def __init__(self, hass: HomeAssistant, entry: PanacamConfigEntry) -> None:
        """Watch the camera of `entry`, which is set up."""
        self._hass = hass
        self._entry = entry
        self._waits: Iterator[float] | None = None
        """None: the camera is there."""
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def look(self) -> None:
        """Begin or end the search after a poll or a push."""
        coordinator = self._entry.runtime_data
        if coordinator.last_update_success or not is_away(coordinator.last_exception):
            self.stop()
        elif self._waits is None:
            self._waits = _waits()
            self._search()

    @callback
    def stop(self) -> None:
        """Search no more."""
        self._waits = None
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    @callback
    def _search(self, _now: datetime | None = None) -> None:
        self._cancel = None
        if self._waits is None:
            return
        async_look_for(self._hass, self._entry)
        self._cancel = async_call_later(self._hass, next(self._waits), self._search)


@callback
def async_watch_losses(hass: HomeAssistant, entry: PanacamConfigEntry) -> CALLBACK_TYPE:
    """Search for the entry's camera whenever it is away; return what ends that."""
    losses = Losses(hass, entry)
    unsubscribe = entry.runtime_data.async_add_listener(losses.look)
    losses.look()

    @callback
    def end() -> None:
        unsubscribe()
        losses.stop()

    return end
