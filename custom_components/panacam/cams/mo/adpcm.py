"""IMA ADPCM: 4 bits a sample, the high nibble first (facts), its state kept across packets.

The step index goes its way whatever the predictor is. So a table gives, for each index and byte,
the two differences and the row of the next byte; the samples are their running sum, and only a
sum that leaves the range of 16 bits has to be done again by single steps.
"""

from array import array
from collections.abc import Buffer, Iterable
from itertools import accumulate
import sys
from typing import Final

SAMPLE_RATE: Final = 8000
"""Samples a second (facts)."""

MAX_INDEX: Final = 88

_MIN: Final = -32768
_MAX: Final = 32767
_INDEX_STEPS: Final = (-1, -1, -1, -1, 2, 4, 6, 8)
# fmt: off
_STEPS: Final = (
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449,
    494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272,
    2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493,
    10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
)
# fmt: on


def _difference(step: int, nibble: int) -> int:
    """Return what a nibble adds to the predictor: sign, then whole, half and quarter step."""
    size = step >> 3
    if nibble & 4:
        size += step
    if nibble & 2:
        size += step >> 1
    if nibble & 1:
        size += step >> 2
    return -size if nibble & 8 else size


_DIFFERENCES: Final = [[_difference(step, nibble) for nibble in range(16)] for step in _STEPS]
_NEXT: Final = [
    [max(0, min(MAX_INDEX, index + _INDEX_STEPS[nibble & 7])) for nibble in range(16)]
    for index in range(MAX_INDEX + 1)
]


class _Row:
    """What each byte means at one step index."""

    __slots__ = ("cells", "index")

    def __init__(self, index: int) -> None:
        self.index = index
        self.cells: list[tuple[int, int, _Row]] = []
        """By byte: two differences and the row of the next byte."""


def _rows() -> list[_Row]:
    rows = [_Row(index) for index in range(MAX_INDEX + 1)]
    for row, differences, after in zip(rows, _DIFFERENCES, _NEXT, strict=True):
        row.cells = [
            (first, second, rows[then])
            for first, middle in zip(differences, after, strict=True)
            for second, then in zip(_DIFFERENCES[middle], _NEXT[middle], strict=True)
        ]
    return rows


_ROWS: Final = _rows()


class AdpcmDecoder:
    """Packets in, samples out; starts with predictor and index 0."""

    def __init__(self) -> None:
        """Begin in silence."""
        self.predictor = 0
        self.index = 0

    def reset(self, predictor: int, index: int) -> None:
        """Go on from this state; an impossible one is ignored."""
        if _MIN <= predictor <= _MAX and 0 <= index <= MAX_INDEX:
            self.predictor, self.index = predictor, index

    def decode(self, data: bytes) -> bytes:
        """Return two signed 16-bit little-endian samples for each byte."""
        if not data:
            return b""
        differences: list[int] = []
        append = differences.append
        row = _ROWS[self.index]
        cells = row.cells
        for byte in data:
            first, second, row = cells[byte]
            cells = row.cells
            append(first)
            append(second)
        samples = list(accumulate(differences, initial=self.predictor))
        if max(samples) > _MAX or min(samples) < _MIN:
            samples = _clamped(self.predictor, differences)
        self.index, self.predictor = row.index, samples[-1]
        del samples[0]
        return _little_endian(array("h", samples)).tobytes()


class AdpcmEncoder:
    """Samples in, packets out; starts with predictor and index 0."""

    def __init__(self) -> None:
        """Begin in silence."""
        self.predictor = 0
        self.index = 0

    def encode(self, samples: Buffer) -> bytes:
        """Return a byte for each two signed 16-bit little-endian samples; an odd one is left out.

        Follows what the decoder will make of it, so that errors do not add up.
        """
        data = memoryview(samples).cast("B")
        values = _little_endian(array("h", data[: len(data) // 4 * 4].tobytes()))
        predictor, index = self.predictor, self.index
        nibbles = bytearray()
        for sample in values:
            step = _STEPS[index]
            if sample >= predictor:
                nibble = (sample - predictor) * 4 // step
                nibble = min(nibble, 7)
            else:
                nibble = (predictor - sample) * 4 // step
                nibble = 15 if nibble > 7 else nibble + 8
            predictor += _DIFFERENCES[index][nibble]
            if predictor > _MAX:
                predictor = _MAX
            elif predictor < _MIN:
                predictor = _MIN
            index = _NEXT[index][nibble]
            nibbles.append(nibble)
        self.predictor, self.index = predictor, index
        return bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))


def _clamped(predictor: int, differences: Iterable[int]) -> list[int]:
    """Return the running sum with every step held within 16 bits."""
    samples = [predictor]
    for difference in differences:
        predictor += difference
        if predictor > _MAX:
            predictor = _MAX
        elif predictor < _MIN:
            predictor = _MIN
        samples.append(predictor)
    return samples


def _little_endian(values: array[int]) -> array[int]:
    """Return values between this machine's byte order and the wire's."""
    if sys.byteorder == "big":  # pragma: no cover - no machine of ours
        values.byteswap()
    return values
