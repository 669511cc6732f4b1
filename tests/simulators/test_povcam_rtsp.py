"""RTSP of the simulated Panasonic camera, with hand-written requests and with PyAV."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
import socket
import threading

import av
import pytest

from tests.simulators.povcam import Auth, Delivery, PovcamSimulator, RtspFault
from tests.simulators.rtsp_client import RtspClient

VECTORS = Path(__file__).parents[1] / "vectors" / "povcam"
TCP = "RTP/AVP/TCP;unicast;interleaved=0-1"


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncIterator[PovcamSimulator]:
    """Give a recorder without authentication, on the real clock."""
    async with PovcamSimulator(auth=Auth.NONE) as simulator:
        yield simulator


@asynccontextmanager
async def connect(sim: PovcamSimulator, stream: int = 1) -> AsyncIterator[RtspClient]:
    """Open a connection to a stream."""
    reader, writer = await asyncio.open_connection(sim.host, sim.rtsp_port)
    try:
        async with asyncio.timeout(5):
            yield RtspClient(reader, writer, sim.rtsp_url(stream))
    finally:
        writer.transport.abort()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`, three seconds at most."""
    async with asyncio.timeout(3):
        while not condition():  # noqa: ASYNC110 - nothing to be told by
            await asyncio.sleep(0.01)


async def endless(client: RtspClient) -> None:
    """Read media until the connection ends."""
    while True:
        await client.frame()


def media_threads() -> int:
    """Count the running encoders."""
    return sum(thread.name == "povcam-media" for thread in threading.enumerate())


async def test_description(sim: PovcamSimulator) -> None:
    """OPTIONS and DESCRIBE answer as printed, and the sound goes with its switch (12, 13.1)."""
    video = sim.camera.video[1]
    video.framerate = "30"
    async with connect(sim) as client:
        reply = await client.ask("OPTIONS")
        public = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, TEARDOWN"
        assert reply.headers["public"] == public
        reply = await client.ask("DESCRIBE", Accept="application/sdp")
        assert reply.headers["content-base"] == f"{client.url}/"
        assert reply.headers["content-type"] == "application/sdp"
        for name in ("sdp_video_audio.sdp", "sdp_video_only.sdp"):
            printed = (VECTORS / name).read_bytes().decode()
            assert reply.body == printed.replace("192.0.2.10", "127.0.0.1")
            sim.camera.audio = False
            reply = await client.ask("DESCRIBE")
        assert (await client.ask("SET_PARAMETER")).status == 501
        client.url = client.url.replace("mediainput", "MediaInput")
        assert (await client.ask("DESCRIBE")).status == 200


async def test_interleaved_media(sim: PovcamSimulator) -> None:
    """Own channel numbers, parameter sets before the IDR picture, sound with its header (13-15)."""
    async with connect(sim) as client:
        for track, channels in ((1, "20-21"), (2, "22-23")):
            reply = await client.set_up(track, TCP)
            assert reply.headers["session"].endswith(";timeout=120")
            wanted = f"RTP/AVP/TCP;unicast;interleaved={channels};ssrc=00000000"
            assert reply.headers["transport"] == wanted
        reply = await client.ask("PLAY", "/")
        first = int(reply.headers["rtp-info"].split("seq=")[1].split(";")[0])
        pictures: list[bytes] = []
        sounds: list[bytes] = []
        reports: set[int] = set()
        while len(sounds) < 5 or len(pictures) < 5:
            channel, data = await client.frame()
            match channel:
                case 20:
                    pictures.append(data)
                case 22:
                    sounds.append(data)
                case _:
                    assert data[:2] == b"\x80\xc8"
                    reports.add(channel)
        assert reports == {21, 23}
        assert all(packet[0] == 0x90 and packet[1] & 0x7F == 98 for packet in pictures)
        assert all(packet[8:16] == bytes(4) + b"\0\0\0\1" for packet in pictures)
        numbers = [int.from_bytes(packet[2:4]) for packet in pictures]
        assert numbers == [(first + at) & 0xFFFF for at in range(len(numbers))]
        kinds = [packet[20] & 0x1F for packet in pictures]
        assert kinds[:2] == [7, 8]
        assert kinds[2] in (5, 28)
        assert [packet[1] >> 7 for packet in pictures[:2]] == [0, 0]
        for packet in sounds:
            assert packet[:2] == b"\x80\xe3"
            assert packet[12:14] == b"\x00\x10"
            assert int.from_bytes(packet[14:16]) >> 3 == len(packet) - 16
        session = sim.rtsp.connections[0].session
        assert session is not None
        client.writer.write(b"$\x15\x00\x20" + bytes(32))
        assert (await client.ask("GET_PARAMETER", "/")).status == 200
        assert session.reports == 1
        assert (await client.ask("PAUSE", "/")).status == 200
        assert media_threads() == 0
        assert (await client.ask("TEARDOWN", "/")).status == 200
        assert (await client.ask("PLAY", "/")).status == 454


