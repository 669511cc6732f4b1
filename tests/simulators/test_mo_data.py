"""The simulated MO camera's data connection: pictures, sound and talk."""

import asyncio
from collections.abc import AsyncIterator
import struct
import time

import pytest

from tests.simulators.mo import Dialect, Layout, MoSimulator, drift, purity, read_counter
from tests.simulators.mo.adpcm import decode, tone
from tests.simulators.mo.vectors import load, samples
from tests.simulators.mo_client import SOUND, VIDEO, MoClient, until
from tests.simulators.test_mo_pictures import decoded, luma


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncIterator[MoSimulator]:
    """Give a camera with small pictures, and many of them."""
    async with MoSimulator(size=(320, 240), fps=60) as simulator:
        yield simulator


def number(picture: bytes) -> int:
    """Read the number of a picture."""
    frame = decoded(picture)
    found = read_counter(luma(frame), frame.width, frame.height)
    assert found is not None
    return found


async def test_pictures(sim: MoSimulator) -> None:
    """Pictures come in order, each at the time the camera says it sent it."""
    async with MoClient(sim) as client:
        before = time.monotonic()
        await client.start_video()
        numbers = [number(await client.picture()) for _ in range(8)]
        assert numbers == list(range(numbers[0], numbers[0] + 8))
        times = [sim.sent_at(one) for one in numbers]
        assert before < times[0] < times[-1] < time.monotonic()
        assert times == sorted(times)
        with pytest.raises(KeyError):
            sim.sent_at(numbers[0] - 1)
        assert sim.pictures_sent >= 8
        assert sim.streaming_video == 1
        sim.set_size((640, 480))
        while decoded(await client.picture()).width != 640:
            pass
        client.operation.send(6)
        await until(lambda: sim.streaming_video == 0)
        client.operation.send(4, b"\2")
        assert await client.operation.find(5) == b"\0\0"
        assert await client.picture()


async def test_two_watch(sim: MoSimulator) -> None:
    """Two clients have ids of their own and get the same pictures."""
    async with MoClient(sim) as one, MoClient(sim) as other:
        await one.start_video()
        await other.start_video()
        await until(lambda: sim.streaming_video == 2)
        assert len({client.data_id for client in sim.clients}) == 2
        wanted = number(await other.picture())
        while number(await one.picture()) < wanted:
            pass
        sim.drop_operation()
        await until(lambda: not sim.connections)


async def test_times(sim: MoSimulator) -> None:
    """Time stamps are in 10 ms beside seconds, and jump when the clock is set."""
    async with MoClient(sim) as client:
        await client.start_video()
        first, seconds, reserved, _ = VIDEO.unpack_from(await client.data.find(1))
        assert abs(seconds - time.time()) < 5
        assert reserved == 0
        sim.jump_time(-3600)
        async with asyncio.timeout(3):
            while VIDEO.unpack_from(await client.data.find(1))[0] > first:
                pass
    dialect = Dialect(milliseconds=True, picture_reserved=1, pictures=Layout(jfif=False))
    async with (
        MoSimulator(size=(320, 240), fps=60, dialect=dialect) as other,
        MoClient(other) as client,
    ):
        await client.start_video()
        texts = [await client.data.find(1) for _ in range(2)]
        (first, frame, reserved, _), (second, *_) = (VIDEO.unpack_from(text) for text in texts)
        assert frame == number(texts[0][VIDEO.size :])
        assert reserved == 1
        assert 0 < second - first < 1000


async def test_sound(sim: MoSimulator) -> None:
    """The tone comes in packets of 160 bytes from the beginning of the stream."""
    async with MoClient(sim) as client:
        await client.start_audio()
        packets = [await client.sound() for _ in range(10)]
        assert [sequence for sequence, _ in packets] == list(range(10))
        assert [data for _, data in packets[:2]] == [load("adpcm/tone_1"), load("adpcm/tone_2")]
        wave = decode(data for _, data in packets)
        assert purity(wave, 440) > 0.99
        sim.stop_audio()
        client.operation.send(4, b"\1")
        assert len(await client.operation.find(5)) == 2
        assert await client.picture()
        sim.resume_audio()
        assert await client.sound()
        client.operation.send(10)
        client.operation.send(8, b"\1")
        while (await client.sound())[0] != 0:
            pass


