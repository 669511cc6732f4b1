"""What `scripts/demo --check` wants to see of the three cameras."""

import asyncio
import io
import math
from pathlib import Path
import time

import av

from tests.simulators.mo import MoSimulator
from tests.simulators.onvif import OnvifSimulator

from .check import CheckError, Report, until, watch_stream, work_switch
from .client import Client
from .counters import counter_of
from .dashboard import Entities
from .demo_cameras import AUTOMATION, CHIME, FILM, FILM_SECONDS, STAGE, TONE, Added, Cameras

PRE_ROLL = 5.0
"""Seconds from before the alarm that the film has to hold."""
PURITY = 0.99
RING_SECONDS = 8.0
_SLACK = 20.0


async def look(client: Client, cameras: Cameras, added: Added, media: Path, report: Report) -> None:
    """Look at everything; CheckError for what is not there."""
    # First of all, since nobody must have looked at the camera before its past is asked for.
    await see_motion(client, cameras.door, added.door, media / FILM, report)
    await watch_stream(client, added.stage, report)
    await watch_stream(client, added.door, report)
    await work_switch(client, added.stage, lambda: cameras.stage.camera.recording, report)
    await hear_chime(client, cameras.door, added.door, report)
    await watch_stream(client, added.yard, report)
    await turn_head(client, cameras.yard, added.yard, report)
    await see_rule(client, cameras.yard, added.yard, report)
    await play_clips(client, report)


async def see_motion(
    client: Client, camera: MoSimulator, entities: Entities, film: Path, report: Report
) -> None:
    """Let something move; see the sensor, the automation, and a film that begins before."""
    sensor = entities.id("binary_sensor", "motion")
    if sensor is None:
        msg = "there is no motion sensor"
        raise CheckError(msg)
    await asyncio.sleep(RING_SECONDS)
    moved = time.monotonic()
    await camera.motion()

    async def shows() -> bool:
        return await client.state(sensor) == "on"

    await until(shows, 5, f"{sensor} is on")
    report.add("motion seen", f"{sensor} is on")

    async def fired() -> bool:
        notes = await client.command("persistent_notification/get")
        return any(note["notification_id"] == AUTOMATION for note in notes)

    await until(fired, 5, "the automation fires")
    report.add("automation fired", "and told so")
    await camera.motion(on=False)

    loop = asyncio.get_running_loop()

    async def written() -> bool:
        return await loop.run_in_executor(None, lambda: film.exists() and film.stat().st_size > 0)

    await until(written, FILM_SECONDS + _SLACK, "the film is written")
    counters = await loop.run_in_executor(None, _counters, film)
    first, last = camera.sent_at(counters[0]), camera.sent_at(counters[-1])
    if moved - first < PRE_ROLL:
        msg = f"the film begins {moved - first:.1f} s before the alarm, not {PRE_ROLL:.0f}"
        raise CheckError(msg)
    if last < moved:
        msg = "the film ends before the alarm"
        raise CheckError(msg)
    kept = f"from {moved - first:.1f} s before the alarm to {last - moved:.1f} s after"
    report.add("film kept", kept)


def _counters(film: Path) -> list[int]:
    """Return the counters of a film's pictures, which are all readable and only grow."""
    counters: list[int] = []
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            if (counter := counter_of(frame)) is None:
                msg = f"picture {len(counters)} of the film cannot be read"
                raise CheckError(msg)
            counters.append(counter)
    if not counters or sorted(counters) != counters:
        msg = f"the film's {len(counters)} pictures are not in order"
        raise CheckError(msg)
    return counters


async def hear_chime(
    client: Client, camera: MoSimulator, entities: Entities, report: Report
) -> None:
    """Play a sound file and hear it at the camera as a clean tone."""
    player = entities.id("media_player", entities.keys("media_player")[0])
    if player is None:
        msg = "there is no media player"
        raise CheckError(msg)
    camera.talk.reset()
    await client.act(
        "media_player.play_media",
        player,
        media_content_id=f"media-source://media_source/local/{CHIME}",
        media_content_type="music",
    )

    async def silent() -> bool:
        return bool(camera.talk.packets) and await client.state(player) == "idle"

    await until(silent, _SLACK, f"{player} has played the sound")
    purity = camera.talk.purity(TONE)
    if not math.isfinite(purity) or purity < PURITY:
        msg = f"the tone at the camera is {purity:.4f} pure, not {PURITY}"
        raise CheckError(msg)
    report.add("sound heard", f"{len(camera.talk.packets)} packets, {purity:.4f} pure")


async def turn_head(
    client: Client, camera: OnvifSimulator, entities: Entities, report: Report
) -> None:
    """Press a button and see the head move and stop by itself; send it to a preset by its name."""
    button, select = entities.id("button", "pan_left"), entities.id("select", "ptz_preset")
    if button is None or select is None:
        msg = "there is no button to pan with, or no presets"
        raise CheckError(msg)
    ptz = camera.camera.ptz
    before = ptz.position.pan
    await client.act("button.press", button)

    async def turned() -> bool:
        return ptz.position.pan < before and not ptz.moving

    await until(turned, 10, "the head turns left, and stops")
    report.add("head turned", f"from {before:.2f} to {ptz.position.pan:.2f}, and stopped")
    preset = next(iter(ptz.presets.values()))
    await client.act("select.select_option", select, option=preset.name)

    async def arrived() -> bool:
        there = preset.position is not None and abs(ptz.position.pan - preset.position.pan) < 0.01
        return there and await client.state(select) == preset.name

    await until(arrived, 10, f"the head goes to {preset.name}")
    report.add("preset reached", f"{preset.name}, and {select} says so")


async def see_rule(
    client: Client, camera: OnvifSimulator, entities: Entities, report: Report
) -> None:
    """Let something move, and see it."""
    sensor = entities.id("binary_sensor", "motion")
    if sensor is None:
        msg = "there is no motion sensor"
        raise CheckError(msg)
    for wanted in ("on", "off"):
        camera.camera.motion(wanted == "on")

        async def shows(state: str = wanted) -> bool:
            return await client.state(sensor) == state

        await until(shows, 5, f"{sensor} is {wanted}")
    report.add("motion seen", f"{sensor} is on, then off")


async def play_clips(client: Client, report: Report) -> None:
    """Go down the media browser to a clip of each format; each plays, with picture and sound."""
    for kind in ("MP4", "AVCHD"):
        node, titles = "media-source://panacam", []
        for wanted in (STAGE, "SD1", kind, "", ""):
            shown = await client.command("media_source/browse_media", media_content_id=node)
            children = [child for child in shown["children"] if child["title"].startswith(wanted)]
            if not children:
                msg = f"the media browser has no {wanted or 'clip'} in {shown['title']}"
                raise CheckError(msg)
            node = children[0]["media_content_id"]
            titles.append(children[0]["title"])
        played = await client.command("media_source/resolve_media", media_content_id=node)
        film = await client.data(played["url"])
        kinds = await asyncio.get_running_loop().run_in_executor(None, _decoded, film)
        if kinds != {"h264", "aac"}:
            msg = f"the {kind} clip has {sorted(kinds)} to play"
            raise CheckError(msg)
        report.add(f"{kind} clip plays", " > ".join(titles[-2:]))


def _decoded(film: bytes) -> set[str]:
    """Return the codecs of a film that something can be decoded of."""
    found: set[str] = set()
    for kind in ("video", "audio"):
        with av.open(io.BytesIO(film), "r") as container:
            streams = container.streams.get({kind: 0})
            if next(container.decode(*streams), None) is not None:
                found.add(streams[0].codec_context.name)
    return found
