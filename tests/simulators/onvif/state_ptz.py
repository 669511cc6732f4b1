"""The pan, tilt and zoom unit: what it is doing and what it has been taught."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
import math
import time
from typing import TYPE_CHECKING, Final

from .ptz_parts import Motor, Position, Preset, PtzConfiguration, Tour
from .ptz_xml import written_tour
from .quirks import Quirk
from .state_tours import Tours
from .topics import Topic

if TYPE_CHECKING:
    from .camera import Camera

NODE: Final = "ptz_node_1"
MAX_TOURS: Final = 8
MAX_SPOTS: Final = 32
FACTORY_PRESETS: Final = 300
AUXILIARY: Final = (
    "tt:Wiper|On",
    "tt:Wiper|Off",
    "tt:IRLamp|On",
    "tt:IRLamp|Off",
    "tt:IRLamp|Auto",
    "tt:Washer|On",
)
_PRESETS: Final = "tns1:PTZController/PTZPresets"
_TOURS: Final = "tns1:PTZController/PTZPresetTours/Configuration"
_TOKEN: Final = "tt:ReferenceToken"
_DEGREE: Final = 111_320.0
"""Metres of one degree of latitude."""
_WIDE: Final = 60.0
"""Degrees of the picture's width with the zoom all out."""
_NEAR: Final = 1e-6


def _first_presets() -> dict[str, Preset]:
    places = (
        ("1", "Entrance", Position(-0.5, 0.0, 0.0)),
        ("2", "Car park", Position(0.5, -0.25, 0.5)),
        ("3", "Gate & fence", Position(0.0, 0.25, 1.0)),
    )
    return {token: Preset(token, name, position) for token, name, position in places}


@dataclass(slots=True)
class Switches:
    """The auxiliary commands that came, and what they left behind."""

    heard: deque[str] = field(default_factory=lambda: deque(maxlen=100))
    state: dict[str, str] = field(default_factory=lambda: {"tt:Wiper": "Off", "tt:IRLamp": "Auto"})

    def send(self, command: str) -> None:
        """Carry out `command`, such as `tt:Wiper|On`."""
        self.heard.append(command)
        name, _, value = command.partition("|")
        self.state[name] = value


