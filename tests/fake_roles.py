"""Roles that remember what was asked of them, and refuse when a test says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.panacam.cams.device import Device
from custom_components.panacam.cams.editors import (
    AnalyticsEditor,
    Listed,
    MaskEditor,
    OsdEditor,
    ProfileEditor,
)
from custom_components.panacam.cams.errors import CameraError, Reason, RefusedError
from custom_components.panacam.cams.roles import (
    EventReceiver,
    Fixer,
    Home,
    Move,
    Mover,
    Place,
    Presets,
    Problem,
    Ptz,
    PtzFeature,
    SystemLog,
    Tour,
    TourOperation,
    Tours,
    Vector,
)
from custom_components.panacam.const import DOMAIN
from tests.conftest import MAC, add
from tests.fakes import FakeDevice


async def set_up(
    hass: HomeAssistant,
    device: Device,
    *,
    title: str = "Bare",
    unique_id: str = MAC,
    **options: object,
) -> MockConfigEntry:
    """Set a fake camera up, its streams handed out as they are."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=title,
        unique_id=unique_id,
        data={"family": "povcam", "host": "192.0.2.1"},
        options={"stream_mode": "direct", **options},
    )
    with patch("custom_components.panacam.device_for", return_value=device):
        return await add(hass, entry)


@dataclass
class Noted:
    """What was asked, in order, and what is said to it."""

    calls: list[tuple[object, ...]] = field(default_factory=list)
    error: CameraError | None = None

    def note(self, *call: object) -> None:
        """Remember it, then refuse if a test says so."""
        self.calls.append(call)
        if self.error is not None:
            raise self.error


@dataclass
class FakePtz(Noted):
    """Moves freely."""

    features: frozenset[PtzFeature] = frozenset(PtzFeature)

    async def start(self, velocity: Vector, limit: float | None = None) -> None:
        """Note it."""
        self.note("start", velocity, limit)

    async def stop(self) -> None:
        """Note it."""
        self.note("stop")

    async def step(self, by: Vector, speed: float | None = None) -> None:
        """Note it."""
        self.note("step", by, speed)

    async def go(self, to: Vector, speed: float | None = None) -> None:
        """Note it."""
        self.note("go", to, speed)

    async def look_at(self, place: Place, speed: float | None = None) -> None:
        """Note it."""
        self.note("look_at", place, speed)


@dataclass
class FakeMover(Noted):
    """Makes steps."""

    moves: frozenset[Move] = frozenset(Move)

    async def move(self, move: Move, size: int = 1) -> None:
        """Note it."""
        self.note(move, size)


class FakePlaces(Noted):
    """Has home, presets and tours."""

    async def go_home(self, speed: float | None = None) -> None:
        """Note it."""
        self.note("go_home", speed)

    async def set_home(self) -> None:
        """Note it."""
        self.note("set_home")

    async def recall(self, token: str, speed: float | None = None) -> None:
        """Note it."""
        self.note("recall", token, speed)

    async def save(self, name: str, token: str | None = None) -> str:
        """Note it."""
        self.note("save", name, token)
        return token or "new"

    async def remove(self, token: str) -> None:
        """Note it."""
        self.note("remove", token)


class FakeTours(Noted):
    """Has tours."""

    async def operate(self, token: str, operation: TourOperation) -> None:
        """Note it."""
        self.note(operation.value, token)

    async def create(self, tour: Tour) -> str:
        """Note it."""
        self.note("create", tour)
        return "new"

    async def modify(self, token: str, tour: Tour) -> None:
        """Note it."""
        self.note("modify", token, tour)

    async def remove(self, token: str) -> None:
        """Note it."""
        self.note("remove", token)


class FakeProfiles(Noted):
    """Has profiles."""

    async def profiles(self) -> Listed:
        """Tell of one."""
        self.note("profiles")
        return [{"token": "P1", "name": "Main", "fixed": True, "configurations": {"ptz": "Z"}}]

    async def configurations(self) -> Listed:
        """Tell of one."""
        return [{"kind": "video_encoder", "token": "E2", "name": "Sub"}]

    async def create_profile(self, name: str, configurations: Mapping[str, str]) -> str:
        """Note it."""
        self.note("create_profile", name, dict(configurations))
        return "P9"

    async def add_configuration(self, profile: str, kind: str, token: str | None) -> None:
        """Note it."""
        self.note("add_configuration", profile, kind, token)

    async def remove_configuration(self, profile: str, kind: str, token: str | None) -> None:
        """Note it."""
        self.note("remove_configuration", profile, kind, token)

    async def delete_profile(self, profile: str) -> None:
        """Note it."""
        self.note("delete_profile", profile)


