"""How soon live video is there and how old it is, beside the stream component alone."""

import asyncio
from contextlib import suppress
import io
import statistics
import time

import av
from homeassistant.components.stream import HLS_PROVIDER, Stream
from homeassistant.core import HomeAssistant

from .bench_base import Cameras, Opened, Row, cameras, entry, fail, home_assistant, opened, set_up
from .counters import counter_of

RING = 7.0
LINGER = 5.0
"""Seconds for which a camera stays connected after the last viewer."""
MO, RTSP = "camera.camera_0", "camera.camera_0_h_264_1"


async def _opened(
    hass: HomeAssistant, running: Cameras, entity_id: str, runs: int, **options: object
) -> Opened:
    """Return the median of opening a camera with these options, its ring full if it has one."""
    own = entry(0, running.places[0], **options)
    await set_up(hass, own)
    await hass.async_block_till_done()
    await asyncio.sleep(RING + 2)
    seen = []
    for _ in range(runs):
        async with opened(hass, entity_id) as (_, times):
            seen.append(times)
        # Until the camera is let go of where no past is kept: the next one is a cold start, too.
        await asyncio.sleep(LINGER + 1 if options.get("ring") == 0 else 1.0)
    await hass.config_entries.async_remove(own.entry_id)
    return Opened(
        statistics.median(times.first_part for times in seen),
        statistics.median(times.playable for times in seen),
    )


def _rows(what: str, ours: Opened, peer: Opened, against: str, goal: str = "") -> list[Row]:
    return [
        Row(f"{what}: first HLS part", ours.first_part, peer.first_part, "s", against),
        Row(f"{what}: playable", ours.playable, peer.playable, "s", against, goal),
    ]


async def cold_starts(runs: int) -> list[Row]:
    """Measure opening with and without a ring, and straight from the camera."""
    rows: list[Row] = []
    async with cameras("povcam", 1) as running, home_assistant() as hass:
        direct = await _opened(hass, running, RTSP, runs, stream_mode="direct")
        for ring, name, goal in ((RING, "RTSP, ring", "< 1"), (0.0, "RTSP, no ring", "")):
            times = await _opened(hass, running, RTSP, runs, stream_mode="shared", ring=ring)
            rows += _rows(name, times, direct, "the camera's RTSP opened directly", goal)
        async with cameras("mo", 1) as others:
            for ring, name, goal in ((RING, "MO, ring", "< 1"), (0.0, "MO, no ring", "")):
                times = await _opened(hass, others, MO, runs, ring=ring)
                rows += _rows(name, times, direct, "as above", goal)
    return rows


class _Parts:
    """When each part of an HLS stream was there, and what it holds."""

    def __init__(self, stream: Stream) -> None:
        self._output = stream.add_provider(HLS_PROVIDER)
        self._seen: dict[tuple[int, int], tuple[float, bytes]] = {}

    async def watch(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now = time.monotonic()
            for sequence in self._output.sequences:
                segment = self._output.get_segment(sequence)
                for number, part in enumerate(segment.parts if segment is not None else ()):
                    key = (sequence, number)
                    if key not in self._seen and segment is not None:
                        self._seen[key] = (now, segment.init + part.data)
            await asyncio.sleep(0.002)

    def newest(self, skip: int) -> list[tuple[float, int]]:
        """Return for each part but the first ones when it came and its newest picture's counter."""
        found = []
        for at, data in list(self._seen.values())[skip:]:
            if (counter := _newest(data)) is not None:
                found.append((at, counter))
        return found


def _newest(data: bytes) -> int | None:
    """Return the counter of the last picture in a part.

    A part that begins within a group of pictures is decoded as well as it goes: the counter's
    blocks change as a whole from picture to picture.
    """
    counter: int | None = None
    with suppress(av.FFmpegError), av.open(io.BytesIO(data), "r", format="mp4") as container:
        for frame in container.decode(video=0):
            counter = counter_of(frame)
    return counter


async def latency(seconds: float) -> list[Row]:
    """Measure how old the newest picture of a part is when the part is there."""
    async with cameras("mo", 1) as running, home_assistant() as hass:
        await set_up(hass, entry(0, running.places[0], ring=RING))
        await hass.async_block_till_done()
        await asyncio.sleep(2.0)
        async with opened(hass, MO) as (stream, _):
            parts = _Parts(stream)
            await parts.watch(1.0)
            before = len(parts._seen)  # noqa: SLF001 - ours
            await parts.watch(seconds)
            newest = await asyncio.get_running_loop().run_in_executor(None, parts.newest, before)
        if not newest:
            fail("no picture of a part could be read")
        sent = await running.ask("sent", 0, *(counter for _, counter in newest))
    ages = sorted(1000 * (at - then) for (at, _), then in zip(newest, sent, strict=True) if then)
    return [
        Row("picture arrived to part there, median", statistics.median(ages), None, "ms"),
        Row(
            "picture arrived to part there, p95",
            ages[int(0.95 * (len(ages) - 1))],
            None,
            "ms",
            goal="< 150",
        ),
    ]


async def run(runs: int) -> list[Row]:
    """Measure cold starts and latency."""
    return await cold_starts(runs) + await latency(10.0 * runs)
