"""What of a picture can be adjusted (7.2.1): one row a value, and where in the XML it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from ..settings import Choice, Range, Value
from ..text import plain
from .node import Node, namespace_of

MAX_MODES: Final = 16
_DEEP: Final = ("Extension", "Extension", "Extension")
_LIKELY: Final = (0.0, 100.0)
"""The range of a value whose range the device does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingRow:
    """One value of ImagingSettings20."""

    name: str
    """Behind `imaging_`: what it is, for keys and translations."""
    path: tuple[str, ...]
    options: tuple[str, ...]
    """Where ImagingOptions20 has its range or its modes."""
    unit: str | None = None
    modes: tuple[str, ...] = ()
    """That the specification knows, for a choice; empty for a number."""
    enabled: bool = False
    normalised: bool = False
    """Whether it goes from 0 to 1, the options saying only whether it is there."""


def _number(
    name: str,
    path: str,
    options: str = "",
    *,
    unit: str | None = None,
    enabled: bool = False,
) -> ImagingRow:
    return ImagingRow(
        name=name,
        path=tuple(path.split("/")),
        options=tuple((options or path).split("/")),
        unit=unit,
        enabled=enabled,
    )


def _choice(name: str, path: str, options: str, modes: str, *, enabled: bool = True) -> ImagingRow:
    return ImagingRow(
        name=name,
        path=tuple(path.split("/")),
        options=tuple((options or path).split("/")),
        modes=tuple(modes.split()),
        enabled=enabled,
    )


def _deep(name: str, element: str, *, modes: str = "") -> ImagingRow:
    leaf = "Mode" if modes else "Level"
    return ImagingRow(
        name=name,
        path=(*_DEEP, element, leaf),
        options=(*_DEEP, f"{element}Options", leaf),
        modes=tuple(modes.split()),
        normalised=not modes,
    )


_TIME: Final = "µs"
_GAIN: Final = "dB"
_SWITCH: Final = "OFF ON"

ROWS: Final = (
    _number("brightness", "Brightness", enabled=True),
    _number("contrast", "Contrast", enabled=True),
    _number("saturation", "ColorSaturation", enabled=True),
    _number("sharpness", "Sharpness", enabled=True),
    _choice("exposure", "Exposure/Mode", "", "AUTO MANUAL"),
    _choice("exposure_priority", "Exposure/Priority", "", "LowNoise FrameRate", enabled=False),
    _number("exposure_time", "Exposure/ExposureTime", unit=_TIME),
    _number("exposure_time_minimum", "Exposure/MinExposureTime", unit=_TIME),
    _number("exposure_time_maximum", "Exposure/MaxExposureTime", unit=_TIME),
    _number("gain", "Exposure/Gain", unit=_GAIN),
    _number("gain_minimum", "Exposure/MinGain", unit=_GAIN),
    _number("gain_maximum", "Exposure/MaxGain", unit=_GAIN),
    _number("iris", "Exposure/Iris", unit=_GAIN),
    _number("iris_minimum", "Exposure/MinIris", unit=_GAIN),
    _number("iris_maximum", "Exposure/MaxIris", unit=_GAIN),
    _choice("white_balance", "WhiteBalance/Mode", "", "AUTO MANUAL"),
    _number("white_balance_red", "WhiteBalance/CrGain", "WhiteBalance/YrGain"),
    _number("white_balance_blue", "WhiteBalance/CbGain", "WhiteBalance/YbGain"),
    _choice("wide_dynamic_range", "WideDynamicRange/Mode", "", _SWITCH),
    _number("wide_dynamic_range_level", "WideDynamicRange/Level"),
    _choice("backlight", "BacklightCompensation/Mode", "", _SWITCH),
    _number("backlight_level", "BacklightCompensation/Level"),
    _choice("ir_cut_filter", "IrCutFilter", "IrCutFilterModes", "AUTO ON OFF"),
    _choice("focus", "Focus/AutoFocusMode", "Focus/AutoFocusModes", "AUTO MANUAL"),
    _number("focus_speed", "Focus/DefaultSpeed"),
    _number("focus_near_limit", "Focus/NearLimit", unit="m"),
    _number("focus_far_limit", "Focus/FarLimit", unit="m"),
    _choice(
        "stabilization",
        "Extension/ImageStabilization/Mode",
        "",
        "OFF ON AUTO",
        enabled=False,
    ),
    _number("stabilization_level", "Extension/ImageStabilization/Level"),
    _deep("tone_compensation", "ToneCompensation", modes="OFF ON AUTO"),
    _deep("tone_compensation_level", "ToneCompensation"),
    _deep("defogging", "Defogging", modes="OFF ON AUTO"),
    _deep("defogging_level", "Defogging"),
    _deep("noise_reduction", "NoiseReduction"),
)

