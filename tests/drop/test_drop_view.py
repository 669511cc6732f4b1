"""Received clips by HTTP: only the file itself, never run by a browser, so many at a time."""

import asyncio
from collections.abc import Iterator
import gzip
from http import HTTPStatus
import os
from typing import Any

from aiohttp import ClientError
from homeassistant.components import media_source
from homeassistant.components.media_player import SearchMediaQuery
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam import drop_view, media_clips, media_drop
from custom_components.panacam.cams.clips import ClipFormat
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.drop_accounts import drop_accounts
from custom_components.panacam.drop_view import clip_url
from custom_components.panacam.ftp import Received
from tests.conftest import until
from tests.drop.conftest import JPEG, Made
from tests.fake_clips import decoders, film


@pytest.fixture
async def sent(hass: HomeAssistant, made: Made, entry: MockConfigEntry) -> MockConfigEntry:
    """Let the camera send clips."""
    drop_accounts(hass).make(entry.entry_id)
    await hass.async_block_till_done()
    return entry


def found(made: Made, entry: MockConfigEntry, name: str) -> Received:
    """Return a clip by its name."""
    return next(one for one in made.drop.store.clips(entry.entry_id) if one.name == name)


async def test_nothing_else_is_sent(
    made: Made, sent: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """Neither a packed sibling that a camera made up, nor what a link leads to."""
    page = b"<script>alert(1)</script>"
    await made.put(sent, "x.jpg", JPEG)
    await made.put(sent, "x.jpg.gz", gzip.compress(page))
    await made.put(sent, "x.jpg.br", page)
    file = found(made, sent, "x.jpg")
    client = await hass_client()
    answer = await client.get(clip_url(file), headers={"Accept-Encoding": "gzip, br"})
    assert (answer.status, await answer.read()) == (200, JPEG)
    assert "Content-Encoding" not in answer.headers
    path = made.folder / sent.entry_id / "x.jpg"
    path.unlink()
    for replace in (
        lambda: path.symlink_to("x.jpg.gz"),
        path.mkdir,
        lambda: os.mkfifo(path),
    ):
        replace()
        assert (await client.get(clip_url(file))).status == HTTPStatus.NOT_FOUND
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("name", ["a.mp4", "a.jpg", "a.mts", "a.avi"])
@pytest.mark.parametrize("more", ["", "?download=1"])
async def test_no_browser_runs_it(
    made: Made, sent: MockConfigEntry, hass_client: ClientSessionGenerator, name: str, more: str
) -> None:
    """Every answer says so, and a page that calls itself a picture is none."""
    data = film(ClipFormat.AVCHD) if name.endswith("mts") else b"<html><script>"
    await made.put(sent, name, data)
    client = await hass_client()
    for method in (client.get, client.head):
        answer = await method(f"{clip_url(found(made, sent, name))}{more}")
        assert answer.status == HTTPStatus.OK
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox"
        is_kept = more or name == "a.avi"
        assert answer.headers.get("Content-Disposition", "").startswith("attachment") == bool(
            is_kept
        )
        assert answer.content_type == (
            "application/octet-stream"
            if is_kept
            else "image/jpeg"
            if name == "a.jpg"
            else "video/mp4"
        )


@pytest.mark.parametrize("name", ["page.html", "page.svg", "page.xhtml", "a.mp4.tmp", "page"])
async def test_no_pages(made: Made, sent: MockConfigEntry, name: str) -> None:
    """What is no picture and no film has no address."""
    await made.put(sent, name, b"<script>")
    assert made.drop.store.clips(sent.entry_id) == []


async def test_ranges(
    made: Made,
    sent: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All kinds of ranges, in pieces; a file that became shorter never looks whole."""
    monkeypatch.setattr(drop_view, "_PIECE", 1000)
    data = os.urandom(10_500)
    await made.put(sent, "a.mp4", data)
    url = clip_url(found(made, sent, "a.mp4"))
    client = await hass_client()
    for given, wanted in (
        ("bytes=0-", data),
        ("bytes=999-4000", data[999:4001]),
        ("bytes=-7", data[-7:]),
        ("bytes=10499-99999", data[-1:]),
    ):
        answer = await client.get(url, headers={"Range": given})
        assert (answer.status, await answer.read()) == (HTTPStatus.PARTIAL_CONTENT, wanted)
    answer = await client.get(url, headers={"Range": "bytes=10500-"})
    assert answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    (made.folder / sent.entry_id / "a.mp4").write_bytes(data[:5000])
    with pytest.raises(ClientError):
        await (await client.get(url)).read()


@pytest.fixture
def one_remuxer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have room for one that remuxes, of all."""
    monkeypatch.setattr(media_clips, "MAX_REMUXERS", 1)
    yield
    assert not decoders()


@pytest.mark.usefixtures("one_remuxer")
async def test_so_many_at_a_time(
    made: Made, sent: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """One more viewer of AVCHD is told to come later; his place is free when one has gone."""
    await made.put(sent, "a.mts", film(ClipFormat.AVCHD, seconds=30) * 20)
    url = clip_url(found(made, sent, "a.mts"))
    client = await hass_client()
    first = await client.get(url)
    assert await first.content.read(10)
    assert len(decoders()) == 1
    assert (await client.get(url)).status == HTTPStatus.SERVICE_UNAVAILABLE
    # That needs none.
    assert (await client.head(url)).status == HTTPStatus.OK
    assert (await client.get(f"{url}?download=1")).status == HTTPStatus.OK
    first.close()
    await until(lambda: not decoders())
    async with client.get(url) as again:
        assert again.status == HTTPStatus.OK


async def test_long_lists_stop_nobody(
    hass: HomeAssistant, made: Made, sent: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others have the event loop while many clips are looked at."""
    for number in range(4):
        await made.put(sent, f"{number}.jpg", JPEG)
    monkeypatch.setattr(media_drop, "SLICE", 2)
    turns: list[float] = []
    real = asyncio.sleep

    async def counted(delay: float) -> None:
        turns.append(delay)
        await real(delay)

    monkeypatch.setattr(media_drop.asyncio, "sleep", counted)
    root = f"media-source://{DOMAIN}/received/{sent.entry_id}"
    node: Any = await media_source.async_browse_media(hass, root)
    assert len(turns) == 2
    day = await media_source.async_browse_media(hass, node.children[0].media_content_id)
    assert len(day.children or ()) == 4
    assert len(turns) == 4
    for below, count in ((root, 4), (f"media-source://{DOMAIN}/received/nobody", 0)):
        answer = await media_source.async_search_media(
            hass, below, SearchMediaQuery(search_query="jpg")
        )
        assert len(answer.result) == count
