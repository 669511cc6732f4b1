"""The camera head: zoom, focus, iris and the pan and tilt motors."""

from dataclasses import dataclass
from typing import Final

from .models import Options

MIDDLE: Final = 0x8000
LENS_NEAR: Final = 0x555
LENS_FAR: Final = 0xFFF
STOP: Final = 50
PRESETS: Final = 100
# A motor at full speed (49 steps off the middle) turns about 90 degrees in a second.
_PAN_STEP: Final = 223.0
_LENS_STEP: Final = 20.0
_PAN_LIMITS: Final = (0x2D09, 0xD2F5)
_TILT_LIMITS: Final = (0x5555, 0x8E38)


class Axis:
    """One motor: a position that follows from a speed and the clock."""

    def __init__(
        self, options: Options, limits: tuple[int, int], start: float, step: float
    ) -> None:
        """Rest at `start`; `step` is units a second for one step of speed."""
        self._clock = options.clock
        self._limits = limits
        self._step = step
        self._position = start
        self._since = self._clock()
        self._speed = 0

    @property
    def position(self) -> float:
        """Where the motor is now; setting it stops the motor there."""
        low, high = self._limits
        moved = (self._clock() - self._since) * self._speed * self._step
        return max(low, min(high, self._position + moved))

    @position.setter
    def position(self, position: float) -> None:
        low, high = self._limits
        self._speed = 0
        self._position = max(low, min(high, position))

    @property
    def speed(self) -> int:
        """Steps of speed, -49 to 49; 0 is rest."""
        return self._speed

    @speed.setter
    def speed(self, speed: int) -> None:
        self._position = self.position
        self._since = self._clock()
        self._speed = speed


@dataclass(frozen=True, slots=True)
class Preset:
    """A stored position."""

    pan: float
    tilt: float
    zoom: float
    focus: float


class Head:
    """Lens and motors, with the stored positions."""

    def __init__(self, options: Options) -> None:
        """Point ahead, zoomed out."""
        lens = (LENS_NEAR, LENS_FAR)
        self.pan = Axis(options, _PAN_LIMITS, MIDDLE, _PAN_STEP)
        self.tilt = Axis(options, _TILT_LIMITS, MIDDLE, _PAN_STEP)
        self.zoom = Axis(options, lens, LENS_NEAR, _LENS_STEP)
        self.focus = Axis(options, lens, (LENS_NEAR + LENS_FAR) // 2, _LENS_STEP)
        self.brightness = 0
        self.iris = 0
        self.auto_focus = True
        self.auto_iris = True
        self.presets: dict[int, Preset] = {}

    def stop(self) -> None:
        """Halt every motor where it is."""
        for axis in (self.pan, self.tilt, self.zoom, self.focus):
            axis.speed = 0

    def store(self, number: int) -> None:
        """Keep the present position as preset `number`."""
        self.presets[number] = Preset(
            self.pan.position, self.tilt.position, self.zoom.position, self.focus.position
        )

    def recall(self, number: int) -> bool:
        """Go to preset `number`; False when nothing is stored there."""
        preset = self.presets.get(number)
        if preset is None:
            return False
        self.pan.position, self.tilt.position = preset.pan, preset.tilt
        self.zoom.position, self.focus.position = preset.zoom, preset.focus
        return True
