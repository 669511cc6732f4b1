"""The test picture: colour bars, a moving block and a running clock, drawn with numpy."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

type Plane = npt.NDArray[np.uint8]

# Five rows of three dots each, one octal digit a row, the top row first.
_GLYPHS: Final = {
    "0": "75557",
    "1": "26227",
    "2": "71747",
    "3": "71717",
    "4": "55711",
    "5": "74717",
    "6": "74757",
    "7": "71244",
    "8": "75757",
    "9": "75717",
    ":": "02020",
    ".": "00002",
    " ": "00000",
}
# Limited-range luma and chroma of the eight bars, white to black.
_BARS: Final = (
    (180, 128, 128),
    (162, 44, 142),
    (131, 156, 44),
    (112, 72, 58),
    (84, 184, 198),
    (65, 100, 212),
    (35, 212, 114),
    (16, 128, 128),
)
_BLOCK_LUMA: Final = 235
_LAP: Final = 4.0
"""Seconds the block takes across the picture."""


@cache
def _bars(width: int, height: int) -> Plane:
    """Give the standing background as a stacked 4:2:0 picture."""
    picture = np.empty((height * 3 // 2, width), dtype=np.uint8)
    column = np.arange(width) * len(_BARS) // width
    values = np.array(_BARS, dtype=np.uint8)
    picture[:height] = values[column, 0]
    half = values[column[::2]]
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    chroma[0], chroma[1] = half[:, 1], half[:, 2]
    return picture


@cache
def _glyph(character: str, scale: int) -> npt.NDArray[np.bool_]:
    rows = [[bool(int(row) & bit) for bit in (4, 2, 1, 0)] for row in _GLYPHS[character]]
    return np.kron(np.array(rows), np.ones((scale, scale), dtype=np.bool_)).astype(np.bool_)


def clock_text(seconds: float) -> str:
    """HH:MM:SS.CC of a moment in seconds since midnight, UTC."""
    hundredths = int(seconds * 100) % 8_640_000
    whole, part = divmod(hundredths, 100)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{part:02}"


def draw(width: int, height: int, seconds: float) -> Plane:
    """Give a 4:2:0 picture (height * 3 / 2 rows) of the moment `seconds`."""
    picture = _bars(width, height).copy()
    side = height // 8 & ~1
    left = int((width - side) * (seconds % _LAP) / _LAP) & ~1
    picture[height // 2 : height // 2 + side, left : left + side] = _BLOCK_LUMA
    text = clock_text(seconds)
    scale = max(1, width // (len(text) * 8))
    shape = np.concatenate([_glyph(character, scale) for character in text], axis=1)
    top, start = height // 8, (width - shape.shape[1]) // 2
    box = picture[top : top + shape.shape[0], start : start + shape.shape[1]]
    box[:] = np.where(shape, _BLOCK_LUMA, 16)
    return picture


def black(width: int, height: int) -> Plane:
    """Give a 4:2:0 picture that is black all over."""
    picture = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    picture[:height] = 16
    return picture
