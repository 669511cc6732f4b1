"""IMA ADPCM as its definition says it, and a tone in it."""

from collections.abc import Iterable, Sequence
from functools import cache
import math
from typing import Final

SAMPLE_RATE: Final = 8000
PACKET_SAMPLES: Final = 320
PACKET_SIZE: Final = 160
PACKETS_PER_SECOND: Final = 25

_STEPS: Final = (
    *(7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60),
    *(66, 73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371),
    *(408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878),
    *(2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845),
    *(8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086),
    *(29794, 32767),
)
_INDEX_CHANGES: Final = (-1, -1, -1, -1, 2, 4, 6, 8)


class Adpcm:
    """The state of one direction of one stream: predictor and index."""

    def __init__(self) -> None:
        """Begin at 0 and 0, as every stream does."""
        self.predictor = 0
        self.index = 0

    def decode(self, data: bytes) -> list[int]:
        """Give two samples for each byte, the high nibble's first."""
        return [self._step(nibble) for byte in data for nibble in (byte >> 4, byte & 15)]

    def encode(self, samples: Sequence[int]) -> bytes:
        """Give a byte for each two samples."""
        nibbles = [self._encode(sample) for sample in samples]
        return bytes(high << 4 | low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))

    def _encode(self, sample: int) -> int:
        left, nibble = sample - self.predictor, 0
        if left < 0:
            left, nibble = -left, 8
        step = _STEPS[self.index]
        for bit in (4, 2, 1):
            if left >= step:
                nibble |= bit
                left -= step
            step >>= 1
        self._step(nibble)
        return nibble

    def _step(self, nibble: int) -> int:
        step = _STEPS[self.index]
        change = step >> 3
        for bit in (4, 2, 1):
            if nibble & bit:
                change += step
            step >>= 1
        moved = self.predictor + (-change if nibble & 8 else change)
        self.predictor = max(-32768, min(32767, moved))
        self.index = max(0, min(len(_STEPS) - 1, self.index + _INDEX_CHANGES[nibble & 7]))
        return self.predictor


def sine(
    frequency: float, count: int, *, amplitude: int = 12000, rate: int = SAMPLE_RATE
) -> list[int]:
    """Give `count` samples of a tone."""
    turn = 2 * math.pi * frequency / rate
    return [round(amplitude * math.sin(turn * at)) for at in range(count)]


class Tone:
    """The packets of an endless tone, encoded once for all cameras of a process."""

    def __init__(self, frequency: int) -> None:
        """Begin without packets; a whole number of waves fills a second."""
        self._samples = sine(frequency, SAMPLE_RATE)
        self._adpcm = Adpcm()
        self._packets: list[tuple[bytes, int, int]] = []
        self._seen: dict[tuple[int, int], int] = {}
        self._loop: tuple[int, int] | None = None

    def packet(self, number: int) -> tuple[bytes, int, int]:
        """Give the data of packet `number`, with predictor and index at its beginning."""
        while self._loop is None and number >= len(self._packets):
            self._second()
        if self._loop is not None and number >= self._loop[0]:
            # The state came back at the same place of the wave: so does all that follows.
            start, length = self._loop
            number = start + (number - start) % length
        return self._packets[number]

    def _second(self) -> None:
        state, at = (self._adpcm.predictor, self._adpcm.index), len(self._packets)
        if state in self._seen:
            self._loop = (self._seen[state], at - self._seen[state])
            return
        self._seen[state] = at
        for first in range(0, SAMPLE_RATE, PACKET_SAMPLES):
            state = (self._adpcm.predictor, self._adpcm.index)
            data = self._adpcm.encode(self._samples[first : first + PACKET_SAMPLES])
            self._packets.append((data, *state))


@cache
def tone(frequency: int) -> Tone:
    """Give the tone of `frequency` Hz."""
    return Tone(frequency)


def decode(packets: Iterable[bytes]) -> list[int]:
    """Give the samples of the packets of one stream."""
    adpcm = Adpcm()
    return [sample for packet in packets for sample in adpcm.decode(packet)]
