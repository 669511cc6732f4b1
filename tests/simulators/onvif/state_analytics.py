"""Video and sound analytics: the rules, the modules, and what they see (9)."""

from typing import TYPE_CHECKING, Final

from .rules import (
    AGGREGATION,
    CELL_MOTION,
    CONFIGURATION,
    COUNTING,
    DECLARATIVE,
    FIELD,
    LINE,
    LOITERING,
    MODULE_TYPES,
    MOTION_REGION,
    QUERY,
    RULE_TYPES,
    Config,
    first_modules,
    first_rules,
)
from .topics import Items, Topic

if TYPE_CHECKING:
    from .camera import Camera

MAX_RULES: Final = 16
MAX_MODULES: Final = 4
VIDEO_SOURCE_CONFIGURATION: Final = "video_source_config_1"
VIDEO_SOURCE: Final = "video_source_1"
SOUND_TOPIC: Final = "tns1:AudioAnalytics/Audio/DetectedSound"
ALARM_TOPIC: Final = "tns1:VideoSource/MotionAlarm"
TAMPER_TOPIC: Final = "tns1:VideoSource/GlobalSceneChange/ImagingService"


class Analytics:
    """Rules and modules of the one analytics configuration."""

    def __init__(self, camera: Camera) -> None:
        """Have one rule of each kind, and see nothing."""
        self._camera: Final = camera
        self.rules: Final[dict[str, Config]] = {}
        self.modules: Final[dict[str, Config]] = {}
        self.counts: Final[dict[str, int]] = {}
        """Value of each counting rule, by name."""
        self.moving = False
        if not camera.features.analytics:
            return
        for kind in (*RULE_TYPES.values(), *MODULE_TYPES.values()):
            for topic in kind.topics:
                camera.events.declare(topic)
        for path in (ALARM_TOPIC, TAMPER_TOPIC):
            state = {"State": "xs:boolean"}
            camera.events.declare(Topic(path, {"Source": "tt:ReferenceToken"}, state))
            camera.events.emit(path, {"Source": VIDEO_SOURCE}, {"State": False}, "Initialized")
        if camera.features.audio:
            camera.events.declare(_sound())
        for rule in first_rules():
            self.add_rule(rule)
        for module in first_modules():
            self.modules[module.name] = module

    def add_rule(self, rule: Config) -> None:
        """Have `rule`, and tell the state it begins with."""
        self.rules[rule.name] = rule
        match rule.kind:
            case CELL_MOTION.name:
                self._tell(rule, {"IsMotion": False}, "Initialized")
            case MOTION_REGION.name:
                self._tell(rule, {"State": False}, "Initialized")
            case COUNTING.name:
                self.counts[rule.name] = 0
                self._tell(rule, {"Count": 0}, "Initialized")

    def remove_rule(self, name: str) -> None:
        """Forget rule `name`, and tell that its states are no more."""
        rule = self.rules.pop(name)
        self.counts.pop(name, None)
        source = {tuple(value) for value in self._source(rule).items()}
        for message in list(self._camera.events.properties.values()):
            if message.topic == _topic(rule) and set(message.source) == source:
                self._camera.events.emit(
                    message.topic,
                    dict(message.source),
                    dict(message.data),
                    "Deleted",
                    key=dict(message.key),
                )

    def trigger(self, name: str, active: bool = True, *, object_id: int = 1) -> None:
        """Let rule `name` see something, or with `active` false see it gone.

        What is seen once only (a line crossed, a count, a query's result) has no end.
        """
        rule = self.rules[name]
        key = {"ObjectId": object_id}
        now = self._camera.clock.write(self._camera.clock.now())
        match rule.kind:
            case CELL_MOTION.name:
                self._tell(rule, {"IsMotion": active})
            case MOTION_REGION.name:
                if 'Armed="false"' not in rule.elements.get("MotionRegion", ""):
                    self._tell(rule, {"State": active})
            case LINE.name:
                self._tell(rule, {"ObjectId": object_id}, None)
            case FIELD.name:
                self._tell(rule, {"IsInside": active}, key=key)
            case LOITERING.name:
                data = {"Since": now, "TimeStamp": now}
                self._tell(rule, data, "Changed" if active else "Deleted", key=key)
            case DECLARATIVE.name:
                operation = "Changed" if active else "Deleted"
                self._tell(rule, {"TimeStamp": now}, operation, key=key)
            case COUNTING.name | AGGREGATION.name:
                self.counts[name] = self.counts.get(name, 0) + 1
                keyed = key if rule.kind == AGGREGATION.name else None
                self._tell(rule, {"Count": self.counts[name]}, key=keyed)
            case QUERY.name:
                found = f'<tt:Object ObjectId="{object_id}"/>'
                self._tell(rule, {}, None, elements={"Result": found})

    def reset(self, name: str) -> None:
        """Begin to count anew."""
        self.counts[name] = 0
        self._tell(self.rules[name], {"Count": 0})

    def motion(self, on: bool = True) -> None:
        """Let all motion rules and the motion alarm go on or off."""
        self.moving = on
        for rule in self.rules.values():
            if rule.kind in (CELL_MOTION.name, MOTION_REGION.name):
                self.trigger(rule.name, on)
        self._camera.events.emit(ALARM_TOPIC, {"Source": VIDEO_SOURCE}, {"State": on})

    def tamper(self, on: bool = True) -> None:
        """Let somebody turn or cover the camera."""
        self._camera.events.emit(TAMPER_TOPIC, {"Source": VIDEO_SOURCE}, {"State": on})

    def sound(self, on: bool = True) -> None:
        """Let the microphone hear something (9.7)."""
        now = self._camera.clock.write(self._camera.clock.now())
        source = {
            "AudioSourceConfigurationToken": "audio_source_config_1",
            "AudioAnalyticsConfigurationToken": CONFIGURATION,
            "Rule": "Sound",
        }
        data: Items = {"isSoundDetected": on, "UTCTime": now}
        self._camera.events.emit(SOUND_TOPIC, source, data, None)

    def power_cycle(self) -> None:
        """See nothing, and count from nought."""
        self.motion(False)
        self.tamper(False)
        events = self._camera.events
        for message in list(events.properties.values()):
            if message.key and message.topic.startswith("tns1:RuleEngine/"):
                del events.properties[message.property_key]
        for rule in self.rules.values():
            self.add_rule(rule)

    def close(self) -> None:
        """Have nothing that runs."""

    def _source(self, rule: Config) -> dict[str, str]:
        if rule.kind == MOTION_REGION.name:
            return {"VideoSource": VIDEO_SOURCE, "RuleName": rule.name}
        return {
            "VideoSourceConfigurationToken": VIDEO_SOURCE_CONFIGURATION,
            "VideoAnalyticsConfigurationToken": CONFIGURATION,
            "Rule": rule.name,
        }

    def _tell(
        self,
        rule: Config,
        data: Items,
        operation: str | None = "Changed",
        *,
        key: Items | None = None,
        elements: dict[str, str] | None = None,
    ) -> None:
        self._camera.events.emit(
            _topic(rule), self._source(rule), data, operation, key=key, elements=elements
        )


def _topic(rule: Config) -> str:
    return RULE_TYPES[rule.kind].topics[0].path


def _sound() -> Topic:
    return Topic(
        SOUND_TOPIC,
        {
            "AudioSourceConfigurationToken": "tt:ReferenceToken",
            "AudioAnalyticsConfigurationToken": "tt:ReferenceToken",
            "Rule": "xs:string",
        },
        {"isSoundDetected": "xs:boolean", "UTCTime": "xs:dateTime"},
        is_property=False,
        data_elements={"AudioClassifications": "tt:AudioClassDescriptor"},
    )
