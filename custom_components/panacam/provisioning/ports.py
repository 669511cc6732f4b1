"""Where cameras answer, and a look whether anybody does."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

HTTP: Final = 80
HTTPS: Final = 443
PORTS: Final = (HTTP, HTTPS, 8000, 8080, 8899, 2020)
KNOCK_TIME: Final = 2.0
"""Seconds for a connection on the camera's own network."""


async def knock(address: str, wanted: Sequence[int]) -> tuple[int, ...]:
    """Return at which ports somebody answers, without a byte sent."""

    async def one(port: int) -> bool:
        try:
            async with asyncio.timeout(KNOCK_TIME):
                _, writer = await asyncio.open_connection(address, port)
        except OSError, TimeoutError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    opened = await asyncio.gather(*map(one, wanted))
    return tuple(port for port, is_open in zip(wanted, opened, strict=True) if is_open)
