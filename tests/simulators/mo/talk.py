"""What the camera's loudspeaker got to play, and how good it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import numpy as np

from .adpcm import SAMPLE_RATE, Adpcm
from .wire import SOUND

_DRIFT_WINDOW: Final = 1600
_SETTLING: Final = 64
"""Samples until the step size of ADPCM has grown to fit a loud tone."""
_SKIRT: Final = 4


@dataclass(frozen=True, slots=True)
class TalkPacket:
    """One Talk_Data."""

    timestamp: int
    sequence: int
    seconds: int
    kind: int
    size: int
    """What it says of the length of its data."""
    data: bytes
    arrived: float
    """By the monotonic clock."""

    @classmethod
    def decode(cls, text: bytes, arrived: float) -> Self:
        """Read the text of a Talk_Data."""
        timestamp, sequence, seconds, kind, size = SOUND.unpack_from(text)
        return cls(timestamp, sequence, seconds, kind, size, text[SOUND.size :], arrived)


class TalkRecording:
    """All talk since the camera was made, or since `reset()`."""

    def __init__(self) -> None:
        """Begin empty."""
        self.packets: list[TalkPacket] = []
        self.samples: list[int] = []
        self.starts: list[int] = []
        """The buffer seconds of each Talk_Start_Req that was granted."""
        self.strays = 0
        """Packets that came while nobody was to talk."""
        self.malformed = 0
        """Packets of another format, or with a length that is not theirs."""
        self._adpcm = Adpcm()

    def reset(self) -> None:
        """Forget everything but the decoder's state."""
        self.packets.clear()
        self.samples.clear()
        self.starts.clear()
        self.strays = self.malformed = 0

    def begin(self, seconds: int) -> None:
        """Begin a talk: the decoder starts anew."""
        self.starts.append(seconds)
        self._adpcm = Adpcm()

    def add(self, packet: TalkPacket) -> None:
        """Play a packet."""
        if packet.kind != 0 or packet.size != len(packet.data):
            self.malformed += 1
            return
        self.packets.append(packet)
        self.samples.extend(self._adpcm.decode(packet.data))

    @property
    def gaps(self) -> int:
        """How many packets did not have the number after the one before."""
        numbers = [packet.sequence for packet in self.packets]
        return sum(after != (before + 1) & 0xFFFFFFFF for before, after in pairwise(numbers))

    @property
    def pauses(self) -> list[float]:
        """Seconds between the arrivals of packets."""
        times = [packet.arrived for packet in self.packets]
        return [after - before for before, after in pairwise(times)]

    @property
    def drift(self) -> float:
        """The largest mean of any fifth of a second: near 0 unless nibbles or state are wrong."""
        return drift(self.samples)

    def purity(self, frequency: float) -> float:
        """Give the share of the energy that is at `frequency` Hz, 0 to 1."""
        return purity(self.samples, frequency)


def purity(samples: Sequence[int], frequency: float, rate: int = SAMPLE_RATE) -> float:
    """Give the share of the energy of `samples` that is at `frequency` Hz, 0 to 1."""
    wave = np.asarray(samples[_SETTLING:], np.float64)
    if len(wave) < 256:
        return 0.0
    energy = np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) ** 2
    middle = round(frequency * len(wave) / rate)
    near = energy[max(middle - _SKIRT, 0) : middle + _SKIRT + 1].sum()
    return float(near / energy.sum()) if energy.sum() else 0.0


def drift(samples: Sequence[int]) -> float:
    """Give the largest mean of any fifth of a second of `samples`."""
    wave = np.asarray(samples, np.float64)
    whole = len(wave) // _DRIFT_WINDOW * _DRIFT_WINDOW
    if not whole:
        return float(abs(wave.mean())) if len(wave) else 0.0
    return float(np.abs(wave[:whole].reshape(-1, _DRIFT_WINDOW).mean(axis=1)).max())
