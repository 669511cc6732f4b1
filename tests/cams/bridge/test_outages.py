"""A camera that goes away for a while: viewers stay, and none takes the last picture for live."""

import asyncio
from itertools import pairwise
import logging

import pytest

from custom_components.panacam.cams.bridge import pictures as module
from custom_components.panacam.cams.bridge.hub import Status
from custom_components.panacam.cams.bridge.packets import TICKS, Kind
from custom_components.panacam.cams.errors import CameraError, ConnectError, Reason
from custom_components.panacam.cams.stream import Picture
from tests.cams.bridge.support import (
    Shown,
    alone,
    frames_of,
    jpeg,
    kept,
    playing,
    read,
    running,
    until,
)
from tests.cams.bridge.watching import Gathering, ended, shown_in

pytestmark = pytest.mark.usefixtures("brief", "socket_enabled")
CUT = ConnectError(Reason.CUT)


@pytest.mark.parametrize("end", [CUT, RuntimeError("made up"), None], ids=["error", "bug", "end"])
async def test_an_outage(
    patient: None, end: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    """The last picture is repeated, marked after a while, and the same stream goes on live."""
    async with running(sound_rate=8000) as (hub, source), kept(hub, source):
        source.past(1, sound=True)
        await until(lambda: source.taken == 32)
        async with hub.packets() as viewer, Gathering(viewer) as got:
            source.refusing = CUT
            source.send(end)
            last = source.number - 1
            await until(lambda: (shown := got.shown()) and is_live(shown[-1], last))
            await until(lambda: got.shown()[-1] == Shown(0.0, last, marked=True, key=False))
            await until(lambda: hub.status is Status.INTERRUPTED)
            source.refusing, source.number = None, 2000
            async with playing(source, sound=True):
                await until(lambda: got.shown()[-1].number > 2003)
            await until(lambda: hub.status is Status.LIVE)
        for kind in Kind:
            stamps = [each.dts for each in got.packets if each.kind is kind]
            assert all(0 < other - one < TICKS for one, other in pairwise(stamps))
        shown = got.shown()
        back = next(at for at, each in enumerate(shown) if each.number >= 2000)
        assert not any(each.marked for each in shown[back:])
        assert shown[back - 1].marked
    assert (end is not None and end is not CUT) == ("failed" in caplog.text)
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == [
        each for each in caplog.records if "failed" in each.getMessage()
    ]
    await alone()


def is_live(shown: Shown, number: int) -> bool:
    """Return whether the picture with a number is shown as live."""
    return shown.number == number and not shown.marked


async def test_a_camera_that_says_nothing(patient: None) -> None:
    """Connected, without pictures, is an outage, too."""
    async with running() as (hub, source), kept(hub, source):
        source.show()
        async with hub.packets() as viewer, Gathering(viewer) as got:
            await until(lambda: got.packets and got.shown()[-1].marked)
            await until(lambda: hub.status is Status.INTERRUPTED)
            assert hub.error is not None
            assert hub.error.reason is Reason.TIMEOUT
            source.show(data=jpeg(77))
            await until(lambda: is_live(got.shown()[-1], 77))
        assert source.opened == 1


async def test_given_up() -> None:
    """After long enough everybody is sent away, and can come again when the camera is back."""
    async with running() as (hub, source), kept(hub, source):
        source.show()
        async with hub.packets() as viewer, hub.pictures() as shown:
            source.fail(CUT)
            await ended(viewer)
            # The newest is kept for one who is slow, and after it comes the end.
            (mark,) = [each async for each in shown]
            assert shown_in(mark).marked
        assert not hub.live
        source.refusing = None
        await until(lambda: source.connected)
        source.show(data=jpeg(99))
        async with hub.packets() as viewer, Gathering(viewer) as got:
            await until(lambda: got.packets and is_live(got.shown()[-1], 99))
    await alone()


async def test_marked_pictures() -> None:
    """Those who look at JPEG get a marked one when it is no longer live, and again."""
    async with running() as (hub, source), kept(hub, source):
        sent = source.show(data=jpeg(55))
        async with hub.pictures() as shown:
            assert await anext(shown) is sent
            source.fail(CUT)
            for _ in range(2):
                mark = await anext(shown)
                assert shown_in(mark) == Shown(0.0, 55, marked=True, key=True)
            source.refusing = None
            await until(lambda: source.connected)
            sent = source.show(data=jpeg(56))
            while (picture := await anext(shown)) is not sent:
                assert shown_in(picture).marked


async def test_no_mark_for_what_is_no_picture() -> None:
    """A last picture that cannot be read is not shown again, and ends nothing."""
    async with running() as (hub, source), kept(hub, source):
        source.show(data=b"no picture")
        async with hub.pictures() as shown:
            await anext(shown)
            source.fail(CUT)
            assert [each async for each in shown] == []
        source.refusing = None
        async with playing(source):
            await until(lambda: hub.live)


async def test_who_waits_while_others_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """One who came late in an outage sees the camera when it is back, and stays."""
    async with running() as (hub, source), kept(hub, source):
        source.show()
        await hub.still()
        source.fail(CUT)
        await until(lambda: not hub.live)

        async def look() -> None:
            async with hub.packets() as viewer, Gathering(viewer) as got:
                await until(lambda: got.packets and is_live(got.shown()[-1], 88))

        async def watch() -> list[Picture]:
            async with hub.pictures() as shown:
                return [await anext(shown), await anext(shown)]

        tasks = [asyncio.ensure_future(look()), asyncio.ensure_future(watch())]
        await asyncio.sleep(module.GIVE_UP + 0.1)
        source.refusing = None
        await until(lambda: source.connected)
        source.show(data=jpeg(87))
        await asyncio.sleep(0.1)
        source.show(data=jpeg(88))
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks)
        assert len(tasks[1].result() or ()) == 2


async def test_nobody_new_during_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes while nothing is live waits in vain, and is told why."""
    monkeypatch.setattr(module, "FIRST_PICTURE", 0.05)
    async with running() as (hub, source), kept(hub, source):
        source.show()
        await hub.still()
        source.fail(CUT)
        await until(lambda: not hub.live)
        with pytest.raises(CameraError) as caught:
            await hub.still()
        assert caught.value.reason is Reason.CUT


async def test_size_that_changes_on_the_way(patient: None) -> None:
    """A camera that comes back with another size goes on in the same stream."""
    async with running() as (hub, source), kept(hub, source):
        source.show()
        async with hub.packets() as viewer, Gathering(viewer) as got:
            await until(lambda: got.packets)
            source.send(CUT)
            await until(lambda: source.opened == 2 and source.connected)
            for at in range(10):
                source.show(data=jpeg(500 + at, 320, 240, "yuvj422p"))
            await until(lambda: is_live(got.shown()[-1], 509))
            assert {(frame.width, frame.height) for frame in frames_of(got.packets)} == {(64, 48)}


async def test_corrupt_pictures_on_the_way(patient: None) -> None:
    """Pictures that are none are left out, those between them are shown."""
    async with running() as (hub, source), kept(hub, source):
        source.show()
        async with hub.packets() as viewer, Gathering(viewer) as got:
            for at in range(10):
                source.show(data=jpeg(500 + at))
                source.show(data=(b"", b"rubbish", jpeg(1)[:60])[at % 3])
            await until(lambda: got.packets and is_live(got.shown()[-1], 509))
    assert read(frames_of(got.packets)[-1]).number == 509
