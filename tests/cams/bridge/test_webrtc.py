"""One browser by WebRTC: with a stand-in for aiortc, and with aiortc where it is installed."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import importlib
import sys
from types import ModuleType
from typing import Any

import pytest

from custom_components.panacam.cams.bridge import Ended, Format, Kind, Packet, PictureHub
from custom_components.panacam.cams.bridge.packets import TICKS
from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason, RefusedError
from tests.cams.bridge.support import H264, FakeSource, packet, playing, read, stream_of, until
from tests.cams.bridge.test_publish import ScriptedHub

NAME = "custom_components.panacam.cams.bridge.webrtc"
CANDIDATE = "candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host"


# -- A stand-in for the few names of aiortc that are in use


class StandInError(Exception):
    """Whatever aiortc may raise."""


class StandInTrack:
    """What aiortc's senders take from."""

    kind = "unknown"


@dataclass
class StandInServer:
    """A STUN or TURN server."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


@dataclass
class StandInConfiguration:
    """The settings of a connection."""

    iceServers: list[StandInServer] | None = None  # noqa: N815 - aiortc's name


@dataclass
class StandInDescription:
    """An offer or an answer."""

    sdp: str
    type: str


@dataclass
class StandInCodec:
    """What can be sent."""

    mimeType: str  # noqa: N815 - aiortc's name
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass
class StandInTransceiver:
    """The place of a track in a connection."""

    track: StandInTrack
    direction: str
    mid: str | None = None
    preferences: list[StandInCodec] = field(default_factory=list)

    def setCodecPreferences(self, codecs: list[StandInCodec]) -> None:  # noqa: N802 - aiortc's name
        """Note the order."""
        self.preferences = codecs


class StandInConnection:
    """A connection in the test's hand."""

    made: StandInConnection

    def __init__(self, configuration: StandInConfiguration) -> None:
        """Remember the newest."""
        type(self).made = self
        self.configuration = configuration
        self.connectionState = "new"
        self.candidates: list[Any] = []
        self.closed = False
        self.localDescription = StandInDescription("", "answer")
        self._listeners: dict[str, Callable[[], None]] = {}
        self._transceivers: list[StandInTransceiver] = []

    @property
    def transceiver(self) -> StandInTransceiver:
        """The only one."""
        (transceiver,) = self._transceivers
        return transceiver

    def on(self, event: str, listener: Callable[[], None]) -> None:
        """Listen."""
        self._listeners[event] = listener

    def become(self, state: str) -> None:
        """Change the state."""
        self.connectionState = state
        self._listeners["connectionstatechange"]()

    def addTransceiver(self, track: StandInTrack, direction: str) -> StandInTransceiver:  # noqa: N802
        """Note it."""
        self._transceivers.append(StandInTransceiver(track, direction))
        return self.transceiver

    async def setRemoteDescription(self, description: StandInDescription) -> None:  # noqa: N802
        """Take an offer of one word."""
        assert description.type == "offer"
        if description.sdp == "rubbish":
            raise StandInError
        if description.sdp == "video":
            self.transceiver.mid = "0"

    async def createAnswer(self) -> StandInDescription:  # noqa: N802
        """Answer in one word."""
        return StandInDescription("answer", "answer")

    async def setLocalDescription(self, description: StandInDescription) -> None:  # noqa: N802
        """Add our addresses."""
        self.localDescription = StandInDescription(f"{description.sdp} from here", "answer")

    async def addIceCandidate(self, candidate: Any) -> None:  # noqa: N802
        """Note it."""
        self.candidates.append(candidate)

    async def close(self) -> None:
        """Note it."""
        self.closed = True


@dataclass
class StandInCandidate:
    """An address."""

    text: str
    sdpMid: str | None = None  # noqa: N815 - aiortc's name
    sdpMLineIndex: int | None = None  # noqa: N815 - aiortc's name


def candidate_from_sdp(text: str) -> StandInCandidate:
    """Read an address."""
    assert len(text.split()) >= 8
    return StandInCandidate(text)


