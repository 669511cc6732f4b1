"""The rules of a device's video analytics as rows: what each of them will tell, by its kind.

The kinds describe themselves (9.3.3); those of annexes C, D and E are known to begin with.
"""

from collections.abc import Mapping
from typing import Final

from .board import Profile
from .node import Node
from .notifications import TopicDescription, clean_topic, read_description
from .rows import RULE_ITEMS, Rows, kind_of

MAX_RULES: Final = 64
MAX_MESSAGES: Final = 8
"""Kinds of message of one kind of rule."""

_SOURCE: Final = {
    "VideoSourceConfigurationToken": "ReferenceToken",
    "VideoAnalyticsConfigurationToken": "ReferenceToken",
    "Rule": "string",
}
_OBJECT: Final = {"ObjectId": "integer"}


def _known(
    topic: str,
    data: Mapping[str, str],
    keys: Mapping[str, str] | None = None,
    *,
    is_property: bool = True,
) -> tuple[TopicDescription, ...]:
    return (
        TopicDescription(
            topic=f"RuleEngine/{topic}",
            is_property=is_property,
            source=_SOURCE,
            keys=keys or {},
            data=data,
        ),
    )


_COUNTER: Final = _known("CountAggregation/Counter", {"Count": "int"})

KNOWN_KINDS: Final[Mapping[str, tuple[TopicDescription, ...]]] = {
    "LineDetector": _known("LineDetector/Crossed", _OBJECT, is_property=False),
    "FieldDetector": _known("FieldDetector/ObjectsInside", {"IsInside": "boolean"}, _OBJECT),
    "LoiteringDetector": _known(
        "LoiteringDetector/ObjectIsLoitering", {"Since": "dateTime"}, _OBJECT
    ),
    "DeclarativeMotionDetector": _known(
        "DeclarativeMotionDetector/MotionMatched", {"TimeStamp": "dateTime"}, _OBJECT
    ),
    "CountAggregation": _COUNTER,
    "LineCounting": _COUNTER,
    "QueryRule": _known("QueryRule", {}, is_property=False),
    "CellMotionDetector": _known("CellMotionDetector/Motion", {"IsMotion": "boolean"}),
    "MotionRegionDetector": _known("MotionRegionDetector/Motion", {"State": "boolean"}),
}
"""What rules tell, by their kind without prefix, where a device does not describe them."""


def local(name: str | None) -> str:
    """Return a qualified name without its prefix."""
    return (name or "").rpartition(":")[2].strip()


def read_kinds(supported: Node) -> dict[str, tuple[TopicDescription, ...]]:
    """Return what the kinds of rules in a GetSupportedRulesResponse tell, by their names."""
    found: dict[str, tuple[TopicDescription, ...]] = {}
    for kind in supported.children("SupportedRules", "RuleDescription")[:MAX_RULES]:
        name = local(kind.attribute("Name"))
        messages = tuple(
            read_description(message, clean_topic(message.text("ParentTopic")))
            for message in kind.children("Messages")[:MAX_MESSAGES]
        )
        told = tuple(message for message in messages if message.topic)
        found[name] = told or KNOWN_KINDS.get(name, ())
    return found


def offer_rule(
    rows: Rows,
    profile: Profile | None,
    configuration: str,
    name: str,
    descriptions: tuple[TopicDescription, ...],
) -> set[str]:
    """Offer what a rule will tell of; return the rows' keys.

    `profile` is one that has the rule's analytics `configuration` (a token).
    """
    keys: set[str] = set()
    for description in descriptions:
        source = {
            item: value
            for item in description.source
            if (value := _value(item, profile, configuration, name))
        }
        keys.update(rows.offer(description, source))
    return keys


def _value(item: str, profile: Profile | None, configuration: str, name: str) -> str | None:
    """Return what messages of a rule will have in an item of their source, if that is known."""
    if item in RULE_ITEMS:
        return name
    kind = kind_of(item)
    if kind == "analytics":
        return configuration
    if profile is None:
        return None
    if kind == "source":
        return profile.video_source
    return profile.configurations.get("video_source") if kind == "configuration" else None
