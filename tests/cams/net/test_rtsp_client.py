"""A session with a camera that behaves, and with one that does not."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise
import socket
import time

import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.net import rtsp_client as module, rtsp_tracks
from custom_components.panacam.cams.net.rtp import receiver_report
from custom_components.panacam.cams.net.rtsp_client import RtspClient
from custom_components.panacam.cams.net.rtsp_tracks import Track
from custom_components.panacam.cams.stream import Credentials
from tests.cams.bridge.support import until
from tests.cams.net.rtsp_peer import RtspPeer, reply
from tests.cams.net.rtsp_vectors import text

LOGIN = Credentials("admin", "Kamera/7")
DIGEST = 'Digest realm="cam", nonce="{}"'


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow real sockets, and wait for nobody as long as for a camera."""
    monkeypatch.setattr(module, "REQUEST_TIMEOUT", 0.5)
    monkeypatch.setattr(module, "FAREWELL_TIMEOUT", 0.2)


class Session:
    """A client, what it received, and why it was lost."""

    def __init__(self, peer: RtspPeer, credentials: Credentials | None, path: str) -> None:
        """Make a client of a peer."""
        self.received: list[bytes] = []
        self.lost: list[CameraError] = []
        self.client = RtspClient(
            "127.0.0.1", peer.port, path, credentials, require="a/tag", on_lost=self.lost.append
        )

    async def play(self, medium: int = 0) -> Track:
        """Go all the way with one medium."""
        description = await self.client.describe()
        track = await self.client.set_up(description.media[medium], self.received.append)
        await self.client.play()
        return track


@asynccontextmanager
async def session(
    peer: RtspPeer, credentials: Credentials | None = LOGIN, path: str = "/s"
) -> AsyncGenerator[Session]:
    """Connect a client to a peer, which has nobody left afterwards."""
    made = Session(peer, credentials, path)
    async with made.client:
        yield made
    await until(lambda: not peer.connected)


async def test_interleaved() -> None:
    """One medium is set up and played; packets go both ways; the session is ended."""
    async with RtspPeer() as peer:
        url = f"rtsp://127.0.0.1:{peer.port}/s"
        async with session(peer) as got:
            track = await got.play(1)
            track.send(b"sound")
            peer.send_frame(b"data")
            peer.send_frame(b"control", 1)
            peer.send_frame(b"other", 9)
            peer.send_frame(b"more")
            await until(lambda: len(got.received) == 2 and peer.frames)
            assert got.received == [b"data", b"more"]
            assert peer.frames == [(0, b"sound")]
        assert peer.methods == ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
        assert [each.uri for each in peer.heard] == [url, f"{url}/trackID=5", url, url]
        numbers = [int(each.headers["cseq"]) for each in peer.heard]
        assert numbers == [1, 2, 3, 4]
        assert {each.headers["require"] for each in peer.heard} == {"a/tag"}
        assert peer.heard[0].headers["accept"] == "application/sdp"
        assert {each.headers["session"] for each in peer.heard[2:]} == {"5cafe"}
        assert not any("authorization" in each.headers for each in peer.heard)
        assert got.lost == []


async def test_channels_of_the_camera() -> None:
    """The camera's own choice of channels counts."""
    async with RtspPeer() as peer:
        transport = "RTP/AVP/TCP;unicast;interleaved=6-7"
        peer.answers["SETUP"] = reply(Session="1", Transport=transport)
        async with session(peer) as got:
            track = await got.play()
            track.send(b"x")
            peer.send_frame(b"no")
            peer.send_frame(b"yes", 6)
            await until(lambda: got.received and peer.frames)
            assert (got.received, peer.frames) == ([b"yes"], [(6, b"x")])


async def test_two_media() -> None:
    """Each has channels and a taker of its own."""
    async with RtspPeer(sdp=text("metadata.sdp")) as peer, session(peer) as got:
        description = await got.client.describe()
        other: list[bytes] = []
        await got.client.set_up(description.media[0], got.received.append)
        await got.client.set_up(description.media[2], other.append)
        await got.client.play()
        assert [each.channels for each in peer.heard if each.channels] == [(0, 1), (2, 3)]
        peer.send_frame(b"a", 0)
        peer.send_frame(b"b", 2)
        await until(lambda: got.received and other)
        assert (got.received, other) == ([b"a"], [b"b"])


