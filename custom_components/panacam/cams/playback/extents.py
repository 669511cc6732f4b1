"""Which stretches of something are there."""

from bisect import bisect_left, bisect_right


class Extents:
    """Stretches of bytes that neither touch nor overlap, in order."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.total = 0
        """How many bytes are there."""

    @property
    def count(self) -> int:
        """Return how many stretches there are."""
        return len(self._starts)

    def add(self, start: int, end: int) -> None:
        """Have the bytes from `start` to before `end`."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self.total += end - start
        self.total -= sum(self._ends[first:last]) - sum(self._starts[first:last])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def end_of(self, at: int) -> int:
        """Return where the stretch that has byte `at` ends; `at` itself when none has."""
        place = bisect_right(self._starts, at) - 1
        return max(at, self._ends[place]) if place >= 0 else at
