"""Faults of the simulated MO camera, each as a client sees it; and how the camera ends."""

import asyncio
from collections.abc import AsyncIterator
import subprocess
import sys
from typing import Final

import av
import pytest

from tests.simulators.mo import DIALECTS, FOREVER, Channel, Dialect, MoFault, MoSimulator
from tests.simulators.mo.vectors import load
from tests.simulators.mo_client import ENDED, HEADER, VIDEO, MoClient, Wire, until
from tests.simulators.test_mo_pictures import decoded

ALIVE: Final = load("operation/keep_alive")
LOGIN: Final = load("operation/login_resp")


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncIterator[MoSimulator]:
    """Give a camera with small pictures, and many of them."""
    async with MoSimulator(size=(320, 240), fps=60) as simulator:
        yield simulator


async def login_bytes(sim: MoSimulator, count: int) -> bytes:
    """Send Login_Req, and give the first bytes that come."""
    async with MoClient(sim) as client:
        client.operation.send(0)
        async with asyncio.timeout(3):
            return await client.operation.reader.readexactly(count)


async def no_picture(client: MoClient) -> None:
    """Wait until pictures have stopped; TimeoutError if they do not."""
    async with asyncio.timeout(3):
        while True:
            try:
                async with asyncio.timeout(0.1):
                    await client.picture()
            except TimeoutError:
                return


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (MoFault.WRONG_MAGIC, b"MO_X" + LOGIN[4:]),
        (MoFault.HUGE_LENGTH, LOGIN[:15] + b"\xf0\xff\xff\xff" + LOGIN[19:]),
        (MoFault.STALLED_FRAME, LOGIN[:25]),
        (MoFault.GLUED, ALIVE + ALIVE + LOGIN + ALIVE),
        (MoFault.BYTE_BY_BYTE, LOGIN),
        (MoFault.ROVER_59, load("operation/login_resp_rover_59")[:23]),
        (MoFault.ROVER_62, load("operation/login_resp_rover_62")[:23]),
    ],
)
async def test_frames(sim: MoSimulator, fault: MoFault, answer: bytes) -> None:
    """A faulty frame looks as its fault says, and cleared faults are over."""
    sim.fault(fault)
    assert await login_bytes(sim, len(answer)) == answer
    sim.clear()
    assert await login_bytes(sim, len(LOGIN)) == LOGIN


async def test_rover(sim: MoSimulator) -> None:
    """The Rover's answer is the vector but for the firmware."""
    sim.fault("rover_59", times=1)
    wanted = load("operation/login_resp_rover_59")
    found = await login_bytes(sim, len(wanted))
    assert found[:46] + found[50:] == wanted[:46] + wanted[50:]


async def test_one_connection_only(sim: MoSimulator) -> None:
    """A fault of frames can be kept to one connection, and strikes as often as is said."""
    sim.fault(MoFault.TRUNCATED, on=Channel.DATA)
    sim.fault(MoFault.UNKNOWN_OPCODES, times=2, on=Channel.OPERATION)
    async with MoClient(sim) as client:
        client.operation.send(0)
        assert (await client.operation.read())[0] != 1
        assert (await client.operation.read())[0] == 1
        await client.verify("admin", "12345")
        assert client.operation.reader.at_eof() is False
        data = await client.open_data(await client.operation.ask(4, b"\1", 5))
        rest = await data.ended()
        assert HEADER.unpack_from(rest)[4] > len(rest)
        assert await client.operation.ask(16, b"", 17)


@pytest.mark.parametrize("fault", [MoFault.GLUED, MoFault.BYTE_BY_BYTE, MoFault.UNKNOWN_OPCODES])
async def test_odd_but_right(sim: MoSimulator, fault: MoFault) -> None:
    """Frames that only come in odd ways are all there."""
    sim.fault(fault)
    async with MoClient(sim) as client:
        await client.start_video()
        for _ in range(5):
            decoded(await client.picture())
        sim.clear(fault)
        for _ in range(5):
            decoded(await client.picture())


async def test_deaf_cameras(sim: MoSimulator) -> None:
    """Some faults are that nothing comes, while the connection stays."""
    sim.fault(MoFault.NO_LOGIN_ANSWER)
    async with MoClient(sim) as client:
        client.operation.send(0)
        await until(lambda: bool(sim.clients) and bool(sim.clients[0].commands))
        sim.clear()
        await client.log_in()
        sim.fault(MoFault.NO_PARAMETERS, times=1)
        client.operation.send(16)
        granted = await client.operation.ask(4, b"\1", 5)
        await client.open_data(granted)
        await client.picture()
        sim.fault(MoFault.SILENT)
        client.operation.send(16)
        assert await sim.motion() == 1
        await client.picture()
        sim.fault(MoFault.FREEZE)
        await no_picture(client)
        sim.clear()
        assert await client.operation.ask(16, b"", 17)
        assert await client.picture()
        sim.stall()
        await no_picture(client)
        sim.resume()
        assert await client.picture()


