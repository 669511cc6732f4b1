"""A camera that is switched on adds itself, without a hand on it (provisioning.txt)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from .house import PASSWORD, USER, eventually, expect, host_of, state_of, switch_on
from .lab import Lab

MAC = "a8:13:74:00:00:31"
NAME = "Loading dock"
TABLE = f"mac,username,password,name\n{MAC},{USER},{PASSWORD},{NAME}\n"
CAMERAS: dict[str, dict[str, Any]] = {
    "onvif": {"username": USER, "password": PASSWORD},
    "povcam": {"user_auth": True},
    "mo": {},
}


@pytest.mark.programs("dnsmasq")
@pytest.mark.parametrize("family", CAMERAS)
async def test_switched_on(lab: Lab, family: str) -> None:
    """From the DHCP request to a live picture, its address reserved, its name as expected."""
    hosts = lab.folder / "hosts"
    hosts.mkdir()
    pid = lab.folder / "dnsmasq.pid"
    server = await lab.host("dhcp", "10.77.0.1/24")
    await lab.dnsmasq(
        server,
        "10.77.0.100,10.77.0.150",
        f"--dhcp-hostsdir={hosts}",
        f"--pid-file={pid}",
    )
    home = await lab.home_assistant(await lab.host("ha", "10.77.0.2/24"))
    reserved = hosts / "panacam"
    await expect(
        home, TABLE, {"server": "dnsmasq", "hosts_file": str(reserved), "pid_file": str(pid)}
    )
    host = await lab.host("cam", mac=MAC)
    entry_id, seconds = await switch_on(lab, home, host, NAME, family, **CAMERAS[family])
    assert host.address is not None
    await eventually(
        lambda: host_of(home, entry_id), lambda place: place == host.address, 10, "its host"
    )
    assert f"{MAC},{host.address}" in await asyncio.to_thread(Path(reserved).read_text)
    # The goal is 15 s; a machine that is busy with other tests may take longer.
    assert seconds < 60
    step = await state_of(home, "event.network_provisioning")
    assert step not in {"", "unknown", "unavailable"}
