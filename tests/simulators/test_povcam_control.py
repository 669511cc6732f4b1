"""Lens, motors, pictures and restart of the simulated Panasonic camera."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import time

import aiohttp
import av
import pytest

from tests.simulators.povcam import (
    AG_UCK20,
    AG_UMR20,
    AW_HE40,
    Auth,
    PovcamSimulator,
)
from tests.simulators.povcam_client import Clock, get, status


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"zoom": "up"}, 204),
        ({"times": "0"}, 204),
        ({"zoom": "2"}, 500),
        ({"bright": "-2"}, 204),
        ({"iris": "3"}, 500),
        ({"focus": "-3"}, 204),
        ({"af": "on"}, 204),
        ({"focus": "1"}, 500),
        ({}, 403),
    ],
)
async def test_camctrl(
    client: aiohttp.ClientSession, sim: PovcamSimulator, params: dict[str, str], expected: int
) -> None:
    """The lens takes the values of its table and no others (3.1)."""
    assert await status(client, sim, "camctrl", **params) == expected
    assert len(sim.camera.moves) == (expected == 204)


async def test_lens_moves(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """Steps add up, directctrl goes from -4 to 4, 0 resets (3.1)."""
    wide, middle = sim.camera.zoom, sim.camera.focus
    assert await status(client, sim, "directctrl", zoom=4, focus=-4) == 204
    assert sim.camera.zoom > wide
    assert sim.camera.focus < middle
    assert await status(client, sim, "directctrl", zoom=5) == 500
    await status(client, sim, "camctrl", zoom=0)
    assert sim.camera.zoom == wide
    for value in ("up", "2", "down"):
        await status(client, sim, "camctrl", bright=value)
    assert sim.camera.brightness == 2


def brightness(picture: bytes) -> float:
    """Return the mean luma of a JPEG picture, 0 to 255."""
    decoder = av.CodecContext.create("mjpeg", "r")
    (frame,) = decoder.decode(av.Packet(picture))
    return float(frame.to_ndarray(format="gray").mean())


async def test_pictures(client: aiohttp.ClientSession, sim: PovcamSimulator) -> None:
    """view.cgi wants a start, `camera` does not; the picture is black while JPEG is off (2.4)."""

    async def picture(cgi: str) -> bytes:
        async with client.get(f"{sim.url}/cgi-bin/{cgi}") as response:
            assert response.status == 200
            assert response.content_type == "image/jpeg"
            return await response.read()

    assert await status(client, sim, "view.cgi", action="snapshot", n=1) == 500
    assert await status(client, sim, "view.cgi", action="start") == 204
    lit = await picture("view.cgi?action=snapshot&n=1")
    assert lit.startswith(b"\xff\xd8\xff")
    assert lit.endswith(b"\xff\xd9")
    for _ in range(40):
        await asyncio.sleep(0.05)
        if await picture("camera?resolution=640&page=1") != lit:
            break
    else:
        pytest.fail("the picture stands still")
    assert await status(client, sim, "camera", resolution=320) == 500
    sim.camera.jpeg_transmit = False
    black = await picture("camera?resolution=640&page=1")
    assert brightness(black) < 20 < brightness(lit)


@pytest.mark.parametrize("dashes", [False, True])
async def test_mjpeg(client: aiohttp.ClientSession, dashes: bool) -> None:
    """MJPEG parts have a length and come at the rate asked for; `jpeg` wants a UID (2.4)."""
    async with PovcamSimulator(auth=Auth.NONE, boundary_dashes=dashes) as sim:
        uid = (await get(client, sim, "getuid", FILE=2, vcodec="jpeg"))[1]["UID"]
        cgi = f"{sim.url}/cgi-bin/jpeg?connect=start&framerate=15&resolution=640&UID="
        async with client.get(f"{cgi}99999") as refused:
            assert refused.status == 500
        async with client.get(f"{cgi}{uid}") as response:
            named = response.headers["Content-Type"].partition("boundary=")[2]
            assert named == ("--myboundary" if dashes else "myboundary")
            began = time.monotonic()
            for _ in range(5):
                assert await response.content.readline() == b"--myboundary\r\n"
                assert await response.content.readline() == b"Content-Type: image/jpeg\r\n"
                length = int((await response.content.readline()).split(b":")[1])
                assert await response.content.readline() == b"\r\n"
                part = await response.content.readexactly(length + 2)
                assert part.startswith(b"\xff\xd8")
                assert part.endswith(b"\xff\xd9\r\n")
            assert 0.2 < time.monotonic() - began < 0.6


async def test_aw_ptz(client: aiohttp.ClientSession, clock: Clock) -> None:
    """A turning head answers the richer commands, with status 200 for errors too."""
    async with PovcamSimulator(AW_HE40, auth=Auth.NONE, clock=clock) as sim:

        async def ptz(command: str, wait: float = 0.13) -> str:
            clock.now += wait
            params = {"cmd": f"#{command}", "res": "1"}
            async with client.get(f"{sim.url}/cgi-bin/aw_ptz", params=params) as response:
                assert response.status == 200
                return await response.text()

        assert await ptz("O") == "p1"
        assert await ptz("APC") == "aPC80008000"
        assert await ptz("PTS0199") == "pTS0199"
        assert await ptz("PTS5050", wait=0.5) == "pTS5050"
        assert sim.camera.pan < 0x8000 < sim.camera.tilt
        rest = sim.camera.pan
        clock.now += 5
        assert sim.camera.pan == rest
        assert await ptz("P75") == "pS75"
        assert await ptz("P50") == "pS50"
        assert await ptz("M05") == "s05"
        assert await ptz("APC80008000") == "aPC80008000"
        assert await ptz("R05") == "s05"
        assert sim.camera.pan != 0x8000
        assert await ptz("GZ") == "gz555"
        assert await ptz("Z00") == "eR3:Z00"
        assert await ptz("XYZ") == "eR1:XYZ"
        assert await ptz("O", wait=0.05) == "eR2:O"
        assert await ptz("O0") == "p0"
        assert await ptz("O") == "p3"
        assert await ptz("Z60", wait=1) == "eR2:Z60"
        assert sim.camera.standby
        url = f"{sim.url}/cgi-bin/aw_cam?cmd=QID&res=1"
        async with client.get(url) as response:
            assert await response.text() == "OID:AW-HE40"


async def test_head_without_motors(client: aiohttp.ClientSession, clock: Clock) -> None:
    """A lens-only head knows no pan, and a model without aw_ptz has no such CGI."""
    async with PovcamSimulator(AG_UCK20, auth=Auth.NONE, clock=clock) as sim:
        url = f"{sim.url}/cgi-bin/aw_ptz?res=1&cmd=%23"
        async with client.get(f"{url}P75") as response:
            assert await response.text() == "eR1:P75"
        clock.now += 1
        async with client.get(f"{url}Z75") as response:
            assert await response.text() == "zS75"
    async with PovcamSimulator(replace(AG_UMR20, aw_ptz=False), auth=Auth.NONE) as sim:
        assert await status(client, sim, "aw_ptz", cmd="#O", res=1) == 404


async def test_initial_restarts(
    client: aiohttp.ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`initial` answers, then every socket closes; the camera comes back on its port (4.8)."""
    monkeypatch.setattr("tests.simulators.povcam.simulator._REBOOT_TIME", 0.3)
    port = sim.port
    assert await status(client, sim, "initial", cmd="reset") == 403
    assert await status(client, sim, "initial", cmd="reset", Randomnum="0123456789abcdef") == 204

    async def until(wanted: Callable[[bool], bool]) -> None:
        async with asyncio.timeout(3):
            while True:
                try:
                    up = await status(client, sim, "get_state") == 200
                except aiohttp.ClientError:
                    up = False
                if wanted(up):
                    return
                await asyncio.sleep(0.02)

    await until(lambda up: not up)
    await until(lambda up: up)
    assert sim.port == port
    assert await status(client, sim, "view.cgi", action="snapshot") == 500