class FakeOverlays(Noted):
    """Has texts and masks over the picture."""

    async def osds(self) -> Listed:
        """Tell of one."""
        return ({"token": "O1", "text": "Garden", "position": (0.5, -0.5)},)

    async def create_osd(self, osd: Mapping[str, object]) -> str:
        """Note it."""
        self.note("create_osd", dict(osd))
        return "O9"

    async def delete_osd(self, token: str) -> None:
        """Note it."""
        self.note("delete_osd", token)

    async def masks(self) -> Listed:
        """Tell of one."""
        return [{"token": "M1", "points": [(0, 0), (1, 0), (1, 1)], "enabled": True}]

    async def create_mask(self, mask: Mapping[str, object]) -> str:
        """Note it."""
        self.note("create_mask", dict(mask))
        return "M9"

    async def modify_mask(self, token: str, mask: Mapping[str, object]) -> None:
        """Note it."""
        self.note("modify_mask", token, dict(mask))

    async def delete_mask(self, token: str) -> None:
        """Note it."""
        self.note("delete_mask", token)


@dataclass
class FakeAnalytics(Noted):
    """Has rules, and modules where a test says so."""

    parts: frozenset[str] = frozenset({"rules", "modules"})

    async def supported(self, part: str, configuration: str | None) -> Listed:
        """Tell of one kind."""
        self.note("supported", part, configuration)
        if part not in self.parts:
            raise RefusedError(Reason.UNSUPPORTED)
        return [{"kind": f"tt:{part}"}]

    async def items(self, part: str, configuration: str | None) -> Listed:
        """Tell of none."""
        return []

    async def create(
        self,
        part: str,
        configuration: str | None,
        name: str,
        kind: str,
        parameters: Mapping[str, object],
    ) -> None:
        """Note it."""
        self.note("create", part, configuration, name, kind, dict(parameters))

    async def modify(
        self, part: str, configuration: str | None, name: str, parameters: Mapping[str, object]
    ) -> None:
        """Note it."""
        self.note("modify", part, configuration, name, dict(parameters))

    async def delete(self, part: str, configuration: str | None, name: str) -> None:
        """Note it."""
        self.note("delete", part, configuration, name)


@dataclass
class FakeFixer(Noted):
    """Mends what a test says."""

    fixable: frozenset[Problem] = frozenset(Problem)

    async def fix(self, problem: Problem) -> None:
        """Note it."""
        self.note("fix", problem)


@dataclass
class FakeReceiver:
    """Takes messages."""

    taken: list[bytes] = field(default_factory=list)

    def receive(self, body: bytes) -> None:
        """Keep it."""
        self.taken.append(body)


@dataclass
class FakeLog(Noted):
    """Has a log."""

    text: str = ""

    async def read(self) -> str:
        """Tell it."""
        self.note("read")
        return self.text


def full_device() -> FakeDevice:
    """Return a camera with every role that an action needs; also what shows that they are roles."""
    device = FakeDevice()
    mover: Mover = FakeMover()
    ptz: Ptz = FakePtz()
    places = FakePlaces()
    home: Home = places
    presets: Presets = places
    tours: Tours = FakeTours()
    profiles: ProfileEditor = FakeProfiles()
    overlays = FakeOverlays()
    osds: OsdEditor = overlays
    masks: MaskEditor = overlays
    analytics: AnalyticsEditor = FakeAnalytics()
    fixer: Fixer = FakeFixer()
    receiver: EventReceiver = FakeReceiver()
    log: SystemLog = FakeLog()
    device.mover = mover
    device.ptz, device.home, device.presets, device.tours = ptz, home, presets, tours
    device.profiles, device.osds, device.masks, device.analytics = profiles, osds, masks, analytics
    device.fixer, device.receiver, device.system_log = fixer, receiver, log
    return device
