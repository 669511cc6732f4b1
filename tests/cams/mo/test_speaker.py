"""What is said arrives in time, whole, and ends."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
import math

import pytest

from custom_components.panacam.cams.errors import BusyError, CameraError, ConnectError, Reason
from custom_components.panacam.cams.mo import speaker as speaker_module
from custom_components.panacam.cams.mo.device import MoDevice
from tests.cams.mo.support import device_of, gone, pictures_of, until
from tests.simulators.mo import DIALECTS, MoFault, MoSimulator, purity


def tone(count: int) -> bytes:
    """Return samples of 440 Hz."""
    step = 2 * math.pi * 440 / 8000
    values = (round(12000 * math.sin(step * at)) for at in range(count))
    return b"".join(value.to_bytes(2, "little", signed=True) for value in values)


async def chunks(sound: bytes, size: int, *, gap: float = 0) -> AsyncIterator[bytes]:
    """Yield sound in pieces."""
    for at in range(0, len(sound), size):
        yield sound[at : at + size]
        await asyncio.sleep(gap)


async def endless() -> AsyncIterator[bytes]:
    """Yield silence for ever."""
    while True:
        yield bytes(640)
        await asyncio.sleep(0)


async def stuck() -> AsyncIterator[bytes]:
    """Yield one packet, then nothing."""
    yield bytes(640)
    await asyncio.sleep(60)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_speak(socket_enabled: None, brief: None, dialect: str) -> None:
    """A tone is a tone, in packets of 160 bytes, numbered from 0, at their pace."""
    async with MoSimulator(dialect=DIALECTS[dialect]) as sim:
        device = device_of(sim)
        await device.connect()
        assert device.speaker.rate == 8000
        began = asyncio.get_running_loop().time()
        await device.speaker.speak(chunks(tone(2340), 333))
        lasted = asyncio.get_running_loop().time() - began
        talk = sim.talk
        await until(lambda: not sim.talking)
        assert lasted >= 8 * 0.04 - 0.01
        assert [packet.size for packet in talk.packets] == [160] * 8
        assert [packet.sequence for packet in talk.packets] == list(range(8))
        assert talk.starts == [1]
        assert (talk.strays, talk.malformed) == (0, 0)
        stamps = [packet.timestamp for packet in talk.packets]
        steps = [later - earlier for earlier, later in pairwise(stamps)]
        assert set(steps) <= {39, 40, 41}
        assert len(talk.samples) == 8 * 320
        assert purity(talk.samples[:2340], 440) > 0.99
        assert max(abs(sample) for sample in talk.samples[2370:]) < 1000
        await device.close()
        await gone(sim)


async def test_pace(sim: MoSimulator, device: MoDevice) -> None:
    """However fast the source is, not much is sent before its time."""
    began = asyncio.get_running_loop().time()
    await device.speaker.speak(chunks(tone(320 * 6), 100000))
    for number, packet in enumerate(sim.talk.packets):
        assert packet.arrived - began >= (number - speaker_module.AHEAD) * 0.04 - 0.02
    assert len(sim.talk.packets) == 6


async def test_slow_source(sim: MoSimulator, device: MoDevice) -> None:
    """A source that was late is not made up for by haste."""
    await device.speaker.speak(chunks(tone(320 * 3), 640, gap=0.08))
    assert len(sim.talk.packets) == 3
    assert min(sim.talk.pauses) > 0.05


@pytest.mark.parametrize("sound", [b"", b"\x01"])
async def test_hardly_a_sound(sim: MoSimulator, device: MoDevice, sound: bytes) -> None:
    """Nothing is said to the end at once; half a sample becomes a packet."""
    await device.speaker.speak(chunks(sound, 640))
    await until(lambda: not sim.talking and sim.clients[0].commands.count(13) == 1)
    assert len(sim.talk.packets) == len(sound)


async def test_while_looking(sim: MoSimulator, device: MoDevice) -> None:
    """Talk goes over the data connection that exists, and pictures go on."""
    async with device.pictures.source.open() as pieces:
        await pictures_of(pieces)
        await device.speaker.speak(chunks(tone(960), 640))
        assert sim.connections == 2
        assert len(sim.talk.packets) == 3
        assert await pictures_of(pieces, 3)
    await device.speaker.speak(chunks(tone(640), 640))
    assert len(sim.talk.packets) == 5


async def test_one_at_a_time(sim: MoSimulator, device: MoDevice) -> None:
    """Who comes second is told so, and may speak afterwards."""
    speaking = asyncio.create_task(device.speaker.speak(endless()))
    await until(lambda: sim.talk.packets)
    with pytest.raises(BusyError) as caught:
        await device.speaker.speak(chunks(tone(320), 640))
    assert caught.value.reason is Reason.SPEAKER_BUSY
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    await until(lambda: not sim.talking)
    await device.speaker.speak(chunks(tone(320), 640))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (MoFault.TALK_REFUSED, Reason.SPEAKER_BUSY),
        (MoFault.TALK_UNSUPPORTED, Reason.UNSUPPORTED),
        (MoFault.SECOND_CLIENT, Reason.SPEAKER_BUSY),
    ],
)
async def test_refused(sim: MoSimulator, device: MoDevice, fault: MoFault, reason: Reason) -> None:
    """The camera's refusals have their reasons."""
    sim.fault(fault)
    with pytest.raises(CameraError) as caught:
        await device.speaker.speak(chunks(tone(320), 640))
    assert caught.value.reason is reason
    assert sim.connections == 1


@pytest.mark.parametrize("way", ["data", "operation"])
async def test_lost(sim: MoSimulator, device: MoDevice, way: str) -> None:
    """A lost connection ends the speech, even one whose source says nothing."""
    speaking = asyncio.create_task(device.speaker.speak(stuck()))
    await until(lambda: sim.talk.packets)
    if way == "data":
        sim.drop_data()
    else:
        sim.drop_operation()
    with pytest.raises(ConnectError) as caught:
        await speaking
    assert caught.value.reason is Reason.CUT
    await device.speaker.speak(chunks(tone(320), 640))


async def test_source_that_fails(sim: MoSimulator, device: MoDevice) -> None:
    """A source's own fault is its caller's; the camera is told the end."""

    async def fail() -> AsyncIterator[bytes]:
        yield bytes(640)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await device.speaker.speak(fail())
    await until(lambda: not sim.talking and sim.talk.packets)


async def test_away(sim: MoSimulator, device: MoDevice, impatient: None) -> None:
    """A camera that is away hears nothing."""
    sim.fault(MoFault.CLOSE_ON_ACCEPT)
    sim.drop_operation()
    await until(lambda: device._link.error)
    with pytest.raises(ConnectError):
        await device.speaker.speak(chunks(tone(320), 640))
