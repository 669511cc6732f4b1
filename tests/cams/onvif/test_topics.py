import asyncio
from collections.abc import Mapping
import time

import pytest

from custom_components.panacam.cams.device import Alarm, AlarmRaised
from custom_components.panacam.cams.onvif import rows as rows_module, topics as topics_module
from custom_components.panacam.cams.onvif.board import Board, Profile
from custom_components.panacam.cams.onvif.meanings import KINDS, meaning_of, slug, spaced
from custom_components.panacam.cams.onvif.messages import Message
from custom_components.panacam.cams.onvif.notifications import TopicDescription
from custom_components.panacam.cams.onvif.topics import Topics
from custom_components.panacam.cams.roles import Signal, SignalClass, TopicEvent
from tests.cams.onvif.support import Watched

MOTION = "RuleEngine/CellMotionDetector/Motion"
PLACE = {"VideoSourceConfigurationToken": "config", "VideoAnalyticsConfigurationToken": "va"}


def profile(index: int = 0, source: str = "source", config: str = "config") -> Profile:
    """Return a profile of one of several pictures."""
    return Profile(
        index=index,
        token=f"profile{index}",
        name="",
        video_source=source,
        configurations={"video_source": config, "analytics": "va"},
    )


def message(
    topic: str,
    data: Mapping[str, str],
    operation: str = "Changed",
    *,
    keys: Mapping[str, str] | None = None,
    **source: str,
) -> Message:
    """Return a message."""
    return Message(topic=topic, operation=operation, source=source, keys=keys or {}, data=data)


@pytest.fixture
def watched() -> Watched:
    """Give a board of a device with one picture."""
    found = Watched()
    found.board.profiles = (profile(),)
    return found


@pytest.fixture
def topics(watched: Watched) -> Topics:
    """Give what writes to that board."""
    return Topics(watched.board)


def only(board: Board) -> Signal:
    """Return the one signal that there is."""
    (row,) = board.signals.values()
    return row


@pytest.mark.parametrize(
    ("topic", "item", "kind", "signal_class", "enabled"),
    [
        (MOTION, "IsMotion", "motion_rule", SignalClass.MOTION, True),
        (
            "RuleEngine/MotionRegionDetector/Motion",
            "State",
            "motion_rule",
            SignalClass.MOTION,
            True,
        ),
        ("VideoSource/MotionAlarm", "State", "motion_alarm", SignalClass.MOTION, False),
        ("AudioAnalytics/Audio/DetectedSound", "isSoundDetected", "detected_sound", "sound", True),
        ("VideoSource/GlobalSceneChange/ImagingService", "State", "scene_change", "tamper", True),
        ("VideoSource/ImageTooDark/AnalyticsService", "State", "image_too_dark", "problem", False),
        ("VideoSource/SignalLoss", "State", "signal_loss", "problem", True),
        ("RuleEngine/TamperDetector/Tamper", "IsTamper", "tamper", "tamper", True),
        ("RuleEngine/FieldDetector/ObjectsInside", "IsInside", "field", "occupancy", True),
        ("Device/HardwareFailure/FanFailure", "Failed", "hardware_failure", "problem", True),
        ("Monitoring/Washer/LiquidLow", "IsLow", "washer_liquid_low", "problem", True),
        ("Monitoring/OperatingTime/DefinedLimitReached", "Status", "monitoring", None, False),
        ("UserAlarm/IVA/HumanShapeDetect", "State", "person", "occupancy", True),
        ("RuleEngine/MyRuleDetector/PeopleDetect", "State", "person", "occupancy", True),
        ("RuleEngine/MyRuleDetector/VehicleDetect", "State", "vehicle", "occupancy", True),
        ("RuleEngine/MyRuleDetector/DogCatDetect", "State", "animal", None, True),
        ("RuleEngine/TPSmartEventDetector/TPSmartEvent", "IsVehicle", "vehicle", "occupancy", True),
        ("RuleEngine/TPSmartEventDetector/TPSmartEvent", "IsPet", "animal", None, True),
        ("RuleEngine/MyRuleDetector/FaceDetect", "State", "face", None, True),
        ("RuleEngine/MyRuleDetector/Visitor", "State", "visitor", None, True),
        ("RuleEngine/Other/Thing", "State", "rule", None, True),
        ("Vendor/Scard/Inserted", "State", "event", None, False),
    ],
)
def test_signals(
    watched: Watched,
    topics: Topics,
    topic: str,
    item: str,
    kind: str,
    signal_class: str | None,
    *,
    enabled: bool,
) -> None:
    """A property of yes or no is a signal, unknown ones switched off at first."""
    topics.heard(message(topic, {item: "true", "Word": "blue", "Number": "1"}))
    row = only(watched.board)
    assert (row.kind, row.signal_class, row.enabled) == (kind, signal_class, enabled)
    assert kind in KINDS
    assert watched.board.signalled == {row.key: True}
    topics.heard(message(topic, {item: "false"}))
    assert watched.board.signalled == {row.key: False}
    assert not watched.board.topics


