"""The settings that a provisioned camera gets: those of the camera that it replaces, a template."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..backups import async_apply_replacement, async_apply_template, worked
from ..cams.backup import Report
from ..replacements import async_replaced_camera

__all__ = ["async_apply_template", "async_replace", "counts", "worked"]


async def async_replace(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Report | None:
    """Give a camera the settings of the one that it replaces; None: it replaces none. CameraError.

    Only a camera that its owner calls by the same name: an address alone may have been anybody's,
    and then the repair asks.
    """
    replaced = await async_replaced_camera(hass, entry, listed=True)
    if replaced is None or replaced.title.casefold() != entry.title.casefold():
        return None
    return await async_apply_replacement(hass, entry, replaced.entry_id)


def counts(report: Report) -> dict[str, int]:
    """Return how many settings took, and how many did not."""
    return {
        "taken": len(report.taken) + len(report.unchanged),
        "refused": len(report.refused),
        "absent": len(report.absent),
    }
