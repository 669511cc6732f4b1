"""Fixtures of the tests of provisioning: cameras on 127.0.0.1, and who has which address."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

from homeassistant.core import Event, HomeAssistant, callback
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam import following
from custom_components.panacam.const import CONF_KIND, DOMAIN, KIND_NETWORK
from custom_components.panacam.network_entry import camera_entries
from custom_components.panacam.provisioning import clock, loading, ports
from custom_components.panacam.provisioning.journal import EVENT_PROVISIONING
from custom_components.panacam.provisioning.steps import Request, Source
from tests.conftest import MAC, add
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator

HERE = "127.0.0.1"
WEBHOOK = "5" * 64
GATE = {"mac": MAC, "username": "admin", "password": "12345", "name": "Gate", "family": "povcam"}


class Neighbours(dict[str, str]):
    """The kernel's table of neighbours: MAC addresses by address."""

    def __init__(self, rows: dict[str, str]) -> None:
        """Vouch for all rows."""
        super().__init__(rows)
        self.vouches = True

    async def mac_of(self, host: str, *, stale: bool = False) -> str | None:
        """Return who has an address."""
        return self.get(host) if stale or self.vouches else None


class Log(list[dict[str, Any]]):
    """What was told, step by step."""

    @property
    def steps(self) -> list[str]:
        """Return the names of the steps."""
        return [one["step"] for one in self]

    def of(self, step: str) -> dict[str, Any]:
        """Return the last line of a step."""
        return next(one for one in reversed(self) if one["step"] == step)


@pytest.fixture(autouse=True)
def neighbours(monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    """Stand in for the kernel, and let the loopback address be one of the house."""
    table = Neighbours({HERE: MAC})

    async def own(_hass: HomeAssistant) -> frozenset[str]:
        return frozenset()

    monkeypatch.setattr(following, "mac_of", table.mac_of)
    monkeypatch.setattr(following, "async_own_addresses", own)
    monkeypatch.setattr(following, "followable", lambda host, _own: host.startswith("127."))
    return table


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the waits away that only spare a camera."""
    monkeypatch.setattr(clock, "GAP", 0.02)
    monkeypatch.setattr(clock, "LOGIN_PAUSE", 0.02)
    monkeypatch.setattr(clock, "BOOT_LIMIT", 1.0)
    monkeypatch.setattr(clock, "LOAD_LIMIT", 2.0)
    monkeypatch.setattr(loading, "RELOAD_PAUSE", 0.02)
    monkeypatch.setattr(ports, "KNOCK_TIME", 0.5)


@pytest.fixture
def at_port(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a function that names the ports where cameras are looked for."""

    def set_ports(*numbers: int) -> None:
        monkeypatch.setattr(ports, "PORTS", numbers)

    return set_ports


@pytest.fixture
async def camera(
    socket_enabled: None, quick: None, at_port: Callable[..., None]
) -> AsyncGenerator[PovcamSimulator]:
    """Run a camera that wants a password, where cameras are looked for."""
    async with PovcamSimulator(model=AG_UMR20, auth=Auth.DIGEST, user_auth=True) as simulator:
        at_port(simulator.port)
        yield simulator


@pytest.fixture
def log(hass: HomeAssistant) -> Log:
    """Listen to the steps."""
    lines = Log()

    @callback
    def heard(event: Event) -> None:
        lines.append(dict(event.data))

    hass.bus.async_listen(EVENT_PROVISIONING, heard)
    return lines


async def network_of(hass: HomeAssistant, *expected: Any, **options: Any) -> MockConfigEntry:
    """Set the network up, with automatic adding unless told otherwise."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Network",
        unique_id=KIND_NETWORK,
        data={CONF_KIND: KIND_NETWORK, "webhook_id": WEBHOOK},
        options={"automatic": True, "expected": list(expected), **options},
    )
    return await add(hass, entry)


def asked(mac: str = MAC, address: str = HERE, **more: Any) -> Request:
    """Return what the DHCP server says."""
    return Request(**{"mac": mac, "address": address, "source": Source.SERVER, **more})


async def provision(hass: HomeAssistant, network: MockConfigEntry, request: Request) -> None:
    """Tell of an address, and wait for what comes of it."""
    network.runtime_data.requested(request)
    await hass.async_block_till_done(wait_background_tasks=True)


def cameras(hass: HomeAssistant) -> list[Any]:
    """Return the entries of cameras."""
    return camera_entries(hass)