@pytest.mark.parametrize(
    ("fault", "code", "text"),
    [
        (MoFault.LOGIN_REFUSED, 0, b"\2\0"),
        (MoFault.WRONG_USER, 2, b"\1\0"),
        (MoFault.WRONG_PASSWORD, 2, b"\5\0"),
        (MoFault.NO_PRIVILEGE, 2, b"\6\0"),
        (MoFault.VIDEO_REFUSED, 4, b"\2\0"),
        (MoFault.AUDIO_REFUSED, 8, b"\2\0"),
        (MoFault.AUDIO_UNSUPPORTED, 8, b"\7\0"),
        (MoFault.TALK_REFUSED, 11, b"\2\0"),
        (MoFault.TALK_UNSUPPORTED, 11, b"\7\0"),
    ],
)
async def test_refusals(sim: MoSimulator, fault: MoFault, code: int, text: bytes) -> None:
    """Each refusal is as its fault says, as often as is said."""
    sim.fault(fault, times=1)
    async with MoClient(sim) as client:
        for step in range(2, code, 2):
            if step == 2:
                await client.log_in()
        if code == 2:
            assert (await client.log_in())[1] == text
            assert (await client.log_in())[1] == bytes(3)
            return
        assert await client.operation.ask(code, b"\1", code + 1) == text
        if code:
            assert len(await client.operation.ask(code, b"\1", code + 1)) == 6
        else:
            assert await client.operation.ended() == b""


async def test_pictures(sim: MoSimulator) -> None:
    """Each bad picture is bad in its own way, once; the next is good."""
    async with MoClient(sim) as client:
        await client.start_video()
        sim.fault(MoFault.EMPTY_JPEG)
        while await client.picture():
            pass
        sim.fault(MoFault.TRUNCATED_JPEG)
        while (await client.picture()).endswith(b"\xff\xd9"):
            pass
        sim.fault(MoFault.CORRUPT_JPEG)
        bad = await client.picture()
        while b"\xff\xd8\xff\xfe\xa5\xff\xc8" not in bad:
            bad = await client.picture()
        with pytest.raises(av.FFmpegError):
            decoded(bad)
        sim.fault(MoFault.SIZE_CHANGE, times=2)
        widths = [decoded(await client.picture()).width for _ in range(8)]
        assert widths.count(640) == 2
        sim.fault(MoFault.LENGTH_MISMATCH)
        text = await client.data.find(1)
        while VIDEO.unpack_from(text)[3] == len(text) - VIDEO.size:
            text = await client.data.find(1)
        assert VIDEO.unpack_from(text)[3] == len(text) - VIDEO.size + 1000
        decoded(await client.picture())


async def test_connections(sim: MoSimulator) -> None:
    """Doors that close at once, floods, and a data connection that is lost alone."""
    sim.fault(MoFault.CLOSE_ON_ACCEPT, times=1)
    with pytest.raises(ENDED):
        await login_bytes(sim, 1)
    sim.fault(MoFault.FLOOD)
    assert b"MO_O" not in (await login_bytes(sim, 100_000))[:4]
    await until(lambda: not sim.connections)
    sim.clear()
    sim.fault(MoFault.DATA_LOST, seconds=0.05)
    async with MoClient(sim) as client:
        await client.start_video()
        await client.data.ended()
        await client.open_data(await client.operation.ask(4, b"\1", 5))
        assert await client.picture()
        assert sim.verified == 1


async def test_reboot(sim: MoSimulator) -> None:
    """Everyone is dropped, nobody gets in for a while, and the camera is back on its port."""
    port = sim.port
    async with MoClient(sim) as client:
        await client.start_video()
        sim.fault(MoFault.REBOOT, seconds=0.1)
        await client.operation.ended()
        await client.data.ended()
        with pytest.raises(ConnectionRefusedError):
            await Wire.open(sim, b"MO_O")
        async with asyncio.timeout(3):
            while True:
                try:
                    await (await Wire.open(sim, b"MO_O")).ask(0, b"", 1)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.01)
                else:
                    break
        assert sim.port == port
    again = asyncio.create_task(sim.reboot(60))
    await asyncio.sleep(0)
    again.cancel()


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
async def test_stop_in_the_middle(socket_enabled: None, dialect: Dialect) -> None:
    """With clients of all kinds, one of which does not read, stopping ends everything."""
    tasks = asyncio.all_tasks()
    sim = MoSimulator(fps=100, dialect=dialect, search_port=0)
    await sim.start()
    async with MoClient(sim) as client, MoClient(sim) as slow, MoClient(sim) as stranger:
        await client.start_video()
        await client.picture()
        data = await slow.start_video()
        data.writer.transport.pause_reading()  # type: ignore[attr-defined]
        sim.fault(MoFault.BYTE_BY_BYTE, times=FOREVER)
        await until(lambda: sim.streaming_video == 2)
        await client.picture()
        sim.fault(MoFault.REBOOT, seconds=60)
        await sim.stop()
        assert await stranger.operation.ended() == b""
        assert not sim.connections
        await until(lambda: asyncio.all_tasks() == tasks)
    await sim.stop()


@pytest.mark.timeout(30)
def test_command() -> None:
    """`python -m tests.simulators mo` says where the camera is, and ends when told to."""
    options = ("--port", "0", "--search-port", "0", "--fault", "glued=3", "--user", "me:secret")
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.simulators", "mo", *options],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.terminate()
        assert process.wait(10) == 0
    assert lines[0].startswith("MO camera at 127.0.0.1:")
    assert lines[1] == "login  me / secret\n"
    assert lines[2].startswith("search UDP ")


def test_sizes_are_checked() -> None:
    """A size that cannot be drawn is refused before anything runs."""
    with pytest.raises(ValueError, match="352"):
        MoSimulator(size=(352, 288))
