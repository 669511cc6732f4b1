"""The back channel: sound that clients send to the camera (10.4)."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import av

from .rtsp_payload import from_alaw, from_ulaw
from .rtsp_sdp import AAC_16_MONO, Medium

_HEADER: Final = 12
_MAX_SAMPLES: Final = 16_000 * 60
_MAX_PACKETS: Final = 5000


@dataclass(frozen=True, slots=True)
class HeardPacket:
    """One RTP packet of a client."""

    payload_type: int
    sequence: int
    timestamp: int
    marker: bool
    size: int
    """Bytes of its payload."""
    codec: str
    time: float
    """Of the event loop."""


@dataclass(slots=True)
class Heard:
    """What came, of all sessions; the oldest is forgotten first."""

    packets: deque[HeardPacket] = field(default_factory=lambda: deque(maxlen=_MAX_PACKETS))
    samples: deque[int] = field(default_factory=lambda: deque(maxlen=_MAX_SAMPLES))
    """Decoded, 16 bits each, one channel."""
    malformed: int = 0
    """Packets that could not be read."""

    def clear(self) -> None:
        """Forget everything."""
        self.packets.clear()
        self.samples.clear()
        self.malformed = 0


class BackChannel:
    """Decodes one client's sound."""

    def __init__(self, medium: Medium, heard: Heard) -> None:
        """Take packets of `medium`."""
        self.medium: Final = medium
        self._heard = heard
        self._aac: av.AudioCodecContext | None = None

    def take(self, packet: bytes, now: float) -> None:
        """Take one RTP packet."""
        if len(packet) <= _HEADER or packet[0] >> 6 != 2:
            self._heard.malformed += 1
            return
        payload = packet[_HEADER + 4 * (packet[0] & 0x0F) :]
        found = HeardPacket(
            packet[1] & 0x7F,
            int.from_bytes(packet[2:4]),
            int.from_bytes(packet[4:8]),
            bool(packet[1] >> 7),
            len(payload),
            self.medium.codec,
            now,
        )
        if found.payload_type != self.medium.payload_type:
            self._heard.malformed += 1
            return
        self._heard.packets.append(found)
        match self.medium.codec:
            case "PCMU":
                self._heard.samples.extend(from_ulaw(payload))
            case "PCMA":
                self._heard.samples.extend(from_alaw(payload))
            case _:
                self._decode(payload)

    def _decode(self, payload: bytes) -> None:
        """Decode the AAC frames of an RFC 3640 payload with 13 bits of size and 3 of index."""
        count = int.from_bytes(payload[:2]) // 16
        at = 2 + 2 * count
        for number in range(count):
            size = int.from_bytes(payload[2 + 2 * number : 4 + 2 * number]) >> 3
            frame = payload[at : at + size]
            at += size
            try:
                decoded = self._decoder().decode(av.Packet(frame))
            except av.FFmpegError:
                self._heard.malformed += 1
                continue
            for sound in decoded:
                values = sound.to_ndarray()[0]
                self._heard.samples.extend(int(value * 32767) for value in values)

    def _decoder(self) -> av.AudioCodecContext:
        if self._aac is None:
            made = av.CodecContext.create("aac", "r")
            assert isinstance(made, av.AudioCodecContext)
            made.extradata = bytes.fromhex(AAC_16_MONO)
            made.sample_rate = 16_000
            self._aac = made
        return self._aac
