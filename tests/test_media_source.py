"""The media browser: cameras, cards, formats, days, clips; what is searched; what goes wrong."""

from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.panacam.cams.clips import Clip, ClipFormat
from custom_components.panacam.cams.device import Slot
from custom_components.panacam.cams.errors import ConnectError, Reason, RefusedError
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.media_branch import MAX_IDENTIFIER, identifier_of, parts_of
from custom_components.panacam.media_titles import file_name, length_of
from tests.fake_clips import BEGAN, FakeClips, clip, recorder
from tests.fake_roles import set_up
from tests.simulators.povcam import PovcamSimulator
from tests.simulators.povcam.films import ClipFormat as FilmFormat

ROOT = "media-source://panacam"
FILE = Path(__file__).parent.parent / "custom_components" / "panacam" / "translations" / "en.json"
ENGLISH = json.loads(FILE.read_text())
HOSTILE = [
    "../../x",
    "..",
    ".",
    "/etc/passwd",
    "a b",
    "%2e%2e%2f",
    "a?b#c&d",
    "映像",
    "\udc83\udc65",
    pytest.param("a" * 300, id="long"),
    "<script>",
    "day",
    "cards",
]

type Ask = Any
"""Sends a command to the media source and returns the whole answer."""


@pytest.fixture
async def ask(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> Ask:
    """Ask as the frontend does."""
    for component in (DOMAIN, "media_source"):
        assert await async_setup_component(hass, component, {})
    client = await hass_ws_client(hass)

    async def send(node: str = ROOT, kind: str = "browse", **more: object) -> dict[str, Any]:
        await client.send_json_auto_id(
            {"type": f"media_source/{kind}_media", "media_content_id": node, **more}
        )
        answer: dict[str, Any] = await client.receive_json()
        return answer

    return send


async def titles(ask: Ask, node: str) -> dict[str, str]:
    """Return the children of a node: identifiers by title."""
    answer = await ask(node)
    assert answer["success"], answer
    return {child["title"]: child["media_content_id"] for child in answer["result"]["children"]}


async def found(ask: Ask, words: str, node: str = ROOT, **more: object) -> list[str]:
    """Return the titles of what is found."""
    answer = await ask(node, "search", search_query=words, **more)
    assert answer["success"], answer
    return [item["title"] for item in answer["result"]["result"]]


def clips_of(count: int, kind: ClipFormat = ClipFormat.MP4) -> dict[Clip, bytes]:
    """Return clips of some days, newest first: one each eight hours."""
    return {
        clip(f"{kind.value.upper()}{at:03}", kind, began=BEGAN - timedelta(hours=8 * at)): b""
        for at in range(count)
    }


async def test_all_levels(hass: HomeAssistant, ask: Ask) -> None:
    """From the camera down to a clip that can be played; nothing empty in between."""
    device, role = recorder(clips_of(7))
    entry = await set_up(hass, device, title="Stage left")
    root = await ask()
    assert root["result"]["can_search"]
    cameras = await titles(ask, ROOT)
    assert list(cameras) == ["Stage left"]
    cards = await titles(ask, cameras["Stage left"])
    assert list(cards) == ["SD1, 12.3 GB free"]
    formats = await titles(ask, next(iter(cards.values())))
    assert list(formats) == ["MP4 (7)"]
    assert (await ask(f"{ROOT}/cards/{entry.entry_id}/sd1/mp4"))["result"]["title"] == "MP4"
    days = await titles(ask, formats["MP4 (7)"])
    assert list(days) == ["2026-11-20 (3)", "2026-11-19 (3)", "2026-11-18 (1)"]
    day = (await ask(days["2026-11-20 (3)"]))["result"]
    assert (day["title"], day["children_media_class"]) == ("2026-11-20", "video")
    assert [child["title"] for child in day["children"]] == [
        "20:12:02 (0:04)",
        "12:12:02 (0:04)",
        "04:12:02 (0:04)",
    ]
    node = day["children"][0]
    assert (node["can_play"], node["can_expand"], node["media_class"]) == (True, False, "video")
    assert node["thumbnail"].startswith(f"/api/panacam/thumbnail/{entry.entry_id}/sd1/mp4/")
    assert node["media_content_id"] == f"{ROOT}/cards/{entry.entry_id}/sd1/mp4/MP4000"
    assert (await ask(node["media_content_id"]))["result"]["title"] == node["title"]
    played = await ask(node["media_content_id"], "resolve")
    assert played["result"]["mime_type"] == "video/mp4"
    assert played["result"]["url"].startswith(f"/api/panacam/clip/{entry.entry_id}/sd1/mp4/")
    # Only where a person begins to page the list is read anew.
    assert [look[3] for look in role.looks] == [False, False, True, True, False, False, False]


async def test_list_that_is_still_read(hass: HomeAssistant, ask: Ask) -> None:
    """What is there is shown, and a way to the rest."""
    device, role = recorder(clips_of(3))
    role.complete, role.total = False, 2000
    entry = await set_up(hass, device)
    node = f"{ROOT}/cards/{entry.entry_id}/sd1/mp4"
    days = await titles(ask, node)
    older = "Older clips (the list is still being read: 3 of 2000)"
    assert list(days) == ["2026-11-20 (3)", older]
    role.contents, role.complete, role.total = clips_of(6), True, None
    assert list(await titles(ask, days[older])) == ["2026-11-20 (3)", "2026-11-19 (3)"]
    assert role.looks[-1][3] is False


async def test_days_that_are_strange(hass: HomeAssistant, ask: Ask) -> None:
    """Clips without a time have a place, too; a day has no end, but its page has."""
    many = {clip(f"N{at}", length=None): b"" for at in range(1100)}
    device, _ = recorder({clip("NONE", began=None): b"", **many})
    entry = await set_up(hass, device)
    node = f"{ROOT}/cards/{entry.entry_id}/sd1/mp4"
    days = await titles(ask, node)
    assert list(days) == ["2026-11-20 (1100)", "No date (1)"]
    assert list(await titles(ask, days["No date (1)"])) == ["NONE"]
    day = (await ask(days["2026-11-20 (1100)"]))["result"]
    assert (len(day["children"]), day["not_shown"]) == (1000, 100)
    assert day["children"][0]["title"] == "20:12:02"


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names(hass: HomeAssistant, ask: Ask, name: str) -> None:
    """A name is a name: it comes back whole, and leads nowhere else."""
    device, _ = recorder({clip(name): b"", clip("OTHER"): b""})
    entry = await set_up(hass, device)
    day = await ask(f"{ROOT}/cards/{entry.entry_id}/sd1/mp4/day/2026-11-20")
    node = day["result"]["children"][0]["media_content_id"]
    assert parts_of(node.removeprefix(f"{ROOT}/")) == (
        "cards",
        entry.entry_id,
        "sd1",
        "mp4",
        name,
    )
    url = (await ask(node, "resolve"))["result"]["url"]
    assert url.partition("?")[0].count("/") == 7
    assert ".." not in url
    path = f"{ROOT}/cards/{entry.entry_id}/sd1/mp4/{identifier_of(name + 'x')}"
    assert not (await ask(path, "resolve"))["success"]


@pytest.mark.parametrize(
    "rest",
    [
        "nothing",
        "cards",
        "cards/nobody",
        "cards/{entry}/sd1/avi",
        "cards/{entry}/sd3",
        "cards/{entry}/sd3/mp4",
        "cards/{entry}/sd3/mp4/MP4000",
        "cards/{entry}/sd1/mp4/day/2026-13-99",
        "cards/{entry}/sd1/mp4/day/2020-01-01",
        "cards/{entry}/sd1/mp4/other/1",
        "cards/{entry}/sd1/mp4/a/b/c/d/e/f",
        "cards/{entry}//mp4",
        "cards/{entry}/%00/mp4",
        "cards/{entry}/%2/mp4",
        pytest.param("cards/{entry}/" + "x" * 5000, id="long"),
    ],
)
async def test_wrong_identifiers(hass: HomeAssistant, ask: Ask, rest: str) -> None:
    """Whatever somebody asks for, the answer is a sentence."""
    device, _ = recorder(clips_of(3))
    entry = await set_up(hass, device)
    node = f"{ROOT}/{rest.format(entry=entry.entry_id)}"
    for kind in ("browse", "resolve"):
        answer = await ask(node, kind)
        assert answer["error"]["message"] == (
            "There is nothing here any more. Go back and open the list again"
        )


async def test_camera_away(hass: HomeAssistant, ask: Ask) -> None:
    """It is said what is wrong, at each level, and what to do."""
    device, role = recorder(clips_of(3))
    entry = await set_up(hass, device)
    parts = ["sd1", "mp4", "MP4000"]
    nodes = [f"{ROOT}/cards/{entry.entry_id}/{'/'.join(parts[:end])}" for end in (1, 2, 3)]
    for error, sentence in (
        (error, ENGLISH["exceptions"][error.reason]["message"].rstrip("."))
        for error in (ConnectError(Reason.UNREACHABLE), RefusedError(Reason.NO_CARD))
    ):
        role.error = error
        for node in nodes:
            assert (await ask(node))["error"]["message"].startswith(sentence)
        assert (await ask(nodes[2], "resolve"))["error"]["message"].startswith(sentence)
        answer = await ask(ROOT, "search", search_query="20")
        assert answer["error"]["message"].startswith(sentence)
    role.error = None
    gone = await ask(f"{nodes[1]}/GONE", "resolve")
    assert gone["error"]["message"].startswith("This clip is no longer on the memory card")
    await hass.config_entries.async_unload(entry.entry_id)
    for kind in ("browse", "resolve"):
        answer = await ask(nodes[2], kind)
        sentence = ENGLISH["exceptions"]["media_camera_away"]["message"]
        assert answer["error"]["message"] == sentence.rstrip(".")
        assert "its entry is enabled" in sentence
    assert await titles(ask, ROOT) == {}


async def test_no_cards(hass: HomeAssistant, ask: Ask) -> None:
    """Without a card that is said; a camera without clips is not shown."""
    device, _ = recorder({}, {"sd1": Slot(inserted=False)})
    entry = await set_up(hass, device)
    answer = await ask(f"{ROOT}/cards/{entry.entry_id}")
    sentence = ENGLISH["exceptions"][Reason.NO_CARD]["message"]
    assert answer["error"]["message"] == sentence.rstrip(".")
    device.clips = None
    assert await titles(ask, ROOT) == {}


async def test_no_clips(hass: HomeAssistant, ask: Ask) -> None:
    """An empty card, or format, is called so."""
    device, _ = recorder({})
    entry = await set_up(hass, device)
    node = f"{ROOT}/cards/{entry.entry_id}/sd1"
    for below, title in (("", "SD1, 12.3 GB free: no clips"), ("/mp4", "MP4: no clips")):
        shown = (await ask(node + below))["result"]
        assert (shown["title"], shown["children"]) == (title, [])


async def test_names_of_cameras(hass: HomeAssistant, ask: Ask) -> None:
    """They are called, and found, as their owner calls them."""
    device, _ = recorder(clips_of(1))
    entry = await set_up(hass, device, title="AG-UMR20")
    registry = dr.async_get(hass)
    (known,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
    for name, by_user in (("AG-UMR20", None), ("Recorder", None), ("Recorder", "Stage left")):
        registry.async_update_device(known.id, name=name, name_by_user=by_user)
        shown = by_user or name
        assert list(await titles(ask, ROOT)) == [shown]
        assert (await ask(f"{ROOT}/cards/{entry.entry_id}"))["result"]["title"] == shown
        assert await found(ask, shown) == [f"11-20 20:12:02 (0:04) MP4 {shown}"]
    registry.async_remove_device(known.id)
    assert list(await titles(ask, ROOT)) == ["AG-UMR20"]


async def test_one_format_fails(hass: HomeAssistant, ask: Ask) -> None:
    """The other one is shown all the same."""

    class Half(FakeClips):
        async def listing(self, slot: str, kind: ClipFormat, **more: Any) -> Any:
            if kind is ClipFormat.AVCHD:
                raise ConnectError(Reason.CUT)
            return await super().listing(slot, kind, **more)

    device, _ = recorder(clips_of(1), make=Half)
    entry = await set_up(hass, device)
    assert list(await titles(ask, f"{ROOT}/cards/{entry.entry_id}/sd1")) == ["MP4 (1)"]
    assert await found(ask, "mp4000") == ["11-20 20:12:02 (0:04) MP4 Bare"]


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ("2026-11-20", [0, 8, 16]),
        ("20 Nov", [0, 8, 16]),
        ("Nov 20, 2026", [0, 8, 16]),
        ("20.11.2026", [0, 8, 16]),
        ("11/20/2026 20:12", [0]),
        ("20:12", [0, 24, 48]),
        ("19 november", [24, 32, 40]),
        ("friday 04:", [16]),
        ("2026-11-1", [24, 32, 40, 48]),
        ("mp4000", [0]),
        ("stage 2026-11-20 sd1", [0, 8, 16]),
        ("avchd", []),
        ("21 nov", []),
        ("   ", []),
        pytest.param("x" * 5000, [], id="long"),
    ],
)
async def test_search(hass: HomeAssistant, ask: Ask, words: str, hours: list[int]) -> None:
    """By date, time, name and camera, newest first; the camera is told where it is not known."""
    device, _ = recorder(clips_of(7))
    entry = await set_up(hass, device, title="Stage left")
    wanted = [f"{BEGAN - timedelta(hours=hour):%m-%d %H:%M:%S} (0:04) MP4" for hour in hours]
    for below in (f"/cards/{entry.entry_id}", f"/cards/{entry.entry_id}/sd1/mp4"):
        assert await found(ask, words, ROOT + below) == wanted
    for below in ("", "/cards"):
        assert await found(ask, words, ROOT + below) == [f"{title} Stage left" for title in wanted]
    assert await found(ask, words, f"{ROOT}/cards/{entry.entry_id}/sd1/avchd") == []
    assert await found(ask, words, media_filter_classes=["music"]) == []


