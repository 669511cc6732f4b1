"""RTP packets, in and out."""

from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.panacam.cams.net import rtp
from custom_components.panacam.cams.net.rtp import RtpPacket, RtpSender, read_rtp, receiver_report
from tests.cams.net.rtsp_vectors import load


def test_read() -> None:
    """What surrounds the payload is left out."""
    assert read_rtp(load("rtp.hex")) == RtpPacket(
        payload_type=107, marker=True, sequence=0xFFFF, timestamp=90, payload=b"<x>"
    )
    assert read_rtp(load("rtp_bare.hex")) == RtpPacket(
        payload_type=0, marker=False, sequence=7, timestamp=320, payload=b"\xd5\x55\xff"
    )


@pytest.mark.parametrize("name", ["rtp.hex", "rtp_bare.hex"])
def test_cut(name: str) -> None:
    """A packet that lost its end is none, or has no more than is there."""
    data = load(name)
    for length in range(len(data)):
        found = read_rtp(data[:length])
        assert found is None or len(found.payload) <= length - 12


def test_none() -> None:
    """Another version, or padding longer than the packet."""
    data = bytearray(load("rtp_bare.hex"))
    data[0] = 0x40
    assert read_rtp(bytes(data)) is None
    data[0], data[-1] = 0xA0, 200
    assert read_rtp(bytes(data)) is None


@settings(derandomize=True, database=None, deadline=None, max_examples=200)
@given(data=st.binary(max_size=80))
def test_rubbish(data: bytes) -> None:
    """Anything is a packet or none."""
    found = read_rtp(data)
    assert found is None or found.payload in data


def test_report() -> None:
    """A report of nothing is whole words, with a name."""
    assert receiver_report(0x01020304) == load("receiver_report.hex")


def test_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers and times begin anywhere and go round; the source stays."""
    begins = iter([0xFFFE, 0xFFFF_FFF0, 0x01020304])
    monkeypatch.setattr(rtp.secrets, "randbits", lambda _bits: next(begins))
    sender = RtpSender(8)
    data = [sender.packet(b"abc", at * 160, marker=not at) for at in range(4)]
    packets = [read_rtp(each) for each in data]
    assert data[0] == bytes.fromhex("8088fffe fffffff0 01020304 616263")
    assert [each.sequence for each in packets if each] == [0xFFFE, 0xFFFF, 0, 1]
    stamps = [each.timestamp for each in packets if each]
    assert {(after - before) & 0xFFFF_FFFF for before, after in pairwise(stamps)} == {160}
    assert [each.marker for each in packets if each] == [True, False, False, False]
    assert {each[8:12] for each in data} == {bytes([1, 2, 3, 4])}
