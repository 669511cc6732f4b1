"""Cameras of all families at an IPv6 address, and at a link-local one with its zone."""

import asyncio
from collections.abc import AsyncGenerator
import json
import socket
from typing import Any

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.panacam.cams.bridge.rtsp import RtspHub
from custom_components.panacam.cams.errors import ConnectError
from custom_components.panacam.cams.net.dial import Dialer
from custom_components.panacam.cams.net.http import HttpClient
from custom_components.panacam.cams.net.rtsp_client import RtspClient
from custom_components.panacam.cams.net.tls import certificate_of
from custom_components.panacam.cams.stream import Credentials
from custom_components.panacam.connector import session_for
from custom_components.panacam.diagnostics import _redacted, async_get_config_entry_diagnostics
from tests.cams.support import response
from tests.conftest import (
    MAC,
    MO_MAC,
    ONVIF_MAC,
    add,
    entry_for,
    gate_entry_for,
    until,
    yard_entry_for,
)
from tests.simulators.mo import MoSimulator
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import AG_UMR20, PovcamSimulator
from tests.test_config_flow import begin, go_on

ZONED = "fe80::1%lo"
"""No address of this machine: connections to it are led to ::1."""

pytestmark = pytest.mark.usefixtures("ipv6_enabled", "quick")


@pytest.fixture
async def povcam() -> AsyncGenerator[PovcamSimulator]:
    """Run a recorder."""
    async with PovcamSimulator(model=AG_UMR20, host="::1", user_auth=True) as camera:
        yield camera


@pytest.fixture
async def mo() -> AsyncGenerator[MoSimulator]:
    """Run a camera that pushes."""
    async with MoSimulator(host="::1") as camera:
        yield camera


@pytest.fixture
async def onvif() -> AsyncGenerator[OnvifSimulator]:
    """Run a camera that hands out addresses of itself."""
    async with OnvifSimulator(host="::1") as camera:
        camera.become(mac=ONVIF_MAC, serial="SIM0000003")
        yield camera


