"""Two addresses of one camera: which of them counts, and whose word."""

import asyncio

from homeassistant.core import HomeAssistant
import pytest
import pytest_socket

from custom_components.panacam.provisioning import clock, provisioner
from custom_components.panacam.provisioning.steps import Source
from tests.conftest import until
from tests.provisioning.conftest import GATE, HERE, Log, asked, cameras, network_of
from tests.simulators.povcam import PovcamSimulator

OLD = "127.0.0.9"


@pytest.fixture(autouse=True)
def _old_address(socket_enabled: None) -> None:
    """Let the address that nobody has be tried."""
    pytest_socket.socket_allow_hosts([HERE, OLD, "127.0.0.8"], allow_unix_socket=True)


async def test_refused_old_lease(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """A camera asks for its old address first, is refused, and gets another one at once."""
    tell = (await network_of(hass, GATE)).runtime_data.requested
    tell(asked(address=OLD, source=Source.OVERHEARD))
    await asyncio.sleep(0.1)
    tell(asked(source=Source.OVERHEARD))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[:3] == ["ip_address_allocation", "superseded", "ip_address_allocation"]
    assert log.of("superseded")["address"] == OLD
    assert "another address" in log.of("superseded")["message"]
    assert (log.steps[-1], log[-1]["address"]) == ("completed", HERE)


async def test_after_the_first_has_ended(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is new is followed up within the gap; what is not is swallowed."""
    monkeypatch.setattr(clock, "BOOT_LIMIT", 0.0)
    tell = (await network_of(hass, GATE)).runtime_data.requested
    for address, steps in ((OLD, 2), (OLD, 2), (HERE, 6)):
        tell(asked(address=address, source=Source.OVERHEARD))
        await hass.async_block_till_done(wait_background_tasks=True)
        assert len(log) >= steps
        assert log.steps.count("ip_address_allocation") == (2 if address == HERE else 1)
    assert log.steps[1] == "unreachable"
    assert log.steps[-1] == "completed"


async def test_turned_off_meanwhile(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told of while it was on is not begun once it is off."""
    network = await network_of(hass, GATE)
    tell = network.runtime_data.requested
    tell(asked(address=OLD))
    await until(lambda: "reservation_skipped" in log.steps)
    tell(asked())
    hass.config_entries.async_update_entry(network, options={**network.options, "automatic": False})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert log.steps[-2:] == ["superseded", "disabled"]
    assert cameras(hass) == []


@pytest.mark.parametrize("address", [OLD, "127.0.0.8"])
async def test_packet_against_the_server(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log, address: str
) -> None:
    """What was overheard takes nothing back that the server said on the way."""
    tell = (await network_of(hass, GATE)).runtime_data.requested
    tell(asked(address=OLD, source=Source.OVERHEARD))
    await asyncio.sleep(0.05)
    tell(asked(circuit_id="7"))
    tell(asked(remote_id="switch"))
    tell(asked(address=address, source=Source.OVERHEARD))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (log.steps[-1], log[-1]["address"]) == ("completed", HERE)
    line = log.of("option_82_added")
    assert (line["circuit_id"], line["remote_id"]) == ("7", "switch")


async def test_packet_against_the_servers_newest(
    hass: HomeAssistant, camera: PovcamSimulator, log: Log
) -> None:
    """Both addresses were the server's: a packet does not choose the older one."""
    tell = (await network_of(hass, GATE)).runtime_data.requested
    tell(asked(address=OLD))
    await until(lambda: "reservation_skipped" in log.steps)
    tell(asked())
    tell(asked(address=OLD, source=Source.OVERHEARD))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (log.steps[-1], log[-1]["address"]) == ("completed", HERE)


async def test_changes_its_mind(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """What was overheard last counts among what was only overheard."""
    tell = (await network_of(hass, GATE)).runtime_data.requested
    for address in (OLD, HERE, OLD, HERE):
        tell(asked(address=address, source=Source.OVERHEARD))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (log.steps[-1], log[-1]["address"]) == ("completed", HERE)
    assert provisioner.MAX_BELIEVED == 4
