"""What cameras cost that are added and polled, beside a bare client with the same polls."""

import asyncio
import gc
import statistics
import time
from typing import Any

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import psutil
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .bench_base import (
    POLL,
    Cameras,
    Row,
    Stalls,
    cameras,
    cpu_during,
    entry,
    home_assistant,
    observe,
    set_up,
    stalled,
)


async def plain_polling(places: list[dict[str, Any]], seconds: float) -> float:
    """Return the CPU share of the same polls by a bare aiohttp client."""

    async def poll(session: aiohttp.ClientSession, place: dict[str, Any]) -> None:
        login = aiohttp.DigestAuthMiddleware("admin", "12345")
        while True:
            url = f"http://127.0.0.1:{place['port']}/cgi-bin/get_state"
            async with session.get(url, middlewares=(login,)) as response:
                await response.read()
            await asyncio.sleep(POLL)

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        tasks = [group.create_task(poll(session, place)) for place in places]
        await asyncio.sleep(POLL)
        share = await cpu_during(seconds / 2)
        for task in tasks:
            task.cancel()
    return share


async def generic_camera(hass: HomeAssistant, url: str) -> tuple[MockConfigEntry, str]:
    """Set up Home Assistant's own generic camera on an RTSP URL."""
    peer = MockConfigEntry(
        domain="generic",
        title="Peer",
        version=2,
        options={
            "stream_source": url,
            "content_type": "image/jpeg",
            "advanced": {
                "authentication": "basic",
                "framerate": 2,
                "verify_ssl": True,
                "limit_refetch_to_url_change": False,
            },
        },
    )
    await set_up(hass, peer)
    await hass.async_block_till_done()
    found = er.async_entries_for_config_entry(er.async_get(hass), peer.entry_id)
    return peer, found[0].entity_id


async def measure_one(hass: HomeAssistant, place: dict[str, Any], runs: int) -> list[Row]:
    """Measure what one camera costs when it is added and opened."""
    own = entry(0, place, ring=0)
    await set_up(hass, own)
    peer, _ = await generic_camera(hass, place["rtsp"])
    again: dict[str, list[float]] = {own.domain: [], peer.domain: []}
    for _ in range(runs):
        for config_entry in (own, peer):
            await hass.config_entries.async_unload(config_entry.entry_id)
            before = time.perf_counter()
            await hass.config_entries.async_setup(config_entry.entry_id)
            again[config_entry.domain].append(time.perf_counter() - before)
    rows = [
        Row(
            "entry set-up",
            1000 * statistics.median(again[own.domain]),
            1000 * statistics.median(again[peer.domain]),
            "ms",
            "generic camera, which asks nothing",
        ),
    ]
    for config_entry in (own, peer):
        await hass.config_entries.async_remove(config_entry.entry_id)
    return rows


async def measure_many(hass: HomeAssistant, running: Cameras, seconds: float) -> list[Row]:
    """Measure many cameras being added and polled."""
    places = running.places
    gc.collect()
    memory = psutil.Process().memory_info().rss
    set_up_stalls = Stalls()
    await asyncio.sleep(POLL)  # what the measurements before have left behind
    idle_cpu, idle = await observe(seconds)
    await running.requests()
    async with set_up_stalls.watch():
        for number, place in enumerate(places):
            await set_up(hass, entry(number, place, ring=0))
        await hass.async_block_till_done()
    asked = await running.requests()
    gc.collect()
    grown = psutil.Process().memory_info().rss - memory
    await asyncio.sleep(POLL)
    await running.requests()
    before = time.monotonic()
    busy_cpu, poll_stalls = await observe(seconds)
    polls = await running.requests() / (time.monotonic() - before)
    for config_entry in hass.config_entries.async_entries("panacam"):
        await hass.config_entries.async_unload(config_entry.entry_id)
    plain = await plain_polling(places, seconds)
    share, quiet = busy_cpu - idle_cpu, "Home Assistant idle"
    number, bare = len(places), "bare aiohttp client, same polls"
    return [
        Row("requests for one set-up", asked / number, None, ""),
        Row(f"memory for one of {number} cameras", grown / number / 1e6, None, "MB", goal="< 1"),
        Row(
            f"CPU, {number} every {POLL:.0f} s", share, plain - idle_cpu, "% of a core", bare, "< 5"
        ),
        Row("CPU for one request of a poll", 10 * share / max(polls, 1e-9), None, "ms"),
        Row("longest stall, set-up", *stalled(set_up_stalls, idle), "ms", quiet, "< 20"),
        Row(f"longest stall, {seconds:.0f} s", *stalled(poll_stalls, idle), "ms", quiet, "< 20"),
    ]


async def run(count: int, seconds: float, runs: int) -> list[Row]:
    """Measure `count` cameras for `seconds`."""
    async with cameras("povcam", count) as running, home_assistant() as hass:
        rows = await measure_one(hass, running.places[0], runs)
        return rows + await measure_many(hass, running, seconds)
