"""Packets -> MPEG-TS (ISO/IEC 13818-1) for one viewer."""

from collections.abc import Buffer, Sequence
import io
from typing import Final, override

import av
from av.stream import Stream

from .packets import TICKS, TIME_BASE, Format, Kind, Packet

FIRST: Final = TICKS
"""Where a viewer's time begins: sound may be a little before the first picture, never below 0."""
OPTIONS: Final = {
    # A frame is complete when it is sent, not when the next one comes; sound is not held back to
    # fill a packet, and neither waits for the other.
    "omit_video_pes_length": "0",
    "pes_payload_size": "0",
    "max_interleave_delta": "1",
    "flush_packets": "1",
    # Whoever comes in the middle finds out what is in here.
    "mpegts_flags": "pat_pmt_at_frames",
}


class _Sink(io.RawIOBase):
    """Collects what the muxer writes."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Buffer) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class TsMuxer:
    """Packets of one format in, MPEG-TS out."""

    def __init__(self, format_: Format) -> None:
        """Begin a stream of that format."""
        self._sink = _Sink()
        self._container = av.open(self._sink, "w", format="mpegts", options=OPTIONS)
        video = self._container.add_mux_stream(
            format_.video, width=format_.width, height=format_.height
        )
        video.time_base = TIME_BASE
        self._streams: dict[Kind, Stream] = {Kind.VIDEO: video}
        if format_.sound_rate is not None:
            sound = self._container.add_mux_stream("aac", rate=format_.sound_rate)
            sound.time_base = TIME_BASE
            self._streams[Kind.SOUND] = sound
        self._shift: int | None = None

    def mux(self, packets: Sequence[Packet]) -> bytes:
        """Return the bytes for packets, in whole TS packets."""
        for packet in packets:
            stream = self._streams.get(packet.kind)
            if stream is None:
                continue
            if self._shift is None:
                self._shift = FIRST - packet.dts
            if packet.dts + self._shift < 0:
                continue
            ours = av.Packet(packet.data)
            ours.pts, ours.dts = packet.pts + self._shift, packet.dts + self._shift
            ours.time_base = TIME_BASE
            ours.is_keyframe = packet.key or packet.kind is Kind.SOUND
            ours.stream = stream
            self._container.mux_one(ours)
        return self._sink.taken()

    def close(self) -> None:
        """Free the muxer; what it would still write goes nowhere."""
        self._container.close()
        self._sink.close()
