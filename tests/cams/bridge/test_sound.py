"""Sounds are decoded as they are listened to, from the web alone, and let go of at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
import threading
import time

import numpy as np
import pytest

from custom_components.panacam.cams.bridge import sound
from custom_components.panacam.cams.bridge.sound import decoded
from custom_components.panacam.cams.errors import CameraError, Reason
from tests.conftest import until
from tests.simulators.mo import purity
from tests.sounds import TONE, encoded, served, tone

RATE = 8000
pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture(autouse=True)
async def _no_thread_left() -> AsyncIterator[None]:
    """Fail when the thread of a test lives on."""
    yield
    assert not threads()


def threads() -> list[str]:
    """Return the threads that decode."""
    return [item.name for item in threading.enumerate() if item.name == "panacam sound"]


async def all_of(url: str, rate: int = RATE) -> bytes:
    """Listen to the end."""
    async with decoded(url, rate) as pieces:
        return b"".join([piece async for piece in pieces])


def samples(data: bytes) -> list[int]:
    """Return what a loudspeaker plays."""
    return [int(item) for item in np.frombuffer(data, "<i2")]


def with_cover(song: bytes) -> bytes:
    """Return an MP3 file with a large tag before its sound (ID3v2.3)."""
    size = 400_000
    digits = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + digits + bytes(size) + song


@pytest.mark.parametrize(
    "make",
    [
        lambda: tone(1.0),
        lambda: tone(1.0, rate=8000, channels=1),
        lambda: encoded(1.0, "mp3", "mp3"),
        lambda: encoded(1.0, "flac", "flac"),
        lambda: encoded(1.0, "mp4", "aac"),
        lambda: encoded(1.0, "ogg", "libopus", 48_000),
        lambda: with_cover(encoded(1.0, "mp3", "mp3")),
    ],
    ids=["wav", "8 kHz", "mp3", "flac", "m4a", "ogg", "with a cover"],
)
async def test_formats(make: Callable[[], bytes]) -> None:
    """Whatever the format, rate and channels: one second of the same tone."""
    async with served({"sound": make()}) as url:
        heard = samples(await all_of(f"{url}/sound"))
    assert abs(len(heard) - RATE) < RATE * 0.15
    assert purity(heard, TONE) > 0.99


async def test_pieces() -> None:
    """They come in tenths of a second, the last one shorter."""
    async with served({"sound": tone(0.95)}) as url, decoded(f"{url}/sound", RATE) as pieces:
        sizes = [len(piece) async for piece in pieces]
    assert set(sizes[:-1]) == {RATE // 10 * 2}
    assert 0 < sizes[-1] <= RATE // 10 * 2


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sound.wav",
        "/etc/passwd",
        "file:///etc/passwd",
        "rtsp://127.0.0.1/x",
        "concat:http://127.0.0.1/a",
        "http://[",
        "media-source://x",
    ],
)
async def test_only_the_web(url: str) -> None:
    """Nothing of this machine, and no other protocol."""
    with pytest.raises(CameraError) as caught:
        await all_of(url)
    assert caught.value.reason is Reason.UNPLAYABLE


@pytest.mark.parametrize("name", ["missing", "page", "empty", "silent", "away", "list", "video"])
async def test_what_is_no_sound(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It is said without the address, which may have a token in it."""
    path = tmp_path_factory.mktemp("secret") / "own.wav"
    path.write_bytes(tone(0.5))
    files: dict[str, bytes | str] = {
        "page": b"<html><body>Not found</body></html>" * 100,
        "empty": b"",
        "silent": tone(0.0),
        "away": f"file://{path}",
        "list": f"#EXTM3U\n#EXTINF:10,\nfile://{path}\n".encode(),
        "video": b"\x00\x00\x01\xba" * 100,
    }
    async with served(files) as url:
        with pytest.raises(CameraError) as caught:
            await all_of(f"{url}/{name}?token=s3cret")
    assert caught.value.reason is Reason.UNPLAYABLE
    error: BaseException | None = caught.value
    while error is not None:
        assert "s3cret" not in str(error)
        assert "127.0.0.1" not in str(error)
        error = error.__cause__ or error.__context__


async def test_redirect_on_the_web() -> None:
    """A server may send one to another."""
    async with served({"sound": tone(0.5)}) as there, served({"go": f"{there}/sound"}) as url:
        assert await all_of(f"{url}/go")


async def test_nobody_answers() -> None:
    """A server that is not there is no sound either."""
    async with served({}) as url:
        pass
    with pytest.raises(CameraError, match="unplayable"):
        await all_of(f"{url}/sound")


async def test_who_listens_sets_the_pace() -> None:
    """Not much is decoded before it is listened to, and nothing is lost."""
    async with (
        served({"sound": tone(5.0, rate=8000)}) as url,
        decoded(f"{url}/sound", RATE) as pieces,
    ):
        await anext(aiter(pieces))
        await asyncio.sleep(0.3)
        decoding = pieces.ag_frame.f_locals["self"]  # type: ignore[attr-defined]
        assert decoding._items.qsize() <= sound.AHEAD
        count = 1 + len([piece async for piece in pieces])
    assert count == 50


async def test_given_up_in_the_middle() -> None:
    """Who stops listening waits for nobody."""
    async with served({}) as url, decoded(f"{url}/endless.wav", RATE) as pieces:
        await anext(aiter(pieces))
    assert not threads()


@pytest.mark.parametrize("listening", [True, False])
async def test_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch, listening: bool) -> None:
    """It is given up after a while; who is cancelled meanwhile does not wait that long."""
    monkeypatch.setattr(sound, "READ_TIMEOUT", 0.5 if listening else 2.0)
    monkeypatch.setattr(sound, "_JOIN", 0.1)
    async with served({}) as url:
        if listening:
            with pytest.raises(CameraError, match="unplayable"):
                await all_of(f"{url}/stall.wav")
        else:
            listener = asyncio.create_task(all_of(f"{url}/stall.wav"))
            await asyncio.sleep(0.3)
            begun = time.monotonic()
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
            assert time.monotonic() - begun < 1.5
    await until(lambda: not threads())


async def test_sound_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends after a while all the same."""
    monkeypatch.setattr(sound, "LONGEST", 2.0)
    async with served({}) as url:
        assert len(await all_of(f"{url}/endless.wav")) == 2 * RATE * 2


async def test_file_cut_short() -> None:
    """What there is of it is heard."""
    whole = encoded(2.0, "mp3", "mp3")
    async with served({"sound": whole[: len(whole) // 2]}) as url:
        assert len(await all_of(f"{url}/sound")) > RATE


async def test_broken_packets() -> None:
    """A few are skipped; nothing but them is no sound."""
    whole = bytearray(encoded(2.0, "mp3", "mp3"))
    middle = len(whole) // 2
    whole[middle : middle + 200] = b"\x55" * 200
    async with served({"sound": bytes(whole)}) as url:
        assert len(await all_of(f"{url}/sound")) > RATE
