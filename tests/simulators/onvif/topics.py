"""What an event is: its topic as described, and one message of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from .service import escape

CONCRETE_SET: Final = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"

type Value = str | int | float
type Items = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of GetEventProperties; items are name -> XML type."""

    path: str
    """With prefix: `tns1:Device/Trigger/Relay`."""
    source: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    key: Mapping[str, str] = field(default_factory=dict)
    is_property: bool = True
    data_elements: Mapping[str, str] = field(default_factory=dict)
    """ElementItems of the data."""

    def description(self) -> str:
        """Write the MessageDescription of a topic set."""
        return f"<tt:MessageDescription {self._inside()}</tt:MessageDescription>"

    def messages(self) -> str:
        """Write the Messages of a rule's description."""
        topic = f"<tt:ParentTopic>{escape(self.path)}</tt:ParentTopic>"
        return f"<tt:Messages {self._inside()}{topic}</tt:Messages>"

    def _inside(self) -> str:
        return (
            f'IsProperty="{"true" if self.is_property else "false"}">'
            f"{_described('Source', self.source)}{_described('Key', self.key)}"
            f"{_described('Data', self.data, self.data_elements)}"
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One event, as it is kept until somebody fetches it."""

    topic: str
    time: datetime
    operation: str | None
    """`Initialized`, `Changed`, `Deleted`, or None for what is no property."""
    source: tuple[tuple[str, str], ...] = ()
    data: tuple[tuple[str, str], ...] = ()
    key: tuple[tuple[str, str], ...] = ()
    elements: tuple[tuple[str, str], ...] = ()
    """ElementItems of the data: name -> XML."""

    @property
    def property_key(self) -> tuple[object, ...]:
        """What makes it the same property as another."""
        return self.topic, self.source, self.key

    def write(self, time: str, reference: str, *, operation: bool = True) -> str:
        """Write the NotificationMessage; `time` as this camera writes it."""
        said = f' PropertyOperation="{self.operation}"' if self.operation and operation else ""
        return (
            "<wsnt:NotificationMessage><wsnt:SubscriptionReference>"
            f"<wsa:Address>{escape(reference)}</wsa:Address></wsnt:SubscriptionReference>"
            f'<wsnt:Topic Dialect="{CONCRETE_SET}">{escape(self.topic)}</wsnt:Topic>'
            f'<wsnt:Message><tt:Message UtcTime="{time}"{said}>'
            f"{_items('Source', self.source)}{_items('Key', self.key)}"
            f"{_items('Data', self.data, self.elements)}"
            "</tt:Message></wsnt:Message></wsnt:NotificationMessage>"
        )


def topic_set(topics: Mapping[str, Topic]) -> str:
    """Write the tree of a TopicSet's topics."""
    tree: dict[str, dict[str, object]] = {}
    for path in topics:
        branch: dict[str, object] = tree  # type: ignore[assignment]
        for part in path.split("/"):
            branch = branch.setdefault(part, {})  # type: ignore[assignment]
    return "".join(_branch(name, "", below, topics) for name, below in tree.items())


def _branch(name: str, above: str, below: Mapping[str, object], topics: Mapping[str, Topic]) -> str:
    path = f"{above}/{name}" if above else name
    inside = "".join(
        _branch(part, path, branch, topics)  # type: ignore[arg-type]
        for part, branch in below.items()
    )
    if path in topics:
        return f'<{name} wstop:topic="true">{topics[path].description()}{inside}</{name}>'
    return f"<{name}>{inside}</{name}>"


def _described(
    tag: str, items: Mapping[str, str], elements: Mapping[str, str] | None = None
) -> str:
    inside = "".join(
        f'<tt:{kind}Description Name="{escape(name)}" Type="{value}"/>'
        for kind, of_kind in (("SimpleItem", items), ("ElementItem", elements or {}))
        for name, value in of_kind.items()
    )
    return f"<tt:{tag}>{inside}</tt:{tag}>" if inside else ""


def _items(
    tag: str, items: tuple[tuple[str, str], ...], elements: tuple[tuple[str, str], ...] = ()
) -> str:
    if not items and not elements:
        return ""
    simple = "".join(
        f'<tt:SimpleItem Name="{escape(name)}" Value="{escape(value)}"/>' for name, value in items
    )
    others = "".join(
        f'<tt:ElementItem Name="{escape(name)}">{xml}</tt:ElementItem>' for name, xml in elements
    )
    return f"<tt:{tag}>{simple}{others}</tt:{tag}>"
