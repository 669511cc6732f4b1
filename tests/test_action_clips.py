"""Actions about cards, clips and FTP, through Home Assistant, against a simulated recorder."""

import asyncio
from collections.abc import Generator
from datetime import datetime, timedelta
import hashlib
from pathlib import Path
import shutil
from typing import Any, NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.panacam import clip_download, clip_files
from custom_components.panacam.cams.net import http
from custom_components.panacam.cams.povcam import (
    card_state,
    cards,
    clip_sender,
    clip_transfer,
    clips as clips_module,
)
from custom_components.panacam.const import DOMAIN
from tests.simulators.mo import MoSimulator
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.simulators.povcam.clip_faults import DownloadFault
from tests.simulators.povcam.films import ClipFormat as Film

CAMERA = "camera.stage_left_h_264_1"
FIRST = datetime(2026, 11, 21, 9, 0)  # noqa: DTZ001 - cameras' clocks have no zone
CARD = {"slot": "sd1", "format": "mp4"}
SIZE = 3_000_000


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, go on at once."""
    monkeypatch.setattr(card_state, "LOOK_GAP", 0.02)
    monkeypatch.setattr(clips_module, "LOOK_GAP", 0.02)
    monkeypatch.setattr(clips_module, "TURN_GAP", 0.05)
    monkeypatch.setattr(cards, "PROGRESS_GAP", 0.05)
    monkeypatch.setattr(clip_sender, "START_GAP", 0.02)
    monkeypatch.setattr(clip_download, "PAUSE", 0.05)
    monkeypatch.setattr(http, "CHUNK_TIMEOUT", 1.5)


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path) -> Generator[Path]:
    """Give a folder that the configuration allows."""
    found = tmp_path / "clips"
    found.mkdir()
    hass.config.allowlist_external_dirs = {str(found)}
    yield found
    assert not list(found.glob(".*")), "something half was left"


async def act(hass: HomeAssistant, action: str, *, told: bool = False, **data: Any) -> Any:
    """Perform an action; return what it answers."""
    answers = await hass.services.async_call(
        DOMAIN, action, {"entity_id": CAMERA, **data}, blocking=True, return_response=told
    )
    return answers[CAMERA] if told and answers is not None else None


async def failure(hass: HomeAssistant, action: str, **data: Any) -> str | None:
    """Return the key of what is said when an action fails."""
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, action, **data)
    return caught.value.translation_key


def tune(sim: PovcamSimulator, **options: object) -> None:
    """Change how the camera behaves; its options are not meant to change under way."""
    for key, value in options.items():
        object.__setattr__(sim.camera.options, key, value)


def names(sim: PovcamSimulator) -> list[str]:
    """Return what is on the first card, oldest first."""
    return [clip.name for clip in sim.camera.clips.of("sd1", Film.MP4)]


async def test_list(hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator) -> None:
    """Newest first, of a time, a few."""
    umr20.camera.clips.fill("sd1", Film.MP4, 40, start=FIRST, every=timedelta(minutes=10))
    told = await act(hass, "list_clips", told=True, **CARD, limit=2)
    assert told == {
        "clips": [
            {"name": names(umr20)[39], "began": "2026-11-21T15:30:00", "seconds": 4},
            {"name": names(umr20)[38], "began": "2026-11-21T15:20:00", "seconds": 4},
        ],
        "found": 40,
        "total": 40,
    }
    told = await act(
        hass,
        "list_clips",
        told=True,
        **CARD,
        after="2026-11-21 09:10:00",
        before="2026-11-21 09:30:00",
    )
    assert [clip["name"] for clip in told["clips"]] == names(umr20)[1:3][::-1]


async def test_times_with_a_zone(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A time with a zone is taken for the same moment by the clock of the house."""
    await hass.config.async_set_time_zone("Asia/Tokyo")
    umr20.camera.clips.fill("sd1", Film.MP4, 2, start=FIRST, every=timedelta(hours=1))
    told = await act(hass, "list_clips", told=True, **CARD, after="2026-11-21T00:30:00+00:00")
    assert [clip["name"] for clip in told["clips"]] == names(umr20)[1:]


