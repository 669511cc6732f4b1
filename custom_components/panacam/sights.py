"""Where cameras announced themselves that still answered elsewhere."""

from collections.abc import Collection
from typing import Final

from .cams.discovery import Candidate

SIGHT_AGE: Final = 900.0
"""Seconds for which it is remembered."""
MAX_SIGHTS: Final = 4
"""Places of one camera, since anybody can announce it; the oldest goes."""


class Sights:
    """Keeps a few places for each entry."""

    def __init__(self) -> None:
        """Have seen nobody."""
        self._seen: dict[str, dict[str, tuple[Candidate, float]]] = {}
        """By entry id, then by host, the oldest first."""

    def add(self, entry_id: str, candidate: Candidate, now: float, known: Collection[str]) -> None:
        """Remember a place; `known`: the entries that there are."""
        self._seen = {key: seen for key, seen in self._seen.items() if key in known}
        seen = self._seen.setdefault(entry_id, {})
        seen.pop(candidate.host, None)
        while len(seen) >= MAX_SIGHTS:
            del seen[next(iter(seen))]
        seen[candidate.host] = candidate, now

    def take(self, entry_id: str, now: float) -> tuple[Candidate, ...]:
        """Return the places of a camera that are not too old, the last one first; forget them."""
        seen = self._seen.pop(entry_id, {})
        return tuple(one for one, at in reversed(seen.values()) if now < at + SIGHT_AGE)

    def of(self, entry_id: str) -> tuple[str, ...]:
        """Return the hosts where a camera was seen, the oldest first."""
        return tuple(self._seen.get(entry_id, {}))
