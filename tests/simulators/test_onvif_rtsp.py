"""RTSP of the simulated ONVIF camera, with hand-written requests and with PyAV."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import re
import socket
import struct
from typing import override
from xml.etree.ElementTree import fromstring

import av
import pytest

from tests.simulators.onvif import Auth, OnvifSimulator
from tests.simulators.onvif.rtsp_payload import from_alaw, from_ulaw, to_ulaw
from tests.simulators.povcam import RtspFault
from tests.simulators.rtsp_client import RtspClient

BACK = "www.onvif.org/ver20/backchannel"
TUNNEL = "Content-Type: application/x-rtsp-tunnelled"
TT = "{http://www.onvif.org/ver10/schema}"


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncIterator[OnvifSimulator]:
    """Give a camera without authentication."""
    async with OnvifSimulator(auth=Auth.NONE) as simulator:
        yield simulator


@asynccontextmanager
async def connect(sim: OnvifSimulator, number: int = 1) -> AsyncIterator[RtspClient]:
    """Open a connection to a profile."""
    reader, writer = await asyncio.open_connection(sim.host, sim.rtsp_port)
    try:
        async with asyncio.timeout(8):
            yield RtspClient(reader, writer, sim.rtsp_url(number))
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


def tcp(channel: int) -> str:
    """Give the Transport for interleaved media."""
    return f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"


def sections(sdp: str) -> list[str]:
    """Split a description into its media sections."""
    return re.split(r"^(?=m=)", sdp, flags=re.MULTILINE)[1:]


def rtp(payload_type: int, sequence: int, timestamp: int, payload: bytes) -> bytes:
    """Give a packet of the back channel."""
    return struct.pack(">BBHII", 0x80, payload_type, sequence, timestamp, 7) + payload


async def test_descriptions(sim: OnvifSimulator) -> None:
    """Each profile says what it has, and its media are the camera's to send (10.3, 10.4)."""
    wanted = {
        1: ["96 H264/90000", "97 MPEG4-GENERIC/48000/2", "107 vnd.onvif.metadata/90000"],
        2: ["96 H264/90000", "0 PCMU/8000", "107 vnd.onvif.metadata/90000"],
        3: ["26 JPEG/90000", "0 PCMU/8000", "107 vnd.onvif.metadata/90000"],
        4: ["96 H265/90000", "97 MPEG4-GENERIC/48000/2", "107 vnd.onvif.metadata/90000"],
    }
    for number, maps in wanted.items():
        async with connect(sim, number) as client:
            reply = await client.ask("DESCRIBE", Accept="application/sdp")
            assert reply.headers["content-base"] == f"{client.url}/"
            assert re.findall(r"a=rtpmap:(.*)\r", reply.body) == maps
            assert all("a=recvonly\r\n" in section for section in sections(reply.body))
            assert "sendonly" not in reply.body
    async with connect(sim, 9) as client:
        assert (await client.ask("DESCRIBE")).status == 404


async def pictures(client: RtspClient, channel: int, count: int) -> list[list[bytes]]:
    """Read whole pictures, each a list of payloads."""
    found: list[list[bytes]] = [[]]
    while len(found) <= count:
        at, packet = await client.frame()
        if at == channel:
            found[-1].append(packet[12:])
            if packet[1] & 0x80:
                found.append([])
    return found[:count]


async def test_h264_and_synchronization_point(sim: OnvifSimulator) -> None:
    """A stream begins with parameter sets; a synchronization point brings a new IDR picture."""
    encoder = sim.camera.media.encoder(sim.camera.media.profiles[1])
    assert encoder is not None
    encoder.gov = 250
    async with connect(sim, 2) as client:
        reply = await client.ask("SETUP", "/video", Transport=tcp(4))
        assert reply.headers["transport"] == "RTP/AVP/TCP;unicast;interleaved=4-5"
        assert reply.headers["session"].endswith(";timeout=60")
        reply = await client.ask("PLAY")
        assert re.fullmatch(r"clock=\d{8}T\d{6}\.\d{3}Z-", reply.headers["range"])
        assert f"url={client.url}/video;seq=" in reply.headers["rtp-info"]
        first, *others = await pictures(client, 4, 4)
        assert [payload[0] & 0x1F for payload in first][:2] == [7, 8]
        assert all(picture[0][0] & 0x1F not in (7, 8) for picture in others)
        sim.camera.media.streaming.on_synchronize(2)
        later = await pictures(client, 4, 6)
        assert sum(picture[0][0] & 0x1F == 7 for picture in later) == 1


