"""The simulated MO camera's operation connection, against messages written by hand."""

import asyncio
from collections.abc import AsyncIterator
import struct

import pytest

from tests.simulators.mo import (
    CAPTURED,
    AlarmKind,
    Dialect,
    MoFault,
    MoSimulator,
)
from tests.simulators.mo.vectors import load, names
from tests.simulators.mo_client import HEADER, MoClient, Wire, until


@pytest.fixture
async def sim(socket_enabled: None) -> AsyncIterator[MoSimulator]:
    """Give a camera to the letter of the specification."""
    async with MoSimulator(dialect=Dialect(data_id=0x60251B40)) as simulator:
        yield simulator


async def said(client: MoClient, name: str) -> bytes:
    """Send a vector, and give the answer as it came."""
    client.operation.writer.write(load(f"operation/{name}"))
    return await client.operation.raw()


@pytest.mark.parametrize(
    "name", [*names("operation"), *names("data"), *names("search")], ids=lambda name: name
)
def test_vectors_are_frames(name: str) -> None:
    """Each vector is one frame of the right protocol, and its text is as long as it says."""
    data = load(name)
    magic, *_, length, repeated = HEADER.unpack_from(data)
    magics = {"operation": b"MO_O", "data": b"MO_V", "search": b"MO_I"}
    assert magic == magics[name.partition("/")[0]]
    assert length == len(data) - HEADER.size
    assert repeated in {0, length}


async def test_answers_are_the_vectors(sim: MoSimulator) -> None:
    """Byte for byte, the camera answers as the specification's tables say."""
    async with MoClient(sim) as client:
        for request, answer in (
            ("login_req", "login_resp"),
            ("verify_req", "verify_resp"),
            ("video_start_req", "video_start_resp"),
            ("parameters_req", "parameters_resp"),
            ("parameter_set", "parameters_changed"),
        ):
            assert await said(client, request) == load(f"operation/{answer}")
        await client.open_data(load("operation/video_start_resp")[HEADER.size :])
        await client.data.find(1)
        for stream in ("video", "audio", "talk"):
            granted = load(f"operation/{stream}_start_resp_no_id")
            assert await said(client, f"{stream}_start_req") == granted
        for kind, name in enumerate(("stop", "motion", "external")):
            assert await sim.alarm(kind) == 1
            assert await client.operation.raw() == load(f"operation/alarm_{name}")
        (seen,) = sim.clients
        assert (seen.user, seen.video, seen.audio, seen.talking) == ("admin", True, True, True)
        for stream in ("video", "audio", "talk"):
            client.operation.writer.write(load(f"operation/{stream}_end"))
        await until(lambda: not (seen.video or seen.audio or seen.talking))
        assert sim.streaming_video == sim.streaming_audio == 0


async def test_captured_dialect(socket_enabled: None) -> None:
    """In the dialect of the captures, the camera answers byte for byte as captured."""
    async with MoSimulator(dialect=CAPTURED) as sim, MoClient(sim) as client:
        login = await said(client, "login_req")
        assert login == load("operation/login_resp_captured").replace(b"\xaa", b"\0")
        assert await said(client, "verify_req") == load("operation/verify_resp_reserved_2")
        assert await sim.alarm(AlarmKind.SOUND) == 1
        assert await client.operation.raw() == load("operation/alarm_sound")
        client.operation.writer.write(load("operation/talk_end"))
        assert await client.operation.raw() == load("operation/talk_end_resp")
        await client.operation.ask(16, b"", 17)
        assert await client.operation.find(28) == bytes(8)


async def test_other_dialects(socket_enabled: None) -> None:
    """Reserved bytes, sizes and ids are as the dialect says."""
    dialect = Dialect(header_reserved=0xAA, repeats_length=True, verify_refused_size=3)
    async with MoSimulator(dialect=dialect) as sim, MoClient(sim) as client:
        assert await said(client, "login_req") == load("operation/login_resp_captured")
        assert await client.verify("admin", "wrong") == b"\5\0\0"
    dialect = Dialect(id_zero=True, data_id=1)
    async with MoSimulator(dialect=dialect) as sim, MoClient(sim) as client:
        await client.start_talk()
        await until(lambda: any(one.data for one in sim.clients))
        answer = await client.operation.ask(4, b"\1", 5)
        assert answer == load("operation/video_start_resp_id_zero")[HEADER.size :]