def test_alarm_is_any_of_its_signals(watched: Watched, topics: Topics) -> None:
    """Motion is on while any motion signal is; it is raised once."""
    board = watched.board
    topics.heard(message(MOTION, {"IsMotion": "false"}, "Initialized", Rule="a"))
    assert board.alarms == {Alarm.MOTION: False}
    topics.heard(message(MOTION, {"IsMotion": "true"}, Rule="a"))
    topics.heard(message("VideoSource/MotionAlarm", {"State": "true"}, Source="source"))
    assert watched.told == [AlarmRaised(Alarm.MOTION)]
    topics.heard(message(MOTION, {"IsMotion": "false"}, Rule="a"))
    assert board.alarms == {Alarm.MOTION: True}
    topics.heard(message("VideoSource/MotionAlarm", {"State": "false"}, Source="source"))
    assert board.alarms == {Alarm.MOTION: False}
    topics.heard(message(MOTION, {"IsMotion": "true"}, Rule="b"))
    assert watched.told == [AlarmRaised(Alarm.MOTION)] * 2
    topics.heard(message(MOTION, {}, "Deleted", Rule="b"))
    assert board.alarms == {Alarm.MOTION: False}


@pytest.mark.parametrize("number", range(2))
def test_found_out_by_two_services(watched: Watched, topics: Topics, number: int) -> None:
    """Which service it was is said only where there are two of them."""
    ends = ["ImagingService", "AnalyticsService"]
    topics.heard(message(f"VideoSource/ImageTooDark/{ends[number]}", {"State": "true"}))
    row = only(watched.board)
    assert (row.label, row.diagnostic) == ("", True)
    topics.heard(message(f"VideoSource/ImageTooDark/{ends[1 - number]}", {"State": "true"}))
    topics.heard(message(f"VideoSource/ImageTooBlurry/{ends[number]}", {"State": "true"}))
    other = ("analytics", "imaging")[number]
    assert [row.label for row in watched.board.signals.values()] == ["", other, ""]


async def test_doorbell_is_no_motion(watched: Watched, topics: Topics) -> None:
    """It is on and off also where nobody says that it is a property, and raises no alarm."""
    ring = "RuleEngine/MyRuleDetector/Visitor"
    for state in ("1", "0"):
        topics.heard(message(ring, {"State": state}, "", Source="source"))
    assert only(watched.board).signal_class is None
    assert list(watched.board.signalled.values()) == [False]
    assert not watched.board.topics
    assert not watched.board.alarms
    assert not watched.told


async def test_withdrawn(watched: Watched, topics: Topics) -> None:
    """What the board has no longer counts for no alarm, and comes back by an event alone."""
    board = watched.board
    battery = "Monitoring/BatteryCapacity"
    topics.heard(message(MOTION, {"IsMotion": "true"}, Rule="a"))
    topics.heard(message(MOTION, {"IsMotion": "false"}, Rule="b"))
    topics.heard(message(battery, {"PercentageRemainingCapacity": "9"}))
    first = next(iter(board.signals))
    board.withdraw_signal(first)
    assert board.alarms == {Alarm.MOTION: False}
    board.withdraw_reading(next(iter(board.readings)))
    topics.heard(message(MOTION, {}, "Deleted", Rule="a"))
    topics.heard(message(battery, {}, "Deleted"))
    topics.deaf()
    assert first not in board.signalled
    assert not board.read
    assert not board.readings
    topics.heard(message(MOTION, {"IsMotion": "true"}, Rule="a"))
    assert board.signalled[first] is True
    assert board.alarms == {Alarm.MOTION: True}


def test_initial_state_raises_nothing(watched: Watched, topics: Topics) -> None:
    """What was so before is no alarm and no event."""
    topics.heard(message(MOTION, {"IsMotion": "true"}, "Initialized"))
    topics.heard(message("Vendor/Mode", {"Mode": "night"}, "Initialized"))
    assert watched.board.alarms == {Alarm.MOTION: True}
    assert watched.told == []
    assert len(watched.board.topics) == 1
    topics.heard(message("Vendor/Mode", {"Mode": "day"}))
    assert watched.told == [TopicEvent(next(iter(watched.board.topics)), {"Mode": "day"})]


