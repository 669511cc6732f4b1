"""One browser by WebRTC: a hub's H.264 as it is, made into RTP and encrypted by aiortc.

aiortc is no requirement: importing this module raises ImportError where it is not installed, and
nothing else in `cams` imports it. There is no sound: browsers take no AAC by WebRTC.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
import logging
from typing import Any, Final, override

from aiortc import (
    MediaStreamError,
    MediaStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpCodecCapability,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.sdp import candidate_from_sdp
import av
from dns.rdata import load_all_types

from ..errors import ConnectError, Reason, RefusedError
from .hub import Hub
from .packets import TICKS, TIME_BASE, Kind, Packet
from .viewers import Ended

CONNECT_TIMEOUT: Final = 30.0
"""Seconds that a browser has to connect after the answer."""
MAX_BYTES: Final = 4 * 1024 * 1024
"""Of video that may wait for one browser; one that does not take it sees fewer groups."""
MAX_CANDIDATES: Final = 64
"""Addresses that a browser may name; each costs packets that go there."""
STEP: Final = TICKS // 1000
"""Between the pictures before the newest, when a browser is shown them as fast as it can."""
PROFILES: Final = ("42e01f", "42001f")
"""The profiles of H.264 that aiortc has a name for, the one that every browser has first.

Browsers decode whatever profile comes; the name is for finding each other.
"""

_LOGGER = logging.getLogger(__name__)

# aioice finds browsers by mDNS. Its library imports a module for each type of record that it meets,
# which would be in the event loop; now it is in whichever thread imports this.
load_all_types()  # type: ignore[no-untyped-call] # it has no types

type IceServer = tuple[list[str], str | None, str | None]
"""URLs, user name and credential of a STUN or TURN server."""


class Backlog:
    """Video that waits for one browser: the newest group, for as long as nothing is taken."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._packets: deque[Packet] = deque()
        self._bytes = 0
        self._taken = False
        """Whether the browser has taken anything yet."""
        self._broken = True
        """Whether what comes refers to pictures that this browser has not."""
        self._ended = False
        self._wake = asyncio.Event()

    def add(self, packets: Sequence[Packet]) -> None:
        """Add packets; what is too much goes, up to the next keyframe."""
        for packet in packets:
            if packet.kind is not Kind.VIDEO:
                continue
            if packet.key:
                self._broken = False
                if not self._taken:
                    self._clear()
            if self._broken:
                continue
            self._packets.append(packet)
            self._bytes += len(packet.data)
            if self._bytes > MAX_BYTES:
                self._clear()
                self._broken = True
        if self._packets:
            self._wake.set()

    def end(self) -> None:
        """Let nothing more be taken."""
        self._ended = True
        self._wake.set()

    async def take(self) -> Packet:
        """Wait for the next packet, a keyframe first. Ended at the end."""
        # Sending waits for nothing: without this a whole group would be encrypted in one go.
        await asyncio.sleep(0)
        while not self._packets and not self._ended:
            self._wake.clear()
            await self._wake.wait()
        if self._ended:
            raise Ended
        if not self._taken:
            self._taken = True
            self._hurry()
        packet = self._packets.popleft()
        self._bytes -= len(packet.data)
        return packet

    def _hurry(self) -> None:
        """Give what leads to the newest picture times just before it.

        A browser that gets a group at once, with the times at which it was filmed, would show it at
        that speed, and stay behind by as much.
        """
        begin = self._packets[-1].pts - (len(self._packets) - 1) * STEP
        self._packets = deque(
            replace(packet, pts=begin + at * STEP, dts=begin + at * STEP)
            for at, packet in enumerate(self._packets)
        )

    def _clear(self) -> None:
        self._packets.clear()
        self._bytes = 0


class HubTrack(MediaStreamTrack):
    """Where aiortc takes the packets out."""

    kind = "video"

    def __init__(self, backlog: Backlog) -> None:
        """Give what is in `backlog`."""
        super().__init__()
        self._backlog = backlog

    @override
    async def recv(self) -> av.Packet[Any]:
        """Wait for the next packet. MediaStreamError at the end."""
        try:
            packet = await self._backlog.take()
        except Ended:
            raise MediaStreamError from None
        ours = av.Packet(packet.data)
        ours.pts, ours.dts, ours.time_base = packet.pts, packet.dts, TIME_BASE
        return ours