async def test_h265_parameter_sets(sim: OnvifSimulator) -> None:
    """H.265 has its three parameter sets first, and fragments of whole pictures (RFC 7798)."""
    async with connect(sim, 4) as client:
        await client.ask("SETUP", "/video", Transport=tcp(0))
        assert (await client.ask("PLAY")).status == 200
        (first,) = await pictures(client, 0, 1)
        assert [payload[0] >> 1 & 0x3F for payload in first][:3] == [32, 33, 34]
        kinds = [payload[2] & 0x3F for payload in first if payload[0] >> 1 & 0x3F == 49]
        assert set(kinds) <= {19, 20}


async def test_jpeg(sim: OnvifSimulator) -> None:
    """JPEG has its tables in the first packet, and offsets that follow on (RFC 2435)."""
    async with connect(sim, 3) as client:
        await client.ask("SETUP", "/video", Transport=tcp(0))
        await client.ask("PLAY")
        first, second = await pictures(client, 0, 2)
        for picture in (first, second):
            assert picture[0][4:8] == bytes((1, 255, 320 // 8, 240 // 8))
            assert picture[0][8:12] == b"\x00\x00\x00\x80"
            at = 0
            for number, payload in enumerate(picture):
                assert int.from_bytes(payload[1:4]) == at
                at += len(payload) - 8 - (132 if number == 0 else 0)


@pytest.mark.parametrize(
    ("number", "codec", "size", "transport"),
    [
        (1, "h264", (1280, 720), "tcp"),
        (2, "h264", (640, 360), "udp"),
        (3, "mjpeg", (320, 240), "tcp"),
        (4, "hevc", (640, 360), "tcp"),
    ],
)
async def test_player(
    sim: OnvifSimulator, number: int, codec: str, size: tuple[int, int], transport: str
) -> None:
    """FFmpeg plays each profile, with its sound."""

    def play() -> tuple[str, tuple[int, int], int]:
        options = {"rtsp_transport": transport}
        with av.open(sim.rtsp_url(number), options=options, timeout=8) as container:
            video, sounds = container.streams.video[0], 0
            for packet in container.demux():
                if packet.stream.type == "audio":
                    sounds += 1
                if packet.stream is video and sounds and (frames := packet.decode()):
                    frame = frames[0]
                    assert isinstance(frame, av.VideoFrame)
                    return video.codec_context.name, (frame.width, frame.height), sounds
        raise AssertionError

    name, found, sounds = await asyncio.to_thread(play)
    assert (name, found) == (codec, size)
    assert sounds


async def test_metadata(sim: OnvifSimulator) -> None:
    """The metadata track has the objects of the scene, the position and events as documents."""
    sim.camera.scene.objects = 3
    sim.camera.events.emit("tns1:Device/Trigger/Relay", {"RelayToken": "r"}, {"LogicalState": "on"})
    async with connect(sim, 2) as client:
        await client.ask("SETUP", "/metadata", Transport=tcp(0))
        await client.ask("PLAY")

        async def document() -> bytes:
            found = b""
            while True:
                channel, packet = await client.frame()
                if channel != 0:
                    continue
                assert packet[1] & 0x7F == 107
                found += packet[12:]
                if packet[1] & 0x80:
                    return found

        stream = fromstring(await document())
        assert stream.tag == f"{TT}MetadataStream"
        objects = stream.findall(f"{TT}VideoAnalytics/{TT}Frame/{TT}Object")
        assert [found.get("ObjectId") for found in objects] == ["1", "2", "3"]
        assert stream.find(f"{TT}PTZ/{TT}PTZStatus/{TT}Position/{TT}PanTilt") is not None
        assert b"Device/Trigger/Relay" in b"".join(
            (found.text or "").encode() for found in stream.iter() if found.tag.endswith("Topic")
        )
        sim.camera.scene.objects = 0
        stream = fromstring(await document())
        assert stream.find(f"{TT}VideoAnalytics/{TT}Frame/{TT}Object") is None
        assert stream.find(f"{TT}Event") is None


async def test_back_channel_tcp(sim: OnvifSimulator) -> None:
    """Sound sent after PLAY is heard, decoded; before it, it is not (10.4)."""
    async with connect(sim) as client:
        reply = await client.ask("DESCRIBE", Require=BACK)
        back = [section for section in sections(reply.body) if "a=sendonly\r\n" in section]
        assert [re.findall(r"a=control:(\w+)", section) for section in back] == [
            ["audioback"],
            ["audioback1"],
        ]
        assert "a=rtpmap:0 PCMU/8000\r\n" in back[0]
        assert "config=1408" in back[1]
        assert (await client.ask("SETUP", "/audioback", Transport=tcp(2))).status == 404
        reply = await client.ask("SETUP", "/audioback", Transport=tcp(2), Require=BACK)
        assert reply.status == 200
        samples = [0, 1000, -1000, 8000, -20000] * 32
        sound = rtp(0, 1, 160, to_ulaw(samples))
        frame = b"$\x02" + len(sound).to_bytes(2) + sound
        client.writer.write(frame)
        assert (await client.ask("PLAY", Require=BACK)).status == 200
        assert not sim.rtsp.heard.packets
        client.writer.write(frame + b"$\x02\x00\x03abc")
        await until(lambda: sim.rtsp.heard.malformed == 1)
        (heard,) = sim.rtsp.heard.packets
        assert (heard.payload_type, heard.sequence, heard.timestamp, heard.size) == (0, 1, 160, 160)
        assert list(sim.rtsp.heard.samples)[:3] == [0, 988, -988]


async def test_back_channel_udp(sim: OnvifSimulator) -> None:
    """The same by UDP; the session lives on without the connection, and ends by itself."""
    sim.camera.media.streaming.session_timeout = 0.4
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        port = sender.getsockname()[1] & ~1
        async with connect(sim) as client:
            transport = f"RTP/AVP;unicast;client_port={port}-{port + 1}"
            reply = await client.ask("SETUP", "/audioback", Transport=transport, Require=BACK)
            found = re.search(r"server_port=(\d+)-", reply.headers["transport"])
            assert found is not None
            assert (await client.ask("PLAY", Require=BACK)).status == 200
        sender.sendto(rtp(0, 5, 800, bytes(160)), ("127.0.0.1", int(found[1])))
        await until(lambda: len(sim.rtsp.heard.samples) == 160)
        assert sim.rtsp.sessions
        await until(lambda: not sim.rtsp.sessions)


async def test_back_channel_aac(sim: OnvifSimulator) -> None:
    """AAC is decoded, too."""
    encoder = av.CodecContext.create("aac", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 16_000, "mono", "fltp"
    packets = []
    for at in range(4):
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.planes[0].update(struct.pack("<1024f", *([0.25, -0.25] * 512)))
        frame.sample_rate, frame.pts = 16_000, at * 1024
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    async with connect(sim) as client:
        await client.ask("SETUP", "/audioback1", Transport=tcp(0), Require=BACK)
        await client.ask("PLAY", Require=BACK)
        for at, packet in enumerate(packets):
            payload = struct.pack(">HH", 16, len(packet) << 3) + packet
            sound = rtp(98, at, at * 1024, payload)
            client.writer.write(b"$\x00" + len(sound).to_bytes(2) + sound)
        await until(lambda: len(sim.rtsp.heard.samples) >= 1024)
        assert sim.rtsp.heard.malformed == 0


async def test_no_back_channel(socket_enabled: None) -> None:
    """Without a loudspeaker the tag is refused by 551, and named."""
    async with OnvifSimulator(auth=Auth.NONE, audio_output=False) as sim, connect(sim) as client:
        reply = await client.ask("DESCRIBE", Require=BACK)
        assert (reply.status, reply.headers["unsupported"]) == (551, BACK)
        assert (await client.ask("DESCRIBE", Require="onvif-replay")).status == 551
        assert (await client.ask("DESCRIBE")).status == 200


async def test_session_timeout(sim: OnvifSimulator) -> None:
    """A session ends without a sign of life; requests and reports are such signs (10.3.2)."""
    sim.camera.media.streaming.session_timeout = 1.0
    async with connect(sim, 2) as client:
        await client.ask("SETUP", "/video", Transport=tcp(0))
        await client.ask("PLAY")
        for method in ("GET_PARAMETER", "OPTIONS", "SET_PARAMETER"):
            await asyncio.sleep(0.6)
            assert (await client.ask(method)).status == 200
        await asyncio.sleep(0.6)
        client.writer.write(b"$\x01\x00\x04\x80\xc9\x00\x00")
        await asyncio.sleep(0.6)
        assert sim.rtsp.sessions
        await until(lambda: not sim.rtsp.sessions)
        assert (await client.ask("GET_PARAMETER")).status == 454
        assert (await client.ask("PLAY")).status == 454


async def test_refusals(sim: OnvifSimulator) -> None:
    """Statuses of requests that cannot be done, and those that a test wants (10.5)."""
    async with connect(sim) as client:
        assert (await client.ask("SETUP", "", Transport=tcp(0))).status == 459
        assert (await client.ask("SETUP", "/nothing", Transport=tcp(0))).status == 404
        reply = await client.ask("SETUP", "/video", Transport="RAW/RAW/UDP;unicast")
        assert reply.status == 461
        assert (await client.ask("SETUP", "/video", Transport="RTP/AVP;unicast")).status == 461
        assert not sim.rtsp.sessions
        assert (await client.ask("PLAY")).status == 454
        assert (await client.ask("RECORD")).status == 501
        for status in (453, 454, 461, 503):
            sim.rtsp.refuse("SETUP", status, times=1)
            assert (await client.ask("SETUP", "/video", Transport=tcp(0))).status == status
        assert (await client.ask("SETUP", "/video", Transport=tcp(0))).status == 200
        assert (await client.ask("TEARDOWN")).status == 200
        assert not sim.rtsp.sessions


async def test_login(socket_enabled: None) -> None:
    """RTSP wants HTTP Digest of the camera's users."""
    async with OnvifSimulator() as sim, connect(sim) as client:
        assert (await client.ask("OPTIONS")).status == 200
        reply = await client.ask("DESCRIBE")
        assert reply.status == 401
        challenge = reply.headers["www-authenticate"]
        client.log_in(challenge, "DESCRIBE", "", sim.username, "wrong")
        assert (await client.ask("DESCRIBE")).status == 401
        client.log_in(challenge, "DESCRIBE", "", sim.username, sim.password)
        assert (await client.ask("DESCRIBE")).status == 200


async def test_stall_and_drop(sim: OnvifSimulator) -> None:
    """Media may stop while the connection stays, and the connection may end."""
    async with connect(sim, 2) as client:
        await client.ask("SETUP", "/video", Transport=tcp(0))
        await client.ask("PLAY")
        await client.frame()
        sim.rtsp.fault(RtspFault.STALL)
        await asyncio.sleep(0.2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(endless(client), 0.5)
        sim.rtsp.clear_faults()
        sim.rtsp.fault(RtspFault.DROP, seconds=0)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await endless(client)
    await until(lambda: not sim.rtsp.sessions)


async def test_connections_are_told(sim: OnvifSimulator) -> None:
    """ActiveConnections follows the viewers (6.13.3)."""
    messages = sim.camera.events.properties
    topic = "tns1:Monitoring/Profile/ActiveConnections"

    def viewers() -> int:
        return sum(
            xml.count("<tt:ActiveConnections>")
            for message in messages.values()
            if message.topic == topic
            for _name, xml in message.elements
        )

    async with connect(sim, 2) as client:
        await client.ask("SETUP", "/video", Transport=tcp(0))
        assert viewers() == 0
        await client.ask("PLAY")
        assert viewers() == 1
        await client.ask("TEARDOWN")
        assert viewers() == 0


async def test_multicast(sim: OnvifSimulator) -> None:
    """A multicast session tells its group, and shares one sender with others (6.7, 10.3.5)."""
    async with connect(sim, 2) as first, connect(sim, 2) as second:
        for client in (first, second):
            reply = await client.ask("SETUP", "/video", Transport="RTP/AVP;multicast")
            assert reply.status == 200
            assert "destination=239.0.0.1;port=40002-40003;ttl=1" in reply.headers["transport"]
            assert (await client.ask("PLAY")).status == 200
        assert sim.camera.media.joined[2] == 1
        await first.ask("TEARDOWN")
        assert sim.camera.media.joined[2] == 1
        await second.ask("TEARDOWN")
        assert sim.camera.media.joined[2] == 0


@pytest.mark.parametrize(
    ("byte", "ulaw", "alaw"),
    [(0xFF, 0, 848), (0x80, 32124, 5504), (0x00, -32124, -5504), (0xD5, 716, 8), (0x55, -716, -8)],
)
def test_g711(byte: int, ulaw: int, alaw: int) -> None:
    """G.711 by values of its tables (ITU-T G.711, tables 1a to 2b)."""
    assert from_ulaw(bytes((byte,))) == [ulaw]
    assert from_alaw(bytes((byte,))) == [alaw]
    assert from_ulaw(to_ulaw([ulaw])) == [ulaw]


async def test_over_http(sim: OnvifSimulator) -> None:
    """Requests go in by POST, replies and media come by GET, with one cookie (10.3.7)."""
    head = f"{{}} /onvif/profile/2 HTTP/1.0\r\nx-sessioncookie: 1a2b\r\n{TUNNEL}\r\n"
    out_reader, out_writer = await asyncio.open_connection(sim.host, sim.port)
    _, in_writer = await asyncio.open_connection(sim.host, sim.port)
    try:
        async with asyncio.timeout(8):
            out_writer.write(f"{head.format('GET')}\r\n".encode())
            reply = (await out_reader.readuntil(b"\r\n\r\n")).decode()
            assert reply.startswith("HTTP/1.0 200 OK")
            assert "Content-Type: application/x-rtsp-tunnelled" in reply
            in_writer.write(f"{head.format('POST')}Content-Length: 32767\r\n\r\n".encode())
            client = RtspClient(out_reader, _Base64(in_writer), sim.rtsp_url(2))
            assert "H264/90000" in (await client.ask("DESCRIBE")).body
            await client.ask("SETUP", "/video", Transport=tcp(0))
            await client.ask("PLAY")
            (first,) = await pictures(client, 0, 1)
            assert first[0][0] & 0x1F == 7
        in_writer.write(b"!!!!")
        await until(lambda: not sim.rtsp.sessions)
    finally:
        out_writer.transport.abort()
        in_writer.transport.abort()


class _Base64(asyncio.StreamWriter):
    """Writes each message in Base64."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        transport = writer.transport
        protocol = transport.get_protocol()
        super().__init__(transport, protocol, None, asyncio.get_running_loop())

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        super().write(base64.b64encode(data))


async def test_profile_gone_while_watched(sim: OnvifSimulator) -> None:
    """A stream whose profile is deleted goes on for its viewer; nobody else gets at it."""
    media = sim.camera.media
    profile = media.create("Mine")
    media.add(profile, dict(media.profiles[1].parts))
    async with connect(sim, profile.number) as client:
        await client.ask("SETUP", "/video", Transport=tcp(0))
        await client.ask("PLAY")
        await client.frame()
        media.delete(profile.token)
        assert media.create("Other").number != profile.number
        assert len(await pictures(client, 0, 3)) == 3
    await until(lambda: not sim.rtsp.sessions)
    async with connect(sim, profile.number) as client:
        assert (await client.ask("DESCRIBE")).status == 404
