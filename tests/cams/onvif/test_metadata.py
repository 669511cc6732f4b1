"""Documents come out of packets whole, or not at all (10.2.2, 10.3.4)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
import gzip
from itertools import pairwise
import time
from xml.etree import ElementTree as ET

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.net import rtsp_client
from custom_components.panacam.cams.onvif.addresses import Place, split
from custom_components.panacam.cams.onvif.metadata import (
    MAX_DOCUMENT,
    MAX_WAITING,
    Documents,
    open_metadata,
)
from custom_components.panacam.cams.stream import Credentials
from tests.cams.bridge.support import until
from tests.cams.net.rtsp_peer import RtspPeer, reply
from tests.cams.net.rtsp_vectors import load, text
from tests.simulators.onvif import OnvifSimulator

PLAIN, PACKED = 107, 108
LOGIN = Credentials("admin", "Kamera/7")


class Writer:
    """Numbers packets."""

    def __init__(self, sequence: int = 0xFFFD) -> None:
        """Begin with a number."""
        self.sequence = sequence

    def packets(self, document: bytes, size: int = 4, kind: int = PLAIN) -> list[bytes]:
        """Return the packets of a document, the last of which is marked."""
        pieces = [document[at : at + size] for at in range(0, len(document), size)]
        return [
            self.packet(piece, marker=number == len(pieces), kind=kind)
            for number, piece in enumerate(pieces, 1)
        ]

    def packet(self, piece: bytes, *, marker: bool, kind: int = PLAIN) -> bytes:
        """Return one packet."""
        head = bytes([0x80, marker << 7 | kind]) + self.sequence.to_bytes(2)
        self.sequence = (self.sequence + 1) & 0xFFFF
        return head + bytes(4) + b"abcd" + piece


def documents() -> Documents:
    """Return a reader of both kinds."""
    return Documents({PLAIN: False, PACKED: True})


def read(reader: Documents, packets: list[bytes]) -> list[bytes]:
    """Return the documents in packets."""
    return [found for each in packets if (found := reader.take(each)) is not None]


def test_documents() -> None:
    """One after the other, over the end of the numbers, in one packet or in many."""
    writer, reader = Writer(), documents()
    packets = writer.packets(b"<a>1</a>") + writer.packets(b" \n<b/>", 99) + writer.packets(b"<c/>")
    assert read(reader, packets) == [b"<a>1</a>", b" \n<b/>", b"<c/>"]
    assert reader.dropped == 0


def test_a_vector() -> None:
    """Extension and padding are no part of it."""
    assert documents().take(load("rtp.hex")) == b"<x>"


def test_lost_packets() -> None:
    """A document with a hole in it is dropped, wherever the hole is; the next one is whole."""
    for lost in range(4):
        writer, reader = Writer(), documents()
        packets = writer.packets(b"<a>1</a>") + writer.packets(b"<b>22222</b>")
        packets += writer.packets(b"<c/>")
        del packets[lost]
        found = read(reader, packets)
        assert found[-1] == b"<c/>"
        assert set(found) < {b"<a>1</a>", b"<b>22222</b>", b"<c/>"}


def test_a_lost_end() -> None:
    """Who lost the packet with the marker cannot tell the next document from the rest of this."""
    writer, reader = Writer(), documents()
    (_, first, _), second = writer.packets(b"<a>12345</a>"), writer.packets(b"<b>1</b>")
    assert read(reader, [first, *second, *writer.packets(b"<c/>")]) == [b"<c/>"]


def test_strangers() -> None:
    """Other payload types and what is no packet at all break nothing."""
    writer, reader = Writer(), documents()
    first, second = writer.packets(b"<a>1</a>")
    other = Writer(3).packet(b"x", marker=True, kind=96)
    assert read(reader, [first, other, b"", b"rubbish of some length", second]) == [b"<a>1</a>"]


def test_begun_in_the_middle() -> None:
    """What was under way when we came is no document."""
    writer, reader = Writer(), documents()
    packets = writer.packets(b"<a>12345678</a>")[1:] + writer.packets(b"<b/>")
    assert read(reader, packets) == [b"<b/>"]
    assert reader.dropped == 1


def test_byte_order_mark() -> None:
    """A document may begin with one."""
    document = b"\xef\xbb\xbf<a/>"
    assert read(documents(), Writer().packets(document)) == [document]


def test_too_large() -> None:
    """A document without end is not kept; what comes after it is read."""
    writer, reader = Writer(), documents()
    for _ in range(3 * MAX_DOCUMENT // 1000):
        assert reader.take(writer.packet(b"<" * 1000, marker=False)) is None
        assert len(reader._buffer) <= MAX_DOCUMENT
    assert reader.take(writer.packet(b"", marker=True)) is None
    assert read(reader, writer.packets(b"<b/>")) == [b"<b/>"]
    assert reader.dropped == 1


def test_packed() -> None:
    """A document of gzip is unpacked."""
    document = b"<a>" + b"1" * 5000 + b"</a>"
    packets = Writer().packets(gzip.compress(document), 30, PACKED)
    assert len(packets) > 1
    assert read(documents(), packets) == [document]


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b"<" * (MAX_DOCUMENT + 1)),
        gzip.compress(b"<" * 50_000_000, 9),
        gzip.compress(b"<a>" + bytes(range(256)) * 9)[:-20],
        b"<a>not packed</a>",
        b"\x1f\x8b rubbish",
    ],
    ids=["large", "bomb", "cut", "plain", "rubbish"],
)
def test_badly_packed(data: bytes) -> None:
    """What is none, or too much, is dropped, in no time."""
    writer, reader = Writer(), documents()
    begun = time.thread_time()
    assert read(reader, writer.packets(data, 1000, PACKED)) == []
    assert time.thread_time() - begun < 0.1
    assert reader.dropped == 1
    assert read(reader, writer.packets(b"<b/>")) == [b"<b/>"]


@settings(derandomize=True, database=None, deadline=None, max_examples=200)
@given(data=st.data())
def test_spoilt(data: st.DataObject) -> None:
    """Spoilt packets give documents or nothing."""
    writer, reader = Writer(), documents()
    packets = writer.packets(b"<a>1</a>") + writer.packets(gzip.compress(b"<b/>"), 9, PACKED)
    for each in packets:
        packet = bytearray(each)
        for _ in range(data.draw(st.integers(0, 2))):
            packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
        found = reader.take(bytes(packet))
        assert found is None or found.lstrip()[:1] == b"<"


# -- From a camera


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow real sockets, and wait for nobody as long as for a camera."""
    monkeypatch.setattr(rtsp_client, "REQUEST_TIMEOUT", 1.0)
    monkeypatch.setattr(rtsp_client, "FAREWELL_TIMEOUT", 0.3)


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncGenerator[OnvifSimulator]:
    """Run a camera."""
    async with OnvifSimulator() as simulator:
        yield simulator


