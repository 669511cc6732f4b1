"""Downloads of clips as no simulated camera sends them; who is stopped, and when."""

import asyncio
from datetime import timedelta
from pathlib import Path
import time
from typing import override

from homeassistant.core import HomeAssistant
import pytest

from custom_components.panacam import clip_download, clip_files
from custom_components.panacam.cams.clips import Clip
from custom_components.panacam.cams.device import Slot
from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason
from custom_components.panacam.clip_download import Fetched, async_fetch
from tests.fake_clips import FakeClips, clip

DATA = bytes(range(256)) * 8192
CLIP = clip()


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Go on at once."""
    monkeypatch.setattr(clip_download, "PAUSE", 0.01)


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Give a folder that the configuration allows."""
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    return tmp_path


async def fetch(
    hass: HomeAssistant,
    folder: Path,
    clips: FakeClips,
    wanted: Clip = CLIP,
    card: Slot | None = None,
) -> Fetched:
    """Download a clip."""
    return await async_fetch(hass, clips, wanted, str(folder), "Stage", card)


async def names(hass: HomeAssistant, folder: Path) -> list[str]:
    """Return what is in a folder, hidden files included, once nobody works there any more."""
    await hass.async_block_till_done(wait_background_tasks=True)
    return await asyncio.to_thread(lambda: sorted(path.name for path in folder.iterdir()))


@pytest.mark.parametrize(
    ("measured", "card", "seconds", "fits"),
    [
        (True, None, 0, True),
        (True, Slot(), 0, True),
        (True, Slot(capacity=0.0), 0, True),
        (True, Slot(capacity=0.001), 4, False),
        (True, Slot(capacity=999_999_999), 4, True),
        (False, None, None, True),
        (False, None, 0.1, False),
        (False, None, 1, True),
        (False, Slot(capacity=0.001), 1, False),
        (False, Slot(capacity=64), 0.1, False),
    ],
)
async def test_more_than_can_be(
    hass: HomeAssistant,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    measured: bool,
    card: Slot | None,
    seconds: float | None,
    fits: bool,
) -> None:
    """Nobody sends more than is on a card, nor, untold, more than a clip of that length has."""
    monkeypatch.setattr(clip_download, "SLACK", 0)
    wanted = clip(length=None if seconds is None else timedelta(seconds=seconds))
    clips = FakeClips({wanted: DATA}, measured=measured)
    if fits:
        assert (await fetch(hass, folder, clips, wanted, card)).size == len(DATA)
        return
    with pytest.raises(CameraError) as caught:
        await fetch(hass, folder, clips, wanted, card)
    assert caught.value.reason is Reason.TOO_LARGE
    assert clips.sent < len(DATA)
    assert await names(hass, folder) == []


async def test_told_more_than_ever_was(hass: HomeAssistant, folder: Path) -> None:
    """It is not even begun."""
    clips = FakeClips({CLIP: DATA}, sizes={CLIP: 1 << 60})
    with pytest.raises(CameraError) as caught:
        await fetch(hass, folder, clips)
    assert (caught.value.reason, clips.sent) == (Reason.TOO_LARGE, 0)
    assert await names(hass, folder) == []


async def test_hardly_any_progress(hass: HomeAssistant, folder: Path) -> None:
    """A camera that brings a few bytes each time is given up soon."""
    clips = FakeClips({CLIP: DATA}, piece=1000, breaks=[1000] * 50)
    with pytest.raises(ConnectError):
        await fetch(hass, folder, clips)
    assert len(clips.starts) == clip_download.ATTEMPTS
    assert await names(hass, folder) == []


async def stop(task: asyncio.Task[Fetched]) -> None:
    """Cancel a download."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_stopped_while_it_begins(
    hass: HomeAssistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hidden file that comes to be meanwhile goes again."""
    made: list[clip_files.ClipFile] = []

    class Slow(clip_files.ClipFile):
        @override
        def __init__(self, folder: Path) -> None:
            time.sleep(0.2)
            super().__init__(folder)
            made.append(self)

    monkeypatch.setattr(clip_download, "ClipFile", Slow)
    task = asyncio.create_task(fetch(hass, folder, FakeClips({CLIP: DATA})))
    await asyncio.sleep(0.05)
    await stop(task)
    assert not made
    assert await names(hass, folder) == []
    assert made


@pytest.mark.parametrize("job", ["write", "need", "finish"])
async def test_stopped_in_between(
    hass: HomeAssistant, folder: Path, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    """Whatever is under way in another thread ends first; a clip that is whole may stay."""
    real = getattr(clip_files.ClipFile, job)
    begun = asyncio.Event()
    failed: list[Exception] = []

    def slow(file: clip_files.ClipFile, *args: object) -> object:
        hass.loop.call_soon_threadsafe(begun.set)
        time.sleep(0.2)
        try:
            return real(file, *args)
        except Exception as err:
            failed.append(err)
            raise

    monkeypatch.setattr(clip_files.ClipFile, job, slow)
    clips = FakeClips({CLIP: DATA})
    task = asyncio.create_task(fetch(hass, folder, clips))
    await begun.wait()
    await stop(task)
    left = await names(hass, folder)
    assert not [name for name in left if name.startswith(".")]
    for name in left:
        assert await asyncio.to_thread((folder / name).read_bytes) == DATA
    assert all(isinstance(err, OSError) for err in failed)
    assert clips.open == 0


async def test_disk_that_fails_twice(
    hass: HomeAssistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told is what went wrong first."""

    def fail(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(clip_files.os, "unlink", fail)
    clips = FakeClips({CLIP: DATA}, breaks=[CameraError(Reason.CARD_REMOVED)])
    with pytest.raises(CameraError) as caught:
        await fetch(hass, folder, clips)
    assert caught.value.reason is Reason.CARD_REMOVED
