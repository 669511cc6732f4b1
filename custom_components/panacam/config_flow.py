"""Adding a camera: find out what answers, ask for credentials only when needed, show it first."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.components.webhook import async_generate_id
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlowResult,
    FlowType,
    OptionsFlow,
)
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
from homeassistant.data_entry_flow import AbortFlow
import voluptuous as vol

from .cams.errors import Reason
from .cams.registry import Finding
from .connection import split_host
from .const import CONF_FAMILY, CONF_FINGERPRINT, CONF_KIND, DOMAIN, KIND_NETWORK
from .coordinator import PanacamConfigEntry
from .flow_address import ADDRESS_SCHEMA, shown_address
from .flow_base import CREDENTIALS_SCHEMA
from .flow_certificate import pin_of
from .flow_discovery import DiscoveryFlow
from .flow_import import ImportFlow
from .flow_search import SearchFlow
from .forms import PASSWORD, USERNAME, escaped, named
from .known import is_of
from .network_entry import is_network, network_entry
from .options_flow import PanacamOptionsFlow
from .provisioning.options import NetworkOptionsFlow

_RECONFIGURE_SCHEMA: Final = ADDRESS_SCHEMA.extend(
    {
        vol.Optional(CONF_USERNAME): USERNAME,
        vol.Optional(CONF_PASSWORD): PASSWORD,
    }
)
_KEPT: Final = (CONF_FAMILY, CONF_WEBHOOK_ID)
"""What no form asks for."""
_PROOFS: Final = (CONF_USERNAME, CONF_PASSWORD, CONF_VERIFY_SSL, CONF_FINGERPRINT)
"""By what the camera knows us, and we know it."""
_PLACE: Final = (CONF_HOST, CONF_PORT, CONF_SSL, CONF_VERIFY_SSL, CONF_FINGERPRINT)
"""Where it is, and how it shows there that it is it."""


class PanacamConfigFlow(SearchFlow, DiscoveryFlow, ImportFlow, domain=DOMAIN):
    """Add, repair and move cameras."""

    _tried: Mapping[str, Any] = MappingProxyType({})
    """Where reauthentication looks for the camera, as entry data."""

    VERSION = 1
    MINOR_VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: PanacamConfigEntry) -> OptionsFlow:
        """Return the form for poll interval and RTSP, or for what is expected on the network."""
        return NetworkOptionsFlow() if is_network(config_entry) else PanacamOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how the camera is to be found."""
        options = ["search", "address", "range"]
        if network_entry(self.hass) is None:
            options.append("network")
        return self.async_show_menu(step_id="user", menu_options=options)

    async def async_step_network(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Make the entry that keeps which cameras are expected."""
        await self.async_set_unique_id(KIND_NETWORK)
        self._abort_if_unique_id_configured(error="network_there")
        return self.async_create_entry(
            title="Network",
            data={CONF_KIND: KIND_NETWORK, CONF_WEBHOOK_ID: async_generate_id()},
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on to the options of a new network: without them it does nothing."""
        if is_network(entry := result["result"]):
            options = await self.hass.config_entries.options.async_init(entry.entry_id)
            result["next_flow"] = (FlowType.OPTIONS_FLOW, options["flow_id"])
        return result

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start over with a camera that refuses its credentials, or shows another certificate."""
        self._data = dict(entry_data)
        self._tried = _place_of(entry_data)
        asked = await self._ask_other_certificate(self._log_in_or_ask)
        return asked or await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for new credentials and try them on the same camera."""
        entry = self._get_reauth_entry()
        if user_input is not None:
            self._data |= user_input
            if (result := await self._log_in_again()) is not None:
                return result
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

    async def _log_in_again(self) -> ConfigFlowResult | None:
        """Keep what was typed and agreed to if the same camera takes it; None: `_errors`."""
        entry = self._get_reauth_entry()
        self._take_place(entry)
        if (finding := await self._find_beside(entry)) is None:
            return await self._ask_certificate(self._log_in_or_ask)
        await self._same_camera(finding, entry)
        pinned_anew = self._data.get(CONF_FINGERPRINT) != entry.data.get(CONF_FINGERPRINT)
        return self.async_update_reload_and_abort(
            entry,
            # Nothing else: the camera may have been followed elsewhere while the form was open.
            data_updates={key: self._data[key] for key in _PROOFS if key in self._data},
            reason="certificate_replaced" if pinned_anew else "reauth_successful",
        )

    def _take_place(self, entry: PanacamConfigEntry) -> None:
        """Go where the entry leads now: it may have followed its camera since the form was opened.

        Then what was agreed to about a certificate was about the place that it has left.
        """
        place = _place_of(entry.data)
        if place != self._tried:
            kept = {key: value for key, value in self._data.items() if key not in _PLACE}
            self._data, self._tried = kept | place, place

    async def _log_in_or_ask(self) -> ConfigFlowResult | None:
        """Go on after a certificate with the credentials that there are, if they will do."""
        if (result := await self._log_in_again()) is not None:
            return result
        return await self.async_step_reauth_confirm() if self._wants_credentials() else None

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another address or other credentials of the same camera."""
        entry = self._get_reconfigure_entry()
        if is_network(entry):
            return self.async_abort(reason="network_has_options")
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
            if self._data[CONF_VERIFY_SSL] and self._data.get(CONF_SSL):
                # To check it is to check it against the one that was agreed to, if there is one.
                self._data |= self._agreed() or pin_of(entry.data)
            if (result := await self._change()) is not None:
                return result
        return self._ask_change(user_input or entry.data)

    def _ask_change(self, data: Mapping[str, Any]) -> ConfigFlowResult:
        """Show the form for another address, with what went wrong last."""
        entry = self._get_reconfigure_entry()
        shown = shown_address(data)
        if all(shown.get(key) == entry.data.get(key) for key in (CONF_USERNAME, CONF_PASSWORD)):
            # The one that is kept does not go to the browser; the one just typed goes back.
            shown.pop(CONF_PASSWORD, None)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(_RECONFIGURE_SCHEMA, shown),
            description_placeholders=named(entry.title),
            errors=self._errors,
        )

    async def _change(self) -> ConfigFlowResult | None:
        """Take the address so far if the same camera is there; None: `_errors` says why not."""
        entry = self._get_reconfigure_entry()
        if (finding := await self._find_beside(entry)) is not None:
            await self._same_camera(finding, entry)
            return self.async_update_reload_and_abort(entry, data=self._data)
        return await self._ask_certificate(self._change)

    @override
    def _ask_again(self) -> ConfigFlowResult | None:
        if self.source == SOURCE_RECONFIGURE:
            return self._ask_change(self._data)
        return super()._ask_again()

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
        if finding is None or not is_of(self.hass, entry, finding.identity):
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return finding

    async def _same_camera(self, finding: Finding, entry: PanacamConfigEntry) -> None:
        """Abort when it is another camera than the entry's."""
        if not is_of(self.hass, entry, finding.identity):
            raise AbortFlow(Reason.OTHER_CAMERA.value)
        await self.async_set_unique_id(entry.unique_id)


def _place_of(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: data[key] for key in _PLACE if key in data}
