"""What cameras may answer to a request for a clip: headers that promise, and bytes that do not."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.clips import Clip, ClipFormat
from custom_components.panacam.cams.errors import (
    CameraError,
    ConnectError,
    ProtocolError,
    Reason,
)
from custom_components.panacam.cams.povcam import clip_content, clip_transfer
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.clip_content import Content
from custom_components.panacam.cams.povcam.clips import PovcamClips
from tests.cams.support import Heard, Peer, http_of, response

CLIP = Clip(slot="sd1", format=ClipFormat.MP4, name="S0M40010000001A0")
PAGE = "1,S0M40010000001A0,,\r\nClipfileNum=1\r\nClipfileALLNum=1\r\nlist_id=5\r\n"
STATE = response(200, "rec=off\r\nsd_insert=on\r\n")


def sending(clip: bytes) -> Peer:
    """Return a camera with one clip that answers a request for it like this, then hangs up."""

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if "/get_clip_file" in heard.target:
            writer.write(clip)
            await writer.drain()
            writer.close()
        elif "/get_clip_list" in heard.target:
            writer.write(response(200, PAGE))
        else:
            writer.write(STATE)

    return Peer(answer)


def head(status: int, *headers: str) -> bytes:
    """Return the head of an answer."""
    return "\r\n".join((f"HTTP/1.1 {status} Status", *headers, "", "")).encode()


VIDEO = "Content-Type: video/mp4"


def box(kind: str, body: bytes = b"") -> bytes:
    """Return a box of an MP4."""
    return (8 + len(body)).to_bytes(4) + kind.encode() + body


def large_box(kind: str, body: bytes) -> bytes:
    """Return one whose size has 64 bits."""
    return b"\0\0\0\1" + kind.encode() + (16 + len(body)).to_bytes(8) + body


FILM = b"".join(
    (
        box("ftyp", b"mp42\0\0\0\0mp42"),
        large_box("mdat", bytes(300)),
        box("moov", box("mvhd", bytes(100))),
    )
)
PACKET = b"\x47\x1f\xff\x10" + b"\xff" * 184
AVCHD = (bytes(4) + PACKET) * 3
LONG = len(FILM)


@pytest.mark.parametrize(
    ("answer", "start", "told"),
    [
        (head(200, VIDEO, f"Content-Length: {LONG}") + FILM, 0, (0, LONG, FILM)),
        (head(200, VIDEO, f"Content-Length: {LONG}") + FILM, 3, (0, LONG, FILM)),
        (head(200, VIDEO) + FILM, 0, (0, None, FILM)),
        (
            head(206, VIDEO, "Content-Range: bytes 3-4/5", "Content-Length: 2") + b"34",
            3,
            (3, 5, b"34"),
        ),
        (head(206, "content-range:BYTES 3-4/*", "Content-Length: 2") + b"34", 3, (3, None, b"34")),
        (
            head(200, "Content-Encoding: Identity", f"Content-Length: {LONG}") + FILM,
            0,
            (0, LONG, FILM),
        ),
    ],
    ids=count(),
)
async def test_told(
    session: ClientSession, answer: bytes, start: int, told: tuple[int, int | None, bytes]
) -> None:
    """Where it begins, how large the whole is, and what comes."""
    async with sending(answer) as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        async with clips.download(CLIP, start=start) as download:
            data = b"".join([piece async for piece in download.pieces])
            assert (download.start, download.size, data) == told
        (heard,) = (one for one in peer.heard if "/get_clip_file" in one.target)
        assert heard.header("range") == (f"bytes={start}-" if start else None)
        assert heard.header("accept-encoding") == "identity"


@pytest.mark.parametrize(
    ("answer", "start", "reason"),
    [
        (head(206, VIDEO, "Content-Length: 2") + b"34", 3, Reason.UNEXPECTED_REPLY),
        (head(206, "Content-Range: bytes 2-4/5") + b"234", 3, Reason.UNEXPECTED_REPLY),
        (head(206, "Content-Range: bytes 3-2/5") + b"34", 3, Reason.UNEXPECTED_REPLY),
        (head(206, "Content-Range: bytes 3-3/5") + b"3", 3, Reason.UNEXPECTED_REPLY),
        (head(206, "Content-Range: lines 3-4/5") + b"34", 3, Reason.UNEXPECTED_REPLY),
        (head(206, "Content-Range: bytes 3-4/5") + b"3", 3, Reason.CUT),
        (head(206, "Content-Range: bytes 3-4/5") + b"345", 3, Reason.UNEXPECTED_REPLY),
        (head(200, VIDEO, f"Content-Length: {LONG + 1}") + FILM, 0, Reason.CUT),
        (head(200, "Content-Length: 0"), 0, Reason.UNEXPECTED_REPLY),
        (head(200, VIDEO, "Connection: close"), 0, Reason.CUT),
        (head(200, "Content-Length: 11") + b"ErrorNo=3\r\n", 0, Reason.UNEXPECTED_REPLY),
        (head(200, "Connection: close") + b"ErrorNo=3\r\n", 3, Reason.UNEXPECTED_REPLY),
        (head(200, VIDEO, "Connection: close") + FILM[:-200], 0, Reason.CUT),
        (head(200, VIDEO, "Content-Length: 576") + AVCHD, 0, Reason.UNEXPECTED_REPLY),
        (head(200, "Content-Encoding: gzip", "Content-Length: 4") + b"0123", 0, None),
        (head(200, "Content-Type: text/html; x", "Content-Length: 4") + b"0123", 0, None),
        (head(204), 0, Reason.UNEXPECTED_REPLY),
        (head(416, "Content-Length: 0"), 3, Reason.OUT_OF_RANGE),
        (head(404, "Content-Length: 0"), 0, Reason.UNSUPPORTED),
        (head(500, "Content-Length: 0"), 0, Reason.REFUSED),
        (head(302, "Location: http://192.0.2.9/", "Content-Length: 0"), 0, Reason.REDIRECTED),
        (head(401, "Content-Length: 0"), 0, Reason.WRONG_CREDENTIALS),
        (b"\x00\xff rubbish\r\n\r\n", 0, Reason.NOT_HTTP),
        (b"", 0, Reason.CUT),
    ],
    ids=count(),
)
async def test_broken(
    session: ClientSession, answer: bytes, start: int, reason: Reason | None
) -> None:
    """Nothing is taken for a clip that is none, or not the part that was asked for."""
    async with sending(answer) as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)

        async def take() -> None:
            async with clips.download(CLIP, start=start) as download:
                async for _ in download.pieces:
                    pass

        with pytest.raises(CameraError) as caught:
            await take()
        assert caught.value.reason is (reason or Reason.UNEXPECTED_REPLY)


async def test_what_the_taker_raises(session: ClientSession) -> None:
    """It comes through, and the next download can begin."""
    answer = head(200, VIDEO, f"Content-Length: {LONG}") + FILM
    async with sending(answer) as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)

        async def fail() -> None:
            async with clips.download(CLIP):
                raise KeyError

        for _ in range(2):
            with pytest.raises(KeyError):
                await fail()


async def exhaust(pieces: AsyncIterator[bytes]) -> None:
    """Take all that comes."""
    async for _ in pieces:
        pass


async def test_slow_drip(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that come for ever and one by one are no clip; who takes them may be slow."""
    monkeypatch.setattr(clip_transfer, "SPAN", 0.2)
    dripped = 0

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        nonlocal dripped
        if "/get_clip_file" not in heard.target:
            writer.write(response(200, PAGE) if "/get_clip_list" in heard.target else STATE)
            return
        writer.write(head(200, VIDEO, "Content-Length: 4000000000") + FILM)
        while True:
            writer.write(b"x")
            await writer.drain()
            dripped += 1
            await asyncio.sleep(0.01)

    async with Peer(answer) as peer, asyncio.timeout(5):
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        async with clips.download(CLIP) as download:
            assert (await anext(download.pieces)).startswith(FILM)
            with pytest.raises(ConnectError) as caught:
                await exhaust(download.pieces)
        assert caught.value.reason is Reason.TIMEOUT
        assert 3 < dripped < 100


