"""Live pictures and sound of a media profile: H.264, H.265 or JPEG, with AAC or G.711."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
import math
from threading import Event
from typing import Final, override

import av
from av.video.frame import PictureType
import numpy as np

from tests.simulators.povcam.canvas import draw
from tests.simulators.povcam.media import Format, LiveEncoder, Sink, Sound
from tests.simulators.povcam.rtp import Track, video_payloads

from .rtsp_payload import h265_payloads, jpeg_payloads, to_ulaw

G711_RATE: Final = 8000
_G711_FRAME: Final = 160
_TONE: Final = 440.0
_FULL: Final = np.clip((np.arange(256) - 16) * 255 // 219, 0, 255).astype(np.uint8)
"""Full-range luma, which JPEG has, of the limited."""
_PAYLOADS: Final = {"H264": video_payloads, "H265": h265_payloads, "JPEG": jpeg_payloads}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFormat(Format):
    """What a profile's encoders have to make."""

    encoding: str
    gov: int
    sound: str | None
    """PCMU, MP4A-LATM, or none."""

    @property
    @override
    def gop(self) -> int:
        """Pictures from one key picture to the next."""
        return self.gov


class ProfileEncoder(LiveEncoder):
    """The encoders of one profile, in a thread of their own."""

    def __init__(self, form: ProfileFormat, bases: dict[Track, int], sink: Sink) -> None:
        """Make encoders that do not run yet."""
        super().__init__(form, bases, sink)
        self._profile = form
        self._key_wanted = Event()

    def key_picture(self) -> None:
        """Make the next picture a key picture."""
        self._key_wanted.set()

    @override
    def _frame(self, moment: float) -> av.VideoFrame:
        form = self._profile
        picture = draw(form.width, form.height, moment)
        if form.encoding == "JPEG":
            picture[: form.height] = _FULL[picture[: form.height]]
            return av.VideoFrame.from_ndarray(picture, format="yuvj420p")
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        if self._key_wanted.is_set():
            self._key_wanted.clear()
            frame.pict_type = PictureType.I
        return frame

    @override
    def _payloads(self, data: bytes) -> tuple[bytes, ...]:
        return _PAYLOADS[self._profile.encoding](data)

    @override
    def _open_sound(self) -> Sound:
        match self._profile.sound:
            case None:
                return _Silence()
            case "PCMU":
                return _Ulaw()
        return super()._open_sound()

    @override
    def _open_video(self) -> av.VideoCodecContext:
        form = self._profile
        if form.encoding == "H264":
            codec = super()._open_video()
            codec.options = {**codec.options, "forced-idr": "1"}
            return codec
        name = "libx265" if form.encoding == "H265" else "mjpeg"
        made = av.CodecContext.create(name, "w")
        assert isinstance(made, av.VideoCodecContext)
        made.width, made.height = form.width, form.height
        made.pix_fmt = "yuv420p" if form.encoding == "H265" else "yuvj420p"
        made.framerate = form.fps
        made.time_base = 1 / form.fps
        made.thread_count = 1
        # RFC 2435 has room for the standard Huffman tables only.
        made.options = {"huffman": "default", "qmin": "5", "qmax": "5"}
        if form.encoding == "H265":
            parameters = {
                "keyint": form.gov,
                "min-keyint": form.gov,
                "scenecut": 0,
                "bframes": 0,
                "repeat-headers": 1,
                "annexb": 1,
                "pools": "none",
                "frame-threads": 1,
                "log-level": "none",
            }
            made.options = {
                "preset": "ultrafast",
                "tune": "zerolatency",
                "forced-idr": "1",
                "x265-params": ":".join(f"{key}={value}" for key, value in parameters.items()),
            }
        return made


class _Silence:
    """No sound at all."""

    rate = G711_RATE

    def until(self, sample: int) -> Iterator[tuple[bytes, int]]:
        """Give nothing up to `sample`."""
        del sample
        return iter(())


class _Ulaw:
    """G.711 of a tone."""

    rate = G711_RATE

    def __init__(self) -> None:
        turns = 2 * math.pi * _TONE / G711_RATE
        self._second = to_ulaw(
            [round(4000 * math.sin(turns * at)) for at in range(G711_RATE)],
        )
        self._at = 0

    def until(self, sample: int) -> Iterator[tuple[bytes, int]]:
        """Payload and timestamp of each 20 ms up to `sample`."""
        while self._at + _G711_FRAME <= sample:
            place = self._at % G711_RATE
            yield self._second[place : place + _G711_FRAME], self._at
            self._at += _G711_FRAME


def frame_rate(rate: float) -> Fraction:
    """Give a frame rate the encoders can count in."""
    return Fraction(rate).limit_denominator(1000)
