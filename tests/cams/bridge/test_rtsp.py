"""The hub of an RTSP stream: the camera's own packets for everybody, over one connection."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import io
from itertools import pairwise
import logging
import time
from typing import Any

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
import pytest

from custom_components.panacam.cams.bridge import reader as reader_module, rtsp as module
from custom_components.panacam.cams.bridge.hub import Status
from custom_components.panacam.cams.bridge.packets import TICKS, Kind, Packet
from custom_components.panacam.cams.bridge.rtsp import RtspHub
from custom_components.panacam.cams.bridge.standin import StandIn
from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.stream import Credentials, RtspStream
from tests.cams.bridge.support import LONG, alone, frames_of, muxed, until
from tests.cams.bridge.watching import Gathering, ended
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator, RtspFault, media

PATH = "/mediainput/h264/stream_1"
SIZE = (320, 180)


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncGenerator[PovcamSimulator]:
    """Run a camera that wants a login."""
    async with PovcamSimulator(
        model=AG_UMR20, auth=Auth.DIGEST, user_auth=True, fps=30, size=SIZE
    ) as simulator:
        yield simulator


def stream_of(camera: PovcamSimulator, *, password: str = "12345", path: str = PATH) -> RtspStream:
    """Return its first stream."""
    return RtspStream(
        key="h264_1",
        label="H.264(1)",
        host="127.0.0.1",
        port=camera.rtsp_port,
        path=path,
        credentials=Credentials("admin", password),
    )


@asynccontextmanager
async def running(stream: RtspStream, *, ring: float = 7.0) -> AsyncGenerator[RtspHub]:
    """Run the hub of a stream, and close it."""
    hub = RtspHub(stream, ring=ring)
    try:
        yield hub
    finally:
        async with asyncio.timeout(LONG):
            await hub.close()


def seconds(hub: RtspHub) -> float:
    """Return the seconds of the past that a hub holds."""
    held = hub._packets.packets()
    return (held[-1].dts - held[0].dts) / TICKS if held else 0.0


def assert_grows(packets: list[Packet]) -> None:
    """Fail where a dts does not grow, or a pts is before its dts."""
    for kind in Kind:
        own = [each for each in packets if each.kind is kind]
        assert all(one.dts < other.dts for one, other in pairwise(own))
        assert all(each.pts >= each.dts for each in own)


def played(got: Gathering) -> list[VideoFrame]:
    """Play what a viewer got, by way of MPEG-TS, with a decoder that takes no fault."""
    assert got.format is not None
    frames: list[VideoFrame] = []
    with av.open(io.BytesIO(muxed(got.format, got.packets)), format="mpegts") as container:
        assert isinstance(container, InputContainer)
        container.streams.video[0].codec_context.options = {"err_detect": "explode"}
        for packet in container.demux(video=0):
            frames += [frame for frame in packet.decode() if isinstance(frame, VideoFrame)]
    return frames


class Stand:
    """Knows which packets stand in for the camera."""

    def __init__(self) -> None:
        """Begin with none."""
        self.made: set[bytes] = set()

    def now(self, got: Gathering) -> bool:
        """Return whether a viewer sees the stand-in now."""
        packets = video_of(got.packets)
        return bool(packets) and packets[-1].data in self.made

    def kinds(self, got: Gathering) -> list[bool]:
        """Return which pictures of a viewer stand in for the camera."""
        return [each.data in self.made for each in video_of(got.packets)]


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Watch what stands in for the camera."""
    watched, encode = Stand(), StandIn.encode

    def watch(self: StandIn, ticks: int, **how: bool) -> list[Packet]:
        packets = encode(self, ticks, **how)
        watched.made.update(each.data for each in packets)
        return packets

    monkeypatch.setattr(StandIn, "encode", watch)
    return watched


def video_of(packets: list[Packet]) -> list[Packet]:
    """Return the pictures."""
    return [each for each in packets if each.kind is Kind.VIDEO]


def nals(data: bytes) -> list[bytes]:
    """Return the slices in a packet."""
    parts = data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    return [part.rstrip(b"\0") for part in parts if part[0] & 0x1F in {1, 5}]