async def test_delete_by_name(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """It answers what is gone, and what was not there."""
    tune(umr20, delete_time=0.0)
    umr20.camera.clips.fill("sd1", Film.MP4, 5, start=FIRST)
    before = names(umr20)
    told = await act(hass, "delete_clips", told=True, **CARD, names=[before[1], before[3], "../x"])
    assert told == {
        "deleted": [before[3], before[1]],
        "not_deleted": [],
        "not_found": ["../x"],
        "left": 0,
    }
    assert names(umr20) == [before[0], before[2], before[4]]


async def test_delete_by_time(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Of more than the limit it is the oldest, and the answer tells how many are left."""
    tune(umr20, delete_time=0.0)
    umr20.camera.clips.fill("sd1", Film.MP4, 20, start=FIRST, every=timedelta(hours=1))
    before = names(umr20)
    told = await act(hass, "delete_clips", told=True, **CARD, before="2026-11-21 19:00:00", limit=4)
    assert (told["deleted"], told["left"]) == (before[:4][::-1], 6)
    assert names(umr20) == before[4:]


async def test_delete_by_time_of_a_wrong_clock(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """Clips of today may look years old: only names say which are meant."""
    tune(umr20, delete_time=0.0)
    umr20.camera.clips.fill("sd1", Film.MP4, 3, start=datetime(2017, 1, 1))  # noqa: DTZ001
    times = {"before": "2026-10-22 00:00:00"}
    umr20.camera.menus.clock.drift = -280_000_000
    await hass.config_entries.async_reload(entry.entry_id)
    assert await failure(hass, "delete_clips", **CARD, **times) == "clock_off"
    assert await failure(hass, "delete_clips", **CARD, after="2016-01-01 00:00:00") == "clock_off"
    assert len(names(umr20)) == 3
    told = await act(hass, "delete_clips", told=True, **CARD, **times, names=names(umr20)[:1])
    assert len(told["deleted"]) == 1
    umr20.camera.menus.clock.drift = 0
    await hass.config_entries.async_reload(entry.entry_id)
    told = await act(hass, "delete_clips", told=True, **CARD, **times)
    assert len(told["deleted"]) == 2


async def test_delete_what_stays(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that agrees and does nothing is not believed."""
    umr20.camera.clips.fill("sd1", Film.MP4, 2)
    umr20.fault("del_clip_file", Fault.NO_CONTENT)
    told = await act(hass, "delete_clips", told=True, **CARD, names=names(umr20))
    assert told["deleted"] == []
    assert set(told["not_deleted"]) == set(names(umr20))
    assert await failure(hass, "delete_clips", **CARD) == "no_clips"


async def test_format(hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator) -> None:
    """Only when it is confirmed, and not while the camera records."""
    tune(umr20, format_time=0.3)
    umr20.camera.clips.fill("sd1", Film.MP4, 3)
    assert await failure(hass, "format_card", slot="sd1", confirm=False) == "format_unconfirmed"
    umr20.camera.recording = True
    await entry.runtime_data.async_refresh()
    assert await failure(hass, "format_card", slot="sd1", confirm=True) == "card_in_use"
    umr20.camera.recording = False
    await entry.runtime_data.async_refresh()
    await act(hass, "format_card", slot="sd1", confirm=True)
    await hass.async_block_till_done()
    assert names(umr20) == []
    umr20.camera.pull_card("sd2")
    assert await failure(hass, "format_card", slot="sd2", confirm=True) == "no_card"
    with pytest.raises(vol.Invalid):
        await act(hass, "format_card", slot="sd3", confirm=True)


async def test_numbers(hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator) -> None:
    """Clip number and recorder id."""
    await act(hass, "reset_clip_number")
    assert umr20.camera.clips.add("sd1", Film.MP4).name.startswith("S0M4002")
    await act(hass, "set_recorder_id", recorder_id=9)
    assert umr20.camera.menus.recorder_number == 9


async def test_ftp(hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator) -> None:
    """The server, what is sent there, and the end of it."""
    assert await failure(hass, "send_clips_to_ftp", **CARD, all=True) == "no_ftp_server"
    await act(hass, "set_ftp_server", host="192.0.2.7", username="user1", password="s3cret")
    server = umr20.camera.ftp.server
    assert (server.address, server.port, server.username, server.password, server.passive) == (
        "192.0.2.7",
        21,
        "user1",
        "s3cret",
        True,
    )
    with pytest.raises(vol.Invalid) as invalid:
        await act(hass, "set_ftp_server", host="ftp.example", password="s3cret")
    assert "s3cret" not in str(invalid.value)
    for wrong in ({"password": "not-these!"}, {"username": "not-these!"}, {"folder": "a:b"}):
        with pytest.raises(ServiceValidationError) as caught:
            await act(hass, "set_ftp_server", host="192.0.2.7", **wrong)
        assert caught.value.translation_key == "out_of_range"
        assert "not-these!" not in str(caught.value)
    assert (server.username, server.password) == ("user1", "s3cret")
    umr20.camera.clips.fill("sd1", Film.MP4, 3)
    umr20.fault("send_ftpserver", Fault.NO_CONTENT)
    await act(hass, "send_clips_to_ftp", **CARD, names=names(umr20)[1:])
    await act(hass, "send_clips_to_ftp", **CARD, all=True)
    orders = [r.params for r in umr20.requests if r.path.endswith("/send_ftpserver")]
    assert [(o["select_type"], o.get("fileno")) for o in orders] == [
        ("fileno", "2,3"),
        ("all", None),
    ]
    assert await failure(hass, "send_clips_to_ftp", **CARD) == "clips_or_all"
    both = {"names": names(umr20), "all": True}
    assert await failure(hass, "send_clips_to_ftp", **CARD, **both) == "clips_or_all"
    assert await failure(hass, "send_clips_to_ftp", **CARD, names=["gone"]) == "clip_gone"
    await act(hass, "cancel_ftp")


async def whole(clip: Any) -> str:
    """Return the digest of a film."""
    film = await asyncio.to_thread(clip.film.content)
    data, at = hashlib.sha256(), 0
    while piece := film.read(at, film.size):
        data.update(piece)
        at += len(piece)
    return data.hexdigest()


class Found(NamedTuple):
    """A file in a folder."""

    name: str
    size: int
    digest: str


async def files(folder: Path) -> list[Found]:
    """Return all files of a folder, hidden ones included."""

    def look() -> list[Found]:
        return sorted(
            Found(path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in folder.iterdir()
        )

    return await asyncio.to_thread(look)


async def test_download(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, folder: Path
) -> None:
    """Under camera and date, whole, and beside the one that has that name already."""
    clip = umr20.camera.clips.add("sd1", Film.MP4, began=FIRST, size=SIZE)
    digest = await whole(clip)
    other = umr20.camera.clips.add("sd1", Film.AVCHD, began=FIRST)
    data = {**CARD, "folder": str(folder)}
    told = await act(hass, "download_clip", told=True, **data, name=clip.name)
    assert told == {
        "name": clip.name,
        "began": "2026-11-21T09:00:00",
        "seconds": 4,
        "path": str(folder / "stage_left-2026-11-21-090000.mp4"),
        "file": "stage_left-2026-11-21-090000.mp4",
        "size": SIZE,
        "breaks": 0,
    }
    again = await act(hass, "download_clip", told=True, **data, name=clip.name)
    assert again["file"] == "stage_left-2026-11-21-090000-2.mp4"
    data["format"] = "avchd"
    third = await act(hass, "download_clip", told=True, **data, name=other.name)
    assert third["file"] == "stage_left-2026-11-21-090000.mts"
    assert [found.digest for found in await files(folder)] == [
        digest,
        digest,
        await whole(other),
    ]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("fault", [DownloadFault.CUT, DownloadFault.STALL, DownloadFault.LARGER])
async def test_download_goes_on(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    folder: Path,
    fault: DownloadFault,
    ranges: bool,
) -> None:
    """From where it broke off, or from the beginning where the camera knows nothing else."""
    tune(umr20, ranges=ranges)
    clip = umr20.camera.clips.add("sd1", Film.MP4, began=FIRST, size=SIZE)
    digest = await whole(clip)
    umr20.camera.clip_faults.downloads(fault, 1)
    told = await act(hass, "download_clip", told=True, **CARD, folder=str(folder), name=clip.name)
    assert told["size"] == SIZE
    assert told["breaks"] == (2 if ranges and fault is DownloadFault.LARGER else 1)
    (found,) = await files(folder)
    assert (found.size, found.digest) == (SIZE, digest)


async def test_download_fails(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing half is left, whatever the reason; the reason is told."""
    clip = umr20.camera.clips.add("sd1", Film.MP4, size=SIZE)
    data = {**CARD, "folder": str(folder), "name": clip.name}
    assert await failure(hass, "download_clip", **{**data, "name": "gone"}) == "clip_gone"
    umr20.camera.clip_faults.downloads(DownloadFault.CUT)
    assert await failure(hass, "download_clip", **data) == "cut"
    umr20.camera.clip_faults.clear()
    umr20.fault("get_clip_file", Fault.HTML_PAGE)
    assert await failure(hass, "download_clip", **data) == "unexpected_reply"
    umr20.clear_faults()
    umr20.camera.clip_faults.downloads(DownloadFault.EMPTY)
    assert await failure(hass, "download_clip", **data) == "unexpected_reply"
    umr20.camera.clip_faults.clear()
    tune(umr20, throughput=5_000_000)
    hass.loop.call_later(0.2, umr20.camera.pull_card, "sd1")
    assert await failure(hass, "download_clip", **data) == "card_removed"
    umr20.camera.insert_card("sd1")
    monkeypatch.setattr(clip_transfer, "SPAN", 0.2)
    tune(umr20, throughput=5_000)
    assert await failure(hass, "download_clip", **data) == "timeout"
    tune(umr20, throughput=0.0)
    monkeypatch.setattr(clip_files, "RESERVE", shutil.disk_usage(folder).free)
    assert await failure(hass, "download_clip", **data) == "clip_not_written"
    assert await files(folder) == []


@pytest.mark.parametrize("fault", [DownloadFault.NO_LENGTH, DownloadFault.CHUNKED])
@pytest.mark.parametrize("kind", Film)
async def test_download_without_a_size(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    folder: Path,
    kind: Film,
    fault: DownloadFault,
) -> None:
    """Where the end is, the clip itself tells."""
    clip = umr20.camera.clips.add("sd1", kind, began=FIRST)
    umr20.camera.clip_faults.downloads(fault)
    data = {"slot": "sd1", "format": kind.value, "folder": str(folder), "name": clip.name}
    told = await act(hass, "download_clip", told=True, **data)
    (found,) = await files(folder)
    assert (found.size, found.digest, told["breaks"]) == (told["size"], await whole(clip), 0)


async def test_download_interrupted(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, folder: Path
) -> None:
    """Who is stopped leaves nothing, and the camera is free."""
    tune(umr20, throughput=1_000_000)
    clip = umr20.camera.clips.add("sd1", Film.MP4, size=SIZE)
    data = {**CARD, "folder": str(folder), "name": clip.name}
    task = hass.async_create_task(act(hass, "download_clip", **data))
    await asyncio.sleep(1.0)
    assert len(await asyncio.to_thread(lambda: list(folder.iterdir()))) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await files(folder) == []
    tune(umr20, throughput=0.0)
    await act(hass, "download_clip", **data)


async def test_reboot_during_download(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, folder: Path
) -> None:
    """A camera that restarts quickly goes on; the clip is whole."""
    tune(umr20, throughput=4_000_000, ranges=True)
    clip = umr20.camera.clips.add("sd1", Film.MP4, began=FIRST, size=SIZE)
    data = {**CARD, "folder": str(folder), "name": clip.name}
    task = hass.async_create_task(act(hass, "download_clip", told=True, **data))
    await asyncio.sleep(0.6)
    await umr20.reboot(0.1)
    assert (await task)["breaks"] >= 1
    (found,) = await files(folder)
    assert found.digest == await whole(clip)


@pytest.mark.parametrize("where", ["..", "../elsewhere", "missing", "file", "link"])
async def test_folders_that_are_not_allowed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    folder: Path,
    where: str,
) -> None:
    """Only below what the configuration names, wherever a link leads."""
    elsewhere = folder.parent / "elsewhere"
    await asyncio.to_thread(elsewhere.mkdir)
    await asyncio.to_thread((folder / "file").touch)
    await asyncio.to_thread((folder / "link").symlink_to, elsewhere)
    clip = umr20.camera.clips.add("sd1", Film.MP4)
    data = {**CARD, "folder": str(folder / where), "name": clip.name}
    assert await failure(hass, "download_clip", **data) == "folder_not_allowed"
    assert await files(elsewhere) == []


async def test_names_never_become_paths(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, folder: Path
) -> None:
    """A clip called ../../x comes under camera and date; one without a date under letters."""
    clip = umr20.camera.clips.add("sd1", Film.MP4, name="../../x", began=FIRST)
    told = await act(hass, "download_clip", told=True, **CARD, folder=str(folder), name=clip.name)
    assert Path(told["path"]).parent == folder
    assert clip_files.stem_of("../Cam", None, "../../x") == "cam-x"
    assert clip_files.stem_of("..", None, "..") == "unknown-unknown"


async def test_camera_without_cards(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry
) -> None:
    """It says that it cannot."""
    (camera, *_) = hass.states.async_entity_ids("camera")
    for action, data in (
        ("format_card", {"slot": "sd1", "confirm": True}),
        ("reset_clip_number", {}),
        ("cancel_ftp", {}),
        ("set_ftp_server", {"host": "192.0.2.1"}),
    ):
        with pytest.raises(ServiceValidationError) as caught:
            await hass.services.async_call(
                DOMAIN, action, {"entity_id": camera, **data}, blocking=True
            )
        assert caught.value.translation_key == "unsupported"
