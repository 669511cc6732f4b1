"""Settings that a provisioned camera really gets, and the certificate that it is trusted by."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.panacam.backup_store import async_backups
from custom_components.panacam.backups import async_copy
from custom_components.panacam.cams import keeping
from custom_components.panacam.cams.net.tls import grouped
from custom_components.panacam.provisioning import ports
from tests.conftest import MAC, add, entry_for
from tests.provisioning.conftest import (
    GATE,
    Log,
    Neighbours,
    asked,
    cameras,
    network_of,
    provision,
)
from tests.simulators.povcam import AG_UMR20, Auth, PovcamSimulator

OLD_MAC = "a8:13:74:00:00:02"


@pytest.fixture(autouse=True)
def _own_folder(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keep files apart from those of other tests; cameras here show at once what they were told."""
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    monkeypatch.setattr(keeping, "SETTLE", 0.0)


@pytest.fixture
async def old(socket_enabled: None, quick: None) -> AsyncGenerator[PovcamSimulator]:
    """Run a camera that was there before."""
    async with PovcamSimulator(
        model=AG_UMR20, auth=Auth.DIGEST, user_auth=True, mac=OLD_MAC, serial="SIM0000002"
    ) as simulator:
        simulator.camera.title, simulator.camera.jpeg_quality = "Of old", 8
        yield simulator


async def test_given_template(
    hass: HomeAssistant, old: PovcamSimulator, camera: PovcamSimulator, log: Log
) -> None:
    """It is another camera's copy under a name, and changes what every camera may have."""
    entry = await add(hass, entry_for(old, unique_id=OLD_MAC))
    document = await async_copy(entry.runtime_data)
    await (await async_backups(hass)).async_save_template("Day", document)
    assert camera.camera.jpeg_quality != 8
    title = camera.camera.title
    network = await network_of(hass, GATE | {"template": "Day"})
    await provision(hass, network, asked())
    assert (camera.camera.jpeg_quality, camera.camera.title) == (8, title)
    assert log.steps[-2:] == ["configuration_applied", "completed"]
    assert log.of("configuration_applied")["taken"] > 0


async def test_no_such_template(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """The camera is there all the same, and the log says what is missing."""
    network = await network_of(hass, GATE | {"template": "Night"})
    await provision(hass, network, asked())
    assert log.of("configuration_failed")["reason"] == "no_such_template"
    assert "no template of this name" in log.of("configuration_failed")["message"]
    assert log.steps[-1] == "completed"


async def test_given_what_the_old_one_had(
    hass: HomeAssistant, old: PovcamSimulator, camera: PovcamSimulator, log: Log
) -> None:
    """A camera of the name of one that is gone gets all of its settings, its title included."""
    before = entry_for(old, unique_id=OLD_MAC)
    await add(hass, before)
    hass.config_entries.async_update_entry(before, title="Gate")
    await async_copy(before.runtime_data)
    await hass.config_entries.async_remove(before.entry_id)
    await old.stop()
    network = await network_of(hass, GATE)
    await provision(hass, network, asked())
    assert log.steps[-2:] == ["configuration_applied", "completed"]
    assert (camera.camera.jpeg_quality, camera.camera.title) == (8, "Of old")
    [entry] = cameras(hass)
    known = (await async_backups(hass)).known[before.entry_id]
    assert known.replaced_by == entry.entry_id


async def test_https_first(
    hass: HomeAssistant,
    camera: PovcamSimulator,
    at_port: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    log: Log,
) -> None:
    """Where a camera answers both ways the password goes through TLS, and the log says to whom."""
    async with PovcamSimulator(
        model=AG_UMR20, auth=Auth.DIGEST, user_auth=True, https=True
    ) as other:
        monkeypatch.setattr(ports, "HTTPS", other.port)
        at_port(camera.port, other.port)
        network = await network_of(hass, GATE)
        await provision(hass, network, asked())
        [entry] = cameras(hass)
        assert (entry.data["ssl"], entry.data["port"]) == (True, other.port)
        line = log.of("network_device_added")
        assert line["fingerprint"] == entry.data["fingerprint"]
        assert line["message"].endswith(grouped(entry.data["fingerprint"]))
        assert "trusted from now on" in line["message"]
        assert list(camera.requests) == []
        await hass.config_entries.async_unload(entry.entry_id)


async def test_no_certificate(hass: HomeAssistant, camera: PovcamSimulator, log: Log) -> None:
    """Nothing is said of what is not there; what only looks like HTTPS is passed over."""
    network = await network_of(hass, GATE)
    await provision(hass, network, asked())
    assert "fingerprint" not in log.of("network_device_added")
    assert log.of("network_device_added")["message"] == "The camera was added."


async def test_https_of_somebody_else(
    hass: HomeAssistant,
    camera: PovcamSimulator,
    at_port: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    log: Log,
) -> None:
    """A port that is open and speaks no TLS is no reason not to add the camera."""
    async with PovcamSimulator(model=AG_UMR20, auth=Auth.DIGEST, user_auth=True) as other:
        monkeypatch.setattr(ports, "HTTPS", other.port)
        at_port(camera.port, other.port)
        network = await network_of(hass, GATE)
        await provision(hass, network, asked())
        [entry] = cameras(hass)
        assert (entry.data["ssl"], entry.data["port"]) == (False, camera.port)
        assert log.steps[-1] == "completed"
        assert list(other.requests) == []


@pytest.mark.parametrize("listed", [True, False])
async def test_address_of_one_that_is_gone(
    hass: HomeAssistant,
    socket_enabled: None,
    quick: None,
    at_port: Callable[..., None],
    log: Log,
    listed: bool,
) -> None:
    """A new camera is not taken for one without a MAC address that had its address until now."""
    async with PovcamSimulator(
        model=AG_UMR20, auth=Auth.DIGEST, user_auth=True, mac="", serial="SIM0000002"
    ) as simulator:
        at_port(simulator.port)
        entry = await add(hass, entry_for(simulator, unique_id="SIM0000002"))
        network = await network_of(hass, *([GATE] if listed else []))
        simulator.become(mac=MAC, serial="SIM0000001")
        await provision(hass, network, asked(circuit_id="7"))
        assert network.runtime_data._store.entry_of(MAC) != entry.entry_id
        assert log.steps[-1] == ("completed" if listed else "not_found")
        assert log[-1].get("name") == ("Gate" if listed else "Stage left")
        assert len(cameras(hass)) == 1 + listed
        for one in cameras(hass):
            await hass.config_entries.async_unload(one.entry_id)


async def test_router_and_no_mac_address(
    hass: HomeAssistant,
    socket_enabled: None,
    quick: None,
    at_port: Callable[..., None],
    neighbours: Neighbours,
    log: Log,
) -> None:
    """Where nobody but the DHCP server can tell who it is, its word is enough."""
    neighbours.clear()
    async with PovcamSimulator(
        model=AG_UMR20, auth=Auth.DIGEST, user_auth=True, mac="", serial="SIM0000002"
    ) as simulator:
        at_port(simulator.port)
        network = await network_of(hass, GATE)
        await provision(hass, network, asked())
        assert log.steps[-1] == "completed"
        [entry] = cameras(hass)
        assert network.runtime_data._store.entry_of(MAC) == entry.entry_id
        await hass.config_entries.async_unload(entry.entry_id)