async def test_udp() -> None:
    """Where the camera refuses what is interleaved, packets go by UDP, both ways."""
    async with RtspPeer(udp=True) as peer, session(peer) as got:
        track = await got.play()
        assert [each.channels is None for each in peer.heard if each.method == "SETUP"] == [
            False,
            True,
        ]
        ports = peer.last("SETUP").ports
        assert ports is not None
        assert (ports[0] % 2, ports[1]) == (0, ports[0] + 1)
        track.send(b"sound")
        track.report(b"control")
        await until(lambda: peer.datagrams and peer.reports)
        assert (peer.datagrams, peer.reports) == ([b"sound"], [b"control"])
        peer.send_datagram(b"data")
        await until(lambda: got.received)
        # From another port than the camera named comes nothing.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"forged", ("127.0.0.1", ports[0]))
        peer.send_datagram(b"more")
        await until(lambda: len(got.received) > 1)
        assert got.received == [b"data", b"more"]


async def test_udp_port_that_is_closed() -> None:
    """Sending to nobody does no harm."""
    async with RtspPeer(udp=True) as peer:

        def closed(heard: object) -> bytes:
            return (
                reply(461)
                if "TCP" in str(heard)
                else reply(Session="1", Transport="RTP/AVP;unicast;server_port=9-10")
            )

        peer.answers["SETUP"] = closed
        async with session(peer) as got:
            track = await got.play()
            for _ in range(5):
                track.send(b"x")
                await asyncio.sleep(0.01)
            assert got.lost == []


@pytest.mark.parametrize("transport", ["", "RTP/AVP;unicast", "RTP/AVP;server_port=0-1"])
async def test_udp_without_ports(transport: str) -> None:
    """Who does not say where to send cannot be sent anything; our ports are free again."""
    async with RtspPeer() as peer, session(peer) as got:
        peer.answers["SETUP"] = [reply(461), reply(Session="1", Transport=transport)]
        with pytest.raises(ProtocolError):
            await got.play()


