"""What clips show: real MP4 and AVCHD files, made by PyAV when somebody first asks for them."""

import atexit
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
import math
from pathlib import Path
import shutil
import struct
import tempfile
from threading import Lock
from typing import Final, Literal

import av
import numpy as np

from .canvas import Plane, draw

WIDTH: Final = 320
HEIGHT: Final = 180
RATE: Final = Fraction(30000, 1001)
SOUND_RATE: Final = 48_000
VARIANTS: Final = 10
"""How many films can be told apart, by `band_luma`."""
LONGEST: Final = 30
"""Seconds that a film lasts at most, however long the clip was."""
M2TS_PACKET: Final = 192
"""Four bytes of time code before each packet of a transport stream."""

_MUX_RATE: Final = 1_000_000
"""Bits a second of a transport stream; without it time codes would not run evenly."""
_BAND: Final = 32
"""Rows at the bottom of the picture that show the variant."""
_SOUND_FRAME: Final = 1024
_NULL_PACKET: Final = bytes(4) + b"\x47\x1f\xff\x10" + b"\xff" * 184
_FREE_HEAD: Final = 16
"""Bytes of a box's head with a size of 64 bits."""


class ClipFormat(StrEnum):
    """What a clip is written in (10.1)."""

    MP4 = "mp4"
    AVCHD = "avchd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What a clip shows; equal films are equal bytes."""

    format: ClipFormat
    variant: int = 0
    """Tells films apart: the hour of the running clock, the grey at the bottom and the tone."""
    seconds: int = 4
    front: bool = False
    """An MP4 has its index (moov) at the front; else at the end, as recorders write it."""
    size: int | None = None
    """Bytes that the film is padded to, in whole packets; neither memory nor disk is used."""

    def content(self) -> Content:
        """Give the bytes; blocking, when it is the first to ask."""
        data = _film(self.format, self.variant, self.seconds, self.front)
        return Content(data) if self.size is None else _padded(self, data, self.size)


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes of a clip, which may be more than there is memory."""

    head: bytes
    pattern: bytes = b"\0"
    padding: int = 0
    """Bytes of repeated `pattern` after `head`."""
    tail: bytes = b""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.head) + self.padding + len(self.tail)

    def read(self, start: int, length: int) -> bytes:
        """Give up to `length` bytes from `start` on; fewer where a part ends, none at the end."""
        if start < len(self.head):
            return self.head[start : start + length]
        start -= len(self.head)
        if start < self.padding:
            length = min(length, self.padding - start)
            at = start % len(self.pattern)
            block = _repeated(self.pattern, (at + length) // len(self.pattern) + 1)
            return block[at : at + length]
        start -= self.padding
        return self.tail[start : start + length]


def band_luma(variant: int) -> int:
    """Luma of the bottom of the picture."""
    return 30 + 20 * (variant % VARIANTS)


@lru_cache(maxsize=4)
def _repeated(pattern: bytes, times: int) -> bytes:
    return pattern * times


def _padded(film: Film, data: bytes, size: int) -> Content:
    room = size - len(data)
    if film.format is ClipFormat.AVCHD:
        return Content(data, _NULL_PACKET, max(0, room) // M2TS_PACKET * M2TS_PACKET)
    if room < _FREE_HEAD:
        return Content(data)
    # The samples must stay where the index says, so the room goes between them and the index.
    cut = len(data) if film.front else _place_of(data, b"moov")
    box = struct.pack(">I4sQ", 1, b"free", room)
    return Content(data[:cut] + box, b"\0", room - _FREE_HEAD, data[cut:])


def _place_of(data: bytes, kind: bytes) -> int:
    """Where the box of this kind begins, at the top level."""
    at = 0
    while at < len(data):
        size, found = struct.unpack_from(">I4s", data, at)
        if found == kind:
            return at
        at += size
    raise LookupError(kind)


class _Shelf:
    """A folder of films, which goes with the process."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._lock = Lock()

    def film(self, kind: ClipFormat, variant: int, seconds: int, *, front: bool) -> bytes:
        """Give a film from the disk, or make it."""
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="povcam-clips-"))
                atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
            path = self._folder / f"{kind}-{variant}-{seconds}-{int(front)}"
            if not path.exists():
                _write(path, kind, variant, seconds, front=front)
            return path.read_bytes()


