"""The first picture of a clip, small, from some of its bytes.

For a process of its own (decoder.py): what it reads may be anything.
"""

from fractions import Fraction
import io
from typing import Final

import av
from av.error import FFmpegError
from av.video.frame import VideoFrame

from .windows import Windows

WIDTH: Final = 320
MAX_SIDE: Final = 4096
"""Pixels; more than that is no camera's picture."""
MAX_PACKETS: Final = 400
_READ: Final = {
    "probesize": "2000000",
    "analyzeduration": "1000000",
    "codec_whitelist": "h264,hevc,mpeg4,mjpeg",
}
_CONTAINERS: Final = {"mp4": "mp4", "avchd": "mpegts"}


def first_picture(kind: str, size: int, stretches: dict[int, bytes]) -> bytes | None:
    """Return a JPEG of at most WIDTH pixels, or None when there is none in these stretches.

    `kind` is a ClipFormat's value, `stretches` are bytes by where they begin.
    """
    file = Windows(size, stretches)
    source = file if kind == "mp4" else io.BytesIO(stretches.get(0, b""))
    try:
        with av.open(source, "r", format=_CONTAINERS[kind], options=_READ) as given:
            video = given.streams.video[0]
            codec = video.codec_context
            if not 0 < codec.width <= MAX_SIDE or not 0 < codec.height <= MAX_SIDE:
                return None
            codec.thread_count = 1
            for number, packet in enumerate(given.demux(video)):
                if number > MAX_PACKETS:
                    return None
                for frame in packet.decode():
                    return _jpeg(frame)
    except FFmpegError, ValueError, IndexError, MemoryError:
        return None
    return None


def _jpeg(frame: VideoFrame) -> bytes | None:
    if not 0 < frame.width <= MAX_SIDE or not 0 < frame.height <= MAX_SIDE:
        return None
    width = min(WIDTH, frame.width) & ~1 or 2
    height = max(2, round(frame.height * width / frame.width) & ~1)
    small = frame.reformat(width=width, height=height, format="yuvj420p")
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuvj420p"
    codec.time_base = Fraction(1, 25)
    small.pts, small.time_base = 0, codec.time_base
    return b"".join(bytes(packet) for packet in [*codec.encode(small), *codec.encode(None)])
