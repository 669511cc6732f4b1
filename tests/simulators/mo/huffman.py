"""Entropy coding of a strip of a baseline JPEG, with the example tables of the standard."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

type Integers = npt.NDArray[np.int64]

DHT: Final = tuple(
    bytes.fromhex(text)
    for text in (
        "0000010501010101010100000000000000000102030405060708090a0b",
        "0100030101010101010101010000000000000102030405060708090a0b",
        (
            "100002010303020403050504040000017d01020300041105122131410613516107227114328191a108"
            "2342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a43444546474849"
            "4a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798"
            "999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2"
            "e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
        ),
        (
            "1100020102040403040705040400010277000102031104052131061241510761711322328108144291"
            "a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748"
            "494a535455565758595a636465666768696a737475767778797a82838485868788898a9293949596"
            "9798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da"
            "e2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
        ),
    )
)
"""Class and number, how many codes of each length, and their symbols: DC, DC, AC, AC."""
_EOB: Final = 0x00
_ZRL: Final = 0xF0


def _codes(table: bytes) -> tuple[Integers, Integers]:
    """Give code and length of each symbol of a table."""
    codes, lengths = np.zeros(256, np.int64), np.zeros(256, np.int64)
    code, symbols = 0, iter(table[17:])
    for length, count in enumerate(table[1:17], 1):
        for _ in range(count):
            symbol = next(symbols)
            codes[symbol], lengths[symbol] = code, length
            code += 1
        code <<= 1
    return codes, lengths


_TABLES: Final = [_codes(table) for table in DHT]
# By luma (0) and chroma (1), then by symbol.
_DC_CODES, _DC_LENGTHS = (np.stack([_TABLES[0][part], _TABLES[1][part]]) for part in (0, 1))
_AC_CODES, _AC_LENGTHS = (np.stack([_TABLES[2][part], _TABLES[3][part]]) for part in (0, 1))


@dataclass(frozen=True, slots=True)
class Bits:
    """A run of bits, the first being the highest of `value`."""

    value: int
    length: int

    def text(self) -> str:
        """Give the bits as zeros and ones."""
        return f"{self.value:0{self.length}b}" if self.length else ""


def entropy(blocks: Integers, components: Integers) -> Bits:
    """Code quantised blocks, in zigzag and in the order of the scan; prediction begins at 0."""
    chroma = (components > 0).astype(np.int64)
    changes = np.empty(len(blocks), np.int64)
    for component in range(3):
        mine = components == component
        changes[mine] = np.diff(blocks[mine, 0], prepend=0)
    size = _size(changes)
    dc = (_DC_CODES[chroma, size] << size | _extra(changes, size), _DC_LENGTHS[chroma, size] + size)

    block, place = np.nonzero(blocks[:, 1:])
    place += 1
    values = blocks[block, place]
    first = np.concatenate([[True], block[1:] != block[:-1]])[: len(block)]
    before = np.where(first, 0, np.concatenate([[0], place[:-1]])[: len(place)])
    run, size = place - before - 1, _size(values)
    skips, kind = run >> 4, chroma[block]
    symbol = (run & 15) << 4 | size
    codes = _AC_CODES[kind, symbol] << size | _extra(values, size)
    lengths = _AC_LENGTHS[kind, symbol] + size
    for skip in range(1, 4):
        # Up to three runs of sixteen zeros go before the code; together they stay under 64 bits.
        needs = skips >= skip
        codes[needs] |= (_AC_CODES[kind, _ZRL] << lengths)[needs]
        lengths[needs] += _AC_LENGTHS[kind, _ZRL][needs]

    open_ended = np.nonzero(blocks[:, 63] == 0)[0]
    end = (_AC_CODES[chroma, _EOB][open_ended], _AC_LENGTHS[chroma, _EOB][open_ended])
    numbers = np.arange(len(blocks))
    order = np.argsort(
        np.concatenate([numbers * 65, block * 65 + place, open_ended * 65 + 64]), kind="stable"
    )
    return _pack(
        np.concatenate([dc[0], codes, end[0]])[order],
        np.concatenate([dc[1], lengths, end[1]])[order],
    )


def _size(values: Integers) -> Integers:
    """Give how many bits each value needs (0 for 0)."""
    size: Integers = np.ceil(np.log2(np.abs(values) + 1)).astype(np.int64)
    return size


def _extra(values: Integers, size: Integers) -> Integers:
    """Give the bits after a code: negative values are stored one less, in `size` bits."""
    stored: Integers = np.where(values < 0, values + (1 << size) - 1, values)
    return stored


def _pack(codes: Integers, lengths: Integers) -> Bits:
    ends = np.cumsum(lengths)
    total = int(ends[-1])
    shift = np.repeat(ends, lengths) - 1 - np.arange(total)
    bits = (np.repeat(codes, lengths) >> shift & 1).astype(np.uint8)
    return Bits(int.from_bytes(np.packbits(bits).tobytes()) >> -total % 8, total)
