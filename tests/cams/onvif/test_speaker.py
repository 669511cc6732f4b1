"""What is said arrives in time, whole, and ends (10.4)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from itertools import pairwise
import time

import numpy as np
import pytest

from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.net import rtsp_client
from custom_components.panacam.cams.net.rtp import read_rtp
from custom_components.panacam.cams.onvif import speaker as module
from custom_components.panacam.cams.onvif.addresses import Place, split
from custom_components.panacam.cams.onvif.speaker import BACK_CHANNEL, OnvifSpeaker
from custom_components.panacam.cams.stream import Credentials
from tests.cams.bridge.support import TONE, frequency_of, loudness, tone, until
from tests.cams.net.rtsp_peer import RtspPeer, reply
from tests.simulators.onvif import Auth, OnvifSimulator


@pytest.fixture(autouse=True)
def _brief(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow real sockets, and wait for nobody as long as for a camera."""
    monkeypatch.setattr(module, "BUFFER", 0.1)
    monkeypatch.setattr(rtsp_client, "REQUEST_TIMEOUT", 1.0)
    monkeypatch.setattr(rtsp_client, "FAREWELL_TIMEOUT", 0.3)


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncGenerator[OnvifSimulator]:
    """Run a camera with a loudspeaker."""
    async with OnvifSimulator() as simulator:
        yield simulator


def speaker_of(sim: OnvifSimulator | RtspPeer, *, password: str | None = None) -> OnvifSpeaker:
    """Return the loudspeaker of a camera."""
    if isinstance(sim, RtspPeer):
        place: Place | None = Place("127.0.0.1", sim.port, False, "/s")
        login = Credentials("admin", "Kamera/7")
    else:
        place = split(sim.camera.rtsp_url("/onvif/profile/1"))
        login = Credentials(sim.username, password or sim.password)

    async def locate() -> Place:
        assert place is not None
        return place

    return OnvifSpeaker(locate, login)


async def chunks(sound: bytes, size: int = 1600, *, gap: float = 0) -> AsyncIterator[bytes]:
    """Yield sound in pieces."""
    for at in range(0, len(sound), size):
        yield sound[at : at + size]
        await asyncio.sleep(gap)


async def endless() -> AsyncIterator[bytes]:
    """Yield silence for ever."""
    while True:
        yield bytes(1600)
        await asyncio.sleep(0)


async def stuck() -> AsyncIterator[bytes]:
    """Yield a little, then nothing."""
    yield bytes(1600)
    await asyncio.sleep(60)


async def nothing() -> AsyncIterator[bytes]:
    """Yield no sound."""
    for _ in range(3):
        yield b""


