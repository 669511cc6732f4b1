"""The demo's cameras: one of each family that panacam speaks, and how their owner adds them."""

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
import math
from pathlib import Path
import struct
import wave

from tests.simulators.mo import MoSimulator
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import AG_UMR20, PovcamSimulator

from .check import ready
from .client import Client, Json
from .dashboard import BUSY, LOG, Entities, show
from .hass import Progress
from .process import LOOPBACK, free_port

DOMAIN = "panacam"
STAGE, DOOR, YARD = "Stage left", "Front door", "Yard"
USER, PASSWORD = "admin", "12345"
TONE = 440
CLIPS = 6
CHIME = "chime.wav"
FILM = "front_door.mp4"
FILM_SECONDS = 8
AUTOMATION = "panacam_demo_motion"
_RATE, _CHIME_SECONDS = 16_000, 3


@dataclass(frozen=True, slots=True)
class Cameras:
    """The simulated cameras."""

    stage: PovcamSimulator
    door: MoSimulator
    yard: OnvifSimulator


@dataclass(frozen=True, slots=True)
class Added:
    """What Home Assistant has of them."""

    stage: Entities
    door: Entities
    yard: Entities
    path: str
    """Of the dashboard."""


def media_folder(config: Path) -> Path:
    """Return the folder that Home Assistant may write films to, with a sound to play in it."""
    folder = config / "media"
    folder.mkdir(parents=True, exist_ok=True)
    with wave.open(str(folder / CHIME), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        values = (
            int(12_000 * math.sin(2 * math.pi * TONE * at / _RATE))
            for at in range(_RATE * _CHIME_SECONDS)
        )
        file.writeframes(b"".join(struct.pack("<h", value) for value in values))
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the cameras are wanted; the next free ports are taken."""

    stage: int
    stage_rtsp: int
    door: int
    yard: int
    yard_rtsp: int


@asynccontextmanager
async def simulated_cameras(ports: Ports, progress: Progress) -> AsyncGenerator[Cameras]:
    """Run a recorder with two cards, a camera with a loudspeaker, and one that turns its head."""
    port = free_port(ports.stage)
    rtsp_port = free_port(ports.stage_rtsp, port)
    mo_port = free_port(ports.door, port, rtsp_port)
    yard_port = free_port(ports.yard, port, rtsp_port, mo_port)
    yard_rtsp_port = free_port(ports.yard_rtsp, port, rtsp_port, mo_port, yard_port)
    stage = PovcamSimulator(
        AG_UMR20,
        host=LOOPBACK,
        port=port,
        rtsp_port=rtsp_port,
        user_auth=True,
        users={USER: (PASSWORD, "admin")},
    )
    stage.camera.title = STAGE
    stage.camera.slots["sd1"].remaining = 18.4
    stage.camera.clips.spread(CLIPS, stage.camera.menus.clock.local)
    door = MoSimulator(port=mo_port, tone=TONE)
    yard = OnvifSimulator(
        host=LOOPBACK,
        port=yard_port,
        rtsp_port=yard_rtsp_port,
        username=USER,
        password=PASSWORD,
    )
    yard.camera.identity.name = YARD
    async with stage, door, yard:
        progress(f"Simulated {AG_UMR20.name} on {stage.url}, RTSP port {rtsp_port}")
        progress(f"Simulated MO camera on {door.host}, port {door.port}")
        progress(f"Simulated ONVIF camera on {yard.url}, RTSP port {yard_rtsp_port}")
        yield Cameras(stage, door, yard)


async def add_cameras(client: Client, cameras: Cameras, config: Path, progress: Progress) -> Added:
    """Add cameras, automation and dashboard as their owner would."""
    for entry in await client.command("config_entries/get", domain=DOMAIN):
        # The ports may be others than last time.
        await client.request("DELETE", f"/api/config/config_entries/entry/{entry['entry_id']}")
    stage = await _add(
        client,
        STAGE,
        (cameras.stage.host, cameras.stage.port),
        {"rtsp_port": cameras.stage.rtsp_port, "scan_interval": 2},
        (("event", LOG), *BUSY),
    )
    door = await _add(client, DOOR, (cameras.door.host, cameras.door.port), {"motor": True})
    yard = await _add(client, YARD, (cameras.yard.host, cameras.yard.port), {})
    progress(f"Cameras added, {len(stage)}, {len(door)} and {len(yard)} entities")
    automation = _automation(door, media_folder(config) / FILM)
    await client.request("POST", f"/api/config/automation/config/{AUTOMATION}", json=automation)
    path = await show(client, ((STAGE, stage), (DOOR, door), (YARD, yard)))
    return Added(stage, door, yard, path)


async def _add(
    client: Client,
    title: str,
    address: tuple[str, int],
    options: dict[str, object],
    extras: Collection[tuple[str, str]] = (),
) -> Entities:
    """Add a camera through the config flow and the options flow, with `extras` turned on."""
    host, port = address
    answers = {
        "address": True,
        "host": host,
        "port": port,
        "https": False,
        "ssl": False,
        "verify_ssl": False,
        "username": USER,
        "password": PASSWORD,
    }
    entry_id = await client.add(DOMAIN, answers)
    await client.set_options(entry_id, options)
    entities = await ready(client, entry_id)
    if extras:
        entities = await _turn_on(client, entry_id, extras)
    await client.command(
        "config/device_registry/update", device_id=entities.device_id, name_by_user=title
    )
    return entities


async def _turn_on(client: Client, entry_id: str, extras: Collection[tuple[str, str]]) -> Entities:
    """Turn entities on, by domain and key, that are off until somebody wants them."""
    for entity in await client.entities(entry_id, disabled=True):
        domain = entity["entity_id"].partition(".")[0]
        if any(of == domain and entity["unique_id"].endswith(f"_{key}") for of, key in extras):
            await client.command(
                "config/entity_registry/update", entity_id=entity["entity_id"], disabled_by=None
            )
    await client.request("POST", f"/api/config/config_entries/entry/{entry_id}/reload")
    return await ready(client, entry_id)


def _automation(door: Entities, film: Path) -> Json:
    """Return what a household would have: when something moves, keep the film and tell."""
    return {
        "alias": "Something moves at the front door",
        "mode": "single",
        "triggers": [
            {
                "trigger": "state",
                "entity_id": door.id("binary_sensor", "motion"),
                "from": "off",
                "to": "on",
            }
        ],
        "actions": [
            {
                "action": "persistent_notification.create",
                "data": {
                    "notification_id": AUTOMATION,
                    "title": DOOR,
                    "message": "Something moved at {{ now().strftime('%H:%M:%S') }}.",
                },
            },
            {
                "action": "camera.record",
                "target": {"entity_id": door.id("camera", door.keys("camera")[0])},
                "data": {"filename": str(film), "duration": FILM_SECONDS, "lookback": 7},
            },
        ],
    }