def test_events(watched: Watched, topics: Topics) -> None:
    """What is no property is an event, its topic shown before it; each rule has its own."""
    crossed = "RuleEngine/LineDetector/Crossed"
    source = {**PLACE, "Rule": "Door"}
    topics.heard(Message(topic=crossed, source=source, data={"ObjectId": "4"}))
    (row,) = watched.board.topics.values()
    assert (row.kind, row.label, row.enabled) == ("line", "Door", True)
    assert watched.told == [TopicEvent(row.key, {**source, "ObjectId": "4"})]
    assert watched.states[0].topics == {row.key}
    topics.heard(message(crossed, {"ObjectId": "5"}, "", Rule="Gate"))
    topics.heard(message("Vendor/Horn", {"State": "true"}, "", Place="left"))
    topics.heard(message("Vendor/Horn", {"State": "true"}, "", Place="right"))
    assert [row.label for row in watched.board.topics.values()] == ["Door", "Gate", "Horn"]
    assert len(watched.told) == 4
    assert not watched.board.signals


def test_numbers(watched: Watched, topics: Topics) -> None:
    """Counters and what is monitored are readings; what is no number is an event."""
    board = watched.board
    topics.heard(message("RuleEngine/CountAggregation/Counter", {"Count": "3"}, Rule="Visitors"))
    topics.heard(message("Monitoring/ProcessorUsage", {"Value": "17.5"}, "Initialized", Token="1"))
    counter, usage = board.readings.values()
    assert (counter.kind, counter.label, counter.total) == ("counter", "Visitors", True)
    assert (usage.kind, usage.unit, usage.diagnostic) == ("processor_usage", "%", True)
    assert board.read == {counter.key: 3.0, usage.key: 17.5}
    topics.heard(message("RuleEngine/CountAggregation/Counter", {}, "Deleted", Rule="Visitors"))
    assert board.read[counter.key] is None
    topics.heard(message("Monitoring/ProcessorUsage", {"Value": "much"}, Token="1"))
    assert board.read[usage.key] == 17.5
    assert len(board.topics) == 1


