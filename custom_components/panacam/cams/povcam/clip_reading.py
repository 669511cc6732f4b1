"""What has been read of a list of clips so far (no I/O)."""

from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from ..clips import Clip, ClipFormat, Listing
from .clip_list import Row

MAX_CLIPS: Final = 20_000
"""Kept of one card and format, the newest ones: 65,535 are possible, and nobody browses them."""


class Card(NamedTuple):
    """What a list is of."""

    slot: str
    kind: ClipFormat


class Reading:
    """Clips of one list, each name once, and the places that they had in it."""

    def __init__(self, card: Card) -> None:
        """Have nothing yet."""
        self._card = card
        self.clips: list[Clip] = []
        self.total = 0
        self.any_seen = False
        """Whether there ever was a clip, also in a list that was given up."""
        self._places = array("H")
        self._names: set[str] = set()

    def clear(self) -> None:
        """Begin again."""
        self.clips.clear()
        self._places = array("H")
        self._names.clear()
        self.total = 0

    def add(self, rows: Sequence[Row], total: int) -> int:
        """Take a page of a list of `total` clips; return how many of them are new."""
        before = len(self.clips)
        for row in rows[: MAX_CLIPS - before]:
            if row.name not in self._names:
                self._names.add(row.name)
                self._places.append(row.number)
                self.clips.append(
                    Clip(
                        slot=self._card.slot,
                        format=self._card.kind,
                        name=row.name,
                        began=row.began,
                        length=row.length,
                    )
                )
        self.any_seen |= bool(self.clips)
        self.total = max(total, len(self.clips))
        return len(self.clips) - before

    def finish(self) -> None:
        """Let go of what only reading needs."""
        self._names.clear()

    def listing(self, *, complete: bool) -> Listing:
        """Return what there is, newest first; those without a date come last."""
        clips = sorted(self.clips, key=lambda clip: clip.began or datetime.min, reverse=True)  # noqa: DTZ901 - cameras' clocks have no zone
        return Listing(clips=tuple(clips), complete=complete, total=self.total)

    def places(self, clips: Iterable[Clip]) -> dict[Clip, int | None]:
        """Return the place of each of `clips` in the list, None for those that were not in it."""
        wanted = {clip.name: clip for clip in clips}
        found: dict[Clip, int | None] = dict.fromkeys(wanted.values())
        for clip, place in zip(self.clips, self._places, strict=True):
            if (one := wanted.get(clip.name)) is not None:
                found[one] = place
        return found
