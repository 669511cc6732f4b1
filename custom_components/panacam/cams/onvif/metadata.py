"""The metadata of an ONVIF camera: XML documents over RTP (IEC 62676-2-31, 10.2.2 and 10.3.4)."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
import re
from typing import Final
import zlib

from ..errors import CameraError, Reason, RefusedError
from ..net.login import LoginRecord
from ..net.rtp import RtpPacket, read_rtp
from ..net.rtsp_client import RtspClient
from ..net.sdp import Description, Media
from ..stream import Credentials
from .addresses import Place

MAX_DOCUMENT: Final = 256 * 1024
"""Bytes of one document, unpacked; one scene with a hundred objects is below 64 KiB."""
MAX_WAITING: Final = 16
"""Documents that wait for a slow reader; a camera sends about one for each picture."""
PLAIN: Final = "VND.ONVIF.METADATA"
PACKED: Final = frozenset({"VND.ONVIF.METADATA.GZIP", "VND.ONVIF.METADATA+GZIP"})
"""The standard and the later one of ONVIF have one each."""

_BEGIN: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[^/]")
"""What a document begins with, perhaps after a byte order mark."""
_GZIP: Final = 31
"""What zlib calls the format of RFC 1952."""


class Documents:
    """Packets in, documents out; holds at most one unfinished document (no I/O)."""

    def __init__(self, kinds: dict[int, bool]) -> None:
        """Take the payload types in `kinds`, which says of each whether it is packed."""
        self._kinds = kinds
        self._buffer = bytearray()
        self._next: int | None = None
        """The sequence number that should come."""
        self._broken = False
        """Whether the rest of this document is of no use."""
        self.dropped = 0
        """Documents that were lost or too large."""

    def take(self, data: bytes) -> bytes | None:
        """Take a packet; return the document that it ends, or None."""
        packet = read_rtp(data)
        if packet is None or packet.payload_type not in self._kinds:
            return None
        if self._next not in {None, packet.sequence}:
            self._broken = True
        self._next = (packet.sequence + 1) & 0xFFFF
        if len(self._buffer) + len(packet.payload) > MAX_DOCUMENT:
            self._broken = True
        if self._broken:
            self._buffer.clear()
        else:
            self._buffer += packet.payload
        return self._ended(packet) if packet.marker else None

    def _ended(self, packet: RtpPacket) -> bytes | None:
        document: bytes | None = bytes(self._buffer)
        broken, self._broken = self._broken, False
        self._buffer.clear()
        if not broken and document and self._kinds[packet.payload_type]:
            document = _unpacked(document)
        # What begins in the middle is left of one that was under way when we came.
        if broken or not document or _BEGIN.match(document) is None:
            self.dropped += 1
            return None
        return document


def _unpacked(data: bytes) -> bytes | None:
    """Return what is in a document of gzip, or None for what is none, or too large."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        document = unpacker.decompress(data, MAX_DOCUMENT)
    except zlib.error:
        return None
    return document if unpacker.eof else None


class _Shelf:
    """Documents that have come and are not fetched yet: the newest, in order."""

    def __init__(self) -> None:
        self._documents: deque[bytes] = deque(maxlen=MAX_WAITING)
        self._error: CameraError | None = None
        self._wake = asyncio.Event()
        self.reader: Documents | None = None

    def take(self, data: bytes) -> None:
        """Take a packet."""
        if self.reader is not None and (document := self.reader.take(data)) is not None:
            self._documents.append(document)
            self._wake.set()

    def lost(self, error: CameraError) -> None:
        """Let the reader know, at once."""
        self._error = error
        self._wake.set()

    async def documents(self) -> AsyncGenerator[bytes]:
        """Yield documents until CameraError."""
        while True:
            while self._documents:
                yield self._documents.popleft()
            if self._error is not None:
                raise self._error
            self._wake.clear()
            await self._wake.wait()


@asynccontextmanager
async def open_metadata(
    place: Place, credentials: Credentials | None, record: LoginRecord | None = None
) -> AsyncGenerator[AsyncIterator[bytes]]:
    """Read the metadata of a stream while the context is open.

    `record` is what is known of the camera's logins. The iterator gives whole documents,
    MAX_DOCUMENT bytes at most, and ends with CameraError when the camera stops. Raises
    RefusedError(UNSUPPORTED) where the stream has no metadata.
    """
    if place.tls:
        raise RefusedError(Reason.UNSUPPORTED, "RTSP over TLS")
    shelf = _Shelf()
    async with RtspClient(
        place.host, place.port, place.path, credentials, record=record, on_lost=shelf.lost
    ) as client:
        media, kinds = _metadata(await client.describe())
        shelf.reader = Documents(kinds)
        await client.set_up(media, shelf.take)
        await client.play()
        async with aclosing(shelf.documents()) as documents:
            yield documents


def _metadata(description: Description) -> tuple[Media, dict[int, bool]]:
    """Return the medium, and its payload types with whether they are packed. RefusedError."""
    for media in description.media:
        kinds = {
            each.payload: each.encoding in PACKED
            for each in media.formats
            if each.encoding == PLAIN or each.encoding in PACKED
        }
        if media.kind == "application" and kinds:
            return media, kinds
    raise RefusedError(Reason.UNSUPPORTED, "no metadata")
