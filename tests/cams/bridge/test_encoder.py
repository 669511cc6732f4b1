"""Pictures become H.264 that can be joined every two seconds, whatever the camera sends."""

from itertools import pairwise
from unittest.mock import patch

import av
from av.error import FFmpegError
import numpy as np
import pytest

from custom_components.panacam.cams.bridge.encoder import GROUP, Encoder, Job, Repeat, Video
from custom_components.panacam.cams.bridge.frames import JpegReader
from custom_components.panacam.cams.bridge.packets import TICKS, Kind, Packet
from custom_components.panacam.cams.stream import Picture, Sound
from tests.cams.bridge.support import (
    HEIGHT,
    WIDTH,
    colour,
    frames_of,
    huge,
    jpeg,
    light,
    plain,
    read,
    tone,
)

EPOCH = 40.0
NOW = 100.0


def encoder(rate: float = 15.0, sound_rate: int | None = None) -> Encoder:
    """Return an encoder that has begun with nothing."""
    return Encoder(epoch=EPOCH, rate=rate, sound_rate=sound_rate)


def numbered(seconds: float, rate: float) -> list[Job]:
    """Return pictures with numbers from 0 on."""
    return [Picture(jpeg(at), NOW + at / rate) for at in range(round(seconds * rate))]


def encoded(made: Encoder, jobs: list[Job]) -> list[Packet]:
    """Return the packets of all jobs."""
    return [packet for job in jobs for packet in made.encode(job)]


def nals(data: bytes) -> list[int]:
    """Return the types of the NAL units of a packet (ITU-T H.264, table 7-1)."""
    return [part[0] & 0x1F for part in data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]]


@pytest.mark.parametrize("rate", [1, 4, 15, 25, 60])
def test_a_keyframe_every_two_seconds(rate: int) -> None:
    """Whatever the frame rate is."""
    packets = encoded(encoder(rate), numbered(9, rate))
    assert len(packets) == 9 * rate
    keys = [packet.pts for packet in packets if packet.key]
    assert keys[0] == (NOW - EPOCH) * TICKS
    assert all(abs(other - one - GROUP) <= 2 for one, other in pairwise(keys))
    assert len(keys) == 5


@pytest.mark.parametrize(("expected", "rate"), [(15, 2.5), (1, 15), (60, 7), (15, 15), (15, 0.4)])
def test_another_frame_rate_than_expected(expected: float, rate: float) -> None:
    """With pictures that come otherwise, and not quite in time, it is a picture more or less."""
    jobs: list[Job] = [
        Picture(jpeg(at), NOW + at / rate + (at % 3) * 0.01) for at in range(round(20 * rate))
    ]
    keys = [packet.pts / TICKS for packet in encoded(encoder(expected), jobs) if packet.key]
    assert all(2 - 1 / 30 - 1e-4 <= other - one < 2.03 + 1 / rate for one, other in pairwise(keys))


def test_a_keyframe_stands_alone() -> None:
    """It is an IDR picture with its parameter sets, so that a decoder can begin with any."""
    packets = encoded(encoder(), numbered(5, 15))
    for packet in packets:
        kinds = nals(packet.data)
        assert ({7, 8, 5} <= set(kinds)) is packet.key
        assert (5 in kinds) is packet.key
    for at in (at for at, packet in enumerate(packets) if packet.key):
        assert read(frames_of(packets[at:])[0]).number == at


def test_each_picture_at_once_and_once() -> None:
    """One picture in, its packet out: nothing waits in the encoder, and the numbers can be read."""
    made = encoder()
    for at, job in enumerate(numbered(2, 15)):
        (packet,) = made.encode(job)
        assert packet.kind is Kind.VIDEO
        assert packet.pts == packet.dts
        assert packet.pts == pytest.approx((NOW - EPOCH + at / 15) * TICKS, abs=1)
    shown = frames_of(encoded(encoder(), numbered(4, 15)))
    assert [read(frame).number for frame in shown] == list(range(60))


