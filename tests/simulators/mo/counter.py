"""The number of a picture as black and white blocks, which survive scaling and H.264.

The upper four fifteenths of the picture are four rows of twenty blocks. Rows 1 and 3 hold the
bits, white for 1, and rows 2 and 4 the opposite of the row above, so that no level has to be
known. Forty bits: 1 0, the first eighteen; 0 1, the other eighteen. The thirty-six are the number
in twenty-eight and a check in eight.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

COLUMNS: Final = 20
ROWS: Final = 4
ROW_SHARE: Final = 15
"""The picture's height in heights of a row."""
LIMIT: Final = 1 << 28
_HALF: Final = 18
_CONTRAST: Final = 48
"""A block is this much brighter or darker than its opposite, or nothing is read."""


def _check(number: int) -> int:
    return (number ^ number >> 8 ^ number >> 16 ^ number >> 24 ^ 0xA5) & 0xFF


def rows(number: int) -> tuple[str, str, str, str]:
    """Give the four rows for `number` as zeros and ones."""
    number %= LIMIT
    bits = f"{number << 8 | _check(number):036b}"
    upper, lower = "10" + bits[:_HALF], "01" + bits[_HALF:]
    opposite = str.maketrans("01", "10")
    return upper, upper.translate(opposite), lower, lower.translate(opposite)


def read_counter(
    luma: bytes | bytearray | memoryview | npt.NDArray[np.uint8], width: int, height: int
) -> int | None:
    """Read the number from a luma plane without padding; None when there is none to read."""
    plane = (
        luma
        if isinstance(luma, np.ndarray)
        else np.frombuffer(luma, np.uint8, count=width * height).reshape(height, width)
    )
    levels = np.array(
        [
            [_level(plane, row, column, width, height) for column in range(COLUMNS)]
            for row in range(ROWS)
        ]
    )
    contrast = levels[0::2] - levels[1::2]
    if np.abs(contrast).min() < _CONTRAST:
        return None
    upper, lower = ("".join("1" if one else "0" for one in row) for row in contrast > 0)
    if (upper[:2], lower[:2]) != ("10", "01"):
        return None
    number, check = divmod(int(upper[2:] + lower[2:], 2), 256)
    return number if check == _check(number) else None


def _level(plane: npt.NDArray[np.uint8], row: int, column: int, width: int, height: int) -> float:
    """Give the mean of a block's middle half."""
    left, right = ((column * 4 + part) * width // (COLUMNS * 4) for part in (1, 3))
    top, bottom = ((row * 4 + part) * height // (ROW_SHARE * 4) for part in (1, 3))
    return float(plane[top : max(bottom, top + 1), left : max(right, left + 1)].mean())
