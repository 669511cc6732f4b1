"""The loudspeaker: what is played is heard at the camera, and what is not is said."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import patch

from homeassistant.components.media_player import MediaPlayerEntityFeature
from homeassistant.components.media_source import PlayMedia
from homeassistant.const import STATE_IDLE, STATE_PLAYING
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.panacam.cams.errors import ConnectError, Reason
from tests.conftest import until
from tests.simulators.mo import MoFault, MoSimulator
from tests.sounds import TONE, encoded, served, tone
from tests.test_actions import call
from tests.test_init import eventually, ours, state

SPEAKER = "media_player.gate_speaker"


@pytest.fixture
async def web() -> AsyncIterator[str]:
    """Serve some sounds."""
    files: dict[str, bytes | str] = {
        "tone.wav": tone(0.6),
        "long.wav": tone(20.0, rate=8000, channels=1),
        "spoken.mp3": encoded(0.6, "mp3", "mp3"),
        "page.html": b"<html></html>" * 100,
    }
    async with served(files) as url:
        yield url


async def play(hass: HomeAssistant, url: str, **data: object) -> None:
    """Play what is at a URL."""
    await call(
        hass,
        "media_player",
        "play_media",
        SPEAKER,
        media_content_id=url,
        media_content_type="music",
        **data,
    )


@pytest.mark.parametrize("announce", [False, True])
async def test_tone(
    hass: HomeAssistant,
    gate: MoSimulator,
    gate_entry: MockConfigEntry,
    web: str,
    announce: bool,
) -> None:
    """A tone arrives as a clean tone, once, without gaps."""
    await play(hass, f"{web}/tone.wav", announce=announce)
    assert state(hass, SPEAKER) == STATE_PLAYING
    assert gate.talking
    await eventually(hass, SPEAKER, STATE_IDLE)
    assert gate.talk.purity(TONE) > 0.99
    assert abs(gate.talk.drift) < 200
    assert gate.talk.gaps == gate.talk.strays == gate.talk.malformed == 0
    assert len(gate.talk.samples) > 8000 * 0.55


async def test_media_source(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry, web: str
) -> None:
    """What Home Assistant has, spoken text too, is resolved first."""
    assert await async_setup_component(hass, "media_source", {})
    with patch(
        "homeassistant.components.media_source.async_resolve_media",
        return_value=PlayMedia(f"{web}/spoken.mp3", "audio/mpeg"),
    ) as resolve:
        await play(hass, "media-source://tts/demo?message=hello")
    assert resolve.call_args.args[2] == SPEAKER
    await eventually(hass, SPEAKER, STATE_IDLE)
    assert gate.talk.purity(TONE) > 0.99


async def test_browse(
    hass: HomeAssistant,
    gate_entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    tmp_path: Path,
) -> None:
    """There is sound to choose from, and nothing else."""
    for name in ("bell.wav", "film.mp4", "text.txt"):
        (tmp_path / name).write_bytes(b"")
    hass.config.media_dirs = {"local": str(tmp_path)}
    assert await async_setup_component(hass, "media_source", {})
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {
            "type": "media_player/browse_media",
            "entity_id": SPEAKER,
            "media_content_type": "",
            "media_content_id": "media-source://media_source/local/.",
        }
    )
    answer = await client.receive_json()
    assert answer["success"]
    assert [child["title"] for child in answer["result"]["children"]] == ["bell.wav"]


async def test_features(hass: HomeAssistant, gate_entry: MockConfigEntry) -> None:
    """A loudspeaker that can be chosen for announcements, and has no volume."""
    found = hass.states.get(SPEAKER)
    assert found is not None
    assert found.attributes["device_class"] == "speaker"
    assert found.attributes["supported_features"] == (
        MediaPlayerEntityFeature.PLAY_MEDIA
        | MediaPlayerEntityFeature.MEDIA_ANNOUNCE
        | MediaPlayerEntityFeature.BROWSE_MEDIA
        | MediaPlayerEntityFeature.STOP
    )


async def test_stop(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry, web: str
) -> None:
    """Stopping is heard at once, and stopping nothing does nothing."""
    await play(hass, f"{web}/long.wav")
    assert gate.talking
    for _ in range(2):
        await call(hass, "media_player", "media_stop", SPEAKER)
        assert state(hass, SPEAKER) == STATE_IDLE
    await until(lambda: not gate.talking)


async def test_replace(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry, web: str
) -> None:
    """What comes later counts, also when several come at the same time."""
    await play(hass, f"{web}/long.wav")
    await asyncio.gather(*(play(hass, f"{web}/{name}") for name in ("long.wav", "tone.wav")))
    assert state(hass, SPEAKER) == STATE_PLAYING
    await eventually(hass, SPEAKER, STATE_IDLE)
    assert len(gate.talk.starts) in {2, 3}
    assert not gate.talk.strays


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (MoFault.TALK_REFUSED, "Somebody else is speaking"),
        (MoFault.TALK_UNSUPPORTED, "cannot do that"),
    ],
)
async def test_refused(
    hass: HomeAssistant,
    gate: MoSimulator,
    gate_entry: MockConfigEntry,
    web: str,
    caplog: pytest.LogCaptureFixture,
    fault: MoFault,
    sentence: str,
) -> None:
    """The one who asked is told, and the next one may speak."""
    caplog.clear()
    gate.fault(fault)
    with pytest.raises(HomeAssistantError, match=sentence):
        await play(hass, f"{web}/tone.wav")
    assert state(hass, SPEAKER) == STATE_IDLE
    assert not ours(caplog)
    gate.clear()
    await play(hass, f"{web}/tone.wav")
    await eventually(hass, SPEAKER, STATE_IDLE)


@pytest.mark.parametrize(
    "url", ["{web}/page.html", "{web}/none.wav", "file:///etc/passwd", "x", "", "http://["]
)
async def test_unplayable(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry, web: str, url: str
) -> None:
    """What is no sound is said before the camera is asked for anything."""
    with pytest.raises(HomeAssistantError, match="can be played"):
        await play(hass, url.format(web=web))
    assert not gate.talk.starts
    assert state(hass, SPEAKER) == STATE_IDLE


async def test_camera_lost_while_speaking(
    hass: HomeAssistant,
    gate: MoSimulator,
    gate_entry: MockConfigEntry,
    web: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said in the log, and the next sound is heard once the camera is back."""
    await play(hass, f"{web}/long.wav")
    caplog.clear()
    gate.drop_operation()
    await eventually(hass, SPEAKER, "unavailable")
    await eventually(hass, SPEAKER, STATE_IDLE)
    assert any("broke off" in line for line in ours(caplog))
    assert web not in "".join(ours(caplog))
    await play(hass, f"{web}/tone.wav")
    await eventually(hass, SPEAKER, STATE_IDLE)


