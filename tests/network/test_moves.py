"""Cameras that move to another address, are forged, or replaced, on a real network."""

import asyncio
from typing import Any

import pytest

from tests.simulators.forger import secrets_in

from .house import (
    DOMAIN,
    GONE,
    PASSWORD,
    UNAVAILABLE,
    USER,
    add_camera,
    entries,
    eventually,
    host_of,
    picture_of,
    replacement,
    state_of,
    told,
)
from .lab import Home, Lab

MAC = "a8:13:74:00:00:21"
OLD, NEW = "10.77.0.20", "10.77.0.30"
LOGIN = {"username": USER, "password": PASSWORD}
CAMERAS: dict[str, dict[str, Any]] = {
    "onvif": {"port": 80, "discoverable": True, **LOGIN},
    "povcam": {"port": 80, "discoverable": True, "user_auth": True},
    "mo": {"port": 80, "discoverable": True},
}


async def there(home: Home, entity_id: str, seconds: float = 30.0) -> float:
    """Wait until an entity is available; return how long that took."""
    return await eventually(
        lambda: state_of(home, entity_id), lambda state: state not in GONE, seconds, entity_id
    )


async def lost(home: Home, entity_id: str, seconds: float = 60.0) -> None:
    """Wait until an entity is unavailable."""
    await eventually(
        lambda: state_of(home, entity_id), lambda state: state == UNAVAILABLE, seconds, entity_id
    )


@pytest.mark.parametrize("family", CAMERAS)
async def test_moved(lab: Lab, family: str) -> None:
    """A camera with a password that gets another address is followed there without a hand."""
    home = await lab.home_assistant(await lab.host("ha", "10.77.0.2/24"))
    host = await lab.host("cam", f"{OLD}/24", mac=MAC)
    camera = await lab.camera(host, family, **CAMERAS[family])
    entry_id = await add_camera(home, OLD)
    entity_id = await picture_of(home, entry_id)
    await there(home, entity_id)
    await camera.end()
    await lost(home, entity_id)
    await host.move(f"{NEW}/24")
    await lab.camera(host, family, **CAMERAS[family])
    # A search that came too early is repeated after half a minute, and after one and a half.
    await there(home, entity_id, 110)
    await eventually(
        lambda: host_of(home, entry_id), lambda place: place == NEW, 10, "the entry's host"
    )
    assert not await home.flows()


@pytest.mark.parametrize("family", ["onvif", "povcam"])
async def test_forged(lab: Lab, family: str) -> None:
    """Who announces a lost camera's MAC address from another one's gets no password from us."""
    home = await lab.home_assistant(await lab.host("ha", "10.77.0.2/24"))
    host = await lab.host("cam", f"{OLD}/24", mac=MAC)
    camera = await lab.camera(host, family, **CAMERAS[family])
    entry_id = await add_camera(home, OLD)
    entity_id = await picture_of(home, entry_id)
    await there(home, entity_id)
    await camera.end()
    await lost(home, entity_id)
    stranger = await lab.host("stranger", "10.77.0.66/24", mac="de:ad:be:ef:00:01")
    record = lab.folder / "received"
    await lab.module(
        stranger,
        "tests.simulators.forger",
        *(family, "--host", "10.77.0.66", "--mac", MAC, "--serial", "SIM0000001"),
        *("--interface", "eth0", "--record", str(record)),
        until="ready",
    )
    await home.seen("dhcp", "10.77.0.66")
    # The next search for the lost camera hears it as well.
    await asyncio.sleep(40)
    assert await state_of(home, entity_id) == UNAVAILABLE
    assert await host_of(home, entry_id) == OLD
    assert not secrets_in(record.read_bytes(), PASSWORD)
    assert not await home.flows()


