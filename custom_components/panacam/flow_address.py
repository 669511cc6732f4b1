"""Adding a camera by its address: find out who answers, ask for credentials only when needed."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL, CONF_VERIFY_SSL
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
import voluptuous as vol

from .connection import split_host
from .const import CONF_FINGERPRINT
from .flow_family import FamilyFlow

ADDRESS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_HOST): TextSelector(TextSelectorConfig(autocomplete="off")),
        vol.Optional(CONF_PORT): cv.port,
        vol.Required(CONF_SSL, default=False): bool,
        vol.Required(CONF_VERIFY_SSL, default=True): bool,
    }
)


class AddressFlow(FamilyFlow):
    """The step that asks for an address."""

    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for an address and look who is there."""
        if user_input is None:
            self._errors = {}
            return self._ask_address()
        self._candidate = None
        self._data = {**user_input, **split_host(user_input[CONF_HOST])}
        if self._data[CONF_VERIFY_SSL] and self._data.get(CONF_SSL):
            self._data |= self._agreed()
        if (result := await self._look()) is not None:
            return result
        return self._ask_address(user_input)

    def _ask_address(self, shown: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form for an address, with what went wrong last."""
        return self.async_show_form(
            step_id="address",
            data_schema=self.add_suggested_values_to_schema(
                ADDRESS_SCHEMA, shown_address(self._data if shown is None else shown)
            ),
            errors=self._errors,
        )

    @override
    def _ask_again(self) -> ConfigFlowResult | None:
        return self._ask_address() if self.source == SOURCE_USER else super()._ask_again()


def shown_address(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an address as a form shows it: a certificate that was agreed to is a check, too."""
    return {**data, CONF_VERIFY_SSL: True} if CONF_FINGERPRINT in data else dict(data)
