"""One login at cameras that do what no simulator does: scripted, frame by frame."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from custom_components.panacam.cams.errors import BusyError, CameraError, ConnectError, Reason
from custom_components.panacam.cams.mo import client, features, link as link_module
from custom_components.panacam.cams.mo.client import MoConnection
from custom_components.panacam.cams.mo.data import TalkData
from custom_components.panacam.cams.mo.link import MoLink, _jittered
from custom_components.panacam.cams.mo.operation import VideoEnd
from custom_components.panacam.cams.mo.session import (
    AudioPacket,
    DataEvent,
    Feature,
    Tally,
    VideoFrame,
)
from tests.cams.mo.support import LOGIN, device_of, gone, peer, until
from tests.simulators.mo import Dialect, MoFault, MoSimulator
from tests.simulators.mo.vectors import load, samples
from tests.simulators.mo.wire import read_frame

pytestmark = pytest.mark.usefixtures("socket_enabled", "brief")

IN = {0: [load("operation/login_resp")], 2: [load("operation/verify_resp")]}
VIDEO_ID = load("operation/video_start_resp")
VIDEO_NO_ID = load("operation/video_start_resp_no_id")
AUDIO_ID = load("operation/audio_start_resp")
AUDIO_NO_ID = load("operation/audio_start_resp_no_id")
PICTURE = load("data/video_data")
SOUND = load("data/audio_data")


@dataclass
class Camera:
    """A camera that answers each command with what is next in its script, the last for ever."""

    script: dict[int, list[bytes]]
    data: Callable[[asyncio.StreamWriter], None] = lambda _writer: None
    """What happens on a data connection that has logged in."""
    port: int = 0
    heard: list[int] = field(default_factory=list)
    ids: list[bytes] = field(default_factory=list)
    data_writers: list[asyncio.StreamWriter] = field(default_factory=list)
    data_heard: list[int] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection of either kind."""
        magic = await reader.readexactly(4)
        begun = magic
        if magic == b"MO_V":
            self.ids.append((await read_frame(reader, magic, begun)).text)
            self.data_writers.append(writer)
            self.data(writer)
            while True:
                self.data_heard.append((await read_frame(reader, magic)).code)
        self.writers.append(writer)
        while True:
            frame = await read_frame(reader, magic, begun)
            begun = b""
            self.heard.append(frame.code)
            if answers := self.script.get(frame.code):
                writer.write(answers.pop(0) if len(answers) > 1 else answers[0])


@asynccontextmanager
async def camera(script: dict[int, list[bytes]], **more: object) -> AsyncIterator[Camera]:
    """Run a camera that lets us in."""
    found = Camera(IN | script, **more)  # type: ignore[arg-type]
    async with peer(found.answer) as port:
        found.port = port
        yield found


class Viewer:
    """Takes what comes."""

    def __init__(self) -> None:
        """See nothing yet."""
        self.events: list[DataEvent] = []
        self.errors: list[CameraError] = []

    def take(self, event: DataEvent) -> None:
        """Keep it."""
        self.events.append(event)

    def lost(self, error: CameraError) -> None:
        """Keep the reason."""
        self.errors.append(error)


@asynccontextmanager
async def login(found: Camera) -> AsyncIterator[MoConnection]:
    """Log in at it."""
    connection = MoConnection("127.0.0.1", found.port, LOGIN)
    await connection.open()
    try:
        yield connection
    finally:
        await connection.close()


async def test_second_id() -> None:
    """A camera that names another connection for sound gets another connection."""
    async with (
        camera({4: [VIDEO_ID], 8: [AUDIO_ID]}, data=lambda writer: writer.write(PICTURE)) as found,
        login(found) as connection,
    ):
        viewer = Viewer()
        await connection.start(Feature.VIDEO, viewer)
        await connection.start(Feature.AUDIO, viewer)
        await until(lambda: len(found.ids) == 2)
        assert found.ids == [b"\x40\x1b\x25\x60", b"\x00\x58\xea\x58"]
        found.data_writers[1].write(SOUND)
        both = {VideoFrame, AudioPacket}
        await until(lambda: {type(event) for event in viewer.events} == both)
        found.data_writers[1].close()
        await until(lambda: viewer.errors)
        assert 10 in found.heard
        connection.send_data(Feature.VIDEO, TalkData(b"x"))
        with pytest.raises(ConnectError):
            connection.send_data(Feature.AUDIO, TalkData(b"x"))
        connection.stop(Feature.AUDIO)
        await until(lambda: found.data_heard == [3])


