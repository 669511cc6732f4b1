import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
)
from custom_components.panacam.cams.onvif import scene
from custom_components.panacam.cams.onvif.client import OnvifClient
from custom_components.panacam.cams.onvif.scene import OBJECT_COUNT, ScenePart, SceneReader
from tests.cams.onvif.listening import PROFILE, until
from tests.cams.onvif.support import Watched

DOCUMENT = (
    Path(__file__).parents[2] / "vectors" / "onvif" / "events" / "metadata.xml"
).read_bytes()


def frame(at: str, *objects: str) -> bytes:
    """Return a document of one frame."""
    inside = "".join(f'<Object ObjectId="{name}"/>' for name in objects)
    time = f' UtcTime="{at}"' if at else ""
    return (
        f"<MetadataStream><VideoAnalytics><Frame{time}>{inside}</Frame></VideoAnalytics>"
        "</MetadataStream>"
    ).encode()


def test_document() -> None:
    """The objects of the last frame count, those that left do not."""
    assert SceneReader().feed(DOCUMENT) == 2


def test_frames_in_pieces() -> None:
    """Frames of one time are one picture; the next time begins anew."""
    reader = SceneReader()
    assert reader.feed(frame("1", "a")) == 1
    assert reader.feed(frame("1", "b", "a")) == 2
    assert reader.feed(frame("2", "b")) == 1
    assert reader.feed(frame("", "a")) == 1
    assert reader.feed(frame("", "b", "c")) == 2
    assert reader.feed(frame("3")) == 0
    assert reader.feed(b"<MetadataStream><PTZ/></MetadataStream>") is None
    deleted = frame("4", "a", "b").replace(
        b"</Frame>", b'<ObjectTree><Delete ObjectId="a"/></ObjectTree></Frame>'
    )
    assert reader.feed(deleted) == 1
    nameless = b"<M><VideoAnalytics><Frame><Object/><Object/></Frame></VideoAnalytics></M>"
    assert reader.feed(nameless) == 2


@pytest.mark.parametrize("document", [b"", b"\0\1", b"<!DOCTYPE a><a/>", b"plain"])
def test_no_xml(document: bytes) -> None:
    """What is no XML is a ProtocolError and nothing else."""
    with pytest.raises(ProtocolError):
        SceneReader().feed(document)


