"""Cameras that announce themselves: new ones are offered, known ones are followed."""

from typing import Any, override

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState, ConfigFlowResult
from homeassistant.const import (
    CONF_HOST,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.helpers.service_info.ssdp import SsdpServiceInfo

from .cams.discovery import Candidate, panasonic_candidate
from .cams.errors import Reason
from .coordinator import PanacamConfigEntry
from .flow_base import CameraFlow, escaped, named


class DiscoveryFlow(CameraFlow):
    """The steps from an announcement to an entry, or to another address of one."""

    _entry: PanacamConfigEntry
    """The camera that is about to be followed to a new address."""
    _place: dict[str, Any]
    """That address, as entry data."""

    @override
    async def async_step_ssdp(self, discovery_info: SsdpServiceInfo) -> ConfigFlowResult:
        """Look at something that announced itself like a camera."""
        candidate = panasonic_candidate(discovery_info.upnp, discovery_info.ssdp_location or "")
        if candidate is None:
            return self.async_abort(reason=Reason.NOT_A_CAMERA.value)
        return await self._discovered(candidate)

    async def _discovered(self, candidate: Candidate) -> ConfigFlowResult:
        """Follow up an announcement: a known camera's new address, or a new camera."""
        name = candidate.name or candidate.model or candidate.host
        self.context["title_placeholders"] = {"name": name}
        if provisional := candidate.mac or candidate.udn:
            known = await self.async_set_unique_id(provisional)
            if known is not None:
                return await self._moved(known, candidate)
        for entry in self._async_current_entries():
            # Announcements need not tell the real MAC address. An address that a lost camera had
            # may be another camera's by now.
            if entry.data.get(CONF_HOST) == candidate.host and _answers(entry):
                return self.async_abort(reason="already_configured")
        self._data = {
            CONF_HOST: candidate.host,
            CONF_SSL: candidate.tls,
            # Cameras make their certificates themselves; "reconfigure" turns the check on.
            CONF_VERIFY_SSL: not candidate.tls,
        }
        if candidate.port is not None:
            self._data[CONF_PORT] = candidate.port
        if (finding := await self._find()) is not None:
            return await self._found(finding)
        if self._wants_credentials():
            return self._ask_credentials()
        return self.async_abort(reason=self._reason())

    async def _moved(self, entry: PanacamConfigEntry, candidate: Candidate) -> ConfigFlowResult:
        """Follow a known camera to its new address.

        Anybody can announce a known MAC address, and answer to it. So nothing is tried while the
        camera answers where it was, HTTPS never becomes HTTP, and where a password could fall into
        the wrong hands a human has to agree.
        """
        self._place = {CONF_HOST: candidate.host}
        if candidate.port is not None and candidate.tls == entry.data.get(CONF_SSL, False):
            self._place[CONF_PORT] = candidate.port
        if (
            _answers(entry)
            or entry.source == SOURCE_IGNORE
            or {**entry.data, **self._place} == dict(entry.data)
        ):
            return self.async_abort(reason="already_configured")
        self._entry = entry
        proven = entry.data.get(CONF_SSL) and entry.data.get(CONF_VERIFY_SSL, True)
        if entry.data.get(CONF_USERNAME) and not proven:
            self.context["title_placeholders"] = {"name": entry.title}
            return await self.async_step_moved()
        await self._follow()
        return self.async_abort(reason="already_configured")

    async def async_step_moved(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether a camera is to be followed to the address that it announces."""
        if user_input is not None and await self._follow():
            return self.async_abort(reason="reconfigure_successful")
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

    async def _follow(self) -> bool:
        """Take the new address if the same camera answers there."""
        # Whoever agrees may do so days later: all but the place is as the entry has it now.
        self._data = {**self._entry.data, **self._place}
        if (finding := await self._find()) is None:
            return False
        if finding.identity.unique_id != self._entry.unique_id:
            self._errors = {"base": Reason.OTHER_CAMERA.value}
            return False
        self.hass.config_entries.async_update_entry(self._entry, data=self._data)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return True


def _answers(entry: PanacamConfigEntry) -> bool:
    """Return whether an entry's camera is where it should be."""
    return entry.state is ConfigEntryState.LOADED and entry.runtime_data.last_update_success
