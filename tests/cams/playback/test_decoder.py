"""What is in a clip, read by a process of its own: bombs, stalls, and what it may and sees."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
import io
from pathlib import Path
import resource
import struct
import time

import av
import pytest

from custom_components.panacam.cams.clips import ClipFormat
from custom_components.panacam.cams.playback import decoder as decoder_module, decoding, remuxer
from custom_components.panacam.cams.playback.decoder import (
    decoder,
    feed,
    picture_of,
    process_input,
    taken,
)
from custom_components.panacam.cams.playback.remux import UnplayableError
from custom_components.panacam.cams.playback.remuxer import Remuxer
from custom_components.panacam.cams.playback.thumbnails import MAX_BOXES, Thumbnails
from custom_components.panacam.cams.playback.turn import Turn
from tests.fake_clips import FakeClips, clip, decoders, film


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box of MP4."""
    data = b"".join(parts)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    """Return a box with a version and flags."""
    return box(kind, struct.pack(">I", flags), *parts)


def endless_index(samples: int) -> bytes:
    """Return a small MP4 whose index claims so many samples of equal size, in one chunk."""
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    settings = bytes.fromhex("0142c00bffe100096742c00b8c8d40501201000468ce3c80")
    entry = box(
        b"avc1",
        bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", 320, 240),
        b"\0\x48\0\0" * 2 + bytes(4) + struct.pack(">H", 1) + bytes(32),
        struct.pack(">Hh", 24, -1) + box(b"avcC", settings),
    )
    table = box(
        b"stbl",
        full(b"stsd", struct.pack(">I", 1), entry),
        full(b"stts", struct.pack(">III", 1, samples, 1)),
        full(b"stsc", struct.pack(">IIII", 1, 1, samples, 1)),
        full(b"stsz", struct.pack(">II", 1, samples)),
        full(b"stco", struct.pack(">II", 1, 2000)),
    )
    places = box(b"dinf", full(b"dref", struct.pack(">I", 1), full(b"url ", flags=1)))
    media = box(
        b"mdia",
        full(b"mdhd", struct.pack(">IIIIHH", 0, 0, 1000, 1000, 0, 0)),
        full(b"hdlr", bytes(4) + b"vide" + bytes(13)),
        box(b"minf", full(b"vmhd", bytes(8), flags=1), places, table),
    )
    track = full(
        b"tkhd",
        struct.pack(">IIIII", 0, 0, 1, 0, 1000) + bytes(16),
        matrix + struct.pack(">II", 320 << 16, 240 << 16),
        flags=3,
    )
    head = full(
        b"mvhd",
        struct.pack(">IIIIIH", 0, 0, 1000, 1000, 0x10000, 0x100) + bytes(10),
        matrix + bytes(24) + struct.pack(">I", 2),
    )
    index = box(b"moov", head, box(b"trak", track, media))
    return box(b"ftyp", b"isom\0\0\2\0isom") + index + box(b"mdat", bytes(4000))


def golomb(*values: int) -> str:
    """Return numbers as H.264 writes them, in bits."""
    return "".join("0" * ((value + 1).bit_length() - 1) + f"{value + 1:b}" for value in values)


