"""One way of discovery at a time, each on a real network with a real Home Assistant."""

import asyncio
import time
from typing import Any

import pytest

from .lab import Lab

MAC = "a8:13:74:00:00:01"
SLOW = 2.0
"""Seconds for an answer, on a machine that is busy with the flood itself."""
USUAL: dict[str, Any] = {"discoverable": True, "port": 80}


@pytest.mark.parametrize(
    ("family", "arguments", "source"),
    [
        ("onvif", {}, "integration_discovery"),
        ("onvif", {"quirk": ["no_metadata_version", "wrong_relates_to"]}, "integration_discovery"),
        ("povcam", {"ssdp": False}, "integration_discovery"),
        ("povcam", {"easy_ip": False}, "ssdp"),
        ("mo", {}, "integration_discovery"),
    ],
)
async def test_found(lab: Lab, family: str, arguments: dict[str, Any], source: str) -> None:
    """A camera that was there before Home Assistant is found by the one way that it speaks."""
    camera = await lab.host("cam", "10.77.0.20/24", mac=MAC)
    await lab.camera(camera, family, **USUAL, **arguments)
    home = await lab.home_assistant(await lab.host("ha", "10.77.0.2/24"), loaded=True)
    (flow,) = await home.flows(1)
    assert flow["context"]["unique_id"] == MAC
    assert flow["context"]["source"] == source


async def test_found_by_ipv6(lab: Lab) -> None:
    """A camera that has nothing but a link-local IPv6 address is found as well."""
    camera = await lab.host("cam", mac=MAC)
    await lab.camera(camera, "onvif", host=f"{await camera.link_local()}%eth0", **USUAL)
    home = await lab.home_assistant(
        await lab.host("ha", "10.77.0.2/24", v6="fd77::2/64"), loaded=True
    )
    (flow,) = await home.flows(1)
    assert flow["context"]["unique_id"] == MAC


@pytest.mark.parametrize("sources", [None, "10.77.64.0/18"])
async def test_flood(lab: Lab, sources: str | None) -> None:
    """Ten thousand answers a second hide no camera, open no flow, and leave time for others."""
    stranger = await lab.host("stranger", "10.77.0.66/16")
    line = ["--host", "10.77.0.66", *([] if sources is None else ["--sources", sources])]
    flood = await lab.module(stranger, "tests.simulators.flood", *line, until="ready")
    home = await lab.home_assistant(await lab.host("ha", "10.77.0.2/16"), loaded=True)
    camera = await lab.host("cam", "10.77.0.20/16", mac=MAC)
    await lab.camera(camera, "onvif", **USUAL)
    await home.flows(1)
    # The search, and what it has found, is over by then.
    for _ in range(10):
        await asyncio.sleep(1)
        asked = time.monotonic()
        await home.client.command("get_config")
        assert time.monotonic() - asked < SLOW
    (flow,) = await home.flows()
    assert flow["context"]["unique_id"] == MAC
    await flood.end()
    sent = int(flood.tail().rpartition("sent ")[2])
    assert sent > 10_000, flood.tail()