class Peer:
    """The connection to one browser: `answer`, then `run` until it is over, then `close`."""

    def __init__(self, hub: Hub, servers: Sequence[IceServer] = ()) -> None:
        """Show what `hub` has. Of the servers aiortc asks the first STUN and the first TURN."""
        self._hub = hub
        ours = [RTCIceServer(urls, name, credential) for urls, name, credential in servers]
        # Not None: then aiortc would ask a server of its own choice.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=ours))
        self._connection.on("connectionstatechange", self._changed)
        self._backlog = Backlog()
        self._described = asyncio.Event()
        """Set once the offer is known: candidates belong to it."""
        self._candidates = 0
        self._connected = asyncio.Event()
        self._gone = asyncio.Event()

    async def answer(self, offer: str) -> str:
        """Return the answer to a browser's offer, all our addresses in it.

        Raises RefusedError when there is nothing in the offer that we can do.
        """
        try:
            wanted, answer = await self._described_by(offer)
        except Exception as err:
            # What a browser says is text from outside, and aiortc trusts it in many places.
            _LOGGER.debug("No answer to an offer", exc_info=True)
            raise RefusedError(Reason.UNSUPPORTED, type(err).__name__) from None
        if not wanted:
            raise RefusedError(Reason.UNSUPPORTED, "no video wanted")
        return answer

    async def _described_by(self, offer: str) -> tuple[bool, str]:
        """Return whether an offer wants video, and the answer to it. Any exception."""
        video = self._connection.addTransceiver(HubTrack(self._backlog), direction="sendonly")
        video.setCodecPreferences(_preferences())
        await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        if video.mid is None:
            return False, ""
        self._described.set()
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        answer: str = self._connection.localDescription.sdp
        return True, answer

    async def add_candidate(self, text: str, mid: str | None, line: int | None) -> None:
        """Learn an address at which the browser may be reached; empty: there are no more."""
        await self._described.wait()
        self._candidates += 1
        if self._candidates > MAX_CANDIDATES or self._gone.is_set():
            return
        try:
            candidate = None
            if text:
                candidate = candidate_from_sdp(text.removeprefix("candidate:"))
                candidate.sdpMid, candidate.sdpMLineIndex = mid, line
            await self._connection.addIceCandidate(candidate)
        except Exception:
            _LOGGER.debug("A candidate that is none", exc_info=True)

    async def run(self) -> None:
        """Show the stream until the browser has gone. CameraError when it ends before."""
        loop = asyncio.get_running_loop()
        tasks = (loop.create_task(self._pump()), loop.create_task(self._watch()))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Hang up."""
        self._gone.set()
        self._described.set()
        self._backlog.end()
        await self._connection.close()

    async def _pump(self) -> None:
        """Feed the track, over changes of the stream's format, too. CameraError."""
        while True:
            async with self._hub.packets(past=False) as viewer:
                with suppress(Ended):
                    while True:
                        format_, packets = await viewer.take()
                        if format_.video != "h264":
                            raise RefusedError(Reason.UNPLAYABLE, format_.video)
                        self._backlog.add(packets)

    async def _watch(self) -> None:
        """Wait until the browser has gone. ConnectError when it never came."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self._connected.wait()
        except TimeoutError:
            raise ConnectError(Reason.TIMEOUT) from None
        await self._gone.wait()

    def _changed(self) -> None:
        """Follow aiortc, which calls this in the loop."""
        match self._connection.connectionState:
            case "connected":
                self._connected.set()
            case "failed" | "closed":
                self._gone.set()
                self._connected.set()


def _preferences() -> list[RTCRtpCodecCapability]:
    """Return H.264 in packets of mode 1 (RFC 6184), and the codec that repeats what was lost."""
    codecs = RTCRtpSender.getCapabilities("video").codecs
    found = [
        codec
        for profile in PROFILES
        for codec in codecs
        if codec.mimeType == "video/H264"
        and codec.parameters.get("packetization-mode") == "1"
        and codec.parameters.get("profile-level-id") == profile
    ]
    return found + [codec for codec in codecs if codec.mimeType == "video/rtx"]
