"""What all entities share: ids, device, commands, and being born when the camera shows them."""

from collections.abc import Awaitable, Callable, Iterable, Iterator

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .cams.device import State
from .cams.errors import CameraError
from .cams.settings import Settings
from .const import DOMAIN
from .coordinator import PanacamConfigEntry, PanacamCoordinator


class PanacamEntity(CoordinatorEntity[PanacamCoordinator]):
    """An entity of one camera."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: PanacamCoordinator, description: EntityDescription) -> None:
        """Name the entity after its camera and its description's key."""
        super().__init__(coordinator)
        self.entity_description = description
        camera_id = coordinator.config_entry.unique_id
        identity = coordinator.device.identity
        self._attr_unique_id = f"{camera_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, str(camera_id))},
            connections={(dr.CONNECTION_NETWORK_MAC, identity.mac)} if identity.mac else set(),
            configuration_url=coordinator.device.configuration_url,
            manufacturer=identity.manufacturer,
            model=identity.model,
            name=coordinator.config_entry.title,
            serial_number=identity.serial,
            sw_version=identity.firmware,
        )

    async def _act(
        self, action: Awaitable[None], effect: Callable[[State], State] | None = None
    ) -> None:
        """Carry out a command, then show its effect or look at the camera.

        Raises HomeAssistantError with a translated sentence.
        """
        try:
            await action
        except CameraError as err:
            await self.coordinator.async_request_refresh()
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key=err.reason.value
            ) from err
        if effect is None:
            await self.coordinator.async_request_refresh()
        else:
            await self.coordinator.async_expect(effect)


def shape_of(state: State) -> tuple[frozenset[str], ...]:
    """Return what a state consists of, without its values."""
    return (
        state.reported,
        frozenset(state.slots),
        frozenset(state.activities),
        frozenset(state.transmitting),
        frozenset(state.alarms),
        frozenset(state.settings),
    )


def add_described[DescriptionT: EntityDescription](
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    describe: Callable[[State], Iterable[DescriptionT]],
    create: Callable[[PanacamCoordinator, DescriptionT], Entity],
) -> None:
    """Add an entity for each description now, and later for what the camera shows only then.

    A camera in standby says nothing of its cards; it must not need a reload when it wakes up.
    """
    coordinator = entry.runtime_data
    known: set[str] = set()
    shape: tuple[frozenset[str], ...] | None = None

    @callback
    def look() -> None:
        nonlocal shape
        if shape == (seen := shape_of(coordinator.data)):
            return
        shape = seen
        new = [item for item in describe(coordinator.data) if item.key not in known]
        known.update(item.key for item in new)
        async_add_entities(create(coordinator, item) for item in new)

    entry.async_on_unload(coordinator.async_add_listener(look))
    look()


def add_settings[DescriptionT: EntityDescription](
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    describe: Callable[[Settings], Iterable[DescriptionT]],
    create: Callable[[PanacamCoordinator, DescriptionT], Entity],
) -> None:
    """Add an entity for each setting of a kind that the camera has a value for, now or later."""
    device = entry.runtime_data.device

    def of(state: State) -> Iterator[DescriptionT]:
        if (settings := device.settings) is not None:
            yield from (item for item in describe(settings) if item.key in state.settings)

    add_described(entry, async_add_entities, of, create)
