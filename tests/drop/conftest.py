"""Fixtures of the tests of the drop in Home Assistant."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from ftplib import FTP
from io import BytesIO
from pathlib import Path
import socket
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.panacam.const import CONF_KIND, DOMAIN, KIND_NETWORK
from custom_components.panacam.drop import Drop, running_drop
from custom_components.panacam.drop_accounts import drop_accounts
from tests.conftest import add

EVENT = "event.stage_left_clip_received"
BEGAN = datetime(2026, 11, 21, 8, 30)  # noqa: DTZ001 - by the camera's clock
JPEG = b"\xff\xd8\xff\xd9"


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class Made:
    """What a test needs of the drop."""

    hass: HomeAssistant
    network: MockConfigEntry
    port: int
    folder: Path

    @property
    def drop(self) -> Drop:
        """Return the drop, which is on."""
        found = running_drop(self.hass)
        assert found is not None
        return found

    async def put(self, entry: MockConfigEntry, path: str, data: bytes) -> None:
        """Send a file as a camera does."""
        account = drop_accounts(self.hass).of(entry.entry_id)
        assert account is not None

        def send() -> None:
            with FTP(timeout=10) as client:  # noqa: S321 - it is what is tested
                client.connect("127.0.0.1", self.port)
                client.login(account.username, account.password)
                client.storbinary(f"STOR {path}", BytesIO(data))

        await asyncio.to_thread(send)
        await self.hass.async_block_till_done()


def options(port: int, folder: Path, **more: Any) -> dict[str, Any]:
    """Return what somebody types in."""
    return {
        "on": True,
        "port": port,
        "first_port": 50_100,
        "last_port": 50_199,
        "address": "127.0.0.1",
        "folder": str(folder),
        "camera_gigabytes": 10,
        "all_gigabytes": 50,
        "days": 30,
        **more,
    }


async def network_of(hass: HomeAssistant, **settings: Any) -> MockConfigEntry:
    """Set the network up."""
    return await add(
        hass,
        MockConfigEntry(
            domain=DOMAIN,
            title="Network",
            unique_id=KIND_NETWORK,
            data={CONF_KIND: KIND_NETWORK, "webhook_id": "5" * 64},
            options=settings,
        ),
    )


@pytest.fixture
async def made(hass: HomeAssistant, tmp_path: Path, socket_enabled: None) -> Made:
    """Have the drop on."""
    assert await async_setup_component(hass, "media_source", {})
    port, folder = free_port(), tmp_path / "drop"
    network = await network_of(hass, drop=options(port, folder))
    return Made(hass, network, port, folder)
