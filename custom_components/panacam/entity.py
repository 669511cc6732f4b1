"""What all entities share: ids, device, commands, and being born when the camera shows them."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol
from urllib.parse import urlsplit

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .cams.device import Device, State, is_gone
from .cams.errors import CameraError
from .const import DOMAIN
from .coordinator import PanacamConfigEntry, PanacamCoordinator

_CHANNEL: Final = "0_"


def of_channel(key: str) -> str:
    """Return the key of an entity that dashboards take for a part of the camera's one channel.

    Cards find what moves a camera by unique ids: the camera's, a channel's number, and a name.
    """
    return key if key.startswith(_CHANNEL) else f"{_CHANNEL}{key}"


class PanacamEntity(CoordinatorEntity[PanacamCoordinator]):
    """An entity of one camera."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: PanacamCoordinator, description: EntityDescription) -> None:
        """Name the entity after its camera and its description's key."""
        super().__init__(coordinator)
        self.entity_description = description
        camera_id = coordinator.config_entry.unique_id
        identity = coordinator.device.identity
        # Cards split at the first lines, and a serial number may have some.
        self._attr_unique_id = f"{str(camera_id).replace('_', '-')}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, str(camera_id))},
            connections={(dr.CONNECTION_NETWORK_MAC, identity.mac)} if identity.mac else set(),
            configuration_url=_page_of(coordinator.device),
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


def _page_of(device: Device) -> str | None:
    """Return the address of a camera's own pages, if a browser can open it.

    None takes the zone that a link-local address needs, which would be another one there anyway.
    """
    url = device.configuration_url
    return None if "%" in urlsplit(url).netloc else url


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


def shape_of(state: State) -> tuple[frozenset[str], ...]:
    """Return what a state consists of, without its values."""
    return (
        state.reported,
        frozenset(state.slots),
        frozenset(state.activities),
        frozenset(state.transmitting),
        frozenset(state.alarms),
        frozenset(state.settings),
        frozenset(state.signals),
        frozenset(state.readings),
        state.topics,
        frozenset(state.tours),
    )


def add_described[ItemT: _Keyed](
    entry: PanacamConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    describe: Callable[[State], Iterable[ItemT]],
    create: Callable[[PanacamCoordinator, ItemT], Entity],
) -> None:
    """Add an entity for each description now, and later for what the camera shows only then.

    A camera in standby says nothing of its cards; it must not need a reload when it wakes up.
    """
    coordinator = entry.runtime_data
    known: set[str] = set()
    shape: tuple[object, ...] | None = None

    @callback
    def look() -> None:
        nonlocal shape
        if shape == (seen := (coordinator.offer, shape_of(coordinator.data))):
            return
        shape = seen
        # Their entities were removed, and they may come back.
        if gone := coordinator.device.gone:
            known.difference_update([key for key in known if is_gone(key, gone)])
        if new := [item for item in describe(coordinator.data) if item.key not in known]:
            known.update(item.key for item in new)
            async_add_entities(create(coordinator, item) for item in new)

    entry.async_on_unload(coordinator.async_add_listener(look))
    look()
