"""Sound as cameras want it, decoded by what is not ours."""

from dataclasses import replace
import io
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
import numpy as np
import numpy.typing as npt
import pytest

from custom_components.panacam.cams.net.sdp import Format, parse
from custom_components.panacam.cams.onvif.speech import Piece, SpeechEncoder, Voice, voice_of
from tests.cams.bridge.support import TONE, frequency_of, loudness, tone
from tests.cams.net.rtsp_vectors import text
from tests.simulators.onvif.rtsp_payload import from_alaw, from_ulaw

MEDIA = parse(text("back_channel.sdp")).media[2]
PCMU = Voice(media=MEDIA, payload_type=0, codec="pcm_mulaw", rate=8000, bits=8)
PCMA = Voice(media=MEDIA, payload_type=8, codec="pcm_alaw", rate=8000, bits=8)


def g726(bits: int, codec: str = "g726le") -> Voice:
    """Return a voice of ADPCM."""
    return Voice(media=MEDIA, payload_type=97, codec=codec, rate=8000, bits=bits)


def aac(rate: int, channels: int = 1) -> Voice:
    """Return a voice of AAC."""
    return Voice(media=MEDIA, payload_type=98, codec="aac", rate=rate, channels=channels)


def described(*lines: str, port: str = "0") -> Voice | None:
    """Return the voice for a medium with these lines."""
    whole = ["v=0", f"m=audio 0 RTP/AVP {port}", "a=control:back", *lines]
    return voice_of(parse("\r\n".join(whole).encode()))


def spoken(voice: Voice, samples: bytes, *, rate: int = 8000, size: int = 1600) -> list[Piece]:
    """Return the pieces of a sound that comes in pieces of another size."""
    encoder = SpeechEncoder(voice, rate)
    pieces: list[Piece] = []
    for at in range(0, len(samples), size):
        pieces += encoder.add(samples[at : at + size])
    return pieces + encoder.end()


def audible(voice: Voice, pieces: list[Piece]) -> npt.NDArray[np.float64]:
    """Return what a camera hears."""
    if voice.codec.startswith("pcm"):
        decode = from_ulaw if voice.codec == "pcm_mulaw" else from_alaw
        samples = [sample for each in pieces for sample in decode(each.payload)]
        return np.array(samples, np.float64) / 32768
    if voice.bits:
        # Of this codec a decoder learns only from a file how many bits a sample has.
        file = io.BytesIO(b"".join(each.payload for each in pieces))
        options = {"code_size": str(voice.bits), "sample_rate": str(voice.rate)}
        with av.open(file, format=voice.codec, options=options) as container:
            frames = list(container.decode(audio=0))
        return np.concatenate([each.to_ndarray()[0] for each in frames]).astype(float) / 32768
    decoder = cast("AudioCodecContext", av.CodecContext.create("aac", "r"))
    config = {8000: 0x1588, 16000: 0x1408, 48000: 0x1188}[voice.rate] + 8 * (voice.channels - 1)
    decoder.extradata = config.to_bytes(2)
    units = [unit(each.payload) for each in pieces]
    heard = [frame for each in units for frame in decoder.decode(av.Packet(each))]
    return np.concatenate([frame.to_ndarray()[0] for frame in heard]).astype(float)


def unit(payload: bytes) -> bytes:
    """Return the frame of AAC in a payload (RFC 3640, 3.2)."""
    assert payload[:2] == b"\x00\x10"
    assert int.from_bytes(payload[2:4]) >> 3 == len(payload) - 4
    assert payload[3] & 0x07 == 0
    return payload[4:]


