"""The clips on the cards, and the lists of them that the camera gave out (8.5, 10)."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from .films import ClipFormat, Film
from .menus import Menus
from .models import Options

FIRST_DAY: Final = datetime(2017, 6, 26, 20, 12, 2)  # noqa: DTZ001
"""Of clips whose time does not matter; the camera's clock has no time zone."""
_FOLDER_FILES: Final = 9999
_LISTS_KEPT: Final = 16
_GIGABYTE: Final = 1_000_000_000
_SMALL: Final = 0.001
"""Gigabytes that a clip takes whose size is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One recording on a card."""

    format: ClipFormat
    name: str
    """As get_clip_list gives it."""
    path: str
    """On the card, as FTP shows it (11.7)."""
    began: datetime
    """By the camera's clock."""
    length: float
    """Seconds; its film may be shorter."""
    room: float
    """Gigabytes that it takes; its film may be smaller."""
    film: Film

    @property
    def duration(self) -> str:
        """The length as lists show it."""
        seconds = int(self.length)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


@dataclass(frozen=True, slots=True)
class GivenList:
    """What the numbers of one list_id mean."""

    slot: str
    format: ClipFormat
    clips: tuple[Clip, ...]
    """Number 1 comes first."""


@dataclass(slots=True)
class _Card:
    """What one slot's card holds."""

    clips: dict[ClipFormat, list[Clip]] = field(
        default_factory=lambda: {kind: [] for kind in ClipFormat}
    )
    changes: int = 0
    """Counts what makes lists stale."""


class Clips:
    """The clips of all cards, oldest first; a test adds and takes away."""

    def __init__(self, slots: Iterable[str], menus: Menus, options: Options) -> None:
        """Begin with empty cards."""
        self._menus = menus
        self._options = options
        self._cards: Final = {slot: _Card() for slot in slots}
        self._next = dict.fromkeys(ClipFormat, 1)
        self._folder = 1
        self._recorder = menus.recorder_number
        self._lists: OrderedDict[int, tuple[GivenList, int]] = OrderedDict()
        self._next_list = 5777
        self._added = 0

    def of(self, slot: str, kind: ClipFormat) -> tuple[Clip, ...]:
        """Give the clips of a card, oldest first."""
        return tuple(self._cards[slot].clips[kind])

    def add(
        self,
        slot: str,
        kind: ClipFormat,
        *,
        name: str | None = None,
        began: datetime = FIRST_DAY,
        length: float = 4.0,
        room: float | None = None,
        variant: int | None = None,
        front: bool = False,
        size: int | None = None,
    ) -> Clip:
        """Put a clip on a card, as recording does; it takes none of the card's room here.

        `name` replaces the camera's own; `front`, `size` and `variant` are those of Film.
        """
        self._turn_folder(kind)
        number, folder = self._next[kind], self._folder
        self._next[kind] += 1
        seconds = max(1, round(length))
        which = self._added if variant is None else variant
        self._added += 1
        clip = Clip(
            format=kind,
            name=_name(slot, kind, folder, number) if name is None else name,
            path=_path(kind, folder, number, self._recorder),
            began=began,
            length=length,
            room=(size / _GIGABYTE if size else _SMALL) if room is None else room,
            film=Film(format=kind, variant=which, seconds=seconds, front=front, size=size),
        )
        card = self._cards[slot]
        card.clips[kind].append(clip)
        card.changes += 1
        return clip

    def fill(
        self,
        slot: str,
        kind: ClipFormat,
        count: int,
        *,
        start: datetime = FIRST_DAY,
        every: timedelta = timedelta(minutes=10),
        length: float = 4.0,
    ) -> list[Clip]:
        """Put `count` clips on a card; films are made only when somebody asks for them."""
        return [
            self.add(slot, kind, began=start + every * at, length=length) for at in range(count)
        ]

    def spread(self, count: int, until: datetime, *, days: int = 3) -> None:
        """Put `count` clips of each format on each card, evenly over the `days` before `until`."""
        for slot in self._cards:
            for kind in ClipFormat:
                for at in range(count):
                    began = until - timedelta(days=days) * ((count - at) / count)
                    self.add(slot, kind, began=began, length=4 + at * 3 % 7)

    def remove(self, slot: str, clip: Clip) -> None:
        """Take a clip away."""
        card = self._cards[slot]
        card.clips[clip.format].remove(clip)
        card.changes += 1

    def clear(self, slot: str) -> None:
        """Take all clips of a card away, as formatting does."""
        for clips in self._cards[slot].clips.values():
            clips.clear()
        self._cards[slot].changes += 1

    def touch(self, slot: str) -> None:
        """Make the lists of a card stale."""
        self._cards[slot].changes += 1

    def renumber(self) -> None:
        """Let the next MP4 clip begin a new folder, with the number 0001 (8.5)."""
        self._folder += 1
        self._next[ClipFormat.MP4] = 1

    def listing(self, slot: str, kind: ClipFormat) -> tuple[int, GivenList]:
        """Give the list_id of a card's present list, and the list."""
        changes = self._cards[slot].changes
        for list_id, (given, then) in self._lists.items():
            if (given.slot, given.format, then) == (slot, kind, changes):
                return list_id, given
        clips = self.of(slot, kind)
        given = GivenList(slot, kind, clips[::-1] if self._options.newest_first else clips)
        list_id, self._next_list = self._next_list, self._next_list + 1
        if self._options.one_list:
            self._lists.clear()
        self._lists[list_id] = given, changes
        while len(self._lists) > _LISTS_KEPT:
            self._lists.popitem(last=False)
        return list_id, given

    def given(self, list_id: str) -> GivenList | None:
        """Give the list that was given out as `list_id`; none when it is stale or made up."""
        if not list_id.isdecimal():
            return None
        found = self._lists.get(int(list_id))
        if found is None or found[1] != self._cards[found[0].slot].changes:
            return None
        return found[0]

    def _turn_folder(self, kind: ClipFormat) -> None:
        """Begin another MP4 folder when one is full, or is named after another recorder."""
        if kind is not ClipFormat.MP4:
            return
        if self._recorder != self._menus.recorder_number:
            self._recorder = self._menus.recorder_number
            self.renumber()
        elif self._next[kind] > _FOLDER_FILES:
            self.renumber()


