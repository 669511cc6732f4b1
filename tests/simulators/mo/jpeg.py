"""Baseline JPEG in the forms that real cameras send: layout of the file, and coding of a strip."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from .huffman import DHT, Bits, Integers, entropy

type Plane = npt.NDArray[np.uint8]


class Sampling(StrEnum):
    """How many chroma samples a picture has."""

    YUV_420 = "420"
    YUV_422 = "422"

    @property
    def mcu_height(self) -> int:
        """Rows of pixels in a unit of the scan; it is 16 wide in both."""
        return 16 if self is Sampling.YUV_420 else 8


@dataclass(frozen=True, slots=True)
class Layout:
    """What differs between the files of one camera and another."""

    sampling: Sampling = Sampling.YUV_420
    jfif: bool = True
    """Whether there is a JFIF header."""
    sof_first: bool = False
    """Whether the frame header comes before the quantisation tables."""


def _zigzag() -> npt.NDArray[np.int64]:
    places = [(row, column) for row in range(8) for column in range(8)]
    places.sort(key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]))
    return np.array([row * 8 + column for row, column in places])


def _basis() -> npt.NDArray[np.float64]:
    at = np.arange(8)
    basis = np.cos((2 * at[None, :] + 1) * at[:, None] * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    return basis


_ZIGZAG: Final = _zigzag()
_BASIS: Final = _basis()
_DISTANCE: Final = np.add.outer(np.arange(8), np.arange(8)).ravel()[_ZIGZAG]
# Coarser with frequency; 8 for the mean of a luma block, so that every grey is exact.
QUANTISERS: Final = (8 + 2 * _DISTANCE, 10 + 4 * _DISTANCE)


def header(width: int, height: int, layout: Layout) -> bytes:
    """Give all that comes before the scan's bits."""
    tables = _segment(
        0xDB,
        b"".join(
            bytes([number, *table.astype(np.uint8)]) for number, table in enumerate(QUANTISERS)
        ),
    )
    luma = 0x22 if layout.sampling is Sampling.YUV_420 else 0x21
    frame = _segment(
        0xC0,
        bytes([8, *height.to_bytes(2), *width.to_bytes(2), 3])
        + bytes([1, luma, 0, 2, 0x11, 1, 3, 0x11, 1]),
    )
    return b"".join(
        [
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") if layout.jfif else b"",
            *((frame, tables) if layout.sof_first else (tables, frame)),
            _segment(0xC4, b"".join(DHT)),
            _segment(0xDA, bytes([3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0])),
        ]
    )


def scan(bits: Bits) -> bytes:
    """Give the bytes of a whole scan and the end of the picture."""
    fill = -bits.length % 8
    value = bits.value << fill | ((1 << fill) - 1)
    data = value.to_bytes((bits.length + fill) // 8)
    return data.replace(b"\xff", b"\xff\0") + b"\xff\xd9"


def strip(luma: Plane, blue: Plane, red: Plane, sampling: Sampling) -> Bits:
    """Code some rows of units, as if they were the first of the picture."""
    tall = sampling.mcu_height // 8
    y = _quantise(luma, 0).reshape(luma.shape[0] // (tall * 8), tall, luma.shape[1] // 16, 2, 64)
    # In each unit: the luma blocks, upper ones first, then one of each chroma.
    y = y.transpose(0, 2, 1, 3, 4).reshape(-1, tall * 2, 64)
    chroma = [_quantise(plane, 1).reshape(-1, 1, 64) for plane in (blue, red)]
    units = np.concatenate([y, *chroma], axis=1)
    components = np.tile([0] * (tall * 2) + [1, 2], len(units))
    return entropy(units.reshape(-1, 64), components)


def _quantise(plane: Plane, table: int) -> Integers:
    """Give the quantised coefficients of a plane by block row, block column and frequency."""
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    blocks = plane.reshape(rows, 8, columns, 8).transpose(0, 2, 1, 3).astype(np.float64) - 128
    turned = (_BASIS @ blocks @ _BASIS.T).reshape(rows, columns, 64)[:, :, _ZIGZAG]
    steps: Integers = np.rint(turned / QUANTISERS[table]).astype(np.int64)
    return steps


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2) + content
