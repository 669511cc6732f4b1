"""Asking for what a device may not have, and for several things at once."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from ..errors import BusyError, ProtocolError, Reason, RefusedError


@dataclass(slots=True)
class Stumbles:
    """How often a device failed to answer what it may know how to answer."""

    count: int = 0


_STUMBLES: Final[ContextVar[Stumbles | None]] = ContextVar("stumbles", default=None)


@contextmanager
def counted() -> Iterator[Stumbles]:
    """Count the stumbles of `optional` in this context and in the tasks that it makes."""
    stumbles = Stumbles()
    token = _STUMBLES.set(stumbles)
    try:
        yield stumbles
    finally:
        _STUMBLES.reset(token)


async def optional[ResultT](asking: Awaitable[ResultT]) -> ResultT | None:
    """Return what the device answers, or None when it refuses or answers nonsense.

    Raises ConnectError and AuthError: then it is the device that is missing, not the answer.
    """
    try:
        return await asking
    except (RefusedError, BusyError, ProtocolError) as err:
        # A device that just started refuses for a moment what it knows well a moment later.
        passing = not isinstance(err, RefusedError) or err.reason is Reason.REFUSED
        if passing and (stumbles := _STUMBLES.get()) is not None:
            stumbles.count += 1
        return None


async def together[ResultT](*askings: Awaitable[ResultT]) -> list[ResultT]:
    """Return all the answers; the first error ends the other requests, and is raised."""
    tasks = [asyncio.ensure_future(asking) for asking in askings]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
