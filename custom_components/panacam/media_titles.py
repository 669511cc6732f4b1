"""What cards, days and clips are called in the media browser, and the words they are found by."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant

from .cams.clips import Clip, ClipFormat
from .cams.device import Slot
from .cams.text import plain
from .media_branch import text

_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def card_title(hass: HomeAssistant, key: str, slot: Slot) -> str:
    """Return what a card is called, with the room that is left on it."""
    name = text(hass, "card", slot=key.upper())
    if slot.remaining is None or not slot.capacity:
        return name
    return text(hass, "card_room", card=name, free=f"{slot.remaining:.1f}")


def format_title(hass: HomeAssistant, kind: ClipFormat) -> str:
    """Return what the clips of one format are called."""
    return text(hass, f"format_{kind.value}")


def day_title(hass: HomeAssistant, day: date | None) -> str:
    """Return what a day is called; None: the camera does not say which."""
    return text(hass, "day_unknown") if day is None else day.isoformat()


def counted(name: str, count: int) -> str:
    """Return a name with a number of clips, for tiles: they show some 17 letters."""
    return f"{name} ({count})"


def heading(hass: HomeAssistant, name: str, children: Sequence[object]) -> str:
    """Return what stands above clips; where there are none it says so."""
    return name if children else text(hass, "no_clips", name=name)


def clip_title(clip: Clip, *, dated: bool = False) -> str:
    """Return when a clip began and how long it is; `dated`: the day as well, without its year."""
    if clip.began is None:
        return plain(clip.name) or clip.format.value
    began = f"{clip.began:%m-%d %H:%M:%S}" if dated else f"{clip.began:%H:%M:%S}"
    return began if clip.length is None else f"{began} ({length_of(clip.length)})"


def found_title(hass: HomeAssistant, clip: Clip, camera: str) -> str:
    """Return what a found clip is called; `camera` is empty where everybody knows it."""
    return f"{clip_title(clip, dated=True)} {format_title(hass, clip.format)} {camera}".rstrip()


def file_name(camera: str, clip: Clip, suffix: str) -> str:
    """Return what a clip is called as a file: its camera and date, as the documents recommend."""
    what = plain(clip.name) or clip.format.value
    if clip.began is not None:
        what = f"{clip.began:%Y-%m-%d %H-%M-%S}"
    whole = f"{plain(camera) or 'clip'} {what}"
    return f"{''.join('_' if letter in '/\\:*?"<>|' else letter for letter in whole)}.{suffix}"


def length_of(length: timedelta) -> str:
    """Return a length as players show it: 0:12, 1:02:03."""
    minutes, seconds = divmod(max(0, round(length.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def words_of(clip: Clip, camera: str) -> set[str]:
    """Return the words, in lower case, that a clip is found by."""
    words = {clip.format.value, clip.slot, (plain(clip.name) or "").lower()}
    words |= set(camera.lower().split())
    if clip.began is not None:
        words |= _words_of_time(clip.began)
    return words


def _words_of_time(began: datetime) -> set[str]:
    month = _MONTHS[began.month - 1]
    day, number, year = began.day, began.month, began.year
    return {
        began.date().isoformat(),
        f"{began:%H:%M:%S}",
        f"{day}.{number}.{year}",
        f"{day:02}.{number:02}.{year}",
        f"{day:02}/{number:02}/{year}",
        f"{number:02}/{day:02}/{year}",
        f"{number}/{day}/{year}",
        f"{day}/{number}/{year}",
        str(day),
        f"{day:02}",
        str(year),
        month,
        month[:3],
        _DAYS[began.weekday()],
    }


def matches(wanted: Iterable[str], words: set[str]) -> bool:
    """Return whether each wanted word begins one of `words`; a short number must be a whole one."""
    return all(
        word in words
        if word.isdigit() and len(word) <= 4
        else any(known.startswith(word) for known in words)
        for word in wanted
    )
