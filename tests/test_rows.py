"""What a camera lists becomes entities, whatever it is; values and limits are the camera's."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from homeassistant.const import (
    EVENT_STATE_REPORTED,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
    Platform,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.panacam.cams.device import Alarm
from custom_components.panacam.cams.errors import ConnectError, Reason, RefusedError
from custom_components.panacam.cams.roles import Press, Reading, Signal
from custom_components.panacam.cams.settings import Choice, Range, Text, Toggle
from custom_components.panacam.rows import described
from tests.fake_roles import set_up
from tests.fake_rows import FakePresses, FakeSettings, listing_device
from tests.fakes import FakeDevice
from tests.test_actions import call
from tests.test_init import poll, state

BIT_RATE = "number.bare_main_bit_rate"
FOCUS = "select.bare_focus"
RELAY = "switch.bare_relay_1"
TEXT = "text.bare_text_overlay_content"
RULE = "binary_sensor.bare_motion_detector_door"


@pytest.fixture
def fake() -> FakeDevice:
    """Return a camera that lists some of everything."""
    return listing_device()


@pytest.fixture
async def entry(hass: HomeAssistant, socket_enabled: None, fake: FakeDevice) -> MockConfigEntry:
    """Set it up, polled by nobody but the test."""
    return await set_up(hass, fake, scan_interval=300)


def settings_of(fake: FakeDevice) -> FakeSettings:
    """Return its settings."""
    assert isinstance(fake.settings, FakeSettings)
    return fake.settings


def attributes(hass: HomeAssistant, entity: str) -> dict[str, Any]:
    """Return an entity's attributes."""
    found = hass.states.get(entity)
    assert found is not None
    return dict(found.attributes)


@pytest.mark.parametrize(
    "platform",
    [
        Platform.BINARY_SENSOR,
        Platform.BUTTON,
        Platform.EVENT,
        Platform.NUMBER,
        Platform.SELECT,
        Platform.SENSOR,
        Platform.SWITCH,
        Platform.TEXT,
    ],
)
@pytest.mark.usefixtures("all_enabled", "socket_enabled")
async def test_entities_of_rows(
    hass: HomeAssistant,
    fake: FakeDevice,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    platform: Platform,
) -> None:
    """Every entity, with its state."""
    with patch("custom_components.panacam.PLATFORMS", [platform]):
        entry = await set_up(hass, fake)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


