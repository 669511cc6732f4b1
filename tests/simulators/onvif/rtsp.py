"""The camera's RTSP server (10)."""

import asyncio
from collections import deque
from dataclasses import dataclass
import time
from typing import TYPE_CHECKING, Final

from tests.simulators.povcam import RtspFault
from tests.simulators.povcam.broadcast import RtspFaults
from tests.simulators.povcam.rtsp_messages import RtspRequest
from tests.simulators.povcam.wires import open_udp

from .rtsp_back import Heard
from .rtsp_connection import Connection
from .rtsp_media import Relay, RtpSender, Viewer
from .rtsp_sdp import media_of
from .rtsp_session import Session

if TYPE_CHECKING:
    from .camera import Camera
    from .media_parts import Profile

_LOG_LENGTH: Final = 1000


@dataclass(slots=True)
class _Planned:
    status: int
    times: int | None


@dataclass(frozen=True, slots=True)
class RtspCall:
    """One request as it came in, kept for assertions."""

    method: str
    uri: str
    headers: dict[str, str]
    time: float
    """Of time.monotonic()."""


class Groups:
    """Profiles that are sent to their multicast groups, each once for all its sessions."""

    def __init__(self, server: RtspServer) -> None:
        """Send nothing."""
        self._server = server
        self._groups: dict[int, tuple[Viewer, int]] = {}
        self._joining = asyncio.Lock()

    async def join(self, profile: Profile) -> Viewer:
        """Give the one viewer that stands for the group of `profile`."""
        async with self._joining:
            if profile.number not in self._groups:
                self._groups[profile.number] = (await self._open(profile), 0)
            viewer, members = self._groups[profile.number]
            self._groups[profile.number] = (viewer, members + 1)
            return viewer

    def leave(self, profile: Profile) -> None:
        """Stop with the last session."""
        viewer, members = self._groups[profile.number]
        if members > 1:
            self._groups[profile.number] = (viewer, members - 1)
            return
        del self._groups[profile.number]
        self._server.relay(profile).remove(viewer)
        viewer.close()

    async def _open(self, profile: Profile) -> Viewer:
        viewer = Viewer(self._server.faults, lambda: None)
        try:
            for medium in media_of(self._server.camera, profile):
                group = medium.multicast
                assert group is not None
                wire = await open_udp(
                    self._server.host, group.address, group.port, _ignore, group.ttl
                )
                viewer.senders[medium.name] = RtpSender(medium, wire, self._server.faults)
        except BaseException:
            viewer.close()
            raise
        self._server.relay(profile).add(viewer)
        return viewer


class RtspServer:
    """Listens for RTSP; owns sessions, encoders and what was heard."""

    def __init__(self, camera: Camera) -> None:
        """Make a server that does not listen yet."""
        self.camera: Final = camera
        self.faults: Final = RtspFaults()
        self.heard: Final = Heard()
        self.requests: Final[deque[RtspCall]] = deque(maxlen=_LOG_LENGTH)
        self.sessions: Final[dict[str, Session]] = {}
        self.groups: Final = Groups(self)
        self.host = ""
        self._relays: dict[int, Relay] = {}
        self._planned: dict[str, _Planned] = {}
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._multicast: set[int] = set()

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The open connections."""
        return tuple(self._connections.values())

    async def start(self, host: str, port: int) -> int:
        """Listen, and give the port."""
        self.host = host
        self._server = await asyncio.start_server(self._accept, host, port)
        streaming = self.camera.media.streaming
        streaming.on_synchronize, streaming.on_multicast = self._synchronize, self._cast
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Close the listening socket, every session and every connection."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        tasks = tuple(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for session in tuple(self.sessions.values()):
            self.end(session)
        self.camera.media.streaming.multicast.clear()
        for number in tuple(self._multicast):
            await self._cast(number)
        await server.wait_closed()

    def refuse(self, method: str, status: int, times: int | None = None) -> None:
        """Answer `method`, or `*`, with `status`, `times` times or until cleared (10.5)."""
        self._planned[method] = _Planned(status, times)

    def fault(self, fault: RtspFault, *, seconds: float = 1.0, share: float = 0.1) -> None:
        """Inflict `fault`: DROP after `seconds` of play, LOSS of a `share` of the packets."""
        self.faults.set(fault, seconds=seconds, share=share)

    def clear_faults(self) -> None:
        """Behave again."""
        self._planned.clear()
        self.faults.clear()

    def note(self, request: RtspRequest) -> None:
        """Keep a request for assertions."""
        self.requests.append(
            RtspCall(request.method, request.uri, request.headers, time.monotonic())
        )

    def planned(self, method: str) -> int | None:
        """Give the status that `method` is to be refused with."""
        for name in (method, "*"):
            plan = self._planned.get(name)
            if plan is None:
                continue
            if plan.times is not None:
                plan.times -= 1
                if plan.times <= 0:
                    del self._planned[name]
            return plan.status
        return None

    def relay(self, profile: Profile) -> Relay:
        """Give the live media of `profile`."""
        if profile.number not in self._relays:
            self._relays[profile.number] = Relay(self.camera, profile)
        return self._relays[profile.number]

    def begin(self, profile: Profile, connection: Connection) -> Session:
        """Make a session."""
        session = Session(self, profile, connection)
        self.sessions[session.id] = session
        return session

    def end(self, session: Session) -> None:
        """End a session."""
        if self.sessions.pop(session.id, None) is not None:
            session.close()

    async def serve(self, connection: Connection) -> None:
        """Serve a connection to its end; owned by the task that calls."""
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = connection
        try:
            await connection.run()
        finally:
            del self._connections[task]
            # A session by UDP outlives its connection until it times out (RFC 2326, 1.1).
            for session in tuple(self.sessions.values()):
                if session.connection is connection:
                    self.end(session)
            connection.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or self.faults.active(RtspFault.REFUSE):
            writer.transport.abort()
            return
        addresses = writer.get_extra_info("sockname")[0], writer.get_extra_info("peername")[0]
        await self.serve(Connection(self, reader, writer.transport, addresses))

    def _synchronize(self, number: int) -> None:
        if number in self._relays:
            self._relays[number].synchronize()

    async def _cast(self, number: int) -> None:
        """Do what `multicast` says of a profile."""
        profile = self.camera.media.by_number(number)
        if profile is None:
            return
        wanted = number in self.camera.media.streaming.multicast
        if wanted and number not in self._multicast:
            self._multicast.add(number)
            await self.groups.join(profile)
        elif not wanted and number in self._multicast:
            self._multicast.discard(number)
            self.groups.leave(profile)


def _ignore(_data: bytes) -> None:
    """Take a report from the group, which has no session to count it."""
