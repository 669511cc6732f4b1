"""The repair that gives a new camera the settings of the one that it replaces."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .backup_errors import BackupError, Lack
from .backup_store import async_backups
from .backups import async_apply_replacement, worked
from .cams.backup import Report
from .cams.errors import CameraError, Reason
from .const import DOMAIN
from .coordinator import PanacamConfigEntry
from .forms import escaped, named
from .replacements import async_take_over

TAKE_OVER: Final = "take_over"
NOT_LOADED: Final = "not_loaded"
NOT_COPIED: Final = "not_copied"
MAX_SHOWN: Final = 30
"""Settings that are named one by one; the action tells all of them."""


class ReplacementFlow(RepairsFlow):
    """Asks, copies the settings, and shows what became of them."""

    def __init__(self, entry_id: str, replaced: str) -> None:
        """Give the camera of an entry what that of the entry `replaced` had."""
        self._entry_id = entry_id
        self._replaced = replaced
        self._report = Report()
        self._name = "?"

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask at once."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say which camera replaces which, then copy."""
        entry: PanacamConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        known = (await async_backups(self.hass)).known.get(self._replaced)
        if entry is None or known is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason=NOT_LOADED)
        old = self.hass.config_entries.async_get_entry(self._replaced)
        errors: dict[str, str] = {}
        placeholders = {
            **named(entry.title),
            "model": escaped(entry.runtime_data.device.identity.model),
            "replaced": escaped(known.title),
            "replaced_model": escaped(known.model),
            "saved": f"{dt_util.as_local(known.saved):%Y-%m-%d %H:%M}",
            "error": "",
        }
        if user_input is not None:
            try:
                self._report = await async_apply_replacement(self.hass, entry, self._replaced)
            except (CameraError, BackupError) as err:
                errors["base"] = NOT_COPIED
                placeholders["error"] = _sentence(err.reason)
            else:
                self._name = entry.title
                if not worked(self._report):
                    return await self.async_step_failed()
                if user_input.get(TAKE_OVER) and old is not None:
                    await async_take_over(self.hass, self._replaced, entry)
                self._name = entry.title
                return await self.async_step_report()
        fields: dict[vol.Marker, type] = {}
        if old is not None:
            # A name alone may be a coincidence, and nothing brings a removed camera back.
            same_place = old.data.get(CONF_HOST) == entry.data.get(CONF_HOST)
            fields[vol.Required(TAKE_OVER, default=same_place)] = bool
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema(fields),
            description_placeholders=placeholders,
            errors=errors,
        )

    async def async_step_report(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show what took and what did not."""
        if user_input is not None:
            return self.async_create_entry(data={})
        return self._show_report("report")

    async def async_step_failed(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show how far it went, then ask again: nothing was taken over."""
        if user_input is not None:
            return await self.async_step_confirm()
        return self._show_report("failed")

    def _show_report(self, step_id: str) -> RepairsFlowResult:
        report = self._report
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            description_placeholders={
                **named(self._name),
                "taken": str(len(report.taken)),
                "unchanged": str(len(report.unchanged)),
                "refused": _reasoned(report.refused),
                "absent": _listed(report.absent),
                "spared": _listed(report.spared),
                "untried": _listed(report.untried),
            },
        )


def _reasoned(refused: Mapping[str, Reason]) -> str:
    """Return settings with why the camera does not have them, as a Markdown list by reasons."""
    if not refused:
        return "-"
    by_reason: dict[Reason, list[str]] = {}
    for path, reason in refused.items():
        by_reason.setdefault(reason, []).append(path)
    lines = (f"- {_sentence(reason)}: {_listed(paths)}" for reason, paths in by_reason.items())
    return "\n\n" + "\n".join(lines)


def _sentence(reason: Reason | Lack) -> str:
    """Return why something did not work, without the full stop at the end."""
    return str(HomeAssistantError(translation_domain=DOMAIN, translation_key=reason.value))


def _listed(paths: Sequence[str]) -> str:
    """Return settings as a form may name them: some, and how many there are more."""
    if not paths:
        return "-"
    more = len(paths) - MAX_SHOWN
    shown = ", ".join(escaped(path) for path in paths[:MAX_SHOWN])
    return f"{shown} (+{more})" if more > 0 else shown
