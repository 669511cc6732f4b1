"""panacam: IP cameras as first-class citizens of Home Assistant."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .actions import async_register_actions
from .backups import async_forget_backups, async_watch_backups
from .cams.errors import CameraError
from .connection import bridge_for, device_for, session_for
from .const import CONF_PUBLISH_URL, DOMAIN
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .discovery import async_look_for, async_start_discovery
from .drop_accounts import async_load_accounts, drop_accounts
from .drop_view import register_drop_view
from .leftovers import async_clear_leftovers
from .losses import async_watch_losses, is_away
from .media_view import register_media_views
from .memory import EntryMemory
from .network_entry import is_network
from .provisioning import async_remove_network, async_setup_network, async_unload_network
from .repairs import async_forget_problems, async_watch_problems
from .webhook import async_open_webhook, async_webhook_url
from .webrtc_provider import async_offer_webrtc

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.MEDIA_PLAYER,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TEXT,
)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions and begin to look for cameras."""
    async_register_actions(hass)
    register_media_views(hass)
    register_drop_view(hass)
    await async_load_accounts(hass)
    await async_start_discovery(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Set up a camera, or the network."""
    if is_network(entry):
        return await async_setup_network(hass, entry)
    return await _async_setup_camera(hass, entry)


async def _async_setup_camera(hass: HomeAssistant, entry: PanacamConfigEntry) -> bool:
    """Connect one camera and make its entities."""
    webhook = async_webhook_url(hass, entry)
    memory = EntryMemory(hass, entry)
    await memory.async_load()
    session = session_for(hass, entry.data)
    try:
        device = device_for(entry, session, memory, webhook)
    except CameraError as err:
        await session.close()
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN, translation_key=err.reason.value
        ) from err
    bridge = bridge_for(entry)
    coordinator = PanacamCoordinator(hass, entry, device, bridge)
    # The last one is closed first: viewers are sent away before the camera is hung up on.
    open_things = AsyncExitStack()
    open_things.push_async_callback(memory.async_save)
    open_things.push_async_callback(session.close)
    open_things.push_async_callback(device.close)
    open_things.push_async_callback(bridge.close)
    open_things.push_async_callback(coordinator.async_shutdown)

    async def close(_event: Event | None = None) -> None:
        await open_things.aclose()

    # Closed whatever happens next, a set-up that fails included. A stop unloads nothing.
    entry.async_on_unload(close)
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, close))
    if webhook is not None:
        entry.async_on_unload(async_open_webhook(hass, entry, lambda: device.receiver))
    try:
        await coordinator.async_config_entry_first_refresh()
    except ConfigEntryNotReady:
        if is_away(coordinator.last_exception):
            async_look_for(hass, entry)  # it may have moved while nobody looked
        raise
    entry.runtime_data = coordinator
    entry.async_on_unload(async_watch_losses(hass, entry))
    entry.async_on_unload(async_watch_problems(hass, entry))
    main = next((stream for stream in device.streams if stream.preferred), None)
    if main is not None and (url := entry.options.get(CONF_PUBLISH_URL)):
        bridge.publish(main, url)
    for platform in PLATFORMS:
        # All at once, some hundred entities would be one step of the event loop.
        await hass.config_entries.async_forward_entry_setups(entry, (platform,))
        await asyncio.sleep(0)
    async_clear_leftovers(hass, entry)
    entry.async_on_unload(async_watch_backups(hass, entry))
    if (end := await async_offer_webrtc(hass, bridge.find)) is not None:
        open_things.push_async_callback(end)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Take one camera's entities away; hanging up is on the entry's own list."""
    if is_network(entry):
        return await async_unload_network(hass, entry)
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Forget what was ignored of a camera that is no longer there, and what it was like."""
    if is_network(entry):
        await async_remove_network(hass)
        return
    drop_accounts(hass).forget(entry.entry_id)
    async_forget_problems(hass, entry)
    await async_forget_backups(hass, entry)
    await EntryMemory(hass, entry).async_remove()
