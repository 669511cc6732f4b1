"""Live H.264 and AAC of the test scene: one thread for all the viewers of a stream."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
import math
from threading import Event, Thread
import time
from typing import Final, Protocol

import av
import numpy as np
import numpy.typing as npt

from .canvas import draw
from .rtp import AUDIO_RATE, VIDEO_RATE, Track, Unit, audio_payload, video_payloads

_SOUND_FRAME: Final = 1024
_TONE: Final = 440.0
_BEEP: Final = 1000.0
_BEEP_LENGTH: Final = 0.1
_LATE: Final = 0.5
"""Seconds behind after which pictures are left out."""


@dataclass(frozen=True, slots=True)
class Format:
    """What an encoder has to make."""

    width: int
    height: int
    fps: Fraction
    sound_bitrate: int
    video_bitrate: int = 0
    """0: as much as the pictures need."""

    @property
    def cabac(self) -> bool:
        """CABAC in the larger formats, CAVLC in the others (15.3)."""
        return self.width >= 3840 or (self.width >= 1920 and self.fps > 30)

    @property
    def b_frames(self) -> int:
        """B frames are there at 3840x2160/30p only (15.3)."""
        return 2 if self.width >= 3840 and self.fps > 15 else 0

    @property
    def gop(self) -> int:
        """Pictures from one IDR picture to the next (15.3)."""
        return max(1, round(self.fps * Fraction(1, 2) if self.width >= 3840 else self.fps))


type Sink = Callable[[list[Unit]], None]


class Sound(Protocol):
    """What makes the sound that goes with the pictures."""

    @property
    def rate(self) -> int:
        """Timestamp units in a second."""

    def until(self, sample: int) -> Iterator[tuple[bytes, int]]:
        """Payload and timestamp of each frame up to `sample`."""


class LiveEncoder:
    """Draws, encodes and hands over units in real time, in a thread of its own."""

    def __init__(
        self,
        form: Format,
        bases: dict[Track, int],
        sink: Sink,
        # A default argument is out of reach of tests that freeze the time module.
        pace: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make an encoder; `bases` are the first timestamps, `sink` is called in the thread."""
        self._form = form
        self._bases = bases
        self._sink = sink
        self._pace = pace
        self._ended = Event()
        self._thread = Thread(target=self._run, name="povcam-media", daemon=True)

    def start(self) -> None:
        """Begin; the first picture is an IDR picture."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; takes as long as one picture at most."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        fps = self._form.fps
        pictures, sound = self._open_video(), self._open_sound()
        began, wall = self._pace(), time.time()
        at = 0
        while not self._ended.wait(max(0.0, began + float(at / fps) - self._pace())):
            moment = wall + float(at / fps)
            frame = self._frame(moment)
            frame.pts = at
            units = [self._video_unit(packet, wall) for packet in pictures.encode(frame)]
            for payload, pts in sound.until(int((at + 1) / fps * sound.rate)):
                timestamp = self._bases[Track.AUDIO] + pts
                captured = wall + pts / sound.rate
                units.append(Unit(Track.AUDIO, timestamp, captured, (payload,), key=False))
            self._sink(units)
            at += 1
            behind = self._pace() - began - float(at / fps)
            if behind > _LATE:
                at += int(behind * fps)

    def _frame(self, moment: float) -> av.VideoFrame:
        """Give the picture of `moment` to the encoder."""
        picture = draw(self._form.width, self._form.height, moment)
        return av.VideoFrame.from_ndarray(picture, format="yuv420p")

    def _payloads(self, data: bytes) -> tuple[bytes, ...]:
        """Cut an encoded picture into RTP payloads."""
        return video_payloads(data)

    def _open_sound(self) -> Sound:
        """Give what makes the sound."""
        return _Sound(self._form.sound_bitrate)

    def _video_unit(self, packet: av.Packet[av.VideoStream], wall: float) -> Unit:
        pts = packet.pts or 0
        timestamp = self._bases[Track.VIDEO] + int(pts * VIDEO_RATE / self._form.fps)
        moment = wall + float(pts / self._form.fps)
        payloads = self._payloads(bytes(packet))
        return Unit(Track.VIDEO, timestamp, moment, payloads, key=packet.is_keyframe)

    def _open_video(self) -> av.VideoCodecContext:
        form = self._form
        codec = av.CodecContext.create("libx264", "w")
        assert isinstance(codec, av.VideoCodecContext)
        codec.width, codec.height = form.width, form.height
        codec.pix_fmt = "yuv420p"
        codec.framerate = form.fps
        codec.time_base = 1 / form.fps
        codec.thread_count = 1
        parameters: dict[str, int | str] = {
            "keyint": form.gop,
            "min-keyint": form.gop,
            "scenecut": 0,
            "bframes": form.b_frames,
            "b-adapt": 0,
            "cabac": int(form.cabac),
            # What makes the stream High profile although the preset is the cheapest.
            "8x8dct": 1,
            "repeat-headers": 1,
            "annexb": 1,
            "sliced-threads": 0,
        }
        quality = {"crf": "26"}
        if form.video_bitrate:
            kilobits = form.video_bitrate // 1000
            parameters |= {"nal-hrd": "cbr", "vbv-maxrate": kilobits, "vbv-bufsize": kilobits}
            quality = {"b": str(form.video_bitrate)}
        codec.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "high",
            **quality,
            "x264-params": ":".join(f"{key}={value}" for key, value in parameters.items()),
        }
        return codec


class _Sound:
    """AAC of a tone with a beep at the begin of each second."""

    rate = AUDIO_RATE

    def __init__(self, bitrate: int) -> None:
        codec = av.CodecContext.create("aac", "w")
        assert isinstance(codec, av.AudioCodecContext)
        codec.sample_rate = AUDIO_RATE
        codec.layout = "stereo"
        codec.format = "fltp"
        codec.bit_rate = bitrate
        codec.time_base = Fraction(1, AUDIO_RATE)
        self._codec = codec
        self._samples = _one_second()
        self._at = 0

    def until(self, sample: int) -> Iterator[tuple[bytes, int]]:
        """Payload and timestamp of each frame up to `sample`."""
        while self._at + _SOUND_FRAME <= sample:
            places = np.arange(self._at, self._at + _SOUND_FRAME) % AUDIO_RATE
            both = np.ascontiguousarray(np.broadcast_to(self._samples[places], (2, _SOUND_FRAME)))
            frame = av.AudioFrame.from_ndarray(both, format="fltp", layout="stereo")
            frame.sample_rate = AUDIO_RATE
            frame.time_base = Fraction(1, AUDIO_RATE)
            frame.pts = self._at
            self._at += _SOUND_FRAME
            for packet in self._codec.encode(frame):
                yield audio_payload(bytes(packet)), packet.pts or 0


def _one_second() -> npt.NDArray[np.float32]:
    seconds = np.arange(AUDIO_RATE) / AUDIO_RATE
    tone = 0.05 * np.sin(2 * math.pi * _TONE * seconds)
    beep = 0.4 * np.sin(2 * math.pi * _BEEP * seconds) * (seconds < _BEEP_LENGTH)
    return (tone + beep).astype(np.float32)