@pytest.mark.parametrize("auth", [Auth.DIGEST, Auth.NONE])
@pytest.mark.parametrize("codec", ["PCMU", "PCMA", "MPEG4-GENERIC"])
async def test_speak(codec: str, auth: Auth) -> None:
    """A tone is a tone, at its pace; only the back channel is set up, and the session ended."""
    async with OnvifSimulator(auth=auth) as sim:
        sim.camera.media.streaming.back_channel = (codec,)
        speaker = speaker_of(sim)
        assert await speaker.probe()
        rate = 16_000 if codec == "MPEG4-GENERIC" else 8000
        assert speaker.rate == rate
        sim.rtsp.requests.clear()
        begun = time.monotonic()
        await speaker.speak(chunks(tone(0, 1.0, rate=rate)))
        assert 1.0 < time.monotonic() - begun < 2.0
        samples = np.array(sim.rtsp.heard.samples, np.float64) / 32768
        assert len(samples) / rate == pytest.approx(1.0, abs=0.2)
        assert frequency_of(samples[rate // 4 : 3 * rate // 4], rate) == pytest.approx(TONE, abs=3)
        assert loudness(samples[rate // 4 : 3 * rate // 4]) == pytest.approx(0.26, abs=0.03)
        assert sim.rtsp.heard.malformed == 0
        assert not sim.rtsp.sessions
        calls = [call for call in sim.rtsp.requests if "authorization" in call.headers]
        calls = calls if auth is Auth.DIGEST else list(sim.rtsp.requests)
        assert [call.method for call in calls] == ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
        assert {call.headers["require"] for call in calls} == {BACK_CHANNEL}
        assert calls[1].uri.endswith("/audioback")


async def test_packets(sim: OnvifSimulator) -> None:
    """Numbers and times follow each other; the first one has the marker; none comes early."""
    await speaker_of(sim).speak(chunks(tone(0, 1.0)))
    packets = list(sim.rtsp.heard.packets)
    assert len(packets) >= 50
    assert {(each.size, each.payload_type) for each in packets} == {(160, 0)}
    assert [each.marker for each in packets] == [True] + [False] * (len(packets) - 1)
    for before, after in pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert (after.timestamp - before.timestamp) & 0xFFFF_FFFF == 160
    first = packets[0]
    for number, each in enumerate(packets):
        assert each.time - first.time >= number * 0.02 - module.AHEAD - 0.03


async def test_a_late_source(sim: OnvifSimulator) -> None:
    """Where the source was late, the time stamps leave a gap, which the marker ends."""
    await speaker_of(sim).speak(chunks(tone(0, 0.3), gap=0.4))
    packets = list(sim.rtsp.heard.packets)
    gaps = [
        (after.timestamp - before.timestamp) & 0xFFFF_FFFF
        for before, after in pairwise(packets)
        if after.marker
    ]
    assert len(gaps) >= 2
    assert all(1500 < gap < 8000 for gap in gaps)


async def test_nothing_to_say(sim: OnvifSimulator) -> None:
    """Silence without a sample is no packet, and over at once."""
    async with asyncio.timeout(2):
        await speaker_of(sim).speak(nothing())
    assert not sim.rtsp.heard.packets


async def test_cancelled(sim: OnvifSimulator) -> None:
    """It falls silent at once, and the session ends."""
    speaker = speaker_of(sim)
    task = asyncio.ensure_future(speaker.speak(endless()))
    await until(lambda: len(sim.rtsp.heard.packets) > 10)
    begun = time.monotonic()
    task.cancel()
    await asyncio.wait((task,))
    assert task.cancelled()
    assert time.monotonic() - begun < 1
    count = len(sim.rtsp.heard.packets)
    await asyncio.sleep(0.2)
    assert len(sim.rtsp.heard.packets) == count
    assert not sim.rtsp.sessions
    await speaker.speak(chunks(tone(0, 0.1)))


async def test_busy(sim: OnvifSimulator) -> None:
    """One speaks at a time."""
    speaker = speaker_of(sim)
    task = asyncio.ensure_future(speaker.speak(stuck()))
    await until(lambda: sim.rtsp.heard.packets)
    with pytest.raises(BusyError) as caught:
        await speaker.speak(endless())
    assert caught.value.reason is Reason.SPEAKER_BUSY
    assert len(sim.rtsp.sessions) == 1
    task.cancel()
    await asyncio.wait((task,))


@pytest.mark.parametrize("method", ["SETUP", "PLAY"])
@pytest.mark.parametrize("status", [453, 503])
async def test_busy_with_another(sim: OnvifSimulator, method: str, status: int) -> None:
    """So does a camera that somebody else speaks to."""
    sim.rtsp.refuse(method, status, times=1)
    speaker = speaker_of(sim)
    with pytest.raises(BusyError) as caught:
        await speaker.speak(endless())
    assert caught.value.reason is Reason.SPEAKER_BUSY
    await speaker.speak(chunks(tone(0, 0.1)))


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (551, RefusedError, Reason.UNSUPPORTED),
        (404, RefusedError, Reason.NOT_FOUND),
        (403, RefusedError, Reason.NO_PRIVILEGE),
        (454, ConnectError, Reason.CUT),
    ],
)
async def test_refused(
    sim: OnvifSimulator, status: int, error: type[CameraError], reason: Reason
) -> None:
    """The camera's refusal is told; for `probe` it is a camera that does not listen."""
    sim.rtsp.refuse("DESCRIBE", status)
    speaker = speaker_of(sim)
    with pytest.raises(error) as caught:
        await speaker.speak(endless())
    assert caught.value.reason is reason
    if error is RefusedError:
        assert not await speaker.probe()
    else:
        with pytest.raises(error):
            await speaker.probe()


async def test_no_loudspeaker() -> None:
    """A camera without an output knows no back channel (551)."""
    async with OnvifSimulator(audio_output=False) as sim:
        speaker = speaker_of(sim)
        assert not await speaker.probe()
        with pytest.raises(RefusedError) as caught:
            await speaker.speak(endless())
        assert caught.value.reason is Reason.UNSUPPORTED


async def test_nothing_that_we_speak(sim: OnvifSimulator) -> None:
    """A description without a medium for us is none, too."""
    sim.camera.media.streaming.back_channel = ("PCMU",)
    async with RtspPeer(sdp=b"v=0\r\nm=audio 0 RTP/AVP 0\r\na=recvonly\r\n") as peer:
        speaker = speaker_of(peer)
        assert not await speaker.probe()
        with pytest.raises(RefusedError) as caught:
            await speaker.speak(endless())
        assert caught.value.reason is Reason.UNSUPPORTED
        assert set(peer.methods) == {"DESCRIBE"}


async def test_wrong_password(sim: OnvifSimulator) -> None:
    """It is not taken for a camera without a loudspeaker."""
    speaker = speaker_of(sim, password="wrong")
    with pytest.raises(AuthError):
        await speaker.probe()
    with pytest.raises(AuthError):
        await speaker.speak(endless())


async def test_tls_is_refused() -> None:
    """What could not be sent in secret is not sent at all."""

    async def locate() -> Place:
        return Place("127.0.0.1", 9, True, "/")

    speaker = OnvifSpeaker(locate, None)
    assert not await speaker.probe()
    with pytest.raises(RefusedError):
        await speaker.speak(endless())


@pytest.mark.parametrize("source", [endless, stuck])
async def test_the_camera_goes_away(sim: OnvifSimulator, source: object) -> None:
    """Whoever speaks learns it, even while the source says nothing."""
    speaker = speaker_of(sim)
    assert callable(source)
    task = asyncio.ensure_future(speaker.speak(source()))
    await until(lambda: sim.rtsp.heard.packets)
    for connection in sim.rtsp.connections:
        connection.abort()
    with pytest.raises(ConnectError) as caught:
        async with asyncio.timeout(2):
            await task
    assert caught.value.reason is Reason.CUT
    sim.rtsp.heard.clear()
    await speaker.speak(chunks(tone(0, 0.1)))
    assert sim.rtsp.heard.packets


async def test_a_camera_that_reads_no_more() -> None:
    """Its farewell is not waited for, and what it does not take is not kept for it."""
    async with RtspPeer() as peer:
        peer.answers["PLAY"] = lambda _heard: (
            peer.writers[-1].transport.pause_reading(),  # type: ignore[attr-defined] # it can
            reply(),
        )[1]
        task = asyncio.ensure_future(speaker_of(peer).speak(chunks(tone(0, 0.5))))
        async with asyncio.timeout(5):
            await task
        assert "TEARDOWN" not in peer.methods


async def test_udp() -> None:
    """A camera that wants no sound on the connection gets it by UDP."""
    async with RtspPeer(udp=True) as peer:
        await speaker_of(peer).speak(chunks(tone(0, 0.2)))
        packets = [read_rtp(each) for each in peer.datagrams]
        assert len(packets) >= 10
        assert {each.payload_type for each in packets if each} == {8}
        assert peer.methods == ["DESCRIBE", "SETUP", "SETUP", "PLAY", "TEARDOWN"]


async def test_long_sounds_keep_the_session(sim: OnvifSimulator) -> None:
    """Signs of life go between the packets."""
    sim.camera.media.streaming.session_timeout = 1.0
    await speaker_of(sim).speak(chunks(tone(0, 2.5)))
    assert len(sim.rtsp.heard.samples) >= 20_000
    assert [call.method for call in sim.rtsp.requests].count("GET_PARAMETER") >= 3


async def test_the_loop_goes_on(sim: OnvifSimulator) -> None:
    """Speaking holds nothing up: encoding is done elsewhere."""
    task = asyncio.ensure_future(speaker_of(sim).speak(chunks(tone(0, 1.0), 16_000)))
    longest, before = 0.0, time.thread_time()
    while not task.done():
        await asyncio.sleep(0.001)
        now = time.thread_time()
        longest, before = max(longest, now - before), now
    await task
    assert longest < 0.03
