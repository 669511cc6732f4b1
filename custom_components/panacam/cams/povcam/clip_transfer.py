"""One clip on its way here: what the head of the answer promises, and that it is kept (10.3)."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
import re
import time
from typing import Final, Self

from ..clips import ClipFormat
from ..errors import ConnectError, ProtocolError, Reason
from ..net.http import Chunks
from .clip_content import Content
from .commands_cards import GET_CLIP_FILE

LEAST: Final = 64 * 1024
SPAN: Final = 30.0
"""Seconds that so many bytes may take."""

_PARTIAL: Final = 206
_SPAN: Final = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)
_PAGES: Final = frozenset({"text/html", "text/plain", "text/xml"})
"""What a camera answers instead of a clip."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What an answer says that it has."""

    start: int
    size: int | None
    """Of the whole clip."""
    length: int | None
    """Of what comes now."""

    @classmethod
    def of(cls, chunks: Chunks, start: int) -> Self:
        """Return what an answer to a request from `start` on promises.

        Raises ProtocolError(UNEXPECTED_REPLY) for what is no clip, or not the part asked for.
        """
        encoded = chunks.headers.get("Content-Encoding", "identity").strip().lower() != "identity"
        if encoded or chunks.content_type in _PAGES:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, GET_CLIP_FILE.name)
        length = _length(chunks.headers)
        if length == 0:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, GET_CLIP_FILE.name)
        if chunks.status != _PARTIAL:
            return cls(0, length, length)
        found = _SPAN.fullmatch(chunks.headers.get("Content-Range", "").strip())
        if found is None or int(found[1]) != start or int(found[2]) < start:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, GET_CLIP_FILE.name)
        size = None if found[3] == "*" else int(found[3])
        if size is not None and int(found[2]) != size - 1:
            # We asked for all that is left.
            raise ProtocolError(Reason.UNEXPECTED_REPLY, GET_CLIP_FILE.name)
        return cls(start, size, int(found[2]) - start + 1)


async def measured(
    pieces: AsyncIterator[bytes], promise: Promise, kind: ClipFormat
) -> AsyncGenerator[bytes]:
    """Yield the pieces on, nothing of what is no clip: ProtocolError, also for what is too much.

    ConnectError(CUT) when they end short of the promise, or of what the clip itself says where no
    length was promised; ConnectError(TIMEOUT) when they come too slowly to come ever to an end.
    """
    content = Content(kind, GET_CLIP_FILE.name) if promise.start == 0 else None
    pace = _Pace()
    seen = 0
    while (piece := await pace.next(pieces)) is not None:
        seen += len(piece)
        if promise.length is not None and seen > promise.length:
            raise ProtocolError(Reason.UNEXPECTED_REPLY, GET_CLIP_FILE.name)
        if known := piece if content is None else content.feed(piece):
            yield known
    if promise.length is not None and seen < promise.length:
        raise ConnectError(Reason.CUT, GET_CLIP_FILE.name)
    if content is None:
        return
    if known := content.rest():
        yield known
    if promise.length is None:
        content.check_whole()


class _Pace:
    """Has the camera bring LEAST bytes in SPAN seconds; who takes them has all the time."""

    def __init__(self) -> None:
        self._waited = 0.0
        self._got = 0

    async def next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        """Return the next piece, None: there is none. ConnectError(TIMEOUT)."""
        began = time.monotonic()
        piece = await anext(pieces, None)
        self._waited += time.monotonic() - began
        self._got += len(piece or b"")
        if self._got >= LEAST:
            self._waited, self._got = 0.0, 0
        elif piece is not None and self._waited >= SPAN:
            raise ConnectError(Reason.TIMEOUT, GET_CLIP_FILE.name)
        return piece


def _length(headers: Mapping[str, str]) -> int | None:
    value = headers.get("Content-Length", "").strip()
    return int(value) if re.fullmatch(r"\d{1,18}", value) else None
