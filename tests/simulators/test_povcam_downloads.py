"""Downloads from the simulated recorder: real films, whole and broken (10.3)."""

import asyncio
from collections.abc import AsyncIterator
import io
from typing import override

import aiohttp
import av
import pytest

from tests.simulators.povcam import Auth, PovcamSimulator
from tests.simulators.povcam.clip_faults import DownloadFault
from tests.simulators.povcam.films import (
    M2TS_PACKET,
    ClipFormat,
    Content,
    Film,
    band_luma,
)
from tests.simulators.povcam_client import get, status

FOUR_GIGABYTES = 4_000_000_000


class Reader(io.RawIOBase):
    """A clip's bytes as a file."""

    def __init__(self, content: Content) -> None:
        """Begin at the front."""
        super().__init__()
        self._content = content
        self._at = 0

    @override
    def read(self, size: int = -1, /) -> bytes:
        piece = self._content.read(self._at, size if size >= 0 else 65536)
        self._at += len(piece)
        return piece

    @override
    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = offset + (0, self._at, self._content.size)[whence]
        return self._at

    @override
    def tell(self) -> int:
        return self._at

    @override
    def seekable(self) -> bool:
        return True

    @override
    def readable(self) -> bool:
        return True


@pytest.fixture
async def recorder(socket_enabled: None) -> AsyncIterator[PovcamSimulator]:
    """Give a recorder with a clip of each format, by the real clock."""
    async with PovcamSimulator(auth=Auth.NONE) as sim:
        sim.camera.clips.add("sd1", ClipFormat.MP4, length=2, variant=3)
        sim.camera.clips.add("sd1", ClipFormat.AVCHD, length=2, variant=5)
        yield sim


def asked(sim: PovcamSimulator, kind: ClipFormat = ClipFormat.MP4) -> dict[str, str]:
    """Give the parameters that ask for the first clip."""
    list_id, given = sim.camera.clips.listing("sd1", kind)
    return {"filename": given.clips[0].name, "list_id": str(list_id)}


async def download(
    client: aiohttp.ClientSession,
    sim: PovcamSimulator,
    kind: ClipFormat = ClipFormat.MP4,
    **headers: str,
) -> tuple[aiohttp.ClientResponse, bytes]:
    """Give response and bytes of the first clip."""
    url = f"{sim.url}/cgi-bin/get_clip_file"
    async with client.get(url, params=asked(sim, kind), headers=headers) as response:
        return response, await response.read()


async def free(sim: PovcamSimulator) -> None:
    """Wait until the camera has noticed that its client is gone."""
    async with asyncio.timeout(2):
        while sim.camera.download:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


