"""JPEG pictures of the test scene, shared by all the simulators of a process."""

from collections import OrderedDict
from fractions import Fraction
from threading import Lock
import time
from typing import Final

import av
import numpy as np

from .canvas import Plane, black, draw

WIDTH: Final = 640
HEIGHT: Final = 360
_SLOTS_PER_SECOND: Final = 30
_KEPT: Final = 8


def encode(picture: Plane, width: int, height: int) -> bytes:
    """One JPEG of a 4:2:0 picture; blocking, about a millisecond."""
    codec = av.CodecContext.create("mjpeg", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height = width, height
    codec.pix_fmt = "yuvj420p"
    codec.time_base = Fraction(1, _SLOTS_PER_SECOND)
    codec.options = {"q": "5"}
    # JPEG has full range; stretching is cheaper here than a conversion in the encoder.
    luma = (picture[:height].astype(np.uint16) - 16) * 255 // 219
    full = np.concatenate([luma.astype(np.uint8), picture[height:]])
    frame = av.VideoFrame.from_ndarray(full, format="yuvj420p")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in (*codec.encode(frame), *codec.encode(None)))


class JpegShelf:
    """Keeps the last few pictures by their moment, so that many cameras share one encoding."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = Lock()
        self._pictures: OrderedDict[int, bytes] = OrderedDict()
        self._black: bytes | None = None

    def picture(self) -> bytes:
        """Give the picture of this moment; blocking when it is the first to ask."""
        slot = int(time.time() * _SLOTS_PER_SECOND)
        with self._lock:
            found = self._pictures.get(slot)
            if found is None:
                moment = slot / _SLOTS_PER_SECOND
                found = encode(draw(WIDTH, HEIGHT, moment), WIDTH, HEIGHT)
                self._pictures[slot] = found
                while len(self._pictures) > _KEPT:
                    self._pictures.popitem(last=False)
            return found

    def black(self) -> bytes:
        """Give the pitch black picture sent while JPEG transmission is off (2.4)."""
        with self._lock:
            if self._black is None:
                self._black = encode(black(WIDTH, HEIGHT), WIDTH, HEIGHT)
            return self._black


SHELF: Final = JpegShelf()
