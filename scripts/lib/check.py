"""What `scripts/demo --check` looks at: entities, the HLS playlist and the recording switch."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import re
import time

from .client import Client, ClientError
from .dashboard import Entities

STREAM_SECONDS = 45.0
SWITCH_SECONDS = 20.0


class CheckError(Exception):
    """Something that has to be there is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One line of the report."""

    what: str
    detail: str
    after: float
    """Seconds since the start of the demo."""


class Report:
    """What was seen, and when."""

    def __init__(self, started: float) -> None:
        """Count from when the demo was started."""
        self._started = started
        self._seen: list[Seen] = []

    def add(self, what: str, detail: str) -> None:
        """Note that something was seen now."""
        self._seen.append(Seen(what=what, detail=detail, after=time.monotonic() - self._started))

    def __str__(self) -> str:
        """Return a table."""
        wide = max((len(seen.what) for seen in self._seen), default=0)
        return "\n".join(
            f"{seen.after:6.1f} s  {seen.what:{wide}}  {seen.detail}" for seen in self._seen
        )


async def until(test: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    """Wait until a test is true; CheckError says what did not happen."""
    try:
        async with asyncio.timeout(seconds):
            while not await test():
                await asyncio.sleep(0.25)
    except TimeoutError:
        msg = f"{what}: not within {seconds:.0f} s"
        raise CheckError(msg) from None


@dataclass(frozen=True, slots=True)
class Position:
    """How far a media playlist has come."""

    segments: int
    """Number of the last whole segment."""
    parts: int
    newest: str | None
    """Address of the last whole segment."""


def position(playlist: str) -> Position:
    """Read an HLS media playlist."""
    sequence = re.search(r"^#EXT-X-MEDIA-SEQUENCE:(\d+)", playlist, re.MULTILINE)
    segments = re.findall(r"^#EXTINF:[^\n]*\n(?:#[^\n]*\n)*([^#\n]+)", playlist, re.MULTILINE)
    parts = len(re.findall(r"^#EXT-X-PART:", playlist, re.MULTILINE))
    first = int(sequence[1]) if sequence else 0
    return Position(first + len(segments), parts, segments[-1] if segments else None)


async def watch_stream(client: Client, entities: Entities, report: Report) -> None:
    """Ask for the camera's HLS stream, and see its playlist advance and a segment come."""
    camera = entities.id("camera", entities.keys("camera")[0])
    if camera is None:
        msg = "there is no camera entity"
        raise CheckError(msg)
    master = await client.stream(camera)
    report.add("stream asked for", camera)
    variant = f"{master.rpartition('/')[0]}/playlist.m3u8"
    first: Position | None = None
    now = Position(0, 0, None)

    async def advanced() -> bool:
        nonlocal first, now
        try:
            if first is None:
                # The player's order: the master playlist makes the stream start.
                await client.text(master)
            now = position(await client.text(variant))
        except ClientError:  # 404 until the first part is there
            return False
        if first is None:
            first = now
            report.add("HLS playlist there", f"segment {now.segments}, {now.parts} parts")
        return now.segments > first.segments and now.newest is not None

    await until(advanced, STREAM_SECONDS, "the HLS playlist advances")
    report.add(f"{camera} is live", f"segment {now.segments}, {now.parts} parts")
    segment = await client.data(f"{variant.rpartition('/')[0]}/{now.newest}")
    if b"moof" not in segment:
        msg = f"the HLS segment has {len(segment)} bytes and no film in it"
        raise CheckError(msg)
    report.add("HLS segment read", f"{len(segment) / 1024:.0f} KiB")


async def work_switch(
    client: Client, entities: Entities, camera: Callable[[], bool], report: Report
) -> None:
    """Turn recording on and off, and see both in Home Assistant and in the camera."""
    switch = entities.id("switch", "recording")
    if switch is None:
        msg = "there is no recording switch"
        raise CheckError(msg)
    for wanted in ("on", "off"):

        async def shows(state: str = wanted) -> bool:
            return await client.state(switch) == state and camera() is (state == "on")

        await client.act(f"switch.turn_{wanted}", switch)
        await until(shows, SWITCH_SECONDS, f"{switch} and the camera are {wanted}")
        report.add(f"recording {wanted}", f"{switch}, and the camera says so")


async def ready(client: Client, entry_id: str) -> Entities:
    """Wait until the entry is loaded and its entities have states, and return them."""

    async def loaded() -> bool:
        return await client.entry_state(entry_id) == "loaded"

    await until(loaded, 30, "the camera's config entry is loaded")
    entities = Entities(await client.entities(entry_id))

    async def awake() -> bool:
        nonlocal entities
        entities = Entities(await client.entities(entry_id))
        states = {s["entity_id"]: s["state"] for s in await client.request("GET", "/api/states")}
        return bool(entities.keys("camera")) and all(
            states.get(entity, "unavailable") != "unavailable" for entity in entities.ids()
        )

    await until(awake, 30, "the camera's entities are available")
    return entities
