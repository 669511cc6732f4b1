"""The dashboard of the demo: the live picture, the controls and the state on one page."""

from collections.abc import Sequence
import os
from typing import Any
from urllib.parse import quote

from .client import Client, ClientError, Json

URL_PATH = "panacam-demo"
MEDIA = "media-source://panacam"
LOG = "system_log"
RECORDING = ("recording_mode", "recording_card")
BUSY = (("sensor", "format_progress"), ("sensor", "ftp_progress"))
"""Off until somebody wants it, as is the log."""
_LINE = """{{% set line = '{entity}' %}}
{{% if state_attr(line, 'text') %}}
**{{{{ state_attr(line, 'text') }}}}** ({{{{ state_attr(line, 'code') }}}})

{{{{ state_attr(line, 'time') }}}}
{{% else %}}
Nothing new since the camera was added.
{{% endif %}}"""

# The order of the buttons, two of these in a row; what else there is comes after them.
_ROWS = (
    ("zoom_out", "zoom_reset", "zoom_in"),
    ("focus_near", "focus_auto", "focus_far"),
    ("iris_down", "iris_reset", "iris_up"),
    ("brightness_down", "brightness_reset", "brightness_up"),
    ("pan_left", "home", "pan_right"),
    ("tilt_up", "stop", "tilt_down"),
)
_OF_HEAD = ("pan_left", "pan_right", "tilt_up", "tilt_down")

_ALARMS = ("motion", "external", "sound")

type Card = dict[str, Any]


class Entities:
    """The entities of one camera by domain and key, as their unique ids end."""

    def __init__(self, registry: list[Json]) -> None:
        """Take what the entity registry knows of the integration."""
        # Characters are meant, not folders: all unique ids begin with the camera's.
        prefix = os.path.commonprefix([e["unique_id"] for e in registry])  # noqa: RUF071
        self._known = {
            (
                entity["entity_id"].partition(".")[0],
                # Head and streams have a channel before their key.
                entity["unique_id"].removeprefix(prefix).removeprefix("0_"),
            ): entity
            for entity in registry
        }

    @property
    def entry_id(self) -> str:
        """Return the id of the camera's config entry."""
        return str(next(iter(self._known.values()))["config_entry_id"])

    @property
    def device_id(self) -> str:
        """Return the id of the camera's device."""
        return str(next(iter(self._known.values()))["device_id"])

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._known)

    def ids(self) -> list[str]:
        """Return all entity ids."""
        return [entity["entity_id"] for entity in self._known.values()]

    def keys(self, domain: str) -> list[str]:
        """Return the keys of a domain."""
        return [key for of, key in self._known if of == domain]

    def id(self, domain: str, key: str) -> str | None:
        """Return the id of one entity, if there is such a one."""
        entity = self._known.get((domain, key))
        return entity["entity_id"] if entity else None

    def name(self, domain: str, key: str) -> str:
        """Return its name without the camera's."""
        name: str | None = self._known[domain, key]["original_name"]
        return name or key.replace("_", " ").capitalize()

    def primary(self, domain: str) -> list[str]:
        """Return the keys of a domain that are neither settings nor diagnostics."""
        return [k for k in self.keys(domain) if not self._known[domain, k]["entity_category"]]


async def show(client: Client, cameras: Sequence[tuple[str, Entities]]) -> str:
    """Make the dashboard the first page of this Home Assistant and return its path."""
    listed = await client.command("lovelace/dashboards/list")
    if all(dashboard["url_path"] != URL_PATH for dashboard in listed):
        await client.command(
            "lovelace/dashboards/create",
            url_path=URL_PATH,
            title="panacam",
            icon="mdi:cctv",
            mode="storage",
        )
    await client.command("lovelace/config/save", url_path=URL_PATH, config=page(cameras))
    # Two ways, of newer and of older frontends; neither is worth failing for.
    for kind in ("frontend/set_system_data", "frontend/set_user_data"):
        try:
            await client.command(kind, key="core", value={"default_panel": URL_PATH})
        except ClientError:
            continue
    return f"/{URL_PATH}/live"


def page(cameras: Sequence[tuple[str, Entities]]) -> Json:
    """Return the configuration of the dashboard: a column for each camera, then what it tells."""
    sections = [
        _section(
            [
                _heading(title, "mdi:cctv"),
                _picture(entities),
                *_recording(entities),
                *_alarms(entities),
                *_presets(entities),
                *_speaker(entities),
                *_buttons(entities),
                *_cards(entities),
            ]
        )
        for title, entities in cameras
    ]
    for title, entities in cameras:
        if not _records(entities) and (cards := _state(entities)):
            sections.append(_section([_heading(title, "mdi:eye-outline"), *cards]))
    view = {"title": "Cameras", "path": "live", "type": "sections", "max_columns": 3}
    return {"title": "panacam", "views": [view | {"icon": "mdi:cctv", "sections": sections}]}


def _section(cards: list[Card]) -> Card:
    return {"type": "grid", "cards": cards}


def _heading(text: str, icon: str) -> Card:
    return {"type": "heading", "heading": text, "icon": icon}


