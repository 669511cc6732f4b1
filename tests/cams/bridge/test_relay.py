"""Streams that are sent to groups: played through a relay, and left when nobody looks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
import socket

import pytest

from custom_components.panacam.cams.bridge import Bridge, BridgeOptions, Kind, relay as module
from custom_components.panacam.cams.bridge.reader import RtspReader
from custom_components.panacam.cams.bridge.relay import NoWayError, Ways, playable
from custom_components.panacam.cams.bridge.timeline import Timeline
from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.net import rtsp_client
from custom_components.panacam.cams.stream import Credentials, RtspStream, Transport
from tests.cams.bridge.support import alone, until
from tests.cams.bridge.watching import Gathering
from tests.cams.net.rtsp_peer import Answer, Heard, RtspPeer, reply
from tests.multicast import GROUP, members, needs_groups, sender
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import PovcamSimulator
from tests.simulators.povcam.camera import Delivery

H264, JPEG = 1, 3
PORT = 41_996
SDP = b"""v=0
m=audio 0 RTP/AVP 8
a=sendonly
a=control:back
m=video 0 RTP/AVP 96
c=IN IP4 239.192.77.1/3
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1
a=control:trackID=1
m=application 0 RTP/AVP 107
a=control:scene
m=audio 0 RTP/AVP 0
a=control:trackID=2
"""
DESCRIPTION = [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=panacam",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    "m=video 0 RTP/AVP 96",
    "a=rtpmap:96 H264/90000",
    "a=fmtp:96 packetization-mode=1",
    "a=control:track0",
    "m=audio 0 RTP/AVP 0",
    "a=control:track1",
]


@pytest.fixture(autouse=True)
async def _sockets(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    """Allow real sockets; leave nothing behind."""
    needs_groups()
    monkeypatch.setattr(rtsp_client, "REQUEST_TIMEOUT", 2.0)
    yield
    await alone()
    assert members(GROUP) == 0


def onvif_stream(sim: OnvifSimulator, profile: int = H264) -> RtspStream:
    """Return a stream of a simulated camera."""
    return RtspStream(
        key="1",
        label="",
        host=sim.host,
        port=sim.rtsp_port,
        path=f"/onvif/profile/{profile}",
        transport=Transport.MULTICAST,
        credentials=Credentials(sim.username, sim.password),
        codec={H264: "h264", JPEG: "jpeg"}[profile],
    )


async def shows(stream: RtspStream, group: str, *, sound: bool = True) -> None:
    """Fail unless a player gets pictures of a group, and nobody is a member afterwards."""
    bridge = Bridge(BridgeOptions(ring=0))
    try:
        async with bridge.hub(stream).packets() as viewer, Gathering(viewer) as got:
            await until(lambda: len([each for each in got.packets if each.kind is Kind.VIDEO]) > 5)
            if sound:
                await until(lambda: any(each.kind is Kind.SOUND for each in got.packets))
            assert got.format is not None
            assert got.format.video == "h264"
            assert members(group) in {2, 4}
    finally:
        await bridge.close()
    await until(lambda: members(group) == 0)


# -- Simulated cameras


@pytest.mark.parametrize("profile", [H264, JPEG])
async def test_onvif(profile: int) -> None:
    """Pictures and sound come from a group, with a login, and stop with the last session."""
    async with OnvifSimulator() as sim:
        medium = sim.camera.media
        await shows(onvif_stream(sim, profile), "239.0.0.1")
        wishes = [call.headers.get("transport", "") for call in sim.rtsp.requests]
        assert {wish for wish in wishes if wish} == {"RTP/AVP;multicast"}
        logins = [call.headers.get("authorization", "") for call in sim.rtsp.requests]
        assert logins[-1].startswith("Digest ")
        assert sim.rtsp.requests[-1].method == "TEARDOWN"
        await until(lambda: not sim.rtsp.sessions)
        assert medium.joined[profile] == 0


@pytest.mark.parametrize("transport", [Transport.MULTICAST, Transport.AUTO])
async def test_panasonic(transport: Transport) -> None:
    """A camera that is set to multicast plays, also where the way is left to us."""
    async with PovcamSimulator(user_auth=True) as sim:
        video = sim.camera.video[1]
        video.delivery = Delivery.MULTICAST
        stream = RtspStream(
            key="1",
            label="",
            host=sim.host,
            port=sim.rtsp_port,
            path="/mediainput/h264/stream_1",
            transport=transport,
            credentials=Credentials("admin", "12345"),
        )
        await shows(stream, video.multicast_address)
        await until(lambda: not sim.rtsp.connections)


async def test_two_viewers() -> None:
    """Two of us hear one group at once, and each leaves it alone."""
    async with OnvifSimulator() as sim:
        first, second = Bridge(BridgeOptions(ring=0)), Bridge(BridgeOptions(ring=0))
        try:
            async with (
                first.hub(onvif_stream(sim)).packets() as one,
                second.hub(onvif_stream(sim)).packets() as two,
                Gathering(one) as here,
                Gathering(two) as there,
            ):
                await until(lambda: len(here.packets) > 5 and len(there.packets) > 5)
                assert members("239.0.0.1") == 8
                await first.close()
                await until(lambda: members("239.0.0.1") == 4)
                before = len(there.packets)
                await until(lambda: len(there.packets) > before + 5)
        finally:
            await first.close()
            await second.close()


@pytest.mark.parametrize("profile", [H264, JPEG])
async def test_wrong_password(profile: int) -> None:
    """A group is asked for with the same login as a stream of one's own."""
    async with OnvifSimulator() as sim:
        stream = replace(onvif_stream(sim, profile), credentials=Credentials("admin", "no"))
        assert (await error_of(stream)).reason is Reason.WRONG_CREDENTIALS
        assert isinstance(await error_of(stream), AuthError)
        assert members("239.0.0.1") == 0


