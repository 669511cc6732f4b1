"""Triggers: what becomes of recordings, cards, room on them, clips, and of the camera itself."""

from dataclasses import replace
from typing import ClassVar, Final, override

from homeassistant.components.event import ATTR_EVENT_TYPE
from homeassistant.const import CONF_OPTIONS, PERCENTAGE, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR,
    EntityNumericalStateCrossedThresholdTriggerBase,
    EntityTargetStateTriggerBase,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerConfig,
)
import probatio

from .kinds import (
    CARD_ERROR,
    CARD_FULL,
    CARD_INSERTED,
    CLIP_RECEIVED,
    CONF_PERCENT,
    DEFAULT_PERCENT,
    PERCENT,
    REACHABLE,
    RECORDER,
    STORAGE,
    Kind,
    below,
)
from .recordings import Outcome


class _OfKind(EntityTriggerBase):
    """Trigger of panacam's entities of one kind, those for diagnostics included."""

    _kind: ClassVar[Kind]
    _primary_entities_only = False

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return those that are of the kind."""
        return self._kind.among(self._hass, entities)


def _became(kind: Kind, state: str) -> type[Trigger]:
    """Return the trigger of entities that turn to a state."""
    states = {state}

    class Became(_OfKind, EntityTargetStateTriggerBase):
        """Turned to the state."""

        _kind = kind
        _domain_specs = kind.specs
        _to_states = states

    return Became


def _happened(kind: Kind, event_type: str | None = None) -> type[Trigger]:
    """Return the trigger of events, of any type if none is given."""

    class Happened(_OfKind, StatelessEntityTriggerBase):
        """Happened."""

        _kind = kind
        _domain_specs = kind.specs

        @override
        def is_valid_state(
            self, state: State, report_not_triggered: NotTriggeredReasonReporter
        ) -> bool:
            """Return whether the event is of the type."""
            return event_type in (None, state.attributes.get(ATTR_EVENT_TYPE))

    return Happened


class StorageBelow(_OfKind, EntityNumericalStateCrossedThresholdTriggerBase):
    """The room left on the cards fell below a share of their capacity."""

    _kind = STORAGE
    _domain_specs = STORAGE.specs
    _valid_unit = PERCENTAGE
    _schema = ENTITY_STATE_TRIGGER_SCHEMA_WITH_BEHAVIOR.extend(
        {
            probatio.Required(CONF_OPTIONS, default={}): {
                probatio.Required(CONF_PERCENT, default=DEFAULT_PERCENT): PERCENT
            }
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Say it as Home Assistant's own numerical triggers want it."""
        super().__init__(hass, replace(config, options=below(config.options)))


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "recording_started": _happened(RECORDER, Outcome.STARTED),
    "recording_stopped": _happened(RECORDER, Outcome.STOPPED),
    "recording_failed": _happened(RECORDER, Outcome.FAILED),
    "card_full": _became(CARD_FULL, STATE_ON),
    "card_absent": _became(CARD_INSERTED, STATE_OFF),
    "card_error": _became(CARD_ERROR, STATE_ON),
    "storage_below": StorageBelow,
    "clip_received": _happened(CLIP_RECEIVED),
    "camera_lost": _became(REACHABLE, STATE_OFF),
    "camera_back": _became(REACHABLE, STATE_ON),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers, by name."""
    return TRIGGERS
