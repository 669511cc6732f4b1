"""A camera that lists what it has: settings, signals, readings, topics and things to press."""

from dataclasses import dataclass, field, replace

from custom_components.panacam.cams.device import State
from custom_components.panacam.cams.roles import (
    Press,
    Presses,
    Reading,
    Signal,
    SignalClass,
    Topic,
    Tour,
    TourStatus,
)
from custom_components.panacam.cams.settings import (
    Choice,
    Range,
    Setting,
    Settings,
    Text,
    Toggle,
    Value,
)
from tests.fake_roles import FakePlaces, FakeTours, Noted
from tests.fakes import FakeDevice


@dataclass
class FakeSettings(Noted):
    """Settings that a test can change, limits and all."""

    device: FakeDevice = field(default_factory=FakeDevice)
    rows: dict[str, Setting] = field(default_factory=dict)

    @property
    def table(self) -> tuple[Setting, ...]:
        """Return what there is."""
        return tuple(self.rows.values())

    def offer(self, row: Setting, value: Value | None) -> None:
        """Have a setting."""
        self.rows[row.key] = row
        state = self.device.state
        self.device.state = replace(state, settings={**state.settings, row.key: value})

    def withdraw(self, key: str) -> None:
        """Have it no longer."""
        del self.rows[key]
        state = self.device.state
        left = {name: value for name, value in state.settings.items() if name != key}
        self.device.state = replace(state, settings=left)

    async def change(self, key: str, value: Value) -> None:
        """Note it, set it, and say so."""
        self.note(key, value)
        self.offer(self.rows[key], value)
        self.device.say(self.device.state)


@dataclass
class FakePresses(Noted):
    """Things to press."""

    table: tuple[Press, ...] = ()

    async def press(self, key: str) -> None:
        """Note it."""
        self.note(key)


ROWS: tuple[tuple[Setting, Value], ...] = (
    (Range(key="brightness", minimum=0, maximum=255), 7),
    (
        Range(
            key="encoder_0_bit_rate",
            kind="encoder_bit_rate",
            label="Main",
            minimum=64,
            maximum=8192,
            unit="kbit/s",
        ),
        4096,
    ),
    (
        Range(
            key="imaging_0_exposure_time",
            kind="imaging_exposure_time",
            enabled=False,
            minimum=10,
            maximum=40000,
            unit="\N{MICRO SIGN}s",
        ),
        20000,
    ),
    (Choice(key="imaging_0_focus", kind="imaging_focus", options=("auto", "manual")), "auto"),
    (Toggle(key="relay_0", kind="relay", label="1", config=False), False),
    (Toggle(key="aux_wiper", kind="aux_wiper", config=False, assumed=True), True),
    (Text(key="osd_0_text", kind="osd_text", max_length=20), "Garden"),
)

SIGNALS = (
    Signal(key="rule", kind="motion_rule", label="Door", signal_class=SignalClass.MOTION),
    Signal(key="fan", kind="hardware_failure", label="Fan", diagnostic=True),
    Signal(key="ptz_moving", signal_class=SignalClass.MOVING),
    Signal(key="odd", kind="no_text_for_this", label="7", enabled=False),
)

READINGS = (
    Reading(key="ptz_pan", precision=3),
    Reading(key="count", kind="counter", label="Door", precision=0, total=True),
    Reading(key="heat", kind="temperature", unit="°C", diagnostic=True),
    Reading(key="damp", kind="humidity", unit="%", diagnostic=True),
    Reading(key="event_channel", options=("pull_point", "none"), diagnostic=True),
    Reading(key="video_output_0_resolution", kind="video_output_resolution", diagnostic=True),
)


def listing_device() -> FakeDevice:
    """Return a camera with some of everything that can be listed."""
    device = FakeDevice()
    settings = device.settings = FakeSettings(device=device)
    role: Settings = settings
    assert role.table == ()
    presses: Presses = FakePresses(
        table=(
            Press(key="aux_spray", kind="auxiliary", label="Spray"),
            Press(key="set_clock", config=True, enabled=False),
        )
    )
    device.presses = presses
    device.signals = {row.key: row for row in SIGNALS}
    device.readings = {row.key: row for row in READINGS}
    device.topics = {"line_1": Topic(key="line_1", kind="line", label="Fence")}
    device.presets, device.tours = FakePlaces(), FakeTours()
    device.state = State(
        transmitting={"only": True},
        signals={"rule": False, "fan": False, "ptz_moving": None, "odd": True},
        readings={
            "ptz_pan": 0.25,
            "count": 12,
            "heat": 41.0,
            "damp": 30,
            "event_channel": "pull_point",
            "video_output_0_resolution": "1920x1080",
        },
        topics=frozenset({"line_1"}),
        presets={"1": "Door", "2": "Gate", "3": "Door", "4": ""},
        preset="3",
        tours={
            "a": Tour(name="Night", status=TourStatus.IDLE),
            "b": Tour(name="Day", status=TourStatus.IDLE),
        },
    )
    for row, value in ROWS:
        settings.offer(row, value)
    return device
