"""Commands to an ONVIF camera: what it does, what is shown of it, and what it may refuse."""

from collections.abc import Callable
from dataclasses import replace
import json
from typing import Any

from homeassistant.components.camera import async_get_image
from homeassistant.const import (
    STATE_IDLE,
    STATE_OFF,
    STATE_ON,
    STATE_PLAYING,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.panacam.cams.roles import Problem
from custom_components.panacam.const import DOMAIN
from custom_components.panacam.repairs import issue_id
from tests.conftest import add, until, yard_entry_for
from tests.simulators.onvif import OnvifSimulator, Quirk
from tests.simulators.onvif.media_parts import VideoEncoder
from tests.simulators.onvif.ptz_parts import Position, TourState
from tests.sounds import TONE, served, tone
from tests.test_init import eventually, state
from tests.test_repairs import Flow, issues
from tests.test_yard_init import call

CAMERA = "camera.yard_main"
PRESET = "select.yard_preset"
SQUARE = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]


async def act(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Perform one of our actions and return its answer, if it gives one."""
    answers = hass.services.supports_response(DOMAIN, action) != "none"
    answer = await hass.services.async_call(
        DOMAIN,
        action,
        {"entity_id": CAMERA, **data},
        blocking=True,
        return_response=answers,
    )
    return answer[CAMERA] if isinstance(answer, dict) else None


def near(yard: OnvifSimulator, **place: float) -> Callable[[], bool]:
    """Return a test whether the head is at a place."""
    ptz = yard.camera.ptz
    return lambda: all(
        getattr(ptz.position, axis) == pytest.approx(at, abs=0.01) for axis, at in place.items()
    )


@pytest.mark.parametrize(
    ("button", "axis", "sign"),
    [
        ("pan_left", "pan", -1),
        ("pan_right", "pan", 1),
        ("tilt_up", "tilt", 1),
        ("tilt_down", "tilt", -1),
        ("zoom_in", "zoom", 1),
        ("zoom_out", "zoom", -1),
    ],
)
async def test_buttons(
    hass: HomeAssistant, yard: OnvifSimulator, button: str, axis: str, sign: int
) -> None:
    """A press turns the head where it says, for as long as a press lasts."""
    await add(hass, yard_entry_for(yard, options={"press_seconds": 0.2}))
    ptz = yard.camera.ptz
    ptz.position = before = Position(0.0, 0.0, 0.5)
    await call(hass, "button", "press", f"button.yard_{button}")
    assert ptz.moving
    await until(lambda: not ptz.moving)
    moved = Position(*(now - then for now, then in zip(ptz.position, before, strict=True)))
    assert sign * getattr(moved, axis) > 0.02
    assert sum(abs(part) > 0.001 for part in moved) == 1
    await until(lambda: yard.count("Stop") > 0)


@pytest.mark.parametrize("quirk", [None, Quirk.STOP_IGNORED, Quirk.STOP_SEPARATELY])
async def test_stop(hass: HomeAssistant, yard: OnvifSimulator, quirk: Quirk | None) -> None:
    """The head stands when it is told to, however it wants to be told."""
    yard.camera.quirks |= set() if quirk is None else {quirk}
    await add(hass, yard_entry_for(yard, options={"press_seconds": 10.0}))
    yard.camera.ptz.full_speed = 0.1
    for button in ("pan_left", "zoom_in"):
        await call(hass, "button", "press", f"button.yard_{button}")
        assert yard.camera.ptz.moving
        await call(hass, "button", "press", "button.yard_stop_movement")
        assert not yard.camera.ptz.moving


async def test_presets(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A preset is shown until the head leaves it, whoever sent it there."""
    yard.camera.ptz.full_speed = 20.0
    found = hass.states.get(PRESET)
    assert found is not None
    assert found.attributes["options"] == ["Entrance", "Car park", "Gate & fence"]
    assert found.state == STATE_UNKNOWN
    await call(hass, "select", "select_option", PRESET, option="Car park")
    await until(near(yard, pan=0.5, tilt=-0.25, zoom=0.5))
    assert state(hass, PRESET) == "Car park"
    yard.camera.ptz.go_to(yard.camera.ptz.presets["1"])
    await eventually(hass, PRESET, "Entrance")
    await call(hass, "button", "press", "button.yard_tilt_up")
    await eventually(hass, PRESET, STATE_UNKNOWN)


async def test_preset_actions(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A place can be kept, gone to by its name, renamed, and forgotten."""
    ptz = yard.camera.ptz
    ptz.full_speed = 20.0
    ptz.position = Position(0.3, 0.2, 0.1)
    assert await act(hass, "save_preset", name="Pond") == {"token": "4"}
    await hass.async_block_till_done()
    found = hass.states.get(PRESET)
    assert found is not None
    assert "Pond" in found.attributes["options"]
    ptz.position = Position(0.0, 0.0, 0.0)
    await act(hass, "go_to_preset", preset="pond")
    await until(near(yard, pan=0.3, tilt=0.2, zoom=0.1))
    await act(hass, "delete_preset", preset="Pond")
    assert "4" not in ptz.presets
    with pytest.raises((HomeAssistantError, ServiceValidationError)):
        await act(hass, "delete_preset", preset="Pond")


async def test_free_moves(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """Each way to move the head moves it."""
    ptz = yard.camera.ptz
    ptz.full_speed = 20.0
    await act(hass, "ptz", mode="absolute", pan=0.5, tilt=0.25, zoom=0.75)
    await until(near(yard, pan=0.5, tilt=0.25, zoom=0.75))
    await act(hass, "ptz", mode="relative", move="left")
    await until(lambda: not ptz.moving)
    assert ptz.position.pan < 0.45
    await act(hass, "ptz", mode="geo", longitude=8.0, latitude=50.1, elevation=100)
    await until(near(yard, pan=0.0, tilt=0.0))
    ptz.full_speed = 1.0
    await act(hass, "ptz", mode="continuous", move="right", speed=0.3, duration=0.2)
    assert ptz.moving
    await until(lambda: not ptz.moving)
    assert 0.01 < ptz.position.pan < 0.3
    await act(hass, "ptz", tilt=-0.1, zoom=-0.1)
    assert ptz.moving
    await act(hass, "ptz", phase="stop")
    assert not ptz.moving


async def test_home(hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry) -> None:
    """Home is where it was set."""
    yard.camera.ptz.full_speed = 20.0
    yard.camera.ptz.position = Position(0.4, 0.1, 0.2)
    await act(hass, "set_home")
    yard.camera.ptz.position = Position(0.0, 0.0, 0.0)
    await act(hass, "go_home")
    await until(near(yard, pan=0.4, tilt=0.1, zoom=0.2))
    yard.camera.ptz.position = Position(0.0, 0.0, 0.0)
    await call(hass, "button", "press", "button.yard_home_position")
    await until(near(yard, pan=0.4, tilt=0.1, zoom=0.2))


async def test_tours(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """The tour that is picked starts, pauses and stops; a new one can be picked at once."""
    tours = yard.camera.ptz.tours.all
    for button, wanted in (
        ("start", TourState.TOURING),
        ("pause", TourState.PAUSED),
        ("start", TourState.TOURING),
        ("stop", TourState.IDLE),
    ):
        await call(hass, "button", "press", f"button.yard_{button}_tour")
        assert tours["tour_1"].state is wanted
    steps = [{"preset": "Car park", "stay": 2}, {"preset": "1"}]
    answer = await act(hass, "create_tour", name="Day", steps=steps)
    await hass.async_block_till_done()
    spots = tours[answer["token"]].spots
    assert (spots[0].preset, spots[0].stay, spots[1].preset) == ("2", 2.0, "1")
    await call(hass, "select", "select_option", "select.yard_tour", option="Day")
    await call(hass, "button", "press", "button.yard_start_tour")
    assert tours[answer["token"]].state is TourState.TOURING
    await act(hass, "stop_tour", tour="Day")
    await act(hass, "delete_tour", tour="Day")
    assert list(tours) == ["tour_1"]


async def test_auxiliary(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """Wiper and washer are switched and pressed, by whichever service was learnt of first."""
    await call(hass, "switch", "turn_on", "switch.yard_wiper")
    await call(hass, "button", "press", "button.yard_washer_on")
    heard = {*yard.camera.ptz.switches.heard, *yard.camera.io.auxiliary}
    assert heard == {"tt:Wiper|On", "tt:Washer|On"}
    assert state(hass, "switch.yard_wiper") == STATE_ON


async def test_imaging(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """Picture settings are set in the camera, and shown as it has them."""
    values = yard.camera.imaging.values
    await call(hass, "number", "set_value", "number.yard_brightness", value=70)
    assert values["Brightness"] in {"70", "70.0"}
    assert state(hass, "number.yard_brightness") == "70.0"
    await call(hass, "select", "select_option", "select.yard_infrared_cut_filter", option="off")
    assert values["IrCutFilter"] == "OFF"
    assert state(hass, "select.yard_infrared_cut_filter") == "off"
    await call(hass, "select", "select_option", "select.yard_picture_preset", option="Snow")
    assert state(hass, "select.yard_picture_preset") == "Snow"
    assert state(hass, "number.yard_brightness") == "35.0"
    assert values["Contrast"] == "50"


@pytest.mark.parametrize("quirk", [Quirk.IMAGING_IGNORED, Quirk.ENCODER_IGNORED])
async def test_ignored(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry, quirk: Quirk
) -> None:
    """Where a camera says yes and does nothing, its value is shown, not the wish."""
    yard.camera.quirks.add(quirk)
    entity, operation, before = {
        Quirk.IMAGING_IGNORED: ("number.yard_contrast", "SetImagingSettings", "50.0"),
        Quirk.ENCODER_IGNORED: (
            "number.yard_main_bit_rate",
            "SetVideoEncoderConfiguration",
            "2048.0",
        ),
    }[quirk]
    await call(hass, "number", "set_value", entity, value=80)
    assert yard.count(operation) == 1
    assert state(hass, entity) == before


async def test_out_of_range(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """What the camera does not take is not sent."""
    with pytest.raises(ServiceValidationError):
        await call(hass, "number", "set_value", "number.yard_brightness", value=101)
    assert not yard.count("SetImagingSettings")


async def test_encoder(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """Bit rate, size and codec of a stream, and nothing else of it."""

    def encoder() -> VideoEncoder:
        found = yard.camera.media.encoder(yard.camera.media.profile("profile_1"))
        assert found is not None
        return found

    before = encoder()
    await call(hass, "number", "set_value", "number.yard_main_bit_rate", value=1024)
    assert encoder().bit_rate == 1024
    assert state(hass, "number.yard_main_bit_rate") == "1024.0"
    await call(hass, "select", "select_option", "select.yard_main_resolution", option="1920x1080")
    assert encoder().size == (1920, 1080)
    assert state(hass, "select.yard_main_resolution") == "1920x1080"
    await call(hass, "number", "set_value", "number.yard_main_frame_rate", value=10)
    assert encoder() == replace(before, size=(1920, 1080), bit_rate=1024, rate=10)


async def test_overlays(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """Texts over the picture are written, made and deleted; masks hide and show."""
    media = yard.camera.media
    await call(
        hass, "text", "set_value", "text.yard_text_overlay_1_content", value="Grüße & <Küsse>"
    )
    assert media.osds["osd_1"].text == "Grüße & <Küsse>"
    assert state(hass, "text.yard_text_overlay_1_content") == "Grüße & <Küsse>"
    made = await act(hass, "create_osd", text="Pond", position="lower_left", font_size=20)
    osd = media.osds[made["token"]]
    assert (osd.text, osd.position, osd.font_size) == ("Pond", "LowerLeft", 20)
    listed = (await act(hass, "get_osds"))["osds"]
    assert [item["token"] for item in listed] == ["osd_1", "osd_2", made["token"]]
    await hass.async_block_till_done()
    assert state(hass, "text.yard_text_overlay_3_content") == "Pond"
    await act(hass, "delete_osd", osd=made["token"])
    assert list(media.osds) == ["osd_1", "osd_2"]


async def test_masks(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A mask is switched, made, changed and deleted."""
    masks = yard.camera.media.masks
    await call(hass, "switch", "turn_off", "switch.yard_privacy_mask")
    assert not masks["mask_1"].enabled
    assert state(hass, "switch.yard_privacy_mask") == STATE_OFF
    made = await act(hass, "create_mask", points=SQUARE, type="blurred")
    mask = masks[made["token"]]
    assert [list(point) for point in mask.points] == SQUARE
    assert (mask.kind, mask.enabled) == ("Blurred", True)
    await act(hass, "modify_mask", mask=made["token"], enabled=False)
    assert not masks[made["token"]].enabled
    assert len((await act(hass, "get_masks"))["masks"]) == 2
    await act(hass, "delete_mask", mask=made["token"])
    assert list(masks) == ["mask_1"]


async def test_profiles(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A media profile is made of configurations that the camera lists, and deleted."""
    listed = await act(hass, "get_profiles")
    assert [item["name"] for item in listed["profiles"]] == ["Main", "Sub", "JPEG", "H.265"]
    tokens = {item["kind"]: item["token"] for item in reversed(listed["configurations"])}
    parts = {kind: tokens[kind] for kind in ("video_source", "video_encoder")}
    made = await act(hass, "create_profile", name="Extra", configurations=parts)
    profile = yard.camera.media.profile(made["token"])
    assert {kind.value: token for kind, token in profile.parts.items()} == {
        "VideoSource": parts["video_source"],
        "VideoEncoder": parts["video_encoder"],
    }
    await act(hass, "add_configuration", profile=made["token"], kind="ptz", configuration="ptz_1")
    assert len(profile.parts) == 3
    await act(hass, "delete_profile", profile=made["token"])
    assert len(yard.camera.media.profiles) == 4
    with pytest.raises(HomeAssistantError):
        await act(hass, "delete_profile", profile="profile_1")


async def test_analytics(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """A rule is made, its event arrives, and it is changed and deleted."""
    found = (await act(hass, "get_analytics"))["rules"]
    assert "Lawn" in [item["name"] for item in found["items"]]
    (line,) = (item for item in found["items"] if item["name"] == "Door step")
    rule = {"part": "rules", "name": "Fence"}
    await act(hass, "create_analytics", **rule, kind=line["kind"], parameters=line["parameters"])
    assert yard.camera.analytics.rules["Fence"].kind == line["kind"]
    yard.camera.analytics.trigger("Fence")
    await until(lambda: hass.states.get("event.yard_line_crossed_fence") is not None)
    await act(hass, "modify_analytics", **rule, parameters={"Direction": "Left"})
    assert yard.camera.analytics.rules["Fence"].simple["Direction"] == "Left"
    await act(hass, "delete_analytics", **rule)
    assert "Fence" not in yard.camera.analytics.rules


async def test_clock(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    socket_enabled: None,
    quick: None,
) -> None:
    """A clock that is off is told of, and set when its owner says so."""
    assert await async_setup_component(hass, "repairs", {})
    async with OnvifSimulator(clock_offset=7200) as yard:
        entry = await add(hass, yard_entry_for(yard, unique_id=yard.camera.identity.mac))
        assert list(issues(hass)) == ["clock_off"]
        flow = Flow(await hass_client())
        shown = await flow.begin(issue_id(entry, Problem.CLOCK_OFF))
        assert shown["step_id"] == "confirm"
        assert (await flow.confirm())["type"] == "create_entry"
        assert abs(yard.camera.clock.offset) < 3
        assert yard.camera.clock.time_zone == "CET-1CEST,M3.5.0,M10.5.0/3"
        assert issues(hass) == {}
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_speaker(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry
) -> None:
    """What is announced is heard at the camera."""
    speaker = "media_player.yard_speaker"
    async with served({"tone.wav": tone(0.6)}) as url:
        await call(
            hass,
            "media_player",
            "play_media",
            speaker,
            media_content_id=f"{url}/tone.wav",
            media_content_type="music",
            announce=True,
        )
        assert state(hass, speaker) == STATE_PLAYING
        await eventually(hass, speaker, STATE_IDLE)
    samples = np.array(yard.rtsp.heard.samples, np.float64)
    assert len(samples) / 8000 == pytest.approx(0.6, abs=0.2)
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() * 8000 / len(samples) == pytest.approx(TONE, abs=4)
    assert yard.rtsp.heard.malformed == 0
    await until(lambda: not yard.rtsp.sessions)


@pytest.mark.parametrize("quirk", [None, Quirk.SNAPSHOT_OWN_LOGIN])
async def test_still(
    hass: HomeAssistant, yard: OnvifSimulator, yard_entry: MockConfigEntry, quirk: Quirk | None
) -> None:
    """A still picture comes; from the stream, where the other way wants the password readable."""
    yard.camera.quirks |= set() if quirk is None else {quirk}
    picture = await async_get_image(hass, CAMERA)
    assert picture.content_type == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8")
    assert bool(yard.rtsp.sessions) is (quirk is not None)


async def test_objects(
    hass: HomeAssistant,
    yard: OnvifSimulator,
    entity_registry: er.EntityRegistry,
) -> None:
    """The scene is only read while somebody wants to know how many are in it."""
    entry = await add(hass, yard_entry_for(yard))
    assert hass.states.get("sensor.yard_objects") is None
    assert not yard.rtsp.sessions
    assert await hass.config_entries.async_unload(entry.entry_id)
    entity_registry.async_update_entity("sensor.yard_objects", disabled_by=None)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(hass, "sensor.yard_objects", "2")
    yard.camera.scene.objects = 5
    await eventually(hass, "sensor.yard_objects", "5")
    assert len(yard.rtsp.sessions) == 1
    entity_registry.async_update_entity(
        "sensor.yard_objects", disabled_by=er.RegistryEntryDisabler.USER
    )
    await until(lambda: not yard.rtsp.sessions)


async def test_diagnostics(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    all_enabled: None,
    yard: OnvifSimulator,
) -> None:
    """Much is told of the camera, and nothing of who has it where."""
    assert await async_setup_component(hass, "diagnostics", {})
    entry = await add(hass, yard_entry_for(yard))
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    text = json.dumps(found).lower()
    for secret in (
        "127.0.0.1",
        "kamera/7",
        '"admin"',
        "a8:13:74",
        "a81374",
        "sim0000003",
        "front door",
        "garden",
        "entrance",
        "239.0.0",
    ):
        assert secret not in text, secret
    assert found["roles"]["ptz"]
    assert found["roles"]["speaker"] == 8000
    assert found["replies"]["events"]["channel"] == "pull_point"
    assert len(found["settings"]) > 100
    assert "1: started" in json.dumps(found["system_log"])