async def test_sound_with_state(socket_enabled: None) -> None:
    """Three bytes more and another first number, where the dialect has them."""
    dialect = Dialect(audio_state=True, audio_sequence=5635087)
    async with MoSimulator(dialect=dialect) as sim, MoClient(sim) as client:
        await client.start_audio()
        texts = [await client.data.find(2) for _ in range(2)]
        vector = load("data/audio_data_with_state")[23:]
        assert [SOUND.unpack_from(text)[1] for text in texts] == [5635087, 5635088]
        assert texts[1][-163:] == vector[-163:]
        assert texts[0][-3:] == bytes(3)
        assert len(texts[0]) == len(vector)


async def test_talk(sim: MoSimulator) -> None:
    """Talk is decoded and measured; one client talks at a time."""
    async with MoClient(sim) as client, MoClient(sim) as other:
        data = await client.start_talk()
        await other.log_in()
        assert await other.operation.ask(11, b"\1", 12) == b"\2\0"
        packets = [load("data/talk_data")[23:]]
        for at in range(1, 60):
            head = struct.pack("<IIIBI", at * 40, at, 1262304000, 0, 160)
            packets.append(head + tone(440).packet(at)[0])
        for packet in packets:
            data.send(3, packet)
        await until(lambda: len(sim.talk.packets) == 60)
        talk = sim.talk
        assert talk.samples[:320] == samples("adpcm/tone_1")
        assert (talk.packets[0].timestamp, talk.packets[0].seconds) == (12345678, 1262304000)
        assert talk.purity(440) > 0.99
        assert talk.drift < 60
        assert (talk.gaps, talk.strays, talk.malformed, talk.starts) == (0, 0, 0, [1])
        assert len(talk.pauses) == 59
        data.send(3, packets[5])
        data.send(3, packets[6][:-1])
        data.send(3, b"?")
        await until(lambda: talk.malformed == 2)
        assert talk.gaps == 1
        talk.reset()
        client.operation.send(13)
        await until(lambda: not sim.talking)
        data.send(3, packets[0])
        await until(lambda: talk.strays == 1)
        assert talk.packets == []
        assert len(await other.operation.ask(11, b"\2", 12)) == 6
        assert talk.starts == [2]
        assert drift(talk.samples) == 0


async def test_data_connection_comes_and_goes(sim: MoSimulator) -> None:
    """Lost alone, it leaves the client logged in; a new request has the id again."""
    async with MoClient(sim) as client:
        data = await client.start_video()
        await client.picture()
        sim.drop_data()
        await data.ended()
        await until(lambda: not sim.data_connections)
        assert (sim.verified, sim.streaming_video) == (1, 0)
        granted = await client.operation.ask(4, b"\1", 5)
        assert len(granted) == 6
        older = await client.open_data(granted)
        await client.picture()
        newer = await client.open_data(granted)
        assert (await newer.read())[0] == 1
        await older.ended()
        assert len(sim.data_connections) == 1
        client.operation.close()
        await newer.ended()


async def test_data_keep_alive(socket_enabled: None) -> None:
    """Where the dialect wants them, the data connection has keep-alives of its own."""
    dialect = Dialect(keep_alive_data=True)
    async with (
        MoSimulator(keep_alive=0.05, silence=0.4, dialect=dialect) as sim,
        MoClient(sim) as client,
    ):
        data = await client.start_talk()
        for _ in range(4):
            assert await data.raw() == load("data/keep_alive")
            data.send(255)
            client.operation.send(255)
        await until(lambda: sim.data_connections[0].keep_alives == 4)
        while sim.data_connections:
            client.operation.send(255)
            await asyncio.sleep(0.02)
        assert sim.verified == 1


async def test_slow_reader(socket_enabled: None) -> None:
    """Who does not read misses pictures, and costs the camera no memory."""
    async with (
        MoSimulator(fps=200, send_buffer=1 << 15) as sim,
        MoClient(sim) as slow,
        MoClient(sim) as quick,
    ):
        data = await slow.start_video()
        # Stop the client's loop from reading ahead.
        data.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await quick.start_video()
        async with asyncio.timeout(5):
            while not sim.pictures_dropped:
                await quick.picture()
        waiting = [
            one.link.writer.transport.get_write_buffer_size() for one in sim.data_connections
        ]
        assert max(waiting) < 1 << 18
        sent = sim.pictures_sent
        await quick.picture()
        await until(lambda: sim.pictures_sent > sent)