_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "Exposure": (
        *("Mode", "Priority", "Window"),
        *("MinExposureTime", "MaxExposureTime", "MinGain", "MaxGain", "MinIris", "MaxIris"),
        *("ExposureTime", "Gain", "Iris"),
    ),
    "WhiteBalance": ("Mode", "CrGain", "CbGain", "Extension"),
    "Focus": ("AutoFocusMode", "DefaultSpeed", "NearLimit", "FarLimit", "Extension"),
}
"""Of children that may be missing, as the schema has it; elsewhere they come in any order that
`Mode` begins."""


def setting_of(
    row: ImagingRow, prefix: str, label: str, settings: Node, options: Node | None
) -> Choice | Range | None:
    """Return the setting that a row is in a device; None when it is none there."""
    # What a mode rules out is often left out; the rest of what is missing is not there.
    if settings.child(*(row.path[:-1] or row.path)) is None:
        return None
    key, kind = f"{prefix}_{row.name}", f"imaging_{row.name}"
    if row.modes:
        choices = tuple(_choices(row, settings, options))
        if len(choices) < 2:
            return None  # one that can only be read
        return Choice(key=key, kind=kind, label=label, enabled=row.enabled, options=choices)
    if (span := _range(row, settings, options)) is None:
        return None
    now = settings.number(*row.path)
    return Range(
        key=key,
        kind=kind,
        label=label,
        enabled=row.enabled,
        minimum=span[0],
        maximum=span[1],
        step=_step(*span, span[0] if now is None else now),
        unit=row.unit,
    )


def value_of(row: ImagingRow, settings: Node) -> Value | None:
    """Return a row's value, as its setting has it; None when the device does not tell."""
    if not row.modes:
        return settings.number(*row.path)
    return _word(settings.text(*row.path), row)


def text_of(row: ImagingRow, value: Value, options: Node | None) -> str:
    """Return a value as the device has it."""
    if not row.modes:
        return f"{float(value):.6f}".rstrip("0").rstrip(".")
    listed = [] if options is None else options.children(*row.options)
    words = (*(node.text() or "" for node in listed[:MAX_MODES]), *row.modes)
    return next((word for word in words if _word(word, row) == value), str(value))


def put(settings: Node, row: ImagingRow, text: str) -> None:
    """Set a row's text; an element that is missing goes where the schema wants it."""
    *way, last = row.path
    parent = settings.child(*way) if way else settings
    order = _ORDER.get(way[-1] if way else "", ())
    if parent is None or parent.child(last) is not None or last not in order:
        settings.put(*row.path, text=text)
        return
    later = order[order.index(last) + 1 :]
    element = etree.Element(etree.QName(namespace_of(parent.element), last))
    element.text = text
    follower = next((node.element for node in parent if node.name in later), None)
    if follower is None:
        parent.element.append(element)
    else:
        follower.addprevious(element)


def only(settings: Node, row: ImagingRow) -> Node:
    """Return settings that have nothing but what a row is part of."""
    alone = settings.copy()
    for node in list(alone):
        if node.name != row.path[0]:
            alone.element.remove(node.element)
    return alone


def _choices(row: ImagingRow, settings: Node, options: Node | None) -> list[str]:
    listed = [] if options is None else options.children(*row.options)
    words = [node.text() for node in listed[:MAX_MODES]]
    if options is None and settings.text(*row.path) is not None:
        words = list(row.modes)
    return list(dict.fromkeys(word for found in words if (word := _word(found, row))))


def _range(row: ImagingRow, settings: Node, options: Node | None) -> tuple[float, float] | None:
    """Return the ends of a number; None when there is nothing between them."""
    now = settings.number(*row.path)
    if options is None:
        low, high = (0.0, 1.0) if row.normalised else _LIKELY
        return (low, high) if now is not None and low <= now <= high else None
    if row.normalised:
        known = options.flag(*row.options)
        return (0.0, 1.0) if known or (known is None and now is not None) else None
    found = options.child(*row.options)
    if found is None:
        return None
    low_end, high_end = found.number("Min"), found.number("Max")
    if low_end is None or high_end is None or low_end >= high_end:
        return None
    return low_end, high_end


def _step(low: float, high: float, now: float) -> float:
    """Return the step that fits a range: whole where it is made of whole numbers."""
    if high - low <= 2:
        return 0.01
    return 1 if all(part == int(part) for part in (low, high, now)) else 0.1


def _word(word: str | None, row: ImagingRow) -> str | None:
    """Return a mode of the specification as a slug, a vendor's as it is."""
    if word is None:
        return None
    for known in row.modes:
        if word.casefold() == known.casefold():
            return _SLUGS.get(known, known.lower())
    return plain(word)


_SLUGS: Final = {"LowNoise": "low_noise", "FrameRate": "frame_rate"}
