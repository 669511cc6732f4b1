"""A clip on disk while the camera still sends it, and the shelf that has several."""

import asyncio
from collections.abc import AsyncIterator, Callable
import os
from pathlib import Path
import stat

import pytest

from custom_components.panacam.cams.errors import (
    BusyError,
    CameraError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.playback import flow, shelf, spool
from custom_components.panacam.cams.playback.shelf import Shelf
from custom_components.panacam.cams.playback.spool import NoRoomError, Spool
from custom_components.panacam.cams.playback.turn import Turn
from tests.conftest import until
from tests.fake_clips import FakeClips, clip

SIZE = 12 * 1024 * 1024
DATA = os.urandom(1024 * 1024) * 12
CLIP = clip()

type Make = Callable[[FakeClips], Spool]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "WAIT", 0.0)
    monkeypatch.setattr(spool, "TICK", 0.05)


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Make spools that are closed in the end, and leave nothing."""
    made: list[Spool] = []

    def new(clips: FakeClips) -> Spool:
        made.append(
            Spool(clips, CLIP, Turn(), folder=tmp_path / "spool", fits=lambda size: size <= SIZE)
        )
        return made[-1]

    yield new
    for one in made:
        await one.close()
        assert not one.filling
    assert not list(tmp_path.glob("*/*"))  # noqa: ASYNC240 - nothing else runs


async def read(one: Spool, start: int = 0, stop: int = SIZE) -> bytes:
    """Return a range."""
    return b"".join([piece async for piece in one.read(start, stop)])


@pytest.mark.parametrize("ranged", [True, False])
@pytest.mark.parametrize("breaks", [[], [100_000, 7, 5_000_000]])
async def test_whole(make: Make, ranged: bool, breaks: list[int | CameraError]) -> None:
    """What is read is what the camera has, whatever breaks."""
    one = make(FakeClips({CLIP: DATA}, ranged=ranged, breaks=breaks))
    assert await one.measure() == SIZE
    assert await read(one) == DATA
    assert one.complete
    assert one.missing == 0
    assert await read(one, 5, 9) == DATA[5:9]


async def test_end_first(make: Make) -> None:
    """Where somebody waits, there the camera is sent, and not for what is here already."""
    clips = FakeClips({CLIP: DATA}, gap=0.001)
    one = make(clips)
    assert await read(one, SIZE - 1000, SIZE) == DATA[-1000:]
    assert not one.complete
    assert clips.starts[1] == SIZE - 1000
    assert await read(one) == DATA
    assert clips.sent < SIZE + 4 * clips.piece
    assert clips.most_open == 1


async def test_end_first_of_a_camera_that_cannot(make: Make) -> None:
    """It sends all, once; whoever wants the end waits for it."""
    clips = FakeClips({CLIP: DATA}, ranged=False)
    one = make(clips)
    end, whole = await asyncio.gather(read(one, SIZE - 1000, SIZE), read(one))
    assert end == DATA[-1000:]
    assert whole == DATA
    # It was tried once whether it can.
    assert len(clips.starts) <= 2
    assert clips.sent < SIZE + 40 * clips.piece


async def test_many_readers(make: Make) -> None:
    """Everybody gets the own range, through one download at a time."""
    clips = FakeClips({CLIP: DATA}, gap=0.0005)
    one = make(clips)
    places = range(0, SIZE, SIZE // 9)
    parts = await asyncio.gather(*(read(one, at, at + 70_000) for at in places))
    assert parts == [DATA[at : at + 70_000] for at in places]
    assert clips.most_open == 1


async def test_ticks_and_end_of_patience(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits is told so, and is not left waiting for good."""
    monkeypatch.setattr(spool, "TICK", 0.01)
    monkeypatch.setattr(spool, "MAX_TICKS", 3)
    one = make(FakeClips({CLIP: DATA}, ranged=False, hold=asyncio.Event()))
    pieces: list[bytes] = []
    with pytest.raises(ConnectError):
        pieces.extend([piece async for piece in one.read(0, SIZE)])
    ticks = [piece async for piece in _first(one.read(65_536, SIZE), 2)]
    assert ticks == [b"", b""]