def test_objects(watched: Watched, topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    """A property of each object is on while it is for any; number of objects bounded."""
    topic = "RuleEngine/FieldDetector/ObjectsInside"

    def inside(value: str, number: int, operation: str = "Changed") -> bool | None:
        data = {"IsInside": value} if value else {}
        topics.heard(message(topic, data, operation, keys={"ObjectId": str(number)}, Rule="Lawn"))
        return watched.board.signalled[only(watched.board).key]

    assert inside("true", 1) is True
    assert inside("true", 2) is True
    assert inside("false", 1) is True
    assert inside("", 2, "Deleted") is False
    monkeypatch.setattr(topics_module, "MAX_KEYS", 3)
    for number in range(10):
        inside("true", number)
    (objects,) = topics._by_object.values()
    assert len(objects) == 3


def test_presence_of_an_object(watched: Watched, topics: Topics) -> None:
    """A loitering object is told of while it is there: Changed, then Deleted."""
    topic = "RuleEngine/LoiteringDetector/ObjectIsLoitering"
    data = {"Since": "2026-11-21T10:00:00Z"}
    topics.heard(message(topic, data, keys={"ObjectId": "1"}, Rule="Shop"))
    row = only(watched.board)
    assert (row.kind, row.label) == ("loitering", "Shop")
    assert watched.board.signalled[row.key] is True
    topics.heard(message(topic, data, "Deleted", keys={"ObjectId": "1"}, Rule="Shop"))
    assert watched.board.signalled[row.key] is False


def test_words_for_yes_and_no(watched: Watched, topics: Topics) -> None:
    """`1` is yes where a boolean is described, likely or was seen; else it is a number."""
    topics.describe(
        [
            TopicDescription(topic="V/A", is_property=True, data={"X": "boolean"}),
            TopicDescription(topic="V/B", is_property=True, data={"X": "int"}),
        ]
    )
    for topic, data in (
        ("V/A", {"X": "1"}),
        ("V/B", {"X": "1"}),
        ("V/C", {"IsOpen": "0"}),
        ("V/D", {"X": "1"}),
        (MOTION, {"IsMotion": "1"}),
        ("Device/Trigger/DigitalInput", {"LogicalState": "active"}),
        ("V/E", {"X": "true"}),
        ("V/E", {"X": "0"}),
    ):
        topics.heard(message(topic, data))
    found = {
        row.key.rsplit("_", 1)[0]: value
        for row, value in zip(
            watched.board.signals.values(), watched.board.signalled.values(), strict=True
        )
    }
    assert list(watched.board.signalled.values()) == [True, False, True, True, False], found
    assert len(watched.board.topics) == 2


def test_described_input_that_is_a_word(watched: Watched, topics: Topics) -> None:
    """A relay's state is `active` or `inactive`, which no schema calls a boolean."""
    topic = "Device/Trigger/Relay"
    topics.describe(
        [
            TopicDescription(
                topic=topic, is_property=True, data={"LogicalState": "RelayLogicalState"}
            )
        ]
    )
    assert not watched.board.signals  # another part's, most often
    topics.heard(message(topic, {"LogicalState": "active"}, RelayToken="r1"))
    assert watched.board.signalled == {only(watched.board).key: True}


def test_known_before_the_first_event(watched: Watched, topics: Topics) -> None:
    """Topics whose sources are known make rows; a rule's come with the rule."""
    flag = {"State": "boolean"}
    topics.describe(
        [
            TopicDescription(
                topic="VideoSource/MotionAlarm",
                is_property=True,
                source={"Source": "ReferenceToken"},
                data=flag,
            ),
            TopicDescription(
                topic=MOTION,
                is_property=True,
                source={"Rule": "string"},
                data={"IsMotion": "boolean"},
            ),
            TopicDescription(
                topic="Vendor/Door", is_property=True, source={"Door": "token"}, data=flag
            ),
            TopicDescription(topic="Vendor/Horn", data={"Loudness": "float"}),
            TopicDescription(
                topic="Monitoring/BatteryCapacity",
                is_property=True,
                data={"PercentageRemainingCapacity": "float"},
            ),
        ]
    )
    board = watched.board
    assert [row.kind for row in board.signals.values()] == ["motion_alarm"]
    assert [row.kind for row in board.readings.values()] == ["battery"]
    assert [row.label for row in board.topics.values()] == ["Horn"]
    assert board.alarms == {Alarm.MOTION: None}
    assert topics.describes(MOTION)
    assert not topics.describes("Vendor/Horn")
    key = only(board).key
    topics.heard(message("VideoSource/MotionAlarm", {"State": "true"}, Source="source"))
    assert board.signalled == {key: True}


def test_three_hundred_topics(watched: Watched, topics: Topics) -> None:
    """What nobody knows gets so many rows and no more; what is known has room beside it."""
    for number in range(300):
        topics.heard(message(f"Vendor/T{number}", {"State": "true"}))
        topics.heard(message(f"Vendor/U{number}", {"Word": "blue"}))
    assert len(watched.board.signals) == rows_module.MAX_UNKNOWN
    assert len(watched.board.topics) == rows_module.MAX_UNKNOWN
    assert topics.left_out == 2 * (300 - rows_module.MAX_UNKNOWN)
    topics.heard(message(MOTION, {"IsMotion": "true"}))
    assert len(watched.board.signals) == rows_module.MAX_UNKNOWN + 1
    assert not any(row.enabled for row in watched.board.topics.values())


def test_sources_without_end(watched: Watched, topics: Topics) -> None:
    """Sources that are another one at each event do not fill the memory."""
    for number in range(2000):
        topics.heard(message("Vendor/Seen", {"State": "true"}, ObjectId=str(number)))
        topics.heard(message(MOTION, {"IsMotion": "true"}, Other=str(number)))
    assert len(watched.board.signals) <= 400
    assert len(topics._made) <= topics_module.MAX_REMEMBERED


def test_deaf(watched: Watched, topics: Topics) -> None:
    """Nothing stays on when nobody tells."""
    topics.heard(message(MOTION, {"IsMotion": "true"}))
    topics.heard(message("Monitoring/BatteryCapacity", {"PercentageRemainingCapacity": "9"}))
    topics.heard(
        message("RuleEngine/FieldDetector/In", {"IsInside": "true"}, keys={"ObjectId": "1"})
    )
    topics.deaf()
    assert set(watched.board.signalled.values()) == {None}
    assert set(watched.board.read.values()) == {None}
    assert watched.board.alarms == {Alarm.MOTION: None}


def test_doubt(watched: Watched, topics: Topics) -> None:
    """What a new subscription does not tell again is forgotten; no objects means nobody there."""
    inside = "RuleEngine/FieldDetector/ObjectsInside"
    topics.describe(
        [
            TopicDescription(
                topic=inside,
                is_property=True,
                source={"Rule": "string"},
                keys={"ObjectId": "int"},
                data={"IsInside": "boolean"},
            )
        ]
    )
    for rule in ("a", "b"):
        topics.heard(message(MOTION, {"IsMotion": "true"}, Rule=rule))
        topics.heard(message(inside, {"IsInside": "true"}, keys={"ObjectId": "1"}, Rule=rule))
    topics.doubt()
    topics.heard(message(MOTION, {"IsMotion": "true"}, "Initialized", Rule="a"))
    initial = message(inside, {"IsInside": "true"}, "Initialized", keys={"ObjectId": "1"}, Rule="a")
    topics.heard(initial)
    topics.settle()
    assert list(watched.board.signalled.values()) == [True, True, None, False]
    assert watched.board.alarms == {Alarm.MOTION: True}


def test_settling_in_time(watched: Watched, topics: Topics) -> None:
    """Hundreds of topics and rules whose keys begin alike are settled at once, each by its own."""
    inside = "RuleEngine/MotionRegionDetector/M"
    objects = {"ObjectId": "int"}
    topics.describe(
        TopicDescription(
            topic=f"{inside}{'_' * number}",
            is_property=True,
            source={"Rule": "string"},
            keys=objects,
            data={"State": "boolean"},
        )
        for number in range(400)
    )
    for number in range(390):
        topics.heard(message(inside, {"State": "true"}, keys={"ObjectId": "1"}, Rule=str(number)))
    topics.heard(message(f"{inside}/Longer", {"State": "true"}, Rule="other"))
    longer = list(watched.board.signals)[-1]
    topics.doubt()
    began = time.perf_counter()
    topics.settle()
    assert time.perf_counter() - began < 0.1
    assert watched.board.signalled.pop(longer) is None
    assert set(watched.board.signalled.values()) == {False}
    assert watched.board.alarms == {Alarm.MOTION: False}


async def test_what_nobody_ends(
    watched: Watched, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A detected sound is no property: it ends by itself, unless it is told to."""
    monkeypatch.setattr(topics_module, "FADE", 0.05)
    sound = "AudioAnalytics/Audio/DetectedSound"
    topics.describe([TopicDescription(topic=sound, data={"isSoundDetected": "boolean"})])
    topics.heard(message(sound, {"isSoundDetected": "true"}, ""))
    assert watched.board.alarms == {Alarm.SOUND: True}
    assert watched.told == [AlarmRaised(Alarm.SOUND)]
    await asyncio.sleep(0.1)
    assert watched.board.alarms == {Alarm.SOUND: False}
    assert watched.states[-1].alarms == {Alarm.SOUND: False}
    topics.heard(message(sound, {"isSoundDetected": "true"}, ""))
    topics.deaf()
    await asyncio.sleep(0.1)
    assert watched.board.alarms == {Alarm.SOUND: None}


def test_keys_outlive_tokens(watched: Watched) -> None:
    """Tokens that change with a restart change no key; several pictures have one each."""
    board = watched.board
    board.profiles = (profile(0, "s1", "c1"), profile(1, "s2", "c2"))
    topics = Topics(board)
    for config in ("c1", "c2"):
        topics.heard(
            message(MOTION, {"IsMotion": "true"}, Rule="r", VideoSourceConfigurationToken=config)
        )
    before = list(board.signals)
    assert [row.label for row in board.signals.values()] == ["r 1", "r 2"]
    board.profiles = (profile(0, "n1", "d1"), profile(1, "n2", "d2"))
    for config in ("d1", "d2"):
        topics.heard(
            message(MOTION, {"IsMotion": "false"}, Rule="r", VideoSourceConfigurationToken=config)
        )
    assert list(board.signals) == before
    assert list(board.signalled.values()) == [False, False]


def test_keys_are_bounded_and_tell_long_topics_apart(watched: Watched, topics: Topics) -> None:
    """However long topics and rules are."""
    for end in "ab":
        topics.heard(message("RuleEngine/" + "x" * 150 + end, {"i" * 60: "true"}, Rule="r" * 200))
    first, second = watched.board.signals.values()
    assert first.key != second.key
    assert all(len(row.key) < 130 and len(row.label) <= 60 for row in (first, second))


def test_words() -> None:
    """Names of several words are taken apart."""
    assert spaced("HumanShapeDetect/IVARule_2") == "Human Shape Detect IVA Rule 2"
    assert slug("tns:IsMotion Größe") == "tns_is_motion_gr_sse"
    assert meaning_of("CameraApplicationPlatform/VMD/Camera1Profile1").alarm is Alarm.MOTION
    assert meaning_of("Scard/Inserted").kind == "event"
