"""XML of the pan, tilt and zoom unit."""

from typing import Final

from .ptz_parts import CONFIGURATION, Position, Preset, PtzConfiguration, Spot, Tour
from .service import element, escape

_PAN: Final = "http://www.onvif.org/ver10/tptz/PanTiltSpaces"
_ZOOM: Final = "http://www.onvif.org/ver10/tptz/ZoomSpaces"
ABSOLUTE: Final = (f"{_PAN}/PositionGenericSpace", f"{_ZOOM}/PositionGenericSpace")
RELATIVE: Final = (f"{_PAN}/TranslationGenericSpace", f"{_ZOOM}/TranslationGenericSpace")
VELOCITY: Final = (f"{_PAN}/VelocityGenericSpace", f"{_ZOOM}/VelocityGenericSpace")
SPEED: Final = (f"{_PAN}/GenericSpeedSpace", f"{_ZOOM}/ZoomGenericSpeedSpace")
MAX_TIMEOUT: Final = 60.0
"""Seconds a continuous move may be asked to last."""

_SIGNED: Final = (-1.0, 1.0)
_UNIT: Final = (0.0, 1.0)


def written_range(name: str, limits: tuple[float, float]) -> str:
    """Write a FloatRange."""
    low, high = element("tt:Min", f"{limits[0]:g}"), element("tt:Max", f"{limits[1]:g}")
    return f"<tt:{name}>{low}{high}</tt:{name}>"


def _space(
    name: str, uri: str, x: tuple[float, float], y: tuple[float, float] | None = None
) -> str:
    down = "" if y is None else written_range("YRange", y)
    inside = element("tt:URI", uri) + written_range("XRange", x) + down
    return f"<tt:{name}>{inside}</tt:{name}>"


def spaces(*, absolute: bool, relative: bool) -> str:
    """Write what spaces there are."""
    found = ""
    if absolute:
        found += _space("AbsolutePanTiltPositionSpace", ABSOLUTE[0], _SIGNED, _SIGNED)
        found += _space("AbsoluteZoomPositionSpace", ABSOLUTE[1], _UNIT)
    if relative:
        found += _space("RelativePanTiltTranslationSpace", RELATIVE[0], _SIGNED, _SIGNED)
        found += _space("RelativeZoomTranslationSpace", RELATIVE[1], _SIGNED)
    found += _space("ContinuousPanTiltVelocitySpace", VELOCITY[0], _SIGNED, _SIGNED)
    found += _space("ContinuousZoomVelocitySpace", VELOCITY[1], _SIGNED)
    found += _space("PanTiltSpeedSpace", SPEED[0], _UNIT)
    return found + _space("ZoomSpeedSpace", SPEED[1], _UNIT)


def _vector(turn: tuple[float, float], zoom: float, uris: tuple[str, str]) -> str:
    return (
        f'<tt:PanTilt x="{turn[0]:.6g}" y="{turn[1]:.6g}" space="{uris[0]}"/>'
        f'<tt:Zoom x="{zoom:.6g}" space="{uris[1]}"/>'
    )


def written_position(position: Position) -> str:
    """Write the inside of a PTZVector."""
    return _vector((position.pan, position.tilt), position.zoom, ABSOLUTE)