async def test_refusals(sim: PovcamSimulator) -> None:
    """Statuses of requests that cannot be done (12)."""
    async with connect(sim) as client:
        assert (await client.ask("DESCRIBE", "3")).status == 404
        assert (await client.ask("SETUP", "", Transport=TCP)).status == 459
        assert (await client.set_up(1, "RAW/RAW/UDP;unicast")).status == 461
        assert (await client.ask("PLAY", "/")).status == 454
        client.session = "1"
        assert (await client.set_up(1, TCP)).status == 454
        client.session = ""
        sim.camera.audio = False
        assert (await client.set_up(2, TCP)).status == 404
        sim.camera.h264_transmit[1] = False
        assert (await client.set_up(1, TCP)).status == 503
        client.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await client.reader.read() == b""
    sim.camera.mode = "rec_pb"
    async with connect(sim, stream=2) as client:
        assert (await client.set_up(1, TCP)).status == 503


async def test_login(socket_enabled: None) -> None:
    """With User auth. on, RTSP wants the same users as HTTP."""
    async with PovcamSimulator(user_auth=True) as sim, connect(sim) as client:
        assert (await client.ask("OPTIONS")).status == 200
        challenge = (await client.ask("DESCRIBE")).headers["www-authenticate"]
        client.log_in(challenge, "DESCRIBE", "", "viewer", "wrong")
        assert (await client.ask("DESCRIBE")).status == 401
        client.log_in(challenge, "DESCRIBE", "", "viewer", "viewer")
        assert (await client.ask("DESCRIBE")).status == 200


@pytest.mark.parametrize(("transport", "scheme"), [("tcp", Auth.DIGEST), ("udp", Auth.BASIC)])
async def test_decodes(socket_enabled: None, transport: str, scheme: Auth) -> None:
    """PyAV logs in, plays and decodes picture and sound without an error."""

    def decode(url: str) -> tuple[list[int], int, str | None]:
        options = {"rtsp_transport": transport, "timeout": "5000000"}
        with av.open(url, options=options) as container:
            video, sound = container.streams.video[0], container.streams.audio[0]
            assert sound.codec_context.sample_rate == 48000
            times: list[int] = []
            samples = 0
            for packet in container.demux(video, sound):
                for frame in packet.decode():
                    if isinstance(frame, av.VideoFrame):
                        assert (frame.width, frame.height) == (640, 360)
                        times.append(frame.pts or 0)
                    elif isinstance(frame, av.AudioFrame):
                        samples += frame.samples
                if len(times) >= 10 and samples >= 20000:
                    break
            return times, samples, video.codec_context.profile

    async with PovcamSimulator(auth=scheme, user_auth=True) as sim:
        done: asyncio.Future[tuple[list[int], int, str | None]]
        done = asyncio.get_running_loop().create_future()
        url = sim.rtsp_url(user="viewer")
        loop = asyncio.get_running_loop()

        def work() -> None:
            try:
                result = decode(url)
            except Exception as error:  # noqa: BLE001 - handed to the test
                loop.call_soon_threadsafe(done.set_exception, error)
            else:
                loop.call_soon_threadsafe(done.set_result, result)

        thread = threading.Thread(target=work)
        thread.start()
        times, _, profile = await asyncio.wait_for(done, 10)
        thread.join()
        assert profile == "High"
        assert {after - before for before, after in pairwise(times)} == {6000}
        await until(lambda: not sim.rtsp.connections)
        assert media_threads() == 0