_SHELF: Final = _Shelf()


@lru_cache(maxsize=16)
def _film(kind: ClipFormat, variant: int, seconds: int, front: bool) -> bytes:
    at = variant % VARIANTS
    return _SHELF.film(kind, at, min(max(seconds, 1), LONGEST), front=front)


def _write(path: Path, kind: ClipFormat, variant: int, seconds: int, *, front: bool) -> None:
    """Encode one film: H.264 with AAC in MP4, or H.264 with B frames and AC-3 in M2TS."""
    muxer, codec, options = (
        ("mp4", "aac", {"movflags": "+faststart"} if front else {})
        if kind is ClipFormat.MP4
        else ("mpegts", "ac3", {"mpegts_m2ts_mode": "1", "muxrate": str(_MUX_RATE)})
    )
    with av.open(str(path), "w", format=muxer, options=options) as out:
        pictures = out.add_stream("libx264", rate=RATE)
        pictures.width, pictures.height, pictures.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        pictures.codec_context.thread_count = 1
        pictures.codec_context.options = {
            "preset": "ultrafast",
            "profile": "high",
            "crf": "26",
            "x264-params": _x264(kind),
        }
        sound = out.add_stream(_audio_codec(codec), rate=SOUND_RATE, layout="stereo")
        sound.bit_rate = 192_000
        sounds = _Sounds(variant, seconds)
        for at in range(round(seconds * RATE)):
            frame = av.VideoFrame.from_ndarray(_picture(variant, float(at / RATE)), "yuv420p")
            frame.pts, frame.time_base = at, 1 / RATE
            out.mux(pictures.encode(frame))
            for piece in sounds.until(int((at + 1) / RATE * SOUND_RATE)):
                out.mux(sound.encode(piece))
        out.mux(pictures.encode(None))
        out.mux(sound.encode(None))


def _audio_codec(name: str) -> Literal["aac", "ac3"]:
    return "aac" if name == "aac" else "ac3"


def _x264(kind: ClipFormat) -> str:
    # The 8x8 transform makes the stream High profile although the preset is the cheapest.
    b_frames = 2 if kind is ClipFormat.AVCHD else 0
    return f"keyint=15:min-keyint=15:scenecut=0:8x8dct=1:b-adapt=0:bframes={b_frames}:cabac=1"


def _picture(variant: int, moment: float) -> Plane:
    picture = draw(WIDTH, HEIGHT, variant * 3600 + moment)
    picture[HEIGHT - _BAND : HEIGHT] = band_luma(variant)
    return picture


class _Sounds:
    """A tone whose height tells the variant."""

    def __init__(self, variant: int, seconds: int) -> None:
        self._tone = 300.0 + 100 * variant
        self._end = seconds * SOUND_RATE
        self._at = 0

    def until(self, sample: int) -> Iterator[av.AudioFrame]:
        """Give the frames that end by `sample`."""
        while self._at + _SOUND_FRAME <= min(sample, self._end):
            times = np.arange(self._at, self._at + _SOUND_FRAME) / SOUND_RATE
            tone = (0.1 * np.sin(2 * math.pi * self._tone * times)).astype(np.float32)
            both = np.ascontiguousarray(np.broadcast_to(tone, (2, _SOUND_FRAME)))
            frame = av.AudioFrame.from_ndarray(both, format="fltp", layout="stereo")
            frame.sample_rate = SOUND_RATE
            frame.pts, frame.time_base = self._at, Fraction(1, SOUND_RATE)
            self._at += _SOUND_FRAME
            yield frame