def written_configuration(
    configuration: PtzConfiguration,
    name: str,
    node: str,
    uses: int,
    *,
    absolute: bool,
    relative: bool,
) -> str:
    """Write a PTZConfiguration as element `name`."""
    defaults = ""
    if absolute:
        defaults += element("tt:DefaultAbsolutePantTiltPositionSpace", ABSOLUTE[0])
        defaults += element("tt:DefaultAbsoluteZoomPositionSpace", ABSOLUTE[1])
    if relative:
        defaults += element("tt:DefaultRelativePanTiltTranslationSpace", RELATIVE[0])
        defaults += element("tt:DefaultRelativeZoomTranslationSpace", RELATIVE[1])
    defaults += element("tt:DefaultContinuousPanTiltVelocitySpace", VELOCITY[0])
    defaults += element("tt:DefaultContinuousZoomVelocitySpace", VELOCITY[1])
    pan, tilt, zoom = configuration.default_speed
    turn_limits = _space("Range", ABSOLUTE[0], configuration.pan_limits, configuration.tilt_limits)
    zoom_limits = _space("Range", ABSOLUTE[1], configuration.zoom_limits)
    direction = (
        f"<tt:EFlip>{element('tt:Mode', configuration.eflip)}</tt:EFlip>"
        f"<tt:Reverse>{element('tt:Mode', configuration.reverse)}</tt:Reverse>"
    )
    return (
        f'<{name} token="{escape(CONFIGURATION)}">{element("tt:Name", configuration.name)}'
        f"{element('tt:UseCount', uses)}{element('tt:NodeToken', node)}{defaults}"
        f"<tt:DefaultPTZSpeed>{_vector((pan, tilt), zoom, SPEED)}</tt:DefaultPTZSpeed>"
        f"{element('tt:DefaultPTZTimeout', f'PT{configuration.default_timeout:g}S')}"
        f"<tt:PanTiltLimits>{turn_limits}</tt:PanTiltLimits>"
        f"<tt:ZoomLimits>{zoom_limits}</tt:ZoomLimits>"
        f"<tt:Extension><tt:PTControlDirection>{direction}</tt:PTControlDirection></tt:Extension>"
        f"</{name}>"
    )


def written_options(*, absolute: bool, relative: bool) -> str:
    """Write the inside of PTZConfigurationOptions."""
    modes = "".join(element("tt:Mode", mode) for mode in ("OFF", "ON"))
    return (
        f"<tt:Spaces>{spaces(absolute=absolute, relative=relative)}</tt:Spaces>"
        f"<tt:PTZTimeout>{element('tt:Min', 'PT0.1S')}"
        f"{element('tt:Max', f'PT{MAX_TIMEOUT:g}S')}</tt:PTZTimeout>"
        f"<tt:PTControlDirection><tt:EFlip>{modes}</tt:EFlip><tt:Reverse>{modes}"
        f"{element('tt:Mode', 'AUTO')}</tt:Reverse></tt:PTControlDirection>"
    )


def written_preset(preset: Preset, name: str) -> str:
    """Write a PTZPreset as element `name`."""
    place = ""
    if preset.position is not None:
        place = f"<tt:PTZPosition>{written_position(preset.position)}</tt:PTZPosition>"
    inside = element("tt:Name", preset.name) + place
    return f'<{name} token="{escape(preset.token)}">{inside}</{name}>'


def _spot(spot: Spot, name: str) -> str:
    if spot.home:
        where = element("tt:Home", value=True)
    elif spot.preset is not None:
        where = element("tt:PresetToken", spot.preset)
    else:
        assert spot.position is not None
        where = f"<tt:PTZPosition>{written_position(spot.position)}</tt:PTZPosition>"
    speed = ""
    if spot.speed is not None:
        speed = f"<tt:Speed>{_vector((spot.speed, spot.speed), spot.speed, SPEED)}</tt:Speed>"
    return (
        f"<tt:{name}><tt:PresetDetail>{where}</tt:PresetDetail>{speed}"
        f"{element('tt:StayTime', f'PT{spot.stay:g}S')}</tt:{name}>"
    )


def written_tour(tour: Tour, name: str) -> str:
    """Write a PresetTour as element `name`."""
    current = ""
    if tour.current is not None and tour.current < len(tour.spots):
        current = _spot(tour.spots[tour.current], "CurrentTourSpot")
    condition = element("tt:RecurringTime", tour.rounds)
    if tour.seconds is not None:
        condition += element("tt:RecurringDuration", f"PT{tour.seconds:g}S")
    condition += element("tt:Direction", "Backward" if tour.backward else "Forward")
    random = ' RandomPresetOrder="true"' if tour.random else ""
    return (
        f'<{name} token="{escape(tour.token)}">{element("tt:Name", tour.name)}'
        f"<tt:Status>{element('tt:State', tour.state.value)}{current}</tt:Status>"
        f"{element('tt:AutoStart', tour.auto_start)}"
        f"<tt:StartingCondition{random}>{condition}</tt:StartingCondition>"
        f"{''.join(_spot(spot, 'TourSpot') for spot in tour.spots)}</{name}>"
    )
