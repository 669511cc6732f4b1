"""What the measurements share: rows, stalls, the process with the cameras, Home Assistant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
import logging
import os
from pathlib import Path
import socket
import sys
import tempfile
import time
from typing import Any, NoReturn
from unittest.mock import patch

from homeassistant import loader
from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.components.stream import HLS_PROVIDER, Stream
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

ROOT = Path(__file__).parents[2]
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
        self._turn = asyncio.Lock()
        self.places = places

    async def ask(self, *words: object) -> Any:
        """Send a line of words and return what is answered."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._turn:
            self._process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
            return json.loads(await self._process.stdout.readline())

    def pin(self, cores: set[int]) -> None:
        """Keep the cameras to these cores, if there are any."""
        if cores:
            os.sched_setaffinity(self._process.pid, cores)

    async def requests(self) -> int:
        """Return how many requests came since the last call."""
        return int(await self.ask("requests"))


@asynccontextmanager
async def cameras(kind: str, count: int, **options: object) -> AsyncIterator[Cameras]:
    """Run simulated cameras of a kind."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scripts.lib.bench_cameras",
        kind,
        str(count),
        json.dumps(options),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Cameras(process, json.loads(await process.stdout.readline()))
    finally:
        process.stdin.close()
        await process.wait()


def entry(number: int, place: dict[str, Any], **options: object) -> MockConfigEntry:
    """Return an entry for one simulated camera."""
    return MockConfigEntry(
        domain="panacam",
        title=f"Camera {number}",
        unique_id=place["id"],
        options={"scan_interval": POLL, **options},
        data={
            "family": place["family"],
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


@dataclass(frozen=True, slots=True)
class Opened:
    """How long a player waits."""

    first_part: float
    """Seconds to the first part of HLS."""
    playable: float
    """Seconds to a master playlist, which waits for the second segment to begin."""


@asynccontextmanager
async def opened(hass: HomeAssistant, entity_id: str) -> AsyncIterator[tuple[Stream, Opened]]:
    """Open a camera as a player does, and close it."""
    camera = get_camera_from_entity_id(hass, entity_id)
    before = time.perf_counter()
    stream = await camera.async_create_stream()
    assert stream is not None
    provider = stream.add_provider(HLS_PROVIDER)
    await stream.start()
    first: float | None = None
    while first is None or len(provider.sequences) < 2:
        segments = [provider.get_segment(sequence) for sequence in provider.sequences]
        if first is None and any(segment is not None and segment.parts for segment in segments):
            first = time.perf_counter() - before
        await asyncio.sleep(0.002)
        if time.perf_counter() - before > 40:
            fail(f"{entity_id}: no picture")
    try:
        yield stream, Opened(first, time.perf_counter() - before)
    finally:
        await stream.stop()
        camera.stream = None


@asynccontextmanager
async def home_assistant() -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant core with what cameras need."""
    with tempfile.TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS, None)
            frame.async_setup(hass)
            logging.disable(logging.WARNING)
            config = {"http": {"server_host": "127.0.0.1", "server_port": free_port()}}
            for component in ("http", "stream", "camera"):
                if not await async_setup_component(hass, component, config):
                    fail(f"{component} did not start")
            # Cameras are on loopback: nothing is to be said on the networks of this machine.
            with patch("custom_components.panacam.discovery.adapters_of", return_value=()):
                yield hass
            for config_entry in hass.config_entries.async_entries():
                await hass.config_entries.async_remove(config_entry.entry_id)
            await hass.async_stop(force=True)


def stalled(ours: Stalls, idle: Stalls) -> tuple[float, float]:
    """Return two longest stalls in milliseconds."""
    return 1000 * ours.longest, 1000 * idle.longest


def table(rows: list[Row]) -> str:
    """Return the rows for people."""
    lines = [f"{'':42} {'ours':>9} {'peer':>9} {'ratio':>6}  unit"]
    for row in rows:
        peer = f"{row.peer:9.3g}" if row.peer is not None else " " * 9
        ratio = f"{row.ours / row.peer:6.2f}" if row.peer else " " * 6
        notes = "; ".join(filter(None, [row.unit, row.against, row.goal and f"goal {row.goal}"]))
        lines.append(f"{row.what:42} {row.ours:9.3g} {peer} {ratio}  {notes}")
    return "\n".join(lines)
