"""What FFmpeg reads from a camera, and what its errors mean."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from errno import EPROTONOSUPPORT
from fractions import Fraction
from pathlib import Path
import time
from types import SimpleNamespace
from typing import Any

import av
from av import error as av_error
import numpy as np
import pytest

from custom_components.panacam.cams.bridge import reader as module, relay
from custom_components.panacam.cams.bridge.encoder import Encoder
from custom_components.panacam.cams.bridge.packets import TICKS, Format, Kind, Packet
from custom_components.panacam.cams.bridge.reader import RtspReader
from custom_components.panacam.cams.bridge.relay import Ways
from custom_components.panacam.cams.bridge.timeline import Timeline
from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.stream import Credentials, Picture, RtspStream, Sound, Transport
from tests.cams.bridge.support import (
    H264,
    frames_of,
    heard,
    jpeg,
    muxed,
    read,
    threads,
    tone,
    until,
)

STREAM = RtspStream(
    key="1", label="", host="127.0.0.1", port=9, path="/s", credentials=Credentials("u", "Gei8")
)


def transport_stream(*, sound: bool) -> tuple[bytes, list[Packet]]:
    """Return a file with numbered pictures, and the packets in it."""
    encoder = Encoder(epoch=40.0, rate=15, sound_rate=8000 if sound else None)
    packets: list[Packet] = []
    for at in range(45):
        packets += encoder.encode(Picture(jpeg(at), 100 + at / 15))
        if sound:
            packets += encoder.encode(Sound(tone(at / 15, 1 / 15), 100 + (at + 1) / 15))
    return muxed(replace(H264, sound_rate=48_000 if sound else None), packets), packets


def file_of(path: Path, video: str | None, sound: str | None, layout: str = "mono") -> Path:
    """Write a file of ten pictures and a little sound in these codecs."""
    with av.open(str(path), "w", format="nut") as container:
        # All streams have to be there before the first packet.
        pictures = container.add_stream(video, rate=15) if video is not None else None
        samples = container.add_stream(sound, rate=48_000, layout=layout) if sound else None
        if isinstance(pictures, av.VideoStream):
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
            for at in range(10):
                frame = av.VideoFrame(64, 48, "yuv420p")
                frame.pts, frame.time_base = at, Fraction(1, 15)
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode(None))
        if isinstance(samples, av.AudioStream):
            for at in range(10):
                kinds = {"fltp": np.float32, "s16": np.int16}
                kind = kinds.get(samples.format.name, np.int32)
                silence = np.zeros((samples.channels, 1024), kind)
                piece = av.AudioFrame.from_ndarray(silence, samples.format.name, layout)
                piece.rate, piece.pts, piece.time_base = 48_000, at * 1024, Fraction(1, 48_000)
                container.mux(samples.encode(piece))
            container.mux(samples.encode(None))
    return path


class Read:
    """What one reader delivered."""

    def __init__(self, stream: RtspStream = STREAM) -> None:
        """Make a reader."""
        self.packets: list[Packet] = []
        self.format: Format | None = None
        self.reader = RtspReader(
            stream,
            timeline=Timeline(),
            epoch=time.monotonic() - 60,
            deliver=self._take,
            ways=Ways(),
        )

    def _take(self, format_: Format, packet: Packet, at: float) -> None:
        assert at <= time.monotonic()
        self.format = format_
        self.packets.append(packet)

    async def error(self) -> CameraError:
        """Read to the end, and return why it ended."""
        try:
            async with asyncio.timeout(20):
                await self.reader.run()
        except CameraError as err:
            return err
        raise AssertionError


@pytest.fixture
def at_path(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Let a file stand for the camera."""

    def set_path(path: Path) -> None:
        monkeypatch.setattr(module, "rtsp_url", lambda _stream: str(path))

    return set_path