async def test_logins(socket_enabled: None) -> None:
    """Wrong user, wrong password and no privilege are told apart; the third time is the last."""
    users = {"admin": "12345", "thirteenbytes": "alsothirteen!", "guest": "guest", "open": ""}
    async with MoSimulator(users=users, unprivileged=["guest"]) as sim:
        async with MoClient(sim) as client:
            login, verify = await client.log_in("nobody", "12345")
            assert login == load("operation/login_resp")[HEADER.size :]
            assert verify == load("operation/verify_resp_wrong_user")[HEADER.size :]
            refused = load("operation/verify_resp_wrong_password")[HEADER.size :]
            assert await client.verify("admin", "1234") == refused
            assert sim.verified == 0
            refused = load("operation/verify_resp_no_privilege")[HEADER.size :]
            assert await client.verify("guest", "guest") == refused
            assert await client.operation.ended() == b""
        for user in ("thirteenbytes", "open"):
            async with MoClient(sim) as client:
                assert (await client.log_in(user, users[user]))[1] == bytes(3)
                assert [one.user for one in sim.clients] == [user]
        sim.set_password("open", "sesame")
        async with MoClient(sim) as client:
            assert (await client.log_in("open", ""))[1] == b"\5\0"


async def test_strangers(sim: MoSimulator) -> None:
    """Commands before Verify, other protocols and absurd lengths end the connection."""
    for data in (
        load("operation/video_start_req"),
        load("operation/verify_req"),
        load("operation/login_req") + load("operation/parameters_req"),
        load("search/request"),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"MO_O" + b"\xff" * 30,
        load("data/login_req").replace(b"\x40\x1b", b"\x41\x1b"),
        load("data/talk_data"),
    ):
        async with MoClient(sim) as client:
            client.operation.writer.write(data)
            assert (await client.operation.ended())[23:] in {b"", load("operation/login_resp")[23:]}
    await until(lambda: not sim.connections)


async def test_unknown_commands(sim: MoSimulator) -> None:
    """Unknown operation codes and odd texts are ignored; any command is noted."""
    async with MoClient(sim) as client:
        await client.log_in()
        for code, text in ((0x0101, b"?"), (25, b""), (14, b""), (19, b"\1"), (19, b"\4\1")):
            client.operation.send(code, text)
        client.operation.send(7, b"\x64\0")
        assert await client.operation.ask(16, b"", 17) == bytes([32, 128, 4, 1, 0, 0, 0, 0])
        assert list(sim.clients[0].commands) == [0, 2, 0x0101, 25, 14, 19, 19, 7, 16]
        assert sim.camera.frame_intervals == [b"\x64\0"]
        assert sim.decoder_commands == []


async def test_decoder_control(sim: MoSimulator) -> None:
    """Movements are noted with their times, where there is a motor."""
    async with MoClient(sim) as client:
        await client.log_in()
        for name in ("decoder_control", "decoder_control_preset"):
            client.operation.writer.write(load(f"operation/{name}"))
        await until(lambda: len(sim.decoder_commands) == 2)
        assert [command.value for command in sim.decoder_commands] == [4, 35]
        assert sim.decoder_commands[0].time <= sim.decoder_commands[1].time
    async with MoSimulator(motor=False) as fixed, MoClient(fixed) as client:
        await client.log_in()
        client.operation.writer.write(load("operation/decoder_control"))
        await client.operation.ask(16, b"", 17)
        assert fixed.decoder_commands == []


async def test_parameters(sim: MoSimulator) -> None:
    """Everyone is told of a change; a camera without parameters says nothing."""
    async with MoClient(sim) as client, MoClient(sim) as other:
        await client.log_in()
        await other.log_in()
        client.operation.send(19, b"\0\x08")
        for one in (client, other):
            assert await one.operation.find(18) == b"\0\x08"
        assert sim.camera.size == (320, 240)
        client.operation.send(19, b"\0\x09")
        sim.set_size((640, 480))
        sim.set_parameter(5, 3)
        assert await other.operation.find(18) == b"\0\x20"
        assert await other.operation.find(18) == b"\5\3"
        assert sim.parameters["rotation"] == 3
    async with MoSimulator(parameters=False) as plain, MoClient(plain) as client:
        await client.log_in()
        client.operation.send(16)
        client.operation.send(19, b"\1\1")
        assert await client.operation.ask(4, b"\1", 5)
        assert plain.parameters["brightness"] == 128