# -- Cameras that lie, refuse, or end


async def error_of(stream: RtspStream, ways: Ways | None = None) -> CameraError:
    """Return why a stream ends."""
    reader = RtspReader(
        stream,
        timeline=Timeline(),
        epoch=0.0,
        deliver=lambda *_: pytest.fail("a packet"),
        ways=ways or Ways(),
    )
    with pytest.raises(CameraError) as caught:
        async with asyncio.timeout(20):
            await reader.run()
    return caught.value


def stream_of(peer: RtspPeer, transport: Transport = Transport.MULTICAST) -> RtspStream:
    """Return the stream of a camera in the test's hand."""
    return RtspStream(
        key="1", label="", host="127.0.0.1", port=peer.port, path="/s", transport=transport
    )


def told(destination: str = GROUP) -> bytes:
    """Return an answer to SETUP."""
    where = f"destination={destination};port={PORT}-{PORT + 1};ttl=3"
    return reply(Session="5cafe", Transport=f"RTP/AVP;multicast;{where}")


@pytest.mark.parametrize("destination", ["127.0.0.1", "192.0.2.9", "224.0.0.1", "camera.example"])
async def test_lies(destination: str) -> None:
    """A camera cannot make us listen at, or send to, anything but a group."""
    async with RtspPeer(sdp=SDP, answers={"SETUP": told(destination)}) as peer:
        error = await error_of(stream_of(peer))
        assert (type(error), error.reason) == (ProtocolError, Reason.UNEXPECTED_REPLY)
        assert "PLAY" not in peer.methods


@pytest.mark.parametrize(
    ("sdp", "answer", "kind", "reason"),
    [
        (SDP, reply(461), RefusedError, Reason.UNSUPPORTED),
        (SDP, reply(503), CameraError, Reason.BUSY),
        (b"v=0\nm=audio 0 RTP/AVP 0\n", told(), ProtocolError, Reason.UNPLAYABLE),
        (b"rubbish", told(), ProtocolError, Reason.UNEXPECTED_REPLY),
    ],
    ids=["461", "503", "no pictures", "no description"],
)
async def test_refusals(
    sdp: bytes, answer: Answer, kind: type[CameraError], reason: Reason
) -> None:
    """The error is the camera's own."""
    async with RtspPeer(sdp=sdp, answers={"SETUP": answer}) as peer:
        error = await error_of(stream_of(peer))
        assert isinstance(error, kind)
        assert error.reason is reason


async def test_no_way_at_all() -> None:
    """Where the way is left to us a group is tried last; what the camera said first counts."""

    def refuse(heard: Heard) -> bytes:
        return reply(461)

    async with RtspPeer(sdp=SDP, answers={"SETUP": refuse}) as peer:
        error = await error_of(stream_of(peer, Transport.AUTO))
        assert isinstance(error, NoWayError)
        wishes = [each.headers["transport"] for each in peer.heard if each.method == "SETUP"]
        assert [wish.split(";")[:2] for wish in wishes] == [
            ["RTP/AVP/TCP", "unicast"],
            ["RTP/AVP/UDP", "unicast"],
            ["RTP/AVP", "multicast"],
        ]
        peer.heard.clear()
        await error_of(stream_of(peer, Transport.TCP))
        assert peer.methods.count("SETUP") == 1


