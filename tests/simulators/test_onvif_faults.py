"""Faults of the simulated ONVIF camera, each as a client meets it."""

import argparse
import asyncio
import time

import aiohttp
import pytest

from tests.simulators.onvif import Fault, OnvifSimulator
from tests.simulators.onvif.command import add_arguments, run
from tests.simulators.onvif_client import Client

NAME = "tds_GetHostname"
OPERATION = "GetHostname"


@pytest.mark.parametrize(
    ("fault", "status", "marks"),
    [
        (Fault.ERROR_500, 500, b"Internal Server Error"),
        (Fault.EMPTY, 200, b""),
        (Fault.HTML, 200, b"<!DOCTYPE html>"),
        (Fault.NOT_XML, 200, b"\x00"),
        (Fault.BILLION_LAUGHS, 200, b"&l9;&l9;"),
        (Fault.EXTERNAL_ENTITY, 200, b'SYSTEM "file:///etc/hostname"'),
        (Fault.UNAUTHORIZED, 401, b""),
        (Fault.WRONG_RESPONSE, 200, b"GetDot1XResponse"),
        (Fault.FAULT_200, 200, b"<s:Fault>"),
        (Fault.FAULT_500, 500, b"<s:Fault>"),
        (Fault.UNDECLARED_PREFIX, 400, b"vendor:Action"),
        (Fault.EMPTY_RESPONSE, 200, b"<tds:GetHostnameResponse></tds:GetHostnameResponse>"),
        (Fault.NOT_SUPPORTED, 500, b"ter:ActionNotSupported"),
        (Fault.DEEP, 200, b"<tt:Extension><tt:Extension>"),
    ],
)
async def test_whole_faults(
    client: aiohttp.ClientSession, fault: Fault, status: int, marks: bytes
) -> None:
    """The answer is a response like any other, and wrong; once, if it is said so."""
    async with OnvifSimulator() as sim:
        camera = Client(sim, client)
        sim.fault(OPERATION, fault, times=1)
        reply = await camera.send(NAME)
        assert reply.status == status
        assert marks in reply.data
        assert (await camera.send(NAME)).text("Name") == "camera"


async def test_redirect(client: aiohttp.ClientSession) -> None:
    """The client is sent to another host."""
    async with OnvifSimulator() as sim:
        sim.fault("*", Fault.REDIRECT)
        reply = await Client(sim, client).send(NAME)
        assert reply.status == 307
        assert reply.headers["Location"] == "http://192.0.2.99/onvif/device_service"
        sim.clear_faults()
        assert (await Client(sim, client).send(NAME)).status == 200


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.CLOSE, Fault.RESET])
async def test_broken_connections(client: aiohttp.ClientSession, fault: Fault) -> None:
    """The connection ends before the answer does."""
    async with OnvifSimulator() as sim:
        sim.fault(OPERATION, fault)
        with pytest.raises(aiohttp.ClientError):
            await Client(sim, client).send(NAME)


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP])
async def test_slow_answers(client: aiohttp.ClientSession, fault: Fault) -> None:
    """The answer does not end; stopping the camera does."""
    async with OnvifSimulator() as sim:
        sim.fault(OPERATION, fault)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Client(sim, client).send(NAME), 0.7)
        waiting = asyncio.create_task(Client(sim, client).send(NAME))
        await asyncio.sleep(0.1)
        begin = time.monotonic()
    assert time.monotonic() - begin < 2
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_broken_xml(client: aiohttp.ClientSession) -> None:
    """Half of the right answer comes, and says that it is all."""
    async with OnvifSimulator() as sim:
        whole = await Client(sim, client).send(NAME)
        sim.fault(OPERATION, Fault.BROKEN_XML)
        reply = await Client(sim, client).send(NAME)
        assert reply.data == whole.data[: len(whole.data) // 2]


async def test_huge(client: aiohttp.ClientSession) -> None:
    """Fifty megabytes come, without their length being told before."""
    async with OnvifSimulator() as sim:
        sim.fault(OPERATION, Fault.HUGE)
        reply = await Client(sim, client).send(NAME)
        assert "Content-Length" not in reply.headers
        assert len(reply.data) > 50_000_000
        assert reply.data.endswith(b"</s:Envelope>")


async def test_command(client: aiohttp.ClientSession, capsys: pytest.CaptureFixture[str]) -> None:
    """The command runs a camera, says where, and lets things move."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    arguments = parser.parse_args(
        [
            *("--port", "0", "--rtsp-port", "0", "--motion", "0.2", "--no-ptz"),
            *("--quirk", "fault_200", "--fault", "GetUsers=fault_500"),
        ]
    )
    ended = asyncio.Event()
    running = asyncio.create_task(run(arguments, ended))
    await asyncio.sleep(0.5)
    url = capsys.readouterr().out.split()[3]
    async with client.post(url, data=b"<a/>") as answer:
        assert answer.status == 200
    ended.set()
    await asyncio.wait_for(running, 2)
