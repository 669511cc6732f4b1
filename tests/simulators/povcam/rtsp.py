"""The camera's RTSP server (12, 13)."""

import asyncio
from typing import Final

from .auth import Authenticator
from .broadcast import Broadcast, MediaSender, RtspFaults, TrackSender
from .camera import Camera
from .faults import RtspFault
from .rtp import Track
from .rtsp_session import Connection
from .wires import open_udp

_MULTICAST_AUDIO: Final = 1000
"""The sound goes to the picture's multicast port plus this (13.2)."""


class RtspServer:
    """Listens for RTSP and owns the broadcasts of the streams."""

    def __init__(self, camera: Camera, authenticator: Authenticator, *, user_auth: bool) -> None:
        """Make a server that does not listen yet."""
        self.camera: Final = camera
        self.authenticator: Final = authenticator
        self.user_auth = user_auth
        self.faults: Final = RtspFaults()
        self.broadcasts: Final = {stream: Broadcast(camera, stream) for stream in camera.video}
        self.host = ""
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._groups: dict[int, tuple[MediaSender, int]] = {}
        self._joining = asyncio.Lock()

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The open connections."""
        return tuple(self._connections.values())

    async def start(self, host: str, port: int) -> int:
        """Listen, and give the port."""
        self.host = host
        self._server = await asyncio.start_server(self._accept, host, port)
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
        await server.wait_closed()

    async def join_group(self, stream: int) -> MediaSender:
        """Give the one sender of `stream` to its multicast group, shared by all sessions."""
        async with self._joining:
            if stream not in self._groups:
                self._groups[stream] = (await self._open_group(stream), 0)
            sender, members = self._groups[stream]
            self._groups[stream] = (sender, members + 1)
            return sender

    def leave_group(self, stream: int) -> None:
        """Stop the multicast with its last session."""
        sender, members = self._groups[stream]
        if members > 1:
            self._groups[stream] = (sender, members - 1)
            return
        del self._groups[stream]
        self.broadcasts[stream].remove(sender)
        sender.close()

    async def _open_group(self, stream: int) -> MediaSender:
        video = self.camera.video[stream]
        sender = MediaSender(self.faults, on_drop=lambda: None)
        ports = {Track.VIDEO: video.multicast_port}
        ports[Track.AUDIO] = video.multicast_port + _MULTICAST_AUDIO
        try:
            for track, port in ports.items():
                wire = await open_udp(
                    self.host, video.multicast_address, port, _ignore, video.multicast_ttl
                )
                sender.tracks[track] = TrackSender(
                    track, wire, self.faults, extension=self.camera.options.rtp_extension
                )
        except BaseException:
            sender.close()
            raise
        return sender

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or self.faults.active(RtspFault.REFUSE):
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(self, reader, writer)
        self._connections[task] = connection
        try:
            await connection.run()
        finally:
            del self._connections[task]
            connection.close()


def _ignore(_data: bytes) -> None:
    """Take a report from the group, which has no session to count it."""