def test_every_cut_of_a_document() -> None:
    """A document that ends anywhere is read as far as it goes, or refused."""
    for length in range(0, len(DOCUMENT), 5):
        try:
            count = SceneReader().feed(DOCUMENT[:length])
        except ProtocolError:
            continue
        assert count in {None, 0, 1, 2, 3}


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames and objects are counted to some end."""
    monkeypatch.setattr(scene, "MAX_OBJECTS", 10)
    reader = SceneReader()
    assert reader.feed(frame("1", *map(str, range(50)))) == 10
    inside = b'<Frame><Object ObjectId="1"/></Frame>' * 200 + b"<Frame/>"
    many = b"<M><VideoAnalytics>" + inside + b"</VideoAnalytics></M>"
    assert reader.feed(many) == 1


class Stream:
    """A metadata stream that a test feeds."""

    def __init__(self) -> None:
        """Begin closed."""
        self.documents: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.opened = self.closed = 0
        self.refused: CameraError | None = None
        self.asked = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open it; CameraError when it is to be refused."""
        self.asked += 1
        if self.refused is not None:
            raise self.refused
        self.opened += 1
        try:
            yield self._read()
        finally:
            self.closed += 1

    async def _read(self) -> AsyncIterator[bytes]:
        while (document := await self.documents.get()) is not None:
            yield document


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Stream:
    """Give a stream, and little patience."""
    monkeypatch.setattr(scene, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(scene, "SHOW_TIME", 0.05)
    return Stream()


def part_of(session: ClientSession, stream: Stream | None) -> tuple[ScenePart, Watched]:
    """Return the part, over a device with analytics, and its board."""
    client = OnvifClient(session, "127.0.0.1", 1, tls=False, credentials=None)
    client.learn({"analytics": "/onvif/analytics"})
    watched = Watched()
    watched.board.profiles = (PROFILE,)
    opening = None if stream is None else stream.open
    return ScenePart(client, watched.board, opening), watched


async def test_only_while_somebody_looks(session: ClientSession, stream: Stream) -> None:
    """The stream costs something: it is opened when wanted and closed afterwards."""
    part, watched = part_of(session, stream)
    await part.connect()
    row = watched.board.readings[OBJECT_COUNT]
    assert not row.enabled
    await asyncio.sleep(0.05)
    assert stream.opened == 0
    call_off = watched.board.want(OBJECT_COUNT)
    stream.documents.put_nowait(DOCUMENT)
    await until(lambda: watched.board.read[OBJECT_COUNT] == 2)
    call_off()
    await until(lambda: stream.closed == 1)
    assert watched.board.read[OBJECT_COUNT] is None
    again = watched.board.want(OBJECT_COUNT)
    again()
    again = watched.board.want(OBJECT_COUNT)
    stream.documents.put_nowait(frame("9", "a"))
    await until(lambda: watched.board.read[OBJECT_COUNT] == 1)
    await part.close()
    assert stream.opened == stream.closed
    assert watched.board.read[OBJECT_COUNT] is None
    again()


async def test_counts_are_shown_in_peace(session: ClientSession, stream: Stream) -> None:
    """Many documents a second show few states, the last one among them."""
    part, watched = part_of(session, stream)
    await part.connect()
    watched.board.want(OBJECT_COUNT)
    for number in range(100):
        stream.documents.put_nowait(frame(str(number), *map(str, range(number % 7))))
    stream.documents.put_nowait(b"no XML")
    stream.documents.put_nowait(b" " * (scene.MAX_DOCUMENT + 1))
    stream.documents.put_nowait(frame("x", "a", "b", "c") + b" " * scene.LARGE_DOCUMENT)
    await until(lambda: watched.board.read[OBJECT_COUNT] == 3)
    assert len(watched.states) < 10
    await part.close()


async def test_lost_stream(session: ClientSession, stream: Stream) -> None:
    """One that ends or is refused is tried again; meanwhile nothing is known."""
    part, watched = part_of(session, stream)
    await part.connect()
    stream.refused = ConnectError(Reason.UNREACHABLE)
    watched.board.want(OBJECT_COUNT)
    await asyncio.sleep(0.02)
    stream.refused = None
    stream.documents.put_nowait(frame("1", "a"))
    await until(lambda: watched.board.read[OBJECT_COUNT] == 1)
    stream.documents.put_nowait(None)
    await until(lambda: watched.board.read[OBJECT_COUNT] is None)
    stream.documents.put_nowait(frame("2", "a", "b"))
    await until(lambda: watched.board.read[OBJECT_COUNT] == 2)
    await part.connect()
    stream.documents.put_nowait(frame("3", "a"))
    await until(lambda: watched.board.read[OBJECT_COUNT] == 1)
    await part.close()
    assert stream.opened == stream.closed == 3


async def test_a_refused_login_is_not_repeated(session: ClientSession, stream: Stream) -> None:
    """Devices lock who fails to log in too often; connecting again tries it once more."""
    part, watched = part_of(session, stream)
    await part.connect()
    stream.refused = AuthError(Reason.WRONG_CREDENTIALS)
    watched.board.want(OBJECT_COUNT)
    await until(lambda: stream.asked == 1)
    await asyncio.sleep(0.3)
    assert stream.asked == 1
    stream.refused = None
    await part.connect()
    stream.documents.put_nowait(frame("1", "a"))
    await until(lambda: watched.board.read[OBJECT_COUNT] == 1)
    await part.close()


async def test_nothing_to_read(session: ClientSession) -> None:
    """Without a way to a stream there is no reading."""
    part, watched = part_of(session, None)
    await part.connect()
    assert not watched.board.readings
    part, watched = part_of(session, Stream())
    watched.board.profiles = ()
    await part.connect()
    assert not watched.board.readings