async def test_slow_taker(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who pauses between pieces is not the camera's fault."""
    monkeypatch.setattr(clip_transfer, "SPAN", 0.2)
    monkeypatch.setattr(clip_transfer, "LEAST", 1 << 30)
    body = FILM + large_box("free", bytes(200_000))
    async with sending(head(200, VIDEO) + body) as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        taken = 0
        async with clips.download(CLIP) as download:
            async for piece in download.pieces:
                taken += len(piece)
                await asyncio.sleep(0.1)
        assert taken == len(body)


FRAGMENTS = FILM + box("moof", bytes(20)) + box("mdat")
TO_THE_END = FILM + b"\0\0\0\0mdat" + bytes(500)


@pytest.mark.parametrize(
    ("kind", "film", "ends"),
    [
        (ClipFormat.MP4, FILM, {LONG}),
        (ClipFormat.MP4, FRAGMENTS, {LONG, LONG + 28, LONG + 36}),
        (ClipFormat.MP4, TO_THE_END, {LONG, *range(LONG + 8, LONG + 509)}),
        (ClipFormat.MP4, FILM + b"\0\0\0\7free" + FILM, {LONG}),
        (ClipFormat.AVCHD, AVCHD, {384, 576}),
        (ClipFormat.AVCHD, PACKET * 4, {376, 564, 752}),
    ],
    ids=count(),
)
def test_ends(kind: ClipFormat, film: bytes, ends: set[int]) -> None:
    """A film is whole where its shape says so, and nowhere else; however it was split."""
    for stop in range(1, len(film) + 1):
        for step in (1, 13, 1000):
            content, got = Content(kind, "name"), b""
            try:
                for at in range(0, stop, step):
                    got += content.feed(film[at : min(at + step, stop)])
                got += content.rest()
                content.check_whole()
            except ConnectError:
                assert stop not in ends
            except ProtocolError:
                assert stop < 197
            else:
                assert stop in ends
                assert got == film[:stop]


@pytest.mark.parametrize("kind", ClipFormat)
def test_rubbish_is_no_clip(kind: ClipFormat) -> None:
    """Nothing of it goes on."""
    for rubbish in (b"ErrorNo=3\r\n", b"<html>" + bytes(400), bytes(400), b"\x47" + bytes(400)):
        content = Content(kind, "name")

        def take(content: Content = content, rubbish: bytes = rubbish) -> bytes:
            return content.feed(rubbish) + content.rest()

        with pytest.raises(ProtocolError):
            take()


def test_no_end_of_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What consists of nothing but heads is given up, and costs nothing more."""
    monkeypatch.setattr(clip_content, "MAX_BOXES", 40)
    content = Content(ClipFormat.MP4, "name")
    content.feed(FILM + box("free") * 37)
    content.check_whole()
    content.feed(box("free"))
    with pytest.raises(ConnectError):
        content.check_whole()