def chosen(given: GivenList, numbers: str, most: int) -> Sequence[Clip] | None:
    """Give the clips of comma-separated `numbers`; none when there is a wrong one or too many."""
    places = numbers.split(",")
    if len(places) > most or not all(place.isdecimal() for place in places):
        return None
    wanted = dict.fromkeys(int(place) for place in places)
    if not all(1 <= place <= len(given.clips) for place in wanted):
        return None
    return [given.clips[place - 1] for place in wanted]


def total_room(clips: Iterable[Clip]) -> float:
    """Give the gigabytes that clips take."""
    return sum(clip.room for clip in clips)


_KINDS: Final[Mapping[ClipFormat, tuple[str, str]]] = {
    ClipFormat.MP4: ("M4", "A0"),
    ClipFormat.AVCHD: ("AA", "60"),
}


def _name(slot: str, kind: ClipFormat, folder: int, number: int) -> str:
    """Sixteen characters, like the printed S1AA001000000160 and S0M40010000001A0 (10.1, 10.4).

    The second is taken for the slot less one, then format, folder, number and picture mode.
    """
    mark, mode = _KINDS[kind]
    at = folder if kind is ClipFormat.MP4 else 1
    return f"S{int(slot[-1]) - 1}{mark}{at:03}{number:07}{mode}"


def _path(kind: ClipFormat, folder: int, number: int, recorder: int) -> str:
    """Where a card has the clip: DCF names, the recorder's number in them, or BDMV's numbers."""
    if kind is ClipFormat.AVCHD:
        return f"AVCHD/BDMV/STREAM/{number - 1:05}.MTS"
    return f"DCIM/{99 + folder}RID{recorder:02}/R{recorder:02}A{number:04}.MP4"
