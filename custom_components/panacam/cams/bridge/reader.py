"""The thread that reads one RTSP stream."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import EPROTONOSUPPORT
from fractions import Fraction
from threading import Event, Thread
import time
from typing import Any, Final

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container.input import InputContainer
from av.error import (
    EOFError as EndError,
    ExitError,
    HTTPClientError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPServerError,
    HTTPUnauthorizedError,
    InvalidDataError,
)
from av.rational import AVRational
from av.video.stream import VideoStream

from ..errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from ..stream import RtspStream, Transport, rtsp_url
from .packets import TICKS, Format, Kind, Packet, adts
from .relay import NoWayError, UnlikeError, Ways, playable
from .timeline import Timeline

OPEN_TIMEOUT: Final = 8.0
READ_TIMEOUT: Final = 5.0
"""Seconds without a packet; also the longest that ending takes."""
CODECS: Final = ("h264", "hevc")
_SOUND: Final = "aac"
_MAX_CHANNELS: Final = 7
_TOO_LATE: Final = TICKS // 4
"""How far sound may be moved on; beyond, something else was heard in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Came:
    """A packet with the camera's time stamps, in ticks."""

    kind: Kind
    data: bytes
    pts: int | None
    dts: int | None
    key: bool
    at: float


class RtspReader:
    """One connection: packets from a camera, copied and never decoded."""

    def __init__(
        self,
        stream: RtspStream,
        *,
        timeline: Timeline,
        epoch: float,
        deliver: Callable[[Format, Packet, float], None],
        ways: Ways,
    ) -> None:
        """Read `stream`; `deliver` gets every packet and when it came, in the loop.

        `epoch` is the monotonic clock's seconds at 0 ticks. `ways` knows of the readers before.
        """
        self._stream = stream
        self._timeline = timeline
        self._epoch = epoch
        self._deliver = deliver
        self._ways = ways
        self._loop = asyncio.get_running_loop()
        self._ended = Event()
        self._begun = False
        self._done: asyncio.Future[CameraError] = self._loop.create_future()

    async def run(self) -> None:
        """Read until the camera stops. Always raises CameraError, which says why it stopped."""
        self._timeline.restart()
        await self._ways.by_any(self._stream, self._run_by)

    async def _run_by(self, way: RtspStream) -> None:
        """Read in one way, until CameraError."""
        async with playable(way) as stream:
            self._ended.clear()
            thread = Thread(target=self._run, args=(stream,), name="panacam RTSP", daemon=True)
            thread.start()
            try:
                raise await asyncio.shield(self._done)
            finally:
                self._ended.set()
                # The thread looks after each packet, and waits READ_TIMEOUT at most for one.
                await self._loop.run_in_executor(None, thread.join)
                self._done = self._loop.create_future()

    def give_up(self) -> None:
        """Stop, for a camera that sends no pictures: with sound alone it would go on for good."""
        self._finish(ConnectError(Reason.TIMEOUT))

    # -- In the thread

    def _run(self, stream: RtspStream) -> None:
        begun = time.monotonic()
        try:
            self._read(stream)
            error: CameraError = ConnectError(Reason.CUT)
        except CameraError as err:
            error = err
        except InvalidDataError:
            # Of a camera that hangs up at once, and of one that never answers.
            if self._begun:
                error = ConnectError(Reason.CUT)
            elif time.monotonic() - begun >= OPEN_TIMEOUT:
                error = ConnectError(Reason.TIMEOUT)
            else:
                error = UnlikeError(Reason.CUT)
        except Exception as err:  # noqa: BLE001 - FFmpeg's errors have many classes
            # Not chained: its text may have the URL in it, and that has the password.
            error = translated(err)
        self._call(self._finish, error)

    def _finish(self, error: CameraError) -> None:
        if not self._done.done():
            self._done.set_result(error)

    def _read(self, stream: RtspStream) -> None:
        with av.open(
            rtsp_url(stream),
            options=options(stream.transport),
            timeout=(OPEN_TIMEOUT, READ_TIMEOUT),
        ) as container:
            format_, sources = _streams(container)
            filters = {
                source.index: BitStreamFilterContext("dump_extra=freq=keyframe", source)
                for source in sources
                if isinstance(source, VideoStream)
            }
            for packet in container.demux(sources):
                if self._ended.is_set():
                    return
                bsf = filters.get(packet.stream_index)
                for whole in bsf.filter(packet) if bsf is not None else (packet,):
                    self._pass(format_, whole, video=bsf is not None)

    def _pass(self, format_: Format, packet: av.Packet[Any], *, video: bool) -> None:
        """Copy one packet and hand it over."""
        data = bytes(packet)
        if not data or packet.is_corrupt:
            return
        if not video and not data.startswith((b"\xff\xf1", b"\xff\xf9")):
            data = adts(format_.sound_rate or 0, format_.channels, len(data)) + data
        base = packet.time_base or Fraction(1, TICKS)
        came = _Came(
            kind=Kind.VIDEO if video else Kind.SOUND,
            data=data,
            pts=_ticks(packet.pts, base),
            dts=_ticks(packet.dts, base),
            key=video and packet.is_keyframe,
            at=time.monotonic(),
        )
        self._call(self._give, format_, came)

    def _give(self, format_: Format, came: _Came) -> None:
        """In the loop: place a packet in time; what came after the end goes nowhere.

        Nor does what comes before the first keyframe, which nothing can be made of.
        """
        self._begun = self._begun or came.key
        if self._ended.is_set() or not self._begun:
            return
        now = int((came.at - self._epoch) * TICKS)
        pts, dts = self._timeline.place(came.kind, came.pts, came.dts, now)
        if came.kind is Kind.SOUND and self._timeline.moved > _TOO_LATE:
            return
        packet = Packet(kind=came.kind, data=came.data, pts=pts, dts=dts, key=came.key)
        self._deliver(format_, packet, came.at)

    def _call[*Ts](self, function: Callable[[*Ts], None], *arguments: *Ts) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the loop is closed: nobody is left to tell
            self._ended.set()


