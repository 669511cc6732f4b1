"""The address of a camera that found no DHCP server: said before anything is done with it."""

from typing import Any, Final, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_HOST

from .flow_base import HOST_REASONS
from .flow_certificate import CertificateFlow
from .forms import escaped

FACTORY_ADDRESS: Final = "192.168.1.168"
"""What a camera takes after two minutes without a DHCP server (network.fr.txt)."""
FACTORY_UNREACHABLE: Final = "factory_unreachable"


class FactoryFlow(CertificateFlow):
    """The step that tells what the factory address means."""

    _factory_told = False

    @override
    async def _look(self) -> ConfigFlowResult | None:
        """Look who is there; at the factory address the advice comes first."""
        if self._data[CONF_HOST] != FACTORY_ADDRESS:
            return await super()._look()
        if not self._factory_told and (await self._find() is not None or self._wants_credentials()):
            return await self.async_step_factory_address()
        result = await super()._look()
        if result is None and self._reason() in HOST_REASONS:
            self._errors = {CONF_HOST: FACTORY_UNREACHABLE}
        return result

    async def async_step_factory_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Tell that the camera has no address of its own, then go on."""
        if user_input is not None:
            self._factory_told = True
            if (result := await self._look()) is not None:
                return result
            self._factory_told = False
        self._set_confirm_only()
        return self.async_show_form(
            step_id="factory_address",
            description_placeholders={"host": escaped(FACTORY_ADDRESS)},
            errors=self._base_errors() if user_input is not None else {},
        )
