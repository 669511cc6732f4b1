"""One hub's stream to a media server that serves more people than this machine can: RTSP, RECORD.

PyAV makes RTP of it, in a thread of the publisher's own. The loop hands over what has come and
waits until that is written, so that nothing queues up but in the viewer, which is bounded.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
import io
import logging
import math
import socket
import time
from typing import Final, override
from urllib.parse import urlsplit

import av
from av.container.output import OutputContainer
from av.error import ExitError, HTTPForbiddenError, HTTPUnauthorizedError
from av.stream import Stream

from ..errors import AuthError, CameraError, ConnectError, Reason, RefusedError
from .hub import Hub, Waits
from .packets import LAYOUTS, TICKS, TIME_BASE, Format, Kind, Packet
from .viewers import Ended

CONNECT_TIMEOUT: Final = 5.0
"""Seconds until a server takes the stream; some let one with a wrong password wait for seconds."""
TIMEOUT: Final = 3.0
"""Seconds for one packet, and for the farewell: a server that stalls delays closing by both."""
STEADY: Final = 10.0
"""Seconds for which a connection has to last before the waits for the next begin anew."""
PORTS: Final = {"rtsp": 554, "rtsps": 322}
"""The schemes and their ports (RFC 7826, 19.1; rtsps as FFmpeg has it)."""
FIRST: Final = TICKS
"""Where the time of a connection begins: sound may be a little before the first picture."""
OPTIONS: Final = {
    "rtsp_transport": "tcp",
    # Neither sound nor picture waits for the other.
    "max_interleave_delta": "1",
}
_ADTS: Final = 7
"""Bytes of the header that RTP does not want: it has its own (RFC 3640)."""

_LOGGER = logging.getLogger(__name__)


class Publisher:
    """Sends a stream to one media server, and again when the connection is lost."""

    def __init__(self, hub: Hub, url: str) -> None:
        """Publish what `hub` has to an RTSP URL, credentials percent-encoded in it.

        Raises ValueError, without the URL, when it is none.
        """
        self._host, self._port = address_of(url)
        self._hub = hub
        self._url = url
        self.connected = False
        """Whether the server takes the stream at this moment."""
        self.error: CameraError | None = None
        """Why it does not, if that is known: the server or the camera."""
        self._told = False
        """Whether the log has it that nothing is published."""
        self._task: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Begin, in the loop; it goes on until closed."""
        if self._task is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="panacam publish")
            self._task = asyncio.get_running_loop().create_task(
                self._run(self._thread), name=f"panacam publish {self._hub.key}"
            )

    async def close(self) -> None:
        """Take leave of the server and end; it takes seconds when the server stalls."""
        if (task := self._task) is not None:
            self._task = None
            task.cancel()
            await asyncio.wait((task,))
        if (thread := self._thread) is not None:
            self._thread = None
            await asyncio.get_running_loop().run_in_executor(None, thread.shutdown)

    async def _run(self, thread: ThreadPoolExecutor) -> None:
        waits = Waits()
        while True:
            try:
                await self._knock()
                await self._publish(thread, waits)
            except CameraError as err:
                self._down(err)
            except Exception:
                # Whatever it is, it must not end the publishing for good.
                _LOGGER.exception("Publishing %s failed", self._hub.key)
            await asyncio.sleep(waits.next())

    async def _knock(self) -> None:
        """Find out whether anybody listens before a camera is woken for it. ConnectError.

        And who resolves the name here does not let FFmpeg do it, which nothing can interrupt.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                _, writer = await asyncio.open_connection(self._host, self._port)
        except TimeoutError:
            raise ConnectError(Reason.TIMEOUT) from None
        except socket.gaierror:
            raise ConnectError(Reason.UNKNOWN_HOST) from None
        except OSError:
            raise ConnectError(Reason.UNREACHABLE) from None
        writer.transport.abort()

    async def _publish(self, thread: ThreadPoolExecutor, waits: Waits) -> None:
        """Publish until the stream ends or becomes another. CameraError."""
        loop = asyncio.get_running_loop()
        async with self._hub.packets(past=False) as viewer:
            began = time.monotonic()
            output = _Output(self._url)
            try:
                while True:
                    format_, packets = await viewer.take()
                    await loop.run_in_executor(thread, output.write, format_, packets)
                    self._up()
                    if time.monotonic() - began > STEADY:
                        waits.reset()
            except Ended:
                return
            finally:
                self.connected = False
                output.end()
                await loop.run_in_executor(thread, output.close)

    def _up(self) -> None:
        self.connected = True
        self.error = None
        if self._told:
            self._told = False
            _LOGGER.info("Publishing %s to %s goes on", self._hub.key, self._place)

    def _down(self, error: CameraError) -> None:
        self.error = error
        if not self._told:
            self._told = True
            _LOGGER.warning("Publishing %s to %s: %s", self._hub.key, self._place, error)

    @property
    def _place(self) -> str:
        """Return what a log may have of the URL."""
        return f"{self._host}:{self._port}"


def address_of(url: str) -> tuple[str, int]:
    """Return host and port of an RTSP URL. ValueError, without the URL, when it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in PORTS:
        msg = "not an RTSP URL"
        raise ValueError(msg)
    return host, port or PORTS[parts.scheme]


