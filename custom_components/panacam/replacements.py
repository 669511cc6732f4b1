"""Sees when one camera has come in the place of another, and offers to take over from it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util

from .backup_store import Known, async_backups
from .const import CONF_FAMILY, DOMAIN
from .coordinator import PanacamConfigEntry
from .forms import escaped, named
from .network_entry import camera_entries
from .repeating import Repeating

REPLACEMENT: Final = "replacement"
FIRST_LOOK: Final = timedelta(minutes=1)
"""After set-up: by then the other cameras have shown whether they are there."""
NEXT_LOOK: Final = timedelta(minutes=15)
AWAY: Final = timedelta(days=1)
"""How long one must not have answered before another of its name seems to have come for it."""

STRANGER: Final = "other_camera"
_STRANGER_PREFIX: Final = f"{STRANGER}_"
_PREFIX: Final = f"{REPLACEMENT}_"
_PRIVATE: Final = ".private"
"""How the options end that are the integration's own, not the owner's."""


def is_there(entry: ConfigEntry[Any]) -> bool:
    """Return whether an entry's camera answers, or may be about to."""
    match entry.state:
        case ConfigEntryState.LOADED:
            return bool(entry.runtime_data.last_update_success)
        case ConfigEntryState.SETUP_IN_PROGRESS | ConfigEntryState.UNLOAD_IN_PROGRESS:
            return True
        case _:
            return False


async def async_replaced_camera(
    hass: HomeAssistant, entry: ConfigEntry[Any], *, listed: bool = False
) -> Known | None:
    """Return which camera the one of `entry` has come for; None: for none, or nobody can tell.

    That is of the same family, has another unique id and the same name or address, was last seen
    before this one was added, and does not answer, if it still has an entry at all. A name counts
    that its owner gave it, once it was away for a day or removed; when this name is `listed` by
    the owner as that of the new one, at once. Title and host are those that it has now.
    """
    await async_note_absences(hass)
    found: dict[tuple[bool, bool], list[Known]] = {}
    for kept in (await async_backups(hass)).known.values():
        other = hass.config_entries.async_get_entry(kept.entry_id)
        known = kept if other is None else _as_now(kept, other)
        if known.entry_id == entry.entry_id or known.unique_id == entry.unique_id:
            continue
        if known.replaced_by is not None or known.saved > entry.created_at:
            continue
        if known.family != entry.data.get(CONF_FAMILY):
            continue
        if other is not None and is_there(other):
            continue
        same_host = known.host == entry.data.get(CONF_HOST)
        same_name = _has_name_of(entry, known) and (
            listed or same_host or other is None or _is_long_away(known)
        )
        if same_name or same_host:
            found.setdefault((same_name, same_host), []).append(known)
    best = found[max(found)] if found else []
    return best[0] if len(best) == 1 else None


async def async_note_absences(hass: HomeAssistant) -> None:
    """Note which cameras answer, and since when the others have not."""
    there = {entry.entry_id: is_there(entry) for entry in camera_entries(hass)}
    await (await async_backups(hass)).async_seen(there)


def _as_now(known: Known, entry: ConfigEntry[Any]) -> Known:
    """Return what is known of a camera with the title and host that its entry has now."""
    return replace(known, title=entry.title, host=entry.data.get(CONF_HOST, ""))


def _has_name_of(entry: ConfigEntry[Any], known: Known) -> bool:
    """Return whether two cameras have one name, which is not that of all of their model."""
    name = entry.title.casefold()
    identity = (
        entry.runtime_data.device.identity if entry.state is ConfigEntryState.LOADED else None
    )
    anybodys = {known.model, known.called} | (
        {identity.model, identity.name} if identity is not None else set()
    )
    return name == known.title.casefold() and name not in {
        one.casefold() for one in anybodys if one is not None
    }


def _is_long_away(known: Known) -> bool:
    return known.away is not None and dt_util.utcnow() - known.away >= AWAY


def _issue_id(entry_id: str, known: Known) -> str:
    return f"{_PREFIX}{entry_id}_{known.entry_id}"