def test_full_range_is_told() -> None:
    """A JPEG has full range: a player that took it for the other would show it too hard."""
    packets = encoded(encoder(), numbered(1, 5))
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames = frames_of(packets)
    decoder.decode(av.Packet(packets[0].data))
    assert frames[0].format.name == "yuvj420p"
    assert frames[0].color_range == 2
    assert np.abs(light(frames_of(encoded(encoder(), [grey(0, 255)]))[0]).astype(int)).min() > 250


def grey(at: float, shade: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Picture:
    """Return a plain picture."""
    return Picture(plain(shade, *size), NOW + at)


@pytest.mark.parametrize("layout", ["yuvj420p", "yuvj422p", "yuvj444p"])
@pytest.mark.parametrize("size", [(64, 48), (641, 481), (5, 3)])
def test_layouts_and_sizes(layout: str, size: tuple[int, int]) -> None:
    """Every sampling and odd sizes are encoded, as light as they were."""
    made = encoder()
    packets = made.encode(Picture(plain(180, *size, layout), NOW))
    (frame,) = frames_of(packets)
    width, height = size[0] // 2 * 2, size[1] // 2 * 2
    assert (frame.width, frame.height) == (width, height)
    assert made.format is not None
    assert (made.format.width, made.format.height) == (width, height)
    assert np.abs(light(frame).astype(int) - 180).max() <= 6
    assert colour(frame) <= 4


def test_format() -> None:
    """It is known with the first picture, and says what comes out."""
    made = encoder(sound_rate=8000)
    before = made.format
    assert before is None
    assert made.encode(Sound(tone(0, 0.1), NOW)) == []
    made.encode(Picture(jpeg(1), NOW))
    assert made.format is not None
    assert (made.format.video, made.format.sound_rate) == ("h264", 48_000)
    silent = encoder()
    silent.encode(Picture(jpeg(1), NOW))
    assert silent.format is not None
    assert silent.format.sound_rate is None
    assert silent.encode(Sound(tone(0, 0.1), NOW)) == []


def test_a_size_that_changes() -> None:
    """The stream keeps its size: who watches sees the new pictures scaled."""
    made, jobs = encoder(), numbered(1, 15)
    jobs += [Picture(jpeg(100 + at, 320, 240), NOW + 1 + at / 15) for at in range(15)]
    jobs += [Picture(jpeg(200 + at, 63, 31), NOW + 2 + at / 15) for at in range(15)]
    frames = frames_of(encoded(made, jobs))
    assert {(frame.width, frame.height) for frame in frames} == {(WIDTH, HEIGHT)}
    assert [read(frame).number for frame in frames] == [
        start + at for start in (0, 100, 200) for at in range(15)
    ]


def test_larger_than_anybody_encodes() -> None:
    """A picture of 3840x2160 is encoded at half of that."""
    made = encoder()
    made.encode(grey(0, 100, (3840, 2160)))
    assert made.format is not None
    assert (made.format.width, made.format.height) == (1920, 1080)


@pytest.mark.parametrize("bad", [b"", b"rubbish", jpeg(0)[:100], huge()])
def test_what_is_no_picture(bad: bytes) -> None:
    """It is skipped and counted, first or later, and what follows is shown."""
    made = encoder()
    jobs: list[Job] = [Picture(bad, NOW - 1)]
    for at in range(10):
        jobs += [Picture(jpeg(at), NOW + at / 10), Picture(bad, NOW + at / 10 + 0.05)]
    frames = frames_of(encoded(made, jobs))
    assert [read(frame).number for frame in frames] == list(range(10))
    assert made.broken == 11


def test_nothing_but_what_is_no_picture() -> None:
    """The last good one is shown each second, so that players go on, and marked when it is old."""
    made = encoder()
    jobs: list[Job] = [Picture(jpeg(5), NOW)]
    jobs += [Picture(b"rubbish", NOW + at / 4) for at in range(1, 33)]
    shown = [read(frame) for frame in frames_of(encoded(made, jobs))]
    assert [each.number for each in shown] == [5] * 9
    assert [each.marked for each in shown] == [False] * 6 + [True] * 3


@pytest.mark.parametrize("steps", [[0.0, 0.0, 0.0], [0.0, -5.0, -4.0, 0.1], [0.0, 1e-6, 2e-6]])
def test_time_always_grows(steps: list[float]) -> None:
    """Two pictures of the same time, or an earlier one, come one tick later."""
    made = encoder()
    packets = encoded(made, [Picture(jpeg(at), NOW + step) for at, step in enumerate(steps)])
    assert len(packets) == len(steps)
    assert all(one.dts < other.dts for one, other in pairwise(packets))
    assert len(frames_of(packets)) == len(steps)


def test_repeat() -> None:
    """The last picture once more, as it was or marked; nothing before the first one."""
    made = encoder()
    assert made.encode(Repeat(NOW, marked=False)) == []
    assert made.encode(Repeat(NOW, marked=True)) == []
    jobs: list[Job] = [
        Picture(jpeg(77), NOW),
        Repeat(NOW + 1, marked=False),
        Repeat(NOW + 2, marked=True),
        Repeat(NOW + 3, marked=True),
        Picture(jpeg(78), NOW + 4),
        Repeat(NOW + 5, marked=True),
    ]
    shown = [read(frame) for frame in frames_of(encoded(made, jobs))]
    assert [each.number for each in shown] == [77, 77, 77, 77, 78, 78]
    assert [each.marked for each in shown] == [False, False, True, True, False, True]


def test_marked_frames_look_dead() -> None:
    """Dark, without colour, and with stripes across the middle."""
    made = encoder()
    made.look(grey(0, 250, (320, 240)))
    (frame,) = frames_of(made.encode(Repeat(NOW, marked=True)))
    pixels = light(frame)
    assert pixels[:100].max() < 110
    assert colour(frame) <= 2
    middle = pixels[120].astype(int)
    assert middle.max() - middle.min() > 100


def test_look_shows_nothing() -> None:
    """A picture can be learnt from without being shown, and then be repeated."""
    made = encoder()
    assert made.look(Picture(jpeg(5), NOW))
    assert not made.look(Picture(b"", NOW))
    assert made.format is not None
    packets = made.encode(Repeat(NOW - 7, marked=True))
    assert packets[0].pts == (NOW - 7 - EPOCH) * TICKS
    assert read(frames_of(packets)[0]).number == 5


def test_sound_goes_with_the_pictures() -> None:
    """Packets of sound come with both, a little behind the pictures at most."""
    made, packets = encoder(sound_rate=8000), []
    for at in range(60):
        packets += made.encode(Picture(jpeg(at), NOW + at / 15))
        packets += made.encode(Sound(tone(at / 15, 1 / 15), NOW + (at + 1) / 15))
        video = max(each.dts for each in packets if each.kind is Kind.VIDEO)
        sound = max((each.dts for each in packets if each.kind is Kind.SOUND), default=None)
        assert at < 3 or (sound is not None and sound > video - TICKS // 3)
    for kind in Kind:
        stamps = [each.dts for each in packets if each.kind is kind]
        assert all(one < other for one, other in pairwise(stamps))


def test_a_frame_that_cannot_be_encoded() -> None:
    """One that the encoder refuses is skipped and counted."""
    made = encoder()
    made.encode(Picture(jpeg(1), NOW))
    with patch.object(Video, "encode", side_effect=FFmpegError(-1, "made up")):
        assert made.encode(Picture(jpeg(2), NOW + 1)) == []
    assert made.broken == 1
    assert len(made.encode(Picture(jpeg(3), NOW + 2))) == 1


@pytest.mark.parametrize("rate", [0.01, 1e9, 14.985])
def test_strange_rates(rate: float) -> None:
    """Whatever frame rate was measured, it can be encoded for."""
    assert len(encoder(rate).encode(Picture(jpeg(1), NOW))) == 1


def test_a_keyframe_on_demand() -> None:
    """One who has seen nothing of a stream can be given a place to begin, and the count goes on."""
    frame = JpegReader().read(Picture(jpeg(3), 0.0))
    assert frame is not None
    video = Video(WIDTH, HEIGHT, 4, params=":sps-id=31")
    packets = [
        packet for at in range(10) for packet in video.encode(frame, at * TICKS // 2, key=at == 3)
    ]
    assert [at for at, packet in enumerate(packets) if packet.key] == [0, 3, 7]
    assert len(frames_of(packets[3:])) == 7