async def test_manual_ports(sim: PovcamSimulator) -> None:
    """Unicast (MANUAL) sends to the menu's ports, whatever the client asks for (13.1)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        port = receiver.getsockname()[1]
        sim.camera.video[1].delivery = Delivery.UNICAST_MANUAL
        sim.camera.video[1].unicast_port = port
        async with connect(sim) as client:
            assert (await client.set_up(1, TCP)).status == 461
            reply = await client.set_up(1, "RTP/AVP;unicast;client_port=5000-5001")
            assert f";client_port={port}-{port + 1};server_port=" in reply.headers["transport"]
            await client.ask("PLAY", "/")
            loop = asyncio.get_running_loop()
            packet = await asyncio.wait_for(loop.sock_recv(receiver, 2000), 3)
            assert packet[1] & 0x7F == 98


async def test_multicast(sim: PovcamSimulator) -> None:
    """One set of packets goes to the group for all sessions, and PAUSE is ignored (13.2)."""
    video = sim.camera.video[1]
    video.delivery = Delivery.MULTICAST
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.bind(("", video.multicast_port))
        member = socket.inet_aton(video.multicast_address) + socket.inet_aton("127.0.0.1")
        receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        receiver.setblocking(False)
        async with connect(sim) as first, connect(sim) as second:
            for client in (first, second):
                reply = await client.set_up(1, "RTP/AVP;multicast;client_port=52944-52945")
                assert reply.headers["transport"] == (
                    "RTP/AVP/UDP;multicast;destination=239.192.0.20;ttl=16;port=37004-37005"
                )
                await client.ask("PLAY", "/")
            await first.ask("PAUSE", "/")
            loop = asyncio.get_running_loop()
            packets = [await asyncio.wait_for(loop.sock_recv(receiver, 2000), 3) for _ in range(4)]
            numbers = [int.from_bytes(packet[2:4]) for packet in packets]
            assert numbers == [(numbers[0] + at) & 0xFFFF for at in range(4)]
            await first.ask("TEARDOWN", "/")
            assert media_threads() == 1
            await second.ask("TEARDOWN", "/")
            assert media_threads() == 0


async def test_session_dies_of_silence(socket_enabled: None) -> None:
    """Without a request the session ends, in spite of receiver reports (13, 14)."""
    async with PovcamSimulator(auth=Auth.NONE, session_timeout=0.4) as sim:
        async with connect(sim) as client:
            await client.play_tcp(1)
            for _ in range(3):
                await asyncio.sleep(0.2)
                await client.ask("GET_PARAMETER", "/")
            for _ in range(3):
                client.writer.write(b"$\x15\x00\x04" + bytes(4))
                await asyncio.sleep(0.2)
            await until(lambda: not sim.rtsp.connections)
        assert media_threads() == 0


async def test_faults(sim: PovcamSimulator) -> None:
    """REFUSE closes at once, STALL stops the media, DROP cuts the connection."""
    sim.rtsp_fault(RtspFault.REFUSE)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        async with connect(sim) as client:
            await client.ask("OPTIONS")
    sim.clear_faults()
    async with connect(sim) as client:
        await client.play_tcp(1)
        await client.frame()
        sim.rtsp_fault(RtspFault.STALL)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(endless(client), 0.3)
    sim.clear_faults()
    sim.rtsp_fault(RtspFault.DROP, seconds=0.2)
    async with connect(sim) as client:
        await client.play_tcp(1)
        await client.frame()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await endless(client)
    await until(lambda: not sim.rtsp.connections)


async def test_stop_while_playing(socket_enabled: None) -> None:
    """Two viewers share one encoder, and stopping the camera ends everything."""
    tasks, threads = len(asyncio.all_tasks()), threading.active_count()
    sim = PovcamSimulator(auth=Auth.NONE)
    await sim.start()
    async with connect(sim) as first, connect(sim) as second:
        await first.play_tcp(1, 2)
        await second.play_tcp(1)
        await first.frame()
        assert media_threads() == 1
        await sim.stop()
        assert (len(asyncio.all_tasks()), threading.active_count()) == (tasks, threads)
    await sim.stop()
