"""A simulated MO camera, and that camera as a device."""

from collections.abc import AsyncIterator

import pytest

from custom_components.panacam.cams.mo import (
    client,
    device as device_module,
    features,
    link,
    motor,
    pictures,
    settings,
    speaker,
)
from custom_components.panacam.cams.mo.device import MoDevice
from tests.cams.mo.support import device_of, gone
from tests.simulators.mo import MoSimulator


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what only spares a camera."""
    monkeypatch.setattr(link, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(link, "LAST_WAIT", 0.1)
    monkeypatch.setattr(device_module, "ALARM_REPEAT", 0.0)
    monkeypatch.setattr(features, "RESTART_GAP", 0.02)
    monkeypatch.setattr(motor, "NUDGE", 0.01)
    monkeypatch.setattr(speaker, "BUFFER", 0.02)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits for a camera that says nothing, where it is to say nothing."""
    monkeypatch.setattr(link, "LINK_WAIT", 0.3)
    monkeypatch.setattr(client, "LOGIN_TIMEOUT", 0.3)
    monkeypatch.setattr(pictures, "PICTURE_WAIT", 0.4)
    monkeypatch.setattr(pictures, "SOUND_WAIT", 0.2)
    monkeypatch.setattr(pictures, "TURN_WAIT", 0.1)
    monkeypatch.setattr(settings, "PARAMETERS_WAIT", 0.2)


@pytest.fixture
async def sim(socket_enabled: None, brief: None) -> AsyncIterator[MoSimulator]:
    """Run a camera with everything."""
    async with MoSimulator(fps=25, size=(320, 240)) as simulator:
        yield simulator


@pytest.fixture
async def device(sim: MoSimulator) -> AsyncIterator[MoDevice]:
    """Give that camera, connected; afterwards nothing of it is left."""
    found = device_of(sim)
    await found.connect()
    yield found
    await found.close()
    await gone(sim)