async def test_unloaded_while_speaking(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry, web: str
) -> None:
    """Nothing goes on."""
    await play(hass, f"{web}/long.wav")
    assert await hass.config_entries.async_unload(gate_entry.entry_id)
    await until(lambda: not gate.talking and not gate.connections)


async def test_caller_that_gives_up(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry, web: str
) -> None:
    """Who no longer waits for the camera's leave does not want it any more."""
    waiting = asyncio.Event()

    async def never(_sound: object) -> None:
        waiting.set()
        await asyncio.Event().wait()

    with patch.object(gate_entry.runtime_data.device.speaker, "speak", never):
        asking = asyncio.create_task(play(hass, f"{web}/tone.wav"))
        await waiting.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert state(hass, SPEAKER) == STATE_IDLE
    await play(hass, f"{web}/tone.wav")
    await eventually(hass, SPEAKER, STATE_IDLE)


async def test_camera_that_is_away(
    hass: HomeAssistant, gate: MoSimulator, gate_entry: MockConfigEntry, web: str
) -> None:
    """The sentence is that of any other command."""
    with (
        patch.object(
            gate_entry.runtime_data.device.speaker._link,
            "ready",
            side_effect=ConnectError(Reason.UNREACHABLE),
        ),
        pytest.raises(HomeAssistantError, match="does not answer"),
    ):
        await play(hass, f"{web}/tone.wav")
