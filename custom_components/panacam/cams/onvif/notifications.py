"""Notification messages and topic sets out of their XML (no I/O): ONVIF Core, events.

What devices send is bounded here, in number and length, and cleaned: everything behind it is fit
for people and logs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ..text import plain
from .messages import Message
from .node import Node, as_flag, parse

MAX_MESSAGES: Final = 500
"""Messages of one answer; we ask for a hundred."""
MAX_ITEMS: Final = 24
"""Items of a message's source, keys or data."""
MAX_NAME: Final = 64
MAX_VALUE: Final = 200
MAX_TOPIC: Final = 160
MAX_LEVELS: Final = 12
"""Of a topic, and of what is looked into."""
MAX_DESCRIBED: Final = 400
"""Topics of a topic set."""

_OPERATIONS: Final = frozenset({"Initialized", "Changed", "Deleted"})


@dataclass(frozen=True, slots=True)
class Notification:
    """A message, and the address of the subscription that it says it is for."""

    message: Message
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicDescription:
    """What messages of a topic hold: XML types without prefixes, by the names of the items."""

    topic: str
    """Without prefixes."""
    is_property: bool = False
    source: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)


def read_notifications(answer: Node) -> list[Notification]:
    """Return the messages in an element, in order; what is none is left out."""
    found: list[Notification] = []
    for node in answer:
        if node.name == "NotificationMessage" and (read := _notification(node)) is not None:
            found.append(read)
            if len(found) == MAX_MESSAGES:
                break
    return found


def read_notify(body: bytes) -> list[Notification]:
    """Return the messages that a device sent by itself. ProtocolError for what is no XML."""
    root = parse(body)
    notify = root.child("Body", "Notify") or (root if root.name == "Notify" else None)
    return [] if notify is None else read_notifications(notify)


def _notification(node: Node) -> Notification | None:
    topic = clean_topic(node.text("Topic"))
    outer = node.child("Message")
    if not topic or outer is None:
        return None
    # The message is in a message; some have but one.
    inner = outer.child("Message") or outer
    operation = inner.attribute("PropertyOperation") or ""
    message = Message(
        topic=topic,
        operation=operation if operation in _OPERATIONS else "",
        source=_items(inner.child("Source")),
        keys=_items(inner.child("Key")),
        data=_items(inner.child("Data")),
        at=_moment(inner.attribute("UtcTime")),
    )
    return Notification(message, node.text("SubscriptionReference", "Address"))


def clean_topic(text: str | None) -> str:
    """Return a topic without prefixes and blanks: `RuleEngine/CellMotionDetector/Motion`."""
    steps = (step.rpartition(":")[2].strip() for step in (text or "").strip().split("/"))
    kept = [step for step in steps if step not in {"", "."}]
    return plain("/".join(kept[:MAX_LEVELS]), MAX_TOPIC) or ""


def _items(group: Node | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if group is None:
        return found
    for item in group:
        name = plain(item.attribute("Name"), MAX_NAME)
        if name is None:
            continue
        if item.name == "SimpleItem":
            found[name] = plain(item.attribute("Value"), MAX_VALUE) or ""
        elif item.name == "ElementItem":
            found[name] = plain(" ".join(_leaves(item)), MAX_VALUE) or ""
        if len(found) == MAX_ITEMS:
            break
    return found


def _leaves(node: Node, level: int = 0) -> list[str]:
    """Return the words in an element, those of pictures and the like left out."""
    if level == MAX_LEVELS:
        return []
    found: list[str] = []
    text = node.text()
    if text is not None and len(text) <= MAX_VALUE:
        found.append(text)
    for child in node:
        found += _leaves(child, level + 1)
        if len(found) >= MAX_ITEMS:
            break
    return found[:MAX_ITEMS]


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text or "")
    except ValueError:
        return None


def read_topics(answer: Node) -> list[TopicDescription]:
    """Return what the topic set of GetEventProperties describes."""
    root = answer.child("TopicSet")
    return [] if root is None else list(_described(root))[:MAX_DESCRIBED]


def _described(root: Node) -> Iterator[TopicDescription]:
    """Yield the topics below an element, in order; the tree may be as deep as it likes."""
    waiting: list[tuple[Node, tuple[str, ...]]] = [(root, ())]
    seen = 0
    while waiting and seen < MAX_DESCRIBED * MAX_LEVELS:
        node, path = waiting.pop()
        seen += 1
        below: list[tuple[Node, tuple[str, ...]]] = []
        for child in node:
            if child.name == "MessageDescription":
                yield read_description(child, "/".join(path))
            elif child.name != "documentation" and len(path) < MAX_LEVELS:
                below.append((child, (*path, child.name)))
        waiting += reversed(below)


def read_description(node: Node, topic: str) -> TopicDescription:
    """Return what a MessageDescription says of its topic."""
    return TopicDescription(
        topic=clean_topic(topic),
        is_property=as_flag(node.attribute("IsProperty")) is True,
        source=read_types(node.child("Source")),
        keys=read_types(node.child("Key")),
        data=read_types(node.child("Data")),
    )


def read_types(group: Node | None) -> dict[str, str]:
    """Return the types of the items that a group describes, by name, without prefixes."""
    found: dict[str, str] = {}
    for item in group or ():
        name = plain(item.attribute("Name"), MAX_NAME)
        if name is not None and item.name in {"SimpleItemDescription", "ElementItemDescription"}:
            found[name] = _local(item.attribute("Type"))
            if len(found) == MAX_ITEMS:
                break
    return found


def _local(name: str | None) -> str:
    return plain((name or "").rpartition(":")[2], MAX_NAME) or ""