@pytest.mark.parametrize(
    "voice",
    [PCMU, PCMA, *(g726(bits) for bits in (2, 3, 4, 5)), g726(4, "g726"), aac(16_000), aac(8000)],
    ids=lambda voice: f"{voice.codec}-{voice.bits}-{voice.rate}",
)
def test_a_tone(voice: Voice) -> None:
    """A tone is the same tone, as long and as loud."""
    sound = tone(0, 1.0)
    pieces = spoken(voice, sound)
    assert sum(each.ticks for each in pieces) / voice.rate == pytest.approx(1.0, abs=0.27)
    samples = audible(voice, pieces)
    middle = samples[voice.rate // 4 : 3 * voice.rate // 4]
    assert frequency_of(middle, voice.rate) == pytest.approx(TONE, abs=3)
    wanted = loudness(np.frombuffer(sound, "<i2") / 32768)
    assert loudness(middle) == pytest.approx(wanted, rel=0.15)


@pytest.mark.parametrize(("voice", "size"), [(PCMU, 160), (g726(3), 60), (g726(5), 100)])
def test_packets_of_20_ms(voice: Voice, size: int) -> None:
    """Each packet is as long as another, however the sound came; none of it is lost."""
    for chunk in (2, 3, 320, 1999, 16_000):
        pieces = spoken(voice, tone(0, 0.3), size=chunk)
        assert {len(each.payload) for each in pieces} == {size}
        assert {each.ticks for each in pieces} == {160}
        assert len(pieces) >= 15


@pytest.mark.parametrize(
    ("voice", "codes"),
    [
        # G.711, tables 1 and 2: silence, the loudest, the softest steps
        (PCMU, {0: 0xFF, 32767: 0x80, -32768: 0x00, 8: 0xFE, -8: 0x7E, 1000: 0xCE, -1000: 0x4E}),
        (PCMA, {0: 0xD5, 32767: 0xAA, -32768: 0x2A, 1000: 0xFA, -1000: 0x7A}),
    ],
)
def test_g711(voice: Voice, codes: dict[int, int]) -> None:
    """Samples become the codes of the standard."""
    for sample, code in codes.items():
        (first, *_) = spoken(voice, sample.to_bytes(2, "little", signed=True) * 160)
        assert set(first.payload) == {code}, sample


def test_silence_fills_the_last_packet() -> None:
    """The end of a sound is heard, and nothing after it."""
    pieces = spoken(PCMU, b"\x10\x27" * 200)
    assert len(pieces[0].payload) == len(pieces[1].payload) == 160
    assert pieces[1].payload[40:] == b"\xff" * 120


def test_aac_of_two_channels() -> None:
    """A camera that wants two gets the same in both."""
    voice = aac(48_000, 2)
    samples = audible(voice, spoken(voice, tone(0, 0.5)))
    assert frequency_of(samples[8000:20_000], 48_000) == pytest.approx(TONE, abs=5)


def test_another_rate() -> None:
    """What comes at another rate than the camera's is heard as it is."""
    samples = audible(PCMU, spoken(PCMU, tone(0, 1.0, rate=16_000), rate=16_000))
    assert frequency_of(samples[1000:7000], 8000) == pytest.approx(TONE, abs=3)


def test_choice() -> None:
    """G.711 before AAC before ADPCM; media that the camera sends are none."""
    both = parse(text("back_channel_codecs.sdp"))
    found = voice_of(both)
    assert found is not None
    assert (found.codec, found.payload_type, found.media.control) == ("pcm_alaw", 8, "trackID=4")
    adpcm, second = both.media
    rest = replace(adpcm, formats=adpcm.formats[:4])
    found = voice_of(replace(both, media=(rest, second)))
    assert found is not None
    assert (found.codec, found.rate, found.media.control) == ("aac", 16_000, "trackID=5")
    found = voice_of(replace(both, media=(rest,)))
    assert found is not None
    assert (found.codec, found.bits, found.payload_type) == ("g726le", 2, 97)
    found = voice_of(replace(both, media=(replace(rest, formats=rest.formats[2:3]),)))
    assert found is not None
    assert (found.codec, found.bits) == ("g726", 4)
    assert voice_of(replace(both, media=(replace(adpcm, direction="recvonly"),))) is None
    assert voice_of(replace(both, media=(replace(adpcm, kind="video"),))) is None
    assert voice_of(replace(both, media=())) is None


def test_the_higher_rate_of_two() -> None:
    """Of one codec the better one."""
    fast = Format(payload=99, encoding="PCMU", clock=16_000)
    media = replace(MEDIA, formats=(*MEDIA.formats, fast))
    found = voice_of(replace(parse(text("back_channel.sdp")), media=(media,)))
    assert found is not None
    assert (found.payload_type, found.rate) == (99, 16_000)


AAC = "a=fmtp:98 mode=AAC-hbr;config={};sizeLength=13;indexLength=3;indexDeltaLength=3"


@pytest.mark.parametrize(
    ("named", "lines", "wanted"),
    [
        ("MPEG4-GENERIC/16000/1", [AAC.format("1408")], (16_000, 1)),
        ("mpeg4-generic/48000", [AAC.format("1190")], (48_000, 2)),
        ("MPEG4-GENERIC/44100/2", [], (44_100, 2)),
        ("MPEG4-GENERIC/16000/1", [AAC.format("1208")], None),
        ("MPEG4-GENERIC/16000/1", [AAC.format("1788")], None),
        ("MPEG4-GENERIC/16000/1", [AAC.format("2C08")], None),
        ("MPEG4-GENERIC/16000/1", [AAC.format("1430")], None),
        ("MPEG4-GENERIC/16000/1", [AAC.format("hex!")], None),
        ("MPEG4-GENERIC/16000/1", ["a=fmtp:98 sizelength=6;indexlength=2"], None),
        ("MPEG4-GENERIC/17000/1", [], None),
        ("MPEG4-GENERIC/16000/6", [], None),
        ("MP4A-LATM/16000/1", [], None),
        ("PCMU/8000/2", [], None),
        ("PCMU/96000", [], None),
        ("PCMU/0", [], None),
        ("G726-32/16000", [], None),
        ("G726-48/8000", [], None),
        ("L16/16000", [], None),
    ],
)
def test_formats(named: str, lines: list[str], wanted: tuple[int, int] | None) -> None:
    """Only what can be sent as the camera wants it is taken."""
    found = described(f"a=rtpmap:98 {named}", *lines, "a=sendonly", port="98")
    assert (None if found is None else (found.rate, found.channels)) == wanted