async def test_same_id() -> None:
    """A camera that names the connection that stands means that one."""
    same = AUDIO_ID[:-4] + VIDEO_ID[-4:]
    async with camera({4: [VIDEO_ID], 8: [same]}) as found, login(found) as connection:
        viewer = Viewer()
        await connection.start(Feature.VIDEO, viewer)
        await connection.start(Feature.AUDIO, viewer)
        assert len(connection._features._links) == 1


async def test_sound_begins_anew() -> None:
    """Sound that is started again on a connection that stood is decoded from the beginning."""
    script = {4: [VIDEO_ID], 8: [AUDIO_NO_ID]}
    async with camera(script) as found, login(found) as connection:
        viewer = Viewer()
        await connection.start(Feature.VIDEO, viewer)
        for count in (1, 2):
            await connection.start(Feature.AUDIO, viewer)
            await until(lambda: found.data_writers)
            found.data_writers[0].write(SOUND)
            await until(lambda count=count: len(viewer.events) == count)  # type: ignore[misc]
            connection.stop(Feature.AUDIO)
        found.data_writers[0].write(SOUND)  # nobody wants it any more
        first, second = viewer.events
        assert isinstance(first, AudioPacket)
        assert isinstance(second, AudioPacket)
        assert first.samples == second.samples
        assert first.samples == b"".join(
            value.to_bytes(2, "little", signed=True) for value in samples("adpcm/tone_1")
        )


async def test_no_id_at_first() -> None:
    """A camera that believes in a connection that has ended is made to think again."""
    async with (
        camera({4: [VIDEO_NO_ID, VIDEO_ID]}) as found,
        login(found) as connection,
    ):
        await connection.start(Feature.VIDEO, Viewer())
        assert found.heard == [0, 2, 4, 6, 4]


async def test_never_an_id() -> None:
    """A camera that never names a connection needs a new login."""
    async with camera({4: [VIDEO_NO_ID]}) as found:
        gone: list[CameraError] = []
        connection = MoConnection("127.0.0.1", found.port, LOGIN, gone=gone.append)
        await connection.open()
        with pytest.raises(ConnectError) as caught:
            await connection.start(Feature.VIDEO, Viewer())
        assert caught.value.reason is Reason.CUT
        await until(lambda: gone)
        assert not connection.is_open
        with pytest.raises(ConnectError):
            connection.send(VideoEnd())
        with pytest.raises(ConnectError):
            await connection.start(Feature.VIDEO, Viewer())
        await connection.close()


async def test_wrong_id() -> None:
    """A camera that hangs up on the id it gave ends the feature, not the login."""
    async with (
        camera({4: [VIDEO_ID]}, data=lambda writer: writer.close()) as found,
        login(found) as connection,
    ):
        viewer = Viewer()
        await connection.start(Feature.VIDEO, viewer)
        await until(lambda: viewer.errors)
        assert connection.is_open
        await until(lambda: 6 in found.heard)


async def test_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request without answer ends, and is taken back; an answer that comes late means nothing."""
    monkeypatch.setattr(client, "ANSWER_TIMEOUT", 0.05)
    async with camera({}) as found, login(found) as connection:
        with pytest.raises(ConnectError) as caught:
            await connection.start(Feature.VIDEO, Viewer())
        assert caught.value.reason is Reason.TIMEOUT
        await until(lambda: found.heard[-1] == 6)
        found.writers[0].write(VIDEO_ID)
        found.script[8] = [VIDEO_ID + load("operation/audio_start_resp_refused") * 2]
        with pytest.raises(BusyError):
            await connection.start(Feature.AUDIO, Viewer())
        assert not connection._features._links


async def test_cancelled_request() -> None:
    """A request that is given up is taken back."""
    async with camera({}) as found, login(found) as connection:
        starting = asyncio.create_task(connection.start(Feature.TALK, Viewer()))
        await until(lambda: 11 in found.heard)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await until(lambda: found.heard[-1] == 13)


async def test_lost_while_asking() -> None:
    """A login that ends while an answer is waited for ends the wait."""
    async with camera({}) as found, login(found) as connection:
        starting = asyncio.create_task(connection.start(Feature.VIDEO, Viewer()))
        await until(lambda: 4 in found.heard)
        found.writers[0].close()
        with pytest.raises(ConnectError) as caught:
            await starting
        assert caught.value.reason is Reason.CUT


async def test_data_connection_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is taken back; the login stays."""
    async with camera({4: [VIDEO_ID]}) as found, login(found) as connection:
        monkeypatch.setattr(connection._features, "_port", 1)
        with pytest.raises(ConnectError) as caught:
            await connection.start(Feature.VIDEO, Viewer())
        assert caught.value.reason is Reason.UNREACHABLE
        await until(lambda: found.heard[-1] == 6)
        assert not connection._features._links


