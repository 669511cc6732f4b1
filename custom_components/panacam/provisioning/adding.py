"""One try to add a camera, through the form that Home Assistant has for that."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from homeassistant.config_entries import SOURCE_IMPORT, ConfigEntry
from homeassistant.const import (
    CONF_HOST,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..cams.errors import Reason
from ..const import (
    CONF_EXPECTED_MAC,
    CONF_EXPECTED_SERIAL,
    CONF_FAMILY,
    CONF_VOUCHED,
    DOMAIN,
)
from . import ports as places
from .expected import Expected
from .steps import Request, Source

LATER: Final = frozenset(
    reason.value
    for reason in (
        Reason.UNREACHABLE,
        Reason.TIMEOUT,
        Reason.CUT,
        Reason.BUSY,
        Reason.TOO_MANY_CONNECTIONS,
        Reason.NOT_HTTP,
        Reason.NOT_A_CAMERA,
        Reason.UNEXPECTED_REPLY,
        Reason.REFUSED,
    )
) | {"already_in_progress"}
"""What a camera that starts up may seem to be."""
LOGIN: Final = frozenset(
    reason.value
    for reason in (
        Reason.NO_CREDENTIALS,
        Reason.WRONG_CREDENTIALS,
        Reason.WRONG_USERNAME,
        Reason.WRONG_PASSWORD,
        Reason.NO_PRIVILEGE,
    )
)
"""What a camera says that does not let us in."""
_ELSEWHERE: Final = frozenset({Reason.REDIRECTED.value, Reason.TLS.value})
"""What sends to another of its ports."""


async def async_try(
    hass: HomeAssistant, wanted: Expected, request: Request, ports: Sequence[int]
) -> ConfigEntry[Any] | str:
    """Try to add a camera at its ports; return its entry, or what says most of why not.

    A password goes through TLS where the camera answers there, too.
    """
    reasons = []
    for port in sorted(ports, key=lambda port: port != places.HTTPS):
        found = await _import(hass, wanted, request, port)
        if isinstance(found, ConfigEntry):
            return found
        if found in LOGIN or found not in LATER | _ELSEWHERE:
            return found
        reasons.append(found)
    return next((one for one in reasons if one in LATER), reasons[0])


async def _import(
    hass: HomeAssistant, wanted: Expected, request: Request, port: int
) -> ConfigEntry[Any] | str:
    """Try to add a camera at one of its ports; return its entry, or why not."""
    result = await asyncio.shield(
        # It sets the camera up, which nobody may interrupt.
        hass.async_create_task(
            hass.config_entries.flow.async_init(
                DOMAIN,
                context={"source": SOURCE_IMPORT},
                data=_import_data(wanted, request, port),
            ),
            "panacam import",
        )
    )
    if result["type"] is FlowResultType.CREATE_ENTRY:
        return result["result"]
    return str(result.get("reason"))


def _import_data(wanted: Expected, request: Request, port: int) -> dict[str, Any]:
    """Return what the form is told of a camera that may be at a port, without what is not known."""
    data = {
        CONF_HOST: request.address,
        CONF_PORT: None if port == places.HTTP else port,
        CONF_SSL: port == places.HTTPS,
        CONF_FAMILY: wanted.family,
        CONF_USERNAME: wanted.username,
        CONF_PASSWORD: None if wanted.username is None else wanted.password or "",
        CONF_NAME: wanted.name,
        CONF_EXPECTED_MAC: request.mac,
        CONF_EXPECTED_SERIAL: wanted.serial,
        CONF_VOUCHED: request.source is Source.SERVER,
    }
    return {key: value for key, value in data.items() if value is not None}
