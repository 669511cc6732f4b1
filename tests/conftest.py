"""Fixtures of all tests: a simulated camera on 127.0.0.1 and its entry in Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Generator
from typing import Any
from unittest.mock import PropertyMock, patch

from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
import pytest_socket
from syrupy.assertion import SnapshotAssertion

import custom_components.panacam  # noqa: F401 - before the test plugin's own folder of that name
from custom_components.panacam import connection, discovery, following
from custom_components.panacam.cams.bridge import reader
from custom_components.panacam.cams.mo import device as mo_device, link, motor
from custom_components.panacam.cams.povcam import client, device, lens
from custom_components.panacam.const import DOMAIN
from tests.simulators.mo import MoSimulator
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator

MAC = "a8:13:74:00:00:01"
MO_MAC = "a8:13:74:00:01:01"
ONVIF_MAC = "a8:13:74:00:02:01"


@pytest.fixture(autouse=True)
def _custom_integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant find this repository's integration."""


class QuietListener:
    """Hears nothing."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Take whatever a listener takes."""

    async def start(self) -> None:
        """Open nothing."""

    async def close(self) -> None:
        """Close nothing."""


@pytest.fixture(autouse=True)
def _quiet_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask no network who is there, nor the kernel about neighbours, unless a test wants it."""

    async def search(*args: object, **kwargs: object) -> None:
        """Find nobody."""

    async def mac_of(host: str, *, stale: bool = False) -> str | None:
        """Know nobody."""

    monkeypatch.setattr(discovery, "search", search)
    monkeypatch.setattr(discovery, "Listener", QuietListener)
    monkeypatch.setattr(following, "mac_of", mac_of)


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take loopback, where the simulated cameras are, for a network of the house."""

    def followable(host: str, own: Collection[str]) -> bool:
        return host.startswith("127.") or real(host, own)

    real = following.followable
    monkeypatch.setattr(following, "followable", followable)
    monkeypatch.setattr(discovery, "followable", followable)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots in the form of Home Assistant's own tests."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def all_enabled() -> Generator[None]:
    """Enable what is disabled by default, too."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        new=PropertyMock(return_value=True),
    ):
        yield


@pytest.fixture
def ipv6_enabled(socket_enabled: None) -> None:
    """Allow the loopback address of IPv6, too; the next test's set-up takes it back."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the waits away that only spare a camera."""
    monkeypatch.setattr(device, "POLL_GAP", 0.0)
    monkeypatch.setattr(client, "AW_GAP", 0.0)
    monkeypatch.setattr(lens, "NUDGE", 0.01)
    # Whoever wants the past asks for it.
    monkeypatch.setattr(connection, "DEFAULT_RING", 0)
    monkeypatch.setattr(motor, "NUDGE", 0.01)
    monkeypatch.setattr(mo_device, "ALARM_REPEAT", 0.0)
    monkeypatch.setattr(link, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(reader, "READ_TIMEOUT", 1.0)


@pytest.fixture
async def umr20(socket_enabled: None, quick: None) -> AsyncGenerator[PovcamSimulator]:
    """Run a recorder with two cards and user authentication by Digest."""
    async with PovcamSimulator(
        model=AG_UMR20, auth=Auth.DIGEST, user_auth=True, record_delay=0.0
    ) as simulator:
        yield simulator


@pytest.fixture
async def open_camera(socket_enabled: None, quick: None) -> AsyncGenerator[PovcamSimulator]:
    """Run a camera that asks nobody for a password."""
    async with PovcamSimulator(model=AG_UMR20, auth=Auth.DIGEST, user_auth=False) as simulator:
        yield simulator


@pytest.fixture
async def gate(socket_enabled: None, quick: None) -> AsyncGenerator[MoSimulator]:
    """Run a camera that pushes alarms and has a loudspeaker."""
    async with MoSimulator() as simulator:
        yield simulator


@pytest.fixture
async def yard(socket_enabled: None, quick: None) -> AsyncGenerator[OnvifSimulator]:
    """Run a camera that turns its head, watches by rules and has a loudspeaker."""
    async with OnvifSimulator() as simulator:
        simulator.become(mac=ONVIF_MAC, serial="SIM0000003")
        yield simulator


def entry_for(simulator: PovcamSimulator, **changes: Any) -> MockConfigEntry:
    """Return an entry for a simulated camera, not added yet."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Stage left",
        unique_id=changes.pop("unique_id", MAC),
        # No past: the camera is connected only while a test looks.
        options={"ring": 0, **changes.pop("options", {})},
        data={
            "family": "povcam",
            "host": "127.0.0.1",
            "port": simulator.port,
            "ssl": False,
            "verify_ssl": True,
            CONF_USERNAME: "admin",
            CONF_PASSWORD: "12345",
            **changes,
        },
    )


def gate_entry_for(simulator: MoSimulator, **changes: Any) -> MockConfigEntry:
    """Return an entry for a simulated camera that pushes, not added yet."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Gate",
        unique_id=changes.pop("unique_id", MO_MAC),
        options={"ring": 0, **changes.pop("options", {})},
        data={
            "family": "mo",
            "host": simulator.host,
            "port": simulator.port,
            "ssl": False,
            "verify_ssl": True,
            CONF_USERNAME: "admin",
            CONF_PASSWORD: "12345",
            **changes,
        },
    )


def yard_entry_for(simulator: OnvifSimulator, **changes: Any) -> MockConfigEntry:
    """Return an entry for a simulated ONVIF camera, not added yet."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Yard",
        unique_id=changes.pop("unique_id", ONVIF_MAC),
        options={"ring": 0, **changes.pop("options", {})},
        data={
            "family": "onvif",
            "host": simulator.host,
            "port": simulator.port,
            "ssl": False,
            "verify_ssl": True,
            CONF_USERNAME: simulator.username,
            CONF_PASSWORD: simulator.password,
            **changes,
        },
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that tells nobody; the time limit of the test is the limit."""
    while not condition():  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)


async def add(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Add an entry and set it up as Home Assistant does."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


@pytest.fixture
async def entry(hass: HomeAssistant, umr20: PovcamSimulator) -> MockConfigEntry:
    """Set the recorder up."""
    return await add(hass, entry_for(umr20))


@pytest.fixture
async def gate_entry(hass: HomeAssistant, gate: MoSimulator) -> MockConfigEntry:
    """Set that camera up."""
    return await add(hass, gate_entry_for(gate))


@pytest.fixture
async def yard_entry(hass: HomeAssistant, yard: OnvifSimulator) -> MockConfigEntry:
    """Set that camera up."""
    return await add(hass, yard_entry_for(yard))
