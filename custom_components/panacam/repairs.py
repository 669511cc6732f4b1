"""What is wrong with a camera's own settings: told to its owner, and mended when they want it."""

from typing import Any, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .cams.errors import CameraError, Reason
from .cams.roles import Problem
from .const import DOMAIN
from .coordinator import PanacamConfigEntry
from .forms import named
from .repair_replacement import ReplacementFlow
from .replacements import REPLACEMENT

MANUAL: Final = "{}_manual"
"""The translation key of a problem that its owner has to mend."""
NEW_ROLES: Final = {Problem.PTZ_NOT_ATTACHED}
"""What gives a camera roles that it had not when its entities were made."""
STILL_THERE: Final = "still_there"
NOT_MENDED: Final = "not_mended"
NOT_LOADED: Final = "not_loaded"


def issue_id(entry: PanacamConfigEntry, problem: Problem) -> str:
    """Return the id of a camera's problem."""
    return f"{problem.value}_{entry.entry_id}"


@callback
def async_watch_problems(hass: HomeAssistant, entry: PanacamConfigEntry) -> CALLBACK_TYPE:
    """Have issues come and go with the problems of the entry's camera; return what ends that.

    An issue that was ignored outlasts that end, or it would ask again after each reload.
    """
    coordinator = entry.runtime_data
    registry = ir.async_get(hass)

    @callback
    def look() -> None:
        for problem in Problem:
            key = issue_id(entry, problem)
            issue = registry.async_get_issue(DOMAIN, key)
            there = issue is not None and issue.active  # one that was ignored outlives a restart
            if problem in coordinator.data.problems and not there:
                _create(hass, entry, problem)
            elif problem not in coordinator.data.problems and there:
                ir.async_delete_issue(hass, DOMAIN, key)

    @callback
    def end() -> None:
        unsubscribe()
        for problem in Problem:
            issue = registry.async_get_issue(DOMAIN, issue_id(entry, problem))
            if issue is not None and issue.dismissed_version is None:
                ir.async_delete_issue(hass, DOMAIN, issue.issue_id)

    unsubscribe = coordinator.async_add_listener(look)
    look()
    return end


@callback
def async_forget_problems(hass: HomeAssistant, entry: PanacamConfigEntry) -> None:
    """Delete the issues of a camera that was removed, those that were ignored included."""
    for problem in Problem:
        ir.async_delete_issue(hass, DOMAIN, issue_id(entry, problem))


def _create(hass: HomeAssistant, entry: PanacamConfigEntry, problem: Problem) -> None:
    fixer = entry.runtime_data.device.fixer
    fixable = fixer is not None and problem in fixer.fixable
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(entry, problem),
        data={"entry_id": entry.entry_id, "problem": problem.value},
        is_fixable=fixable,
        severity=ir.IssueSeverity.WARNING,
        translation_key=problem.value if fixable else MANUAL.format(problem.value),
        translation_placeholders=named(entry.title),
    )


class FixFlow(RepairsFlow):
    """Asks, then has the camera mended."""

    def __init__(self, entry_id: str, problem: Problem) -> None:
        """Mend `problem` of an entry's camera."""
        self._entry_id = entry_id
        self._problem = problem

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask at once."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say what will be done, then do it and look whether it helped."""
        entry: PanacamConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason=NOT_LOADED)
        placeholders = {**named(entry.title), "error": ""}
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                await self._fix(entry)
            except CameraError as err:
                errors["base"] = NOT_MENDED
                placeholders["error"] = str(
                    HomeAssistantError(translation_domain=DOMAIN, translation_key=err.reason.value)
                )
            else:
                if self._problem not in entry.runtime_data.data.problems:
                    if self._problem in NEW_ROLES:
                        self.hass.config_entries.async_schedule_reload(entry.entry_id)
                    return self.async_create_entry(data={})
                errors["base"] = STILL_THERE
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders=placeholders,
            errors=errors,
        )

    async def _fix(self, entry: PanacamConfigEntry) -> None:
        """Have it mended, and learn what the camera says then. CameraError."""
        coordinator = entry.runtime_data
        if (fixer := coordinator.device.fixer) is None:
            raise CameraError(Reason.UNSUPPORTED)
        await fixer.fix(self._problem)
        await coordinator.async_refresh()


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow that mends an issue of ours."""
    told = data or {}
    if told["problem"] == REPLACEMENT:
        return ReplacementFlow(str(told["entry_id"]), str(told["replaced"]))
    return FixFlow(str(told["entry_id"]), Problem(told["problem"]))