async def test_what_starts_disabled(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """The row says; and whether it is configuration."""
    found = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    disabled = {item.unique_id.rpartition(":")[2][3:] for item in found if item.disabled_by}
    assert disabled == {"imaging_0_exposure_time", "odd", "set_clock"}
    config = {item.entity_id for item in found if item.entity_category is EntityCategory.CONFIG}
    assert {BIT_RATE, FOCUS, TEXT} < config
    assert RELAY not in config


@pytest.mark.parametrize(
    ("action", "entity", "data", "asked", "shown"),
    [
        ("number.set_value", BIT_RATE, {"value": 512}, ("encoder_0_bit_rate", 512), "512.0"),
        (
            "select.select_option",
            FOCUS,
            {"option": "manual"},
            ("imaging_0_focus", "manual"),
            "manual",
        ),
        ("switch.turn_on", RELAY, {}, ("relay_0", True), STATE_ON),
        ("switch.turn_off", "switch.bare_wiper", {}, ("aux_wiper", False), STATE_OFF),
        ("text.set_value", TEXT, {"value": "Gate"}, ("osd_0_text", "Gate"), "Gate"),
    ],
)
async def test_change(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    fake: FakeDevice,
    action: str,
    entity: str,
    data: dict[str, Any],
    asked: tuple[str, object],
    shown: str,
) -> None:
    """It reaches the camera, whose answer is shown; a refusal is said, and nothing is shown."""
    domain, name = action.split(".")
    before = state(hass, entity)
    settings = settings_of(fake)
    settings.error = RefusedError(Reason.OUT_OF_RANGE)
    with pytest.raises(HomeAssistantError, match="does not know this value"):
        await call(hass, domain, name, entity, **data)
    assert state(hass, entity) == before
    settings.error = None
    await call(hass, domain, name, entity, **data)
    assert settings.calls[-1] == asked
    assert state(hass, entity) == shown


async def test_camera_has_the_last_word(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """Another value than was asked for is what there is."""
    settings = settings_of(fake)

    async def rounded(key: str, value: object) -> None:
        settings.offer(settings.rows[key], 1000)
        fake.say(fake.state)

    with patch.object(settings, "change", rounded):
        await call(hass, "number", "set_value", BIT_RATE, value=1023)
    assert state(hass, BIT_RATE) == "1000"


async def test_limits_change(hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice) -> None:
    """With another resolution a camera takes other bit rates: by push and by poll."""
    settings = settings_of(fake)
    row = settings.rows["encoder_0_bit_rate"]
    assert isinstance(row, Range)
    settings.offer(replace(row, maximum=16384, step=2), 4096)
    fake.say(fake.state)
    assert attributes(hass, BIT_RATE)["max"] == 16384
    assert attributes(hass, BIT_RATE)["step"] == 2
    settings.offer(replace(row, minimum=1), 4096)
    focus = settings.rows["imaging_0_focus"]
    assert isinstance(focus, Choice)
    settings.offer(replace(focus, options=("auto", "manual", "vendor's own")), "auto")
    text = settings.rows["osd_0_text"]
    assert isinstance(text, Text)
    settings.offer(replace(text, max_length=3), "Garden")
    await poll(hass, entry)
    assert attributes(hass, BIT_RATE)["min"] == 1
    assert attributes(hass, FOCUS)["options"] == ["auto", "manual", "vendor's own"]
    # What is there already may be longer.
    assert attributes(hass, TEXT)["max"] == 6
    assert state(hass, TEXT) == "Garden"


async def test_setting_goes_and_comes_back(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """Unavailable meanwhile, and one entity all the time; a new one gets its own."""
    settings = settings_of(fake)
    row = settings.rows["encoder_0_bit_rate"]
    settings.withdraw(row.key)
    fake.say(fake.state)
    assert state(hass, BIT_RATE) == STATE_UNAVAILABLE
    assert state(hass, FOCUS) == "auto"
    settings.offer(row, 128)
    settings.offer(Toggle(key="relay_1", kind="relay", label="2"), True)
    fake.say(fake.state)
    await hass.async_block_till_done()
    assert state(hass, BIT_RATE) == "128"
    assert state(hass, "switch.bare_relay_2") == STATE_ON


async def test_setting_becomes_another_kind(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """A number that has become a choice is no number any more."""
    settings = settings_of(fake)
    settings.offer(
        Choice(key="encoder_0_bit_rate", kind="encoder_resolution", options=("a", "b")), "a"
    )
    fake.say(fake.state)
    await hass.async_block_till_done()
    assert state(hass, BIT_RATE) == STATE_UNAVAILABLE
    assert state(hass, "select.bare_video_resolution") == "a"


@pytest.mark.parametrize(
    ("key", "entity", "value", "shown"),
    [
        ("encoder_0_bit_rate", BIT_RATE, None, STATE_UNKNOWN),
        ("encoder_0_bit_rate", BIT_RATE, "high", STATE_UNKNOWN),
        ("imaging_0_focus", FOCUS, "sideways", STATE_UNKNOWN),
        ("relay_0", RELAY, None, STATE_UNKNOWN),
        ("relay_0", RELAY, "on", STATE_UNKNOWN),
        ("osd_0_text", TEXT, None, STATE_UNKNOWN),
        ("osd_0_text", TEXT, "x" * 300, "x" * 255),
    ],
)
async def test_strange_values(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    fake: FakeDevice,
    key: str,
    entity: str,
    value: float | str | None,
    shown: str,
) -> None:
    """What cannot be is unknown, and harms nobody."""
    settings = settings_of(fake)
    settings.offer(settings.rows[key], value)
    fake.say(fake.state)
    assert state(hass, entity) == shown


async def test_signals_and_readings(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """They follow the camera; silence is unknown, a loss unavailable."""
    told = fake.state
    fake.say(replace(told, signals={**told.signals, "rule": True}))
    assert state(hass, RULE) == STATE_ON
    fake.say(replace(told, signals={}, readings={}))
    assert state(hass, RULE) == state(hass, "sensor.bare_count_door") == STATE_UNKNOWN
    fake.say(ConnectError(Reason.CUT))
    assert state(hass, RULE) == state(hass, TEXT) == STATE_UNAVAILABLE
    fake.say(told)
    assert state(hass, RULE) == STATE_OFF


@pytest.mark.parametrize(
    ("key", "entity", "value", "shown"),
    [
        ("event_channel", "sensor.bare_event_channel", "telepathy", STATE_UNKNOWN),
        ("event_channel", "sensor.bare_event_channel", 1, STATE_UNKNOWN),
        ("heat", "sensor.bare_temperature", "hot", STATE_UNKNOWN),
        ("heat", "sensor.bare_temperature", float("nan"), STATE_UNKNOWN),
        ("heat", "sensor.bare_temperature", float("inf"), STATE_UNKNOWN),
        (
            "video_output_0_resolution",
            "sensor.bare_video_output_resolution",
            "x" * 300,
            "x" * 255,
        ),
        ("video_output_0_resolution", "sensor.bare_video_output_resolution", 4, "4"),
    ],
)
async def test_strange_readings(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    fake: FakeDevice,
    key: str,
    entity: str,
    value: float | str,
    shown: str,
) -> None:
    """A camera that says something else than it promised is unknown."""
    fake.say(replace(fake.state, readings={**fake.state.readings, key: value}))
    assert state(hass, entity) == shown


async def test_rows_that_turn_out_later(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """An event of a new kind brings a new signal, a new reading, something new to press."""
    fake.signals = {**fake.signals, "late": Signal(key="late", kind="field", label="Yard")}
    fake.readings = {**fake.readings, "late": Reading(key="late", kind="battery", unit="%")}
    assert isinstance(fake.presses, FakePresses)
    fake.presses.table = (*fake.presses.table, Press(key="late", kind="auxiliary", label="Heat"))
    told = fake.state
    fake.say(
        replace(
            told,
            # The one that no row tells of is left out.
            signals={**told.signals, "late": True, "unheard_of": True},
            readings={**told.readings, "late": 80, "unheard_of": 1},
        )
    )
    await hass.async_block_till_done()
    assert state(hass, "binary_sensor.bare_object_in_field_yard") == STATE_ON
    assert state(hass, "sensor.bare_battery") == "80"
    assert state(hass, "button.bare_heat") == STATE_UNKNOWN


async def test_wanted_while_somebody_looks(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """What costs the camera something is kept up for enabled entities, and let go with them."""
    assert {"rule", "ptz_moving", "ptz_pan", "count"} < set(fake.wanted)
    assert "odd" not in fake.wanted
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert fake.wanted == []


async def test_only_what_changed_is_written(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """One signal of many costs one state, however often the camera speaks."""
    reports: list[str] = []

    @callback
    def reported(data: Mapping[str, Any]) -> bool:
        reports.append(data["entity_id"])
        return False

    hass.bus.async_listen(EVENT_STATE_REPORTED, lambda _event: None, event_filter=reported)
    changes = async_capture_events(hass, "state_changed")
    fake.say(replace(fake.state, signals={**fake.state.signals, "rule": True}))
    fake.say(replace(fake.state, signals={**fake.state.signals, "rule": False}))
    reports.clear()
    changes.clear()
    fake.say(replace(fake.state, signals={**fake.state.signals, "rule": True}))
    rows = ("binary_sensor", "number", "sensor", "switch", "text")
    assert [event.data["entity_id"] for event in changes] == [RULE]
    assert not [entity for entity in reports if entity.startswith(rows)]


async def test_press(hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice) -> None:
    """A button sends its command; a camera that has lost them all says so."""
    assert isinstance(fake.presses, FakePresses)
    await call(hass, "button", "press", "button.bare_spray")
    assert fake.presses.calls == [("aux_spray",)]
    fake.presses = None
    with pytest.raises(HomeAssistantError, match="cannot do that"):
        await call(hass, "button", "press", "button.bare_spray")


async def test_settings_that_went(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeDevice
) -> None:
    """A camera that has none any more says so, and shows none from then on."""
    fake.settings = None
    with pytest.raises(HomeAssistantError, match="cannot do that"):
        await call(hass, "text", "set_value", TEXT, value="Gate")
    await poll(hass, entry)
    assert state(hass, BIT_RATE) == state(hass, TEXT) == STATE_UNAVAILABLE


async def test_alarm_that_nobody_knows(
    hass: HomeAssistant, socket_enabled: None, fake: FakeDevice
) -> None:
    """Once the event channel is lost nothing stays on."""
    fake.state = replace(fake.state, alarms={Alarm.MOTION: True})
    entry = await set_up(hass, fake)
    assert state(hass, "binary_sensor.bare_motion") == STATE_ON
    fake.say(replace(fake.state, alarms={Alarm.MOTION: None}))
    assert state(hass, "binary_sensor.bare_motion") == STATE_UNKNOWN
    assert entry.runtime_data.last_update_success


@pytest.mark.parametrize(
    ("label", "beside"),
    [
        ("", ""),
        ("Gate", " Gate"),
        ("Loitering", ""),
        ("loitering  2", " 2"),
        ("Loiterings", " Loiterings"),
        ("Gate loitering", " Gate loitering"),
    ],
)
def test_no_word_twice(label: str, beside: str) -> None:
    """Rules are often named after their kind, which is said already."""
    found = described(Signal(key="a", kind="loitering", label=label))
    assert found["translation_placeholders"]["label"] == beside
    assert found["name"] == f"Loitering{beside}"


def test_only_stream() -> None:
    """The settings of a camera's one stream have a name, too."""
    placeholders = described(Toggle(key="a"))["translation_placeholders"]
    assert placeholders["stream"] == "Video"
