"""What a player gets is MPEG-TS that holds the packets as they were."""

from dataclasses import replace
import io
from itertools import pairwise

import av
from av.container import InputContainer
import pytest

from custom_components.panacam.cams.bridge.encoder import Encoder
from custom_components.panacam.cams.bridge.mpegts import TsMuxer
from custom_components.panacam.cams.bridge.packets import SOUND_RATE, TICKS, Format, Kind, Packet
from custom_components.panacam.cams.stream import Picture, Sound
from tests.cams.bridge.support import (
    H264,
    HEIGHT,
    TONE,
    WIDTH,
    frequency_of,
    heard,
    jpeg,
    muxed,
    packet,
    shown,
    times,
    tone,
)

UNIT = 188
SYNC = 0x47
FORMAT = replace(H264, sound_rate=SOUND_RATE)


def encoded(seconds: float = 4.0, *, sound: bool = True, start: float = 100.0) -> list[Packet]:
    """Return numbered pictures with a tone."""
    encoder = Encoder(epoch=40.0, rate=15, sound_rate=8000 if sound else None)
    packets: list[Packet] = []
    for at in range(round(seconds * 15)):
        packets += encoder.encode(Picture(jpeg(at), start + at / 15))
        if sound:
            samples = tone(at / 15, (at + 1) / 15 - at / 15)
            packets += encoder.encode(Sound(samples, start + (at + 1) / 15))
    return packets


def nal(seconds: float, head: bytes = b"\x65", *, key: bool = False) -> Packet:
    """Return a packet of video with nothing in it."""
    return replace(packet(seconds, key=key), data=b"\0\0\0\1" + head + bytes(20))


def demuxed(data: bytes) -> dict[Kind, list[tuple[bytes, float]]]:
    """Return the packets that a player finds, with their seconds."""
    found: dict[Kind, list[tuple[bytes, float]]] = {kind: [] for kind in Kind}
    with av.open(io.BytesIO(data), format="mpegts") as container:
        assert isinstance(container, InputContainer)
        for each in container.demux():
            if each.dts is not None:
                kind = Kind.VIDEO if each.stream.type == "video" else Kind.SOUND
                found[kind].append((bytes(each), float(each.dts * each.time_base)))
    return found


def test_whole_packets() -> None:
    """From the first byte on, and after each call, so that a player may be cut off anywhere."""
    muxer = TsMuxer(FORMAT)
    pieces = [muxer.mux([each]) for each in encoded(1)]
    assert len([data for data in pieces if data]) > len(pieces) // 2
    for data in pieces:
        assert len(data) % UNIT == 0
        assert set(data[::UNIT]) <= {SYNC}
    muxer.close()


def test_packets_come_out_as_they_were() -> None:
    """Each packet once, its bytes and its distances in time."""
    packets = encoded()
    found = demuxed(muxed(FORMAT, packets))
    for kind in Kind:
        ours = [each for each in packets if each.kind is kind]
        assert len(found[kind]) == len(ours)
        for (data, at), each in zip(found[kind], ours, strict=True):
            assert data.endswith(each.data)
            since = (each.dts - packets[0].dts) / TICKS
            assert at - found[Kind.VIDEO][0][1] == pytest.approx(since, abs=1e-4)


def test_it_can_be_played() -> None:
    """Every picture is shown, and the tone is heard."""
    packets = encoded()
    assert [each.number for each in shown(muxed(FORMAT, packets))] == list(range(60))
    samples = heard(packets)[SOUND_RATE // 2 : 3 * SOUND_RATE]
    assert abs(frequency_of(samples, SOUND_RATE) - TONE) < 1


@pytest.mark.parametrize("start", [40.0, 41.0, 1e6])
def test_time_begins_late_enough(start: float) -> None:
    """Whatever the hub's clock says, no sound is before 0, where time stamps would wrap."""
    data = muxed(FORMAT, encoded(2, start=start))
    video, sound = times(data, "video"), times(data, "audio")
    assert 1.0 <= video[0] < 3.0
    assert 0.9 <= sound[0] < 3.0
    assert all(one < other for one, other in pairwise(video))
    assert all(one < other for one, other in pairwise(sound))


def test_each_viewer_begins_at_the_same_time() -> None:
    """One who comes later has a time of his own."""
    packets = encoded()
    later = packets[next(at for at, each in enumerate(packets) if each.key and at) :]
    assert times(muxed(FORMAT, later), "video")[0] == times(muxed(FORMAT, packets), "video")[0]


def test_sound_from_long_before() -> None:
    """Sound that would be before 0 is left out."""
    early = packet(1.0, kind=Kind.SOUND)
    data = muxed(FORMAT, [nal(10.0, key=True), early, nal(10.1)])
    assert len(demuxed(data)[Kind.VIDEO]) == 2
    assert demuxed(data)[Kind.SOUND] == []


def test_pictures_alone() -> None:
    """Without sound there is no stream of it, and none is let in."""
    packets = encoded(2, sound=False)
    data = muxed(H264, [*packets, packet(99.0, kind=Kind.SOUND)])
    with av.open(io.BytesIO(data), format="mpegts") as container:
        assert [each.type for each in container.streams] == ["video"]
    assert len(shown(data)) == 30


def test_in_the_middle() -> None:
    """A player that begins to read at any packet finds out what is in the stream."""
    data = muxed(FORMAT, encoded())
    numbers = [each.number for each in shown(data[UNIT * 30 :])]
    assert numbers[-1] == 59
    assert len(numbers) >= 29


def test_format_is_told() -> None:
    """Codec, size and rate of the sound can be found out from the stream."""
    with av.open(io.BytesIO(muxed(FORMAT, encoded(1))), format="mpegts") as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert video.codec_context.name == "h264"
        assert (video.width, video.height) == (WIDTH, HEIGHT)
        assert (sound.codec_context.name, sound.rate) == ("aac", SOUND_RATE)


def test_another_codec() -> None:
    """HEVC has a type of its own in the stream."""
    data = muxed(Format(video="hevc", width=64, height=48), [nal(0, b"\x26\x01", key=True)])
    assert b"\x24\xe1\x00" in data


def test_a_gap_and_a_loss() -> None:
    """Groups that a slow viewer lost are a gap in time, nothing else."""
    packets = encoded(8)
    keys = [at for at, each in enumerate(packets) if each.key]
    data = muxed(FORMAT, packets[: keys[1]] + packets[keys[3] :])
    numbers = [each.number for each in shown(data)]
    assert numbers == [*range(30), *range(90, 120)]


@pytest.mark.parametrize("used", [True, False])
def test_close(used: bool) -> None:
    """It ends whether anything was muxed or not, with a group half done."""
    muxer = TsMuxer(FORMAT)
    if used:
        assert muxer.mux(encoded(1)[:3])
    assert muxer.mux([]) == b""
    muxer.close()
