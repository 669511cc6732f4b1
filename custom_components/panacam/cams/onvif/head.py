"""A PTZ unit as requests address it: a profile, a configuration and a node."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from ..errors import Reason, RefusedError
from .client import OnvifClient
from .node import Node
from .soap import Argument
from .spaces import Spaces

MOVE_TIMEOUT: Final = 5.0
"""Seconds; what moves must not wait behind requests that hang."""
_LONGEST: Final = 3600.0


class Head:
    """What is known of the unit; the same object for as long as the device is used."""

    def __init__(self, client: OnvifClient) -> None:
        """Have no unit yet."""
        self._client = client
        self.profile: str | None = None
        """Token; None: there is no unit, or no profile has it."""
        self.configuration: str | None = None
        """Token."""
        self.spaces = Spaces()
        self.geo = False
        """Whether it turns to places on Earth."""
        self.homes = False
        """Whether it has a home position."""
        self.max_presets = 0
        self.max_tours = 0
        self.auxiliary: tuple[str, ...] = ()
        self.timeouts = (0.0, _LONGEST)
        """Seconds, shortest and longest, that a continuous move may be given."""

    async def call(self, operation: str, /, **values: Argument) -> Node:
        """Ask the PTZ service about the profile. CameraError; RefusedError without a unit."""
        if self.profile is None:
            raise RefusedError(Reason.UNSUPPORTED, operation)
        arguments: dict[str, Any] = values
        return await self._client.call("ptz", operation, ProfileToken=self.profile, **arguments)

    async def move(self, operation: str, /, **values: Argument) -> Node:
        """Ask for a move, ahead of what else is waiting. CameraError."""
        if self.profile is None:
            raise RefusedError(Reason.UNSUPPORTED, operation)
        arguments: dict[str, Any] = values
        return await self._client.call(
            "ptz", operation, timeout=MOVE_TIMEOUT, ProfileToken=self.profile, **arguments
        )

    def read_node(self, node: Node | None) -> None:
        """Take what a PTZNode says; None: it says nothing."""
        self.homes = node is None or node.flag("HomeSupported") is not False
        self.geo = node is not None and _yes(node, "GeoMove")
        self.max_presets = _count(node, 1, "MaximumNumberOfPresets")
        self.max_tours = _count(
            node, 0, "Extension", "SupportedPresetTour", "MaximumNumberOfPresetTours"
        )
        commands = [] if node is None else node.children("AuxiliaryCommands")
        self.auxiliary = tuple(text for found in commands if (text := found.text()))

    def read_options(self, options: Node | None) -> None:
        """Take what PTZConfigurationOptions say about time."""
        found = None if options is None else options.child("PTZTimeout")
        low, high = timedelta(), timedelta(seconds=_LONGEST)
        if found is not None:
            low = found.duration("Min") or low
            high = found.duration("Max") or high
        self.timeouts = (low.total_seconds(), max(high, low, timedelta(seconds=1)).total_seconds())

    def speed(self, part: float | None) -> Mapping[str, Argument]:
        """Return the `Speed` argument, if there is one to give."""
        speed = self.spaces.speed(part)
        return {} if speed is None else {"Speed": speed}


def _yes(node: Node, name: str) -> bool:
    return (node.attribute(name) or "").casefold() in {"true", "1"}


def _count(node: Node | None, unsaid: int, *path: str) -> int:
    number = None if node is None else node.number(*path)
    return unsaid if number is None else max(0, int(number))
