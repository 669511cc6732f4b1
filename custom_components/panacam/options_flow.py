"""The options of one camera: how often to ask, and where its video is."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_SCAN_INTERVAL, UnitOfTime
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .cams.stream import Transport
from .const import (
    CONF_RTSP_PORT,
    CONF_RTSP_TRANSPORT,
    DEFAULT_SCAN_INTERVAL,
    MAX_SCAN_INTERVAL,
    MIN_SCAN_INTERVAL,
)

_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_SCAN_INTERVAL, default=DEFAULT_SCAN_INTERVAL): vol.All(
            NumberSelector(
                NumberSelectorConfig(
                    min=MIN_SCAN_INTERVAL,
                    max=MAX_SCAN_INTERVAL,
                    step=1,
                    mode=NumberSelectorMode.BOX,
                    unit_of_measurement=UnitOfTime.SECONDS,
                )
            ),
            vol.Coerce(int),
        ),
        vol.Optional(CONF_RTSP_PORT): cv.port,
        vol.Required(CONF_RTSP_TRANSPORT, default=Transport.AUTO.value): SelectSelector(
            SelectSelectorConfig(
                options=[transport.value for transport in Transport],
                translation_key=CONF_RTSP_TRANSPORT,
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
    }
)


class PanacamOptionsFlow(OptionsFlowWithReload):
    """Change the options; the camera is then loaded anew."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the options, then keep what was chosen."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(_SCHEMA, self.config_entry.options),
        )
