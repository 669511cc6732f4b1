"""Picture settings, their ranges, the manufacturer's presets and the focus motor (7)."""

from collections.abc import Callable
from dataclasses import dataclass, field
import time
from typing import TYPE_CHECKING, Final

from .ptz_parts import Motor

if TYPE_CHECKING:
    from .camera import Camera

_LEVEL: Final = (0.0, 100.0)
_DEEP: Final = "Extension/Extension"
_DEEPER: Final = "Extension/Extension/Extension"
_SWITCH: Final = ("OFF", "ON")


@dataclass(frozen=True, slots=True)
class Setting:
    """One value, by its place in ImagingSettings20; paths are without prefixes."""

    path: str
    first: str
    """The value on leaving the factory."""
    limits: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    options: str = ""
    """Place in ImagingOptions20 where that is another."""
    counted: bool = True
    """Whether the options have its range; else they only say that it is there."""

    @property
    def options_path(self) -> str:
        """Place in ImagingOptions20."""
        return self.options or self.path

    def takes(self, value: str) -> bool:
        """Whether `value` is within the range or among the choices."""
        if self.choices:
            return value in self.choices
        if self.limits is None:
            return True
        try:
            return self.limits[0] <= float(value) <= self.limits[1]
        except ValueError:
            return False


SETTINGS: Final = (
    Setting("BacklightCompensation/Mode", "OFF", choices=_SWITCH),
    Setting("BacklightCompensation/Level", "50", _LEVEL),
    Setting("Brightness", "50", _LEVEL),
    Setting("ColorSaturation", "50", _LEVEL),
    Setting("Contrast", "50", _LEVEL),
    Setting("Exposure/Mode", "AUTO", choices=("AUTO", "MANUAL")),
    Setting("Exposure/Priority", "FrameRate", choices=("LowNoise", "FrameRate")),
    Setting("Exposure/MinExposureTime", "10", (10.0, 40000.0)),
    Setting("Exposure/MaxExposureTime", "40000", (10.0, 40000.0)),
    Setting("Exposure/MinGain", "0", _LEVEL),
    Setting("Exposure/MaxGain", "100", _LEVEL),
    Setting("Exposure/MinIris", "0", (0.0, 10.0)),
    Setting("Exposure/MaxIris", "10", (0.0, 10.0)),
    Setting("Exposure/ExposureTime", "4000", (10.0, 40000.0)),
    Setting("Exposure/Gain", "50", _LEVEL),
    Setting("Exposure/Iris", "5", (0.0, 10.0)),
    Setting("Focus/AutoFocusMode", "AUTO", None, ("AUTO", "MANUAL"), "Focus/AutoFocusModes"),
    Setting("Focus/DefaultSpeed", "0.5", (0.0, 1.0)),
    Setting("Focus/NearLimit", "0.1", (0.1, 3.0)),
    Setting("Focus/FarLimit", "0", (0.0, 0.0)),
    Setting("IrCutFilter", "AUTO", None, ("ON", "OFF", "AUTO"), "IrCutFilterModes"),
    Setting("Sharpness", "50", _LEVEL),
    Setting("WideDynamicRange/Mode", "OFF", choices=_SWITCH),
    Setting("WideDynamicRange/Level", "50", _LEVEL),
    Setting("WhiteBalance/Mode", "AUTO", choices=("AUTO", "MANUAL")),
    Setting("WhiteBalance/CrGain", "10", (0.0, 20.0), (), "WhiteBalance/YrGain"),
    Setting("WhiteBalance/CbGain", "10", (0.0, 20.0), (), "WhiteBalance/YbGain"),
    Setting("Extension/ImageStabilization/Mode", "OFF", choices=("OFF", "ON", "AUTO")),
    Setting("Extension/ImageStabilization/Level", "50", _LEVEL),
    Setting(
        f"{_DEEP}/IrCutFilterAutoAdjustment/BoundaryType",
        "Common",
        choices=("Common", "ToOn", "ToOff"),
    ),
    Setting(f"{_DEEP}/IrCutFilterAutoAdjustment/BoundaryOffset", "0", (-1.0, 1.0), counted=False),
    Setting(
        f"{_DEEPER}/ToneCompensation/Mode",
        "OFF",
        None,
        ("OFF", "ON", "AUTO"),
        f"{_DEEPER}/ToneCompensationOptions/Mode",
    ),
    Setting(
        f"{_DEEPER}/ToneCompensation/Level",
        "0.5",
        (0.0, 1.0),
        (),
        f"{_DEEPER}/ToneCompensationOptions/Level",
        counted=False,
    ),
    Setting(
        f"{_DEEPER}/Defogging/Mode",
        "OFF",
        None,
        ("OFF", "ON", "AUTO"),
        f"{_DEEPER}/DefoggingOptions/Mode",
    ),
    Setting(
        f"{_DEEPER}/Defogging/Level",
        "0.5",
        (0.0, 1.0),
        (),
        f"{_DEEPER}/DefoggingOptions/Level",
        counted=False,
    ),
    Setting(
        f"{_DEEPER}/NoiseReduction/Level",
        "0.5",
        (0.0, 1.0),
        (),
        f"{_DEEPER}/NoiseReductionOptions/Level",
        counted=False,
    ),
)
"""In the order of the schema."""
BY_PATH: Final = {setting.path: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class ImagingPreset:
    """Settings that the manufacturer has put together."""

    token: str
    name: str
    kind: str
    values: dict[str, str] = field(default_factory=dict)


PRESETS: Final = (
    ImagingPreset("clear", "Clear day", "ClearDay", {"Brightness": "50", "Contrast": "60"}),
    ImagingPreset("snow", "Snow", "Snowy", {"Brightness": "35", "WideDynamicRange/Mode": "ON"}),
    ImagingPreset("fog", "Fog", "Foggy", {f"{_DEEPER}/Defogging/Mode": "ON", "Contrast": "80"}),
)


class Imaging:
    """Settings of the one video source."""

    def __init__(self, camera: Camera, clock: Callable[[], float] = time.monotonic) -> None:
        """Leave the factory."""
        self.values: Final = {setting.path: setting.first for setting in SETTINGS}
        self.presets: tuple[ImagingPreset, ...] = PRESETS
        self.current: str | None = None
        """Token of the preset in force, while nothing else was set."""
        self.focus: Final = Motor(0.0, 1.0, clock)
        self._camera = camera

    def set(self, values: dict[str, str]) -> None:
        """Take checked `values` over."""
        if any(self.values[path] != value for path, value in values.items()):
            self.current = None
        self.values.update(values)

    def apply(self, preset: ImagingPreset) -> None:
        """Put the values of `preset` in force."""
        self.set(preset.values)
        self.current = preset.token

    def focus_by_hand(self) -> None:
        """Leave the automatic focus, as every move of the lens does (7.4.1)."""
        self.values["Focus/AutoFocusMode"] = "MANUAL"

    def power_cycle(self) -> None:
        """Keep the settings; the lens stands."""
        self.focus.stop()

    def close(self) -> None:
        """Have nothing that runs."""
