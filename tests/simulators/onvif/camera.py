"""One simulated ONVIF camera: its parts and what they share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypedDict

from ..tls import in_url
from .auth import Auth, Users
from .quirks import Quirk
from .service import Service
from .state_analytics import Analytics
from .state_clock import Clock
from .state_events import Events
from .state_imaging import Imaging
from .state_io import InputsOutputs
from .state_media import Media, Scene
from .state_ptz import Ptz

ELSEWHERE: Final = "192.0.2.99"
"""An address of nobody, for what a camera says wrongly about itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What the camera has."""

    media: bool = True
    media2: bool = True
    imaging: bool = True
    ptz: bool = True
    analytics: bool = True
    deviceio: bool = True
    audio: bool = True
    audio_output: bool = True


class FeatureValues(TypedDict, total=False):
    """The fields of `Features`, for whoever passes them on."""

    media: bool
    media2: bool
    imaging: bool
    ptz: bool
    analytics: bool
    deviceio: bool
    audio: bool
    audio_output: bool


@dataclass(kw_only=True)
class Identity:
    """What tells this camera from another of its model."""

    manufacturer: str = "Panacam"
    model: str = "Simulated PTZ"
    firmware: str = "1.2.3"
    serial: str = "SIM0000001"
    hardware: str = "1.0"
    mac: str = "02:13:74:00:00:01"
    name: str = "Front door"
    location: str = "garden"
    hostname: str = "camera"
    uuid: str = "1419d68a-1dd2-11b2-a105-021374000001"


@dataclass(slots=True, kw_only=True)
class Network:
    """Where the camera is reached."""

    host: str = "127.0.0.1"
    port: int = 80
    rtsp_port: int = 554
    https: bool = False
    extra_port: int = 0
    """A second port for subscriptions, with `Quirk.NEW_PORT`."""


@dataclass(slots=True)
class Life:
    """What the simulator does for the camera."""

    boots: int = 1
    restart: Callable[[], None] = lambda: None
    """Switches the camera off and on, soon."""

    def log(self) -> str:
        """Give the system log."""
        lines = [f"{number}: started" for number in range(1, self.boots + 1)]
        return "\n".join(lines[-100:])


class Camera:
    """State of one camera; a test reads and sets its parts."""

    def __init__(
        self,
        users: Users,
        *,
        quirks: frozenset[Quirk] = frozenset(),
        features: Features | None = None,
        clock_offset: float = 0.0,
    ) -> None:
        """Make a camera in its factory state."""
        self.users: Final = users
        self.quirks: set[Quirk] = set(quirks)
        self.features: Final = features or Features()
        self.identity = Identity()
        self.network: Final = Network()
        self.life: Final = Life()
        self.clock: Final = Clock(clock_offset, self.quirks)
        self.users.now = self.clock.now
        self.services: tuple[Service, ...] = ()
        self.events: Final = Events(self)
        self.io: Final = InputsOutputs(self)
        self.media: Final = Media(self)
        self.imaging: Final = Imaging(self)
        self.ptz: Final = Ptz(self)
        self.analytics: Final = Analytics(self)

    @property
    def auth(self) -> Auth:
        """How it wants to be logged in to."""
        return self.users.auth

    @property
    def scene(self) -> Scene:
        """What is in front of the lens."""
        return self.media.scene

    def has(self, quirk: Quirk) -> bool:
        """Tell whether it has `quirk`."""
        return quirk in self.quirks

    def url(self, path: str, *, extra: bool = False) -> str:
        """Give the HTTP address of `path` as the camera tells it, on the `extra` port or not."""
        host, scheme = in_url(self.network.host), "https" if self.network.https else "http"
        port = self.network.extra_port if extra else self.network.port
        if self.has(Quirk.OTHER_ADDRESS):
            host = ELSEWHERE
        if self.has(Quirk.OTHER_PORT):
            port = port - 1 if port > 1 else 81
        if self.has(Quirk.OTHER_SCHEME):
            scheme = "https"
        return f"{scheme}://{host}:{port}{path}"

    def rtsp_url(self, path: str) -> str:
        """Give the RTSP address of `path` as the camera tells it, right or wrong."""
        host = ELSEWHERE if self.has(Quirk.OTHER_ADDRESS) else in_url(self.network.host)
        port = 554 if self.has(Quirk.OTHER_PORT) else self.network.rtsp_port
        return f"rtsp://{host}:{port}{path}"

    def motion(self, on: bool = True) -> None:
        """Let something move before the camera, or no more."""
        self.analytics.motion(on)

    def power_cycle(self) -> None:
        """Forget what a restart forgets."""
        self.life.boots += 1
        self.events.power_cycle()
        for part in (self.io, self.media, self.imaging, self.ptz, self.analytics):
            part.power_cycle()

    async def close(self) -> None:
        """Cancel every timer and task."""
        for part in (self.io, self.media, self.imaging, self.ptz, self.analytics):
            part.close()
        await self.events.close()
