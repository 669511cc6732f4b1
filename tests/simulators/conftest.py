"""Fixtures of the simulators' own tests."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.simulators.povcam import Auth, PovcamSimulator
from tests.simulators.povcam_client import Clock


@pytest.fixture
async def client(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a plain HTTP client on real sockets."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


@pytest.fixture
def clock() -> Clock:
    """Give a clock in the test's hand."""
    return Clock()


@pytest.fixture
async def sim(socket_enabled: None, clock: Clock) -> AsyncIterator[PovcamSimulator]:
    """Give a recorder without authentication."""
    async with PovcamSimulator(auth=Auth.NONE, clock=clock) as simulator:
        yield simulator
