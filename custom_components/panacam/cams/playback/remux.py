"""AVCHD (MPEG-TS with H.264 and AC-3) -> fragmented MP4 that browsers play.

For a process of its own (decoder.py): what it reads may be anything.
Pictures are copied as they are. Sound that browsers do not play becomes AAC, in stereo.
"""

from datetime import timedelta
from typing import Any, Final, Protocol

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from .boxes import LengthSetter

TICKS: Final = 90_000
"""A second of MPEG-TS, whose times count in this everywhere."""
MAX_JUMP: Final = 10 * TICKS
"""What the camera's time may jump by between two pictures, else it was set anew."""
FRAME: Final = TICKS // 30
SOUND_RATE: Final = 48_000
SOUND_BITS: Final = 160_000
_READ: Final = {
    "probesize": "1500000",
    "analyzeduration": "1500000",
    "codec_whitelist": "h264,ac3,eac3,aac,mp2,mp3,pcm_bluray,pcm_s16le,pcm_s16be",
}
_WRITE: Final = {
    # The index comes with the first fragment, since it tells of the first packets; then one
    # fragment each half second of AVCHD, whatever the stream lies about its pictures.
    "movflags": "frag_keyframe+delay_moov+default_base_moof",
    "frag_size": str(4 * 1024 * 1024),
    "frag_duration": "2000000",
    "max_interleave_delta": "2000000",
    "flush_packets": "1",
}


class Source(Protocol):
    """What is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return some bytes, b"" at the end."""


class Sink(Protocol):
    """What is written to."""

    def write(self, data: bytes, /) -> int:
        """Take them all."""


class UnplayableError(Exception):
    """There is no picture in it that a browser plays."""


class _Clock:
    """The times of one stream, made to begin at 0 and to go on whatever the camera does."""

    def __init__(self) -> None:
        self._shift = 0
        self._last: int | None = None

    def set(self, packet: Packet[Any], begin: int) -> bool:
        """Put a packet onto the clock that is 0 at `begin`; return whether it has a place there."""
        if packet.dts is None:
            return False
        dts = packet.dts - begin + self._shift
        if self._last is None:
            if dts < 0:
                return False
        elif abs(dts - self._last) > MAX_JUMP:
            self._shift += self._last + FRAME - dts
            dts = self._last + FRAME
        if self._last is not None:
            dts = max(dts, self._last + 1)
        shown = packet.dts if packet.pts is None else packet.pts
        packet.pts = max(dts, min(shown - begin + self._shift, dts + MAX_JUMP))
        packet.dts = self._last = dts
        return True


class _Sink:
    """Passes on what the muxer writes, with the film's length in it."""

    def __init__(self, sink: Sink, length: timedelta | None) -> None:
        self._sink = sink
        self._setter = None if length is None else LengthSetter(length.total_seconds())

    def write(self, data: bytes) -> int:
        given = bytes(data)
        if self._setter is None:
            self._sink.write(given)
        elif piece := self._setter.feed(given):
            self._sink.write(piece)
        return len(given)

    def finish(self) -> None:
        if self._setter is not None and (rest := self._setter.rest()):
            self._sink.write(rest)


class _Sound:
    """The sound of a clip, as AAC."""

    def __init__(self, given: AudioStream, made: OutputContainer) -> None:
        self._given = given
        self._made = made
        self._out = made.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        self._out.bit_rate = SOUND_BITS
        # Holes in the time are filled: players would shift what follows.
        self._resampler = AudioResampler(
            format="fltp", layout="stereo", rate=SOUND_RATE, frame_size=1024, options={"async": "1"}
        )
        self._clock = _Clock()
        self._last = -1

    def add(self, packet: Packet[Any], begin: int) -> None:
        """Write what comes of a packet; a broken one is left out."""
        if not self._clock.set(packet, begin):
            return
        try:
            frames = self._given.codec_context.decode(packet)
            for frame in frames:
                for even in self._resampler.resample(frame):
                    self._encode(even)
        except FFmpegError, ValueError:
            return

    def end(self) -> None:
        """Write what is still in here."""
        try:
            for even in self._resampler.resample(None):
                self._encode(even)
        except FFmpegError, ValueError:
            pass
        self._made.mux(self._out.encode(None))

    def _encode(self, frame: av.AudioFrame) -> None:
        if frame.pts is None or frame.pts <= self._last:
            return
        self._last = frame.pts
        for packet in self._out.encode(frame):
            self._made.mux_one(packet)


def remux(source: Source, sink: Sink, length: timedelta | None = None) -> None:
    """Write all that can be played. UnplayableError; what the sink raises.

    Where the source breaks off or turns to rubbish, the film ends there.
    """
    out = _Sink(sink, length)
    try:
        with av.open(source, "r", format="mpegts", options=_READ) as given:
            _remux(given, out)
    except (FFmpegError, ValueError, MemoryError) as err:
        raise UnplayableError from err
    out.finish()


def _remux(given: InputContainer, out: _Sink) -> None:
    video = next((s for s in given.streams.video if s.codec_context.name == "h264"), None)
    if video is None or not video.codec_context.extradata_size or not video.width:
        raise UnplayableError
    audio = next((s for s in given.streams.audio if s.codec_context.sample_rate), None)
    with av.open(out, "w", format="mp4", options=_WRITE) as made:
        _copy(given, made, video, audio)


def _copy(
    given: InputContainer, made: OutputContainer, video: VideoStream, audio: AudioStream | None
) -> None:
    picture = made.add_stream_from_template(video)
    sound = None if audio is None else _Sound(audio, made)
    clock = _Clock()
    begin: int | None = None
    try:
        for packet in given.demux(video) if audio is None else given.demux(video, audio):
            if packet.dts is None:
                continue
            if packet.stream is not video:
                if sound is not None and begin is not None:
                    sound.add(packet, begin)
                continue
            if begin is None:
                if not packet.is_keyframe:
                    continue
                begin = packet.dts
            if clock.set(packet, begin):
                packet.stream = picture
                made.mux_one(packet)
    except FFmpegError as err:
        # As much as there was is a film, too.
        if begin is None:
            raise UnplayableError from err
    if begin is None:
        raise UnplayableError
    if sound is not None:
        sound.end()
