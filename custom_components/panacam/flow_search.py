"""Adding cameras whose address nobody knows: search the networks, or look at a range."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from homeassistant.config_entries import SOURCE_IGNORE, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
from homeassistant.util.hass_dict import HassKey
import voluptuous as vol

from .cams.discovery import Candidate, Source, merged
from .cams.errors import AuthError
from .cams.sweep import MAX_HOSTS, PORTS, Targets, TargetsError, addresses_of, sweep
from .connection import find
from .const import CONF_FAMILY
from .discovery import async_search_now
from .flow_address import AddressFlow
from .flow_family import selector_texts
from .following import async_mac_of, async_own_addresses, data_of
from .known import known_entry
from .network_entry import camera_entries

CONF_TARGETS: Final = "targets"
CONF_CAMERA: Final = "camera"
TOLD: Final = 20
"""How often the dialog is told in words how far a sweep is."""
KEEP_FOUND: Final = 600.0
"""Seconds that what a sweep found is kept when its dialog was closed."""
NOT_LISTED: Final = "\n"
"""The choice of none: no text that a camera tells has line breaks."""
_HTTPS_PORT: Final = 443
_RANGE_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_TARGETS): TextSelector(TextSelectorConfig(autocomplete="off"))}
)

type _Found = tuple[Candidate, ...]

_SEEN: HassKey[dict[str, tuple[float, Candidate]]] = HassKey("panacam_seen")
"""What a sweep that nobody waited for had found, by host, and when; no more than it looks at."""


class SearchFlow(AddressFlow):
    """The steps from "where is it?" to a camera."""

    _task: asyncio.Task[_Found] | None = None
    """The search under way; Home Assistant cancels it when the dialog is closed."""
    _choice: dict[str, Candidate]
    """What was found and can be added, by key."""
    _known: int
    """How many of those found are there already."""
    _targets: Targets
    _done: int

    async def async_step_search(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask all networks who is there."""
        return self._progress("search", lambda: async_search_now(self.hass))

    async def async_step_range(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which addresses to look at."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self._targets = addresses_of(user_input[CONF_TARGETS])
            except TargetsError as err:
                errors[CONF_TARGETS] = err.reason.value
            else:
                self._done = 0
                return await self.async_step_sweep()
        return self.async_show_form(
            step_id="range",
            data_schema=self.add_suggested_values_to_schema(_RANGE_SCHEMA, user_input or {}),
            errors=errors,
        )

    async def async_step_sweep(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Look at one address after the other."""
        return self._progress(
            "sweep", self._sweep, {"done": str(self._done), "total": str(len(self._targets))}
        )

    async def async_step_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what was found, then go on as if the address of one had been typed."""
        if self._task is not None:
            self._sort(merged((*self._task.result(), *_seen(self.hass).values())))
            self._task = None
        errors: dict[str, str] = {}
        if user_input is not None:
            if (chosen := user_input.get(CONF_CAMERA)) == NOT_LISTED:
                return await self.async_step_address()
            if chosen is not None:
                return await self._choose(self._choice[chosen])
            errors[CONF_CAMERA] = "nothing_chosen"
        if not self._choice:
            return await self.async_step_nothing_found()
        return self.async_show_form(
            step_id="found",
            data_schema=await self._choice_schema(),
            description_placeholders={"known": await self._told_known()},
            errors=errors,
        )

    async def _choose(self, candidate: Candidate) -> ConfigFlowResult:
        """Go on with what was found, which has to be what answers, if it told who it is."""
        self._candidate = candidate if _told(candidate) else None
        self._data = data_of(candidate)
        if (result := await self._look()) is not None:
            return result
        return self._ask_address()

    async def async_step_nothing_found(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what to do when nobody answered who could be added."""
        return self.async_show_menu(
            step_id="nothing_found",
            menu_options=["address", "range", "search"],
            description_placeholders={"known": await self._told_known()},
        )

    def _progress(
        self,
        step_id: str,
        work: Callable[[], Coroutine[Any, Any, _Found]],
        placeholders: dict[str, str] | None = None,
    ) -> ConfigFlowResult:
        """Show that something is under way, and go on with what it found."""
        if self._task is None:
            self._task = self.hass.async_create_background_task(
                work(), f"panacam {step_id}", eager_start=False
            )
        if self._task.done():
            return self.async_show_progress_done(next_step_id="found")
        return self.async_show_progress(
            step_id=step_id,
            progress_action=step_id,
            description_placeholders=placeholders,
            progress_task=self._task,
        )

    async def _sweep(self) -> _Found:
        """Look at the targets but for ourselves."""
        own = await async_own_addresses(self.hass)
        self._targets = Targets(tuple(host for host in self._targets.hosts if host not in own))
        seen = self.hass.data.setdefault(_SEEN, {})

        def keep(candidate: Candidate) -> None:
            if candidate.host in seen or len(seen) < MAX_HOSTS:
                seen[candidate.host] = (self.hass.loop.time(), candidate)

        found = await sweep(
            self._targets, self._probe, ports=PORTS, progress=self._advance, found=keep
        )
        for candidate in found:
            seen.pop(candidate.host, None)
        return merged(found)

    async def _probe(self, host: str, port: int) -> Candidate | None:
        """Return who answers on one port. CameraError."""
        tls = port == _HTTPS_PORT
        # Nothing is sent that somebody else should not have: certificates come into it later.
        place = {CONF_HOST: host, CONF_PORT: port, CONF_SSL: tls, CONF_VERIFY_SSL: False}
        try:
            finding = await find(self.hass, place)
        except AuthError:
            # It may be any web server; whoever looks for a camera here knows better.
            mac = await async_mac_of(self.hass, host)
            return Candidate(host=host, port=port, tls=tls, mac=mac, source=Source.SWEEP)
        identity = finding.identity
        return Candidate(
            host=host,
            port=port,
            tls=tls,
            mac=identity.mac,
            serial=identity.serial,
            manufacturer=identity.manufacturer,
            model=identity.model,
            name=identity.name,
            family=finding.family,
            source=Source.SWEEP,
        )

    @callback
    def _advance(self, done: int, total: int) -> None:
        """Tell how far the sweep is."""
        before, self._done = self._done, done
        self.async_update_progress(done / total)
        if before * TOLD // total != done * TOLD // total:
            self.async_notify_flow_changed()

    def _sort(self, found: _Found) -> None:
        """Tell what can be added from what is there already."""
        entries = [one for one in camera_entries(self.hass) if one.source != SOURCE_IGNORE]
        there = {entry.data.get(CONF_HOST) for entry in entries}
        new = [
            candidate
            for candidate in found
            if candidate.host not in there and known_entry(self.hass, candidate) not in entries
        ]
        self._known = len(found) - len(new)
        new.sort(key=lambda candidate: not _told(candidate))
        self._choice = {}
        for candidate in new:
            # Several may call themselves the same.
            taken = candidate.key in self._choice
            self._choice[candidate.host if taken else candidate.key] = candidate

    async def _told_known(self) -> str:
        """Return a sentence on what was left out; none if there was nothing."""
        if not self._known:
            return ""
        return f"{(await selector_texts(self.hass, 'found')).get('known', '')} {self._known}."

    async def _choice_schema(self) -> vol.Schema:
        """Return the form that lists what can be added."""
        families = await selector_texts(self.hass, CONF_FAMILY)
        words = await selector_texts(self.hass, "found")
        login = words.get("login", "")
        options = [
            SelectOptionDict(
                value=key, label=_label(candidate, families.get(candidate.family or "", login))
            )
            for key, candidate in self._choice.items()
        ]
        options.append(SelectOptionDict(value=NOT_LISTED, label=words.get("not_listed", "?")))
        return vol.Schema(
            {
                # Not required: the frontend then chooses the first one by itself.
                vol.Optional(CONF_CAMERA): SelectSelector(
                    SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
                )
            }
        )


@callback
def _seen(hass: HomeAssistant) -> dict[str, Candidate]:
    """Return what sweeps that were stopped had found of late, by host, and forget the rest."""
    seen = hass.data.get(_SEEN, {})
    for host in [host for host, (when, _) in seen.items() if when + KEEP_FOUND < hass.loop.time()]:
        del seen[host]
    return {host: candidate for host, (_, candidate) in seen.items()}


def _told(candidate: Candidate) -> bool:
    """Return whether somebody told who they are: a server that only asks for a password does not.

    The MAC address of such a one is the kernel's word, which need not be the camera's own.
    """
    return candidate.source is not Source.SWEEP or candidate.family is not None


def _label(candidate: Candidate, speaks: str) -> str:
    """Return what a list shows of a camera: who, where, and what it speaks."""
    who = dict.fromkeys(filter(None, (candidate.name, candidate.model)))
    where = (candidate.host, None if _told(candidate) else candidate.mac)
    return ", ".join(filter(None, (*who, *where, speaks)))
