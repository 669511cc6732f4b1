"""A hub's stream at a media server: what arrives there, and what happens when it does not."""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
import logging
import time
from typing import Any, cast, override
from urllib.parse import quote

import av
from av.container.output import OutputContainer
import pytest

from custom_components.panacam.cams.bridge import Format, Hub, Kind, Packet, PictureHub, publish
from custom_components.panacam.cams.bridge.hub import Waits
from custom_components.panacam.cams.bridge.packets import TICKS, adts
from custom_components.panacam.cams.bridge.publish import Publisher
from custom_components.panacam.cams.bridge.viewers import PacketViewer
from custom_components.panacam.cams.errors import ConnectError, Reason
from tests.cams.bridge.support import (
    H264,
    LONG,
    RATE,
    FakeSource,
    frames_of,
    frequency_of,
    heard,
    playing,
    read,
    stream_of,
    threads,
    until,
)
from tests.simulators.media_server import PASSWORD, USER, Fault, MediaServer, Unit
from tests.simulators.povcam import Auth

LOGIN = f"{USER}:{quote(PASSWORD, safe='')}@"
_SLICE = b"\x00\x00\x00\x01\x65"


class ScriptedHub(Hub):
    """A hub that has what a test pushes."""

    def __init__(self) -> None:
        """Begin with nobody looking."""
        super().__init__("main", ring=0, first_picture=LONG)
        self.past: tuple[Format, list[Packet]] | None = None
        """What a viewer is given at first."""
        self.failing: list[Exception] = []
        """What those who come next are told instead."""
        self.came = 0
        """How many have looked."""

    @property
    def newest(self) -> PacketViewer:
        """The only viewer."""
        (viewer,) = self._packet_viewers
        return viewer

    def push(self, format_: Format, *packets: Packet) -> None:
        """Give packets to all viewers."""
        for viewer in self._packet_viewers:
            viewer.offer(format_, packets)

    def send_away(self) -> None:
        """End the stream for all viewers."""
        self._send_away()

    @override
    async def still(self) -> bytes:
        raise NotImplementedError

    @override
    def _begin(self, viewer: PacketViewer, *, past: bool) -> None:
        assert not past
        self.came += 1
        if self.failing:
            raise self.failing.pop(0)
        if self.past is not None:
            viewer.past(*self.past)

    @override
    def _last_viewer_left(self) -> None:
        pass

    @override
    async def _run(self) -> None:
        while True:
            self._arrived(time.monotonic())
            await asyncio.sleep(0.05)

    @override
    def _forget(self) -> None:
        pass


def heavy(at: int, size: int = 250_000) -> Packet:
    """Return a keyframe of nothing, too large for a server that reads nothing."""
    ticks = at * TICKS // 10
    return Packet(kind=Kind.VIDEO, data=_SLICE + b"\x33" * size, pts=ticks, dts=ticks, key=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again soon."""
    monkeypatch.setattr(publish, "Waits", lambda: Waits(0.02, 0.05))


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[MediaServer]:
    """Run a media server that takes everything."""
    async with MediaServer() as server:
        yield server


@asynccontextmanager
async def publishing(hub: Hub, url: str) -> AsyncGenerator[Publisher]:
    """Publish while the context is open, and leave nothing behind."""
    publisher = Publisher(hub, url)
    publisher.start()
    try:
        yield publisher
    finally:
        await publisher.close()
        await hub.close()
        assert not publisher.connected
        assert not threads()


def packets_of(units: list[Unit], kind: Kind) -> list[Packet]:
    """Return what arrived as packets, sound with a header to decode it by."""
    return [
        Packet(
            kind=kind,
            data=unit.data if kind is Kind.VIDEO else adts(48_000, 1, len(unit.data)) + unit.data,
            pts=unit.timestamp,
            dts=unit.timestamp,
        )
        for unit in units
    ]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines of the log that are ours."""
    return [record.message for record in caplog.records if record.name == publish.__name__]


async def test_video_and_sound_arrive(server: MediaServer) -> None:
    """Every picture in its order, the tone as it was, and a description that players need."""
    source = FakeSource(sound_rate=RATE)
    hub = PictureHub(stream_of(source), ring=0)
    async with playing(source, sound=True), publishing(hub, server.url()) as publisher:
        await until(lambda: server.sessions and len(server.session.units("H264")) > 30)
        assert publisher.connected
        assert publisher.error is None
    session = server.session
    video, sound = session.media.values()
    frames = frames_of(packets_of(video.units, Kind.VIDEO))
    numbers = [read(frame).number for frame in frames if not read(frame).marked]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > 10
    assert video.parameters["packetization-mode"] == "1"
    sets = [base64.b64decode(each) for each in video.parameters["sprop-parameter-sets"].split(",")]
    assert [each[0] & 0x1F for each in sets] == [7, 8]
    assert sound.clock == 48_000
    assert sound.parameters["config"].startswith("1188")  # LC, 48 kHz, one channel
    tone = heard(packets_of(sound.units, Kind.SOUND))
    assert frequency_of(tone[-16_384:], 48_000) == pytest.approx(440, abs=40)
    assert session.torn_down
    assert server.requests[-1] == "TEARDOWN"


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.DIGEST])
async def test_login(socket_enabled: None, auth: Auth) -> None:
    """Credentials of the URL are given, percent-decoded, when they are asked for."""
    source = FakeSource()
    async with MediaServer(auth) as server, playing(source):
        async with publishing(
            PictureHub(stream_of(source), ring=0), server.url(LOGIN)
        ) as publisher:
            await until(lambda: publisher.connected)
        assert all(login.lower().startswith(auth.value) for login in server.logins)