async def test_play_is_refused() -> None:
    """What goes wrong after FFmpeg has come is told all the same."""
    async with RtspPeer(sdp=SDP, answers={"SETUP": told(), "PLAY": reply(453)}) as peer:
        error = await error_of(stream_of(peer))
        assert error.reason is Reason.TOO_MANY_CONNECTIONS


async def test_camera_hangs_up() -> None:
    """A camera that ends its session ends the stream."""
    async with RtspPeer(sdp=SDP, answers={"SETUP": told()}) as peer:
        task = asyncio.ensure_future(error_of(stream_of(peer)))
        await until(lambda: "PLAY" in peer.methods)
        peer.hang_up()
        error = await task
        assert (type(error), error.reason) == (ConnectError, Reason.CUT)


async def test_way_that_nothing_ails() -> None:
    """What works, or fails for another reason, is not tried twice."""
    ways: list[Transport] = []

    async def fails(way: RtspStream) -> str:
        ways.append(way.transport)
        if way.transport is Transport.AUTO:
            raise NoWayError(Reason.UNSUPPORTED)
        return "shown"

    stream = RtspStream(key="1", label="", host="h", port=1, path="/")
    assert await Ways().by_any(stream, fails) == "shown"
    assert ways == [Transport.AUTO, Transport.MULTICAST]

    async def busy(way: RtspStream) -> str:
        ways.append(way.transport)
        raise ConnectError(Reason.TIMEOUT)

    ways.clear()
    with pytest.raises(ConnectError):
        await Ways().by_any(stream, busy)
    assert ways == [Transport.AUTO]
    async with playable(stream) as same:
        assert same is stream


# -- The relay by itself


async def ask(stream: RtspStream, *requests: str) -> tuple[bytes, asyncio.StreamWriter]:
    """Send requests to a relay; return what comes in the next moment."""
    reader, writer = await asyncio.open_connection(stream.host, stream.port)
    for number, each in enumerate(requests):
        method, _, rest = each.partition(" ")
        head = f"{method} rtsp://127.0.0.1:{stream.port}{rest} RTSP/1.0\r\n"
        writer.write(f"{head}CSeq: {number}\r\n\r\n".encode())
    found = b""
    try:
        while True:
            async with asyncio.timeout(0.3):
                piece = await reader.read(4096)
            if not piece:
                break
            found += piece
    except TimeoutError:
        pass
    return found, writer


async def test_answers() -> None:
    """What FFmpeg gets has nothing of the camera in it but what is needed to decode."""
    async with RtspPeer(sdp=SDP, answers={"SETUP": told()}) as peer:
        async with playable(stream_of(peer)) as stream:
            assert (stream.transport, stream.credentials) == (Transport.TCP, None)
            path = stream.path
            found, writer = await ask(
                stream,
                f"OPTIONS {path}",
                f"DESCRIBE {path}",
                f"SETUP {path}/track0",
                f"SETUP {path}/track1",
            )
            head, _, rest = found.partition(b"v=0")
            assert b"Public: OPTIONS" in head
            description, _, rest = (b"v=0" + rest).partition(b"RTSP/1.0")
            assert description.decode().splitlines() == DESCRIPTION
            assert b"interleaved=0-1" in rest
            assert b"interleaved=2-3" in rest
            writer.close()
        assert peer.methods == ["DESCRIBE", "SETUP", "SETUP", "TEARDOWN"]
        uris = [each.uri.rpartition("/")[2] for each in peer.heard if each.method == "SETUP"]
        assert uris == ["trackID=1", "trackID=2"]


async def test_packets() -> None:
    """Packets of both ports come interleaved; those of FFmpeg go nowhere."""
    async with (
        RtspPeer(sdp=SDP, answers={"SETUP": [told(), reply(461)]}) as peer,
        playable(stream_of(peer)) as stream,
    ):
        _, early = await ask(stream, f"OPTIONS {stream.path}")
        with sender() as camera:
            camera.sendto(b"too early", (GROUP, PORT))
            _, writer = await ask(stream, f"PLAY {stream.path}")
            writer.close()
            await until(lambda: "PLAY" in peer.methods)
            reader, writer = await asyncio.open_connection(stream.host, stream.port)
            url = f"rtsp://127.0.0.1:{stream.port}{stream.path}"
            writer.write(b"$\x01\x00\x02rr")
            writer.write(f"PLAY {url} RTSP/1.0\r\nCSeq: 7\r\n\r\n".encode())
            assert b"CSeq: 7" in await reader.readuntil(b"\r\n\r\n")
            camera.sendto(b"media", (GROUP, PORT))
            camera.sendto(b"report", (GROUP, PORT + 1))
            assert await reader.readexactly(19) == b"$\x00\x00\x05media$\x01\x00\x06report"
        writer.write(f"TEARDOWN {url} RTSP/1.0\r\nCSeq: 8\r\n\r\n".encode())
        assert b"CSeq: 8" in await reader.read()
        assert peer.methods.count("PLAY") == 1
        for each in (early, writer):
            each.close()


