"""What viewers of packets are shown while a camera is away. For threads."""

from collections.abc import Sequence
from typing import Final

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from .encoder import Video
from .frames import MAX_PIXELS, Fitter, jpeg_of, marked
from .packets import Kind, Packet

RATE: Final = 4.0
_PARAMS: Final = ":sps-id=31"
"""Parameter sets with a number of their own, so that the camera's stay valid beside them."""


def newest_frame(codec: str, packets: Sequence[Packet]) -> VideoFrame | None:
    """Return the last frame of a group of pictures, or None when there is none."""
    decoder = av.CodecContext.create(codec, "r")
    if not isinstance(decoder, VideoCodecContext):
        return None
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(MAX_PIXELS)}
    frame: VideoFrame | None = None
    for packet in (*(packet for packet in packets if packet.kind is Kind.VIDEO), None):
        try:
            frames = decoder.decode(av.Packet(packet.data) if packet is not None else None)
        except FFmpegError, ValueError:
            continue
        for decoded in frames:
            if isinstance(decoded, VideoFrame):
                frame = decoded
    return frame


def newest_jpeg(codec: str, packets: Sequence[Packet]) -> bytes | None:
    """Return the last frame of a group of pictures as JPEG, or None when there is none."""
    frame = newest_frame(codec, packets)
    return jpeg_of(Fitter(frame, bounded=False).fit(frame)) if frame is not None else None


class StandIn:
    """The last picture of an H.264 stream, again and again, then marked."""

    def __init__(self, codec: str, packets: Sequence[Packet]) -> None:
        """Show the last picture of a group of pictures. ValueError when there is none."""
        frame = newest_frame(codec, packets)
        if frame is None:
            msg = "no picture"
            raise ValueError(msg)
        fitter = Fitter(frame, bounded=False)
        self._frame = fitter.fit(frame)
        self._marked = marked(self._frame)
        self._video = Video(fitter.width, fitter.height, RATE, params=_PARAMS)

    def encode(self, ticks: int, *, mark: bool, key: bool = False) -> list[Packet]:
        """Return the packet for `ticks`; `key`: for one who has not seen those before."""
        return self._video.encode(self._marked if mark else self._frame, ticks, key=key)
