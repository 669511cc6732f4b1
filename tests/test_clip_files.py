"""Files that clips are written to: whole under a name of their own, or not at all."""

from collections.abc import Callable
import errno
import os
from pathlib import Path
from threading import Thread
import time

import pytest

from custom_components.panacam import clip_files
from custom_components.panacam.clip_files import ClipFile


def test_name_only_when_whole(tmp_path: Path) -> None:
    """Until then it is hidden; what was begun again is not in it."""
    file = ClipFile(tmp_path)
    file.write(b"broken")
    file.restart()
    file.write(b"whole")
    (part,) = tmp_path.iterdir()
    assert part.name.startswith(".")
    path = file.finish("stage", ".mp4")
    assert [one.name for one in tmp_path.iterdir()] == ["stage.mp4"]
    assert path.read_bytes() == b"whole"


def test_nothing_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gets a number, and there is an end to that; links are no way out either."""
    monkeypatch.setattr(clip_files, "MAX_SAME", 3)
    (tmp_path / "stage.mp4").symlink_to(tmp_path / "elsewhere")
    ClipFile(tmp_path).finish("stage", ".mp4")
    file = ClipFile(tmp_path)
    with pytest.raises(FileExistsError):
        file.finish("stage", ".mp4")
    file.discard()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["stage-2.mp4", "stage.mp4"]
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_left_of_what_failed(tmp_path: Path) -> None:
    """Not even the name that was to be taken."""
    file = ClipFile(tmp_path)
    (part,) = tmp_path.iterdir()
    part.unlink()
    with pytest.raises(FileNotFoundError):
        file.finish("stage", ".mp4")
    file.discard()
    assert list(tmp_path.iterdir()) == []


def test_no_room(tmp_path: Path) -> None:
    """What cannot fit is not begun."""
    file = ClipFile(tmp_path)
    with pytest.raises(OSError, match="No space"):
        file.need(1 << 62)
    file.discard()
    assert list(tmp_path.iterdir()) == []


def refuse(*_: object, **__: object) -> None:
    """Do as a disk does that knows no links."""
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def opened() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def seen(folder: Path) -> list[str]:
    """Return the names that are not hidden."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_no_name_before_the_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks sees nothing empty, not even for a moment."""
    sizes: list[int] = []

    def spied(job: Callable[..., None]) -> Callable[..., None]:
        def spy(*args: object, **kwargs: object) -> None:
            sizes.extend((tmp_path / found).stat().st_size for found in seen(tmp_path))
            job(*args, **kwargs)

        return spy

    for name in ("link", "rename", "unlink", "close"):
        monkeypatch.setattr(os, name, spied(getattr(os, name)))
    file = ClipFile(tmp_path)
    file.write(b"whole")
    file.finish("stage", ".mp4")
    assert sizes
    assert set(sizes) == {5}


def test_disk_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All is as elsewhere: nothing is overwritten, and nothing is left of what failed."""
    monkeypatch.setattr(os, "link", refuse)
    for name in ("stage.mp4", "stage-2.mp4"):
        file = ClipFile(tmp_path)
        file.write(name.encode())
        path = file.finish("stage", ".mp4")
        assert (path.name, path.read_bytes()) == (name, name.encode())
    file = ClipFile(tmp_path)
    (part,) = tmp_path.glob(".*")
    part.unlink()
    with pytest.raises(FileNotFoundError):
        file.finish("stage", ".mp4")
    assert len(list(tmp_path.iterdir())) == 2


def test_other_faults_of_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told, and the hidden file can still be removed."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "link", fail)
    file = ClipFile(tmp_path)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        file.finish("stage", ".mp4")
    monkeypatch.setattr(os, "unlink", fail)
    handles = opened()
    file.discard()
    file.discard()
    assert opened() == handles - 2
    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        ClipFile(tmp_path)


def test_old_parts_are_removed(tmp_path: Path) -> None:
    """What nobody writes any more, of ours only."""
    old = time.time() - clip_files.STALE - 60
    mine, young, other = (f".panacam-{digit * 16}.part" for digit in "012")
    stay = [young, other, ".panacam-0.part", f"x.panacam-{'3' * 16}.part", "clip.mp4"]
    for name in (mine, *stay):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (old, old))
    (tmp_path / young).touch()
    (tmp_path / other).unlink()
    (tmp_path / other).symlink_to(tmp_path / "clip.mp4")
    os.utime(tmp_path / other, (old, old), follow_symlinks=False)
    ClipFile(tmp_path).discard()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stay)


def test_folder_that_becomes_a_link(tmp_path: Path) -> None:
    """Nothing is written where it leads, neither at first nor in the end."""
    folder, away, elsewhere = (tmp_path / name for name in ("folder", "away", "elsewhere"))
    (folder / "clips").mkdir(parents=True)
    (elsewhere / "clips").mkdir(parents=True)
    file = ClipFile(folder / "clips")
    file.write(b"whole")
    folder.rename(away)
    folder.symlink_to(elsewhere)
    file.finish("stage", ".mp4")
    assert (away / "clips" / "stage.mp4").read_bytes() == b"whole"
    for path in (folder / "clips", folder):
        with pytest.raises(NotADirectoryError):
            ClipFile(path)
    assert list((elsewhere / "clips").iterdir()) == []


def test_discarded_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes meanwhile comes to an end first, in no file of anybody else's."""
    written: list[int] = []
    real = os.write

    def slow(handle: int, data: bytes) -> int:
        time.sleep(0.02)
        written.append(handle)
        return real(handle, data[:1])

    monkeypatch.setattr(os, "write", slow)
    file = ClipFile(tmp_path)
    thread = Thread(target=file.write, args=(b"12345",))
    thread.start()
    time.sleep(0.03)
    file.discard()
    assert len(written) == 5
    thread.join()
    assert list(tmp_path.iterdir()) == []
    for late in (lambda: file.write(b"x"), file.restart, lambda: file.finish("stage", ".mp4")):
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            late()
    assert list(tmp_path.iterdir()) == []
