"""Which watchers a Panasonic camera has, and the roles that are made of them."""

from typing import Final

from ..device import Device
from ..memory import Memory
from .adjusting import PovcamSettings
from .cards import CardWatcher, PovcamCards
from .client import PovcamClient
from .clip_sender import FtpOrderWatcher
from .clips import PovcamClips
from .clock_watcher import ClockWatcher
from .ftp import PovcamFtp
from .https import HttpsWatcher
from .keeper import PovcamKeeper
from .placing import PovcamPlacer
from .progress import ProgressWatcher
from .shelf import Menus
from .syslog_watcher import LogWatcher, PovcamLog
from .traffic import BandwidthWatcher, StreamsWatcher, UpnpWatcher
from .watching import Tell, WatcherFixer, WatcherPresses, Watchers
from .wire import Command


class Looks(Watchers):
    """All watchers of one camera."""

    def __init__(self, client: PovcamClient, tell: Tell, memory: Memory) -> None:
        """Look by `client`, tell of events by `tell`, keep what a restart must not lose."""
        self._client: Final = client
        self._tell: Final = tell
        self._memory: Final = memory
        self._https: Final = HttpsWatcher(client)
        self._menus: Final = Menus(client)
        self._settings: Final = PovcamSettings(client, self._menus, tell)
        self._progress: Final = ProgressWatcher(client)
        self._clips: Final = PovcamClips(client, self._progress.begun)
        self._cards: Final = PovcamCards(client, self._clips.forget, self._progress.begun)
        self._log: Final = LogWatcher(client, tell, memory)
        self._placer: Final = PovcamPlacer(client)
        self._keeper: Final = PovcamKeeper(self._menus)
        self._ftp: Final = PovcamFtp(client)
        self._system_log: Final = PovcamLog(self._log)
        self._presses: Final = WatcherPresses(self)
        self._fixer: Final = WatcherFixer(self)
        super().__init__(
            StreamsWatcher(self._menus),
            self._settings,
            self._https,
            CardWatcher(self._cards),
            FtpOrderWatcher(self._clips.sender),
            ClockWatcher(client),
            self._log,
            self._progress,
            UpnpWatcher(client),
            BandwidthWatcher(client),
        )

    def give(self, device: Device) -> None:
        """Give `device` the roles that came of what the camera has, which may grow."""
        device.placer = self._placer
        device.certificates = self._https.store
        device.settings = self._settings if self._client.has_credentials else None
        device.keeper = self._keeper
        if device.recorder is not None:
            device.clips = self._clips
            if self._client.has_credentials:
                device.cards = self._cards
                device.ftp = self._ftp
        device.system_log = self._system_log if self._log.there else None
        device.readings = self.readings
        device.signals = self.signals
        device.topics = self.topics
        device.presses = self._presses if self.presses else None
        device.fixer = self._fixer if self.fixable else None

    def heard(self, command: Command, body: bytes) -> None:
        """Take what set-up was answered and a watcher would ask again."""
        self._settings.heard(command, body)

    async def close(self) -> None:
        """End what goes on by itself."""
        await self.stop()
        await self._clips.close()
