"""A file of which only some stretches were fetched."""

import io
from typing import override


class Windows(io.RawIOBase):
    """A large file of which some stretches are there; the rest reads as its end."""

    def __init__(self, size: int, stretches: dict[int, bytes]) -> None:
        """Show bytes by where they begin."""
        self._size = size
        self._stretches = stretches
        self._at = 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return self._at

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    @override
    def read(self, size: int = -1) -> bytes:
        for start, data in self._stretches.items():
            if start <= self._at < start + len(data):
                begin = self._at - start
                piece = data[begin : len(data) if size < 0 else begin + size]
                self._at += len(piece)
                return piece
        return b""