def boxes(data: bytes) -> list[bytes]:
    """Give the kinds of the boxes at the top of an MP4."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        found.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at + 8 : at + 16]) if size == 1 else size
    return found


async def test_mp4(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """A whole MP4 under its own name: H.264 High, AAC, the index at the end."""
    response, data = await download(client, recorder)
    assert response.status == 200
    assert response.content_length == len(data)
    assert response.headers["Content-Disposition"] == 'attachment; filename="S0M40010000001A0"'
    kinds = boxes(data)
    assert (kinds[0], kinds[-1], kinds.index(b"mdat") < kinds.index(b"moov")) == (
        b"ftyp",
        b"moov",
        True,
    )
    with av.open(io.BytesIO(data), "r") as film:
        video, sound = film.streams.video[0], film.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.profile) == ("h264", "High")
        assert (sound.codec_context.name, sound.rate, sound.channels) == ("aac", 48000, 2)
        frames = list(film.decode(video=0))
    assert len(frames) == 60
    assert frames[0].to_ndarray(format="gray")[170, 5] == pytest.approx(band_luma(3), abs=25)


async def test_avchd(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """A whole MTS of 192-byte packets: H.264 High with B frames, AC-3."""
    response, data = await download(client, recorder, ClipFormat.AVCHD)
    assert response.headers["Content-Disposition"] == 'attachment; filename="S0AA001000000160"'
    assert len(data) % M2TS_PACKET == 0
    assert set(data[4::M2TS_PACKET]) == {0x47}
    codes = [
        int.from_bytes(data[at : at + 4]) & 0x3FFFFFFF for at in range(0, len(data), M2TS_PACKET)
    ]
    assert codes == sorted(codes)
    assert codes[-1] > codes[0]
    with av.open(io.BytesIO(data), "r") as film:
        assert film.streams.video[0].codec_context.profile == "High"
        assert film.streams.audio[0].codec_context.name == "ac3"
        assert film.streams.audio[0].channels == 2
        frames = list(film.decode(video=0))
    assert len(frames) == 60
    assert {frame.pict_type for frame in frames} >= {
        av.video.frame.PictureType.I,
        av.video.frame.PictureType.B,
    }


def test_variants_can_be_told_apart() -> None:
    """Each of the ten films has its grey; films are the same bytes each time."""
    greys = []
    for variant in range(10):
        film = Film(format=ClipFormat.AVCHD, variant=variant, seconds=1)
        assert film.content().head == film.content().head
        with av.open(Reader(film.content()), "r") as opened:
            greys.append(int(next(opened.decode(video=0)).to_ndarray()[170, 5]))
    assert greys == [pytest.approx(band_luma(variant), abs=4) for variant in range(10)]


@pytest.mark.parametrize("front", [False, True])
def test_index_at_either_end(front: bool) -> None:
    """An MP4 of 4 GB, with its index at the front or at the end, opens and plays."""
    film = Film(format=ClipFormat.MP4, seconds=1, front=front, size=FOUR_GIGABYTES)
    content = film.content()
    assert content.size == FOUR_GIGABYTES
    with av.open(Reader(content), "r") as opened:
        assert len(list(opened.decode(video=0))) == 30
    kinds = boxes(content.head)
    assert (b"moov" in kinds) is front
    assert content.tail[4:8] == (b"" if front else b"moov")


def test_transport_stream_of_4_gigabytes() -> None:
    """Null packets make it longer, each with its time code."""
    film = Film(format=ClipFormat.AVCHD, seconds=1, size=FOUR_GIGABYTES)
    content = film.content()
    assert FOUR_GIGABYTES - M2TS_PACKET < content.size <= FOUR_GIGABYTES
    assert content.size % M2TS_PACKET == 0
    packet = content.read(content.size - M2TS_PACKET, 1000)
    assert (len(packet), packet[4:8]) == (M2TS_PACKET, b"\x47\x1f\xff\x10")


def test_content_at_every_place() -> None:
    """Reading in any pieces gives the same bytes."""
    content = Content(b"head", b"abc", 8, b"tail!")
    whole = b"headabcabcabtail!"
    assert content.size == len(whole)
    for size in range(1, len(whole) + 1):
        for start in range(len(whole) + 2):
            got = b""
            while piece := content.read(start + len(got), size):
                got += piece
            assert got == whole[start:]


def test_too_small_to_be_padded() -> None:
    """A film that is as long as it shall be stays as it is."""
    film = Film(format=ClipFormat.MP4, seconds=1, size=100)
    assert film.content().size == Film(format=ClipFormat.MP4, seconds=1).content().size


async def test_refusals(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """Both parameters must be there; a stale list, another name, a pulled card are refused."""
    good = asked(recorder)
    assert await status(client, recorder, "get_clip_file", filename=good["filename"]) == 403
    assert await status(client, recorder, "get_clip_file", list_id=good["list_id"]) == 403
    other = good | {"filename": "S0M40010000009A0"}
    assert await status(client, recorder, "get_clip_file", **other) == 500
    avchd = asked(recorder, ClipFormat.AVCHD)
    mixed = good | {"filename": avchd["filename"]}
    assert await status(client, recorder, "get_clip_file", **mixed) == 500
    recorder.camera.clips.add("sd1", ClipFormat.AVCHD)
    assert await status(client, recorder, "get_clip_file", **good) == 500
    good = asked(recorder)
    recorder.camera.pull_card("sd1")
    assert await status(client, recorder, "get_clip_file", **good) == 500
    recorder.camera.insert_card("sd1")
    assert (await get(client, recorder, "sdcard", cmd="format"))[1] == {"ErrorNo": "0"}
    assert await status(client, recorder, "get_clip_file", **asked(recorder)) == 500


async def test_names_by_their_bytes(
    client: aiohttp.ClientSession, recorder: PovcamSimulator
) -> None:
    """A name is asked for as it was told, whatever its bytes are."""
    recorder.camera.clips.clear("sd1")
    recorder.camera.clips.add("sd1", ClipFormat.MP4, name="\udc98^\udc89\udce6 +&", length=1)
    list_id, _ = recorder.camera.clips.listing("sd1", ClipFormat.MP4)
    for name, expected in (("%98%5E%89%E6%20%2B%26", 200), ("%98%5E%89%E6", 500)):
        query = f"filename={name}&list_id={list_id}"
        url = aiohttp.client.URL(f"{recorder.url}/cgi-bin/get_clip_file?{query}", encoded=True)
        async with client.get(url) as response:
            assert response.status == expected


async def test_one_at_a_time(client: aiohttp.ClientSession) -> None:
    """While there is one, get_state tells it, others are turned away, no card is formatted."""
    async with PovcamSimulator(auth=Auth.NONE, throughput=50_000) as sim:
        sim.camera.clips.add("sd1", ClipFormat.MP4, length=2)
        url = f"{sim.url}/cgi-bin/get_clip_file"
        async with client.get(url, params=asked(sim)) as response:
            assert response.status == 200
            assert (await get(client, sim, "get_state"))[1]["download"] == "on"
            assert await status(client, sim, "get_clip_file", **asked(sim)) == 503
            list_id = asked(sim)["list_id"]
            assert await status(client, sim, "del_clip_file", fileno=1, list_id=list_id) == 500
            assert (await get(client, sim, "sdcard", cmd="format"))[1] == {"ErrorNo": "3"}
        await free(sim)
        assert (await get(client, sim, "get_state"))[1]["download"] == "off"


async def test_second_download_may_be_refused(client: aiohttp.ClientSession) -> None:
    """Which status it meets is an option."""
    async with PovcamSimulator(auth=Auth.NONE, throughput=50_000, second_download=500) as sim:
        sim.camera.clips.add("sd1", ClipFormat.MP4, length=2)
        url = f"{sim.url}/cgi-bin/get_clip_file"
        async with client.get(url, params=asked(sim)) as response:
            assert response.status == 200
            assert await status(client, sim, "get_clip_file", **asked(sim)) == 500


async def test_throughput(client: aiohttp.ClientSession) -> None:
    """A slow camera takes its time."""
    async with PovcamSimulator(auth=Auth.NONE, throughput=200_000) as sim:
        size = sim.camera.clips.add("sd1", ClipFormat.AVCHD, length=1).film.content().size
        loop = asyncio.get_running_loop()
        began = loop.time()
        _, data = await download(client, sim, ClipFormat.AVCHD)
        assert len(data) == size
        assert loop.time() - began >= size / 200_000 * 0.8


async def test_ranges(client: aiohttp.ClientSession) -> None:
    """A camera that knows ranges answers 206; the others send all."""
    async with PovcamSimulator(auth=Auth.NONE, ranges=True) as sim:
        sim.camera.clips.add("sd1", ClipFormat.MP4, length=1)
        response, whole = await download(client, sim)
        assert response.headers["Accept-Ranges"] == "bytes"
        size = len(whole)
        for asked_for, part in (
            ("bytes=100-", whole[100:]),
            ("bytes=100-199", whole[100:200]),
            (f"bytes={size - 1}-", whole[-1:]),
            (f"bytes=5-{size * 2}", whole[5:]),
        ):
            response, data = await download(client, sim, Range=asked_for)
            start = int(asked_for.partition("=")[2].partition("-")[0])
            said = f"bytes {start}-{start + len(part) - 1}/{size}"
            assert (response.status, response.headers["Content-Range"]) == (206, said)
            assert data == part
        for asked_for in (f"bytes={size}-", "bytes=9-8"):
            response, _ = await download(client, sim, Range=asked_for)
            assert (response.status, response.headers["Content-Range"]) == (416, f"bytes */{size}")
        for asked_for in ("bytes=-5", "bytes=0-1,3-4", "lines=1-2"):
            assert (await download(client, sim, Range=asked_for))[0].status == 200


async def test_no_ranges(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """By itself the camera takes no notice of them."""
    response, data = await download(client, recorder, Range="bytes=100-")
    assert (response.status, len(data)) == (200, response.content_length)
    assert "Accept-Ranges" not in response.headers


async def test_lengths_that_lie(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """Content-Length larger, missing, or nothing."""
    _, whole = await download(client, recorder)
    recorder.camera.clip_faults.downloads(DownloadFault.LARGER, times=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await download(client, recorder)
    for fault, length, data in (
        (DownloadFault.CHUNKED, None, whole),
        (DownloadFault.NO_LENGTH, None, whole),
        (DownloadFault.EMPTY, 0, b""),
    ):
        recorder.camera.clip_faults.downloads(fault, times=1)
        response, got = await download(client, recorder)
        assert (response.content_length, got == data) == (length, True), fault
    assert (await download(client, recorder))[1] == whole


async def test_smaller_sends_all(recorder: PovcamSimulator) -> None:
    """Behind a length that is too small the rest of the clip follows on the wire."""
    recorder.camera.clip_faults.downloads(DownloadFault.SMALLER)
    size = recorder.camera.clips.of("sd1", ClipFormat.MP4)[0].film.content().size
    reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
    query = "&".join(f"{key}={value}" for key, value in asked(recorder).items())
    writer.write(f"GET /cgi-bin/get_clip_file?{query} HTTP/1.1\r\nHost: camera\r\n\r\n".encode())
    async with asyncio.timeout(5):
        head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert f"Content-Length: {size // 2}".encode() in head
    assert len(rest) == size


async def test_name_with_path_parts(
    client: aiohttp.ClientSession, recorder: PovcamSimulator
) -> None:
    """Content-Disposition may lie as well."""
    recorder.camera.clip_faults.downloads(DownloadFault.BAD_NAME)
    response, _ = await download(client, recorder)
    assert response.headers["Content-Disposition"] == 'attachment; filename="../../evil.sh"'


async def test_cut_then_right(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """The connection closes in the middle; the next download is whole."""
    recorder.camera.clip_faults.downloads(DownloadFault.CUT, times=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await download(client, recorder)
    _, data = await download(client, recorder)
    assert len(data) == recorder.camera.clips.of("sd1", ClipFormat.MP4)[0].film.content().size


async def test_stall(client: aiohttp.ClientSession, recorder: PovcamSimulator) -> None:
    """Half of it comes, then nothing; hanging up frees the camera."""
    recorder.camera.clip_faults.downloads(DownloadFault.STALL, times=1)
    url = f"{recorder.url}/cgi-bin/get_clip_file"
    async with client.get(url, params=asked(recorder)) as response:
        assert response.content_length is not None
        await response.content.readexactly(response.content_length // 2)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await response.content.read(1)
        assert recorder.camera.download
    await free(recorder)


@pytest.mark.parametrize("ending", ["pull", "reboot"])
async def test_ends_in_the_middle(client: aiohttp.ClientSession, ending: str) -> None:
    """A pulled card and a restart break off the download."""
    async with PovcamSimulator(auth=Auth.NONE, throughput=100_000) as sim:
        sim.camera.clips.add("sd1", ClipFormat.AVCHD, length=4)
        url = f"{sim.url}/cgi-bin/get_clip_file"
        async with client.get(url, params=asked(sim, ClipFormat.AVCHD)) as response:
            await response.content.readany()
            if ending == "pull":
                sim.camera.pull_card("sd1")
            else:
                await sim.reboot(0)
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
        assert not sim.camera.download


async def test_a_gigabyte_takes_no_memory(
    client: aiohttp.ClientSession, recorder: PovcamSimulator
) -> None:
    """A large clip streams; the client may leave whenever it wants."""
    recorder.camera.clips.clear("sd1")
    recorder.camera.clips.add("sd1", ClipFormat.MP4, size=FOUR_GIGABYTES, length=1)
    url = f"{recorder.url}/cgi-bin/get_clip_file"
    got = 0
    async with client.get(url, params=asked(recorder)) as response:
        assert response.content_length == FOUR_GIGABYTES
        async for piece in response.content.iter_any():
            got += len(piece)
            if got > 20_000_000:
                break
    await free(recorder)
