"""One event of a device, as the parts of it hear them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notification message (ONVIF Core, 9.5); bounded in number and length by its reader."""

    topic: str
    """Without prefixes: `RuleEngine/CellMotionDetector/Motion`."""
    operation: str = ""
    """`Initialized`, `Changed` or `Deleted` for a property, else empty."""
    source: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    """By the device's own clock."""