def options(transport: Transport) -> dict[str, str]:
    """Return what FFmpeg has to be told."""
    # The frame rate is of no use here, and to find it out takes a second and more.
    found = {"fpsprobesize": "0"}
    if transport is Transport.AUTO:
        # Without multicast, which FFmpeg is not left alone with (`relay.py`).
        return found | {"rtsp_flags": "prefer_tcp", "rtsp_transport": "tcp+udp"}
    return found | {"rtsp_transport": transport.value}


def _streams(container: InputContainer) -> tuple[Format, list[VideoStream | AudioStream]]:
    """Return what comes, and the streams to read. ProtocolError when no player could show it."""
    video = next(iter(container.streams.video), None)
    if video is None or video.codec_context.name not in CODECS:
        raise ProtocolError(Reason.UNPLAYABLE)
    sound = next(_playable_sound(container), None)
    context = video.codec_context
    format_ = Format(
        video=context.name,
        width=context.width,
        height=context.height,
        sound_rate=sound.codec_context.sample_rate if sound is not None else None,
        channels=sound.codec_context.channels if sound is not None else 1,
        parameters=bytes(context.extradata or b""),
    )
    return format_, [video, sound] if sound is not None else [video]


def _playable_sound(container: InputContainer) -> Iterator[AudioStream]:
    """Yield the sound that players take as it is: AAC."""
    for stream in container.streams.audio:
        context = stream.codec_context
        if context.name == _SOUND and 1 <= context.channels <= _MAX_CHANNELS:
            try:
                adts(context.sample_rate, context.channels, 0)
            except ValueError:
                continue
            yield stream


def _ticks(value: int | None, base: AVRational | Fraction) -> int | None:
    return None if value is None else value * base.numerator * TICKS // base.denominator


_MEANINGS: Final = (
    (HTTPUnauthorizedError, AuthError, Reason.WRONG_CREDENTIALS),
    (HTTPForbiddenError, AuthError, Reason.WRONG_CREDENTIALS),
    (HTTPNotFoundError, RefusedError, Reason.UNSUPPORTED),
    (HTTPClientError, RefusedError, Reason.REFUSED),
    (HTTPServerError, BusyError, Reason.BUSY),
    (ExitError, ConnectError, Reason.TIMEOUT),
    (TimeoutError, ConnectError, Reason.TIMEOUT),
    (ConnectionRefusedError, ConnectError, Reason.UNREACHABLE),
    (EndError, ConnectError, Reason.CUT),
    (OSError, ConnectError, Reason.CUT),
)


def translated(err: Exception) -> CameraError:
    """Return what the caller does next about an error of FFmpeg."""
    if isinstance(err, OSError) and err.errno == EPROTONOSUPPORT:
        return NoWayError(Reason.UNSUPPORTED)
    for kind, error, reason in _MEANINGS:
        if isinstance(err, kind):
            return error(reason)
    return ProtocolError(Reason.UNEXPECTED_REPLY)
