"""Clips by HTTP, over real sockets: ranges, downloads, AVCHD remuxed, and what may go wrong."""

import asyncio
from base64 import urlsafe_b64encode
from contextlib import suppress
from http import HTTPStatus
import io
import os
import tracemalloc
from typing import Any

from aiohttp import ClientError
from aiohttp.test_utils import TestClient
import av
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam import media_clips, media_reply, media_view
from custom_components.panacam.cams.clips import Clip, ClipFormat
from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.playback import flow, remuxer, shelf, spool
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.media_range import Wanted, wanted_range
from tests.conftest import until
from tests.fake_clips import FakeClips, clip, decoders, film, recorder
from tests.fake_roles import set_up
from tests.simulators.povcam import PovcamSimulator
from tests.simulators.povcam.films import ClipFormat as FilmFormat

DATA = os.urandom(1024 * 1024) * 2
SIZE = len(DATA)
MP4, AVCHD = clip("M"), clip("A", ClipFormat.AVCHD)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "WAIT", 0.0)
    monkeypatch.setattr(spool, "TICK", 0.05)
    monkeypatch.setattr(spool, "MAX_TICKS", 1200)


@pytest.fixture
async def client(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> TestClient[Any, Any]:
    """Ask as somebody who is logged in."""
    assert await async_setup_component(hass, DOMAIN, {})
    client: TestClient[Any, Any] = await hass_client()
    return client


async def served(
    hass: HomeAssistant, contents: dict[Clip, bytes] | None = None
) -> tuple[MockConfigEntry, FakeClips]:
    """Set a recorder up that has clips."""
    device, role = recorder({MP4: DATA, AVCHD: film(ClipFormat.AVCHD)} | (contents or {}))
    return await set_up(hass, device, title="UMR20"), role


def address(entry: MockConfigEntry, one: Clip = MP4, *, download: bool = False) -> str:
    """Return where a clip is."""
    url = media_view.clip_url(entry.entry_id, one)
    return f"{url}?download=1" if download else url


@pytest.mark.parametrize("ranged", [True, False])
@pytest.mark.parametrize("download", [True, False])
async def test_ranges(
    hass: HomeAssistant, client: TestClient[Any, Any], ranged: bool, download: bool
) -> None:
    """All, and each kind of range, whether or not the camera has any."""
    entry, role = await served(hass)
    role.ranged = ranged
    url = address(entry, download=download)
    async with client.get(url) as reply:
        assert reply.status == HTTPStatus.OK
        assert reply.headers["Content-Type"] == "video/mp4"
        assert reply.content_length == SIZE
        assert await reply.read() == DATA
    for given, start, stop in (
        ("bytes=0-", 0, SIZE),
        ("bytes=0-1", 0, 2),
        ("bytes=70000-1999999", 70_000, 2_000_000),
        (f"bytes={SIZE - 1}-{SIZE + 99}", SIZE - 1, SIZE),
    ):
        async with client.get(url, headers={"Range": given}) as reply:
            assert reply.status == HTTPStatus.PARTIAL_CONTENT
            assert reply.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
            assert reply.content_length == stop - start
            assert await reply.read() == DATA[start:stop]
    for given in ("bytes=5-2", "lines=0-1", "bytes=0-1,5-6", "bytes=x-", "bytes=-", "bytes=-0"):
        async with client.get(url, headers={"Range": given}) as reply:
            assert reply.status == HTTPStatus.OK
            assert len(await reply.read()) == SIZE
    async with client.head(url) as reply:
        assert reply.status == HTTPStatus.OK
        assert reply.content_length == SIZE
        assert await reply.read() == b""
    assert role.open == 0


async def test_past_the_end_and_from_there(
    hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    """Nothing is behind the end; the last bytes are what browsers look at first."""
    entry, _ = await served(hass)
    async with client.get(address(entry), headers={"Range": f"bytes={SIZE}-"}) as reply:
        assert reply.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        assert reply.headers["Content-Range"] == f"bytes */{SIZE}"
    async with client.get(address(entry), headers={"Range": "bytes=-10"}) as reply:
        assert reply.status == HTTPStatus.PARTIAL_CONTENT
        assert await reply.read() == DATA[-10:]
    url = address(entry, download=True)
    async with client.get(url, headers={"Range": f"bytes={SIZE}-"}) as reply:
        assert reply.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


async def test_download_is_named_after_its_date(
    hass: HomeAssistant, client: TestClient[Any, Any]
) -> None:
    """As the documents recommend; AVCHD as the camera has it."""
    entry, _ = await served(hass)
    async with client.get(address(entry, AVCHD, download=True)) as reply:
        assert reply.headers["Content-Type"] == "video/mp2t"
        assert reply.content_disposition is not None
        assert reply.content_disposition.type == "attachment"
        assert reply.content_disposition.filename == "UMR20 2026-11-20 20-12-02.mts"
        assert await reply.read() == film(ClipFormat.AVCHD)


@pytest.mark.parametrize("one", [MP4, AVCHD])
async def test_what_is_played_can_be_kept(
    hass: HomeAssistant, client: TestClient[Any, Any], one: Clip
) -> None:
    """It is named after its camera's name and its date, whatever letters its owner writes."""
    entry, _ = await served(hass)
    registry = dr.async_get(hass)
    (known,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
    registry.async_update_device(known.id, name_by_user='Bühne "1"\r\nX: y')
    for given in ({}, {"Range": "bytes=0-9"}):
        async with client.get(address(entry, one), headers=given) as reply:
            assert reply.headers["Content-Disposition"] == (
                'inline; filename="B?hne _1_X_ y 2026-11-20 20-12-02.mp4"; '
                "filename*=UTF-8''B%C3%BChne%20_1_X_%20y%202026-11-20%2020-12-02.mp4"
            )
            assert "X" not in reply.headers
    async with client.get(address(entry, one, download=True)) as reply:
        assert reply.headers["Content-Disposition"].startswith("attachment; ")


async def test_avchd_plays(hass: HomeAssistant, client: TestClient[Any, Any]) -> None:
    """It comes as MP4 with the same pictures, and AAC."""
    entry, role = await served(hass)
    async with client.get(address(entry, AVCHD), headers={"Range": "bytes=0-"}) as reply:
        assert reply.status == HTTPStatus.OK
        assert reply.headers["Accept-Ranges"] == "none"
        made = await reply.read()
    with av.open(io.BytesIO(made), "r") as given:
        assert [stream.codec_context.name for stream in given.streams] == ["h264", "aac"]
        assert sum(1 for packet in given.demux(video=0) if packet.size) == 120
    async with client.head(address(entry, AVCHD)) as reply:
        assert reply.status == HTTPStatus.OK
    # Played once more it is not fetched once more.
    assert role.starts == [0]


async def test_rubbish_is_no_film(hass: HomeAssistant, client: TestClient[Any, Any]) -> None:
    """That is said before anything is sent."""
    bad = clip("BAD", ClipFormat.AVCHD)
    entry, _ = await served(hass, {bad: os.urandom(300_000)})
    async with client.get(address(entry, bad)) as reply:
        assert reply.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    assert not decoders()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RefusedError(Reason.CLIP_GONE), 404),
        (RefusedError(Reason.CARD_REMOVED), 404),
        (RefusedError(Reason.CARD_IN_USE), 503),
        (BusyError(Reason.BUSY), 503),
        (ConnectError(Reason.UNREACHABLE), 502),
        (AuthError(Reason.WRONG_CREDENTIALS), 502),
    ],
)
@pytest.mark.parametrize("download", [True, False])
async def test_camera_says_no(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    error: CameraError,
    status: int,
    download: bool,
) -> None:
    """Each no has its status; the next try asks again."""
    entry, role = await served(hass)
    role.breaks = [error]
    async with client.get(address(entry, download=download)) as reply:
        assert reply.status == status
    async with client.get(address(entry, download=download)) as reply:
        assert await reply.read() == DATA
    role.error = error
    async with client.get(address(entry, download=download)) as reply:
        assert reply.status == status