def capabilities(_kind: str) -> Any:
    """Return what aiortc can send, in its order."""
    codecs = [
        StandInCodec("video/VP8"),
        StandInCodec("video/rtx"),
        *(
            StandInCodec("video/H264", {"packetization-mode": "1", "profile-level-id": profile})
            for profile in ("42001f", "42e01f")
        ),
    ]
    return type("Capabilities", (), {"codecs": codecs})


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    """Import the module with the stand-in in aiortc's place."""
    names: dict[str, Any] = {
        "MediaStreamError": StandInError,
        "MediaStreamTrack": StandInTrack,
        "RTCConfiguration": StandInConfiguration,
        "RTCIceServer": StandInServer,
        "RTCPeerConnection": StandInConnection,
        "RTCRtpCodecCapability": StandInCodec,
        "RTCRtpSender": type("Sender", (), {"getCapabilities": staticmethod(capabilities)}),
        "RTCSessionDescription": StandInDescription,
    }
    aiortc, sdp = ModuleType("aiortc"), ModuleType("aiortc.sdp")
    vars(aiortc).update(names)
    vars(sdp)["candidate_from_sdp"] = candidate_from_sdp
    monkeypatch.setitem(sys.modules, "aiortc", aiortc)
    monkeypatch.setitem(sys.modules, "aiortc.sdp", sdp)
    rdata = ModuleType("dns.rdata")
    vars(rdata)["load_all_types"] = lambda: None
    monkeypatch.setitem(sys.modules, "dns.rdata", rdata)
    yield imported(monkeypatch)
    sys.modules.pop(NAME, None)


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    """Import the module with aiortc, if that is installed."""
    pytest.importorskip("aiortc")
    # Only this machine with itself, whatever addresses it has.
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda *_, **__: ["127.0.0.1"])
    yield imported(monkeypatch)
    sys.modules.pop(NAME, None)


@pytest.fixture(params=["stand_in", "real"])
def module(request: pytest.FixtureRequest) -> Any:
    """Import the module with either."""
    return request.getfixturevalue(request.param)


