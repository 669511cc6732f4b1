"""Fixtures of the tests below Home Assistant: real sockets, no Home Assistant."""

from collections.abc import AsyncIterator

from aiohttp import ClientSession
import pytest


@pytest.fixture(autouse=True)
def _custom_integration() -> None:
    """Nothing here needs Home Assistant, which the other tests set up."""


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[ClientSession]:
    """Give an HTTP session that allows real sockets."""
    async with ClientSession() as session:
        yield session
