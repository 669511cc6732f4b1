"""Sound as a camera's loudspeaker wants it: G.711, G.726 or AAC, in RTP payloads. For threads."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
import re
from typing import Final, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from ..net.sdp import SENDONLY, Description, Format, Media

PACKETS: Final = 50
"""Packets a second, but for AAC, whose frames are what they are."""
_WIDTH: Final = 2
"""Bytes of one sample that comes."""
_RATES: Final = (
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
)  # fmt: skip
"""By their numbers in AAC (ISO/IEC 14496-3, 1.6.3.4)."""
_AAC_LC: Final = 2
_G711: Final = {"PCMU": "pcm_mulaw", "PCMA": "pcm_alaw"}
_G726: Final = re.compile(r"(AAL2-)?G726-(16|24|32|40)")
_AU_HEAD: Final = {"sizelength": "13", "indexlength": "3", "indexdeltalength": "3"}
"""What the frames of AAC have before them in the mode AAC-hbr (RFC 3640, 3.3.6)."""
_MAX_RATE: Final = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One way in which a camera takes sound."""

    media: Media
    payload_type: int
    codec: str
    """FFmpeg's name."""
    rate: int
    """Samples a second, and ticks of its time stamps."""
    channels: int = 1
    bits: int = 0
    """Of one sample once encoded; 0: AAC, whose frames have no size of their own."""


def voice_of(description: Description) -> Voice | None:
    """Return the way to speak to a camera, or None when it does not listen.

    G.711 before AAC before G.726: what is simple is heard at once and by all.
    """
    voices = (
        voice
        for media in description.media
        if media.kind == "audio" and media.direction == SENDONLY
        for format_ in media.formats
        if (voice := _voice(media, format_)) is not None
    )
    order = ("pcm_mulaw", "pcm_alaw", "aac", "g726le", "g726")
    return min(voices, key=lambda voice: (order.index(voice.codec), -voice.rate), default=None)


def _voice(media: Media, format_: Format) -> Voice | None:
    if not 8000 <= format_.clock <= _MAX_RATE:
        return None
    if format_.encoding == "MPEG4-GENERIC":
        return _aac(media, format_)
    if (codec := _G711.get(format_.encoding)) is not None:
        bits = 8
    elif (found := _G726.fullmatch(format_.encoding)) is not None and format_.clock == 8000:
        # Without AAL2 the first sample is in the lowest bits (RFC 3551, 4.5.4).
        codec, bits = "g726" if found[1] else "g726le", int(found[2]) // 8
    else:
        return None
    if format_.channels != 1:
        return None
    return Voice(
        media=media, payload_type=format_.payload, codec=codec, rate=format_.clock, bits=bits
    )


def _aac(media: Media, format_: Format) -> Voice | None:
    """Return the voice of AAC-LC in the mode that ONVIF devices have, or None for others."""
    parameters = format_.parameters
    if any(parameters.get(name, size) != size for name, size in _AU_HEAD.items()):
        return None
    rate, channels = format_.clock, format_.channels
    if (config := parameters.get("config", "")) != "":
        # AudioSpecificConfig: 5 bits of kind, 4 of rate, 4 of channels.
        if re.fullmatch(r"[0-9A-Fa-f]{4,64}", config) is None:
            return None
        head = int(config[:4], 16)
        number = head >> 7 & 0x0F
        if head >> 11 != _AAC_LC or number >= len(_RATES) or _RATES[number] != rate:
            return None
        channels = head >> 3 & 0x0F
    if rate not in _RATES or channels not in {1, 2}:
        return None
    return Voice(
        media=media, payload_type=format_.payload, codec="aac", rate=rate, channels=channels
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """The payload of one packet, and how long it sounds."""

    payload: bytes
    ticks: int
    """In samples of the voice's rate."""


class SpeechEncoder:
    """Samples in, payloads out."""

    def __init__(self, voice: Voice, rate: int) -> None:
        """Encode signed 16-bit little-endian samples of one channel, `rate` a second."""
        self._voice = voice
        self._rate = rate
        codec = cast("AudioCodecContext", av.CodecContext.create(voice.codec, "w"))
        codec.sample_rate = voice.rate
        codec.layout = "stereo" if voice.channels == 2 else "mono"
        codec.format = "s16" if voice.bits else "fltp"
        codec.time_base = Fraction(1, voice.rate)
        if voice.codec == "aac":
            codec.bit_rate = 32_000 * voice.channels
            codec.options = {"aac_coder": "fast"}
        elif voice.codec.startswith("g726"):
            codec.options = {"code_size": str(voice.bits)}
        codec.open()
        self._codec = codec
        self._resampler = AudioResampler(
            format=codec.format.name,
            layout=codec.layout.name,
            rate=voice.rate,
            frame_size=codec.frame_size or None,
        )
        self._odd = bytearray()
        """Half a sample."""
        self._encoded = bytearray()

    def add(self, samples: bytes) -> list[Piece]:
        """Return the pieces that came to their end with these samples."""
        self._odd += samples
        count = len(self._odd) // _WIDTH
        if not count:
            return []
        frame = AudioFrame(format="s16", layout="mono", samples=count, align=1)
        frame.sample_rate = self._rate
        frame.planes[0].update(bytes(self._odd[: _WIDTH * count]))
        del self._odd[: _WIDTH * count]
        return [piece for each in self._resampler.resample(frame) for piece in self._encode(each)]

    def end(self) -> list[Piece]:
        """Return what is left, filled up with silence."""
        packet = self._rate // PACKETS
        pieces = self.add(bytes(_WIDTH * packet))
        for frame in self._resampler.resample(None):
            pieces += self._encode(frame)
        pieces += self._encode(None)
        return pieces

    def _encode(self, frame: AudioFrame | None) -> Iterator[Piece]:
        if frame is not None:
            frame.pts = None
        for packet in self._codec.encode(frame):
            if self._voice.bits:
                self._encoded += bytes(packet)
            else:
                yield _access_unit(bytes(packet), self._codec.frame_size)
        ticks = self._voice.rate // PACKETS
        size = ticks * self._voice.bits // 8
        while size and len(self._encoded) >= size:
            yield Piece(bytes(self._encoded[:size]), ticks)
            del self._encoded[:size]


def _access_unit(data: bytes, ticks: int) -> Piece:
    """Return a frame of AAC with its headers before it (RFC 3640, 3.2)."""
    # 16 bits of headers follow, of which 13 are the size.
    return Piece((16).to_bytes(2) + (len(data) << 3).to_bytes(2) + data, ticks)