async def test_no_ports_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is an error like others."""
    monkeypatch.setattr(rtsp_tracks, "_TRIES", 0)
    async with RtspPeer(udp=True) as peer, session(peer) as got:
        with pytest.raises(ConnectError):
            await got.play()


@pytest.mark.parametrize("transport", ["RTP/AVP;server_port=6000-6001", "x;interleaved=256-257"])
async def test_another_transport_than_asked(transport: str) -> None:
    """A camera that answers something else is not believed."""
    async with RtspPeer() as peer, session(peer) as got:
        peer.answers["SETUP"] = reply(Session="1", Transport=transport)
        with pytest.raises(ProtocolError):
            await got.play()


async def test_addresses_stay_on_the_host() -> None:
    """Addresses of another host or port are asked for where the camera was reached."""
    async with RtspPeer(sdp=text("back_channel.sdp")) as peer, session(peer) as got:
        peer.answers["DESCRIBE"] = reply(
            body=peer.sdp, Content_Base="rtsp://192.0.2.99:1554/onvif/cam 1/"
        )
        await got.play(2)
        root = f"rtsp://127.0.0.1:{peer.port}"
        assert [each.uri for each in peer.heard] == [
            f"{root}/s",
            f"{root}/audioback?x=1",
            f"{root}/onvif/cam%201/",
        ]


async def test_control_of_the_whole() -> None:
    """PLAY goes to what the description names for all media."""
    sdp = b"v=0\r\na=control:all\r\nm=audio 0 RTP/AVP 0\r\na=control:one\r\n"
    async with RtspPeer(sdp=sdp) as peer, session(peer, path="/s?a=b c") as got:
        await got.play()
        url = f"rtsp://127.0.0.1:{peer.port}/s?a=b%20c"
        assert [each.uri for each in peer.heard] == [url, f"{url}/one", f"{url}/all"]


async def test_long_addresses() -> None:
    """An address without end is not sent."""
    sdp = b"v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:" + b"x" * 5000 + b"\r\n"
    async with RtspPeer(sdp=sdp) as peer, session(peer) as got:
        with pytest.raises(ProtocolError):
            await got.play()


# -- Login


async def test_digest() -> None:
    """The challenge is answered once, and then without being asked; a stale nonce is renewed."""
    async with RtspPeer() as peer:
        first, second = DIGEST.format(1), DIGEST.format(2)
        peer.answers["DESCRIBE"] = [
            reply(401, WWW_Authenticate=first),
            reply(body=peer.sdp),
        ]
        peer.answers["PLAY"] = [reply(401, WWW_Authenticate=f"{second}, stale=true"), reply()]
        async with session(peer) as got:
            await got.play()
        logins = [(each.method, each.headers.get("authorization", "")) for each in peer.heard]
        assert logins[0] == ("DESCRIBE", "")
        assert all('nonce="1"' in login for _, login in logins[1:4])
        assert [method for method, _ in logins[3:5]] == ["PLAY", "PLAY"]
        assert all('nonce="2"' in login for _, login in logins[4:])
        assert LOGIN.password not in str(peer.heard)


async def test_wrong_password() -> None:
    """It is tried once."""
    async with RtspPeer() as peer, session(peer) as got:
        peer.answers["DESCRIBE"] = reply(401, WWW_Authenticate=DIGEST.format(1))
        with pytest.raises(AuthError) as caught:
            await got.client.describe()
        assert caught.value.reason is Reason.WRONG_CREDENTIALS
        assert len(peer.heard) == 2


async def test_always_stale() -> None:
    """A camera that calls every nonce stale is not asked for ever."""
    async with RtspPeer() as peer, session(peer) as got:
        peer.answers["DESCRIBE"] = lambda heard: reply(
            401, WWW_Authenticate=f"{DIGEST.format(heard.headers['cseq'])}, stale=true"
        )
        with pytest.raises(AuthError):
            await got.client.describe()
        assert len(peer.heard) == 3


async def test_no_login() -> None:
    """Without credentials there is nothing to try."""
    async with RtspPeer() as peer, session(peer, None) as got:
        peer.answers["DESCRIBE"] = reply(401, WWW_Authenticate=DIGEST.format(1))
        with pytest.raises(AuthError) as caught:
            await got.client.describe()
        assert caught.value.reason is Reason.NO_CREDENTIALS


async def test_a_realm_that_breaks_lines() -> None:
    """A name with a carriage return in it is not sent back."""
    async with RtspPeer() as peer, session(peer) as got:
        peer.answers["DESCRIBE"] = reply(401, WWW_Authenticate='Digest realm="a\rX: y", nonce="1"')
        with pytest.raises(ProtocolError):
            await got.client.describe()
        assert len(peer.heard) == 1


# -- What goes wrong


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (302, ConnectError, Reason.REDIRECTED),
        (404, RefusedError, Reason.NOT_FOUND),
        (453, BusyError, Reason.TOO_MANY_CONNECTIONS),
        (503, BusyError, Reason.BUSY),
        (551, RefusedError, Reason.UNSUPPORTED),
    ],
)
@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
async def test_refusals(method: str, status: int, error: type[CameraError], reason: Reason) -> None:
    """Each request may be refused; the connection ends in order, and nobody is followed."""
    async with RtspPeer() as peer:
        peer.answers[method] = reply(status, Location="rtsp://192.0.2.99/other")
        async with session(peer) as got:
            with pytest.raises(error) as caught:
                await got.play()
        assert caught.value.reason is reason
        assert peer.methods.count("TEARDOWN") == (method == "PLAY")


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (None, ConnectError, Reason.TIMEOUT),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ProtocolError, Reason.UNEXPECTED_REPLY),
        (reply(body=b"<html/>"), ProtocolError, Reason.UNEXPECTED_REPLY),
        (b"RTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n", ConnectError, Reason.TIMEOUT),
        (b"RTSP/1.0 100 Continue\r\nCSeq: 1\r\n\r\n", ConnectError, Reason.TIMEOUT),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 9999999\r\n\r\n", ProtocolError, Reason.TOO_LARGE),
        (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Le", ConnectError, Reason.TIMEOUT),
    ],
)
async def test_bad_answers(answer: bytes | None, error: type[CameraError], reason: Reason) -> None:
    """Silence, half an answer, the answer to something else, and no answer at all."""
    async with RtspPeer() as peer:
        peer.answers["DESCRIBE"] = answer
        async with session(peer) as got:
            with pytest.raises(error) as caught:
                await got.client.describe()
        assert caught.value.reason is reason
        assert "html" not in str(caught.value)


async def test_continue_first() -> None:
    """An answer may be announced, and come without a number."""
    async with RtspPeer() as peer, session(peer) as got:
        whole = reply(body=peer.sdp).replace(b"CSeq: @\r\n", b"")
        peer.answers["DESCRIBE"] = b"RTSP/1.0 100 Continue\r\nCSeq: 1\r\n\r\n" + whole
        assert len((await got.client.describe()).media) == 2


async def test_no_session() -> None:
    """Without a session there is nothing to play."""
    async with RtspPeer() as peer, session(peer) as got:
        peer.answers["SETUP"] = reply()
        with pytest.raises(ProtocolError):
            await got.play()


async def test_hangs_up() -> None:
    """Who waits for an answer learns it, and so does who waits for nothing; then it is over."""
    async with RtspPeer() as peer, session(peer) as got:
        await got.client.describe()
        peer.answers["PLAY"] = None
        playing = asyncio.ensure_future(got.client.play())
        await until(lambda: "PLAY" in peer.methods)
        peer.hang_up()
        with pytest.raises(ConnectError) as caught:
            await playing
        assert caught.value.reason is Reason.CUT
        assert [each.reason for each in got.lost] == [Reason.CUT]
        with pytest.raises(ConnectError):
            await got.client.play()


async def test_nobody_there() -> None:
    """A port that is closed."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ConnectError) as caught:
        await RtspClient("127.0.0.1", port, "/", None).__aenter__()
    assert caught.value.reason is Reason.UNREACHABLE


