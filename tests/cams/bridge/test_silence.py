"""Sound that stops: players would hold the pictures back to wait for it."""

from dataclasses import replace
import io
from itertools import pairwise
import time

import av
import pytest

from custom_components.panacam.cams.bridge import hub as hub_module, rtsp as module
from custom_components.panacam.cams.bridge.mpegts import TsMuxer
from custom_components.panacam.cams.bridge.packets import TICKS, Kind, Packet
from custom_components.panacam.cams.bridge.rtsp import RtspHub
from custom_components.panacam.cams.bridge.silence import Silence
from tests.cams.bridge.support import H264, packet, until
from tests.cams.bridge.test_rtsp_hub import FakeReader, hub, start  # noqa: F401 - a fixture
from tests.cams.bridge.test_standin import camera
from tests.cams.bridge.watching import Gathering

TALKING = replace(H264, sound_rate=16_000, channels=2)


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (16_000, 2), (48_000, 6)])
def test_nothing_is_heard(rate: int, channels: int) -> None:
    """The packets are AAC of the camera's kind, follow each other without a gap, and are silent."""
    silence = Silence(rate, channels)
    packets = list(silence.between(10 * TICKS, 11 * TICKS))
    assert {b.dts - a.dts for a, b in pairwise(packets)} == {silence.duration}
    assert packets[0].dts == 10 * TICKS
    assert 11 * TICKS - 2 * silence.duration <= packets[-1].dts < 11 * TICKS - silence.duration
    muxer = TsMuxer(replace(H264, sound_rate=rate, channels=channels))
    data = muxer.mux(packets)
    muxer.close()
    with av.open(io.BytesIO(data), "r") as container:
        frames = list(container.decode(audio=0))
    assert len(frames) >= len(packets) - 2
    assert {frame.sample_rate for frame in frames} == {rate}
    assert {len(frame.layout.channels) for frame in frames} == {channels}
    assert abs(frames[-1].to_ndarray()).max() < 1e-3


def test_too_many_channels() -> None:
    """For what has no name there is no silence."""
    with pytest.raises(ValueError, match="channels"):
        Silence(48_000, 7)


def sounds(packets: list[Packet]) -> list[int]:
    """Return the times of the sound."""
    return [each.dts for each in packets if each.kind is Kind.SOUND]


@pytest.mark.usefixtures("patient")
async def test_sound_stops(hub: RtspHub) -> None:  # noqa: F811 - the fixture
    """Silence takes its place, in the ring too, up to a little behind the pictures."""
    at = start(hub)
    reader = FakeReader.made[0]
    reader.send(camera(range(30), start=at), TALKING)
    reader.send([packet(at, kind=Kind.SOUND)], TALKING)
    await until(lambda: sounds(hub._packets.packets())[-1] > (at + 1) * TICKS)
    async with hub.packets() as viewer, Gathering(viewer) as seen:
        reader.send(camera(range(30), start=at + 2), TALKING)
        await until(lambda: sounds(seen.packets)[-1:] > [(at + 2.9) * TICKS])
        heard = sounds(seen.packets)
    assert heard == sorted(set(heard))
    assert max(b - a for a, b in pairwise(heard)) < TICKS / 4


@pytest.mark.usefixtures("patient")
async def test_silence_while_standing_in(hub: RtspHub) -> None:  # noqa: F811 - the fixture
    """The marked picture has silence beside it, even if no sound ever came."""
    reader = FakeReader.made[0]
    reader.send(camera(range(10), start=start(hub) - 2), TALKING)
    async with hub.packets() as viewer, Gathering(viewer) as seen:
        await until(lambda: sounds(seen.packets))
        reader.end()
        shown = len(seen.packets)
        await until(lambda: sounds(seen.packets[shown:]))


@pytest.mark.usefixtures("patient")
async def test_no_silence_without_a_name(hub: RtspHub) -> None:  # noqa: F811 - the fixture
    """A camera with eight channels is left alone."""
    reader = FakeReader.made[0]
    reader.send(camera(range(30), start=start(hub)), replace(TALKING, channels=8))
    await until(lambda: hub._silence is not None)
    assert not sounds(hub._packets.packets())


async def test_a_user_is_not_locked_out(
    hub: RtspHub,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A camera that refuses the login is asked again after a long while only."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await real(min(seconds, 0.01))

    real = module.asyncio.sleep
    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    before = time.monotonic()
    FakeReader.made[0].deny()
    await until(lambda: hub_module.DENIED_WAIT in waits)
    assert time.monotonic() - before < 30