async def test_places(socket_enabled: None) -> None:
    """One client too many is refused, until another goes."""
    async with MoSimulator(max_connections=2) as sim:
        async with MoClient(sim) as first, MoClient(sim) as second, MoClient(sim) as third:
            await first.log_in()
            await second.log_in()
            third.operation.send(0)
            assert await third.operation.raw() == load("operation/login_resp_refused")
            assert await third.operation.ended() == b""
            second.operation.close()
            await until(lambda: sim.verified == 1)
            async with MoClient(sim) as again:
                await again.log_in()
                sim.fault(MoFault.SECOND_CLIENT)
                refused = load("operation/talk_start_resp_refused")
                assert await said(again, "talk_start_req") == refused
        sim.fault(MoFault.SECOND_CLIENT)
        async with MoClient(sim) as only, MoClient(sim) as late:
            await only.log_in()
            assert await late.operation.ask(0, b"", 1) == b"\2\0"


async def test_capabilities(socket_enabled: None) -> None:
    """What the camera cannot do is answered by 7, and it has no alarms it cannot raise."""
    kinds = [AlarmKind.MOTION]
    async with (
        MoSimulator(audio=False, talk=False, alarm_types=kinds) as sim,
        MoClient(sim) as client,
    ):
        await client.log_in()
        for stream in ("audio", "talk"):
            refused = load(f"operation/{stream}_start_resp_unsupported")
            assert await said(client, f"{stream}_start_req") == refused
        with pytest.raises(ValueError, match="SOUND"):
            await sim.alarm(AlarmKind.SOUND)
        assert await sim.motion() == 1
        assert await sim.motion(on=False) == 1
        assert [(await client.operation.find(25))[0] for _ in range(2)] == [1, 0]


async def test_keep_alive(socket_enabled: None) -> None:
    """The camera sends keep-alives, counts those it gets, and cuts whoever is silent."""
    async with MoSimulator(keep_alive=0.05, silence=0.25) as sim, MoClient(sim) as client:
        await client.log_in()
        for _ in range(6):
            assert await client.operation.raw() == load("operation/keep_alive")
            client.operation.writer.write(load("operation/keep_alive"))
        await until(lambda: sim.keep_alives == 6)
        assert len(await client.operation.ended()) >= 23
        await until(lambda: not sim.clients)
        quiet = await Wire.open(sim, b"MO_O")
        assert await quiet.ended() == b""
        quiet.close()


async def test_web_page(sim: MoSimulator) -> None:
    """A browser at the same port is told 404."""
    for request in (b"GET / HTTP/1.1\r\nHost: camera\r\n\r\n", b"HEAD /x HTTP/1.0\r\n\r\n"):
        wire = await Wire.open(sim, b"")
        wire.writer.write(request)
        answer = await wire.ended()
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"\r\nConnection: close\r\n" in answer
        wire.close()


async def test_search(socket_enabled: None) -> None:
    """A search by UDP is answered by 65 bytes with big-endian numbers, anything else is not."""
    received: asyncio.Queue[bytes] = asyncio.Queue()

    class Seeker(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            received.put_nowait(data)

    async with MoSimulator(search_port=0) as sim:
        assert sim.search_port
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            Seeker, remote_addr=(sim.host, sim.search_port)
        )
        transport.sendto(b"?")
        transport.sendto(load("search/request")[:-1] + b"\2")
        transport.sendto(load("search/request"))
        reply = await asyncio.wait_for(received.get(), 3)
        wanted = load("search/reply")
        ports = struct.pack(">H", sim.port)
        assert reply[: 23 + 34] == wanted[: 23 + 34]
        assert reply[23 + 34 : 23 + 38] == bytes([127, 0, 0, 1])
        assert reply[-11:] == wanted[-11:-3] + ports + wanted[-1:]
        assert len(reply) == len(wanted)
        assert received.empty()
        transport.close()
