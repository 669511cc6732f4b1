"""Which watchers a Panasonic camera has, and the roles that are made of them."""

from typing import Final

from ..device import Device
from ..memory import Memory
from .client import PovcamClient
from .watching import Tell, WatcherFixer, WatcherPresses, Watchers


class Looks(Watchers):
    """All watchers of one camera."""

    def __init__(self, client: PovcamClient, tell: Tell, memory: Memory) -> None:
        """Look by `client`, tell of events by `tell`, keep what a restart must not lose."""
        self._client: Final = client
        self._tell: Final = tell
        self._memory: Final = memory
        super().__init__()

    def give(self, device: Device) -> None:
        """Give `device` the roles that came of what the camera has."""
        device.readings = self.readings
        device.signals = self.signals
        device.topics = self.topics
        device.presses = WatcherPresses(self) if self.presses else None
        device.fixer = WatcherFixer(self) if self.fixable else None