async def test_used_before_it_is_open() -> None:
    """It is not connected then."""
    client = RtspClient("127.0.0.1", 9, "/", None)
    with pytest.raises(ConnectError):
        await client.describe()


async def test_the_camera_asks() -> None:
    """Its requests are answered, and change nothing."""
    async with RtspPeer() as peer, session(peer) as got:
        asked = (
            b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\nREDIRECT rtsp://x RTSP/1.0\r\nCSeq: 8\r\n\r\n"
        )
        peer.answers["DESCRIBE"] = asked + reply(body=peer.sdp)
        # What the client answers is no request, at which this peer ends.
        assert len((await got.client.describe()).media) == 2
        assert got.lost == []


async def test_a_flood_of_frames_does_not_stall() -> None:
    """Megabytes of empty frames are passed over, a little at a time."""
    async with RtspPeer() as peer, session(peer) as got:
        await got.play()
        peer.send(b"$\x09\x00\x00" * 500_000 + b"$\x00\x00\x01!")
        longest, before = 0.0, time.thread_time()
        while not got.received:
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, before = max(longest, now - before), now
        assert got.received == [b"!"]
        assert longest < 0.03


# -- Signs of life


async def test_keep_alive() -> None:
    """OPTIONS first, which tells of GET_PARAMETER; each with a report to the camera."""
    async with RtspPeer(timeout=1) as peer, session(peer) as got:
        await got.play()
        await until(lambda: peer.methods.count("GET_PARAMETER") >= 2)
        assert peer.methods[3:6] == ["OPTIONS", "GET_PARAMETER", "GET_PARAMETER"]
        times = [each.at for each in peer.heard[2:6]]
        assert all(0.2 < after - before < 0.6 for before, after in pairwise(times))
        assert {each.headers["session"] for each in peer.heard[3:]} == {"5cafe"}
        report = receiver_report(0)
        assert [channel for channel, _ in peer.frames[:2]] == [1, 1]
        assert peer.frames[0][1][8:] == report[8:12] + peer.frames[0][1][4:8] + report[16:]
        assert got.lost == []


@pytest.mark.parametrize("public", ["OPTIONS, PLAY", "GET_PARAMETER"])
async def test_keep_alive_by_options(public: str) -> None:
    """Where GET_PARAMETER is unknown, or refused after all."""
    async with RtspPeer(timeout=1) as peer, session(peer) as got:
        peer.answers["OPTIONS"] = reply(Public=public)
        peer.answers["GET_PARAMETER"] = reply(501)
        await got.play()
        await until(lambda: peer.methods.count("OPTIONS") >= 2)
        assert peer.methods.count("GET_PARAMETER") == (public == "GET_PARAMETER")
        assert got.lost == []


@pytest.mark.parametrize(("answer", "reason"), [(reply(454), Reason.CUT), (None, Reason.TIMEOUT)])
async def test_a_session_that_is_gone(answer: bytes | None, reason: Reason) -> None:
    """A camera that has forgotten the session, or answers no more, is lost."""
    async with RtspPeer(timeout=1) as peer, session(peer) as got:
        peer.answers["OPTIONS"] = answer
        await got.play()
        await until(lambda: got.lost)
        assert [each.reason for each in got.lost] == [reason]


async def test_a_camera_that_does_not_say_goodbye() -> None:
    """Hanging up waits for it no longer than it has to."""
    async with RtspPeer() as peer:
        peer.answers["TEARDOWN"] = None
        begun = time.monotonic()
        async with session(peer) as got:
            await got.play()
        assert time.monotonic() - begun < 2
        assert peer.methods[-1] == "TEARDOWN"
        assert got.lost == []


async def test_cancelled_while_asking() -> None:
    """Whoever gives up leaves no session behind."""
    async with RtspPeer() as peer:
        peer.answers["PLAY"] = None

        async def play() -> None:
            async with session(peer) as got:
                await got.play()

        task = asyncio.ensure_future(play())
        await until(lambda: "PLAY" in peer.methods)
        task.cancel()
        await asyncio.wait((task,))
        await until(lambda: not peer.connected)
        assert peer.methods[-1] == "TEARDOWN"