def unit(kind: int, bits: str) -> bytes:
    """Return a unit of H.264 with its start code."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8)
    for value in (0, 1, 2, 3):
        data = data.replace(bytes([0, 0, value]), bytes([0, 0, 3, value]))
    return bytes([0, 0, 0, 1, kind]) + data


def huge_pictures(side: int) -> bytes:
    """Return a transport stream of pictures that say they have so many pixels each way."""
    blocks = side // 16 - 1
    profile = f"{66:08b}{0:08b}{52:08b}"
    settings = unit(0x67, profile + golomb(0, 0, 2, 1) + "0" + golomb(blocks, blocks) + "1100")
    picture = unit(0x68, golomb(0, 0) + "00" + golomb(0, 0, 0) + "000" + golomb(0, 0, 0) + "000")
    # The head of a picture that stands alone, then blocks that are rubbish.
    slices = unit(0x65, golomb(0, 7, 0) + "0000" + golomb(0) + "00" + golomb(0, 1) + "10" * 4000)
    file = io.BytesIO()
    with av.open(file, "w", "mpegts") as made:
        stream = made.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(25):
            packet = av.Packet(settings + picture + slices)
            packet.stream, packet.time_base = stream, stream.time_base
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            made.mux(packet)
    return file.getvalue()


async def source(data: bytes) -> AsyncGenerator[bytes]:
    """Yield a clip."""
    yield data


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (ClipFormat.MP4, endless_index(80_000_000)),
        (ClipFormat.MP4, endless_index(0xFFFFFFF0)),
        (ClipFormat.AVCHD, huge_pictures(16_000)),
    ],
    ids=["samples", "most", "pixels"],
)
async def test_bombs(kind: ClipFormat, data: bytes) -> None:
    """A few bytes that would fill the memory fill none of Home Assistant's, and end soon."""
    assert len(data) < 50_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()
    assert await picture_of(kind, len(data), {0: data}) is None
    if kind is ClipFormat.AVCHD:
        # Pictures are copied: what they would be is no matter.
        with suppress(UnplayableError):
            assert sum([len(made) async for made in Remuxer().pieces(source(data))]) < 2 * len(data)
    assert time.monotonic() - begun < 12
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32_000
    assert not decoders()
    # In kilobytes; of all processes so far, which begin as copies of this one.
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert children <= max(before, decoding.MEMORY // 1024)


async def test_boxes_without_end() -> None:
    """A head of nothing but empty boxes is not searched to its end."""
    data = (box(b"free") * (MAX_BOXES + 1) + film(ClipFormat.MP4)).ljust(3_000_000, b"\0")
    role = FakeClips({clip(): data})
    assert await Thumbnails(role, Turn(), asyncio.Lock()).get(clip()) is None
    assert role.starts == [0]


async def test_it_sees_and_takes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has no secret of Home Assistant's, and limits."""
    monkeypatch.setenv("SUPERVISOR_TOKEN", "kept away")
    async with decoder("remux") as process:
        assert decoders() == [str(process.pid)]
        await feed(process, film(ClipFormat.AVCHD))
        assert await taken(process)
        place = Path(f"/proc/{process.pid}")
        assert b"kept away" not in place.joinpath("environ").read_bytes()
        limits = {
            line[:26].strip(): line[26:].split()[:2]
            for line in place.joinpath("limits").read_text().splitlines()
        }
    for name, most in (
        ("Max address space", decoding.MEMORY),
        ("Max cpu time", decoding.TIMES["remux"]),
        ("Max file size", 0),
        ("Max core file size", 0),
    ):
        assert limits[name] == [str(most)] * 2
    assert not decoders()


async def test_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it takes too long, when nobody wants it any more, and when it makes too much."""
    data = film(ClipFormat.AVCHD)
    good = await picture_of(ClipFormat.AVCHD, len(data), {0: data})
    assert good
    for name, value in (("PICTURE_TIME", 0.01), ("MAX_PICTURE", len(good) - 1)):
        with monkeypatch.context() as patch:
            patch.setattr(decoder_module, name, value)
            assert await picture_of(ClipFormat.AVCHD, len(data), {0: data}) is None
        assert not decoders()
    task = asyncio.create_task(picture_of(ClipFormat.AVCHD, len(data), {0: data}))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not decoders()


async def test_it_died() -> None:
    """Nothing more is given to a process that has gone, and that is no error."""
    async with decoder("remux") as process:
        process.kill()
        await process.wait()
        while await feed(process, bytes(100_000)):
            pass
        assert await taken(process) == b""
        # Nobody is asked for more either.
        await remuxer._feed(source(b"x" * 9), process)
        assert process_input(process).is_closing()


@pytest.mark.parametrize("task", ["picture", "remux"])
@pytest.mark.parametrize("kind", ClipFormat)
def test_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: ClipFormat, task: str
) -> None:
    """The process's own part, from one file to another."""
    limits: list[int] = []
    monkeypatch.setattr(decoding.resource, "setrlimit", lambda what, _: limits.append(what))
    data = film(kind)
    (tmp_path / "given").write_bytes(data)
    places = [f"0:{len(data) - 1000}", f"{len(data) - 1000}:1000"]
    arguments = [kind.value, str(len(data)), *places] if task == "picture" else ["4.0"]
    with (tmp_path / "given").open("rb") as given, (tmp_path / "made").open("wb") as made:
        if task == "remux" and kind is ClipFormat.MP4:
            with pytest.raises(SystemExit):
                decoding.main([task, *arguments], given.fileno(), made.fileno())
            return
        decoding.main([task, *arguments], given.fileno(), made.fileno())
    made_bytes = (tmp_path / "made").read_bytes()
    assert made_bytes[:2] == b"\xff\xd8" if task == "picture" else made_bytes[4:8] == b"ftyp"
    assert resource.RLIMIT_AS in limits
