"""Lists of clips of cameras that behave as no simulator does."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.clips import Clip, ClipFormat
from custom_components.panacam.cams.errors import (
    AuthError,
    BusyError,
    CameraError,
    ConnectError,
    Reason,
    RefusedError,
)
from custom_components.panacam.cams.povcam import card_state, clip_reader, clips as clips_module
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.clips import PovcamClips
from tests.cams.support import Heard, Peer, http_of, response
from tests.conftest import until

MP4 = ClipFormat.MP4


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at once."""
    monkeypatch.setattr(card_state, "LOOK_GAP", 0.01)
    monkeypatch.setattr(clips_module, "LOOK_GAP", 0.01)


def page(rows: list[tuple[int, str]], total: int, list_id: int = 7) -> bytes:
    """Return a page."""
    lines = [
        f"{number},{name},06/26/2017 20:12:{int(name[1:] or number) % 60:02},00:00:04"
        for number, name in rows
    ]
    lines += [f"ClipfileNum={len(rows)}", f"ClipfileALLNum={total}", f"list_id={list_id}", ""]
    return response(200, "\r\n".join(lines))


def idle(*, inserted: bool = True, deleting: bool = False) -> bytes:
    """Return what get_state says."""
    on = {True: "on", False: "off"}
    return response(200, f"rec=off\r\nsd_insert={on[inserted]}\r\ndel_file={on[deleting]}\r\n")


