"""What the topics of events mean: ONVIF's own, those of IEC 62676-2-31, and devices' habits.

Topics are without prefixes here. One that is not in the table means what its nearest ancestor
means; one without any is judged by its words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
import re
from typing import Final

from ..device import Alarm
from ..roles import SignalClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What becomes of a topic's messages."""

    kind: str
    """Translation key of what is made of it."""
    signal_class: SignalClass | None = None
    alarm: Alarm | None = None
    """What it is a part of."""
    number: str = ""
    """Item that is a reading; empty: it has none."""
    unit: str | None = None
    precision: int | None = None
    total: bool = False
    enabled: bool = True
    diagnostic: bool = False
    known: bool = True
    """Whether all its rows are wanted, however many; else there is a limit."""
    named: bool = False
    """Whether the kind says all about it, so that its own name need not be shown."""
    flag: bool = False
    """Whether it most likely is yes or no, although it has no class that says so."""

    @property
    def lasts(self) -> bool:
        """Return whether its messages tell a state, when nobody says what they tell."""
        return self.flag or self.signal_class is not None


def _motion(kind: str, *, enabled: bool = True) -> Meaning:
    return Meaning(
        kind=kind,
        signal_class=SignalClass.MOTION,
        alarm=Alarm.MOTION,
        enabled=enabled,
        named=True,
    )


def _tamper(kind: str) -> Meaning:
    return Meaning(kind=kind, signal_class=SignalClass.TAMPER, named=True)


def _bad_picture(kind: str) -> Meaning:
    return Meaning(
        kind=kind,
        signal_class=SignalClass.PROBLEM,
        enabled=False,  # each night is dark
        diagnostic=True,
        named=True,
    )


def _number(kind: str, item: str, unit: str | None = None, *, enabled: bool = True) -> Meaning:
    return Meaning(
        kind=kind,
        number=item,
        unit=unit,
        precision=0,
        enabled=enabled,
        diagnostic=True,
        named=True,
    )


def _event(kind: str, *, enabled: bool = True) -> Meaning:
    return Meaning(kind=kind, enabled=enabled, named=True)


_COUNTER: Final = Meaning(kind="counter", number="Count", precision=0, total=True, named=True)
_PRESENT: Final = Meaning(kind="field", signal_class=SignalClass.OCCUPANCY, named=True)

