"""What stands between a stream and one who looks: bounded, so that a slow one costs no memory."""

import asyncio
from collections.abc import Iterable
from typing import Final

from ..stream import Picture
from .packets import TICKS, Format, Kind, Packet
from .ring import size_of

MAX_WAITING: Final = 8 * 1024 * 1024
"""Bytes of live packets that may wait for one viewer, beside the past it is given at first."""
MAX_LATE: Final = 20 * TICKS
"""How much of the live stream may wait."""


class Ended(Exception):  # noqa: N818 - what happened, and nothing went wrong
    """The stream goes on no longer, or goes on in another format: come again."""


class PacketViewer:
    """Packets for one viewer; who does not take them in time loses whole groups of pictures."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._format: Format | None = None
        self.dropped = 0
        """How many packets were lost because nobody took them."""
        self._past: list[Packet] = []
        self._waiting: list[Packet] = []
        self._bytes = 0
        self._started = False
        """Whether a keyframe was offered, before which nothing makes sense."""
        self._from: int | None = None
        """The dts before which nothing is given but the keyframe that leads there."""
        self._ended = False
        self._wake = asyncio.Event()

    def offer(self, format_: Format | None, packets: Iterable[Packet]) -> None:
        """Add packets, in the loop; another format than before ends the stream for this viewer."""
        if self._ended:
            return
        if self._format is not None and format_ != self._format:
            self.end()
            return
        self._format = format_
        for packet in packets:
            if not self._started:
                if not packet.key:
                    continue
                self._started = True
            if self._from is not None:
                self._lead(packet, self._from)
            self._waiting.append(packet)
            self._bytes += size_of(packet)
        if self._overdue():
            self._drop()
        if self._waiting:
            self._wake.set()

    def past(self, format_: Format | None, packets: Iterable[Packet]) -> None:
        """Begin with the past, whatever its size: it is there anyway, shared with the ring."""
        self._format = format_
        self._past = list(packets)
        self._started = bool(self._past)
        if self._past:
            self._wake.set()

    @property
    def empty(self) -> bool:
        """Return whether nothing waits: it begins with the next keyframe."""
        return not (self._past or self._waiting)

    def newest(self, format_: Format | None, packets: Iterable[Packet], ticks: int) -> None:
        """Begin with the last keyframe up to `ticks`, which may be still to come, as what follows.

        `packets` are those that have come already.
        """
        self._from = ticks
        self.offer(format_, packets)

    def end(self) -> None:
        """Tell the viewer that nothing more comes."""
        self._ended = True
        self._wake.set()

    async def take(self) -> tuple[Format, list[Packet]]:
        """Wait for packets, return all there are and their format. Ended when none will come."""
        while not (self._past or self._waiting) or self._format is None or self._from is not None:
            if self._ended:
                raise Ended
            self._wake.clear()
            await self._wake.wait()
        taken = self._past + self._waiting
        self._past, self._waiting, self._bytes = [], [], 0
        return self._format, taken

    def _lead(self, packet: Packet, ticks: int) -> None:
        """Forget what came before a keyframe, until `ticks` are reached."""
        if packet.key:
            self._waiting, self._bytes = [], 0
        if packet.kind is Kind.VIDEO and packet.dts >= ticks:
            self._from = None

    def _overdue(self) -> bool:
        """Return whether more waits than may, the past aside."""
        if self._bytes > MAX_WAITING:
            return True
        return bool(self._waiting) and self._waiting[-1].dts - self._waiting[0].dts > MAX_LATE

    def _drop(self) -> None:
        """Drop everything but the newest group of pictures, if that is small enough."""
        at = next(
            (
                index
                for index in range(len(self._waiting) - 1, -1, -1)
                if self._waiting[index].key and self._waiting[index].kind is Kind.VIDEO
            ),
            None,
        )
        kept = [] if at is None else self._waiting[at:]
        size = sum(size_of(packet) for packet in kept)
        if size > MAX_WAITING // 2 or len(kept) == len(self._waiting):
            kept, size = [], 0
        self.dropped += len(self._waiting) - len(kept)
        self._waiting, self._bytes = kept, size
        self._started = bool(kept)


class PictureViewer:
    """The newest picture for one viewer; who is slow sees fewer."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._picture: Picture | None = None
        self._ended = False
        self._wake = asyncio.Event()

    def offer(self, picture: Picture) -> None:
        """Put a picture in the place of the one before."""
        self._picture = picture
        self._wake.set()

    def end(self) -> None:
        """Tell the viewer that nothing more comes."""
        self._ended = True
        self._wake.set()

    async def take(self) -> Picture:
        """Wait for a picture that was not taken yet. Ended when there will be none."""
        while (picture := self._picture) is None:
            if self._ended:
                raise Ended
            self._wake.clear()
            await self._wake.wait()
        self._picture = None
        return picture