def imported(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import the module anew."""
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    return importlib.import_module(NAME)


def video(seconds: float, *, key: bool = False, size: int = 10) -> Packet:
    """Return a packet of video."""
    return packet(seconds, key=key, size=size)


@asynccontextmanager
async def peer_of(module: Any, hub: Any, **options: Any) -> AsyncGenerator[Any]:
    """Connect nobody yet."""
    peer = module.Peer(hub, **options)
    try:
        yield peer
    finally:
        await peer.close()
        await hub.close()


# -- What waits for a browser


async def test_the_newest_group_waits(module: Any) -> None:
    """Until the browser takes, only the newest keyframe and what follows is kept, in a hurry."""
    backlog = module.Backlog()
    backlog.add([video(0.5), video(1, key=True), packet(1, kind=Kind.SOUND), video(1.1)])
    backlog.add([video(2, key=True), video(2.1), video(2.2)])
    taken = [await backlog.take() for _ in range(3)]
    assert [each.key for each in taken] == [True, False, False]
    assert taken[-1].pts == round(2.2 * TICKS)
    assert [taken[-1].pts - each.pts for each in taken] == [180, 90, 0]


async def test_later_packets_have_their_times(module: Any) -> None:
    """Only what came before the browser did is in a hurry; a keyframe displaces nothing later."""
    backlog = module.Backlog()
    backlog.add([video(1, key=True)])
    await backlog.take()
    backlog.add([video(2), video(3, key=True)])
    assert [(await backlog.take()).pts for _ in range(2)] == [2 * TICKS, 3 * TICKS]


async def test_what_waits_is_bounded(module: Any) -> None:
    """A browser that takes nothing loses up to the next keyframe."""
    backlog = module.Backlog()
    backlog.add([video(1, key=True)])
    await backlog.take()
    size = module.MAX_BYTES // 10
    for at in range(25):
        backlog.add([video(2 + at / 10, size=size)])
        assert backlog._bytes <= module.MAX_BYTES
    backlog.add([video(9, key=True)])
    assert (await backlog.take()).pts == 9 * TICKS


async def test_take_waits_and_ends(module: Any) -> None:
    """Who waits is woken by a packet, and by the end."""
    backlog = module.Backlog()
    taking = asyncio.create_task(backlog.take())
    await asyncio.sleep(0)
    backlog.add([video(1, key=True)])
    assert (await taking).key
    taking = asyncio.create_task(backlog.take())
    await asyncio.sleep(0)
    backlog.end()
    with pytest.raises(Ended):
        await taking


async def test_the_track(stand_in: Any) -> None:
    """Aiortc gets PyAV's packets, and its own error at the end."""
    backlog = stand_in.Backlog()
    track = stand_in.HubTrack(backlog)
    backlog.add([video(1.5, key=True)])
    ours = await track.recv()
    assert bytes(ours) == bytes(10)
    assert ours.pts * ours.time_base == 1.5
    backlog.end()
    with pytest.raises(StandInError):
        await track.recv()


# -- The connection, with the stand-in


async def test_answer(stand_in: Any) -> None:
    """H.264 in the profile of all browsers first, one direction, no server but the given."""
    hub = ScriptedHub()
    async with peer_of(stand_in, hub, servers=[(["stun:stun.example:3478"], None, None)]) as peer:
        assert await peer.answer("video") == "answer from here"
        connection = StandInConnection.made
        assert connection.transceiver.direction == "sendonly"
        assert [
            codec.parameters.get("profile-level-id", codec.mimeType)
            for codec in connection.transceiver.preferences
        ] == ["42e01f", "42001f", "video/rtx"]
        assert connection.configuration.iceServers == [StandInServer(["stun:stun.example:3478"])]
    assert connection.closed


async def test_no_server_of_its_own_choice(stand_in: Any) -> None:
    """An empty list, not None, for which aiortc asks a server on the internet."""
    async with peer_of(stand_in, ScriptedHub()):
        assert StandInConnection.made.configuration.iceServers == []


@pytest.mark.parametrize("offer", ["rubbish", "sound"])
async def test_no_answer(stand_in: Any, offer: str) -> None:
    """What cannot be met is refused."""
    async with peer_of(stand_in, ScriptedHub()) as peer:
        with pytest.raises(RefusedError) as caught:
            await peer.answer(offer)
        assert caught.value.reason is Reason.UNSUPPORTED


async def test_candidates(stand_in: Any) -> None:
    """They wait for the offer; rubbish is passed over, and so is what is too much."""
    async with peer_of(stand_in, ScriptedHub()) as peer:
        early = asyncio.create_task(peer.add_candidate(CANDIDATE, "0", None))
        await asyncio.sleep(0)
        connection = StandInConnection.made
        assert not connection.candidates
        await peer.answer("video")
        await early
        await peer.add_candidate("candidate:rubbish", "0", 0)
        await peer.add_candidate("", None, None)
        first, last = connection.candidates
        assert first.text == CANDIDATE.removeprefix("candidate:")
        assert first.sdpMid == "0"
        assert last is None
        for _ in range(2 * stand_in.MAX_CANDIDATES):
            await peer.add_candidate(CANDIDATE, "0", 0)
        assert len(connection.candidates) < stand_in.MAX_CANDIDATES
        late = asyncio.create_task(peer.add_candidate(CANDIDATE, "0", 0))
    await late


async def test_close_frees_candidates(stand_in: Any) -> None:
    """Those that wait for an offer do not wait for ever."""
    async with peer_of(stand_in, ScriptedHub()) as peer:
        early = asyncio.create_task(peer.add_candidate(CANDIDATE, "0", 0))
        await asyncio.sleep(0)
    await early
    assert not StandInConnection.made.candidates


async def test_run_until_the_browser_goes(stand_in: Any) -> None:
    """Packets go to the track, over a change of the format, until then."""
    hub = ScriptedHub()
    hub.past = (H264, [video(1, key=True)])
    async with peer_of(stand_in, hub) as peer:
        await peer.answer("video")
        running = asyncio.create_task(peer.run())
        connection = StandInConnection.made
        connection.become("connecting")
        connection.become("connected")
        track: Any = connection.transceiver.track
        assert (await track.recv()).pts == TICKS
        hub.past = (Format(video="h264", width=128, height=96), [video(2, key=True)])
        hub.push(*hub.past[:1], *hub.past[1])
        assert (await track.recv()).pts == 2 * TICKS
        assert hub.viewers == 1
        connection.become("failed")
        await running
        assert hub.viewers == 0


async def test_run_with_another_codec(stand_in: Any) -> None:
    """H.265 is nothing that aiortc can send."""
    hub = ScriptedHub()
    hub.past = (Format(video="hevc", width=64, height=48), [video(1, key=True)])
    async with peer_of(stand_in, hub) as peer:
        await peer.answer("video")
        with pytest.raises(RefusedError) as caught:
            await peer.run()
        assert caught.value.reason is Reason.UNPLAYABLE


async def test_run_without_pictures(stand_in: Any) -> None:
    """The camera's reason is what ends it."""
    hub = ScriptedHub()
    hub.failing = [ConnectError(Reason.NO_PICTURE)]
    async with peer_of(stand_in, hub) as peer:
        await peer.answer("video")
        with pytest.raises(CameraError) as caught:
            await peer.run()
        assert caught.value.reason is Reason.NO_PICTURE


async def test_nobody_connects(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that was answered and never comes is given up."""
    monkeypatch.setattr(stand_in, "CONNECT_TIMEOUT", 0.01)
    async with peer_of(stand_in, ScriptedHub()) as peer:
        await peer.answer("video")
        with pytest.raises(ConnectError) as caught:
            await peer.run()
        assert caught.value.reason is Reason.TIMEOUT


# -- With aiortc at both ends


@asynccontextmanager
async def browser_of(module: Any, peer: Any, *kinds: str) -> AsyncGenerator[Any]:
    """Connect a browser that wants to be sent `kinds`."""
    browser = module.RTCPeerConnection(module.RTCConfiguration(iceServers=[]))
    try:
        for kind in kinds:
            browser.addTransceiver(kind, direction="recvonly")
        await browser.setLocalDescription(await browser.createOffer())
        answer = await peer.answer(browser.localDescription.sdp)
        await browser.setRemoteDescription(module.RTCSessionDescription(answer, "answer"))
        yield browser
    finally:
        await browser.close()


async def test_a_browser_sees_the_camera(real: Any, socket_enabled: None) -> None:
    """Pictures in their order, the newest first; sound is wanted in vain; hanging up ends it."""
    source = FakeSource()
    hub = PictureHub(stream_of(source), ring=5)
    async with playing(source), peer_of(real, hub) as peer:
        async with browser_of(real, peer, "audio", "video") as browser:
            running = asyncio.create_task(peer.run())
            (track,) = [
                each.receiver.track for each in browser.getTransceivers() if each.kind == "video"
            ]
            numbers = [read(await track.recv()).number for _ in range(20)]
            assert numbers == sorted(numbers)
            assert len(set(numbers)) > 10
            audio = next(each for each in browser.getTransceivers() if each.kind == "audio")
            assert audio.currentDirection == "inactive"
            assert hub.viewers == 1
        await running
        await until(lambda: not hub.viewers)


async def test_a_browser_without_h264(real: Any, socket_enabled: None) -> None:
    """It is refused, with nothing left open."""
    hub = ScriptedHub()
    async with peer_of(real, hub) as peer:
        browser = real.RTCPeerConnection(real.RTCConfiguration(iceServers=[]))
        transceiver = browser.addTransceiver("video", direction="recvonly")
        codecs = real.RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([each for each in codecs if each.mimeType == "video/VP8"])
        await browser.setLocalDescription(await browser.createOffer())
        with pytest.raises(RefusedError):
            await peer.answer(browser.localDescription.sdp)
        await browser.close()


@pytest.mark.parametrize("offer", ["", "v=0\r\n", "v=0\r\nm=video 9 X 1\r\n", "\x00" * 1000])
async def test_rubbish_for_an_offer(real: Any, offer: str) -> None:
    """Whatever aiortc makes of it, we refuse it."""
    async with peer_of(real, ScriptedHub()) as peer:
        with pytest.raises(RefusedError):
            await peer.answer(offer)
