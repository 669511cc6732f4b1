"""The last seconds of a stream, bounded in time and in bytes."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from ..stream import Picture, Piece
from .packets import TICKS, Packet

MAX_BYTES: Final = 8 * 1024 * 1024
"""Of one ring: 7 s at 9 Mbit/s. A stream that is larger has a shorter past."""
OVERHEAD: Final = 512
"""Bytes that a piece or packet costs beside its data: tiny ones must not fill the memory."""
MAX_GAP: Final = 10 * TICKS
"""Without packets, after which what was before is no past of what comes: players end at a gap."""


def size_of(piece: Piece | Packet) -> int:
    """Return the bytes that a piece or packet costs."""
    match piece:
        case Picture():
            return memoryview(piece.data).nbytes + OVERHEAD
        case Packet():
            return len(piece.data) + OVERHEAD
        case _:
            return len(piece.samples) + OVERHEAD


class PieceRing:
    """Pictures and sound; every picture is a place to start."""

    def __init__(self, seconds: float, *, max_bytes: int = MAX_BYTES) -> None:
        """Keep what came in the last `seconds`; 0 keeps nothing."""
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._pieces: deque[Piece] = deque()
        self._bytes = 0

    @property
    def held(self) -> int:
        """Return the bytes it holds."""
        return self._bytes

    def append(self, piece: Piece) -> None:
        """Keep a piece, and drop what it makes too old or too much."""
        if self._seconds <= 0:
            return
        self._pieces.append(piece)
        self._bytes += size_of(piece)
        self._prune(piece.at)

    def since(self, now: float) -> list[Piece]:
        """Return what came in the seconds before `now`, in order."""
        self._prune(now)
        return list(self._pieces)

    def clear(self) -> None:
        """Forget everything."""
        self._pieces.clear()
        self._bytes = 0

    def _prune(self, now: float) -> None:
        oldest = now - self._seconds
        while self._pieces and (self._pieces[0].at < oldest or self._bytes > self._max_bytes):
            self._bytes -= size_of(self._pieces.popleft())


class PacketRing:
    """Packets, whole groups of pictures of them: it begins with a keyframe or is empty."""

    def __init__(self, seconds: float, *, max_bytes: int = MAX_BYTES) -> None:
        """Keep at least `seconds`, back to the keyframe before; 0 keeps the last keyframe on."""
        self._ticks = int(seconds * TICKS)
        self._max_bytes = max_bytes
        self._packets: deque[Packet] = deque()
        self._keys: deque[int] = deque()
        """The dts of the keyframes it holds."""
        self._bytes = 0

    @property
    def held(self) -> int:
        """Return the bytes it holds."""
        return self._bytes

    def extend(self, packets: Iterable[Packet]) -> None:
        """Keep packets; before the first keyframe there is nothing to keep."""
        for packet in packets:
            if packet.key:
                if self._packets and packet.dts - self._packets[-1].dts > MAX_GAP:
                    self.clear()
                self._keys.append(packet.dts)
            if not self._keys:
                continue
            self._packets.append(packet)
            self._bytes += size_of(packet)
            # For sound, too, which may come alone for hours.
            self._prune(packet.dts)

    def packets(self) -> list[Packet]:
        """Return all of it, a keyframe first."""
        return list(self._packets)

    def last_group(self) -> list[Packet]:
        """Return the newest keyframe and what came after it."""
        if not self._keys:
            return []
        newest: list[Packet] = []
        for packet in reversed(self._packets):
            newest.append(packet)
            if packet.key and packet.dts == self._keys[-1]:
                break
        return newest[::-1]

    def clear(self) -> None:
        """Forget everything."""
        self._packets.clear()
        self._keys.clear()
        self._bytes = 0

    def _prune(self, now: int) -> None:
        """Drop groups that are not needed to go back far enough, or that are too much.

        A single group that is too large goes, too: better no past than no bound.
        """
        while self._keys:
            enough = len(self._keys) > 1 and self._keys[1] <= now - self._ticks
            if not enough and self._bytes <= self._max_bytes:
                return
            self._drop_group()

    def _drop_group(self) -> None:
        self._keys.popleft()
        # Up to the next keyframe; without one, everything.
        while self._packets and not (
            self._keys and self._packets[0].key and self._packets[0].dts == self._keys[0]
        ):
            self._bytes -= size_of(self._packets.popleft())