@pytest.mark.parametrize("sound", [True, False])
async def test_packets_are_copied(
    tmp_path: Path, at_path: Callable[[Path], None], sound: bool
) -> None:
    """Pictures and sound come out as they went in, the parameter sets at each keyframe."""
    data, packets = transport_stream(sound=sound)
    path = tmp_path / "camera.ts"
    path.write_bytes(data)
    at_path(path)
    got = Read()
    err = await got.error()
    assert (type(err), err.reason) == (ConnectError, Reason.CUT)
    assert got.format is not None
    assert (got.format.video, got.format.width, got.format.height) == ("h264", 64, 48)
    assert got.format.sound_rate == (48_000 if sound else None)
    assert got.format.channels == 1
    assert got.format.parameters
    assert [read(frame).number for frame in frames_of(got.packets)] == list(range(45))
    wanted = {each.data for each in packets if each.kind is Kind.SOUND}
    found = {each.data for each in got.packets if each.kind is Kind.SOUND}
    # What comes before the first keyframe is left out.
    assert found <= wanted
    assert len(found) >= len(wanted) - 5
    assert got.packets[0].key
    assert [each.key for each in got.packets if each.kind is Kind.VIDEO].count(True) == 2
    for kind in Kind:
        stamps = [each.dts for each in got.packets if each.kind is kind]
        assert stamps == sorted(set(stamps))
    assert threads() == []


async def test_sound_gets_its_headers(tmp_path: Path, at_path: Callable[[Path], None]) -> None:
    """AAC without headers, as RTP has it, becomes a stream that players take."""
    at_path(file_of(tmp_path / "camera.nut", "libx264", "aac", "stereo"))
    got = Read()
    await got.error()
    assert got.format is not None
    assert got.format.channels == 2
    sound = [each for each in got.packets if each.kind is Kind.SOUND]
    assert {each.data[:2] for each in sound} == {b"\xff\xf1"}
    assert len(heard(sound)) >= 9 * 1024
    assert len(frames_of(got.packets)) == 10


@pytest.mark.parametrize("sound", ["mp3", "pcm_s16le"])
async def test_sound_that_players_do_not_take(
    tmp_path: Path, at_path: Callable[[Path], None], sound: str
) -> None:
    """It is left out, the pictures come all the same."""
    at_path(file_of(tmp_path / "camera.nut", "libx264", sound))
    got = Read()
    await got.error()
    assert got.format is not None
    assert got.format.sound_rate is None
    assert {each.kind for each in got.packets} == {Kind.VIDEO}


@pytest.mark.parametrize(
    ("rate", "channels", "taken"), [(48_000, 2, 1), (12_345, 1, 0), (48_000, 8, 0), (48_000, 0, 0)]
)
def test_aac_without_a_number(rate: int, channels: int, taken: int) -> None:
    """A rate or channels that ADTS cannot name cannot be passed on."""
    context = SimpleNamespace(name="aac", channels=channels, sample_rate=rate)
    sound = SimpleNamespace(codec_context=context)
    container: Any = SimpleNamespace(streams=SimpleNamespace(audio=[sound]))
    assert len(list(module._playable_sound(container))) == taken


@pytest.mark.parametrize(("video", "sound"), [("mpeg4", None), ("mjpeg", "aac"), (None, "aac")])
async def test_nothing_that_players_show(
    tmp_path: Path, at_path: Callable[[Path], None], video: str | None, sound: str | None
) -> None:
    """Without H.264 or HEVC the camera is told apart from one that is away."""
    at_path(file_of(tmp_path / "camera.nut", "libx264" if video == "mjpeg" else video, sound))
    if video == "mjpeg":
        at_path(file_of(tmp_path / "other.nut", "mpeg2video", sound))
    got = Read()
    err = await got.error()
    assert (type(err), err.reason) == (ProtocolError, Reason.UNPLAYABLE)
    assert got.packets == []


async def test_no_file(tmp_path: Path, at_path: Callable[[Path], None]) -> None:
    """Whatever goes wrong, its text has neither address nor password."""
    at_path(tmp_path / "Gei8")
    err = await Read().error()
    assert isinstance(err, ConnectError)
    assert "Gei8" not in f"{err!r} {err}"
    assert err.__cause__ is None
    assert err.__context__ is None


async def test_nobody_listens(socket_enabled: None) -> None:
    """A port that is closed is somebody who is away."""
    err = await Read().error()
    assert (type(err), err.reason) == (ConnectError, Reason.UNREACHABLE)


