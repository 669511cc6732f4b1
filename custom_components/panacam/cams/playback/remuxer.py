"""One viewer's AVCHD clip: a process that remuxes, bytes in and out of it."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Final

from .decoder import decoder, feed, process_input, taken
from .remux import UnplayableError

TICK: Final = 1.0
"""Seconds after which who waits is shown that nothing came, to look whether he is still there."""


class Remuxer:
    """Runs while somebody takes what comes out of it."""

    def __init__(self, length: timedelta | None = None) -> None:
        """Do nothing yet; players are told `length`."""
        self._arguments = [] if length is None else [str(length.total_seconds())]

    async def pieces(self, source: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """Yield the MP4 that comes of `source`, which is closed in the end, like the process.

        b"" is yielded now and then while there is nothing. UnplayableError; what the source raises,
        after what came before.
        """
        async with aclosing(source), decoder("remux", *self._arguments) as process:
            feeding = asyncio.create_task(_feed(source, process), name="remux feed")
            try:
                while True:
                    try:
                        async with asyncio.timeout(TICK):
                            piece = await taken(process)
                    except TimeoutError:
                        yield b""
                        continue
                    if not piece:
                        break
                    yield piece
                if feeding.done() and (error := feeding.exception()) is not None:
                    raise error
                if await process.wait():
                    raise UnplayableError
            finally:
                feeding.cancel()
                await asyncio.wait([feeding])


async def _feed(source: AsyncGenerator[bytes], process: Process) -> None:
    try:
        async for piece in source:
            if piece and not await feed(process, piece):
                return
    finally:
        process_input(process).close()