def place_of(sim: OnvifSimulator | RtspPeer) -> Place:
    """Return where a camera's stream is."""
    if isinstance(sim, RtspPeer):
        return Place("127.0.0.1", sim.port, False, "/onvif_camera")
    place = split(sim.camera.rtsp_url("/onvif/profile/1"))
    assert place is not None
    return place


async def first(found: AsyncIterator[bytes], count: int) -> list[bytes]:
    """Return the first documents."""
    async with asyncio.timeout(5):
        return [await anext(found) for _ in range(count)]


async def test_a_camera(sim: OnvifSimulator) -> None:
    """Its scene comes as it says it; no video is set up; the session is ended."""
    async with open_metadata(place_of(sim), LOGIN) as found:
        roots = [ET.fromstring(each) for each in await first(found, 3)]
        assert {root.tag for root in roots} == {"{http://www.onvif.org/ver10/schema}MetadataStream"}
        (session,) = sim.rtsp.sessions.values()
        assert session.media == ("metadata",)
    assert not sim.rtsp.sessions
    methods = [call.method for call in sim.rtsp.requests]
    assert methods[-3:] == ["SETUP", "PLAY", "TEARDOWN"]


async def test_signs_of_life(sim: OnvifSimulator) -> None:
    """It goes on past the time that a session lasts."""
    sim.camera.media.streaming.session_timeout = 1.0
    async with open_metadata(place_of(sim), LOGIN) as found:
        begun = time.monotonic()
        while time.monotonic() - begun < 2.5:
            await first(found, 1)
        (session,) = sim.rtsp.sessions.values()
        assert session.reports >= 2


