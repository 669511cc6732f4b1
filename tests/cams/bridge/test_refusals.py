"""Why a camera does not show a stream, by name (10.5)."""

from collections.abc import AsyncGenerator
from dataclasses import replace
import time

import pytest

from custom_components.panacam.cams.bridge import Bridge, BridgeOptions, refusals
from custom_components.panacam.cams.bridge.refusals import named
from custom_components.panacam.cams.errors import (
    BusyError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.stream import Credentials, RtspStream, Transport
from tests.cams.bridge.support import alone, until
from tests.cams.net.rtsp_peer import RtspPeer, reply
from tests.simulators.onvif import OnvifSimulator

ERROR = RefusedError(Reason.REFUSED)
SDP = b"v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:a\r\nm=video 0 RTP/AVP 26\r\na=control:v\r\n"


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncGenerator[OnvifSimulator]:
    """Run a camera."""
    async with OnvifSimulator() as simulator:
        yield simulator
    await alone()


def stream_of(peer: OnvifSimulator | RtspPeer, codec: str = "h264") -> RtspStream:
    """Return a stream of a camera."""
    number = 3 if codec == "jpeg" else 1
    return RtspStream(
        key="1",
        label="",
        host="127.0.0.1",
        port=peer.port if isinstance(peer, RtspPeer) else peer.rtsp_port,
        path=f"/onvif/profile/{number}",
        transport=Transport.TCP,
        credentials=Credentials("admin", "Kamera/7"),
        codec=codec,
    )


@pytest.mark.parametrize("codec", ["h264", "jpeg"])
@pytest.mark.parametrize(
    ("method", "status", "reason"),
    [
        ("DESCRIBE", 453, Reason.TOO_MANY_CONNECTIONS),
        ("SETUP", 453, Reason.TOO_MANY_CONNECTIONS),
        ("PLAY", 453, Reason.TOO_MANY_CONNECTIONS),
        ("SETUP", 461, Reason.UNSUPPORTED),
        ("SETUP", 503, Reason.BUSY),
        ("DESCRIBE", 404, None),
    ],
)
async def test_of_a_camera(
    sim: OnvifSimulator, codec: str, method: str, status: int, reason: Reason | None
) -> None:
    """A hub has the camera's own reason, whoever was refused."""
    sim.rtsp.refuse(method, status)
    bridge = Bridge(BridgeOptions(ring=1))
    hub = bridge.hub(stream_of(sim, codec))
    hub.keep()
    await until(lambda: hub.error)
    assert hub.error is not None
    assert hub.error.reason is (reason or Reason.UNSUPPORTED)
    await bridge.close()
    await until(lambda: not sim.rtsp.sessions)


async def test_what_is_known_is_not_asked(socket_enabled: None) -> None:
    """Only for what FFmpeg does not name the camera is troubled, and not where it cannot be."""
    async with RtspPeer(sdp=SDP) as peer:
        known = ConnectError(Reason.CUT)
        assert await named(known, stream_of(peer)) is known
        for transport in (Transport.HTTP, Transport.MULTICAST):
            other = replace(stream_of(peer), transport=transport)
            assert await named(ERROR, other) is ERROR
        assert not peer.heard


async def test_nothing_better(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that shows it now, asks for another login, or says nothing: the error stays."""
    monkeypatch.setattr(refusals, "TIMEOUT", 0.3)
    async with RtspPeer(sdp=SDP) as peer:
        assert await named(ERROR, stream_of(peer)) is ERROR
        assert peer.methods == ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
        assert peer.last("SETUP").uri.endswith("/v")
        peer.answers["DESCRIBE"] = reply(401)
        assert await named(ERROR, stream_of(peer)) is ERROR
        peer.answers["DESCRIBE"] = None
        begun = time.monotonic()
        assert await named(ERROR, stream_of(peer)) is ERROR
        assert time.monotonic() - begun < 1
        peer.answers["DESCRIBE"] = reply(453)
        found = await named(ERROR, stream_of(peer))
        assert (type(found), found.reason) == (BusyError, Reason.TOO_MANY_CONNECTIONS)
