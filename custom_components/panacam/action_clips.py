"""Actions about memory cards, the clips on them, and the FTP server that clips are sent to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from ipaddress import IPv4Address
from typing import Any, Final

from homeassistant.core import SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .action_base import Action, Asked, Mistake, Told, needs
from .action_place import CONFIRM
from .cams.clips import SLOTS, Cards, Clip, ClipFormat, Clips, FtpSender, FtpTarget
from .cams.errors import Reason, RefusedError
from .cams.roles import Problem
from .clip_download import async_fetch
from .network_entry import camera_name

MAX_CLIPS: Final = 1000
"""In one action."""
DEFAULT_LIMIT: Final = 100


def _confirmed(data: Mapping[str, Any]) -> Mistake | None:
    return None if data["confirm"] else Mistake.FORMAT_UNCONFIRMED


def _names_or_all(data: Mapping[str, Any]) -> Mistake | None:
    return Mistake.CLIPS_OR_ALL if bool(data.get("names")) is data["all"] else None


async def _format(cards: Cards, asked: Asked) -> Told:
    """Erase a card; the sensors follow it."""
    if asked.state.recording:
        raise RefusedError(Reason.CARD_IN_USE)
    coordinator = asked.coordinator

    def progress() -> None:
        coordinator.config_entry.async_create_task(
            coordinator.hass, coordinator.async_request_refresh()
        )

    await cards.format(asked.data["slot"], progress)
    return None


async def _reset(cards: Cards, _asked: Asked) -> Told:
    await cards.reset_clip_number()
    return None


async def _set_recorder_id(cards: Cards, asked: Asked) -> Told:
    await cards.set_recorder_id(asked.data["recorder_id"])
    return None


async def _listed(clips: Clips, asked: Asked) -> tuple[Clip, ...]:
    """Return all that is on the card that is meant. CameraError."""
    kind = ClipFormat(asked.data["format"])
    return (await clips.listing(asked.data["slot"], kind)).clips


def _named(listed: Sequence[Clip], names: Sequence[str]) -> tuple[list[Clip], list[str]]:
    """Return the clips of these names, and the names that there are no clips of."""
    wanted = dict.fromkeys(names)
    found = [clip for clip in listed if clip.name in wanted]
    known = {clip.name for clip in found}
    return found, [name for name in wanted if name not in known]


def _by_its_clock(when: datetime) -> datetime:
    """Return a time as a camera writes it whose clock is in the zone of the house."""
    return when if when.tzinfo is None else dt_util.as_local(when).replace(tzinfo=None)


def _between(listed: Sequence[Clip], data: Mapping[str, Any]) -> list[Clip]:
    """Return the clips that began in a time; those without a date are in none."""
    after, before = (
        _by_its_clock(data[key]) if key in data else None for key in ("after", "before")
    )
    return [
        clip
        for clip in listed
        if clip.began is not None
        and (after is None or clip.began >= after)
        and (before is None or clip.began < before)
    ]


def _told(clip: Clip) -> dict[str, object]:
    return {
        "name": clip.name,
        "began": None if clip.began is None else clip.began.isoformat(),
        "seconds": None if clip.length is None else round(clip.length.total_seconds()),
    }


async def _list(clips: Clips, asked: Asked) -> Told:
    """Tell what is on a card, newest first."""
    data = asked.data
    listing = await clips.listing(data["slot"], ClipFormat(data["format"]))
    dated = any(key in data for key in ("after", "before"))
    found = _between(listing.clips, data) if dated else listing.clips
    return {
        "clips": [_told(clip) for clip in found[: data["limit"]]],
        "found": len(found),
        "total": listing.total,
    }


async def _delete(clips: Clips, asked: Asked) -> Told:
    """Delete clips, of more than may go at once the oldest; tell which are gone.

    RefusedError(CLOCK_OFF) when only dates say which, and those are not to be trusted.
    """
    data = asked.data
    if "names" not in data and Problem.CLOCK_OFF in asked.state.problems:
        raise RefusedError(Reason.CLOCK_OFF)
    listed = await _listed(clips, asked)
    missing: list[str] = []
    wanted: Sequence[Clip] = listed
    if "names" in data:
        wanted, missing = _named(listed, data["names"])
    if any(key in data for key in ("after", "before")):
        wanted = _between(wanted, data)
    limit = data.get("limit", MAX_CLIPS if "names" in data else DEFAULT_LIMIT)
    left, wanted = wanted[:-limit], wanted[-limit:]
    gone = set(await clips.delete(wanted)) if wanted else set()
    return {
        "deleted": [clip.name for clip in wanted if clip in gone],
        "not_deleted": [clip.name for clip in wanted if clip not in gone],
        "not_found": missing,
        "left": len(left),
    }


async def _download(clips: Clips, asked: Asked) -> Told:
    """Bring one clip into a folder."""
    found, _ = _named(await _listed(clips, asked), [asked.data["name"]])
    if not found:
        raise RefusedError(Reason.CLIP_GONE)
    hass = asked.coordinator.hass
    title = camera_name(hass, asked.coordinator.config_entry)
    card = asked.state.slots.get(asked.data["slot"])
    file = await async_fetch(hass, clips, found[0], asked.data["folder"], title, card)
    return {
        **_told(found[0]),
        "path": str(file.path),
        "file": file.path.name,
        "size": file.size,
        "breaks": file.breaks,
    }


async def _send(clips: Clips, asked: Asked) -> Told:
    """Have the camera begin to send; nothing is sent when one of the names is wrong."""
    slot, kind = asked.data["slot"], ClipFormat(asked.data["format"])
    if asked.data["all"]:
        await clips.send(slot, kind)
        return None
    wanted, missing = _named(await _listed(clips, asked), asked.data["names"])
    if missing:
        raise RefusedError(Reason.CLIP_GONE)
    await clips.send(slot, kind, wanted)
    return None


async def _cancel(clips: Clips, _asked: Asked) -> Told:
    await clips.cancel_sending()
    return None


async def _aim(ftp: FtpSender, asked: Asked) -> Told:
    """Set the server, and tell what the camera says that is set; it never tells the password."""
    data = asked.data
    await ftp.aim(
        FtpTarget(
            host=data["host"],
            port=data["port"],
            username=data.get("username", ""),
            password=data.get("password"),
            passive=data["passive"],
            folder=data.get("folder", ""),
        )
    )
    return None


_SLOT: Final = {vol.Required("slot"): vol.In(SLOTS)}
_CARD: Final = {**_SLOT, vol.Required("format"): vol.In([kind.value for kind in ClipFormat])}
_NAME: Final = vol.All(cv.string, vol.Length(min=1, max=128))
_NAMES: Final = vol.All(cv.ensure_list, [_NAME], vol.Length(min=1, max=MAX_CLIPS))
_TIMES: Final = {vol.Optional("after"): cv.datetime, vol.Optional("before"): cv.datetime}
_LIMIT: Final = vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_CLIPS))

CLIPPING: Final[tuple[Action[Any], ...]] = (
    Action[Cards](
        name="format_card",
        fields={**_SLOT, CONFIRM: cv.boolean},
        check=_confirmed,
        role_fn=lambda device: device.cards,
        call_fn=_format,
    ),
    Action[Cards](
        name="reset_clip_number",
        fields={},
        role_fn=lambda device: device.cards,
        call_fn=_reset,
    ),
    Action[Cards](
        name="set_recorder_id",
        fields={vol.Required("recorder_id"): vol.All(vol.Coerce(int), vol.Range(min=0, max=16))},
        role_fn=lambda device: device.cards,
        call_fn=_set_recorder_id,
    ),
    Action[Clips](
        name="list_clips",
        fields={**_CARD, **_TIMES, vol.Optional("limit", default=DEFAULT_LIMIT): _LIMIT},
        role_fn=lambda device: device.clips,
        call_fn=_list,
        response=SupportsResponse.ONLY,
    ),
    Action[Clips](
        name="delete_clips",
        fields={
            **_CARD,
            vol.Optional("names"): _NAMES,
            **_TIMES,
            vol.Optional("limit"): _LIMIT,
        },
        check=needs(Mistake.NO_CLIPS, "names", "after", "before"),
        role_fn=lambda device: device.clips,
        call_fn=_delete,
        response=SupportsResponse.OPTIONAL,
    ),
    Action[Clips](
        name="download_clip",
        fields={
            **_CARD,
            vol.Required("name"): _NAME,
            vol.Required("folder"): vol.All(cv.string, vol.Length(min=1, max=1024)),
        },
        role_fn=lambda device: device.clips,
        call_fn=_download,
        response=SupportsResponse.OPTIONAL,
    ),
    Action[Clips](
        name="send_clips_to_ftp",
        fields={
            **_CARD,
            vol.Optional("names"): _NAMES,
            vol.Optional("all", default=False): cv.boolean,
        },
        check=_names_or_all,
        role_fn=lambda device: device.clips,
        call_fn=_send,
    ),
    Action[Clips](
        name="cancel_ftp",
        fields={},
        role_fn=lambda device: device.clips,
        call_fn=_cancel,
    ),
    Action[FtpSender](
        name="set_ftp_server",
        fields={
            vol.Required("host"): vol.All(cv.string, lambda host: str(IPv4Address(host))),
            vol.Optional("port", default=21): cv.port,
            vol.Optional("username"): cv.string,
            vol.Optional("password"): cv.string,
            vol.Optional("folder"): cv.string,
            vol.Optional("passive", default=True): cv.boolean,
        },
        role_fn=lambda device: device.ftp,
        call_fn=_aim,
    ),
)
