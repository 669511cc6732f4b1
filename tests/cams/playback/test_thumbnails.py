"""Small pictures of clips: from a few bytes, once, and never in a player's way."""

import asyncio
import io
import os

import av
import pytest

from custom_components.panacam.cams.clips import ClipFormat
from custom_components.panacam.cams.errors import BusyError, ConnectError, Reason
from custom_components.panacam.cams.playback import flow, picture, thumbnails
from custom_components.panacam.cams.playback.boxes import boxes
from custom_components.panacam.cams.playback.picture import WIDTH, first_picture
from custom_components.panacam.cams.playback.thumbnails import Thumbnails
from custom_components.panacam.cams.playback.turn import Turn
from custom_components.panacam.cams.playback.windows import Windows
from tests.conftest import until
from tests.fake_clips import FakeClips, clip, film

MP4, AVCHD = clip(), clip("CLIP2", ClipFormat.AVCHD)
BIG = 40_000_000


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "WAIT", 0.0)


def size_of(jpeg: bytes | None) -> tuple[int, int]:
    """Return the size of a JPEG."""
    assert jpeg is not None
    with av.open(io.BytesIO(jpeg), format="mjpeg") as given:
        frame = next(given.decode(video=0))
        assert given.streams.video[0].codec_context.name == "mjpeg"
        # The film shows bars, not one color.
        assert frame.to_ndarray(format="gray").std() > 10
        return frame.width, frame.height


def far_index(data: bytes) -> bytes:
    """Return an MP4 whose index is far behind the pictures, as in a long clip."""
    at = data.rfind(b"moov") - 4
    free = BIG.to_bytes(4) + b"free" + bytes(BIG - 8)
    return data[:at] + free + data[at:]


@pytest.mark.parametrize("front", [True, False])
@pytest.mark.parametrize("kind", ClipFormat)
async def test_picture(kind: ClipFormat, front: bool) -> None:
    """It is the first picture, small, fetched once."""
    one = clip(kind=kind)
    role = FakeClips({one: film(kind, front=front)})
    ours = Thumbnails(role, Turn(), asyncio.Lock())
    made = await ours.get(one)
    assert size_of(made) == (WIDTH, 180)
    assert await ours.get(one) is made
    assert len(role.starts) == 1


async def test_index_at_the_end() -> None:
    """It is fetched from there, not with all that is before it; else there is no picture."""
    data = far_index(film(ClipFormat.MP4))
    role = FakeClips({MP4: data})
    assert size_of(await Thumbnails(role, Turn(), asyncio.Lock()).get(MP4)) == (WIDTH, 180)
    assert role.sent < 2 * thumbnails.HEAD
    assert len(role.starts) == 2
    role = FakeClips({MP4: data}, ranged=False)
    ours = Thumbnails(role, Turn(), asyncio.Lock())
    assert await ours.get(MP4) is None
    assert role.sent < 2 * thumbnails.HEAD
    # What was in vain is not tried again and again.
    assert ours.has_none(MP4)
    assert await ours.get(MP4) is None
    assert len(role.starts) == 2


def test_index_alone() -> None:
    """A film whose pictures are missing has none."""
    data = film(ClipFormat.MP4, front=True)
    end = next(box.end for box in boxes(data) if box.kind == b"moov")
    assert first_picture(ClipFormat.MP4, len(data), {0: data[:end]}) is None


