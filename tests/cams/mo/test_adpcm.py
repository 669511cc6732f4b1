"""ADPCM by hand, by a plain reference, and as a sound."""

from array import array
import math
import random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.mo.adpcm import AdpcmDecoder, AdpcmEncoder
from tests.simulators.mo import drift, purity
from tests.simulators.mo.adpcm import Adpcm
from tests.simulators.mo.vectors import load, samples

quick = settings(derandomize=True, database=None, deadline=None)


def numbers(pcm: bytes) -> list[int]:
    """Return samples as numbers."""
    return [int.from_bytes(pcm[at : at + 2], "little", signed=True) for at in range(0, len(pcm), 2)]


def pcm(values: list[int]) -> bytes:
    """Return numbers as samples."""
    return b"".join(value.to_bytes(2, "little", signed=True) for value in values)


def tone(count: int, frequency: float = 440, amplitude: float = 12000) -> list[int]:
    """Return a tone."""
    step = 2 * math.pi * frequency / 8000
    return [round(amplitude * math.sin(step * at)) for at in range(count)]


@pytest.mark.parametrize("name", ["hand", "limits", "floor"])
def test_by_hand(name: str) -> None:
    """Samples worked out step by step, with both ends of index and range."""
    assert numbers(AdpcmDecoder().decode(load(f"adpcm/{name}"))) == samples(f"adpcm/{name}")


def test_state_is_kept() -> None:
    """The second packet goes on where the first ended."""
    decoder = AdpcmDecoder()
    for name in ("adpcm/tone_1", "adpcm/tone_2"):
        assert numbers(decoder.decode(load(name))) == samples(name)
    assert decoder.predictor == samples("adpcm/tone_2")[-1]


def test_reset() -> None:
    """A packet that brings its state needs none before it; an impossible state is ignored."""
    decoder = AdpcmDecoder()
    decoder.decode(bytes(range(256)))
    decoder.reset(-3838, 67)
    for impossible in ((40000, 3), (0, 89), (0, -1), (-32769, 0)):
        decoder.reset(*impossible)
    assert numbers(decoder.decode(load("adpcm/tone_2"))) == samples("adpcm/tone_2")


def test_encode() -> None:
    """A tone is encoded to the letter of IMA, the state kept between packets."""
    encoder = AdpcmEncoder()
    values = tone(640)
    for at, name in ((0, "adpcm/tone_1"), (320, "adpcm/tone_2")):
        assert encoder.encode(pcm(values[at : at + 320])) == load(name)


def test_odd_samples() -> None:
    """Half a byte and half a sample are left out."""
    values = pcm(tone(9))
    assert AdpcmEncoder().encode(values) == AdpcmEncoder().encode(values[:-2])
    assert AdpcmEncoder().encode(values[:-1]) == AdpcmEncoder().encode(values[:-2])
    assert AdpcmEncoder().encode(b"") == b""
    assert AdpcmDecoder().decode(b"") == b""


def test_square_wave_at_both_ends() -> None:
    """The loudest there is stays within the range."""
    values = [32767 if at // 9 % 2 else -32768 for at in range(4000)]
    heard = numbers(AdpcmDecoder().decode(AdpcmEncoder().encode(pcm(values))))
    assert max(heard) == 32767
    assert min(heard) == -32768
    assert abs(sum(heard) / len(heard)) < 1500


def test_purity_of_the_camera() -> None:
    """A camera's tone has no drift and hardly any noise; with nibbles swapped it would have."""
    encoder = AdpcmEncoder()
    packets = [encoder.encode(pcm(tone(8000)[at : at + 320])) for at in range(0, 8000, 320)]
    decoder = AdpcmDecoder()
    heard = [sample for packet in packets for sample in numbers(decoder.decode(packet))]
    assert purity(heard, 440) > 0.99
    assert drift(heard) < 100
    swapped = AdpcmDecoder()
    wrong = [
        sample
        for packet in packets
        for sample in numbers(swapped.decode(bytes(b >> 4 | (b & 15) << 4 for b in packet)))
    ]
    assert purity(wrong, 440) < 0.99 or drift(wrong) > 1000


@quick
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes(packets: list[bytes]) -> None:
    """Whatever comes, the samples are those of a plain decoder."""
    decoder, plain = AdpcmDecoder(), Adpcm()
    for packet in packets:
        assert numbers(decoder.decode(packet)) == list(plain.decode(packet))


def test_noise() -> None:
    """Noise at full volume, where sums leave the range all the time."""
    rng = random.Random(3)  # noqa: S311 - the same each time
    decoder, plain = AdpcmDecoder(), Adpcm()
    for _ in range(50):
        packet = rng.randbytes(160)
        assert numbers(decoder.decode(packet)) == list(plain.decode(packet))


@quick
@given(st.lists(st.integers(-32768, 32767), max_size=600))
def test_any_samples(values: list[int]) -> None:
    """The encoder knows at each step what the decoder has."""
    encoder, decoder = AdpcmEncoder(), AdpcmDecoder()
    decoder.decode(encoder.encode(array("h", values)))
    assert (decoder.predictor, decoder.index) == (encoder.predictor, encoder.index)
