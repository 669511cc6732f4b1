"""Fixtures of tests that send a camera elsewhere, and what they ask of Home Assistant."""

from collections.abc import AsyncGenerator
import socket
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
import pytest_socket

from custom_components.panacam import following, moving
from custom_components.panacam.cams.povcam import https
from custom_components.panacam.const import DOMAIN
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator

CAMERA = "camera.stage_left_h_264_1"
OTHER_MAC = "a8:13:74:00:00:99"
ELSEWHERE = "127.0.0.2"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as long as a simulated camera needs."""
    monkeypatch.setattr(moving, "FOLLOW_TIME", 3.0)
    monkeypatch.setattr(moving, "FOLLOW_GAP", 0.05)
    monkeypatch.setattr(moving, "SETTLE", 0.4)
    monkeypatch.setattr(moving, "SETTLE_DHCP", 0.6)
    monkeypatch.setattr(https, "MAKING_GAP", 0.05)


@pytest.fixture
async def umr20(socket_enabled: None, quick: None) -> AsyncGenerator[PovcamSimulator]:
    """Run a recorder on a loopback network with two addresses."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", ELSEWHERE], allow_unix_socket=True)
    async with PovcamSimulator(
        model=AG_UMR20,
        auth=Auth.DIGEST,
        user_auth=True,
        record_delay=0.0,
        make_time=0.2,
        media=False,
        move_time=0.1,
    ) as simulator:
        yield simulator


@pytest.fixture
def neighbour(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let the kernel know the MAC addresses that a test puts in, by address."""
    known: dict[str, str] = {}

    async def mac_of(host: str, *, stale: bool = False) -> str | None:
        return known.get(host)

    monkeypatch.setattr(following, "mac_of", mac_of)
    return known


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


async def do(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Perform an action on the camera, confirmed."""
    return await hass.services.async_call(
        DOMAIN, action, {"entity_id": CAMERA, "confirm": True, **data}, blocking=True
    )


async def ask(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    """Return what an action answers for the camera."""
    answers = await hass.services.async_call(
        DOMAIN, action, {"entity_id": CAMERA, **data}, blocking=True, return_response=True
    )
    assert answers is not None
    answer = answers[CAMERA]
    assert isinstance(answer, dict)
    return answer


def logged_in(simulator: PovcamSimulator) -> list[str]:
    """Return the requests that came with a login."""
    return [request.path for request in simulator.requests if request.user is not None]


async def refused(
    hass: HomeAssistant,
    key: str,
    action: str,
    kind: type[HomeAssistantError] = HomeAssistantError,
    **data: Any,
) -> None:
    """Perform an action that must fail with that sentence."""
    with pytest.raises(kind) as caught:
        await do(hass, action, **data)
    assert caught.value.translation_key == key
    assert str(caught.value)  # has words, with all its placeholders