async def test_forged_from_afar(lab: Lab) -> None:
    """An address behind a router proves nothing: a human is asked before a password goes there."""
    home = await lab.home_assistant(await lab.host("ha", "10.77.0.2/24"))
    await lab.router("router", lan="10.77.0.1/24", far="10.88.0.1/24")
    host = await lab.host("cam", f"{OLD}/24", mac=MAC)
    camera = await lab.camera(host, "povcam", **CAMERAS["povcam"])
    entry_id = await add_camera(home, OLD)
    entity_id = await picture_of(home, entry_id)
    await there(home, entity_id)
    await camera.end()
    await lost(home, entity_id)
    forged = ("--mac", MAC, "--serial", "SIM0000001")
    far = await lab.host("far", "10.88.0.66/24", segment="far")
    record = lab.folder / "received"
    await lab.module(
        far,
        "tests.simulators.forger",
        *("povcam", "--host", "10.88.0.66", *forged, "--record", str(record)),
        until="ready",
    )
    # Home Assistant takes the MAC address of the frame itself: that is forged, too.
    await host.unplug()
    near = await lab.host("near", "10.77.0.67/24", mac=MAC)
    await lab.module(
        near,
        "tests.simulators.forger",
        *("povcam", "--host", "10.77.0.67", *forged),
        *("--interface", "eth0", "--address", "10.88.0.66"),
        until="ready",
    )
    (flow,) = await home.flows(1)
    assert flow["step_id"] == "moved"
    assert await host_of(home, entry_id) == OLD
    assert not secrets_in(record.read_bytes(), PASSWORD)


async def test_replaced(lab: Lab) -> None:
    """A camera that came in the place of another gets its settings, its name and its entities."""
    ha = await lab.host("ha", "10.77.0.2/24")
    home = await lab.home_assistant(ha)
    host = await lab.host("cam", f"{OLD}/24", mac=MAC)
    camera = await lab.camera(host, "povcam", title="Left of stage", **CAMERAS["povcam"])
    old_id = await add_camera(home, OLD)
    entity_id = await picture_of(home, old_id)
    await there(home, entity_id)
    await home.client.act("panacam.save_settings", entity_id)
    await camera.end()
    await lost(home, entity_id)
    await host.unplug()
    other = "a8:13:74:00:00:22"
    spare = await lab.host("spare", f"{OLD}/24", mac=other)
    await lab.camera(spare, "povcam", serial="SIM0000022", title="Factory", **CAMERAS["povcam"])
    # Until the kernel sees that the address belongs to another MAC address now.
    await eventually(lambda: told(ha, OLD, "/cgi-bin/getinfo?FILE=1"), bool, 60, "the spare")
    new_id = await add_camera(home, OLD)
    assert new_id != old_id
    await eventually(lambda: replacement(home), bool, 120, "the repair")
    form = await home.client.request(
        "POST",
        "/api/repairs/issues/fix",
        json={"handler": DOMAIN, "issue_id": await replacement(home)},
    )
    path = f"/api/repairs/issues/fix/{form['flow_id']}"
    report = await home.client.request("POST", path, json={"take_over": True})
    assert report["step_id"] == "report"
    assert report["description_placeholders"]["taken"] == "1"
    assert report["description_placeholders"]["refused"] == "-"
    await home.client.request("POST", path, json={})
    await there(home, entity_id)
    assert [entry["entry_id"] for entry in await entries(home)] == [new_id]
    assert await picture_of(home, new_id) == entity_id
    # Asked of the camera itself, by somebody else.
    assert "cam_title=Left of stage" in await told(ha, OLD, "/cgi-bin/get_basic")


@pytest.mark.programs("dnsmasq")
@pytest.mark.parametrize("family", CAMERAS)
async def test_moved_by_dhcp(lab: Lab, family: str) -> None:
    """A camera that the DHCP server gives another address is back within a poll."""
    server = await lab.host("dhcp", "10.77.0.1/24")
    first = await lab.dnsmasq(server, "10.77.0.100,10.77.0.109")
    home = await lab.home_assistant(await lab.host("ha", "10.77.0.2/24"))
    host = await lab.host("cam", mac=MAC)
    lease = await lab.lease(host, host_name="camera")
    # It says nothing by itself: only the DHCP request tells of it.
    quiet = {key: value for key, value in CAMERAS[family].items() if key != "discoverable"}
    camera = await lab.camera(host, family, **quiet)
    assert host.address is not None
    entry_id = await add_camera(home, host.address)
    entity_id = await picture_of(home, entry_id)
    await there(home, entity_id)
    await camera.end()
    await lease.end()
    await lost(home, entity_id)
    first.terminate()
    await first.wait()
    await host.move(None)
    await lab.dnsmasq(server, "10.77.0.200,10.77.0.209")
    await lab.lease(host, host_name="camera")
    assert host.address.startswith("10.77.0.20")
    await lab.camera(host, family, **quiet)
    # Polled every 5 s; set up again at the new place, and a machine that is busy with others.
    assert await there(home, entity_id, 40) < 20
    await eventually(
        lambda: host_of(home, entry_id), lambda place: place == host.address, 10, "its host"
    )
