"""What streams cost that run all day: CPU, memory, stalls; and how soon an alarm is known."""

import asyncio
from contextlib import AsyncExitStack
import gc
import os
import statistics
import threading
import time

import av
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
import psutil

from .bench_base import (
    Cameras,
    Row,
    cameras,
    cpu_during,
    entry,
    home_assistant,
    observe,
    opened,
    set_up,
    stalled,
)

FLEET = 16
STREAMS = 4
RING = 7.0
RTSP_BITS = 4_000_000


async def rings(seconds: float) -> list[Row]:
    """Measure MO cameras of 15 frames a second into rings, all of it on one core."""
    cores = os.sched_getaffinity(0)
    async with cameras("mo", FLEET) as running, home_assistant() as hass:
        os.sched_setaffinity(0, {min(cores)})
        running.pin(cores - {min(cores)})
        try:
            idle_cpu, idle = await observe(seconds)
            memory = psutil.Process().memory_info().rss
            for number, place in enumerate(running.places):
                await set_up(hass, entry(number, place, ring=RING))
            await hass.async_block_till_done()
            await asyncio.sleep(RING + 2)
            gc.collect()
            grown = psutil.Process().memory_info().rss - memory
            busy_cpu, stalls = await observe(seconds)
            encoders = sum(thread.name == "panacam encoder" for thread in threading.enumerate())
        finally:
            os.sched_setaffinity(0, cores)
    quiet = "Home Assistant idle"
    return [
        Row(f"CPU, {FLEET} MO cameras into rings", busy_cpu, idle_cpu, "% of a core", quiet),
        Row(f"longest stall, {FLEET} into rings", *stalled(stalls, idle), "ms", quiet, goal="< 20"),
        Row("memory for one stream and its ring", grown / FLEET / 1e6, None, "MB", goal="< 10"),
        Row("encoders while nobody looks", encoders, None, "", goal="0"),
    ]


async def _demux_only(url: str, seconds: float) -> float:
    """Return the CPU share of a thread that does nothing but read the stream."""
    ended = threading.Event()

    def read() -> None:
        with av.open(url, timeout=10) as container:
            for _ in container.demux():
                if ended.is_set():
                    return

    thread = threading.Thread(target=read)
    thread.start()
    await asyncio.sleep(2)
    share = await cpu_during(seconds)
    ended.set()
    await asyncio.get_running_loop().run_in_executor(None, thread.join)
    return share


async def sharing(seconds: float) -> list[Row]:
    """Measure an RTSP stream of 4 Mbit/s that is kept, beside one that is merely read."""
    async with (
        cameras("povcam", 1, size=(1280, 720), video_bitrate=RTSP_BITS) as running,
        home_assistant() as hass,
    ):
        idle = await cpu_during(seconds)
        await set_up(hass, entry(0, running.places[0], stream_mode="direct"))
        await asyncio.sleep(2)
        polled = await cpu_during(seconds)
        bare = await _demux_only(running.places[0]["rtsp"], seconds)
        own = hass.config_entries.async_entries("panacam")[0]
        hass.config_entries.async_update_entry(
            own, options={**own.options, "stream_mode": "shared", "ring": RING}
        )
        await hass.config_entries.async_reload(own.entry_id)
        await asyncio.sleep(RING + 2)
        shared = await cpu_during(seconds)
    return [
        Row(
            "CPU, sharing RTSP of 4 Mbit/s",
            shared - polled,
            bare - polled,
            "% of a core",
            "a thread that reads it and does nothing",
            "< 2",
        ),
        Row("CPU, idle and polling", polled, idle, "% of a core", "Home Assistant idle"),
    ]


class _Changes:
    """When the state of binary sensors changed."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._waiting: dict[tuple[str, str], asyncio.Future[float]] = {}
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)

    def expect(self, entity_id: str, state: str) -> asyncio.Future[float]:
        future = asyncio.get_running_loop().create_future()
        self._waiting[entity_id, state] = future
        return future

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is None:
            return
        future = self._waiting.pop((new.entity_id, new.state), None)
        if future is not None and not future.done():
            future.set_result(time.monotonic())


async def alarms(count: int) -> list[Row]:
    """Measure alarms while streams are encoded and watched."""
    async with (
        cameras("mo", STREAMS) as running,
        home_assistant() as hass,
        AsyncExitStack() as stack,
    ):
        for number, place in enumerate(running.places):
            await set_up(hass, entry(number, place, ring=RING))
        await hass.async_block_till_done()
        changes = _Changes(hass)
        quiet = await _alarm_times(running, changes, count)
        for number in range(STREAMS):
            await stack.enter_async_context(opened(hass, f"camera.camera_{number}"))
        await asyncio.sleep(2)
        busy = await _alarm_times(running, changes, count)
    rows = []
    for name, share, goal in (("p50", 0.50, ""), ("p99", 0.99, "< 10")):
        values = [
            statistics.quantiles(times, n=100, method="inclusive")[int(share * 100) - 1]
            for times in (busy, quiet)
        ]
        rows.append(
            Row(
                f"alarm to state, {STREAMS} streams running, {name}",
                1000 * values[0],
                1000 * values[1],
                "ms",
                "nobody looks",
                goal,
            )
        )
    return rows


async def _alarm_times(running: Cameras, changes: _Changes, count: int) -> list[float]:
    times = []
    # As often on as off, so that the next round begins with what is off.
    for turn in range(count - count % (2 * STREAMS)):
        number, state = turn % STREAMS, "on" if turn // STREAMS % 2 == 0 else "off"
        seen = changes.expect(f"binary_sensor.camera_{number}_motion", state)
        sent = await running.ask("alarm", number, state)
        async with asyncio.timeout(5):
            times.append(await seen - sent)
        # Anywhere between two pictures.
        await asyncio.sleep(0.013 + 0.011 * (turn % 7))
    return times


async def run(seconds: float, count: int) -> list[Row]:
    """Measure load for `seconds` each, and `count` alarms."""
    rows = await rings(seconds)
    rows += await sharing(seconds)
    return rows + await alarms(count)
