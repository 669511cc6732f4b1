"""The simulated Panasonic camera moves: address, ports, HTTPS, and its certificates are real."""

import asyncio
from collections.abc import AsyncIterator
import ssl
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
import pytest
import pytest_socket

from tests.conftest import until
from tests.simulators.povcam import AW_HE40, Auth, PovcamSimulator
from tests.simulators.povcam.site import Trouble
from tests.simulators.povcam_client import Clock, get, status
from tests.travels import ELSEWHERE, free_port


@pytest.fixture
def clock() -> Clock:
    """Give a clock that a test moves."""
    return Clock()


@pytest.fixture
async def moved(socket_enabled: None, clock: Clock) -> AsyncIterator[PovcamSimulator]:
    """Give a camera on a loopback network with two addresses."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", ELSEWHERE], allow_unix_socket=True)
    options: dict[str, Any] = {"clock": clock, "make_time": 10.0, "move_time": 0.01}
    async with PovcamSimulator(auth=Auth.NONE, media=False, **options) as camera:
        yield camera


@pytest.fixture
async def web(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client that takes any certificate and keeps no connection."""
    connector = aiohttp.TCPConnector(ssl=False, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def test_address_and_port(web: aiohttp.ClientSession, moved: PovcamSimulator) -> None:
    """The web server is elsewhere a moment after the answer, and nowhere else."""
    old, port = moved.url, free_port()
    octets = {f"IP_addr{n}": v for n, v in zip("1234", (127, 0, 0, 2), strict=True)}
    assert await status(web, moved, "network", port=port, **octets) == 204
    await until(lambda: moved.host == ELSEWHERE)
    await asyncio.sleep(0.05)
    assert moved.port == port
    told = (await get(web, moved, "get_network"))[1]
    assert (told["ip4_addr"], told["port"]) == (ELSEWHERE, str(port))
    with pytest.raises(aiohttp.ClientConnectorError):
        await web.get(old)


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 0},
        {"port": 65536},
        {"IP_addr1": 256},
        {"netmask2": "x"},
        {"mss": 1500},
        {"dhcp": 2},
        {"bandwidth": 1},
        {"port": 7000, "rtsp_port": 7000},
    ],
)
async def test_network_refused(
    web: aiohttp.ClientSession, moved: PovcamSimulator, wrong: dict[str, str | int]
) -> None:
    """Nothing of a wrong request is taken."""
    before = (await get(web, moved, "get_network"))[1]
    assert await status(web, moved, "network", **({"time": "unlimited"} | wrong)) == 500
    assert (await get(web, moved, "get_network"))[1] == before
    assert await status(web, moved, "network") == 403


@pytest.mark.parametrize("trouble", [Trouble.STAYS, Trouble.IMPOSTOR, Trouble.REBOOTS])
async def test_trouble(
    web: aiohttp.ClientSession, moved: PovcamSimulator, trouble: Trouble
) -> None:
    """What goes wrong once does not the next time."""
    old, port = moved.port, free_port()
    mac = moved.camera.identity.mac
    moved.camera.site.trouble = trouble
    assert await status(web, moved, "network", port=port) == 204
    await asyncio.sleep(0.5)
    assert moved.port == (old if trouble is Trouble.STAYS else port)
    assert (moved.camera.identity.mac == mac) is (trouble is not Trouble.IMPOSTOR)
    assert await status(web, moved, "get_https") == 200
    assert moved.camera.site.trouble is None


async def test_https(web: aiohttp.ClientSession, moved: PovcamSimulator, clock: Clock) -> None:
    """A certificate takes its time; then HTTPS shows it, and HTTP is gone."""
    port = free_port()
    assert await status(web, moved, "set_https", live="https", https_port=port) == 500
    assert await status(web, moved, "https_creat_self_signed") == 403
    assert await status(web, moved, "https_creat_self_signed", common_name="a.example") == 204
    assert (await get(web, moved, "renewal", cgi_name="self_create"))[1]["status"] == "progress"
    assert await status(web, moved, "https_creat_signed", common_name="a.example") == 500
    told = (await get(web, moved, "https_self_signed", mode="get_info"))[1]
    assert told == {"status": "none"}
    clock.now += 10
    assert (await get(web, moved, "renewal", cgi_name="self_create"))[1]["status"] == "finish"
    told = (await get(web, moved, "https_self_signed", mode="get_info"))[1]
    assert told["common_name"] == "a.example"
    old = moved.url
    assert await status(web, moved, "set_https", live="https", https_port=port) == 204
    await until(lambda: moved.https)
    await asyncio.sleep(0.05)
    shown = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
    assert x509.load_pem_x509_certificate(shown.encode()) == moved.camera.site.https.certificate
    with pytest.raises(aiohttp.ClientConnectorError):
        await web.get(old)
    assert (await get(web, moved, "get_https"))[1] == {"live": "https", "https_port": str(port)}
    assert await status(web, moved, "https_self_signed", mode="delete") == 500
    assert await status(web, moved, "https_change_crt_key", rsa_length=2048) == 500


