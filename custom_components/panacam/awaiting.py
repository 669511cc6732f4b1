"""Cameras that announced themselves and do not answer yet: their doors are knocked at."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .cams.discovery import Candidate
from .cams.sweep import PORTS, Targets, sweep

MAX_AWAITED: Final = 64
"""Hosts that are waited for at one time; the oldest goes."""
AWAIT_TIME: Final = 60.0
"""Seconds that a camera has to start after its first word."""
AWAIT_GAP: Final = 2.0
AWAIT_AGAIN: Final = 900.0
"""Seconds after which a host that never answered is waited for once more."""


@dataclass(slots=True)
class _Awaited:
    """A camera that announced itself and does not answer yet."""

    candidate: Candidate
    until: float
    waiting: bool = True
    """Whether no flow is looking at it now."""


class Awaiting:
    """Tells when cameras that are starting take connections."""

    def __init__(self, answered: Callable[[Candidate], None]) -> None:
        """Tell `answered`."""
        self._answered = answered
        self._hosts: dict[str, _Awaited] = {}
        """By host, the oldest first."""

    def __len__(self) -> int:
        """Return how many hosts are remembered."""
        return len(self._hosts)

    def add(self, candidate: Candidate, now: float) -> bool:
        """Wait for a camera, too; return whether there is something to do."""
        for host in [key for key, one in self._hosts.items() if now >= one.until + AWAIT_AGAIN]:
            del self._hosts[host]
        awaited = self._hosts.get(candidate.host)
        if awaited is None:
            while len(self._hosts) >= MAX_AWAITED:
                del self._hosts[next(iter(self._hosts))]
            awaited = self._hosts[candidate.host] = _Awaited(candidate, now + AWAIT_TIME)
        awaited.candidate, awaited.waiting = candidate, True
        return now < awaited.until

    async def run(self) -> None:
        """Knock until nobody is waited for any more."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            doors = [one for one in self._hosts.values() if one.waiting and now < one.until]
            if not doors:
                return
            await asyncio.gather(*map(self._knock, doors))
            await asyncio.sleep(AWAIT_GAP)

    async def _knock(self, awaited: _Awaited) -> None:
        candidate = awaited.candidate
        ports = PORTS if candidate.port is None else (candidate.port,)
        if await sweep(Targets((candidate.host,)), _listens, ports=ports):
            awaited.waiting = False
            self._answered(candidate)


async def _listens(_host: str, _port: int) -> bool:
    """Say that it is enough that somebody takes connections."""
    return True
