"""What is pressed: steps of lens and head, and the restart."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cams.device import Device
from .coordinator import PanacamConfigEntry
from .entity import PanacamEntity

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class PanacamButtonDescription(ButtonEntityDescription):
    """Something to press."""

    press_fn: Callable[[], Awaitable[None]]


def describe(device: Device) -> Iterator[PanacamButtonDescription]:
    """Yield one button for each move that this camera can make, and its restart."""
    if (mover := device.mover) is not None:
        for move in sorted(mover.moves):
            yield PanacamButtonDescription(
                key=move.value,
                translation_key=move.value,
                press_fn=partial(mover.move, move),
            )
    if (rebooter := device.rebooter) is not None:
        yield PanacamButtonDescription(
            key="restart",
            device_class=ButtonDeviceClass.RESTART,
            entity_category=EntityCategory.CONFIG,
            press_fn=rebooter.reboot,
        )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of one camera."""
    coordinator = entry.runtime_data
    async_add_entities(
        PanacamButton(coordinator, description) for description in describe(coordinator.device)
    )


class PanacamButton(PanacamEntity, ButtonEntity):
    """Something to press."""

    entity_description: PanacamButtonDescription

    @override
    async def async_press(self) -> None:
        """Do it. HomeAssistantError says why not."""
        await self._act(self.entity_description.press_fn())
