"""The address for a camera's events: only on request, for small things, while it is loaded."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from unittest.mock import patch
from urllib.parse import urlsplit

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers.network import NoURLAvailableError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam import webhook
from custom_components.panacam.cams.device import Device
from custom_components.panacam.cams.memory import Memory
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC, add, until, yard_entry_for
from tests.fake_roles import FakeReceiver, full_device
from tests.fakes import FakeDevice
from tests.simulators.onvif import OnvifSimulator
from tests.test_init import ours

BODY = b"<Envelope/>"


@pytest.fixture(autouse=True)
async def _internal_url(hass: HomeAssistant) -> None:
    """Give Home Assistant an address in the house."""
    await async_process_ha_core_config(hass, {"internal_url": "http://192.0.2.9:8123"})
    assert await async_setup_component(hass, "webhook", {})


class Made:
    """What a device was made with."""

    def __init__(self, device: FakeDevice) -> None:
        """Give `device` out."""
        self.device = device
        self.urls: list[str | None] = []

    def __call__(
        self,
        _entry: MockConfigEntry,
        _session: ClientSession,
        _memory: Memory,
        url: str | None = None,
    ) -> Device:
        """Stand in for what makes devices."""
        self.urls.append(url)
        return self.device

    async def set_up(self, hass: HomeAssistant, *, wanted: bool = True) -> MockConfigEntry:
        """Set the camera up."""
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Bare",
            unique_id=MAC,
            data={"family": "povcam", "host": "192.0.2.1"},
            options={"stream_mode": "direct", "webhook": wanted},
        )
        with patch("custom_components.panacam.device_for", self):
            return await add(hass, entry)


@pytest.fixture
def made() -> Made:
    """Return a camera that can send."""
    return Made(full_device())


def path(made: Made) -> str:
    """Return the path of the address that the camera got."""
    assert made.urls[-1] is not None
    return urlsplit(made.urls[-1]).path


async def test_messages(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, made: Made
) -> None:
    """What the camera sends reaches its receiver; nobody can guess the address."""
    entry = await made.set_up(hass)
    assert made.urls[0] is not None
    assert made.urls[0].startswith("http://192.0.2.9:8123/api/webhook/")
    assert len(path(made).rpartition("/")[2]) == 64
    client = await hass_client_no_auth()
    response = await client.post(path(made), data=BODY)
    assert response.status == HTTPStatus.OK
    assert isinstance(made.device.receiver, FakeReceiver)
    assert made.device.receiver.taken == [BODY]
    response = await client.put(path(made), data=BODY)
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
    made.device.receiver, before = None, made.device.receiver
    assert (await client.post(path(made), data=BODY)).status == HTTPStatus.OK
    assert before.taken == [BODY]
    assert entry.state is ConfigEntryState.LOADED


async def test_same_address_after_a_reload(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, made: Made
) -> None:
    """The camera may go on sending where it sent; when unloaded, nobody listens."""
    entry = await made.set_up(hass)
    client = await hass_client_no_auth()
    assert await hass.config_entries.async_unload(entry.entry_id)
    await client.post(path(made), data=BODY)
    assert isinstance(made.device.receiver, FakeReceiver)
    assert made.device.receiver.taken == []
    with patch("custom_components.panacam.device_for", made):
        assert await hass.config_entries.async_setup(entry.entry_id)
    assert made.urls[0] == made.urls[1]
    await client.post(path(made), data=BODY)
    assert made.device.receiver.taken == [BODY]


async def test_too_much(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, made: Made
) -> None:
    """A body that is too large is not taken, said beforehand or not."""
    await made.set_up(hass)
    client = await hass_client_no_auth()
    large = b"x" * (webhook.MAX_BODY + 1)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    for data in (large, pieces()):
        response = await client.post(path(made), data=data)
        assert response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    response = await client.post(path(made), data=large[1:])
    assert response.status == HTTPStatus.OK
    assert isinstance(made.device.receiver, FakeReceiver)
    assert [len(body) for body in made.device.receiver.taken] == [webhook.MAX_BODY]


async def test_too_slow(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever takes for ever is hung up on."""
    monkeypatch.setattr(webhook, "BODY_TIME", 0.05)
    await made.set_up(hass)
    client = await hass_client_no_auth()

    async def drip() -> AsyncIterator[bytes]:
        yield b"<"
        for _ in range(5):
            await asyncio.sleep(0.05)
            yield b" "

    response = await client.post(path(made), data=drip())
    assert response.status == HTTPStatus.REQUEST_TIMEOUT
    assert isinstance(made.device.receiver, FakeReceiver)
    assert made.device.receiver.taken == []


async def test_not_wanted(hass: HomeAssistant, made: Made) -> None:
    """Without the option there is no address, and none is kept."""
    entry = await made.set_up(hass, wanted=False)
    assert made.urls == [None]
    assert "webhook_id" not in entry.data


async def test_no_internal_url(
    hass: HomeAssistant, made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    """Without an internal URL events are fetched, and one line says so."""
    with patch(
        "custom_components.panacam.webhook.webhook.async_generate_url",
        side_effect=NoURLAvailableError,
    ):
        entry = await made.set_up(hass)
    assert made.urls == [None]
    assert entry.state is ConfigEntryState.LOADED
    assert [line for line in ours(caplog) if "no internal URL" in line] == [
        "Bare: events are fetched, since Home Assistant has no internal URL to send them to"
    ]


async def test_closed_after_a_failed_set_up(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, made: Made
) -> None:
    """A set-up that came to nothing leaves no address open."""
    with patch.object(made.device, "poll", side_effect=TimeoutError):
        entry = await made.set_up(hass)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    client = await hass_client_no_auth()
    await client.post(path(made), data=BODY)
    assert isinstance(made.device.receiver, FakeReceiver)
    assert made.device.receiver.taken == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_camera_that_sends(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, yard: OnvifSimulator
) -> None:
    """With a real camera its events come by that way, and nothing is pulled."""
    assert await async_setup_component(hass, DOMAIN, {})  # the routes are fixed from here on
    client = await hass_client_no_auth()
    await async_process_ha_core_config(
        hass, {"internal_url": f"http://127.0.0.1:{client.server.port}"}
    )
    entry = await add(hass, yard_entry_for(yard, options={"webhook": True}))
    await until(lambda: yard.count("Subscribe") == 1)

    def motion() -> bool:
        return any(entry.runtime_data.data.alarms.values()) or any(
            entry.runtime_data.data.signals.values()
        )

    await until(lambda: not motion())
    yard.camera.analytics.trigger("MyMotion", active=True)
    await until(motion)
    assert yard.count("PullMessages") == 0
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not yard.camera.events.subscriptions
