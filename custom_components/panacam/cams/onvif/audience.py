"""Those who listen to a device: told at once, but never more than they can take."""

import asyncio
from collections.abc import Callable
from typing import Final

from ..device import Notice, State
from ..roles import Unsubscribe

MAX_STATES: Final = 25
"""States told within STATES_TIME; what comes then is told at its end, as it is by then."""
STATES_TIME: Final = 1.0
"""Seconds."""


class Audience:
    """Tells notices, and states that are others than the last one."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._listeners: list[Callable[[Notice], None]] = []
        self._shown = State()
        self._window = (float("-inf"), 0)
        """Since when states are counted, and how many were told."""
        self._later: asyncio.TimerHandle | None = None

    def subscribe(self, listener: Callable[[Notice], None]) -> Unsubscribe:
        """Tell `listener`, in the loop, until called off."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def tell(self, notice: Notice) -> None:
        """Tell everybody; one who fails must cost neither the others nor the device."""
        for listener in tuple(self._listeners):
            try:
                listener(notice)
            except Exception as err:  # noqa: BLE001 - reported, and not ours
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "A listener of a camera failed", "exception": err}
                )

    def known(self, state: State) -> None:
        """Take a state that everybody will know by another way."""
        self._shown = state

    def show(self, make: Callable[[], State]) -> None:
        """Tell the state that `make` makes if it is another one; a flood of them is thinned out."""
        if self._later is not None:
            return
        loop = asyncio.get_running_loop()
        since, count = self._window
        if loop.time() - since >= STATES_TIME:
            since, count = loop.time(), 0
        if count >= MAX_STATES:
            self._later = loop.call_at(since + STATES_TIME, self._show_last, make)
            return
        if (state := make()) == self._shown:
            return
        self._window = (since, count + 1)
        self._shown = state
        self.tell(state)

    def _show_last(self, make: Callable[[], State]) -> None:
        """Tell what became of a flood."""
        self._later = None
        self._window = (float("-inf"), 0)
        self.show(make)

    def close(self) -> None:
        """Tell nothing more that waits."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
