"""Copies of cameras' settings: taken every day, restored, applied to who replaces a camera."""

import asyncio
from datetime import timedelta
from functools import partial
import random
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .backup_errors import BackupError, Lack
from .backup_store import async_backups
from .cams.backup import Document, Report, fit_sections
from .cams.errors import CameraError, ConnectError, Reason, RefusedError
from .const import CONF_FAMILY, LOGGER
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .network_entry import camera_entries
from .repeating import Repeating
from .replacements import (
    ReplacementWatch,
    async_forget_replacement,
    async_replaced_camera,
    is_there,
)

READ_LIMIT: Final = 300.0
"""Seconds that a camera may take to tell how it is set."""
EVERY: Final = timedelta(days=1)
JITTER: Final = timedelta(hours=1)
"""Cameras are not asked all at once."""
FIRST: Final = timedelta(minutes=5)
"""After set-up, with as much jitter: a camera that was just added may be gone tomorrow."""
AGAIN: Final = timedelta(hours=1)
"""After a camera that was away, or would not tell."""


async def async_read_document(coordinator: PanacamCoordinator) -> Document:
    """Return how a camera is set now. CameraError; RefusedError(UNSUPPORTED)."""
    entry, device = coordinator.config_entry, coordinator.device
    if device.keeper is None:
        raise RefusedError(Reason.UNSUPPORTED)
    try:
        async with asyncio.timeout(READ_LIMIT):
            told = await device.keeper.read()
    except TimeoutError as err:
        raise ConnectError(Reason.TIMEOUT) from err
    sections = await coordinator.hass.async_add_executor_job(fit_sections, told)
    identity = device.identity
    return Document(
        family=entry.data[CONF_FAMILY],
        camera=entry.unique_id,
        manufacturer=identity.manufacturer,
        model=identity.model,
        serial=identity.serial,
        firmware=identity.firmware,
        name=entry.title,
        saved=dt_util.utcnow(),
        sections=sections,
    )


async def async_copy(coordinator: PanacamCoordinator) -> Document:
    """Read how a camera is set, and keep that if it is not as before. CameraError.

    Waits while its settings are restored: what is half done is no copy.
    """
    async with coordinator.restoring:
        return await _copy(coordinator)


async def _copy(coordinator: PanacamCoordinator) -> Document:
    document = await async_read_document(coordinator)
    backups = await async_backups(coordinator.hass)
    called = coordinator.device.identity.name
    await backups.async_keep(coordinator.config_entry, document, called)
    return document


async def async_restore(
    coordinator: PanacamCoordinator, document: Document, *, own: bool | None = None
) -> Report:
    """Set a camera as a document says, once it was copied as it is now; return what took.

    `own`: whether it gets what only one camera of a network should have; None: when the document
    is its own, or that of a camera which is gone. One after the other for each camera.
    CameraError before anything was changed.
    """
    hass = coordinator.hass
    async with coordinator.restoring:
        await _copy(coordinator)
        if (keeper := coordinator.device.keeper) is None:
            raise RefusedError(Reason.UNSUPPORTED)
        if own is None:
            own = await async_owns(hass, coordinator.config_entry, document)
        with coordinator.undisturbed():
            report = await keeper.restore(document.sections, own=own)
    await coordinator.async_request_refresh()
    return report


async def async_owns(hass: HomeAssistant, entry: ConfigEntry[Any], document: Document) -> bool:
    """Return whether a camera may have all of a document: nobody else can be using it."""
    if document.camera is None:
        return False
    if document.camera == entry.unique_id:
        return True
    others = [other for other in camera_entries(hass) if other.unique_id == document.camera]
    if others:
        return not any(map(is_there, others))
    known = (await async_backups(hass)).known.values()
    return any(one.unique_id == document.camera and one.removed is not None for one in known)


def coordinator_of(entry: ConfigEntry[Any]) -> PanacamCoordinator:
    """Return the coordinator of an entry. ConnectError when its camera is not connected."""
    if entry.state is not ConfigEntryState.LOADED:
        raise ConnectError(Reason.UNREACHABLE)
    coordinator: PanacamCoordinator = entry.runtime_data
    return coordinator


async def async_apply_template(hass: HomeAssistant, entry: ConfigEntry[Any], name: str) -> Report:
    """Restore the template `name` to an entry's camera; return what took and what did not.

    Raises BackupError(NO_SUCH_TEMPLATE), and CameraError: RefusedError(UNSUPPORTED) for a camera
    without settings, ConnectError for one that is away.
    """
    document = await (await async_backups(hass)).async_template(name)
    return await async_restore(coordinator_of(entry), document, own=False)


async def async_replacement_for(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str | None:
    """Return the entry id of the camera that the one of `entry` replaces; None: it replaces none.

    That entry may be removed already: its copies are kept.
    """
    known = await async_replaced_camera(hass, entry)
    return None if known is None else known.entry_id


async def async_apply_replacement(
    hass: HomeAssistant, entry: ConfigEntry[Any], replaced: str
) -> Report:
    """Give an entry's camera the settings of the one that it replaces; return what took.

    It has replaced that one only where `worked` says so of the report. Raises CameraError,
    BackupError(NO_SUCH_COPY).
    """
    backups = await async_backups(hass)
    if not (copies := await backups.async_copies(replaced)):
        raise BackupError(Lack.NO_SUCH_COPY)
    report = await async_restore(coordinator_of(entry), copies[0], own=True)
    if worked(report):
        await backups.async_replaced(replaced, entry.entry_id)
    return report


def worked(report: Report) -> bool:
    """Return whether settings were given to a camera, to the end, and any of them fit."""
    return report.ended is None and bool(report.taken or report.unchanged)


def _jittered(time: timedelta, jitter: timedelta) -> timedelta:
    return time + jitter * random.random()  # noqa: S311 - no secret


async def _copy_daily(entry: PanacamConfigEntry) -> timedelta:
    """Copy the settings of an entry's camera, if it is there; return when to do so again."""
    if not entry.runtime_data.last_update_success:
        return _jittered(AGAIN, JITTER)
    try:
        await async_copy(entry.runtime_data)
    except CameraError as err:
        LOGGER.debug("Settings of %s were not copied: %s", entry.title, err)
        return _jittered(AGAIN, JITTER)
    return _jittered(EVERY, JITTER)


@callback
def async_watch_backups(hass: HomeAssistant, entry: PanacamConfigEntry) -> CALLBACK_TYPE:
    """Copy the settings of the entry's camera every day, and see whether it replaces another one.

    Returns what ends that. Called once the entry is set up.
    """
    daily = Repeating(hass, entry, "settings copy", partial(_copy_daily, entry), AGAIN)
    daily.start(_jittered(FIRST, FIRST))
    replacement = ReplacementWatch(hass, entry)
    replacement.start()

    @callback
    def end() -> None:
        daily.stop()
        replacement.stop()

    return end


async def async_forget_backups(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Keep the copies of a camera that was removed for a month: a replacement begins with that."""
    async_forget_replacement(hass, entry)
    await (await async_backups(hass)).async_removed(entry.entry_id)
