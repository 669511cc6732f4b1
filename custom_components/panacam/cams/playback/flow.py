"""One clip from the camera, picked up again where the connection broke."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Final, Self

from ..clips import Clip, Clips, Download
from ..errors import BusyError, ConnectError, ProtocolError, Reason

STALL: Final = 30.0
"""Seconds that a camera may take for the next piece."""
WAIT: Final = 1.0
"""Seconds before it is asked again."""
TRIES: Final = 3
"""How often it is asked again without a byte in between."""
MAX_BREAKS: Final = 20
"""How often one clip may break off, however much comes in between."""
MAX_SKIP: Final = 512 * 1024 * 1024
"""Bytes that are read and thrown away, for a camera that cannot begin in the middle."""


class Flow:
    """The bytes of one clip, in order."""

    def __init__(self, clips: Clips, clip: Clip) -> None:
        """Ask for nothing yet."""
        self._clips = clips
        self._clip = clip
        self._stack = AsyncExitStack()
        self._download: Download | None = None
        self.size: int | None = None
        """Of the whole clip; None: the camera does not say."""
        self.at = 0
        """The byte that comes next."""

    @asynccontextmanager
    async def opened(self, start: int = 0) -> AsyncGenerator[Self]:
        """Begin at `start`, or at 0 if the camera cannot: `at` tells. CameraError."""
        try:
            download = await self._open(start)
            self.at = download.start
            yield self
        finally:
            await self._stack.aclose()

    def skip(self, start: int) -> None:
        """Throw away what comes before `start`."""
        self.at = start

    async def pieces(self, stop: int | None = None) -> AsyncGenerator[bytes]:
        """Yield what comes, to the end of the clip, or to before `stop`.

        CameraError when it breaks off for good; ProtocolError when it is another clip by then.
        """
        breaks = tries = 0
        broken: BusyError | ConnectError | None = None
        while True:
            before = self.at
            try:
                if broken is not None:
                    await self._resume(broken)
                async with aclosing(self._rest()) as pieces:
                    async for piece in pieces:
                        if stop is not None and self.at >= stop:
                            yield piece[: len(piece) - (self.at - stop)]
                            return
                        yield piece
            except (BusyError, ConnectError) as err:
                breaks += 1
                tries = 1 if self.at > before else tries + 1
                if tries > TRIES or breaks > MAX_BREAKS or err is broken:
                    raise
                broken = err
                await asyncio.sleep(WAIT)
            else:
                return

    async def _rest(self) -> AsyncGenerator[bytes]:
        """Yield what one connection brings of what is wanted."""
        if (download := self._download) is None:
            return
        at = download.start
        pieces = aiter(download.pieces)
        while self.size is None or at < self.size:
            if (piece := await _next(pieces)) is None:
                break
            unwanted = max(0, self.at - at)
            at += len(piece)
            if self.size is not None and at > self.size:
                piece = piece[: len(piece) - (at - self.size)]
            if piece := piece[unwanted:]:
                self.at += len(piece)
                yield piece
        if self.size is not None and self.at < self.size:
            raise ConnectError(Reason.CUT)

    async def _resume(self, error: BusyError | ConnectError) -> None:
        """Open it once more where it broke; `error` when that would cost too much."""
        await self._stack.aclose()
        download = await self._open(self.at)
        if download.start not in {0, self.at}:
            raise ProtocolError(Reason.UNEXPECTED_REPLY)
        if self.at - download.start > MAX_SKIP:
            raise error

    async def _open(self, start: int) -> Download:
        try:
            async with asyncio.timeout(STALL):
                download = await self._stack.enter_async_context(
                    self._clips.download(self._clip, start=start)
                )
        except TimeoutError:
            raise ConnectError(Reason.TIMEOUT) from None
        if self._download is not None and download.size != self.size:
            raise ProtocolError(Reason.UNEXPECTED_REPLY)
        self._download = download
        self.size = download.size
        return download


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    try:
        async with asyncio.timeout(STALL):
            return await anext(pieces, None)
    except TimeoutError:
        raise ConnectError(Reason.TIMEOUT) from None
