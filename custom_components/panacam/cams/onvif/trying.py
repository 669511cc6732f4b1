"""Asking for what a device may not have, and for several things at once."""

import asyncio
from collections.abc import Awaitable

from ..errors import BusyError, ProtocolError, RefusedError


async def optional[ResultT](asking: Awaitable[ResultT]) -> ResultT | None:
    """Return what the device answers, or None when it refuses or answers nonsense.

    Raises ConnectError and AuthError: then it is the device that is missing, not the answer.
    """
    try:
        return await asking
    except RefusedError, BusyError, ProtocolError:
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