@pytest.mark.parametrize("one", [MP4, AVCHD])
@pytest.mark.parametrize("download", [True, False])
async def test_breaks_off(
    hass: HomeAssistant, client: TestClient[Any, Any], one: Clip, download: bool
) -> None:
    """What is not whole never looks whole; what can be picked up again is."""
    entry, role = await served(hass)
    role.breaks = [100_000, RefusedError(Reason.CARD_REMOVED)] * 3
    if one is AVCHD and not download:
        # Pictures go out once there are some: here all is lost before.
        role.breaks[0] = 190_000
    async with client.get(address(entry, one, download=download)) as reply:
        with pytest.raises(ClientError):
            await reply.read()
    role.breaks = [100_000, 0, 200_000]
    async with client.get(address(entry, one, download=True)) as reply:
        assert await reply.read() == role.contents[one]
    assert role.open == 0


@pytest.mark.parametrize(
    "rest",
    [
        "nobody/sd1/mp4/TQ",
        "{entry}/sd1/mp4/{gone}",
        "{entry}/sd1/mp4/{path}",
        "{entry}/sd9/mp4/TQ",
        "{entry}/sd1/avi/TQ",
        "{entry}/sd1/mp4/T",
        "{entry}/sd1/mp4/" + "A" * 2000,
        "{entry}/sd1/avchd/TQ",
    ],
)
async def test_only_what_is_listed(
    hass: HomeAssistant, client: TestClient[Any, Any], rest: str
) -> None:
    """No name that somebody makes up is ever sent to a camera."""
    entry, role = await served(hass)
    names = {
        key: urlsafe_b64encode(name).decode().rstrip("=")
        for key, name in (("gone", b"GONE"), ("path", b"../../etc/passwd"))
    }
    for kind in ("clip", "thumbnail"):
        path = f"/api/panacam/{kind}/{rest.format(entry=entry.entry_id, **names)}"
        async with client.get(path) as reply:
            assert reply.status == HTTPStatus.NOT_FOUND
    assert role.starts == []


