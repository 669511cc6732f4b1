"""Adding a camera: find out what answers, ask for credentials only when needed, show it first."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
    CONF_WEBHOOK_ID,
)
from homeassistant.core import callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
import voluptuous as vol

from .cams.errors import Reason
from .cams.registry import Finding
from .connection import split_host
from .const import CONF_FAMILY, DOMAIN
from .coordinator import PanacamConfigEntry
from .flow_base import CREDENTIALS_SCHEMA, PASSWORD, USERNAME, escaped, named
from .flow_discovery import DiscoveryFlow
from .options_flow import PanacamOptionsFlow

_ADDRESS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_HOST): TextSelector(TextSelectorConfig(autocomplete="off")),
        vol.Optional(CONF_PORT): cv.port,
        vol.Required(CONF_SSL, default=False): bool,
        vol.Required(CONF_VERIFY_SSL, default=True): bool,
    }
)
_RECONFIGURE_SCHEMA: Final = _ADDRESS_SCHEMA.extend(
    {
        vol.Optional(CONF_USERNAME): USERNAME,
        vol.Optional(CONF_PASSWORD): PASSWORD,
    }
)
_KEPT: Final = (CONF_FAMILY, CONF_WEBHOOK_ID)
"""What no form asks for."""


class PanacamConfigFlow(DiscoveryFlow, domain=DOMAIN):
    """Add, repair and move cameras."""

    VERSION = 1
    MINOR_VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: PanacamConfigEntry) -> OptionsFlow:
        """Return the form for poll interval and RTSP."""
        return PanacamOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an address and look who is there."""
        if user_input is not None:
            self._data = {**user_input, **split_host(user_input[CONF_HOST])}
            if (finding := await self._find()) is not None:
                return await self._found(finding)
            if self._wants_credentials():
                return self._ask_credentials()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_ADDRESS_SCHEMA, user_input or {}),
            errors=self._errors,
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start over with the credentials of a camera that refuses them."""
        self._data = dict(entry_data)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for new credentials and try them on the same camera."""
        entry = self._get_reauth_entry()
        if user_input is not None:
            self._data |= user_input
            if (finding := await self._find_beside(entry)) is not None:
                await self._same_camera(finding)
                return self.async_update_reload_and_abort(entry, data_updates=user_input)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                CREDENTIALS_SCHEMA, {CONF_USERNAME: self._data.get(CONF_USERNAME)}
            ),
            description_placeholders={
                **named(entry.title),
                "host": escaped(entry.data[CONF_HOST]),
            },
            errors=self._base_errors(),
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another address or other credentials of the same camera."""
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            self._data = {
                **user_input,
                **split_host(user_input[CONF_HOST]),
                # The camera may have been told the webhook's address.
                **{key: entry.data[key] for key in _KEPT if key in entry.data},
            }
            if (
                self._data.get(CONF_USERNAME) == entry.data.get(CONF_USERNAME)
                and CONF_PASSWORD in entry.data
            ):
                # The old password never went to the browser; left empty, it stays.
                self._data.setdefault(CONF_PASSWORD, entry.data[CONF_PASSWORD])
            if (finding := await self._find_beside(entry)) is not None:
                await self._same_camera(finding)
                return self.async_update_reload_and_abort(entry, data=self._data)
        shown = dict(user_input or entry.data)
        shown.pop(CONF_PASSWORD, None)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(_RECONFIGURE_SCHEMA, shown),
            description_placeholders=named(entry.title),
            errors=self._errors,
        )

    async def _find_beside(self, entry: PanacamConfigEntry) -> Finding | None:
        """Return who answers, though the entry may hold the only connection that a camera grants.

        Then the entry lets go of it for that moment, rather than telling its owner to do so.
        """
        finding = await self._find()
        if (
            self._reason() != Reason.TOO_MANY_CONNECTIONS.value
            or entry.state is not ConfigEntryState.LOADED
            or self._data[CONF_HOST] != entry.data[CONF_HOST]
            or not await self.hass.config_entries.async_unload(entry.entry_id)
        ):
            return finding
        finding = await self._find()
        if finding is None or finding.identity.unique_id != entry.unique_id:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return finding

    async def _same_camera(self, finding: Finding) -> None:
        """Abort when it is another camera than the entry's."""
        await self.async_set_unique_id(finding.identity.unique_id)
        self._abort_if_unique_id_mismatch(reason=Reason.OTHER_CAMERA.value)
