"""A known camera at another address: followed when it is proven, else a human is asked."""

from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_IGNORE, ConfigFlowResult
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .cams.discovery import Candidate
from .cams.errors import CameraError, Reason
from .connection import find
from .coordinator import PanacamConfigEntry
from .discovery import async_await, async_sight
from .flow_base import HOST_REASONS
from .flow_factory import FACTORY_UNREACHABLE
from .flow_family import FamilyFlow
from .following import answers, async_place_of, has_name, is_same_place
from .forms import escaped, named
from .known import Verdict, async_judge, is_of
from .network_entry import camera_entries

MAYBE_LATER: Final = HOST_REASONS | {Reason.CUT, FACTORY_UNREACHABLE}
"""What a camera says that is still starting."""
NAME_TIME: Final = 60.0
"""Seconds for which a name is waited for before an address takes its place."""
NAME_FORGOTTEN: Final = 1800.0
_NAMES: HassKey[dict[str, float]] = HassKey("panacam_names")
"""When a camera was first seen elsewhere than where its name leads, by entry id."""
_QUESTIONS: HassKey[dict[str, MovedFlow]] = HassKey("panacam_moved")


class MovedFlow(FamilyFlow):
    """The steps from an announcement to another address of an entry."""

    _entry: PanacamConfigEntry
    """The camera that is about to be followed to a new address."""
    _place: dict[str, Any]
    """That address, as entry data."""
    _asked: dict[str, Any] | None = None
    """The one that the form shows."""

    async def _moved(self, entry: PanacamConfigEntry, candidate: Candidate) -> ConfigFlowResult:
        """Follow a known camera to its new address.

        Anybody can announce a known MAC address, and answer to it. So nothing is tried while the
        camera answers where it was, HTTPS never becomes HTTP, and where a password could fall into
        the wrong hands there has to be a proof, or a human has to agree.
        """
        if entry.source == SOURCE_IGNORE or entry.disabled_by is not None:
            return self.async_abort(reason="already_configured")
        self._entry, self._place = entry, await async_place_of(entry, candidate)
        if is_same_place(entry.data, {**entry.data, **self._place}):
            return self.async_abort(reason="already_configured")
        if answers(entry) or (self._leaves_name() and _may_still_come(self.hass, entry)):
            async_sight(self.hass, entry, candidate)
            return self.async_abort(reason="already_configured")
        asked = entry.entry_id in _questions(self.hass)
        await self.async_set_unique_id(entry.unique_id, raise_on_progress=not asked)
        verdict = await async_judge(self.hass, entry, candidate.host)
        if verdict is Verdict.ASK and not answers(entry):
            return await self._ask()
        if (
            verdict is Verdict.FOLLOW
            and not await self._follow(self._place)
            and self._reason() in MAYBE_LATER
        ):
            async_await(self.hass, candidate)
        return self.async_abort(reason="already_configured")

    async def _ask(self) -> ConfigFlowResult:
        """Ask a human, by the form that is open already if there is one."""
        question = _questions(self.hass).get(self._entry.entry_id)
        if question is not None:
            question.take(self._place)
            return self.async_abort(reason="already_in_progress")
        return await self.async_step_moved()

    @callback
    def take(self, place: dict[str, Any]) -> None:
        """Ask about a newer address than the one that the open form shows."""
        if place != self._place:
            self._place = place
            self.async_notify_flow_changed()

    async def async_step_moved(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether a camera is to be followed to the address that it announces."""
        self._errors = {}
        if not self._is_followed():
            return self.async_abort(reason="camera_removed")
        # Nobody has agreed to an address that the form did not show.
        if user_input is not None and (place := self._place) == self._asked:
            if await async_judge(self.hass, self._entry, place[CONF_HOST]) is Verdict.REFUSE:
                self._errors = {"base": Reason.OTHER_CAMERA.value}
            elif await self._follow(place):
                return self.async_abort(reason="reconfigure_successful")
        _questions(self.hass)[self._entry.entry_id] = self
        self._asked = self._place
        # Its card is among those of new cameras.
        shown = f"{self._entry.title} → {self._place[CONF_HOST]}"
        self.context["title_placeholders"] = {"name": shown}
        self._set_confirm_only()
        return self.async_show_form(
            step_id="moved",
            description_placeholders={
                **named(self._entry.title),
                "old_host": escaped(self._entry.data[CONF_HOST]),
                "host": escaped(self._place[CONF_HOST]),
            },
            errors=self._base_errors(),
        )

    @callback
    @override
    def async_remove(self) -> None:
        """Ask no more."""
        questions = _questions(self.hass)
        for entry_id in [key for key, flow in questions.items() if flow is self]:
            del questions[entry_id]
        super().async_remove()

    async def _follow(self, place: dict[str, Any]) -> bool:
        """Take a new address if the same camera answers there."""
        if self._leaves_name() and await self._is_there({}):
            # The name has followed it in the meantime: an address would be the end of that.
            self._errors = {}
            self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
            return True
        if not await self._is_there(place):
            return False
        if answers(self._entry):
            return True  # it is back, or somebody else has followed it
        self.hass.config_entries.async_update_entry(self._entry, data={**self._entry.data, **place})
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        question = _questions(self.hass).get(self._entry.entry_id)
        if question is not None and question is not self:
            self.hass.config_entries.flow.async_abort(question.flow_id)
        return True

    async def _is_there(self, place: dict[str, Any]) -> bool:
        """Return whether the entry's camera proves to be at a place; else `_errors` says why not.

        Whoever agrees may do so days later: all but the place is as the entry has it now.
        """
        self._errors = {}
        if not self._is_followed():
            return False
        try:
            finding = await find(self.hass, {**self._entry.data, **place}, alone=True)
        except CameraError as err:
            self._errors = {"base": err.reason.value}
            return False
        if not is_of(self.hass, self._entry, finding.identity):
            self._errors = {"base": Reason.OTHER_CAMERA.value}
            return False
        return self._is_followed()

    def _is_followed(self) -> bool:
        """Return whether its owner has neither removed the camera nor turned it off."""
        entry = self.hass.config_entries.async_get_entry(self._entry.entry_id)
        return entry is not None and entry.disabled_by is None

    def _leaves_name(self) -> bool:
        """Return whether an address would take the place of the camera's name."""
        return has_name(self._entry) and self._place[CONF_HOST] != self._entry.data[CONF_HOST]


@callback
def _may_still_come(hass: HomeAssistant, entry: PanacamConfigEntry) -> bool:
    """Return whether a name has had too little time to follow its camera: resolvers remember."""
    names = hass.data.setdefault(_NAMES, {})
    known = {one.entry_id for one in camera_entries(hass)}
    for key in names.keys() - known:
        del names[key]
    now = hass.loop.time()
    if now >= names.setdefault(entry.entry_id, now) + NAME_FORGOTTEN:
        names[entry.entry_id] = now
    return now < names[entry.entry_id] + NAME_TIME


def _questions(hass: HomeAssistant) -> dict[str, MovedFlow]:
    """Return the open forms that ask whether a camera has moved, by entry id."""
    return hass.data.setdefault(_QUESTIONS, {})
