"""What stands for a camera that is away can be decoded between the camera's own pictures."""

from itertools import pairwise

import av
import pytest

from custom_components.panacam.cams.bridge.encoder import Video
from custom_components.panacam.cams.bridge.frames import Fitter, JpegReader
from custom_components.panacam.cams.bridge.packets import TICKS, Kind, Packet
from custom_components.panacam.cams.bridge.standin import StandIn, newest_frame, newest_jpeg
from custom_components.panacam.cams.stream import Picture
from tests.cams.bridge.support import frames_of, jpeg, packet, read
from tests.cams.bridge.watching import shown_in

BROKEN = [packet(0.0, key=True), packet(0.1)]


def camera(numbers: range, *, start: float = 0.0) -> list[Packet]:
    """Return what a camera sends of pictures with these numbers, with parameter sets of its own."""
    packets: list[Packet] = []
    video = Video(64, 48, 15)
    for at, number in enumerate(numbers):
        frame = JpegReader().read(Picture(jpeg(number), 0.0))
        assert frame is not None
        packets += video.encode(Fitter(frame).fit(frame), round((start + at / 15) * TICKS))
    return packets


def test_the_newest_frame() -> None:
    """It is the last one of the group; sound is passed over, and so is what is broken."""
    group = camera(range(20))
    sound = packet(0.5, kind=Kind.SOUND)
    for packets in (group, [*group[:10], sound, *group[10:]], [*group, packet(9.0)]):
        frame = newest_frame("h264", packets)
        assert frame is not None
        assert read(frame).number == 19


@pytest.mark.parametrize("packets", [[], BROKEN, [packet(0.0, kind=Kind.SOUND)]])
def test_no_frame(packets: list[Packet]) -> None:
    """Where there is none, there is none."""
    assert newest_frame("h264", packets) is None
    assert newest_jpeg("h264", packets) is None
    with pytest.raises(ValueError, match="no picture"):
        StandIn("h264", packets)


def test_no_codec_of_video() -> None:
    """A codec of sound has no frame."""
    assert newest_frame("aac", camera(range(1))) is None


def test_still() -> None:
    """The newest frame is a JPEG that shows it."""
    data = newest_jpeg("h264", camera(range(5, 25)))
    assert data is not None
    assert shown_in(Picture(data, 0.0)).number == 24


def test_it_can_be_decoded_in_between() -> None:
    """One decoder shows the camera, what stands for it, and the camera again, without a fault."""
    before = camera(range(100, 110))
    stand = StandIn("h264", before)
    meanwhile = [
        each
        for at in range(20)
        for each in stand.encode(round((1 + at / 4) * TICKS), mark=at >= 10)
    ]
    # The camera announces its parameter sets at its next keyframe only, as it did before.
    after = camera(range(200, 240), start=10.0)
    shown = [read(frame) for frame in frames_of([*before, *meanwhile, *after])]
    assert [each.number for each in shown] == [
        *range(100, 110), *[109] * 20, *range(200, 240),
    ]  # fmt: skip
    assert [each.marked for each in shown] == [False] * 20 + [True] * 10 + [False] * 40
    assert meanwhile[0].key
    assert all(one.dts < other.dts for one, other in pairwise(meanwhile))


def test_parameter_sets_stay_apart() -> None:
    """A camera that announces its sets only once is decodable after a stand-in all the same."""
    before = camera(range(60))
    bare = [av.Packet(each.data) for each in before]
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.options = {"err_detect": "explode"}
    numbers: list[int] = []
    cut = next(at for at, each in enumerate(before) if each.key and at)
    stand = StandIn("h264", before[:cut])
    ours = [av.Packet(each.data) for at in range(4) for each in stand.encode(at * 9000, mark=False)]
    # Its keyframe without the sets: the slice alone.
    key = before[cut].data
    bare[cut] = av.Packet(b"\0\0\0\1" + key[key.rindex(b"\0\0\1\x65") + 3 :])
    for each in (*bare[:cut], *ours, *bare[cut:], None):
        numbers += [read(frame).number for frame in decoder.decode(each)]
    assert numbers == [*range(cut), *[cut - 1] * 4, *range(cut, 60)]


def test_one_who_comes_in_the_middle() -> None:
    """A keyframe on demand, from which the rest can be decoded."""
    stand = StandIn("h264", camera(range(3)))
    packets = [each for at in range(6) for each in stand.encode(at * 9000, mark=False, key=at == 3)]
    assert [each.key for each in packets] == [True, False, False, True, False, False]
    assert len(frames_of(packets[3:])) == 3
