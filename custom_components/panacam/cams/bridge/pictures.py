"""The hub of a stream of JPEG pictures: passes them on as they are, and encodes them for others."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
import time
from typing import Final, override

from ..errors import CameraError, ConnectError, Reason
from ..stream import Picture, PictureStream, Piece
from .encoder import Encoder, Repeat
from .frames import marked_jpeg
from .hub import DEFAULT_RATE, GIVE_UP, Hub, Status, Waits
from .packets import REPEAT_AFTER, STALE, TICKS, Format, Packet
from .ring import PacketRing, PieceRing
from .viewers import Ended, PacketViewer, PictureViewer
from .worker import PAST, Worker

FIRST_PICTURE: Final = 10.0
"""Seconds that one who looks waits for the first picture."""
TICK: Final = 0.25
EPOCH_BEFORE: Final = 60.0
"""Seconds by which the packets' clock is ahead, so that the past has no negative time."""


class PictureHub(Hub):
    """Pictures and sound of one stream, for everybody."""

    def __init__(self, stream: PictureStream, *, ring: float) -> None:
        """Fetch them from the stream's source while anybody looks."""
        super().__init__(stream.key, ring=ring, first_picture=FIRST_PICTURE)
        self._source = stream.source
        self._ring = PieceRing(ring)
        self._packets = PacketRing(max(ring, PAST))
        self._picture_viewers: set[PictureViewer] = set()
        self._last: Picture | None = None
        self._format: Format | None = None
        self._worker: Worker | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._epoch = time.monotonic() - EPOCH_BEFORE

    @property
    @override
    def viewers(self) -> int:
        return len(self._packet_viewers) + len(self._picture_viewers)

    @override
    async def still(self) -> bytes:
        with self._looking():
            await self._wait_for_picture()
        if self._last is None:
            raise ConnectError(Reason.NO_PICTURE)
        return bytes(self._last.data)

    @asynccontextmanager
    async def pictures(self) -> AsyncGenerator[AsyncIterator[Picture]]:
        """Look at the pictures as the camera encoded them, the newest at once. CameraError.

        A marked one comes when the camera has stopped sending; the iterator ends when it does not
        begin again.
        """
        with self._looking():
            await self._wait_for_picture()
            viewer = PictureViewer()
            self._picture_viewers.add(viewer)
            self._tell()
            try:
                if self._last is not None:
                    viewer.offer(self._last)
                async with aclosing(_taken(viewer)) as pictures:
                    yield pictures
            finally:
                self._picture_viewers.discard(viewer)

    @override
    async def close(self) -> None:
        self._last_viewer_left()
        await super().close()

    @override
    def _begin(self, viewer: PacketViewer, *, past: bool) -> None:
        if self._worker is None:
            self._start_worker()
        if past:
            viewer.past(self._format, self._packets.packets())
        else:
            # The past is encoded all the same: for those who come later.
            newest = int((self._last_at - self._epoch) * TICKS)
            viewer.newest(self._format, self._packets.last_group(), newest)

    def _start_worker(self) -> None:
        now = time.monotonic()
        past = self._ring.since(now)
        if not past and self._last is not None:
            past = [self._last]
        encoder = Encoder(
            epoch=self._epoch,
            rate=self.frame_rate or DEFAULT_RATE,
            sound_rate=self._source.sound_rate,
        )
        self._worker = Worker(
            encoder, past, now=now, deliver=self._encoded, failed=self._encoder_failed
        )
        self._ticker = asyncio.get_running_loop().create_task(self._tick())

    def _encoded(self, format_: Format, packets: list[Packet]) -> None:
        self._format = format_
        self._packets.extend(packets)
        for viewer in self._packet_viewers:
            viewer.offer(format_, packets)

    def _encoder_failed(self) -> None:
        super()._send_away()
        self._last_viewer_left()

    @override
    def _last_viewer_left(self) -> None:
        """End the encoder: nothing is encoded while nobody looks."""
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        if (worker := self._worker) is not None:
            self._worker = None
            worker.end()
            self._format = None
            self._packets.clear()
            self._ending.add(asyncio.get_running_loop().create_task(worker.close()))

    @override
    def _forget(self) -> None:
        self._ring.clear()
        self._last = None

    @override
    def _send_away(self) -> None:
        super()._send_away()
        for viewer in self._picture_viewers:
            viewer.end()

    @override
    async def _run(self) -> None:
        waits = Waits()
        guard = asyncio.get_running_loop().create_task(self._guard())
        try:
            while True:
                try:
                    async with self._source.open() as pieces:
                        async for piece in pieces:
                            self._take(piece)
                    self._lost(None)
                except CameraError as err:
                    self._lost(err)
                except Exception:  # noqa: BLE001 - it is logged
                    # Whatever it is, it must not end the stream for good.
                    self._complain("Reading it failed")
                    self._lost(None)
                await self._pause(waits)
        finally:
            guard.cancel()

    def _take(self, piece: Piece) -> None:
        """Pass one piece on to everybody, untouched."""
        self._ring.append(piece)
        if self._worker is not None:
            self._worker.put(piece)
        if isinstance(piece, Picture):
            self._last = piece
            for viewer in self._picture_viewers:
                viewer.offer(piece)
            self._arrived(piece.at)

    async def _tick(self) -> None:
        """Repeat the last picture for viewers of packets while no other comes."""
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            silent = now - self._last_at
            if silent > REPEAT_AFTER and self._worker is not None:
                self._worker.put(Repeat(now, marked=silent > STALE))

    async def _guard(self) -> None:
        """Tell viewers of pictures when they are no longer live, and everybody when to give up."""
        told = 0.0
        while True:
            await asyncio.sleep(TICK)
            silent = time.monotonic() - self._last_at
            if silent < STALE or self._last is None:
                told = 0.0
                continue
            mark = STALE + told < silent <= GIVE_UP and bool(self._picture_viewers)
            if mark:
                told = silent
            try:
                await self._look(self._last, silent, mark=mark)
            except Exception:  # noqa: BLE001 - it is logged
                # Whatever it is, viewers have to be told of the rest of the outage.
                self._complain("Looking after it failed")

    async def _look(self, last: Picture, silent: float, *, mark: bool) -> None:
        if self.status is Status.LIVE:  # connected, and nothing comes
            self._lost(ConnectError(Reason.TIMEOUT))
        if silent > GIVE_UP:
            self._send_away()
        elif mark:
            await self._show_mark(last)

    async def _show_mark(self, picture: Picture) -> None:
        loop = asyncio.get_running_loop()
        data = await loop.run_in_executor(None, marked_jpeg, picture)
        if data is not None and picture is self._last:
            for viewer in self._picture_viewers:
                viewer.offer(Picture(data, picture.at))


async def _taken(viewer: PictureViewer) -> AsyncGenerator[Picture]:
    while True:
        try:
            picture = await viewer.take()
        except Ended:
            return
        yield picture
