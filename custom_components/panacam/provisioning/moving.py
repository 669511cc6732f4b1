"""A camera that is set up got another address: it is followed as discovery would follow it."""

import asyncio
from typing import Any, Final

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..cams.discovery import Candidate, Source as Way
from ..const import DOMAIN
from ..following import async_is_at
from . import clock as limits
from .steps import EndedError, Request, Step

_LATER: Final = frozenset({"already_configured", "already_in_progress"})


async def async_move(
    hass: HomeAssistant, entry: ConfigEntry[Any], request: Request, clock: limits.Clock
) -> None:
    """Have an entry follow its camera to its new address, as soon as that is up.

    The rule is discovery's own: nothing is rewritten while the camera answers where it was, nor
    before it has proved to be the same one. EndedError when it does not come to that.
    """
    mac = request.mac if entry.unique_id == request.mac else None
    candidate = Candidate(
        host=request.address,
        mac=mac,
        serial=entry.unique_id if mac is None else None,
        source=Way.DHCP,
    )
    while True:
        async with clock.turn():
            result = await hass.config_entries.flow.async_init(
                DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=candidate
            )
        if await async_is_at(entry, request.address):
            return
        if result["type"] is not FlowResultType.ABORT or _is_asked(hass, entry):
            raise EndedError(Step.UNPROVEN, "moved")
        if result["reason"] not in _LATER:
            raise EndedError(Step.NOT_ADDED, result["reason"])
        if clock.is_up():
            raise EndedError(Step.NOT_ADDED, "answers_elsewhere")
        await asyncio.sleep(limits.GAP)


def _is_asked(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Return whether a form asks a human about the entry's new address."""
    return any(
        flow.get("step_id") == "moved" and flow["context"].get("unique_id") == entry.unique_id
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    )
