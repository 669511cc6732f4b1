"""Fixtures of the tests of DHCP servers: real sockets, no Home Assistant."""

from collections.abc import AsyncGenerator

from aiohttp import ClientSession
import pytest

from custom_components.panacam.dhcp import kea


@pytest.fixture(autouse=True)
def _custom_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here needs Home Assistant, nor the time that spares a server."""
    monkeypatch.setattr(kea, "RESTORE_PAUSE", 0.0)


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[ClientSession]:
    """Give an HTTP session that allows real sockets."""
    async with ClientSession() as session:
        yield session