async def test_login_is_needed(
    hass: HomeAssistant, client: TestClient[Any, Any], hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Nothing is sent to who is not logged in and has no signed address."""
    entry, role = await served(hass)
    stranger = await hass_client_no_auth()
    for url in (
        address(entry),
        address(entry, download=True),
        media_view.thumbnail_url(entry.entry_id, MP4),
    ):
        async with stranger.get(url) as reply:
            assert reply.status == HTTPStatus.UNAUTHORIZED
    assert role.starts == []


async def test_viewer_goes(
    hass: HomeAssistant, client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Process, download and file end soon after who watched has gone."""
    monkeypatch.setattr(shelf, "SWEEP", 0.02)
    monkeypatch.setattr(shelf, "IDLE", 0.1)
    entry, role = await served(hass)
    role.piece, role.gap = 4096, 0.02
    place = media_clips.place_of(hass, entry.entry_id)
    for one in (AVCHD, MP4):
        reply = await client.get(address(entry, one))
        assert await reply.content.read(10)
        assert len(place.viewers) == 1
        reply.close()
        await until(lambda: not place.viewers)
        await until(lambda: role.open == 0)
        assert not decoders()
    reply = await client.get(address(entry, download=True))
    assert await reply.content.read(10)
    reply.close()
    await until(lambda: role.open == 0 and not place.viewers)


@pytest.mark.parametrize("ending", ["unload", "stop"])
async def test_everything_ends(
    hass: HomeAssistant, client: TestClient[Any, Any], ending: str
) -> None:
    """With its entry, and with Home Assistant."""
    entry, role = await served(hass)
    role.piece, role.gap = 4096, 0.02
    replies = [await client.get(address(entry, AVCHD))]
    place = media_clips.place_of(hass, entry.entry_id)
    if ending == "unload":
        await hass.config_entries.async_unload(entry.entry_id)
    else:
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert role.open == 0
    assert not place.viewers
    assert not decoders()
    assert place.shelf.find(entry.entry_id, AVCHD) is None
    for reply in replies:
        with pytest.raises(ClientError):
            await reply.read()
    async with client.get(address(entry)) as reply:
        assert reply.status in {HTTPStatus.NOT_FOUND, HTTPStatus.OK}


async def test_no_room(
    hass: HomeAssistant, client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a disk an MP4 goes through, ranges included; AVCHD says why not."""
    monkeypatch.setattr(shelf, "MAX_BYTES", 1000)
    entry, role = await served(hass)
    async with client.get(address(entry)) as reply:
        assert await reply.read() == DATA
    async with client.get(address(entry), headers={"Range": "bytes=9-19"}) as reply:
        assert reply.status == HTTPStatus.PARTIAL_CONTENT
        assert await reply.read() == DATA[9:20]
    async with client.get(address(entry, AVCHD)) as reply:
        assert reply.status == HTTPStatus.INSUFFICIENT_STORAGE
    # A size that nobody tells: all of it, to its end.
    role.measured = False
    async with client.get(address(entry), headers={"Range": "bytes=0-19"}) as reply:
        assert reply.status == HTTPStatus.OK
        assert await reply.read() == DATA
    async with client.get(address(entry), headers={"Range": "bytes=9-19"}) as reply:
        assert reply.status == HTTPStatus.BAD_GATEWAY


async def test_too_far_to_skip(
    hass: HomeAssistant, client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A range far inside is answered with all, which is allowed, instead of throwing hours away."""
    monkeypatch.setattr(media_view, "MAX_SKIPPED", 1000)
    entry, role = await served(hass)
    role.ranged = False
    async with client.get(address(entry, download=True), headers={"Range": "bytes=5000-"}) as reply:
        assert reply.status == HTTPStatus.OK
        assert await reply.read() == DATA


async def test_too_many(
    hass: HomeAssistant, client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one camera's clips so many are watched at one time."""
    monkeypatch.setattr(media_clips, "MAX_VIEWERS", 1)
    entry, role = await served(hass)
    role.hold = asyncio.Event()
    async with client.get(address(entry)):
        looks = len(role.looks)
        for _ in range(3):
            async with client.get(address(entry)) as second:
                assert second.status == HTTPStatus.SERVICE_UNAVAILABLE
        # The card is not listed for those who are sent away.
        assert len(role.looks) == looks
        role.hold.set()


async def test_too_many_remuxers(
    hass: HomeAssistant, client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all AVCHD so much is remuxed at one time; originals can be had."""
    monkeypatch.setattr(media_clips, "MAX_REMUXERS", 0)
    entry, _ = await served(hass)
    async with client.get(address(entry, AVCHD)) as reply:
        assert reply.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert not decoders()
    async with client.get(address(entry, AVCHD, download=True)) as reply:
        assert await reply.read() == film(ClipFormat.AVCHD)


@pytest.mark.parametrize("one", [MP4, AVCHD])
@pytest.mark.parametrize("download", [True, False])
async def test_no_browser_runs_it(
    hass: HomeAssistant, client: TestClient[Any, Any], one: Clip, download: bool
) -> None:
    """Whatever is in a clip."""
    entry, _ = await served(hass)
    for headers in ({}, {"Range": "bytes=0-99"}):
        async with client.get(address(entry, one, download=download), headers=headers) as reply:
            assert reply.ok
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert reply.headers["Content-Security-Policy"] == "sandbox"


async def test_viewer_goes_before_it_begins(
    hass: HomeAssistant, client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is fetched or remuxed any longer for who waits no more."""
    monkeypatch.setattr(remuxer, "TICK", 0.02)
    entry, role = await served(hass)
    role.hold = asyncio.Event()
    role.piece = 1000
    place = media_clips.place_of(hass, entry.entry_id)
    for one in (AVCHD, MP4):
        asking = asyncio.create_task(client.get(address(entry, one)))
        await until(lambda: bool(place.viewers) and role.open > 0)
        await asyncio.sleep(0.1)
        asking.cancel()
        if one is MP4:
            with suppress(asyncio.CancelledError):
                (await asking).close()
        await until(lambda: not place.viewers)
        assert not decoders()


async def test_viewer_pauses(
    hass: HomeAssistant, client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads nothing for long is hung up on."""
    monkeypatch.setattr(media_reply, "VIEWER_TIMEOUT", 0.1)
    large = clip("L")
    entry, _ = await served(hass, {large: bytes(30_000_000)})
    place = media_clips.place_of(hass, entry.entry_id)
    async with client.get(address(entry, large)) as reply:
        await until(lambda: not place.viewers)
        with pytest.raises(ClientError):
            await reply.read()


async def test_thumbnail(hass: HomeAssistant, client: TestClient[Any, Any]) -> None:
    """A small JPEG; where there is none, honestly none, with an icon that the browser shows."""
    entry, _ = await served(hass, {MP4: os.urandom(5000)})
    async with client.get(media_view.thumbnail_url(entry.entry_id, AVCHD)) as reply:
        assert reply.status == HTTPStatus.OK
        assert reply.content_type == "image/jpeg"
        assert (await reply.read())[:2] == b"\xff\xd8"
    async with client.get(media_view.thumbnail_url(entry.entry_id, MP4)) as reply:
        assert reply.status == HTTPStatus.NOT_FOUND
        assert reply.content_type == "image/svg+xml"
        assert (await reply.read()).startswith(b"<svg")
    place = media_clips.place_of(hass, entry.entry_id)
    place.turn.hush(60)
    other = clip("B", ClipFormat.AVCHD)
    place.clips.contents[other] = b""  # type: ignore[attr-defined]
    async with client.get(media_view.thumbnail_url(entry.entry_id, other)) as reply:
        assert reply.status == HTTPStatus.SERVICE_UNAVAILABLE


async def test_recorder(
    hass: HomeAssistant, umr20: PovcamSimulator, entry: MockConfigEntry, client: TestClient
) -> None:
    """A simulated recorder's large clip: whole, with flat memory, played or kept."""
    size = 64_000_000
    umr20.camera.clips.add("sd1", FilmFormat.MP4, size=size)
    role = entry.runtime_data.device.clips
    (one,) = (await role.listing("sd1", ClipFormat.MP4)).clips
    async with client.get(address(entry, one), headers={"Range": "bytes=0-9"}) as reply:
        assert (await reply.read())[4:8] == b"ftyp"
    for download in (True, False):
        tracemalloc.start()
        taken = 0
        async with client.get(address(entry, one, download=download)) as reply:
            async for piece in reply.content.iter_any():
                taken += len(piece)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert taken == size
        # The simulator and the client are in here, too.
        assert peak < 16_000_000


def test_wanted_range() -> None:
    """One range of bytes, or none."""
    assert wanted_range(None) is None
    assert wanted_range("bytes=5-") == Wanted(5)
    assert wanted_range("Bytes = 5-9 ") == Wanted(5, 10)
    assert wanted_range("bytes=-7") == Wanted(-7)
    assert wanted_range("bytes=" + "9" * 30 + "-") is None
    assert Wanted(-7).of(3) == (0, 3)
    assert Wanted(3).of(3) is None
    assert Wanted(1, 99).of(3) == (1, 3)
