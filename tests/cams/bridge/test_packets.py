"""Headers that make AAC out of bare frames."""

import av
import pytest

from custom_components.panacam.cams.bridge.packets import TICKS, TIME_BASE, adts


@pytest.mark.parametrize(
    ("rate", "channels", "size", "header"),
    [
        (48_000, 1, 0, "fff14c4000fffc"),
        (48_000, 2, 1000, "fff14c807dfffc"),
        (8000, 1, 8184, "fff16c43fffffc"),
        (96_000, 7, 1, "fff141c0011ffc"),
    ],
)
def test_bytes(rate: int, channels: int, size: int, header: str) -> None:
    """The header is what ISO/IEC 14496-3 (1.A.3.2.1) lays down, the length its own included."""
    assert adts(rate, channels, size).hex() == header


@pytest.mark.parametrize("rate", [0, -1, 8001])
def test_rate_without_a_number(rate: int) -> None:
    """A rate that AAC cannot name is an error, not another rate."""
    with pytest.raises(ValueError, match="not in tuple"):
        adts(rate, 1, 0)


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000, 96_000])
def test_ffmpeg_reads_it(rate: int) -> None:
    """A parser cuts a stream at these headers."""
    frame = adts(rate, 1, 20) + bytes(20)
    parser = av.CodecContext.create("aac", "r")
    cut = [bytes(each) for each in (*parser.parse(frame * 3), *parser.parse(b""))]
    assert cut == [frame] * 3


def test_ticks() -> None:
    """A second is what MPEG-TS counts in one."""
    assert TICKS * TIME_BASE == 1
