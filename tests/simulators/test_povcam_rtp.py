"""RTP and RTCP bytes of the simulated Panasonic camera against vectors written by hand."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.simulators.povcam import RtspFault
from tests.simulators.povcam.broadcast import MediaSender, RtspFaults, TrackSender
from tests.simulators.povcam.media import Format
from tests.simulators.povcam.rtp import (
    MAX_PAYLOAD,
    Track,
    Unit,
    audio_payload,
    rtp_packet,
    sender_report,
    video_payloads,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "povcam"


def vector(name: str) -> bytes:
    """Read a `.hex` vector."""
    lines = (VECTORS / name).read_text(encoding="ascii").splitlines()
    return bytes.fromhex("".join(line for line in lines if not line.startswith("#")))


def test_headers() -> None:
    """Headers with and without extension, at the wrap of both counters (15.1)."""
    sps = bytes.fromhex("6764001e")
    plain = rtp_packet(Track.VIDEO, 0x1234, 90000, sps, marker=False)
    assert plain == vector("rtp_video_single_nal.hex")
    idr = bytes.fromhex("65888400")
    extended = rtp_packet(Track.VIDEO, 0x1FFFF, 0x1FFFFFFFE, idr, marker=True, extension=7)
    assert extended == vector("rtp_video_extension.hex")
    sound = audio_payload(bytes.fromhex("deadbeef"))
    assert rtp_packet(Track.AUDIO, 1, 1024, sound, marker=True) == vector("rtp_audio.hex")


def test_sender_report() -> None:
    """A sender report, followed by the description of the source (14)."""
    report = sender_report(1.5, 90000, 3, 4200)
    assert report[:28] == vector("rtcp_sender_report.hex")
    assert len(report[28:]) == (report[31] + 1) * 4


def test_fragments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large NAL units are cut, small ones are not, delimiters are left out (15.2)."""
    monkeypatch.setattr("tests.simulators.povcam.rtp.MAX_PAYLOAD", 5)
    picture = bytes.fromhex("00000001 09f0 00000001 6764 000001 6501020304050607")
    parts = (VECTORS / "rtp_fu_a.hex").read_text(encoding="ascii").splitlines()[1:]
    assert video_payloads(picture) == (b"gd", *map(bytes.fromhex, parts))


@pytest.mark.parametrize(
    ("width", "fps", "expected"),
    [
        (640, 30, (False, 0, 30)),
        (1920, 30, (False, 0, 30)),
        (1920, 60, (True, 0, 60)),
        (3840, 15, (True, 0, 8)),
        (3840, 30, (True, 2, 15)),
    ],
)
def test_codec_table(width: int, fps: int, expected: tuple[bool, int, int]) -> None:
    """CABAC, B frames and GOP follow the table of 15.3."""
    form = Format(width, width * 9 // 16, Fraction(fps), 128000)
    assert (form.cabac, form.b_frames, form.gop) == expected


class FakeWire:
    """A wire that keeps what is sent."""

    def __init__(self) -> None:
        """Begin without congestion."""
        self.congested = False
        self.sent: list[bytes] = []
        self.reports = 0

    def rtp(self, packet: bytes) -> None:
        """Keep a media packet."""
        self.sent.append(packet)

    def rtcp(self, packet: bytes) -> None:
        """Count a report."""
        assert packet
        self.reports += 1

    def close(self) -> None:
        """Nothing to close."""


def unit(key: bool, count: int = 1) -> Unit:
    """Make a picture of `count` packets."""
    return Unit(Track.VIDEO, 0, 0.0, (b"x" * MAX_PAYLOAD,) * count, key=key)


def test_slow_viewer_waits_for_a_key_picture() -> None:
    """A receiver that does not keep up gets nothing until the next IDR picture after it does."""
    wire, faults = FakeWire(), RtspFaults()
    viewer = MediaSender(faults, on_drop=lambda: None)
    viewer.tracks[Track.VIDEO] = TrackSender(Track.VIDEO, wire, faults, extension=True)
    steps = [
        (False, False, 0),
        (True, False, 1),
        (False, False, 2),
        (False, True, 2),
        (True, True, 2),
        (False, False, 2),
        (True, False, 3),
    ]
    for key, congested, total in steps:
        wire.congested = congested
        viewer.unit(unit(key), 10.0)
        assert len(wire.sent) == total
    assert wire.reports == 1
    viewer.unit(unit(key=True), 15.0)
    assert wire.reports == 2


def test_losses_leave_gaps() -> None:
    """LOSS takes about its share of the packets, and their numbers."""
    wire, faults = FakeWire(), RtspFaults()
    faults.set(RtspFault.LOSS, seconds=0, share=0.25)
    sender = TrackSender(Track.VIDEO, wire, faults, extension=False)
    first = sender.sequence
    sender.send(unit(key=True, count=1000), 0.0)
    assert 680 < len(wire.sent) < 820
    assert sender.sequence == (first + 1000) & 0xFFFF
    markers = [packet[1] >> 7 for packet in wire.sent]
    assert sum(markers) <= 1