async def test_login_lost_while_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    """A data connection that was opened too late is closed again."""
    async with camera({4: [VIDEO_ID]}) as found, login(found) as connection:
        opening = features.DataLink.open

        async def slow(link: features.DataLink, host: str, port: int) -> None:
            await opening(link, host, port)
            found.writers[0].close()
            await until(lambda: not connection.is_open)

        monkeypatch.setattr(features.DataLink, "open", slow)
        with pytest.raises(ConnectError):
            await connection.start(Feature.VIDEO, Viewer())
        assert not connection._features._links


async def test_keep_alives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life go out on both connections."""
    monkeypatch.setattr(client, "KEEP_ALIVE", 0.02)
    async with camera({4: [VIDEO_ID]}) as found, login(found) as connection:
        await connection.start(Feature.VIDEO, Viewer())
        await until(lambda: found.heard.count(255) > 2 and found.data_heard.count(255) > 1)


async def test_camera_that_wants_them_on_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such cameras keep us, and others do not mind."""
    monkeypatch.setattr(client, "KEEP_ALIVE", 0.03)
    async with MoSimulator(
        dialect=Dialect(keep_alive_data=True), silence=0.2, fps=20, size=(320, 240)
    ) as sim:
        connection = MoConnection(sim.host, sim.port, LOGIN, tally=Tally())
        await connection.open()
        viewer = Viewer()
        await connection.start(Feature.VIDEO, viewer)
        await until(lambda: len(viewer.events) > 6)
        assert viewer.errors == []
        await connection.close()
        await gone(sim)


async def test_welcome_and_goodbye() -> None:
    """A camera that hangs up right after the login was never there."""
    async with camera({}) as found:
        changes: list[CameraError | None] = []
        link = MoLink(
            *("127.0.0.1", found.port, LOGIN, None, Tally()),
            heard=lambda _event: None,
            changed=changes.append,
        )
        original = MoConnection.open

        async def leave(connection: MoConnection) -> object:
            identity = await original(connection)
            found.writers[-1].close()
            await until(lambda: not connection.is_open)
            return identity

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(MoConnection, "open", leave)
            with pytest.raises(ConnectError) as caught:
                await link.connect()
        assert caught.value.reason is Reason.CUT
        assert changes == []
        await link.close()


async def test_waits_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt waits longer than the one before, until a connection that lasted."""
    waits: list[float] = []

    def jittered(seconds: float) -> float:
        waits.append(seconds)
        return 0.001

    monkeypatch.setattr(link_module, "_jittered", jittered)
    monkeypatch.setattr(link_module, "FIRST_WAIT", 1.0)
    monkeypatch.setattr(link_module, "LAST_WAIT", 5.0)
    monkeypatch.setattr(link_module, "EAGER", 0.0)
    async with AsyncExitStack() as stack:
        sim = await stack.enter_async_context(MoSimulator(size=(320, 240)))
        device = device_of(sim)
        await device.connect()
        stack.push_async_callback(device.close)
        sim.fault(MoFault.CLOSE_ON_ACCEPT, times=5)
        sim.drop_operation()
        await until(lambda: len(waits) == 6 and sim.verified)
        assert waits == [1, 2, 4, 5, 5, 5]
        sim.drop_operation()
        await until(lambda: len(waits) == 7 and sim.verified)
        assert waits[-1] == 5
        monkeypatch.setattr(link_module, "STEADY", 0.0)
        sim.fault(MoFault.WRONG_PASSWORD, times=2)
        sim.drop_operation()
        await until(lambda: len(waits) == 10 and sim.verified)
        assert waits[7:] == [1, 5, 5]


def test_jitter() -> None:
    """A quarter more or less."""
    found = {_jittered(4) for _ in range(1000)}
    assert 3 <= min(found) < max(found) <= 5
    assert len(found) > 100
