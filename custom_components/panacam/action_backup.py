"""Actions that save, compare and restore how a camera is set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .action_base import NAME, Action, Asked, Mistake, Told
from .backup_errors import BackupError, Lack
from .backup_files import FOLDER, read_file, write_file
from .backup_store import MAX_COPIES, async_backups
from .backups import async_copy, async_read_document, async_restore
from .cams.backup import Document, DocumentError, compare, parse_document
from .cams.roles import Keeper
from .cams.things import renamed
from .const import DOMAIN

NOT_WRITTEN: Final = "not_written"
"""Key of what is said when the disk takes no file."""
DELETE_TEMPLATE: Final = "delete_template"

_SOURCES: Final = ("file", "template", "camera")


def _one_source(data: Mapping[str, Any]) -> Mistake | None:
    """Return what is wrong with where settings are to come from."""
    named = [source for source in _SOURCES if source in data]
    if len(named) > 1 or ("copy" in data and named and named != ["camera"]):
        return Mistake.TWO_SOURCES
    return None


async def _save(_keeper: Keeper, asked: Asked) -> Told:
    """Write a file, and keep a template where one is wanted."""
    hass, data = asked.coordinator.hass, asked.data
    document = await async_copy(asked.coordinator)
    name = data.get("name") or asked.coordinator.config_entry.title
    folder = Path(hass.config.path(FOLDER))
    try:
        path = await hass.async_add_executor_job(
            write_file, folder, name, dt_util.as_local(document.saved), document.text()
        )
    except BackupError:
        raise
    except (OSError, HomeAssistantError) as err:  # Home Assistant's own writer wraps the first
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=NOT_WRITTEN) from err
    backups = await async_backups(hass)
    if data["template"]:
        await backups.async_save_template(name, document)
    return {
        **_summary(document),
        "path": str(path),
        "file": path.name,
        "template": name if data["template"] else None,
        "templates": backups.templates,
        "settings": document.as_dict(),
    }


async def _compare(_keeper: Keeper, asked: Asked) -> Told:
    """Tell what is not as it was saved."""
    document = await _document(asked)
    now = await async_read_document(asked.coordinator)
    differences = compare(document.sections, renamed(now.sections, document.sections))
    return {
        **_summary(document),
        "same": not differences,
        "differences": [
            {
                "section": one.section,
                "key": one.key,
                "saved": one.before,
                "now": one.after,
            }
            for one in differences
        ],
    }


async def _restore(_keeper: Keeper, asked: Asked) -> Told:
    """Set the camera as it was saved, and tell item by item what became of it."""
    document = await _document(asked)
    report = await async_restore(asked.coordinator, document, own=asked.data.get("everything"))
    return {**_summary(document), **report.as_dict()}


def _summary(document: Document) -> dict[str, object]:
    return {
        "saved_at": document.saved.isoformat(timespec="seconds"),
        "saved_from": {
            key: value
            for key in ("name", "manufacturer", "model", "serial", "firmware")
            if (value := getattr(document, key)) is not None
        },
        "count": document.count,
    }


async def _document(asked: Asked) -> Document:
    """Return the settings that are meant. BackupError, ServiceValidationError."""
    hass, data = asked.coordinator.hass, asked.data
    if "file" in data:
        return await _from_file(hass, data["file"])
    backups = await async_backups(hass)
    if "template" in data:
        return await backups.async_template(data["template"])
    entry_id = asked.coordinator.config_entry.entry_id
    if "camera" in data:
        entry_id = await _camera(hass, data["camera"])
    copies = await backups.async_copies(entry_id)
    place: int = data.get("copy", 1)
    if place > len(copies):
        raise BackupError(Lack.NO_SUCH_COPY)
    return copies[place - 1]


async def _from_file(hass: HomeAssistant, name: str) -> Document:
    def read() -> Document:
        return parse_document(read_file(Path(hass.config.path(FOLDER)), name))

    try:
        return await hass.async_add_executor_job(read)
    except DocumentError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key=err.fault.value
        ) from err


async def _camera(hass: HomeAssistant, named: str) -> str:
    """Return the entry id of a camera by one of its entities or by its name, removed or not.

    Raises BackupError(NO_SUCH_CAMERA).
    """
    known = (await async_backups(hass)).known
    item = er.async_get(hass).async_get(named)
    if item is not None and (entry_id := item.config_entry_id) is not None and entry_id in known:
        return entry_id
    found = [
        camera for camera in known.values() if camera.title.casefold() == named.strip().casefold()
    ]
    if not found:
        raise BackupError(Lack.NO_SUCH_CAMERA)
    # Of several, the one that is there.
    return min(found, key=lambda camera: camera.removed is not None).entry_id


async def _delete_template(call: ServiceCall) -> ServiceResponse:
    """Forget a template, and tell which are left."""
    backups = await async_backups(call.hass)
    await backups.async_delete_template(call.data["template"])
    return {"templates": [*backups.templates]}


@callback
def async_register_delete_template(hass: HomeAssistant) -> None:
    """Register the one action that is about no camera; for administrators."""
    async_register_admin_service(
        hass,
        DOMAIN,
        DELETE_TEMPLATE,
        _delete_template,
        vol.Schema({vol.Required("template"): NAME}),
        SupportsResponse.OPTIONAL,
    )


_SOURCE_FIELDS: Final = {
    vol.Optional("file"): vol.All(cv.string, vol.Length(min=1, max=128)),
    vol.Optional("template"): NAME,
    vol.Optional("camera"): vol.All(cv.string, vol.Length(min=1, max=255)),
    vol.Optional("copy"): vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_COPIES)),
}

KEEPING: Final[tuple[Action[Any], ...]] = (
    Action[Keeper](
        name="save_settings",
        fields={
            vol.Optional("name"): NAME,
            vol.Optional("template", default=False): cv.boolean,
        },
        role_fn=lambda device: device.keeper,
        call_fn=_save,
        response=SupportsResponse.OPTIONAL,
    ),
    Action[Keeper](
        name="compare_settings",
        fields=_SOURCE_FIELDS,
        check=_one_source,
        role_fn=lambda device: device.keeper,
        call_fn=_compare,
        response=SupportsResponse.ONLY,
    ),
    Action[Keeper](
        name="restore_settings",
        fields={**_SOURCE_FIELDS, vol.Optional("everything"): cv.boolean},
        check=_one_source,
        role_fn=lambda device: device.keeper,
        call_fn=_restore,
        response=SupportsResponse.OPTIONAL,
    ),
)