async def _first(pieces: AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield await anext(pieces)


@pytest.mark.parametrize(
    "error", [RefusedError(Reason.CARD_REMOVED), BusyError(Reason.BUSY), ConnectError(Reason.CUT)]
)
async def test_broken_for_good(make: Make, error: CameraError) -> None:
    """What is there is given, then why there is no more; later the camera is asked again."""
    clips = FakeClips({CLIP: DATA}, breaks=[200_000, *[error] * 9])
    one = make(clips)
    got = bytearray()

    async def take() -> None:
        async for piece in one.read(0, SIZE):
            got.extend(piece)

    with pytest.raises(type(error)):
        await take()
    assert got == DATA[:200_000]
    clips.breaks.clear()
    assert await read(one) == DATA


async def test_no_room(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip that does not fit, or of which nobody knows how large it is, is not begun."""
    for clips in (
        FakeClips({CLIP: DATA}, sizes={CLIP: SIZE + 1}),
        FakeClips({CLIP: DATA}, measured=False),
    ):
        with pytest.raises(NoRoomError):
            await make(clips).measure()

    def full(*args: object) -> int:
        raise OSError

    one = make(FakeClips({CLIP: DATA}))
    await one.measure()
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(NoRoomError):
        await read(one)


async def test_empty(make: Make) -> None:
    """A clip of no bytes is one."""
    one = make(FakeClips({CLIP: b""}))
    assert await one.measure() == 0
    assert await read(one, 0, 0) == b""


async def test_size_that_changes(make: Make) -> None:
    """Another size is another clip."""
    clips = FakeClips({CLIP: DATA}, breaks=[100_000])
    one = make(clips)
    await one.measure()
    clips.sizes[CLIP] = 5
    with pytest.raises(CameraError):
        await read(one)


async def test_nobody_sees_the_file(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no name, and its folder is ours alone."""
    one = make(FakeClips({CLIP: DATA}))
    await read(one)
    folder = tmp_path / "spool"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not list(folder.iterdir())


async def test_closed_while_it_is_read(make: Make) -> None:
    """Whoever reads is told, and the camera is hung up on."""
    clips = FakeClips({CLIP: DATA}, hold=asyncio.Event())
    one = make(clips)
    reading = asyncio.create_task(read(one))
    await until(lambda: clips.open == 1 and clips.sent > 0)
    await one.close()
    with pytest.raises(CameraError):
        await reading
    assert clips.open == 0
    assert one.readers == 0


# -- Whose turn it is


async def test_another_player_comes(tmp_path: Path) -> None:
    """A download that nobody watches any more makes room at once; one that is watched does not."""
    other = clip("CLIP2")
    clips = FakeClips({CLIP: DATA, other: DATA}, hold=asyncio.Event())
    turn = Turn()
    first, second = (
        Spool(clips, one, turn, folder=tmp_path, fits=lambda _: True) for one in (CLIP, other)
    )
    assert await first.measure() == SIZE
    assert first.filling
    assert await second.measure() == SIZE
    assert not first.filling
    watching = asyncio.create_task(read(second))
    await until(lambda: second.readers == 1)
    with pytest.raises(BusyError):
        async with turn.held(second._give_up, within=0.05):
            pass
    assert second.filling
    watching.cancel()
    await asyncio.wait([watching])
    async with turn.held(lambda: None, within=1.0):
        await until(lambda: not second.filling)
    await first.close()
    await second.close()
    assert clips.most_open == 1


async def test_small_pictures_wait_for_players() -> None:
    """They are interrupted, refused while somebody plays, and while somebody is about to."""
    turn = Turn()
    begun, ended = asyncio.Event(), asyncio.Event()

    async def borrow() -> None:
        try:
            async with turn.borrowed():
                begun.set()
                await asyncio.sleep(60)
        finally:
            ended.set()

    borrowing = asyncio.create_task(borrow())
    await begun.wait()
    async with turn.held(lambda: None):
        assert ended.is_set()
        with pytest.raises(BusyError):
            async with turn.borrowed():
                pass
    with pytest.raises(BusyError):
        await borrowing
    async with turn.borrowed():
        pass
    begun.clear()
    borrowing = asyncio.create_task(borrow())
    await begun.wait()
    turn.hush(60)
    with pytest.raises(BusyError):
        await borrowing
    with pytest.raises(BusyError):
        async with turn.borrowed():
            pass


# -- The shelf


async def test_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clip is one file; the oldest that nobody watches goes; none where all are watched."""
    monkeypatch.setattr(shelf, "MAX_SPOOLS", 2)
    clips = [clip(str(number)) for number in range(4)]
    role = FakeClips(dict.fromkeys(clips, DATA), piece=SIZE)
    ours, turn = Shelf(tmp_path / "cache"), Turn()
    first, second = (ours.spool("a", role, one, turn) for one in clips[:2])
    assert ours.spool("a", role, clips[0], turn) is first
    assert ours.find("b", clips[0]) is None
    await read(first)
    await read(second)
    third = ours.spool("b", role, clips[2], turn)
    assert ours.find("a", clips[0]) is None
    assert await read(third) == DATA
    second.readers = third.readers = 1
    with pytest.raises(NoRoomError):
        ours.spool("a", role, clips[3], turn)
    await ours.close("a")
    assert ours.find("b", clips[2]) is third
    await ours.close()
    assert ours._sweeper is None


async def test_shelf_forgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a viewer the camera is left alone, then the clip goes."""
    monkeypatch.setattr(shelf, "SWEEP", 0.01)
    monkeypatch.setattr(shelf, "IDLE", 0.05)
    monkeypatch.setattr(shelf, "KEEP", 0.3)
    role = FakeClips({CLIP: DATA}, hold=asyncio.Event())
    ours = Shelf(tmp_path)
    one = ours.spool("a", role, CLIP, Turn())
    await one.measure()
    assert role.open == 1
    await until(lambda: not one.filling)
    assert role.open == 0
    assert ours.find("a", CLIP) is one
    await until(lambda: ours.find("a", CLIP) is None)
    await until(lambda: ours._sweeper is None)
    await ours.close()


async def test_shelf_leaves_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Home Assistant's disk is never filled up, nor more of it taken than is ours."""
    role = FakeClips({CLIP: DATA})
    for name, value in (("LEAVE_FREE", 1 << 60), ("MAX_BYTES", 1000)):
        with monkeypatch.context() as patch:
            patch.setattr(shelf, name, value)
            ours = Shelf(tmp_path)
            with pytest.raises(NoRoomError):
                await ours.spool("a", role, CLIP, Turn()).measure()
            await ours.close()
