"""How soon cameras are found and added by themselves, on a real network between namespaces.

No peer does this: Home Assistant's own `onvif` searches when it is asked to, one way only, and
adds nothing by itself. The goals stand in the place of a ratio.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import statistics
from typing import Any, Final

from tests.network.house import PASSWORD, USER, expect, switch_on
from tests.network.lab import Lab, possible
from tests.network.netns import Host

from .bench_base import Row, fail
from .process import Child

CAMERAS: Final = 50
SWITCHED: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("onvif", {"username": USER, "password": PASSWORD}),
    ("povcam", {"user_auth": True}),
    ("mo", {}),
)
FAMILIES: Final = ("onvif", "povcam", "mo")
INTERVAL: Final = 900.0
"""Seconds between two searches in the background."""


@asynccontextmanager
async def segment(lab: Lab, count: int) -> AsyncIterator[Host]:
    """Give a host on a segment with `count` cameras, a third of each family."""
    asker = await lab.host("asker", "10.77.0.2/24")
    places: list[dict[str, Any]] = []
    for number in range(count):
        mac = f"a8:13:74:00:10:{number:02x}"
        host = await lab.host(f"c{number}", f"10.77.0.{100 + number}/24", mac=mac)
        family = FAMILIES[number % len(FAMILIES)]
        places.append(
            {"namespace": host.namespace, "host": host.address, "mac": mac, "family": family}
        )
    file = lab.folder / "places.json"
    file.write_text(json.dumps(places))
    child: Child = await lab.module(asker, "scripts.lib.bench_segment", str(file), until="ready")
    try:
        yield asker
    finally:
        await child.end()


async def find(count: int, runs: int, idle: float) -> list[dict[str, float]]:
    """Search the segment `runs` times, each time after listening for `idle` seconds."""
    found: list[dict[str, float]] = []
    async with Lab("bench") as lab, segment(lab, count) as asker:
        index = (await asker.output("cat", "/sys/class/net/eth0/ifindex")).strip()
        for _ in range(runs):
            child = await lab.module(
                asker, "scripts.lib.bench_find", "10.77.0.2", "10.77.0.255", index, str(idle)
            )
            if await child.process.wait():
                fail(child.tail())
            found.append(json.loads(child.tail(1)))
    return found


async def switch_cameras_on(runs: int) -> list[float]:
    """Switch expected cameras on, one after the other; return the seconds until each picture."""
    times: list[float] = []
    macs = [f"a8:13:74:00:20:{number:02x}" for number in range(runs)]
    rows = [f"{mac},{USER},{PASSWORD},Camera {mac[-2:]}\n" for mac in macs]
    async with Lab("bench") as lab:
        server = await lab.host("dhcp", "10.77.0.1/24")
        await lab.dnsmasq(server, "10.77.0.100,10.77.0.150")
        home = await lab.home_assistant(await lab.host("ha", "10.77.0.2/24"))
        await expect(home, f"mac,username,password,name\n{''.join(rows)}", {"server": "none"})
        for number, mac in enumerate(macs):
            host = await lab.host(f"c{number}", mac=mac)
            family, arguments = SWITCHED[number % len(SWITCHED)]
            _, seconds = await switch_on(lab, home, host, f"Camera {mac[-2:]}", family, **arguments)
            times.append(seconds)
    return times


async def run(*, quick: bool) -> list[Row]:
    """Measure."""
    if (reason := possible()) is not None:
        print(f"network: not measured, {reason}")
        return []
    rows = _rows(await find(CAMERAS, 2 if quick else 5, 10.0 if quick else 60.0))
    if (reason := possible("dnsmasq")) is not None:
        print(f"network: a camera that is switched on is not measured, {reason}")
        return rows
    times = await switch_cameras_on(3 if quick else 9)
    what = "DHCP request of an expected camera to its picture in Home Assistant"
    return [
        *rows,
        Row(f"{what}, median", statistics.median(times), None, "s"),
        Row(f"{what}, longest", max(times), None, "s", goal="< 15 s"),
    ]


def _rows(results: list[dict[str, float]]) -> list[Row]:
    worst = {key: max(result[key] for result in results) for key in results[0]}
    background = 100 * (worst["cpu"] / INTERVAL + worst["listening"])
    least = min(result["found"] for result in results)
    what = f"{CAMERAS} cameras on a segment"
    return [
        Row(f"{what}: found by one search, least", least, None, "", goal=str(CAMERAS)),
        Row(f"{what}: the last one found after, most", worst["last"], None, "s", goal="< 10 s"),
        Row("CPU of discovery in the background", background, None, "% of a core", goal="< 0.2 %"),
        Row("Longest stall of the event loop in a search", 1000 * worst["stall"], None, "ms"),
    ]
