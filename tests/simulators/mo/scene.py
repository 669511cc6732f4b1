"""What the camera looks at: its picture's number, and a noisy scene in which a block moves.

A picture is assembled, not encoded: the bits of the blocks and digits that tell its number go
before those of one of some backgrounds, which are coded once for all cameras of a process.
"""

from functools import cache
from typing import Final

import numpy as np

from ..povcam.canvas import _glyph
from .counter import COLUMNS, ROW_SHARE, rows
from .huffman import Bits
from .jpeg import Layout, Plane, Sampling, header, scan, strip

BACKGROUNDS: Final = 10
_DIGITS: Final = 8
_GREY: Final = 128
_LEVELS: Final = {"0": 16, "1": 240}
_NOISE: Final = 6.5


class Scene:
    """The pictures of one size and layout; shared by all cameras that have it."""

    def __init__(self, size: tuple[int, int], layout: Layout) -> None:
        """Draw nothing yet."""
        width, height = size
        if width % (COLUMNS * 16) or height % (ROW_SHARE * 16):
            raise ValueError(size)
        self.size: Final = size
        self._sampling = layout.sampling
        self._header = header(width, height, layout)
        self._block_rows = height // ROW_SHARE // layout.sampling.mcu_height
        self._block_units = width // COLUMNS // 16
        # The digits take the height of one macroblock, the background the rest.
        self._rest = height * (ROW_SHARE - 4) // ROW_SHARE - 16
        self._backgrounds: list[Bits] = []

    def picture(self, number: int) -> bytes:
        """Give the JPEG that says `number`."""
        text = self._blocks(number) + self._digits(number)
        back = self._background(number % BACKGROUNDS)
        whole = Bits(int(text, 2) << back.length | back.value, len(text) + back.length)
        return self._header + scan(whole)

    def _blocks(self, number: int) -> str:
        """Give the rows of blocks."""
        parts: list[str] = []
        before = _GREY
        for row in rows(number):
            for _ in range(self._block_rows):
                for bit in row:
                    level = _LEVELS[bit]
                    parts.append(_flat(self._sampling, before, level, self._block_units))
                    before = level
        # The digits' row begins with grey, which the next function supposes.
        return "".join(parts) + _flat(self._sampling, before, _GREY, 1)

    def _digits(self, number: int) -> str:
        """Give the row of digits but its first unit; it ends grey, as prediction begins."""
        shown = f"{number % 10**_DIGITS:0{_DIGITS}}"
        units = self.size[0] // 16
        margin = _flat(self._sampling, _GREY, _GREY, units - 2 * _DIGITS - 1)
        pieces = [_digit(self._sampling, digit) for digit in shown]
        grey = _flat(self._sampling, _GREY, _GREY, 1)
        lines = ["".join(line) + margin for line in zip(*pieces, strict=True)]
        return grey.join(lines)

    def _background(self, number: int) -> Bits:
        while number >= len(self._backgrounds):
            at = len(self._backgrounds)
            self._backgrounds.append(
                strip(*_draw(self.size[0], self._rest, at, self._sampling), self._sampling)
            )
        return self._backgrounds[number]


@cache
def scene(size: tuple[int, int], layout: Layout) -> Scene:
    """Give the scene of a size and layout."""
    return Scene(size, layout)


@cache
def _flat(sampling: Sampling, before: int, level: int, units: int) -> str:
    """Give the bits of some units of one grey after units of another."""
    high = sampling.mcu_height
    row = np.full((high, 16 * (units + 1)), level, np.uint8)
    row[:, :16] = before
    chroma = np.full((8, 8 * (units + 1)), _GREY, np.uint8)
    first = strip(row[:, :16], chroma[:, :8], chroma[:, :8], sampling)
    return strip(row, chroma, chroma, sampling).text()[first.length :]


@cache
def _digit(sampling: Sampling, digit: str) -> tuple[str, ...]:
    """Give the bits of a digit and a grey unit after it, for each row of units."""
    luma = np.full((16, 32), _GREY, np.uint8)
    luma[:, :16] = 16
    luma[:15, 2:14][_glyph(digit, 3)] = 235
    chroma = np.full((16 * 8 // sampling.mcu_height, 16), _GREY, np.uint8)
    high = sampling.mcu_height
    return tuple(
        strip(luma[top : top + high], chroma[:8], chroma[:8], sampling).text()
        for top in range(0, 16, high)
    )


def _draw(width: int, height: int, phase: int, sampling: Sampling) -> tuple[Plane, Plane, Plane]:
    """Draw a background: soft hills, colours, grain, and a bright block on its way."""
    grain = np.random.default_rng(phase)
    across, down = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    hills = 110 + 50 * np.sin(9 * across + 2) * np.cos(7 * down) + 20 * np.sin(60 * across * down)
    luma = hills + grain.normal(0, _NOISE, (height, width))
    side = height // 5
    left = (width - side) * phase // (BACKGROUNDS - 1)
    luma[height // 3 : height // 3 + side, left : left + side] = 225
    step = 2 if sampling is Sampling.YUV_420 else 1
    soft = (across[::step, ::2], down[::step, ::2])
    blue = 128 + 45 * np.cos(4 * soft[0] + phase / 20) * soft[1]
    red = 128 + 40 * np.sin(5 * soft[0] + 3 * soft[1])
    full = (np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in (luma, blue, red))
    luma_plane, blue_plane, red_plane = full
    return luma_plane, blue_plane, red_plane
