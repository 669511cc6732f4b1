"""Copies of settings in Home Assistant: every day, by action, as file and template, restored."""

from collections.abc import AsyncGenerator
from datetime import timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.panacam import backup_files, backup_store, backups
from custom_components.panacam.backup_errors import BackupError, Lack
from custom_components.panacam.backup_store import MAX_COPIES, MAX_TEMPLATES, Backups
from custom_components.panacam.cams import keeping
from custom_components.panacam.cams.backup import FORMAT, Document
from custom_components.panacam.cams.errors import ConnectError, Reason, RefusedError
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC, add, entry_for, until, yard_entry_for
from tests.fake_roles import full_device, set_up
from tests.simulators.onvif import OnvifSimulator
from tests.simulators.povcam import Fault, PovcamSimulator
from tests.test_init import poll

OTHER_MAC = "a8:13:74:00:00:02"
CAMERA = "camera.stage_left_h_264_1"
SPARE = "camera.spare_h_264_1"


@pytest.fixture(autouse=True)
def _own_folder(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keep files apart from those of other tests; cameras here show at once what they were told."""
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    monkeypatch.setattr(keeping, "SETTLE", 0.0)


@pytest.fixture
async def spare(socket_enabled: None, quick: None) -> AsyncGenerator[PovcamSimulator]:
    """Run a second recorder of the same model."""
    async with PovcamSimulator(mac="A8-13-74-00-00-02", serial="SIM0000002") as simulator:
        yield simulator


@pytest.fixture
async def spare_entry(hass: HomeAssistant, spare: PovcamSimulator) -> MockConfigEntry:
    """Set it up."""
    return await add(hass, spare_for(spare))


def spare_for(spare: PovcamSimulator, title: str = "Spare", **data: Any) -> MockConfigEntry:
    """Return the entry of the second recorder."""
    made = entry_for(spare, unique_id=OTHER_MAC, **data)
    return MockConfigEntry(
        domain=DOMAIN,
        title=title,
        unique_id=OTHER_MAC,
        data=dict(made.data),
        options=dict(made.options),
    )


async def act(hass: HomeAssistant, action: str, entity: str = CAMERA, **data: Any) -> Any:
    """Perform an action, and return what it answers for the entity."""
    answers = await hass.services.async_call(
        DOMAIN, action, {"entity_id": entity, **data}, blocking=True, return_response=True
    )
    assert answers is not None
    return answers[entity]


async def later(hass: HomeAssistant, **time: float) -> None:
    """Let time pass, as Home Assistant's timers see it."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(**time))
    await hass.async_block_till_done(wait_background_tasks=True)


async def copies(hass: HomeAssistant, entry: MockConfigEntry) -> list[Document]:
    """Return the copies that are kept of a camera."""
    return await (await backup_store.async_backups(hass)).async_copies(entry.entry_id)


async def test_save(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator, tmp_path: Path
) -> None:
    """The answer says what was saved and where; the file has it all, and no password."""
    umr20.camera.title = "Stage \u7384\u95a2"
    told = await act(hass, "save_settings", name="../../Stage: left/")
    path = Path(told["path"])
    assert path.parent == tmp_path / "panacam"
    assert path.name == told["file"]
    assert path.name.startswith("stage_left-20")
    mode, text = await hass.async_add_executor_job(lambda: (path.stat().st_mode, path.read_text()))
    assert mode & 0o077 == 0
    document = json.loads(text)
    assert document == told["settings"]
    assert document["format"] == FORMAT
    assert document["serial"] == "SIM0000001"
    assert document["camera"] == MAC
    assert document["sections"]["basic"]["cam_title"] == "Stage \u7384\u95a2"
    assert told["count"] == sum(map(len, document["sections"].values())) > 60
    assert told["saved_from"]["model"] == "AG-UMR20"
    assert told["template"] is None
    assert "12345" not in text
    again = await act(hass, "save_settings", name="Stage: left")
    assert again["file"] != told["file"]
    assert len(await copies(hass, entry)) == 1  # nothing was changed in between


async def test_compare_and_restore(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """What somebody changed is told, and put back; the state of before is kept as a copy."""
    saved = await act(hass, "save_settings")
    assert await act(hass, "compare_settings") | {"saved_from": {}} == {
        "saved_at": saved["saved_at"],
        "saved_from": {},
        "count": saved["count"],
        "same": True,
        "differences": [],
    }
    umr20.camera.jpeg_quality = 9
    umr20.camera.title = "Wrong"
    told = await act(hass, "compare_settings", file=saved["file"])
    assert told["same"] is False
    assert told["differences"] == [
        {"section": "basic", "key": "cam_title", "saved": "AG-UMR20", "now": "Wrong"},
        {"section": "jpeg", "key": "jpeg_quality", "saved": "4", "now": "9"},
    ]
    told = await act(hass, "restore_settings", file=saved["file"])
    assert told["complete"] is True
    assert told["taken"] == ["basic.cam_title", "jpeg.jpeg_quality"]
    assert told["spared"] == []
    assert (umr20.camera.jpeg_quality, umr20.camera.title) == (4, "AG-UMR20")
    kept = await copies(hass, entry)
    assert [one.sections["jpeg"]["jpeg_quality"] for one in kept] == ["9", "4"]
    told = await act(hass, "restore_settings", copy=1)
    assert umr20.camera.jpeg_quality == 9


async def test_another_cameras_copy(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    spare_entry: MockConfigEntry,
    spare: PovcamSimulator,
) -> None:
    """By its name or an entity of it; while it is there, what is its own stays with it."""
    umr20.camera.title, umr20.camera.jpeg_quality = "Mine", 8
    await act(hass, "save_settings")
    told = await act(hass, "restore_settings", SPARE, camera="stage LEFT")
    assert told["taken"] == ["jpeg.jpeg_quality"]
    assert "basic.cam_title" in told["spared"]
    assert (spare.camera.jpeg_quality, spare.camera.title) == (8, "AG-UMR20")
    spare.camera.jpeg_quality = 1
    told = await act(hass, "restore_settings", SPARE, camera=CAMERA, everything=True)
    assert (spare.camera.jpeg_quality, spare.camera.title) == (8, "Mine")
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "restore_settings", SPARE, camera="Nobody")
    assert caught.value.translation_key == "no_such_camera"


async def test_a_camera_that_is_gone(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    spare_entry: MockConfigEntry,
    spare: PovcamSimulator,
) -> None:
    """Its copies outlast its removal for a month, and then nobody else uses what was its own."""
    umr20.camera.title = "Mine"
    await act(hass, "save_settings")
    await hass.config_entries.async_remove(entry.entry_id)
    told = await act(hass, "restore_settings", SPARE, camera="Stage left")
    assert spare.camera.title == "Mine"
    assert told["spared"] == []
    kept = Backups(hass)
    await kept.async_load()
    assert entry.entry_id in kept.known
    old = dt_util.utcnow() - timedelta(days=31)
    backup = kept.known[entry.entry_id]
    kept.known = {entry.entry_id: backup_store.replace(backup, removed=old)}
    await kept._save()
    forgetful = Backups(hass)
    await forgetful.async_load()
    assert forgetful.known == {}
    assert await forgetful.async_copies(entry.entry_id) == []


async def test_template(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    spare_entry: MockConfigEntry,
    spare: PovcamSimulator,
) -> None:
    """It is given to any camera, without what is one camera's own."""
    umr20.camera.title, umr20.camera.jpeg_quality = "Mine", 8
    assert (await act(hass, "save_settings", name="Studio", template=True))["template"] == "Studio"
    report = await backups.async_apply_template(hass, spare_entry, "Studio")
    assert report.complete
    assert report.taken == ("jpeg.jpeg_quality",)
    assert (spare.camera.jpeg_quality, spare.camera.title) == (8, "AG-UMR20")
    told = await act(hass, "compare_settings", SPARE, template="Studio")
    assert [one["key"] for one in told["differences"]] == ["cam_title"]
    assert "serial" not in told["saved_from"]
    with pytest.raises(BackupError) as caught:
        await backups.async_apply_template(hass, spare_entry, "Nothing")
    assert caught.value.reason is Lack.NO_SUCH_TEMPLATE
    await hass.config_entries.async_unload(spare_entry.entry_id)
    with pytest.raises(ConnectError):
        await backups.async_apply_template(hass, spare_entry, "Studio")
    kept = await backup_store.async_backups(hass)
    assert kept.templates == ["Studio"]
    document = await kept.async_template("Studio")
    for number in range(MAX_TEMPLATES - 1):
        await kept.async_save_template(f"T{number}", document)
    with pytest.raises(BackupError) as caught:
        await kept.async_save_template("One too many", document)
    assert caught.value.reason is Lack.TOO_MANY_TEMPLATES
    await kept.async_save_template("Studio", document)  # in the place of the one of that name


async def test_another_family(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    yard: OnvifSimulator,
) -> None:
    """Nothing of it fits, and that is what is told."""
    saved = await act(hass, "save_settings")
    await add(hass, yard_entry_for(yard))
    entity = next(
        state.entity_id for state in hass.states.async_all("camera") if "yard" in state.entity_id
    )
    before = dict(yard.camera.imaging.values)
    told = await act(hass, "restore_settings", entity, file=saved["file"])
    assert told["complete"] is False
    assert len(told["absent"]) + len(told["spared"]) == saved["count"]
    assert told["taken"] == told["unchanged"] == []
    assert yard.camera.imaging.values == before


async def test_dies_midway(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The answer says what took before, and claims nothing of the rest."""
    umr20.camera.jpeg_quality = 1
    umr20.camera.audio_settings.bitrate = "64"
    saved = await act(hass, "save_settings")
    umr20.camera.jpeg_quality = 2
    umr20.camera.audio_settings.bitrate = "96"
    umr20.fault("set_audio", Fault.CLOSE)
    told = await act(hass, "restore_settings", file=saved["file"])
    assert told["taken"] == ["jpeg.jpeg_quality"]
    assert told["refused"] == {"audio.audio_bitrate": "cut"}
    assert told["ended"] == "cut"
    assert told["complete"] is False
    umr20.fault("*", Fault.CLOSE)
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "restore_settings", file=saved["file"])
    assert caught.value.translation_key == "cut"


BAD = [
    ("nothing.json", None, "no_such_file"),
    ("../secrets.yaml", None, "no_such_file"),
    ("/etc/passwd", None, "no_such_file"),
    ("folder.json", "folder", "no_such_file"),
    ("link.json", "link", "no_such_file"),
    ("no.json", b"hello", "document_not_json"),
    ("other.json", b"{}", "document_not_ours"),
    ("big.json", b" " * 600_000, "document_too_large"),
    ("odd.json", b'{"format": "panacam settings", "version": 1}', "document_malformed"),
    ("new.json", b'{"format": "panacam settings", "version": 9}', "document_newer"),
]


@pytest.mark.parametrize(("name", "content", "key"), BAD)
async def test_strange_files(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    tmp_path: Path,
    name: str,
    content: bytes | str | None,
    key: str,
) -> None:
    """Each is refused for its own reason, before the camera is asked to change."""
    folder = tmp_path / "panacam"
    folder.mkdir()
    match content:
        case bytes():
            (folder / name).write_bytes(content)
        case "folder":
            (folder / name).mkdir()
        case "link":
            (tmp_path / "secret.json").write_text("{}")
            (folder / name).symlink_to(tmp_path / "secret.json")
    for action in ("restore_settings", "compare_settings"):
        with pytest.raises(ServiceValidationError) as caught:
            await act(hass, action, file=name)
        assert caught.value.translation_key == key
    assert not [move for move in umr20.camera.moves if move.cgi.startswith("set_")]


async def test_disk(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes no file, and a folder with enough of them."""
    (tmp_path / "panacam").write_text("in the way")
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "save_settings")
    assert caught.value.translation_key == "not_written"
    (tmp_path / "panacam").unlink()
    monkeypatch.setattr(backup_files, "MAX_FILES", 1)
    await act(hass, "save_settings")
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "save_settings")
    assert caught.value.translation_key == "too_many_files"


