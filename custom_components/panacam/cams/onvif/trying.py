"""Asking for what a device may not have."""

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
