"""What the parts of the network's options share: the list, the menu, and how changes are kept."""

from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.core import callback
from homeassistant.helpers.translation import async_get_translations

from ..const import CONF_AUTOMATIC, CONF_EXPECTED, DOMAIN
from .expected import Expected, read_stored


class ListedOptions(OptionsFlow):
    """A menu, to which every change comes back; what was changed is kept by then."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Begin with the menu."""
        return await self.async_step_network_menu()

    async def async_step_network_menu(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what there is, and what can be done."""
        cameras, text = self._cameras(), await self._sentences()
        steps = ["network_automatic", "network_add"]
        steps += ["network_cameras"] if cameras else []
        steps += ["network_import"]
        steps += ["network_export"] if cameras else []
        steps += self._steps_of_drop()
        automatic = self.config_entry.options.get(CONF_AUTOMATIC, False)
        return self.async_show_menu(
            step_id="network_menu",
            menu_options=[*steps, "done"],
            description_placeholders={
                "automatic": text("automatic_on" if automatic else "automatic_off"),
                "cameras": str(len(cameras)),
                "drop": self._drop_told(text),
            },
        )

    async def async_step_done(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """End; everything is kept already."""
        return self.async_create_entry(data=dict(self.config_entry.options))

    @callback
    def _steps_of_drop(self) -> list[str]:
        """Return what of the drop can be shown."""
        return []

    @callback
    def _drop_told(self, text: Callable[[str], str]) -> str:
        """Return what is said of the drop."""
        return ""

    @callback
    def _cameras(self) -> tuple[Expected, ...]:
        return read_stored(self.config_entry.options.get(CONF_EXPECTED))

    async def _keep_cameras(self, cameras: tuple[Expected, ...]) -> ConfigFlowResult:
        rows = [one.stored() for one in cameras]
        return await self._keep({**self.config_entry.options, CONF_EXPECTED: rows})

    async def _keep(self, options: dict[str, Any]) -> ConfigFlowResult:
        """Keep the options at once, so that closing the form loses nothing; show the menu."""
        self.hass.config_entries.async_update_entry(self.config_entry, options=options)
        return await self.async_step_network_menu()

    async def _sentences(self) -> Callable[[str], str]:
        """Return what finds a sentence by its key, in Home Assistant's language."""
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "options", {DOMAIN}
        )
        return lambda key: texts.get(f"component.{DOMAIN}.options.error.{key}", key)