TOPICS: Final[Mapping[str, Meaning]] = {
    # Annexes C, D and E.
    "RuleEngine/CellMotionDetector": _motion("motion_rule"),
    "RuleEngine/MotionRegionDetector": _motion("motion_rule"),
    "RuleEngine/DeclarativeMotion": _motion("motion_rule"),
    "RuleEngine/DeclarativeMotionDetector": _motion("motion_rule"),
    "RuleEngine/MotionDetector": _motion("motion_rule"),
    "RuleEngine/LineDetector": _event("line"),
    "RuleEngine/FieldDetector": _PRESENT,
    "RuleEngine/LoiteringDetector": replace(_PRESENT, kind="loitering"),
    "RuleEngine/CountAggregation": _COUNTER,
    "RuleEngine/CountAggregation/OccupancyCounter": replace(
        _COUNTER, kind="occupancy_counter", total=False
    ),
    "RuleEngine/Query": _event("query"),
    "RuleEngine/QueryRule": _event("query"),
    "RuleEngine/TamperDetector": _tamper("tamper"),
    "RuleEngine/AudioDetector": _event("audio_class"),
    "RuleEngine/ObjectDetection": _event("object"),
    "RuleEngine/ObjectAbandoned": _event("object_abandoned"),
    "RuleEngine/ObjectRemoved": _event("object_removed"),
    "RuleEngine/Recognition/Face": _event("face"),
    "RuleEngine/Recognition/LicensePlate": _event("license_plate"),
    "RuleEngine": Meaning(kind="rule", known=False),
    # Clause 9.7.
    "AudioAnalytics": Meaning(
        kind="detected_sound", signal_class=SignalClass.SOUND, alarm=Alarm.SOUND, named=True
    ),
    # A whole picture's.
    "VideoSource/MotionAlarm": _motion("motion_alarm", enabled=False),
    "VideoSource/GlobalSceneChange": _tamper("scene_change"),
    "VideoSource/ImageTooDark": _bad_picture("image_too_dark"),
    "VideoSource/ImageTooBright": _bad_picture("image_too_bright"),
    "VideoSource/ImageTooBlurry": _bad_picture("image_too_blurry"),
    "VideoSource/ImpairedVisibility": _bad_picture("impaired_visibility"),
    "VideoSource/SignalLoss": Meaning(
        kind="signal_loss", signal_class=SignalClass.PROBLEM, named=True
    ),
    "VideoAnalytics/MotionDetection": _motion("motion_rule"),
    "CameraApplicationPlatform/VMD": _motion("motion_rule"),
    # The device's own.
    "Device/Trigger/DigitalInput": Meaning(kind="digital_input", named=True),
    "Device/Trigger/Relay": Meaning(kind="relay_state", enabled=False, named=True),
    "Device/HardwareFailure": Meaning(
        kind="hardware_failure", signal_class=SignalClass.PROBLEM, diagnostic=True
    ),
    "Monitoring/ProcessorUsage": _number("processor_usage", "Value", "%"),
    "Monitoring/EnvironmentalConditions/Temperature": _number("temperature", "Status", "°C"),
    "Monitoring/EnvironmentalConditions/RelativeHumidity": _number("humidity", "Status", "%"),
    "Monitoring/BatteryCapacity": _number("battery", "PercentageRemainingCapacity", "%"),
    "Monitoring/UploadStatus": _number("upload", "Status", "%", enabled=False),
    "Monitoring/Washer": Meaning(
        kind="washer_liquid_low", signal_class=SignalClass.PROBLEM, named=True
    ),
    "Monitoring": Meaning(kind="monitoring", enabled=False, diagnostic=True),
    "Device": Meaning(kind="device", enabled=False, diagnostic=True),
    "RecordingConfig": Meaning(kind="recording", enabled=False, diagnostic=True),
    "Configuration": Meaning(kind="configuration", enabled=False, diagnostic=True),
    "Media": Meaning(kind="configuration", enabled=False, diagnostic=True),
}
"""By topic, or by the beginning of one."""

UNKNOWN: Final = Meaning(kind="event", enabled=False, known=False)

_WORDS: Final = (
    (re.compile(r"pe(?:rson|ople|destrian)|human"), "person", SignalClass.OCCUPANCY),
    (re.compile(r"vehicle|(?<![a-z])car(?![a-z])"), "vehicle", SignalClass.OCCUPANCY),
    (re.compile(r"face"), "face", None),
    (re.compile(r"dog|(?<![a-z])(?:cat|pet)|animal"), "animal", None),
    (re.compile(r"package|parcel"), "package", None),
    (re.compile(r"visitor|doorbell"), "visitor", None),
)
"""What makers call what they detect, in topics and items with blanks between their words.

None is motion: a light that goes on with motion is not to go on with a doorbell.
"""

KINDS: Final = frozenset(
    {
        *(meaning.kind for meaning in TOPICS.values()),
        *(kind for _, kind, _ in _WORDS),
        UNKNOWN.kind,
    }
)
"""Every translation key that signals, readings and topics of events have."""


@lru_cache(maxsize=1024)
def meaning_of(topic: str, item: str = "") -> Meaning:
    """Return what a topic means; of several items of one message, `item` may say more."""
    steps = topic.split("/")
    found = UNKNOWN
    for length in range(len(steps), 0, -1):
        if (known := TOPICS.get("/".join(steps[:length]))) is not None:
            found = known
            break
    if found.kind not in {"rule", UNKNOWN.kind}:
        return found
    words = spaced("/".join(steps[1:])).casefold() + " " + spaced(item).casefold()
    for pattern, kind, signal_class in _WORDS:
        if pattern.search(words):
            return Meaning(kind=kind, signal_class=signal_class, flag=True)
    return found


def spaced(name: str) -> str:
    """Return a name of several words with blanks between them: `Human Shape Detect`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"[\s/_.\-]+", " ", apart).strip()


def slug(name: str) -> str:
    """Return a name as a part of a key: `human_shape_detect`."""
    return re.sub(r"[^a-z0-9]+", "_", spaced(name).casefold()).strip("_")
