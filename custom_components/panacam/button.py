"""What is pressed: steps of lens and head, tours, auxiliary commands, and the restart."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.device import Device, State
from .cams.errors import Reason, RefusedError
from .cams.roles import Move, TourOperation
from .coordinator import PanacamConfigEntry, PanacamCoordinator
from .entity import PanacamEntity, add_described, of_channel
from .rows import described
from .tours import operate

# None: the devices have their own locks, and a stop must not wait behind a move that hangs.
PARALLEL_UPDATES = 0

# Cards look for the ends of these names: no other button of the channel may end like them.
OF_CHANNEL: Final = frozenset(
    {
        Move.PAN_LEFT,
        Move.PAN_RIGHT,
        Move.TILT_UP,
        Move.TILT_DOWN,
        Move.ZOOM_IN,
        Move.ZOOM_OUT,
        Move.STOP,
    }
)


@dataclass(frozen=True, kw_only=True)
class PanacamButtonDescription(ButtonEntityDescription):
    """Something to press."""

    press_fn: Callable[[PanacamCoordinator], Awaitable[None]]
    """Asks the camera for its role anew: it may have got another one since."""


async def _move(move: Move, coordinator: PanacamCoordinator) -> None:
    if (mover := coordinator.device.mover) is None:
        raise RefusedError(Reason.UNSUPPORTED)
    await mover.move(move)


async def _press(key: str, coordinator: PanacamCoordinator) -> None:
    if (presses := coordinator.device.presses) is None:
        raise RefusedError(Reason.UNSUPPORTED)
    await presses.press(key)


async def _tour(operation: TourOperation, coordinator: PanacamCoordinator) -> None:
    token = coordinator.tour.of(coordinator.data)
    await operate(coordinator.device, token, operation)


async def _restart(coordinator: PanacamCoordinator) -> None:
    if (rebooter := coordinator.device.rebooter) is None:
        raise RefusedError(Reason.UNSUPPORTED)
    await rebooter.reboot()


def describe(device: Device, state: State) -> Iterator[PanacamButtonDescription]:
    """Yield one button for each thing that this camera can be told to do."""
    for move in sorted(() if device.mover is None else device.mover.moves):
        yield PanacamButtonDescription(
            key=of_channel(move.value) if move in OF_CHANNEL else move.value,
            translation_key=move.value,
            press_fn=partial(_move, move),
        )
    for press in () if device.presses is None else device.presses.table:
        yield PanacamButtonDescription(
            **described(press),
            entity_category=EntityCategory.CONFIG if press.config else None,
            press_fn=partial(_press, press.key),
        )
    for operation in TourOperation if device.tours is not None and state.tours else ():
        yield PanacamButtonDescription(
            key=f"tour_{operation.value}",
            translation_key=f"tour_{operation.value}",
            press_fn=partial(_tour, operation),
        )
    if device.rebooter is not None:
        yield PanacamButtonDescription(
            key="restart",
            device_class=ButtonDeviceClass.RESTART,
            entity_category=EntityCategory.CONFIG,
            press_fn=_restart,
        )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of one camera."""
    device = entry.runtime_data.device
    add_described(entry, async_add_entities, partial(describe, device), PanacamButton)


class PanacamButton(PanacamEntity, ButtonEntity):
    """Something to press."""

    entity_description: PanacamButtonDescription

    @override
    async def async_press(self) -> None:
        """Do it. HomeAssistantError says why not."""
        await self._act(self.entity_description.press_fn(self.coordinator))
