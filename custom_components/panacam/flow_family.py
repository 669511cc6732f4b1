"""A camera that speaks two families' protocols: what each offers, and one of them to choose."""

from typing import Any, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.translation import async_get_translations
import voluptuous as vol

from .cams.registry import FAMILIES, Finding
from .cams.survey import OFFERS
from .connection import find_offers
from .const import CONF_FAMILY, DOMAIN
from .flow_base import title_of
from .flow_factory import FactoryFlow
from .forms import escaped, named


class FamilyFlow(FactoryFlow):
    """The step that chooses between families."""

    _offers: dict[str, frozenset[str]]
    """What the camera offers, by family."""

    @override
    async def _accepted(self) -> ConfigFlowResult:
        """Ask only when there is something to choose."""
        if len(self._findings) < 2:
            return await super()._accepted()
        await self._compare()
        return await self.async_step_family()

    async def _compare(self) -> None:
        """Look what each family would give."""
        self._offers = await find_offers(
            self.hass, self._data, [finding.family for finding in self._findings]
        )

    def _richest(self) -> Finding:
        """Return the family that offers most; of two, the one that knows the camera better."""
        return max(
            self._findings,
            key=lambda one: (len(self._offers[one.family]), not FAMILIES[one.family].general),
        )

    async def async_step_family(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask as what the camera is to be added."""
        if user_input is not None:
            chosen = user_input[CONF_FAMILY]
            self._finding = next(one for one in self._findings if one.family == chosen)
            await self.async_set_unique_id(
                self._finding.identity.unique_id, raise_on_progress=False
            )
            return await self.async_step_confirm()
        families = list(self._offers)
        schema = vol.Schema(
            {
                vol.Required(CONF_FAMILY, default=self._richest().family): SelectSelector(
                    SelectSelectorConfig(
                        options=families,
                        translation_key=CONF_FAMILY,
                        mode=SelectSelectorMode.LIST,
                    )
                )
            }
        )
        return self.async_show_form(
            step_id="family",
            data_schema=schema,
            description_placeholders={
                **named(title_of(self._finding.identity)),
                "host": escaped(self._data[CONF_HOST]),
                "offers": await self._told_offers(),
            },
        )

    async def _told_offers(self) -> str:
        """Return what each family offers as a Markdown list in the user's language."""
        families = await selector_texts(self.hass, CONF_FAMILY)
        words = await selector_texts(self.hass, "offer")
        nothing = (await selector_texts(self.hass, "survey")).get("not_asked", "?")
        lines = []
        for family, offered in self._offers.items():
            told = ", ".join(words.get(name, name) for name in OFFERS if name in offered)
            lines.append(f"- **{families.get(family, family)}**: {told or nothing}")
        return "\n".join(lines)


async def selector_texts(hass: HomeAssistant, key: str) -> dict[str, str]:
    """Return the options of a selector in Home Assistant's language."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    start = f"component.{DOMAIN}.selector.{key}.options."
    return {
        path.removeprefix(start): text for path, text in texts.items() if path.startswith(start)
    }
