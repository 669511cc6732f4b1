"""The options of the network: automatic adding, and the server that reserves addresses."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..const import CONF_AUTOMATIC, CONF_SERVER
from ..dhcp.reservations import ReservationError
from ..forms import PASSWORD, USERNAME
from .backend import CONF_HOSTS_FILE, CONF_PID_FILE, FIELDS, ServerKind, kind_of, server_for
from .options_base import ListedOptions
from .webhook import async_webhook_url

_TEXT: Final = TextSelector(TextSelectorConfig(autocomplete="off"))
_KIND: Final = SelectSelector(
    SelectSelectorConfig(
        options=[kind.value for kind in ServerKind],
        translation_key="dhcp_server",
        mode=SelectSelectorMode.DROPDOWN,
    )
)
_SCHEMAS: Final = {
    ServerKind.KEA: vol.Schema(
        {
            vol.Required(CONF_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
            vol.Optional(CONF_USERNAME): USERNAME,
            vol.Optional(CONF_PASSWORD): PASSWORD,
        }
    ),
    ServerKind.DNSMASQ: vol.Schema(
        {vol.Required(CONF_HOSTS_FILE): _TEXT, vol.Optional(CONF_PID_FILE): _TEXT}
    ),
}


class ServerOptions(ListedOptions):
    """Automatic adding, and the server that reserves addresses."""

    _chosen: dict[str, Any]
    """What was answered before the question for the server's own options."""

    async def async_step_network_automatic(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Turn automatic adding on or off, and choose the DHCP server."""
        options = self.config_entry.options
        if user_input is not None:
            self._chosen = user_input
            match ServerKind(user_input[CONF_SERVER]):
                case ServerKind.KEA:
                    return await self.async_step_network_kea()
                case ServerKind.DNSMASQ:
                    return await self.async_step_network_dnsmasq()
                case ServerKind.NONE:
                    return await self._keep_server({})
        url, text = async_webhook_url(self.hass, self.config_entry), await self._sentences()
        return self.async_show_form(
            step_id="network_automatic",
            data_schema=vol.Schema(
                {
                    vol.Required(CONF_AUTOMATIC, default=options.get(CONF_AUTOMATIC, False)): bool,
                    vol.Required(CONF_SERVER, default=kind_of(options).value): _KIND,
                }
            ),
            description_placeholders={
                # Whoever knows it can tell of addresses: it stands here and nowhere else.
                "url": url,
                "missing": text("no_internal_url") if url.startswith("/") else "",
            },
        )

    async def async_step_network_kea(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where Kea's control agent is."""
        return await self._server(ServerKind.KEA, user_input)

    async def async_step_network_dnsmasq(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for dnsmasq's files."""
        return await self._server(ServerKind.DNSMASQ, user_input)

    async def _server(
        self, kind: ServerKind, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for a server's options; they are kept once the server answered."""
        before = self.config_entry.options
        errors: dict[str, str] = {}
        if user_input is not None:
            wanted = {key: text for key, text in user_input.items() if text}
            if _same(wanted, before, CONF_URL, CONF_USERNAME) and CONF_PASSWORD in before:
                # The old password never went to the browser; left empty, it stays.
                wanted.setdefault(CONF_PASSWORD, before[CONF_PASSWORD])
            server = server_for(self.hass, {**wanted, CONF_SERVER: kind.value})
            try:
                if server is not None:
                    await server.check()
            except ReservationError as err:
                errors["base"] = f"server_{err.reason.value}"
            else:
                return await self._keep_server(wanted)
        stored = {key: before[key] for key in FIELDS[kind] if key in before}
        stored.pop(CONF_PASSWORD, None)
        return self.async_show_form(
            step_id=f"network_{kind.value}",
            data_schema=self.add_suggested_values_to_schema(
                _SCHEMAS[kind], stored if user_input is None else user_input
            ),
            errors=errors,
        )

    async def _keep_server(self, server: Mapping[str, Any]) -> ConfigFlowResult:
        fields = {field for fields in FIELDS.values() for field in fields}
        kept = {key: old for key, old in self.config_entry.options.items() if key not in fields}
        return await self._keep({**kept, **self._chosen, **server})


def _same(wanted: Mapping[str, Any], before: Mapping[str, Any], *keys: str) -> bool:
    return all(wanted.get(key) == before.get(key) for key in keys)
