"""How far formatting and FTP transfers are: asked while they go on, and once more at their end."""

import time

from aiohttp import ClientSession
import pytest

from custom_components.panacam.cams.device import Activity, State
from custom_components.panacam.cams.povcam.client import PovcamClient
from custom_components.panacam.cams.povcam.progress import (
    LAST_LOOKS,
    PROGRESS_GAP,
    WORDS,
    ProgressWatcher,
    read_progress,
)
from custom_components.panacam.cams.povcam.wire import parse_reply
from tests.cams.support import LOGIN, camera, http_of
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.ftp_client import FtpSender

IDLE = State(activities={Activity.FORMATTING: False, Activity.FTP_SENDING: False})
FORMATTING = State(activities={Activity.FORMATTING: True, Activity.FTP_SENDING: False})
SENDING = State(activities={Activity.FORMATTING: False, Activity.FTP_SENDING: True})


def watcher_of(session: ClientSession, sim: PovcamSimulator, *keys: str) -> ProgressWatcher:
    """Return what watches a camera, with some rows wanted."""
    watcher = ProgressWatcher(PovcamClient(http_of(session, sim, LOGIN)))
    for key in keys:
        assert watcher.want(key) is not None
    return watcher


def asked(sim: PovcamSimulator) -> list[str]:
    """Return what the camera was asked the progress of, and forget it."""
    found = [one.params["type"] for one in sim.requests if one.path.endswith("get_progress")]
    sim.requests.clear()
    return found


def due(watcher: ProgressWatcher, state: State) -> bool:
    """Return whether the watcher would ask, were the last time long ago."""
    return watcher.is_due(state, time.monotonic() + PROGRESS_GAP)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"progress=exec\r\nrate=40\r\n", ("exec", 40)),
        (b"progress = FINISH", ("finish", None)),
        (b"progress=cancel\r\nrate=101", ("cancel", None)),
        (b"progress=xxx\r\nrate=-1", (None, None)),
        (b"progress=\r\nrate=0", (None, 0)),
        (b"", (None, None)),
        (b"\x00\xff<html>", (None, None)),
    ],
)
def test_read(body: bytes, found: tuple[str | None, float | None]) -> None:
    """Five words and a percentage; anything else is unknown."""
    assert read_progress(parse_reply(body)) == found


def test_read_cut() -> None:
    """A word that is cut is none."""
    body = b"progress=prepare\r\nrate=100\r\n"
    for end in range(len(body)):
        word, rate = read_progress(parse_reply(body[:end]))
        assert word in {None, "prepare"}
        assert rate in {None, 1, 10, 100}


async def test_format(session: ClientSession) -> None:
    """A format is followed from its beginning to its end, and then left alone."""
    now = 0.0
    async with camera(format_time=3.0, clock=lambda: now) as sim:
        watcher = watcher_of(session, sim, "format_progress")
        assert watcher.add(IDLE).readings["format_progress"] == "idle"
        assert not due(watcher, IDLE)
        assert sim.camera.recorder.start_format("sd1")
        seen = []
        for now in (0.5, 1.5, 2.5, 3.5):  # noqa: B007 - the camera's clock
            state = FORMATTING if sim.camera.sd_format else IDLE
            assert due(watcher, state)
            await watcher.look(state)
            assert not watcher.is_due(state, time.monotonic())
            seen.append(watcher.add(state).readings["format_progress"])
        assert seen == ["prepare", "exec", "exec", "finish"]
        assert not due(watcher, IDLE)
        assert set(asked(sim)) == {"format"}
        assert watcher.add(IDLE).readings["format_progress"] == "finish"


async def test_ftp(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transfer has a percentage, too."""
    watcher = watcher_of(session, sim, "ftp_rate")
    for word, rate, state in (("exec", 30, SENDING), ("exec", 80, SENDING), ("finish", 100, IDLE)):
        monkeypatch.setattr(FtpSender, "progress", word)
        monkeypatch.setattr(FtpSender, "rate", rate)
        assert due(watcher, state)
        await watcher.look(state)
        assert watcher.add(state).readings == {
            "format_progress": "idle",
            "ftp_progress": word,
            "ftp_rate": rate,
        }
    assert not due(watcher, IDLE)
    assert set(asked(sim)) == {"send_ftp"}


async def test_too_short_to_be_seen(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun is looked at though no state tells of it; the first look may be too early."""
    watcher = watcher_of(session, sim, "ftp_progress")
    watcher.begun(Activity.FTP_SENDING)
    for word in ("error", "prepare", "finish"):
        monkeypatch.setattr(FtpSender, "progress", word)
        assert due(watcher, IDLE)
        await watcher.look(IDLE)
        assert watcher.add(IDLE).readings["ftp_progress"] == word
    assert not due(watcher, IDLE)
    assert set(asked(sim)) == {"send_ftp"}


async def test_never_ends(
    session: ClientSession, sim: PovcamSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera that says both that it is over and that it is not is asked a few times only."""
    monkeypatch.setattr(FtpSender, "progress", "exec")
    watcher = watcher_of(session, sim, "ftp_progress")
    await watcher.look(SENDING)
    for _ in range(LAST_LOOKS):
        assert due(watcher, IDLE)
        await watcher.look(IDLE)
    assert not due(watcher, IDLE)


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.EMPTY, Fault.RUBBISH, Fault.RESET])
async def test_does_not_tell(session: ClientSession, sim: PovcamSimulator, fault: Fault) -> None:
    """What is not told is unknown."""
    watcher = watcher_of(session, sim, "format_progress")
    await watcher.look(FORMATTING)
    assert watcher.add(FORMATTING).readings["format_progress"] in WORDS
    sim.fault("get_progress", fault)
    await watcher.look(FORMATTING)
    assert watcher.add(FORMATTING).readings["format_progress"] is None


async def test_unwanted(session: ClientSession, sim: PovcamSimulator) -> None:
    """Nobody's progress is not asked for, nor by somebody who may not."""
    watcher = watcher_of(session, sim)
    assert not due(watcher, FORMATTING)
    watcher = watcher_of(session, sim, "ftp_rate")
    assert not due(watcher, FORMATTING)
    viewer = ProgressWatcher(PovcamClient(http_of(session, sim, None)))
    viewer.want("format_progress")
    assert not due(viewer, FORMATTING)


def test_sister_model(session: ClientSession, sim: PovcamSimulator) -> None:
    """A camera that tells of no such work has no progress of it."""
    watcher = watcher_of(session, sim)
    assert watcher.add(State()).readings == {}
    only = State(activities={Activity.FORMATTING: None})
    assert watcher.add(only).readings == {"format_progress": "idle"}