class _ByName(io.RawIOBase):
    """A file of which only the name is used: the RTSP muxer opens its URL itself.

    PyAV limits the time of writing only where there is a file. Without one, the thread would wait
    for a server that stalls as long as that likes, and FFmpeg's own limit starts again with every
    packet of RTP, whose failures it does not report.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    @override
    def writable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return False


class _Output:
    """One connection to the server. All but `end` is for the publisher's thread."""

    def __init__(self, url: str) -> None:
        """Connect when the first packets come."""
        self._url = url
        self._container: OutputContainer | None = None
        self._streams: dict[Kind, Stream] = {}
        self._shift: int | None = None
        self._until = math.inf
        """When the packet under way takes too long."""
        self._ended = False

    def end(self) -> None:
        """Write no more, from any thread: what is under way is the last."""
        self._ended = True

    def write(self, format_: Format, packets: Sequence[Packet]) -> None:
        """Send packets, a keyframe first; connect before the first. CameraError."""
        error: CameraError | None = None
        try:
            self._write(format_, packets)
        except CameraError:
            raise
        except Exception as err:  # noqa: BLE001 - FFmpeg's errors have many classes
            # One that took so long is FFmpeg being interrupted, whatever it makes of it.
            error = ConnectError(Reason.TIMEOUT) if self._overdue() else _translated(err)
        if error is not None:
            # Not chained: FFmpeg's text has the URL in it, and that the password.
            raise error

    def close(self) -> None:
        """Take leave of the server, where there is one that still listens."""
        if (container := self._container) is None:
            return
        self._container = None
        self._streams.clear()
        try:
            container.close()
        except Exception as err:  # noqa: BLE001 - as above
            _LOGGER.debug("No farewell: %s", type(err).__name__)

    def _write(self, format_: Format, packets: Sequence[Packet]) -> None:
        if self._container is None:
            self._container = self._opened(format_)
        for packet in packets:
            if self._ended:
                return
            self._send(self._container, packet)

    def _opened(self, format_: Format) -> OutputContainer:
        """Return what connects with the first packet: its parameter sets go into the SDP."""
        container = av.open(
            _ByName(self._url),
            "w",
            format="rtsp",
            options=OPTIONS,
            timeout=(CONNECT_TIMEOUT, TIMEOUT),
        )
        video = container.add_mux_stream(format_.video, width=format_.width, height=format_.height)
        video.time_base = TIME_BASE
        self._streams[Kind.VIDEO] = video
        if format_.sound_rate is not None and format_.channels in LAYOUTS:
            # An encoder that encodes nothing: it knows the AudioSpecificConfig of such sound,
            # without which there is no SDP (RFC 3640, 4.1).
            self._streams[Kind.SOUND] = container.add_stream(
                "aac", rate=format_.sound_rate, layout=LAYOUTS[format_.channels]
            )
        return container

    def _send(self, container: OutputContainer, packet: Packet) -> None:
        if (stream := self._streams.get(packet.kind)) is None:
            return
        connecting = self._shift is None
        if self._shift is None:
            self._shift = FIRST - packet.dts
        if packet.dts + self._shift < 0:
            return
        ours = av.Packet(packet.data[_ADTS:] if packet.kind is Kind.SOUND else packet.data)
        ours.pts, ours.dts = packet.pts + self._shift, packet.dts + self._shift
        ours.time_base = TIME_BASE
        ours.is_keyframe = packet.key or packet.kind is Kind.SOUND
        ours.stream = stream
        self._until = time.monotonic() + (CONNECT_TIMEOUT if connecting else TIMEOUT)
        container.mux_one(ours)
        # FFmpeg does not say that it gave up, except while it connects.
        if not connecting and self._overdue():
            raise ConnectError(Reason.TIMEOUT)

    def _overdue(self) -> bool:
        return time.monotonic() > self._until


def _translated(err: Exception) -> CameraError:
    """Return what is to be done about an error of FFmpeg."""
    match err:
        case HTTPUnauthorizedError() | HTTPForbiddenError():
            return AuthError(Reason.WRONG_CREDENTIALS)
        case ExitError() | TimeoutError():
            return ConnectError(Reason.TIMEOUT)
        case ConnectionRefusedError():
            return ConnectError(Reason.UNREACHABLE)
        case ConnectionError():
            return ConnectError(Reason.CUT)
        case _:
            return RefusedError(Reason.REFUSED)