class ReplacementWatch:
    """Has an issue come and go with the camera that the one of an entry replaces."""

    def __init__(self, hass: HomeAssistant, entry: PanacamConfigEntry) -> None:
        """Watch for `entry`, which is set up."""
        self._hass = hass
        self._entry = entry
        self._looks = Repeating(hass, entry, "look for a replaced camera", self._look, NEXT_LOOK)

    @callback
    def start(self) -> None:
        """Begin to look."""
        self._looks.start(FIRST_LOOK)

    @callback
    def stop(self) -> None:
        """Look no more; an issue that was ignored is not forgotten."""
        self._looks.stop()
        _delete(self._hass, self._entry.entry_id)
        ir.async_delete_issue(self._hass, DOMAIN, f"{_STRANGER_PREFIX}{self._entry.entry_id}")

    async def _look(self) -> timedelta:
        self._look_for_stranger()
        known = await async_replaced_camera(self._hass, self._entry)
        kept = None if known is None else _issue_id(self._entry.entry_id, known)
        _delete(self._hass, self._entry.entry_id, but=kept)
        if known is not None:
            _create(self._hass, self._entry, known)
        return NEXT_LOOK

    def _look_for_stranger(self) -> None:
        """Say that another camera answers here, as long as nobody has added that one."""
        hass, entry = self._hass, self._entry
        issue_id = f"{_STRANGER_PREFIX}{entry.entry_id}"
        added = any(
            other.data.get(CONF_HOST) == entry.data.get(CONF_HOST)
            and other.entry_id != entry.entry_id
            for other in camera_entries(hass)
        )
        if added or not entry.runtime_data.strange:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            return
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=STRANGER,
            translation_placeholders=named(entry.title),
        )


def _create(hass: HomeAssistant, entry: ConfigEntry[Any], known: Known) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry.entry_id, known),
        data={
            "problem": REPLACEMENT,
            "entry_id": entry.entry_id,
            "replaced": known.entry_id,
        },
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=REPLACEMENT,
        translation_placeholders={**named(entry.title), "replaced": escaped(known.title)},
    )


@callback
def _delete(hass: HomeAssistant, entry_id: str, *, but: str | None = None) -> None:
    """Delete the issues of an entry that nobody has ignored."""
    for domain, issue_id in tuple(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(f"{_PREFIX}{entry_id}_") and issue_id != but:
            issue = ir.async_get(hass).issues[domain, issue_id]
            if issue.dismissed_version is None:
                ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_forget_replacement(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Delete the issues of a camera that was removed, those that were ignored included."""
    for domain, issue_id in tuple(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(f"{_PREFIX}{entry.entry_id}_"):
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    ir.async_delete_issue(hass, DOMAIN, f"{_STRANGER_PREFIX}{entry.entry_id}")


async def async_take_over(hass: HomeAssistant, old_id: str, entry: PanacamConfigEntry) -> None:
    """Give an entry the name, area and entity ids of the one that it replaces, and remove that."""
    if (old := hass.config_entries.async_get_entry(old_id)) is None:
        return
    alike = old.data.get(CONF_FAMILY) == entry.data.get(CONF_FAMILY)
    options = old.options if alike and not entry.options else entry.options
    _take_device(hass, old, entry)
    registry = er.async_get(hass)
    before = {
        _place(item): item for item in er.async_entries_for_config_entry(registry, old.entry_id)
    }
    title = old.title
    # Entity ids are free once their owner is gone; automations then find the new camera by them.
    await hass.config_entries.async_remove(old.entry_id)
    for item in er.async_entries_for_config_entry(registry, entry.entry_id):
        if (was := before.get(_place(item))) is None:
            continue
        taken = registry.async_get(was.entity_id)
        updated = registry.async_update_entity(
            item.entity_id,
            new_entity_id=was.entity_id if taken is None else item.entity_id,
            name=was.name,
            icon=was.icon,
            area_id=was.area_id,
            labels=was.labels,
            aliases=was.aliases,
            categories=was.categories,
            device_class=was.device_class,
            hidden_by=was.hidden_by,
            disabled_by=_disabled_by(was, item),
        )
        for domain, values in was.options.items():
            if not domain.endswith(_PRIVATE):
                registry.async_update_entity_options(updated.entity_id, domain, values)
    hass.config_entries.async_update_entry(entry, title=title, options=options)


def _disabled_by(was: er.RegistryEntry, item: er.RegistryEntry) -> er.RegistryEntryDisabler | None:
    """Return what disables an entity that comes after another: what its owner decided of that."""
    decided = {None, er.RegistryEntryDisabler.USER}
    if was.disabled_by in decided and item.disabled_by in {
        *decided,
        er.RegistryEntryDisabler.INTEGRATION,
    }:
        return was.disabled_by
    return item.disabled_by


def _place(item: er.RegistryEntry) -> tuple[str, str]:
    """Return what an entity is among those of its camera."""
    return item.domain, item.unique_id.partition("_")[2]


def _take_device(hass: HomeAssistant, old: ConfigEntry[Any], new: ConfigEntry[Any]) -> None:
    registry = dr.async_get(hass)
    before = dr.async_entries_for_config_entry(registry, old.entry_id)
    after = dr.async_entries_for_config_entry(registry, new.entry_id)
    if before and after:
        by_user = before[0].disabled_by is dr.DeviceEntryDisabler.USER
        registry.async_update_device(
            after[0].id,
            area_id=before[0].area_id,
            name_by_user=before[0].name_by_user,
            labels=before[0].labels,
            disabled_by=dr.DeviceEntryDisabler.USER if by_user else after[0].disabled_by,
        )
