"""Downloads that break off, and cameras that cannot begin in the middle."""

import asyncio
import os

import pytest

from custom_components.panacam.cams.errors import (
    BusyError,
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.playback import flow
from custom_components.panacam.cams.playback.flow import Flow
from tests.fake_clips import FakeClips, clip

DATA = os.urandom(300_000)
CLIP = clip()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "WAIT", 0.0)


async def whole(clips: FakeClips, start: int = 0, stop: int | None = None) -> bytes:
    """Return what comes."""
    async with Flow(clips, CLIP).opened(start) as opened:
        if opened.at != start:
            opened.skip(start)
        return b"".join([piece async for piece in opened.pieces(stop)])


@pytest.mark.parametrize("ranged", [True, False])
@pytest.mark.parametrize("breaks", [[], [1], [100_000, 0, 70_000], [0, 0, 0], [65_536, 65_536]])
async def test_picked_up_again(ranged: bool, breaks: list[int | CameraError]) -> None:
    """Every byte comes once, in order, wherever it breaks."""
    clips = FakeClips({CLIP: DATA}, ranged=ranged, breaks=breaks)
    asked = len(breaks)
    assert await whole(clips) == DATA
    assert len(clips.starts) == asked + 1
    assert clips.open == 0


@pytest.mark.parametrize("ranged", [True, False])
@pytest.mark.parametrize(("start", "stop"), [(0, 10), (65_536, None), (299_999, None), (7, 65_543)])
async def test_part(ranged: bool, start: int, stop: int | None) -> None:
    """A part is that part."""
    clips = FakeClips({CLIP: DATA}, ranged=ranged, breaks=[70_000])
    assert await whole(clips, start, stop) == DATA[start:stop]


@pytest.mark.parametrize(
    ("breaks", "kind", "opened"),
    [
        ([0] * 9, ConnectError, 4),
        ([1] * 99, ConnectError, 21),
        ([100, BusyError(Reason.BUSY), *[0] * 9], ConnectError, 3),
        ([100, RefusedError(Reason.CARD_REMOVED)], RefusedError, 1),
        ([RefusedError(Reason.CLIP_GONE)], RefusedError, 0),
    ],
)
async def test_given_up(
    breaks: list[int | CameraError], kind: type[CameraError], opened: int
) -> None:
    """It ends: after a few tries, at once for what no try changes."""
    clips = FakeClips({CLIP: DATA}, breaks=breaks)
    with pytest.raises(kind):
        await whole(clips)
    assert len(clips.starts) == opened
    assert clips.open == 0


async def test_another_clip_by_then() -> None:
    """A size that changes is another clip: its bytes are not joined on."""
    clips = FakeClips({CLIP: DATA}, breaks=[1000])

    async def read() -> None:
        async with Flow(clips, CLIP).opened() as opened:
            async for _ in opened.pieces():
                clips.sizes[CLIP] = 5

    with pytest.raises(ProtocolError):
        await read()


async def test_sizes_that_lie() -> None:
    """Less than was told is broken off; of more, nothing is taken."""
    clips = FakeClips({CLIP: DATA}, sizes={CLIP: 310_000})
    with pytest.raises(ConnectError):
        await whole(clips)
    clips = FakeClips({CLIP: DATA}, sizes={CLIP: 1000})
    assert await whole(clips) == DATA[:1000]
    clips = FakeClips({CLIP: DATA}, measured=False)
    assert await whole(clips) == DATA


async def test_too_much_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours are not thrown away to pick up a second."""
    monkeypatch.setattr(flow, "MAX_SKIP", 1000)
    clips = FakeClips({CLIP: DATA}, ranged=False, breaks=[70_000])
    with pytest.raises(ConnectError):
        await whole(clips)


async def test_stall(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that says nothing more is given up."""
    monkeypatch.setattr(flow, "STALL", 0.05)
    clips = FakeClips({CLIP: DATA}, ranged=False, hold=asyncio.Event())
    with pytest.raises(ConnectError) as caught:
        await whole(clips)
    assert caught.value.reason is Reason.TIMEOUT
    assert len(clips.starts) == flow.TRIES + 1
