"""What triggers and conditions are about: entities of panacam, of one kind each."""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR
from homeassistant.components.event import DOMAIN as EVENT
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.components.switch import DOMAIN as SWITCH
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.selector import NumericThresholdType
import probatio

from .const import DOMAIN

CONF_PERCENT: Final = "percent"
DEFAULT_PERCENT: Final = 10
PERCENT: Final = probatio.All(probatio.Coerce(float), probatio.Range(min=0, max=100))


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entity: what it is called in the translations, and where it can be."""

    key: str
    domains: tuple[str, ...] = (BINARY_SENSOR,)

    @property
    def specs(self) -> Mapping[str, DomainSpec]:
        """Return where it can be, as Home Assistant's helpers want it."""
        return {domain: DomainSpec() for domain in self.domains}

    def among(self, hass: HomeAssistant, entities: AbstractSet[str]) -> set[str]:
        """Return those of some entities that are of this kind, and ours."""
        registry = er.async_get(hass)
        return {
            entity_id
            for entity_id in entities
            if (entry := registry.async_get(entity_id)) is not None
            and entry.platform == DOMAIN
            and entry.domain in self.domains
            and entry.translation_key == self.key
        }


RECORDER: Final = Kind("recorder", (EVENT,))
RECORDING: Final = Kind("recording", (BINARY_SENSOR, SWITCH))
CARD_INSERTED: Final = Kind("card_inserted")
CARD_ERROR: Final = Kind("card_error")
CARD_FULL: Final = Kind("card_full")
STORAGE: Final = Kind("remaining_percent", (SENSOR,))
CLIP_RECEIVED: Final = Kind("clip_received", (EVENT,))
REACHABLE: Final = Kind("reachable")


def below(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return options with their percentage as Home Assistant's numerical thresholds have it."""
    known = options or {}
    return {
        **known,
        "threshold": {
            "type": NumericThresholdType.BELOW,
            "value": {"number": known.get(CONF_PERCENT, DEFAULT_PERCENT)},
        },
    }