async def upload(web: aiohttp.ClientSession, camera: PovcamSimulator, pem: bytes) -> int:
    """Send a certificate as a form with a file; return the status."""
    form = aiohttp.FormData()
    form.add_field("file", pem, filename="camera.crt")
    async with web.post(f"{camera.url}/cgi-bin/https_install_signed", data=form) as response:
        return response.status


async def test_authority(web: aiohttp.ClientSession, moved: PovcamSimulator, clock: Clock) -> None:
    """Only what was made for the camera's key is taken, by a form or as it is."""
    assert await status(web, moved, "https_download_csr") == 500
    assert await status(web, moved, "https_creat_signed", common_name="a.example") == 204
    clock.now += 10
    url = f"{moved.url}/cgi-bin/https_download_csr"
    async with web.get(url) as response:
        request = x509.load_pem_x509_csr(await response.read())
    assert request.is_signature_valid
    menu = moved.camera.site.https
    assert request.public_key() == menu.some_key().public_key()
    assert await upload(web, moved, b"rubbish") == 204
    clock.now += 10
    assert (await get(web, moved, "renewal", cgi_name="ca_install"))[1]["status"] == "error"
    menu.sign_itself({"common_name": "b.example"})  # any certificate of this key will do
    assert menu.self_signed is not None
    pem = menu.self_signed.public_bytes(Encoding.PEM)
    install = f"{moved.url}/cgi-bin/https_install_signed"
    async with web.post(install, data=pem) as answer:
        assert answer.status == 204
    clock.now += 10
    assert (await get(web, moved, "renewal", cgi_name="ca_install"))[1]["status"] == "finish"
    told = (await get(web, moved, "https_signed", mode="get_info"))[1]
    assert told["common_name"] == "b.example"
    async with web.get(install) as answer:
        assert answer.status == 403
    assert await status(web, moved, "https_signed", mode="delete") == 204
    assert (await get(web, moved, "https_signed", mode="get_info"))[1] == {"status": "none"}
    assert await status(web, moved, "https_signed", mode="delete") == 500


async def test_keys(web: aiohttp.ClientSession, moved: PovcamSimulator, clock: Clock) -> None:
    """A new key, and the one before again."""
    assert await status(web, moved, "https_crt_key", mode="refresh") == 500
    told = []
    for _ in range(2):
        assert await status(web, moved, "https_change_crt_key", rsa_length=2048) == 204
        clock.now += 10
        told.append((await get(web, moved, "get_crt_key"))[1]["key_id"])
    assert told[0] != told[1]
    assert await status(web, moved, "https_crt_key", mode="refresh") == 204
    assert (await get(web, moved, "get_crt_key"))[1]["key_id"] == told[0]


async def test_mode_with_restart(socket_enabled: None, web: aiohttp.ClientSession) -> None:
    """The camera is away for a moment after the answer."""
    async with PovcamSimulator(auth=Auth.NONE, media=False, mode_restart=0.3) as camera:
        assert await status(web, camera, "set_priority_mode", mode="rec_pb") == 204
        await asyncio.sleep(0.15)
        with pytest.raises(aiohttp.ClientConnectorError):
            await web.get(camera.url)
        await asyncio.sleep(0.4)
        assert (await get(web, camera, "get_priority_mode"))[1]["priority_mode"] == "rec_pb"


async def test_without_https(socket_enabled: None, web: aiohttp.ClientSession) -> None:
    """A model that has none does not know the requests."""
    async with PovcamSimulator(AW_HE40, auth=Auth.NONE, media=False) as camera:
        for cgi in ("get_https", "set_https", "renewal", "https_install_signed"):
            assert await status(web, camera, cgi) == 404
