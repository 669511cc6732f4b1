"""Conditions: whether it records, how its cards are, and whether the camera answers."""

from dataclasses import replace
from typing import ClassVar, Final, override

from homeassistant.const import CONF_OPTIONS, PERCENTAGE, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import (
    ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL,
    Condition,
    ConditionConfig,
    EntityConditionBase,
    EntityNumericalConditionBase,
    EntityStateConditionBase,
)
import probatio

from .kinds import (
    CARD_ERROR,
    CARD_FULL,
    CARD_INSERTED,
    CONF_PERCENT,
    DEFAULT_PERCENT,
    PERCENT,
    REACHABLE,
    RECORDING,
    STORAGE,
    Kind,
    below,
)


class _OfKind(EntityConditionBase):
    """Condition about panacam's entities of one kind, those for diagnostics included."""

    _kind: ClassVar[Kind]
    _primary_entities_only = False

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return those that are of the kind."""
        return self._kind.among(self._hass, entities)


def _is(kind: Kind, state: str) -> type[Condition]:
    """Return the condition that entities have a state."""
    states: set[str | bool] = {state}

    class Is(_OfKind, EntityStateConditionBase):
        """Has the state."""

        _kind = kind
        _domain_specs = kind.specs
        _states = states

    return Is


class StorageBelow(_OfKind, EntityNumericalConditionBase):
    """The room left on the cards is below a share of their capacity."""

    _kind = STORAGE
    _domain_specs = STORAGE.specs
    _valid_unit = PERCENTAGE
    _schema = ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.extend(
        {
            probatio.Required(CONF_OPTIONS, default={}): {
                probatio.Required(CONF_PERCENT, default=DEFAULT_PERCENT): PERCENT
            }
        }
    )

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Say it as Home Assistant's own numerical conditions want it."""
        super().__init__(hass, replace(config, options=below(config.options)))


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "is_recording": _is(RECORDING, STATE_ON),
    "is_not_recording": _is(RECORDING, STATE_OFF),
    "is_card_full": _is(CARD_FULL, STATE_ON),
    "is_card_absent": _is(CARD_INSERTED, STATE_OFF),
    "is_card_error": _is(CARD_ERROR, STATE_ON),
    "is_storage_below": StorageBelow,
    "is_lost": _is(REACHABLE, STATE_OFF),
    "is_reachable": _is(REACHABLE, STATE_ON),
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions, by name."""
    return CONDITIONS