def _size(columns: int | str, rows: int | str = "auto") -> Card:
    return {"columns": columns, "rows": rows}


def _picture(entities: Entities) -> Card:
    camera = entities.keys("camera")[0]
    return {
        "type": "picture-entity",
        "entity": entities.id("camera", camera),
        "camera_view": "live",
        "show_state": False,
        "show_name": False,
        "grid_options": _size("full"),
    }


def _recording(entities: Entities) -> list[Card]:
    cards: list[Card] = [
        {
            "type": "tile",
            "entity": entities.id("switch", key),
            "name": entities.name("switch", key),
            "color": "red",
            "features": [{"type": "toggle"}],
            "features_position": "inline",
            "grid_options": _size("full"),
        }
        for key in entities.primary("switch")
    ]
    return cards


def _records(entities: Entities) -> bool:
    return entities.id("sensor", "remaining_percent") is not None


def _state(entities: Entities) -> list[Card]:
    cards: list[Card] = []
    if total := entities.id("sensor", "remaining_percent"):
        gauge = {"type": "gauge", "entity": total, "name": "Free", "min": 0, "max": 100}
        severity = {"green": 25, "yellow": 10, "red": 0}
        cards.append(gauge | {"severity": severity, "grid_options": _size(12)})
    for domain in ("sensor", "binary_sensor"):
        for key in entities.primary(domain):
            if key in ("remaining_percent", "recording", *_ALARMS):
                continue
            tile = {"type": "tile", "entity": entities.id(domain, key)}
            cards.append(tile | {"name": entities.name(domain, key), "grid_options": _size(6)})
    return cards


def _cards(entities: Entities) -> list[Card]:
    """Return what a recorder has beside its pictures: room, clips, and its log."""
    if not _records(entities):
        return []
    return [_heading("Storage", "mdi:sd"), *_state(entities), *_clips(entities), *_log(entities)]


def _clips(entities: Entities) -> list[Card]:
    """Return the way to the clips of a recorder, and what its cards are busy with."""
    ids = (MEDIA, f"{MEDIA}/{quote(f'cards/{entities.entry_id}')}")
    places = "/".join(quote(f"video,{media}", safe="") for media in ids)
    button = {
        "type": "button",
        "name": "Clips on the cards",
        "icon": "mdi:play-box-multiple",
        "tap_action": {
            "action": "navigate",
            "navigation_path": f"/media-browser/browser/{places}",
        },
        "grid_options": _size("full", 2),
    }
    tiles: list[Card] = [
        {
            "type": "tile",
            "entity": entity,
            "name": entities.name(domain, key),
            "grid_options": _size(6),
        }
        for domain, key in (*(("select", key) for key in RECORDING), ("event", "recorder"), *BUSY)
        if (entity := entities.id(domain, key))
    ]
    return [_heading("Clips", "mdi:filmstrip"), button, *tiles]


def _log(entities: Entities) -> list[Card]:
    """Return the last line of the camera's own log."""
    if (entity := entities.id("event", LOG)) is None:
        return []
    card = {"type": "markdown", "content": _LINE.format(entity=entity)}
    return [_heading("Log", "mdi:text-long"), card | {"grid_options": _size("full")}]


def _alarms(entities: Entities) -> list[Card]:
    tiles: list[Card] = [
        {
            "type": "tile",
            "entity": entity,
            "name": entities.name("binary_sensor", key),
            "grid_options": _size(6),
        }
        for key in _ALARMS
        if (entity := entities.id("binary_sensor", key))
    ]
    if not tiles:
        return []
    tiles += [
        {
            "type": "tile",
            "entity": entities.id("event", key),
            "name": entities.name("event", key),
            "grid_options": _size("full"),
        }
        for key in entities.keys("event")
    ]
    return [_heading("Alarms", "mdi:motion-sensor"), *tiles]


def _presets(entities: Entities) -> list[Card]:
    return [
        {
            "type": "tile",
            "entity": entity,
            "name": entities.name("select", key),
            "features": [{"type": "select-options"}],
            "grid_options": _size("full"),
        }
        for key in ("ptz_preset", "ptz_tour")
        if (entity := entities.id("select", key))
    ]


def _speaker(entities: Entities) -> list[Card]:
    return [
        {
            "type": "media-control",
            "entity": entities.id("media_player", key),
            "grid_options": _size("full"),
        }
        for key in entities.keys("media_player")
    ]


def _buttons(entities: Entities) -> list[Card]:
    present = entities.primary("button")
    ordered = [key for row in _ROWS for key in row if key in present]
    ordered += [key for key in present if key not in ordered]
    cards: list[Card] = [
        {
            "type": "button",
            "entity": entities.id("button", key),
            "name": entities.name("button", key),
            "show_state": False,
            "grid_options": _size(4, 2),
        }
        for key in ordered
    ]
    heading = (
        _heading("Lens and head", "mdi:pan")
        if any(key in present for key in _OF_HEAD)
        else _heading("Lens", "mdi:camera-iris")
    )
    return [heading, *cards] if cards else []
