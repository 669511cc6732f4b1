"""What goes into the metadata stream, as settings (6.3.8)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from .configuration import Item, Subject, insert
from .multicast import multicast_items
from .node import Node

OPERATIONS: Final[Mapping[str, str]] = {
    "media2.GetMetadataConfigurationOptions": "which switches `metadata_ptz_...` there are",
    "media2.SetMetadataConfiguration": "switch `metadata_analytics`, `metadata_events`,"
    " `metadata_ptz_status`, `metadata_ptz_position`",
    "media.GetMetadataConfigurations": "action `panacam.get_profiles`, without Media2",
    "media.GetMetadataConfiguration": "switch `metadata_...` read back, without Media2",
    "media.GetMetadataConfigurationOptions": "which switches `metadata_ptz_...` there are, without"
    " Media2",
    "media.SetMetadataConfiguration": "switch `metadata_...`, without Media2",
}

_AFTER: Final = (
    "Multicast",
    "SessionTimeout",
    "AnalyticsEngineConfiguration",
    "SensorData",
    "Extension",
)


def describe_metadata(subject: Subject) -> Iterator[Item]:
    """Return what can be in the stream and need not: PTZ, events, the scene's description."""
    node = subject.node
    for name, element in (("ptz_status", "Status"), ("ptz_position", "Position")):
        if _tells(subject.options, element):
            now = node.flag("PTZStatus", element) is True
            yield subject.toggle(name, now, _put_ptz(element), enabled=False)
    if subject.options:
        events = node.child("Events") is not None
        yield subject.toggle("events", events, _put_events, enabled=False)
    yield subject.toggle("analytics", node.flag("Analytics") is True, _put_analytics, enabled=False)
    yield from multicast_items(subject)


def _tells(options: tuple[Node, ...], element: str) -> bool:
    """Return whether the device can put the status or the position of its head in."""
    names = [f"{what}{element}Supported" for what in ("PanTilt", "Zoom")]
    return any(option.flag("PTZStatusFilterOptions", name) for option in options for name in names)


def _put_ptz(element: str) -> Callable[[Node, str], None]:
    def put(node: Node, value: str) -> None:
        status = insert(node, "PTZStatus", ("Events", "Analytics", *_AFTER))
        for other in ("Status", "Position"):
            if status.child(other) is None:
                insert(status, other, ("Position", "FieldOfView")).put(text="false")
        status.put(element, text=value)

    return put


def _put_events(node: Node, value: str) -> None:
    if value == "true":
        insert(node, "Events", ("Analytics", *_AFTER))
    else:
        node.drop("Events")


def _put_analytics(node: Node, value: str) -> None:
    insert(node, "Analytics", _AFTER).put(text=value)
