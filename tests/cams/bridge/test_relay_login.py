"""Whom the readable password is given to, and when a group is thought of at all."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from custom_components.panacam.cams.bridge import Bridge, BridgeOptions
from custom_components.panacam.cams.bridge.packets import Kind
from custom_components.panacam.cams.bridge.reader import RtspReader
from custom_components.panacam.cams.bridge.refusals import named
from custom_components.panacam.cams.bridge.relay import UnlikeError, Ways, playable
from custom_components.panacam.cams.bridge.timeline import Timeline
from custom_components.panacam.cams.errors import (
    AuthError,
    CameraError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.net import dial
from custom_components.panacam.cams.net.login import LoginRecord
from custom_components.panacam.cams.stream import Credentials, RtspStream, Transport
from tests.cams.bridge.support import alone, until
from tests.cams.bridge.watching import Gathering
from tests.cams.net.rtsp_peer import Answer, RtspPeer, reply
from tests.simulators.onvif import OnvifSimulator

BASIC = reply(401, WWW_Authenticate='Basic realm="x"')
LOGIN = Credentials("admin", "Kamera/7")
GROUP_SDP = b"v=0\nm=video 0 RTP/AVP 96\nc=IN IP4 239.192.77.1/3\na=rtpmap:96 H264/90000\n"
OWN_SDP = b"v=0\nm=video 0 RTP/AVP 96\nc=IN IP4 0.0.0.0\na=rtpmap:96 H264/90000\n"


@pytest.fixture(autouse=True)
async def _sockets(socket_enabled: None) -> AsyncGenerator[None]:
    """Allow real sockets; leave nothing behind."""
    yield
    await alone()


def stream_of(
    peer: RtspPeer, record: LoginRecord | None, transport: Transport = Transport.AUTO
) -> RtspStream:
    """Return a stream of whoever is there."""
    return RtspStream(
        key="1",
        label="",
        host="127.0.0.1",
        port=peer.port,
        path="/s",
        transport=transport,
        credentials=LOGIN,
        logins=record,
    )


async def error_of(stream: RtspStream) -> CameraError:
    """Return why a stream ends."""
    reader = RtspReader(
        stream,
        timeline=Timeline(),
        epoch=0.0,
        deliver=lambda *_: pytest.fail("a packet"),
        ways=Ways(),
    )
    with pytest.raises(CameraError) as caught:
        async with asyncio.timeout(20):
            await reader.run()
    return caught.value


def passwords(peer: RtspPeer) -> list[str]:
    """Return the logins that somebody was given."""
    return [each.headers["authorization"] for each in peer.heard if "authorization" in each.headers]


# -- Readable passwords


@pytest.mark.parametrize(
    "transport",
    [Transport.AUTO, Transport.TCP, Transport.UDP, Transport.HTTP, Transport.MULTICAST],
)
async def test_pinned(transport: Transport) -> None:
    """Who asks for the readable password of a camera that has a certificate is given none."""
    async with RtspPeer(answers={"OPTIONS": BASIC, "DESCRIBE": BASIC}) as peer:
        error = await error_of(stream_of(peer, LoginRecord(pinned=True), transport))
        assert passwords(peer) == []
        if transport is not Transport.HTTP:
            assert isinstance(error, AuthError)
            assert "DESCRIBE" in peer.methods


async def test_others_are_given_it() -> None:
    """The test above could see it."""
    async with RtspPeer(answers={"OPTIONS": BASIC, "DESCRIBE": BASIC}) as peer:
        await error_of(stream_of(peer, LoginRecord(), Transport.TCP))
        assert any(login.startswith("Basic ") for login in passwords(peer))
        peer.heard.clear()
        await error_of(stream_of(peer, LoginRecord(), Transport.MULTICAST))
        assert any(login.startswith("Basic ") for login in passwords(peer))


async def test_digest_was_taken() -> None:
    """Our own questions give no readable password to what is said to be a camera of Digest."""
    record = LoginRecord(digest_seen=True)
    refused = RefusedError(Reason.REFUSED)
    async with RtspPeer(answers={"DESCRIBE": BASIC}) as peer:
        error = await error_of(stream_of(peer, record, Transport.MULTICAST))
        assert isinstance(error, AuthError)
        assert await named(refused, stream_of(peer, record)) is refused
        assert peer.methods.count("DESCRIBE") == 2
        assert passwords(peer) == []


async def test_pinned_camera_plays() -> None:
    """A camera of Digest shows pictures and sound, and FFmpeg never has the password."""
    async with OnvifSimulator() as sim:
        stream = RtspStream(
            key="1",
            label="",
            host=sim.host,
            port=sim.rtsp_port,
            path="/onvif/profile/1",
            credentials=Credentials(sim.username, sim.password),
            logins=LoginRecord(pinned=True),
        )
        async with playable(stream) as local:
            assert (local.credentials, local.host) == (None, "127.0.0.1")
            assert local.port != stream.port
        bridge = Bridge(BridgeOptions(ring=0, shared=False))
        assert bridge.shares(stream)
        assert not bridge.shares(replace(stream, logins=LoginRecord()))
        try:
            async with bridge.hub(stream).packets() as viewer, Gathering(viewer) as got:
                for kind in (Kind.VIDEO, Kind.SOUND):
                    await until(
                        lambda kind=kind: sum(each.kind is kind for each in got.packets) > 5
                    )
        finally:
            await bridge.close()
        wishes = [call.headers.get("transport", "") for call in sim.rtsp.requests]
        assert all("interleaved" in wish for wish in wishes if wish)
        logins = [call.headers.get("authorization", "") for call in sim.rtsp.requests]
        assert {login.partition(" ")[0] for login in logins} == {"", "Digest"}
        await until(lambda: not sim.rtsp.sessions)


# -- Groups


@pytest.mark.parametrize(
    ("sdp", "answers", "tried"),
    [
        (GROUP_SDP, {}, True),
        (OWN_SDP, {}, False),
        (b"x", {}, False),
        (OWN_SDP, {"SETUP": reply(461)}, True),
        (OWN_SDP, {"SETUP": reply(Session="1", Transport="RTP/AVP;multicast")}, True),
        (OWN_SDP, {"SETUP": reply(503)}, False),
    ],
)
async def test_who_hangs_up(
    sdp: bytes, answers: dict[str, Answer | list[Answer]], *, tried: bool
) -> None:
    """A camera that restarts is asked again as before; one that goes on, and names a group, there.

    What comes in between makes it begin anew.
    """
    ways, came = Ways(), list[Transport]()
    errors: list[CameraError] = [UnlikeError(Reason.CUT)]

    async def attempt(way: RtspStream) -> None:
        came.append(way.transport)
        raise errors[0] if way.transport is Transport.AUTO else ConnectError(Reason.CUT)

    async with RtspPeer(sdp=sdp, answers=answers) as peer:
        stream = stream_of(peer, None)

        async def turn() -> list[Transport]:
            came.clear()
            with pytest.raises(CameraError):
                await ways.by_any(stream, attempt)
            return came

        assert await turn() == [Transport.AUTO]
        errors[0] = ConnectError(Reason.CUT)  # it played meanwhile
        assert await turn() == [Transport.AUTO]
        errors[0] = UnlikeError(Reason.CUT)
        assert await turn() == [Transport.AUTO]
        assert not peer.heard
        expected = [Transport.AUTO, Transport.MULTICAST] if tried else [Transport.AUTO]
        assert await turn() == expected
        assert await turn() == expected
        assert peer.methods.count("DESCRIBE") == 2
    assert await turn() == [Transport.AUTO]


async def test_names_of_mdns(monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg does not know them, so it is told the address; other names it looks up itself."""

    async def look_up(host: str) -> list[str]:
        if host == "away.local":
            raise OSError
        return ["192.0.2.9"]

    dialer = dial.Dialer()
    dialer.look_up_by(look_up)
    monkeypatch.setattr("custom_components.panacam.cams.bridge.relay.DIALER", dialer)
    stream = RtspStream(key="1", label="", host="", port=554, path="/s")
    for host, found in (
        ("Camera.Local", "192.0.2.9"),
        ("camera.local.", "192.0.2.9"),
        ("away.local", "away.local"),
        ("camera.example", "camera.example"),
        ("192.0.2.1", "192.0.2.1"),
    ):
        async with playable(replace(stream, host=host)) as told:
            assert told.host == found