async def test_cancelled(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> None:
    """One who stops waits for the thread, which a camera that says nothing holds for a while."""
    monkeypatch.setattr(module, "OPEN_TIMEOUT", 0.2)
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    got = Read(replace(STREAM, port=port))
    task = asyncio.ensure_future(got.reader.run())
    await until(lambda: writers)
    assert threads() == ["panacam RTSP"]
    task.cancel()
    async with asyncio.timeout(10):
        await asyncio.wait((task,))
    assert task.cancelled()
    assert threads() == []
    err = await Read(replace(STREAM, port=port)).error()
    assert (type(err), err.reason) == (ConnectError, Reason.TIMEOUT)
    for writer in writers:
        writer.transport.abort()
    server.close()


def test_what_ffmpeg_is_told() -> None:
    """TCP is preferred, never forced, unless its owner says which way; a group is not for it."""
    assert module.options(Transport.AUTO)["rtsp_flags"] == "prefer_tcp"
    assert module.options(Transport.AUTO)["rtsp_transport"] == "tcp+udp"
    for transport in (Transport.TCP, Transport.UDP, Transport.HTTP):
        assert module.options(transport)["rtsp_transport"] == transport.value


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (av_error.HTTPUnauthorizedError(1, ""), AuthError, Reason.WRONG_CREDENTIALS),
        (av_error.HTTPForbiddenError(1, ""), AuthError, Reason.WRONG_CREDENTIALS),
        (av_error.HTTPNotFoundError(1, ""), RefusedError, Reason.UNSUPPORTED),
        (av_error.ExitError(1, ""), ConnectError, Reason.TIMEOUT),
        (av_error.TimeoutError(110, ""), ConnectError, Reason.TIMEOUT),
        (av_error.ConnectionRefusedError(111, ""), ConnectError, Reason.UNREACHABLE),
        (av_error.ConnectionResetError(104, ""), ConnectError, Reason.CUT),
        (av_error.OSError(5, ""), ConnectError, Reason.CUT),
        (av_error.EOFError(541478725, ""), ConnectError, Reason.CUT),
        (av_error.HTTPBadRequestError(1, ""), RefusedError, Reason.REFUSED),
        (av_error.HTTPServerError(1, ""), BusyError, Reason.BUSY),
        (OSError(EPROTONOSUPPORT, ""), relay.NoWayError, Reason.UNSUPPORTED),
        (av_error.PatchWelcomeError(1, ""), ProtocolError, Reason.UNEXPECTED_REPLY),
        (RuntimeError(""), ProtocolError, Reason.UNEXPECTED_REPLY),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors(error: Exception, kind: type[CameraError], reason: Reason) -> None:
    """Each error of FFmpeg says what to do next."""
    err = module.translated(error)
    assert (type(err), err.reason) == (kind, reason)


async def test_given_up(tmp_path: Path, at_path: Callable[[Path], None]) -> None:
    """What comes after it was given up goes nowhere."""
    data, _ = transport_stream(sound=False)
    path = tmp_path / "camera.ts"
    path.write_bytes(data)
    at_path(path)
    got = Read()
    got.reader.give_up()
    err = await got.error()
    assert (type(err), err.reason) == (ConnectError, Reason.TIMEOUT)
    assert got.packets == []


def test_the_loop_ends_first(tmp_path: Path, at_path: Callable[[Path], None]) -> None:
    """A thread that outlives its loop ends quietly."""
    data, _ = transport_stream(sound=False)
    (tmp_path / "camera.ts").write_bytes(data)
    at_path(tmp_path / "camera.ts")

    async def make() -> Read:
        return Read()

    got = asyncio.run(make())
    got.reader._run(STREAM)
    assert got.reader._ended.is_set()
    assert got.packets == []


def test_ticks() -> None:
    """Time stamps of any base become ours, those that are missing stay so."""
    assert module._ticks(None, Fraction(1, 1000)) is None
    assert module._ticks(500, Fraction(1, 1000)) == TICKS // 2