async def test_search_is_bounded(
    hass: HomeAssistant, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many the newest are shown, and a slow camera is not waited for."""
    device, role = recorder(clips_of(500))
    await set_up(hass, device)
    assert len(await found(ask, "2026")) == 100
    role.slow = 30.0
    monkeypatch.setattr("custom_components.panacam.media_cards.SEARCH_TIME", 0.05)
    assert await found(ask, "2026") == []
    assert not (await ask(f"{ROOT}/cards/nobody", "search", search_query="x"))["success"]
    assert not (await ask(f"{ROOT}/nothing", "search", search_query="x"))["success"]


async def test_recorder(
    hass: HomeAssistant, umr20: PovcamSimulator, entry: MockConfigEntry, ask: Ask
) -> None:
    """The clips of a simulated recorder, two thousand of them, and the first page at once."""
    began = datetime(2026, 10, 1, 8)  # noqa: DTZ001 - by the camera's clock
    umr20.camera.clips.fill("sd1", FilmFormat.MP4, 2000, start=began, every=timedelta(minutes=30))
    umr20.camera.clips.add("sd1", FilmFormat.AVCHD, began=began, length=12)
    node = f"{ROOT}/cards/{entry.entry_id}/sd1"
    begun = hass.loop.time()
    first = await titles(ask, node)
    assert hass.loop.time() - begun < 1.0
    assert len(first) == 2
    while True:
        days = await titles(ask, f"{node}/mp4")
        if not any(title.startswith("Older") for title in days):
            break
    assert len(days) == 42
    shown = {title.split(" ")[0]: title for title in days}
    assert shown["2026-10-01"].endswith("(32)")
    assert sum(int(title.split("(")[1].rstrip(")")) for title in days) == 2000
    clips = await titles(ask, days[shown["2026-10-01"]])
    assert list(clips)[-1] == "08:00:00 (0:04)"


def test_identifiers() -> None:
    """They come back as they were; what is not one is refused."""
    for name in (*HOSTILE[:5], "a" * 300, "\udc83\udc65"):
        assert parts_of(identifier_of("cards", name, "x")) == ("cards", name, "x")
    assert parts_of("") == ()
    for rubbish in ("/", "a//b", "a/", "%", "%zz", "%0a", "a%2", "ü", "x" * (MAX_IDENTIFIER + 1)):
        with pytest.raises(ValueError, match="identifier"):
            parts_of(rubbish)


def test_names_of_files() -> None:
    """The camera and the date; nothing that is a path anywhere."""
    assert file_name("UMR20", clip(), "mp4") == "UMR20 2026-11-20 20-12-02.mp4"
    undated = clip("../x", ClipFormat.AVCHD, began=None)
    assert file_name("a/b\\c\n:", undated, "mts") == "a_b_c_ .._x.mts"
    assert length_of(timedelta(seconds=3723)) == "1:02:03"
    assert length_of(timedelta(seconds=-5)) == "0:00"
