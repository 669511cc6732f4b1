"""Frame rates and recording modes, which depend on the system frequency (2.4, 4.3, 8.1)."""

from typing import Final

from .models import Options

_AT_50: Final = {"15": "12.5", "30": "25", "60": "50"}
"""Printed in brackets behind their neighbours at 59.94 Hz."""
_4K: Final = ("mp4_2160_30p_50m", "mp4_2160_24p_50m", "mp4_2160_25p_50m")
_HD: Final[tuple[str, ...]] = (
    "avchd_ps_1080_60p_28m",
    "avchd_ph_1080_60i_21m",
    "avchd_ph_1080_24p_21m",
    "avchd_ha_1080_60i_17m",
    "avchd_he_1080_60i_6m",
    "avchd_ph_720_60p_21m",
    "avchd_pm_720_60i_8m",
    "avchd_ps_1080_50p_28m",
    "avchd_ph_1080_50i_21m",
    "avchd_ha_1080_50i_17m",
    "avchd_he_1080_50i_6m",
    "avchd_ph_720_50p_21m",
    "avchd_pm_720_50i_8m",
)
_FROM_720: Final = (
    "avchd_ph_1080_60i_21m_from_720",
    "avchd_ha_1080_60i_17m_from_720",
    "avchd_he_1080_60i_6m_from_720",
    "avchd_ph_1080_50i_21m_from_720",
    "avchd_ha_1080_50i_17m_from_720",
    "avchd_he_1080_50i_6m_from_720",
)
_PAL: Final = ("_50p_", "_50i_", "_25p_")


def rate(options: Options, nominal: str) -> str:
    """Return a rate of the 60 Hz column as the camera has it."""
    return _AT_50.get(nominal, nominal) if options.system_frequency == 50 else nominal


def rates(options: Options, *nominal: str) -> tuple[str, ...]:
    """Return the rates of a set as the camera has them."""
    return tuple(rate(options, one) for one in nominal)


def record_modes(options: Options, priority: str) -> tuple[str, ...]:
    """Return what can be recorded in a priority mode.

    2160 lines need a camera head and REC/PB (4K); only a recorder alone converts from 720 lines.
    """
    modes = _HD
    if not options.head:
        modes += _FROM_720
    elif priority == "rec_pb_4k":
        modes += _4K
    pal = options.system_frequency == 50
    return tuple(mode for mode in modes if any(part in mode for part in _PAL) == pal)


def resolutions(options: Options, priority: str) -> tuple[str, ...]:
    """Return the resolutions of H.264 (1): 2160 lines need a head and a priority mode of 4K."""
    every: tuple[str, ...] = ("640", "1280", "1920", "3840")
    return every if options.head and priority.endswith("_4k") else every[:-1]