@pytest.mark.parametrize(
    "data",
    [{"file": "a.json", "template": "b"}, {"template": "b", "copy": 1}, {"file": "a", "copy": 2}],
)
async def test_two_sources(
    hass: HomeAssistant, entry: MockConfigEntry, data: dict[str, Any]
) -> None:
    """Nobody knows which is meant."""
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "compare_settings", **data)
    assert caught.value.translation_key == "two_sources"


async def test_no_copy_and_no_settings(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Nothing was saved yet; and a camera without settings says so."""
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "compare_settings")
    assert caught.value.translation_key == "no_such_copy"
    await act(hass, "save_settings")
    with pytest.raises(ServiceValidationError):
        await act(hass, "compare_settings", copy=2)
    await set_up(hass, full_device(), title="Bare", unique_id="bare")
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "save_settings", "camera.bare_only")
    assert caught.value.translation_key == "unsupported"


async def test_daily_copy(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """The first one soon, then one a day that is not as the last; seven are kept."""
    assert await copies(hass, entry) == []
    await later(hass, minutes=4)
    assert await copies(hass, entry) == []
    await later(hass, minutes=11)
    assert len(await copies(hass, entry)) == 1
    await later(hass, hours=26)
    assert len(await copies(hass, entry)) == 1  # it is as before
    for quality in (0, 1, 2, 3, 5, 6, 7, 8, 9):
        umr20.camera.jpeg_quality = quality
        await later(hass, hours=26)
    kept = await copies(hass, entry)
    assert len(kept) == MAX_COPIES
    assert [one.sections["jpeg"]["jpeg_quality"] for one in kept] == list("9876532")
    assert kept[0].saved >= kept[-1].saved


async def test_no_copy_while_away(
    hass: HomeAssistant, entry: MockConfigEntry, umr20: PovcamSimulator
) -> None:
    """A camera that is away is not asked; one that goes away meanwhile leaves no half copy."""
    umr20.fault("*", Fault.CLOSE)
    await poll(hass, entry)
    umr20.requests.clear()
    await later(hass, minutes=11)
    assert "/cgi-bin/get_multi_screen" not in [request.path for request in umr20.requests]
    umr20.clear_faults()
    await poll(hass, entry)
    umr20.fault("get_multi_screen", Fault.CLOSE)
    umr20.fault("getinfo", Fault.CLOSE)
    await later(hass, hours=2.5)
    assert await copies(hass, entry) == []
    umr20.clear_faults()
    await later(hass, hours=2.5)
    assert len(await copies(hass, entry)) == 1


async def test_unloaded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Nobody copies the settings of an entry that is not loaded."""
    await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    await later(hass, minutes=11)
    assert await copies(hass, entry) == []


async def test_not_set_up_again_meanwhile(
    hass: HomeAssistant, yard: OnvifSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera with other streams is set up again once all of its settings were restored."""
    entry = await add(hass, yard_entry_for(yard))
    coordinator = entry.runtime_data
    with coordinator.undisturbed():
        coordinator.reload.ask()
        await later(hass, seconds=40)
        assert entry.runtime_data is coordinator
    await later(hass, seconds=80)
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    assert entry.runtime_data is not coordinator


@pytest.mark.parametrize("camera", [None, "a8:13:74:00:00:77"])
async def test_file_of_an_unknown_camera(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    tmp_path: Path,
    camera: str | None,
) -> None:
    """Nobody knows whether that one is there: what was its own is left to it."""
    written = {
        "format": FORMAT,
        "version": 1,
        "family": "povcam",
        "saved": "2026-11-21T19:00:00Z",
        "sections": {"basic": {"cam_title": "Theirs", "plugin_disp": "1"}},
    } | ({} if camera is None else {"camera": camera})
    (tmp_path / "panacam").mkdir()
    (tmp_path / "panacam" / "theirs.json").write_text(json.dumps(written))
    told = await act(hass, "restore_settings", file="theirs.json")
    assert (told["taken"], told["spared"]) == (["basic.plugin_disp"], ["basic.cam_title"])
    assert (umr20.camera.title, umr20.camera.plugin_disp) == ("AG-UMR20", "1")


async def test_slow_camera(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    umr20: PovcamSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for ever for a camera that takes its time."""
    monkeypatch.setattr(backups, "READ_LIMIT", 0.1)
    umr20.fault("get_time", Fault.HANG)
    with pytest.raises(HomeAssistantError) as caught:
        await act(hass, "save_settings")
    assert caught.value.translation_key == "timeout"


async def test_replaced_camera_without_a_copy(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """There is nothing to give; a device that keeps nothing takes nothing either."""
    with pytest.raises(BackupError) as caught:
        await backups.async_apply_replacement(hass, entry, "nobody")
    assert caught.value.reason is Lack.NO_SUCH_COPY
    assert await backups.async_replacement_for(hass, entry) is None
    bare = await set_up(hass, full_device(), title="Bare", unique_id="bare")
    document = Document(family="mo", saved=dt_util.utcnow(), sections={"settings": {"a": 1}})
    with pytest.raises(RefusedError) as caught:
        await backups.async_restore(bare.runtime_data, document)
    assert caught.value.reason is Reason.UNSUPPORTED
