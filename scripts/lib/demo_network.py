"""A network to look at: a real Home Assistant and cameras, each in a network namespace of its own.

Cameras are switched on while Home Assistant runs, get their address by DHCP where dnsmasq is
installed, and appear under "Discovered" by themselves.
"""

import asyncio
from dataclasses import dataclass
import shutil
import sys
from typing import Any, Final

import aiohttp

from tests.network.lab import Home, Host, Lab, NetworkError, possible

from .check import Report
from .client import ClientError
from .hass import PASSWORD, USERNAME, Progress
from .process import ChildError

SEEN_SECONDS: Final = 60.0
IMPOSSIBLE: Final = 2
"""Exit code where namespaces cannot be made."""
_SETTINGS: Final = "/config/integrations/dashboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One camera of the demo."""

    name: str
    family: str
    mac: str
    fixed: str
    """Its address where there is no DHCP server."""
    arguments: dict[str, Any]
    login: str


CAMERAS: Final = (
    Shown(
        name="stage",
        family="povcam",
        mac="a8:13:74:00:00:01",
        fixed="10.77.0.21/24",
        arguments={"title": "Stage left", "user_auth": True, "rtsp_port": 554},
        login="admin / 12345",
    ),
    Shown(
        name="door",
        family="mo",
        mac="a8:13:74:00:01:01",
        fixed="10.77.0.22/24",
        arguments={"name": "Front door", "motion": 60},
        login="admin / 12345",
    ),
    Shown(
        name="yard",
        family="onvif",
        mac="a8:13:74:00:02:01",
        fixed="10.77.0.23/24",
        arguments={"name": "Yard", "serial": "SIM0000003", "rtsp_port": 554, "motion": 60},
        login="admin / Kamera/7",
    ),
)


async def show(progress: Progress, started: float, *, check: bool) -> int:
    """Run the network until a signal comes, or with `check` until all cameras were seen.

    Gives the exit code: 0, 1 when it does not work, `IMPOSSIBLE` when it cannot be tried.
    """
    reason = possible()
    if reason is not None:
        print(f"The network cannot be shown on this machine: {reason}.", file=sys.stderr)
        return IMPOSSIBLE
    report = Report(started)
    error = ""
    try:
        async with Lab("demo") as lab:
            ha = await lab.host("ha", "10.77.0.2/24", v6="fd77::2/64")
            leases = await _serve(lab, progress)
            # A camera with a fixed address may tell nobody: it is there when it is searched for.
            hosts = {} if leases else await _switch_on(lab, progress)
            home = await lab.home_assistant(ha, loaded=True, progress=progress)
            report.add("Home Assistant running", home.client.url)
            if not check:
                await _invite(lab, hosts, progress)
                return 0
            await _look(hosts or await _switch_on(lab, progress), home, report)
    except (NetworkError, ClientError, ChildError, aiohttp.ClientError, OSError) as err:
        error = str(err) or type(err).__name__
    except AssertionError as err:
        error = f"not all cameras appeared within {SEEN_SECONDS:.0f} s: {err}"
    print(report)
    print(f"FAILED: {error}" if error else "All cameras appear under Discovered.")
    return 1 if error else 0


async def _serve(lab: Lab, progress: Progress) -> bool:
    """Run a DHCP server, and tell whether there is one."""
    if shutil.which("dnsmasq") is None:
        progress("dnsmasq is not installed: the cameras have fixed addresses")
        return False
    await lab.dnsmasq(await lab.host("server", "10.77.0.1/24"), "10.77.0.100,10.77.0.199")
    progress("DHCP server dnsmasq on 10.77.0.1")
    return True


async def _invite(lab: Lab, hosts: dict[str, Host], progress: Progress) -> None:
    """Say where to look, switch the cameras on, and wait for a signal."""
    url = await lab.control(lab.hosts["ha"])
    print(f"\n  http://{url}:8123{_SETTINGS}\n  user {USERNAME}, password {PASSWORD}\n")
    print('  The cameras appear under "Discovered" by themselves. Ctrl-C ends it.\n', flush=True)
    hosts = hosts or await _switch_on(lab, progress)
    for camera in CAMERAS:
        print(f"  {camera.name:6} {hosts[camera.name].address:15} login {camera.login}", flush=True)
    await asyncio.Event().wait()


async def _switch_on(lab: Lab, progress: Progress) -> dict[str, Host]:
    """Switch the cameras on, one after the other."""
    hosts: dict[str, Host] = {}
    for camera in CAMERAS:
        if "server" in lab.hosts:
            host = await lab.host(camera.name, mac=camera.mac)
            await lab.lease(host, host_name=camera.name)
        else:
            host = await lab.host(camera.name, camera.fixed, mac=camera.mac)
        await lab.camera(host, camera.family, discoverable=True, port=80, **camera.arguments)
        progress(f"Camera {camera.name} ({camera.family}) at {host.address}")
        hosts[camera.name] = host
    return hosts


async def _look(hosts: dict[str, Host], home: Home, report: Report) -> None:
    """See each camera under "Discovered"; AssertionError when one does not appear."""
    for number, camera in enumerate(CAMERAS, 1):
        report.add(f"{camera.name} switched on", str(hosts[camera.name].address))
        await home.flows(number, seconds=SEEN_SECONDS)
    found = {flow["context"].get("unique_id"): flow for flow in await home.flows(len(CAMERAS))}
    for camera in CAMERAS:
        assert camera.mac in found, f"{camera.name} is not among {sorted(map(str, found))}"
        flow = found[camera.mac]
        report.add(
            f"{camera.name} discovered",
            f"{flow['context']['title_placeholders']['name']}, by {flow['context']['source']}",
        )