class Recorder:
    """A camera whose answers a test writes."""

    def __init__(self, pages: Callable[[int], bytes]) -> None:
        """Answer `pages` of a place to get_clip_list."""
        self.pages = pages
        self.state = idle()
        self.done = response(204)
        self.peer = Peer(self._answer)

    async def _answer(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        _, _, query = heard.target.partition("?")
        fields = dict(pair.split("=") for pair in query.split("&") if "=" in pair)
        if "/get_clip_list" in heard.target:
            writer.write(self.pages(int(fields["index"])))
        elif "/get_state" in heard.target:
            writer.write(self.state)
        else:
            writer.write(self.done)

    def deleted(self) -> list[str]:
        """Return the targets of what was asked to be deleted."""
        return [one.target for one in self.peer.heard if "/del_clip_file" in one.target]


def clip(name: str) -> Clip:
    """Return a clip of which only the name is known."""
    return Clip(slot="sd1", format=MP4, name=name)


async def test_no_card_with_an_empty_list(session: ClientSession) -> None:
    """A camera that lists nothing where there is no card."""
    recorder = Recorder(lambda _index: page([], 0))
    recorder.state = idle(inserted=False)
    async with recorder.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        with pytest.raises(RefusedError) as caught:
            await clips.listing("sd1", MP4)
        assert caught.value.reason is Reason.NO_CARD
        recorder.state = idle()
        assert (await clips.listing("sd1", MP4)).total == 0
        recorder.pages = lambda _index: page([(1, "A")], 1)
        assert (await clips.listing("sd1", MP4)).total == 1
        recorder.pages, recorder.state = lambda _index: page([], 0), idle(inserted=False)
        with pytest.raises(RefusedError) as caught:
            await clips.listing("sd1", MP4)
        assert caught.value.reason is Reason.CARD_REMOVED
        with pytest.raises(RefusedError) as caught:
            await clips.delete([clip("A")])
        assert caught.value.reason is Reason.CARD_REMOVED
        await clips.close()


async def test_away_while_it_is_kept(session: ClientSession) -> None:
    """A kept list is not told to be fresh when the camera cannot be asked."""
    recorder = Recorder(lambda _index: page([(1, "A")], 1))
    async with recorder.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        kept = await clips.listing("sd1", MP4)
        recorder.pages = lambda _index: b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx"
        clips._client._http = http_of(session, peer, timeout=0.2)
        with pytest.raises(CameraError):
            await clips.listing("sd1", MP4)
        assert await clips.listing("sd1", MP4, renew=False) is kept
        await clips.close()


@pytest.mark.parametrize("total", [16, 400, 65_535, 4_000_000_000])
async def test_one_page_for_ever(session: ClientSession, total: int) -> None:
    """Pages without a new clip end it, whatever the count."""
    rows = [(number, f"N{number}") for number in range(1, 16)]
    recorder = Recorder(lambda _index: page(rows, total))
    async with recorder.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        found = await clips.listing("sd1", MP4)
        assert len(found.clips) == 15
        assert found.total == min(total, 65_535)
        assert len(peer.heard) <= 2 + clip_reader.MAX_BARREN
        await clips.close()


async def test_nothing_where_there_should_be_much(session: ClientSession) -> None:
    """A search ends likewise, and says nothing about what it did not find."""
    recorder = Recorder(lambda _index: page([], 60_000))
    async with recorder.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        assert await clips.delete([clip("A")]) == ()
        assert recorder.deleted() == []
        assert len(peer.heard) < 20


@pytest.mark.parametrize(
    "rows",
    [
        [(9, "A")],
        [(31, "A")],
    ],
    ids=["before", "after"],
)
async def test_numbers_that_are_none(session: ClientSession, rows: list[tuple[int, str]]) -> None:
    """A clip with a number from elsewhere in the list is not deleted by it."""
    recorder = Recorder(lambda index: page(rows if index == 16 else [], 30))
    async with recorder.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        assert await clips.delete([clip("A")]) == ()
        assert recorder.deleted() == []


async def test_twice_in_a_list(session: ClientSession) -> None:
    """Of two clips with one name none is deleted, for nobody knows which was meant."""
    rows = {1: [(1, "A"), (2, "B")], 16: [(16, "A"), (17, "C")]}
    recorder = Recorder(lambda index: page(rows[index], 30))
    async with recorder.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        assert await clips.delete([clip("A")]) == ()
        assert recorder.deleted() == []
        assert await clips.delete([clip("A"), clip("C")]) == ()
        assert [target.partition("fileno=")[2] for target in recorder.deleted()] == ["17&list_id=7"]


async def test_list_that_changes_under_a_search(session: ClientSession) -> None:
    """A search that never sees the same list twice deletes nothing."""
    count = iter(range(1000))
    recorder = Recorder(lambda index: page([(index, f"N{next(count)}")], 30, next(count)))
    async with recorder.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        with pytest.raises(BusyError):
            await clips.delete([clip("A")])
        assert recorder.deleted() == []


async def test_deletion_that_never_ends(
    session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for a while."""
    monkeypatch.setattr(clips_module, "DELETE_LIMIT", 0.05)
    recorder = Recorder(lambda _index: page([(1, "A")], 1))
    recorder.state = idle(deleting=True)
    async with recorder.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        with pytest.raises(ConnectError) as caught:
            await clips.delete([clip("A")])
        assert caught.value.reason is Reason.TIMEOUT


async def test_dates_decide_which_end_is_the_newest(session: ClientSession) -> None:
    """Also where the first page has none."""

    def told(index: int) -> bytes:
        rows = [(n, f"N{n}") for n in range(index, min(index + 15, 31))]
        body = page(rows, 30)
        return body.replace(b"06/26/2017", b"--/--/----") if index == 1 else body

    recorder = Recorder(told)
    async with recorder.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        found = await clips.listing("sd1", MP4)
        assert [one.name for one in found.clips] == [f"N{n}" for n in range(30, 0, -1)]
        assert found.clips[0].length == timedelta(seconds=4)
        assert found.clips[-1].began is None
        await clips.close()


class Card:
    """A card whose clips really go, by the place that they have at that moment."""

    def __init__(self, count: int) -> None:
        """Have `count` clips."""
        self.names = [f"N{number}" for number in range(1, count + 1)]
        self.orders = 0
        self.away = 0
        """Of this order on, the camera hangs up whatever it is asked."""
        self.hang_up = False
        """Whether it hangs up on an order that it carries out."""
        self.deaf = False
        """Whether it agrees to delete, and does not."""
        self.late: list[bytes] = []
        """What get_state says before it says that all is quiet."""
        self.peer = Peer(self._answer)

    async def _answer(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        fields = dict(parse_qsl(urlsplit(heard.target).query))
        if "/del_clip_file" in heard.target:
            self.orders += 1
        if self.away and self.orders >= self.away:
            writer.close()
        elif "/get_clip_list" in heard.target:
            start = int(fields["index"])
            rows = list(enumerate(self.names, 1))[start - 1 : start + 14]
            writer.write(page(rows, len(self.names), len(self.names) + 1))
        elif "/del_clip_file" in heard.target:
            gone = {int(number) for number in fields["fileno"].split(",")}
            if not self.deaf:
                self.names = [n for at, n in enumerate(self.names, 1) if at not in gone]
            if self.hang_up:
                writer.close()
            else:
                writer.write(response(204))
        elif self.late and self.orders:
            writer.write(self.late.pop(0))
        else:
            writer.write(idle())

    def pages(self) -> int:
        """Return how many pages were asked for."""
        return sum("/get_clip_list" in one.target for one in self.peer.heard)


async def test_never_another_by_a_lost_answer(session: ClientSession) -> None:
    """An order whose answer is lost is not given again: other clips have the numbers by then."""
    card = Card(6)
    card.hang_up = True
    async with card.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        listed = (await clips.listing("sd1", MP4)).clips
        assert await clips.delete([one for one in listed if one.name == "N2"])
        assert card.orders == 1
        assert card.names == ["N1", "N3", "N4", "N5", "N6"]
        await clips.close()


async def test_away_after_the_first_group(session: ClientSession) -> None:
    """What it took and was done with is told."""
    card = Card(120)
    card.away = 2
    async with card.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        wanted = (await clips.listing("sd1", MP4)).clips[:100]
        gone = await clips.delete(wanted)
        assert len(gone) == 50
        assert not {clip.name for clip in gone} & set(card.names)
        await clips.close()


async def test_one_of_many(session: ClientSession) -> None:
    """Whether it is gone is seen by the total and by the page where it was."""
    card = Card(600)
    async with card.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        wanted = (await clips.listing("sd1", MP4)).clips[::60]
        before = card.pages()
        for one in wanted:
            assert await clips.delete([one]) == (one,)
            if one is wanted[0]:
                assert card.pages() == before + 2
        assert len(card.names) == 590
        await clips.close()


async def test_another_went_instead(session: ClientSession) -> None:
    """The total alone proves nothing."""
    card = Card(40)
    async with card.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        wanted = (await clips.listing("sd1", MP4)).clips[20:23]
        card.deaf = True
        deleting = asyncio.create_task(clips.delete(wanted))
        await until(lambda: card.orders == 1)
        del card.names[:3]
        assert await deleting == ()
        await clips.close()


async def test_state_that_is_late_or_lost(session: ClientSession) -> None:
    """The deletion shows by the second look only, and a few answers are none."""
    card = Card(60)
    lost = [response(503), response(401), response(503), response(503), response(401)]
    card.late = [idle(), *lost, idle(deleting=True), response(503), idle(deleting=True), idle()]
    async with card.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        wanted = (await clips.listing("sd1", MP4)).clips[:3]
        assert set(await clips.delete(wanted)) == set(wanted)
        assert card.late == []
        card.deaf = True
        card.late = [response(401)] * 9
        card.orders = 0
        others = (await clips.listing("sd1", MP4)).clips[:1]
        with pytest.raises(AuthError):
            await clips.delete(others)
        await clips.close()


async def test_another_date(session: ClientSession) -> None:
    """The camera's clock was set: it is not said of any clip that it is gone."""
    card = Card(5)
    async with card.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        listed = (await clips.listing("sd1", MP4)).clips
        hour = timedelta(hours=1)
        moved = [replace(one, began=one.began + hour) for one in listed if one.began]
        assert len(moved) == 5
        assert await clips.delete(moved) == ()
        assert card.orders == 0
        await clips.close()


async def test_slow_liar(session: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list without end is given up after a while, and others are served."""
    monkeypatch.setattr(clip_reader, "READ_LIMIT", 0.3)
    monkeypatch.setattr(clip_reader, "LOCATE_LIMIT", 0.3)

    def told(index: int) -> bytes:
        return page([(n, f"N{n}") for n in range(index, min(index + 15, 65_536))], 65_535)

    recorder = Recorder(told)
    async with recorder.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        for asked in (clips.listing("sd1", MP4), clips.delete([clip("ZZZ")])):
            began = asyncio.get_running_loop().time()
            with pytest.raises(ConnectError) as caught:
                await asked
            assert caught.value.reason is Reason.TIMEOUT
            assert asyncio.get_running_loop().time() - began < 2
        assert recorder.deleted() == []
        await clips.close()


async def test_begun_before_a_change(session: ClientSession) -> None:
    """A list that was being read when clips went is not kept."""
    card = Card(100)
    async with card.peer as peer:
        clips = PovcamClips(PovcamClient(http_of(session, peer)), print)
        assert not (await clips.listing("sd1", MP4, within=0)).complete
        reading = asyncio.create_task(clips.listing("sd1", MP4))
        await until(lambda: card.pages() > 2)
        clips.forget("sd1")
        assert (await reading).total == 100
        card.names = []
        assert (await clips.listing("sd1", MP4, renew=False)).total == 0
        await clips.close()
    assert not [t for t in asyncio.all_tasks() if t.get_name().startswith("panacam clips")]