@pytest.mark.parametrize("sdp", ["metadata.sdp", "metadata_gzip.sdp"])
async def test_documents_of_a_session(sdp: str) -> None:
    """Its own medium of several, by its own address; packed or not; the newest are kept."""
    async with RtspPeer(sdp=text(sdp)) as peer:
        async with open_metadata(place_of(peer), None) as found:
            packed = "gzip" in sdp
            writer = Writer()
            for number in range(MAX_WAITING + 10):
                document = f"<a>{number}</a>".encode()
                data = gzip.compress(document) if packed else document
                for packet in writer.packets(data, 50, PACKED if packed else PLAIN):
                    peer.send_frame(packet)
            last = f"<a>{MAX_WAITING + 9}</a>".encode()
            async with asyncio.timeout(5):
                await asyncio.sleep(0.1)
                got = [await anext(found)]
                while got[-1] != last:
                    got.append(await anext(found))
            assert len(got) == MAX_WAITING
            numbers = [int(each[3:-4]) for each in got]
            assert all(after == before + 1 for before, after in pairwise(numbers))
        assert peer.last("SETUP").uri.endswith("/metadata")
        assert peer.methods.count("SETUP") == 1


async def test_lost(sim: OnvifSimulator) -> None:
    """The iterator ends with what is wrong."""
    async with open_metadata(place_of(sim), LOGIN) as found:
        await first(found, 1)
        waiting = asyncio.ensure_future(first(found, 99))
        await asyncio.sleep(0.05)
        for connection in sim.rtsp.connections:
            connection.abort()
        with pytest.raises(ConnectError) as caught:
            await waiting
        assert caught.value.reason is Reason.CUT


async def test_left_while_it_waits() -> None:
    """Whoever waits for a document can leave."""
    async with RtspPeer(sdp=text("metadata.sdp")) as peer:

        async def look() -> None:
            async with open_metadata(place_of(peer), None) as found:
                await anext(found)

        task = asyncio.ensure_future(look())
        await until(lambda: "PLAY" in peer.methods)
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()
        await until(lambda: "TEARDOWN" in peer.methods and not peer.connected)


@pytest.mark.parametrize(
    ("answers", "error", "reason"),
    [
        ({"DESCRIBE": reply(body=b"v=0\r\n")}, RefusedError, Reason.UNSUPPORTED),
        (
            {"DESCRIBE": reply(body=text("back_channel.sdp"))},
            RefusedError,
            Reason.UNSUPPORTED,
        ),
        ({"DESCRIBE": reply(404)}, RefusedError, Reason.NOT_FOUND),
        ({"DESCRIBE": reply(401)}, AuthError, Reason.NO_CREDENTIALS),
        ({"SETUP": None}, ConnectError, Reason.TIMEOUT),
    ],
)
async def test_refused(
    answers: dict[str, bytes | None], error: type[CameraError], reason: Reason
) -> None:
    """It is said at once."""
    async with RtspPeer(sdp=text("metadata.sdp"), answers=dict(answers)) as peer:
        with pytest.raises(error) as caught:
            async with open_metadata(place_of(peer), None):
                pytest.fail("opened")
        assert caught.value.reason is reason
        await until(lambda: not peer.connected)


async def test_tls_is_refused() -> None:
    """What could not be asked for in secret is not asked for at all."""
    with pytest.raises(RefusedError):
        async with open_metadata(Place("127.0.0.1", 9, True, "/"), LOGIN):
            pytest.fail("opened")