async def test_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rubbish, cut clips and cameras that fail have none; nothing else comes of it."""
    good = film(ClipFormat.AVCHD)
    rubbish = [b"", b"\0" * 100, os.urandom(200_000), good[:400], film(ClipFormat.MP4)[:3000]]
    for data in rubbish:
        for one in (MP4, AVCHD):
            assert await Thumbnails(FakeClips({one: data}), Turn(), asyncio.Lock()).get(one) is None
    for start in range(0, 40_000, 1777):
        for kind in ClipFormat:
            first_picture(kind, 50_000, {0: film(kind)[start : start + 5000]})
    broken = FakeClips({AVCHD: good}, breaks=[ConnectError(Reason.CUT)] * 9)
    assert await Thumbnails(broken, Turn(), asyncio.Lock()).get(AVCHD) is None
    monkeypatch.setattr(thumbnails, "LIMIT", 0.02)
    slow = FakeClips({AVCHD: good}, hold=asyncio.Event())
    assert await Thumbnails(slow, Turn(), asyncio.Lock()).get(AVCHD) is None
    assert slow.open == 0


async def test_index_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not fetched."""
    monkeypatch.setattr(thumbnails, "TAIL", 100)
    role = FakeClips({MP4: far_index(film(ClipFormat.MP4))})
    assert await Thumbnails(role, Turn(), asyncio.Lock()).get(MP4) is None
    assert len(role.starts) == 1


async def test_players_first() -> None:
    """While somebody plays there is none, which is not remembered as a failure."""
    role = FakeClips({AVCHD: film(ClipFormat.AVCHD)}, hold=asyncio.Event())
    turn = Turn()
    ours = Thumbnails(role, turn, asyncio.Lock())
    getting = asyncio.create_task(ours.get(AVCHD))
    await until(lambda: role.sent > 0)
    async with turn.held(lambda: None):
        assert role.open == 0
        with pytest.raises(BusyError):
            await getting
        with pytest.raises(BusyError):
            await ours.get(AVCHD)
    assert not ours.has_none(AVCHD)
    busy = FakeClips({AVCHD: b"x"}, breaks=[BusyError(Reason.BUSY)])
    with pytest.raises(BusyError):
        await Thumbnails(busy, Turn(), asyncio.Lock()).get(AVCHD)


async def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many are kept, the last ones that somebody saw."""
    monkeypatch.setattr(thumbnails, "MAX_KEPT", 2)
    clips = [clip(str(number), ClipFormat.AVCHD) for number in range(4)]
    role = FakeClips(dict.fromkeys(clips, film(ClipFormat.AVCHD)))
    ours = Thumbnails(role, Turn(), asyncio.Lock())
    for one in clips[:3]:
        assert await ours.get(one)
    assert await ours.get(clips[1])
    assert len(role.starts) == 3
    await ours.get(clips[0])
    assert len(role.starts) == 4
    assert ours._bytes == sum(map(len, ours._kept.values()))
    role.contents = dict.fromkeys(clips, b"rubbish")
    for one in [clip(str(number)) for number in range(10, 14)]:
        role.contents[one] = b"rubbish"
        assert await ours.get(one) is None
    assert len(ours._failed) == 2


def test_windows() -> None:
    """A file with holes reads as what is there, and ends where nothing is."""
    file = Windows(1000, {0: b"abcdef", 900: b"xyz"})
    assert file.readable()
    assert file.seekable()
    assert (file.read(2), file.tell(), file.read()) == (b"ab", 2, b"cdef")
    assert file.read(5) == b""
    assert file.seek(-99, io.SEEK_END) == 901
    assert file.read(9) == b"yz"
    assert file.seek(-2, io.SEEK_CUR) == 901
    assert file.seek(-5) == 0


@pytest.mark.parametrize(("name", "value"), [("MAX_SIDE", 100), ("MAX_PACKETS", -1)])
@pytest.mark.parametrize("kind", ClipFormat)
def test_unlikely_films(
    monkeypatch: pytest.MonkeyPatch, kind: ClipFormat, name: str, value: int
) -> None:
    """Pictures that are too large, or come too late, are not shown."""
    data = film(kind)
    monkeypatch.setattr(picture, name, value)
    assert first_picture(kind, len(data), {0: data}) is None


@pytest.mark.parametrize(("width", "height"), [(5000, 16), (16, 5000)])
def test_picture_unlike_its_head(width: int, height: int) -> None:
    """Its real size counts, too."""
    assert picture._jpeg(av.VideoFrame(width, height, "yuv420p")) is None
    assert picture._jpeg(av.VideoFrame(16, 16, "yuv420p"))
