"""Clips on a recorder's cards: how soon 2,000 of them are shown, and how fast one comes.

The peers are plain clients that ask the same camera: one that reads the whole list page by page,
and one that downloads the same clip. Every party has a process of its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
import json
from pathlib import Path
import statistics
import sys
import time
from typing import Any, Final

from aiohttp import ClientSession, DigestAuthMiddleware
from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_source import (
    BrowseMediaSource,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.const import EVENT_HOMEASSISTANT_START
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .bench_base import ROOT, Cameras, Row, Stalls, cameras, entry, fail, home_assistant, set_up

CLIPS: Final = 2000
PAGE: Final = 15
CARD: Final = 40_000_000
"""Bytes a second of a good memory card, for a camera as it is."""
MEGABYTE: Final = 1_000_000
LOGIN: Final = ("admin", "12345")


@asynccontextmanager
async def _house(hass: HomeAssistant, **options: object) -> AsyncIterator[tuple[Cameras, Any]]:
    """Run one recorder and its entry."""
    async with cameras("povcam", 1, **options) as fleet:
        recorder = entry(1, fleet.places[0])
        await fleet.ask("fill", "sd1", "avchd", CLIPS)
        await set_up(hass, recorder)
        yield fleet, recorder
        await hass.config_entries.async_remove(recorder.entry_id)


async def _browse(runs: int) -> Row:
    """Measure the first look at a card with 2,000 clips, each time of an entry just set up."""
    ours: list[float] = []
    theirs: list[float] = []
    stalls = Stalls()
    async with home_assistant() as hass:
        await async_setup_component(hass, "media_source", {})
        for _ in range(runs):
            async with _house(hass) as (fleet, recorder):
                before = time.perf_counter()
                async with stalls.watch():
                    node = await _node(hass, f"cards/{recorder.entry_id}/sd1/avchd")
                ours.append(time.perf_counter() - before)
                if not node.children:
                    fail("no clips were shown")
                theirs.append(await _pages(fleet.places[0]["port"]))
    print(f"longest stall while 2,000 clips were first shown: {1000 * stalls.longest:.0f} ms")
    return Row(
        f"{CLIPS} clips: the first page of the browser",
        statistics.median(ours),
        statistics.median(theirs),
        "s",
        "a client that reads all pages",
        "< 0.3 s",
    )


async def _node(hass: HomeAssistant, identifier: str) -> BrowseMediaSource:
    node = await async_browse_media(hass, f"media-source://panacam/{identifier}")
    if not isinstance(node, BrowseMediaSource):
        fail(f"{identifier} is nothing")
    return node


async def _pages(port: int) -> float:
    """Return the seconds in which a plain client reads the list."""
    url = f"http://127.0.0.1:{port}/cgi-bin/get_clip_list?device=sd1&format=avchd&index="
    before = time.perf_counter()
    async with ClientSession(middlewares=(DigestAuthMiddleware(*LOGIN),)) as session:
        for index in range(1, CLIPS + 1, PAGE):
            async with session.get(f"{url}{index}") as response:
                await response.read()
    return time.perf_counter() - before


async def _clip(hass: HomeAssistant, node: BrowseMediaSource) -> str:
    """Return the media id of the first clip below a node."""
    if not node.children:
        fail("there is no clip")
    first = node.children[0]
    if first.can_play:
        return first.media_content_id
    return await _clip(hass, await _node(hass, first.media_content_id.partition("panacam/")[2]))


async def _fetch(*words: str) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.lib.bench_fetch", *words, cwd=ROOT, stdout=-1
    )
    told, _ = await process.communicate()
    if process.returncode:
        fail("a download failed")
    found: dict[str, float] = json.loads(told)
    return found


def _resident() -> int:
    """Return the bytes that this process has in memory."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


async def _download(throughput: int, size: int) -> tuple[float, float, float]:
    """Return bytes a second through us and by the plain client, and our peak of memory."""
    async with home_assistant() as hass:
        await async_setup_component(hass, "media_source", {})
        hass.bus.async_fire(EVENT_HOMEASSISTANT_START)
        await hass.async_block_till_done()
        async with _house(hass, throughput=throughput) as (fleet, recorder):
            film = await fleet.ask("film", "sd1", "mp4", size)
            node = await _node(hass, f"cards/{recorder.entry_id}/sd1/mp4")
            media = await async_resolve_media(hass, await _clip(hass, node), None)
            signed = async_sign_path(hass, f"{media.url}?download=1", timedelta(hours=1))
            base = f"http://127.0.0.1:{hass.config.api.port if hass.config.api else 0}"
            port = fleet.places[0]["port"]
            camera = f"http://127.0.0.1:{port}/cgi-bin/get_clip_file?{film}"
            theirs = await _fetch(camera, *LOGIN)
            before, peak = _resident(), 0
            download = asyncio.create_task(_fetch(base + signed))
            while not download.done():
                peak = max(peak, _resident() - before)
                await asyncio.sleep(0.02)
            ours = download.result()
            if ours["bytes"] != theirs["bytes"]:
                fail(f"{ours['bytes']} bytes of {theirs['bytes']}")
    return ours["bytes"] / ours["seconds"], theirs["bytes"] / theirs["seconds"], peak


async def run(*, quick: bool) -> list[Row]:
    """Return all rows."""
    rows = [await _browse(2 if quick else 5)]
    size = 400 * MEGABYTE if quick else 4000 * MEGABYTE
    ours, theirs, peak = await _download(CARD, size // 4)
    rows.append(
        Row(
            "clip through us, camera of 40 MB/s",
            ours / MEGABYTE,
            theirs / MEGABYTE,
            "MB/s",
            "a plain HTTP client",
            "0.8",
        )
    )
    rows.append(Row("peak of memory meanwhile", peak / MEGABYTE, None, "MB", goal="< 16 MB"))
    ours, theirs, peak = await _download(0, size)
    rows.append(
        Row(
            "clip through us, camera without limit",
            ours / MEGABYTE,
            theirs / MEGABYTE,
            "MB/s",
            "a plain HTTP client",
        )
    )
    rows.append(
        Row(
            f"peak of memory, clip of {size / 1e9:.1f} GB",
            peak / MEGABYTE,
            None,
            "MB",
            goal="< 16 MB",
        )
    )
    return rows
