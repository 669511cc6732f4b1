"""What can be turned on and off."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.device import Device, State
from .cams.errors import CameraError
from .cams.roles import Recorder
from .cams.settings import Toggle
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .entity import PanacamEntity
from .rows import SettingEntity, add_settings, category_of, described

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class PanacamSwitchDescription[RoleT](SwitchEntityDescription):
    """Something that a role turns on and off."""

    role_fn: Callable[[Device], RoleT | None]
    """None: the camera has no such thing."""
    is_on_fn: Callable[[State], bool | None]
    set_fn: Callable[[RoleT, bool], Awaitable[None]]
    effect_fn: Callable[[State, bool], State]
    """The state once the camera has done it."""


RECORDING = PanacamSwitchDescription[Recorder](
    key="recording",
    translation_key="recording",
    role_fn=lambda device: device.recorder,
    is_on_fn=lambda state: state.recording,
    set_fn=lambda recorder, on: recorder.record(on),
    effect_fn=lambda state, on: replace(state, recording=on),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of one camera."""
    coordinator = entry.runtime_data
    if (recorder := RECORDING.role_fn(coordinator.device)) is not None:
        async_add_entities([PanacamRecordingSwitch(coordinator, RECORDING, recorder)])
    add_settings(entry, async_add_entities, Toggle, PanacamToggle)


class PanacamSwitch[RoleT](PanacamEntity, SwitchEntity):
    """Something that a role turns on and off."""

    entity_description: PanacamSwitchDescription[RoleT]

    def __init__(
        self,
        coordinator: PanacamCoordinator,
        description: PanacamSwitchDescription[RoleT],
        role: RoleT,
    ) -> None:
        """Keep the role to act on."""
        super().__init__(coordinator, description)
        self._role = role

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what the camera shows, or what it was just told."""
        return self.entity_description.is_on_fn(self.coordinator.data)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn on. HomeAssistantError says why not."""
        await self._set(on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn off. HomeAssistantError says why not."""
        await self._set(on=False)

    async def _set(self, *, on: bool) -> None:
        description = self.entity_description
        await self._act(
            description.set_fn(self._role, on), lambda state: description.effect_fn(state, on)
        )


class PanacamRecordingSwitch(PanacamSwitch[Recorder]):
    """Recording: what becomes of it is an event, too."""

    @override
    async def _set(self, *, on: bool) -> None:
        recordings = self.coordinator.recordings
        recordings.told(on=on)
        try:
            await super()._set(on=on)
        except HomeAssistantError as err:
            if isinstance(err.__cause__, CameraError):
                recordings.refused(err.__cause__)
            raise


class PanacamToggle(SettingEntity[Toggle], SwitchEntity):
    """A setting that is on or off."""

    def __init__(self, coordinator: PanacamCoordinator, row: Toggle) -> None:
        """Show `row`."""
        description = SwitchEntityDescription(**described(row), entity_category=category_of(row))
        super().__init__(coordinator, description, row)

    @property
    @override
    def assumed_state(self) -> bool:
        """Return whether the camera never tells which."""
        return self.row.assumed

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what the camera has, or was told last if it does not say."""
        value = self.told
        return value if isinstance(value, bool) else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn on. HomeAssistantError says why not."""
        await self._change(value=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn off. HomeAssistantError says why not."""
        await self._change(value=False)
