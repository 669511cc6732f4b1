"""Pictures as frames: JPEG in, a mark for those that are not live, JPEG out. For threads."""

from fractions import Fraction
from typing import Final

import av
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter

from ..stream import Picture

MAX_PIXELS: Final = 16 * 1024 * 1024
"""A picture that claims to be larger is not decoded: memory is taken before anything is checked."""
MAX_WIDTH: Final = 1920
MAX_HEIGHT: Final = 1088
"""What is larger is encoded smaller: nobody's machine encodes more in software all day."""
PIXELS: Final = "yuvj420p"
"""Full range, as JPEG has it; other samplings are turned into this one."""

_DARKER: Final = bytes(value * 2 // 5 for value in range(256))
_DARK, _LIGHT = b"\x18", b"\xc0"


class JpegReader:
    """Decodes one picture after another; corrupt ones are None."""

    def __init__(self) -> None:
        """Take one thread, the caller's."""
        self._codec = av.CodecContext.create("mjpeg", "r")
        self._codec.thread_count = 1
        self._codec.options = {"max_pixels": str(MAX_PIXELS)}

    def read(self, picture: Picture) -> VideoFrame | None:
        """Return the frame, or None for what is no picture."""
        if not memoryview(picture.data).nbytes:
            return None  # to a decoder, that is the end: it would take nothing any more
        try:
            frames = self._codec.decode(av.Packet(picture.data))  # type: ignore[arg-type] # any buffer
        except FFmpegError, ValueError:
            return None
        frame = frames[-1] if frames else None
        if not isinstance(frame, VideoFrame) or min(frame.width, frame.height) < 2:
            return None
        return frame


class Fitter:
    """Makes every frame the same size and of the same pixels."""

    def __init__(self, frame: VideoFrame, *, bounded: bool = True) -> None:
        """Take the size of the first frame, made even, and `bounded` by MAX_WIDTH x MAX_HEIGHT."""
        shrink = max(frame.width / MAX_WIDTH, frame.height / MAX_HEIGHT, 1.0) if bounded else 1.0
        self.width = max(2, round(frame.width / shrink) // 2 * 2)
        self.height = max(2, round(frame.height / shrink) // 2 * 2)
        self._reformatter = VideoReformatter()

    def fit(self, frame: VideoFrame) -> VideoFrame:
        """Return the frame in this size, itself where that is so already."""
        if frame.format.name == PIXELS and (frame.width, frame.height) == (self.width, self.height):
            return frame
        return self._reformatter.reformat(
            frame, self.width, self.height, PIXELS, dst_color_range=ColorRange.JPEG
        )


def marked(frame: VideoFrame) -> VideoFrame:
    """Return the frame without colour, dark and barred: nobody takes it for live.

    The frame has PIXELS. A bar of stripes goes through its middle, since colour and light alone
    look like night on some cameras.
    """
    twin = VideoFrame(frame.width, frame.height, PIXELS)
    twin.color_range = ColorRange.JPEG
    luma = frame.planes[0]
    line = luma.line_size
    dark = bytearray(bytes(luma).translate(_DARKER))
    height, width = frame.height, frame.width
    bar, step = max(2, height // 12), max(4, width // 40)
    stripes = (_DARK * step + _LIGHT * step) * (width // step + 2)
    for row in range(bar):
        at = (height // 2 - bar // 2 + row) * line
        shift = 2 * step - row % (2 * step)
        dark[at : at + width] = stripes[shift : shift + width]
    _fill(twin, 0, bytes(dark), line)
    for plane in (1, 2):
        target = twin.planes[plane]
        target.update(b"\x80" * target.buffer_size)
    return twin


def _fill(frame: VideoFrame, plane: int, data: bytes, line: int) -> None:
    """Copy rows of `line` bytes into a plane, whose rows may be padded otherwise."""
    target = frame.planes[plane]
    if target.line_size == line and target.buffer_size == len(data):
        target.update(data)
        return
    pad = bytes(max(0, target.line_size - line))
    rows = (
        data[row * line : row * line + min(line, target.line_size)] + pad
        for row in range(target.height)
    )
    target.update(b"".join(rows).ljust(target.buffer_size, b"\x00")[: target.buffer_size])


def jpeg_of(frame: VideoFrame) -> bytes:
    """Return a frame as a JPEG picture. FFmpegError."""
    codec = av.CodecContext.create("mjpeg", "w")
    codec.thread_count = 1
    codec.width, codec.height, codec.pix_fmt = frame.width, frame.height, PIXELS
    codec.time_base = Fraction(1, 25)
    codec.color_range = ColorRange.JPEG
    codec.options = {"qmin": "4", "qmax": "4"}
    if frame.format.name != PIXELS:
        frame = Fitter(frame).fit(frame)
        codec.width, codec.height = frame.width, frame.height
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    return b"".join(bytes(packet) for packet in codec.encode(frame))


def marked_jpeg(picture: Picture) -> bytes | None:
    """Return a picture marked as not live, or None for what is no picture."""
    if (frame := JpegReader().read(picture)) is None:
        return None
    try:
        return jpeg_of(marked(Fitter(frame).fit(frame)))
    except FFmpegError:
        return None