@pytest.mark.parametrize(
    "request_",
    [
        b"DESCRIBE rtsp://127.0.0.1/other RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"DESCRIBE rtsp://127.0.0.1@ RTSP/1.0\r\n\r\n",
        b"SETUP rtsp://127.0.0.1@/none RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00" * 20_000,
        b"$\x00\x00",
        b"$\x00\xff\xff" + bytes(100),
    ],
    ids=["path", "number", "track", "http", "long", "cut", "short"],
)
async def test_strangers(request_: bytes) -> None:
    """Who does not know the path is told nothing."""
    async with RtspPeer(sdp=SDP, answers={"SETUP": told()}) as peer:
        async with playable(stream_of(peer)) as stream:
            reader, writer = await asyncio.open_connection(stream.host, stream.port)
            writer.write(request_.replace(b"@", stream.path.encode()))
            writer.write_eof()
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
        assert "PLAY" not in peer.methods


async def test_many_strangers() -> None:
    """Who says nothing makes room for FFmpeg; who knows the path is not sent away."""
    async with (
        RtspPeer(sdp=SDP, answers={"SETUP": told()}) as peer,
        playable(stream_of(peer)) as stream,
    ):
        idle = [
            await asyncio.open_connection(stream.host, stream.port)
            for _ in range(module.MAX_CONNECTIONS)
        ]
        writers = []
        for _ in range(module.MAX_CONNECTIONS):
            answer, writer = await ask(stream, f"OPTIONS {stream.path}")
            assert answer
            writers.append(writer)
        for reader, writer in idle:
            async with asyncio.timeout(1):
                with suppress(ConnectionResetError):
                    assert await reader.read() == b""
            writer.close()
        with pytest.raises(ConnectionResetError):
            await ask(stream, f"OPTIONS {stream.path}")
        for writer in writers:
            writer.close()


async def test_silent_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who says nothing is sent away after a while; FFmpeg may be silent between requests."""
    monkeypatch.setattr(module, "FIRST_REQUEST", 0.2)
    async with (
        RtspPeer(sdp=SDP, answers={"SETUP": told()}) as peer,
        playable(stream_of(peer)) as stream,
    ):
        reader, writer = await asyncio.open_connection(stream.host, stream.port)
        answers, known = await asyncio.open_connection(stream.host, stream.port)
        url = f"rtsp://127.0.0.1:{stream.port}{stream.path}"
        for number in (8, 9):
            known.write(f"OPTIONS {url} RTSP/1.0\r\nCSeq: {number}\r\n\r\n".encode())
            assert f"CSeq: {number}".encode() in await answers.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.4)
        async with asyncio.timeout(2):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        for each in (known, writer):
            each.close()


async def test_slow_player(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets for one who does not read are dropped, and nothing piles up."""
    monkeypatch.setattr(module, "MAX_UNSENT", 10_000)
    async with (
        RtspPeer(sdp=SDP, answers={"SETUP": told()}) as peer,
        playable(stream_of(peer)) as stream,
    ):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as player:
            player.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            player.connect((stream.host, stream.port))
            url = f"rtsp://127.0.0.1:{stream.port}{stream.path}"
            player.sendall(f"PLAY {url} RTSP/1.0\r\nCSeq: 7\r\n\r\n".encode())
            await until(lambda: "PLAY" in peer.methods)
            await asyncio.sleep(0.1)
            with sender() as camera:
                for _ in range(6000):
                    camera.sendto(bytes(1400), (GROUP, PORT))
                    await asyncio.sleep(0)
            await asyncio.sleep(0.1)
            player.setblocking(False)
            got = 0
            try:
                while piece := player.recv(1 << 20):
                    got += len(piece)
                    await asyncio.sleep(0.002)
            except BlockingIOError:
                pass
            assert 0 < got < 6000 * 1404
