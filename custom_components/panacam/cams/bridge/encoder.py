"""JPEG pictures and sound -> H.264 and AAC, one for all viewers of a stream. For threads."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
from av.error import FFmpegError
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange

from ..stream import Picture, Piece
from .frames import PIXELS, Fitter, JpegReader, marked
from .packets import REPEAT_AFTER, SOUND_RATE, STALE, TICKS, TIME_BASE, Format, Kind, Packet
from .sound_track import SoundTrack

GROUP: Final = 2 * TICKS
"""From one keyframe to the next: HLS cuts there, after 5.9 s."""
X264: Final = {
    "preset": "superfast",
    "tune": "zerolatency",
    "crf": "27",
    "forced-idr": "1",
    "x264-params": "scenecut=0:keyint=infinite:weightp=0",
}


@dataclass(frozen=True, slots=True)
class Repeat:
    """The last picture once more, at the monotonic clock's `at`, as it was or marked."""

    at: float
    marked: bool


type Job = Piece | Repeat


class Video:
    """Frames of one size -> H.264; the caller says when."""

    def __init__(self, width: int, height: int, rate: float, *, params: str = "") -> None:
        """Encode for `rate` frames a second; they may come at any other rate, too."""
        codec = av.CodecContext.create("libx264", "w")
        codec.width, codec.height, codec.pix_fmt = width, height, PIXELS
        codec.time_base = TIME_BASE
        # x264 shares bits out by it: without it the same quality is another one.
        frames = min(60, max(1, round(rate)))
        codec.framerate = Fraction(frames)
        codec.color_range = ColorRange.JPEG
        codec.max_b_frames = 0
        codec.thread_count = 1
        codec.options = {**X264, "x264-params": X264["x264-params"] + params}
        self._codec = codec
        self._last = -1
        self._group = GROUP - TICKS // max(30, 2 * frames)
        """By half a picture less, as they never come quite in time; three make 5.9 s still."""
        self._key = -GROUP

    def encode(self, frame: VideoFrame, ticks: int, *, key: bool = False) -> list[Packet]:
        """Return the packet of a frame shown at `ticks`, moved on if that is not after the last."""
        ticks = max(ticks, self._last + 1)
        self._last = ticks
        wanted = key or ticks - self._key >= self._group
        if wanted:
            self._key = ticks
        frame.pts, frame.time_base = ticks, TIME_BASE
        frame.pict_type = PictureType.I if wanted else PictureType.NONE
        return [
            Packet(
                kind=Kind.VIDEO,
                data=bytes(packet),
                pts=packet.pts or 0,
                dts=packet.pts or 0,
                key=packet.is_keyframe,
            )
            for packet in self._codec.encode(frame)
        ]


class Encoder:
    """Pieces in, packets out, on the clock of the pieces."""

    def __init__(self, *, epoch: float, rate: float, sound_rate: int | None) -> None:
        """Take `epoch`, the clock's seconds, for 0 ticks; `rate` is the frames a second to expect.

        `sound_rate` is that of the sound that comes, or None.
        """
        self._epoch = epoch
        self._rate = rate
        self._sound_rate = sound_rate
        self._reader = JpegReader()
        self._fitter: Fitter | None = None
        self._video: Video | None = None
        self._sound: SoundTrack | None = None
        self._frame: VideoFrame | None = None
        self._marked: VideoFrame | None = None
        self._good_at = 0.0
        """When the last picture came that could be decoded."""
        self._shown_at = 0.0
        self.broken = 0
        """Pictures that could not be decoded."""

    @property
    def format(self) -> Format | None:
        """Return what comes out, known with the first picture."""
        if self._fitter is None:
            return None
        return Format(
            video="h264",
            width=self._fitter.width,
            height=self._fitter.height,
            sound_rate=SOUND_RATE if self._sound_rate else None,
        )

    def look(self, picture: Picture) -> bool:
        """Learn the size from a picture, which can be shown by Repeat from now on.

        Returns whether it is one.
        """
        if (frame := self._reader.read(picture)) is None:
            self.broken += 1
            return False
        if self._fitter is None:
            self._fitter = Fitter(frame)
        self._frame, self._marked = self._fitter.fit(frame), None
        return True

    def encode(self, job: Job) -> list[Packet]:
        """Return the packets that come of one job.

        None come of a picture that is corrupt, unless all of them are: then the last good one is
        shown again, and marked when it is old.
        """
        match job:
            case Picture(at=at) if self.look(job):
                self._good_at = self._shown_at = at
                return self._show(self._frame, at)
            case Picture(at=at):
                if at - self._shown_at < REPEAT_AFTER:
                    return []
                self._shown_at = at
                return self._repeat(at, mark=at - self._good_at > STALE)
            case Repeat(at, mark):
                return self._repeat(at, mark=mark)
            case _:
                return self._sound.add(job) if self._sound is not None else []

    def _repeat(self, at: float, *, mark: bool) -> list[Packet]:
        if mark and self._marked is None and self._frame is not None:
            self._marked = marked(self._frame)
        return self._show(self._marked if mark else self._frame, at)

    def _show(self, frame: VideoFrame | None, at: float) -> list[Packet]:
        if frame is None or self._fitter is None:
            return []
        ticks = int((at - self._epoch) * TICKS)
        if self._video is None:
            self._video = Video(self._fitter.width, self._fitter.height, self._rate)
            if self._sound_rate is not None:
                self._sound = SoundTrack(self._sound_rate, at, ticks)
        try:
            packets = self._video.encode(frame, ticks)
        except FFmpegError:
            self.broken += 1
            return []
        return packets + (self._sound.fill(at) if self._sound is not None else [])
