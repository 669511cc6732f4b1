"""Fixtures of the bridge's tests."""

from collections.abc import Iterator
from functools import partial

import pytest

from custom_components.panacam.cams.bridge import hub, pictures, ring, rtsp


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what takes half a minute with a camera take a second."""
    for module in (hub, pictures, rtsp):
        monkeypatch.setattr(module, "STALE", 0.3)
        monkeypatch.setattr(module, "GIVE_UP", 0.7)
    for module in (pictures, rtsp):
        monkeypatch.setattr(module, "REPEAT_AFTER", 0.1)
        monkeypatch.setattr(module, "TICK", 0.02)
        monkeypatch.setattr(module, "Waits", partial(hub.Waits, 0.02, 0.05))
    monkeypatch.setattr(hub, "LINGER", 0.1)
    monkeypatch.setattr(hub, "STEADY", 0.2)


@pytest.fixture(scope="module")
def bare() -> Iterator[None]:
    """Let sizes be those of the data alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ring, "OVERHEAD", 0)
        yield


@pytest.fixture
def patient(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send nobody away, however long a camera takes to come back."""
    for module in (hub, pictures, rtsp):
        monkeypatch.setattr(module, "GIVE_UP", 60.0)
