"""An RTSP camera on the loopback address that answers as a test says."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
import re
import socket
from typing import Self

from tests.cams.net.rtsp_vectors import text


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came in."""

    method: str
    uri: str
    headers: dict[str, str]
    at: float

    @property
    def channels(self) -> tuple[int, int] | None:
        """Return what a Transport header wants to be interleaved."""
        found = re.search(r"interleaved=(\d+)-(\d+)", self.headers.get("transport", ""))
        return (int(found[1]), int(found[2])) if found else None

    @property
    def ports(self) -> tuple[int, int] | None:
        """Return the client's ports in a Transport header."""
        found = re.search(r"client_port=(\d+)-(\d+)", self.headers.get("transport", ""))
        return (int(found[1]), int(found[2])) if found else None


def reply(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """Return a reply; its number is put in by the peer."""
    lines = [f"RTSP/1.0 {status} Reason", "CSeq: @"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


type Answer = bytes | Callable[[Heard], bytes | None] | None
"""A reply, None for silence, or what makes one."""


@dataclass
class RtspPeer:
    """Keeps a session as a good camera does, but for what `answers` says otherwise."""

    sdp: bytes = field(default_factory=lambda: text("back_channel_codecs.sdp"))
    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    """By method; of a list one for each request, the last one for ever."""
    timeout: int = 60
    udp: bool = False
    """Refuse what is interleaved."""
    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    """What came interleaved: channel and data."""
    answered: list[str] = field(default_factory=list)
    """What the client says to our own requests."""
    datagrams: list[bytes] = field(default_factory=list)
    reports: list[bytes] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _sockets: list[asyncio.DatagramTransport] = field(default_factory=list)
    _ports: tuple[int, int] = (0, 0)

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        await self._open_udp()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Hang up on everybody."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in self._sockets:
            transport.abort()

    @property
    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [each.method for each in self.heard]

    @property
    def connected(self) -> bool:
        """Whether a client is there."""
        return bool(self._tasks)

    def last(self, method: str) -> Heard:
        """Return the last request of a kind."""
        return next(each for each in reversed(self.heard) if each.method == method)

    def send(self, data: bytes) -> None:
        """Say something unasked."""
        self.writers[-1].write(data)

    def send_frame(self, data: bytes, channel: int = 0) -> None:
        """Send interleaved data."""
        self.send(b"$" + bytes([channel]) + len(data).to_bytes(2) + data)

    def send_datagram(self, data: bytes) -> None:
        """Send RTP by UDP, where the client wants it."""
        ports = self.last("SETUP").ports
        assert ports is not None
        self._sockets[0].sendto(data, ("127.0.0.1", ports[0]))

    def hang_up(self) -> None:
        """End all connections."""
        for writer in self.writers:
            writer.transport.abort()

    async def _open_udp(self) -> None:
        loop = asyncio.get_running_loop()
        for kept in (self.datagrams, self.reports):
            ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            ours.bind(("127.0.0.1", 0))
            transport, _ = await loop.create_datagram_endpoint(
                lambda kept=kept: _Keeper(kept),  # type: ignore[misc] # bound at once
                sock=ours,
            )
            self._sockets.append(transport)
        first, second = (each.get_extra_info("sockname")[1] for each in self._sockets)
        self._ports = (first, second)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.writers.append(writer)
        try:
            while True:
                await self._serve(reader, writer)
        except OSError, asyncio.IncompleteReadError, asyncio.CancelledError:
            pass  # the client has gone, or the test is over
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        if first == b"$":
            head = await reader.readexactly(3)
            self.frames.append((head[0], await reader.readexactly(int.from_bytes(head[1:]))))
            return
        lines = (first + await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        if lines[0].startswith("RTSP/"):
            self.answered.append(" ".join(lines))
            return
        method, uri, version = lines[0].split(" ")
        assert version == "RTSP/1.0"
        pairs = (line.partition(":") for line in lines[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        heard = Heard(method, uri, headers, asyncio.get_running_loop().time())
        self.heard.append(heard)
        if (answer := self._answer(heard)) is not None:
            writer.write(answer.replace(b"CSeq: @", b"CSeq: " + headers["cseq"].encode(), 1))
            await writer.drain()

    def _answer(self, heard: Heard) -> bytes | None:
        planned = self.answers.get(heard.method, self._good)
        if isinstance(planned, list):
            planned = planned.pop(0) if len(planned) > 1 else planned[0]
        return planned(heard) if callable(planned) else planned

    def _good(self, heard: Heard) -> bytes:
        match heard.method:
            case "OPTIONS":
                return reply(Public="OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
            case "DESCRIBE":
                return reply(body=self.sdp)
            case "SETUP":
                return self.set_up(heard)
        return reply()

    def set_up(self, heard: Heard) -> bytes:
        """Return a good answer to SETUP."""
        session = f"5cafe;timeout={self.timeout}"
        if heard.channels is not None:
            if self.udp:
                return reply(461)
            return reply(Session=session, Transport=heard.headers["transport"])
        assert heard.ports is not None
        theirs = f"server_port={self._ports[0]}-{self._ports[1]}"
        return reply(Session=session, Transport=f"{heard.headers['transport']};{theirs}")


class _Keeper(asyncio.DatagramProtocol):
    """Keeps what comes."""

    def __init__(self, kept: list[bytes]) -> None:
        self._kept = kept

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Keep it."""
        self._kept.append(data)
