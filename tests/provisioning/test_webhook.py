"""What a DHCP server calls: any bytes may come, and the address is the only secret."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
import json
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers.network import NoURLAvailableError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam.const import CONF_KIND, DOMAIN, KIND_NETWORK
from custom_components.panacam.provisioning import webhook
from custom_components.panacam.provisioning.steps import Request, Source
from custom_components.panacam.provisioning.webhook import async_webhook_url, read_request
from tests.conftest import MAC, add
from tests.provisioning.conftest import WEBHOOK, Log, network_of

PATH = f"/api/webhook/{WEBHOOK}"
TOLD: dict[str, Any] = {"mac": MAC, "address": "127.0.0.1"}


@pytest.fixture(autouse=True)
async def _http(hass: HomeAssistant, socket_enabled: None) -> None:
    assert await async_setup_component(hass, "webhook", {})


def body(**more: Any) -> bytes:
    """Return a message."""
    return json.dumps({**TOLD, **more}).encode()


async def test_told(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, log: Log
) -> None:
    """What the server says is followed up, and nobody answers on what there is."""
    await network_of(hass)
    client = await hass_client_no_auth()
    response = await client.post(PATH, data=body(host_name="phone", circuit_id="0x47692f31"))
    assert (response.status, await response.text()) == (HTTPStatus.OK, "")
    assert log.steps == ["ip_address_allocation", "not_found"]
    assert (log[0]["circuit_id"], log[0]["name"]) == ("Gi/1", "phone")
    assert (await client.put(PATH, data=body())).status == HTTPStatus.METHOD_NOT_ALLOWED


async def test_without_the_secret(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    log: Log,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Another address does nothing; once the network is unloaded, neither does the right one."""
    network = await network_of(hass)
    client = await hass_client_no_auth()
    for wrong in (PATH[:-1] + "6", PATH[:-1], "/api/webhook/panacam"):
        await client.post(wrong, data=body())
    assert log == []
    assert await hass.config_entries.async_unload(network.entry_id)
    await client.post(PATH, data=body())
    assert log == []
    ours = [record for record in caplog.records if "panacam" in record.name]
    assert not any(WEBHOOK in record.getMessage() for record in ours)


async def test_a_secret_is_made(hass: HomeAssistant, log: Log) -> None:
    """A network without one gets one that nobody can guess."""
    entry = MockConfigEntry(domain=DOMAIN, unique_id=KIND_NETWORK, data={CONF_KIND: KIND_NETWORK})
    await add(hass, entry)
    assert len(entry.data["webhook_id"]) == 64
    with patch.object(webhook.webhook, "async_generate_url", side_effect=NoURLAvailableError):
        assert async_webhook_url(hass, entry) == f"/api/webhook/{entry.data['webhook_id']}"
    await async_process_ha_core_config(hass, {"internal_url": "http://192.0.2.9:8123"})
    assert async_webhook_url(hass, entry).startswith("http://192.0.2.9:8123/api/webhook/")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'"' + MAC.encode() + b'"',
        b"[" * 8000,
        b'{"a":' * 1600,
        b"\xff\xfe\x00",
        b'{"mac": 1, "address": "127.0.0.1"}',
        b'{"mac": "a8:13:74:00:00:01"}',
        b'{"mac": "a8:13:74:00:00:01", "address": 2130706433}',
        b'{"mac": "a8:13:74:00:00:01", "address": "127.0.0.1/24"}',
        b'{"mac": "a8:13:74:00:00:01", "address": "camera.lan"}',
        b'{"mac": "ff:ff:ff:ff:ff:ff", "address": "127.0.0.1"}',
        b'{"mac": "../../etc", "address": "127.0.0.1"}',
        b"1" * 5000,
    ],
)
async def test_rubbish(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, log: Log, message: bytes
) -> None:
    """What is no message is refused, and nothing happens."""
    await network_of(hass)
    client = await hass_client_no_auth()
    assert (await client.post(PATH, data=message)).status == HTTPStatus.BAD_REQUEST
    assert log == []


def test_too_deep() -> None:
    """What Python itself gives up on is no message."""
    with (
        patch.object(webhook.json, "loads", side_effect=RecursionError),
        pytest.raises(webhook.NonsenseError),
    ):
        read_request(body())


@pytest.mark.parametrize("cut", range(len(body(circuit_id="é"))))
def test_every_cut(cut: int) -> None:
    """Half a message is none."""
    with pytest.raises(json.JSONDecodeError):
        read_request(body(circuit_id="é")[:cut])


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b'"Gi1/0/5"', "Gi1/0/5"),
        (b'"0x0004476931"', None),
        (b'"\xff\x00\x01"', None),
        (b'"a\nb\x07"', None),
        (b'"\\ud800"', None),
        (b'"' + b"x" * 5000 + b'"', None),
        (b"7", ""),
        (b"null", ""),
        (b"[1]", ""),
        (b'""', ""),
        (b'{"a": 1}', ""),
    ],
)
def test_option_82_of_any_bytes(raw: bytes, shown: str | None) -> None:
    """Whatever a switch sends is bounded text that can be printed, or nothing."""
    message = b'{"mac": "%s", "address": "127.0.0.1", "circuit_id": %s}' % (MAC.encode(), raw)
    request = read_request(message)
    assert request is not None
    circuit = request.circuit_id or ""
    assert circuit.isprintable()
    assert len(circuit) <= 128
    circuit.encode()
    if shown is not None:
        assert circuit == shown
    else:
        assert circuit


@pytest.mark.parametrize("byte", range(256))
def test_option_82_of_each_byte(byte: int) -> None:
    """Each byte, as a script that escapes only what JSON must have escaped sends it."""
    escaped = {0x22: b'\\"', 0x5C: b"\\\\"}.get(byte, bytes([byte]))
    message = b'{"mac": "%s", "address": "127.0.0.1", "remote_id": "x%s"}' % (MAC.encode(), escaped)
    request = read_request(message)
    assert request is not None
    assert request.remote_id
    assert request.remote_id.isprintable()
    request.remote_id.encode()


def test_what_is_read() -> None:
    """MAC addresses in any form, addresses of both versions, names made fit."""
    assert read_request(
        body(mac=" A81374000001 ", host_name="ga\x07te", remote_id="switch", event="old")
    ) == Request(
        mac=MAC, address="127.0.0.1", remote_id="switch", host_name="gate", source=Source.SERVER
    )
    told = read_request(body(address="FD00::0005"))
    assert told is not None
    assert told.address == "fd00::5"
    for event in webhook.GIVEN_BACK:
        assert read_request(body(event=event)) is None


async def test_given_back(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, log: Log
) -> None:
    """An address that is nobody's any more provisions nobody."""
    await network_of(hass)
    client = await hass_client_no_auth()
    assert (await client.post(PATH, data=body(event="del"))).status == HTTPStatus.OK
    assert log == []


async def test_too_much(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, log: Log
) -> None:
    """A body that is too large is not taken, said beforehand or not."""
    await network_of(hass)
    client = await hass_client_no_auth()
    large = body(host_name="x" * webhook.MAX_BODY)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 1000):
            yield large[start : start + 1000]

    for data in (large, pieces()):
        response = await client.post(PATH, data=data)
        assert response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert log == []


async def test_too_slow(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever takes for ever is hung up on."""
    monkeypatch.setattr(webhook, "BODY_TIME", 0.05)
    await network_of(hass)
    client = await hass_client_no_auth()

    async def drip() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b"{"
            await asyncio.sleep(0.05)

    assert (await client.post(PATH, data=drip())).status == HTTPStatus.REQUEST_TIMEOUT
    assert log == []
