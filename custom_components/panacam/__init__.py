"""panacam: IP cameras as first-class citizens of Home Assistant."""

from typing import Final

from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_platform_entity_service
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .cams.device import MOVE_SIZES, Move
from .cams.errors import CameraError
from .connection import device_for
from .const import DOMAIN
from .coordinator import PanacamConfigEntry, PanacamCoordinator

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CAMERA,
    Platform.SENSOR,
    Platform.SWITCH,
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions."""
    async_register_platform_entity_service(
        hass,
        DOMAIN,
        "move",
        entity_domain=CAMERA_DOMAIN,
        schema={
            vol.Required("move"): vol.In([move.value for move in Move]),
            vol.Optional("size", default=1): vol.All(vol.Coerce(int), vol.In(MOVE_SIZES)),
        },
        func="async_move",
    )
    return True


async def async_setup_entry(hass: HomeAssistant, entry: PanacamConfigEntry) -> bool:
    """Connect one camera and make its entities."""
    try:
        device = device_for(hass, entry)
    except CameraError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN, translation_key=err.reason.value
        ) from err
    # Closed whatever happens next, a set-up that fails included.
    entry.async_on_unload(device.close)
    coordinator = PanacamCoordinator(hass, entry, device)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: PanacamConfigEntry) -> bool:
    """Take one camera's entities away; hanging up is on the entry's own list."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