class Ptz:
    """The unit as the services see it."""

    def __init__(self, camera: Camera, clock: Callable[[], float] = time.monotonic) -> None:
        """Stand in the middle with the zoom all out."""
        self.configuration = PtzConfiguration()
        self.full_speed = 1.0
        """Units in a second at speed 1."""
        self.presets = _first_presets()
        self.max_presets = 20
        if camera.has(Quirk.PRESETS_300):
            self.max_presets = FACTORY_PRESETS
            self.presets = {
                str(at): Preset(str(at), f"Preset {at}", None)
                for at in range(1, FACTORY_PRESETS + 1)
            }
        self.home: Position | None = Position(0.0, 0.0, 0.0)
        self.geo: tuple[float, float, float] | None = (50.0, 8.0, 100.0)
        """Own latitude, longitude and elevation; None: not configured."""
        self.switches: Final = Switches()
        self.pan: Final = Motor(-1.0, 1.0, clock)
        self.tilt: Final = Motor(-1.0, 1.0, clock)
        self.zoom: Final = Motor(0.0, 1.0, clock)
        self._camera = camera
        self._invoked: Preset | None = None
        self._at: Preset | None = None
        self._arrival: asyncio.TimerHandle | None = None
        self.tours: Final = Tours(self)
        if camera.features.ptz:
            _declare(camera)

    @property
    def position(self) -> Position:
        """Where the unit points at this moment."""
        return Position(self.pan.place, self.tilt.place, self.zoom.place)

    @position.setter
    def position(self, position: Position) -> None:
        """Be there at once."""
        for motor, place in zip((self.pan, self.tilt, self.zoom), position, strict=True):
            motor.put(place)

    @property
    def turning(self) -> bool:
        """Whether pan or tilt moves."""
        return self.pan.moving or self.tilt.moving

    @property
    def moving(self) -> bool:
        """Whether anything moves."""
        return self.turning or self.zoom.moving

    def drive(self, turn: tuple[float, float] | None, zoom: float | None, seconds: float) -> None:
        """Move at the velocities (-1..1) for `seconds`; None leaves an axis alone."""
        self._leave()
        if turn is not None:
            for motor, velocity in zip((self.pan, self.tilt), turn, strict=True):
                motor.drive(velocity * self.full_speed, seconds)
        if zoom is not None:
            self.zoom.drive(zoom * self.full_speed, seconds)

    def go(
        self,
        turn: tuple[float, float] | None,
        zoom: float | None,
        speed: tuple[float, float, float] | None = None,
    ) -> None:
        """Move to a place at `speed` of pan, tilt and zoom (0..1); None leaves an axis alone."""
        self._leave()
        self._go(turn, zoom, speed)

    def go_to(self, preset: Preset, speed: tuple[float, float, float] | None = None) -> None:
        """Move to `preset`, with the events of 8.12.2."""
        self._leave()
        self._tell("Invoked", preset)
        self._invoked = preset
        if preset.position is not None:
            self._go(preset.position[:2], preset.position.zoom, speed)
        left = max(motor.time_left for motor in (self.pan, self.tilt, self.zoom))
        self._arrival = asyncio.get_running_loop().call_later(left, self._arrived)

    def halt(self, *, turn: bool, zoom: bool) -> None:
        """Stop pan and tilt, or zoom, or all."""
        self._leave()
        if turn:
            self.pan.stop()
            self.tilt.stop()
        if zoom:
            self.zoom.stop()

    def save(self, token: str | None, name: str | None) -> str:
        """Teach this place to preset `token`, or a new one; gives its token."""
        if token is None:
            token = str(next(at for at in range(1, 10_000) if str(at) not in self.presets))
        old = self.presets.get(token)
        known = name if name is not None else old.name if old is not None else f"Preset {token}"
        self.presets[token] = Preset(token, known, self.position)
        return token

    def toward(self, latitude: float, longitude: float, elevation: float) -> tuple[float, float]:
        """Pan and tilt to look at a place on earth; pan 0 is north, tilt 0 the horizon."""
        assert self.geo is not None
        north = (latitude - self.geo[0]) * _DEGREE
        east = (longitude - self.geo[1]) * _DEGREE * math.cos(math.radians(self.geo[0]))
        height = elevation - self.geo[2]
        pan = math.degrees(math.atan2(east, north)) / 180
        return pan, math.degrees(math.atan2(height, math.hypot(north, east))) / 90

    def zoom_for(self, latitude: float, longitude: float, width: float) -> float:
        """Zoom at which `width` metres at that place fill the picture."""
        assert self.geo is not None
        north = (latitude - self.geo[0]) * _DEGREE
        east = (longitude - self.geo[1]) * _DEGREE * math.cos(math.radians(self.geo[0]))
        angle = math.degrees(2 * math.atan2(width / 2, math.hypot(north, east) + _NEAR))
        return min(1.0, max(0.0, 1 - angle / _WIDE))

    def configure(self, configuration: PtzConfiguration) -> None:
        """Take new settings over."""
        self.configuration = replace(configuration, token=self.configuration.token)

    def power_cycle(self) -> None:
        """Stand still after a restart; presets and settings are kept."""
        self.close()
        self.tours.power_cycle()
        for motor in (self.pan, self.tilt, self.zoom):
            motor.stop()

    def close(self) -> None:
        """Forget the arrival that is waited for, and end the tour."""
        self.tours.close()
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None
        self._invoked = self._at = None

    def _go(
        self,
        turn: tuple[float, float] | None,
        zoom: float | None,
        speed: tuple[float, float, float] | None,
    ) -> None:
        speeds = [max(at, 0.01) * self.full_speed for at in speed or (1.0, 1.0, 1.0)]
        if turn is not None:
            self.pan.go(turn[0], speeds[0])
            self.tilt.go(turn[1], speeds[1])
        if zoom is not None:
            self.zoom.go(zoom, speeds[2])

    def _arrived(self) -> None:
        preset, self._invoked, self._arrival = self._invoked, None, None
        if preset is not None:
            self._at = preset
            self._tell("Reached", preset)

    def _leave(self) -> None:
        """Close what the last preset began, as another move comes."""
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None
        invoked, self._invoked = self._invoked, None
        left, self._at = self._at, None
        if invoked is not None:
            self._tell("Aborted", invoked)
        if left is not None:
            self._tell("Left", left)

    def tour_changed(self, tour: Tour) -> None:
        """Tell of a tour's change (8.12.3); profiles share the one unit."""
        for token in self._camera.media.tokens_with_ptz():
            self._camera.events.emit(
                _TOURS,
                {"ProfileToken": token, "PresetTourToken": tour.token},
                {"StateChange": "true"},
                elements={"PresetTour": written_tour(tour, "tt:PTZPresetTour")},
            )

    def _tell(self, what: str, preset: Preset) -> None:
        self._camera.events.emit(
            f"{_PRESETS}/{what}",
            {"PTZConfigurationToken": self.configuration.token},
            {"PresetToken": preset.token, "PresetName": preset.name},
            operation=None,
        )


def _declare(camera: Camera) -> None:
    """Describe the events of 8.12."""
    for what in ("Invoked", "Reached", "Aborted", "Left"):
        source = {"PTZConfigurationToken": _TOKEN}
        data = {"PresetToken": _TOKEN, "PresetName": "tt:Name"}
        camera.events.declare(Topic(f"{_PRESETS}/{what}", source, data, is_property=False))
    source = {"ProfileToken": _TOKEN, "PresetTourToken": _TOKEN}
    data = {"StateChange": "xs:boolean", "PresetTour": "tt:PTZPresetTour"}
    camera.events.declare(Topic(_TOURS, source, data))