@pytest.fixture
async def zone(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Lead connections to ZONED to ::1; give what was to be connected to."""
    loop = asyncio.get_running_loop()
    real = loop.sock_connect
    tried: list[tuple[Any, ...]] = []

    async def connect(sock: socket.socket, address: tuple[Any, ...]) -> None:
        tried.append(address)
        if address[0].startswith("fe80::1"):
            address = ("::1", address[1], 0, 0)
        await real(sock, address)

    monkeypatch.setattr(loop, "sock_connect", connect)
    return tried


@pytest.mark.parametrize("host", ["::1", "[0:0:0:0:0:0:0:1]"])
@pytest.mark.parametrize("family", ["povcam", "mo", "onvif"])
async def test_flow(
    hass: HomeAssistant,
    povcam: PovcamSimulator,
    mo: MoSimulator,
    onvif: OnvifSimulator,
    family: str,
    host: str,
) -> None:
    """Each family is found, added and set up; its addresses are as they should be."""
    camera: Any = {"povcam": povcam, "mo": mo, "onvif": onvif}[family]
    login = {"username": "admin", "password": "12345"}
    if family == "onvif":
        login = {"username": onvif.username, "password": onvif.password}
    result = await begin(
        hass, {"host": host, "port": camera.port, "ssl": False, "verify_ssl": True}
    )
    assert result["step_id"] == "credentials"
    result = await go_on(hass, result, login)
    assert result["step_id"] == "confirm"
    result = await go_on(hass, result, {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.data["host"] == "::1"
    assert entry.data["family"] == family
    assert entry.unique_id == {"povcam": MAC, "mo": MO_MAC, "onvif": ONVIF_MAC}[family]
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device.configuration_url == f"http://[::1]:{camera.port}"
    states = [state.state for state in hass.states.async_all("camera")]
    assert states
    assert STATE_UNAVAILABLE not in states
    told = json.dumps(await async_get_config_entry_diagnostics(hass, entry))
    assert "::1" not in told
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_shared_stream(hass: HomeAssistant, povcam: PovcamSimulator) -> None:
    """FFmpeg opens the RTSP of an IPv6 camera: pictures arrive in the bridge."""
    entry = await add(hass, entry_for(povcam, host="::1"))
    coordinator = entry.runtime_data
    main = next(stream for stream in coordinator.device.streams if stream.preferred)
    assert main.host == "::1"
    hub = coordinator.bridge.hub(main)
    assert isinstance(hub, RtspHub)
    async with hub.packets() as viewer:
        await until(lambda: not viewer.empty)
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("family", ["povcam", "mo", "onvif"])
async def test_zone(
    hass: HomeAssistant,
    povcam: PovcamSimulator,
    mo: MoSimulator,
    onvif: OnvifSimulator,
    zone: list[tuple[Any, ...]],
    family: str,
) -> None:
    """A link-local camera is set up by its zone; browsers get no address that they cannot open."""
    entry = {
        "povcam": entry_for(povcam, host=ZONED),
        "mo": gate_entry_for(mo, host=ZONED),
        "onvif": yard_entry_for(onvif, host=ZONED),
    }[family]
    await add(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert zone
    # The number of the interface is what the system wants.
    assert all(address[0] == ZONED or address[3] == 1 for address in zone)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device.configuration_url is None
    told = json.dumps(await async_get_config_entry_diagnostics(hass, entry))
    assert "fe80" not in told
    assert "%lo" not in told
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_zone_is_not_told(hass: HomeAssistant, zone: list[tuple[Any, ...]]) -> None:
    """Neither the web server nor the RTSP server of a camera sees our interface's name."""
    http = rtsp = b""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal http
        http += await reader.readuntil(b"\r\n\r\n")
        writer.write(response(200, b"yes"))

    server = await asyncio.start_server(answer, "::1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, session_for(hass, {}) as session:
        web = HttpClient(session, ZONED, port=port)
        assert (await web.request("GET", "/x")).body == b"yes"
        server.close_clients()
    assert b"\r\nHost: [fe80::1]:%d\r\n" % port in http
    assert b"%lo" not in http

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal rtsp
        rtsp += await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(listen, "::1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(ConnectError):
            async with RtspClient(ZONED, port, "/live", Credentials("u", "p")) as client:
                await client.describe()
    assert rtsp.startswith(b"DESCRIBE rtsp://[fe80::1]:%d/live RTSP/1.0\r\n" % port)


async def test_zone_and_certificate(session: ClientSession, zone: list[tuple[Any, ...]]) -> None:
    """A link-local camera with HTTPS is pinned like any other."""
    async with PovcamSimulator(host="::1", https=True, media=False) as camera:
        fingerprint = (await certificate_of(ZONED, camera.port)).fingerprint
        client = HttpClient(session, ZONED, port=camera.port, tls=True, fingerprint=fingerprint)
        assert (await client.request("GET", "/cgi-bin/getinfo?FILE=1")).status == 200


@pytest.fixture
async def session() -> AsyncGenerator[ClientSession]:
    """Give an HTTP session of aiohttp's own."""
    async with ClientSession() as made:
        yield made


async def test_unknown_zone() -> None:
    """An interface that is not there is a host that is none."""
    with pytest.raises(socket.gaierror):
        await Dialer().connect(asyncio.Protocol, "fe80::1%nosuchif", 80)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at fe80::1%eth0 now", "at **REDACTED** now"),
        ("http://[fe80::1%25eth0.5]:80/", "http://[**REDACTED**]:80/"),
        ("[2001:db8::7]:554", "[**REDACTED**]:554"),
        ("2001:0DB8:0:0:0:0:0:7", "**REDACTED**"),
        ("at 10:20:30", "at 10:20:30"),
        ("50% of 3:2", "50% of 3:2"),
    ],
)
def test_redaction(text: str, shown: str) -> None:
    """Every spelling of an address goes, its zone with it; times and ratios stay."""
    assert _redacted(text, []) == shown
