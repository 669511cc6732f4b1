"""A recorder, and that recorder as a device."""

from collections.abc import AsyncIterator

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.povcam.device import PovcamDevice
from tests.cams.support import camera, device_of
from tests.simulators.povcam import PovcamSimulator


@pytest.fixture
async def sim(session: ClientSession, quick: None) -> AsyncIterator[PovcamSimulator]:
    """Run a recorder with two cards."""
    async with camera() as simulator:
        yield simulator


@pytest.fixture
async def device(session: ClientSession, sim: PovcamSimulator) -> AsyncIterator[PovcamDevice]:
    """Give that recorder, connected."""
    found = device_of(session, sim)
    await found.connect()
    yield found
    await found.close()
