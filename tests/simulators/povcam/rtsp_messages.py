"""RTSP text: the requests as they are read, and the replies as they are worded."""

import asyncio
from dataclasses import dataclass
import re
from typing import Final
from urllib.parse import urlsplit

from .rtp import Track

MAX_BODY: Final = 64 * 1024
_PATH: Final = re.compile(r"/mediainput/h264/stream_([12])(?:/(?:trackid=([12]))?)?")

REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    551: "Option not supported",
}


class ProtocolError(Exception):
    """The client does not speak RTSP."""


@dataclass(frozen=True, slots=True)
class RtspRequest:
    """One request; header names are in lower case."""

    method: str
    uri: str
    headers: dict[str, str]

    @property
    def target(self) -> tuple[int, Track | None] | None:
        """Stream and track of the address, in either spelling of the path (12.1)."""
        found = _PATH.fullmatch(urlsplit(self.uri).path.lower())
        if found is None:
            return None
        return int(found[1]), Track(int(found[2])) if found[2] else None

    @property
    def session(self) -> str:
        """The session's number, without parameters."""
        return self.headers.get("session", "").partition(";")[0].strip()


@dataclass(frozen=True, slots=True)
class Frame:
    """Interleaved binary data of the client, such as a receiver report."""

    channel: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TransportOffer:
    """What the client's Transport header asks for."""

    tcp: bool
    multicast: bool
    client_port: int | None
    channel: int | None = None
    """First number of `interleaved`, which these cameras pay no heed to."""

    @classmethod
    def parse(cls, header: str) -> TransportOffer | None:
        """Give the first RTP/AVP offer of the header."""
        for offer in header.split(","):
            profile, *parameters = (part.strip() for part in offer.split(";"))
            if profile.upper() not in ("RTP/AVP", "RTP/AVP/UDP", "RTP/AVP/TCP"):
                continue
            values = dict(part.partition("=")[::2] for part in parameters)
            port = values.get("client_port", "").partition("-")[0]
            channel = values.get("interleaved", "").partition("-")[0]
            return cls(
                tcp=profile.upper().endswith("TCP"),
                multicast="multicast" in values,
                client_port=int(port) if port.isdecimal() and int(port) <= 65534 else None,
                channel=int(channel) if channel.isdecimal() and int(channel) <= 254 else None,
            )
        return None


async def read_message(reader: asyncio.StreamReader) -> RtspRequest | Frame:
    """Give the next request or frame; IncompleteReadError at the end of the connection."""
    first = await reader.readexactly(1)
    while first in b"\r\n":
        first = await reader.readexactly(1)
    if first == b"$":
        head = await reader.readexactly(3)
        return Frame(head[0], await reader.readexactly(int.from_bytes(head[1:])))
    try:
        text = (first + await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
    except asyncio.LimitOverrunError as error:
        raise ProtocolError from error
    start, *lines = text.split("\r\n")
    words = start.split()
    if len(words) != 3 or not words[2].startswith("RTSP/1."):
        raise ProtocolError
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        raise ProtocolError
    await reader.readexactly(int(length))
    return RtspRequest(words[0], words[1], headers)


def reply_text(status: int, request: RtspRequest, headers: dict[str, str], body: str = "") -> bytes:
    """Give the bytes of a reply."""
    lines = [f"RTSP/1.0 {status} {REASONS[status]}", f"CSeq: {request.headers.get('cseq', '0')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