async def test_packets_are_copied(camera: PovcamSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the camera's encoder made is what viewers get, pictures and sound, bit for bit."""
    made: dict[str, set[bytes]] = {"video": set(), "sound": set()}
    video, sound = media.video_payloads, media.audio_payload

    def watch_video(unit: bytes) -> tuple[bytes, ...]:
        made["video"].update(nals(unit))
        return video(unit)

    def watch_sound(frame: bytes) -> bytes:
        made["sound"].add(frame)
        return sound(frame)

    monkeypatch.setattr(media, "video_payloads", watch_video)
    monkeypatch.setattr(media, "audio_payload", watch_sound)
    async with running(stream_of(camera)) as hub:
        async with hub.packets() as viewer, Gathering(viewer) as got:
            await until(lambda: got.span > 0.6)
        assert got.format is not None
        assert (got.format.video, got.format.width, got.format.height) == ("h264", *SIZE)
        assert (got.format.sound_rate, got.format.channels) == (48_000, 2)
        pictures = [each for each in got.packets if each.kind is Kind.VIDEO]
        heard = [each for each in got.packets if each.kind is Kind.SOUND]
        assert pictures[0].key
        assert all(set(nals(each.data)) <= made["video"] for each in pictures)
        assert len(heard) > 10
        assert all(each.data[7:] in made["sound"] for each in heard)
        assert_grows(got.packets)
        assert len(frames_of(pictures)) == len(pictures)
        assert hub.frame_rate > 10
    await alone()


async def test_the_past_and_two_viewers(camera: PovcamSimulator) -> None:
    """Who comes gets the past at once, all get the same packets, and the camera has one session."""
    async with running(stream_of(camera)) as hub:
        release = hub.keep()
        await until(lambda: seconds(hub) > 1.1)
        assert len(camera.rtsp.connections) == 1
        async with hub.packets() as one, hub.packets() as other, hub.packets(past=False) as third:
            _, past = await one.take()
            assert past[0].key
            assert past[-1].dts - past[0].dts > TICKS
            assert frames_of(past)
            assert (await other.take())[1][: len(past)] == past
            _, newest = await third.take()
            assert newest[0].key
            assert newest[-1].dts - newest[0].dts < 1.1 * TICKS
            async with Gathering(one) as first, Gathering(other) as second:
                await until(lambda: len(second.packets) > 5 and len(first.packets) > 5)
            assert first.packets[3] is second.packets[3] or first.packets[3] in second.packets
            assert len(camera.rtsp.connections) == 1
            assert hub.viewers == 3
        release()
    await until(lambda: not camera.rtsp.connections)
    await alone()


async def test_still(camera: PovcamSimulator) -> None:
    """The newest picture as a JPEG, at once from a hub that is live."""
    async with running(stream_of(camera), ring=0) as hub:
        for _ in range(2):
            data = await hub.still()
            decoder = av.CodecContext.create("mjpeg", "r")
            assert isinstance(decoder, av.VideoCodecContext)
            (frame,) = decoder.decode(av.Packet(data))
            assert (frame.width, frame.height) == SIZE
        assert len(camera.rtsp.connections) == 1


@pytest.mark.parametrize("ring", [0.0, 7.0])
async def test_who_is_connected_when(brief: None, camera: PovcamSimulator, ring: float) -> None:
    """Without a past only while somebody looks, with one as long as it is kept."""
    async with running(stream_of(camera), ring=ring) as hub:
        release = hub.keep()
        if ring:
            await until(lambda: hub.live)
            release()
        else:
            assert hub.status is Status.IDLE
            async with hub.packets():
                assert len(camera.rtsp.connections) == 1
        await until(lambda: hub.status is Status.IDLE)
        await until(lambda: not camera.rtsp.connections)
        assert hub._packets.packets() == []
        release()
    await alone()


async def test_away_and_back(patient: None, camera: PovcamSimulator, stand: Stand) -> None:
    """A camera that reboots: its last picture, then marked, then itself, in one clean stream."""
    async with running(stream_of(camera)) as hub:
        async with hub.packets() as viewer, Gathering(viewer) as got:
            await until(lambda: got.span > 0.5)
            await camera.stop()
            await until(lambda: hub.status is Status.INTERRUPTED)
            await until(lambda: sum(stand.kinds(got)) > 15)
            await camera.start()
            await until(lambda: stand.kinds(got)[-8:] == [False] * 8)
            assert not got.ended
        await until(lambda: hub.status is Status.LIVE)
        frames, kinds = played(got), stand.kinds(got)
        assert len(frames) == len(kinds)
        assert [b for a, b in pairwise(kinds) if a != b] == [True, False]
        shown = [frame for frame, ours in zip(frames, kinds, strict=True) if ours]
        assert _brightest(shown[0]) > 200
        assert _brightest(shown[-1]) < 140
        assert _brightest(frames[-1]) > 200
        assert_grows(got.packets)
        pictures = video_of(got.packets)
        assert max(b.dts - a.dts for a, b in pairwise(pictures)) < 2 * TICKS
        first = next(at for at, ours in enumerate(kinds) if ours)
        assert pictures[first].key
        assert pictures[first + sum(kinds)].key
    await alone()


def _brightest(frame: VideoFrame) -> int:
    """Return the light of the brightest spot in the upper third."""
    return int(frame.to_ndarray()[: frame.height // 3].max())


@pytest.mark.parametrize("again", [False, True])
async def test_stall(
    patient: None,
    camera: PovcamSimulator,
    stand: Stand,
    monkeypatch: pytest.MonkeyPatch,
    again: bool,
) -> None:
    """A camera that stops sending, with the same connection or another one afterwards."""
    monkeypatch.setattr(module, "STALE", 10.0)
    monkeypatch.setattr(reader_module, "READ_TIMEOUT", 0.3 if again else 8.0)
    async with running(stream_of(camera)) as hub, hub.packets() as viewer, Gathering(viewer) as got:
        await until(lambda: got.span > 0.3)
        camera.rtsp_fault(RtspFault.STALL)
        await until(lambda: stand.now(got))
        if again:
            await until(lambda: hub.status is Status.INTERRUPTED)
        camera.clear_faults()
        await until(lambda: not stand.now(got))
        assert_grows(got.packets)
        assert len(played(got)) == len(stand.kinds(got))


async def test_sound_alone(patient: None, camera: PovcamSimulator, stand: Stand) -> None:
    """A camera that sends sound and no pictures is connected again, and its memory bounded."""
    async with running(stream_of(camera)) as hub, hub.packets() as viewer, Gathering(viewer) as got:
        await until(lambda: got.span > 0.3)
        (connection,) = camera.rtsp.connections
        assert connection.session is not None
        tracks: Any = connection.session.sender.tracks
        tracks[media.Track.VIDEO].send = lambda *_: None
        await until(lambda: hub.status is Status.INTERRUPTED)
        await until(lambda: hub.status is Status.LIVE)
        assert camera.rtsp.connections[0] is not connection
        await until(lambda: not stand.now(got))


async def test_close_while_it_stalls(
    camera: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends when the read does, whatever the camera does not say."""
    monkeypatch.setattr(reader_module, "READ_TIMEOUT", 1.0)
    async with running(stream_of(camera)) as hub, hub.packets() as viewer:
        await viewer.take()
        camera.rtsp_fault(RtspFault.STALL)
        begun = time.monotonic()
        await hub.close()
        assert time.monotonic() - begun < 6
        await ended(viewer)
    await alone()


ERRORS = [
    ("Gei8-heim", PATH, None, AuthError, Reason.WRONG_CREDENTIALS),
    ("12345", "/nothing", None, RefusedError, Reason.UNSUPPORTED),
    ("12345", PATH, RtspFault.REFUSE, ConnectError, Reason.CUT),
]


@pytest.mark.parametrize(("password", "path", "fault", "kind", "reason"), ERRORS)
async def test_errors(
    camera: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    password: str,
    path: str,
    fault: RtspFault | None,
    kind: type[CameraError],
    reason: Reason,
) -> None:
    """Who looks is told what to do, and nobody is told the password."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(module, "FIRST_PICTURE", 0.1)
    if fault is not None:
        camera.rtsp_fault(fault)
    async with running(stream_of(camera, password=password, path=path)) as hub:
        hub.keep()
        await until(lambda: hub.error is not None)
        with pytest.raises(CameraError) as caught:
            await hub.still()
        assert (type(caught.value), caught.value.reason) == (kind, reason)
        with pytest.raises(kind):
            async with hub.packets():
                pass
        assert hub.status is Status.CONNECTING
    assert password not in f"{caught.value!r}"
    assert "Gei8" not in caplog.text
    assert f":{password}@" not in caplog.text
    await alone()


async def test_no_codec_that_players_show(
    camera: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream in another codec is told apart from a camera that is away."""
    monkeypatch.setattr(module, "FIRST_PICTURE", 0.1)
    monkeypatch.setattr(reader_module, "CODECS", ("vp9",))
    async with running(stream_of(camera)) as hub:
        hub.keep()
        await until(lambda: hub.error is not None)
        with pytest.raises(ProtocolError) as caught:
            await hub.still()
        assert caught.value.reason is Reason.UNPLAYABLE