async def test_wrong_password(socket_enabled: None, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once, without the password, whatever FFmpeg says beside."""
    caplog.set_level(logging.DEBUG)
    av.logging.set_level(av.logging.TRACE)
    source = FakeSource()
    url_login = f"{USER}:sEcr3t%2Fx@"
    try:
        async with MediaServer(Auth.DIGEST) as server, playing(source):
            hub = PictureHub(stream_of(source), ring=0)
            async with publishing(hub, server.url(url_login)) as publisher:
                await until(lambda: server.requests.count("ANNOUNCE") >= 4)
                assert publisher.error is not None
                assert publisher.error.reason is Reason.WRONG_CREDENTIALS
                assert publisher.error.__context__ is None
                assert not publisher.connected
            assert told(caplog) == [
                f"Publishing main to 127.0.0.1:{server.port}: wrong credentials"
            ]
    finally:
        av.logging.set_level(None)
    assert "sEcr3t" not in caplog.text


async def test_again_after_a_hang_up(server: MediaServer, caplog: pytest.LogCaptureFixture) -> None:
    """One line when the stream is lost, one when it is back, and a keyframe first each time."""
    caplog.set_level(logging.INFO)
    source = FakeSource()
    server.fault = Fault.HANG_UP
    async with (
        playing(source),
        publishing(PictureHub(stream_of(source), ring=0), server.url()) as publisher,
    ):
        await until(lambda: len(server.sessions) > 1)
        server.fault = None
        await server.hang_up()
        await until(lambda: server.session.units("H264") and publisher.connected)
        await until(lambda: len(told(caplog)) % 2 == 0)
    lines = told(caplog)
    assert lines[0].endswith(": cut")
    assert lines[-1].endswith(" goes on")
    for session in server.sessions:
        if units := session.units("H264"):
            assert frames_of(packets_of(units[:1], Kind.VIDEO))[0].key_frame


async def test_nobody_listens(socket_enabled: None) -> None:
    """The camera is left alone until there is somebody to publish to."""
    async with MediaServer() as gone:
        port, url = gone.port, gone.url()
    source = FakeSource()
    async with (
        playing(source),
        publishing(PictureHub(stream_of(source), ring=0), url) as publisher,
    ):
        await until(lambda: publisher.error is not None)
        assert publisher.error is not None
        assert publisher.error.reason is Reason.UNREACHABLE
        assert source.opened == 0
        async with MediaServer(port=port):
            await until(lambda: publisher.connected)
            assert publisher.error is None


@pytest.mark.parametrize(
    ("raised", "reason"),
    [(TimeoutError(), Reason.TIMEOUT), (publish.socket.gaierror(), Reason.UNKNOWN_HOST)],
)
async def test_nobody_found(
    monkeypatch: pytest.MonkeyPatch, raised: OSError, reason: Reason
) -> None:
    """A name that is none and a machine that is off are told apart."""

    async def fail(*_address: Any) -> None:
        raise raised

    monkeypatch.setattr(publish.asyncio, "open_connection", fail)
    async with publishing(ScriptedHub(), "rtsp://mediaserver.example/live") as publisher:
        await until(lambda: publisher.error is not None)
        assert publisher.error is not None
        assert publisher.error.reason is reason


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.FORBID, Reason.WRONG_CREDENTIALS),
        (Fault.REFUSE, Reason.REFUSED),
        (Fault.SILENT, Reason.TIMEOUT),
    ],
)
async def test_faults(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch, fault: Fault, reason: Reason
) -> None:
    """Each has its reason, and is over when the server has got over it."""
    monkeypatch.setattr(publish, "CONNECT_TIMEOUT", 0.3)
    server.fault = fault
    source = FakeSource()
    async with (
        playing(source),
        publishing(PictureHub(stream_of(source), ring=0), server.url()) as publisher,
    ):
        await until(lambda: publisher.error is not None)
        assert publisher.error is not None
        assert publisher.error.reason is reason
        monkeypatch.setattr(publish, "CONNECT_TIMEOUT", LONG)
        server.fault = None
        await until(lambda: publisher.connected)


async def test_stall(server: MediaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that reads nothing is given up, and what waits for it stays bounded."""
    monkeypatch.setattr(publish, "TIMEOUT", 0.4)
    server.fault = Fault.STALL
    hub = ScriptedHub()
    async with publishing(hub, server.url()) as publisher:
        await until(lambda: hub.came)
        pushed = 0
        while publisher.error is None:
            pushed += 1
            hub.push(H264, heavy(pushed))
            if hub.viewers:
                assert sum(len(packet.data) for packet in hub.newest._waiting) < 9_000_000
            await asyncio.sleep(0.005)
        assert publisher.error.reason is Reason.TIMEOUT


async def test_close_while_stalled(server: MediaServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing ends a write that would wait for ever."""
    monkeypatch.setattr(publish, "TIMEOUT", 0.5)
    server.fault = Fault.STALL
    hub = ScriptedHub()
    hub.past = (H264, [heavy(at) for at in range(40)])
    async with asyncio.timeout(LONG), publishing(hub, server.url()):
        await until(lambda: "RECORD" in server.requests)


async def test_another_format(server: MediaServer) -> None:
    """It comes over another connection, described anew."""
    hub = ScriptedHub()
    hub.past = (H264, [heavy(1, 100)])
    async with publishing(hub, server.url()) as publisher:
        await until(lambda: publisher.connected)
        hub.past = (Format(video="h264", width=128, height=96), [heavy(2, 100)])
        hub.push(hub.past[0], *hub.past[1])
        await until(lambda: len(server.sessions) > 1 and publisher.connected)
        assert publisher.error is None
        assert server.sessions[0].torn_down


async def test_sound_of_many_channels_stays_away(server: MediaServer) -> None:
    """What has no AudioSpecificConfig of ours is left out; the video is not."""
    hub = ScriptedHub()
    format_ = Format(video="h264", width=64, height=48, sound_rate=48_000, channels=7)
    hub.past = (
        format_,
        [
            heavy(30, 100),
            Packet(kind=Kind.SOUND, data=bytes(20), pts=90_000, dts=90_000),
            heavy(0, 99),  # from before the beginning, by more than there is room for
        ],
    )
    async with publishing(hub, server.url()):
        await until(lambda: server.sessions and server.session.units("H264"))
        assert list(server.session.media) == ["streamid=0"]
    (unit,) = server.session.units("H264")
    assert len(unit.data) == len(_SLICE) + 100


async def test_a_camera_that_sends_nothing(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reason is kept, and so is the wish to publish; nothing can end that but closing."""
    monkeypatch.setattr(publish, "STEADY", 0.0)
    hub = ScriptedHub()
    hub.failing = [ConnectError(Reason.NO_PICTURE), RuntimeError("a bug")]
    hub.past = (H264, [heavy(1, 100)])
    async with publishing(hub, server.url()) as publisher:
        await until(lambda: publisher.error is not None)
        assert publisher.error is not None
        assert publisher.error.reason is Reason.NO_PICTURE
        await until(lambda: publisher.connected)
        hub.send_away()
        await until(lambda: hub.came > 3)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (av.error.ExitError(1, "rtsp://u:p@h"), Reason.TIMEOUT),
        (ConnectionRefusedError(), Reason.UNREACHABLE),
        (BrokenPipeError(), Reason.CUT),
        (ValueError(), Reason.REFUSED),
    ],
)
def test_errors_of_a_farewell_and_others(
    error: Exception, reason: Reason, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever FFmpeg raises has a reason, and none keeps the thread from ending."""
    caplog.set_level(logging.DEBUG)

    class Broken:
        def close(self) -> None:
            raise error

    output = publish._Output("rtsp://u:p@h/x")
    output._container = cast("OutputContainer", Broken())
    output.close()
    assert told(caplog) == [f"No farewell: {type(error).__name__}"]
    assert publish._translated(error).reason is reason


@pytest.mark.parametrize(
    "url",
    ["http://user:sEcr3t@h/x", "rtsp:///x", "rtsp://user:sEcr3t@h:99999/x", "rtsp://u:sEcr3t@[h/x"],
)
async def test_no_url(url: str) -> None:
    """It is refused at once, without being repeated."""
    with pytest.raises(ValueError, match=r"^not an RTSP URL$"):
        Publisher(ScriptedHub(), url)


def test_ports() -> None:
    """Each scheme has its own."""
    assert publish.address_of("rtsp://example/x") == ("example", 554)
    assert publish.address_of("rtsps://u:p@[fd00::1]/x") == ("fd00::1", 322)


async def test_close_without_start_and_start_twice(server: MediaServer) -> None:
    """Either is harmless."""
    hub = ScriptedHub()
    publisher = Publisher(hub, server.url())
    await publisher.close()
    publisher.start()
    publisher.start()
    await until(lambda: hub.came)
    assert hub.viewers == 1
    await publisher.close()
    await hub.close()
