"""Home Assistant's own DHCP discovery as a second source: what it sees of expected cameras."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from ..const import LOGGER


@callback
def async_overhear(
    hass: HomeAssistant, told: Callable[[str, str, str | None], None]
) -> CALLBACK_TYPE:
    """Tell `told` of MAC address, address and host name of whoever asks a DHCP server.

    Those who did so before are told at once. This is a part of Home Assistant that it keeps for
    itself: when it is no longer there, or is turned off, only this source is lost.
    """

    @callback
    def seen(devices: Mapping[str, Any]) -> None:
        try:
            for mac, data in devices.items():
                told(mac, data["ip"], data.get("hostname"))
        except (AttributeError, KeyError, TypeError) as err:
            LOGGER.debug("What Home Assistant saw of DHCP makes no sense: %s", type(err).__name__)

    try:
        from homeassistant.components.dhcp.helpers import (  # noqa: PLC0415 - may not be there
            async_get_address_data_internal,
            async_register_dhcp_callback_internal,
        )

        end = async_register_dhcp_callback_internal(hass, seen)
        before = dict(async_get_address_data_internal(hass))
    except (ImportError, AttributeError, KeyError, TypeError) as err:
        LOGGER.info(
            "Home Assistant's DHCP discovery is not to be had (%s): expected cameras are told by "
            "the DHCP server alone",
            type(err).__name__,
        )
        return lambda: None
    seen(before)
    return end
