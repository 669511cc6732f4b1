"""Measures panacam in a real Home Assistant core against simulated cameras, beside peers.

Every figure has a peer in the same run, since machines differ and drift: the ratio is what counts.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
import gc
import json
import logging
from pathlib import Path
import socket
import statistics
import sys
import tempfile
import time
from typing import Any, NoReturn

import aiohttp
from homeassistant import loader
from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.components.stream import HLS_PROVIDER
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import psutil
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

ROOT = Path(__file__).parents[2]
CAMERAS = 50
POLL = 5.0


def fail(message: str) -> NoReturn:
    """End with a message."""
    raise SystemExit(message)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    ours: float
    peer: float | None
    unit: str
    against: str = ""
    goal: str = ""


class Stalls:
    """How long the event loop was busy with one thing, seen by a timer of 2 ms."""

    def __init__(self) -> None:
        """Begin with no stall seen."""
        self.longest = 0.0

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[None]:
        """Watch while the context is open."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.002)
            self.longest = max(self.longest, time.perf_counter() - before - 0.002)


class Cameras:
    """The process with the simulated cameras."""

    def __init__(self, process: asyncio.subprocess.Process, places: list[dict[str, Any]]) -> None:
        """Keep the process; `places` as it printed them."""
        self._process = process
        self.places = places

    async def requests(self) -> int:
        """Return how many requests came since the last call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"?\n")
        return int((await self._process.stdout.readline()).split()[0])


@asynccontextmanager
async def cameras(count: int) -> AsyncIterator[Cameras]:
    """Run simulated cameras."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scripts.lib.bench_cameras",
        str(count),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Cameras(process, json.loads(await process.stdout.readline()))
    finally:
        process.stdin.close()
        await process.wait()


def entry(number: int, place: dict[str, Any]) -> MockConfigEntry:
    """Return an entry for one simulated camera."""
    return MockConfigEntry(
        domain="panacam",
        title=f"Camera {number}",
        unique_id=f"a8:13:74:00:{number // 256:02x}:{number % 256:02x}",
        options={"scan_interval": POLL},
        data={
            "family": "povcam",
            "host": "127.0.0.1",
            "port": place["port"],
            "ssl": False,
            "verify_ssl": True,
            "username": "admin",
            "password": "12345",
        },
    )


async def set_up(hass: HomeAssistant, config_entry: MockConfigEntry) -> float:
    """Set up an entry and return the seconds it took."""
    config_entry.add_to_hass(hass)
    before = time.perf_counter()
    await hass.config_entries.async_setup(config_entry.entry_id)
    took = time.perf_counter() - before
    if config_entry.state is not ConfigEntryState.LOADED:
        fail(f"{config_entry.title}: {config_entry.reason}")
    return took


async def cpu_during(seconds: float) -> float:
    """Return the share of one core that this process takes, in percent."""
    before = time.process_time()
    await asyncio.sleep(seconds)
    return 100 * (time.process_time() - before) / seconds


async def observe(seconds: float) -> tuple[float, Stalls]:
    """Return the CPU share, then the stalls: not at once, since the watch costs CPU, too."""
    share = await cpu_during(seconds / 2)
    stalls = Stalls()
    async with stalls.watch():
        await asyncio.sleep(seconds)
    return share, stalls


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


async def first_part(hass: HomeAssistant, entity_id: str) -> float:
    """Return the seconds from opening a camera to its first HLS part."""
    camera = get_camera_from_entity_id(hass, entity_id)
    before = time.perf_counter()
    stream = await camera.async_create_stream()
    assert stream is not None
    provider = stream.add_provider(HLS_PROVIDER)
    await stream.start()
    while not provider.sequences or not any(
        segment.parts
        for sequence in provider.sequences
        if (segment := provider.get_segment(sequence)) is not None
    ):
        await asyncio.sleep(0.005)
        if time.perf_counter() - before > 30:
            fail(f"{entity_id}: no picture")
    took = time.perf_counter() - before
    await stream.stop()
    camera.stream = None
    return took


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
    own = entry(0, place)
    await set_up(hass, own)
    peer, peer_camera = await generic_camera(hass, place["rtsp"])
    again: dict[str, list[float]] = {own.domain: [], peer.domain: []}
    for _ in range(runs):
        for config_entry in (own, peer):
            await hass.config_entries.async_unload(config_entry.entry_id)
            before = time.perf_counter()
            await hass.config_entries.async_setup(config_entry.entry_id)
            again[config_entry.domain].append(time.perf_counter() - before)
    await hass.async_block_till_done()
    ours, peers = [], []
    for _ in range(runs):
        ours.append(await first_part(hass, "camera.camera_0_h_264_1"))
        peers.append(await first_part(hass, peer_camera))
    rows = [
        Row(
            "entry set-up",
            1000 * statistics.median(again[own.domain]),
            1000 * statistics.median(again[peer.domain]),
            "ms",
            "generic camera, which asks nothing",
        ),
        Row(
            "opening to first HLS part",
            statistics.median(ours),
            statistics.median(peers),
            "s",
            "generic camera, same RTSP",
        ),
    ]
    await hass.config_entries.async_unload(own.entry_id)
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
            await set_up(hass, entry(number, place))
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


def stalled(ours: Stalls, idle: Stalls) -> tuple[float, float]:
    """Return two longest stalls in milliseconds."""
    return 1000 * ours.longest, 1000 * idle.longest


async def run(count: int, seconds: float, runs: int) -> list[Row]:
    """Measure everything in one Home Assistant."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            cameras(count) as running,
            async_test_home_assistant(config_dir=folder) as hass,
        ):
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS, None)
            logging.disable(logging.WARNING)
            config = {"http": {"server_host": "127.0.0.1", "server_port": free_port()}}
            for component in ("http", "stream", "camera"):
                if not await async_setup_component(hass, component, config):
                    fail(f"{component} did not start")
            rows = await measure_one(hass, running.places[0], runs)
            for config_entry in hass.config_entries.async_entries():
                await hass.config_entries.async_remove(config_entry.entry_id)
            rows += await measure_many(hass, running, seconds)
            await hass.async_stop(force=True)
    return rows


def table(rows: list[Row]) -> str:
    """Return the rows for people."""
    lines = [f"{'':42} {'ours':>9} {'peer':>9} {'ratio':>6}  unit"]
    for row in rows:
        peer = f"{row.peer:9.2f}" if row.peer is not None else " " * 9
        ratio = f"{row.ours / row.peer:6.2f}" if row.peer else " " * 6
        notes = "; ".join(filter(None, [row.unit, row.against, row.goal and f"goal {row.goal}"]))
        lines.append(f"{row.what:42} {row.ours:9.2f} {peer} {ratio}  {notes}")
    return "\n".join(lines)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute and a half instead of five")
    parser.add_argument("--cameras", type=int, default=CAMERAS)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    seconds, runs = (15.0, 2) if options.quick else (60.0, 5)
    rows = asyncio.run(run(options.cameras, seconds, runs))
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
