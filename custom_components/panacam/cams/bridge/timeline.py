"""A camera's time stamps -> the hub's, whatever the camera's clock does."""

from typing import Final

from .packets import TICKS, Kind

MAX_DRIFT: Final = 3 * TICKS
"""How far a time stamp may be from when it arrived; beyond, the camera's clock has jumped."""


class Timeline:
    """Keeps the distances between a camera's time stamps, and begins anew when they jump."""

    def __init__(self) -> None:
        """Begin with no connection made yet."""
        self._shift: int | None = None
        self._last: dict[Kind, int] = {}
        self.moved = 0
        """By how many ticks the last packet was moved on from its true place, if it had one."""

    def restart(self) -> None:
        """Note that the camera's time stamps begin anew: another connection."""
        self._shift = None

    def place(self, kind: Kind, pts: int | None, dts: int | None, now: int) -> tuple[int, int]:
        """Return pts and dts in the hub's ticks, for a packet that arrived at `now`.

        The dts of a kind always grows.
        """
        dts = pts if dts is None else dts
        if dts is None:
            # FFmpeg has none before the camera's first report, and counts from 0 then.
            start = now if self._shift is None else self._shift
            placed = self.after(kind, start if abs(start - now) <= MAX_DRIFT else now)
            self.moved = 0
            return placed, placed
        pts = dts if pts is None else pts
        if self._shift is None or abs(dts + self._shift - now) > MAX_DRIFT:
            self._shift = now - dts
        placed = self.after(kind, dts + self._shift)
        self.moved = placed - dts - self._shift
        return max(placed, pts + self._shift), placed

    def after(self, kind: Kind, ticks: int) -> int:
        """Return the hub's `ticks` as the next dts of a kind, moved on if they are not later."""
        placed = self._last[kind] = max(ticks, self._last.get(kind, -1) + 1)
        return placed
