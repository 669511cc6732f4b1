"""A small RTSP client of hand-written requests, for the simulators' own tests."""

import asyncio
from dataclasses import dataclass, field

from tests.simulators.povcam.auth import digest_response, md5_hex, parse_parameters


@dataclass(slots=True)
class Reply:
    """A reply as it was read."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(slots=True)
class RtspClient:
    """One connection; interleaved frames met on the way are kept in `frames`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    url: str
    session: str = ""
    sequence: int = 1
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    authorization: str = ""

    async def ask(self, method: str, path: str = "", **headers: str) -> Reply:
        """Send a request and read its reply."""
        self.sequence += 1
        lines = [f"{method} {self.url}{path} RTSP/1.0", f"CSeq: {self.sequence}"]
        if self.session:
            lines.append(f"Session: {self.session}")
        if self.authorization:
            lines.append(f"Authorization: {self.authorization}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        while True:
            first = await self.reader.readexactly(1)
            if first != b"$":
                break
            self.frames.append(await self._frame())
        head = (first + await self.reader.readuntil(b"\r\n\r\n")).decode()
        start, *rest = head.strip().split("\r\n")
        found = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
        assert found["cseq"] == str(self.sequence)
        body = await self.reader.readexactly(int(found.get("content-length", "0")))
        if "session" in found:
            self.session = found["session"].partition(";")[0]
        return Reply(int(start.split()[1]), found, body.decode())

    async def set_up(self, track: int, transport: str) -> Reply:
        """Send SETUP for a track."""
        return await self.ask("SETUP", f"/trackID={track}", Transport=transport)

    async def play_tcp(self, *tracks: int) -> Reply:
        """Set the tracks up within the connection, and play."""
        for track in tracks:
            reply = await self.set_up(track, "RTP/AVP/TCP;unicast;interleaved=0-1")
            assert reply.status == 200
        return await self.ask("PLAY", "/", Range="npt=0.000-")

    async def frame(self) -> tuple[int, bytes]:
        """Give the next interleaved frame: channel and data."""
        if self.frames:
            return self.frames.pop(0)
        assert await self.reader.readexactly(1) == b"$"
        return await self._frame()

    def log_in(self, challenge: str, method: str, path: str, user: str, password: str) -> None:
        """Answer a digest challenge for one request to come."""
        fields = parse_parameters(challenge)
        fields |= {"username": user, "uri": self.url + path, "nc": "00000001", "cnonce": "0123"}
        ha1 = md5_hex(f"{user}:{fields['realm']}:{password}")
        fields["response"] = digest_response(ha1, method, fields)
        self.authorization = "Digest " + ", ".join(f'{k}="{v}"' for k, v in fields.items())

    async def _frame(self) -> tuple[int, bytes]:
        head = await self.reader.readexactly(3)
        return head[0], await self.reader.readexactly(int.from_bytes(head[1:]))
