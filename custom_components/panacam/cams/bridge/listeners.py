"""Who is told about a hub, and what of it is still to end."""

import asyncio
from collections.abc import Callable


class Listeners:
    """Those who are told that something has changed."""

    def __init__(self, key: str) -> None:
        """Speak of the stream with this key."""
        self._key = key
        self._all: list[Callable[[], None]] = []

    def add(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Tell one more, until the returned function is called."""
        self._all.append(listener)
        return lambda: self._all.remove(listener) if listener in self._all else None

    def tell(self) -> None:
        """Tell all; one that fails costs neither the others nor the camera."""
        for listener in tuple(self._all):
            try:
                listener()
            except Exception as err:  # noqa: BLE001 - it is reported
                asyncio.get_running_loop().call_exception_handler(
                    {"message": f"A listener of {self._key} failed", "exception": err}
                )


class Endings:
    """What was told to end and has not yet."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, task: asyncio.Task[None]) -> None:
        """Own a task until it has ended."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def now(self) -> tuple[asyncio.Task[None], ...]:
        """Return what has not ended."""
        return tuple(self._tasks)
