"""What all actions are made of: a name, what they take, the role that they need, what they do."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from homeassistant.const import CONF_HOST
from homeassistant.core import (
    EntityServiceResponse,
    ServiceCall,
    SupportsResponse,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType
import voluptuous as vol

from .camera import PanacamCamera
from .cams.device import Device, State
from .cams.errors import CameraError, Reason, RefusedError
from .const import DOMAIN
from .coordinator import PanacamCoordinator
from .entity import PanacamEntity
from .provisioning import held_until

NAME: Final = vol.All(cv.string, vol.Length(min=1, max=64))
TOKEN: Final = vol.All(cv.string, vol.Length(min=1, max=64))
SPEED: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=1))
PART: Final = vol.All(vol.Coerce(float), vol.Range(min=-1, max=1))

_MISTAKES: Final = {
    Reason.UNSUPPORTED,
    Reason.OUT_OF_RANGE,
    Reason.NOT_FOUND,
    Reason.FIXED,
}
"""Refusals that are about what was asked for, not about the camera's condition."""

type Told = Mapping[str, object] | None
"""What an action answers with."""


class Mistake(StrEnum):
    """Fields that are right one by one and make no sense together; keys of their sentences."""

    NO_DIRECTION = "no_direction"
    NO_POSITION = "no_position"
    NO_PLACE = "no_place"
    NO_NAME = "no_name"
    NO_CHANGE = "no_change"
    NO_TEXT = "no_text"
    TWO_PLACES = "two_places"
    TEXT_AND_TYPE = "text_and_type"
    TWO_SOURCES = "two_sources"
    FORMAT_UNCONFIRMED = "format_unconfirmed"
    NO_CLIPS = "no_clips"
    CLIPS_OR_ALL = "clips_or_all"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants of one camera."""

    data: Mapping[str, Any]
    """The action's fields."""
    state: State
    """What the camera last told."""
    streams: tuple[str, ...]
    """Keys of the streams of the entities that are meant."""
    coordinator: PanacamCoordinator

    def given(self, *keys: str) -> dict[str, Any]:
        """Return those of the fields that were given."""
        return {key: self.data[key] for key in keys if key in self.data}


def _fine(_data: Mapping[str, Any]) -> Mistake | None:
    return None


def needs(mistake: Mistake, *keys: str) -> Callable[[Mapping[str, Any]], Mistake | None]:
    """Return a check that one of `keys` is there."""
    return lambda data: None if any(key in data for key in keys) else mistake


@dataclass(frozen=True, slots=True, kw_only=True)
class Action[RoleT]:
    """One action of the camera entities."""

    name: str
    fields: VolDictType
    check: Callable[[Mapping[str, Any]], Mistake | None] = _fine
    """Sees the fields together."""
    role_fn: Callable[[Device], RoleT | None]
    """None: the camera cannot do it."""
    call_fn: Callable[[RoleT, Asked], Awaitable[Told]]
    """Raises CameraError."""
    response: SupportsResponse = SupportsResponse.NONE
    adds_streams: bool = False
    """Whether it adds streams, which nobody may right after a provisioning."""

    async def perform(
        self, entities: Sequence[PanacamEntity], call: ServiceCall
    ) -> EntityServiceResponse:
        """Do it once for each camera, however many of its entities are meant.

        Raises ServiceValidationError for a mistake and for what the camera cannot do,
        HomeAssistantError for what it will not do; with several cameras the others' work is done
        all the same.
        """
        if (mistake := self.check(call.data)) is not None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key=mistake.value)
        cameras = list(dict.fromkeys(entity.coordinator for entity in entities))
        answers = await asyncio.gather(
            *(
                self._perform(coordinator, call, _streams(coordinator, entities))
                for coordinator in cameras
            ),
            return_exceptions=True,
        )
        told: dict[PanacamCoordinator, JsonObjectType] = {}
        for coordinator, answer in zip(cameras, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            told[coordinator] = answer
        return {entity.entity_id: told[entity.coordinator] for entity in entities}

    async def _perform(
        self, coordinator: PanacamCoordinator, call: ServiceCall, streams: tuple[str, ...]
    ) -> JsonObjectType:
        if self.adds_streams:
            _refuse_while_held(coordinator)
        try:
            if (role := self.role_fn(coordinator.device)) is None:
                raise RefusedError(Reason.UNSUPPORTED)
            asked = Asked(call.data, coordinator.data, streams, coordinator)
            told = await self.call_fn(role, asked)
        except CameraError as err:
            mistake = isinstance(err, RefusedError) and err.reason in _MISTAKES
            kind = ServiceValidationError if mistake else HomeAssistantError
            raise kind(translation_domain=DOMAIN, translation_key=err.reason.value) from err
        finally:
            if self.response is not SupportsResponse.ONLY:
                await coordinator.async_request_refresh()
        return {str(key): fit_for_json(value) for key, value in (told or {}).items()}


def _streams(coordinator: PanacamCoordinator, entities: Sequence[PanacamEntity]) -> tuple[str, ...]:
    return tuple(
        entity.stream_key
        for entity in entities
        if isinstance(entity, PanacamCamera) and entity.coordinator is coordinator
    )


def _refuse_while_held(coordinator: PanacamCoordinator) -> None:
    """Raise HomeAssistantError, which says until when, for a camera that was just provisioned."""
    identity = coordinator.device.identity
    until = held_until(
        coordinator.hass,
        mac=identity.mac,
        serial=identity.serial,
        host=coordinator.config_entry.data[CONF_HOST],
    )
    if until is not None:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="held",
            translation_placeholders={"until": f"{dt_util.as_local(until):%H:%M:%S}"},
        )


def fit_for_json(value: object) -> JsonValueType:
    """Return what a camera's role tells as an answer may hold it."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(key): fit_for_json(item) for key, item in value.items()}
        case Sequence() | set() | frozenset():
            return [fit_for_json(item) for item in value]
        case _:
            return str(value)


def token_of(wanted: str, names: Mapping[str, str]) -> str:
    """Return the token behind a name, in any case of letters; else `wanted` is one.

    What the camera has only just got has no name here yet, and the camera knows its tokens best.
    """
    for token, name in names.items():
        if name == wanted:
            return token
    if wanted not in names:
        for token, name in names.items():
            if name.casefold() == wanted.casefold():
                return token
    return wanted
