"""What ONVIF cameras cost and how soon their events are known, beside Home Assistant's own onvif.

Each side runs in a process of its own with the same cameras: what a first camera costs can be seen
only once in the life of a process.
"""

import asyncio
from collections.abc import Mapping
import gc
import json
import statistics
import sys
import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import psutil
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .bench_base import ROOT, Cameras, Row, Stalls, cameras, entry, fail, home_assistant, set_up

MORE: Final = 20
"""Cameras after the first one, and reloads."""
_SETTLE: Final = 3.0
_MISSED: Final = 2.0
"""Seconds after which an event is taken for missed, and counted with that time."""


def _theirs(number: int, place: dict[str, Any]) -> MockConfigEntry:
    """Return an entry of Home Assistant's own integration."""
    return MockConfigEntry(
        domain="onvif",
        title=f"Camera {number}",
        unique_id=place["id"],
        data={
            "name": f"Camera {number}",
            "host": "127.0.0.1",
            "port": place["port"],
            "username": "admin",
            "password": "12345",
            "snapshot_auth": "digest",
        },
        options={"extra_arguments": "", "rtsp_transport": "tcp"},
    )


def _memory() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


class _Events:
    """Waits for what the motion sensor of a camera shows."""

    def __init__(self, hass: HomeAssistant, entity_ids: set[str]) -> None:
        self._entity_ids = entity_ids
        self.changes: list[tuple[str, float]] = []
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        new, old = event.data["new_state"], event.data["old_state"]
        if (
            new is not None
            and new.entity_id in self._entity_ids
            and (old is None or old.state != new.state)
        ):
            self.changes.append((new.state, time.monotonic()))

    async def pulses(self, running: Cameras, count: int, gap: float, rest: float) -> list[float]:
        """Send `count` pulses of `gap` seconds; return how long each edge took to show, in ms."""
        self.changes.clear()
        sent: list[tuple[str, float]] = []
        for _ in range(count):
            for state in ("on", "off"):
                sent.append((state, await running.ask("motion", 0, state)))
                await asyncio.sleep(gap if state == "on" else rest)
        await asyncio.sleep(_MISSED)
        waits: list[float] = []
        shown = list(self.changes)
        for state, at in sent:
            # Edges that were skipped are shown by nothing: they count as missed.
            found = next((seen for seen in shown if seen[0] == state and seen[1] >= at), None)
            if found is None:
                waits.append(1000 * _MISSED)
                continue
            shown = shown[shown.index(found) + 1 :]
            waits.append(1000 * min(found[1] - at, _MISSED))
        return waits


async def _first(hass: HomeAssistant, running: Cameras, own: MockConfigEntry) -> dict[str, float]:
    """Set up the first camera, then again."""
    found: dict[str, float] = {}
    memory = _memory()
    await running.requests()
    stalls = Stalls()
    async with stalls.watch():
        found["cold"] = 1000 * await set_up(hass, own)
        await hass.async_block_till_done()
        found["requests"] = await running.requests()
        await asyncio.sleep(_SETTLE)
    found["stall"] = 1000 * stalls.longest
    found["first_memory"] = _memory() - memory
    warm: list[float] = []
    for _ in range(3):
        await hass.config_entries.async_unload(own.entry_id)
        before = time.perf_counter()
        await hass.config_entries.async_setup(own.entry_id)
        warm.append(1000 * (time.perf_counter() - before))
    found["warm"] = statistics.median(warm)
    return found


async def _more(hass: HomeAssistant, running: Cameras, ours: bool) -> float:
    """Return the memory that each further camera takes, in MB."""
    before = _memory()
    for number, place in enumerate(running.places[1:], 1):
        made = entry(number, place, ring=0) if ours else _theirs(number, place)
        await set_up(hass, made)
    await hass.async_block_till_done()
    await asyncio.sleep(_SETTLE)
    return (_memory() - before) / (len(running.places) - 1)


async def _reloads(hass: HomeAssistant, own: MockConfigEntry, count: int) -> float:
    """Return what `count` reloads leave behind in memory, in MB; the first ones warm up."""
    for _ in range(3):
        await hass.config_entries.async_reload(own.entry_id)
    before = _memory()
    for _ in range(count):
        await hass.config_entries.async_reload(own.entry_id)
        await hass.async_block_till_done()
    if own.state is not ConfigEntryState.LOADED:
        fail("reloading failed")
    await asyncio.sleep(_SETTLE)
    return _memory() - before


async def measure(ours: bool, quick: bool) -> dict[str, float]:
    """Measure one side."""
    count = 10 if quick else 40
    async with cameras("onvif", 1 + (5 if quick else MORE)) as running, home_assistant() as hass:
        if not ours:
            config = {"ffmpeg": {"ffmpeg_bin": "/bin/true"}}
            await async_setup_component(hass, "ffmpeg", config)
        place = running.places[0]
        own = entry(0, place, ring=0) if ours else _theirs(0, place)
        found = await _first(hass, running, own)
        sensors = {
            item.entity_id
            for item in er.async_entries_for_config_entry(er.async_get(hass), own.entry_id)
            if item.domain == "binary_sensor"
            and hass.states.get(item.entity_id) is not None
            and hass.states.get(item.entity_id).attributes.get("device_class") == "motion"  # type: ignore[union-attr]
        }
        if not sensors:
            fail("there is no motion sensor")
        events = _Events(hass, {min(sensors)})
        await asyncio.sleep(_SETTLE)
        single = await events.pulses(running, count // 2, 0.9, 1.1)
        pulses = await events.pulses(running, count, 0.1, 0.7)
        found["single"] = statistics.median(single)
        found["pulse"] = statistics.median(pulses)
        found["pulse_worst"] = sorted(pulses)[int(len(pulses) * 0.95) - 1]
        found["missed"] = sum(wait >= 1000 * _MISSED for wait in pulses)
        found["more_memory"] = await _more(hass, running, ours)
        found["reloads"] = await _reloads(hass, own, 5 if quick else MORE)
    return found


async def _side(name: str, *, quick: bool) -> Mapping[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scripts.lib.bench_onvif",
        name,
        "quick" if quick else "whole",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode:
        fail(f"{name}: the measurement failed")
    found: Mapping[str, float] = json.loads(out.splitlines()[-1])
    return found


async def run(*, quick: bool) -> list[Row]:
    """Measure both sides."""
    ours, theirs = await _side("ours", quick=quick), await _side("theirs", quick=quick)
    peer = "Home Assistant's onvif"
    wanted = (
        ("ONVIF: first set-up, cold", "cold", "ms", ""),
        ("ONVIF: set-up, warm", "warm", "ms", ""),
        ("ONVIF: requests for one set-up", "requests", "", ""),
        ("ONVIF: longest stall, first set-up", "stall", "ms", "< 25"),
        ("ONVIF: memory for the first camera", "first_memory", "MB", ""),
        ("ONVIF: memory for each one more", "more_memory", "MB", ""),
        ("ONVIF: event to state", "single", "ms", ""),
        ("ONVIF: event to state, 0.1 s apart", "pulse", "ms", "< 60"),
        ("ONVIF: the same, 95th percentile", "pulse_worst", "ms", ""),
        ("ONVIF: edges of those that never show", "missed", "", "0"),
        ("ONVIF: memory after the reloads", "reloads", "MB", ""),
    )
    return [Row(what, ours[key], theirs[key], unit, peer, goal) for what, key, unit, goal in wanted]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1] == "ours", sys.argv[2] == "quick"))))
