"""Sound that never stops: what the camera sends where it belongs, silence everywhere else."""

from itertools import pairwise

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.panacam.cams.bridge.packets import (
    FRAME_SAMPLES,
    SOUND_RATE,
    TICKS,
    Kind,
    Packet,
)
from custom_components.panacam.cams.bridge.sound_track import EARLY, LATE, SLACK, SoundTrack
from custom_components.panacam.cams.stream import Sound
from tests.cams.bridge.support import RATE, TONE, frequency_of, heard, loudness, tone

START = 50.0
TICK = 60 * TICKS
PIECE = 0.04


def track(rate: int = RATE) -> SoundTrack:
    """Return a track that begins at START."""
    return SoundTrack(rate, START, TICK)


def piece(at: float, seconds: float = PIECE, *, rate: int = RATE) -> Sound:
    """Return the part of an endless tone that begins `at` seconds after START."""
    return Sound(tone(at, seconds, rate=rate), START + at + seconds)


def played(made: SoundTrack, begin: float, end: float, *, rate: int = RATE) -> list[Packet]:
    """Add a tone from `begin` to `end`."""
    packets: list[Packet] = []
    for at in range(round((end - begin) / PIECE)):
        packets += made.add(piece(begin + at * PIECE, rate=rate))
    return packets


def part(packets: list[Packet], begin: float, end: float) -> np.ndarray[tuple[int], np.dtype]:
    """Return what is heard from `begin` to `end`, in seconds after START."""
    first = (packets[0].pts - TICK) / TICKS
    samples = heard(packets)
    return samples[int((begin - first) * SOUND_RATE) : int((end - first) * SOUND_RATE)]


def assert_whole(packets: list[Packet]) -> None:
    """Fail where the track has a gap, or steps back, by more than a tick."""
    step = FRAME_SAMPLES * TICKS / SOUND_RATE
    for one, other in pairwise(packets):
        assert abs(other.dts - one.dts - step) <= 1
    assert all(
        each.kind is Kind.SOUND and not each.key and each.pts == each.dts for each in packets
    )


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 48_000])
def test_a_tone(rate: int) -> None:
    """What comes is what is heard: its frequency, without a click, at its time."""
    packets = played(track(rate), 0, 4, rate=rate)
    assert_whole(packets)
    sound = part(packets, 0.5, 3.5)
    assert abs(frequency_of(sound, SOUND_RATE) - TONE) < 1
    assert loudness(sound) == pytest.approx(12_000 / 32_768 / np.sqrt(2), rel=0.05)
    each = [loudness(chunk) for chunk in np.array_split(sound, 60)]
    assert max(each) / min(each) < 1.1
    # A click has strength away from the tone.
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    near = int(TONE * len(sound) / SOUND_RATE)
    assert spectrum[near - 30 : near + 30].sum() / spectrum.sum() > 0.9999


def test_it_begins_where_the_pictures_begin() -> None:
    """The first packet is early by what AAC needs to get going, and that is less than a second."""
    packets = played(track(), 0, 1)
    assert packets[0].dts == TICK - FRAME_SAMPLES * TICKS // SOUND_RATE
    assert loudness(part(packets, 0.05, 0.2)) > 0.2


def test_silence_when_none_comes() -> None:
    """The pictures' time carries the track on."""
    made, packets = track(), []
    for at in range(200):
        packets += made.fill(START + at / 25)
        assert made.until >= START + at / 25 - SLACK - 1 / RATE
    assert_whole(packets)
    assert loudness(heard(packets)) < 1e-4
    assert len(packets) > 7 * SOUND_RATE / FRAME_SAMPLES


def test_sound_that_is_a_little_late_fits_in() -> None:
    """Pictures that are ahead by less than the slack put no silence between."""
    made, packets = track(), []
    for at in range(100):
        packets += made.fill(START + at * PIECE + 0.15)
        packets += made.add(piece(at * PIECE))
    each = [loudness(chunk) for chunk in np.array_split(part(packets, 0.5, 3.5), 60)]
    assert max(each) / min(each) < 1.1


def test_a_gap_is_filled() -> None:
    """Sound that stops and comes back is heard at its time, with silence between."""
    made = track()
    packets = played(made, 0, 1)
    packets += played(made, 3, 4)
    assert_whole(packets)
    assert loudness(part(packets, 0.2, 0.9)) > 0.2
    assert loudness(part(packets, 1.2, 2.8)) < 1e-3
    assert loudness(part(packets, 3.2, 3.8)) > 0.2


def test_jitter_is_no_gap() -> None:
    """Sound that arrives somewhat later than it should makes no hole."""
    made, packets = track(), []
    for at in range(100):
        late = (at % 5) * EARLY / 6
        sound = piece(at * PIECE)
        packets += made.add(Sound(sound.samples, sound.at + late))
    assert made.until == pytest.approx(START + 4)
    assert_whole(packets)


def test_late_sound_is_dropped() -> None:
    """What belongs before what was heard already is not heard after it."""
    made = track()
    made.fill(START + 5)
    before = made.until
    assert made.add(piece(before - START - LATE - 2 * PIECE)) == []
    assert made.until == before
    made.add(piece(before - START - LATE / 2))
    assert made.until > before


@pytest.mark.parametrize("samples", [b"", b"\x01"])
def test_no_sample(samples: bytes) -> None:
    """A piece without a sample is nothing."""
    made = track()
    assert made.add(Sound(samples, START)) == []
    assert made.until == START


def test_half_a_sample() -> None:
    """Half a sample at the end is left out."""
    made = track()
    made.add(Sound(tone(0, 0.1) + b"\x01", START + 0.1))
    assert made.until == pytest.approx(START + 0.1)


@settings(derandomize=True, database=None, deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.floats(-2, 2), st.floats(0, 0.6), st.booleans()),
        max_size=30,
    )
)
def test_never_a_hole(steps: list[tuple[int, float, float, bool]]) -> None:
    """Any sound at any time: the track is whole and never far from the pictures."""
    made, packets, now = track(), [], START
    for count, shift, wait, filled in steps:
        now += wait
        packets += made.add(Sound(tone(now, count / RATE), now + shift))
        if filled:
            packets += made.fill(now)
            assert made.until >= now - SLACK - 2 / RATE
        assert made.until < now + 2 + LATE + 0.2
    assert_whole(packets)
